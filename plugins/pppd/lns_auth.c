/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lns_auth.c - see lns_auth.h; used by vpdn-lns.c.
 *
 * For PAP the Authenticate-Request is simply given to pppd.  pppd's CHAP accepts a
 * Response only to the challenge that it has sent last, which lies in a packet buffer
 * of its own.  That very buffer comes to snoop_send_hook when the challenge is sent.
 * So CHAP is made to send one while its output is muted, and the hook writes the
 * LAC's challenge and id over it.  Then the proxied Response fits: secrets, radius.so,
 * the answer with the right id, and later re-challenges are pppd's own.
 */
#include "lns_auth.h"

#include "cursor.h"
#include "text.h"

/* Size of pppd's challenge packet buffer (CHAL_MAX_PKTLEN in its CHAP), and where the challenge begins in it. */
#define CHALLENGE_BUFFER	(VPDN_PPP_HEADER_LEN + CHAP_HDRLEN + 4 + MAX_CHALLENGE_LEN + MAXNAMELEN)
#define CHALLENGE_AT		(VPDN_PPP_HEADER_LEN + CHAP_HDRLEN)
#define ID_AT			(VPDN_PPP_HEADER_LEN + 1)
_Static_assert(CHALLENGE_AT + 1 + VPDN_PROXY_AUTH_MAX <= CHALLENGE_BUFFER, "any proxied challenge fits pppd's buffer");

static enum { PASS, HOLD_LOWERUP, INJECT, INJECTED } chap;
static const struct vpdn_proxy *injecting;
static void (*stock_chap_lowerup)(int);
static void (*next_send)(unsigned char *, int);

static void inject(unsigned char *frame)
{
	struct vpdn_writer w;

	frame[ID_AT] = injecting->id;
	vpdn_writer_init(&w, frame + CHALLENGE_AT, CHALLENGE_BUFFER - CHALLENGE_AT);
	vpdn_writer_u8(&w, (uint8_t)injecting->challenge.len);
	vpdn_writer_bytes(&w, injecting->challenge.data, injecting->challenge.len);
	chap = INJECTED;
}

static void saw_sent(unsigned char *frame, int len)
{
	struct vpdn_ppp_packet p;

	if (chap == INJECT && vpdn_ppp_packet_parse(frame, len, &p) && p.protocol == VPDN_PROTO_CHAP &&
	    p.code == CHAP_CHALLENGE) {
		inject(frame);
		return;		/* it goes nowhere: nobody has to see it */
	}
	if (next_send)
		next_send(frame, len);
}

static void chap_lowerup(int unit)
{
	if (chap != HOLD_LOWERUP)
		stock_chap_lowerup(unit);
}

void vpdn_lns_auth_init(void)
{
	stock_chap_lowerup = chap_protent.lowerup;
	chap_protent.lowerup = chap_lowerup;
	next_send = snoop_send_hook;
	snoop_send_hook = saw_sent;
}

bool vpdn_lns_auth_usable(const struct vpdn_proxy *proxy, char *why, size_t size)
{
	const lcp_options *go = &lcp_gotoptions[0];
	const char *missing = vpdn_proxy_check(proxy), *reason = NULL;

	if (proxy->auth_type == VPDN_PROXY_AUTH_ABSENT || proxy->auth_type == VPDN_PROXY_AUTH_NONE)
		reason = "the LAC did not authenticate the subscriber";
	else if (missing)
		reason = missing;
	else if (proxy->auth_type == VPDN_PROXY_AUTH_PAP)
		reason = go->neg_upap && !go->neg_chap && !go->neg_eap ? NULL : "PAP, but LCP says otherwise";
	else if (proxy->auth_type == VPDN_PROXY_AUTH_CHAP)
		reason = go->neg_chap && !go->neg_eap && vpdn_chap_algorithm(go->chap_mdtype) == CHAP_MD5 ?
			 NULL : "CHAP-MD5, but LCP says otherwise";
	else
		reason = "its type is not judged here";
	if (reason) {
		snprintf(why, size, "%s: %s", vpdn_proxy_auth_name(proxy->auth_type), reason);
		return false;
	}
	if (proxy->auth_type == VPDN_PROXY_AUTH_CHAP)
		chap = HOLD_LOWERUP;
	return true;
}

/* Puts the proxied challenge where pppd keeps its own. */
static bool put_challenge(const struct vpdn_proxy *proxy)
{
	int rc = vpdn_mute();
	bool done;

	if (rc == 0) {
		injecting = proxy;
		chap = INJECT;
		stock_chap_lowerup(0);
		vpdn_unmute();
		injecting = NULL;
	}
	done = chap == INJECTED;
	chap = PASS;
	if (rc < 0) {
		warn("vpdn: the proxied challenge cannot be used: %s", strerror(-rc));
		stock_chap_lowerup(0);	/* an ordinary challenge */
	} else if (!done) {
		warn("vpdn: pppd did not make a challenge; it asks again when its timer ends");
	}
	return done;
}

static void give_response(const struct vpdn_proxy *proxy)
{
	unsigned char pkt[4 + 1 + VPDN_PROXY_AUTH_MAX + 1 + VPDN_PROXY_AUTH_MAX];
	bool pap = proxy->auth_type == VPDN_PROXY_AUTH_PAP;
	struct vpdn_writer w;

	vpdn_writer_init(&w, pkt, sizeof(pkt));
	vpdn_writer_u8(&w, pap ? VPDN_PAP_REQUEST : CHAP_RESPONSE);
	vpdn_writer_u8(&w, proxy->id);
	vpdn_writer_u16(&w, 0);
	if (pap) {
		vpdn_writer_u8(&w, (uint8_t)proxy->name.len);
		vpdn_writer_bytes(&w, proxy->name.data, proxy->name.len);
	}
	vpdn_writer_u8(&w, (uint8_t)proxy->response.len);
	vpdn_writer_bytes(&w, proxy->response.data, proxy->response.len);
	if (!pap)
		vpdn_writer_bytes(&w, proxy->name.data, proxy->name.len);
	vpdn_writer_patch_len16(&w, 2, 0);
	if (!w.bad)
		(pap ? &pap_protent : &chap_protent)->input(0, pkt, (int)w.len);
	explicit_bzero(pkt, sizeof(pkt));
}

void vpdn_lns_auth_run(const struct vpdn_proxy *proxy)
{
	if (proxy->auth_type == VPDN_PROXY_AUTH_CHAP && !put_challenge(proxy))
		return;
	give_response(proxy);
}
