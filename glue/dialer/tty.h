/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tty.h - the ttys that chat dialers share: which are free, locked and opened for one call.
 *
 * A tty that is in use or did not work lately has a struct vpdn_tty in struct vpdn_dialer_daemon; the others are just names in what
 * BEARER_START says.
 */
#ifndef VPDN_DIALER_TTY_H
#define VPDN_DIALER_TTY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "bearer.h"
#include "dialer.h"
#include "tty_lock.h"

struct vpdn_tty {
	LIST_ENTRY(vpdn_tty) link;
	char path[256];
	int fd;			/* -1: not in use */
	dev_t device;		/* which it is, whatever its name; with fd */
	uint64_t bad_until_ms;	/* not to be tried before */
	struct vpdn_tty_lock lock;
};

/*
 * Takes the first free tty that `patterns` (glob(3), ends with NULL) name in their order: locks it, opens it without waiting for
 * carrier, sets it to raw 8N1 with RTS/CTS and, unless `baud` is 0, that speed in bit/s. One that fails is left out for the next
 * 60 s. NULL: none, and *why says what is to be reported.
 */
struct vpdn_tty *vpdn_tty_take(struct vpdn_dialer_daemon *d, char *const *patterns, uint32_t baud, struct vpdn_outcome *why);

/* Closes and unlocks; what is unread and unsent is lost, so that nothing waits for it. NULL is fine. */
void vpdn_tty_release(struct vpdn_tty *t);

/* Forgets everything; nothing may be in use. */
void vpdn_ttys_free(struct vpdn_dialer_daemon *d);

/* From now on a drop of carrier (DCD) hangs the tty up, or (`watch` false) no longer. */
void vpdn_tty_watch_carrier(struct vpdn_tty *t, bool watch);

/* Its speed in bit/s, 0 when it says nothing sensible. */
uint32_t vpdn_tty_speed(const struct vpdn_tty *t);

/* Drops DTR. False when the tty has no such line: a pty. */
bool vpdn_tty_drop_dtr(struct vpdn_tty *t);

/*
 * Error counters since the tty driver was loaded, in the order of AVP 34: CRC, framing, hardware overruns, buffer overruns,
 * time-outs, alignment. False when the tty counts nothing.
 */
bool vpdn_tty_errors(const struct vpdn_tty *t, uint32_t counters[6]);

#endif
