/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * call_step.c - the one function that walks the tables of call_fsm.c, and the actions that
 * several kinds of calls share. See call_impl.h.
 */
#include "call_impl.h"

#include <bsd/string.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "acct.h"
#include "call_text.h"
#include "l2tp_peer.h"
#include "log.h"
#include "result_code.h"

#define CAUSE_MS	500	/* from a channel's hang-up to xl2tpd's or vpdn-dialer's word about it */

/* ---- what is said and counted ---- */

void vpdn_call_say(const struct vpdn_call *call, int priority, const char *fmt, ...)
{
	char what[512], who[768];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	vpdn_log(priority, "%s %s", what, vpdn_call_who(call, who, sizeof(who)));
}

void vpdn_call_say_end(const struct vpdn_call *call, const char *follows)
{
	if (call->connected_ms)
		vpdn_call_say(call, LOG_NOTICE, "ended after %u s: %s%s", (unsigned int)((vpdnd_now_ms() - call->connected_ms) / 1000),
			      call->cause.text, follows);
	else
		vpdn_call_say(call, LOG_NOTICE, "not connected: %s%s", call->cause.text, follows);
}

/* Of dial-out, when it failed for a reason: who gave a call up, or ended one that was up, knows it. */
static bool is_failure(const struct vpdn_call *call)
{
	const struct vpdn_cause *why = &call->cause;

	return call->kind != VPDN_DIALIN_LAC && why->failure != VPDN_DIAL_CLEARED &&
	       (call->connected_ms ? why->failure == VPDN_DIAL_LOST : why->failure || why->result);
}

static void keep_failure(const struct vpdn_call *call)
{
	struct vpdn_calls *cs = call->d->calls;
	struct vpdn_failure *f = &cs->failures[cs->n_failures++ % VPDN_FAILURES_KEPT];

	f->at_ms = vpdnd_now_ms();
	f->kind = call->kind;
	f->cause = call->cause;
	strlcpy(f->text, call->cause.text, sizeof(f->text));
	f->cause.text = f->text;
	strlcpy(f->number, call->number, sizeof(f->number));
	strlcpy(f->group, call->group, sizeof(f->group));
}

/* Calls that failed are counted by what an LNS calls it; those that were up, by who ended them. */
static uint64_t *failure_counter(struct vpdn_counters *n, uint8_t failure)
{
	uint64_t *const of[] = {
		[VPDN_DIAL_BUSY] = &n->dial_busy, [VPDN_DIAL_NO_ANSWER] = &n->dial_no_answer,
		[VPDN_DIAL_NO_CARRIER] = &n->dial_no_carrier, [VPDN_DIAL_NO_DIAL_TONE] = &n->dial_no_dial_tone,
		[VPDN_DIAL_REFUSED] = &n->dial_refused, [VPDN_DIAL_NO_RESOURCES] = &n->dial_no_resources,
		[VPDN_DIAL_UNREACHABLE] = &n->dial_unreachable, [VPDN_DIAL_TIMEOUT] = &n->dial_timeout,
		[VPDN_DIAL_CONFIG] = &n->dial_config, [VPDN_DIAL_LOST] = &n->dial_ended, [VPDN_DIAL_CLEARED] = &n->dial_cancelled,
	};

	return failure < sizeof(of) / sizeof(of[0]) ? of[failure] : NULL;
}

void vpdn_call_count_cause(struct vpdn_call *call)
{
	uint64_t *counter = call->cause.counter;

	if (!counter)
		return;
	vpdn_acct_stop(call);
	if (call->kind == VPDN_DIALOUT_LNS && !call->connected_ms && call->cause.failure)
		counter = failure_counter(&call->d->counters, call->cause.failure);
	if (counter)
		(*counter)++;
	call->cause.counter = NULL;
	if (is_failure(call))
		keep_failure(call);
}

/* ---- actions that are shared ---- */

static enum vpdn_ev act_nothing(struct vpdn_call *call)
{
	(void)call;
	return VPDN_EV_NONE;
}

static enum vpdn_ev act_forget(struct vpdn_call *call)
{
	if (call->state == VPDN_ST_ASKED) {
		vpdn_call_count_cause(call);
		vpdn_call_say(call, LOG_INFO, "%s", call->cause.text);
	}
	return VPDN_EV_NONE;
}

void vpdn_call_apply_accm(struct vpdn_call *call)
{
	char err[VPDN_REASON_MAX];

	if (!call->accm_due || !call->tty || call->state != VPDN_ST_CONNECTED)
		return;
	call->accm_due = false;
	if (vpdn_bridge_set_accm(&call->bridge, call->send_accm, call->recv_accm, err, sizeof(err)))
		vpdn_call_say(call, LOG_WARNING, "ACCM of the LNS not set: %s", err);
	else
		vpdn_call_say(call, LOG_INFO, "ACCM of the LNS set: %08x to the line, %08x from it", call->send_accm, call->recv_accm);
}

static bool no_resources(int rc)
{
	return rc == -EAGAIN || rc == -ENOMEM || rc == -EMFILE || rc == -ENFILE;
}

/* Sets the cause. */
static enum vpdn_ev bridge_failed(struct vpdn_call *call, int rc, const char *err)
{
	if (rc == -ENXIO) {
		vpdn_call_set_cause(call, VPDN_CDN_LOST_CARRIER, 0, &call->d->counters.lost_bridge, "loss of carrier: %s", err);
		call->cause.q931 = call->kind == VPDN_DIALOUT_LAC ? VPDN_Q931_NORMAL : 0;
	} else {
		vpdn_call_set_cause(call, VPDN_CDN_ERROR, no_resources(rc) ? VPDN_ERROR_RESOURCES : VPDN_ERROR_VENDOR, &call->d->counters.lost_bridge,
				    "%s", err);
	}
	return rc == -ENOLINK && call->kind == VPDN_DIALIN_LAC ? VPDN_EV_L2TP_HUP : VPDN_EV_BRIDGE_FAILED;
}

void vpdn_call_on_attached(void *arg, int rc, const char *err)
{
	struct vpdn_call *call = arg;

	/* Before, what fails is tried again when it is due. */
	if (call->state == VPDN_ST_BRIDGING)
		vpdn_call_step(call, rc ? bridge_failed(call, rc, err) : VPDN_EV_ATTACHED);
}

void vpdn_call_on_joined(void *arg, int rc, const char *err)
{
	struct vpdn_call *call = arg;

	vpdn_call_step(call, rc ? bridge_failed(call, rc, err) : VPDN_EV_BRIDGED);
}

static enum vpdn_ev act_bridge(struct vpdn_call *call)
{
	char err[VPDN_REASON_MAX];
	int rc = vpdn_bridge_attached(&call->bridge) ? vpdn_bridge_join(&call->bridge) : vpdn_bridge_attach(&call->bridge);

	if (!rc)
		return VPDN_EV_NONE;
	snprintf(err, sizeof(err), "no thread can ask the kernel for the channels: %s", strerror(-rc));
	return bridge_failed(call, rc, err);
}

static enum vpdn_ev act_connect(struct vpdn_call *call)
{
	struct vpdn_counters *n = &call->d->counters;
	char how[64];

	call->connected_ms = vpdnd_now_ms();
	if (call->kind == VPDN_DIALIN_LAC)
		vpdn_acct_start(call);
	vpdn_call_drop_config(call);
	vpdn_call_drop_credentials(call);
	(*(call->kind == VPDN_DIALIN_LAC ? &n->forwarded : &n->dial_lac_connected))++;
	if (call->kind == VPDN_DIALIN_LAC)
		snprintf(how, sizeof(how), "attempt %u", call->attempts);
	else
		snprintf(how, sizeof(how), "at %u bit/s, %s", call->tx_speed, vpdn_framing_text(call->framing));
	vpdn_call_say(call, LOG_NOTICE, "connected after %u ms, %s, %d frames moved by hand",
		      (unsigned int)(call->connected_ms - call->asked_ms), how, call->bridge.moved);
	if (!vpdn_call_watch(call)) {
		vpdn_call_set_cause(call, VPDN_CDN_ERROR, VPDN_ERROR_RESOURCES, &n->lost_bridge, "out of memory");
		return VPDN_EV_ADMIN;
	}
	vpdn_l2tp_connect(call->d->l2tp, call);
	return VPDN_EV_NONE;
}

enum vpdn_ev vpdn_act_clear(struct vpdn_call *call)
{
	char follows[64] = "";

	vpdn_call_count_cause(call);
	if (call->ref)
		snprintf(follows, sizeof(follows), "; the peer gets CDN result %u", call->cause.result);
	vpdn_call_say_end(call, follows);
	vpdn_call_drop_plugin(call);
	vpdn_call_drop_access(call);
	/* When this fails xl2tpd has gone, and says so itself. */
	vpdn_l2tp_clear(call->d->l2tp, call->ref, &call->cause);
	return VPDN_EV_NONE;
}

/* One of both channels has gone from the kernel; until somebody says why, the cause is what was seen. */
static enum vpdn_ev act_await_cause(struct vpdn_call *call)
{
	vpdn_call_unwatch(call);
	vpdn_call_set_timer(call, CAUSE_MS);
	return VPDN_EV_NONE;
}

static vpdn_action_fn *const actions[VPDN_ACT_COUNT] = {
	[VPDN_ACT_NOTHING] = act_nothing,
	[VPDN_ACT_FORGET] = act_forget,
	[VPDN_ACT_PLACE] = vpdn_act_place,
	[VPDN_ACT_ABANDON_AND_PLACE] = vpdn_act_abandon_and_place,
	[VPDN_ACT_BRIDGE] = act_bridge,
	[VPDN_ACT_CONNECT] = act_connect,
	[VPDN_ACT_CLEAR] = vpdn_act_clear,
	[VPDN_ACT_AWAIT_CAUSE] = act_await_cause,
	[VPDN_ACT_SAY_LOCAL] = vpdn_act_say_local,
	[VPDN_ACT_SAY_REJECT] = vpdn_act_say_reject,
	[VPDN_ACT_SAY_FORWARD] = vpdn_act_say_forward,
	[VPDN_ACT_TAKEN] = vpdn_act_taken,
	[VPDN_ACT_HOLD] = vpdn_act_hold,
	[VPDN_ACT_REJECT_AND_CLEAR] = vpdn_act_reject_and_clear,
	[VPDN_ACT_RELEASE] = vpdn_act_release,
	[VPDN_ACT_RELEASE_AND_CLEAR] = vpdn_act_release_and_clear,
	[VPDN_ACT_SAY_DIALLING] = vpdn_act_say_dialling,
	[VPDN_ACT_HAND_OVER] = vpdn_act_hand_over,
	[VPDN_ACT_SAY_OVER] = vpdn_act_say_over,
	[VPDN_ACT_OVER_AND_CLEAR] = vpdn_act_over_and_clear,
	[VPDN_ACT_START_BEARER] = vpdn_act_start_bearer,
	[VPDN_ACT_HANG_UP] = vpdn_act_hang_up,
	[VPDN_ACT_END_BOTH] = vpdn_act_end_both,
};

int vpdn_call_step(struct vpdn_call *call, enum vpdn_ev event)
{
	while (event != VPDN_EV_NONE) {
		const struct vpdn_fsm_row *row = vpdn_fsm_row(call->kind, call->state, event);

		if (!row) {
			vpdn_call_say(call, LOG_WARNING, "cannot come now, while %s: %s", vpdn_st_name(call->state), vpdn_ev_name(event));
			return -EPROTO;
		}
		if (vpdn_log_debugging())
			vpdn_call_say(call, LOG_DEBUG, "%s: %s -> %s on \"%s\": %s", vpdn_kind_name(call->kind), vpdn_st_name(row->state),
				      vpdn_st_name(row->next), vpdn_ev_name(event), vpdn_act_name(row->action));
		if (row->next != row->state) {
			vpdn_call_set_timer(call, vpdn_fsm_state_ms(row->next));
			vpdn_metrics_call_moves(call, row->next);
		}
		event = actions[row->action](call);
		call->state = row->next;
	}
	if (call->state == VPDN_ST_CONNECTED)
		vpdn_call_apply_accm(call);
	if (call->state == VPDN_ST_DONE)
		vpdn_call_free(call);
	return 0;
}
