/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * call_event.c - what moves a call on, whatever its kind: time, its own fds, the going of
 * its pppd, and what xl2tpd says. See call_impl.h.
 */
#include "call_impl.h"

#include <arpa/inet.h>
#include <errno.h>

#include "call_text.h"
#include "log.h"
#include "result_code.h"

void vpdn_call_on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct vpdn_call *call = arg;
	struct vpdn_counters *n = &call->d->counters;

	(void)fd, (void)what;
	switch (call->state) {
	case VPDN_ST_PLACING:
	case VPDN_ST_PLACING_AGAIN:
	case VPDN_ST_CHANNEL_HELD:
		vpdn_call_set_cause(call, VPDN_CDN_TIMEOUT, 0, &n->rejected_no_peer, "no answer from xl2tpd about the call in time");
		call->cause.failure = VPDN_DIAL_TIMEOUT;
		break;
	case VPDN_ST_CHANNEL_AWAITED:
		vpdn_call_set_cause(call, VPDN_CDN_ERROR, VPDN_ERROR_VENDOR, &n->lost_handover, "pppd did not hand the channel over in time");
		break;
	case VPDN_ST_BRIDGING:
		vpdn_call_set_cause(call, VPDN_CDN_ERROR, VPDN_ERROR_VENDOR, &n->lost_bridge, "the kernel did not join the channels in time");
		break;
	case VPDN_ST_DIALLING:
		vpdn_call_set_cause(call, VPDN_CDN_TIMEOUT, 0, &n->dial_bearer_failed, "the call was not up in time");
		call->cause.failure = VPDN_DIAL_TIMEOUT;
		call->cause.q931 = call->kind == VPDN_DIALOUT_LAC ? VPDN_Q931_TIMER : 0;
		break;
	case VPDN_ST_CLEARING:
	case VPDN_ST_HANGING_UP:
	case VPDN_ST_ENDING:
		n->clear_unanswered++;
		vpdn_call_say(call, LOG_WARNING, "%s has not confirmed that the call is over; forgotten",
			      call->bearer ? "vpdn-dialer" : "xl2tpd");
		break;
	default:
		break;
	}
	vpdn_call_step(call, VPDN_EV_TIMER);
}

/* ---- what comes of fds ---- */

static void subscriber_gone(struct vpdn_call *call, const char *how)
{
	struct vpdn_counters *n = &call->d->counters;

	vpdn_call_set_cause(call, VPDN_CDN_LOST_CARRIER, 0, call->connected_ms ? &n->ended_subscriber : &n->gone_pending,
			    "loss of carrier: %s", how);
	vpdn_call_step(call, VPDN_EV_SUBSCRIBER_GONE);
}

/* pppoe-server's end of the call's connection: it closes it, or asks for a good end. */
static void on_call_fd(evutil_socket_t fd, short what, void *arg)
{
	static struct vpdn_ipc_msg m;
	struct vpdn_call *call = arg;
	char text[VPDN_REASON_MAX];
	int rc = vpdn_ipc_recv(fd, &m);

	(void)what;
	vpdn_ipc_msg_close(&m);
	if (rc == -EAGAIN)
		return;
	if (rc == 1 && m.type == VPDN_MSG_CALL_CLOSE) {
		vpdn_call_plain_text(&m, VPDN_TLV_TEXT, text, sizeof(text));
		vpdn_call_set_cause(call, VPDN_CDN_ADMINISTRATIVE, 0,
				    call->connected_ms ? &call->d->counters.ended_subscriber : &call->d->counters.gone_pending,
				    "access server: %s", text);
		vpdn_call_step(call, VPDN_EV_SUBSCRIBER_GONE);
		return;
	}
	subscriber_gone(call, "the access server ended the session");
}

static void on_access(evutil_socket_t fd, short what, void *arg)
{
	struct vpdn_call *call = arg;

	(void)what;
	if (vpdn_bridge_drain(&call->bridge, fd))
		return;
	if (call->kind != VPDN_DIALOUT_LAC) {
		subscriber_gone(call, "the subscriber's channel hung up");
		return;
	}
	vpdn_call_set_cause(call, VPDN_CDN_LOST_CARRIER, 0, &call->d->counters.dial_lac_ended, "loss of carrier: the line hung up");
	call->cause.q931 = VPDN_Q931_NORMAL;
	vpdn_call_step(call, VPDN_EV_ACCESS_HUP);
}

static void on_l2tp(evutil_socket_t fd, short what, void *arg)
{
	struct vpdn_call *call = arg;

	(void)what;
	if (vpdn_bridge_drain(&call->bridge, fd))
		return;
	vpdn_call_set_cause(call, VPDN_CDN_LOST_CARRIER, 0, &call->d->counters.ended_l2tp, "the L2TP session has gone from the kernel");
	vpdn_call_step(call, VPDN_EV_L2TP_HUP);
}

static bool watch(struct vpdn_call *call, struct event **ev, int fd, event_callback_fn callback)
{
	*ev = event_new(call->d->base, fd, EV_READ | EV_PERSIST, callback, call);
	return *ev && !event_add(*ev, NULL);
}

bool vpdn_call_watch_access(struct vpdn_call *call)
{
	return call->call_fd < 0 || call->on_call_fd || watch(call, &call->on_call_fd, call->call_fd, on_call_fd);
}

bool vpdn_call_watch(struct vpdn_call *call)
{
	return watch(call, &call->on_access, call->bridge.access_chan, on_access) &&
	       watch(call, &call->on_l2tp, call->bridge.l2tp_chan, on_l2tp);
}

void vpdn_call_plugin_gone(struct vpdn_call *call)
{
	struct vpdn_counters *n = &call->d->counters;

	/* The connection is being freed by its owner. */
	call->plugin = NULL;
	if (call->kind == VPDN_DIALOUT_LNS) {
		vpdn_call_set_cause(call, VPDN_CDN_ADMINISTRATIVE, 0, call->connected_ms ? &n->dial_ended : &n->dial_cancelled,
				    call->connected_ms ? "pppd has ended the call" : "pppd has given up the call");
		call->cause.failure = VPDN_DIAL_CLEARED;
	} else {
		vpdn_call_set_cause(call, VPDN_CDN_LOST_CARRIER, 0, call->connected_ms ? &n->ended_subscriber : &n->gone_pending,
				    "loss of carrier: the subscriber's pppd has gone");
	}
	vpdn_call_step(call, VPDN_EV_PLUGIN_GONE);
}

/* ---- what xl2tpd says ---- */

void vpdn_call_take_ids(struct vpdn_call *call, const struct vpdn_ipc_msg *m)
{
	vpdn_ipc_get_u16(m, VPDN_TLV_TUNNEL_ID, &call->tunnel_id);
	vpdn_ipc_get_u16(m, VPDN_TLV_PEER_TUNNEL_ID, &call->peer_tunnel_id);
	vpdn_ipc_get_u16(m, VPDN_TLV_SESSION_ID, &call->session_id);
	vpdn_ipc_get_u16(m, VPDN_TLV_PEER_SESSION_ID, &call->peer_session_id);
	call->has_serial = vpdn_ipc_get_u32(m, VPDN_TLV_CALL_SERIAL, &call->serial);
}

bool vpdn_call_asking(const struct vpdn_call *call)
{
	return call->state == VPDN_ST_PLACING || call->state == VPDN_ST_PLACING_AGAIN || call->state == VPDN_ST_CHANNEL_HELD;
}

/* While a peer is asked, or its word is not final yet: does this end allow another one to be tried? */
static bool retryable(const struct vpdn_call *call, uint8_t stage, uint8_t by, const struct vpdn_cause *why)
{
	if (stage == VPDN_STAGE_TUNNEL)
		return true;
	if (call->kind == VPDN_DIALIN_LAC)
		return by == VPDN_BY_TIMEOUT || vpdn_cdn_result_retryable(why->result, why->error);
	return (by == VPDN_BY_TIMEOUT && call->state == VPDN_ST_PLACING) || vpdn_dial_retryable(why->result, why->error);
}

static void peer_dead(struct vpdn_call *call)
{
	uint32_t dead_s = call->config->dead_s;

	vpdn_peer_dead(call->of_peer, dead_s ? vpdnd_now_ms() + (uint64_t)dead_s * 1000 : 0);
	if (!dead_s)
		return;
	vpdn_call_say(call, LOG_NOTICE, "this peer is left out for %u s, if there is another", dead_s);
}

/* Why the call is over, as xl2tpd says it; `asking`: it never was, and the peer that was asked is named. */
static void cleared_cause(struct vpdn_call *call, const struct vpdn_ipc_msg *m, const struct vpdn_cause *why, bool asking, bool retry)
{
	struct vpdn_counters *n = &call->d->counters;
	char text[VPDN_REASON_MAX], addr[INET_ADDRSTRLEN];
	uint8_t stage = 0;
	uint32_t err = 0;

	inet_ntop(AF_INET, &call->peer, addr, sizeof(addr));
	switch (call->kind) {
	case VPDN_DIALIN_LAC:
		vpdn_call_cleared_text(m, text, sizeof(text));
		vpdn_ipc_get_u32(m, VPDN_TLV_ERRNO, &err);
		vpdn_call_set_cause(call, 0, 0, call->connected_ms ? &n->ended_peer : err == EUSERS || err == EDQUOT ? &n->rejected_limit :
				    retry ? &n->rejected_no_peer : &n->rejected_by_peer,
				    "%s%s%s%s", asking ? "LNS " : "", asking ? addr : "", asking ? ": " : "", text);
		break;
	case VPDN_DIALOUT_LAC:
		vpdn_call_cleared_text(m, text, sizeof(text));
		vpdn_call_set_cause(call, 0, 0, call->connected_ms ? &n->dial_lac_ended : &n->dial_lac_cancelled, "%s", text);
		break;
	default:
		vpdn_ipc_get_u8(m, VPDN_TLV_STAGE, &stage);
		vpdn_call_reason_text(m, text, sizeof(text));
		/* A tunnel's result is another thing than a call's. */
		vpdn_call_set_cause(call, stage == VPDN_STAGE_TUNNEL ? 0 : why->result, stage == VPDN_STAGE_TUNNEL ? 0 : why->error,
				    &n->dial_ended, "LAC %s: %s", addr, text);
		call->cause.q931 = why->q931;
		call->cause.failure = vpdn_dial_failure(call->connected_ms ? VPDN_STAGE_CONNECTED : stage, why->result, why->error,
							why->q931);
	}
}

int vpdn_call_on_cleared(struct vpdn_conn *c, struct vpdn_ipc_msg *m)
{
	struct vpdn_cause why = { 0 };
	char text[VPDN_REASON_MAX];
	uint8_t stage = 0, by = 0;
	struct vpdn_call *call = vpdn_call_by_ref(c, m);
	bool asking, retry;

	if (!call)
		return 0;
	vpdn_ipc_get_u8(m, VPDN_TLV_STAGE, &stage);
	vpdn_ipc_get_u8(m, VPDN_TLV_BY, &by);
	vpdn_ipc_get_u16(m, VPDN_TLV_RESULT, &why.result);
	vpdn_ipc_get_u16(m, VPDN_TLV_ERROR_CODE, &why.error);
	vpdn_ipc_get_u16(m, VPDN_TLV_Q931_CAUSE, &why.q931);
	vpdn_call_ref_drop(call);
	asking = vpdn_call_asking(call) || call->state == VPDN_ST_CHANNEL_AWAITED ||
		 (call->kind == VPDN_DIALIN_LAC && call->state == VPDN_ST_BRIDGING) ||
		 (call->kind == VPDN_DIALOUT_LNS && call->state == VPDN_ST_DIALLING);
	retry = asking && retryable(call, stage, by, &why);
	if (call->state < VPDN_ST_CLEARING)
		cleared_cause(call, m, &why, asking, retry);
	if (!asking)
		return vpdn_call_step(call, VPDN_EV_CLEARED);
	vpdn_call_say(call, LOG_NOTICE, "no call: %s", vpdn_call_cleared_text(m, text, sizeof(text)));
	vpdn_trace_add(&call->trace, "%s", call->cause.text);
	/* What this host could not, or may not, do says nothing of the peer. */
	if (!vpdn_ipc_has(m, VPDN_TLV_ERRNO)) {
		call->of_peer->failed++;
		if (stage == VPDN_STAGE_TUNNEL || (by == VPDN_BY_TIMEOUT && vpdn_call_asking(call)))
			peer_dead(call);
		else if (by == VPDN_BY_PEER)
			vpdn_peer_alive(call->of_peer);
	}
	return vpdn_call_step(call, retry ? VPDN_EV_RETRY : VPDN_EV_CLEARED);
}

/* SLI: how to escape on a bearer that is a tty (RFC 2661 section 6.14). */
int vpdn_call_on_link_info(struct vpdn_conn *c, struct vpdn_ipc_msg *m)
{
	struct vpdn_call *call = vpdn_call_by_ref(c, m);

	if (!call || call->kind == VPDN_DIALOUT_LNS)
		return 0;
	vpdn_ipc_get_u32(m, VPDN_TLV_SEND_ACCM, &call->send_accm);
	vpdn_ipc_get_u32(m, VPDN_TLV_RECV_ACCM, &call->recv_accm);
	call->has_accm = call->accm_due = true;
	vpdn_call_apply_accm(call);
	return 0;
}

/* WEN of the LAC, about a call that it dials or forwards (section 6.13). */
int vpdn_call_on_wan_errors(struct vpdn_conn *c, struct vpdn_ipc_msg *m)
{
	struct vpdn_call *call = vpdn_call_by_ref(c, m);

	return call && !vpdn_call_take_wan(call, m) ? -EBADMSG : 0;
}

bool vpdn_call_take_wan(struct vpdn_call *call, const struct vpdn_ipc_msg *m)
{
	struct vpdn_reader r;
	const uint8_t *p = NULL;
	size_t len = 0;

	vpdn_ipc_get_bytes(m, VPDN_TLV_CALL_ERRORS, &p, &len);
	if (len != 4 * VPDN_WAN_COUNTERS)
		return false;
	vpdn_reader_init(&r, p, len);
	for (size_t i = 0; i < VPDN_WAN_COUNTERS; i++)
		vpdn_reader_u32(&r, &call->wan[i]);
	call->has_wan = true;
	return true;
}
