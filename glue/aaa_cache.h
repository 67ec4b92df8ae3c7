/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * aaa_cache.h - answers of an AAA server, kept for a while as the text that came, by what they are good for: a user, a
 * domain, a called number, a line, or any of these together. aaa_http.c keeps and looks for them. Bounded in
 * number and octets: what was not used for the longest time goes first. Texts hold tunnel passwords: they are wiped.
 */
#ifndef VPDN_AAA_CACHE_H
#define VPDN_AAA_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "question.h"

/* What an answer is good for, a bit each: every call of which these are the same. */
enum vpdn_valid_for {
	VPDN_VALID_USER = 1,
	VPDN_VALID_DOMAIN = 2,		/* without regard to case */
	VPDN_VALID_DNIS = 4,
	VPDN_VALID_LINE = 8,		/* circuit id and remote id; of a line without them, interface and Ethernet address */
	VPDN_VALID_CALL = 15,		/* all of it, and calling number and service: the same subscriber on the same line */
};

struct vpdn_cache;

/* At most so many answers, and octets of texts. NULL without memory. */
struct vpdn_cache *vpdn_cache_new(size_t entries, size_t octets);
void vpdn_cache_free(struct vpdn_cache *c);	/* NULL is fine */

/*
 * Keeps an answer until now_ms + ttl_s, and behind that as a stale one. It replaces what was kept for the same. False when it is not
 * kept: no memory, larger than all there is room for, or good for something that this call does not have (its name is
 * then in *missing, else NULL). VPDN_VALID_CALL may lack anything.
 */
bool vpdn_cache_put(struct vpdn_cache *c, const struct vpdn_question *q, unsigned int valid_for, const char *text, size_t len,
		    uint64_t now_ms, uint32_t ttl_s, const char **missing);

/*
 * The answer for a call, the one that says most of it before others, or NULL. With stale_s, one that ran out at most that long ago, too.
 * Valid until the next put, clear or free.
 */
const char *vpdn_cache_get(struct vpdn_cache *c, const struct vpdn_question *q, uint64_t now_ms, uint32_t stale_s, size_t *len,
			   uint64_t *age_ms);

/* Forgets all. How many there were. */
size_t vpdn_cache_clear(struct vpdn_cache *c);
size_t vpdn_cache_entries(const struct vpdn_cache *c);

/* A bit of enum vpdn_valid_for by its word; 0: none is. */
unsigned int vpdn_valid_for(const char *word);

#endif
