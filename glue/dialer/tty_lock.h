/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tty_lock.h - UUCP lock files, as pppd's `lock`, mgetty and minicom make them: /run/lock/LCK..ttyS0 with the process id in ASCII.
 *
 * The name follows pppd: what comes after /dev/, each slash an underscore. A tty that is named by a symbolic link is locked by the
 * link's name and by its own, so that those who know it by either stay away.
 */
#ifndef VPDN_DIALER_TTY_LOCK_H
#define VPDN_DIALER_TTY_LOCK_H

#include <stddef.h>
#include <sys/types.h>

#define VPDN_LOCK_DIR	"/run/lock"

struct vpdn_tty_lock {
	char paths[2][300];	/* "" : not held */
};

/*
 * Locks the tty at `device` in the directory `dir`. A lock whose process is gone is taken over. 0; -EBUSY: *holder has it;
 * or another -errno: the lock cannot be made. Never blocks.
 */
int vpdn_tty_lock(struct vpdn_tty_lock *l, const char *dir, const char *device, pid_t *holder);

/* Safe to repeat. */
void vpdn_tty_unlock(struct vpdn_tty_lock *l);

#endif
