/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * serve_call.h - the child: a pppd that runs one call, brought to the template by a
 * module in pppoe-server or xl2tpd.
 */
#ifndef VPDN_SERVE_CALL_H
#define VPDN_SERVE_CALL_H

#include "pppd_compat.h"
#include "ipc.h"

/*
 * Makes this process, just forked, the pppd of *call (static, kept), whose connection
 * is `conn` (taken over): own session and random numbers, the call's options, what the
 * stock channel plugins would set, and the watch on the connection.  Exits when the
 * call's options are not valid.
 */
void vpdn_call_begin(struct vpdn_ipc_msg *call, int conn);

/* The channel's part, for `struct channel`. */
void vpdn_call_check_options(void);
int vpdn_call_connect(void);
int vpdn_call_establish(int session);
void vpdn_call_disconnect(void);

/* Behind the functions of the same meaning in serve_api.h. */
const struct vpdn_ipc_msg *vpdn_call_message(void);
void vpdn_call_forget_credentials(void);
void vpdn_call_info(const char *text);
int vpdn_call_hand_over(void);

#endif
