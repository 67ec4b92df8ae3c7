/* SPDX-License-Identifier: GPL-2.0-or-later */
/* show.c - see show.h: tunnels, sessions, counters. */
#include "show.h"

#include <string.h>
#include <unistd.h>

#include "call_impl.h"
#include "call_text.h"
#include "channel.h"
#include "dialer_peer.h"
#include "l2tp_peer.h"
#include "lcp_options.h"
#include "line.h"
#include "proxy.h"
#include "registry.h"
#include "result_code.h"
#include "server.h"
#include "show_impl.h"
#include "text.h"

/* ---- tunnels ---- */

static json_t *tunnel_row(const struct vpdn_tunnel *t)
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
		json_array_append_new(a, tunnel_row(t));
	return a;
}

json_t *vpdn_show_tunnels(const struct vpdnd *d)
{
	return json_pack("{s:o}", "tunnels", tunnels(d));
}

json_t *vpdn_show_tunnel(const struct vpdnd *d, uint16_t id)
{
	const struct vpdn_tunnel *t = vpdn_registry_tunnel(d->registry, id);

	return t ? json_pack("{s:[o]}", "tunnels", tunnel_row(t)) : NULL;
}

/* ---- sessions ---- */

/* Where a call comes from or goes to, on this side: "pppoe eth1/17 02:00:00:00:00:01", "dial-out 6121 modems tty ttyS0". */
static json_t *show_access(const struct vpdn_call *call)
{
	if (call->kind == VPDN_DIALIN_LAC)
		return json_string(call->access);
	return json_sprintf("dial-out %s%s%s%s%s", *call->number ? call->number : "-", *call->dialer ? " " : "", call->dialer,
			    *call->access ? " " : "", call->access);
}

static json_t *show_call(const struct vpdn_call *call)
{
	const struct vpdn_tunnel *t = vpdn_registry_tunnel(call->d->registry, call->tunnel_id);
	json_t *o = json_object();

	set(o, "id", json_integer(call->id));
	set(o, "role", json_string(call->kind == VPDN_DIALOUT_LNS ? "lns" : "lac"));
	set(o, "direction", json_string(call->kind == VPDN_DIALIN_LAC ? "dial-in" : "dial-out"));
	set_text(o, "user", call->user);
	set(o, "access", show_access(call));
	set(o, "state", json_string(call->state == VPDN_ST_CONNECTED && *call->ifname ? "up" : vpdn_st_name(call->state)));
	set_text(o, "group", call->group);
	set_ip4(o, "peer_ip", call->peer);
	set_text(o, "peer_name", t ? t->peer_name : "");
	set_id(o, "tunnel_id", call->tunnel_id);
	set_id(o, "peer_tunnel_id", call->peer_tunnel_id);
	set_id(o, "session_id", call->session_id);
	set_id(o, "peer_session_id", call->peer_session_id);
	set_text(o, "interface", call->ifname);
	if (call->kind == VPDN_DIALOUT_LNS) {
		set_ip4(o, "local_ip", call->local_ip);
		set_ip4(o, "remote_ip", call->remote_ip);
	}
	if (call->kind != VPDN_DIALIN_LAC) {
		set_text(o, "number", call->number);
		set_text(o, "dialer", call->dialer);
		set_id(o, "speed_bps", call->tx_speed);
		set(o, "framing", call->framing ? json_string(vpdn_framing_text(call->framing)) : json_null());
	}
	set_age(o, "age_s", call->connected_ms ? call->connected_ms : call->asked_ms);
	return o;
}

static json_t *show_lns_call(const struct vpdnd *d, const struct vpdn_lns_call *call)
{
	const struct vpdn_tunnel *t = vpdn_registry_tunnel(d->registry, call->tunnel_id);
	json_t *o = json_object();

	set(o, "id", json_integer(call->id));
	set(o, "role", json_string("lns"));
	set(o, "direction", json_string("dial-in"));
	set_text(o, "user", call->user);
	set(o, "access", json_sprintf("l2tp %s%s%s", t ? t->peer_name : "?", *call->calling ? " " : "", call->calling));
	set(o, "state", json_string(call->bundle_owner && call->state == VPDN_CALL_CLOSING ? "bundle only" :
				    vpdn_lns_call_state_name(call->state)));
	set_text(o, "group", call->group);
	set_ip4(o, "peer_ip", t ? t->peer : (struct in_addr){ INADDR_ANY });
	set_text(o, "peer_name", t ? t->peer_name : "");
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

/* What a message says of the access line: "calling-number: 5551234". */
static json_t *show_line(const struct vpdn_ipc_msg *m)
{
	const struct vpdn_line_item *item;
	struct vpdn_line_value v;
	json_t *lines = json_array();
	char text[1024];

	if (vpdn_ipc_has(m, VPDN_TLV_SERVICE_NAME))
		json_array_append_new(lines, json_sprintf("service-name: %s", vpdn_call_peer_text(m, VPDN_TLV_SERVICE_NAME, text, sizeof(text))));
	for (size_t i = 0; (item = vpdn_line_row(i)); i++)
		if (vpdn_line_get(m, item, &v))
			json_array_append_new(lines, json_sprintf("%s: %s", item->name, vpdn_line_text(&v, item, text, sizeof(text))));
	return lines;
}

/* What was captured of the subscriber, from the message that brought it. */
static void show_captured(json_t *o, const struct vpdn_call *call)
{
	static struct vpdn_ipc_msg ask;
	static struct vpdn_proxy proxy;
	json_t *line = NULL, *lcp = json_array();

	if (!vpdn_call_get_ask(call, &ask)) {
		line = show_line(&ask);
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
	set(o, "line", line ? line : json_array());
	set(o, "captured", lcp);
}

/* What the LAC has told of the line, from the last report of xl2tpd's module. */
static void show_reported(json_t *o, const struct vpdn_lns_call *call)
{
	static struct vpdn_ipc_msg report;

	memcpy(report.buf, call->report, call->report_len);
	set(o, "line", call->report_len && !vpdn_ipc_parse(&report, call->report_len) ? show_line(&report) : json_array());
}

/* The counters of AVP 34, by their RFC's names. */
static json_t *show_wan(const struct vpdn_call *call)
{
	static const char *const names[VPDN_WAN_COUNTERS] = {
		"crc_errors", "framing_errors", "hardware_overruns", "buffer_overruns", "timeout_errors", "alignment_errors"
	};
	json_t *o = json_object();

	for (size_t i = 0; i < VPDN_WAN_COUNTERS; i++)
		set(o, names[i], json_integer(call->wan[i]));
	return o;
}

void vpdn_show_trace(json_t *lines, const struct vpdn_trace *t)
{
	const char *line;
	size_t at = 0, len;

	while ((line = vpdn_trace_next(t, &at, &len)))
		json_array_append_new(lines, json_text(line, len));
}

static void add_decisions(json_t *lines, const struct vpdn_call *call)
{
	unsigned int ms = (unsigned int)(call->connected_ms - call->asked_ms);

	vpdn_show_trace(lines, &call->trace);
	if (call->connected_ms && call->kind == VPDN_DIALOUT_LNS)
		json_array_append_new(lines, json_sprintf("connected after %u ms", ms));
	else if (call->connected_ms)
		json_array_append_new(lines, json_sprintf("connected after %u ms, %u frames moved by hand before the bridge stood", ms,
							  call->bridge.moved));
	if (call->has_accm)
		json_array_append_new(lines, json_sprintf("ACCM %08x to the line, %08x from it (SLI)", call->send_accm, call->recv_accm));
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
		set_id(o, "pppd_pid", (uint32_t)call->pid);
		set(o, "parked", json_boolean(call->parked));
		set(o, "attempts", json_integer(call->attempts));
		add_decisions(lines, call);
		show_captured(o, call);
		if (call->has_wan)
			set(o, "wan_errors", show_wan(call));
		set_text(o, "reason", call->cause.text);
	} else if (lns) {
		o = show_lns_call(d, lns);
		set_id(o, "pppd_pid", lns->pid);
		show_reported(o, lns);
		STAILQ_FOREACH(i, &lns->info, link)
			json_array_append_new(lines, json_string(i->text));
	} else {
		o = json_object();
	}
	set(o, "decisions", lines);
	return json_pack("{s:[o]}", "sessions", o);
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

/* The dial-out calls that failed last, the latest first. */
static json_t *dial_failures(const struct vpdnd *d)
{
	const struct vpdn_failure *f;
	json_t *a = json_array(), *o;

	for (size_t i = 0; (f = vpdn_calls_failure(d->calls, i)); i++) {
		o = json_object();
		set_age(o, "age_s", f->at_ms);
		set(o, "role", json_string(f->kind == VPDN_DIALOUT_LNS ? "lns" : "lac"));
		set_text(o, "group", f->group);
		set_text(o, "number", f->number);
		set_text(o, "failure", f->cause.failure ? vpdn_dial_failure_text(f->cause.failure) :
			 f->cause.result ? vpdn_cdn_result_text(f->cause.result) : "");
		set_id(o, "result", f->cause.result);
		set_id(o, "error", f->cause.error);
		set_id(o, "q931_cause", f->cause.q931);
		set_text(o, "text", f->cause.text);
		json_array_append_new(a, o);
	}
	return a;
}

/* What vpdnd has asked of the kernel and has no answer to. */
static json_t *show_kernel(const struct vpdnd *d)
{
	struct vpdn_channels_state s;
	json_t *o = json_object();

	vpdn_channels_state(d->channels, &s);
	set(o, "threads", json_integer(s.threads));
	set(o, "waiting", json_integer(s.waiting));
	set(o, "oldest_ms", json_integer((json_int_t)s.oldest_ms));
	set_id(o, "oldest_id", s.oldest_id);
	set_text(o, "oldest", s.oldest ? s.oldest : "");
	return o;
}

json_t *vpdn_show_all(const struct vpdnd *d)
{
	json_t *o = json_object(), *v = json_object(), *x = json_object(), *dialer = json_object();

	set(v, "version", json_string(VPDN_VERSION));
	set(v, "pid", json_integer(getpid()));
	set_age(v, "age_s", d->started_ms);
	set(v, "configuration", json_string(d->config_path));
	set_age(v, "configuration_age_s", d->loaded_ms);
	set(v, "connections", json_integer(vpdn_server_connections(d->server)));
	set(x, "connected", json_boolean(vpdn_l2tp_connected(d->l2tp)));
	set_text(x, "name", vpdn_l2tp_peer_name(d->l2tp));
	set_age(x, "since_s", vpdn_l2tp_since_ms(d->l2tp));
	set(dialer, "connected", json_boolean(vpdn_dialer_connected(d->dialer)));
	set_text(dialer, "name", vpdn_dialer_peer_name(d->dialer));
	set_age(dialer, "since_s", vpdn_dialer_since_ms(d->dialer));
	set(dialer, "configured", json_boolean(!TAILQ_EMPTY(&d->config->dialers)));
	set(o, "vpdnd", v);
	set(o, "kernel", show_kernel(d));
	set(o, "xl2tpd", x);
	set(o, "vpdn_dialer", dialer);
	set(o, "tunnels", tunnels(d));
	set(o, "sessions", sessions(d));
	set(o, "dial_failures", dial_failures(d));
	set(o, "draining", vpdn_show_draining(d));
	set(o, "counters", counters(&d->counters));
	return o;
}
