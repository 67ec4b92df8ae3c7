/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lns_auth.h - proxied credentials at the LNS (RFC 2661 section 4.4.5, AVPs 29-33,
 * and our own type for MS-CHAPv2):
 * pppd's own CHAP and PAP judge them and answer the subscriber.
 */
#ifndef VPDN_LNS_AUTH_H
#define VPDN_LNS_AUTH_H

#include "plugin_common.h"
#include "proxy.h"

/* Installs the hooks; to be called once, from plugin_init(). */
void vpdn_lns_auth_init(void);

/* Keeps challenges of ours, now and later, off the id of the LAC's. */
void vpdn_lns_auth_avoid_id(const struct vpdn_proxy *proxy);

/*
 * Can the credential be judged with the LCP now in lcp_gotoptions?  If so CHAP is kept
 * from sending a challenge of its own when LCP comes up, and vpdn_lns_auth_run() must
 * follow.  Otherwise `why` says why the subscriber is asked again.
 */
bool vpdn_lns_auth_usable(const struct vpdn_proxy *proxy, char *why, size_t size);

/*
 * Judges it: the subscriber gets Success/Ack or Failure/Nak with the id of its own
 * packet, and pppd goes on to the network phase or ends.  LCP is open.
 */
void vpdn_lns_auth_run(const struct vpdn_proxy *proxy);

#endif
