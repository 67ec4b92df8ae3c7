/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * call_step.c - what is done at each step of a forwarded session: the actions of the
 * table in call_fsm.c, and the one function that walks it. See call.h.
 * Result codes: RFC 2661 section 4.4.2.
 */
#include "call_impl.h"

#include <bsd/stdlib.h>
#include <bsd/string.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "call_text.h"
#include "l2tp_peer.h"
#include "log.h"
#include "result_code.h"

#define ATTEMPT_MIN_MS	500	/* less time is not worth another attempt */
#define ATTEMPT_SLACK_MS 250	/* for xl2tpd to say that the time is up */
#define FDS_OF_CALL	5u	/* both ends, both channels, the call's connection */
#define FDS_SPARE	64u
#define CAUSE_MS	500	/* from a channel's hang-up to xl2tpd's word about it */

static int id_cmp(const struct vpdn_call *a, const struct vpdn_call *b)
{
	return a->id < b->id ? -1 : a->id > b->id;
}

static int ref_cmp(const struct vpdn_call *a, const struct vpdn_call *b)
{
	return a->ref < b->ref ? -1 : a->ref > b->ref;
}

RB_GENERATE(vpdn_calls_by_id, vpdn_call, by_id, id_cmp)
RB_GENERATE(vpdn_calls_by_ref, vpdn_call, by_ref, ref_cmp)

static void ref_drop(struct vpdn_call *call)
{
	if (call->ref)
		RB_REMOVE(vpdn_calls_by_ref, &call->d->calls->by_ref, call);
	call->ref = 0;
}

static void ref_new(struct vpdn_call *call)
{
	struct vpdn_calls *cs = call->d->calls;

	ref_drop(call);
	do {
		call->ref = ++cs->last_ref;
	} while (!call->ref || RB_FIND(vpdn_calls_by_ref, &cs->by_ref, call));
	RB_INSERT(vpdn_calls_by_ref, &cs->by_ref, call);
}

static void uncount(struct vpdn_usage **u)
{
	if (*u)
		(*u)->sessions--;
	*u = NULL;
}

static void config_drop(struct vpdn_call *call)
{
	call->choice.group = NULL;
	vpdn_config_put(call->config);
	call->config = NULL;
}

static void event_drop(struct event **ev)
{
	if (*ev)
		event_free(*ev);
	*ev = NULL;
}

/* Closing the call's own connection tells pppoe-server: PADT, and the session id is free. */
static void access_drop(struct vpdn_call *call)
{
	event_drop(&call->on_call_fd);
	event_drop(&call->on_access);
	event_drop(&call->on_l2tp);
	vpdn_bridge_close(&call->bridge);
	if (call->call_fd >= 0)
		close(call->call_fd);
	call->call_fd = -1;
}

void vpdn_call_drop_plugin(struct vpdn_call *call)
{
	if (!call->plugin)
		return;
	vpdn_conn_set_call(call->plugin, NULL);
	vpdn_conn_close(call->plugin);
	call->plugin = NULL;
}

void vpdn_call_free(struct vpdn_call *call)
{
	struct vpdn_calls *cs = call->d->calls;

	ref_drop(call);
	RB_REMOVE(vpdn_calls_by_id, &cs->by_id, call);
	cs->n--;
	access_drop(call);
	vpdn_call_drop_plugin(call);
	event_drop(&call->timer);
	uncount(&call->lns);
	uncount(&call->of_group);
	config_drop(call);
	if (call->ask)
		explicit_bzero(call->ask, call->ask_len);
	free(call->ask);
	free(call);
	if (!cs->n)
		vpdnd_calls_empty(cs->d);
}

static void set_timer(struct vpdn_call *call, unsigned int ms)
{
	struct timeval tv = { .tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000 };

	if (ms)
		evtimer_add(call->timer, &tv);
	else
		evtimer_del(call->timer);
}

void vpdn_call_set_cause(struct vpdn_call *call, uint16_t result, uint16_t error, uint64_t *counter, const char *fmt, ...)
{
	va_list ap;

	call->cause.result = result;
	call->cause.error = error;
	call->cause.counter = counter;
	va_start(ap, fmt);
	vsnprintf(call->cause.text, sizeof(call->cause.text), fmt, ap);
	va_end(ap);
}

static void count_cause(struct vpdn_call *call)
{
	if (call->cause.counter)
		(*call->cause.counter)++;
	call->cause.counter = NULL;
}

void vpdn_call_say(const struct vpdn_call *call, int priority, const char *fmt, ...)
{
	char what[512], who[768];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	vpdn_log(priority, "%s %s", what, vpdn_call_who(call, who, sizeof(who)));
}

/* ---- actions: each may cause a further event ---- */

static enum vpdn_fwd_event act_nothing(struct vpdn_call *call)
{
	(void)call;
	return VPDN_EV_NONE;
}

static enum vpdn_fwd_event act_say_local(struct vpdn_call *call)
{
	struct vpdn_ipc_builder b;

	call->d->counters.local++;
	vpdn_call_say(call, LOG_INFO, "local: no vpdn-group has this line, called number or domain");
	vpdn_ipc_begin(&b, VPDN_MSG_SUBSCRIBER_LOCAL, 0, 0);
	vpdn_conn_send(call->plugin, &b);
	vpdn_call_drop_plugin(call);
	return VPDN_EV_NONE;
}

static enum vpdn_fwd_event act_say_reject(struct vpdn_call *call)
{
	struct vpdn_ipc_builder b;

	count_cause(call);
	vpdn_call_say(call, LOG_NOTICE, "refused: %s; the subscriber gets a failure", call->cause.text);
	vpdn_ipc_begin(&b, VPDN_MSG_SUBSCRIBER_REJECT, 0, 0);
	vpdn_ipc_put_textf(&b, VPDN_TLV_TEXT, "%s", call->cause.text);
	vpdn_conn_send(call->plugin, &b);
	vpdn_call_drop_plugin(call);
	return VPDN_EV_NONE;
}

static enum vpdn_fwd_event act_forget(struct vpdn_call *call)
{
	if (call->state == VPDN_FWD_ASKED) {
		count_cause(call);
		vpdn_call_say(call, LOG_INFO, "%s", call->cause.text);
	}
	return VPDN_EV_NONE;
}

static bool count_session(struct vpdn_call *call, const struct vpdn_peer *lns)
{
	call->lns = vpdn_usage_get(&call->d->usages, call->group, lns->addr, lns->port);
	if (!call->lns)
		return false;
	call->lns->sessions++;
	call->lns->placed++;
	if (!call->of_group) {
		call->of_group = vpdn_usage_get(&call->d->usages, call->group, (struct in_addr){ INADDR_ANY }, 0);
		if (!call->of_group)
			return false;
		call->of_group->sessions++;
		call->of_group->placed++;
	}
	return true;
}

/* When all LNSs were tried, the cause is what the last one said; else it is set here. */
static enum vpdn_fwd_event act_place(struct vpdn_call *call)
{
	static struct vpdn_ipc_msg ask;
	struct vpdnd *d = call->d;
	struct vpdn_counters *n = &d->counters;
	const struct vpdn_group *g = call->choice.group;
	uint64_t now = vpdnd_now_ms();
	uint32_t left, timeout;
	int i, rc;

	ref_drop(call);
	uncount(&call->lns);
	if (d->stopping) {
		vpdn_call_set_cause(call, 0, 0, &n->rejected_admin, "vpdnd is stopping");
		return VPDN_EV_NO_LNS;
	}
	if (!vpdn_l2tp_connected(d->l2tp)) {
		vpdn_call_set_cause(call, 0, 0, &n->rejected_no_l2tp, "xl2tpd is not connected");
		return VPDN_EV_NO_LNS;
	}
	if (!call->of_group && vpdn_group_full(&d->usages, g)) {
		vpdn_call_set_cause(call, 0, 0, &n->rejected_limit, "session limit of vpdn-group %s (%u) reached", g->name, g->limit);
		return VPDN_EV_NO_LNS;
	}
	if (d->calls->n * FDS_OF_CALL + vpdn_server_connections(d->server) + FDS_SPARE > d->fd_limit) {
		vpdn_call_set_cause(call, 0, 0, &n->rejected_internal, "no file descriptors left (limit %llu)",
				    (unsigned long long)d->fd_limit);
		return VPDN_EV_NO_LNS;
	}
	i = vpdn_peer_choose(&d->usages, g, call->tried, now, arc4random());
	if (i < 0) {
		if (!call->attempts)
			vpdn_call_set_cause(call, 0, 0, &n->rejected_limit, "session limits of all LNSs of vpdn-group %s reached", g->name);
		return VPDN_EV_NO_LNS;
	}
	left = call->deadline_ms > now ? (uint32_t)(call->deadline_ms - now) : 0;
	if (left < ATTEMPT_MIN_MS) {
		char last[VPDN_REASON_MAX];

		strlcpy(last, call->cause.text, sizeof(last));
		vpdn_call_set_cause(call, 0, 0, &n->rejected_time, "no time left to try another LNS%s%.200s", *last ? "; last: " : "", last);
		return VPDN_EV_NO_LNS;
	}
	timeout = g->connect_timeout_s * 1000;
	if (timeout > left - ATTEMPT_SLACK_MS)
		timeout = left - ATTEMPT_SLACK_MS;

	call->tried |= UINT64_C(1) << i;
	if (call->attempts++)
		n->failed_over++;
	n->placed++;
	ref_new(call);
	memcpy(ask.buf, call->ask, call->ask_len);
	rc = count_session(call, &g->peers[i]) ? vpdn_ipc_parse(&ask, call->ask_len) : -ENOMEM;
	if (!rc)
		rc = vpdn_l2tp_place(d->l2tp, call->ref, g, &g->peers[i], timeout, &ask);
	vpdn_ipc_msg_wipe(&ask);
	if (rc) {
		vpdn_call_set_cause(call, 0, 0, &n->rejected_internal, "asking xl2tpd for a call: %s", strerror(-rc));
		return VPDN_EV_NO_LNS;
	}
	vpdn_call_say(call, LOG_INFO, "asking LNS number %u for a call, vpdn-group %s by %s \"%s\"", call->attempts, g->name,
		      vpdn_key_kind_name(call->choice.kind), call->choice.value);
	set_timer(call, timeout + ATTEMPT_SLACK_MS);
	return VPDN_EV_NONE;
}

static enum vpdn_fwd_event act_abandon_and_place(struct vpdn_call *call)
{
	vpdn_call_set_cause(call, VPDN_CDN_TIMEOUT, 0, &call->d->counters.rejected_no_lns, "no answer from xl2tpd about the call in time");
	vpdn_call_say(call, LOG_WARNING, "%s", call->cause.text);
	call->lns->failed++;
	vpdn_l2tp_clear(call->d->l2tp, call->ref, &call->cause);
	return act_place(call);
}

static enum vpdn_fwd_event act_say_forward(struct vpdn_call *call)
{
	struct vpdn_ipc_builder b;

	call->lns->dead_until_ms = 0;
	vpdn_call_say(call, LOG_DEBUG, "the LNS has taken the call; pppd hands the channel over");
	vpdn_ipc_begin(&b, VPDN_MSG_SUBSCRIBER_FORWARD, 0, 0);
	vpdn_conn_send(call->plugin, &b);
	return VPDN_EV_NONE;
}

static enum vpdn_fwd_event act_bridge(struct vpdn_call *call)
{
	char err[VPDN_REASON_MAX] = "";

	if (!vpdn_bridge_join(&call->bridge, err, sizeof(err)))
		return VPDN_EV_BRIDGED;
	vpdn_call_set_cause(call, VPDN_CDN_ERROR, VPDN_ERROR_VENDOR, &call->d->counters.lost_bridge, "%s", err);
	return VPDN_EV_BRIDGE_FAILED;
}

static enum vpdn_fwd_event act_connect(struct vpdn_call *call)
{
	call->connected_ms = vpdnd_now_ms();
	config_drop(call);
	call->d->counters.forwarded++;
	vpdn_call_say(call, LOG_NOTICE, "connected after %u ms, attempt %u, %u frames moved by hand",
		      (unsigned int)(call->connected_ms - call->asked_ms), call->attempts, call->bridge.moved);
	if (!vpdn_call_watch(call)) {
		vpdn_call_set_cause(call, VPDN_CDN_ERROR, VPDN_ERROR_RESOURCES, &call->d->counters.lost_bridge, "out of memory");
		return VPDN_EV_ADMIN;
	}
	vpdn_l2tp_connect(call->d->l2tp, call->ref);
	return VPDN_EV_NONE;
}

/* Ends the subscriber's side: the L2TP side is over, or is cleared next. */
static enum vpdn_fwd_event act_release(struct vpdn_call *call)
{
	struct vpdn_ipc_builder b;

	count_cause(call);
	if (call->connected_ms)
		vpdn_call_say(call, LOG_NOTICE, "ended after %u s: %s; the subscriber is disconnected",
		    (unsigned int)((vpdnd_now_ms() - call->connected_ms) / 1000), call->cause.text);
	else
		vpdn_call_say(call, LOG_NOTICE, "not connected: %s; the subscriber is disconnected", call->cause.text);
	if (call->plugin && call->parked) {
		vpdn_ipc_begin(&b, VPDN_MSG_SUBSCRIBER_RELEASE, 0, 0);
		vpdn_ipc_put_textf(&b, VPDN_TLV_TEXT, "%s", call->cause.text);
		vpdn_conn_send(call->plugin, &b);
	}
	vpdn_call_drop_plugin(call);
	access_drop(call);
	return VPDN_EV_NONE;
}

static void clear_l2tp(struct vpdn_call *call)
{
	/* When this fails xl2tpd has gone, and says so itself. */
	vpdn_l2tp_clear(call->d->l2tp, call->ref, &call->cause);
}

static enum vpdn_fwd_event act_release_and_clear(struct vpdn_call *call)
{
	act_release(call);
	clear_l2tp(call);
	return VPDN_EV_NONE;
}

static enum vpdn_fwd_event act_reject_and_clear(struct vpdn_call *call)
{
	act_say_reject(call);
	clear_l2tp(call);
	return VPDN_EV_NONE;
}

static enum vpdn_fwd_event act_clear(struct vpdn_call *call)
{
	count_cause(call);
	if (call->connected_ms)
		vpdn_call_say(call, LOG_NOTICE, "ended after %u s: %s; the LNS gets CDN result %u",
		    (unsigned int)((vpdnd_now_ms() - call->connected_ms) / 1000), call->cause.text, call->cause.result);
	else
		vpdn_call_say(call, LOG_NOTICE, "given up: %s", call->cause.text);
	vpdn_call_drop_plugin(call);
	access_drop(call);
	clear_l2tp(call);
	return VPDN_EV_NONE;
}

static enum vpdn_fwd_event act_await_cause(struct vpdn_call *call)
{
	event_drop(&call->on_l2tp);
	vpdn_call_set_cause(call, VPDN_CDN_LOST_CARRIER, 0, &call->d->counters.ended_l2tp, "the L2TP session has gone from the kernel");
	set_timer(call, CAUSE_MS);
	return VPDN_EV_NONE;
}

static enum vpdn_fwd_event (*const actions[VPDN_ACT_COUNT])(struct vpdn_call *call) = {
	[VPDN_ACT_NOTHING] = act_nothing,
	[VPDN_ACT_SAY_LOCAL] = act_say_local,
	[VPDN_ACT_SAY_REJECT] = act_say_reject,
	[VPDN_ACT_PLACE] = act_place,
	[VPDN_ACT_ABANDON_AND_PLACE] = act_abandon_and_place,
	[VPDN_ACT_SAY_FORWARD] = act_say_forward,
	[VPDN_ACT_BRIDGE] = act_bridge,
	[VPDN_ACT_CONNECT] = act_connect,
	[VPDN_ACT_FORGET] = act_forget,
	[VPDN_ACT_REJECT_AND_CLEAR] = act_reject_and_clear,
	[VPDN_ACT_RELEASE] = act_release,
	[VPDN_ACT_RELEASE_AND_CLEAR] = act_release_and_clear,
	[VPDN_ACT_CLEAR] = act_clear,
	[VPDN_ACT_AWAIT_CAUSE] = act_await_cause,
};

int vpdn_call_step(struct vpdn_call *call, enum vpdn_fwd_event event)
{
	while (event != VPDN_EV_NONE) {
		const struct vpdn_fwd_row *row = vpdn_fwd_row(call->state, event);

		if (!row) {
			vpdn_call_say(call, LOG_WARNING, "cannot come now, while %s: %s", vpdn_fwd_state_name(call->state),
			    vpdn_fwd_event_name(event));
			return -EPROTO;
		}
		if (vpdn_log_debugging())
			vpdn_call_say(call, LOG_DEBUG, "%s -> %s on \"%s\"", vpdn_fwd_state_name(row->state), vpdn_fwd_state_name(row->next),
			    vpdn_fwd_event_name(event));
		if (row->next != row->state)
			set_timer(call, vpdn_fwd_state_ms(row->next));
		event = actions[row->action](call);
		call->state = row->next;
	}
	if (call->state == VPDN_FWD_DONE)
		vpdn_call_free(call);
	return 0;
}
