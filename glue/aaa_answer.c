/* SPDX-License-Identifier: GPL-2.0-or-later */
/* aaa_answer.c - see aaa_answer.h. What a value may be is what vpdn.conf(5) says of the setting that it stands for. */
#include "aaa_answer.h"

#include <arpa/inet.h>
#include <bsd/string.h>
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "config_value.h"
#include "ipc_proto.h"

#define PREFERENCE_MAX	0xffffffu	/* RFC 2868 section 3.8: three octets */

int vpdn_answer_fail(struct vpdn_answer *a, int rc, const char *fmt, ...)
{
	va_list ap;

	a->verdict = VPDN_VERDICT_UNAVAILABLE;
	va_start(ap, fmt);
	vsnprintf(a->text, sizeof(a->text), fmt, ap);
	va_end(ap);
	return rc;
}

/* ---- checks ---- */

static int check_text(struct vpdn_answer *a, const char *where, const char *what, const char *setting, const char *value)
{
	const struct vpdn_setting *row = vpdn_setting_find("vpdn-group", setting);
	const char *allowed = *value ? row->check(row, value) : NULL;

	return allowed ? vpdn_answer_fail(a, -EINVAL, "%s: wrong %s; allowed: %s", where, what, allowed) : 0;
}

static int check_number(struct vpdn_answer *a, const char *where, const char *what, uint32_t value, uint32_t min, uint32_t max)
{
	return value < min || value > max ? vpdn_answer_fail(a, -EINVAL, "%s: wrong %s %u; allowed: %u to %u", where, what, value, min, max) : 0;
}

static int check_address(struct vpdn_answer *a, const char *where, const char *what, struct in_addr addr)
{
	char text[INET_ADDRSTRLEN];
	const char *allowed = vpdn_value_check_ip4(inet_ntop(AF_INET, &addr, text, sizeof(text)));

	return allowed ? vpdn_answer_fail(a, -EINVAL, "%s: wrong %s %s; allowed: %s", where, what, text, allowed) : 0;
}

static int check_tunnel(struct vpdn_answer *a, size_t i, const struct vpdn_answer_opts *o, const struct vpdn_tunnel_def *t)
{
	char where[32];

	snprintf(where, sizeof(where), t->tag ? "tunnel %zu (tag %u)" : "tunnel %zu", i + 1, t->tag);
	if (check_address(a, where, "server address", t->server) ||
	    (t->client.s_addr != INADDR_ANY && check_address(a, where, "client address", t->client)) ||
	    check_number(a, where, "preference", t->preference, 0, PREFERENCE_MAX) ||
	    check_number(a, where, "weight", t->weight, 1, 65535) ||
	    check_number(a, where, "limit", t->limit, 0, 65535) ||
	    check_number(a, where, "tunnel limit", t->tunnel_limit, 0, 65535) ||
	    check_text(a, where, "client name", "local-name", t->client_auth_id) ||
	    check_text(a, where, "server name", "remote-name", t->server_auth_id) ||
	    check_text(a, where, "password", "tunnel-password", t->password))
		return -EINVAL;
	if (t->tunnel_auth && !*t->password)
		return vpdn_answer_fail(a, -EINVAL, "%s: has no password; needed: one, or that tunnels are not authenticated", where);
	if (o->hidden && !t->tunnel_auth)
		return vpdn_answer_fail(a, -EINVAL, "%s: hidden AVPs need a password", where);
	return 0;
}

static int check(struct vpdn_answer *a, const struct vpdn_answer_opts *o, const struct vpdn_tunnel_def *t, size_t n)
{
	static const char where[] = "answer";
	const struct vpdn_setting *hello = vpdn_setting_find("vpdn-group", "hello"), *idle = vpdn_setting_find("vpdn-group", "idle-timeout"),
				  *timeout = vpdn_setting_find("vpdn-group", "connect-timeout"), *limit = vpdn_setting_find("vpdn-group", "limit"),
				  *tunnels = vpdn_setting_find("vpdn-group", "tunnel-limit"),
				  *sessions = vpdn_setting_find("vpdn-group", "tunnel-sessions");

	if (!n || n > VPDN_PEERS_MAX)
		return vpdn_answer_fail(a, -EINVAL, "%zu tunnels; allowed: 1 to %u", n, VPDN_PEERS_MAX);
	if (check_number(a, where, "hello", o->hello_s, hello->min, hello->max) ||
	    check_number(a, where, "idle timeout", o->idle_s, idle->min, idle->max) ||
	    check_number(a, where, "connect timeout", o->connect_timeout_s, timeout->min, timeout->max) ||
	    check_number(a, where, "limit", o->limit, 0, limit->max) ||
	    check_number(a, where, "tunnel limit", o->tunnel_limit, 0, tunnels->max) ||
	    check_number(a, where, "limit of sessions in a tunnel", o->tunnel_sessions, 0, sessions->max))
		return -EINVAL;
	for (size_t i = 0; i < n; i++)
		if (check_tunnel(a, i, o, &t[i]))
			return -EINVAL;
	return 0;
}

/* ---- the group ---- */

static char *group_name(const char *source, const char *name)
{
	char text[VPDN_NAME_MAX + 1];

	snprintf(text, sizeof(text), "%s:%s", source, name);
	for (char *s = text + strlen(source) + 1; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr("._-", *s))
			*s = '_';
	return strdup(text);
}

/* An empty one: this host's. */
static char *host_name(const char *name)
{
	char host[VPDN_NAME_MAX + 1] = "";

	if (!*name && gethostname(host, sizeof(host) - 1) < 0)
		return NULL;
	return strdup(*name ? name : *host ? host : "localhost");
}

static bool fill_peer(struct vpdn_peer *p, const struct vpdn_tunnel_def *t)
{
	p->addr = t->server;
	p->port = t->port ? t->port : VPDN_L2TP_PORT;
	p->priority = t->preference;
	p->weight = t->weight;
	p->limit = t->limit;
	p->tunnel_limit = t->tunnel_limit;
	p->source_ip = t->client;
	p->tunnel_auth = t->tunnel_auth;
	p->local_name = host_name(t->client_auth_id);
	p->remote_name = *t->server_auth_id ? strdup(t->server_auth_id) : NULL;
	p->assignment = *t->assignment_id ? strdup(t->assignment_id) : NULL;
	p->tunnel_password = t->tunnel_auth ? strdup(t->password) : NULL;
	return p->local_name && (!t->tunnel_auth || p->tunnel_password) && (!*t->assignment_id || p->assignment) &&
	       (!*t->server_auth_id || p->remote_name);
}

static bool fill_group(struct vpdn_group *g, const char *source, const char *name, const struct vpdn_answer_opts *o,
		       const struct vpdn_tunnel_def *t, size_t n)
{
	g->name = group_name(source, name);
	g->requests = VPDN_ACCEPTS_DIALIN;
	g->local_name = host_name(t->client_auth_id);
	g->tunnel_auth = t->tunnel_auth;
	g->source_ip = t->client;
	g->hello_s = o->hello_s;
	g->opened_idle_s = g->accepted_idle_s = o->idle_s;
	g->connect_timeout_s = o->connect_timeout_s;
	g->limit = o->limit;
	g->tunnel_limit = o->tunnel_limit;
	g->tunnel_sessions = o->tunnel_sessions;
	g->tunnel_own = o->tunnel_own;
	g->strip_domain = o->strip_domain;
	g->hidden = o->hidden;
	g->peers = calloc(n, sizeof(*g->peers));
	if (!g->name || !g->local_name || !g->peers)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!fill_peer(&g->peers[g->n_peers++], &t[i]))
			return false;
	return true;
}

int vpdn_answer_from_tunnels(const char *source, const struct vpdn_query *query, const struct vpdn_answer_opts *o,
			     const struct vpdn_tunnel_def *t, size_t n, struct vpdn_answer *a)
{
	struct vpdn_config *c;
	struct vpdn_group *g;
	char *delimiters;

	a->config = NULL;
	a->group = NULL;
	if (check(a, o, t, n))
		return -EINVAL;
	c = vpdn_config_new(source);
	g = calloc(1, sizeof(*g));
	delimiters = strdup(query->config->delimiters);
	if (!c || !g || !delimiters) {
		vpdn_config_put(c);
		free(g);
		free(delimiters);
		return vpdn_answer_fail(a, -ENOMEM, "out of memory");
	}
	free(c->delimiters);
	c->delimiters = delimiters;
	c->domain_first = query->config->domain_first;
	c->dead_s = query->config->dead_s;
	TAILQ_INIT(&g->keys);
	TAILQ_INSERT_TAIL(&c->groups, g, link);
	if (!fill_group(g, source, o->name && *o->name ? o->name : query->key, o, t, n)) {
		vpdn_config_put(c);
		return vpdn_answer_fail(a, -ENOMEM, "out of memory");
	}
	a->verdict = VPDN_VERDICT_FORWARD;
	a->config = c;
	a->group = g;
	return 0;
}
