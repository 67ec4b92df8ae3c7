/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * calls_out.c - incoming-call requests to LNSs: what vpdnd places for its subscribers (RFC 2661 5.2.1, LAC side).
 *
 *	L2TP_CALL_PLACE -> tunnel up -> ICRQ -> ICRP, kernel session -> L2TP_CALL_READY -> L2TP_CALL_CONNECT -> ICCN
 *
 * ICCN waits until vpdnd has bridged the session, so that no frame of the LNS comes before that. A proxied MS-CHAPv2, for which
 * RFC 2661 has no type, goes only to an LNS that agrees in its ICRP. The AVPs of ICRQ and ICCN are made when the call is placed.
 */
#include "calls.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "avp.h"

#define DEFAULT_SPEED	1000000000u	/* bit/s: an Ethernet nobody has said more about */

struct call_out {
	struct vpdn_ref_call call;	/* first */
	size_t iccn_foreign_len;	/* the part of the ICCN that an LNS gets which is not ours */
	bool own_features;		/* the LNS has agreed to VPDN_AVP_OWN_FEATURES */
};

/* ---- AVPs ---- */

/* RFC 2661 6.6, RFC 5515 5: vpdnd has left out what the group does not send. */
static void put_icrq(struct vpdn_writer *w, const struct vpdn_ipc_msg *m)
{
	struct vpdn_ipc_iter it;
	const uint8_t *p, *value;
	size_t len, value_len;
	uint16_t vendor, type, auth_type;
	uint8_t flags;

	vpdn_avp_from_number(w, m, VPDN_TLV_BEARER_TYPE, VPDN_AVP_BEARER_TYPE);
	vpdn_avp_from_number(w, m, VPDN_TLV_PHYSICAL_CHANNEL, VPDN_AVP_PHYS_CHANNEL);
	vpdn_avp_from_octets(w, m, VPDN_TLV_CALLED_NUMBER, VPDN_VENDOR_IETF, VPDN_AVP_CALLED_NUMBER);
	vpdn_avp_from_octets(w, m, VPDN_TLV_CALLING_NUMBER, VPDN_VENDOR_IETF, VPDN_AVP_CALLING_NUMBER);
	vpdn_avp_from_octets(w, m, VPDN_TLV_SUB_ADDRESS, VPDN_VENDOR_IETF, VPDN_AVP_SUB_ADDRESS);
	vpdn_avp_from_octets(w, m, VPDN_TLV_NAS_PORT, VPDN_VENDOR_CISCO, VPDN_AVP_CISCO_NAS_PORT);
	vpdn_avp_from_octets(w, m, VPDN_TLV_CIRCUIT_ID, VPDN_VENDOR_BBF, VPDN_AVP_BBF_CIRCUIT_ID);
	vpdn_avp_from_octets(w, m, VPDN_TLV_REMOTE_ID, VPDN_VENDOR_BBF, VPDN_AVP_BBF_REMOTE_ID);
	if (vpdn_ipc_get_u16(m, VPDN_TLV_PROXY_AUTH_TYPE, &auth_type) && auth_type == VPDN_PROXY_AUTH_MSCHAP_V2)
		vpdn_avp_put_u32(w, VPDN_VENDOR_OWN, VPDN_AVP_OWN_FEATURES, VPDN_FEATURE_MSCHAP_V2);
	vpdn_ipc_iter_init(&it, m);
	while (vpdn_ipc_next_of(&it, VPDN_TLV_AVP, &p, &len))
		if (vpdn_ipc_parse_avp(p, len, &vendor, &type, &flags, &value, &value_len))
			vpdn_avp_put_raw(w, vendor, type, flags & VPDN_IPC_AVP_M, false, value, value_len);
}

/* RFC 2661 6.8 */
static int put_iccn(struct call_out *o, struct vpdn_writer *w, const struct vpdn_ipc_msg *m)
{
	struct vpdn_proxy proxy;
	int rc;

	vpdn_avp_put_connection(w, m, DEFAULT_SPEED);
	rc = vpdn_ipc_get_proxy(m, &proxy);
	if (!rc) {
		vpdn_proxy_put_lcp(w, &proxy);
		if (proxy.auth_type == VPDN_PROXY_AUTH_MSCHAP_V2)
			o->iccn_foreign_len = w->len;
		vpdn_proxy_put_auth(w, &proxy);
	}
	vpdn_proxy_wipe(&proxy);
	return rc;
}

static int make(struct vpdn_ref_call *c, const struct vpdn_ipc_msg *m)
{
	struct call_out *o = (struct call_out *)c;
	uint8_t buf[VPDN_CALL_AVPS_MAX];
	struct vpdn_writer w;
	const uint8_t *p;
	size_t len;
	int rc;

	if (vpdn_ipc_get_bytes(m, VPDN_TLV_USER, &p, &len))
		vpdn_ref_label(c, "user", p, len);
	vpdn_writer_init(&w, buf, sizeof(buf));
	put_icrq(&w, m);
	rc = vpdn_kept_set(&c->request, &w);
	if (rc)
		return rc;
	vpdn_writer_init(&w, buf, sizeof(buf));
	rc = put_iccn(o, &w, m);
	if (!rc)
		rc = vpdn_kept_set(&c->connect, &w);
	explicit_bzero(buf, sizeof(buf));
	return rc;
}

/* ---- from vpdnd and the core ---- */

static int connecting(struct vpdn_ref_call *c, const struct vpdn_ipc_msg *m)
{
	struct call_out *o = (struct call_out *)c;

	(void)m;
	if (!o->iccn_foreign_len || o->own_features)
		return 0;
	explicit_bzero(c->connect.p + o->iccn_foreign_len, c->connect.len - o->iccn_foreign_len);
	c->connect.len = o->iccn_foreign_len;
	vpdn_ref_log(c, LOG_NOTICE, "the LNS has not agreed to proxied MS-CHAPv2, it gets the LCP alone");
	return 0;
}

static void on_message(struct vpdn_ref_call *c, int msgtype, const uint8_t *avps, size_t len)
{
	struct call_out *o = (struct call_out *)c;
	struct vpdn_ipc_builder b;
	struct l2tp_call_info info;
	char text[120];
	int fd;

	if (msgtype != VPDN_L2TP_ICRP)
		return;
	o->own_features = vpdn_own_features(avps, len) & VPDN_FEATURE_MSCHAP_V2;
	fd = vpdn_session_socket(c->base.core, text, sizeof(text));
	if (fd < 0) {
		vpdn_ref_end(c, VPDN_CDN_ERROR, VPDN_ERROR_RESOURCES, 0, text);
		return;
	}
	vpdn_ref_accepted(c);
	vpdn_ipc_begin(&b, VPDN_MSG_L2TP_CALL_READY, 0, 0);
	vpdn_ipc_put_u32(&b, VPDN_TLV_CALL_REF, c->ref);
	vpdn_ref_put_ids(c, &b);
	vpdn_core->call_info(c->base.core, &info);
	vpdn_ipc_put_u32(&b, VPDN_TLV_CALL_SERIAL, info.serial);
	vpdn_link_send(&b, fd);
	close(fd);
	vpdn_ref_log(c, LOG_INFO, "accepted by the peer");
}

static const struct vpdn_ref_kind kind = {
	.size = sizeof(struct call_out),
	.request = VPDN_L2TP_ICRQ,
	.connect = VPDN_L2TP_ICCN,
	.late_by = L2TP_BY_TIMEOUT,
	.late_result = VPDN_CDN_TIMEOUT,
	.late_text = "no answer to ICRQ in time",
	.make = make,
	.connecting = connecting,
	.message = on_message,
};

int vpdn_calls_out_place(const struct vpdn_ipc_msg *m)
{
	return vpdn_ref_place(&kind, m);
}
