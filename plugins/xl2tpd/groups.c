/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * groups.c - the accept blocks of vpdn-groups, as vpdnd sends them after HELLO and on every reload.
 *
 * A peer is judged by its Host Name AVP (RFC 2661 4.4.3) and its address when its SCCRQ comes, and again when it asks for a call;
 * nobody is asked then. The table stays while vpdnd is away. Tunnels and calls keep a group's name, not a pointer: groups are
 * replaced as a whole. How many calls a block has is kept apart from it and outlives a reload.
 * Owns the groups and wipes their secrets.
 */
#include "module.h"

#include <bsd/string.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <arpa/inet.h>

STAILQ_HEAD(group_list, vpdn_group);

struct vpdn_group_use {
	STAILQ_ENTRY(vpdn_group_use) link;
	char name[128];
	uint8_t accepts;
	unsigned int calls;
	bool has_group;		/* there is such a block now */
};

static STAILQ_HEAD(, vpdn_group_use) uses = STAILQ_HEAD_INITIALIZER(uses);
static struct group_list groups = STAILQ_HEAD_INITIALIZER(groups);
static struct group_list coming = STAILQ_HEAD_INITIALIZER(coming);
static bool is_coming;

static void group_free(struct vpdn_group *g)
{
	free(g->from);
	free(g->sources);
	explicit_bzero(g, sizeof(*g));
	free(g);
}

static void list_free(struct group_list *l)
{
	struct vpdn_group *g;

	while ((g = STAILQ_FIRST(l))) {
		STAILQ_REMOVE_HEAD(l, link);
		group_free(g);
	}
}

int vpdn_groups_begin(void)
{
	list_free(&coming);
	is_coming = true;
	return 0;
}

static int read_peers(struct vpdn_group *g, const struct vpdn_ipc_msg *m)
{
	struct vpdn_ipc_iter it;
	const uint8_t *p;
	uint16_t tlv;
	size_t len;

	vpdn_ipc_iter_init(&it, m);
	while (vpdn_ipc_next(&it, &tlv, &p, &len)) {
		if (tlv == VPDN_TLV_TERMINATE_FROM) {
			void *more = reallocarray(g->from, g->n_from + 1, sizeof(*g->from));

			if (!more)
				return -ENOMEM;
			g->from = more;
			if (len >= sizeof(*g->from) || memchr(p, 0, len))
				return -EINVAL;
			memcpy(g->from[g->n_from], p, len);
			g->from[g->n_from++][len] = 0;
		} else if (tlv == VPDN_TLV_SOURCE) {
			void *more = reallocarray(g->sources, g->n_sources + 1, sizeof(*g->sources));
			struct vpdn_source *s;

			if (!more)
				return -ENOMEM;
			g->sources = more;
			s = &g->sources[g->n_sources];
			if (!vpdn_ipc_parse_source(p, len, &s->addr, &s->prefix_len) || s->prefix_len > 32)
				return -EINVAL;
			g->n_sources++;
		}
	}
	return 0;
}

static int read_secret(struct vpdn_group *g, const struct vpdn_ipc_msg *m)
{
	const uint8_t *p;
	size_t len;

	if (!g->tunnel_auth)
		return 0;
	if (!vpdn_ipc_get_bytes(m, VPDN_TLV_SECRET, &p, &len) || !len || len >= sizeof(g->secret) || memchr(p, 0, len))
		return -EINVAL;
	memcpy(g->secret, p, len);
	return 0;
}

static int group_read(struct vpdn_group *g, const struct vpdn_ipc_msg *m)
{
	uint8_t auth = 0, hidden = 0;
	int rc;

	vpdn_ipc_get_u8(m, VPDN_TLV_ACCEPTS, &g->accepts);
	vpdn_ipc_get_u8(m, VPDN_TLV_TUNNEL_AUTH, &auth);
	vpdn_ipc_get_u8(m, VPDN_TLV_HIDDEN, &hidden);
	g->tunnel_auth = auth;
	g->hidden = hidden;
	vpdn_ipc_get_u32(m, VPDN_TLV_IDLE_S, &g->idle_s);
	vpdn_ipc_get_u32(m, VPDN_TLV_HELLO_S, &g->hello_s);
	vpdn_ipc_get_u32(m, VPDN_TLV_MAX_SESSIONS, &g->max_sessions);
	vpdn_ipc_get_u8(m, VPDN_TLV_LCP_POLICY, &g->lcp_policy);
	g->has_pool = vpdn_ipc_get_ip4(m, VPDN_TLV_POOL_FIRST, &g->pool_first) &&
		      vpdn_ipc_get_ip4(m, VPDN_TLV_POOL_LAST, &g->pool_last) &&
		      vpdn_ipc_get_ip4(m, VPDN_TLV_POOL_LOCAL, &g->pool_local);
	g->pool_next = g->pool_first;
	if (!vpdn_ipc_get_text(m, VPDN_TLV_GROUP, g->name, sizeof(g->name)) ||
	    !vpdn_ipc_get_text(m, VPDN_TLV_LOCAL_NAME, g->local_name, sizeof(g->local_name)) ||
	    (g->accepts != VPDN_ACCEPTS_DIALIN && g->accepts != VPDN_ACCEPTS_DIALOUT) ||
	    (g->accepts == VPDN_ACCEPTS_DIALIN &&
	     !vpdn_ipc_get_text(m, VPDN_TLV_PPP_TEMPLATE, g->template, sizeof(g->template))) ||
	    (g->has_pool && ntohl(g->pool_first.s_addr) > ntohl(g->pool_last.s_addr)))
		return -EINVAL;
	rc = read_secret(g, m);
	return rc ? rc : read_peers(g, m);
}

int vpdn_groups_add(const struct vpdn_ipc_msg *m)
{
	struct vpdn_group *g;
	int rc;

	if (!is_coming)
		return -EPROTO;
	g = calloc(1, sizeof(*g));
	if (!g)
		return -ENOMEM;
	rc = group_read(g, m);
	if (rc) {
		group_free(g);
		return rc;
	}
	STAILQ_INSERT_TAIL(&coming, g, link);
	return 0;
}

/* ---- calls of a block ---- */

static struct vpdn_group_use *use_of(const struct vpdn_group *g)
{
	struct vpdn_group_use *u;

	STAILQ_FOREACH(u, &uses, link)
		if (u->accepts == g->accepts && !strcmp(u->name, g->name))
			return u;
	u = calloc(1, sizeof(*u));
	if (!u)
		return NULL;
	strlcpy(u->name, g->name, sizeof(u->name));
	u->accepts = g->accepts;
	STAILQ_INSERT_TAIL(&uses, u, link);
	return u;
}

static void use_check(struct vpdn_group_use *u)
{
	if (u->calls || u->has_group)
		return;
	STAILQ_REMOVE(&uses, u, vpdn_group_use, link);
	free(u);
}

bool vpdn_group_full(const struct vpdn_group *g)
{
	return g->max_sessions && g->use->calls >= g->max_sessions;
}

struct vpdn_group_use *vpdn_group_enter(struct vpdn_group *g)
{
	g->use->calls++;
	return g->use;
}

void vpdn_group_leave(struct vpdn_group_use *u)
{
	if (!u)
		return;
	u->calls--;
	use_check(u);
}

/* The blocks in use are replaced by those that have come; 0 or -ENOMEM. */
static int replace_groups(void)
{
	struct vpdn_group_use *u, *next;
	struct vpdn_group *g;

	STAILQ_FOREACH(g, &coming, link) {
		g->use = use_of(g);
		if (!g->use)
			return -ENOMEM;
	}
	list_free(&groups);
	STAILQ_CONCAT(&groups, &coming);
	STAILQ_FOREACH(u, &uses, link)
		u->has_group = false;
	STAILQ_FOREACH(g, &groups, link)
		g->use->has_group = true;
	STAILQ_FOREACH_SAFE(u, &uses, link, next)
		use_check(u);
	return 0;
}

int vpdn_groups_commit(void)
{
	struct vpdn_group *g;
	unsigned int n = 0;

	if (!is_coming)
		return -EPROTO;
	is_coming = false;
	if (replace_groups())
		return -ENOMEM;
	STAILQ_FOREACH(g, &groups, link)
		n++;
	vpdn_core->log(LOG_INFO, "vpdn: vpdnd has sent %u accept block%s of groups\n", n, n == 1 ? "" : "s");
	return 0;
}

/* ---- finding ---- */

static bool names(const struct vpdn_group *g, const char *peer_name)
{
	unsigned int i;

	for (i = 0; i < g->n_from; i++)
		if (!strcasecmp(g->from[i], peer_name))
			return true;
	return false;
}

static bool source_ok(const struct vpdn_group *g, struct in_addr peer)
{
	unsigned int i;

	for (i = 0; i < g->n_sources; i++) {
		uint8_t n = g->sources[i].prefix_len;
		uint32_t mask = n ? 0xffffffffu << (32 - n) : 0;

		if (((ntohl(g->sources[i].addr.s_addr) ^ ntohl(peer.s_addr)) & mask) == 0)
			return true;
	}
	return g->n_sources == 0;
}

/* How well a block suits a peer: 0 not at all, 1 as any other, 2 by name. */
static int suits(const struct vpdn_group *g, const char *peer_name, struct in_addr peer)
{
	if (!source_ok(g, peer))
		return 0;
	return names(g, peer_name) ? 2 : !g->n_from;
}

struct vpdn_group *vpdn_groups_match(const char *peer_name, struct in_addr peer)
{
	struct vpdn_group *g, *best = NULL;
	int n, most = 0;

	STAILQ_FOREACH(g, &groups, link) {
		n = suits(g, peer_name, peer);
		if (n > most) {
			best = g;
			most = n;
		}
	}
	return best;
}

struct vpdn_group *vpdn_groups_for_call(uint8_t accepts, const struct vpdn_tunnel *t, const char *peer_name)
{
	struct vpdn_group *g, *best = NULL;
	int n, most = 0;

	STAILQ_FOREACH(g, &groups, link) {
		if (g->accepts != accepts || strcmp(g->local_name, t->local_name) || strcmp(g->secret, t->secret))
			continue;
		n = suits(g, peer_name, t->peer);
		if (n && !strcmp(g->name, t->group))
			return g;
		if (n > most) {
			best = g;
			most = n;
		}
	}
	return best;
}

bool vpdn_groups_accept(uint8_t accepts)
{
	const struct vpdn_group *g;

	STAILQ_FOREACH(g, &groups, link)
		if (g->accepts == accepts)
			return true;
	return false;
}

struct vpdn_group *vpdn_groups_find(const char *name, uint8_t accepts)
{
	struct vpdn_group *g;

	STAILQ_FOREACH(g, &groups, link)
		if (g->accepts == accepts && !strcmp(g->name, name))
			return g;
	return NULL;
}

void vpdn_groups_free(void)
{
	list_free(&groups);
	list_free(&coming);
	is_coming = false;
}
