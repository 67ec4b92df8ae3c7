/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vpdn-lac.c - the LAC's side of dial-in: the subscriber's credentials are held back
 * from pppd, vpdnd is asked, and the call is forwarded to an LNS, refused, or given
 * back to pppd as if nothing had happened.
 *
 *	plugin vpdn-lac.so [vpdn-socket PATH] [vpdn-hold-time S] [vpdn-fallback local|reject]
 *
 * Loaded into any pppd that answers subscribers: a template's child (vpdn-serve.so),
 * one on a tty, one that a stock pppoe-server has started.  It replaces the input
 * functions of CHAP, PAP and EAP, watches LCP through the snoop hooks, and is woken
 * when vpdnd answers (lac_wake.c).  Of EAP the answer with the name is held.  A subscriber that is not asked to authenticate is
 * asked about when LCP opens, before pppd is told that it has.
 *
 *	state	answer comes ->	LOCAL: pppd	REJECT: refused	FORWARD: channel given away
 *	idle -> asking -> settled (until LCP goes down, then idle again)
 */
#include "pppd_compat.h"

#include <time.h>

#include "ipc_client.h"
#include "lac_capture.h"
#include "lac_early.h"
#include "lac_handover.h"
#include "lac_line.h"
#include "lac_quiet.h"
#include "lac_secrets.h"
#include "lac_wake.h"
#include "plugin_common.h"
#include "text.h"

VPDN_PLUGIN_VERSION;

#define HOLD_DEFAULT_S		25	/* pppd's own patience with PAP, and with CHAP by default, is 30 s */
#define HOLD_MIN_S		1
#define HOLD_MAX_S		300
#define RETRY_US		20000	/* vpdnd's queue was full */

static enum { IDLE, ASKING, SETTLED, HANDING } state;
static struct vpdn_capture capture;
static int conn = -1;
static bool asked;			/* HELLO and the question are on their way */
static int64_t asked_ms;

static char *socket_path;		/* pppd frees a former value: no literals */
static int hold_s = HOLD_DEFAULT_S;
static bool fallback_reject;

static void (*stock_chap)(int, unsigned char *, int);
static void (*stock_pap)(int, unsigned char *, int);
static void (*stock_eap)(int, unsigned char *, int);
static void (*next_up)(fsm *);
static void (*next_recv)(unsigned char *, int);
static void (*next_send)(unsigned char *, int);
static int (*next_phase)(int);

static int set_fallback(char **argv);

static option_t options[] = {
	{ .name = "vpdn-socket", .type = o_string, .addr = &socket_path,
	  .description = "Socket of vpdnd", .flags = OPT_PRIV },
	{ .name = "vpdn-hold-time", .type = o_int, .addr = &hold_s,
	  .description = "Seconds to hold credentials while vpdnd decides",
	  .flags = OPT_PRIV | OPT_LIMITS, .upper_limit = HOLD_MAX_S, .lower_limit = HOLD_MIN_S },
	{ .name = "vpdn-fallback", .type = o_special, .addr = (void *)set_fallback,
	  .description = "Without vpdnd: local (authenticate here) or reject", .flags = OPT_PRIV },
	{ .name = NULL }
};

static int set_fallback(char **argv)
{
	if (strcmp(*argv, "local") != 0 && strcmp(*argv, "reject") != 0) {
		vpdn_ppp_option_error("vpdn-fallback: \"%s\" is neither local nor reject", *argv);
		return 0;
	}
	fallback_reject = strcmp(*argv, "reject") == 0;
	return 1;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The claimed name, for logs. */
static const char *claimed_name(void)
{
	static char name[300];

	if (capture.held.protocol == VPDN_PROTO_LCP)
		return "(not asked)";
	return vpdn_text_escape(capture.user.data, capture.user.len, name, sizeof(name));
}

/* ---- outcomes ---- */

static void go_on_asking(void *arg);

static void stop_asking(void)
{
	vpdn_ppp_untimeout(go_on_asking, NULL);
	vpdn_wake_close();
	if (conn >= 0)
		close(conn);
	conn = -1;
	asked = false;
}

/* LCP was open already, pppd learns of it now. */
static void go_on_without_authentication(void)
{
	next_up(&lcp_fsm[0]);
	vpdn_early_give();
}

/* pppd gets the held packet, and all that follow. */
static void settle_locally(void)
{
	uint16_t protocol = capture.held.protocol;
	unsigned char pkt[sizeof(capture.held.data)];
	int len = capture.held.len;

	stop_asking();
	state = SETTLED;
	memcpy(pkt, capture.held.data, (size_t)len);
	vpdn_capture_drop(&capture);
	if (protocol == VPDN_PROTO_CHAP)
		stock_chap(0, pkt, len);
	else if (protocol == VPDN_PROTO_PAP)
		stock_pap(0, pkt, len);
	else if (protocol == VPDN_PROTO_EAP)
		stock_eap(0, pkt, len);
	else
		go_on_without_authentication();
	explicit_bzero(pkt, sizeof(pkt));
}

/* No secret is looked up here: the answer does not depend on whether the user exists. */
static void refuse(const char *reason)
{
	unsigned char frame[256];
	int len = vpdn_capture_refusal(&capture, frame, sizeof(frame));
	uint16_t protocol = capture.held.protocol;

	warn("vpdn: user \"%s\" refused: %s", claimed_name(), reason);
	stop_asking();
	state = SETTLED;
	if (protocol == VPDN_PROTO_LCP)
		vpdn_serve_set_cause(VPDN_PPP_CAUSE_ADMIN, 0, VPDN_PPP_DIR_GLOBAL, reason);
	else
		vpdn_serve_set_cause(VPDN_PPP_CAUSE_AUTH_FAILED, protocol, VPDN_PPP_DIR_PEER, reason);
	if (len > 0)
		output(0, frame, len);
	vpdn_capture_drop(&capture);
	vpdn_ppp_set_status(EXIT_PEER_AUTH_FAILED);
	lcp_close(0, "Authentication failed");
}

static void fall_back(const char *why)
{
	char reason[256];

	if (fallback_reject) {
		snprintf(reason, sizeof(reason), "vpdnd cannot be asked: %s", why);
		refuse(reason);
		return;
	}
	warn("vpdn: vpdnd cannot be asked (%s): user \"%s\" is authenticated here", why, claimed_name());
	settle_locally();
}

/* ---- the question ---- */

/* 0; -EAGAIN: vpdnd's queue is full; other: it cannot be asked. */
static int ask(void)
{
	struct vpdn_ipc_builder b;
	char name[32];
	int rc;

	if (conn < 0) {
		snprintf(name, sizeof(name), "pppd[%d]", (int)getpid());
		conn = vpdn_ipc_hello(socket_path, VPDN_ROLE_PPP, name);
		if (conn < 0) {
			rc = conn;
			conn = -1;
			return rc;
		}
		rc = vpdn_wake_open(conn);
		if (rc < 0)
			return rc;
	}
	vpdn_ipc_begin(&b, VPDN_MSG_SUBSCRIBER_ASK, 0, 1);
	vpdn_lac_line_put(&b);
	vpdn_ipc_put_u32(&b, VPDN_TLV_PID, (uint32_t)getpid());
	vpdn_ipc_put_u32(&b, VPDN_TLV_HOLD_MS, (uint32_t)hold_s * 1000);
	if (capture.user.len)
		vpdn_ipc_put_bytes(&b, VPDN_TLV_USER, capture.user.data, capture.user.len);
	vpdn_ipc_put_proxy(&b, &capture.proxy);
	rc = vpdn_ipc_send(conn, &b, NULL, 0);
	vpdn_ipc_builder_wipe(&b);
	asked = rc == 0;
	return rc;
}

/* An answer from vpdnd.  True when the question is settled. */
static bool answered(const struct vpdn_ipc_msg *m)
{
	char text[256];
	int rc;

	vpdn_ipc_get_text(m, VPDN_TLV_TEXT, text, sizeof(text));
	switch (m->type) {
	case VPDN_MSG_HELLO_ACK:
		rc = vpdn_ipc_hello_answer(m);
		if (rc == 0)
			return false;
		fall_back(strerror(-rc));
		return true;
	case VPDN_MSG_SUBSCRIBER_LOCAL:
		info("vpdn: user \"%s\" stays here", claimed_name());
		settle_locally();
		return true;
	case VPDN_MSG_SUBSCRIBER_REJECT:
		refuse(text);
		return true;
	case VPDN_MSG_SUBSCRIBER_FORWARD:
		notice("vpdn: user \"%s\" is forwarded to an LNS", claimed_name());
		vpdn_capture_drop(&capture);
		state = HANDING;
		vpdn_wake_close();
		vpdn_lac_hand_over(conn);
	case VPDN_MSG_ERROR:
		fall_back(text);
		return true;
	default:
		info("vpdn: message from vpdnd ignored: %s", vpdn_ipc_msg_name(m->type));
		return false;
	}
}

/* Asks, until vpdnd's queue has taken the question; reads what has come; looks at the time. */
static void go_on_asking(void *arg)
{
	static struct vpdn_ipc_msg m;
	int64_t left = asked_ms + (int64_t)hold_s * 1000 - now_ms();
	bool settled;
	int rc;

	(void)arg;
	if (state != ASKING)
		return;
	vpdn_ppp_untimeout(go_on_asking, NULL);
	vpdn_quiet_end();	/* what vpdnd says may come before the mute's own timer, and the answer needs the channel */
	if (!asked) {
		rc = ask();
		if (rc < 0 && rc != -EAGAIN) {
			fall_back(strerror(-rc));
			return;
		}
	}
	while (asked) {
		rc = vpdn_ipc_recv(conn, &m);
		if (rc == -EAGAIN)
			break;
		if (rc == -EOPNOTSUPP || rc == -EBADMSG) {
			warn("vpdn: message from vpdnd is damaged: %s", strerror(-rc));
			continue;
		}
		if (rc != 1) {
			fall_back(rc == 0 ? "it closed the connection" : strerror(-rc));
			return;
		}
		settled = answered(&m);
		vpdn_ipc_msg_close(&m);
		if (settled)
			return;
	}
	if (left <= 0)
		refuse("no answer from vpdnd");
	else if (asked)
		vpdn_ppp_timeout(go_on_asking, NULL, (int)(left / 1000), (int)(left % 1000) * 1000);
	else
		vpdn_ppp_timeout(go_on_asking, NULL, 0, RETRY_US);
}

/* ---- hooks ---- */

static void start_asking(void)
{
	state = ASKING;
	asked_ms = now_ms();
	go_on_asking(NULL);
}

/* True when the packet was kept from pppd. */
static bool intercept(uint16_t protocol, unsigned char *pkt, int len)
{
	struct vpdn_ppp_packet p;

	if (state == SETTLED || !vpdn_ppp_payload_parse(protocol, pkt, len, &p) ||
	    !vpdn_capture_is_credential(&capture, &p))
		return false;
	if (state != IDLE) {
		dbglog("vpdn: repeated credentials dropped while vpdnd decides");
		return true;
	}
	if (vpdn_capture_hold(&capture, &p, pkt, len) < 0)
		return false;
	info("vpdn: credentials of \"%s\" held, asking vpdnd", claimed_name());
	start_asking();
	return true;
}

/* LCP has opened.  Whoever is not asked for a name may be forwarded by the line. */
static void lcp_opened(fsm *f)
{
	const lcp_options *go = &lcp_gotoptions[f->unit], *ho = &lcp_hisoptions[f->unit];

	if (state != IDLE || auth_required || go->neg_chap || go->neg_upap || go->neg_eap || ho->neg_chap ||
	    ho->neg_upap || ho->neg_eap) {
		next_up(f);
		return;
	}
	vpdn_early_drop();
	vpdn_capture_none(&capture);
	info("vpdn: the subscriber is not asked to authenticate, asking vpdnd");
	start_asking();
}

static void chap_input(int unit, unsigned char *pkt, int len)
{
	if (!intercept(VPDN_PROTO_CHAP, pkt, len))
		stock_chap(unit, pkt, len);
}

static void pap_input(int unit, unsigned char *pkt, int len)
{
	if (!intercept(VPDN_PROTO_PAP, pkt, len))
		stock_pap(unit, pkt, len);
}

static void eap_input(int unit, unsigned char *pkt, int len)
{
	if (!intercept(VPDN_PROTO_EAP, pkt, len))
		stock_eap(unit, pkt, len);
}

static void saw_received(unsigned char *frame, int len)
{
	struct vpdn_ppp_packet p;

	if (vpdn_wake_came(frame, len)) {
		go_on_asking(NULL);
		return;
	}
	if (next_recv)
		next_recv(frame, len);
	if (!vpdn_ppp_packet_parse(frame, len, &p))
		return;
	vpdn_capture_watch(&capture, &p, true);
	if (state == ASKING)
		vpdn_early_keep(&p, frame, len);
}

static void saw_sent(unsigned char *frame, int len)
{
	struct vpdn_ppp_packet p;

	if (next_send)
		next_send(frame, len);
	if (!vpdn_ppp_packet_parse(frame, len, &p))
		return;
	vpdn_capture_watch(&capture, &p, false);
	vpdn_quiet_sending(&p, state == ASKING);
}

/* LCP has left the authentication phase under us: nobody waits for the answer. */
static int phase_changed(int phase)
{
	vpdn_quiet_phase();
	if (phase != PHASE_AUTHENTICATE && state == ASKING) {
		info("vpdn: user \"%s\" left while vpdnd decided", claimed_name());
		stop_asking();
		vpdn_capture_drop(&capture);
		state = SETTLED;
	}
	if (phase == PHASE_ESTABLISH && state == SETTLED)
		state = IDLE;
	return next_phase ? next_phase(phase) : 0;
}

void plugin_init(void)
{
	vpdn_ppp_add_options(options);
	vpdn_lac_line_init();
	stock_chap = chap_protent.input;
	chap_protent.input = chap_input;
	stock_pap = pap_protent.input;
	pap_protent.input = pap_input;
	stock_eap = eap_protent.input;
	eap_protent.input = eap_input;
	next_recv = snoop_recv_hook;
	snoop_recv_hook = saw_received;
	next_send = snoop_send_hook;
	snoop_send_hook = saw_sent;
	next_phase = new_phase_hook;
	new_phase_hook = phase_changed;
	vpdn_lac_ask_always();
	vpdn_quiet_init();
	next_up = lcp_fsm[0].callbacks->up;
	lcp_fsm[0].callbacks->up = lcp_opened;
}
