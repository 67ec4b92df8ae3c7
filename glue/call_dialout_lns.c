/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * call_dialout_lns.c - calls that a LAC dials for us: what vpdn-dialout.so or `vpdnctl dial`
 * asks and is told, and the LAC's OCRP and OCCN. See call.h and the table dialout_lns in
 * call_fsm.c. The plugin's connection is the call's life: its end is a CDN.
 */
#include "call_impl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "call_text.h"
#include "l2tp_peer.h"
#include "log.h"
#include "registry.h"
#include "result_code.h"

#define IFNAME_MAX		64u	/* escaped */
#define DIAL_TIMEOUT_MAX_MS	600000u

static int refuse(struct vpdn_call *call, uint8_t failure, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static int refuse(struct vpdn_call *call, uint8_t failure, const char *fmt, ...)
{
	char text[VPDN_REASON_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	vpdn_call_set_cause(call, 0, 0, &call->d->counters.dial_config, "%s", text);
	call->cause.failure = failure;
	return vpdn_call_step(call, VPDN_EV_REJECT);
}

int vpdn_dial_on_ask(struct vpdn_conn *c, struct vpdn_ipc_msg *m)
{
	struct vpdnd *d = vpdn_conn_daemon(c);
	char asked[VPDN_NUMBER_MAX + 1], number[VPDN_NUMBER_MAX + 1], group[VPDN_NAME_MAX + 1];
	uint32_t pid = 0, timeout, min, max;
	struct vpdn_call *call;

	if (vpdn_conn_call(c))
		return -EALREADY;
	call = vpdn_call_new(d, VPDN_DIALOUT_LNS, c, m);
	if (!call)
		return -ENOMEM;
	d->counters.dial_asked++;
	vpdn_ipc_get_u32(m, VPDN_TLV_PID, &pid);
	call->pid = (pid_t)pid;
	if (!vpdn_text_keep(&call->group, vpdn_call_peer_text(m, VPDN_TLV_GROUP, group, sizeof(group))))
		return refuse(call, VPDN_DIAL_NO_RESOURCES, "out of memory");
	if (d->stopping)
		return refuse(call, VPDN_DIAL_CLEARED, "vpdnd is stopping");
	call->config = vpdn_config_get(d->config);
	call->chosen = vpdn_config_group(d->config, call->group);
	if (!call->chosen)
		return refuse(call, VPDN_DIAL_CONFIG, "there is no vpdn-group \"%s\"", call->group);
	if (!(call->chosen->requests & VPDN_ACCEPTS_DIALOUT))
		return refuse(call, VPDN_DIAL_CONFIG, "vpdn-group %s has no request-dialout", call->group);
	if (!vpdn_number_get(m, asked) || !vpdn_number_translate(call->chosen, asked, number))
		return refuse(call, VPDN_DIAL_CONFIG, "the number, as given or as translated, is not one of 1 to %u printable characters",
			      VPDN_NUMBER_MAX);
	if (!vpdn_text_keep(&call->number, number))
		return refuse(call, VPDN_DIAL_NO_RESOURCES, "out of memory");
	min = call->chosen->min_bps;
	max = call->chosen->max_bps;
	vpdn_ipc_get_u32(m, VPDN_TLV_MIN_BPS, &min);
	vpdn_ipc_get_u32(m, VPDN_TLV_MAX_BPS, &max);
	if (min > max)
		return refuse(call, VPDN_DIAL_CONFIG, "no line has %u to %u bit/s, as caller and vpdn-group %s together ask for", min, max,
			      call->group);
	timeout = call->chosen->dial_timeout_s * 1000;
	vpdn_ipc_get_u32(m, VPDN_TLV_TIMEOUT_MS, &timeout);
	call->deadline_ms = call->asked_ms + (timeout < DIAL_TIMEOUT_MAX_MS ? timeout : DIAL_TIMEOUT_MAX_MS);
	return vpdn_call_step(call, VPDN_EV_DIAL);
}

int vpdn_dial_on_accepted(struct vpdn_conn *c, struct vpdn_ipc_msg *m)
{
	struct vpdn_call *call = vpdn_call_by_ref(c, m);

	/* Given up meanwhile; its CDN is on its way, or goes out when it is connected. */
	if (!call)
		return 0;
	if (call->kind == VPDN_DIALOUT_LNS)
		vpdn_call_take_ids(call, m);
	return vpdn_call_step(call, VPDN_EV_ACCEPTED);
}

int vpdn_dial_on_connected(struct vpdn_conn *c, struct vpdn_ipc_msg *m)
{
	struct vpdn_call *call = vpdn_call_by_ref_or_clear(c, m);

	if (!call)
		return 0;
	if (call->kind != VPDN_DIALOUT_LNS || !vpdn_fsm_row(call->kind, call->state, VPDN_EV_ANSWERED))
		return -EPROTO;
	if (call->state != VPDN_ST_CLEARING) {
		vpdn_call_take_ids(call, m);
		vpdn_ipc_get_u32(m, VPDN_TLV_TX_SPEED, &call->tx_speed);
		call->rx_speed = call->tx_speed;
		vpdn_ipc_get_u32(m, VPDN_TLV_RX_SPEED, &call->rx_speed);
		vpdn_ipc_get_u32(m, VPDN_TLV_FRAMING_TYPE, &call->framing);
		call->bridge.l2tp_fd = vpdn_ipc_take_fd(m, 0);
	}
	return vpdn_call_step(call, VPDN_EV_ANSWERED);
}

int vpdn_dial_on_up(struct vpdn_conn *c, struct vpdn_ipc_msg *m)
{
	struct vpdn_call *call = vpdn_conn_call(c);
	char text[256];
	uint32_t pid;

	if (!call || call->kind != VPDN_DIALOUT_LNS || call->state != VPDN_ST_CONNECTED)
		return -EPROTO;
	vpdn_text_keep(&call->ifname, vpdn_call_peer_text(m, VPDN_TLV_IFNAME, text, IFNAME_MAX));
	if (vpdn_ipc_get_u32(m, VPDN_TLV_PID, &pid))
		call->pid = (pid_t)pid;
	if (vpdn_ipc_has(m, VPDN_TLV_USER))
		vpdn_text_keep(&call->user, vpdn_call_peer_text(m, VPDN_TLV_USER, text, sizeof(text)));
	vpdn_ipc_get_ip4(m, VPDN_TLV_LOCAL_IP, &call->local_ip);
	vpdn_ipc_get_ip4(m, VPDN_TLV_REMOTE_IP, &call->remote_ip);
	vpdn_call_say(call, LOG_NOTICE, "PPP is up on %s", call->ifname);
	return 0;
}

int vpdn_dial_on_link_info(struct vpdn_conn *c, struct vpdn_ipc_msg *m)
{
	struct vpdn_call *call = vpdn_conn_call(c);

	if (!call || call->kind != VPDN_DIALOUT_LNS || call->state != VPDN_ST_CONNECTED)
		return -EPROTO;
	vpdn_ipc_get_u32(m, VPDN_TLV_SEND_ACCM, &call->send_accm);
	vpdn_ipc_get_u32(m, VPDN_TLV_RECV_ACCM, &call->recv_accm);
	call->has_accm = true;
	vpdn_l2tp_link_info(vpdn_conn_daemon(c)->l2tp, call);
	return 0;
}

/* ---- actions ---- */

void vpdn_dial_progress(struct vpdn_call *call, const char *fmt, ...)
{
	char text[VPDN_REASON_MAX];
	struct vpdn_ipc_builder b;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	vpdn_ipc_begin(&b, VPDN_MSG_DIAL_PROGRESS, 0, 0);
	vpdn_ipc_put_text(&b, VPDN_TLV_TEXT, text);
	vpdn_conn_send(call->plugin, &b);
}

/* The rest of the time is the LAC's. */
enum vpdn_ev vpdn_act_say_dialling(struct vpdn_call *call)
{
	uint64_t now = vpdnd_now_ms();
	char addr[INET_ADDRSTRLEN];

	vpdn_peer_alive(call->of_peer);
	vpdn_call_say(call, LOG_INFO, "the LAC dials");
	vpdn_dial_progress(call, "LAC %s is dialling %s", inet_ntop(AF_INET, &call->peer, addr, sizeof(addr)), call->number);
	vpdn_call_set_timer(call, call->deadline_ms > now ? (unsigned int)(call->deadline_ms - now) : 1);
	return VPDN_EV_NONE;
}

enum vpdn_ev vpdn_act_hand_over(struct vpdn_call *call)
{
	const struct vpdn_tunnel *t = vpdn_registry_tunnel(call->d->registry, call->tunnel_id);
	struct vpdn_ipc_builder b;
	char addr[INET_ADDRSTRLEN];

	call->connected_ms = vpdnd_now_ms();
	vpdn_peer_alive(call->of_peer);
	vpdn_call_drop_config(call);
	call->d->counters.dial_connected++;
	vpdn_call_say(call, LOG_NOTICE, "connected after %u ms, attempt %u, at %u bit/s, %s",
		      (unsigned int)(call->connected_ms - call->asked_ms), call->attempts, call->tx_speed, vpdn_framing_text(call->framing));
	vpdn_ipc_begin(&b, VPDN_MSG_DIAL_CONNECTED, 0, 0);
	vpdn_ipc_put_u32(&b, VPDN_TLV_TX_SPEED, call->tx_speed);
	vpdn_ipc_put_u32(&b, VPDN_TLV_RX_SPEED, call->rx_speed);
	vpdn_ipc_put_u32(&b, VPDN_TLV_FRAMING_TYPE, call->framing);
	vpdn_ipc_put_textf(&b, VPDN_TLV_TEXT, "LAC %s: %s is connected at %u bit/s, %s", inet_ntop(AF_INET, &call->peer, addr, sizeof(addr)),
			   call->number, call->tx_speed, vpdn_framing_text(call->framing));
	vpdn_ipc_put_text(&b, VPDN_TLV_GROUP, call->group);
	if (t && *t->peer_name)
		vpdn_ipc_put_text(&b, VPDN_TLV_PEER_NAME, t->peer_name);
	vpdn_ipc_put_ip4(&b, VPDN_TLV_PEER_IP, call->peer);
	vpdn_ipc_put_u16(&b, VPDN_TLV_TUNNEL_ID, call->tunnel_id);
	vpdn_ipc_put_u16(&b, VPDN_TLV_SESSION_ID, call->session_id);
	vpdn_conn_send_fd(call->plugin, &b, call->bridge.l2tp_fd);
	vpdn_bridge_drop_l2tp(&call->bridge);
	return VPDN_EV_NONE;
}

enum vpdn_ev vpdn_act_say_over(struct vpdn_call *call)
{
	const struct vpdn_cause *why = &call->cause;
	struct vpdn_ipc_builder b;

	vpdn_call_count_cause(call);
	vpdn_call_say_end(call, "; pppd is told");
	vpdn_ipc_begin(&b, VPDN_MSG_DIAL_OVER, 0, 0);
	vpdn_ipc_put_u8(&b, VPDN_TLV_DIAL_FAILURE, why->failure);
	vpdn_ipc_put_textf(&b, VPDN_TLV_TEXT, "%s", why->text);
	if (why->result)
		vpdn_ipc_put_u16(&b, VPDN_TLV_RESULT, why->result);
	if (why->error)
		vpdn_ipc_put_u16(&b, VPDN_TLV_ERROR_CODE, why->error);
	if (why->q931)
		vpdn_ipc_put_u16(&b, VPDN_TLV_Q931_CAUSE, why->q931);
	vpdn_conn_send(call->plugin, &b);
	vpdn_call_drop_plugin(call);
	return VPDN_EV_NONE;
}

enum vpdn_ev vpdn_act_over_and_clear(struct vpdn_call *call)
{
	vpdn_act_say_over(call);
	vpdn_l2tp_clear(call->d->l2tp, call->ref, &call->cause);
	return VPDN_EV_NONE;
}
