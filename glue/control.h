/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * control.h - what vpdnctl asks: CTL_REQUEST carries the words of a command, the
 * answer is JSON in one or more CTL_REPLY, or an ERROR with a text. See dispatch.h.
 */
#ifndef VPDN_CONTROL_H
#define VPDN_CONTROL_H

#include <jansson.h>

#include "ipc.h"
#include "server.h"

/* Replies to request `seq` with a JSON value, which stays the caller's. */
void vpdn_control_reply(struct vpdn_conn *c, uint32_t seq, json_t *o);

int vpdn_control_on_request(struct vpdn_conn *c, struct vpdn_ipc_msg *m);

#endif
