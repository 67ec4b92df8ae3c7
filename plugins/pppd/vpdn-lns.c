/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vpdn-lns.c - the LNS's side of dial-in: takes over the LCP that the LAC has
 * negotiated and the credentials it has captured, so that the subscriber sees one
 * negotiation with one partner.
 *
 *	plugin vpdn-lns.so [vpdn-lcp-renegotiation always|on-mismatch|never] [vpdn-proxy-auth accept|ignore]
 *		[vpdn-verify-proxy SECONDS]
 *
 * Used in a template's child (vpdn-serve.so), whose CALL_START holds what the LAC
 * said.  LCP is made to wait when pppd is about to begin with it; a zero timer then
 * judges the proxied LCP (lns_lcp.c) and credentials (lns_auth.c), before any packet
 * is read; with vpdn-verify-proxy only when the subscriber has answered
 * (lns_verify.c).  What does not suit is negotiated again (lns_again.c).  Without proxy
 * LCP it does nothing.  RFC 2661 sections 4.4.5 and 4.4.6.
 */
#include "pppd_compat.h"

#include "lcp_options.h"
#include "lns_again.h"
#include "lns_auth.h"
#include "lns_lcp.h"
#include "lns_verify.h"
#include "plugin_common.h"
#include "text.h"

VPDN_PLUGIN_VERSION;

#define VERIFY_MAX_S	30

static uint8_t policy;			/* enum vpdn_lcp_policy by the option; 0: as the group says */
static bool ignore_auth;
static int verify_s;			/* 0: the proxied LCP is believed */

static struct vpdn_proxy proxy;
static bool judged;			/* LCP came from the LAC at most once: at the start */
static int (*next_phase)(int);
static int phase_now;

static int set_policy(char **argv);
static int set_proxy_auth(char **argv);

static option_t options[] = {
	{ .name = "vpdn-lcp-renegotiation", .type = o_special, .addr = (void *)set_policy,
	  .description = "Negotiate LCP again with the LAC's subscribers: always, on-mismatch or never", .flags = OPT_PRIV },
	{ .name = "vpdn-proxy-auth", .type = o_special, .addr = (void *)set_proxy_auth,
	  .description = "Credentials captured by the LAC: accept (judge them) or ignore (ask again)", .flags = OPT_PRIV },
	{ .name = "vpdn-verify-proxy", .type = o_int, .addr = &verify_s,
	  .description = "Ask the subscriber by an LCP Echo-Request whether the proxied LCP is its own; seconds to wait",
	  .flags = OPT_PRIV | OPT_LIMITS, .upper_limit = VERIFY_MAX_S, .lower_limit = 1 },
	{ .name = NULL }
};

static int set_policy(char **argv)
{
	struct vpdn_text allowed;
	char buf[64];

	policy = vpdn_lcp_policy_parse(*argv);
	if (policy)
		return 1;
	vpdn_text_init(&allowed, buf, sizeof(buf));
	vpdn_text_add_words(&allowed, vpdn_lcp_policies);
	vpdn_ppp_option_error("vpdn-lcp-renegotiation: \"%s\" is none of %s", *argv, buf);
	return 0;
}

static int set_proxy_auth(char **argv)
{
	if (strcmp(*argv, "accept") != 0 && strcmp(*argv, "ignore") != 0) {
		vpdn_ppp_option_error("vpdn-proxy-auth: \"%s\" is neither accept nor ignore", *argv);
		return 0;
	}
	ignore_auth = strcmp(*argv, "ignore") == 0;
	return 1;
}

/* Tells the log and the requester (CALL_INFO, for `vpdnctl show`). */
static void decided(const char *text)
{
	notice("vpdn: %s", text);
	vpdn_serve_info(text);
}

static void end_call(const char *why)
{
	char text[480];

	snprintf(text, sizeof(text), "the proxied LCP does not suit, and is not negotiated again: %s", why);
	decided(text);
	vpdn_serve_set_cause(VPDN_PPP_CAUSE_NO_RENEGOTIATION, VPDN_PROTO_LCP, VPDN_PPP_DIR_GLOBAL, text);
	vpdn_ppp_set_status(EXIT_NEGOTIATION_FAILED);
	lcp_fsm[0].state = STOPPED;		/* and silent: lcp_close() ends at once, nothing is sent */
	lcp_fsm[0].flags |= OPT_SILENT;
	lcp_close(0, "proxied LCP not acceptable");
}

static void take_over(void)
{
	char text[512], why[160], name[300];
	struct vpdn_text t;
	bool usable = false;

	if (ignore_auth)
		snprintf(why, sizeof(why), "vpdn-proxy-auth ignore");
	else
		usable = vpdn_lns_auth_usable(&proxy, why, sizeof(why));

	vpdn_text_init(&t, text, sizeof(text));
	vpdn_lcp_print(proxy.last_sent.data, proxy.last_sent.len, name, sizeof(name));
	vpdn_text_add(&t, "LCP forced open: %s", name);
	if (!usable && (lcp_gotoptions[0].neg_chap || lcp_gotoptions[0].neg_upap || lcp_gotoptions[0].neg_eap))
		vpdn_text_add(&t, "; the subscriber is asked again (%s)", why);
	decided(text);
	vpdn_lns_lcp_force(usable);
	if (!usable || lcp_fsm[0].state != OPENED)
		return;

	vpdn_lns_auth_run(&proxy);
	vpdn_text_init(&t, text, sizeof(text));
	vpdn_text_add(&t, "proxied %s of \"%s\", id %u: %s", vpdn_proxy_auth_name(proxy.auth_type),
		      vpdn_text_escape(proxy.name.data, proxy.name.len, name, sizeof(name)), proxy.id,
		      lcp_fsm[0].state != OPENED ? "refused" :
		      phase_now == PHASE_AUTHENTICATE ? "not judged" : "accepted");
	decided(text);
}

/* What is proxied cannot be used. */
static void refuse(const char *why)
{
	char text[480];

	if (policy == VPDN_LCP_NEVER) {
		end_call(why);
		return;
	}
	snprintf(text, sizeof(text), "LCP negotiated again: %s", why);
	decided(text);
	vpdn_lns_again_watch(&proxy.last_received);
	vpdn_lns_again_start();
}

static void verified(const char *fault)
{
	char why[256];

	if (fault) {
		snprintf(why, sizeof(why), "%s (cause %u: %s)", fault, VPDN_PPP_CAUSE_LCP_ECHO,
			 vpdn_ppp_cause_text(VPDN_PPP_CAUSE_LCP_ECHO));
		refuse(why);
	} else {
		take_over();
	}
	vpdn_proxy_wipe(&proxy);
}

/* pppd's main loop has been entered; nothing has been read yet. */
static void judge(void *arg)
{
	char why[400];

	(void)arg;
	if (lcp_fsm[0].state != STOPPED) {	/* closed meanwhile */
		vpdn_proxy_wipe(&proxy);
		return;
	}
	if (!vpdn_lns_lcp_suits(&proxy, why, sizeof(why))) {
		refuse(why);
	} else if (verify_s) {
		vpdn_lns_verify_start((unsigned int)verify_s, verified);
		return;
	} else {
		take_over();
	}
	vpdn_proxy_wipe(&proxy);
}

/* The proxied LCP, once; false when there is none. */
static bool take_proxy(void)
{
	const struct vpdn_ipc_msg *call = vpdn_serve_call();
	int rc;

	if (judged || !call)
		return false;
	judged = true;
	if (!policy && !vpdn_ipc_get_u8(call, VPDN_TLV_LCP_POLICY, &policy))
		policy = VPDN_LCP_ON_MISMATCH;
	rc = vpdn_ipc_get_proxy(call, &proxy);
	vpdn_serve()->forget_credentials();
	if (rc == 0)
		vpdn_lns_auth_avoid_id(&proxy);
	if (rc < 0) {
		warn("vpdn: what the LAC says of the call cannot be used: %s", strerror(-rc));
	} else if (!vpdn_proxy_has_lcp(&proxy)) {
		decided("LCP negotiated: there is none of the LAC's");
	} else if (policy == VPDN_LCP_ALWAYS) {
		decided("LCP negotiated again: the policy is always");
		vpdn_lns_again_watch(&proxy.last_received);
	} else {
		return true;
	}
	vpdn_proxy_wipe(&proxy);
	return false;
}

/* pppd comes here with PHASE_ESTABLISH just before it lets LCP begin. */
static int phase_changed(int phase)
{
	phase_now = phase;
	if (vpdn_lns_verify_cancel())	/* the subscriber itself negotiates or ends */
		vpdn_proxy_wipe(&proxy);
	if (phase == PHASE_ESTABLISH && lcp_fsm[0].state == STARTING && take_proxy()) {
		lcp_fsm[0].flags |= OPT_SILENT;		/* LCP waits, in state Stopped */
		vpdn_ppp_timeout(judge, NULL, 0, 0);
	}
	return next_phase ? next_phase(phase) : 0;
}

void plugin_init(void)
{
	vpdn_ppp_add_options(options);
	next_phase = new_phase_hook;
	new_phase_hook = phase_changed;
	vpdn_lns_auth_init();
	vpdn_lns_again_init(decided);
	vpdn_lns_verify_init();
}
