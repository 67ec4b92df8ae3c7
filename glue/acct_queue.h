/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * acct_queue.h - accounting records on their way to the RADIUS servers, for acct.c: a lane for each session, in which they go one after
 * the other, so that a server reads them in their order, and all lanes beside each other.
 *
 * A record waits until a server has taken it, is too old, or too many wait; no event costs more when more of them do.
 */
#ifndef VPDN_ACCT_QUEUE_H
#define VPDN_ACCT_QUEUE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vpdnd.h"

#define VPDN_ACCT_WAITING_MAX	20000u	/* records; beyond that the oldest is lost */

struct vpdn_acct_queue;
struct vpdn_acct_lane;

/* empty(arg) is called each time when nothing is left in it; it may put records. NULL without memory. */
struct vpdn_acct_queue *vpdn_acct_queue_new(struct vpdnd *d, void (*empty)(void *arg), void *arg);
/* Its lanes must be closed. Says how many records no server has taken. NULL is fine. */
void vpdn_acct_queue_free(struct vpdn_acct_queue *q);

/* NULL without memory. */
struct vpdn_acct_lane *vpdn_acct_lane_new(struct vpdn_acct_queue *q);
/* No record follows; it goes with its last one. NULL is fine. */
void vpdn_acct_lane_close(struct vpdn_acct_lane *l);

/*
 * Sends `len` octets of attributes, which are copied, or keeps them for later. An `update` says nothing that a later record of its lane
 * does not say: it goes when one comes and it was not sent yet. -ENOMEM: it is lost.
 */
int vpdn_acct_put(struct vpdn_acct_lane *l, const void *attributes, size_t len, bool update);
/* So many more were lost before they could be put. */
void vpdn_acct_count_lost(struct vpdn_acct_queue *q, unsigned int n);

/* What waits is sent now, and what no server takes is lost: vpdnd ends. */
void vpdn_acct_queue_last_try(struct vpdn_acct_queue *q);

/* Records that no server has taken yet. */
size_t vpdn_acct_queue_left(const struct vpdn_acct_queue *q);
bool vpdn_acct_queue_used(const struct vpdn_acct_queue *q);	/* one was sent */
/* Adds "acct_servers", and counters of records. */
void vpdn_acct_queue_show(const struct vpdn_acct_queue *q, json_t *o);

#endif
