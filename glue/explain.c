/* SPDX-License-Identifier: GPL-2.0-or-later */
/* explain.c - see explain.h. */
#include "explain.h"

#include <bsd/sys/queue.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "l2tp_peer.h"
#include "select.h"
#include "show_impl.h"
#include "text.h"

#define WAITING_MAX	64u

struct explain {
	LIST_ENTRY(explain) link;
	struct vpdn_explains *of;
	struct vpdn_conn *conn;		/* vpdnctl */
	uint32_t seq;
	struct vpdn_question q;
	struct vpdn_trace trace;
	struct vpdn_select *choosing;
};

struct vpdn_explains {
	struct vpdnd *d;
	LIST_HEAD(, explain) waiting;
	unsigned int n;
};

/* ---- the answer ---- */

static void set_said(json_t *o, const char *key, const char *text)
{
	char said[4 * VPDN_QUESTION_MAX + 1];

	set_text(o, key, vpdn_text_escape(text, strlen(text), said, sizeof(said)));
}

static json_t *show_question(const struct vpdn_question *q)
{
	json_t *o = json_object();

	set_said(o, "user", q->user);
	set_said(o, "name", q->name);
	set_said(o, "domain", q->domain);
	set_said(o, "dnis", q->dnis);
	set_text(o, "dnis_from", q->dnis_from ? q->dnis_from : "");
	set_said(o, "clid", q->clid);
	set_said(o, "line", q->interface);
	set_said(o, "mac", q->mac);
	set_said(o, "circuit_id", q->circuit_id);
	set_said(o, "remote_id", q->remote_id);
	set_said(o, "service", q->service);
	return o;
}

/* One that would be tried; `among` are those among which the weight decides. */
static json_t *show_next(const struct vpdnd *d, const struct vpdn_group *g, size_t i, uint64_t among, unsigned int order)
{
	json_t *o = vpdn_show_peer(d, g, &g->peers[i]);

	set(o, "order", json_integer(order));
	set(o, "share_percent", json_integer((json_int_t)(100 * (uint64_t)g->peers[i].weight / vpdn_peer_weights(g, among))));
	return o;
}

/* In the order in which they would be tried; those that would not be, behind them. *n: how many would. */
static json_t *show_peers(const struct vpdnd *d, const struct vpdn_group *g, size_t *n)
{
	uint64_t tried = 0, next, now = vpdnd_now_ms();
	json_t *a = json_array(), *o;

	for (unsigned int order = 1; (next = vpdn_peer_next(&d->usages, g, tried, now)); order++, tried |= next)
		for (size_t i = 0; i < g->n_peers; i++)
			if (next >> i & 1)
				json_array_append_new(a, show_next(d, g, i, next, order));
	*n = json_array_size(a);
	for (size_t i = 0; i < g->n_peers; i++) {
		if (tried >> i & 1)
			continue;
		o = vpdn_show_peer(d, g, &g->peers[i]);
		set(o, "order", json_null());
		set(o, "share_percent", json_null());
		json_array_append_new(a, o);
	}
	return a;
}

/* Why a call of the group would be refused before anybody is asked; NULL: it would not. */
static const char *refused(const struct vpdnd *d, const struct vpdn_group *g, size_t n)
{
	if (!vpdn_l2tp_connected(d->l2tp))
		return "xl2tpd is not connected";
	if (vpdn_usage_full(&d->usages, VPDN_USAGE_GROUP, g->name, g->limit))
		return "the session limit of the vpdn-group is reached";
	return n ? NULL : "all its peers are draining or at their session limit";
}

static void show_forward(const struct vpdnd *d, const struct vpdn_config *c, const struct vpdn_question *q,
			 const struct vpdn_choice *choice, json_t *o)
{
	const struct vpdn_group *g = choice->group;
	size_t n, len = strlen(q->user);
	char name[sizeof(q->user)];
	const uint8_t *p = (const uint8_t *)q->user;
	json_t *peers = show_peers(d, g, &n);
	const char *why = refused(d, g, n);

	if (g->strip_domain)
		p = vpdn_domain_strip(c, p, &len);
	memcpy(name, p, len);
	name[len] = '\0';
	set(o, "outcome", json_string(why ? "reject" : "forward"));
	set_text(o, "reason", why ? why : "");
	set(o, "group", json_string(g->name));
	set(o, "by", json_string(choice->by));
	set_said(o, "name_sent", name);
	set(o, "peers", peers);
}

/* ---- who asks, and waits ---- */

static void explain_free(struct explain *x)
{
	LIST_REMOVE(x, link);
	x->of->n--;
	vpdn_select_cancel(&x->choosing);
	vpdn_trace_free(&x->trace);
	free(x);
}

static void on_chosen(void *arg, const struct vpdn_choice *choice, struct vpdn_config *config)
{
	struct explain *x = arg;
	json_t *o = json_object(), *steps = json_array();

	vpdn_show_trace(steps, &x->trace);
	set(o, "question", show_question(&x->q));
	set(o, "steps", steps);
	if (choice->group)
		show_forward(x->of->d, config, &x->q, choice, o);
	else
		set(o, "outcome", json_string(vpdn_verdict_name(choice->verdict)));
	if (!choice->group)
		set_text(o, "reason", choice->why);
	vpdn_control_reply(x->conn, x->seq, o);
	json_decref(o);
	explain_free(x);
}

struct vpdn_explains *vpdn_explains_new(struct vpdnd *d)
{
	struct vpdn_explains *e = calloc(1, sizeof(*e));

	if (e) {
		e->d = d;
		LIST_INIT(&e->waiting);
	}
	return e;
}

void vpdn_explains_free(struct vpdn_explains *e)
{
	if (!e)
		return;
	while (!LIST_EMPTY(&e->waiting))
		explain_free(LIST_FIRST(&e->waiting));
	free(e);
}

void vpdn_explain_asker_gone(struct vpdn_explains *e, const struct vpdn_conn *c)
{
	struct explain *x, *next;

	LIST_FOREACH_SAFE(x, &e->waiting, link, next)
		if (x->conn == c)
			explain_free(x);
}

/* What the words say is known of the call; false: `err` says what is wrong with them. */
static bool read_words(struct vpdn_question *q, const char *const *arg, char *err, size_t err_size)
{
	const char *word = "user", *wrong = vpdn_question_set(q, word, *arg);

	for (arg++; !wrong && *arg; arg += 2) {
		word = arg[0];
		wrong = arg[1] ? vpdn_question_set(q, word, arg[1]) : "has no value";
		if (!arg[1])
			break;
	}
	if (wrong)
		snprintf(err, err_size, "explain: %.64s %s", word, wrong);
	return !wrong;
}

int vpdn_explain(struct vpdn_conn *c, uint32_t seq, const char *const *arg, char *err, size_t err_size)
{
	struct vpdnd *d = vpdn_conn_daemon(c);
	struct vpdn_explains *e = d->explains;
	struct vpdn_select_by by;
	struct explain *x;

	if (e->n == WAITING_MAX) {
		snprintf(err, err_size, "explain: %u are being answered already", e->n);
		return EBUSY;
	}
	x = calloc(1, sizeof(*x));
	if (!x)
		return ENOMEM;
	LIST_INSERT_HEAD(&e->waiting, x, link);
	e->n++;
	x->of = e;
	x->conn = c;
	x->seq = seq;
	if (!read_words(&x->q, arg, err, err_size)) {
		explain_free(x);
		return EINVAL;
	}
	vpdn_question_complete(&x->q, d->config);
	by = (struct vpdn_select_by){
		.aaa = d->aaa, .config = d->config, .q = &x->q, .trace = &x->trace, .timeout_ms = VPDN_SELECT_MAX_MS,
	};
	if (!vpdn_select_start(&x->choosing, &by, on_chosen, x))
		return 0;
	explain_free(x);
	return ENOMEM;
}
