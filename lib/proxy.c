/* SPDX-License-Identifier: GPL-2.0-or-later */
/* proxy.c - proxy LCP and authentication as an object and as AVPs, see proxy.h. */
#include "proxy.h"

#include <errno.h>
#include <string.h>

#include "lcp_options.h"
#include "text.h"

const char *const vpdn_lcp_policies[] = {
	[VPDN_LCP_ALWAYS - 1] = "always",
	[VPDN_LCP_ON_MISMATCH - 1] = "on-mismatch",
	[VPDN_LCP_NEVER - 1] = "never",
	[VPDN_LCP_NEVER] = NULL,
};

uint8_t vpdn_lcp_policy_parse(const char *word)
{
	return (uint8_t)(vpdn_text_word(vpdn_lcp_policies, word) + 1);
}

const char *vpdn_lcp_policy_name(uint8_t policy)
{
	return policy >= VPDN_LCP_ALWAYS && policy <= VPDN_LCP_NEVER ? vpdn_lcp_policies[policy - 1] : "?";
}

void vpdn_proxy_init(struct vpdn_proxy *p)
{
	memset(p, 0, sizeof(*p));
}

void vpdn_proxy_wipe(struct vpdn_proxy *p)
{
	explicit_bzero(p, sizeof(*p));
}

bool vpdn_proxy_empty(const struct vpdn_proxy *p)
{
	return !p->initial_received.present && !p->last_sent.present && !p->last_received.present &&
	       !p->auth_type && !p->id_present && !p->name.present && !p->challenge.present &&
	       !p->response.present;
}

bool vpdn_proxy_has_lcp(const struct vpdn_proxy *p)
{
	return p->last_sent.present && p->last_received.present;
}

bool vpdn_proxy_has_auth(const struct vpdn_proxy *p)
{
	switch (p->auth_type) {
	case VPDN_PROXY_AUTH_TEXT:
	case VPDN_PROXY_AUTH_CHAP:
	case VPDN_PROXY_AUTH_PAP:
	case VPDN_PROXY_AUTH_MSCHAP_V1:
	case VPDN_PROXY_AUTH_MSCHAP_V2:
		return true;
	default:
		return false;
	}
}

int vpdn_proxy_set_lcp(struct vpdn_proxy_lcp *l, const void *data, size_t len)
{
	l->present = false;
	l->len = 0;
	if (len > sizeof(l->data))
		return -EMSGSIZE;
	if (len)
		memcpy(l->data, data, len);
	l->len = (uint16_t)len;
	l->present = true;
	return 0;
}

int vpdn_proxy_set_bytes(struct vpdn_proxy_bytes *b, const void *data, size_t len)
{
	explicit_bzero(b, sizeof(*b));
	if (len > sizeof(b->data))
		return -EMSGSIZE;
	if (len)
		memcpy(b->data, data, len);
	b->len = (uint16_t)len;
	b->present = true;
	return 0;
}

static int collect_own_type(struct vpdn_proxy *p, const struct vpdn_avp *avp)
{
	if (avp->verdict != VPDN_AVP_OK && avp->verdict != VPDN_AVP_MISPLACED)
		return -EBADMSG;
	return vpdn_avp_u16(avp, &p->auth_type) ? 1 : -EBADMSG;
}

int vpdn_proxy_collect(struct vpdn_proxy *p, const struct vpdn_avp *avp)
{
	uint16_t v;
	int rc;

	if (avp->vendor == VPDN_VENDOR_OWN && avp->type == VPDN_AVP_OWN_PROXY_AUTH_TYPE)
		return collect_own_type(p, avp);
	if (avp->vendor != VPDN_VENDOR_IETF || avp->type < VPDN_AVP_INITIAL_RX_CONFREQ ||
	    avp->type > VPDN_AVP_PROXY_AUTH_RESPONSE)
		return 0;
	if (avp->verdict != VPDN_AVP_OK && avp->verdict != VPDN_AVP_MISPLACED)
		return -EBADMSG;
	switch (avp->type) {
	case VPDN_AVP_INITIAL_RX_CONFREQ:
		rc = vpdn_proxy_set_lcp(&p->initial_received, avp->value, avp->len);
		break;
	case VPDN_AVP_LAST_TX_CONFREQ:
		rc = vpdn_proxy_set_lcp(&p->last_sent, avp->value, avp->len);
		break;
	case VPDN_AVP_LAST_RX_CONFREQ:
		rc = vpdn_proxy_set_lcp(&p->last_received, avp->value, avp->len);
		break;
	case VPDN_AVP_PROXY_AUTH_TYPE:
		rc = vpdn_avp_u16(avp, &v) ? 0 : -EBADMSG;
		p->auth_type = v;
		break;
	case VPDN_AVP_PROXY_AUTH_NAME:
		rc = vpdn_proxy_set_bytes(&p->name, avp->value, avp->len);
		break;
	case VPDN_AVP_PROXY_AUTH_CHALLENGE:
		rc = vpdn_proxy_set_bytes(&p->challenge, avp->value, avp->len);
		break;
	case VPDN_AVP_PROXY_AUTH_ID:
		/* Two octets; the high one is reserved and not ours to judge. */
		rc = vpdn_avp_u16(avp, &v) ? 0 : -EBADMSG;
		p->id_present = !rc;
		p->id = (uint8_t)v;
		break;
	default:
		rc = vpdn_proxy_set_bytes(&p->response, avp->value, avp->len);
		break;
	}
	return rc ? rc : 1;
}

int vpdn_proxy_collect_list(struct vpdn_proxy *p, const void *list, size_t len)
{
	struct vpdn_avp_iter it;
	struct vpdn_avp avp;
	int rc;

	vpdn_avp_iter_init(&it, list, len);
	while ((rc = vpdn_avp_next(&it, &avp)) > 0) {
		rc = vpdn_proxy_collect(p, &avp);
		if (rc < 0)
			break;
	}
	return rc;
}

/* M is 0 whatever happens to be in the table: an LNS that does not know proxy AVPs
 * must not refuse the call for them. */
static void put(struct vpdn_writer *w, uint16_t type, bool present, const void *data, size_t len)
{
	if (present)
		vpdn_avp_put_raw(w, VPDN_VENDOR_IETF, type, false, false, data, len);
}

static void put_u16(struct vpdn_writer *w, uint16_t vendor, uint16_t type, uint16_t v)
{
	struct vpdn_writer sub;
	uint8_t octets[2];

	vpdn_writer_init(&sub, octets, sizeof(octets));
	vpdn_writer_u16(&sub, v);
	vpdn_avp_put_raw(w, vendor, type, false, false, octets, sizeof(octets));
}

bool vpdn_proxy_put_lcp(struct vpdn_writer *w, const struct vpdn_proxy *p)
{
	put(w, VPDN_AVP_INITIAL_RX_CONFREQ, p->initial_received.present, p->initial_received.data,
	    p->initial_received.len);
	put(w, VPDN_AVP_LAST_TX_CONFREQ, p->last_sent.present, p->last_sent.data, p->last_sent.len);
	put(w, VPDN_AVP_LAST_RX_CONFREQ, p->last_received.present, p->last_received.data,
	    p->last_received.len);
	return !w->bad;
}

bool vpdn_proxy_put_auth(struct vpdn_writer *w, const struct vpdn_proxy *p)
{
	if (p->auth_type == VPDN_PROXY_AUTH_MSCHAP_V2)
		put_u16(w, VPDN_VENDOR_OWN, VPDN_AVP_OWN_PROXY_AUTH_TYPE, p->auth_type);
	else if (p->auth_type != VPDN_PROXY_AUTH_ABSENT)
		put_u16(w, VPDN_VENDOR_IETF, VPDN_AVP_PROXY_AUTH_TYPE, p->auth_type);
	put(w, VPDN_AVP_PROXY_AUTH_NAME, p->name.present, p->name.data, p->name.len);
	put(w, VPDN_AVP_PROXY_AUTH_CHALLENGE, p->challenge.present, p->challenge.data, p->challenge.len);
	if (p->id_present)
		put_u16(w, VPDN_VENDOR_IETF, VPDN_AVP_PROXY_AUTH_ID, p->id);
	put(w, VPDN_AVP_PROXY_AUTH_RESPONSE, p->response.present, p->response.data, p->response.len);
	return !w->bad;
}

bool vpdn_proxy_put(struct vpdn_writer *w, const struct vpdn_proxy *p)
{
	return vpdn_proxy_put_lcp(w, p) && vpdn_proxy_put_auth(w, p);
}

/* What each type must bring, RFC 2661 section 4.4.5. */
#define NEED_NAME	1u
#define NEED_CHALLENGE	2u
#define NEED_ID		4u
#define NEED_RESPONSE	8u

#define NEED_CHAP	(NEED_NAME | NEED_CHALLENGE | NEED_ID | NEED_RESPONSE)

static const struct auth_type {
	uint16_t type;
	const char *name;
	unsigned int needs;
	uint16_t challenge_len, response_len;	/* 0: any */
} auth_types[] = {
	{ VPDN_PROXY_AUTH_ABSENT, "absent", 0, 0, 0 },
	{ VPDN_PROXY_AUTH_TEXT, "text", NEED_NAME | NEED_RESPONSE, 0, 0 },
	{ VPDN_PROXY_AUTH_CHAP, "CHAP", NEED_CHAP, 0, 16 },
	{ VPDN_PROXY_AUTH_PAP, "PAP", NEED_NAME | NEED_ID | NEED_RESPONSE, 0, 0 },
	{ VPDN_PROXY_AUTH_NONE, "none", 0, 0, 0 },
	{ VPDN_PROXY_AUTH_MSCHAP_V1, "MS-CHAPv1", NEED_CHAP, 8, 49 },	/* RFC 2433 */
	{ VPDN_PROXY_AUTH_MSCHAP_V2, "MS-CHAPv2", NEED_CHAP, 16, 49 },	/* RFC 2759 */
};

static const struct auth_type *find_type(uint16_t type)
{
	size_t i;

	for (i = 0; i < sizeof(auth_types) / sizeof(auth_types[0]); i++)
		if (auth_types[i].type == type)
			return &auth_types[i];
	return NULL;
}

const char *vpdn_proxy_check(const struct vpdn_proxy *p)
{
	const struct auth_type *t = find_type(p->auth_type);

	if (!t)
		return "unknown proxy authentication type";
	if (p->auth_type == VPDN_PROXY_AUTH_ABSENT && (p->challenge.present || p->response.present))
		return "proxy authentication without a type";
	if (t->needs & NEED_NAME && !p->name.present)
		return "proxy authentication without a name";
	if (t->needs & NEED_CHALLENGE && (!p->challenge.present || !p->challenge.len))
		return "proxy authentication without a challenge";
	if (t->needs & NEED_ID && !p->id_present)
		return "proxy authentication without an id";
	if (t->needs & NEED_RESPONSE && !p->response.present)
		return "proxy authentication without a response";
	if (t->challenge_len && p->challenge.len != t->challenge_len)
		return "proxy authentication challenge of a wrong length";
	if (t->response_len && p->response.len != t->response_len)
		return "proxy authentication response of a wrong length";
	return NULL;
}

const char *vpdn_proxy_auth_name(uint16_t type)
{
	const struct auth_type *t = find_type(type);

	return t ? t->name : "unknown";
}
