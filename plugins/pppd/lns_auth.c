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
#include "lcp_options.h"
#include "text.h"

/* Size of pppd's challenge packet buffer (CHAL_MAX_PKTLEN in its CHAP), and where the challenge begins in it. */
#define CHALLENGE_BUFFER	(VPDN_PPP_HEADER_LEN + CHAP_HDRLEN + 4 + MAX_CHALLENGE_LEN + MAXNAMELEN)
#define CHALLENGE_AT		(VPDN_PPP_HEADER_LEN + CHAP_HDRLEN)
#define ID_AT			(VPDN_PPP_HEADER_LEN + 1)
_Static_assert(CHALLENGE_AT + 1 + VPDN_PROXY_AUTH_MAX <= CHALLENGE_BUFFER, "any proxied challenge fits pppd's buffer");

static enum { PASS, HOLD_LOWERUP, INJECT, INJECTED } chap;
static const struct vpdn_proxy *injecting;
/*
 * The LAC's id is not used for a challenge of ours: an answer to the LAC's that is
 * still under way would be taken for one to ours.  pppd counts its ids up from a
 * random one; where it comes to the LAC's, all further ones are moved.
 */
static struct {
	bool active;
	uint8_t lac, moved_by;
	int last_sent;		/* -1: none yet */
} ids;
#define MOVE_IDS_BY	128
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

/* The frame is pppd's buffer: what is written there is sent, compared with, and sent again. */
static void keep_off_lac_id(unsigned char *frame)
{
	if (frame[ID_AT] == ids.last_sent)
		return;		/* a repetition */
	if (frame[ID_AT] == ids.lac)
		ids.moved_by = MOVE_IDS_BY;
	frame[ID_AT] = (unsigned char)(frame[ID_AT] + ids.moved_by);
	ids.last_sent = frame[ID_AT];
}

static void saw_sent(unsigned char *frame, int len)
{
	struct vpdn_ppp_packet p;

	if ((chap == INJECT || ids.active) && vpdn_ppp_packet_parse(frame, len, &p) && p.protocol == VPDN_PROTO_CHAP &&
	    p.code == CHAP_CHALLENGE) {
		if (chap == INJECT) {
			inject(frame);
			return;		/* it goes nowhere: nobody has to see it */
		}
		keep_off_lac_id(frame);
	}
	if (next_send)
		next_send(frame, len);
}

static void chap_lowerup(int unit)
{
	if (chap != HOLD_LOWERUP)
		stock_chap_lowerup(unit);
}

/* Of CHAP; 0: the proxied credential is none of CHAP. */
static uint8_t algorithm_of(const struct vpdn_proxy *proxy)
{
	switch (proxy->auth_type) {
	case VPDN_PROXY_AUTH_CHAP:
		return VPDN_CHAP_MD5;
	case VPDN_PROXY_AUTH_MSCHAP_V1:
		return VPDN_CHAP_MSCHAP_V1;
	case VPDN_PROXY_AUTH_MSCHAP_V2:
		return VPDN_CHAP_MSCHAP_V2;
	default:
		return 0;
	}
}

void vpdn_lns_auth_avoid_id(const struct vpdn_proxy *proxy)
{
	ids.active = proxy->id_present && algorithm_of(proxy);
	ids.lac = proxy->id;
	ids.last_sent = -1;
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
	uint8_t algorithm = algorithm_of(proxy);

	if (proxy->auth_type == VPDN_PROXY_AUTH_ABSENT || proxy->auth_type == VPDN_PROXY_AUTH_NONE)
		reason = "the LAC did not authenticate the subscriber";
	else if (missing)
		reason = missing;
	else if (proxy->auth_type == VPDN_PROXY_AUTH_PAP)
		reason = go->neg_upap && !go->neg_chap && !go->neg_eap ? NULL : "LCP says otherwise";
	else if (algorithm)
		reason = go->neg_chap && !go->neg_eap && vpdn_chap_algorithm(go->chap_mdtype) == algorithm ?
			 NULL : "LCP says otherwise";
	else
		reason = "its type is not judged here";
	if (reason) {
		snprintf(why, size, "%s: %s", vpdn_proxy_auth_name(proxy->auth_type), reason);
		return false;
	}
	if (algorithm)
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
	if (algorithm_of(proxy) && !put_challenge(proxy))
		return;
	give_response(proxy);
}
