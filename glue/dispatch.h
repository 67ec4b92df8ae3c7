/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dispatch.h - what vpdnd does with each message: one row says type, role of the
 * sender, and handler. server.c calls it.
 */
#ifndef VPDN_DISPATCH_H
#define VPDN_DISPATCH_H

#include "ipc.h"
#include "server.h"

/*
 * Handles a valid message. 0; or -errno: it could not be handled, and the sender was
 * answered with ERROR. Fds that a handler has not taken are the caller's to close.
 */
int vpdn_dispatch(struct vpdn_conn *c, struct vpdn_ipc_msg *m);

/* The peer has gone. `c` is freed by the caller afterwards. */
void vpdn_dispatch_gone(struct vpdn_conn *c);

#endif
