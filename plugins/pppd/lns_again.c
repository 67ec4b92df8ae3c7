/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lns_again.c - see lns_again.h; used by vpdn-lns.c.
 *
 * A subscriber whose LCP is open and that gets a Configure-Request must go down and
 * send one of its own (RFC 1661 section 4.3, RCR in state Opened).  Some only
 * acknowledge ours, and for them their own direction stays as the LAC has acknowledged
 * it: pppd would wait for a request until eternity.  So when our request is
 * acknowledged and none has come for a while,
 *	- AVP 28 is taken for the subscriber's request, if we would acknowledge it;
 *	- else a Terminate-Ack asks for it: in state Opened that begins a new
 *	  negotiation and does not end the link (RFC 1661 section 4.3, RTA).
 */
#include "lns_again.h"

#define GRACE_MS	1000	/* from the Ack to our request; below a restart timer of RFC 1661 */
#define ASK_MAX		3	/* Terminate-Acks before it is given up */

static struct {
	bool active;
	bool timer;
	unsigned int asked;
	struct vpdn_proxy_lcp last_received;
	void (*decided)(const char *text);
	void (*next_recv)(unsigned char *, int);
} again;

/* The subscriber's direction is as the LAC has acknowledged it; false: that does not suit. */
static bool adopt(fsm *f)
{
	unsigned char options[VPDN_PROXY_LCP_MAX];
	int len = again.last_received.len;

	if (!again.last_received.present)
		return false;
	memcpy(options, again.last_received.data, again.last_received.len);
	if (f->callbacks->reqci(f, options, &len, 0) != CONFACK)
		return false;
	again.decided("the subscriber acknowledges and does not restart its LCP: its options stay as proxied");
	again.active = false;
	fsm_lowerdown(f);	/* here it only stops the timer */
	f->seen_ack = 1;
	f->state = OPENED;
	f->callbacks->up(f);
	return true;
}

static void ask(fsm *f)
{
	if (again.asked++ == ASK_MAX) {
		again.active = false;
		vpdn_serve_set_cause(VPDN_PPP_CAUSE_LCP_TIMEOUT, VPDN_PROTO_LCP, VPDN_PPP_DIR_PEER,
				     "the subscriber does not negotiate LCP again");
		lcp_close(0, "LCP is not negotiated again");
		return;
	}
	if (again.asked == 1)
		again.decided("the subscriber acknowledges and does not restart its LCP: asked to by a Terminate-Ack");
	fsm_sdata(f, TERMACK, ++f->id, NULL, 0);
	fsm_lowerdown(f);
	fsm_lowerup(f);
}

static void grace_over(void *arg)
{
	fsm *f = &lcp_fsm[0];

	(void)arg;
	again.timer = false;
	if (again.active && f->state == ACKRCVD && !adopt(f))
		ask(f);
}

static void stop_timer(void)
{
	if (again.timer)
		vpdn_ppp_untimeout(grace_over, NULL);
	again.timer = false;
}

static void saw_received(unsigned char *frame, int len)
{
	struct vpdn_ppp_packet p;

	if (again.next_recv)
		again.next_recv(frame, len);
	if (!again.active || !vpdn_ppp_packet_parse(frame, len, &p) || p.protocol != VPDN_PROTO_LCP)
		return;
	if (p.code == CONFREQ) {	/* it does restart: the rest is RFC 1661's */
		again.active = false;
		stop_timer();
	} else if (p.code == CONFACK && !again.timer) {
		again.timer = true;
		vpdn_ppp_timeout(grace_over, NULL, GRACE_MS / 1000, GRACE_MS % 1000 * 1000);
	}
}

void vpdn_lns_again_init(void (*decided)(const char *text))
{
	again.decided = decided;
	again.next_recv = snoop_recv_hook;
	snoop_recv_hook = saw_received;
}

void vpdn_lns_again_watch(const struct vpdn_proxy_lcp *last_received)
{
	stop_timer();
	again.active = true;
	again.asked = 0;
	again.last_received = *last_received;
}

void vpdn_lns_again_start(void)
{
	fsm *f = &lcp_fsm[0];

	f->flags &= ~OPT_SILENT;
	f->flags |= lcp_wantoptions[0].silent ? OPT_SILENT : 0;
	f->state = STARTING;
	fsm_lowerup(f);
}
