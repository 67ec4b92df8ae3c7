/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * serve_line.h - what a call says of the subscriber's line, for pppd's scripts and for radius.so.
 *
 * It comes from other machines: scripts get it in a fixed list of environment variables (CALLING_NUMBER and so on,
 * pppd-vpdn-serve(8)), and the server in the attributes that the option vpdn-radius-avpair names, both as text that is
 * harmless in a shell (vpdn_line_text()).
 */
#ifndef VPDN_SERVE_LINE_H
#define VPDN_SERVE_LINE_H

#include "pppd_compat.h"
#include "ipc.h"

/* Adds the option vpdn-radius-avpair. */
void vpdn_serve_line_init(void);

/* NULL; or what is wrong with the options. */
const char *vpdn_serve_line_check(void);

/* The calling number as text; "" when the call has none. */
void vpdn_serve_line_calling(const struct vpdn_ipc_msg *call, char *buf, size_t size);

/* Sets the variables, and gives radius.so its "avpair" options. */
void vpdn_serve_line_export(const struct vpdn_ipc_msg *call);

#endif
