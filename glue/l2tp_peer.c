/* SPDX-License-Identifier: GPL-2.0-or-later */
/* l2tp_peer.c - see l2tp_peer.h. */
#include "l2tp_peer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "line_avps.h"
#include "log.h"
#include "proxy.h"
#include "registry.h"
#include "stats.h"

struct vpdn_l2tp {
	struct vpdnd *d;
	struct vpdn_conn *conn;
	uint64_t since_ms;
};

struct vpdn_l2tp *vpdn_l2tp_new(struct vpdnd *d)
{
	struct vpdn_l2tp *l = calloc(1, sizeof(*l));

	if (l) {
		l->d = d;
		l->since_ms = vpdnd_now_ms();
	}
	return l;
}

void vpdn_l2tp_free(struct vpdn_l2tp *l)
{
	free(l);
}

bool vpdn_l2tp_connected(const struct vpdn_l2tp *l)
{
	return l->conn;
}

const char *vpdn_l2tp_peer_name(const struct vpdn_l2tp *l)
{
	return l->conn ? vpdn_conn_name(l->conn) : "";
}

uint64_t vpdn_l2tp_since_ms(const struct vpdn_l2tp *l)
{
	return l->since_ms;
}

int vpdn_l2tp_attach(struct vpdn_l2tp *l, struct vpdn_conn *c)
{
	if (l->conn)
		return -EBUSY;
	l->conn = c;
	l->since_ms = vpdnd_now_ms();
	vpdn_log_notice("xl2tpd is connected: %s", vpdn_conn_name(c));
	return 0;
}

void vpdn_l2tp_gone(struct vpdn_l2tp *l, struct vpdn_conn *c)
{
	if (l->conn != c)
		return;
	l->conn = NULL;
	l->since_ms = vpdnd_now_ms();
	if (!l->d->stopping)
		vpdn_log_warn("xl2tpd has gone; its sessions end, and none is forwarded or dialled until it is back");
	vpdn_registry_clear(l->d->registry);
	vpdn_calls_l2tp_gone(l->d->calls);
	vpdn_stats_l2tp_gone(l->d->stats);
}

/* What a group says about its tunnels; those to `peer`, or those it accepts (NULL). */
static void put_tunnel(struct vpdn_ipc_builder *b, const struct vpdn_group *g, const struct vpdn_peer *peer, uint32_t idle_s)
{
	bool auth = peer ? peer->tunnel_auth : g->tunnel_auth;

	vpdn_ipc_put_text(b, VPDN_TLV_GROUP, g->name);
	vpdn_ipc_put_text(b, VPDN_TLV_LOCAL_NAME, peer ? peer->local_name : g->local_name);
	vpdn_ipc_put_u8(b, VPDN_TLV_TUNNEL_AUTH, auth);
	if (auth)
		vpdn_ipc_put_text(b, VPDN_TLV_SECRET, peer ? peer->tunnel_password : g->tunnel_password);
	vpdn_ipc_put_u32(b, VPDN_TLV_IDLE_S, idle_s);
	vpdn_ipc_put_u32(b, VPDN_TLV_HELLO_S, g->hello_s);
	if (g->hidden)
		vpdn_ipc_put_u8(b, VPDN_TLV_HIDDEN, 1);
}

/* One accept block of a group. */
static int send_accept(struct vpdn_l2tp *l, const struct vpdn_group *g, uint8_t accepts)
{
	const struct vpdn_accept *a = accepts == VPDN_ACCEPTS_DIALIN ? &g->dialin : &g->dialout;
	struct vpdn_ipc_builder b;

	if (!(g->accepts & accepts))
		return 0;
	vpdn_ipc_begin(&b, VPDN_MSG_L2TP_GROUP, 0, 0);
	put_tunnel(&b, g, NULL, g->accepted_idle_s);
	vpdn_ipc_put_u8(&b, VPDN_TLV_ACCEPTS, accepts);
	for (size_t i = 0; i < a->terminate_from.n; i++)
		vpdn_ipc_put_text(&b, VPDN_TLV_TERMINATE_FROM, a->terminate_from.v[i]);
	for (size_t i = 0; i < a->n_sources; i++)
		vpdn_ipc_put_source(&b, a->sources[i].addr, a->sources[i].prefix_len);
	if (g->limit)
		vpdn_ipc_put_u32(&b, VPDN_TLV_MAX_SESSIONS, g->limit);
	if (accepts == VPDN_ACCEPTS_DIALIN) {
		vpdn_ipc_put_text(&b, VPDN_TLV_PPP_TEMPLATE, g->ppp_template);
		vpdn_ipc_put_u8(&b, VPDN_TLV_LCP_POLICY, g->lcp_policy);
		if (g->has_pool) {
			vpdn_ipc_put_ip4(&b, VPDN_TLV_POOL_LOCAL, g->pool_local);
			vpdn_ipc_put_ip4(&b, VPDN_TLV_POOL_FIRST, g->pool_first);
			vpdn_ipc_put_ip4(&b, VPDN_TLV_POOL_LAST, g->pool_last);
		}
	}
	return vpdn_conn_send(l->conn, &b);
}

static int send_empty(struct vpdn_l2tp *l, uint16_t type)
{
	struct vpdn_ipc_builder b;

	vpdn_ipc_begin(&b, type, 0, 0);
	return vpdn_conn_send(l->conn, &b);
}

int vpdn_l2tp_send_groups(struct vpdn_l2tp *l)
{
	const struct vpdn_group *g;
	int rc;

	if (!l->conn)
		return -ENOTCONN;
	rc = send_empty(l, VPDN_MSG_L2TP_CONFIG_BEGIN);
	TAILQ_FOREACH(g, &l->d->config->groups, link) {
		if (!rc)
			rc = send_accept(l, g, VPDN_ACCEPTS_DIALIN);
		if (!rc)
			rc = send_accept(l, g, VPDN_ACCEPTS_DIALOUT);
	}
	return rc ? rc : send_empty(l, VPDN_MSG_L2TP_CONFIG_END);
}

/* What a subscriber's plugin said about line and captured PPP, and the LNS is to be told. */
static bool travels_on(uint16_t tlv)
{
	return (tlv >= VPDN_TLV_ACCESS && tlv <= VPDN_TLV_NAS_PORT) || tlv == VPDN_TLV_USER ||
	       (tlv >= VPDN_TLV_PROXY_INITIAL_RCVD && tlv <= VPDN_TLV_AVP);
}

/*
 * AVP 30 without the domain. What MS-CHAPv2 has hashed is the name behind the last "\\" (RFC 2759 8.2),
 * so that no other part of it may be missing.
 */
static const uint8_t *stripped(const struct vpdn_call *call, const struct vpdn_ipc_msg *ask, const uint8_t *name, size_t *len)
{
	const struct vpdn_config *c = call->config;
	uint16_t auth_type = 0;
	size_t n = *len;
	const uint8_t *p;

	vpdn_ipc_get_u16(ask, VPDN_TLV_PROXY_AUTH_TYPE, &auth_type);
	p = vpdn_domain_strip(c, name, &n);
	if (!call->chosen->strip_domain || (auth_type == VPDN_PROXY_AUTH_MSCHAP_V2 && !(p > name && p[-1] == '\\')))
		return name;
	*len = n;
	return p;
}

static void put_subscriber(struct vpdn_ipc_builder *b, const struct vpdn_call *call, const struct vpdn_ipc_msg *ask)
{
	uint32_t withheld = call->chosen->withheld_avps;
	struct vpdn_ipc_iter it;
	const uint8_t *p;
	uint16_t tlv;
	size_t len;

	vpdn_ipc_iter_init(&it, ask);
	while (vpdn_ipc_next(&it, &tlv, &p, &len)) {
		if (tlv == VPDN_TLV_PROXY_AUTH_NAME)
			p = stripped(call, ask, p, &len);
		if (travels_on(tlv) && !(tlv == VPDN_TLV_CALLED_NUMBER && *call->number) && !vpdn_line_avps_has(withheld, tlv, p, len))
			vpdn_ipc_put_raw(b, tlv, p, len);
	}
	if (*call->number && !vpdn_line_avps_has(withheld, VPDN_TLV_CALLED_NUMBER, NULL, 0))
		vpdn_ipc_put_text(b, VPDN_TLV_CALLED_NUMBER, call->number);
	/* a call that another LAC has forwarded to us keeps the port that it came with */
	if (!vpdn_ipc_has(ask, VPDN_TLV_NAS_PORT) && vpdn_ipc_get_bytes(ask, VPDN_TLV_ACCESS_INTERFACE, &p, &len) &&
	    !vpdn_line_avps_has(withheld, VPDN_TLV_NAS_PORT, p, len))
		vpdn_ipc_put_raw(b, VPDN_TLV_NAS_PORT, p, len);
}

static void put_u32(struct vpdn_ipc_builder *b, uint16_t tlv, const struct vpdn_ipc_msg *ask, uint32_t otherwise)
{
	vpdn_ipc_get_u32(ask, tlv, &otherwise);
	vpdn_ipc_put_u32(b, tlv, otherwise);
}

/* What is to be dialled; who asked may have said otherwise than the group does. */
static void put_dial(struct vpdn_ipc_builder *b, const struct vpdn_call *call, const struct vpdn_ipc_msg *ask)
{
	const struct vpdn_group *g = call->chosen;
	const uint8_t *p;
	size_t len;

	vpdn_ipc_put_text(b, VPDN_TLV_CALLED_NUMBER, call->number);
	if (vpdn_ipc_get_bytes(ask, VPDN_TLV_SUB_ADDRESS, &p, &len))
		vpdn_ipc_put_raw(b, VPDN_TLV_SUB_ADDRESS, p, len);
	else if (g->sub_address)
		vpdn_ipc_put_text(b, VPDN_TLV_SUB_ADDRESS, g->sub_address);
	put_u32(b, VPDN_TLV_MIN_BPS, ask, g->min_bps);
	put_u32(b, VPDN_TLV_MAX_BPS, ask, g->max_bps);
	put_u32(b, VPDN_TLV_BEARER_TYPE, ask, g->bearer);
	put_u32(b, VPDN_TLV_FRAMING_TYPE, ask, g->framing);
}

/* Which tunnels a call may use; what is not said is not limited. */
static void put_limits(struct vpdn_ipc_builder *b, const struct vpdn_group *g, const struct vpdn_peer *peer)
{
	if (peer->tunnel_limit)
		vpdn_ipc_put_u32(b, VPDN_TLV_TUNNEL_LIMIT, peer->tunnel_limit);
	if (g->tunnel_limit)
		vpdn_ipc_put_u32(b, VPDN_TLV_GROUP_TUNNEL_LIMIT, g->tunnel_limit);
	if (g->tunnel_sessions)
		vpdn_ipc_put_u32(b, VPDN_TLV_TUNNEL_SESSIONS, g->tunnel_sessions);
	if (g->tunnel_own)
		vpdn_ipc_put_u8(b, VPDN_TLV_TUNNEL_OWN, 1);
	if (peer->assignment)
		vpdn_ipc_put_text(b, VPDN_TLV_TUNNEL_ASSIGNMENT, peer->assignment);
	if (peer->remote_name)
		vpdn_ipc_put_text(b, VPDN_TLV_REMOTE_NAME, peer->remote_name);
}

int vpdn_l2tp_place(struct vpdn_l2tp *l, const struct vpdn_call *call, const struct vpdn_peer *peer, uint32_t timeout_ms,
		    const struct vpdn_ipc_msg *ask)
{
	const struct vpdn_group *g = call->chosen;
	bool dialin = call->kind == VPDN_DIALIN_LAC;
	struct vpdn_ipc_builder b;

	if (!l->conn)
		return -ENOTCONN;
	vpdn_ipc_begin(&b, dialin ? VPDN_MSG_L2TP_CALL_PLACE : VPDN_MSG_L2TP_DIAL_PLACE, 0, 0);
	vpdn_ipc_put_u32(&b, VPDN_TLV_CALL_REF, call->ref);
	put_tunnel(&b, g, peer, g->opened_idle_s);
	vpdn_ipc_put_ip4(&b, VPDN_TLV_PEER_IP, peer->addr);
	if (peer->port != VPDN_L2TP_PORT)
		vpdn_ipc_put_u16(&b, VPDN_TLV_PEER_PORT, peer->port);
	if (peer->source_ip.s_addr != INADDR_ANY)
		vpdn_ipc_put_ip4(&b, VPDN_TLV_SOURCE_IP, peer->source_ip);
	vpdn_ipc_put_u32(&b, VPDN_TLV_TIMEOUT_MS, timeout_ms);
	put_limits(&b, g, peer);
	if (dialin)
		put_subscriber(&b, call, ask);
	else
		put_dial(&b, call, ask);
	return vpdn_conn_send(l->conn, &b);
}

int vpdn_l2tp_dial_accept(struct vpdn_l2tp *l, uint32_t ref)
{
	struct vpdn_ipc_builder b;

	if (!l->conn)
		return -ENOTCONN;
	vpdn_ipc_begin(&b, VPDN_MSG_L2TP_DIAL_ACCEPT, 0, 0);
	vpdn_ipc_put_u32(&b, VPDN_TLV_CALL_REF, ref);
	return vpdn_conn_send(l->conn, &b);
}

int vpdn_l2tp_connect(struct vpdn_l2tp *l, const struct vpdn_call *call)
{
	struct vpdn_ipc_builder b;

	if (!l->conn)
		return -ENOTCONN;
	vpdn_ipc_begin(&b, VPDN_MSG_L2TP_CALL_CONNECT, 0, 0);
	vpdn_ipc_put_u32(&b, VPDN_TLV_CALL_REF, call->ref);
	if (call->kind == VPDN_DIALOUT_LAC) {
		vpdn_ipc_put_u32(&b, VPDN_TLV_TX_SPEED, call->tx_speed);
		if (call->rx_speed)
			vpdn_ipc_put_u32(&b, VPDN_TLV_RX_SPEED, call->rx_speed);
		vpdn_ipc_put_u32(&b, VPDN_TLV_FRAMING_TYPE, call->framing);
	}
	return vpdn_conn_send(l->conn, &b);
}

int vpdn_l2tp_link_info(struct vpdn_l2tp *l, const struct vpdn_call *call)
{
	struct vpdn_ipc_builder b;

	if (!l->conn)
		return -ENOTCONN;
	vpdn_ipc_begin(&b, VPDN_MSG_L2TP_LINK_INFO, 0, 0);
	vpdn_ipc_put_u32(&b, VPDN_TLV_CALL_REF, call->ref);
	vpdn_ipc_put_u32(&b, VPDN_TLV_SEND_ACCM, call->send_accm);
	vpdn_ipc_put_u32(&b, VPDN_TLV_RECV_ACCM, call->recv_accm);
	return vpdn_conn_send(l->conn, &b);
}

int vpdn_l2tp_wan_errors(struct vpdn_l2tp *l, const struct vpdn_call *call)
{
	uint8_t octets[4 * VPDN_WAN_COUNTERS];
	struct vpdn_ipc_builder b;
	struct vpdn_writer w;

	if (!l->conn)
		return -ENOTCONN;
	vpdn_writer_init(&w, octets, sizeof(octets));
	for (size_t i = 0; i < VPDN_WAN_COUNTERS; i++)
		vpdn_writer_u32(&w, call->wan[i]);
	vpdn_ipc_begin(&b, VPDN_MSG_L2TP_WAN_ERRORS, 0, 0);
	vpdn_ipc_put_u32(&b, VPDN_TLV_CALL_REF, call->ref);
	vpdn_ipc_put_bytes(&b, VPDN_TLV_CALL_ERRORS, octets, w.len);
	return vpdn_conn_send(l->conn, &b);
}

int vpdn_l2tp_clear(struct vpdn_l2tp *l, uint32_t ref, const struct vpdn_cause *cause)
{
	struct vpdn_ipc_builder b;

	if (!l->conn)
		return -ENOTCONN;
	vpdn_ipc_begin(&b, VPDN_MSG_L2TP_CALL_CLEAR, 0, 0);
	vpdn_ipc_put_u32(&b, VPDN_TLV_CALL_REF, ref);
	vpdn_ipc_put_u16(&b, VPDN_TLV_RESULT, cause->result);
	if (cause->error)
		vpdn_ipc_put_u16(&b, VPDN_TLV_ERROR_CODE, cause->error);
	if (cause->q931)
		vpdn_ipc_put_u16(&b, VPDN_TLV_Q931_CAUSE, cause->q931);
	vpdn_ipc_put_textf(&b, VPDN_TLV_TEXT, "%s", cause->text);
	return vpdn_conn_send(l->conn, &b);
}

int vpdn_l2tp_stats_ask(struct vpdn_l2tp *l, uint32_t seq, uint16_t tunnel_id, uint16_t session_id)
{
	struct vpdn_ipc_builder b;

	if (!l->conn)
		return -ENOTCONN;
	vpdn_ipc_begin(&b, VPDN_MSG_L2TP_STATS_ASK, 0, seq);
	vpdn_ipc_put_u16(&b, VPDN_TLV_TUNNEL_ID, tunnel_id);
	if (session_id)
		vpdn_ipc_put_u16(&b, VPDN_TLV_SESSION_ID, session_id);
	return vpdn_conn_send(l->conn, &b);
}

int vpdn_l2tp_tunnel_clear(struct vpdn_l2tp *l, uint16_t tunnel_id, const char *text)
{
	struct vpdn_ipc_builder b;

	if (!l->conn)
		return -ENOTCONN;
	vpdn_ipc_begin(&b, VPDN_MSG_L2TP_TUNNEL_CLEAR, 0, 0);
	vpdn_ipc_put_u16(&b, VPDN_TLV_TUNNEL_ID, tunnel_id);
	vpdn_ipc_put_textf(&b, VPDN_TLV_TEXT, "%s", text);
	return vpdn_conn_send(l->conn, &b);
}

int vpdn_l2tp_session_clear(struct vpdn_l2tp *l, uint16_t tunnel_id, uint16_t session_id, const char *text)
{
	struct vpdn_ipc_builder b;

	if (!l->conn)
		return -ENOTCONN;
	vpdn_ipc_begin(&b, VPDN_MSG_L2TP_SESSION_CLEAR, 0, 0);
	vpdn_ipc_put_u16(&b, VPDN_TLV_TUNNEL_ID, tunnel_id);
	vpdn_ipc_put_u16(&b, VPDN_TLV_SESSION_ID, session_id);
	vpdn_ipc_put_textf(&b, VPDN_TLV_TEXT, "%s", text);
	return vpdn_conn_send(l->conn, &b);
}
