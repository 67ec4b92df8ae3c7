/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * group.h - which vpdn-group a subscriber belongs to, and which of a group's peers gets the call.
 *
 * Choosing the group looks at nothing but the configuration; choosing the peer (the
 * LNS of a dial-in call, the LAC of a dial-out call) also at what vpdnd knows of each: its
 * sessions (limits) and whether a tunnel to it failed a short while ago. That knowledge is
 * a struct vpdn_usage for each peer of each group, one for each group as a whole, and one
 * for each dialer; it outlives a reload of the configuration.
 */
#ifndef VPDN_GROUP_H
#define VPDN_GROUP_H

#include <bsd/sys/tree.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "ipc.h"

/* What a group was chosen by. `value` is the configuration's. */
struct vpdn_choice {
	const struct vpdn_group *group;		/* NULL: none, the subscriber is local */
	enum vpdn_key_kind kind;
	char value[256];
};

/*
 * Chooses the group for a SUBSCRIBER_ASK, in the configured order of keys. A line is
 * compared with interface, Ethernet address, circuit id and remote id, in that order.
 */
void vpdn_group_select(const struct vpdn_config *c, const struct vpdn_ipc_msg *ask, struct vpdn_choice *choice);

enum vpdn_usage_of { VPDN_USAGE_GROUP, VPDN_USAGE_PEER, VPDN_USAGE_DIALER };

struct vpdn_usage {
	RB_ENTRY(vpdn_usage) node;
	enum vpdn_usage_of of;
	char name[VPDN_NAME_MAX + 1];	/* of the group or the dialer */
	struct in_addr addr;		/* of the peer */
	uint16_t port;
	uint32_t sessions;		/* being placed or up */
	uint64_t dead_until_ms;		/* CLOCK_MONOTONIC; 0: not dead */
	uint64_t placed, failed;	/* calls, since vpdnd's start */
};
RB_HEAD(vpdn_usages, vpdn_usage);

/* The record of a group, a dialer, or one peer of a group (`peer`, else NULL); made when missing. NULL without memory. */
struct vpdn_usage *vpdn_usage_get(struct vpdn_usages *u, enum vpdn_usage_of of, const char *name, const struct vpdn_peer *peer);
/* Same, but NULL when there is none. */
const struct vpdn_usage *vpdn_usage_find(const struct vpdn_usages *u, enum vpdn_usage_of of, const char *name,
					 const struct vpdn_peer *peer);
/* Frees the records without sessions that `keep` (NULL: none) does not name any more. */
void vpdn_usage_prune(struct vpdn_usages *u, const struct vpdn_config *keep);

/* True when no session may be added: `limit` (0: none) is reached. */
bool vpdn_usage_full(const struct vpdn_usages *u, enum vpdn_usage_of of, const char *name, uint32_t limit);

/*
 * Chooses the next peer of a group: of those not in the bit set `tried` and below
 * their limit, the living before the dead, then the lowest priority; among equals by weight, with
 * `random` deciding. The index in g->peers; -ENOENT: all were tried; -EUSERS: those left are full.
 */
int vpdn_peer_choose(const struct vpdn_usages *u, const struct vpdn_group *g, uint64_t tried, uint64_t now_ms, uint32_t random);

#endif
