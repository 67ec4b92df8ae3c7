/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * channel.h - /dev/ppp attached to the PPP channel of a PPPoX socket or tty, two of these joined, and their end; used by bridge.c.
 *
 * The kernel waits for an RCU grace period, 10 to 20 ms, before it says which channel a PPPoX socket has
 * (PPPIOCGCHAN, pppox_ioctl() of Linux 6.1's stable series), and when the last descriptor of an L2TP session or of a
 * bridged channel is closed. It does so with a lock that all who join or attach to channels take, too: pppd's PPPIOCDISCONN waits
 * with it in every forwarded call. Nobody else's call may wait for that. So each is done in a thread of its own, at most
 * VPDN_CHANNEL_THREADS at a time; all that wait at the same time wait for the same grace period.
 * What a thread touches is its request and nothing else of vpdnd; everything else happens in the event loop. Requests
 * begin in the order in which they were made. A thread that the kernel keeps for longer than VPDN_CHANNEL_SLOW_MS is
 * complained about, and the descriptors of all requests count for the limit of them (call.c): a kernel that does not
 * answer any more makes calls fail one by one, with a reason, and nothing else of vpdnd.
 */
#ifndef VPDN_CHANNEL_H
#define VPDN_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_base;
struct vpdn_channels;
struct vpdn_channel_request;

#define VPDN_CHANNEL_THREADS	64u
#define VPDN_CHANNEL_CLOSE_MAX	4u	/* descriptors at a time */
#define VPDN_CHANNEL_SLOW_MS	1000u

/* NULL without memory or descriptors. */
struct vpdn_channels *vpdn_channels_new(struct event_base *base);
/*
 * Nobody hears any more of what is under way. What is to be closed is closed as long as the kernel gets on with it; when it
 * has ended nothing for two seconds, what is left is left to the end of the process, which has to come next then.
 */
void vpdn_channels_free(struct vpdn_channels *cs);

/*
 * How it ended, from the event loop. Of an attachment, `rc` is /dev/ppp, attached, non-blocking, the receiver's, and `number` that
 * of the channel; of two that are joined, `rc` is 0, and `number` that of the frames moved by hand. Else `rc` is -errno, and `err`
 * a line for people. The request is gone.
 */
typedef void vpdn_channel_fn(void *arg, int rc, int number, const char *err);

/*
 * Attaches to the channel of `fd`, of which a copy is kept meanwhile. `id`: of the call, for the log. NULL with errno set, EAGAIN
 * when there can be no thread. `done` is never called before this returns.
 */
struct vpdn_channel_request *vpdn_channel_attach(struct vpdn_channels *cs, uint32_t id, int fd, vpdn_channel_fn *done, void *arg);

/*
 * Joins two channels (PPPIOCBRIDGECHAN), given by /dev/ppp attached to each, of which copies are kept meanwhile, and the L2TP one's
 * number. Frames that have queued up on either side before, and until they are joined, are moved over, in order. `done`:
 * -ENOLINK, the L2TP session has gone; -ENXIO, the line has hung up. As vpdn_channel_attach().
 */
struct vpdn_channel_request *vpdn_channel_join(struct vpdn_channels *cs, uint32_t id, int access, int l2tp, int l2tp_number,
					       vpdn_channel_fn *done, void *arg);

/* Moves what is queued, counting it. False when `from` has hung up. What the other side does not take is lost, as on a full queue. */
bool vpdn_channel_drain(int from, int to, int *moved);

/* Forgets the request, *r becomes NULL; nothing happens when it is NULL. */
void vpdn_channel_cancel(struct vpdn_channel_request **r);

/*
 * Closes all of `fds` that are not negative, in their order; the caller has them no more. The first one may be a tty: what it
 * has not sent is thrown away. `id`: of the call, 0: of none.
 */
void vpdn_channels_close(struct vpdn_channels *cs, uint32_t id, const int *fds, size_t n);

/* What is under way now. */
struct vpdn_channels_state {
	unsigned int threads;	/* requests that wait for the kernel */
	unsigned int waiting;	/* and for a thread */
	unsigned int fds;	/* that all of them hold, or are going to */
	uint64_t oldest_ms;	/* the age of the first one */
	uint32_t oldest_id;
	const char *oldest;	/* what it does, for people; NULL: there is none */
};

void vpdn_channels_state(const struct vpdn_channels *cs, struct vpdn_channels_state *s);

#endif
