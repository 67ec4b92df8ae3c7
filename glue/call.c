/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * call.c - see call.h: the messages and fd events that move a forwarded session on,
 * and the set of all. What is then done is in call_step.c.
 */
#include "call_impl.h"

#include <arpa/inet.h>
#include <bsd/string.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "call_text.h"
#include "l2tp_peer.h"
#include "log.h"
#include "result_code.h"

#define HOLD_MARGIN_MS	2000	/* vpdnd answers so much before the plugin gives up */

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct vpdn_call *call = arg;
	struct vpdn_counters *n = &call->d->counters;

	(void)fd, (void)what;
	if (call->state == VPDN_FWD_CHANNEL_AWAITED) {
		vpdn_call_set_cause(call, VPDN_CDN_ERROR, VPDN_ERROR_VENDOR, &n->lost_handover, "pppd did not hand the channel over in time");
	} else if (call->state == VPDN_FWD_CLEARING) {
		n->clear_unanswered++;
		vpdn_call_say(call, LOG_WARNING, "xl2tpd has not confirmed that the call is cleared; forgotten");
	}
	vpdn_call_step(call, VPDN_EV_TIMER);
}

static void subscriber_gone(struct vpdn_call *call, const char *how)
{
	vpdn_call_set_cause(call, VPDN_CDN_LOST_CARRIER, 0, &call->d->counters.ended_subscriber, "loss of carrier: %s", how);
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
		vpdn_call_set_cause(call, VPDN_CDN_ADMINISTRATIVE, 0, &call->d->counters.ended_subscriber, "access server: %s", text);
		vpdn_call_step(call, VPDN_EV_SUBSCRIBER_GONE);
		return;
	}
	subscriber_gone(call, "the access server ended the session");
}

static void on_access(evutil_socket_t fd, short what, void *arg)
{
	struct vpdn_call *call = arg;

	(void)what;
	if (!vpdn_bridge_drain(&call->bridge, fd))
		subscriber_gone(call, "the subscriber's channel hung up");
}

static void on_l2tp(evutil_socket_t fd, short what, void *arg)
{
	struct vpdn_call *call = arg;

	(void)what;
	if (!vpdn_bridge_drain(&call->bridge, fd))
		vpdn_call_step(call, VPDN_EV_L2TP_HUP);
}

static bool watch(struct vpdn_call *call, struct event **ev, int fd, event_callback_fn callback)
{
	*ev = event_new(call->d->base, fd, EV_READ | EV_PERSIST, callback, call);
	return *ev && !event_add(*ev, NULL);
}

bool vpdn_call_watch(struct vpdn_call *call)
{
	return (call->call_fd < 0 || watch(call, &call->on_call_fd, call->call_fd, on_call_fd)) &&
	       watch(call, &call->on_access, call->bridge.access_chan, on_access) &&
	       watch(call, &call->on_l2tp, call->bridge.l2tp_chan, on_l2tp);
}

void vpdn_call_plugin_gone(struct vpdn_call *call)
{
	struct vpdn_counters *n = &call->d->counters;

	/* The connection is being freed by its owner. */
	call->plugin = NULL;
	vpdn_call_set_cause(call, VPDN_CDN_LOST_CARRIER, 0, call->connected_ms ? &n->ended_subscriber : &n->gone_pending,
		  "loss of carrier: the subscriber's pppd has gone");
	vpdn_call_step(call, VPDN_EV_PLUGIN_GONE);
}

static struct vpdn_call *call_new(struct vpdnd *d, struct vpdn_conn *c, const struct vpdn_ipc_msg *m)
{
	struct vpdn_call *call = calloc(1, sizeof(*call));
	uint32_t pid = 0, hold_ms = 0;

	if (!call)
		return NULL;
	call->d = d;
	call->state = VPDN_FWD_ASKED;
	call->call_fd = -1;
	vpdn_bridge_init(&call->bridge);
	call->ask = malloc(m->len);
	call->timer = evtimer_new(d->base, on_timer, call);
	if (!call->ask || !call->timer) {
		free(call->ask);
		if (call->timer)
			event_free(call->timer);
		free(call);
		return NULL;
	}
	memcpy(call->ask, m->buf, m->len);
	call->ask_len = m->len;
	vpdn_ipc_get_u32(m, VPDN_TLV_PID, &pid);
	vpdn_ipc_get_u32(m, VPDN_TLV_HOLD_MS, &hold_ms);
	call->pid = (pid_t)pid;
	call->asked_ms = vpdnd_now_ms();
	call->deadline_ms = call->asked_ms + (hold_ms > 2 * HOLD_MARGIN_MS ? hold_ms - HOLD_MARGIN_MS : hold_ms / 2);
	vpdn_call_peer_text(m, VPDN_TLV_USER, call->user, sizeof(call->user));
	vpdn_call_access_text(m, call->access, sizeof(call->access));
	call->id = vpdnd_new_id(d);
	RB_INSERT(vpdn_calls_by_id, &d->calls->by_id, call);
	d->calls->n++;
	call->plugin = c;
	vpdn_conn_set_call(c, call);
	return call;
}

int vpdn_call_on_ask(struct vpdn_conn *c, struct vpdn_ipc_msg *m)
{
	struct vpdnd *d = vpdn_conn_daemon(c);
	struct vpdn_call *call;

	if (vpdn_conn_call(c))
		return -EALREADY;
	call = call_new(d, c, m);
	if (!call)
		return -ENOMEM;
	d->counters.asked++;
	vpdn_group_select(d->config, m, &call->choice);
	if (!call->choice.group)
		return vpdn_call_step(call, VPDN_EV_LOCAL);
	if (d->stopping) {
		vpdn_call_set_cause(call, 0, 0, &d->counters.rejected_admin, "vpdnd is stopping");
		return vpdn_call_step(call, VPDN_EV_REJECT);
	}
	call->config = vpdn_config_get(d->config);
	strlcpy(call->group, call->choice.group->name, sizeof(call->group));
	return vpdn_call_step(call, VPDN_EV_FORWARD);
}

int vpdn_call_on_channel(struct vpdn_conn *c, struct vpdn_ipc_msg *m)
{
	struct vpdn_call *call = vpdn_conn_call(c);
	uint8_t parked = 0;

	if (!call || !vpdn_fwd_row(call->state, VPDN_EV_CHANNEL))
		return -EPROTO;
	vpdn_ipc_get_u8(m, VPDN_TLV_PARKED, &parked);
	if (parked != (m->nfds == 1))
		return -EBADMSG;
	call->parked = parked;
	call->bridge.access_fd = vpdn_ipc_take_fd(m, 0);
	call->call_fd = vpdn_ipc_take_fd(m, 1);
	/* A pppd that leaves has no further part in the session; its connection may close when it likes. */
	if (!parked)
		vpdn_call_drop_plugin(call);
	return vpdn_call_step(call, VPDN_EV_CHANNEL);
}

static struct vpdn_call *by_ref(struct vpdn_calls *cs, const struct vpdn_ipc_msg *m, uint32_t *ref)
{
	struct vpdn_call want = { 0 };

	vpdn_ipc_get_u32(m, VPDN_TLV_CALL_REF, &want.ref);
	*ref = want.ref;
	return RB_FIND(vpdn_calls_by_ref, &cs->by_ref, &want);
}

int vpdn_call_on_ready(struct vpdn_conn *c, struct vpdn_ipc_msg *m)
{
	static const struct vpdn_cause late = { .result = VPDN_CDN_TIMEOUT, .text = "the call is not wanted any more" };
	struct vpdnd *d = vpdn_conn_daemon(c);
	struct vpdn_call *call;
	uint32_t ref;

	call = by_ref(d->calls, m, &ref);
	if (!call) {
		vpdn_l2tp_clear(d->l2tp, ref, &late);
		return 0;
	}
	if (call->state == VPDN_FWD_PLACING) {
		vpdn_ipc_get_u16(m, VPDN_TLV_TUNNEL_ID, &call->tunnel_id);
		vpdn_ipc_get_u16(m, VPDN_TLV_PEER_TUNNEL_ID, &call->peer_tunnel_id);
		vpdn_ipc_get_u16(m, VPDN_TLV_SESSION_ID, &call->session_id);
		vpdn_ipc_get_u16(m, VPDN_TLV_PEER_SESSION_ID, &call->peer_session_id);
		call->bridge.l2tp_fd = vpdn_ipc_take_fd(m, 0);
	}
	return vpdn_call_step(call, VPDN_EV_READY);
}

/* While placing: does this end allow another LNS to be tried? */
static bool retryable(const struct vpdn_ipc_msg *m, uint8_t stage)
{
	uint16_t result = 0, error = 0;
	uint8_t by = 0;

	vpdn_ipc_get_u8(m, VPDN_TLV_BY, &by);
	vpdn_ipc_get_u16(m, VPDN_TLV_RESULT, &result);
	vpdn_ipc_get_u16(m, VPDN_TLV_ERROR_CODE, &error);
	return stage == VPDN_STAGE_TUNNEL || by == VPDN_BY_TIMEOUT || vpdn_cdn_result_retryable(result, error);
}

static void lns_dead(struct vpdn_call *call)
{
	uint32_t dead_s = call->config->dead_s;

	call->lns->failed++;
	if (!dead_s)
		return;
	call->lns->dead_until_ms = vpdnd_now_ms() + (uint64_t)dead_s * 1000;
	vpdn_call_say(call, LOG_NOTICE, "this LNS is left out for %u s, if there is another", dead_s);
}

int vpdn_call_on_cleared(struct vpdn_conn *c, struct vpdn_ipc_msg *m)
{
	struct vpdnd *d = vpdn_conn_daemon(c);
	struct vpdn_counters *n = &d->counters;
	char text[VPDN_REASON_MAX], addr[INET_ADDRSTRLEN];
	struct vpdn_call *call;
	uint8_t stage = 0;
	uint32_t ref;
	bool retry;

	call = by_ref(d->calls, m, &ref);
	if (!call)
		return 0;
	vpdn_ipc_get_u8(m, VPDN_TLV_STAGE, &stage);
	vpdn_call_cleared_text(m, text, sizeof(text));
	if (call->state != VPDN_FWD_PLACING) {
		if (call->state != VPDN_FWD_CLEARING)
			vpdn_call_set_cause(call, 0, 0, call->connected_ms ? &n->ended_lns : &n->rejected_by_lns, "%s", text);
		return vpdn_call_step(call, VPDN_EV_CLEARED);
	}
	retry = retryable(m, stage);
	vpdn_call_set_cause(call, 0, 0, retry ? &n->rejected_no_lns : &n->rejected_by_lns, "LNS %s: %s",
			    inet_ntop(AF_INET, &call->lns->addr, addr, sizeof(addr)), text);
	vpdn_call_say(call, LOG_NOTICE, "no call: %s", text);
	if (stage == VPDN_STAGE_TUNNEL)
		lns_dead(call);
	else
		call->lns->failed++;
	return vpdn_call_step(call, retry ? VPDN_EV_RETRY : VPDN_EV_CLEARED);
}

/* ---- the set ---- */

struct vpdn_calls *vpdn_calls_new(struct vpdnd *d)
{
	struct vpdn_calls *cs = calloc(1, sizeof(*cs));

	if (!cs)
		return NULL;
	cs->d = d;
	RB_INIT(&cs->by_id);
	RB_INIT(&cs->by_ref);
	return cs;
}

void vpdn_calls_free(struct vpdn_calls *cs)
{
	struct vpdn_call *call;

	if (!cs)
		return;
	while ((call = RB_MIN(vpdn_calls_by_id, &cs->by_id)))
		vpdn_call_free(call);
	free(cs);
}

size_t vpdn_calls_count(const struct vpdn_calls *cs)
{
	return cs->n;
}

/* RB_NEXT and RB_FIND only read, but neither their trees nor what they return is const. */
const struct vpdn_call *vpdn_calls_next(const struct vpdn_calls *cs, const struct vpdn_call *after)
{
	return after ? RB_NEXT(vpdn_calls_by_id, NULL, (struct vpdn_call *)after) : RB_MIN(vpdn_calls_by_id, (struct vpdn_calls_by_id *)&cs->by_id);
}

const struct vpdn_call *vpdn_calls_find(const struct vpdn_calls *cs, uint32_t id)
{
	struct vpdn_call want = { .id = id };

	return RB_FIND(vpdn_calls_by_id, (struct vpdn_calls_by_id *)&cs->by_id, &want);
}

static void clear(struct vpdn_call *call, const char *text)
{
	struct vpdn_counters *n = &call->d->counters;

	if (call->state != VPDN_FWD_CLEARING)
		vpdn_call_set_cause(call, VPDN_CDN_ADMINISTRATIVE, 0, call->connected_ms ? &n->ended_admin : &n->rejected_admin, "%s", text);
	vpdn_call_step(call, VPDN_EV_ADMIN);
}

int vpdn_calls_clear(struct vpdn_calls *cs, uint32_t id, const char *text)
{
	struct vpdn_call *call = (struct vpdn_call *)vpdn_calls_find(cs, id);

	if (!call)
		return -ENOENT;
	clear(call, text);
	return 0;
}

void vpdn_calls_clear_all(struct vpdn_calls *cs, const char *text)
{
	struct vpdn_call *call, *next;

	RB_FOREACH_SAFE(call, vpdn_calls_by_id, &cs->by_id, next)
		clear(call, text);
}

void vpdn_calls_l2tp_gone(struct vpdn_calls *cs)
{
	struct vpdn_counters *n = &cs->d->counters;
	struct vpdn_call *call, *next;

	RB_FOREACH_SAFE(call, vpdn_calls_by_id, &cs->by_id, next) {
		if (call->state != VPDN_FWD_CLEARING)
			vpdn_call_set_cause(call, 0, 0, call->connected_ms ? &n->ended_l2tp : &n->rejected_no_l2tp, "xl2tpd has gone");
		vpdn_call_step(call, VPDN_EV_L2TP_GONE);
	}
}
