/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * aaa_json.h - what an AAA server is asked over HTTP, and what it answers, as JSON: question.schema.json and
 * answer.schema.json in configs/aaa say the same. aaa_http.c calls it.
 */
#ifndef VPDN_AAA_JSON_H
#define VPDN_AAA_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aaa.h"

#define VPDN_TTL_MAX	2592000u	/* seconds, for which an answer may be kept */

/*
 * The question as text, NUL-terminated, which the caller wipes and frees; NULL without memory. `nas`: this host's name.
 * With `credentials`, what the subscriber has proved itself with goes along, if that is known. What a subscriber or its line
 * says and is no UTF-8 is escaped as in logs.
 */
char *vpdn_question_to_json(const struct vpdn_query *query, const char *nas, bool credentials);

/* How long an answer may be kept, and for what. */
struct vpdn_answer_life {
	bool has_ttl;
	uint32_t ttl_s;
	unsigned int valid_for;		/* enum vpdn_valid_for bits; 0: nothing was said */
};

/*
 * Reads an answer. 0, and *a is filled, as by vpdn_answer_from_tunnels() when it is FORWARD, with "forward, 2 tunnels" and
 * the like in a->text; -EINVAL or -ENOMEM: UNAVAILABLE, with the place and what is wrong there in a->text.
 */
int vpdn_answer_from_json(const char *source, const struct vpdn_query *query, const char *text, size_t len, struct vpdn_answer *a,
			  struct vpdn_answer_life *life);

#endif
