/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stats.h - the counters of a tunnel or a session, which xl2tpd's module is asked for when `vpdnctl show` wants them.
 *
 * The answer to vpdnctl waits meanwhile; it is sent without counters when the module does not know them, goes away
 * or takes too long. control.c asks, dispatch.c hands the replies in.
 */
#ifndef VPDN_STATS_H
#define VPDN_STATS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "ipc.h"
#include "server.h"

struct vpdn_stats *vpdn_stats_new(struct vpdnd *d);
void vpdn_stats_free(struct vpdn_stats *s);

/*
 * Asks for the counters of a tunnel, or with `session_id` of a session in it, and replies with `answer` to the request `seq`
 * of `c` once they stand in its member `row` as "counters". Takes a reference to `answer`. False: nothing has been asked, and
 * the answer is the caller's to send.
 */
bool vpdn_stats_ask(struct vpdn_stats *s, struct vpdn_conn *c, uint32_t seq, uint16_t tunnel_id, uint16_t session_id, json_t *answer,
		    json_t *row);

/* L2TP_STATS, see dispatch.h. */
int vpdn_stats_on_reply(struct vpdn_conn *c, struct vpdn_ipc_msg *m);
/* An ERROR of the module: true when it is the reply to a request for counters. */
bool vpdn_stats_on_error(struct vpdn_stats *s, const struct vpdn_ipc_msg *m);
/* Who asked has gone. */
void vpdn_stats_asker_gone(struct vpdn_stats *s, const struct vpdn_conn *c);
/* The module has gone. */
void vpdn_stats_l2tp_gone(struct vpdn_stats *s);

#endif
