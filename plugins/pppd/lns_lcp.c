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

static bool differs(struct vpdn_text *why, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static bool differs(struct vpdn_text *why, const char *fmt, ...)
{
	char text[128];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	vpdn_text_add(why, "%s", text);
	return false;
}

static bool take_auth(const struct vpdn_lcp_options *o, const lcp_options *want, lcp_options *go, struct vpdn_text *why)
{
	unsigned char mdtype;

	if (!(o->present & VPDN_LCP_HAS_AUTH))
		return !auth_required || differs(why, "no authentication, which we require");
	switch (o->auth_proto) {
	case VPDN_PPP_PAP:
		if (!want->neg_upap)
			return differs(why, "PAP is not what we ask for");
		go->neg_upap = 1;
		return true;
	case VPDN_PPP_CHAP:
		mdtype = vpdn_chap_mdtype(o->chap_algorithm);
		if (!want->neg_chap || !(want->chap_mdtype & mdtype))
			return differs(why, "CHAP with algorithm %u is not what we ask for", o->chap_algorithm);
		go->neg_chap = 1;
		go->chap_mdtype = mdtype;
		return true;
	case VPDN_PPP_EAP:
		if (!want->neg_eap)
			return differs(why, "EAP is not what we ask for");
		go->neg_eap = 1;
		return true;
	default:
		return differs(why, "authentication protocol 0x%04x is not known here", o->auth_proto);
	}
}

static bool take_multilink(const struct vpdn_lcp_options *o, const lcp_options *want, lcp_options *go,
			   struct vpdn_text *why)
{
	if (o->present & VPDN_LCP_HAS_MRRU) {
		if (!multilink || !want->neg_mrru)
			return differs(why, "MRRU without multilink here");
		go->neg_mrru = 1;
		go->mrru = o->mrru;
	}
	if (o->present & VPDN_LCP_HAS_SSNHF) {
		if (!multilink || !want->neg_ssnhf)
			return differs(why, "short sequence numbers are not what we ask for");
		go->neg_ssnhf = 1;
	}
	if (o->present & VPDN_LCP_HAS_ENDPOINT) {
		if (!multilink || o->endpoint_len > MAX_ENDP_LEN)
			return differs(why, "endpoint discriminator without multilink here");
		go->neg_endpoint = 1;
		go->endpoint.class = o->endpoint_class;
		go->endpoint.length = o->endpoint_len;
		memcpy(go->endpoint.value, o->endpoint, o->endpoint_len);
	}
	return true;
}

/* AVP 27 -> *go.  `want`: what we would ask for ourselves. */
static bool take_last_sent(const struct vpdn_proxy_lcp *avp, const lcp_options *want, lcp_options *go,
			   struct vpdn_text *why)
{
	int ours = want->neg_mru ? want->mru : DEFMRU;
	struct vpdn_lcp_options o;
	size_t i;

	if (vpdn_lcp_parse(avp->data, avp->len, &o) < 0)
		return differs(why, "the LAC's options are damaged");
	if (o.unknown || o.malformed)
		return differs(why, "option %u is not known here", o.first_unknown);
	for (i = 0; i < sizeof(never_ours) / sizeof(never_ours[0]); i++)
		if (o.present & never_ours[i].bit)
			return differs(why, "%s is not what we ask for", never_ours[i].name);

	*go = *want;
	go->neg_mru = go->neg_asyncmap = go->neg_magicnumber = go->neg_pcompression = go->neg_accompression = 0;
	go->neg_upap = go->neg_chap = go->neg_eap = go->neg_lqr = go->neg_cbcp = 0;
	go->neg_mrru = go->neg_ssnhf = go->neg_endpoint = 0;

	if (o.present & VPDN_LCP_HAS_MRU) {
		if (o.mru > ours)
			return differs(why, "MRU %u above ours %d", o.mru, ours);
		if (o.mru < MINMRU)
			return differs(why, "MRU %u below the least %d", o.mru, MINMRU);
		go->neg_mru = 1;
		go->mru = o.mru;
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
	return take_auth(&o, want, go, why) && take_multilink(&o, want, go, why);
}

/* AVP 28, by pppd itself; it fills lcp_hisoptions. */
static bool take_last_received(fsm *f, const struct vpdn_proxy_lcp *avp, struct vpdn_text *why)
{
	unsigned char copy[VPDN_PROXY_LCP_MAX];	/* reqci writes its answer there */
	struct vpdn_lcp_options o;
	char answer[128];
	int len = avp->len, rc;

	if (vpdn_lcp_parse(avp->data, avp->len, &o) < 0)
		return differs(why, "the subscriber's options are damaged");
	memcpy(copy, avp->data, avp->len);
	rc = f->callbacks->reqci(f, copy, &len, 0);
	if (rc == CONFACK)
		return true;
	vpdn_lcp_print(copy, (size_t)len, answer, sizeof(answer));
	if (rc == CONFREJ)
		return differs(why, "we would reject of the subscriber's options: %s", answer);
	return differs(why, "we would rather have of the subscriber: %s", answer);
}

bool vpdn_lns_lcp_suits(const struct vpdn_proxy *proxy, char *why, size_t size)
{
	fsm *f = &lcp_fsm[0];
	lcp_options go;
	struct vpdn_text t;

	vpdn_text_init(&t, why, size);
	f->callbacks->resetci(f);	/* what we want, less what we have no secrets for */
	if (!take_last_sent(&proxy->last_sent, &lcp_gotoptions[0], &go, &t))
		return false;
	lcp_gotoptions[0] = go;		/* reqci compares the magic numbers */
	if (take_last_received(f, &proxy->last_received, &t)) {
		if (!multilink || !lcp_wantoptions[0].neg_mrru || (go.neg_mrru && lcp_hisoptions[0].neg_mrru))
			return true;
		differs(&t, "multilink is wanted here, and was not negotiated");
	}
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

void vpdn_lns_lcp_negotiate(void)
{
	fsm *f = &lcp_fsm[0];

	f->flags &= ~OPT_SILENT;
	f->flags |= lcp_wantoptions[0].silent ? OPT_SILENT : 0;
	f->state = STARTING;
	fsm_lowerup(f);
}
