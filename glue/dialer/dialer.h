/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dialer.h - vpdn-dialer: brings up the bearers of dial-out calls for vpdnd (vpdn-dialer(8)).
 *
 *	link.c		the connection to vpdnd, and what it says
 *	bearer.c	one call: its states (bearer_fsm.c), its time, what is reported
 *	chat.c pppoe.c exec.c	the three kinds of bearers
 *	tty.c tty_lock.c	the pool of ttys
 *	pppoe_if.c	discovery packets on one Ethernet interface
 *	channel.c	the kernel's PPP channel on a tty or PPPoE socket
 *	child.c lines.c words.c	processes, what they say, what they are told
 *
 * It keeps nothing but the calls in progress: all that a call needs comes with BEARER_START. Nothing here waits for anything but
 * in the event loop.
 */
#ifndef VPDN_DIALER_H
#define VPDN_DIALER_H

#include <bsd/sys/tree.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

struct vpdn_bearer;
struct vpdn_dialer_link;
struct vpdn_pppoe_if;
struct vpdn_tty;

RB_HEAD(vpdn_bearer_tree, vpdn_bearer);
TAILQ_HEAD(vpdn_bearer_list, vpdn_bearer);
LIST_HEAD(vpdn_tty_list, vpdn_tty);
LIST_HEAD(vpdn_pppoe_if_list, vpdn_pppoe_if);

struct vpdn_dialer_daemon {
	struct event_base *base;
	struct vpdn_dialer_link *link;
	struct vpdn_bearer_list bearers;
	struct vpdn_bearer_tree by_ref;		/* of these, those that vpdnd may speak of */
	struct vpdn_bearer_list done;		/* to be freed by `reap`, when nothing of theirs is on the stack */
	struct event *reap;
	struct vpdn_tty_list ttys;		/* in use, or known not to work */
	struct vpdn_pppoe_if_list interfaces;	/* in use */
	bool stopping;
};

int vpdn_dialer_main(int argc, char **argv);

/* The last bearer is gone: ends the loop of a dialer that is stopping. */
void vpdn_dialer_idle(struct vpdn_dialer_daemon *d);

/* CLOCK_MONOTONIC, ms. */
uint64_t vpdn_dialer_now_ms(void);

static inline struct timeval vpdn_ms(unsigned int ms)
{
	return (struct timeval){ .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };
}

#endif
