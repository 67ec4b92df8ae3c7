/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * serve_cause.h - finds out why PPP ends, and when it is known to be over.
 *
 * pppd's exit status cannot be relied on (a hangup overwrites it), so the packets
 * and phases are watched.  The result is a cause of RFC 3145 and a line of text.
 */
#ifndef VPDN_SERVE_CAUSE_H
#define VPDN_SERVE_CAUSE_H

#include "pppd_compat.h"
#include "result_code.h"

struct vpdn_end {
	bool known;
	struct vpdn_ppp_cause cause;	/* message is not used */
	char text[256];
};

/*
 * Starts watching (hooks, chained).  over() is called once, as soon as the session is
 * known to be over: the peer has our Terminate-Ack, or has acknowledged ours, or does
 * not answer it, or the line is gone.  pppd itself may take longer to leave.
 */
void vpdn_cause_watch(void (*over)(const struct vpdn_end *end));

/* Gives the reason beforehand; the first one counts. */
void vpdn_cause_set(const struct vpdn_ppp_cause *c, const char *text);

/* What is known by now; `status`, pppd's exit status, decides when nothing else is. */
const struct vpdn_end *vpdn_cause_get(int status);

#endif
