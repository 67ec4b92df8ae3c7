/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * call_dialin.c - forwarded subscribers, from the credentials that pppd holds to the bridged
 * session: what pppd says and is told. See call.h and the table dialin_lac in call_fsm.c.
 */
#include "call_impl.h"

#include <errno.h>

#include "call_text.h"
#include "l2tp_peer.h"
#include "log.h"
#include "result_code.h"

#define USER_MAX	256u	/* of a name, escaped */
#define HOLD_MARGIN_MS	2000	/* vpdnd answers so much before the plugin gives up */

static int no_memory(struct vpdn_call *call)
{
	vpdn_call_set_cause(call, 0, 0, &call->d->counters.rejected_internal, "out of memory");
	return vpdn_call_step(call, VPDN_EV_REJECT);
}

/* Where the call goes has been decided. */
static void on_chosen(void *arg, const struct vpdn_choice *choice, struct vpdn_config *config)
{
	struct vpdn_call *call = arg;
	struct vpdn_counters *n = &call->d->counters;

	if (choice->verdict == VPDN_VERDICT_LOCAL) {
		vpdn_call_set_cause(call, 0, 0, NULL, "%s", choice->why);
		vpdn_call_step(call, VPDN_EV_LOCAL);
	} else if (choice->verdict == VPDN_VERDICT_REJECT) {
		vpdn_call_set_cause(call, 0, 0, &n->rejected_source, "%s", choice->why);
		vpdn_call_step(call, VPDN_EV_REJECT);
	} else if (call->d->stopping) {
		vpdn_call_set_cause(call, 0, 0, &n->rejected_admin, "vpdnd is stopping");
		vpdn_call_step(call, VPDN_EV_REJECT);
	} else if (!vpdn_text_keep(&call->group, choice->group->name)) {
		no_memory(call);
	} else {
		call->config = vpdn_config_get(config);
		call->chosen = choice->group;
		vpdn_text_keep(&call->chosen_by, choice->by);
		vpdn_call_step(call, VPDN_EV_FORWARD);
	}
}

int vpdn_call_on_ask(struct vpdn_conn *c, struct vpdn_ipc_msg *m)
{
	struct vpdnd *d = vpdn_conn_daemon(c);
	static struct vpdn_question q;
	struct vpdn_select_by by;
	uint32_t pid = 0, hold_ms = 0;
	char text[USER_MAX];
	struct vpdn_call *call;
	uint8_t access = 0;

	if (vpdn_conn_call(c))
		return -EALREADY;
	call = vpdn_call_new(d, VPDN_DIALIN_LAC, c, m);
	if (!call)
		return -ENOMEM;
	vpdn_ipc_get_u32(m, VPDN_TLV_PID, &pid);
	vpdn_ipc_get_u32(m, VPDN_TLV_HOLD_MS, &hold_ms);
	vpdn_ipc_get_u8(m, VPDN_TLV_ACCESS, &access);
	call->pid = (pid_t)pid;
	call->tty = access == VPDN_ACCESS_TTY;
	call->deadline_ms = call->asked_ms + (hold_ms > 2 * HOLD_MARGIN_MS ? hold_ms - HOLD_MARGIN_MS : hold_ms / 2);
	vpdn_text_keep(&call->user, vpdn_call_peer_text(m, VPDN_TLV_USER, text, sizeof(text)));
	vpdn_text_keep(&call->access, vpdn_call_access_text(m, text, VPDN_ACCESS_TEXT_MAX));
	d->counters.asked++;
	vpdn_question_from_ask(&q, d->config, m);
	if (q.multilink)
		vpdn_call_set_bundle(call, q.bundle);
	if (q.dnis_from && !vpdn_text_keep(&call->number, q.dnis))
		return no_memory(call);
	by = (struct vpdn_select_by){
		.aaa = d->aaa, .config = d->config, .q = &q, .ask = call->ask, .ask_len = call->ask_len, .trace = &call->trace,
		/* As long again is left to place the call. */
		.timeout_ms = (unsigned int)(call->deadline_ms - call->asked_ms) / 2,
	};
	return vpdn_select_start(&call->choosing, &by, on_chosen, call) ? no_memory(call) : 0;
}

int vpdn_call_on_channel(struct vpdn_conn *c, struct vpdn_ipc_msg *m)
{
	struct vpdn_call *call = vpdn_conn_call(c);
	uint8_t parked = 0;

	if (!call || !vpdn_fsm_row(call->kind, call->state, VPDN_EV_CHANNEL))
		return -EPROTO;
	vpdn_ipc_get_u8(m, VPDN_TLV_PARKED, &parked);
	if (parked != (m->nfds == 2))
		return -EBADMSG;
	call->parked = parked;
	call->bridge.access_fd = vpdn_ipc_take_fd(m, 0);
	call->bridge.access_chan = vpdn_ipc_take_fd(m, 1);
	call->call_fd = vpdn_ipc_take_fd(m, 2);
	if (evutil_make_socket_nonblocking(call->bridge.access_chan) || !vpdn_call_watch_access(call))
		return -ENOMEM;
	/* A pppd that leaves has no further part in the session; its connection may close when it likes. */
	if (!parked)
		vpdn_call_drop_plugin(call);
	return vpdn_call_step(call, VPDN_EV_CHANNEL);
}

int vpdn_call_on_ready(struct vpdn_conn *c, struct vpdn_ipc_msg *m)
{
	struct vpdn_call *call = vpdn_call_by_ref_or_clear(c, m);

	if (!call)
		return 0;
	if (vpdn_call_asking(call) && call->kind == VPDN_DIALIN_LAC) {
		vpdn_call_take_ids(call, m);
		call->bridge.l2tp_fd = vpdn_ipc_take_fd(m, 0);
		/* While the subscriber's channel is handed over. What fails is tried again, and told, when it has come. */
		vpdn_bridge_attach(&call->bridge);
		vpdn_peer_alive(call->of_peer);
	}
	return vpdn_call_step(call, VPDN_EV_READY);
}

/* ---- actions ---- */

enum vpdn_ev vpdn_act_say_local(struct vpdn_call *call)
{
	struct vpdn_ipc_builder b;

	call->d->counters.local++;
	vpdn_call_say(call, LOG_INFO, "local: %s", call->cause.text);
	vpdn_ipc_begin(&b, VPDN_MSG_SUBSCRIBER_LOCAL, 0, 0);
	vpdn_conn_send(call->plugin, &b);
	vpdn_call_drop_plugin(call);
	return VPDN_EV_NONE;
}

enum vpdn_ev vpdn_act_say_reject(struct vpdn_call *call)
{
	struct vpdn_ipc_builder b;

	vpdn_call_count_cause(call);
	vpdn_call_say(call, LOG_NOTICE, "refused: %s; the subscriber gets a failure", call->cause.text);
	vpdn_ipc_begin(&b, VPDN_MSG_SUBSCRIBER_REJECT, 0, 0);
	vpdn_ipc_put_textf(&b, VPDN_TLV_TEXT, "%s", call->cause.text);
	vpdn_conn_send(call->plugin, &b);
	vpdn_call_drop_plugin(call);
	return VPDN_EV_NONE;
}

enum vpdn_ev vpdn_act_taken(struct vpdn_call *call)
{
	vpdn_call_say(call, LOG_DEBUG, "the LNS has taken the call; pppd hands the channel over");
	return VPDN_EV_NONE;
}

/* Frames of the subscriber wait in the channel's queue. */
enum vpdn_ev vpdn_act_hold(struct vpdn_call *call)
{
	uint64_t now = vpdnd_now_ms();

	/* The attempt's time goes on. */
	vpdn_call_set_timer(call, call->attempt_end_ms > now ? (unsigned int)(call->attempt_end_ms - now) : 1);
	return VPDN_EV_NONE;
}

enum vpdn_ev vpdn_act_say_forward(struct vpdn_call *call)
{
	struct vpdn_ipc_builder b;

	vpdn_act_taken(call);
	vpdn_ipc_begin(&b, VPDN_MSG_SUBSCRIBER_FORWARD, 0, 0);
	vpdn_conn_send(call->plugin, &b);
	return VPDN_EV_NONE;
}

enum vpdn_ev vpdn_act_reject_and_clear(struct vpdn_call *call)
{
	vpdn_act_say_reject(call);
	vpdn_l2tp_clear(call->d->l2tp, call->ref, &call->cause);
	return VPDN_EV_NONE;
}

/* Ends the subscriber's side: the L2TP side is over, or is cleared next. */
enum vpdn_ev vpdn_act_release(struct vpdn_call *call)
{
	struct vpdn_ipc_builder b;

	vpdn_call_count_cause(call);
	vpdn_call_say_end(call, "; the subscriber is disconnected");
	if (call->plugin && call->parked) {
		vpdn_ipc_begin(&b, VPDN_MSG_SUBSCRIBER_RELEASE, 0, 0);
		vpdn_ipc_put_textf(&b, VPDN_TLV_TEXT, "%s", call->cause.text);
		vpdn_conn_send(call->plugin, &b);
	}
	vpdn_call_drop_plugin(call);
	vpdn_call_drop_access(call);
	return VPDN_EV_NONE;
}

enum vpdn_ev vpdn_act_release_and_clear(struct vpdn_call *call)
{
	vpdn_act_release(call);
	vpdn_l2tp_clear(call->d->l2tp, call->ref, &call->cause);
	return VPDN_EV_NONE;
}
