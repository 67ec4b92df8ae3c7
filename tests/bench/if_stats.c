/* SPDX-License-Identifier: GPL-2.0-or-later */
/* if_stats.c - see if_stats.h. */
#include "if_stats.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/if_link.h>
#include <linux/rtnetlink.h>

int if_stats_open(const char *netns)
{
	int fd = -1, own = -1, there = -1, rc = 0;

	if (netns) {
		own = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
		there = open(netns, O_RDONLY | O_CLOEXEC);
		if (own < 0 || there < 0 || setns(there, CLONE_NEWNET) < 0)
			rc = -errno;
	}
	if (!rc) {
		fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
		rc = fd < 0 ? -errno : 0;
		if (netns && setns(own, CLONE_NEWNET) < 0)
			rc = -errno;
	}
	if (own >= 0)
		close(own);
	if (there >= 0)
		close(there);
	if (rc && fd >= 0)
		close(fd);
	return rc ? rc : fd;
}

static int parse(const struct nlmsghdr *h, struct if_stats *s)
{
	struct rtnl_link_stats64 all;
	const struct ifinfomsg *info = NLMSG_DATA(h);
	int left = (int)h->nlmsg_len - (int)NLMSG_LENGTH(sizeof(*info));

	for (struct rtattr *a = IFLA_RTA(info); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
		if (a->rta_type != IFLA_STATS64 || RTA_PAYLOAD(a) == 0)
			continue;
		memset(&all, 0, sizeof(all));
		memcpy(&all, RTA_DATA(a), RTA_PAYLOAD(a) < sizeof(all) ? RTA_PAYLOAD(a) : sizeof(all));
		*s = (struct if_stats){ all.rx_packets, all.rx_bytes, all.rx_dropped, all.tx_packets };
		return 0;
	}
	return -ENODATA;
}

int if_stats_read(int fd, const char *interface, struct if_stats *s)
{
	struct {
		struct nlmsghdr h;
		struct ifinfomsg info;
		char attributes[64];
	} ask = { .h = { .nlmsg_type = RTM_GETLINK, .nlmsg_flags = NLM_F_REQUEST, .nlmsg_len = NLMSG_LENGTH(sizeof(ask.info)) } };
	struct rtattr *name = (struct rtattr *)((char *)&ask + NLMSG_ALIGN(ask.h.nlmsg_len));
	static char answer[32768] __attribute__((aligned(NLMSG_ALIGNTO)));
	const struct nlmsghdr *h = (const struct nlmsghdr *)answer;
	size_t len = strlen(interface) + 1;
	ssize_t n;

	if (len > IFNAMSIZ)
		return -ENAMETOOLONG;
	name->rta_type = IFLA_IFNAME;
	name->rta_len = (unsigned short)RTA_LENGTH(len);
	memcpy(RTA_DATA(name), interface, len);
	ask.h.nlmsg_len = NLMSG_ALIGN(ask.h.nlmsg_len) + RTA_LENGTH((unsigned int)len);
	if (send(fd, &ask, ask.h.nlmsg_len, 0) < 0)
		return -errno;
	n = recv(fd, answer, sizeof(answer), 0);
	if (n < 0)
		return -errno;
	if (!NLMSG_OK(h, (size_t)n))
		return -EBADMSG;
	if (h->nlmsg_type == NLMSG_ERROR)
		return ((const struct nlmsgerr *)NLMSG_DATA(h))->error ?: -EBADMSG;
	return parse(h, s);
}
