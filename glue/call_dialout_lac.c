/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * call_dialout_lac.c - calls that we dial for an LNS: its OCRQ, the dial map, and what
 * vpdn-dialer says about the bearer. See call.h and the table dialout_lac in call_fsm.c.
 * After OCCN the call is a bridge; who speaks PPP are the LNS and whoever was called.
 */
#include "call_impl.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "call_text.h"
#include "dialer_peer.h"
#include "l2tp_peer.h"
#include "log.h"
#include "registry.h"
#include "result_code.h"

#define DIALER_MARGIN_MS	5000	/* for vpdn-dialer to say that the time is up */

static int refuse(struct vpdn_call *call, uint16_t result, uint16_t q931, const char *fmt, ...) __attribute__((format(printf, 4, 5)));

static int refuse(struct vpdn_call *call, uint16_t result, uint16_t q931, const char *fmt, ...)
{
	char text[VPDN_REASON_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	vpdn_call_set_cause(call, result, 0, &call->d->counters.dial_lac_refused, "%s", text);
	call->cause.q931 = q931;
	return vpdn_call_step(call, VPDN_EV_REJECT);
}

int vpdn_bearer_on_ask(struct vpdn_conn *c, struct vpdn_ipc_msg *m)
{
	struct vpdnd *d = vpdn_conn_daemon(c);
	const struct vpdn_tunnel *t;
	const struct vpdn_dialer *dialer;
	const struct vpdn_group *g;
	char asked[VPDN_NUMBER_MAX + 1], number[VPDN_NUMBER_MAX + 1], group[VPDN_NAME_MAX + 1];
	struct vpdn_call *call;
	uint32_t ref = 0;

	vpdn_ipc_get_u32(m, VPDN_TLV_CALL_REF, &ref);
	if (!(ref & VPDN_CALL_REF_ASKED))
		return -EINVAL;
	call = vpdn_call_new(d, VPDN_DIALOUT_LAC, NULL, m);
	if (!call)
		return -ENOMEM;
	if (!vpdn_call_ref_set(call, ref)) {
		vpdn_call_free(call);
		return -EEXIST;
	}
	d->counters.dial_lac_asked++;
	call->bridge.l2tp_fd = vpdn_ipc_take_fd(m, 0);
	vpdn_call_take_ids(call, m);
	vpdn_text_keep(&call->group, vpdn_call_peer_text(m, VPDN_TLV_GROUP, group, sizeof(group)));
	t = vpdn_registry_tunnel(d->registry, call->tunnel_id);
	if (t)
		call->peer = t->peer;
	if (d->stopping)
		return refuse(call, VPDN_CDN_NO_FACILITIES_TEMP, VPDN_Q931_TEMPORARY, "vpdnd is stopping");
	if (vpdn_call_no_fds(call, &d->counters.dial_lac_refused)) {
		call->cause.q931 = VPDN_Q931_NO_CIRCUIT;
		return vpdn_call_step(call, VPDN_EV_REJECT);
	}
	g = vpdn_config_group(d->config, call->group);
	if (!g || !(g->accepts & VPDN_ACCEPTS_DIALOUT))
		return refuse(call, VPDN_CDN_ADMINISTRATIVE, 0, "vpdn-group %s does not accept dial-out any more", call->group);
	if (!vpdn_number_get(m, asked))
		return refuse(call, VPDN_CDN_INVALID_DESTINATION, VPDN_Q931_INVALID_NUMBER,
			      "the number is not one of 1 to %u printable characters", VPDN_NUMBER_MAX);
	vpdn_text_keep(&call->number, asked);
	call->config = vpdn_config_get(d->config);
	call->chosen = g;
	call->dial = vpdn_number_dialer(g, asked, number);
	if (!call->dial)
		return refuse(call, VPDN_CDN_INVALID_DESTINATION, VPDN_Q931_UNALLOCATED, "no dial of vpdn-group %s takes the number %s", g->name, asked);
	dialer = call->dial->dialer;
	vpdn_text_keep(&call->dialer, dialer->name);
	if (vpdn_usage_full(&d->usages, VPDN_USAGE_GROUP, g->name, g->limit))
		return refuse(call, VPDN_CDN_NO_FACILITIES_TEMP, VPDN_Q931_NO_CIRCUIT, "session limit of vpdn-group %s (%u) reached", g->name, g->limit);
	if (vpdn_usage_full(&d->usages, VPDN_USAGE_DIALER, dialer->name, dialer->limit))
		return refuse(call, VPDN_CDN_NO_FACILITIES_TEMP, VPDN_Q931_NO_CIRCUIT, "limit of dialer %s (%u) reached", dialer->name, dialer->limit);
	if (!vpdn_dialer_connected(d->dialer))
		return refuse(call, VPDN_CDN_NO_FACILITIES_TEMP, VPDN_Q931_TEMPORARY, "vpdn-dialer is not running");
	if (!vpdn_text_keep(&call->number, number) ||
	    !vpdn_call_count(&call->of_group, vpdn_usage_get(&d->usages, VPDN_USAGE_GROUP, g->name, NULL)) ||
	    !vpdn_call_count(&call->of_dialer, vpdn_usage_get(&d->usages, VPDN_USAGE_DIALER, dialer->name, NULL)))
		return refuse(call, VPDN_CDN_NO_FACILITIES_TEMP, VPDN_Q931_TEMPORARY, "out of memory");
	return vpdn_call_step(call, VPDN_EV_DIAL);
}

/* The call that vpdn-dialer speaks of, as long as it may. */
static struct vpdn_call *of_bearer(struct vpdn_conn *c, const struct vpdn_ipc_msg *m, uint32_t *id)
{
	struct vpdn_call *call;

	*id = 0;
	vpdn_ipc_get_u32(m, VPDN_TLV_CALL_REF, id);
	call = (struct vpdn_call *)vpdn_calls_find(vpdn_conn_daemon(c)->calls, *id);
	return call && call->bearer ? call : NULL;
}

int vpdn_bearer_on_up(struct vpdn_conn *c, struct vpdn_ipc_msg *m)
{
	char text[VPDN_ACCESS_TEXT_MAX];
	struct vpdn_call *call;
	uint8_t access = 0;
	uint32_t id;

	call = of_bearer(c, m, &id);
	if (!call) {
		vpdn_dialer_clear(vpdn_conn_daemon(c)->dialer, id, "the call is not wanted any more");
		return 0;
	}
	if (call->state == VPDN_ST_DIALLING) {
		call->bridge.access_fd = vpdn_ipc_take_fd(m, 0);
		vpdn_ipc_get_u8(m, VPDN_TLV_ACCESS, &access);
		call->tty = access == VPDN_ACCESS_TTY;
		vpdn_text_keep(&call->access, vpdn_call_access_text(m, text, sizeof(text)));
		vpdn_ipc_get_u32(m, VPDN_TLV_TX_SPEED, &call->tx_speed);
		vpdn_ipc_get_u32(m, VPDN_TLV_RX_SPEED, &call->rx_speed);
		vpdn_ipc_get_u32(m, VPDN_TLV_FRAMING_TYPE, &call->framing);
	}
	return vpdn_call_step(call, VPDN_EV_BEARER_UP);
}

int vpdn_bearer_on_errors(struct vpdn_conn *c, struct vpdn_ipc_msg *m)
{
	struct vpdn_call *call;
	uint32_t id;

	call = of_bearer(c, m, &id);
	if (!call)
		return 0;
	if (!vpdn_call_take_wan(call, m))
		return -EBADMSG;
	if (call->state == VPDN_ST_CONNECTED)
		vpdn_l2tp_wan_errors(call->d->l2tp, call);
	return 0;
}

int vpdn_bearer_on_over(struct vpdn_conn *c, struct vpdn_ipc_msg *m)
{
	uint16_t result = 0, error = 0, q931 = 0;
	char text[VPDN_REASON_MAX];
	struct vpdn_counters *n;
	struct vpdn_call *call;
	uint32_t id;

	call = of_bearer(c, m, &id);
	if (!call)
		return 0;
	call->bearer = false;
	if (call->state == VPDN_ST_DIALLING)
		call->of_dialer->failed++;
	if (call->state < VPDN_ST_CLEARING) {
		n = &call->d->counters;
		vpdn_ipc_get_u16(m, VPDN_TLV_RESULT, &result);
		vpdn_ipc_get_u16(m, VPDN_TLV_ERROR_CODE, &error);
		vpdn_ipc_get_u16(m, VPDN_TLV_Q931_CAUSE, &q931);
		vpdn_call_plain_text(m, VPDN_TLV_TEXT, text, sizeof(text));
		vpdn_call_set_cause(call, result, error, call->connected_ms ? &n->dial_lac_ended : &n->dial_bearer_failed, "%s", text);
		call->cause.q931 = q931;
	}
	return vpdn_call_step(call, VPDN_EV_BEARER_OVER);
}

/* ---- actions ---- */

enum vpdn_ev vpdn_act_start_bearer(struct vpdn_call *call)
{
	static struct vpdn_ipc_msg ask;
	const struct vpdn_dialer *dialer = call->dial->dialer;

	vpdn_call_say(call, LOG_INFO, "dialling for an LNS");
	/* When one of both has gone, it is going to be noticed; what was parsed once parses again. */
	vpdn_l2tp_dial_accept(call->d->l2tp, call->ref);
	call->bearer = true;
	vpdn_call_get_ask(call, &ask);
	vpdn_dialer_start(call->d->dialer, call, dialer, &ask);
	vpdn_ipc_msg_wipe(&ask);
	vpdn_call_set_timer(call, dialer->timeout_s * 1000 + DIALER_MARGIN_MS);
	return VPDN_EV_NONE;
}

/* The L2TP call is over. */
enum vpdn_ev vpdn_act_hang_up(struct vpdn_call *call)
{
	vpdn_call_count_cause(call);
	vpdn_call_say_end(call, "; the bearer is hung up");
	vpdn_call_drop_access(call);
	vpdn_dialer_clear(call->d->dialer, call->id, call->cause.text);
	return VPDN_EV_NONE;
}

enum vpdn_ev vpdn_act_end_both(struct vpdn_call *call)
{
	vpdn_act_clear(call);
	vpdn_dialer_clear(call->d->dialer, call->id, call->cause.text);
	return VPDN_EV_NONE;
}
