/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * show.c - see show.h. Objects are built without looking at each result: jansson's
 * functions pass NULL on, and json_object_set_new() of NULL only leaves a member out.
 */
#include "show.h"

#include <arpa/inet.h>
#include <string.h>
#include <unistd.h>

#include "call.h"
#include "call_text.h"
#include "l2tp_peer.h"
#include "lcp_options.h"
#include "proxy.h"
#include "registry.h"
#include "server.h"
#include "text.h"

static void set(json_t *o, const char *key, json_t *value)
{
	json_object_set_new(o, key, value);
}

static void set_text(json_t *o, const char *key, const char *text)
{
	set(o, key, *text ? json_string(text) : json_null());
}

static void set_ip4(json_t *o, const char *key, struct in_addr a)
{
	char buf[INET_ADDRSTRLEN];

	set(o, key, a.s_addr == INADDR_ANY ? json_null() : json_string(inet_ntop(AF_INET, &a, buf, sizeof(buf))));
}

static void set_age(json_t *o, const char *key, uint64_t since_ms)
{
	set(o, key, json_integer((json_int_t)((vpdnd_now_ms() - since_ms) / 1000)));
}

static void set_id(json_t *o, const char *key, uint32_t id)
{
	set(o, key, id ? json_integer(id) : json_null());
}

/* ---- tunnels ---- */

static json_t *show_tunnel(const struct vpdn_tunnel *t)
{
	json_t *o = json_object();

	set(o, "id", json_integer(t->id));
	set_id(o, "peer_id", t->peer_id);
	set_text(o, "group", t->group);
	set_text(o, "peer_name", t->peer_name);
	set_ip4(o, "peer_ip", t->peer);
	set(o, "port", json_integer(t->port));
	set_ip4(o, "source_ip", t->source);
	set(o, "state", json_string(vpdn_tunnel_state_name(t->state)));
	set(o, "sessions", json_integer(t->sessions));
	set(o, "outgoing", json_boolean(t->outgoing));
	set_age(o, "age_s", t->since_ms);
	return o;
}

static json_t *tunnels(const struct vpdnd *d)
{
	json_t *a = json_array();

	for (const struct vpdn_tunnel *t = NULL; (t = vpdn_registry_next_tunnel(d->registry, t));)
		json_array_append_new(a, show_tunnel(t));
	return a;
}

json_t *vpdn_show_tunnels(const struct vpdnd *d)
{
	return json_pack("{s:o}", "tunnels", tunnels(d));
}

/* ---- sessions ---- */

static json_t *show_call(const struct vpdn_call *call)
{
	json_t *o = json_object();

	set(o, "id", json_integer(call->id));
	set(o, "role", json_string("lac"));
	set_text(o, "user", call->user);
	set_text(o, "access", call->access);
	set(o, "state", json_string(vpdn_fwd_state_name(call->state)));
	set_text(o, "group", call->group);
	set_ip4(o, "peer_ip", call->lns ? call->lns->addr : (struct in_addr){ INADDR_ANY });
	set_id(o, "tunnel_id", call->tunnel_id);
	set_id(o, "peer_tunnel_id", call->peer_tunnel_id);
	set_id(o, "session_id", call->session_id);
	set_id(o, "peer_session_id", call->peer_session_id);
	set(o, "interface", json_null());
	set_age(o, "age_s", call->connected_ms ? call->connected_ms : call->asked_ms);
	return o;
}

static json_t *show_lns_call(const struct vpdnd *d, const struct vpdn_lns_call *call)
{
	const struct vpdn_tunnel *t = vpdn_registry_tunnel(d->registry, call->tunnel_id);
	json_t *o = json_object();

	set(o, "id", json_integer(call->id));
	set(o, "role", json_string("lns"));
	set_text(o, "user", call->user);
	set(o, "access", json_sprintf("l2tp %s%s%s", t ? t->peer_name : "?", *call->calling ? " " : "", call->calling));
	set(o, "state", json_string(call->bundle_owner && call->state == VPDN_CALL_CLOSING ? "bundle only" :
				    vpdn_lns_call_state_name(call->state)));
	set_text(o, "group", call->group);
	set_ip4(o, "peer_ip", t ? t->peer : (struct in_addr){ INADDR_ANY });
	set_id(o, "tunnel_id", call->tunnel_id);
	set_id(o, "peer_tunnel_id", t ? t->peer_id : 0);
	set_id(o, "session_id", call->session_id);
	set_id(o, "peer_session_id", call->peer_session_id);
	set_text(o, "interface", call->ifname);
	set_ip4(o, "local_ip", call->local);
	set_ip4(o, "remote_ip", call->remote);
	set_age(o, "age_s", call->since_ms);
	return o;
}

static json_t *sessions(const struct vpdnd *d)
{
	json_t *a = json_array();

	for (const struct vpdn_call *call = NULL; (call = vpdn_calls_next(d->calls, call));)
		json_array_append_new(a, show_call(call));
	for (const struct vpdn_lns_call *call = NULL; (call = vpdn_registry_next_call(d->registry, call));)
		json_array_append_new(a, show_lns_call(d, call));
	return a;
}

json_t *vpdn_show_sessions(const struct vpdnd *d)
{
	return json_pack("{s:o}", "sessions", sessions(d));
}

static void add_lcp(json_t *lines, const char *what, const struct vpdn_proxy_lcp *l)
{
	char text[1024];

	if (l->present)
		json_array_append_new(lines, json_sprintf("%s: %s", what, vpdn_lcp_print(l->data, l->len, text, sizeof(text))));
}

static void add_line(json_t *lines, const char *what, const struct vpdn_ipc_msg *m, uint16_t tlv)
{
	char text[1024];

	if (vpdn_ipc_has(m, tlv))
		json_array_append_new(lines, json_sprintf("%s: %s", what, vpdn_call_peer_text(m, tlv, text, sizeof(text))));
}

/* What was captured of the subscriber, from the message that brought it. */
static void show_captured(json_t *o, const struct vpdn_call *call)
{
	static const struct {
		const char *what;
		uint16_t tlv;
	} line_tlvs[] = {
		{ "service name", VPDN_TLV_SERVICE_NAME }, { "circuit id", VPDN_TLV_CIRCUIT_ID },
		{ "remote id", VPDN_TLV_REMOTE_ID }, { "calling number", VPDN_TLV_CALLING_NUMBER },
		{ "called number", VPDN_TLV_CALLED_NUMBER },
	};
	static struct vpdn_ipc_msg ask;
	static struct vpdn_proxy proxy;
	json_t *line = json_array(), *lcp = json_array();

	memcpy(ask.buf, call->ask, call->ask_len);
	if (!vpdn_ipc_parse(&ask, call->ask_len)) {
		for (size_t i = 0; i < sizeof(line_tlvs) / sizeof(line_tlvs[0]); i++)
			add_line(line, line_tlvs[i].what, &ask, line_tlvs[i].tlv);
		if (!vpdn_ipc_get_proxy(&ask, &proxy)) {
			add_lcp(lcp, "first received", &proxy.initial_received);
			add_lcp(lcp, "last sent", &proxy.last_sent);
			add_lcp(lcp, "last received", &proxy.last_received);
			if (proxy.auth_type)
				json_array_append_new(lcp, json_sprintf("authentication: %s, id %u", vpdn_proxy_auth_name(proxy.auth_type), proxy.id));
		}
		vpdn_proxy_wipe(&proxy);
	}
	vpdn_ipc_msg_wipe(&ask);
	set(o, "line", line);
	set(o, "captured", lcp);
}

json_t *vpdn_show_session(const struct vpdnd *d, uint32_t id, bool *found)
{
	const struct vpdn_call *call = vpdn_calls_find(d->calls, id);
	const struct vpdn_lns_call *lns = call ? NULL : vpdn_registry_call(d->registry, id);
	const struct vpdn_info *i;
	json_t *o, *lines = json_array();

	*found = call || lns;
	if (call) {
		o = show_call(call);
		set(o, "pppd_pid", json_integer(call->pid));
		set(o, "parked", json_boolean(call->parked));
		set(o, "attempts", json_integer(call->attempts));
		json_array_append_new(lines, json_sprintf("vpdn-group %s chosen by %s \"%s\"", call->group,
							  vpdn_key_kind_name(call->choice.kind), call->choice.value));
		if (call->connected_ms)
			json_array_append_new(lines, json_sprintf("connected after %u ms, %u frames moved by hand before the bridge stood",
								  (unsigned int)(call->connected_ms - call->asked_ms), call->bridge.moved));
		show_captured(o, call);
		set_text(o, "reason", call->cause.text);
	} else if (lns) {
		o = show_lns_call(d, lns);
		set_id(o, "pppd_pid", lns->pid);
		STAILQ_FOREACH(i, &lns->info, link)
			json_array_append_new(lines, json_string(i->text));
	} else {
		o = json_object();
	}
	set(o, "decisions", lines);
	return json_pack("{s:[o]}", "sessions", o);
}

/* ---- groups ---- */

static json_t *strings(const struct vpdn_strings *s)
{
	json_t *a = json_array();

	for (size_t i = 0; i < s->n; i++)
		json_array_append_new(a, json_string(s->v[i]));
	return a;
}

static json_t *show_peer(const struct vpdnd *d, const struct vpdn_group *g, const struct vpdn_peer *l)
{
	const struct vpdn_usage *u = vpdn_usage_find(&d->usages, g->name, l->addr, l->port);
	uint64_t now = vpdnd_now_ms();
	json_t *o = json_object();

	set_ip4(o, "ip", l->addr);
	set(o, "port", json_integer(l->port));
	set(o, "priority", json_integer(l->priority));
	set(o, "weight", json_integer(l->weight));
	set(o, "limit", l->limit ? json_integer(l->limit) : json_null());
	set(o, "sessions", json_integer(u ? u->sessions : 0));
	set(o, "placed", json_integer(u ? (json_int_t)u->placed : 0));
	set(o, "failed", json_integer(u ? (json_int_t)u->failed : 0));
	set(o, "dead_s", json_integer(u && u->dead_until_ms > now ? (json_int_t)((u->dead_until_ms - now + 999) / 1000) : 0));
	return o;
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

static json_t *request_dialin(const struct vpdn_group *g)
{
	json_t *o = json_object(), *list[VPDN_KEY_KINDS];
	const struct vpdn_key *k;

	for (size_t i = 0; i < VPDN_KEY_KINDS; i++)
		list[i] = json_array();
	TAILQ_FOREACH(k, &g->keys, link)
		json_array_append_new(list[k->kind], json_string(k->value));
	for (size_t i = 0; i < VPDN_KEY_KINDS; i++)
		set(o, vpdn_key_kind_name((enum vpdn_key_kind)i), list[i]);
	return o;
}

static json_t *accept_dialin(const struct vpdn_group *g)
{
	json_t *o = json_object();

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

static json_t *request_dialout(const struct vpdn_group *g)
{
	json_t *o = json_object(), *a = json_array();

	for (size_t i = 0; i < g->n_numbers; i++)
		json_array_append_new(a, json_sprintf("%s -> %s", g->numbers[i].pattern, g->numbers[i].replace));
	set(o, "number", a);
	set_text(o, "sub_address", g->sub_address ? g->sub_address : "");
	set(o, "min_bps", json_integer(g->min_bps));
	set(o, "max_bps", json_integer(g->max_bps));
	set(o, "dial_timeout_s", json_integer(g->dial_timeout_s));
	return o;
}

static json_t *accept_dialout(const struct vpdn_group *g)
{
	json_t *o = json_object(), *a = json_array();

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
		json_t *(*show)(const struct vpdn_group *g);
	} blocks[] = {
		{ "request-dialin", g->requests & VPDN_ACCEPTS_DIALIN, request_dialin },
		{ "accept-dialin", g->accepts & VPDN_ACCEPTS_DIALIN, accept_dialin },
		{ "request-dialout", g->requests & VPDN_ACCEPTS_DIALOUT, request_dialout },
		{ "accept-dialout", g->accepts & VPDN_ACCEPTS_DIALOUT, accept_dialout },
	};
	const struct vpdn_usage *u = vpdn_usage_find(&d->usages, g->name, (struct in_addr){ INADDR_ANY }, 0);
	json_t *o = json_object(), *a = json_array();

	set(o, "name", json_string(g->name));
	set(o, "local_name", json_string(g->local_name));
	set(o, "tunnel_authentication", json_boolean(g->tunnel_auth));
	set(o, "idle_timeout_s", json_integer(g->requests ? g->opened_idle_s : g->accepted_idle_s));
	set(o, "hello_s", json_integer(g->hello_s));
	set(o, "limit", g->limit ? json_integer(g->limit) : json_null());
	for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++)
		if (blocks[i].there)
			set(o, blocks[i].name, blocks[i].show(g));
	if (!g->requests)
		goto out;
	set(o, "sessions", json_integer(u ? u->sessions : 0));
	set(o, "connect_timeout_s", json_integer(g->connect_timeout_s));
	set_ip4(o, "source_ip", g->source_ip);
	for (size_t i = 0; i < g->n_peers; i++)
		json_array_append_new(a, show_peer(d, g, &g->peers[i]));
out:
	set(o, "peers", a);
	return o;
}

json_t *vpdn_show_groups(const struct vpdnd *d)
{
	json_t *a = json_array();
	const struct vpdn_group *g;

	TAILQ_FOREACH(g, &d->config->groups, link)
		json_array_append_new(a, show_group(d, g));
	return json_pack("{s:o}", "groups", a);
}

/* ---- all ---- */

static json_t *counters(const struct vpdn_counters *n)
{
	json_t *a = json_array();

#define SHOW_COUNTER(name, text) \
	json_array_append_new(a, json_pack("{s:s, s:s, s:I}", "name", #name, "text", text, "value", (json_int_t)n->name));
	VPDN_COUNTERS(SHOW_COUNTER)
#undef SHOW_COUNTER
	return a;
}

json_t *vpdn_show_all(const struct vpdnd *d)
{
	json_t *o = json_object(), *v = json_object(), *x = json_object();

	set(v, "version", json_string(VPDN_VERSION));
	set(v, "pid", json_integer(getpid()));
	set_age(v, "age_s", d->started_ms);
	set(v, "configuration", json_string(d->config_path));
	set_age(v, "configuration_age_s", d->loaded_ms);
	set(v, "connections", json_integer(vpdn_server_connections(d->server)));
	set(x, "connected", json_boolean(vpdn_l2tp_connected(d->l2tp)));
	set_text(x, "name", vpdn_l2tp_peer_name(d->l2tp));
	set_age(x, "since_s", vpdn_l2tp_since_ms(d->l2tp));
	set(o, "vpdnd", v);
	set(o, "xl2tpd", x);
	set(o, "tunnels", tunnels(d));
	set(o, "sessions", sessions(d));
	set(o, "counters", counters(&d->counters));
	return o;
}
