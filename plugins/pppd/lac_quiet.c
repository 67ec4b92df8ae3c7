/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lac_quiet.c - see lac_quiet.h; used by vpdn-lac.c.
 *
 * The hook is called just before pppd writes.  It mutes pppd (plugin_common.h), and
 * what pppd does just after the write ends that: for a timer's packet a zero timer,
 * which runs in the same round of pppd's timers, but after those that are overdue; for
 * the Echo-Request of lcp_up() the next phase, which lcp_up() enters next.
 */
#include "lac_quiet.h"

static void (*stock_up)(fsm *);
static bool opening;		/* in lcp_up() */
static bool echo_muted;

static void end_mute(void *arg)
{
	(void)arg;
	vpdn_unmute();
	if (echo_muted)
		vpdn_uncount_echo();
	echo_muted = false;
}

static void lcp_up(fsm *f)
{
	opening = lcp_gotoptions[f->unit].neg_upap && !lcp_gotoptions[f->unit].neg_chap;
	stock_up(f);
	opening = false;
	end_mute(NULL);
}

void vpdn_quiet_init(void)
{
	stock_up = lcp_fsm[0].callbacks->up;
	lcp_fsm[0].callbacks->up = lcp_up;
}

void vpdn_quiet_sending(const struct vpdn_ppp_packet *p, bool holding)
{
	bool echo = p->protocol == VPDN_PROTO_LCP && p->code == ECHOREQ;
	bool challenge = (p->protocol == VPDN_PROTO_CHAP && p->code == CHAP_CHALLENGE) ||
			 (p->protocol == VPDN_PROTO_EAP && p->code == VPDN_EAP_REQUEST);

	if (!(holding && (echo || challenge)) && !(opening && echo))
		return;
	if (vpdn_mute() < 0)
		return;
	echo_muted = echo;
	if (!opening)
		vpdn_ppp_timeout(end_mute, NULL, 0, 0);
}

void vpdn_quiet_end(void)
{
	vpdn_ppp_untimeout(end_mute, NULL);
	end_mute(NULL);
}

void vpdn_quiet_phase(void)
{
	if (opening)
		vpdn_unmute();
}
