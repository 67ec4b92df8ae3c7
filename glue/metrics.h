/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * metrics.h - what `vpdnctl metrics` gives to Prometheus: how long each stage of setting up calls and tunnels took, and how
 * many of them are in which state. Kept up as calls and tunnels change their states (call_step.c, registry.c), so that
 * neither a call nor a scrape costs more when there are many. What else is in the text is known elsewhere: counters.h,
 * group.h, aaa.h.
 *
 * Labels hold what vpdn.conf names, peers' addresses and words of ours, never a user, a number or a line: their number is
 * bounded by the configuration.
 */
#ifndef VPDN_METRICS_H
#define VPDN_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "call_fsm.h"
#include "ipc_proto.h"

#define VPDN_BUCKETS	15u

struct vpdn_histogram {
	uint64_t bucket[VPDN_BUCKETS + 1];	/* each without those below it; the last one has no bound */
	uint64_t sum_us;
};

struct vpdn_metrics {
	/* calls of call.h: time spent in a state that was left; from the beginning to CONNECTED; how many there are now */
	struct vpdn_histogram stage[VPDN_KIND_COUNT][VPDN_ST_COUNT], setup[VPDN_KIND_COUNT];
	uint64_t calls[VPDN_KIND_COUNT][VPDN_ST_COUNT];
	/* the same of calls that this host takes as LNS, and of tunnels: [0] those of peers, [1] ours */
	struct vpdn_histogram lns_stage[VPDN_CALL_CLOSED + 1], lns_setup, tunnel_setup[2];
	uint64_t lns_calls[VPDN_CALL_CLOSED + 1], tunnels[2][VPDN_TUNNEL_CLOSED + 1];
};

struct vpdn_call;
struct vpdnd;

void vpdn_histogram_add(struct vpdn_histogram *h, uint64_t us);
/* The upper bound of a bucket, in seconds, as it stands in the text. */
const char *vpdn_histogram_bound(size_t i);

/* A call has been made, in state ASKED; goes from its state to `next`; is being freed. */
void vpdn_metrics_call_begins(struct vpdn_call *call);
void vpdn_metrics_call_moves(struct vpdn_call *call, enum vpdn_st next);
void vpdn_metrics_call_ends(const struct vpdn_call *call);

/* All metrics in Prometheus' text format 0.0.4, to be freed; NULL without memory. */
char *vpdn_metrics_text(const struct vpdnd *d);

#endif
