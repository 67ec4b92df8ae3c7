/* SPDX-License-Identifier: GPL-2.0-or-later */
/* select.c - see select.h. */
#include "select.h"

#include <bsd/string.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "select_local.h"
#include "text.h"

#define SAID_MAX	200u	/* a text of a subscriber, escaped, in a line of a trace */

struct vpdn_select {
	struct vpdn_select **holder;
	struct vpdn_aaa *aaa;
	struct vpdn_config *config;		/* a reference */
	struct vpdn_question q;
	const uint8_t *ask;
	size_t ask_len;
	struct vpdn_trace *trace;
	uint64_t end_ms;
	vpdn_chosen_fn *fn;
	void *arg;

	size_t key, source;			/* whose turn it is, in search_order and sources of the configuration */
	bool asked[VPDN_SOURCE_KINDS];		/* those that are asked once have been */
	bool running, waiting;			/* run() is at work; it waits for an answer */
	struct vpdn_aaa_ask *handle;
	struct vpdn_config *of_group;		/* a reference to where choice.group lives; NULL: none was found yet */
	struct vpdn_choice choice;
};

static enum vpdn_key_kind kind_of(const struct vpdn_select *s)
{
	return s->config->search_order[s->key];
}

static enum vpdn_source_kind source_of(const struct vpdn_select *s)
{
	return s->config->sources[s->source];
}

/* What a source outside is asked by; "": nothing is known of that kind. */
static const char *key_value(const struct vpdn_question *q, enum vpdn_key_kind kind)
{
	const char *const line[] = { q->circuit_id, q->remote_id, q->interface, q->mac };

	if (kind == VPDN_KEY_DNIS)
		return q->dnis;
	if (kind == VPDN_KEY_DOMAIN)
		return q->domain;
	for (size_t i = 0; i < sizeof(line) / sizeof(line[0]); i++)
		if (*line[i])
			return line[i];
	return "";
}

static void trace_unknown(const struct vpdn_select *s)
{
	switch (kind_of(s)) {
	case VPDN_KEY_LINE:
		vpdn_trace_add(s->trace, "line: nothing is known of it");
		break;
	case VPDN_KEY_DNIS:
		vpdn_trace_add(s->trace, "dnis: there is no called number");
		break;
	default:
		vpdn_trace_add(s->trace, "domain: the user's name has none (delimiters \"%s\", %s)", s->config->delimiters,
			       s->config->domain_first ? "prefix" : "suffix");
	}
}

static void select_free(struct vpdn_select *s)
{
	*s->holder = NULL;
	vpdn_config_put(s->of_group);
	vpdn_config_put(s->config);
	explicit_bzero(&s->q, sizeof(s->q));
	free(s);
}

static void finish(struct vpdn_select *s)
{
	struct vpdn_config *of = vpdn_config_get(s->of_group ? s->of_group : s->config);
	struct vpdn_choice choice = s->choice;
	vpdn_chosen_fn *fn = s->fn;
	void *arg = s->arg;

	select_free(s);
	fn(arg, &choice, of);
	vpdn_config_put(of);
}

/* ---- one step ---- */

/* The next source, and behind the last one the next key. */
static void advance(struct vpdn_select *s)
{
	if (++s->source == s->config->n_sources) {
		s->source = 0;
		s->key++;
	}
}

static void decide(struct vpdn_select *s, enum vpdn_verdict verdict)
{
	s->choice.verdict = verdict;
	s->key = s->config->n_search_order;
}

static void ask_local(struct vpdn_select *s)
{
	const struct vpdn_key *k = vpdn_select_local(s->config, &s->q, kind_of(s), s->trace);
	char has[VPDN_QUESTION_MAX + 1];

	if (!k) {
		advance(s);
		return;
	}
	vpdn_text_escape(k->value, strlen(k->value), has, sizeof(has));
	s->choice.group = k->group;
	snprintf(s->choice.by, sizeof(s->choice.by), "%s \"%s\"", vpdn_key_kind_name(k->kind), has);
	decide(s, VPDN_VERDICT_FORWARD);
}

/* "radius, domain "a.example"", "http". */
static void say_source(const struct vpdn_select *s, char *buf, size_t size)
{
	const char *name = vpdn_source_kind_name(source_of(s)), *key = key_value(&s->q, kind_of(s));
	char said[SAID_MAX];

	if (vpdn_aaa_asks_once(s->aaa, source_of(s)))
		snprintf(buf, size, "%s", name);
	else
		snprintf(buf, size, "%s, %s \"%s\"", name, vpdn_key_kind_name(kind_of(s)),
			 vpdn_text_escape(key, strlen(key), said, sizeof(said)));
}

/* What a source has answered at its turn. */
static void take_answer(struct vpdn_select *s, const struct vpdn_answer *a)
{
	bool closed = s->config->aaa_fail_closed;
	char by[sizeof(s->choice.by)];

	say_source(s, by, sizeof(by));
	switch (a->verdict) {
	case VPDN_VERDICT_NOTHING:
		vpdn_trace_add(s->trace, "source %s: knows nothing of it (%s)", by, a->text);
		advance(s);
		break;
	case VPDN_VERDICT_FORWARD:
		vpdn_trace_add(s->trace, "source %s: forward (%s)", by, a->text);
		s->of_group = vpdn_config_get(a->config);
		s->choice.group = a->group;
		strlcpy(s->choice.by, by, sizeof(s->choice.by));
		decide(s, a->verdict);
		break;
	case VPDN_VERDICT_LOCAL:
	case VPDN_VERDICT_REJECT:
		vpdn_trace_add(s->trace, "source %s: %s (%s)", by, vpdn_verdict_name(a->verdict), a->text);
		snprintf(s->choice.why, sizeof(s->choice.why), "source %.80s says so: %.150s", by, a->text);
		decide(s, a->verdict);
		break;
	default:
		vpdn_trace_add(s->trace, "source %s: unavailable (%s): %s", by, a->text,
			       closed ? "refused, as aaa-failure = closed" : "the others decide, as aaa-failure = open");
		if (!closed) {
			advance(s);
			break;
		}
		snprintf(s->choice.why, sizeof(s->choice.why), "source %s is unavailable", vpdn_source_kind_name(source_of(s)));
		decide(s, VPDN_VERDICT_REJECT);
	}
}

static void run(struct vpdn_select *s);

static void on_answer(void *arg, const struct vpdn_answer *a)
{
	struct vpdn_select *s = arg;

	s->waiting = false;
	s->handle = NULL;
	take_answer(s, a);
	if (!s->running)
		run(s);
}

/* What one question about all keys is called by: the best known of them. */
static const char *best_key(const struct vpdn_question *q, enum vpdn_key_kind *kind)
{
	for (int k = VPDN_KEY_KINDS - 1; k >= 0; k--) {
		*kind = (enum vpdn_key_kind)k;
		if (*key_value(q, *kind))
			return key_value(q, *kind);
	}
	*kind = VPDN_KEY_DOMAIN;
	return q->user;
}

static void ask_outside(struct vpdn_select *s, bool once)
{
	static struct vpdn_ipc_msg ask;
	uint64_t now = vpdnd_now_ms();
	struct vpdn_query query = {
		.config = s->config, .q = &s->q, .kind = kind_of(s), .key = key_value(&s->q, kind_of(s)),
		.timeout_ms = s->end_ms > now ? (unsigned int)(s->end_ms - now) : 0,
	};
	struct vpdn_aaa_ask *handle;

	if (once)
		query.key = best_key(&s->q, &query.kind);
	if (!query.timeout_ms) {
		on_answer(s, &(struct vpdn_answer){ .verdict = VPDN_VERDICT_UNAVAILABLE, .text = "no time left to ask it" });
		return;
	}
	if (s->ask && s->ask_len <= sizeof(ask.buf)) {
		memcpy(ask.buf, s->ask, s->ask_len);
		query.ask = vpdn_ipc_parse(&ask, s->ask_len) ? NULL : &ask;
	}
	s->waiting = true;
	vpdn_aaa_ask(s->aaa, source_of(s), &query, on_answer, s, &handle);
	if (s->waiting)
		s->handle = handle;
	vpdn_ipc_msg_wipe(&ask);
}

/* One source's turn. */
static void step(struct vpdn_select *s)
{
	bool known = *key_value(&s->q, kind_of(s)), once;

	if (!known && !s->source)
		trace_unknown(s);
	if (source_of(s) == VPDN_SOURCE_LOCAL) {
		if (known)
			ask_local(s);
		else
			advance(s);
		return;
	}
	once = vpdn_aaa_asks_once(s->aaa, source_of(s));
	if (once ? s->asked[source_of(s)] : !known) {
		advance(s);
		return;
	}
	s->asked[source_of(s)] = true;
	ask_outside(s, once);
}

/* Goes on until an answer is to be waited for, or the choice is made. */
static void run(struct vpdn_select *s)
{
	s->running = true;
	while (!s->waiting && s->key < s->config->n_search_order)
		step(s);
	s->running = false;
	if (s->waiting)
		return;
	if (s->choice.verdict == VPDN_VERDICT_NOTHING && s->config->default_group) {
		s->choice.group = s->config->default_group;
		snprintf(s->choice.by, sizeof(s->choice.by), "default = true");
		s->choice.verdict = VPDN_VERDICT_FORWARD;
		vpdn_trace_add(s->trace, "default: vpdn-group %s", s->choice.group->name);
	} else if (s->choice.verdict == VPDN_VERDICT_NOTHING) {
		snprintf(s->choice.why, sizeof(s->choice.why), "no vpdn-group has this line, called number or domain");
		s->choice.verdict = VPDN_VERDICT_LOCAL;
		vpdn_trace_add(s->trace, "there is no default group: local");
	}
	finish(s);
}

int vpdn_select_start(struct vpdn_select **holder, const struct vpdn_select_by *by, vpdn_chosen_fn *fn, void *arg)
{
	unsigned int ms = by->timeout_ms < VPDN_SELECT_MAX_MS ? by->timeout_ms : VPDN_SELECT_MAX_MS;
	struct vpdn_select *s = calloc(1, sizeof(*s));

	*holder = s;
	if (!s)
		return -ENOMEM;
	s->holder = holder;
	s->aaa = by->aaa;
	s->config = vpdn_config_get(by->config);
	s->q = *by->q;
	s->ask = by->ask;
	s->ask_len = by->ask_len;
	s->trace = by->trace;
	s->end_ms = vpdnd_now_ms() + ms;
	s->fn = fn;
	s->arg = arg;
	run(s);
	return 0;
}

void vpdn_select_cancel(struct vpdn_select **holder)
{
	if (!*holder)
		return;
	vpdn_aaa_cancel((*holder)->handle);
	select_free(*holder);
}
