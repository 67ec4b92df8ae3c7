/* SPDX-License-Identifier: GPL-2.0-or-later */
/* l2tp_proxy.c - see l2tp_proxy.h. */
#include "l2tp_proxy.h"

#include <md5.h>
#include <stdlib.h>
#include <string.h>

#include "lcp_options.h"
#include "proxy.h"

#define CHALLENGE_LEN	16
#define SUBSCRIBER_MRU	1492

uint16_t l2tp_proxy_auth(const struct run *r)
{
	return r->ppp.auth & PPP_AUTH_CHAP ? PPP_CHAP : PPP_PAP;
}

static void put_lcp(struct vpdn_proxy_lcp *l, const struct ppp *p, uint16_t auth)
{
	uint8_t options[64];
	struct vpdn_writer w;

	vpdn_writer_init(&w, options, sizeof(options));
	vpdn_lcp_put_u16(&w, VPDN_LCP_MRU, SUBSCRIBER_MRU);
	if (auth)
		vpdn_lcp_put_auth(&w, auth, VPDN_CHAP_MD5);
	vpdn_lcp_put_u32(&w, VPDN_LCP_MAGIC, auth ? p->peer_magic : p->magic);
	vpdn_proxy_set_lcp(l, w.buf, w.len);
}

void l2tp_put_proxy(struct vpdn_writer *w, struct call *c)
{
	uint16_t auth = l2tp_proxy_auth(c->run);
	const char *password = c->run->ppp.password;
	uint8_t challenge[CHALLENGE_LEN], digest[MD5_DIGEST_LENGTH];
	struct vpdn_proxy p;
	MD5_CTX md5;

	c->ppp.auth_id = (uint8_t)(c->index + 1);
	c->ppp.peer_magic = arc4random();
	vpdn_proxy_init(&p);
	put_lcp(&p.initial_received, &c->ppp, 0);
	put_lcp(&p.last_received, &c->ppp, 0);
	put_lcp(&p.last_sent, &c->ppp, auth);
	p.id_present = true;
	p.id = c->ppp.auth_id;
	vpdn_proxy_set_bytes(&p.name, c->user, strlen(c->user));
	if (auth == PPP_PAP) {
		p.auth_type = VPDN_PROXY_AUTH_PAP;
		vpdn_proxy_set_bytes(&p.response, password, strlen(password));
	} else {
		p.auth_type = VPDN_PROXY_AUTH_CHAP;
		arc4random_buf(challenge, sizeof(challenge));
		vpdn_proxy_set_bytes(&p.challenge, challenge, sizeof(challenge));
		MD5Init(&md5);
		MD5Update(&md5, &p.id, 1);
		MD5Update(&md5, (const uint8_t *)password, strlen(password));
		MD5Update(&md5, challenge, sizeof(challenge));
		MD5Final(digest, &md5);
		vpdn_proxy_set_bytes(&p.response, digest, sizeof(digest));
	}
	vpdn_proxy_put(w, &p);
	vpdn_proxy_wipe(&p);
}
