/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lac_line.h - what vpdn-lac.so tells vpdnd of the subscriber's line: what the call came with, or what
 * pppd, its options and the environment that mgetty makes say of it.
 */
#ifndef VPDN_LAC_LINE_H
#define VPDN_LAC_LINE_H

#include "pppd_compat.h"
#include "ipc.h"

/* Adds the options vpdn-dnis, vpdn-clid and vpdn-sub-address. */
void vpdn_lac_line_init(void);

/* The access line's TLVs of SUBSCRIBER_ASK. */
void vpdn_lac_line_put(struct vpdn_ipc_builder *b);

#endif
