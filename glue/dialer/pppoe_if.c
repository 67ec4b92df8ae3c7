/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pppoe_if.c - see pppoe_if.h. */
#include "pppoe_if.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/ethtool.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>

#include "glue/log.h"

#define ETHERTYPE_PPPOE_DISCOVERY	0x8863
#define PACKETS_PER_WAKEUP		64
#define USUAL_SPEED			1000000000u

RB_HEAD(by_uniq, vpdn_pppoe_user);
RB_HEAD(by_session, vpdn_pppoe_user);

struct vpdn_pppoe_if {
	LIST_ENTRY(vpdn_pppoe_if) link;
	char name[IF_NAMESIZE];
	unsigned int index;
	bool gone;			/* no longer in the list: the next call opens it anew */
	int fd;
	struct event *readable;
	struct by_uniq by_uniq;		/* all users */
	struct by_session by_session;
};

static int compare_uniq(const struct vpdn_pppoe_user *a, const struct vpdn_pppoe_user *b)
{
	return a->uniq < b->uniq ? -1 : a->uniq > b->uniq;
}

static int compare_session(const struct vpdn_pppoe_user *a, const struct vpdn_pppoe_user *b)
{
	int order = memcmp(a->peer, b->peer, sizeof(a->peer));

	return order ? order : (int)a->session - (int)b->session;
}

RB_GENERATE_INTERNAL(by_uniq, vpdn_pppoe_user, by_uniq, compare_uniq, static __attribute__((unused)))
RB_GENERATE_INTERNAL(by_session, vpdn_pppoe_user, by_session, compare_session, static __attribute__((unused)))

/* ---- receiving ---- */

static struct vpdn_pppoe_user *find(struct vpdn_pppoe_if *i, const uint8_t source[6], const struct vpdn_pppoe_packet *p)
{
	struct vpdn_pppoe_user key = { .session = p->session };
	const uint8_t *uniq;
	size_t len;

	switch (p->code) {
	case VPDN_PPPOE_PADO:
	case VPDN_PPPOE_PADS:
		if (!vpdn_pppoe_find(p, VPDN_PPPOE_HOST_UNIQ, &uniq, &len) || len != sizeof(key.uniq))
			return NULL;
		memcpy(&key.uniq, uniq, len);
		return RB_FIND(by_uniq, &i->by_uniq, &key);
	case VPDN_PPPOE_PADT:
		if (!p->session)
			return NULL;
		memcpy(key.peer, source, sizeof(key.peer));
		return RB_FIND(by_session, &i->by_session, &key);
	default:
		return NULL;	/* what clients say to concentrators */
	}
}

static void gone(struct vpdn_pppoe_if *i, int err)
{
	struct vpdn_pppoe_user *u, *next;

	vpdn_log_warn("interface %s: %s; its PPPoE calls end", i->name, strerror(err));
	i->gone = true;
	LIST_REMOVE(i, link);
	event_del(i->readable);
	for (u = RB_MIN(by_uniq, &i->by_uniq); u; u = next) {
		next = RB_NEXT(by_uniq, &i->by_uniq, u);
		u->gone(u, strerror(err));
	}
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	uint8_t octets[VPDN_PPPOE_MAX_LEN];
	struct vpdn_pppoe_packet p;
	struct vpdn_pppoe_if *i = arg;
	struct vpdn_pppoe_user *u;
	struct sockaddr_ll from;
	socklen_t from_len;
	ssize_t n;

	(void)what;
	for (unsigned int k = 0; k < PACKETS_PER_WAKEUP; k++) {
		from_len = sizeof(from);
		n = recvfrom(fd, octets, sizeof(octets), 0, (struct sockaddr *)&from, &from_len);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			gone(i, errno);
		if (n < 0)
			return;
		if (from.sll_pkttype == PACKET_OUTGOING || from.sll_halen != 6 || !vpdn_pppoe_parse(octets, (size_t)n, &p))
			continue;
		u = find(i, from.sll_addr, &p);
		if (u) {
			u->packet(u, from.sll_addr, &p);
			return;		/* it may have been the last user */
		}
	}
}

void vpdn_pppoe_if_send(struct vpdn_pppoe_if *i, const uint8_t to[6], const struct vpdn_writer *w)
{
	struct sockaddr_ll sa = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETHERTYPE_PPPOE_DISCOVERY), .sll_ifindex = (int)i->index, .sll_halen = 6,
		.sll_addr = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
	};

	if (to)
		memcpy(sa.sll_addr, to, 6);
	if (w->bad)
		vpdn_log_err("interface %s: a discovery packet has no room for all its tags", i->name);
	else if (!i->gone && sendto(i->fd, w->buf, w->len, MSG_DONTWAIT, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		vpdn_log_debug("interface %s: sending: %s", i->name, strerror(errno));
}

/* ---- the interface ---- */

static void if_free(struct vpdn_pppoe_if *i)
{
	if (i->readable)
		event_free(i->readable);
	if (i->fd >= 0)
		close(i->fd);
	free(i);
}

static struct vpdn_pppoe_if *if_open(struct vpdn_dialer_daemon *d, const char *name, const char **what, int *err)
{
	struct sockaddr_ll sa = { .sll_family = AF_PACKET, .sll_protocol = htons(ETHERTYPE_PPPOE_DISCOVERY) };
	struct vpdn_pppoe_if *i = calloc(1, sizeof(*i));

	*what = "starting";
	*err = ENOMEM;
	if (!i)
		return NULL;
	RB_INIT(&i->by_uniq);
	RB_INIT(&i->by_session);
	i->fd = -1;
	*what = "looking for it";
	*err = ENODEV;
	if (strlen(name) >= sizeof(i->name) || !(i->index = if_nametoindex(name)))
		goto fail;
	strcpy(i->name, name);
	sa.sll_ifindex = (int)i->index;
	/* No protocol before it is bound: nothing of other interfaces gets in. */
	*what = "opening a packet socket";
	i->fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	*err = errno;
	if (i->fd < 0)
		goto fail;
	*what = "binding a packet socket";
	if (bind(i->fd, (struct sockaddr *)&sa, sizeof(sa)) < 0) {
		*err = errno;
		goto fail;
	}
	*what = "watching it";
	*err = ENOMEM;
	i->readable = event_new(d->base, i->fd, EV_READ | EV_PERSIST, on_readable, i);
	if (!i->readable || event_add(i->readable, NULL))
		goto fail;
	LIST_INSERT_HEAD(&d->interfaces, i, link);
	return i;
fail:
	if_free(i);
	return NULL;
}

int vpdn_pppoe_if_join(struct vpdn_dialer_daemon *d, const char *name, struct vpdn_pppoe_user *u, struct vpdn_pppoe_if **out,
		       const char **what)
{
	struct vpdn_pppoe_if *i;
	int err;

	LIST_FOREACH(i, &d->interfaces, link)
		if (!strcmp(i->name, name))
			break;
	if (!i)
		i = if_open(d, name, what, &err);
	if (!i)
		return -err;
	u->session = 0;
	do
		if (getrandom(&u->uniq, sizeof(u->uniq), GRND_NONBLOCK) != sizeof(u->uniq))
			u->uniq++;	/* before the kernel has randomness: unique is what it must be */
	while (RB_INSERT(by_uniq, &i->by_uniq, u));
	*out = i;
	return 0;
}

bool vpdn_pppoe_if_has_session(struct vpdn_pppoe_if *i, struct vpdn_pppoe_user *u, const uint8_t peer[6], uint16_t session)
{
	memcpy(u->peer, peer, sizeof(u->peer));
	u->session = session;
	if (!RB_INSERT(by_session, &i->by_session, u))
		return true;
	u->session = 0;
	return false;
}

void vpdn_pppoe_if_leave(struct vpdn_pppoe_if *i, struct vpdn_pppoe_user *u)
{
	RB_REMOVE(by_uniq, &i->by_uniq, u);
	if (u->session)
		RB_REMOVE(by_session, &i->by_session, u);
	if (!RB_EMPTY(&i->by_uniq))
		return;
	if (!i->gone)
		LIST_REMOVE(i, link);
	if_free(i);
}

uint32_t vpdn_pppoe_if_mtu(const struct vpdn_pppoe_if *i)
{
	struct ifreq r = { 0 };

	strcpy(r.ifr_name, i->name);
	return ioctl(i->fd, SIOCGIFMTU, &r) < 0 || r.ifr_mtu < 0 ? 0 : (uint32_t)r.ifr_mtu;
}

uint32_t vpdn_pppoe_if_speed(const struct vpdn_pppoe_if *i)
{
	struct ethtool_cmd c = { .cmd = ETHTOOL_GSET };
	struct ifreq r = { .ifr_data = (void *)&c };
	uint64_t bps;

	strcpy(r.ifr_name, i->name);
	if (ioctl(i->fd, SIOCETHTOOL, &r) < 0)
		return USUAL_SPEED;
	bps = (uint64_t)ethtool_cmd_speed(&c) * 1000000;
	if (!bps || ethtool_cmd_speed(&c) == (uint32_t)SPEED_UNKNOWN)
		return USUAL_SPEED;
	return bps > UINT32_MAX ? UINT32_MAX : (uint32_t)bps;
}
