/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * counters.h - what vpdnd has done since it started. Every refused or lost call has
 * one; `vpdnctl show` prints them with their texts.
 */
#ifndef VPDN_COUNTERS_H
#define VPDN_COUNTERS_H

#include <stdint.h>

/* X(name, "text") */
#define VPDN_COUNTERS(X)								\
	X(asked, "subscribers asked about")						\
	X(local, "left to the local pppd")						\
	X(forwarded, "connected to an LNS")						\
	X(placed, "calls placed at an LNS")						\
	X(failed_over, "calls placed again at another LNS")				\
	X(rejected_no_l2tp, "refused: xl2tpd is not connected")				\
	X(rejected_limit, "refused: session limit")					\
	X(rejected_no_lns, "refused: no LNS reached")					\
	X(rejected_by_lns, "refused: by the LNS")					\
	X(rejected_time, "refused: no answer within the time credentials are held")	\
	X(rejected_admin, "refused: by an administrator or stopping")			\
	X(rejected_internal, "refused: fault of this host")				\
	X(gone_pending, "subscribers gone while being forwarded")			\
	X(lost_handover, "calls lost: pppd did not hand the channel over")		\
	X(lost_bridge, "calls lost: the kernel did not bridge")			\
	X(ended_subscriber, "sessions ended by the subscriber")				\
	X(ended_lns, "sessions ended by the LNS")					\
	X(ended_l2tp, "sessions ended: tunnel or xl2tpd gone")				\
	X(ended_admin, "sessions ended by an administrator or stopping")		\
	X(clear_unanswered, "CDN not confirmed by xl2tpd in time")			\
	X(conn_refused, "connections refused")						\
	X(conn_overflow, "connections dropped: peer did not read")			\
	X(bad_messages, "messages that were not understood")

struct vpdn_counters {
#define VPDN_COUNTER_FIELD(name, text)	uint64_t name;
	VPDN_COUNTERS(VPDN_COUNTER_FIELD)
#undef VPDN_COUNTER_FIELD
};

#endif
