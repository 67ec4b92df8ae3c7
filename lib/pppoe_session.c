/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pppoe_session.c - see pppoe_session.h. */
#include "pppoe_session.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/if_pppox.h>

int vpdn_pppoe_session_open(const char *ifname, const uint8_t peer[6], uint16_t id)
{
	struct sockaddr_pppox sa;
	int fd, rc;

	memset(&sa, 0, sizeof(sa));
	sa.sa_family = AF_PPPOX;
	sa.sa_protocol = PX_PROTO_OE;
	sa.sa_addr.pppoe.sid = htons(id);
	memcpy(sa.sa_addr.pppoe.remote, peer, sizeof(sa.sa_addr.pppoe.remote));
	if (strlen(ifname) >= sizeof(sa.sa_addr.pppoe.dev))
		return -ENAMETOOLONG;
	memcpy(sa.sa_addr.pppoe.dev, ifname, strlen(ifname));

	fd = socket(AF_PPPOX, SOCK_STREAM | SOCK_CLOEXEC, PX_PROTO_OE);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&sa, sizeof(sa)) < 0) {
		rc = -errno;
		close(fd);
		return rc;
	}
	return fd;
}
