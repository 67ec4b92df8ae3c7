/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_aaa_answer.c - tunnels in the terms of RFC 2868 become a group that calls are placed by, and JSON becomes
 * these: what is right, and for what is wrong the place and the reason.
 */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>

#include "glue/aaa_answer.h"
#include "glue/aaa_cache.h"
#include "glue/aaa_json.h"

static struct vpdn_config *config;
static struct vpdn_question question;
static struct vpdn_query query;

static int make_query(void **state)
{
	(void)state;
	config = vpdn_config_new("/etc/vpdn/vpdn.conf");
	assert_non_null(config);
	free(config->delimiters);
	config->delimiters = strdup("@%");
	config->domain_first = true;
	config->dead_s = 17;
	query = (struct vpdn_query){ .config = config, .q = &question, .kind = VPDN_KEY_DOMAIN, .key = "example.com" };
	return 0;
}

static int drop_query(void **state)
{
	(void)state;
	vpdn_config_put(config);
	return 0;
}

/* ---- RFC 2868 ---- */

static struct vpdn_tunnel_def tunnel(const char *server)
{
	struct vpdn_tunnel_def t = { .preference = 1, .weight = 1, .tunnel_auth = true, .password = "secret", .client_auth_id = "LAC" };

	t.server.s_addr = inet_addr(server);
	return t;
}

static void tunnels_become_a_group(void **state)
{
	struct vpdn_answer_opts o = VPDN_ANSWER_OPTS;
	struct vpdn_tunnel_def t[] = { tunnel("192.0.2.2"), tunnel("192.0.2.3") };
	struct vpdn_answer a = { 0 };
	const struct vpdn_peer *p;

	(void)state;
	o.strip_domain = true;
	o.hello_s = 30;
	o.limit = 9;
	t[0].weight = 3;
	t[0].limit = 100;
	t[0].tunnel_limit = 4;
	t[1].port = 1702;
	t[1].preference = 2;
	t[1].client.s_addr = inet_addr("192.0.2.1");
	strcpy(t[1].client_auth_id, "LAC2");
	strcpy(t[1].password, "other");
	assert_int_equal(vpdn_answer_from_tunnels("radius", &query, &o, t, 2, &a), 0);
	assert_int_equal(a.verdict, VPDN_VERDICT_FORWARD);
	assert_ptr_equal(a.group, vpdn_config_group(a.config, "radius:example.com"));
	assert_string_equal(a.config->delimiters, "@%");
	assert_true(a.config->domain_first);
	assert_int_equal(a.config->dead_s, 17);
	assert_int_equal(a.group->requests, 1);
	assert_int_equal(a.group->hello_s, 30);
	assert_int_equal(a.group->opened_idle_s, 15);
	assert_int_equal(a.group->connect_timeout_s, 10);
	assert_int_equal(a.group->limit, 9);
	assert_true(a.group->strip_domain);
	assert_int_equal(a.group->n_peers, 2);
	p = a.group->peers;
	assert_int_equal(p[0].addr.s_addr, inet_addr("192.0.2.2"));
	assert_int_equal(p[0].port, 1701);
	assert_int_equal(p[0].weight, 3);
	assert_int_equal(p[0].limit, 100);
	assert_int_equal(p[0].tunnel_limit, 4);
	assert_string_equal(p[0].local_name, "LAC");
	assert_string_equal(p[0].tunnel_password, "secret");
	assert_int_equal(p[1].port, 1702);
	assert_int_equal(p[1].priority, 2);
	assert_int_equal(p[1].source_ip.s_addr, inet_addr("192.0.2.1"));
	assert_string_equal(p[1].local_name, "LAC2");
	assert_string_equal(p[1].tunnel_password, "other");
	vpdn_config_put(a.config);
}

static void names_are_made_fit(void **state)
{
	char key[300];
	struct vpdn_answer_opts o = VPDN_ANSWER_OPTS;
	struct vpdn_tunnel_def t = tunnel("192.0.2.2");
	struct vpdn_answer a = { 0 };

	(void)state;
	o.name = "a b/c\"\xff.x-y_z";
	assert_int_equal(vpdn_answer_from_tunnels("http", &query, &o, &t, 1, &a), 0);
	assert_string_equal(a.group->name, "http:a_b_c__.x-y_z");
	vpdn_config_put(a.config);
	memset(key, 'k', sizeof(key));
	key[sizeof(key) - 1] = '\0';
	o.name = key;
	*t.client_auth_id = '\0';
	assert_int_equal(vpdn_answer_from_tunnels("http", &query, &o, &t, 1, &a), 0);
	assert_int_equal(strlen(a.group->name), VPDN_NAME_MAX);
	assert_true(*a.group->peers[0].local_name);
	vpdn_config_put(a.config);
}

static void wrong_tunnels(void **state)
{
	static struct vpdn_tunnel_def many[VPDN_PEERS_MAX + 1];
	const struct {
		struct vpdn_tunnel_def t;
		struct vpdn_answer_opts o;
		const char *said;
	} rows[] = {
#define ROW(said, ...)	{ ({ struct vpdn_tunnel_def t = tunnel("192.0.2.2"); __VA_ARGS__; t; }), VPDN_ANSWER_OPTS, said }
		ROW("tunnel 1: wrong server address 224.0.0.1; allowed: an IPv4 address", t.server.s_addr = inet_addr("224.0.0.1")),
		ROW("tunnel 1: wrong server address 0.0.0.0", t.server.s_addr = 0),
		ROW("tunnel 1 (tag 5): wrong client address 255.255.255.255", t.tag = 5; t.client.s_addr = INADDR_NONE),
		ROW("wrong preference 16777216", t.preference = 0x1000000),
		ROW("wrong weight 0; allowed: 1 to 65535", t.weight = 0),
		ROW("wrong limit 65536", t.limit = 65536),
		ROW("wrong tunnel limit 65536", t.tunnel_limit = 65536),
		ROW("wrong client name", strcpy(t.client_auth_id, "L AC")),
		ROW("wrong password", strcpy(t.password, "sec\nret")),
		ROW("has no password", *t.password = '\0'),
	};
	struct vpdn_answer_opts o = VPDN_ANSWER_OPTS;
	struct vpdn_tunnel_def t = tunnel("192.0.2.2");
	struct vpdn_answer a;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		memset(&a, 0, sizeof(a));
		assert_int_equal(vpdn_answer_from_tunnels("radius", &query, &rows[i].o, &rows[i].t, 1, &a), -EINVAL);
		assert_int_equal(a.verdict, VPDN_VERDICT_UNAVAILABLE);
		assert_null(a.config);
		if (!strstr(a.text, rows[i].said) || strstr(a.text, "sec\nret"))
			fail_msg("\"%s\" instead of \"%s\"", a.text, rows[i].said);
	}
	o.hidden = true;
	t.tunnel_auth = false;
	assert_int_equal(vpdn_answer_from_tunnels("radius", &query, &o, &t, 1, &a), -EINVAL);
	assert_int_equal(vpdn_answer_from_tunnels("radius", &query, &VPDN_ANSWER_OPTS, &t, 0, &a), -EINVAL);
	for (size_t i = 0; i < COUNT(many); i++)
		many[i] = tunnel("192.0.2.2");
	assert_int_equal(vpdn_answer_from_tunnels("radius", &query, &VPDN_ANSWER_OPTS, many, COUNT(many), &a), -EINVAL);
	assert_int_equal(vpdn_answer_from_tunnels("radius", &query, &VPDN_ANSWER_OPTS, many, VPDN_PEERS_MAX, &a), 0);
	vpdn_config_put(a.config);
}

/* ---- JSON ---- */

static int read_json(const char *text, struct vpdn_answer *a, struct vpdn_answer_life *life)
{
	size_t len = strlen(text);
	uint8_t *copy = exact(text, len);
	int rc;

	memset(a, 0, sizeof(*a));
	rc = vpdn_answer_from_json("http", &query, (const char *)copy, len, a, life);
	free(copy);
	return rc;
}

#define TO	"\"server_endpoint\": \"192.0.2.2\", \"password\": \"hush\""

static void json_forward(void **state)
{
	struct vpdn_answer_life life;
	struct vpdn_answer a;
	const struct vpdn_peer *p;

	(void)state;
	assert_int_equal(read_json("{\"version\": 1, \"result\": \"forward\", \"text\": \"as bought\", \"ttl\": 90, \"valid_for\": [\"domain\", \"dnis\"],"
				   " \"name\": \"corp\", \"limit\": 5, \"strip_domain\": true, \"hidden\": true, \"hello\": 20, \"idle_timeout\": 0,"
				   " \"connect_timeout\": 3, \"tunnel_limit\": 6, \"tunnel_sessions\": 100, \"tunnel_own\": true, \"x_ticket\": [1], \"tunnels\": [{\"type\": \"l2tp\", \"medium\": \"IPv4\", " TO ","
				   " \"port\": 1702, \"client_endpoint\": \"192.0.2.1\", \"client_auth_id\": \"LAC\", \"server_auth_id\": \"LNS\","
				   " \"assignment_id\": \"7\", \"preference\": 4, \"weight\": 2, \"limit\": 8, \"tunnel_limit\": 1, \"x_y\": null}]}",
				   &a, &life), 0);
	assert_int_equal(a.verdict, VPDN_VERDICT_FORWARD);
	assert_string_equal(a.text, "forward, 1 tunnel: as bought");
	assert_string_equal(a.group->name, "http:corp");
	assert_true(life.has_ttl);
	assert_int_equal(life.ttl_s, 90);
	assert_int_equal(life.valid_for, VPDN_VALID_DOMAIN | VPDN_VALID_DNIS);
	assert_true(a.group->strip_domain);
	assert_true(a.group->hidden);
	assert_int_equal(a.group->limit, 5);
	assert_int_equal(a.group->tunnel_limit, 6);
	assert_int_equal(a.group->tunnel_sessions, 100);
	assert_true(a.group->tunnel_own);
	assert_int_equal(a.group->hello_s, 20);
	assert_int_equal(a.group->opened_idle_s, 0);
	assert_int_equal(a.group->connect_timeout_s, 3);
	p = a.group->peers;
	assert_int_equal(p->port, 1702);
	assert_int_equal(p->priority, 4);
	assert_int_equal(p->weight, 2);
	assert_int_equal(p->limit, 8);
	assert_int_equal(p->tunnel_limit, 1);
	assert_int_equal(p->source_ip.s_addr, inet_addr("192.0.2.1"));
	assert_string_equal(p->tunnel_password, "hush");
	assert_string_equal(p->remote_name, "LNS");
	vpdn_config_put(a.config);

	/* As little as possible; the password of the one before is not left over. */
	assert_int_equal(read_json("{\"result\": \"forward\", \"tunnels\": [{\"server_endpoint\": \"192.0.2.2\", \"authentication\": false}]}", &a, &life), 0);
	assert_string_equal(a.group->name, "http:example.com");
	assert_null(a.group->peers[0].tunnel_password);
	assert_null(a.group->peers[0].remote_name);
	assert_false(life.has_ttl);
	assert_int_equal(life.valid_for, 0);
	vpdn_config_put(a.config);
}

static void json_others(void **state)
{
	struct vpdn_answer_life life;
	struct vpdn_answer a;

	(void)state;
	assert_int_equal(read_json("{\"result\": \"local\"}", &a, &life), 0);
	assert_int_equal(a.verdict, VPDN_VERDICT_LOCAL);
	assert_int_equal(read_json("{\"result\": \"nothing\"}", &a, &life), 0);
	assert_int_equal(a.verdict, VPDN_VERDICT_NOTHING);
	assert_int_equal(read_json("{\"result\": \"reject\", \"text\": \"unpaid\", \"ttl\": 0}", &a, &life), 0);
	assert_int_equal(a.verdict, VPDN_VERDICT_REJECT);
	assert_string_equal(a.text, "reject: unpaid");
	assert_true(life.has_ttl);
	assert_null(a.config);
}

static void json_wrong(void **state)
{
	static const struct {
		const char *text, *said;
	} rows[] = {
		{ "", "answer: is no JSON: line 1" },
		{ "{\"result\": \"forward\", \"password\": hush}", "answer: is no JSON: line 1, column" },
		{ "[]", "answer: is no object" },
		{ "{}", "answer: result: is missing; allowed: forward, local, reject, nothing" },
		{ "{\"result\": \"Local\"}", "answer: result: wrong value; allowed" },
		{ "{\"result\": 1}", "answer: result: wrong value" },
		{ "{\"result\": \"local\", \"result\": \"reject\"}", "is no JSON" },
		{ "{\"result\": \"local\", \"tunnels\": []}", "answer: tunnels: only with the result forward" },
		{ "{\"result\": \"local\", \"version\": 2}", "answer: version: wrong value; allowed: a whole number from 1 to 1" },
		{ "{\"result\": \"local\", \"ttl\": -1}", "answer: ttl: wrong value; allowed: a whole number from 0 to 2592000" },
		{ "{\"result\": \"local\", \"ttl\": 1.5}", "answer: ttl: wrong value" },
		{ "{\"result\": \"local\", \"ttl\": 4294967296}", "answer: ttl: wrong value" },
		{ "{\"result\": \"local\", \"text\": \"a\\nb\"}", "answer: text: wrong value; allowed: a text of 0 to 127 printable" },
		{ "{\"result\": \"local\", \"hush\\u0007\": 1}", "answer: hush\\x07: is not known here" },
		{ "{\"result\": \"local\", \"valid_for\": []}", "answer: valid_for: wrong value" },
		{ "{\"result\": \"local\", \"valid_for\": \"user\"}", "answer: valid_for: wrong value" },
		{ "{\"result\": \"local\", \"valid_for\": [\"user\", \"user\"]}", "each of user, domain, dnis, line once" },
		{ "{\"result\": \"forward\"}", "answer: tunnels: wrong value; needed: an array of 1 to 64" },
		{ "{\"result\": \"forward\", \"tunnels\": {}}", "answer: tunnels: wrong value" },
		{ "{\"result\": \"forward\", \"tunnels\": [3]}", "answer: tunnels[0]: is no object" },
		{ "{\"result\": \"forward\", \"tunnels\": [{\"password\": \"hush\"}]}", "answer: tunnels[0].server_endpoint: is missing" },
		{ "{\"result\": \"forward\", \"tunnels\": [{\"server_endpoint\": \"lns.example\", \"password\": \"hush\"}]}",
		  "answer: tunnels[0].server_endpoint: wrong value; allowed: an IPv4 address" },
		{ "{\"result\": \"forward\", \"tunnels\": [{" TO "}, {\"server_endpoint\": \"192.0.2.3\"}]}",
		  "answer: tunnels[1].password: is missing" },
		{ "{\"result\": \"forward\", \"tunnels\": [{" TO ", \"type\": \"PPTP\"}]}", "answer: tunnels[0].type: wrong value; allowed: \"L2TP\"" },
		{ "{\"result\": \"forward\", \"tunnels\": [{" TO ", \"medium\": 4}]}", "tunnels[0].medium: wrong value; allowed: \"IPv4\"" },
		{ "{\"result\": \"forward\", \"tunnels\": [{" TO ", \"port\": 65536}]}", "tunnels[0].port: wrong value; allowed: a whole number from 1" },
		{ "{\"result\": \"forward\", \"tunnels\": [{" TO ", \"port\": \"1701\"}]}", "tunnels[0].port: wrong value" },
		{ "{\"result\": \"forward\", \"tunnels\": [{" TO ", \"authentication\": 1}]}", "tunnels[0].authentication: wrong value; allowed: true, false" },
		{ "{\"result\": \"forward\", \"tunnels\": [{" TO ", \"client_auth_id\": \"a b\"}]}", "tunnel 1: wrong client name" },
		{ "{\"result\": \"forward\", \"hello\": 0, \"tunnels\": [{" TO "}]}", "answer: hello: wrong value; allowed: a whole number from 1" },
	};
	struct vpdn_answer_life life;
	struct vpdn_answer a;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(read_json(rows[i].text, &a, &life), -EINVAL);
		assert_int_equal(a.verdict, VPDN_VERDICT_UNAVAILABLE);
		assert_null(a.config);
		if (!strstr(a.text, rows[i].said) || strstr(a.text, "hush}") || strstr(a.text, "\"hush\""))
			fail_msg("\"%s\" instead of \"%s\"", a.text, rows[i].said);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tunnels_become_a_group),
		cmocka_unit_test(names_are_made_fit),
		cmocka_unit_test(wrong_tunnels),
		cmocka_unit_test(json_forward),
		cmocka_unit_test(json_others),
		cmocka_unit_test(json_wrong),
	};

	return cmocka_run_group_tests(tests, make_query, drop_query);
}
