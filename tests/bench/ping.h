/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ping.h - the IPv4 packets that vpdn-load makes: an ICMP echo as the proof that a session carries packets, and headers for the injector.
 */
#ifndef BENCH_PING_H
#define BENCH_PING_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cursor.h"

#define PING_LEN	64u
#define IPV4_HEADER_LEN	20u

/* Appends an IPv4 header with its checksum; `len` is that of the whole packet. Addresses in network byte order. */
bool ipv4_header(struct vpdn_writer *w, size_t len, uint8_t protocol, in_addr_t from, in_addr_t to);

void ping_request(uint8_t packet[PING_LEN], in_addr_t from, in_addr_t to, uint16_t id);

/* Is this an echo reply for `to` with that id? Its data must be what was sent. */
bool ping_answers(const uint8_t *packet, size_t len, in_addr_t to, uint16_t id);

#endif
