/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lns_verify.h - asks the subscriber whether the proxied LCP is the one it has: an
 * Echo-Request with the LAC's magic number, whose answer must hold the subscriber's
 * (RFC 1661 section 5.8).
 */
#ifndef VPDN_LNS_VERIFY_H
#define VPDN_LNS_VERIFY_H

#include "plugin_common.h"

/* To be called once, from plugin_init(). */
void vpdn_lns_verify_init(void);

/*
 * LCP is in state Stopped, and lcp_gotoptions and lcp_hisoptions are as proxied.  It
 * counts as open from now on, but pppd is not told: nothing but LCP is looked at.
 * done() is called once from pppd's main loop, within `seconds`: with NULL, or with
 * what was wrong.
 */
void vpdn_lns_verify_start(unsigned int seconds, void (*done)(const char *fault));

/* LCP has gone down under it: done() is not called any more.  False when it was not under way. */
bool vpdn_lns_verify_cancel(void);

#endif
