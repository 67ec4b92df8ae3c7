/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * radius_server.h - a RADIUS accounting server for tests in one process with radius_client.c: a socket, the requests that it has read,
 * and answers to them, signed (RFC 2866 section 3).
 */
#ifndef VPDN_RADIUS_SERVER_H
#define VPDN_RADIUS_SERVER_H

#include "unit_config.h"

#include <arpa/inet.h>
#include <md5.h>
#include <sys/socket.h>

#include "radius.h"

#define SERVER_SECRET	"testing123"

struct request {
	uint8_t id, authenticator[VPDN_RADIUS_AUTHENTICATOR_LEN];
	uint32_t port;			/* its NAS-Port, by which tests know it */
	struct sockaddr_in from;
};

/* A server's socket, and the configuration with that server in *c. */
static inline int server_open(struct vpdn_config **c, const char *more)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0), size = 4 << 20;
	socklen_t len = sizeof(addr);
	char text[256];

	assert_true(fd >= 0 && !bind(fd, (struct sockaddr *)&addr, len) && !getsockname(fd, (struct sockaddr *)&addr, &len));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	snprintf(text, sizeof(text), "radius { server \"127.0.0.1\" { secret = \"" SERVER_SECRET "\" acct-port = %u %s } accounting = true }\n",
		 ntohs(addr.sin_port), more);
	*c = config(text);
	return fd;
}

/* False: none is there. */
static inline bool server_read(int fd, struct request *r)
{
	socklen_t size = sizeof(r->from);
	struct vpdn_reader reader;
	const uint8_t *value;
	uint8_t buf[512], type;
	ssize_t n = recvfrom(fd, buf, sizeof(buf), MSG_DONTWAIT, (struct sockaddr *)&r->from, &size);
	size_t len;

	if (n < 0)
		return false;
	assert_true(n > (ssize_t)VPDN_RADIUS_HEADER_LEN && buf[0] == VPDN_RADIUS_ACCOUNTING_REQUEST);
	r->id = buf[1];
	memcpy(r->authenticator, buf + 4, sizeof(r->authenticator));
	vpdn_reader_init(&reader, buf + VPDN_RADIUS_HEADER_LEN, (size_t)n - VPDN_RADIUS_HEADER_LEN);
	while (vpdn_radius_next(&reader, &type, &value, &len))
		if (type == VPDN_RADIUS_NAS_PORT)
			assert_true(vpdn_radius_u32(value, len, &r->port));
	return true;
}

/* The answer to `r` goes to `to`. */
static inline void server_answer(int fd, const struct request *r, const struct sockaddr_in *to, const char *secret)
{
	uint8_t out[VPDN_RADIUS_HEADER_LEN] = { VPDN_RADIUS_ACCOUNTING_RESPONSE, r->id, 0, VPDN_RADIUS_HEADER_LEN };
	MD5_CTX ctx;

	MD5Init(&ctx);
	MD5Update(&ctx, out, 4);
	MD5Update(&ctx, r->authenticator, sizeof(r->authenticator));
	MD5Update(&ctx, (const uint8_t *)secret, strlen(secret));
	MD5Final(out + 4, &ctx);
	assert_int_equal(sendto(fd, out, sizeof(out), 0, (const struct sockaddr *)to, sizeof(*to)), sizeof(out));
}

#endif
