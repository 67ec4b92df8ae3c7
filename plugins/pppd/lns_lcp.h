/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lns_lcp.h - proxy LCP at the LNS (RFC 2661 section 4.4.5): does what the LAC has
 * negotiated suit us, and how LCP is opened with it without a packet being sent.
 */
#ifndef VPDN_LNS_LCP_H
#define VPDN_LNS_LCP_H

#include "plugin_common.h"
#include "proxy.h"

/*
 * Judges AVPs 27 and 28 of *proxy by pppd's options.  True: they suit, and
 * lcp_gotoptions and lcp_hisoptions hold them.  False: `why` says what does not suit,
 * and pppd's options are as at the beginning of a negotiation.
 * To be called with LCP in state Stopped.
 */
bool vpdn_lns_lcp_suits(const struct vpdn_proxy *proxy, char *why, size_t size);

/*
 * Opens LCP with what vpdn_lns_lcp_suits() has set.  `silent`: a credential is about
 * to be judged, so that an Echo-Request that pppd would send right now is not sent.
 */
void vpdn_lns_lcp_force(bool silent);

#endif
