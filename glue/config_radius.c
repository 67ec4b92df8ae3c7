/* SPDX-License-Identifier: GPL-2.0-or-later */
/* config_radius.c - see config_radius.h. */
#include "config_radius.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config_build.h"
#include "config_value.h"
#include "text.h"

void vpdn_radius_config_free(struct vpdn_radius_config *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->n_servers; i++)
		vpdn_text_wipe(r->servers[i].secret);
	free(r->servers);
	vpdn_text_wipe(r->password);
	free(r->user);
	free(r->nas_identifier);
	free(r);
}

/* Keeps the order of the file among those of one priority. */
static void insert(struct vpdn_radius_config *r, struct vpdn_radius_server s)
{
	size_t at = r->n_servers++;

	for (; at && r->servers[at - 1].priority > s.priority; at--)
		r->servers[at] = r->servers[at - 1];
	r->servers[at] = s;
}

static int build_server(struct vpdn_radius_config *r, cfg_t *sec)
{
	struct vpdn_radius_server s = {
		.port = {
			[VPDN_RADIUS_AUTH] = (uint16_t)vpdn_parse_u32(sec, "auth-port", 1812),
			[VPDN_RADIUS_ACCT] = (uint16_t)vpdn_parse_u32(sec, "acct-port", 1813),
		},
		.priority = vpdn_parse_u32(sec, "priority", 1),
		.timeout_s = vpdn_parse_u32(sec, "timeout", 2),
		.retries = vpdn_parse_u32(sec, "retries", 2),
	};

	vpdn_value_ip4(cfg_title(sec), &s.addr);
	if (vpdn_parse_string(sec, "secret", &s.secret))
		return -1;
	if (!s.secret)
		return vpdn_parse_fail(sec, "radius: server \"%s\" needs secret, what it and this host share", cfg_title(sec));
	insert(r, s);
	return 0;
}

static int set_name(char **to, cfg_t *sec, const char *key, const char *otherwise)
{
	if (vpdn_parse_string(sec, key, to))
		return -1;
	if (!*to && !(*to = strdup(otherwise)))
		return vpdn_parse_fail_memory();
	return 0;
}

int vpdn_radius_build(struct vpdn_config *c, cfg_t *sec)
{
	struct vpdn_radius_config *r = calloc(1, sizeof(*r));
	size_t n = cfg_size(sec, "server");
	char host[VPDN_NAME_MAX + 1] = "";

	if (!r)
		return vpdn_parse_fail_memory();
	c->radius = r;
	c->has_secrets = true;
	if (!n || n > VPDN_RADIUS_SERVERS_MAX)
		return vpdn_parse_fail(sec, "radius: %zu servers; needed: server \"ADDRESS\" { secret = \"...\" }, 1 to %u of them", n,
				       VPDN_RADIUS_SERVERS_MAX);
	r->servers = calloc(n, sizeof(*r->servers));
	if (!r->servers)
		return vpdn_parse_fail_memory();
	for (size_t i = 0; i < n; i++)
		if (build_server(r, cfg_getnsec(sec, "server", (unsigned int)i)))
			return -1;
	r->dead_s = vpdn_parse_u32(sec, "dead-time", 60);
	r->require_mac = vpdn_parse_bool(sec, "require-message-authenticator", true);
	r->accounting = vpdn_parse_bool(sec, "accounting", false);
	r->interim_s = vpdn_parse_u32(sec, "interim-interval", 0);
	if (r->interim_s && !r->accounting)
		return vpdn_parse_fail(sec, "radius: interim-interval needs accounting = true");
	vpdn_parse_ip4(sec, "nas-ip", &r->nas_ip);
	gethostname(host, sizeof(host) - 1);
	if (set_name(&r->user, sec, "user", VPDN_RADIUS_USER_KEY) || set_name(&r->password, sec, "password", "cisco") ||
	    set_name(&r->nas_identifier, sec, "nas-identifier", *host ? host : "vpdnd"))
		return -1;
	return 0;
}
