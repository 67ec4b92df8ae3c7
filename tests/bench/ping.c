/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ping.c - see ping.h. RFC 791, 792, 1071. */
#include "ping.h"

#include <string.h>

#define ICMP_HEADER_LEN	8u
#define ECHO_REPLY	0
#define ECHO_REQUEST	8

static uint16_t checksum(const uint8_t *p, size_t len)
{
	struct vpdn_reader r;
	uint32_t sum = 0;
	uint16_t v;

	vpdn_reader_init(&r, p, len & ~(size_t)1);
	while (vpdn_reader_u16(&r, &v))
		sum += v;
	if (len & 1)
		sum += (uint32_t)p[len - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

bool ipv4_header(struct vpdn_writer *w, size_t len, uint8_t protocol, in_addr_t from, in_addr_t to)
{
	size_t start = w->len;

	vpdn_writer_u8(w, 0x45);
	vpdn_writer_u8(w, 0);
	vpdn_writer_u16(w, (uint16_t)len);
	vpdn_writer_u32(w, 0x4000);		/* Don't Fragment */
	vpdn_writer_u8(w, 64);
	vpdn_writer_u8(w, protocol);
	vpdn_writer_u16(w, 0);
	vpdn_writer_bytes(w, &from, sizeof(from));
	vpdn_writer_bytes(w, &to, sizeof(to));
	return !w->bad && vpdn_writer_patch_u16(w, start + 10, checksum(w->buf + start, IPV4_HEADER_LEN));
}

static void echo(uint8_t type, uint16_t id, uint8_t packet[PING_LEN - IPV4_HEADER_LEN])
{
	struct vpdn_writer w;

	vpdn_writer_init(&w, packet, PING_LEN - IPV4_HEADER_LEN);
	vpdn_writer_u8(&w, type);
	vpdn_writer_u8(&w, 0);
	vpdn_writer_u16(&w, 0);
	vpdn_writer_u16(&w, id);
	vpdn_writer_u16(&w, 1);
	for (uint8_t octet = 0; w.len < w.size; octet++)
		vpdn_writer_u8(&w, octet);
	vpdn_writer_patch_u16(&w, 2, checksum(packet, w.len));
}

void ping_request(uint8_t packet[PING_LEN], in_addr_t from, in_addr_t to, uint16_t id)
{
	struct vpdn_writer w;

	vpdn_writer_init(&w, packet, PING_LEN);
	ipv4_header(&w, PING_LEN, IPPROTO_ICMP, from, to);
	echo(ECHO_REQUEST, id, packet + IPV4_HEADER_LEN);
}

bool ping_answers(const uint8_t *packet, size_t len, in_addr_t to, uint16_t id)
{
	uint8_t expected[PING_LEN - IPV4_HEADER_LEN], protocol;
	const uint8_t *icmp;
	struct vpdn_reader r;
	in_addr_t address;

	echo(ECHO_REPLY, id, expected);
	vpdn_reader_init(&r, packet, len);
	vpdn_reader_skip(&r, 9);
	vpdn_reader_u8(&r, &protocol);
	vpdn_reader_skip(&r, 6);
	vpdn_reader_copy(&r, &address, sizeof(address));
	return vpdn_reader_bytes(&r, &icmp, sizeof(expected)) && packet[0] == 0x45 && protocol == IPPROTO_ICMP && address == to &&
	       !memcmp(icmp, expected, sizeof(expected));
}
