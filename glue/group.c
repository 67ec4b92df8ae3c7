/* SPDX-License-Identifier: GPL-2.0-or-later */
/* group.c - see group.h. */
#include "group.h"

#include <bsd/string.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int usage_cmp(const struct vpdn_usage *a, const struct vpdn_usage *b)
{
	int d = (int)a->of - (int)b->of;

	if (!d)
		d = strcmp(a->name, b->name);
	if (!d)
		d = memcmp(&a->addr, &b->addr, sizeof(a->addr));
	return d ? d : (int)a->port - (int)b->port;
}

RB_GENERATE_INTERNAL(vpdn_usages, vpdn_usage, node, usage_cmp, static __attribute__((unused)))

static struct vpdn_usage usage_key(enum vpdn_usage_of of, const char *name, const struct vpdn_peer *peer)
{
	struct vpdn_usage x = { .of = of };

	strlcpy(x.name, name, sizeof(x.name));
	if (peer) {
		x.addr = peer->addr;
		x.port = peer->port;
	}
	return x;
}

const struct vpdn_usage *vpdn_usage_find(const struct vpdn_usages *u, enum vpdn_usage_of of, const char *name,
					 const struct vpdn_peer *peer)
{
	struct vpdn_usage want = usage_key(of, name, peer);

	return RB_FIND(vpdn_usages, (struct vpdn_usages *)u, &want);
}

struct vpdn_usage *vpdn_usage_get(struct vpdn_usages *u, enum vpdn_usage_of of, const char *name, const struct vpdn_peer *peer)
{
	struct vpdn_usage *x = calloc(1, sizeof(*x)), *old;

	if (!x)
		return NULL;
	*x = usage_key(of, name, peer);
	old = RB_INSERT(vpdn_usages, u, x);
	if (!old)
		return x;
	free(x);
	return old;
}

static bool configured(const struct vpdn_config *c, const struct vpdn_usage *x)
{
	const struct vpdn_group *g;

	if (c && x->of == VPDN_USAGE_DRAINED)
		return true;
	if (!c || x->of == VPDN_USAGE_DIALER)
		return c && vpdn_config_dialer(c, x->name);
	g = vpdn_config_group(c, x->name);
	if (!g || x->of == VPDN_USAGE_GROUP)
		return g;
	for (size_t i = 0; i < g->n_peers; i++)
		if (g->peers[i].addr.s_addr == x->addr.s_addr && g->peers[i].port == x->port)
			return true;
	return false;
}

void vpdn_usage_prune(struct vpdn_usages *u, const struct vpdn_config *keep, uint64_t now_ms)
{
	struct vpdn_usage *x, *next;

	RB_FOREACH_SAFE(x, vpdn_usages, u, next) {
		if (x->sessions || configured(keep, x) || (keep && x->dead_until_ms > now_ms))
			continue;
		RB_REMOVE(vpdn_usages, u, x);
		free(x);
	}
}

bool vpdn_usage_full(const struct vpdn_usages *u, enum vpdn_usage_of of, const char *name, uint32_t limit)
{
	const struct vpdn_usage *x = vpdn_usage_find(u, of, name, NULL);

	return limit && x && x->sessions >= limit;
}

/* ---- draining ---- */

static struct vpdn_peer drained_key(struct in_addr addr)
{
	return (struct vpdn_peer){ .addr = addr };
}

bool vpdn_usage_draining(const struct vpdn_usages *u, struct in_addr addr)
{
	struct vpdn_peer key = drained_key(addr);

	return vpdn_usage_find(u, VPDN_USAGE_DRAINED, "", &key);
}

int vpdn_usage_drain(struct vpdn_usages *u, struct in_addr addr, bool drain)
{
	struct vpdn_peer key = drained_key(addr);
	struct vpdn_usage *x;

	if (drain)
		return vpdn_usage_get(u, VPDN_USAGE_DRAINED, "", &key) ? 0 : -ENOMEM;
	x = (struct vpdn_usage *)vpdn_usage_find(u, VPDN_USAGE_DRAINED, "", &key);
	if (!x)
		return -ENOENT;
	RB_REMOVE(vpdn_usages, u, x);
	free(x);
	return 0;
}

const struct vpdn_usage *vpdn_usage_next(const struct vpdn_usages *u, enum vpdn_usage_of of, const struct vpdn_usage *after)
{
	struct vpdn_usage want = { .of = of };
	struct vpdn_usage *x = after ? RB_NEXT(vpdn_usages, NULL, (struct vpdn_usage *)after) :
				       RB_NFIND(vpdn_usages, (struct vpdn_usages *)u, &want);

	return x && x->of == of ? x : NULL;
}

/* ---- dead peers ---- */

unsigned int vpdn_usage_clear_dead(struct vpdn_usages *u, const struct in_addr *addr)
{
	struct vpdn_usage *x = NULL;
	unsigned int n = 0;

	while ((x = (struct vpdn_usage *)vpdn_usage_next(u, VPDN_USAGE_PEER, x))) {
		if (!x->dead_until_ms || (addr && x->addr.s_addr != addr->s_addr))
			continue;
		vpdn_peer_alive(x);
		n++;
	}
	return n;
}

/* ---- choosing a peer ---- */

enum vpdn_peer_state vpdn_peer_state(const struct vpdn_usages *u, const struct vpdn_group *g, const struct vpdn_peer *peer, uint64_t now_ms)
{
	const struct vpdn_usage *x = vpdn_usage_find(u, VPDN_USAGE_PEER, g->name, peer);

	if (!x)
		return vpdn_usage_draining(u, peer->addr) ? VPDN_PEER_DRAINING : VPDN_PEER_READY;
	if (peer->limit && x->sessions >= peer->limit && !vpdn_usage_draining(u, peer->addr))
		return VPDN_PEER_FULL;
	return vpdn_usage_state(u, x, now_ms);
}

enum vpdn_peer_state vpdn_usage_state(const struct vpdn_usages *u, const struct vpdn_usage *x, uint64_t now_ms)
{
	if (vpdn_usage_draining(u, x->addr))
		return VPDN_PEER_DRAINING;
	if (!x->dead_until_ms)
		return VPDN_PEER_READY;
	return x->dead_until_ms > now_ms ? VPDN_PEER_DEAD : x->probe ? VPDN_PEER_PROBED : VPDN_PEER_PROBE_DUE;
}

bool vpdn_peer_probe(struct vpdn_usage *peer, uint32_t call, uint64_t now_ms)
{
	if (!peer->dead_until_ms || peer->dead_until_ms > now_ms || peer->probe)
		return false;
	peer->probe = call;
	return true;
}

void vpdn_peer_alive(struct vpdn_usage *peer)
{
	peer->dead_until_ms = 0;
	peer->probe = 0;
}

void vpdn_peer_dead(struct vpdn_usage *peer, uint64_t until_ms)
{
	peer->dead_until_ms = until_ms;
	peer->probe = 0;
}

void vpdn_peer_unprobed(struct vpdn_usage *peer, uint32_t call)
{
	if (peer->probe == call)
		peer->probe = 0;
}

const char *vpdn_peer_state_name(enum vpdn_peer_state state)
{
	static const char *const names[] = { "ready", "to be probed", "being probed", "dead", "full", "draining" };

	return names[state];
}

uint64_t vpdn_peer_next(const struct vpdn_usages *u, const struct vpdn_group *g, uint64_t tried, uint64_t now_ms)
{
	/* The ready, and the dead. */
	uint64_t set[2] = { 0 };
	uint32_t priority[2] = { 0 };

	for (size_t i = 0; i < g->n_peers; i++) {
		uint32_t p = g->peers[i].priority;
		enum vpdn_peer_state state;
		bool dead;

		if (tried >> i & 1)
			continue;
		state = vpdn_peer_state(u, g, &g->peers[i], now_ms);
		dead = state > VPDN_PEER_PROBE_DUE;
		if (state > VPDN_PEER_DEAD || (set[dead] && p > priority[dead]))
			continue;
		if (!set[dead] || p < priority[dead])
			set[dead] = 0;
		priority[dead] = p;
		set[dead] |= UINT64_C(1) << i;
	}
	return set[0] ? set[0] : set[1];
}

uint64_t vpdn_peer_weights(const struct vpdn_group *g, uint64_t set)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < g->n_peers; i++)
		if (set >> i & 1)
			sum += g->peers[i].weight;
	return sum;
}

static int by_random(const struct vpdn_group *g, uint64_t set, uint64_t sum, uint32_t random)
{
	uint64_t at = random % sum;

	for (size_t i = 0; i < g->n_peers; i++) {
		if (!(set >> i & 1))
			continue;
		if (at < g->peers[i].weight)
			return (int)i;
		at -= g->peers[i].weight;
	}
	return -ENOENT;
}

/*
 * Weighted round robin: with each call everyone's credit grows by its weight, and the one with the most gets the
 * call and pays for all of them. So shares are right after few calls, not only on average. The first of a round, when
 * nobody has credit, is drawn: LACs that were started together do not all begin with the same peer.
 */
static int by_weight(struct vpdn_usages *u, const struct vpdn_group *g, uint64_t set, uint32_t random)
{
	struct vpdn_usage *x[VPDN_PEERS_MAX] = { NULL };
	uint64_t sum = vpdn_peer_weights(g, set);
	bool round = false;
	int best = -ENOENT;

	for (size_t i = 0; i < g->n_peers; i++) {
		if (!(set >> i & 1))
			continue;
		x[i] = vpdn_usage_get(u, VPDN_USAGE_PEER, g->name, &g->peers[i]);
		if (!x[i])
			return by_random(g, set, sum, random);
		round = round || x[i]->credit;
	}
	for (size_t i = 0; i < g->n_peers; i++) {
		if (!x[i])
			continue;
		x[i]->credit += g->peers[i].weight;
		if (best < 0 || x[i]->credit > x[best]->credit)
			best = (int)i;
	}
	if (!round)
		best = by_random(g, set, sum, random);
	x[best]->credit -= (int64_t)sum;
	return best;
}

/* Every bit of the result depends on every bit of h (the finalizer of SplitMix64). */
static uint64_t mix(uint64_t h)
{
	h = (h ^ h >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	h = (h ^ h >> 27) * UINT64_C(0x94d049bb133111eb);
	return h ^ h >> 31;
}

/*
 * Each peer draws a time by bundle and address, the sooner the higher its weight, and the first
 * one wins. So a bundle keeps its peer when another one comes, goes, or is left out.
 */
static int by_bundle(const struct vpdn_group *g, uint64_t set, uint64_t bundle)
{
	double best = INFINITY;
	int chosen = -ENOENT;

	for (size_t i = 0; i < g->n_peers; i++) {
		const struct vpdn_peer *p = &g->peers[i];
		uint64_t h = mix(mix(bundle) ^ ((uint64_t)ntohl(p->addr.s_addr) << 16 | p->port));
		/* Above 0 and at most 1. */
		double time = -log(((double)(h >> 11) + 1) / 9007199254740992.0) / p->weight;

		if (!(set >> i & 1) || time >= best)
			continue;
		best = time;
		chosen = (int)i;
	}
	return chosen;
}

int vpdn_peer_choose(struct vpdn_usages *u, const struct vpdn_group *g, uint64_t tried, uint64_t now_ms, uint32_t random,
		     const uint64_t *bundle)
{
	uint64_t set = vpdn_peer_next(u, g, tried, now_ms);

	if (set)
		return bundle ? by_bundle(g, set, *bundle) : by_weight(u, g, set, random);
	for (size_t i = 0; i < g->n_peers; i++)
		if (!(tried >> i & 1))
			return -EUSERS;
	return -ENOENT;
}
