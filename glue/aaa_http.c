/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * aaa_http.c - the source "http" (aaa.h): asks AAA servers where a call goes by POST of JSON (aaa_json.h), and keeps
 * their answers (aaa_cache.h). vpdn.conf(5) describes its block, vpdn-aaa(7) a server's part.
 *
 * A request is one question under way, or waiting for its turn: its URLs are tried one after the other, those that failed a
 * short while ago last. Calls with the same question at the same time share it. It is over with the first answer that can be
 * understood, or when all URLs were tried, or when nobody waits for it any more. Each call's own time is kept by its ask.
 */
#include <bsd/sys/queue.h>
#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aaa.h"
#include "aaa_cache.h"
#include "aaa_http_transfer.h"
#include "aaa_http_url.h"
#include "aaa_json.h"
#include "config_http.h"
#include "log.h"
#include "show_impl.h"
#include "text.h"

#define UNDER_WAY_MAX	64u
#define WAITING_MAX	1024u
#define CACHE_ENTRIES	10000u
#define CACHE_OCTETS	(16u * 1024 * 1024)
#define URL_TIME_MIN_MS	50u		/* less is not worth another try */
#define SOURCE		"http"

struct http;

struct ask {
	TAILQ_ENTRY(ask) link;
	struct request *r;
	struct event *timer;
	uint32_t timeout_ms;
	vpdn_answer_fn *fn;
	void *arg;
};

struct request {
	TAILQ_ENTRY(request) link;
	struct http *http;
	struct vpdn_config *config;		/* by whose http block it is asked */
	struct vpdn_question q;
	enum vpdn_key_kind kind;
	char *key, *body;			/* the body may be secret */
	bool credentials;			/* are in it */
	struct vpdn_transfer *transfer;		/* NULL: waiting, or over */
	const char *url;			/* of the transfer */
	unsigned int tried;			/* bits of URLs */
	uint64_t until_ms;
	char why[200];				/* the last URL has failed; "" */
	bool under_way;				/* in that list, else among those that wait */
	bool over;				/* in none; its asks are being answered */
	TAILQ_HEAD(asks, ask) asks;
};

struct http {
	struct vpdnd *d;
	struct vpdn_transfers *transfers;	/* NULL until there is an http block */
	struct vpdn_cache *cache;
	TAILQ_HEAD(requests, request) under_way, waiting;
	size_t n_under_way, n_waiting;
	struct event *turn;			/* there may be room for those that wait */
	struct vpdn_http_urls urls;
	uint64_t shared, hits, stale;
	char nas[65];
};

/* The URL to try next, in the order of vpdn.conf, those that are dead last; -1: all were tried. */
static int next_url(const struct request *r)
{
	const struct vpdn_strings *urls = &r->config->http->urls;

	for (int dead = 0; dead < 2; dead++)
		for (size_t i = 0; i < urls->n; i++)
			if (!(r->tried >> i & 1) && vpdn_http_url_dead(&r->http->urls, urls->v[i]) == dead)
				return (int)i;
	return -1;
}

/* ---- answers ---- */

static void run(struct http *h);

static void request_free(struct request *r)
{
	vpdn_transfer_cancel(r->transfer);
	vpdn_text_wipe(r->body);
	free(r->key);
	vpdn_config_put(r->config);
	free(r);
}

/* Out of the list that it is in. */
static void unlist(struct request *r)
{
	struct http *h = r->http;

	if (r->over)
		return;
	r->over = true;
	if (r->under_way) {
		TAILQ_REMOVE(&h->under_way, r, link);
		h->n_under_way--;
	} else {
		TAILQ_REMOVE(&h->waiting, r, link);
		h->n_waiting--;
	}
}

static void ask_free(struct ask *ask)
{
	TAILQ_REMOVE(&ask->r->asks, ask, link);
	if (ask->timer)
		event_free(ask->timer);
	free(ask);
}

/* Text in front of what an answer says: where it comes from. */
static void prefix(struct vpdn_answer *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void prefix(struct vpdn_answer *a, const char *fmt, ...)
{
	char before[sizeof(a->text)], said[sizeof(a->text)];
	struct vpdn_text t;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(before, sizeof(before), fmt, ap);
	va_end(ap);
	memcpy(said, a->text, sizeof(said));
	vpdn_text_init(&t, a->text, sizeof(a->text));
	vpdn_text_add(&t, "%s: %s", before, said);
}

/* The answer that is kept for such a call; with stale_s, one that has run out. */
static bool from_cache(struct http *h, const struct vpdn_query *query, uint32_t stale_s, struct vpdn_answer *a)
{
	struct vpdn_answer_life life;
	const char *text;
	uint64_t age_ms;
	size_t len;

	text = vpdn_cache_get(h->cache, query->q, vpdnd_now_ms(), stale_s, &len, &age_ms);
	if (!text || vpdn_answer_from_json(SOURCE, query, text, len, a, &life))
		return false;
	prefix(a, "cache, %" PRIu64 " s old", age_ms / 1000);
	a->age = stale_s ? VPDN_ANSWER_STALE : VPDN_ANSWER_CACHED;
	*(stale_s ? &h->stale : &h->hits) += 1;
	return true;
}

/* There is no answer of a server, because of `why`: an old one will do. */
static void no_answer(struct http *h, const struct vpdn_query *query, const char *why, struct vpdn_answer *a)
{
	*a = (struct vpdn_answer){ .verdict = VPDN_VERDICT_UNAVAILABLE };
	if (query->config->http->stale_s && from_cache(h, query, query->config->http->stale_s, a))
		prefix(a, "%.120s", why);
	else
		snprintf(a->text, sizeof(a->text), "%s", why);
}

static struct vpdn_query query_of(const struct request *r)
{
	return (struct vpdn_query){ .config = r->config, .q = &r->q, .kind = r->kind, .key = r->key };
}

/* Gives all that wait for a request its answer, and ends it. */
static void answer_all(struct request *r, const struct vpdn_answer *a)
{
	struct http *h = r->http;
	vpdn_answer_fn *fn;
	struct ask *ask;
	void *arg;

	unlist(r);
	while ((ask = TAILQ_FIRST(&r->asks))) {
		fn = ask->fn;
		arg = ask->arg;
		ask_free(ask);
		fn(arg, a);
	}
	request_free(r);
	run(h);
}

static void fail_all(struct request *r, const char *why)
{
	struct vpdn_query query = query_of(r);
	struct vpdn_answer a;

	no_answer(r->http, &query, why, &a);
	answer_all(r, &a);
	vpdn_config_put(a.config);
}

static void keep(struct request *r, const char *text, size_t len, const struct vpdn_answer_life *life)
{
	unsigned int valid_for = life->valid_for ? life->valid_for : VPDN_VALID_CALL;
	uint32_t ttl_s = life->has_ttl ? life->ttl_s : r->config->http->cache_s;
	const char *missing;

	/* vpdn.conf may name other servers now, whose word it is. */
	if (r->config != r->http->d->config)
		return;
	/* What a server has made of credentials is good for others only if it says so. */
	if (life->has_ttl ? !ttl_s : r->credentials)
		return;
	if (!vpdn_cache_put(r->http->cache, &r->q, valid_for, text, len, vpdnd_now_ms(), ttl_s, &missing) && missing)
		vpdn_log_info("%s: the answer is not kept: it is valid for a %s, and the call has none", r->url, missing);
}

static void try_next(struct request *r);

/* A status that speaks of the question (Bad Request, Unprocessable), or may (a server's program that stumbles over it). */
static bool is_for_one(unsigned int status)
{
	return status == 400 || status == 422 || status == 500;
}

static void on_result(void *arg, const struct vpdn_transfer_result *result)
{
	struct vpdn_answer a = { .verdict = VPDN_VERDICT_UNAVAILABLE };
	struct request *r = arg;
	struct vpdn_query query = query_of(r);
	struct vpdn_answer_life life;
	const char *error = result->error;
	struct vpdn_text why;

	if (!error && vpdn_answer_from_json(SOURCE, &query, result->data ? result->data : "", result->len, &a, &life))
		error = a.text;
	vpdn_http_url_count(&r->http->urls, r->url, result->ms, error, !result->error || is_for_one(result->status));
	if (error) {
		vpdn_text_init(&why, r->why, sizeof(r->why));
		vpdn_text_add(&why, "%.90s: %s", r->url, error);
		try_next(r);
		return;
	}
	r->transfer = NULL;
	keep(r, result->data, result->len, &life);
	prefix(&a, "%.120s: 200", r->url);
	answer_all(r, &a);
	vpdn_config_put(a.config);
}

/* ---- requests ---- */

/* Sends it to the next URL; it is in the list of those under way. Without one, it has failed. */
static void try_next(struct request *r)
{
	const struct vpdn_http_config *c = r->config->http;
	uint64_t now = vpdnd_now_ms(), left = r->until_ms > now ? r->until_ms - now : 0;
	uint32_t ms = left > URL_TIME_MIN_MS / 2 ? (uint32_t)left - URL_TIME_MIN_MS / 2 : 0;
	int i = next_url(r);

	r->transfer = NULL;
	if (i >= 0 && left >= URL_TIME_MIN_MS) {
		r->tried |= 1u << i;
		r->url = c->urls.v[i];
		vpdn_http_url_ask(&r->http->urls, r->url);
		r->transfer = vpdn_transfer_new(r->http->transfers, c, r->url, r->body, ms < c->url_timeout_ms ? ms : c->url_timeout_ms, on_result, r);
		if (r->transfer)
			return;
		snprintf(r->why, sizeof(r->why), "out of memory");
	}
	fail_all(r, *r->why ? r->why : "there was no time to ask");
}

/* Begins those that wait, as far as there is room. */
static void run(struct http *h)
{
	struct request *r;

	while (h->n_under_way < UNDER_WAY_MAX && (r = TAILQ_FIRST(&h->waiting))) {
		TAILQ_REMOVE(&h->waiting, r, link);
		h->n_waiting--;
		TAILQ_INSERT_TAIL(&h->under_way, r, link);
		h->n_under_way++;
		r->under_way = true;
		try_next(r);
	}
}

static struct request *same_request(struct http *h, const struct vpdn_config *c, const char *body)
{
	struct request *r;

	TAILQ_FOREACH(r, &h->under_way, link)
		if (r->config == c && !strcmp(r->body, body))
			return r;
	TAILQ_FOREACH(r, &h->waiting, link)
		if (r->config == c && !strcmp(r->body, body))
			return r;
	return NULL;
}

/* Takes the body over, in any case. */
static struct request *request_new(struct http *h, const struct vpdn_query *query, char *body)
{
	struct request *r = calloc(1, sizeof(*r));

	if (!r || !(r->key = strdup(query->key))) {
		vpdn_text_wipe(body);
		free(r);
		return NULL;
	}
	r->http = h;
	/* Counting references is all that changes of a configuration. */
	r->config = vpdn_config_get((struct vpdn_config *)query->config);
	r->q = *query->q;
	r->kind = query->kind;
	r->body = body;
	r->credentials = query->ask && query->config->http->send_credentials && strstr(body, "\"credentials\":{");
	TAILQ_INIT(&r->asks);
	TAILQ_INSERT_TAIL(&h->waiting, r, link);
	h->n_waiting++;
	return r;
}

/* ---- the source ---- */

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct ask *ask = arg;
	struct request *r = ask->r;
	struct vpdn_query query = query_of(r);
	vpdn_answer_fn *fn = ask->fn;
	struct vpdn_answer a;
	void *fn_arg = ask->arg;
	struct http *h = r->http;
	char why[200];

	(void)fd, (void)what;
	snprintf(why, sizeof(why), "no answer within %u ms%s%.140s", ask->timeout_ms, *r->why ? "; " : r->transfer ? " of " : ": too many questions wait",
		 *r->why ? r->why : r->transfer ? r->url : "");
	no_answer(h, &query, why, &a);
	ask_free(ask);
	if (TAILQ_EMPTY(&r->asks) && !r->over) {
		if (r->transfer)
			vpdn_http_url_count(&h->urls, r->url, 0, why, false);
		unlist(r);
		request_free(r);
	}
	fn(fn_arg, &a);
	vpdn_config_put(a.config);
	run(h);
}

static void http_cancel(void *handle)
{
	struct ask *ask = handle;
	struct request *r = ask->r;
	struct http *h = r->http;

	ask_free(ask);
	if (r->over || !TAILQ_EMPTY(&r->asks))
		return;
	unlist(r);
	request_free(r);
	/* Not at once: those whose turn it is may be answered, and who cancels is not prepared for that. */
	event_active(h->turn, EV_TIMEOUT, 0);
}

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	run(arg);
}

/* What can be said at once: an answer that is kept; with all URLs dead, an old one. */
static bool at_once(struct http *h, const struct vpdn_query *query, struct vpdn_answer *a)
{
	const struct vpdn_http_config *c = query->config->http;
	const char *why;

	if (from_cache(h, query, 0, a))
		return true;
	why = c->stale_s ? vpdn_http_urls_all_dead(&h->urls, &c->urls) : NULL;
	if (!why || !from_cache(h, query, c->stale_s, a))
		return false;
	prefix(a, "a short while ago: %.120s", why);
	return true;
}

/* The request that asks this, an equal one if there is one. NULL: too many are waiting. Takes the body over. */
static struct request *join(struct http *h, const struct vpdn_query *query, char *body)
{
	struct request *r = same_request(h, query->config, body);

	if (!r && h->n_waiting < WAITING_MAX)
		return request_new(h, query, body);
	h->shared += !!r;
	vpdn_text_wipe(body);
	return r;
}

static int http_ask(void *state, const struct vpdn_query *query, vpdn_answer_fn *fn, void *arg, void **handle)
{
	const struct vpdn_http_config *c = query->config->http;
	uint32_t ms = c->timeout_ms < query->timeout_ms ? c->timeout_ms : query->timeout_ms;
	struct timeval tv = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };
	struct vpdn_answer a = { .verdict = VPDN_VERDICT_UNAVAILABLE };
	struct http *h = state;
	struct ask *ask;
	char *body;

	if (!h->transfers)
		return -ENOMEM;
	if (at_once(h, query, &a)) {
		fn(arg, &a);
		vpdn_config_put(a.config);
		return 0;
	}
	body = vpdn_question_to_json(query, h->nas, c->send_credentials);
	ask = calloc(1, sizeof(*ask));
	if (!body || !ask || !(ask->timer = evtimer_new(h->d->base, on_timer, ask))) {
		vpdn_text_wipe(body);
		free(ask);
		return -ENOMEM;
	}
	ask->r = join(h, query, body);
	if (!ask->r) {
		event_free(ask->timer);
		free(ask);
		no_answer(h, query, "too many questions wait for an answer", &a);
		fn(arg, &a);
		vpdn_config_put(a.config);
		return 0;
	}
	ask->fn = fn;
	ask->arg = arg;
	ask->timeout_ms = ms;
	evtimer_add(ask->timer, &tv);
	TAILQ_INSERT_TAIL(&ask->r->asks, ask, link);
	if (!ask->r->until_ms)
		ask->r->until_ms = vpdnd_now_ms() + ms;
	*handle = ask;
	run(h);
	return 0;
}

static void http_reload(void *state)
{
	static const struct vpdn_strings none;
	struct http *h = state;
	const struct vpdn_http_config *c = h->d->config->http;

	if (c && !h->transfers) {
		h->transfers = vpdn_transfers_new(h->d->base, UNDER_WAY_MAX);
		if (!h->transfers)
			vpdn_log_err("source http: out of memory");
	}
	/* Another server may say something else. */
	if (!vpdn_http_urls_set(&h->urls, c ? &c->urls : &none) || !c)
		vpdn_cache_clear(h->cache);
}

/* What servers say has passwords in it: jansson's memory is wiped, too. */
static void wipe_and_free(void *p)
{
	if (p)
		explicit_bzero(p, malloc_usable_size(p));
	free(p);
}

static void *http_start(struct vpdnd *d)
{
	struct http *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	json_set_alloc_funcs(malloc, wipe_and_free);
	h->d = d;
	TAILQ_INIT(&h->under_way);
	TAILQ_INIT(&h->waiting);
	h->cache = vpdn_cache_new(CACHE_ENTRIES, CACHE_OCTETS);
	h->turn = evtimer_new(d->base, on_turn, h);
	if (!h->cache || !h->turn || gethostname(h->nas, sizeof(h->nas) - 1) < 0) {
		if (h->turn)
			event_free(h->turn);
		vpdn_cache_free(h->cache);
		free(h);
		return NULL;
	}
	http_reload(h);
	return h;
}

static void http_stop(void *state)
{
	struct http *h = state;

	event_free(h->turn);
	vpdn_transfers_free(h->transfers);
	vpdn_cache_free(h->cache);
	vpdn_http_urls_set(&h->urls, &(struct vpdn_strings){ 0 });
	free(h);
}

static size_t http_forget(void *state)
{
	return vpdn_cache_clear(((struct http *)state)->cache);
}

static void http_show(void *state, json_t *o)
{
	const struct http *h = state;

	set(o, "servers", vpdn_http_urls_show(&h->urls));
	set(o, "under_way", json_integer((json_int_t)h->n_under_way));
	set(o, "waiting", json_integer((json_int_t)h->n_waiting));
	set(o, "asked_together", json_integer((json_int_t)h->shared));
	set(o, "cache_entries", json_integer((json_int_t)vpdn_cache_entries(h->cache)));
	set(o, "cache_hits", json_integer((json_int_t)h->hits));
	set(o, "cache_stale", json_integer((json_int_t)h->stale));
}

const struct vpdn_source_ops vpdn_source_http = {
	.name = "http", .start = http_start, .reload = http_reload, .stop = http_stop, .ask = http_ask, .cancel = http_cancel,
	.forget = http_forget, .show = http_show,
};
