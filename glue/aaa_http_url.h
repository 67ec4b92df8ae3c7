/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * aaa_http_url.h - what is known of each URL of the http block: how often it was asked, how it answers, and whether it failed a short
 * while ago, for aaa_http.c. It outlives a reload of the configuration that still has the URL.
 */
#ifndef VPDN_AAA_HTTP_URL_H
#define VPDN_AAA_HTTP_URL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "config_http.h"

struct vpdn_http_url {
	char *url;			/* NULL: a free place */
	uint64_t asked, answered, failed, total_ms;	/* time of those that answered */
	uint64_t dead_until_ms, failed_at_ms;
	bool failing;			/* the last time */
	uint64_t said_ms;		/* when the log has told last of such an answer; 0: never */
	char error[200];
};

/* All zero: none. */
struct vpdn_http_urls {
	struct vpdn_http_url v[VPDN_HTTP_URLS_MAX];
};

/* Keeps what is known of these, forgets others. False: some were not known before. */
bool vpdn_http_urls_set(struct vpdn_http_urls *u, const struct vpdn_strings *urls);

/*
 * Counts that a URL is asked; that it has answered (error NULL) after so many ms, or failed. The log tells of changes. With `for_one` it has
 * answered, only not in a way that is of use for this one question: it is not dead for others, whatever a subscriber has in his name.
 */
void vpdn_http_url_ask(struct vpdn_http_urls *u, const char *url);
void vpdn_http_url_count(struct vpdn_http_urls *u, const char *url, uint32_t ms, const char *error, bool for_one);

/* It failed a short while ago. */
bool vpdn_http_url_dead(struct vpdn_http_urls *u, const char *url);
/* Why the last one of these failed, when all of them are dead; else NULL. */
const char *vpdn_http_urls_all_dead(struct vpdn_http_urls *u, const struct vpdn_strings *urls);

/* An array, for show: a new reference. */
json_t *vpdn_http_urls_show(const struct vpdn_http_urls *u);

#endif
