/* SPDX-License-Identifier: GPL-2.0-or-later */
/* aaa.c - see aaa.h. */
#include "aaa.h"

#include <bsd/sys/queue.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "show_impl.h"

#define LATE_MS		100u	/* for a source to say itself that its time is up */
#define QUIET_MS	60000u	/* after the log has told that a source is unavailable: until it tells that again */

/* The sources that this vpdnd has; "local" is vpdn.conf itself. */
static const struct vpdn_source_ops *const sources[VPDN_SOURCE_KINDS] = {
	[VPDN_SOURCE_LOCAL] = NULL,
	[VPDN_SOURCE_HTTP] = &vpdn_source_http,
	[VPDN_SOURCE_RADIUS] = &vpdn_source_radius,
};

struct source {
	struct vpdn_aaa *aaa;
	const struct vpdn_source_ops *ops;	/* NULL: there is none */
	void *state;
	enum { NOT_ASKED, UP, DOWN } is;
	uint64_t since_ms;			/* when that began */
	uint64_t said_ms;			/* when the log has told last that it is DOWN; 0: never */
	bool said;				/* of this time */
	uint64_t asked, verdicts[VPDN_VERDICTS];
	char last[sizeof(((struct vpdn_answer *)0)->text)];	/* what was last said of its being up or down */
};

struct vpdn_aaa_ask {
	LIST_ENTRY(vpdn_aaa_ask) link;
	struct source *source;
	void *handle;				/* the source's own */
	struct event *timer;
	vpdn_answer_fn *fn;
	void *arg;
	bool asking, answered;			/* the source's ask() is still at work; fn has been called */
	unsigned int timeout_ms;
};

struct vpdn_aaa {
	struct vpdnd *d;
	struct source source[VPDN_SOURCE_KINDS];
	LIST_HEAD(, vpdn_aaa_ask) asks;
};

const char *vpdn_verdict_name(enum vpdn_verdict v)
{
	static const char *const names[VPDN_VERDICTS] = { "nothing", "local", "reject", "forward", "unavailable" };

	return names[v];
}

/* ---- the sources' lives ---- */

struct vpdn_aaa *vpdn_aaa_new(struct vpdnd *d, const struct vpdn_source_ops *const *ops)
{
	struct vpdn_aaa *aaa = calloc(1, sizeof(*aaa));

	if (!aaa)
		return NULL;
	aaa->d = d;
	LIST_INIT(&aaa->asks);
	for (size_t i = 0; i < VPDN_SOURCE_KINDS; i++) {
		struct source *s = &aaa->source[i];

		s->aaa = aaa;
		s->since_ms = vpdnd_now_ms();
		if (!(ops ? ops : sources)[i])
			continue;
		s->state = (ops ? ops : sources)[i]->start(d);
		if (!s->state) {
			vpdn_aaa_free(aaa);
			return NULL;
		}
		s->ops = (ops ? ops : sources)[i];
	}
	return aaa;
}

void vpdn_aaa_free(struct vpdn_aaa *aaa)
{
	if (!aaa)
		return;
	while (!LIST_EMPTY(&aaa->asks))
		vpdn_aaa_cancel(LIST_FIRST(&aaa->asks));
	for (size_t i = 0; i < VPDN_SOURCE_KINDS; i++)
		if (aaa->source[i].ops)
			aaa->source[i].ops->stop(aaa->source[i].state);
	free(aaa);
}

void vpdn_aaa_reload(struct vpdn_aaa *aaa)
{
	for (size_t i = 0; i < VPDN_SOURCE_KINDS; i++)
		if (aaa->source[i].ops && aaa->source[i].ops->reload)
			aaa->source[i].ops->reload(aaa->source[i].state);
}

bool vpdn_aaa_asks_once(const struct vpdn_aaa *aaa, enum vpdn_source_kind kind)
{
	return aaa->source[kind].ops && !aaa->source[kind].ops->per_key;
}

/* ---- asking ---- */

static bool is_asked(const struct vpdn_config *c, enum vpdn_source_kind kind)
{
	for (size_t i = 0; i < c->n_sources; i++)
		if (c->sources[i] == kind)
			return true;
	return false;
}

/* One line when it goes and one when it is back, but not for each answer that cannot be understood among those that can. */
static void say_change(struct source *s, bool down, const char *why)
{
	bool closed = s->aaa->d->config->aaa_fail_closed;
	uint64_t now = vpdnd_now_ms();

	if (!down) {
		if (s->said)
			vpdn_log_notice("source %s answers again: %s", s->ops->name, why);
		s->said = false;
	} else if (!s->said && (!s->said_ms || now - s->said_ms >= QUIET_MS)) {
		vpdn_log_warn("source %s is unavailable: %s; without it calls are %s (aaa-failure = %s)", s->ops->name, why,
			      closed ? "refused" : "decided by the other sources", closed ? "closed" : "open");
		s->said = true;
		s->said_ms = now;
	}
}

/* Counts an answer, and says it once when the source has gone or come back. */
static void take_note(struct source *s, const struct vpdn_answer *a)
{
	bool down = a->verdict == VPDN_VERDICT_UNAVAILABLE || a->age == VPDN_ANSWER_STALE;

	s->verdicts[a->verdict]++;
	if (a->age == VPDN_ANSWER_CACHED)
		return;
	say_change(s, down, a->text);
	if (s->is == (down ? DOWN : UP))
		return;
	s->is = down ? DOWN : UP;
	s->since_ms = vpdnd_now_ms();
	snprintf(s->last, sizeof(s->last), "%s", a->text);
}

static void ask_free(struct vpdn_aaa_ask *ask)
{
	LIST_REMOVE(ask, link);
	if (ask->timer)
		event_free(ask->timer);
	free(ask);
}

static void answer(struct vpdn_aaa_ask *ask, const struct vpdn_answer *a)
{
	vpdn_answer_fn *fn = ask->fn;
	void *arg = ask->arg;

	take_note(ask->source, a);
	ask->answered = true;
	if (!ask->asking)
		ask_free(ask);
	fn(arg, a);
}

static void on_answer(void *arg, const struct vpdn_answer *a)
{
	answer(arg, a);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct vpdn_answer a = { .verdict = VPDN_VERDICT_UNAVAILABLE };
	struct vpdn_aaa_ask *ask = arg;

	(void)fd, (void)what;
	snprintf(a.text, sizeof(a.text), "no answer within %u ms", ask->timeout_ms);
	ask->source->ops->cancel(ask->handle);
	answer(ask, &a);
}

static void unavailable(struct source *s, const char *why, vpdn_answer_fn *fn, void *arg)
{
	struct vpdn_answer a = { .verdict = VPDN_VERDICT_UNAVAILABLE };

	snprintf(a.text, sizeof(a.text), "%s", why);
	if (s->ops)
		take_note(s, &a);
	fn(arg, &a);
}

void vpdn_aaa_ask(struct vpdn_aaa *aaa, enum vpdn_source_kind kind, const struct vpdn_query *query, vpdn_answer_fn *fn, void *arg,
		  struct vpdn_aaa_ask **handle)
{
	unsigned int ms = query->timeout_ms + LATE_MS;
	struct timeval tv = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };
	struct source *s = &aaa->source[kind];
	struct vpdn_aaa_ask *ask;
	int rc;

	*handle = NULL;
	if (!s->ops) {
		unavailable(s, "this vpdnd has no such source", fn, arg);
		return;
	}
	s->asked++;
	ask = calloc(1, sizeof(*ask));
	if (ask)
		LIST_INSERT_HEAD(&aaa->asks, ask, link);
	if (!ask || !(ask->timer = evtimer_new(aaa->d->base, on_timer, ask)) || evtimer_add(ask->timer, &tv)) {
		if (ask)
			ask_free(ask);
		unavailable(s, "out of memory", fn, arg);
		return;
	}
	ask->source = s;
	ask->fn = fn;
	ask->arg = arg;
	ask->timeout_ms = query->timeout_ms;
	ask->asking = true;
	rc = s->ops->ask(s->state, query, on_answer, ask, &ask->handle);
	ask->asking = false;
	if (!rc && !ask->answered) {
		*handle = ask;
		return;
	}
	ask_free(ask);
	if (rc)
		unavailable(s, strerror(-rc), fn, arg);
}

void vpdn_aaa_cancel(struct vpdn_aaa_ask *ask)
{
	if (!ask)
		return;
	ask->source->ops->cancel(ask->handle);
	ask_free(ask);
}

size_t vpdn_aaa_forget(struct vpdn_aaa *aaa)
{
	size_t n = 0;

	for (size_t i = 0; i < VPDN_SOURCE_KINDS; i++)
		if (aaa->source[i].ops && aaa->source[i].ops->forget)
			n += aaa->source[i].ops->forget(aaa->source[i].state);
	return n;
}

/* ---- show ---- */

static json_t *show_source(const struct source *s, const struct vpdn_config *c, enum vpdn_source_kind kind)
{
	static const char *const states[] = { "not asked yet", "up", "down" };
	json_t *o = json_object();

	set(o, "name", json_string(vpdn_source_kind_name(kind)));
	set(o, "used", json_boolean(is_asked(c, kind)));
	set(o, "state", json_string(s->is == NOT_ASKED && !is_asked(c, kind) ? "not used" : states[s->is]));
	set_age(o, "since_s", s->since_ms);
	set_text(o, "text", s->last);
	set(o, "asked", json_integer((json_int_t)s->asked));
	for (size_t v = 0; v < VPDN_VERDICTS; v++)
		set(o, vpdn_verdict_name((enum vpdn_verdict)v), json_integer((json_int_t)s->verdicts[v]));
	if (s->ops->show)
		s->ops->show(s->state, o);
	return o;
}

/* The LNSs that sources have answered: their groups stand in no file, so `show group` does not have them. */
static json_t *show_peers(const struct vpdn_usages *u)
{
	const struct vpdn_usage *x = NULL;
	uint64_t now = vpdnd_now_ms();
	json_t *a = json_array(), *o;

	while ((x = vpdn_usage_next(u, VPDN_USAGE_PEER, x))) {
		if (!strchr(x->name, ':'))
			continue;
		o = json_object();
		set(o, "group", json_string(x->name));
		set_ip4(o, "ip", x->addr);
		set(o, "port", json_integer(x->port));
		set(o, "sessions", json_integer(x->sessions));
		set(o, "placed", json_integer((json_int_t)x->placed));
		set(o, "failed", json_integer((json_int_t)x->failed));
		set(o, "dead_s", json_integer(x->dead_until_ms > now ? (json_int_t)((x->dead_until_ms - now + 999) / 1000) : 0));
		set(o, "state", json_string(vpdn_peer_state_name(vpdn_usage_state(u, x, now))));
		json_array_append_new(a, o);
	}
	return a;
}

json_t *vpdn_aaa_show(const struct vpdn_aaa *aaa)
{
	const struct vpdn_config *c = aaa->d->config;
	json_t *order = json_array(), *rows = json_array();

	for (size_t i = 0; i < c->n_sources; i++)
		json_array_append_new(order, json_string(vpdn_source_kind_name(c->sources[i])));
	for (size_t i = 0; i < VPDN_SOURCE_KINDS; i++)
		if (aaa->source[i].ops)
			json_array_append_new(rows, show_source(&aaa->source[i], c, (enum vpdn_source_kind)i));
	return json_pack("{s:o, s:s, s:o, s:o}", "order", order, "aaa_failure", c->aaa_fail_closed ? "closed" : "open", "sources", rows,
			 "peers", show_peers(&aaa->d->usages));
}
