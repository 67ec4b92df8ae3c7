/* SPDX-License-Identifier: GPL-2.0-or-later */
/* aaa_http_url.c - see aaa_http_url.h. */
#include "aaa_http_url.h"

#include <bsd/string.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "show_impl.h"

#define DEAD_MS	10000u
#define QUIET_MS	60000u	/* between two lines about answers that are of no use */

static struct vpdn_http_url *find(struct vpdn_http_urls *u, const char *url)
{
	for (size_t i = 0; i < VPDN_HTTP_URLS_MAX; i++)
		if (u->v[i].url && !strcmp(u->v[i].url, url))
			return &u->v[i];
	return NULL;
}

bool vpdn_http_urls_set(struct vpdn_http_urls *u, const struct vpdn_strings *urls)
{
	struct vpdn_http_urls kept = { 0 };
	struct vpdn_http_url *x;
	bool known = true;

	for (size_t i = 0; i < urls->n; i++) {
		x = find(u, urls->v[i]);
		known = known && x;
		if (x) {
			kept.v[i] = *x;
			x->url = NULL;
		} else {
			kept.v[i].url = strdup(urls->v[i]);
		}
	}
	for (size_t i = 0; i < VPDN_HTTP_URLS_MAX; i++)
		free(u->v[i].url);
	*u = kept;
	return known;
}

void vpdn_http_url_ask(struct vpdn_http_urls *u, const char *url)
{
	struct vpdn_http_url *x = find(u, url);

	if (x)
		x->asked++;
}

void vpdn_http_url_count(struct vpdn_http_urls *u, const char *url, uint32_t ms, const char *error, bool for_one)
{
	struct vpdn_http_url *x = find(u, url);

	if (!x)
		return;
	if ((!error || for_one) && x->failing)
		vpdn_log_notice("source http: %s answers again", url);
	if (!error) {
		x->failing = false;
		x->answered++;
		x->total_ms += ms;
		x->dead_until_ms = 0;
		return;
	}
	x->failed++;
	x->failed_at_ms = vpdnd_now_ms();
	strlcpy(x->error, error, sizeof(x->error));
	if (for_one ? !x->said_ms || x->failed_at_ms - x->said_ms >= QUIET_MS : !x->failing) {
		vpdn_log_warn("source http: %s: %s", url, error);
		x->said_ms = x->failed_at_ms;
	}
	x->failing = !for_one;
	x->dead_until_ms = for_one ? 0 : x->failed_at_ms + DEAD_MS;
}

bool vpdn_http_url_dead(struct vpdn_http_urls *u, const char *url)
{
	const struct vpdn_http_url *x = find(u, url);

	return x && x->dead_until_ms > vpdnd_now_ms();
}

const char *vpdn_http_urls_all_dead(struct vpdn_http_urls *u, const struct vpdn_strings *urls)
{
	const struct vpdn_http_url *last = NULL;

	for (size_t i = 0; i < urls->n; i++) {
		const struct vpdn_http_url *x = find(u, urls->v[i]);

		if (!x || x->dead_until_ms <= vpdnd_now_ms())
			return NULL;
		if (!last || x->failed_at_ms >= last->failed_at_ms)
			last = x;
	}
	return last ? last->error : NULL;
}

static json_t *show(const struct vpdn_http_url *x)
{
	json_t *o = json_object();

	set(o, "name", json_string(x->url));
	set(o, "state", json_string(x->dead_until_ms > vpdnd_now_ms() ? "dead" : x->failing ? "failed" : x->answered ? "up" : "not asked yet"));
	set(o, "asked", json_integer((json_int_t)x->asked));
	set(o, "answered", json_integer((json_int_t)x->answered));
	set(o, "failed", json_integer((json_int_t)x->failed));
	set(o, "average_ms", x->answered ? json_integer((json_int_t)(x->total_ms / x->answered)) : json_null());
	set_text(o, "last_error", x->error);
	if (x->failed)
		set_age(o, "last_error_s", x->failed_at_ms);
	return o;
}

json_t *vpdn_http_urls_show(const struct vpdn_http_urls *u)
{
	json_t *a = json_array();

	for (size_t i = 0; i < VPDN_HTTP_URLS_MAX; i++)
		if (u->v[i].url)
			json_array_append_new(a, show(&u->v[i]));
	return a;
}
