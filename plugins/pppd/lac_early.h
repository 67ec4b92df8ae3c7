/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lac_early.h - network protocols' requests of a subscriber that was not asked to
 * authenticate, and for whom pppd waits for vpdnd's answer with LCP open: pppd drops
 * them, and a subscriber that stays here would have to repeat them.
 */
#ifndef VPDN_LAC_EARLY_H
#define VPDN_LAC_EARLY_H

#include "plugin_common.h"

/* From snoop_recv_hook while the answer is awaited: the last Configure-Request of each protocol is kept. */
void vpdn_early_keep(const struct vpdn_ppp_packet *p, const unsigned char *frame, int len);
/* The network phase has begun: pppd gets what was kept. */
void vpdn_early_give(void);
void vpdn_early_drop(void);

#endif
