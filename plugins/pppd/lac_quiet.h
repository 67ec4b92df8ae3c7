/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lac_quiet.h - keeps the LAC's pppd silent towards a subscriber whose credentials are
 * held: what comes next must be the LNS's answer (or ours).
 *
 * Held back are pppd's timers' doings, the repeated challenge or EAP Request and
 * its own Echo-Requests, and the Echo-Request it sends when LCP opens and PAP is awaited,
 * which would cross the subscriber's request.  Answers to the subscriber's packets
 * are sent.
 */
#ifndef VPDN_LAC_QUIET_H
#define VPDN_LAC_QUIET_H

#include "plugin_common.h"

/* To be called once, from plugin_init(), after vpdn_lac_ask_always(). */
void vpdn_quiet_init(void);
/* From snoop_send_hook: pppd is about to write *p.  `holding`: credentials are held. */
void vpdn_quiet_sending(const struct vpdn_ppp_packet *p, bool holding);
/* Before pppd, or the channel's next owner, has to say something: what is held back is no more. */
void vpdn_quiet_end(void);
/* From new_phase_hook. */
void vpdn_quiet_phase(void);

#endif
