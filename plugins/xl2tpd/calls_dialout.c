/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * calls_dialout.c - outgoing-call requests to LACs: what vpdnd places for dial-out (RFC 2661 5.2.2, LNS side).
 *
 *	L2TP_DIAL_PLACE -> tunnel up -> OCRQ -> OCRP, kernel session -> L2TP_DIAL_ACCEPTED -> OCCN -> L2TP_DIAL_CONNECTED
 *
 * The kernel session stands from the OCRP on: frames may beat the OCCN and wait in it. The time of the request ends with the OCRP; how
 * long the LAC may dial is vpdnd's business. After OCCN, WEN of the LAC is passed on, and SLI is sent when vpdnd says so.
 * Owns the session's socket until L2TP_DIAL_CONNECTED.
 */
#include "calls.h"

#include <errno.h>
#include <unistd.h>

#include "avp.h"

/* When vpdnd does not say: any line will do. */
#define MIN_BPS		1u
#define MAX_BPS		0x7fffffffu
#define BEARER_ANY	3u
#define FRAMING_ANY	3u

struct call_dialout {
	struct vpdn_ref_call call;	/* first */
	uint32_t bearer, framing;	/* what is asked for, bits of AVPs 18 and 19 */
	bool has_session;
	int session_fd;			/* with has_session */
	uint32_t send_accm, recv_accm;	/* of the SLI being sent */
};

static void put_or(struct vpdn_writer *w, const struct vpdn_ipc_msg *m, uint16_t tlv, uint16_t type, uint32_t v)
{
	vpdn_ipc_get_u32(m, tlv, &v);
	vpdn_avp_put_u32(w, VPDN_VENDOR_IETF, type, v);
}

/* RFC 2661 6.9, but for the kind of line, which is narrowed down later; the core has put Assigned Session ID and Call Serial Number. */
static int make(struct vpdn_ref_call *c, const struct vpdn_ipc_msg *m)
{
	struct call_dialout *o = (struct call_dialout *)c;
	uint8_t buf[VPDN_CALL_AVPS_MAX];
	struct vpdn_writer w;
	const uint8_t *p;
	size_t len;

	if (!vpdn_ipc_get_bytes(m, VPDN_TLV_CALLED_NUMBER, &p, &len) || !len)
		return -EINVAL;
	vpdn_ref_label(c, "number", p, len);
	o->bearer = BEARER_ANY;
	o->framing = FRAMING_ANY;
	vpdn_ipc_get_u32(m, VPDN_TLV_BEARER_TYPE, &o->bearer);
	vpdn_ipc_get_u32(m, VPDN_TLV_FRAMING_TYPE, &o->framing);
	vpdn_writer_init(&w, buf, sizeof(buf));
	put_or(&w, m, VPDN_TLV_MIN_BPS, VPDN_AVP_MINIMUM_BPS, MIN_BPS);
	put_or(&w, m, VPDN_TLV_MAX_BPS, VPDN_AVP_MAXIMUM_BPS, MAX_BPS);
	vpdn_avp_put(&w, VPDN_VENDOR_IETF, VPDN_AVP_CALLED_NUMBER, p, len);
	vpdn_avp_from_octets(&w, m, VPDN_TLV_SUB_ADDRESS, VPDN_VENDOR_IETF, VPDN_AVP_SUB_ADDRESS);
	return vpdn_kept_set(&c->request, &w);
}

/*
 * RFC 2661 4.4.3: no framing may be asked for that the LAC has not advertised, and no kind of bearer should. Of bearers some
 * LACs say nothing, or 0, and dial nevertheless.
 */
static const char *unsuitable(struct vpdn_ref_call *c)
{
	struct call_dialout *o = (struct call_dialout *)c;
	struct l2tp_tunnel_info ti;

	vpdn_core->tunnel_info(c->base.tunnel->core, &ti);
	o->framing &= (uint32_t)ti.framings;
	if (!o->framing)
		return "the LAC does not have the framing that is wanted";
	if (ti.bearers)
		o->bearer &= (uint32_t)ti.bearers;
	return o->bearer ? NULL : "the LAC does not have the kind of bearer that is wanted";
}

static void drop_session(struct vpdn_ref_call *c)
{
	struct call_dialout *o = (struct call_dialout *)c;

	if (o->has_session)
		close(o->session_fd);
	o->has_session = false;
}

static void on_ocrp(struct vpdn_ref_call *c, const uint8_t *avps, size_t len)
{
	struct call_dialout *o = (struct call_dialout *)c;
	struct vpdn_ipc_builder b;
	struct vpdn_avp_tlvs tlvs = { .b = &b };
	char text[120];
	int fd = vpdn_session_socket(c->base.core, text, sizeof(text));

	if (fd < 0) {
		vpdn_ref_end(c, VPDN_CDN_ERROR, VPDN_ERROR_RESOURCES, 0, text);
		return;
	}
	o->session_fd = fd;
	o->has_session = true;
	vpdn_ref_accepted(c);
	vpdn_ipc_begin(&b, VPDN_MSG_L2TP_DIAL_ACCEPTED, 0, 0);
	vpdn_ipc_put_u32(&b, VPDN_TLV_CALL_REF, c->ref);
	vpdn_ref_put_ids(c, &b);
	vpdn_avp_tlvs_put(&tlvs, avps, len);
	vpdn_link_send(&b, -1);
	vpdn_ref_log(c, LOG_INFO, "accepted by the peer, which dials");
}

/* RFC 2661 6.11. What a LAC leaves out is told as 0: not known. */
static void on_occn(struct vpdn_ref_call *c, const uint8_t *avps, size_t len)
{
	struct call_dialout *o = (struct call_dialout *)c;
	struct vpdn_ipc_builder b;
	struct vpdn_avp_tlvs tlvs = { .b = &b };

	c->state = VPDN_REF_CONNECTED;
	vpdn_ipc_begin(&b, VPDN_MSG_L2TP_DIAL_CONNECTED, 0, 0);
	vpdn_ipc_put_u32(&b, VPDN_TLV_CALL_REF, c->ref);
	vpdn_avp_tlvs_put(&tlvs, avps, len);
	if (!vpdn_avp_tlv_seen(&tlvs, VPDN_TLV_TX_SPEED))
		vpdn_ipc_put_u32(&b, VPDN_TLV_TX_SPEED, 0);
	if (!vpdn_avp_tlv_seen(&tlvs, VPDN_TLV_FRAMING_TYPE))
		vpdn_ipc_put_u32(&b, VPDN_TLV_FRAMING_TYPE, 0);
	vpdn_session_sequence(o->session_fd, avps, len);
	vpdn_link_send(&b, o->session_fd);
	drop_session(c);
	vpdn_ref_log(c, LOG_NOTICE, "connected");
}

/* RFC 2661 6.13 */
static void on_wen(struct vpdn_ref_call *c, const uint8_t *avps, size_t len)
{
	struct vpdn_avp_value errors;
	struct vpdn_ipc_builder b;

	if (!vpdn_avps_value(avps, len, VPDN_AVP_CALL_ERRORS, &errors) || errors.len < 2)
		return;
	vpdn_ipc_begin(&b, VPDN_MSG_L2TP_WAN_ERRORS, 0, 0);
	vpdn_ipc_put_u32(&b, VPDN_TLV_CALL_REF, c->ref);
	vpdn_ipc_put_bytes(&b, VPDN_TLV_CALL_ERRORS, errors.value + 2, errors.len - 2);
	vpdn_link_send(&b, -1);
}

static void on_message(struct vpdn_ref_call *c, int msgtype, const uint8_t *avps, size_t len)
{
	if (msgtype == VPDN_L2TP_OCRP)
		on_ocrp(c, avps, len);
	else if (msgtype == VPDN_L2TP_OCCN)
		on_occn(c, avps, len);
	else if (msgtype == VPDN_L2TP_WEN)
		on_wen(c, avps, len);
}

/* RFC 2661 6.14: a reserved field, then the maps. */
static bool put_accm(const struct call_dialout *o, struct vpdn_writer *w)
{
	uint8_t value[10];
	struct vpdn_writer v;

	vpdn_writer_init(&v, value, sizeof(value));
	vpdn_writer_u16(&v, 0);
	vpdn_writer_u32(&v, o->send_accm);
	vpdn_writer_u32(&v, o->recv_accm);
	return vpdn_avp_put(w, VPDN_VENDOR_IETF, VPDN_AVP_ACCM, v.buf, v.len);
}

static size_t build(struct vpdn_ref_call *c, int msgtype, uint8_t *avps, size_t size)
{
	struct call_dialout *o = (struct call_dialout *)c;
	struct vpdn_writer w;
	bool done = false;

	vpdn_writer_init(&w, avps, size);
	if (msgtype == VPDN_L2TP_OCRQ)
		done = vpdn_avp_put_u32(&w, VPDN_VENDOR_IETF, VPDN_AVP_BEARER_TYPE, o->bearer) &&
		       vpdn_avp_put_u32(&w, VPDN_VENDOR_IETF, VPDN_AVP_FRAMING_TYPE, o->framing);
	else if (msgtype == VPDN_L2TP_SLI)
		done = put_accm(o, &w);
	return done ? w.len : 0;
}

static const struct vpdn_ref_kind kind = {
	.size = sizeof(struct call_dialout),
	.request = VPDN_L2TP_OCRQ,
	.late_by = L2TP_BY_TIMEOUT,
	.late_result = VPDN_CDN_TIMEOUT,
	.late_text = "no answer to OCRQ in time",
	.make = make,
	.unsuitable = unsuitable,
	.message = on_message,
	.build = build,
	.release = drop_session,
};

int vpdn_calls_dialout_place(const struct vpdn_ipc_msg *m)
{
	return vpdn_ref_place(&kind, m);
}

int vpdn_calls_dialout_link_info(const struct vpdn_ipc_msg *m)
{
	struct vpdn_ref_call *c = vpdn_ref_find(m);
	struct call_dialout *o = (struct call_dialout *)c;

	if (!c)
		return -ENOENT;
	if (c->kind != &kind || c->state != VPDN_REF_CONNECTED)
		return -EPROTO;
	vpdn_ipc_get_u32(m, VPDN_TLV_SEND_ACCM, &o->send_accm);
	vpdn_ipc_get_u32(m, VPDN_TLV_RECV_ACCM, &o->recv_accm);
	return vpdn_core->call_notify(c->base.core, VPDN_L2TP_SLI) ? -EPROTO : 0;
}
