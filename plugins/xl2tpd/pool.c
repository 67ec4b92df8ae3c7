/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pool.c - addresses that LNS calls have from their group's ip-pool.
 *
 * Used by calls_in.c. What is taken is remembered for all groups together and not with a group: a reload that changes or removes a
 * pool, or two pools that overlap, must not give an address to a second subscriber while the first has it.
 */
#include "module.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <bsd/sys/tree.h>

struct taken {
	RB_ENTRY(taken) node;
	uint32_t addr;		/* host byte order */
};

static int taken_cmp(const struct taken *a, const struct taken *b)
{
	return a->addr < b->addr ? -1 : a->addr > b->addr;
}

static RB_HEAD(taken_tree, taken) tree = RB_INITIALIZER(&tree);
RB_GENERATE_INTERNAL(taken_tree, taken, node, taken_cmp, static __attribute__((unused)))

bool vpdn_pool_take(struct vpdn_group *g, struct in_addr *addr)
{
	uint32_t first = ntohl(g->pool_first.s_addr), last = ntohl(g->pool_last.s_addr), at = ntohl(g->pool_next.s_addr);
	uint32_t size = last - first, tried;
	struct taken *t = malloc(sizeof(*t));

	if (!t)
		return false;
	for (tried = 0; tried <= size; tried++) {
		t->addr = at;
		at = at == last ? first : at + 1;
		if (t->addr != ntohl(g->pool_local.s_addr) && !RB_INSERT(taken_tree, &tree, t)) {
			g->pool_next.s_addr = htonl(at);
			addr->s_addr = htonl(t->addr);
			return true;
		}
		if (tried == UINT32_MAX)
			break;
	}
	free(t);
	return false;
}

void vpdn_pool_give_back(struct in_addr addr)
{
	struct taken want = { .addr = ntohl(addr.s_addr) };
	struct taken *t = RB_FIND(taken_tree, &tree, &want);

	if (!t)
		return;
	RB_REMOVE(taken_tree, &tree, t);
	free(t);
}
