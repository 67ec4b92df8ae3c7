/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lns_lcp.c - see lns_lcp.h; used by vpdn-lns.c.
 *
 * pppd keeps what we asked for in lcp_gotoptions and what the peer asked for in
 * lcp_hisoptions.  AVP 27 is what the LAC asked for in our name; it must be what we
 * would have asked for.  AVP 28 is what the subscriber asked for; pppd's own reqci
 * judges it, as if it had just come in.
 */
#include "lns_lcp.h"

#include "cursor.h"
#include "lcp_options.h"
#include "text.h"

/* Options of AVP 27 that pppd never asks for. */
static const struct {
	uint32_t bit;
	const char *name;
} never_ours[] = {
	{ VPDN_LCP_HAS_QUALITY, "link quality monitoring" },
	{ VPDN_LCP_HAS_FCS, "FCS alternatives" },
	{ VPDN_LCP_HAS_SDP, "self-describing padding" },
	{ VPDN_LCP_HAS_NUMBERED, "numbered mode" },
	{ VPDN_LCP_HAS_CALLBACK, "callback" },
	{ VPDN_LCP_HAS_COMPOUND, "compound frames" },
	{ VPDN_LCP_HAS_LINK_DISC, "link discriminator" },
};

/* One more reason why it does not suit. */
static void differs(struct vpdn_text *why, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void differs(struct vpdn_text *why, const char *fmt, ...)
{
	char text[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	vpdn_text_add(why, "%s%s", why->len ? ", " : "", text);
}

static const char *chap_name(uint8_t algorithm, char *buf, size_t size)
{
	switch (algorithm) {
	case VPDN_CHAP_MD5:
		return "CHAP MD5";
	case VPDN_CHAP_MSCHAP_V1:
		return "CHAP MS-v1";
	case VPDN_CHAP_MSCHAP_V2:
		return "CHAP MS-v2";
	default:
		snprintf(buf, size, "CHAP algorithm %u", algorithm);
		return buf;
	}
}

static void take_auth(const struct vpdn_lcp_options *o, const lcp_options *want, lcp_options *go, struct vpdn_text *why)
{
	unsigned char mdtype;
	char name[32];

	if (!(o->present & VPDN_LCP_HAS_AUTH)) {
		if (auth_required)
			differs(why, "authentication wanted, not asked for");
		return;
	}
	switch (o->auth_proto) {
	case VPDN_PPP_PAP:
		go->neg_upap = 1;
		if (!want->neg_upap)
			differs(why, "PAP not accepted");
		break;
	case VPDN_PPP_CHAP:
		mdtype = vpdn_chap_mdtype(o->chap_algorithm);
		go->neg_chap = 1;
		go->chap_mdtype = mdtype;
		if (!want->neg_chap || !(want->chap_mdtype & mdtype))
			differs(why, "%s not accepted", chap_name(o->chap_algorithm, name, sizeof(name)));
		break;
	case VPDN_PPP_EAP:
		go->neg_eap = 1;
		if (!want->neg_eap)
			differs(why, "EAP not accepted");
		break;
	default:
		differs(why, "authentication protocol 0x%04x not known", o->auth_proto);
		break;
	}
}

static void take_multilink(const struct vpdn_lcp_options *o, const lcp_options *want, lcp_options *go,
			   struct vpdn_text *why)
{
	if (o->present & VPDN_LCP_HAS_MRRU) {
		go->neg_mrru = 1;
		go->mrru = o->mrru;
		if (!multilink || !want->neg_mrru)
			differs(why, "MRRU %u not wanted", o->mrru);
	} else if (multilink && want->neg_mrru) {
		differs(why, "MRRU wanted, not offered");
	}
	if (o->present & VPDN_LCP_HAS_SSNHF) {
		go->neg_ssnhf = 1;
		if (!multilink || !want->neg_ssnhf)
			differs(why, "short sequence numbers not wanted");
	}
	if (o->present & VPDN_LCP_HAS_ENDPOINT) {
		if (!multilink || o->endpoint_len > MAX_ENDP_LEN) {
			differs(why, "endpoint discriminator not wanted");
			return;
		}
		go->neg_endpoint = 1;
		go->endpoint.class = o->endpoint_class;
		go->endpoint.length = o->endpoint_len;
		memcpy(go->endpoint.value, o->endpoint, o->endpoint_len);
	}
}

/* AVP 27 -> *go.  `want`: what we would ask for ourselves. */
static void take_last_sent(const struct vpdn_proxy_lcp *avp, const lcp_options *want, lcp_options *go,
			   struct vpdn_text *why)
{
	int ours = want->neg_mru ? want->mru : DEFMRU;
	struct vpdn_lcp_options o;
	size_t i;

	*go = *want;
	if (vpdn_lcp_parse(avp->data, avp->len, &o) < 0) {
		differs(why, "the LAC's options are damaged");
		return;
	}
	if (o.unknown || o.malformed)
		differs(why, "option %u not known", o.first_unknown);
	for (i = 0; i < sizeof(never_ours) / sizeof(never_ours[0]); i++)
		if (o.present & never_ours[i].bit)
			differs(why, "%s not wanted", never_ours[i].name);

	go->neg_mru = go->neg_asyncmap = go->neg_magicnumber = go->neg_pcompression = go->neg_accompression = 0;
	go->neg_upap = go->neg_chap = go->neg_eap = go->neg_lqr = go->neg_cbcp = 0;
	go->neg_mrru = go->neg_ssnhf = go->neg_endpoint = 0;

	if (o.present & VPDN_LCP_HAS_MRU) {
		go->neg_mru = 1;
		go->mru = o.mru;
		if (o.mru > ours)
			differs(why, "MRU %u above ours %d", o.mru, ours);
		else if (o.mru < MINMRU)
			differs(why, "MRU %u below the least %d", o.mru, MINMRU);
	} else if (ours < DEFMRU) {	/* left out it is RFC 1661's default, and pppd leaves that out */
		differs(why, "MRU %d above ours %d", DEFMRU, ours);
	}
	/* These belong to the subscriber's line at the LAC. */
	if (o.present & VPDN_LCP_HAS_ACCM) {
		go->neg_asyncmap = 1;
		go->asyncmap = o.accm;
	}
	go->neg_pcompression = !!(o.present & VPDN_LCP_HAS_PFC);
	go->neg_accompression = !!(o.present & VPDN_LCP_HAS_ACFC);
	if (o.present & VPDN_LCP_HAS_MAGIC) {
		go->neg_magicnumber = 1;
		go->magicnumber = o.magic;
	}
	take_auth(&o, want, go, why);
	take_multilink(&o, want, go, why);
}

/* AVP 28, by pppd itself; it fills lcp_hisoptions. */
static void take_last_received(fsm *f, const struct vpdn_proxy_lcp *avp, struct vpdn_text *why)
{
	unsigned char copy[VPDN_PROXY_LCP_MAX];	/* reqci writes its answer there */
	struct vpdn_lcp_options o;
	char answer[128];
	int len = avp->len, rc;

	if (vpdn_lcp_parse(avp->data, avp->len, &o) < 0) {
		differs(why, "the subscriber's options are damaged");
		return;
	}
	if (multilink && lcp_wantoptions[0].neg_mrru && !(o.present & VPDN_LCP_HAS_MRRU))
		differs(why, "MRRU wanted, not offered by the subscriber");
	memcpy(copy, avp->data, avp->len);
	rc = f->callbacks->reqci(f, copy, &len, 0);
	if (rc == CONFACK)
		return;
	vpdn_lcp_print(copy, (size_t)len, answer, sizeof(answer));
	if (rc == CONFREJ)
		differs(why, "the subscriber's %s not accepted", answer);
	else
		differs(why, "of the subscriber rather %s", answer);
}

bool vpdn_lns_lcp_suits(const struct vpdn_proxy *proxy, char *why, size_t size)
{
	fsm *f = &lcp_fsm[0];
	lcp_options want;
	struct vpdn_text t;

	vpdn_text_init(&t, why, size);
	f->callbacks->resetci(f);	/* what we want, less what we have no secrets for */
	want = lcp_gotoptions[0];
	take_last_sent(&proxy->last_sent, &want, &lcp_gotoptions[0], &t);
	take_last_received(f, &proxy->last_received, &t);	/* reqci compares the magic numbers */
	if (!t.len)
		return true;
	f->callbacks->resetci(f);
	return false;
}

void vpdn_lns_lcp_force(bool silent)
{
	fsm *f = &lcp_fsm[0];
	bool muted = silent && vpdn_mute() == 0;

	f->flags &= ~OPT_SILENT;
	f->flags |= lcp_wantoptions[0].silent ? OPT_SILENT : 0;
	f->seen_ack = 1;	/* a late Configure-Ack answers nothing of ours */
	f->state = OPENED;
	f->callbacks->up(f);	/* MTU, echo timer, link_established() */
	if (!muted)
		return;
	vpdn_unmute();
	if (lcp_echo_interval > 0)
		vpdn_uncount_echo();
}
