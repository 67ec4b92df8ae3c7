/* SPDX-License-Identifier: GPL-2.0-or-later */
/* config_group.c - makes a struct vpdn_group of a vpdn-group section and checks it as a whole; see config_build.h. */
#include "config_build.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config_value.h"
#include "ipc_proto.h"
#include "line_avps.h"
#include "proxy.h"

/* Any number a group may name; a LAC that has no such line says so itself. */
#define MIN_BPS		1u
#define MAX_BPS		2147483647u	/* some peers take it for a signed number */

/* The four blocks, and what they make of a group. */
static const struct block {
	const char *name;
	bool accepts;
	uint8_t bit;
} blocks[] = {
	{ "request-dialin", false, VPDN_ACCEPTS_DIALIN },
	{ "accept-dialin", true, VPDN_ACCEPTS_DIALIN },
	{ "request-dialout", false, VPDN_ACCEPTS_DIALOUT },
	{ "accept-dialout", true, VPDN_ACCEPTS_DIALOUT },
};

static int build_blocks(cfg_t *sec, struct vpdn_group *g)
{
	for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
		const struct block *b = &blocks[i];

		if (!cfg_size(sec, b->name))
			continue;
		if (!cfg_getstr(cfg_getnsec(sec, b->name, 0), "protocol"))
			return vpdn_parse_fail(sec, "vpdn-group %s: %s needs protocol; allowed: l2tp", g->name, b->name);
		*(b->accepts ? &g->accepts : &g->requests) |= b->bit;
	}
	if (!g->accepts && !g->requests)
		return vpdn_parse_fail(sec, "vpdn-group %s: asks for no calls and accepts none; needed: at least one of request-dialin, accept-dialin, request-dialout, accept-dialout",
				       g->name);
	return 0;
}

/* Settings that have no meaning without some block. */
static int check_belongings(cfg_t *sec, const struct vpdn_group *g)
{
	const struct {
		const char *key, *blocks;
		bool belongs;
	} rules[] = {
		{ "initiate-to", "request-dialin or request-dialout", g->requests },
		{ "source-ip", "request-dialin or request-dialout", g->requests },
		{ "remote-name", "request-dialin or request-dialout", g->requests },
		{ "connect-timeout", "request-dialin or request-dialout", g->requests },
		{ "tunnel-limit", "request-dialin or request-dialout", g->requests },
		{ "tunnel-sessions", "request-dialin or request-dialout", g->requests },
		{ "tunnel-share", "request-dialin or request-dialout", g->requests },
		{ "ip-pool", "accept-dialin", g->accepts & VPDN_ACCEPTS_DIALIN },
		{ "lcp-renegotiation", "accept-dialin", g->accepts & VPDN_ACCEPTS_DIALIN },
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (!rules[i].belongs && cfg_size(sec, rules[i].key))
			return vpdn_parse_fail(sec, "vpdn-group %s: %s belongs to a group with %s", g->name, rules[i].key, rules[i].blocks);
	return 0;
}

static int build_peers(cfg_t *sec, struct vpdn_group *g)
{
	size_t n = cfg_size(sec, "initiate-to");

	if (!n)
		return vpdn_parse_fail(sec, "vpdn-group %s: no initiate-to; needed: initiate-to \"ADDRESS\" { } for each LNS or LAC", g->name);
	if (n > VPDN_PEERS_MAX)
		return vpdn_parse_fail(sec, "vpdn-group %s: %zu initiate-to; allowed: %u", g->name, n, VPDN_PEERS_MAX);
	g->peers = calloc(n, sizeof(*g->peers));
	if (!g->peers)
		return vpdn_parse_fail_memory();
	for (size_t i = 0; i < n; i++) {
		cfg_t *to = cfg_getnsec(sec, "initiate-to", (unsigned int)i);
		struct vpdn_peer *p = &g->peers[g->n_peers++];

		vpdn_value_ip4(cfg_title(to), &p->addr);
		p->priority = vpdn_parse_u32(to, "priority", 1);
		p->weight = vpdn_parse_u32(to, "weight", 1);
		p->limit = vpdn_parse_u32(to, "limit", 0);
		p->port = (uint16_t)vpdn_parse_u32(to, "port", VPDN_L2TP_PORT);
		p->tunnel_limit = vpdn_parse_u32(to, "tunnel-limit", 0);
	}
	vpdn_parse_ip4(sec, "source-ip", &g->source_ip);
	g->connect_timeout_s = vpdn_parse_u32(sec, "connect-timeout", 10);
	g->tunnel_limit = vpdn_parse_u32(sec, "tunnel-limit", 0);
	g->tunnel_sessions = vpdn_parse_u32(sec, "tunnel-sessions", 0);
	g->tunnel_own = !vpdn_parse_bool(sec, "tunnel-share", true);
	return 0;
}

/* All that are not named by `send-avps`; without that setting none. */
static uint32_t withheld_avps(cfg_t *dialin)
{
	cfg_opt_t *opt = cfg_getopt(dialin, "send-avps");
	uint32_t withheld = 0, bit;

	if (!opt || !(opt->flags & CFGF_MODIFIED))
		return 0;
	for (size_t i = 0; vpdn_line_avps_word(i, &bit); i++)
		withheld |= bit;
	for (unsigned int i = 0; i < cfg_opt_size(opt); i++)
		withheld &= ~vpdn_line_avps_bit(cfg_opt_getnstr(opt, i));
	return withheld;
}

static int build_request_dialin(struct vpdn_config *c, cfg_t *sec, cfg_t *dialin, struct vpdn_group *g)
{
	g->strip_domain = vpdn_parse_bool(dialin, "strip-domain", false);
	g->withheld_avps = withheld_avps(dialin);
	if (vpdn_parse_bool(dialin, "default", false)) {
		if (c->default_group)
			return vpdn_parse_fail(sec, "vpdn-group %s: default = true stands in vpdn-group %s already; allowed: in one group", g->name,
					       c->default_group->name);
		c->default_group = g;
		return 0;
	}
	for (int i = 0; i < VPDN_KEY_KINDS; i++)
		if (cfg_size(dialin, vpdn_key_kind_name((enum vpdn_key_kind)i)))
			return 0;
	return vpdn_parse_fail(sec, "vpdn-group %s: request-dialin needs at least one of domain, dnis, line, default = true", g->name);
}

/* Every part that `replace` asks for must be one that the pattern has. */
static const char *replace_wrong(const struct vpdn_number *n)
{
	for (const char *s = n->replace; *s; s++) {
		if (*s != '\\')
			continue;
		s++;
		if (!isdigit((unsigned char)*s) || *s == '0')
			return "\\\\1 to \\\\9";
		if ((size_t)(*s - '0') > n->ere.re.re_nsub)
			return "as many as the pattern has parts in parentheses";
	}
	return NULL;
}

static int build_number(cfg_t *sec, struct vpdn_group *g, struct vpdn_number *n)
{
	const char *wrong;
	char what[VPDN_NAME_MAX + 32];

	n->pattern = strdup(cfg_title(sec));
	if (!n->pattern || vpdn_parse_string(sec, "replace", &n->replace))
		return vpdn_parse_fail_memory();
	snprintf(what, sizeof(what), "vpdn-group %s: number", g->name);
	if (vpdn_parse_ere(sec, what, n->pattern, &n->ere))
		return -1;
	if (!n->replace)
		return vpdn_parse_fail(sec, "vpdn-group %s: number \"%s\" needs replace", g->name, n->pattern);
	wrong = replace_wrong(n);
	if (wrong)
		return vpdn_parse_fail(sec, "vpdn-group %s: number \"%s\": wrong replace \"%s\"; allowed: %s", g->name, n->pattern, n->replace,
				       wrong);
	return 0;
}

static int build_request_dialout(cfg_t *dialout, struct vpdn_group *g)
{
	const char *bearer = cfg_getstr(dialout, "bearer"), *framing = cfg_getstr(dialout, "framing");
	size_t n = cfg_size(dialout, "number");

	g->min_bps = vpdn_parse_u32(dialout, "min-bps", MIN_BPS);
	g->max_bps = vpdn_parse_u32(dialout, "max-bps", g->min_bps > MAX_BPS ? UINT32_MAX : MAX_BPS);
	if (g->min_bps > g->max_bps)
		return vpdn_parse_fail(dialout, "vpdn-group %s: request-dialout's min-bps is above its max-bps; allowed: min-bps <= max-bps",
				       g->name);
	g->bearer = vpdn_value_bearer(bearer ? bearer : "any");
	g->framing = vpdn_value_framing(framing ? framing : "any");
	g->dial_timeout_s = vpdn_parse_u32(dialout, "dial-timeout", 60);
	if (vpdn_parse_string(dialout, "sub-address", &g->sub_address))
		return -1;
	g->numbers = calloc(n ? n : 1, sizeof(*g->numbers));
	if (!g->numbers)
		return vpdn_parse_fail_memory();
	for (size_t i = 0; i < n; i++)
		if (build_number(cfg_getnsec(dialout, "number", (unsigned int)i), g, &g->numbers[g->n_numbers++]))
			return -1;
	return 0;
}

static int build_accept(cfg_t *sec, struct vpdn_accept *a)
{
	size_t n = cfg_size(sec, "source");

	a->sources = calloc(n ? n : 1, sizeof(*a->sources));
	if (!a->sources)
		return vpdn_parse_fail_memory();
	for (size_t i = 0; i < n; i++)
		vpdn_value_source(cfg_getnstr(sec, "source", (unsigned int)i), &a->sources[a->n_sources++]);
	return vpdn_parse_strings(sec, "terminate-from", &a->terminate_from);
}

static int build_pool(cfg_t *sec, struct vpdn_group *g)
{
	cfg_t *pool;
	uint32_t local, first, last;

	if (!cfg_size(sec, "ip-pool"))
		return 0;
	pool = cfg_getnsec(sec, "ip-pool", 0);
	if (!vpdn_parse_ip4(pool, "local", &g->pool_local) || !vpdn_parse_ip4(pool, "first", &g->pool_first) ||
	    !vpdn_parse_ip4(pool, "last", &g->pool_last))
		return vpdn_parse_fail(sec, "vpdn-group %s: ip-pool needs all of local, first, last", g->name);
	local = ntohl(g->pool_local.s_addr);
	first = ntohl(g->pool_first.s_addr);
	last = ntohl(g->pool_last.s_addr);
	if (first > last)
		return vpdn_parse_fail(sec, "vpdn-group %s: ip-pool's first address is above its last; allowed: first <= last", g->name);
	if (local >= first && local <= last)
		return vpdn_parse_fail(sec, "vpdn-group %s: ip-pool's local address lies between first and last; allowed: outside of them",
				       g->name);
	g->has_pool = true;
	return 0;
}

static int build_accept_dialin(cfg_t *sec, cfg_t *dialin, struct vpdn_group *g)
{
	const char *policy = cfg_getstr(sec, "lcp-renegotiation");

	g->lcp_policy = policy ? vpdn_lcp_policy_parse(policy) : VPDN_LCP_ON_MISMATCH;
	if (vpdn_parse_string(dialin, "ppp-template", &g->ppp_template))
		return -1;
	if (!g->ppp_template)
		return vpdn_parse_fail(sec, "vpdn-group %s: accept-dialin needs ppp-template, a file name in /etc/ppp/vpdn", g->name);
	return build_accept(dialin, &g->dialin) || build_pool(sec, g) ? -1 : 0;
}

static int build_accept_dialout(cfg_t *sec, cfg_t *dialout, struct vpdn_group *g)
{
	size_t n = cfg_size(dialout, "dial");

	if (!n)
		return vpdn_parse_fail(sec, "vpdn-group %s: accept-dialout has no dial; needed: dial \"PATTERN\" { dialer = NAME } for each kind of number",
				       g->name);
	g->dials = calloc(n, sizeof(*g->dials));
	if (!g->dials)
		return vpdn_parse_fail_memory();
	for (size_t i = 0; i < n; i++) {
		cfg_t *dial = cfg_getnsec(dialout, "dial", (unsigned int)i);
		struct vpdn_dial *to = &g->dials[g->n_dials++];

		to->line = (unsigned int)dial->line;
		to->pattern = strdup(cfg_title(dial));
		if (!to->pattern)
			return vpdn_parse_fail_memory();
		if (vpdn_parse_string(dial, "dialer", &to->dialer_name) || vpdn_parse_string(dial, "replace", &to->replace))
			return -1;
		if (!to->dialer_name)
			return vpdn_parse_fail(dial, "vpdn-group %s: dial \"%s\" needs dialer, the name of a dialer of this file", g->name,
					       to->pattern);
	}
	return build_accept(dialout, &g->dialout);
}

static int no_password(cfg_t *sec, const struct vpdn_group *g)
{
	return vpdn_parse_fail(sec, "vpdn-group %s: tunnel-password is missing; needed: tunnel-password = \"...\", or tunnel-authentication = false",
			       g->name);
}

/* What an initiate-to does not say itself is the group's. */
static int build_peer_tunnel(struct vpdn_config *c, cfg_t *sec, cfg_t *to, const struct vpdn_group *g, struct vpdn_peer *p)
{
	p->source_ip = g->source_ip;
	vpdn_parse_ip4(to, "source-ip", &p->source_ip);
	if (vpdn_parse_string(to, "local-name", &p->local_name) || vpdn_parse_string(to, "remote-name", &p->remote_name) ||
	    vpdn_parse_string(to, "tunnel-password", &p->tunnel_password))
		return -1;
	if (p->tunnel_password)
		c->has_secrets = true;
	p->tunnel_auth = vpdn_parse_bool(to, "tunnel-authentication", p->tunnel_password || g->tunnel_auth);
	if (!p->local_name && !(p->local_name = strdup(g->local_name)))
		return vpdn_parse_fail_memory();
	if (!p->remote_name && g->remote_name && !(p->remote_name = strdup(g->remote_name)))
		return vpdn_parse_fail_memory();
	if (!p->tunnel_auth || p->tunnel_password)
		return 0;
	if (!g->tunnel_password)
		return no_password(sec, g);
	p->tunnel_password = strdup(g->tunnel_password);
	return p->tunnel_password ? 0 : vpdn_parse_fail_memory();
}

static int build_peers_tunnels(struct vpdn_config *c, cfg_t *sec, struct vpdn_group *g)
{
	for (size_t i = 0; i < g->n_peers; i++)
		if (build_peer_tunnel(c, sec, cfg_getnsec(sec, "initiate-to", (unsigned int)i), g, &g->peers[i]))
			return -1;
	return 0;
}

/* AVPs are hidden with the tunnel's password: without one they cannot be. */
static bool any_peer_open(const struct vpdn_group *g)
{
	for (size_t i = 0; i < g->n_peers; i++)
		if (!g->peers[i].tunnel_auth)
			return true;
	return g->accepts && !g->tunnel_auth;
}

static int build_tunnel(struct vpdn_config *c, cfg_t *sec, struct vpdn_group *g)
{
	char host[VPDN_NAME_MAX + 1] = "";

	g->tunnel_auth = vpdn_parse_bool(sec, "tunnel-authentication", true);
	if (vpdn_parse_string(sec, "local-name", &g->local_name) || vpdn_parse_string(sec, "remote-name", &g->remote_name) ||
	    vpdn_parse_string(sec, "tunnel-password", &g->tunnel_password))
		return -1;
	if (g->tunnel_password)
		c->has_secrets = true;
	if (!g->local_name) {
		if (gethostname(host, sizeof(host) - 1) < 0 || !*host)
			return vpdn_parse_fail(sec, "vpdn-group %s: local-name is missing, and this host has no name", g->name);
		g->local_name = strdup(host);
		if (!g->local_name)
			return vpdn_parse_fail_memory();
	}
	g->opened_idle_s = vpdn_parse_u32(sec, "idle-timeout", 15);
	g->accepted_idle_s = vpdn_parse_u32(sec, "idle-timeout", 10);
	g->hello_s = vpdn_parse_u32(sec, "hello", 60);
	g->hidden = vpdn_parse_bool(sec, "hidden", false);
	g->limit = vpdn_parse_u32(sec, "limit", 0);
	if (build_peers_tunnels(c, sec, g))
		return -1;
	if (g->accepts && g->tunnel_auth && !g->tunnel_password)
		return no_password(sec, g);
	if (g->hidden && (g->requests ? any_peer_open(g) : !g->tunnel_auth))
		return vpdn_parse_fail(sec, "vpdn-group %s: hidden = true needs tunnel-authentication: AVPs are hidden with its password",
				       g->name);
	return 0;
}

int vpdn_group_build(struct vpdn_config *c, cfg_t *sec)
{
	struct vpdn_group *g = calloc(1, sizeof(*g));

	if (!g)
		return vpdn_parse_fail_memory();
	TAILQ_INIT(&g->keys);
	TAILQ_INSERT_TAIL(&c->groups, g, link);
	g->line = (unsigned int)sec->line;
	g->name = strdup(cfg_title(sec));
	if (!g->name)
		return vpdn_parse_fail_memory();
	if (build_blocks(sec, g) || check_belongings(sec, g) || (g->requests && build_peers(sec, g)))
		return -1;
	if (g->requests & VPDN_ACCEPTS_DIALIN && build_request_dialin(c, sec, cfg_getnsec(sec, "request-dialin", 0), g))
		return -1;
	if (g->requests & VPDN_ACCEPTS_DIALOUT && build_request_dialout(cfg_getnsec(sec, "request-dialout", 0), g))
		return -1;
	if (g->accepts & VPDN_ACCEPTS_DIALIN && build_accept_dialin(sec, cfg_getnsec(sec, "accept-dialin", 0), g))
		return -1;
	if (g->accepts & VPDN_ACCEPTS_DIALOUT && build_accept_dialout(sec, cfg_getnsec(sec, "accept-dialout", 0), g))
		return -1;
	return build_tunnel(c, sec, g);
}
