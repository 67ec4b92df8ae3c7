/* SPDX-License-Identifier: GPL-2.0-or-later */
/* group.c - see group.h. */
#include "group.h"

#include <bsd/string.h>
#include <errno.h>
#include <stdio.h>
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

static bool find(const struct vpdn_config *c, struct vpdn_choice *choice, enum vpdn_key_kind kind, const char *value)
{
	choice->group = *value ? vpdn_config_find(c, kind, value) : NULL;
	if (!choice->group)
		return false;
	choice->kind = kind;
	strlcpy(choice->value, value, sizeof(choice->value));
	return true;
}

/* A TLV that is compared as text; what does not fit or holds a NUL equals nothing. */
static const char *tlv_text(const struct vpdn_ipc_msg *m, uint16_t tlv, char *buf, size_t size)
{
	return vpdn_ipc_get_text(m, tlv, buf, size) ? buf : "";
}

static bool select_line(const struct vpdn_config *c, const struct vpdn_ipc_msg *ask, struct vpdn_choice *choice)
{
	const uint8_t *mac;
	char text[256];
	size_t len;

	if (find(c, choice, VPDN_KEY_LINE, tlv_text(ask, VPDN_TLV_ACCESS_INTERFACE, text, sizeof(text))))
		return true;
	if (vpdn_ipc_get_bytes(ask, VPDN_TLV_PEER_MAC, &mac, &len) && len == 6) {
		snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
		if (find(c, choice, VPDN_KEY_LINE, text))
			return true;
	}
	return find(c, choice, VPDN_KEY_LINE, tlv_text(ask, VPDN_TLV_CIRCUIT_ID, text, sizeof(text))) ||
	       find(c, choice, VPDN_KEY_LINE, tlv_text(ask, VPDN_TLV_REMOTE_ID, text, sizeof(text)));
}

static bool select_domain(const struct vpdn_config *c, const struct vpdn_ipc_msg *ask, struct vpdn_choice *choice)
{
	char user[512];
	const char *at = strrchr(tlv_text(ask, VPDN_TLV_USER, user, sizeof(user)), '@');

	return at && find(c, choice, VPDN_KEY_DOMAIN, at + 1);
}

void vpdn_group_select(const struct vpdn_config *c, const struct vpdn_ipc_msg *ask, struct vpdn_choice *choice)
{
	char text[256];
	bool found = false;

	memset(choice, 0, sizeof(*choice));
	for (size_t i = 0; i < c->n_search_order && !found; i++) {
		switch (c->search_order[i]) {
		case VPDN_KEY_LINE:
			found = select_line(c, ask, choice);
			break;
		case VPDN_KEY_DNIS:
			found = find(c, choice, VPDN_KEY_DNIS, tlv_text(ask, VPDN_TLV_CALLED_NUMBER, text, sizeof(text)));
			break;
		case VPDN_KEY_DOMAIN:
			found = select_domain(c, ask, choice);
			break;
		case VPDN_KEY_KINDS:
			break;
		}
	}
}

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

void vpdn_usage_prune(struct vpdn_usages *u, const struct vpdn_config *keep)
{
	struct vpdn_usage *x, *next;

	RB_FOREACH_SAFE(x, vpdn_usages, u, next) {
		if (x->sessions || configured(keep, x))
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

struct candidates {
	uint64_t set;
	uint64_t weight;
	uint32_t priority;
};

static void candidate_add(struct candidates *c, const struct vpdn_peer *l, size_t i)
{
	if (c->set && l->priority > c->priority)
		return;
	if (!c->set || l->priority < c->priority)
		*c = (struct candidates){ .priority = l->priority };
	c->set |= UINT64_C(1) << i;
	c->weight += l->weight;
}

int vpdn_peer_choose(const struct vpdn_usages *u, const struct vpdn_group *g, uint64_t tried, uint64_t now_ms, uint32_t random)
{
	struct candidates alive = { 0 }, dead = { 0 }, *c;
	bool full = false;
	uint64_t at;

	for (size_t i = 0; i < g->n_peers; i++) {
		const struct vpdn_peer *l = &g->peers[i];
		const struct vpdn_usage *x = vpdn_usage_find(u, VPDN_USAGE_PEER, g->name, l);

		if (tried >> i & 1)
			continue;
		if (l->limit && x && x->sessions >= l->limit) {
			full = true;
			continue;
		}
		candidate_add(x && x->dead_until_ms > now_ms ? &dead : &alive, l, i);
	}
	c = alive.set ? &alive : &dead;
	if (!c->set)
		return full ? -EUSERS : -ENOENT;
	at = random % c->weight;
	for (size_t i = 0; i < g->n_peers; i++) {
		if (!(c->set >> i & 1))
			continue;
		if (at < g->peers[i].weight)
			return (int)i;
		at -= g->peers[i].weight;
	}
	return -ENOENT;
}
