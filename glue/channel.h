/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * channel.h - /dev/ppp attached to the PPP channel of a PPPoX socket or tty, and their end; used by bridge.c.
 *
 * The kernel waits for an RCU grace period, 10 to 20 ms, before it says which channel a PPPoX socket has
 * (PPPIOCGCHAN, pppox_ioctl() of Linux 6.1's stable series), and when the last descriptor of an L2TP session or of a
 * bridged channel is closed. Nobody else's call may wait for that. So each is done in a thread of its own, at most
 * VPDN_CHANNEL_THREADS at a time; all that wait at the same time wait for the same grace period.
 * What a thread touches is its request and nothing else of vpdnd; everything else happens in the event loop.
 */
#ifndef VPDN_CHANNEL_H
#define VPDN_CHANNEL_H

#include <stddef.h>

struct event_base;
struct vpdn_channels;
struct vpdn_channel_request;

#define VPDN_CHANNEL_THREADS	64u
#define VPDN_CHANNEL_CLOSE_MAX	4u	/* descriptors at a time */

/* NULL without memory or descriptors. */
struct vpdn_channels *vpdn_channels_new(struct event_base *base);
/* Nobody hears any more of what is under way, for which the kernel gets two seconds. */
void vpdn_channels_free(struct vpdn_channels *cs);

/*
 * How it ended, from the event loop. `fd` is /dev/ppp, attached, non-blocking, the receiver's; `index` is the
 * channel's number. Else `fd` is -errno, and `err` a line for people. The request is gone.
 */
typedef void vpdn_channel_fn(void *arg, int fd, int index, const char *err);

/*
 * Attaches to the channel of `fd`, of which a copy is kept meanwhile. NULL with errno set. `done` is never called before this returns.
 */
struct vpdn_channel_request *vpdn_channel_attach(struct vpdn_channels *cs, int fd, vpdn_channel_fn *done, void *arg);

/* Forgets the request, *r becomes NULL; nothing happens when it is NULL. */
void vpdn_channel_cancel(struct vpdn_channel_request **r);

/* Closes all of `fds` that are not negative; the caller has them no more. */
void vpdn_channels_close(struct vpdn_channels *cs, const int *fds, size_t n);

#endif
