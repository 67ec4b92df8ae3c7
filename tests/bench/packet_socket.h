/* SPDX-License-Identifier: GPL-2.0-or-later */
/* packet_socket.h - raw Ethernet sockets of vpdn-load's PPPoE clients and of its injector; what any socket has lost. */
#ifndef BENCH_PACKET_SOCKET_H
#define BENCH_PACKET_SOCKET_H

#include <stdint.h>

/* Ethernet addresses, by their last four octets; both are in it. */
struct packet_range {
	uint32_t first, last;
};

/*
 * A packet socket bound to an interface, CLOEXEC, that blocks. With `receive` it gets the frames of PPPoE discovery and sessions that
 * others send to such addresses (who reads them looks at the first two octets); without it gets nothing, and what it sends goes
 * past the qdisc. `mac` is the interface's. The fd, or -errno after it said why on standard error.
 */
int packet_socket(const char *interface, const struct packet_range *receive, uint8_t mac[6]);

/* How many packets the kernel had no room for in this socket's buffer. */
uint32_t socket_drops(int fd);

#endif
