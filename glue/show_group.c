/* SPDX-License-Identifier: GPL-2.0-or-later */
/* show_group.c - the vpdn-groups, their peers, and the dialers; see show.h. */
#include "show.h"

#include <string.h>

#include "config.h"
#include "ipc_proto.h"
#include "line_avps.h"
#include "proxy.h"
#include "registry.h"
#include "show_impl.h"

static json_t *strings(const struct vpdn_strings *s)
{
	json_t *a = json_array();

	for (size_t i = 0; i < s->n; i++)
		json_array_append_new(a, json_string(s->v[i]));
	return a;
}

/* Tunnels that were opened to the peer for the group: those that its limit counts. */
static unsigned int tunnels_to(const struct vpdnd *d, const struct vpdn_group *g, const struct vpdn_peer *p)
{
	const struct vpdn_tunnel *t = NULL;
	unsigned int n = 0;

	while ((t = vpdn_registry_next_tunnel(d->registry, t)))
		n += t->outgoing && t->peer.s_addr == p->addr.s_addr && t->port == p->port && !strcmp(t->group, g->name);
	return n;
}

json_t *vpdn_show_peer(const struct vpdnd *d, const struct vpdn_group *g, const struct vpdn_peer *l)
{
	const struct vpdn_usage *u = vpdn_usage_find(&d->usages, VPDN_USAGE_PEER, g->name, l);
	uint64_t now = vpdnd_now_ms();
	json_t *o = json_object();

	set_ip4(o, "ip", l->addr);
	set(o, "port", json_integer(l->port));
	set(o, "priority", json_integer(l->priority));
	set(o, "weight", json_integer(l->weight));
	set(o, "limit", l->limit ? json_integer(l->limit) : json_null());
	set(o, "sessions", json_integer(u ? u->sessions : 0));
	set(o, "tunnels", json_integer(tunnels_to(d, g, l)));
	set(o, "tunnel_limit", l->tunnel_limit ? json_integer(l->tunnel_limit) : json_null());
	set(o, "placed", json_integer(u ? (json_int_t)u->placed : 0));
	set(o, "failed", json_integer(u ? (json_int_t)u->failed : 0));
	set(o, "dead_s", json_integer(u && u->dead_until_ms > now ? (json_int_t)((u->dead_until_ms - now + 999) / 1000) : 0));
	set(o, "state", json_string(vpdn_peer_state_name(vpdn_peer_state(&d->usages, g, l, now))));
	return o;
}

json_t *vpdn_show_draining(const struct vpdnd *d)
{
	const struct vpdn_usage *u = NULL;
	char addr[INET_ADDRSTRLEN];
	json_t *a = json_array();

	while ((u = vpdn_usage_next(&d->usages, VPDN_USAGE_DRAINED, u)))
		json_array_append_new(a, json_string(inet_ntop(AF_INET, &u->addr, addr, sizeof(addr))));
	return a;
}

static json_t *sources(const struct vpdn_accept *from)
{
	char addr[INET_ADDRSTRLEN];
	json_t *a = json_array();

	for (size_t i = 0; i < from->n_sources; i++)
		json_array_append_new(a, json_sprintf("%s/%u", inet_ntop(AF_INET, &from->sources[i].addr, addr, sizeof(addr)),
						      from->sources[i].prefix_len));
	return a;
}

static json_t *sent_avps(const struct vpdn_group *g)
{
	json_t *a = json_array();
	const char *word;
	uint32_t bit;

	for (size_t i = 0; (word = vpdn_line_avps_word(i, &bit)); i++)
		if (!(g->withheld_avps & bit))
			json_array_append_new(a, json_string(word));
	return a;
}

static json_t *request_dialin(const struct vpdnd *d, const struct vpdn_group *g)
{
	json_t *o = json_object(), *list[VPDN_KEY_KINDS];
	const struct vpdn_key *k;

	for (size_t i = 0; i < VPDN_KEY_KINDS; i++)
		list[i] = json_array();
	TAILQ_FOREACH(k, &g->keys, link)
		json_array_append_new(list[k->kind], json_string(k->value));
	for (size_t i = 0; i < VPDN_KEY_KINDS; i++)
		set(o, vpdn_key_kind_name((enum vpdn_key_kind)i), list[i]);
	set(o, "default", json_boolean(d->config->default_group == g));
	set(o, "strip_domain", json_boolean(g->strip_domain));
	set(o, "send_avps", sent_avps(g));
	return o;
}

static json_t *accept_dialin(const struct vpdnd *d, const struct vpdn_group *g)
{
	json_t *o = json_object();

	(void)d;
	set(o, "terminate_from", strings(&g->dialin.terminate_from));
	set(o, "source", sources(&g->dialin));
	set(o, "ppp_template", json_string(g->ppp_template));
	set(o, "lcp_renegotiation", json_string(vpdn_lcp_policy_name(g->lcp_policy)));
	if (g->has_pool) {
		set_ip4(o, "pool_local", g->pool_local);
		set_ip4(o, "pool_first", g->pool_first);
		set_ip4(o, "pool_last", g->pool_last);
	}
	return o;
}

static json_t *request_dialout(const struct vpdnd *d, const struct vpdn_group *g)
{
	json_t *o = json_object(), *a = json_array();

	(void)d;
	for (size_t i = 0; i < g->n_numbers; i++)
		json_array_append_new(a, json_sprintf("%s -> %s", g->numbers[i].pattern, g->numbers[i].replace));
	set(o, "number", a);
	set_text(o, "sub_address", g->sub_address ? g->sub_address : "");
	set(o, "min_bps", json_integer(g->min_bps));
	set(o, "max_bps", json_integer(g->max_bps));
	set(o, "dial_timeout_s", json_integer(g->dial_timeout_s));
	return o;
}

static json_t *accept_dialout(const struct vpdnd *d, const struct vpdn_group *g)
{
	json_t *o = json_object(), *a = json_array();

	(void)d;
	set(o, "terminate_from", strings(&g->dialout.terminate_from));
	set(o, "source", sources(&g->dialout));
	for (size_t i = 0; i < g->n_dials; i++)
		json_array_append_new(a, json_sprintf("%s -> %s", g->dials[i].pattern, g->dials[i].dialer_name));
	set(o, "dial", a);
	return o;
}

static json_t *show_group(const struct vpdnd *d, const struct vpdn_group *g)
{
	const struct {
		const char *name;
		bool there;
		json_t *(*show)(const struct vpdnd *d, const struct vpdn_group *g);
	} blocks[] = {
		{ "request-dialin", g->requests & VPDN_ACCEPTS_DIALIN, request_dialin },
		{ "accept-dialin", g->accepts & VPDN_ACCEPTS_DIALIN, accept_dialin },
		{ "request-dialout", g->requests & VPDN_ACCEPTS_DIALOUT, request_dialout },
		{ "accept-dialout", g->accepts & VPDN_ACCEPTS_DIALOUT, accept_dialout },
	};
	const struct vpdn_usage *u = vpdn_usage_find(&d->usages, VPDN_USAGE_GROUP, g->name, NULL);
	json_t *o = json_object(), *a = json_array();

	set(o, "name", json_string(g->name));
	set(o, "local_name", json_string(g->local_name));
	set(o, "tunnel_authentication", json_boolean(g->tunnel_auth));
	set(o, "hidden", json_boolean(g->hidden));
	set(o, "idle_timeout_s", json_integer(g->requests ? g->opened_idle_s : g->accepted_idle_s));
	set(o, "hello_s", json_integer(g->hello_s));
	set(o, "limit", g->limit ? json_integer(g->limit) : json_null());
	for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++)
		if (blocks[i].there)
			set(o, blocks[i].name, blocks[i].show(d, g));
	set(o, "sessions", json_integer(u ? u->sessions : 0));
	if (g->requests) {
		set(o, "tunnel_limit", g->tunnel_limit ? json_integer(g->tunnel_limit) : json_null());
		set(o, "tunnel_sessions", g->tunnel_sessions ? json_integer(g->tunnel_sessions) : json_null());
		set(o, "tunnel_share", json_boolean(!g->tunnel_own));
		set(o, "connect_timeout_s", json_integer(g->connect_timeout_s));
		set_ip4(o, "source_ip", g->source_ip);
		set_text(o, "remote_name", g->remote_name ? g->remote_name : "");
	}
	for (size_t i = 0; i < g->n_peers; i++)
		json_array_append_new(a, vpdn_show_peer(d, g, &g->peers[i]));
	set(o, "peers", a);
	return o;
}

static json_t *show_dialer(const struct vpdnd *d, const struct vpdn_dialer *dialer)
{
	const struct vpdn_usage *u = vpdn_usage_find(&d->usages, VPDN_USAGE_DIALER, dialer->name, NULL);
	json_t *o = json_object();

	set(o, "name", json_string(dialer->name));
	set(o, "kind", json_string(dialer->kind == VPDN_DIALER_CHAT ? "chat" : dialer->kind == VPDN_DIALER_PPPOE ? "pppoe" : "exec"));
	set(o, "limit", dialer->limit ? json_integer(dialer->limit) : json_null());
	set(o, "timeout_s", json_integer(dialer->timeout_s));
	set(o, "calls", json_integer(u ? u->sessions : 0));
	set(o, "placed", json_integer(u ? (json_int_t)u->placed : 0));
	set(o, "failed", json_integer(u ? (json_int_t)u->failed : 0));
	return o;
}

json_t *vpdn_show_groups(const struct vpdnd *d)
{
	json_t *a = json_array(), *dialers = json_array();
	const struct vpdn_dialer *dialer;
	const struct vpdn_group *g;

	TAILQ_FOREACH(g, &d->config->groups, link)
		json_array_append_new(a, show_group(d, g));
	TAILQ_FOREACH(dialer, &d->config->dialers, link)
		json_array_append_new(dialers, show_dialer(d, dialer));
	return json_pack("{s:o, s:o}", "groups", a, "dialers", dialers);
}
