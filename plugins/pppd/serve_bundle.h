/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * serve_bundle.h - the multilink bundle that a call's link is in (RFC 1990).  For serve_call.c only.
 */
#ifndef VPDN_SERVE_BUNDLE_H
#define VPDN_SERVE_BUNDLE_H

#include "pppd_compat.h"
#include "ipc.h"

/* Says in CALL_UP which bundle it is; nothing when the link is in none. */
void vpdn_bundle_put(struct vpdn_ipc_builder *b);

/* Looks at multilink packets that come to pppd, which the kernel should have had. */
void vpdn_bundle_watch(void);

#endif
