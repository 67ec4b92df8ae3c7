/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ipc_proxy.c - proxy LCP and authentication (proxy.h, RFC 2661 4.4.5) as the PROXY_*
 * TLVs of a message, in both directions; see ipc.h.
 *
 * The plugins of pppd, vpdnd and the module in xl2tpd pass them on to each other this way.
 */
#include "ipc.h"

bool vpdn_ipc_put_proxy(struct vpdn_ipc_builder *b, const struct vpdn_proxy *p)
{
	if (p->initial_received.present)
		vpdn_ipc_put_bytes(b, VPDN_TLV_PROXY_INITIAL_RCVD, p->initial_received.data,
				   p->initial_received.len);
	if (p->last_sent.present)
		vpdn_ipc_put_bytes(b, VPDN_TLV_PROXY_LAST_SENT, p->last_sent.data, p->last_sent.len);
	if (p->last_received.present)
		vpdn_ipc_put_bytes(b, VPDN_TLV_PROXY_LAST_RCVD, p->last_received.data,
				   p->last_received.len);
	if (p->auth_type != VPDN_PROXY_AUTH_ABSENT)
		vpdn_ipc_put_u16(b, VPDN_TLV_PROXY_AUTH_TYPE, p->auth_type);
	if (p->name.present)
		vpdn_ipc_put_bytes(b, VPDN_TLV_PROXY_AUTH_NAME, p->name.data, p->name.len);
	if (p->challenge.present)
		vpdn_ipc_put_bytes(b, VPDN_TLV_PROXY_AUTH_CHALLENGE, p->challenge.data, p->challenge.len);
	if (p->id_present)
		vpdn_ipc_put_u16(b, VPDN_TLV_PROXY_AUTH_ID, p->id);
	if (p->response.present)
		vpdn_ipc_put_bytes(b, VPDN_TLV_PROXY_AUTH_RESPONSE, p->response.data, p->response.len);
	return !b->w.bad;
}

/* Takes one PROXY_* TLV; others are none of its business. */
static int proxy_tlv(struct vpdn_proxy *p, uint16_t tlv, const uint8_t *value, size_t len)
{
	struct vpdn_reader r;
	uint16_t id;

	vpdn_reader_init(&r, value, len);
	switch (tlv) {
	case VPDN_TLV_PROXY_INITIAL_RCVD:
		return vpdn_proxy_set_lcp(&p->initial_received, value, len);
	case VPDN_TLV_PROXY_LAST_SENT:
		return vpdn_proxy_set_lcp(&p->last_sent, value, len);
	case VPDN_TLV_PROXY_LAST_RCVD:
		return vpdn_proxy_set_lcp(&p->last_received, value, len);
	case VPDN_TLV_PROXY_AUTH_TYPE:
		vpdn_reader_u16(&r, &p->auth_type);
		return 0;
	case VPDN_TLV_PROXY_AUTH_NAME:
		return vpdn_proxy_set_bytes(&p->name, value, len);
	case VPDN_TLV_PROXY_AUTH_CHALLENGE:
		return vpdn_proxy_set_bytes(&p->challenge, value, len);
	case VPDN_TLV_PROXY_AUTH_ID:
		p->id_present = vpdn_reader_u16(&r, &id);
		p->id = (uint8_t)id;
		return 0;
	case VPDN_TLV_PROXY_AUTH_RESPONSE:
		return vpdn_proxy_set_bytes(&p->response, value, len);
	default:
		return 0;
	}
}

int vpdn_ipc_get_proxy(const struct vpdn_ipc_msg *m, struct vpdn_proxy *p)
{
	struct vpdn_ipc_iter it;
	const uint8_t *value;
	uint16_t tlv;
	size_t len;
	int rc = 0;

	vpdn_proxy_init(p);
	vpdn_ipc_iter_init(&it, m);
	while (!rc && vpdn_ipc_next(&it, &tlv, &value, &len))
		rc = proxy_tlv(p, tlv, value, len);
	return rc;
}
