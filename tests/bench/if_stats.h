/* SPDX-License-Identifier: GPL-2.0-or-later */
/* if_stats.h - an interface's counters, in whatever network namespace it is: rtnetlink(7). For inject.c. */
#ifndef BENCH_IF_STATS_H
#define BENCH_IF_STATS_H

#include <stdint.h>

struct if_stats {
	uint64_t rx_packets, rx_bytes, rx_dropped, tx_packets;
};

/* A socket that if_stats_read() uses. `netns`: a path as /run/netns/NAME or /proc/PID/ns/net; NULL: this one. The fd or -errno. */
int if_stats_open(const char *netns);

int if_stats_read(int fd, const char *interface, struct if_stats *s);	/* 0 or -errno */

#endif
