/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * channel.h - the kernel's PPP channel of a tty or PPPoE socket, and notice of its end.
 *
 * vpdnd attaches to the same channel and bridges it. A tty under the N_PPP line discipline tells nobody by poll(2) that it has
 * hung up, but its channel does: so the dialer attaches too, and only waits for that.
 */
#ifndef VPDN_DIALER_CHANNEL_H
#define VPDN_DIALER_CHANNEL_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>

struct vpdn_channel {
	int tty;		/* under N_PPP; -1: it is a socket's channel */
	int fd;			/* of /dev/ppp, attached; -1: closed */
	struct event *readable;
	void (*hung_up)(void *arg);
	void *arg;
};

/*
 * Opens the channel of a connected PPPoE socket, or (`tty`) puts the tty under N_PPP and opens its channel: async framing,
 * control characters are sent escaped (RFC 1662 7.1) and taken either way, frames of any size. hung_up(arg) is called once when the channel is dead.
 * The fd stays the caller's. 0, or -errno and a text in err; -ENOLINK: the line has hung up already.
 */
int vpdn_channel_open(struct vpdn_channel *c, struct event_base *base, int fd, bool tty, void (*hung_up)(void *arg), void *arg,
		      char *err, size_t err_size);

/* Closes it; a tty is an ordinary one again. Safe to repeat, and on a struct that is all zero. */
void vpdn_channel_close(struct vpdn_channel *c);

#endif
