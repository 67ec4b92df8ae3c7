/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * aaa_radius_reading.h - the attributes of an Access-Accept, each checked, by tags and by names; what they come to together is
 * for aaa_radius_answer.c, the only user.
 */
#ifndef VPDN_AAA_RADIUS_READING_H
#define VPDN_AAA_RADIUS_READING_H

#include "aaa_answer.h"
#include "aaa_octets.h"
#include "radius.h"
#include "text.h"

#define VPDN_READING_TAGS	(VPDN_RADIUS_MAX_TAG + 1)	/* tag 0: without one */
#define VPDN_READING_ENDPOINTS	8u				/* Tunnel-Server-Endpoint of one tag */

/* Cisco's AV pairs that are used. */
enum vpdn_radius_pair {
	TUNNEL_TYPE, TUNNEL_ID, IP_ADDRESSES, IP_ADDRESS_LIMITS, TUNNEL_PASSWORD, TUNNEL_AUTHEN, HELLO_INTERVAL, HIDDEN_AVP, NOSESSION_TIMEOUT,
	SOURCE_IP, SETUP_TIMEOUT, VPDN_RADIUS_PAIRS
};

/* Attributes of RFC 2868 with one tag. The octets are those of the packet. */
struct vpdn_reading_tag {
	bool there;
	bool has_type, has_medium, has_preference, has_password;
	uint32_t type, medium, preference;
	struct vpdn_octets server[VPDN_READING_ENDPOINTS];
	size_t n_servers;
	struct vpdn_octets client, client_auth_id, server_auth_id, assignment_id;
	char password[VPDN_TUNNEL_SECRET_MAX + 1];
};

struct vpdn_reading {
	struct vpdn_reading_tag tags[VPDN_READING_TAGS];
	struct vpdn_octets cisco[VPDN_RADIUS_PAIRS];
	struct vpdn_answer_opts opts;
	struct vpdn_writer classes;	/* Class attributes, whole */
	uint8_t classes_buf[512];
	uint32_t interim_s;		/* 0: not said */
	uint32_t service;		/* Service-Type; 0: not said */
	struct vpdn_text left_out;	/* what was understood and is not used */
	char left_out_buf[160];
	struct vpdn_answer *a;
};

/*
 * Reads attributes that are whole (vpdn_radius_check()). `secret` and `authenticator` (of the request) decipher Tunnel-Password.
 * `a` is where vpdn_reading_wrong() says what is wrong. False: it did. *r has secrets in it afterwards.
 */
bool vpdn_reading_take(struct vpdn_reading *r, struct vpdn_answer *a, struct vpdn_reader attributes, const char *secret,
		       const uint8_t authenticator[VPDN_RADIUS_AUTHENTICATOR_LEN]);

/* False, after it was said what is wrong. */
bool vpdn_reading_wrong(struct vpdn_reading *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Notes something that is understood and not used. */
void vpdn_reading_leave_out(struct vpdn_reading *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
