/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pppoe_client.h - vpdn-load's PPPoE clients (RFC 2516): the bearer pppoe_bearer, for calls.c. */
#ifndef BENCH_PPPOE_CLIENT_H
#define BENCH_PPPOE_CLIENT_H

#include "calls.h"

/* The MAC of a call: locally administered, and its number. */
void pppoe_client_mac(const struct call *c, uint8_t mac[6]);

#endif
