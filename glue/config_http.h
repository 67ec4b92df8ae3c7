/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config_http.h - the http block of vpdn.conf: how AAA servers are asked over HTTP. config_parse.c has it built
 * (config_build.h), config.c frees it with the configuration, aaa_http.c asks by it. The files that it names are read with it.
 */
#ifndef VPDN_CONFIG_HTTP_H
#define VPDN_CONFIG_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"

#define VPDN_HTTP_URLS_MAX	8u

/* What a file held; wiped when freed. */
struct vpdn_http_file {
	char *data;			/* and a NUL behind it; NULL: none */
	size_t len;
};

struct vpdn_http_config {
	struct vpdn_strings urls;	/* in the order in which they are asked */
	struct vpdn_http_file ca;		/* PEM; none: the certificates that this host trusts */
	struct vpdn_http_file certificate, key;	/* PEM, both or neither; the key is secret */
	char *bearer;			/* secret; NULL: none */
	char *user, *password;		/* both or neither; secret */
	uint32_t timeout_ms, url_timeout_ms;	/* for an answer, and for one URL's */
	uint32_t cache_s, stale_s;
	bool send_credentials;
	uint32_t max_answer;		/* octets */
};

/* What is allowed for a URL, or NULL when it is right. */
const char *vpdn_http_check_url(const char *url);

/* Wipes its secrets; NULL is fine. */
void vpdn_http_config_free(struct vpdn_http_config *h);

#endif
