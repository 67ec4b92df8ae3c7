/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lac_capture.c - see lac_capture.h; used by vpdn-lac.c.
 */
#include "lac_capture.h"

#include "cursor.h"
#include "lcp_options.h"
#include "text.h"

/* What a subscriber is told, whatever the reason: the reason is in our log. */
#define REFUSAL_TEXT	"Access denied"

static void watch_lcp(struct vpdn_capture *c, const struct vpdn_ppp_packet *p, bool received)
{
	if (p->code != CONFREQ)
		return;
	if (!received) {
		vpdn_proxy_set_lcp(&c->proxy.last_sent, p->body, p->body_len);
		return;
	}
	/* A request while LCP is open begins a new negotiation. */
	if (!c->proxy.initial_received.present || lcp_fsm[0].state == OPENED)
		vpdn_proxy_set_lcp(&c->proxy.initial_received, p->body, p->body_len);
	vpdn_proxy_set_lcp(&c->proxy.last_received, p->body, p->body_len);
}

static void watch_challenge(struct vpdn_capture *c, const struct vpdn_ppp_packet *p)
{
	const uint8_t *value;
	struct vpdn_reader r;
	uint8_t len;

	vpdn_reader_init(&r, p->body, p->body_len);
	vpdn_reader_u8(&r, &len);
	vpdn_reader_bytes(&r, &value, len);
	c->challenge.valid = !r.bad && vpdn_proxy_set_bytes(&c->challenge.value, value, len) == 0;
	c->challenge.id = p->id;
}

/* EAP: after the header comes the type. */
static void watch_eap(struct vpdn_capture *c, const struct vpdn_ppp_packet *p)
{
	c->identity.valid = p->body_len >= 1 && p->body[0] == VPDN_EAP_IDENTITY;
	c->identity.id = p->id;
}

void vpdn_capture_watch(struct vpdn_capture *c, const struct vpdn_ppp_packet *p, bool received)
{
	if (p->protocol == VPDN_PROTO_LCP)
		watch_lcp(c, p, received);
	else if (p->protocol == VPDN_PROTO_CHAP && p->code == CHAP_CHALLENGE && !received)
		watch_challenge(c, p);
	else if (p->protocol == VPDN_PROTO_EAP && p->code == VPDN_EAP_REQUEST && !received)
		watch_eap(c, p);
}

/* Only what was asked for: pppd takes nothing else either, and the LNS would be told what LCP denies. */
bool vpdn_capture_is_credential(const struct vpdn_capture *c, const struct vpdn_ppp_packet *p)
{
	const lcp_options *go = &lcp_gotoptions[0];

	if (p->protocol == VPDN_PROTO_CHAP)
		return p->code == CHAP_RESPONSE && go->neg_chap && c->challenge.valid && p->id == c->challenge.id;
	if (p->protocol == VPDN_PROTO_EAP)
		return p->code == VPDN_EAP_RESPONSE && go->neg_eap && c->identity.valid && p->id == c->identity.id &&
		       p->body_len >= 1 && p->body[0] == VPDN_EAP_IDENTITY;
	return p->protocol == VPDN_PROTO_PAP && p->code == VPDN_PAP_REQUEST && go->neg_upap && !go->neg_chap && !go->neg_eap;
}

/* RFC 1994 section 4.1: size, value, name. */
static int take_chap(struct vpdn_capture *c, const struct vpdn_ppp_packet *p)
{
	const uint8_t *value, *name;
	struct vpdn_reader r;
	size_t name_len;
	uint8_t len;
	int rc;

	vpdn_reader_init(&r, p->body, p->body_len);
	vpdn_reader_u8(&r, &len);
	vpdn_reader_bytes(&r, &value, len);
	name_len = r.left;
	vpdn_reader_bytes(&r, &name, name_len);
	if (r.bad)
		return -EBADMSG;
	rc = vpdn_proxy_set_bytes(&c->user, name, name_len);
	if (rc < 0)
		return rc;

	c->held.algorithm = vpdn_chap_algorithm(lcp_gotoptions[0].chap_mdtype);
	if (c->held.algorithm == VPDN_CHAP_MD5)
		c->proxy.auth_type = VPDN_PROXY_AUTH_CHAP;
	else if (c->held.algorithm == VPDN_CHAP_MSCHAP_V1)
		c->proxy.auth_type = VPDN_PROXY_AUTH_MSCHAP_V1;
	else if (c->held.algorithm == VPDN_CHAP_MSCHAP_V2)
		c->proxy.auth_type = VPDN_PROXY_AUTH_MSCHAP_V2;
	else
		return 0;
	c->proxy.challenge = c->challenge.value;
	return vpdn_proxy_set_bytes(&c->proxy.response, value, len);
}

/* RFC 1334 section 2.2.1: two counted strings. */
static int take_pap(struct vpdn_capture *c, const struct vpdn_ppp_packet *p)
{
	const uint8_t *name, *password;
	uint8_t name_len, password_len;
	struct vpdn_reader r;
	int rc;

	vpdn_reader_init(&r, p->body, p->body_len);
	vpdn_reader_u8(&r, &name_len);
	vpdn_reader_bytes(&r, &name, name_len);
	vpdn_reader_u8(&r, &password_len);
	vpdn_reader_bytes(&r, &password, password_len);
	if (r.bad)
		return -EBADMSG;
	c->proxy.auth_type = VPDN_PROXY_AUTH_PAP;
	rc = vpdn_proxy_set_bytes(&c->user, name, name_len);
	return rc < 0 ? rc : vpdn_proxy_set_bytes(&c->proxy.response, password, password_len);
}

/* RFC 2661 has no type for EAP, which begins anew at the LNS: only the name is taken. */
static int take_eap(struct vpdn_capture *c, const struct vpdn_ppp_packet *p)
{
	return vpdn_proxy_set_bytes(&c->user, p->body + 1, p->body_len - 1);
}

static int take(struct vpdn_capture *c, const struct vpdn_ppp_packet *p)
{
	switch (p->protocol) {
	case VPDN_PROTO_CHAP:
		return take_chap(c, p);
	case VPDN_PROTO_EAP:
		return take_eap(c, p);
	default:
		return take_pap(c, p);
	}
}

int vpdn_capture_hold(struct vpdn_capture *c, const struct vpdn_ppp_packet *p, const unsigned char *pkt, int len)
{
	const char *missing;
	int rc;

	vpdn_capture_drop(c);
	if (len < 0 || (size_t)len > sizeof(c->held.data))
		return -EMSGSIZE;
	rc = take(c, p);
	if (rc == 0 && c->proxy.auth_type != VPDN_PROXY_AUTH_ABSENT) {
		c->proxy.name = c->user;
		c->proxy.id = p->id;
		c->proxy.id_present = true;
		missing = vpdn_proxy_check(&c->proxy);
		if (missing) {
			info("vpdn: credentials that cannot be forwarded: %s", missing);
			rc = -EBADMSG;
		}
	}
	if (rc < 0) {
		vpdn_capture_drop(c);
		return rc;
	}
	c->held.protocol = p->protocol;
	c->held.id = p->id;
	c->held.len = len;
	memcpy(c->held.data, pkt, (size_t)len);
	return 0;
}

void vpdn_capture_none(struct vpdn_capture *c)
{
	vpdn_capture_drop(c);
	c->proxy.auth_type = VPDN_PROXY_AUTH_NONE;
	c->held.protocol = VPDN_PROTO_LCP;
}

void vpdn_capture_drop(struct vpdn_capture *c)
{
	c->proxy.auth_type = VPDN_PROXY_AUTH_ABSENT;
	c->proxy.id_present = false;
	explicit_bzero(&c->proxy.name, sizeof(c->proxy.name));
	explicit_bzero(&c->proxy.challenge, sizeof(c->proxy.challenge));
	explicit_bzero(&c->proxy.response, sizeof(c->proxy.response));
	explicit_bzero(&c->user, sizeof(c->user));
	explicit_bzero(&c->held, sizeof(c->held));
}

static void refusal_text(const struct vpdn_capture *c, struct vpdn_text *t)
{
	if (c->held.protocol == VPDN_PROTO_CHAP && c->held.algorithm != VPDN_CHAP_MD5) {
		vpdn_text_add(t, "E=691 R=0");	/* no retry; version 2 repeats the challenge */
		if (c->held.algorithm == VPDN_CHAP_MSCHAP_V2) {
			vpdn_text_add(t, " C=");
			vpdn_text_add_hex(t, c->challenge.value.data, c->challenge.value.len);
			vpdn_text_add(t, " V=3 M=" REFUSAL_TEXT);
		}
	} else if (c->held.protocol != VPDN_PROTO_EAP) {	/* a Failure of EAP has no text */
		vpdn_text_add(t, REFUSAL_TEXT);
	}
}

int vpdn_capture_refusal(const struct vpdn_capture *c, unsigned char *frame, size_t size)
{
	struct vpdn_writer w;
	char message[128];
	struct vpdn_text t;
	size_t start;
	uint8_t code;

	switch (c->held.protocol) {
	case VPDN_PROTO_CHAP:
		code = CHAP_FAILURE;
		break;
	case VPDN_PROTO_PAP:
		code = VPDN_PAP_NAK;
		break;
	case VPDN_PROTO_EAP:
		code = VPDN_EAP_FAILURE;
		break;
	default:
		return 0;
	}
	vpdn_text_init(&t, message, sizeof(message));
	refusal_text(c, &t);

	vpdn_writer_init(&w, frame, size);
	vpdn_writer_u8(&w, PPP_ALLSTATIONS);
	vpdn_writer_u8(&w, PPP_UI);
	vpdn_writer_u16(&w, c->held.protocol);
	start = w.len;
	vpdn_writer_u8(&w, code);
	vpdn_writer_u8(&w, c->held.id);
	vpdn_writer_u16(&w, 0);
	if (c->held.protocol == VPDN_PROTO_PAP)
		vpdn_writer_u8(&w, (uint8_t)t.len);
	vpdn_writer_bytes(&w, message, t.len);
	vpdn_writer_patch_len16(&w, start + 2, start);
	return w.bad ? 0 : (int)w.len;
}
