/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_group.c - which of a group's LNSs gets the call: priority, weight, limits, the dead, the drained, bundles.
 */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>

#include "glue/group.h"
#include "unit_config.h"

#define LNS_GROUP(lns)	"vpdn-group g { request-dialin { protocol = l2tp domain = x }\n" lns "tunnel-authentication = false }\n"

static struct vpdn_usage *usage(struct vpdn_usages *u, const struct vpdn_peer *l)
{
	struct vpdn_usage *x = vpdn_usage_get(u, VPDN_USAGE_PEER, "g", l);

	assert_non_null(x);
	return x;
}

static void lowest_priority_first_then_failover(void **state)
{
	struct vpdn_config *c = config(LNS_GROUP("initiate-to \"192.0.2.2\" { priority = 2 }\n"
						 "initiate-to \"192.0.2.3\" { priority = 1 }\n"));
	const struct vpdn_group *g = TAILQ_FIRST(&c->groups);
	struct vpdn_usages u = RB_INITIALIZER(&u);

	(void)state;
	assert_int_equal(vpdn_peer_choose(&u, g, 0, 1000, 7, NULL), 1);
	assert_int_equal(vpdn_peer_choose(&u, g, 1 << 1, 1000, 7, NULL), 0);
	assert_int_equal(vpdn_peer_choose(&u, g, 3, 1000, 7, NULL), -ENOENT);
	vpdn_usage_prune(&u, NULL, 0);
	vpdn_config_put(c);
}

static void weights_share_the_calls(void **state)
{
	struct vpdn_config *c = config(LNS_GROUP("initiate-to \"192.0.2.2\" { weight = 1 }\n"
						 "initiate-to \"192.0.2.3\" { weight = 3 }\n"
						 "initiate-to \"192.0.2.4\" { priority = 9 weight = 100 }\n"));
	const struct vpdn_group *g = TAILQ_FIRST(&c->groups);
	struct vpdn_usages u = RB_INITIALIZER(&u);
	unsigned int got[3] = { 0 };

	(void)state;
	for (uint32_t r = 0; r < 400; r++)
		got[vpdn_peer_choose(&u, g, 0, 1000, r, NULL)]++;
	assert_int_equal(got[0], 100);
	assert_int_equal(got[1], 300);
	assert_int_equal(got[2], 0);
	vpdn_usage_prune(&u, NULL, 0);
	vpdn_config_put(c);
}

/* Shares are right in every window of calls, also when one is away for some of them; who begins is by chance. */
static void weights_share_few_calls(void **state)
{
	struct vpdn_config *c = config(LNS_GROUP("initiate-to \"192.0.2.2\" { weight = 5 }\n"
						 "initiate-to \"192.0.2.3\" { weight = 3 }\n"
						 "initiate-to \"192.0.2.4\" { weight = 2 }\n"));
	const struct vpdn_group *g = TAILQ_FIRST(&c->groups);
	struct vpdn_usages u;
	unsigned int first[3] = { 0 };

	(void)state;
	for (uint32_t begin = 0; begin < 10; begin++) {
		unsigned int got[3] = { 0 };
		int i;

		RB_INIT(&u);
		for (unsigned int call = 1; call <= 300; call++) {
			i = vpdn_peer_choose(&u, g, 0, 1000, begin, NULL);
			got[i]++;
			if (call == 1)
				first[i]++;
			for (size_t k = 0; k < 3; k++)
				assert_true(10 * got[k] + 10 >= call * g->peers[k].weight && 10 * got[k] <= call * g->peers[k].weight + 10);
		}
		for (unsigned int call = 0; call < 100; call++)
			assert_int_not_equal(vpdn_peer_choose(&u, g, 1, 1000, begin, NULL), 0);
		/* Who comes back gets no more than its share. */
		memset(got, 0, sizeof(got));
		for (unsigned int call = 0; call < 100; call++)
			got[vpdn_peer_choose(&u, g, 0, 1000, begin, NULL)]++;
		assert_in_range(got[0], 49, 51);
		vpdn_usage_prune(&u, NULL, 0);
	}
	assert_int_equal(first[0], 5);
	assert_int_equal(first[1], 3);
	assert_int_equal(first[2], 2);
	vpdn_config_put(c);
}

static void the_dead_come_last(void **state)
{
	struct vpdn_config *c = config(LNS_GROUP("initiate-to \"192.0.2.2\" { priority = 1 }\n"
						 "initiate-to \"192.0.2.3\" { priority = 2 }\n"));
	const struct vpdn_group *g = TAILQ_FIRST(&c->groups);
	struct vpdn_usages u = RB_INITIALIZER(&u);

	(void)state;
	usage(&u, &g->peers[0])->dead_until_ms = 5000;
	assert_int_equal(vpdn_peer_choose(&u, g, 0, 4999, 0, NULL), 1);
	assert_int_equal(vpdn_peer_choose(&u, g, 0, 5000, 0, NULL), 0);
	/* One call tries it; the others do not wait for what comes of that. */
	assert_int_equal(vpdn_peer_state(&u, g, &g->peers[0], 5000), VPDN_PEER_PROBE_DUE);
	assert_false(vpdn_peer_probe(usage(&u, &g->peers[0]), 7, 4999));
	assert_false(vpdn_peer_probe(usage(&u, &g->peers[1]), 7, 5000));
	assert_true(vpdn_peer_probe(usage(&u, &g->peers[0]), 7, 5000));
	assert_false(vpdn_peer_probe(usage(&u, &g->peers[0]), 8, 5000));
	assert_int_equal(vpdn_peer_state(&u, g, &g->peers[0], 5000), VPDN_PEER_PROBED);
	for (int i = 0; i < 5; i++)
		assert_int_equal(vpdn_peer_choose(&u, g, 0, 5000, 0, NULL), 1);
	/* Who has failed elsewhere may try it, too. */
	assert_int_equal(vpdn_peer_choose(&u, g, 2, 5000, 0, NULL), 0);
	/* The call is over, without an answer: the next one tries. */
	vpdn_peer_unprobed(usage(&u, &g->peers[0]), 8);
	assert_int_equal(vpdn_peer_state(&u, g, &g->peers[0], 5000), VPDN_PEER_PROBED);
	vpdn_peer_unprobed(usage(&u, &g->peers[0]), 7);
	assert_true(vpdn_peer_probe(usage(&u, &g->peers[0]), 9, 6000));
	vpdn_peer_dead(usage(&u, &g->peers[0]), 9000);
	assert_int_equal(vpdn_peer_state(&u, g, &g->peers[0], 8999), VPDN_PEER_DEAD);
	assert_true(vpdn_peer_probe(usage(&u, &g->peers[0]), 9, 9000));
	vpdn_peer_alive(usage(&u, &g->peers[0]));
	assert_int_equal(vpdn_peer_state(&u, g, &g->peers[0], 5000), VPDN_PEER_READY);
	usage(&u, &g->peers[0])->dead_until_ms = 5000;
	/* All are dead: then the usual order holds. */
	usage(&u, &g->peers[1])->dead_until_ms = 5000;
	assert_int_equal(vpdn_peer_choose(&u, g, 0, 1000, 0, NULL), 0);
	vpdn_usage_prune(&u, NULL, 0);
	assert_true(RB_EMPTY(&u));
	vpdn_config_put(c);
}

static void limits_are_kept(void **state)
{
	struct vpdn_config *c = config(LNS_GROUP("initiate-to \"192.0.2.2\" { limit = 2 }\n"
						 "initiate-to \"192.0.2.3\" { limit = 1 priority = 2 }\n limit = 3\n"));
	const struct vpdn_group *g = TAILQ_FIRST(&c->groups);
	struct vpdn_usages u = RB_INITIALIZER(&u);
	struct vpdn_usage *whole = vpdn_usage_get(&u, VPDN_USAGE_GROUP, "g", NULL);

	(void)state;
	usage(&u, &g->peers[0])->sessions = 1;
	assert_int_equal(vpdn_peer_choose(&u, g, 0, 1000, 0, NULL), 0);
	usage(&u, &g->peers[0])->sessions = 2;
	assert_int_equal(vpdn_peer_choose(&u, g, 0, 1000, 0, NULL), 1);
	usage(&u, &g->peers[1])->sessions = 1;
	assert_int_equal(vpdn_peer_choose(&u, g, 0, 1000, 0, NULL), -EUSERS);
	assert_int_equal(vpdn_peer_choose(&u, g, 1, 1000, 0, NULL), -EUSERS);
	whole->sessions = 2;
	assert_false(vpdn_usage_full(&u, VPDN_USAGE_GROUP, g->name, g->limit));
	whole->sessions = 3;
	assert_true(vpdn_usage_full(&u, VPDN_USAGE_GROUP, g->name, g->limit));
	/* What has sessions is never forgotten, whatever the configuration says. */
	vpdn_usage_prune(&u, NULL, 0);
	assert_ptr_equal(vpdn_usage_find(&u, VPDN_USAGE_PEER, "g", &g->peers[0]), usage(&u, &g->peers[0]));
	whole->sessions = usage(&u, &g->peers[0])->sessions = usage(&u, &g->peers[1])->sessions = 0;
	vpdn_usage_prune(&u, c, 1000);
	assert_false(RB_EMPTY(&u));
	vpdn_usage_prune(&u, NULL, 0);
	assert_true(RB_EMPTY(&u));
	vpdn_config_put(c);
}

static void the_drained_get_nothing(void **state)
{
	struct vpdn_config *c = config(LNS_GROUP("initiate-to \"192.0.2.2\" { priority = 1 }\n"
						 "initiate-to \"192.0.2.3\" { priority = 2 }\n"));
	const struct vpdn_group *g = TAILQ_FIRST(&c->groups);
	struct vpdn_usages u = RB_INITIALIZER(&u);

	(void)state;
	assert_int_equal(vpdn_usage_drain(&u, g->peers[0].addr, false), -ENOENT);
	assert_int_equal(vpdn_usage_drain(&u, g->peers[0].addr, true), 0);
	assert_int_equal(vpdn_usage_drain(&u, g->peers[0].addr, true), 0);
	assert_int_equal(vpdn_peer_state(&u, g, &g->peers[0], 1000), VPDN_PEER_DRAINING);
	assert_int_equal(vpdn_peer_choose(&u, g, 0, 1000, 0, NULL), 1);
	/* Rather the dead one. */
	usage(&u, &g->peers[1])->dead_until_ms = 5000;
	assert_int_equal(vpdn_peer_choose(&u, g, 0, 1000, 0, NULL), 1);
	assert_int_equal(vpdn_peer_choose(&u, g, 2, 1000, 0, NULL), -EUSERS);
	assert_int_equal(vpdn_usage_drain(&u, g->peers[1].addr, true), 0);
	assert_int_equal(vpdn_peer_choose(&u, g, 0, 1000, 0, NULL), -EUSERS);
	/* A reload forgets none of it. */
	vpdn_usage_prune(&u, c, 1000);
	assert_true(vpdn_usage_draining(&u, g->peers[0].addr));
	assert_int_equal(vpdn_usage_drain(&u, g->peers[0].addr, false), 0);
	assert_int_equal(vpdn_peer_choose(&u, g, 0, 1000, 0, NULL), 0);
	assert_ptr_equal(vpdn_usage_next(&u, VPDN_USAGE_DRAINED, vpdn_usage_next(&u, VPDN_USAGE_DRAINED, NULL)), NULL);
	vpdn_usage_prune(&u, NULL, 0);
	assert_true(RB_EMPTY(&u));
	vpdn_config_put(c);
}

static void the_dead_are_forgotten_by_hand(void **state)
{
	struct vpdn_config *c = config(LNS_GROUP("initiate-to \"192.0.2.2\" { }\n" "initiate-to \"192.0.2.3\" { }\n"));
	const struct vpdn_group *g = TAILQ_FIRST(&c->groups);
	struct vpdn_usages u = RB_INITIALIZER(&u);

	(void)state;
	usage(&u, &g->peers[0])->dead_until_ms = 5000;
	usage(&u, &g->peers[1])->dead_until_ms = 5000;
	assert_int_equal(vpdn_usage_clear_dead(&u, &g->peers[1].addr), 1);
	assert_int_equal(vpdn_peer_state(&u, g, &g->peers[0], 1000), VPDN_PEER_DEAD);
	assert_int_equal(vpdn_peer_state(&u, g, &g->peers[1], 1000), VPDN_PEER_READY);
	assert_int_equal(vpdn_usage_clear_dead(&u, NULL), 1);
	assert_int_equal(vpdn_usage_clear_dead(&u, NULL), 0);
	assert_int_equal(vpdn_peer_state(&u, g, &g->peers[0], 1000), VPDN_PEER_READY);
	vpdn_usage_prune(&u, NULL, 0);
	vpdn_config_put(c);
}

/* Groups of a source outside have no place in the file: what is known of them is kept as long as it counts. */
static void what_no_file_names_is_kept_while_it_counts(void **state)
{
	struct vpdn_config *c = config(LNS_GROUP("initiate-to \"192.0.2.2\" { }\n"));
	const struct vpdn_peer *p = TAILQ_FIRST(&c->groups)->peers;
	struct vpdn_usages u = RB_INITIALIZER(&u);
	struct vpdn_usage *x = vpdn_usage_get(&u, VPDN_USAGE_PEER, "radius:example.com", p);

	(void)state;
	x->sessions = 1;
	vpdn_usage_prune(&u, c, 1000);
	assert_ptr_equal(vpdn_usage_find(&u, VPDN_USAGE_PEER, "radius:example.com", p), x);
	x->sessions = 0;
	vpdn_peer_dead(x, 5000);
	vpdn_usage_prune(&u, c, 4999);
	assert_ptr_equal(vpdn_usage_find(&u, VPDN_USAGE_PEER, "radius:example.com", p), x);
	vpdn_usage_prune(&u, c, 5000);
	assert_true(RB_EMPTY(&u));
	vpdn_config_put(c);
}

/* Bundles share the LNSs by weight, and keep theirs as long as it can be had, whatever the order of the file. */
static void a_bundle_keeps_its_lns(void **state)
{
	struct vpdn_config *c = config(LNS_GROUP("initiate-to \"192.0.2.2\" { weight = 1 }\n"
						 "initiate-to \"192.0.2.3\" { weight = 3 }\n"
						 "initiate-to \"192.0.2.4\" { weight = 4 }\n"));
	struct vpdn_config *other = config(LNS_GROUP("initiate-to \"192.0.2.4\" { weight = 4 }\n"
						     "initiate-to \"192.0.2.2\" { weight = 1 }\n"
						     "initiate-to \"192.0.2.3\" { weight = 3 }\n"));
	const struct vpdn_group *g = TAILQ_FIRST(&c->groups), *h = TAILQ_FIRST(&other->groups);
	struct vpdn_usages u = RB_INITIALIZER(&u);
	unsigned int got[3] = { 0 };

	(void)state;
	for (uint64_t bundle = 0; bundle < 8000; bundle++) {
		int i = vpdn_peer_choose(&u, g, 0, 1000, (uint32_t)bundle * 77, &bundle), gone = (i + 1) % 3;

		got[i]++;
		assert_int_equal(vpdn_peer_choose(&u, g, 0, 1000, 5, &bundle), i);
		assert_int_equal(vpdn_peer_choose(&u, g, UINT64_C(1) << gone, 1000, 5, &bundle), i);
		assert_int_equal(vpdn_peer_choose(&u, h, 0, 1000, 5, &bundle), (i + 1) % 3);
		assert_int_not_equal(vpdn_peer_choose(&u, g, UINT64_C(1) << i, 1000, 5, &bundle), i);
	}
	assert_in_range(got[0], 900, 1100);
	assert_in_range(got[1], 2850, 3150);
	assert_in_range(got[2], 3850, 4150);
	vpdn_config_put(c);
	vpdn_config_put(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lowest_priority_first_then_failover),
		cmocka_unit_test(weights_share_the_calls), cmocka_unit_test(weights_share_few_calls),
		cmocka_unit_test(the_dead_come_last),
		cmocka_unit_test(limits_are_kept),
		cmocka_unit_test(the_drained_get_nothing),
		cmocka_unit_test(the_dead_are_forgotten_by_hand),
		cmocka_unit_test(what_no_file_names_is_kept_while_it_counts),
		cmocka_unit_test(a_bundle_keeps_its_lns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
