/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_aaa_radius.c - what comes from a RADIUS server: a packet (vpdn_radius_check()), and the same octets as the attributes of an
 * Access-Accept that is genuine (vpdn_radius_answer()). Whatever they hold, there is an answer that can be acted on
 * or one that says what is wrong, in printable text.
 */
#include "fuzz.h"

#include <ctype.h>

#include "glue/aaa_radius_answer.h"

static void check_answer(const struct vpdn_answer *a)
{
	for (const char *s = a->text; *s; s++)
		check(isprint((unsigned char)*s));
	switch (a->verdict) {
	case VPDN_VERDICT_FORWARD:
		check(a->config && a->group && a->group->n_peers >= 1 && a->group->n_peers <= VPDN_PEERS_MAX);
		check(!a->group->radius_interim_s || a->group->radius_interim_s >= 60);
		for (size_t i = 0; i < a->group->n_peers; i++) {
			const struct vpdn_peer *p = &a->group->peers[i];

			check(p->addr.s_addr != INADDR_ANY && p->port && p->weight && *p->local_name);
			check(p->tunnel_auth == !!p->tunnel_password && (!p->tunnel_auth || *p->tunnel_password));
		}
		break;
	case VPDN_VERDICT_NOTHING:
		check(!a->config);
		break;
	default:
		check(a->verdict == VPDN_VERDICT_UNAVAILABLE && !a->config && *a->text);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t authenticator[VPDN_RADIUS_AUTHENTICATOR_LEN] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
	static struct vpdn_config *config;
	struct vpdn_query query = { .kind = VPDN_KEY_DOMAIN, .key = "example.com" };
	struct vpdn_answer a;
	struct vpdn_reader r;
	uint8_t code;

	if (!config)
		config = vpdn_config_new("fuzz");
	query.config = config;
	vpdn_radius_check(data, size, VPDN_RADIUS_ACCESS_REQUEST, size > 1 ? data[1] : 0, "testing123", authenticator, true, &code, &r);
	vpdn_reader_init(&r, data, size);
	vpdn_radius_answer(r, "testing123", authenticator, &query, &a);
	check_answer(&a);
	vpdn_config_put(a.config);
	return 0;
}
