/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_aaa_answer.c - what an AAA server may answer over HTTP: whatever it is, it is either a decision that can be carried out, or
 * refused with one printable line.
 */
#define FUZZ_ITERATIONS	60000ul
#include "fuzz.h"

#include <errno.h>

#include "glue/aaa_answer.h"
#include "glue/aaa_json.h"

static void use(const struct vpdn_answer *a)
{
	const struct vpdn_group *g = a->group;

	check(g && vpdn_config_group(a->config, g->name) == g && strlen(g->name) <= VPDN_NAME_MAX);
	check(g->n_peers >= 1 && g->n_peers <= VPDN_PEERS_MAX && g->local_name);
	for (size_t i = 0; i < g->n_peers; i++) {
		const struct vpdn_peer *p = &g->peers[i];

		check(p->addr.s_addr && p->port && p->weight >= 1 && *p->local_name && strlen(p->local_name) <= VPDN_NAME_MAX);
		check(!p->tunnel_auth == !p->tunnel_password);
		check(!p->tunnel_password || (*p->tunnel_password && strlen(p->tunnel_password) <= VPDN_TUNNEL_SECRET_MAX));
		check(!g->hidden || p->tunnel_auth);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct vpdn_question q;
	static struct vpdn_config *c;
	struct vpdn_query query = { .q = &q, .kind = VPDN_KEY_DOMAIN, .key = "example.com" };
	struct vpdn_answer a = { 0 };
	struct vpdn_answer_life life;
	int rc;

	if (!c)
		c = vpdn_config_new("fuzz.conf");
	check(c);
	query.config = c;
	rc = vpdn_answer_from_json("http", &query, (const char *)data, size, &a, &life);
	check(rc == 0 || rc == -EINVAL);
	check(!rc == (a.verdict != VPDN_VERDICT_UNAVAILABLE) && *a.text && memchr(a.text, '\0', sizeof(a.text)));
	check((a.verdict == VPDN_VERDICT_FORWARD) == !!a.config);
	for (const char *s = a.text; *s; s++)
		check((unsigned char)*s >= ' ' && *s != 0x7f);
	check(life.ttl_s <= VPDN_TTL_MAX && life.valid_for <= 15);
	if (a.config)
		use(&a);
	vpdn_config_put(a.config);
	return 0;
}
