/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * group.h - which of a vpdn-group's peers gets a call (the LNS of a dial-in call, the LAC of a
 * dial-out call), and what vpdnd knows of each for that: its sessions (limits), whether a
 * tunnel to it failed a short while ago, and whether it is to be left alone.
 *
 * That knowledge is a struct vpdn_usage for each peer of each group, one for each group as
 * a whole, one for each dialer, and one for each address that is drained; it outlives a
 * reload of the configuration.
 */
#ifndef VPDN_GROUP_H
#define VPDN_GROUP_H

#include <bsd/sys/tree.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "ipc.h"

enum vpdn_usage_of { VPDN_USAGE_GROUP, VPDN_USAGE_PEER, VPDN_USAGE_DIALER, VPDN_USAGE_DRAINED };

struct vpdn_usage {
	RB_ENTRY(vpdn_usage) node;
	enum vpdn_usage_of of;
	char name[VPDN_NAME_MAX + 1];	/* of the group or the dialer; "": drained, in all groups */
	struct in_addr addr;		/* of the peer */
	uint16_t port;
	uint32_t sessions;		/* being placed or up */
	uint64_t dead_until_ms;		/* of a peer, CLOCK_MONOTONIC; past: it may be tried again; 0: not dead */
	uint32_t probe;			/* of a peer that may be tried again: the id of the call that does; 0: none */
	uint64_t placed, failed;	/* calls, since vpdnd's start */
	int64_t credit;			/* of a peer: what its weight has earned it, less the calls it got; see vpdn_peer_choose() */
};
RB_HEAD(vpdn_usages, vpdn_usage);

/* The record of a group, a dialer, or one peer of a group (`peer`, else NULL); made when missing. NULL without memory. */
struct vpdn_usage *vpdn_usage_get(struct vpdn_usages *u, enum vpdn_usage_of of, const char *name, const struct vpdn_peer *peer);
/* Same, but NULL when there is none. */
const struct vpdn_usage *vpdn_usage_find(const struct vpdn_usages *u, enum vpdn_usage_of of, const char *name,
					 const struct vpdn_peer *peer);
/* Frees the records without sessions that `keep` does not name (any more) and that are not of dead peers; all of them for NULL. */
void vpdn_usage_prune(struct vpdn_usages *u, const struct vpdn_config *keep, uint64_t now_ms);

/* True when no session may be added: `limit` (0: none) is reached. */
bool vpdn_usage_full(const struct vpdn_usages *u, enum vpdn_usage_of of, const char *name, uint32_t limit);

/* An address that is drained gets no new calls; those it has stay. 0; -ENOMEM; -ENOENT: it was not. */
int vpdn_usage_drain(struct vpdn_usages *u, struct in_addr addr, bool drain);
bool vpdn_usage_draining(const struct vpdn_usages *u, struct in_addr addr);
/* The records of one kind; NULL starts, NULL ends. */
const struct vpdn_usage *vpdn_usage_next(const struct vpdn_usages *u, enum vpdn_usage_of of, const struct vpdn_usage *after);

/* Forgets that peers are dead: those at `addr`, or all (NULL). How many there were. */
unsigned int vpdn_usage_clear_dead(struct vpdn_usages *u, const struct in_addr *addr);

/*
 * May it get a call? One that was dead for its time is like a ready one to the next call, which probes it, and
 * dead to all others until that call knows. The dead are tried last; those behind them not at all.
 */
enum vpdn_peer_state { VPDN_PEER_READY, VPDN_PEER_PROBE_DUE, VPDN_PEER_PROBED, VPDN_PEER_DEAD, VPDN_PEER_FULL, VPDN_PEER_DRAINING };

enum vpdn_peer_state vpdn_peer_state(const struct vpdn_usages *u, const struct vpdn_group *g, const struct vpdn_peer *peer, uint64_t now_ms);
/* Same, of one for which no limit is known. */
enum vpdn_peer_state vpdn_usage_state(const struct vpdn_usages *u, const struct vpdn_usage *peer, uint64_t now_ms);
const char *vpdn_peer_state_name(enum vpdn_peer_state state);

/* A call is placed at the peer: when a probe is due, the call is it, and true is returned. */
bool vpdn_peer_probe(struct vpdn_usage *peer, uint32_t call, uint64_t now_ms);
/* What a call has shown: the peer answers, or is dead for some time (0: that is not kept); or nothing, its call is over. */
void vpdn_peer_alive(struct vpdn_usage *peer);
void vpdn_peer_dead(struct vpdn_usage *peer, uint64_t until_ms);
void vpdn_peer_unprobed(struct vpdn_usage *peer, uint32_t call);

/*
 * The peers among which the next one is chosen, as a bit set of g->peers: of those not in
 * the bit set `tried` that may get a call, the ready before the dead, then the lowest priority.
 */
uint64_t vpdn_peer_next(const struct vpdn_usages *u, const struct vpdn_group *g, uint64_t tried, uint64_t now_ms);
/* The sum of their weights. */
uint64_t vpdn_peer_weights(const struct vpdn_group *g, uint64_t set);

/*
 * Chooses one of vpdn_peer_next() in turns by weight, with `random` deciding who begins; or, for a link of a multilink
 * bundle, with the hash *bundle, so that all links of a bundle get the same peer. The index in g->peers;
 * -ENOENT: all were tried; -EUSERS: those left are full or draining.
 */
int vpdn_peer_choose(struct vpdn_usages *u, const struct vpdn_group *g, uint64_t tried, uint64_t now_ms, uint32_t random,
		     const uint64_t *bundle);

#endif
