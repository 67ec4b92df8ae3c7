/* SPDX-License-Identifier: GPL-2.0-or-later */
/* packet_socket.c - see packet_socket.h; packet(7). */
#include "packet_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/sock_diag.h>

#define BUFFER	(16 << 20)

/*
 * One socket for both EtherTypes keeps the order of PADS and of what follows it: with two of them a session's first frame would
 * sometimes be read before the PADS. The addresses are looked at here, or each frame would wake all programs that have calls on
 * this interface, and the machine that is measured would pay for it.
 */
static int filter(int fd, const struct packet_range *to)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 2),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, to->first, 0, 5),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, to->last, 4, 0),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_PPP_DISC, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_PPP_SES, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0xffff),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

int packet_socket(const char *interface, const struct packet_range *receive, uint8_t mac[6])
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_protocol = receive ? htons(ETH_P_ALL) : 0 };
	struct packet_mreq all = { .mr_type = PACKET_MR_PROMISC };
	struct ifreq r = { .ifr_name = "" };
	int on = 1, size = BUFFER, rc;
	const char *what = "socket";
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0)
		goto failed;
	what = "interface";
	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", interface);
	to.sll_ifindex = all.mr_ifindex = (int)if_nametoindex(interface);
	if (!to.sll_ifindex || ioctl(fd, SIOCGIFHWADDR, &r) < 0)
		goto failed;
	memcpy(mac, r.ifr_hwaddr.sa_data, 6);
	setsockopt(fd, SOL_SOCKET, receive ? SO_RCVBUFFORCE : SO_SNDBUFFORCE, &size, sizeof(size));
	what = "options";
	if (receive ? setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof(all)) < 0 ||
		      setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) < 0 || filter(fd, receive) < 0
		    : setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on)) < 0)
		goto failed;
	what = "bind";
	if (bind(fd, (const struct sockaddr *)&to, sizeof(to)) < 0)
		goto failed;
	return fd;
failed:
	rc = -errno;
	fprintf(stderr, "vpdn-load: %s: %s: %s\n", interface, what, strerror(-rc));
	if (fd >= 0)
		close(fd);
	return rc;
}

uint32_t socket_drops(int fd)
{
	uint32_t info[SK_MEMINFO_VARS];
	socklen_t len = sizeof(info);

	return getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len) < 0 || len < sizeof(info) ? 0 : info[SK_MEMINFO_DROPS];
}
