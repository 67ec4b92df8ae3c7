/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * avp_tlv.c - AVPs of a peer's message (RFC 2661 4.4) as TLVs for vpdnd or a pppd template, and TLVs of vpdnd as AVPs.
 *
 * Used by the files that keep calls. The table is the one place that says which AVP of a peer is which TLV; what else RFC 5515 says
 * of the access line travels as it is.
 */
#include "module.h"

#include <string.h>

#include "avp.h"
#include "text.h"

#define FRAMING_SYNC	1u

/* Speeds are numbers in whatever form. */
static const struct {
	uint16_t vendor, type, tlv;
	bool number;
} table[] = {
	{ VPDN_VENDOR_IETF, VPDN_AVP_CALL_SERIAL, VPDN_TLV_CALL_SERIAL, true },
	{ VPDN_VENDOR_IETF, VPDN_AVP_MINIMUM_BPS, VPDN_TLV_MIN_BPS, true },
	{ VPDN_VENDOR_IETF, VPDN_AVP_MAXIMUM_BPS, VPDN_TLV_MAX_BPS, true },
	{ VPDN_VENDOR_IETF, VPDN_AVP_BEARER_TYPE, VPDN_TLV_BEARER_TYPE, true },
	{ VPDN_VENDOR_IETF, VPDN_AVP_FRAMING_TYPE, VPDN_TLV_FRAMING_TYPE, true },
	{ VPDN_VENDOR_IETF, VPDN_AVP_TX_SPEED, VPDN_TLV_TX_SPEED, true },
	{ VPDN_VENDOR_IETF, VPDN_AVP_RX_SPEED, VPDN_TLV_RX_SPEED, true },
	{ VPDN_VENDOR_IETF, VPDN_AVP_PHYS_CHANNEL, VPDN_TLV_PHYSICAL_CHANNEL, true },
	{ VPDN_VENDOR_IETF, VPDN_AVP_CALLED_NUMBER, VPDN_TLV_CALLED_NUMBER, false },
	{ VPDN_VENDOR_IETF, VPDN_AVP_CALLING_NUMBER, VPDN_TLV_CALLING_NUMBER, false },
	{ VPDN_VENDOR_IETF, VPDN_AVP_SUB_ADDRESS, VPDN_TLV_SUB_ADDRESS, false },
	{ VPDN_VENDOR_CISCO, VPDN_AVP_CISCO_NAS_PORT, VPDN_TLV_NAS_PORT, false },
	{ VPDN_VENDOR_BBF, VPDN_AVP_BBF_CIRCUIT_ID, VPDN_TLV_CIRCUIT_ID, false },
	{ VPDN_VENDOR_BBF, VPDN_AVP_BBF_REMOTE_ID, VPDN_TLV_REMOTE_ID, false },
};
#define ROWS	(sizeof(table) / sizeof(table[0]))

_Static_assert(ROWS <= 32, "bits of vpdn_avp_seen.rows");

void vpdn_avps_each(const uint8_t *avps, size_t len, vpdn_avp_fn *fn, void *arg)
{
	struct vpdn_avp_iter it;
	struct vpdn_avp avp;

	vpdn_avp_iter_init(&it, avps, len);
	while (vpdn_avp_next(&it, &avp) == 1)
		if (avp.verdict == VPDN_AVP_OK || avp.verdict == VPDN_AVP_MISPLACED)
			fn(arg, &avp);
}

bool vpdn_avp_tlv_put(struct vpdn_avp_tlvs *s, const struct vpdn_avp *avp)
{
	uint64_t v;
	size_t i;

	for (i = 0; i < ROWS; i++) {
		if (table[i].vendor != avp->vendor || table[i].type != avp->type)
			continue;
		if (s->seen.rows & 1u << i)
			return true;
		if (!table[i].number) {
			vpdn_ipc_put_bytes(s->b, table[i].tlv, avp->value, avp->len);
		} else {
			if (!vpdn_avp_number(avp, &v))
				return true;
			vpdn_ipc_put_u32(s->b, table[i].tlv, v > UINT32_MAX ? UINT32_MAX : (uint32_t)v);
		}
		s->seen.rows |= 1u << i;
		return true;
	}
	if (avp->vendor != VPDN_VENDOR_BBF || !avp->def || avp->type >= 8 * sizeof(s->seen.line))
		return false;
	if (!(s->seen.line[avp->type / 8] & 1u << avp->type % 8))
		vpdn_ipc_put_avp(s->b, avp->vendor, avp->type, 0, avp->value, avp->len);
	s->seen.line[avp->type / 8] |= (uint8_t)(1u << avp->type % 8);
	return true;
}

bool vpdn_avp_tlv_seen(const struct vpdn_avp_tlvs *s, uint16_t tlv)
{
	size_t i;

	for (i = 0; i < ROWS; i++)
		if (table[i].tlv == tlv)
			return s->seen.rows & 1u << i;
	return false;
}

static void put(void *arg, const struct vpdn_avp *avp)
{
	vpdn_avp_tlv_put(arg, avp);
}

void vpdn_avp_tlvs_put(struct vpdn_avp_tlvs *s, const uint8_t *avps, size_t len)
{
	vpdn_avps_each(avps, len, put, s);
}

static void copy(void *arg, const struct vpdn_avp *avp)
{
	struct vpdn_avp_value *v = arg;

	if (v->found || avp->vendor != VPDN_VENDOR_IETF || avp->type != v->type || avp->len > sizeof(v->value))
		return;
	memcpy(v->value, avp->value, avp->len);
	v->len = avp->len;
	v->found = true;
}

bool vpdn_avps_value(const uint8_t *avps, size_t len, uint16_t type, struct vpdn_avp_value *v)
{
	v->type = type;
	v->found = false;
	vpdn_avps_each(avps, len, copy, v);
	return v->found;
}

void vpdn_avps_text(const uint8_t *avps, size_t len, uint16_t type, char *buf, size_t size)
{
	struct vpdn_avp_value v;

	*buf = 0;
	if (vpdn_avps_value(avps, len, type, &v))
		vpdn_text_escape(v.value, v.len, buf, size);
}

/* ---- AVPs from TLVs ---- */

void vpdn_avp_from_octets(struct vpdn_writer *w, const struct vpdn_ipc_msg *m, uint16_t tlv, uint16_t vendor, uint16_t type)
{
	const struct vpdn_avp_def *def = vpdn_avp_lookup(vendor, type);
	const uint8_t *p;
	size_t len;

	if (vpdn_ipc_get_bytes(m, tlv, &p, &len) && def && vpdn_avp_value_ok(def, p, len))
		vpdn_avp_put(w, vendor, type, p, len);
}

void vpdn_avp_from_number(struct vpdn_writer *w, const struct vpdn_ipc_msg *m, uint16_t tlv, uint16_t type)
{
	uint32_t v;

	if (vpdn_ipc_get_u32(m, tlv, &v))
		vpdn_avp_put_u32(w, VPDN_VENDOR_IETF, type, v);
}

void vpdn_avp_put_connection(struct vpdn_writer *w, const struct vpdn_ipc_msg *m, uint32_t default_speed)
{
	uint32_t tx = default_speed, rx, framing = FRAMING_SYNC;

	vpdn_ipc_get_u32(m, VPDN_TLV_TX_SPEED, &tx);
	rx = tx;
	vpdn_ipc_get_u32(m, VPDN_TLV_RX_SPEED, &rx);
	vpdn_ipc_get_u32(m, VPDN_TLV_FRAMING_TYPE, &framing);
	vpdn_avp_put_u32(w, VPDN_VENDOR_IETF, VPDN_AVP_TX_SPEED, tx);
	vpdn_avp_put_u32(w, VPDN_VENDOR_IETF, VPDN_AVP_FRAMING_TYPE, framing);
	if (rx != tx)
		vpdn_avp_put_u32(w, VPDN_VENDOR_IETF, VPDN_AVP_RX_SPEED, rx);
}
