/* SPDX-License-Identifier: GPL-2.0-or-later */
/* l2tp_proxy.h - proxy LCP and proxy authentication of vpdn-load's calls (RFC 2661 sections 4.4.5 and 4.4.6), for l2tp_lac.c. */
#ifndef BENCH_L2TP_PROXY_H
#define BENCH_L2TP_PROXY_H

#include "calls.h"
#include "cursor.h"

/* The protocol that is proxied in this run: PPP_CHAP or PPP_PAP. */
uint16_t l2tp_proxy_auth(const struct run *r);

/*
 * Appends what a LAC would have learnt of this call's subscriber: LCP as both would have negotiated it, and the credentials. Sets
 * the engine's identifier and magic numbers, for ppp_up_proxied().
 */
void l2tp_put_proxy(struct vpdn_writer *w, struct call *c);

#endif
