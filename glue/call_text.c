/* SPDX-License-Identifier: GPL-2.0-or-later */
/* call_text.c - see call_text.h. */
#include "call_text.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "call.h"
#include "result_code.h"
#include "text.h"

char *vpdn_call_peer_text(const struct vpdn_ipc_msg *m, uint16_t tlv, char *buf, size_t size)
{
	const uint8_t *p = NULL;
	size_t len = 0;

	vpdn_ipc_get_bytes(m, tlv, &p, &len);
	return vpdn_text_escape(p, len, buf, size);
}

char *vpdn_call_plain_text(const struct vpdn_ipc_msg *m, uint16_t tlv, char *buf, size_t size)
{
	const uint8_t *p = NULL;
	size_t len = 0;

	vpdn_ipc_get_bytes(m, tlv, &p, &len);
	if (len >= size)
		len = size - 1;
	for (size_t i = 0; i < len; i++)
		buf[i] = p[i] >= ' ' && p[i] < 0x7f ? (char)p[i] : '?';
	buf[len] = '\0';
	return buf;
}

char *vpdn_call_access_text(const struct vpdn_ipc_msg *m, char *buf, size_t size)
{
	uint8_t kind = 0;
	uint16_t session = 0;
	const uint8_t *p;
	struct vpdn_text t;
	size_t len;

	vpdn_text_init(&t, buf, size);
	vpdn_ipc_get_u8(m, VPDN_TLV_ACCESS, &kind);
	vpdn_text_add(&t, "%s", kind == VPDN_ACCESS_PPPOE ? "pppoe" : kind == VPDN_ACCESS_TTY ? "tty" :
		      kind == VPDN_ACCESS_L2TP ? "l2tp" : "access?");
	if (vpdn_ipc_get_bytes(m, VPDN_TLV_ACCESS_INTERFACE, &p, &len)) {
		vpdn_text_add(&t, " ");
		vpdn_text_add_escaped(&t, p, len);
	}
	if (vpdn_ipc_get_u16(m, VPDN_TLV_PPPOE_SESSION, &session))
		vpdn_text_add(&t, "/%u", session);
	if (vpdn_ipc_get_bytes(m, VPDN_TLV_PEER_MAC, &p, &len) && len == 6)
		vpdn_text_add(&t, " %02x:%02x:%02x:%02x:%02x:%02x", p[0], p[1], p[2], p[3], p[4], p[5]);
	return buf;
}

char *vpdn_call_who(const struct vpdn_call *call, char *buf, size_t size)
{
	char addr[INET_ADDRSTRLEN];
	struct vpdn_text t;

	vpdn_text_init(&t, buf, size);
	vpdn_text_add(&t, "id=%u", call->id);
	if (call->session_id)
		vpdn_text_add(&t, " tunnel=%u/%u session=%u/%u", call->tunnel_id, call->peer_tunnel_id, call->session_id,
			      call->peer_session_id);
	if (call->peer.s_addr != INADDR_ANY)
		vpdn_text_add(&t, " peer=%s", inet_ntop(AF_INET, &call->peer, addr, sizeof(addr)));
	if (call->kind == VPDN_DIALIN_LAC) {
		vpdn_text_add(&t, " user=%s access=\"%s\"", *call->user ? call->user : "-", call->access);
		return buf;
	}
	if (*call->user)
		vpdn_text_add(&t, " user=%s", call->user);
	vpdn_text_add(&t, " group=%s number=%s", call->group, *call->number ? call->number : "-");
	if (*call->dialer)
		vpdn_text_add(&t, " dialer=%s", call->dialer);
	if (*call->access)
		vpdn_text_add(&t, " access=\"%s\"", call->access);
	return buf;
}

const char *vpdn_framing_text(uint32_t framing)
{
	return framing == 1 ? "synchronous" : framing == 2 ? "asynchronous" : framing == 3 ? "any framing" : "unknown framing";
}

char *vpdn_call_reason_text(const struct vpdn_ipc_msg *m, char *buf, size_t size)
{
	uint8_t stage = 0, by = 0;
	uint16_t result = 0;

	vpdn_ipc_get_u8(m, VPDN_TLV_STAGE, &stage);
	vpdn_ipc_get_u8(m, VPDN_TLV_BY, &by);
	if (*vpdn_call_plain_text(m, VPDN_TLV_TEXT, buf, size))
		return buf;
	vpdn_ipc_get_u16(m, VPDN_TLV_RESULT, &result);
	snprintf(buf, size, "%s", stage == VPDN_STAGE_TUNNEL ? "no tunnel" : result ? vpdn_cdn_result_text(result) :
		 by == VPDN_BY_TIMEOUT ? "no answer in time" : "the call is over");
	return buf;
}

char *vpdn_call_cleared_text(const struct vpdn_ipc_msg *m, char *buf, size_t size)
{
	static const char *const stages[] = { "", "tunnel", "call", "session" };
	static const char *const by[] = { "", " ended by us", " ended by the peer", " timed out" };
	uint8_t stage = 0, who = 0, direction = 0;
	uint16_t cause = 0, code = 0;
	struct vpdn_result r = { 0 };
	char text[192];
	struct vpdn_text t;

	vpdn_text_init(&t, buf, size);
	vpdn_ipc_get_u8(m, VPDN_TLV_STAGE, &stage);
	vpdn_ipc_get_u8(m, VPDN_TLV_BY, &who);
	vpdn_text_add(&t, "%s%s", stage <= VPDN_STAGE_CONNECTED ? stages[stage] : "", who <= VPDN_BY_TIMEOUT ? by[who] : "");
	if (vpdn_ipc_get_u16(m, VPDN_TLV_RESULT, &r.result)) {
		r.has_error = vpdn_ipc_get_u16(m, VPDN_TLV_ERROR_CODE, &r.error);
		vpdn_text_add(&t, ", result %s", vpdn_result_print(&r, stage == VPDN_STAGE_TUNNEL, text, sizeof(text)));
	}
	if (*vpdn_call_plain_text(m, VPDN_TLV_TEXT, text, sizeof(text)))
		vpdn_text_add(&t, ": %s", text);
	if (vpdn_ipc_get_u16(m, VPDN_TLV_Q931_CAUSE, &cause))
		vpdn_text_add(&t, "; Q.931 cause %u (%s)", cause, vpdn_q931_text(cause));
	if (vpdn_ipc_get_u16(m, VPDN_TLV_DISC_CODE, &code) && code) {
		vpdn_ipc_get_u8(m, VPDN_TLV_DISC_DIRECTION, &direction);
		vpdn_text_add(&t, "; PPP cause %u (%s, %s)", code, vpdn_ppp_cause_text(code), vpdn_ppp_direction_text(direction));
	}
	return buf;
}
