/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lns_again.h - LCP anew with a subscriber whose LCP is open: the LAC has negotiated
 * it, and what came of it does not suit the LNS.
 */
#ifndef VPDN_LNS_AGAIN_H
#define VPDN_LNS_AGAIN_H

#include "plugin_common.h"
#include "proxy.h"

/* Installs the hook; to be called once, from plugin_init().  decided() is told what
 * becomes of a subscriber that does not restart its LCP. */
void vpdn_lns_again_init(void (*decided)(const char *text));

/*
 * From now on sees to it that both directions of LCP open.  `last_received`: AVP 28,
 * copied; it may be absent.
 */
void vpdn_lns_again_watch(const struct vpdn_proxy_lcp *last_received);

/* Starts the negotiation: sends a Configure-Request.  LCP is in state Stopped, or open
 * without pppd's knowing (lns_verify.h). */
void vpdn_lns_again_start(void);

#endif
