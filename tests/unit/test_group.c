/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_group.c - which group a subscriber belongs to, and which LNS gets the call.
 */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "glue/group.h"

static struct vpdn_config *config(const char *text)
{
	char path[] = "/tmp/vpdn-test-group-XXXXXX", err[1024];
	struct vpdn_config *c = NULL;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	if (vpdn_config_load(path, &c, err, sizeof(err)))
		fail_msg("%s", err);
	unlink(path);
	return c;
}

#define GROUP(name, keys)	"vpdn-group " name " { request-dialin { protocol = l2tp " keys " }\n" \
				"initiate-to \"192.0.2.2\" { }\n tunnel-authentication = false }\n"
#define ALL	GROUP("line", "line = { eth1, \"02:00:00:00:00:01\", \"olt1 eth 0/3\", remote7 }") \
		GROUP("dnis", "dnis = 614629") GROUP("domain", "domain = { example.com }")

/* What a SUBSCRIBER_ASK may say of the line and user; NULL: nothing. */
struct line {
	const char *user, *interface, *mac, *circuit, *remote, *called;
};

static const struct vpdn_ipc_msg *ask(const struct line *l)
{
	static struct vpdn_ipc_builder b;
	static struct vpdn_ipc_msg m;
	uint8_t mac[6];

	vpdn_ipc_begin(&b, VPDN_MSG_SUBSCRIBER_ASK, 0, 1);
	vpdn_ipc_put_u8(&b, VPDN_TLV_ACCESS, VPDN_ACCESS_PPPOE);
	vpdn_ipc_put_u32(&b, VPDN_TLV_PID, 1);
	vpdn_ipc_put_u32(&b, VPDN_TLV_HOLD_MS, 30000);
	if (l->user)
		vpdn_ipc_put_text(&b, VPDN_TLV_USER, l->user);
	if (l->interface)
		vpdn_ipc_put_text(&b, VPDN_TLV_ACCESS_INTERFACE, l->interface);
	if (l->mac)
		vpdn_ipc_put_bytes(&b, VPDN_TLV_PEER_MAC, mac, unhex(l->mac, mac, sizeof(mac)));
	if (l->circuit)
		vpdn_ipc_put_text(&b, VPDN_TLV_CIRCUIT_ID, l->circuit);
	if (l->remote)
		vpdn_ipc_put_text(&b, VPDN_TLV_REMOTE_ID, l->remote);
	if (l->called)
		vpdn_ipc_put_text(&b, VPDN_TLV_CALLED_NUMBER, l->called);
	assert_int_equal(vpdn_ipc_finish(&b), 0);
	memcpy(m.buf, b.w.buf, b.w.len);
	assert_int_equal(vpdn_ipc_parse(&m, b.w.len), 0);
	return &m;
}

static void selects(const struct vpdn_config *c, struct line l, const char *group, const char *value)
{
	struct vpdn_choice choice;

	vpdn_group_select(c, ask(&l), &choice);
	if (!group) {
		assert_null(choice.group);
		return;
	}
	assert_non_null(choice.group);
	assert_string_equal(choice.group->name, group);
	assert_string_equal(choice.value, value);
}

static void chosen_by_each_key(void **state)
{
	struct vpdn_config *c = config(ALL);

	(void)state;
	selects(c, (struct line){ .user = "alice@example.com" }, "domain", "example.com");
	selects(c, (struct line){ .user = "alice@x@EXAMPLE.com" }, "domain", "EXAMPLE.com");
	selects(c, (struct line){ .user = "alice@example.net" }, NULL, NULL);
	selects(c, (struct line){ .user = "example.com" }, NULL, NULL);
	selects(c, (struct line){ .user = "alice@" }, NULL, NULL);
	selects(c, (struct line){ .user = NULL }, NULL, NULL);
	selects(c, (struct line){ .called = "614629" }, "dnis", "614629");
	selects(c, (struct line){ .interface = "eth1" }, "line", "eth1");
	selects(c, (struct line){ .interface = "eth2", .mac = "020000000001" }, "line", "02:00:00:00:00:01");
	selects(c, (struct line){ .interface = "eth2", .circuit = "olt1 eth 0/3" }, "line", "olt1 eth 0/3");
	selects(c, (struct line){ .interface = "eth2", .remote = "remote7" }, "line", "remote7");
	vpdn_config_put(c);
}

static void search_order_decides(void **state)
{
	const struct line l = { .user = "alice@example.com", .interface = "eth1", .called = "614629" };
	struct vpdn_config *c = config(ALL);

	(void)state;
	selects(c, l, "line", "eth1");
	vpdn_config_put(c);
	c = config("search-order = { domain, dnis }\n" ALL);
	selects(c, l, "domain", "example.com");
	selects(c, (struct line){ .interface = "eth1", .called = "614629" }, "dnis", "614629");
	selects(c, (struct line){ .interface = "eth1" }, NULL, NULL);
	vpdn_config_put(c);
}

static void a_name_with_nul_matches_nothing(void **state)
{
	static struct vpdn_ipc_builder b;
	static struct vpdn_ipc_msg m;
	struct vpdn_config *c = config(ALL);
	struct vpdn_choice choice;

	(void)state;
	vpdn_ipc_begin(&b, VPDN_MSG_SUBSCRIBER_ASK, 0, 1);
	vpdn_ipc_put_u8(&b, VPDN_TLV_ACCESS, VPDN_ACCESS_PPPOE);
	vpdn_ipc_put_u32(&b, VPDN_TLV_PID, 1);
	vpdn_ipc_put_u32(&b, VPDN_TLV_HOLD_MS, 30000);
	vpdn_ipc_put_bytes(&b, VPDN_TLV_USER, "a@example.com\0@x", 16);
	assert_int_equal(vpdn_ipc_finish(&b), 0);
	memcpy(m.buf, b.w.buf, b.w.len);
	assert_int_equal(vpdn_ipc_parse(&m, b.w.len), 0);
	vpdn_group_select(c, &m, &choice);
	assert_null(choice.group);
	vpdn_config_put(c);
}

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
	assert_int_equal(vpdn_peer_choose(&u, g, 0, 1000, 7), 1);
	assert_int_equal(vpdn_peer_choose(&u, g, 1 << 1, 1000, 7), 0);
	assert_int_equal(vpdn_peer_choose(&u, g, 3, 1000, 7), -ENOENT);
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
		got[vpdn_peer_choose(&u, g, 0, 1000, r)]++;
	assert_int_equal(got[0], 100);
	assert_int_equal(got[1], 300);
	assert_int_equal(got[2], 0);
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
	assert_int_equal(vpdn_peer_choose(&u, g, 0, 4999, 0), 1);
	assert_int_equal(vpdn_peer_choose(&u, g, 0, 5000, 0), 0);
	/* All are dead: then the usual order holds. */
	usage(&u, &g->peers[1])->dead_until_ms = 5000;
	assert_int_equal(vpdn_peer_choose(&u, g, 0, 1000, 0), 0);
	vpdn_usage_prune(&u, NULL);
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
	assert_int_equal(vpdn_peer_choose(&u, g, 0, 1000, 0), 0);
	usage(&u, &g->peers[0])->sessions = 2;
	assert_int_equal(vpdn_peer_choose(&u, g, 0, 1000, 0), 1);
	usage(&u, &g->peers[1])->sessions = 1;
	assert_int_equal(vpdn_peer_choose(&u, g, 0, 1000, 0), -EUSERS);
	assert_int_equal(vpdn_peer_choose(&u, g, 1, 1000, 0), -EUSERS);
	whole->sessions = 2;
	assert_false(vpdn_usage_full(&u, VPDN_USAGE_GROUP, g->name, g->limit));
	whole->sessions = 3;
	assert_true(vpdn_usage_full(&u, VPDN_USAGE_GROUP, g->name, g->limit));
	/* What has sessions is never forgotten, whatever the configuration says. */
	vpdn_usage_prune(&u, NULL);
	assert_ptr_equal(vpdn_usage_find(&u, VPDN_USAGE_PEER, "g", &g->peers[0]), usage(&u, &g->peers[0]));
	whole->sessions = usage(&u, &g->peers[0])->sessions = usage(&u, &g->peers[1])->sessions = 0;
	vpdn_usage_prune(&u, c);
	assert_false(RB_EMPTY(&u));
	vpdn_usage_prune(&u, NULL);
	assert_true(RB_EMPTY(&u));
	vpdn_config_put(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chosen_by_each_key),
		cmocka_unit_test(search_order_decides),
		cmocka_unit_test(a_name_with_nul_matches_nothing),
		cmocka_unit_test(lowest_priority_first_then_failover),
		cmocka_unit_test(weights_share_the_calls),
		cmocka_unit_test(the_dead_come_last),
		cmocka_unit_test(limits_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
