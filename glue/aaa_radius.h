/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * aaa_radius.h - attributes about a call's line, which are the same in an Access-Request (aaa_radius.c) and in
 * accounting (acct.c).
 */
#ifndef VPDN_AAA_RADIUS_H
#define VPDN_AAA_RADIUS_H

#include "ipc.h"
#include "question.h"
#include "radius.h"

/*
 * Appends NAS-Port, -Port-Id, -Port-Type, Calling- and Called-Station-Id, Connect-Info, and of RFC 4679 Agent-Circuit-Id,
 * Agent-Remote-Id, rates and delays, each when it is known. `ask`: SUBSCRIBER_ASK, NULL when there is none.
 */
void vpdn_radius_put_line(struct vpdn_writer *w, const struct vpdn_question *q, const struct vpdn_ipc_msg *ask);

#endif
