/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bridge.c - see bridge.h. */
#include "bridge.h"

#include <errno.h>
#include <linux/ppp-ioctl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "channel.h"

void vpdn_bridge_init(struct vpdn_bridge *b, uint32_t id, struct vpdn_channels *cs, vpdn_bridge_fn *attached, vpdn_bridge_fn *joined,
		      void *arg)
{
	*b = (struct vpdn_bridge){ .id = id, .access_fd = -1, .access_chan = -1, .l2tp_fd = -1, .l2tp_chan = -1,
				   .channels = cs, .attached = attached, .joined = joined, .arg = arg };
}

void vpdn_bridge_drop_l2tp(struct vpdn_bridge *b)
{
	vpdn_channel_cancel(&b->l2tp_attaching);
	b->stale = b->joining;
	vpdn_channels_close(b->channels, b->id, (int[]){ b->l2tp_fd, b->l2tp_chan }, 2);
	b->l2tp_chan = b->l2tp_fd = -1;
}

void vpdn_bridge_close(struct vpdn_bridge *b)
{
	vpdn_channel_cancel(&b->access_attaching);
	vpdn_channel_cancel(&b->l2tp_attaching);
	vpdn_channel_cancel(&b->joining);
	vpdn_channels_close(b->channels, b->id, (int[]){ b->access_fd, b->access_chan, b->l2tp_fd, b->l2tp_chan }, 4);
	b->access_chan = b->l2tp_chan = b->l2tp_fd = b->access_fd = -1;
}

const char *vpdn_bridge_unsupported(char *buf, size_t size)
{
	struct utsname u;
	unsigned int major, minor;

	if (uname(&u) < 0 || sscanf(u.release, "%u.%u", &major, &minor) != 2 || major > 5 || (major == 5 && minor >= 12))
		return NULL;
	snprintf(buf, size, "this kernel (%s) cannot bridge PPP channels (PPPIOCBRIDGECHAN); Linux 5.12 or later is needed", u.release);
	return buf;
}

static void ended(struct vpdn_bridge *b, const char *which, int rc, const char *err)
{
	char text[192];

	snprintf(text, sizeof(text), "%s: %s", which, err);
	b->attached(b->arg, rc, text);
}

static void on_access(void *arg, int fd, int index, const char *err)
{
	struct vpdn_bridge *b = arg;

	(void)index;
	b->access_attaching = NULL;
	b->access_chan = fd < 0 ? -1 : fd;
	ended(b, "the line's side", fd == -ENOTCONN || fd == -EIO ? -ENXIO : fd < 0 ? fd : 0, err);
}

static void on_l2tp(void *arg, int fd, int index, const char *err)
{
	struct vpdn_bridge *b = arg;

	b->l2tp_attaching = NULL;
	b->l2tp_chan = fd < 0 ? -1 : fd;
	b->l2tp_index = index;
	ended(b, "the L2TP side", fd == -ENOTCONN || fd == -ENXIO ? -ENOLINK : fd < 0 ? fd : 0, err);
}

int vpdn_bridge_attach(struct vpdn_bridge *b)
{
	if (b->access_fd >= 0 && b->access_chan < 0 && !b->access_attaching) {
		b->access_attaching = vpdn_channel_attach(b->channels, b->id, b->access_fd, on_access, b);
		if (!b->access_attaching)
			return -errno;
	}
	if (b->l2tp_fd >= 0 && b->l2tp_chan < 0 && !b->l2tp_attaching) {
		b->l2tp_attaching = vpdn_channel_attach(b->channels, b->id, b->l2tp_fd, on_l2tp, b);
		if (!b->l2tp_attaching)
			return -errno;
	}
	return 0;
}

bool vpdn_bridge_attached(const struct vpdn_bridge *b)
{
	return b->access_chan >= 0 && b->l2tp_chan >= 0;
}

bool vpdn_bridge_drain(struct vpdn_bridge *b, int fd)
{
	return vpdn_channel_drain(fd, fd == b->access_chan ? b->l2tp_chan : b->access_chan, &b->moved);
}

static void on_joined(void *arg, int rc, int moved, const char *err)
{
	struct vpdn_bridge *b = arg;
	char text[192];

	b->joining = NULL;
	b->moved += moved;
	if (b->stale) {
		b->stale = false;
		b->attached(b->arg, 0, "");
		return;
	}
	if (rc == -ENOTTY && vpdn_bridge_unsupported(text, sizeof(text)))
		err = text;
	b->joined(b->arg, rc, err);
}

int vpdn_bridge_join(struct vpdn_bridge *b)
{
	if (!b->joining)
		b->joining = vpdn_channel_join(b->channels, b->id, b->access_chan, b->l2tp_chan, b->l2tp_index, on_joined, b);
	return b->joining ? 0 : -errno;
}

void vpdn_bridge_counters(const struct vpdn_bridge *b, struct vpdn_bridge_counters *c)
{
	struct pppol2tp_ioc_stats s = { 0 };

	if (b->l2tp_fd < 0 || ioctl(b->l2tp_fd, PPPIOCGL2TPSTATS, &s) < 0)
		return;
	*c = (struct vpdn_bridge_counters){ s.tx_packets, s.tx_bytes, s.rx_packets, s.rx_bytes };
}

int vpdn_bridge_set_accm(struct vpdn_bridge *b, uint32_t send, uint32_t recv, char *err, size_t err_size)
{
	const char *what = "PPPIOCSASYNCMAP";
	int rc;

	if (!ioctl(b->access_chan, PPPIOCSASYNCMAP, &send)) {
		what = "PPPIOCSRASYNCMAP";
		if (!ioctl(b->access_chan, PPPIOCSRASYNCMAP, &recv))
			return 0;
	}
	rc = -errno;
	snprintf(err, err_size, "%s: %s", what, strerror(-rc));
	return rc;
}
