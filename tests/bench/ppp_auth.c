/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ppp_auth.c - the engine's authentication: it answers CHAP with MD5 (RFC 1994) and sends PAP (RFC 1334). See ppp_impl.h. */
#include <md5.h>
#include <string.h>

#include "ppp_impl.h"

enum auth_code { CHAP_CHALLENGE = 1, CHAP_RESPONSE, CHAP_SUCCESS, CHAP_FAILURE, PAP_REQUEST = 1, PAP_ACK, PAP_NAK };

void ppp_credentials_sent(struct ppp *p)
{
	if (p->credentials_sent)
		return;
	p->credentials_sent = true;
	p->config->event(p->owner, PPP_CREDENTIALS_SENT);
}

static void send_pap(struct ppp *p)
{
	size_t user = strlen(p->user), password = strlen(p->config->password);
	uint8_t buf[PPP_PACKET_MAX];
	struct vpdn_writer w;

	ppp_begin(&w, buf, PAP_REQUEST, p->auth_id);
	vpdn_writer_u8(&w, (uint8_t)user);
	vpdn_writer_bytes(&w, p->user, user);
	vpdn_writer_u8(&w, (uint8_t)password);
	vpdn_writer_bytes(&w, p->config->password, password);
	ppp_finish(p, PPP_PAP, &w);
	explicit_bzero(buf, sizeof(buf));
	p->auth_tries_left--;
	ppp_restart_timer(p);
}

void ppp_auth_begin(struct ppp *p)
{
	if (p->auth_asked != PPP_PAP)
		return;		/* a challenge will come */
	p->auth_id++;
	p->auth_tries_left = (uint8_t)p->config->tries;
	send_pap(p);
	ppp_credentials_sent(p);
}

void ppp_auth_timeout(struct ppp *p)
{
	if (!p->auth_tries_left) {
		ppp_reason(p, "no answer to PAP", NULL, 0);
		p->config->event(p->owner, PPP_OVER);
		return;
	}
	p->retransmissions[PPP_COUNT_AUTH]++;
	p->auth_id++;		/* RFC 1334 section 2.2.1: a new one with every request */
	send_pap(p);
}

static void chap_challenge(struct ppp *p, uint8_t id, const uint8_t *data, size_t len)
{
	uint8_t size, digest[MD5_DIGEST_LENGTH], buf[PPP_PACKET_MAX];
	const uint8_t *challenge;
	struct vpdn_reader r;
	struct vpdn_writer w;
	MD5_CTX md5;

	vpdn_reader_init(&r, data, len);
	vpdn_reader_u8(&r, &size);
	if (!vpdn_reader_bytes(&r, &challenge, size) || !size) {
		p->malformed++;
		return;
	}
	if (p->credentials_sent && !p->authenticated && id == p->auth_id)
		p->peer_retransmissions[PPP_COUNT_AUTH]++;
	p->auth_id = id;
	MD5Init(&md5);
	MD5Update(&md5, &id, 1);
	MD5Update(&md5, (const uint8_t *)p->config->password, strlen(p->config->password));
	MD5Update(&md5, challenge, size);
	MD5Final(digest, &md5);
	explicit_bzero(&md5, sizeof(md5));
	ppp_begin(&w, buf, CHAP_RESPONSE, id);
	vpdn_writer_u8(&w, sizeof(digest));
	vpdn_writer_bytes(&w, digest, sizeof(digest));
	vpdn_writer_bytes(&w, p->user, strlen(p->user));
	ppp_finish(p, PPP_CHAP, &w);
	ppp_credentials_sent(p);
}

/* Peers end the link after a Failure or a Nak; what they said stays the reason. */
void ppp_auth_packet(struct ppp *p, uint8_t code, uint8_t id, const uint8_t *data, size_t len)
{
	uint16_t protocol = p->auth_asked;

	if (protocol == PPP_CHAP && code == CHAP_CHALLENGE) {
		chap_challenge(p, id, data, len);
		return;
	}
	if (!p->credentials_sent || (protocol == PPP_CHAP && id != p->auth_id))
		return;		/* a PAP answer may be of an earlier request: whoever holds it answers one of them */
	if (protocol == PPP_CHAP && code == CHAP_SUCCESS) {
		ppp_authenticated(p);
	} else if (protocol == PPP_CHAP && code == CHAP_FAILURE) {
		ppp_reason(p, "CHAP Failure", data, len);
	} else if (protocol == PPP_PAP && code == PAP_ACK) {
		p->config->timer(p->owner, -1);
		ppp_authenticated(p);
	} else if (protocol == PPP_PAP && code == PAP_NAK) {
		p->config->timer(p->owner, -1);
		ppp_reason(p, "PAP Authenticate-Nak", len ? data + 1 : data, len ? len - 1 : 0);
	}
}
