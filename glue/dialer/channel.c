/* SPDX-License-Identifier: GPL-2.0-or-later */
/* channel.c - see channel.h. */
#include "channel.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <linux/ppp-ioctl.h>
#include <linux/tty.h>

#define PPP_DEVICE	"/dev/ppp"
#define FRAME_MAX	4096	/* of the bridge in vpdnd */

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct pollfd p = { .fd = fd };
	struct vpdn_channel *c = arg;

	(void)what;
	/* Otherwise a frame has come before the bridge: it is vpdnd's. */
	if (poll(&p, 1, 0) == 1 && p.revents & (POLLHUP | POLLERR)) {
		event_del(c->readable);
		c->hung_up(c->arg);
	}
}

int vpdn_channel_open(struct vpdn_channel *c, struct event_base *base, int fd, bool tty, void (*hung_up)(void *arg), void *arg,
		      char *err, size_t err_size)
{
	int ldisc = N_PPP, number, mru = FRAME_MAX, rc;
	uint32_t accm = 0;
	const char *what;

	*c = (struct vpdn_channel){ .tty = -1, .fd = -1, .hung_up = hung_up, .arg = arg };
	if (tty) {
		what = "making it a PPP channel (TIOCSETD N_PPP; kernel module ppp_async)";
		if (ioctl(fd, TIOCSETD, &ldisc) < 0)
			goto fail;
		c->tty = fd;
	}
	what = "asking for its channel (PPPIOCGCHAN)";
	if (ioctl(fd, PPPIOCGCHAN, &number) < 0)
		goto fail;
	what = "opening " PPP_DEVICE;
	c->fd = open(PPP_DEVICE, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (c->fd < 0)
		goto fail;
	what = "attaching to its channel (PPPIOCATTCHAN)";
	if (ioctl(c->fd, PPPIOCATTCHAN, &number) < 0)
		goto fail;
	what = "setting its largest frame (PPPIOCSMRU)";
	if (tty && ioctl(c->fd, PPPIOCSMRU, &mru) < 0)
		goto fail;
	/* The far end sends control characters as they are once the LNS lets it, which may be before SLI comes. */
	what = "taking all characters (PPPIOCSRASYNCMAP)";
	if (tty && ioctl(c->fd, PPPIOCSRASYNCMAP, &accm) < 0)
		goto fail;
	/* Edge-triggered: a frame that waits for vpdnd is told of once. */
	what = "watching its channel";
	errno = ENOMEM;
	c->readable = event_new(base, c->fd, EV_READ | EV_ET | EV_PERSIST, on_readable, c);
	if (!c->readable || event_add(c->readable, NULL))
		goto fail;
	return 0;
fail:
	rc = -errno;
	snprintf(err, err_size, "%s: %s", what, strerror(-rc));
	vpdn_channel_close(c);
	/* A tty that is hung up, a channel that is gone or has lost its tty, a PPPoE session that is over. */
	return rc == -EIO || rc == -ENXIO || rc == -ENOTTY || rc == -ENOTCONN ? -ENOLINK : rc;
}

void vpdn_channel_close(struct vpdn_channel *c)
{
	int ldisc = N_TTY;

	if (!c->hung_up)
		return;
	if (c->readable)
		event_free(c->readable);
	if (c->fd >= 0)
		close(c->fd);
	if (c->tty >= 0)
		ioctl(c->tty, TIOCSETD, &ldisc);
	*c = (struct vpdn_channel){ .tty = -1, .fd = -1 };
}
