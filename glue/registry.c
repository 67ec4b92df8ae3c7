/* SPDX-License-Identifier: GPL-2.0-or-later */
/* registry.c - see registry.h. */
#include "registry.h"

#include <arpa/inet.h>
#include <bsd/string.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "call_text.h"
#include "log.h"
#include "text.h"

static int tunnel_cmp(const struct vpdn_tunnel *a, const struct vpdn_tunnel *b)
{
	return (int)a->id - (int)b->id;
}

static int id_cmp(const struct vpdn_lns_call *a, const struct vpdn_lns_call *b)
{
	return a->id < b->id ? -1 : a->id > b->id;
}

static int session_cmp(const struct vpdn_lns_call *a, const struct vpdn_lns_call *b)
{
	int d = (int)a->tunnel_id - (int)b->tunnel_id;

	return d ? d : (int)a->session_id - (int)b->session_id;
}

RB_HEAD(tunnels, vpdn_tunnel);
RB_HEAD(calls_by_id, vpdn_lns_call);
RB_HEAD(calls_by_session, vpdn_lns_call);
RB_GENERATE_INTERNAL(tunnels, vpdn_tunnel, node, tunnel_cmp, static __attribute__((unused)))
RB_GENERATE_INTERNAL(calls_by_id, vpdn_lns_call, by_id, id_cmp, static __attribute__((unused)))
RB_GENERATE_INTERNAL(calls_by_session, vpdn_lns_call, by_session, session_cmp, static __attribute__((unused)))

const char *vpdn_tunnel_state_name(uint8_t state)
{
	static const char *const names[] = { "?", "opening", "established", "closing", "closed" };

	return names[state <= VPDN_TUNNEL_CLOSED ? state : 0];
}

const char *vpdn_lns_call_state_name(uint8_t state)
{
	static const char *const names[] = { "?", "waiting for ICCN", "connected", "up", "closing", "closed" };

	return names[state <= VPDN_CALL_CLOSED ? state : 0];
}

struct vpdn_registry {
	struct vpdnd *d;
	struct tunnels tunnels;
	struct calls_by_id by_id;
	struct calls_by_session by_session;
	unsigned int n_tunnels, n_calls;
};

struct vpdn_registry *vpdn_registry_new(struct vpdnd *d)
{
	struct vpdn_registry *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->d = d;
	RB_INIT(&r->tunnels);
	RB_INIT(&r->by_id);
	RB_INIT(&r->by_session);
	return r;
}

/* ---- what metrics.h wants to know ---- */

/* A tunnel comes into a state. How long that took is told of those whose beginning was seen here. */
static void tunnel_metrics(struct vpdn_registry *r, struct vpdn_tunnel *t)
{
	struct vpdn_metrics *n = &r->d->metrics;

	n->tunnels[t->outgoing][t->state]++;
	if (t->state == VPDN_TUNNEL_ESTABLISHED && t->begun_us)
		vpdn_histogram_add(&n->tunnel_setup[t->outgoing], vpdnd_now_us() - t->begun_us);
	if (t->state != VPDN_TUNNEL_OPENING)
		t->begun_us = 0;
}

/* A call goes from one state to another; 0: it is new here. */
static void call_metrics(struct vpdn_registry *r, struct vpdn_lns_call *call, uint8_t from, uint8_t to)
{
	struct vpdn_metrics *n = &r->d->metrics;
	uint64_t now = vpdnd_now_us();

	n->lns_calls[to]++;
	if (!from && to == VPDN_CALL_WAIT)
		call->begun_us = now;
	if (from)
		n->lns_calls[from]--;
	if (from && call->begun_us)
		vpdn_histogram_add(&n->lns_stage[from], now - call->entered_us);
	if (to == VPDN_CALL_PPP_UP && call->begun_us)
		vpdn_histogram_add(&n->lns_setup, now - call->begun_us);
	if (to >= VPDN_CALL_PPP_UP)
		call->begun_us = 0;
	call->entered_us = now;
}

static void tunnel_free(struct vpdn_registry *r, struct vpdn_tunnel *t)
{
	r->d->metrics.tunnels[t->outgoing][t->state]--;
	RB_REMOVE(tunnels, &r->tunnels, t);
	r->n_tunnels--;
	free(t);
}

static void info_drop_first(struct vpdn_lns_call *call)
{
	struct vpdn_info *i = STAILQ_FIRST(&call->info);

	STAILQ_REMOVE_HEAD(&call->info, link);
	call->n_info--;
	free(i);
}

static void call_free(struct vpdn_registry *r, struct vpdn_lns_call *call)
{
	RB_REMOVE(calls_by_id, &r->by_id, call);
	RB_REMOVE(calls_by_session, &r->by_session, call);
	r->n_calls--;
	r->d->metrics.lns_calls[call->state]--;
	while (call->n_info)
		info_drop_first(call);
	free(call->report);
	free(call);
}

void vpdn_registry_clear(struct vpdn_registry *r)
{
	struct vpdn_lns_call *call;
	struct vpdn_tunnel *t;

	while ((t = RB_MIN(tunnels, &r->tunnels)))
		tunnel_free(r, t);
	while ((call = RB_MIN(calls_by_id, &r->by_id)))
		call_free(r, call);
}

void vpdn_registry_free(struct vpdn_registry *r)
{
	if (!r)
		return;
	vpdn_registry_clear(r);
	free(r);
}

/* RB_FIND and RB_NEXT only read, but their trees are not const. */
const struct vpdn_tunnel *vpdn_registry_tunnel(const struct vpdn_registry *r, uint16_t id)
{
	struct vpdn_tunnel want = { .id = id };

	return RB_FIND(tunnels, (struct tunnels *)&r->tunnels, &want);
}

const struct vpdn_tunnel *vpdn_registry_next_tunnel(const struct vpdn_registry *r, const struct vpdn_tunnel *after)
{
	return after ? RB_NEXT(tunnels, NULL, (struct vpdn_tunnel *)after) : RB_MIN(tunnels, (struct tunnels *)&r->tunnels);
}

const struct vpdn_lns_call *vpdn_registry_call(const struct vpdn_registry *r, uint32_t id)
{
	struct vpdn_lns_call want = { .id = id };

	return RB_FIND(calls_by_id, (struct calls_by_id *)&r->by_id, &want);
}

const struct vpdn_lns_call *vpdn_registry_next_call(const struct vpdn_registry *r, const struct vpdn_lns_call *after)
{
	return after ? RB_NEXT(calls_by_id, NULL, (struct vpdn_lns_call *)after) :
		       RB_MIN(calls_by_id, (struct calls_by_id *)&r->by_id);
}

/* Text of a peer, made fit to be printed; what was said before stays when the TLV is absent. */
static void get_escaped(const struct vpdn_ipc_msg *m, uint16_t tlv, char *buf, size_t size)
{
	const uint8_t *p;
	size_t len;

	if (vpdn_ipc_get_bytes(m, tlv, &p, &len))
		vpdn_text_escape(p, len, buf, size);
}

static uint64_t since(const struct vpdn_ipc_msg *m)
{
	uint64_t now = vpdnd_now_ms(), age = 0;

	vpdn_ipc_get_u64(m, VPDN_TLV_AGE_MS, &age);
	return age < now ? now - age : 0;
}

int vpdn_registry_on_tunnel(struct vpdn_conn *c, struct vpdn_ipc_msg *m)
{
	struct vpdn_registry *r = vpdn_conn_daemon(c)->registry;
	char addr[INET_ADDRSTRLEN], text[1024];
	struct vpdn_tunnel *t;
	uint8_t state = 0, flag = 0;
	uint16_t id = 0;
	bool changed;

	vpdn_ipc_get_u16(m, VPDN_TLV_TUNNEL_ID, &id);
	vpdn_ipc_get_u8(m, VPDN_TLV_TUNNEL_STATE, &state);
	if (!id || state < VPDN_TUNNEL_OPENING || state > VPDN_TUNNEL_CLOSED)
		return -EINVAL;
	t = (struct vpdn_tunnel *)vpdn_registry_tunnel(r, id);
	if (!t) {
		if (state == VPDN_TUNNEL_CLOSED)
			return 0;
		t = calloc(1, sizeof(*t));
		if (!t)
			return -ENOMEM;
		t->id = id;
		t->port = VPDN_L2TP_PORT;
		t->since_ms = since(m);
		t->begun_us = state == VPDN_TUNNEL_OPENING ? vpdnd_now_us() : 0;
		RB_INSERT(tunnels, &r->tunnels, t);
		r->n_tunnels++;
	}
	changed = t->state != state;
	if (t->state)
		r->d->metrics.tunnels[t->outgoing][t->state]--;
	t->state = state;
	vpdn_ipc_get_u16(m, VPDN_TLV_PEER_TUNNEL_ID, &t->peer_id);
	vpdn_ipc_get_ip4(m, VPDN_TLV_PEER_IP, &t->peer);
	vpdn_ipc_get_ip4(m, VPDN_TLV_SOURCE_IP, &t->source);
	vpdn_ipc_get_u16(m, VPDN_TLV_PEER_PORT, &t->port);
	vpdn_ipc_get_u32(m, VPDN_TLV_SESSIONS, &t->sessions);
	if (vpdn_ipc_get_u8(m, VPDN_TLV_OUTGOING, &flag))
		t->outgoing = flag;
	tunnel_metrics(r, t);
	get_escaped(m, VPDN_TLV_GROUP, t->group, sizeof(t->group));
	get_escaped(m, VPDN_TLV_PEER_NAME, t->peer_name, sizeof(t->peer_name));
	vpdn_call_plain_text(m, VPDN_TLV_TEXT, text, sizeof(text));
	if (changed)
		vpdn_log_info("tunnel %s%s%s tunnel=%u/%u peer=%s (%s) group=%s", vpdn_tunnel_state_name(state), *text ? ": " : "", text,
			      t->id, t->peer_id, inet_ntop(AF_INET, &t->peer, addr, sizeof(addr)), t->peer_name, t->group);
	if (state == VPDN_TUNNEL_CLOSED)
		tunnel_free(r, t);
	return 0;
}

static int add_info(struct vpdn_lns_call *call, const struct vpdn_ipc_msg *m)
{
	struct vpdn_info *i, *last = STAILQ_LAST(&call->info, vpdn_info, link);
	char text[1024];
	size_t size;

	if (!*vpdn_call_plain_text(m, VPDN_TLV_TEXT, text, sizeof(text)) || (last && !strcmp(last->text, text)))
		return 0;
	size = strlen(text) + 1;
	i = malloc(sizeof(*i) + size);
	if (!i)
		return -ENOMEM;
	memcpy(i->text, text, size);
	STAILQ_INSERT_TAIL(&call->info, i, link);
	if (++call->n_info > VPDN_INFO_LINES_MAX)
		info_drop_first(call);
	return 0;
}

static struct vpdn_lns_call *call_get(struct vpdn_registry *r, const struct vpdn_ipc_msg *m, uint16_t tunnel, uint16_t session)
{
	struct vpdn_lns_call want = { .tunnel_id = tunnel, .session_id = session };
	struct vpdn_lns_call *call = RB_FIND(calls_by_session, &r->by_session, &want);

	if (call)
		return call;
	call = calloc(1, sizeof(*call));
	if (!call)
		return NULL;
	call->id = vpdnd_new_id(r->d);
	call->tunnel_id = tunnel;
	call->session_id = session;
	call->since_ms = since(m);
	STAILQ_INIT(&call->info);
	RB_INSERT(calls_by_id, &r->by_id, call);
	RB_INSERT(calls_by_session, &r->by_session, call);
	r->n_calls++;
	return call;
}

/* For show only, which does without it when there is no memory. */
static void keep_report(struct vpdn_lns_call *call, const struct vpdn_ipc_msg *m)
{
	free(call->report);
	call->report = malloc(m->len);
	call->report_len = call->report ? m->len : 0;
	if (call->report)
		memcpy(call->report, m->buf, m->len);
}

static void get_bundle(struct vpdn_lns_call *call, const struct vpdn_ipc_msg *m)
{
	uint8_t owner;

	if (!vpdn_ipc_has(m, VPDN_TLV_BUNDLE))
		return;
	vpdn_call_plain_text(m, VPDN_TLV_BUNDLE, call->bundle, sizeof(call->bundle));
	vpdn_call_plain_text(m, VPDN_TLV_ENDPOINT_LOCAL, call->endpoint_local, sizeof(call->endpoint_local));
	vpdn_call_plain_text(m, VPDN_TLV_ENDPOINT_PEER, call->endpoint_peer, sizeof(call->endpoint_peer));
	vpdn_ipc_get_u16(m, VPDN_TLV_MRRU, &call->mrru);
	vpdn_ipc_get_u16(m, VPDN_TLV_PEER_MRRU, &call->peer_mrru);
	if (vpdn_ipc_get_u8(m, VPDN_TLV_BUNDLE_OWNER, &owner))
		call->bundle_owner = owner;
}

int vpdn_registry_on_call(struct vpdn_conn *c, struct vpdn_ipc_msg *m)
{
	struct vpdn_registry *r = vpdn_conn_daemon(c)->registry;
	char addr[INET_ADDRSTRLEN], ip[INET_ADDRSTRLEN];
	struct vpdn_lns_call *call;
	uint16_t tunnel = 0, session = 0;
	uint8_t state = 0;
	bool changed;

	vpdn_ipc_get_u16(m, VPDN_TLV_TUNNEL_ID, &tunnel);
	vpdn_ipc_get_u16(m, VPDN_TLV_SESSION_ID, &session);
	vpdn_ipc_get_u8(m, VPDN_TLV_CALL_STATE, &state);
	if (!tunnel || !session || state < VPDN_CALL_WAIT || state > VPDN_CALL_CLOSED)
		return -EINVAL;
	call = call_get(r, m, tunnel, session);
	if (!call)
		return -ENOMEM;
	changed = call->state != state;
	if (changed)
		call_metrics(r, call, call->state, state);
	call->state = state;
	vpdn_ipc_get_u16(m, VPDN_TLV_PEER_SESSION_ID, &call->peer_session_id);
	vpdn_ipc_get_u32(m, VPDN_TLV_PID, &call->pid);
	vpdn_ipc_get_ip4(m, VPDN_TLV_LOCAL_IP, &call->local);
	vpdn_ipc_get_ip4(m, VPDN_TLV_REMOTE_IP, &call->remote);
	get_escaped(m, VPDN_TLV_GROUP, call->group, sizeof(call->group));
	get_escaped(m, VPDN_TLV_USER, call->user, sizeof(call->user));
	get_escaped(m, VPDN_TLV_CALLING_NUMBER, call->calling, sizeof(call->calling));
	get_escaped(m, VPDN_TLV_IFNAME, call->ifname, sizeof(call->ifname));
	get_bundle(call, m);
	keep_report(call, m);
	if (add_info(call, m))
		return -ENOMEM;
	if (changed) {
		const struct vpdn_info *why = STAILQ_LAST(&call->info, vpdn_info, link);
		const struct vpdn_tunnel *t = vpdn_registry_tunnel(r, tunnel);

		inet_ntop(AF_INET, &call->remote, ip, sizeof(ip));
		vpdn_log_info("LNS call %s%s%s%s%s tunnel=%u session=%u/%u peer=%s user=%s ip=%s", vpdn_lns_call_state_name(state),
			      *call->ifname ? " on " : "", call->ifname, why ? ": " : "", why ? why->text : "", tunnel, session,
			      call->peer_session_id, t ? inet_ntop(AF_INET, &t->peer, addr, sizeof(addr)) : "-",
			      *call->user ? call->user : "-", call->remote.s_addr ? ip : "-");
	}
	if (state == VPDN_CALL_CLOSED)
		call_free(r, call);
	return 0;
}

int vpdn_registry_on_sync_done(struct vpdn_conn *c, struct vpdn_ipc_msg *m)
{
	const struct vpdn_registry *r = vpdn_conn_daemon(c)->registry;

	(void)m;
	vpdn_log_info("xl2tpd has reported %u tunnels and %u LNS calls", r->n_tunnels, r->n_calls);
	return 0;
}
