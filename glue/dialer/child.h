/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * child.h - runs a program for a bearer (chat.c, exec.c): in a session and process group of its own, with exactly the descriptors,
 * the environment and the user it is to have, watched by pidfd.
 */
#ifndef VPDN_DIALER_CHILD_H
#define VPDN_DIALER_CHILD_H

#include <event2/event.h>
#include <stddef.h>

struct vpdn_child;

struct vpdn_child_how {
	char *const *argv;	/* argv[0] is looked up in PATH */
	char *const *env;	/* all of it; HOME, USER and LOGNAME are added for `user` */
	const char *user;	/* NULL: as we are */
	int fds[4];		/* what become its 0, 1, 2 and 3; -1: /dev/null, and no 3. They stay the caller's */
	int signal_on_death;	/* what it gets when we die */
};

struct vpdn_child_end {
	int status;		/* as of waitpid(2) */
	int exec_errno;		/* not 0: it did not come to run argv[0] ... */
	const char *exec_step;	/* ... because of this: "executing it", "looking up its user" ... */
};

/*
 * Starts it. `started` (may be NULL): the program runs now. `ended`: it is no more, nor is anything of its process group, and the
 * struct vpdn_child has been freed; called exactly once, unless abandoned. Neither is called from within. NULL and *err (errno).
 */
struct vpdn_child *vpdn_child_new(struct event_base *base, const struct vpdn_child_how *how, void (*started)(void *arg),
				  void (*ended)(void *arg, const struct vpdn_child_end *end), void *arg, int *err);

/* Sends a signal to its process group. */
void vpdn_child_signal(struct vpdn_child *c, int signal);

/* Kills it; nothing is called any more, and it is freed when it is gone. NULL is fine. */
void vpdn_child_abandon(struct vpdn_child *c);

/* "exit status 3", "killed by signal 9 (Killed)", "executing it: No such file or directory". Returns buf. */
char *vpdn_child_end_text(const struct vpdn_child_end *end, char *buf, size_t size);

#endif
