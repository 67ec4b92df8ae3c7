/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bridge.h - joining a subscriber's PPP channel and an L2TP session in the kernel
 * (PPPIOCBRIDGECHAN, Linux 5.12), so that no frame passes through a process.
 *
 * A call (call.h) owns one struct vpdn_bridge. The kernel keeps the bridge as long
 * as both channels live; the attached channel fds are kept to see a hang-up
 * (readable and read() == 0).
 */
#ifndef VPDN_BRIDGE_H
#define VPDN_BRIDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vpdn_channels;
struct vpdn_channel_request;

/* How an attachment or a joining ended: 0; or -errno, and a line for people in `err`; -ENOLINK: the L2TP session has gone, -ENXIO: the line. */
typedef void vpdn_bridge_fn(void *arg, int rc, const char *err);

struct vpdn_bridge {
	uint32_t id;		/* of the call, for the log */
	int access_fd;		/* PPPoE socket or tty: the subscriber's, or a bearer's; -1: none */
	int access_chan;	/* /dev/ppp, attached to its channel */
	int l2tp_fd;		/* the session's pppol2tp socket */
	int l2tp_chan;
	int l2tp_index;		/* the number of that channel */
	int moved;		/* frames moved by hand, before and after bridging */
	struct vpdn_channel_request *access_attaching, *l2tp_attaching, *joining;
	bool stale;		/* what is being joined is an L2TP session that was dropped meanwhile */
	struct vpdn_channels *channels;
	vpdn_bridge_fn *attached, *joined;
	void *arg;
};

/* No fds at all. `id`: of the call. `attached` and `joined` are called from the event loop when an attachment, or the joining, has ended. */
void vpdn_bridge_init(struct vpdn_bridge *b, uint32_t id, struct vpdn_channels *cs, vpdn_bridge_fn *attached, vpdn_bridge_fn *joined,
		      void *arg);

/* Begins to attach to the channels of the fds that are there (channel.h), unless that is done or under way. 0 or -errno. */
int vpdn_bridge_attach(struct vpdn_bridge *b);
bool vpdn_bridge_attached(const struct vpdn_bridge *b);

/*
 * Begins to join both channels, which are attached (channel.h), unless that is under way. While an L2TP session that was dropped
 * is being joined yet, `attached` is called when that has ended, and this is to be called again. 0 or -errno. On failure the fds stay, and
 * vpdn_bridge_close() is still due.
 */
int vpdn_bridge_join(struct vpdn_bridge *b);

/*
 * Moves frames that still came to one channel's queue (fd: access_chan or l2tp_chan)
 * to the other. False when the channel has hung up.
 */
bool vpdn_bridge_drain(struct vpdn_bridge *b, int fd);

/*
 * Sets the Async-Control-Character-Maps of a tty's channel, of a bridge that stands: which
 * characters are escaped towards the line, and which are dropped from it. 0; or -errno and a line in `err`.
 */
int vpdn_bridge_set_accm(struct vpdn_bridge *b, uint32_t send, uint32_t recv, char *err, size_t err_size);

/* Closes the L2TP side, so that another session can be joined to access_fd. */
void vpdn_bridge_drop_l2tp(struct vpdn_bridge *b);

/* Of the L2TP session; as seen from this host: tx is what went to the peer. */
struct vpdn_bridge_counters {
	uint64_t tx_packets, tx_octets, rx_packets, rx_octets;
};

/* The kernel's counters of the L2TP session. When it does not tell them (any more) they stay as they are. */
void vpdn_bridge_counters(const struct vpdn_bridge *b, struct vpdn_bridge_counters *c);

/* Closes all fds, which ends bridge and channels. */
void vpdn_bridge_close(struct vpdn_bridge *b);

/* NULL; or what is wrong with this kernel, when it is too old to bridge. */
const char *vpdn_bridge_unsupported(char *buf, size_t size);

#endif
