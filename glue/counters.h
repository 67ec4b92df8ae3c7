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
	X(placed, "calls placed at an LNS or LAC")					\
	X(failed_over, "calls placed again at another")					\
	X(rejected_source, "refused: by a source of authorization, or without it")	\
	X(rejected_no_l2tp, "refused: xl2tpd is not connected")				\
	X(rejected_limit, "refused: limit of sessions or tunnels")					\
	X(rejected_no_peer, "refused: no LNS reached")					\
	X(rejected_by_peer, "refused: by the LNS")					\
	X(rejected_time, "refused: no answer within the time credentials are held")	\
	X(rejected_admin, "refused: by an administrator or stopping")			\
	X(rejected_internal, "refused: fault of this host")				\
	X(gone_pending, "subscribers gone while being forwarded")			\
	X(lost_handover, "calls lost: pppd did not hand the channel over")		\
	X(lost_bridge, "calls lost: the kernel did not bridge")			\
	X(ended_subscriber, "sessions ended by the subscriber")				\
	X(ended_peer, "sessions ended by the LNS")					\
	X(ended_l2tp, "sessions ended: tunnel or xl2tpd gone")				\
	X(ended_admin, "sessions ended by an administrator or stopping")		\
	X(dial_asked, "outgoing calls asked of a LAC")					\
	X(dial_connected, "outgoing calls connected")					\
	X(dial_busy, "outgoing calls failed: busy")					\
	X(dial_no_answer, "outgoing calls failed: no answer")				\
	X(dial_no_carrier, "outgoing calls failed: no carrier")				\
	X(dial_no_dial_tone, "outgoing calls failed: no dial tone")			\
	X(dial_refused, "outgoing calls failed: refused by the LAC")			\
	X(dial_no_resources, "outgoing calls failed: no resources")			\
	X(dial_unreachable, "outgoing calls failed: no LAC reached")			\
	X(dial_timeout, "outgoing calls failed: timeout")				\
	X(dial_config, "outgoing calls failed: configuration")				\
	X(dial_cancelled, "outgoing calls given up")					\
	X(dial_ended, "outgoing calls ended")						\
	X(dial_lac_asked, "calls that an LNS wanted dialled")				\
	X(dial_lac_connected, "calls dialled for an LNS")				\
	X(dial_lac_refused, "calls not dialled for an LNS: refused")			\
	X(dial_bearer_failed, "calls not dialled for an LNS: the bearer failed")	\
	X(dial_lac_cancelled, "calls not dialled for an LNS: given up by it")		\
	X(dial_lac_ended, "calls dialled for an LNS that ended")			\
	X(clear_unanswered, "ends not confirmed by xl2tpd or vpdn-dialer in time")	\
	X(conn_refused, "connections refused")						\
	X(conn_overflow, "connections dropped: peer did not read")			\
	X(bad_messages, "messages that were not understood")

struct vpdn_counters {
#define VPDN_COUNTER_FIELD(name, text)	uint64_t name;
	VPDN_COUNTERS(VPDN_COUNTER_FIELD)
#undef VPDN_COUNTER_FIELD
};

#endif
