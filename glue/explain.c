/* SPDX-License-Identifier: GPL-2.0-or-later */
/* explain.c - see explain.h. */
#include "explain.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "l2tp_peer.h"
#include "select.h"
#include "show_impl.h"
#include "text.h"

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

static void show_forward(const struct vpdnd *d, const struct vpdn_question *q, const struct vpdn_choice *choice, json_t *o)
{
	const struct vpdn_group *g = choice->group;
	size_t n, len = strlen(q->user);
	char name[sizeof(q->user)];
	const uint8_t *p = (const uint8_t *)q->user;
	json_t *peers = show_peers(d, g, &n);
	const char *why = refused(d, g, n);

	if (g->strip_domain)
		p = vpdn_domain_strip(d->config, p, &len);
	memcpy(name, p, len);
	name[len] = '\0';
	set(o, "outcome", json_string(why ? "reject" : "forward"));
	set_text(o, "reason", why ? why : "");
	set(o, "group", json_string(g->name));
	set(o, "by", json_string(choice->by));
	set_said(o, "name_sent", name);
	set(o, "peers", peers);
}

json_t *vpdn_explain(struct vpdnd *d, const char *const *arg, int *rc, char *err, size_t err_size)
{
	struct vpdn_question q = { 0 };
	struct vpdn_trace trace = { 0 };
	const char *wrong = vpdn_question_set(&q, "user", arg[0]), *word = "user";
	struct vpdn_choice choice;
	json_t *o, *steps;

	for (arg++; !wrong && *arg; arg += 2) {
		word = arg[0];
		wrong = arg[1] ? vpdn_question_set(&q, word, arg[1]) : "has no value";
		if (!arg[1])
			break;
	}
	if (wrong) {
		snprintf(err, err_size, "explain: %.64s %s", word, wrong);
		*rc = EINVAL;
		return NULL;
	}
	vpdn_question_complete(&q, d->config);
	vpdn_select(d->config, &q, &choice, &trace);
	o = json_object();
	steps = json_array();
	vpdn_show_trace(steps, &trace);
	vpdn_trace_free(&trace);
	set(o, "question", show_question(&q));
	set(o, "steps", steps);
	if (choice.group)
		show_forward(d, &q, &choice, o);
	else
		set(o, "outcome", json_string("local"));
	return o;
}
