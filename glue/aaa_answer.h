/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * aaa_answer.h - what an AAA server says of a call's tunnels, in the terms of RFC 2868, made into what vpdnd forwards
 * by: a configuration with one group. aaa_json.c and aaa_radius*.c read their servers' answers into these structs.
 */
#ifndef VPDN_AAA_ANSWER_H
#define VPDN_AAA_ANSWER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aaa.h"

#define VPDN_TUNNEL_SECRET_MAX	255u	/* octets, as in vpdn.conf */

/* One tunnel of an answer: an LNS, and how a tunnel to it is made. */
struct vpdn_tunnel_def {
	uint8_t tag;				/* RFC 2868 section 3: for texts about what is wrong */
	uint32_t preference;			/* 3.8: lowest first; equal ones share by weight */
	uint32_t weight;			/* 1 to 65535 */
	uint32_t limit, tunnel_limit;		/* sessions with this LNS, and tunnels to it; 0: none */
	struct in_addr server;			/* 3.4 */
	struct in_addr client;			/* 3.3: our address; INADDR_ANY: as the routing says */
	uint16_t port;				/* 0: 1701 */
	char client_auth_id[VPDN_NAME_MAX + 1];	/* 3.9: our Host Name; "": this host's name */
	char server_auth_id[VPDN_NAME_MAX + 1];	/* 3.10: the name that the LNS must have; "": any */
	char assignment_id[VPDN_NAME_MAX + 1];	/* 3.7: sessions with one LNS share tunnels that have the same; "": those without */
	bool tunnel_auth;
	char password[VPDN_TUNNEL_SECRET_MAX + 1];	/* 3.5, secret; "" when !tunnel_auth */
};

/* What an answer may say of all its tunnels. Begin with VPDN_ANSWER_OPTS: the defaults of vpdn.conf(5). */
struct vpdn_answer_opts {
	const char *name;		/* of the group, behind the source's; NULL: the query's key */
	bool strip_domain;
	bool hidden;
	uint32_t hello_s;
	uint32_t idle_s;
	uint32_t connect_timeout_s;	/* for one LNS, 1 to 25 */
	uint32_t limit;			/* sessions of the group; 0: none */
	uint32_t tunnel_limit, tunnel_sessions;	/* tunnels of the group, and sessions in one of them; 0: no limit */
	bool tunnel_own;		/* tunnels that were not opened for the group are not used */
};
#define VPDN_ANSWER_OPTS	((struct vpdn_answer_opts){ .hello_s = 60, .idle_s = 15, .connect_timeout_s = 10 })

/*
 * Makes a->config and a->group of 1 to VPDN_PEERS_MAX tunnels, and FORWARD the verdict. The group is called
 * SOURCE:NAME, octets outside of [A-Za-z0-9._-] replaced by '_', cut at VPDN_NAME_MAX; delimiters, position and dead time
 * are those of query->config. Checks everything: 0, and the caller puts a->config when done; -EINVAL, with UNAVAILABLE the
 * verdict and what is wrong in a->text; -ENOMEM likewise. On success a->text is left to the caller. Wipes nothing of the caller's.
 */
int vpdn_answer_from_tunnels(const char *source, const struct vpdn_query *query, const struct vpdn_answer_opts *o,
			     const struct vpdn_tunnel_def *t, size_t n, struct vpdn_answer *a);

/* UNAVAILABLE, with why. Returns `rc`. */
int vpdn_answer_fail(struct vpdn_answer *a, int rc, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
