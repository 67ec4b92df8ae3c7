/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * serve_cause.c - see serve_cause.h; used by serve_call.c in a template's child.
 * Disconnect codes: RFC 3145 section 3; the direction is the side that has the fault,
 * or that asked for the end.
 */
#include "serve_cause.h"

#include "plugin_common.h"
#include "text.h"

/* How long a peer may take to acknowledge our Terminate-Request before CDN or PADT goes out, in ms. */
#define TERMINATE_GRACE_MS	1000

static struct {
	struct vpdn_end end;
	void (*over)(const struct vpdn_end *end);
	bool over_said;
	bool terminate_sent;
	bool heard;			/* an LCP packet of the peer */
	uint16_t refused_by;		/* protocol in which we sent a Failure or Nak */
	char peer_reason[96];		/* of its Terminate-Request */
	void (*next_recv)(unsigned char *, int);
	void (*next_send)(unsigned char *, int);
	int (*next_phase)(int);
} watch;

static const struct {
	int status;
	uint16_t code, protocol;
	uint8_t direction;
	const char *text;
} by_status[] = {
	{ EXIT_OK, VPDN_PPP_CAUSE_NORMAL, VPDN_PROTO_LCP, VPDN_PPP_DIR_LOCAL, "PPP ended" },
	{ EXIT_FATAL_ERROR, VPDN_PPP_CAUSE_NONE, 0, VPDN_PPP_DIR_GLOBAL, "pppd met an error" },
	{ EXIT_OPTION_ERROR, VPDN_PPP_CAUSE_NONE, 0, VPDN_PPP_DIR_GLOBAL, "pppd's options are not valid" },
	{ EXIT_NO_KERNEL_SUPPORT, VPDN_PPP_CAUSE_NONE, 0, VPDN_PPP_DIR_GLOBAL, "the kernel lacks PPP" },
	{ EXIT_USER_REQUEST, VPDN_PPP_CAUSE_ADMIN, 0, VPDN_PPP_DIR_GLOBAL, "ended by an administrator" },
	{ EXIT_CONNECT_FAILED, VPDN_PPP_CAUSE_NONE, 0, VPDN_PPP_DIR_GLOBAL, "the session's socket could not be used" },
	{ EXIT_NEGOTIATION_FAILED, VPDN_PPP_CAUSE_LCP_TIMEOUT, VPDN_PROTO_LCP, VPDN_PPP_DIR_GLOBAL, "PPP negotiation failed" },
	{ EXIT_PEER_AUTH_FAILED, VPDN_PPP_CAUSE_AUTH_FAILED, 0, VPDN_PPP_DIR_PEER, "the peer failed to authenticate" },
	{ EXIT_IDLE_TIMEOUT, VPDN_PPP_CAUSE_NORMAL, VPDN_PROTO_LCP, VPDN_PPP_DIR_LOCAL, "idle time-out" },
	{ EXIT_CONNECT_TIME, VPDN_PPP_CAUSE_NORMAL, VPDN_PROTO_LCP, VPDN_PPP_DIR_LOCAL, "connect time used up" },
	{ EXIT_PEER_DEAD, VPDN_PPP_CAUSE_LCP_ECHO, VPDN_PROTO_LCP, VPDN_PPP_DIR_GLOBAL, "no answer to LCP Echo-Requests" },
	{ EXIT_HANGUP, VPDN_PPP_CAUSE_NONE, 0, VPDN_PPP_DIR_GLOBAL, "the line is gone" },
	{ EXIT_LOOPBACK, VPDN_PPP_CAUSE_LCP_LOOPED, VPDN_PROTO_LCP, VPDN_PPP_DIR_GLOBAL, "the line is looped back" },
	{ EXIT_AUTH_TOPEER_FAILED, VPDN_PPP_CAUSE_AUTH_FAILED, 0, VPDN_PPP_DIR_LOCAL, "we failed to authenticate to the peer" },
	{ EXIT_TRAFFIC_LIMIT, VPDN_PPP_CAUSE_NORMAL, VPDN_PROTO_LCP, VPDN_PPP_DIR_LOCAL, "traffic limit reached" },
	{ EXIT_CNID_AUTH_FAILED, VPDN_PPP_CAUSE_ADMIN, 0, VPDN_PPP_DIR_GLOBAL, "the calling number is not allowed" },
};

void vpdn_cause_set(const struct vpdn_ppp_cause *c, const char *text)
{
	if (watch.end.known)
		return;
	watch.end.known = true;
	watch.end.cause = *c;
	watch.end.cause.message = NULL;
	watch.end.cause.message_len = 0;
	strlcpy(watch.end.text, text, sizeof(watch.end.text));
}

static void set(uint16_t code, uint16_t protocol, uint8_t direction, const char *text)
{
	struct vpdn_ppp_cause c = { .code = code, .protocol = protocol, .direction = direction };

	vpdn_cause_set(&c, text);
}

const struct vpdn_end *vpdn_cause_get(int status)
{
	char text[64];
	size_t i;

	if (watch.end.known)
		return &watch.end;
	if (status == EXIT_NEGOTIATION_FAILED && !watch.heard) {
		set(VPDN_PPP_CAUSE_LCP_SILENT, VPDN_PROTO_LCP, VPDN_PPP_DIR_GLOBAL, "no LCP packet came from the peer");
		return &watch.end;
	}
	for (i = 0; i < sizeof(by_status) / sizeof(by_status[0]); i++)
		if (by_status[i].status == status) {
			set(by_status[i].code, by_status[i].protocol, by_status[i].direction, by_status[i].text);
			return &watch.end;
		}
	snprintf(text, sizeof(text), "pppd ended with status %d", status);
	set(VPDN_PPP_CAUSE_NONE, 0, VPDN_PPP_DIR_GLOBAL, text);
	return &watch.end;
}

static void say_over(void)
{
	if (watch.over_said)
		return;
	watch.over_said = true;
	watch.over(vpdn_cause_get(vpdn_ppp_status()));
}

static void grace_ended(void *arg)
{
	(void)arg;
	say_over();
}

/*
 * The peer has terminated and our ack is out.  RFC 1661 section 3.7 has us wait a
 * restart period, for the peer to take the line down; here CDN or PADT does that.
 */
static void peer_terminated(void *arg)
{
	(void)arg;
	if (lcp_fsm[0].state != STOPPING)
		return;
	say_over();
	fsm_protreject(&lcp_fsm[0]);	/* in this state: stops the timer, and LCP is finished */
}

/* Our own Terminate-Request: its text is the one pppd gave lcp_close(). */
static void we_terminate(const struct vpdn_ppp_packet *p)
{
	char reason[96], text[160];

	vpdn_text_escape(p->body, p->body_len, reason, sizeof(reason));
	switch (vpdn_ppp_status()) {
	case EXIT_PEER_AUTH_FAILED:
		if (watch.refused_by)
			set(VPDN_PPP_CAUSE_AUTH_FAILED, watch.refused_by, VPDN_PPP_DIR_PEER,
			    "authentication failed: wrong name or password");
		else if (strcmp(reason, "peer refused to authenticate") == 0)
			set(VPDN_PPP_CAUSE_AUTH_REFUSED, VPDN_PROTO_LCP, VPDN_PPP_DIR_PEER,
			    "the peer refused to authenticate");
		else
			set(VPDN_PPP_CAUSE_AUTH_TIMEOUT, 0, VPDN_PPP_DIR_GLOBAL, "the peer did not authenticate in time");
		break;
	case EXIT_OK:
	case EXIT_NEGOTIATION_FAILED:
		if (strcmp(reason, "No network protocols running") == 0)
			set(VPDN_PPP_CAUSE_NO_NCP, 0, VPDN_PPP_DIR_GLOBAL, "no network protocol is left");
		else if (reason[0]) {
			snprintf(text, sizeof(text), "LCP Terminate-Request sent: %s", reason);
			set(VPDN_PPP_CAUSE_NORMAL, VPDN_PROTO_LCP, VPDN_PPP_DIR_LOCAL, text);
		}
		break;
	default:
		break;	/* the status says it all */
	}
	vpdn_cause_get(vpdn_ppp_status());
	watch.terminate_sent = true;
	vpdn_ppp_timeout(grace_ended, NULL, TERMINATE_GRACE_MS / 1000, TERMINATE_GRACE_MS % 1000 * 1000);
}

static void saw_received(unsigned char *frame, int len)
{
	struct vpdn_ppp_packet p;
	char text[160];

	if (watch.next_recv)
		watch.next_recv(frame, len);
	if (!vpdn_ppp_packet_parse(frame, len, &p))
		return;
	if (p.protocol != VPDN_PROTO_LCP)
		return;
	watch.heard = true;
	if (p.code == TERMREQ && lcp_fsm[0].state == OPENED) {
		vpdn_text_escape(p.body, p.body_len, watch.peer_reason, sizeof(watch.peer_reason));
		snprintf(text, sizeof(text), "LCP Terminate-Request received%s%s", watch.peer_reason[0] ? ": " : "",
			 watch.peer_reason);
		set(VPDN_PPP_CAUSE_NORMAL, VPDN_PROTO_LCP, VPDN_PPP_DIR_PEER, text);
	}
}

static void saw_sent(unsigned char *frame, int len)
{
	struct vpdn_ppp_packet p;

	if (watch.next_send)
		watch.next_send(frame, len);
	if (!vpdn_ppp_packet_parse(frame, len, &p))
		return;
	if (p.protocol == VPDN_PROTO_LCP) {
		if (p.code == TERMREQ && !watch.terminate_sent)
			we_terminate(&p);
		else if (p.code == TERMACK && lcp_fsm[0].state == STOPPING)
			vpdn_ppp_timeout(peer_terminated, NULL, 0, 0);	/* it is written after this hook */
	} else if ((p.protocol == VPDN_PROTO_CHAP && p.code == CHAP_FAILURE) ||
		   (p.protocol == VPDN_PROTO_PAP && p.code == VPDN_PAP_NAK)) {
		watch.refused_by = p.protocol;
	}
}

static int saw_phase(int phase)
{
	if (phase == PHASE_DISCONNECT || phase == PHASE_DEAD)
		say_over();
	return watch.next_phase ? watch.next_phase(phase) : 0;
}

void vpdn_cause_watch(void (*over)(const struct vpdn_end *end))
{
	watch.over = over;
	watch.next_recv = snoop_recv_hook;
	snoop_recv_hook = saw_received;
	watch.next_send = snoop_send_hook;
	snoop_send_hook = saw_sent;
	watch.next_phase = new_phase_hook;
	new_phase_hook = saw_phase;
}
