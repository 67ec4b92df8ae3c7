/* SPDX-License-Identifier: GPL-2.0-or-later */
/* metrics.c - see metrics.h: what is kept up as calls go on. */
#include "metrics.h"

#include "call.h"
#include "vpdnd.h"

static const struct {
	uint64_t us;
	const char *seconds;		/* as it stands in the text */
} bounds[VPDN_BUCKETS] = {
	{ 500, "0.0005" }, { 1000, "0.001" }, { 2500, "0.0025" }, { 5000, "0.005" }, { 10000, "0.01" },
	{ 25000, "0.025" }, { 50000, "0.05" }, { 100000, "0.1" }, { 250000, "0.25" }, { 500000, "0.5" },
	{ 1000000, "1" }, { 2500000, "2.5" }, { 5000000, "5" }, { 10000000, "10" }, { 30000000, "30" },
};

const char *vpdn_histogram_bound(size_t i)
{
	return i < VPDN_BUCKETS ? bounds[i].seconds : "+Inf";
}

void vpdn_histogram_add(struct vpdn_histogram *h, uint64_t us)
{
	size_t i = 0;

	while (i < VPDN_BUCKETS && us > bounds[i].us)
		i++;
	h->bucket[i]++;
	h->sum_us += us;
}

void vpdn_metrics_call_begins(struct vpdn_call *call)
{
	call->begun_us = call->entered_us = vpdnd_now_us();
	call->d->metrics.calls[call->kind][call->state]++;
}

void vpdn_metrics_call_moves(struct vpdn_call *call, enum vpdn_st next)
{
	struct vpdn_metrics *n = &call->d->metrics;
	uint64_t now = vpdnd_now_us();

	vpdn_histogram_add(&n->stage[call->kind][call->state], now - call->entered_us);
	if (next == VPDN_ST_CONNECTED)
		vpdn_histogram_add(&n->setup[call->kind], now - call->begun_us);
	n->calls[call->kind][call->state]--;
	n->calls[call->kind][next]++;
	call->entered_us = now;
}

void vpdn_metrics_call_ends(const struct vpdn_call *call)
{
	call->d->metrics.calls[call->kind][call->state]--;
}
