/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * aaa_radius_answer.h - what the attributes of an Access-Accept say about tunnels: RFC 2868's, in groups by their tags, and
 * Cisco's AV pairs "vpdn:NAME=VALUE". Looks at nothing else; aaa_radius.c calls it with attributes that are whole
 * (vpdn_radius_check()).
 */
#ifndef VPDN_AAA_RADIUS_ANSWER_H
#define VPDN_AAA_RADIUS_ANSWER_H

#include "aaa_answer.h"
#include "radius.h"

/*
 * Fills *a: FORWARD, the caller puts a->config; NOTHING when no tunnel is spoken of; UNAVAILABLE, and what is wrong in a->text.
 * `secret` and `authenticator` (of the request) decipher Tunnel-Password. What is understood and not used is named in the text.
 */
void vpdn_radius_answer(struct vpdn_reader attributes, const char *secret, const uint8_t authenticator[VPDN_RADIUS_AUTHENTICATOR_LEN],
			const struct vpdn_query *query, struct vpdn_answer *a);

#endif
