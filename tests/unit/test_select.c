/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_select.c - which vpdn-group a subscriber belongs to: keys, their order, patterns, domains,
 * how a DNIS is made, the default group; and which calls are links of one bundle.
 */
#include "unit.h"

#include <stdbool.h>
#include <stdio.h>

#include "glue/select.h"
#include "unit_config.h"

#define GROUP(name, keys)	"vpdn-group " name " { request-dialin { protocol = l2tp " keys " }\n" \
				"initiate-to \"192.0.2.2\" { }\n tunnel-authentication = false }\n"
#define ALL	GROUP("line", "line = { eth1, \"02:00:00:00:00:01\", \"olt1 eth 0/3\", remote7 }") \
		GROUP("dnis", "dnis = 614629") GROUP("domain", "domain = { example.com }")

/* What a SUBSCRIBER_ASK may say of the line and user; NULL: nothing. */
struct line {
	const char *user, *interface, *mac, *circuit, *remote, *called, *service;
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
	if (l->service)
		vpdn_ipc_put_text(&b, VPDN_TLV_SERVICE_NAME, l->service);
	if (l->called)
		vpdn_ipc_put_text(&b, VPDN_TLV_CALLED_NUMBER, l->called);
	assert_int_equal(vpdn_ipc_finish(&b), 0);
	memcpy(m.buf, b.w.buf, b.w.len);
	assert_int_equal(vpdn_ipc_parse(&m, b.w.len), 0);
	return &m;
}

static void on_chosen(void *arg, const struct vpdn_choice *choice, struct vpdn_config *of)
{
	assert_ptr_equal(choice->group ? vpdn_config_group(of, choice->group->name) : NULL, choice->group);
	*(struct vpdn_choice *)arg = *choice;
}

/* vpdn.conf is the only source: the choice is made at once. */
static struct vpdn_choice choose(struct vpdn_config *c, const struct vpdn_question *q, struct vpdn_trace *t)
{
	struct vpdn_choice choice = { .verdict = VPDN_VERDICT_UNAVAILABLE };
	struct vpdn_select *s;

	assert_int_equal(vpdn_select_start(&s, &(struct vpdn_select_by){ .config = c, .q = q, .trace = t }, on_chosen, &choice), 0);
	assert_null(s);
	assert_int_equal(choice.verdict, choice.group ? VPDN_VERDICT_FORWARD : VPDN_VERDICT_LOCAL);
	return choice;
}

static void selects(struct vpdn_config *c, struct line l, const char *group, const char *by)
{
	struct vpdn_trace trace = { 0 };
	struct vpdn_question q;
	struct vpdn_choice choice;

	vpdn_question_from_ask(&q, c, ask(&l));
	choice = choose(c, &q, &trace);
	assert_true(trace.len && trace.text[trace.len - 1] == '\n');
	vpdn_trace_free(&trace);
	if (!group) {
		assert_null(choice.group);
		return;
	}
	assert_non_null(choice.group);
	assert_string_equal(choice.group->name, group);
	assert_string_equal(choice.by, by);
}

/* The trace has that text. */
static void traces(struct vpdn_config *c, struct line l, const char *text)
{
	struct vpdn_trace trace = { 0 };
	struct vpdn_question q;
	char *all;

	vpdn_question_from_ask(&q, c, ask(&l));
	choose(c, &q, &trace);
	all = strndup(trace.text, trace.len);
	if (!strstr(all, text))
		fail_msg("\"%s\" is not in: %s", text, all);
	free(all);
	vpdn_trace_free(&trace);
}

static void chosen_by_each_key(void **state)
{
	struct vpdn_config *c = config(ALL);

	(void)state;
	selects(c, (struct line){ .user = "alice@example.com" }, "domain", "domain \"example.com\"");
	selects(c, (struct line){ .user = "alice@x@EXAMPLE.com" }, "domain", "domain \"example.com\"");
	selects(c, (struct line){ .user = "alice@example.net" }, NULL, NULL);
	selects(c, (struct line){ .user = "example.com" }, NULL, NULL);
	selects(c, (struct line){ .user = "alice@" }, NULL, NULL);
	selects(c, (struct line){ .user = NULL }, NULL, NULL);
	selects(c, (struct line){ .called = "614629" }, "dnis", "dnis \"614629\"");
	selects(c, (struct line){ .interface = "eth1" }, "line", "line \"eth1\"");
	selects(c, (struct line){ .interface = "eth2", .mac = "020000000001" }, "line", "line \"02:00:00:00:00:01\"");
	selects(c, (struct line){ .interface = "eth2", .circuit = "olt1 eth 0/3" }, "line", "line \"olt1 eth 0/3\"");
	selects(c, (struct line){ .interface = "eth2", .remote = "remote7" }, "line", "line \"remote7\"");
	vpdn_config_put(c);
}

static void search_order_decides(void **state)
{
	static const struct {
		const char *order, *group;
	} cases[] = {
		{ "", "line" }, { "search-order = { line, domain, dnis }\n", "line" }, { "search-order = { dnis, line, domain }\n", "dnis" },
		{ "search-order = { dnis, domain, line }\n", "dnis" }, { "search-order = { domain, line, dnis }\n", "domain" },
		{ "search-order = { domain, dnis }\n", "domain" },
	};
	const struct line l = { .user = "alice@example.com", .interface = "eth1", .called = "614629" };
	struct vpdn_config *c;
	char text[1024], by[64];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		snprintf(text, sizeof(text), "%s%s", cases[i].order, ALL);
		snprintf(by, sizeof(by), "%s", !strcmp(cases[i].group, "line") ? "line \"eth1\"" :
			 !strcmp(cases[i].group, "dnis") ? "dnis \"614629\"" : "domain \"example.com\"");
		c = config(text);
		selects(c, l, cases[i].group, by);
		vpdn_config_put(c);
	}
	/* What is not in the order is not looked for. */
	c = config("search-order = { domain, dnis }\n" ALL);
	selects(c, (struct line){ .interface = "eth1" }, NULL, NULL);
	vpdn_config_put(c);
}

static void a_name_with_nul_matches_nothing(void **state)
{
	static struct vpdn_ipc_builder b;
	static struct vpdn_ipc_msg m;
	struct vpdn_config *c = config(ALL);
	struct vpdn_trace trace = { 0 };
	struct vpdn_question q;
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
	vpdn_question_from_ask(&q, c, &m);
	choice = choose(c, &q, &trace);
	assert_null(choice.group);
	vpdn_trace_free(&trace);
	vpdn_config_put(c);
}

static void wildcards_of_domains(void **state)
{
	struct vpdn_config *c = config(GROUP("all", "domain = { \"*.example.com\" }") GROUP("east", "domain = { \"*.East.example.com\" }")
				       GROUP("one", "domain = { \"a.east.example.com\", \"example.com\" }"));

	(void)state;
	selects(c, (struct line){ .user = "u@a.east.example.com" }, "one", "domain \"a.east.example.com\"");
	selects(c, (struct line){ .user = "u@b.EAST.example.com" }, "east", "domain \"*.East.example.com\"");
	selects(c, (struct line){ .user = "u@x.b.east.example.com" }, "east", "domain \"*.East.example.com\"");
	selects(c, (struct line){ .user = "u@west.example.com" }, "all", "domain \"*.example.com\"");
	selects(c, (struct line){ .user = "u@east.example.com" }, "all", "domain \"*.example.com\"");
	/* Not the domain itself, nor one that ends alike; an asterisk that a subscriber says is a label like others. */
	selects(c, (struct line){ .user = "u@example.com" }, "one", "domain \"example.com\"");
	selects(c, (struct line){ .user = "u@xexample.com" }, NULL, NULL);
	selects(c, (struct line){ .user = "u@.example.com" }, NULL, NULL);
	selects(c, (struct line){ .user = "u@com" }, NULL, NULL);
	selects(c, (struct line){ .user = "u@*.example.com" }, "all", "domain \"*.example.com\"");
	selects(c, (struct line){ .user = "u@*.com" }, NULL, NULL);
	vpdn_config_put(c);
}

static void delimiters_and_position(void **state)
{
	struct vpdn_config *c = config("domain-delimiters = \"@%\"\n" GROUP("g", "domain = corp"));

	(void)state;
	selects(c, (struct line){ .user = "alice%corp" }, "g", "domain \"corp\"");
	selects(c, (struct line){ .user = "alice%x@corp" }, "g", "domain \"corp\"");
	selects(c, (struct line){ .user = "alice@x%corp" }, "g", "domain \"corp\"");
	selects(c, (struct line){ .user = "alice#corp" }, NULL, NULL);
	selects(c, (struct line){ .user = "corp%alice" }, NULL, NULL);
	vpdn_config_put(c);
	c = config("domain-delimiters = \"\\\\/\" domain-position = prefix\n" GROUP("g", "domain = corp"));
	selects(c, (struct line){ .user = "CORP\\alice" }, "g", "domain \"corp\"");
	selects(c, (struct line){ .user = "corp/x\\alice" }, "g", "domain \"corp\"");
	selects(c, (struct line){ .user = "alice@corp" }, NULL, NULL);
	selects(c, (struct line){ .user = "/alice" }, NULL, NULL);
	vpdn_config_put(c);
}

static void strips(const struct vpdn_config *c, const char *user, size_t len, const char *name, size_t name_len)
{
	uint8_t *octets = exact(user, len);
	size_t n = len;
	const uint8_t *p = vpdn_domain_strip(c, octets, &n);

	assert_int_equal(n, name_len);
	assert_memory_equal(p, name, n);
	free(octets);
}

static void names_without_domain(void **state)
{
	struct vpdn_config *c = config("");

	(void)state;
	strips(c, "alice@example.com", 17, "alice", 5);
	strips(c, "a@b@c", 5, "a@b", 3);
	strips(c, "alice", 5, "alice", 5);
	strips(c, "alice@", 6, "alice", 5);
	strips(c, "@example.com", 12, "@example.com", 12);
	strips(c, "a\0b@c", 5, "a\0b", 3);
	strips(c, "", 0, "", 0);
	vpdn_config_put(c);
	c = config("domain-delimiters = \"\\\\\" domain-position = prefix\n");
	strips(c, "CORP\\alice", 10, "alice", 5);
	strips(c, "CORP\\", 5, "CORP\\", 5);
	strips(c, "\\alice", 6, "alice", 5);
	vpdn_config_put(c);
}

static void patterns_of_lines(void **state)
{
	struct vpdn_config *c = config(GROUP("vlan", "line = { \"eth1.*\", \"eth1.1??\" }") GROUP("hundred", "line = \"eth1.100\"")
				       GROUP("vendor", "line = \"02:00:5E:*\"") GROUP("pon", "line = { \"circuit:pon 1/*\", \"remote:[ab]*\" }")
				       GROUP("exact", "line = { \"circuit:pon 1/7\", \"remote:circuit:x\", both }"));

	(void)state;
	selects(c, (struct line){ .interface = "eth1.100" }, "hundred", "line \"eth1.100\"");
	selects(c, (struct line){ .interface = "eth1.101" }, "vlan", "line \"eth1.*\"");
	selects(c, (struct line){ .interface = "eth1" }, NULL, NULL);
	selects(c, (struct line){ .interface = "eth1.*" }, "vlan", "line \"eth1.*\"");
	selects(c, (struct line){ .interface = "eth2", .mac = "02005e112233" }, "vendor", "line \"02:00:5E:*\"");
	selects(c, (struct line){ .interface = "eth2", .mac = "02005f112233" }, NULL, NULL);
	selects(c, (struct line){ .circuit = "PON 1/3/2" }, "pon", "line \"circuit:pon 1/*\"");
	selects(c, (struct line){ .circuit = "pon 1/7" }, "exact", "line \"circuit:pon 1/7\"");
	selects(c, (struct line){ .remote = "pon 1/7" }, NULL, NULL);
	selects(c, (struct line){ .remote = "b5" }, "pon", "line \"remote:[ab]*\"");
	selects(c, (struct line){ .circuit = "b5" }, NULL, NULL);
	selects(c, (struct line){ .remote = "both" }, "exact", "line \"both\"");
	selects(c, (struct line){ .circuit = "both" }, "exact", "line \"both\"");
	/* An exact value of any kind before a pattern of an earlier one. */
	selects(c, (struct line){ .interface = "eth1.5", .circuit = "pon 1/7" }, "exact", "line \"circuit:pon 1/7\"");
	/* A subscriber's circuit id is a circuit id, whatever it looks like. */
	selects(c, (struct line){ .circuit = "remote:circuit:x" }, NULL, NULL);
	selects(c, (struct line){ .circuit = "circuit:pon 1/7" }, NULL, NULL);
	selects(c, (struct line){ .circuit = "eth1.9" }, NULL, NULL);
	selects(c, (struct line){ .remote = "circuit:x" }, "exact", "line \"remote:circuit:x\"");
	vpdn_config_put(c);
}

static void a_dnis_is_made(void **state)
{
	struct vpdn_config *c = config("dnis-from { service-name = \"^dial-([0-9]+)$\" circuit-id = \"[0-9]{6}\" }\n"
				       GROUP("dnis", "dnis = 614629") GROUP("other", "dnis = 777"));

	(void)state;
	selects(c, (struct line){ .service = "dial-614629" }, "dnis", "dnis \"614629\"");
	selects(c, (struct line){ .service = "dial-614629x" }, NULL, NULL);
	selects(c, (struct line){ .circuit = "pon 614629/1" }, "dnis", "dnis \"614629\"");
	selects(c, (struct line){ .service = "dial-777", .circuit = "614629" }, "other", "dnis \"777\"");
	selects(c, (struct line){ .service = "internet", .circuit = "614629" }, "dnis", "dnis \"614629\"");
	/* A number that was said is not made. */
	selects(c, (struct line){ .service = "dial-614629", .called = "777" }, "other", "dnis \"777\"");
	selects(c, (struct line){ .service = "dial-614629", .called = "1" }, NULL, NULL);
	traces(c, (struct line){ .service = "dial-614629" }, "dnis from service-name: \"614629\": vpdn-group dnis has dnis \"614629\"");
	traces(c, (struct line){ .service = "x" }, "dnis: there is no called number");
	vpdn_config_put(c);
	/* What a pattern makes must be a number: not empty, not endless, nothing that cannot be printed. */
	c = config("dnis-from { service-name = \"x(.*)\" }\n" GROUP("g", "default = true"));
	traces(c, (struct line){ .service = "x" }, "there is no called number");
	traces(c, (struct line){ .service = "x1\n2" }, "there is no called number");
	traces(c, (struct line){ .service = "x00000000001111111111222222222233333333334444444444555555555566666" }, "there is no called number");
	traces(c, (struct line){ .service = "x0000000000111111111122222222223333333333444444444455555555556666" }, "no vpdn-group has it");
	vpdn_config_put(c);
}

static void the_default_comes_last(void **state)
{
	struct vpdn_config *c = config(GROUP("rest", "default = true domain = y") GROUP("x", "domain = x"));

	(void)state;
	selects(c, (struct line){ .user = "a@x" }, "x", "domain \"x\"");
	selects(c, (struct line){ .user = "a@y" }, "rest", "domain \"y\"");
	selects(c, (struct line){ .user = "a@z" }, "rest", "default = true");
	selects(c, (struct line){ .user = "bob" }, "rest", "default = true");
	selects(c, (struct line){ .interface = "eth0" }, "rest", "default = true");
	vpdn_config_put(c);
}

static void what_a_subscriber_said_is_printable(void **state)
{
	struct vpdn_config *c = config(ALL);

	(void)state;
	traces(c, (struct line){ .user = "a@\x1b[2J\"\n" }, "domain \"\\x1b[2J\\x22\\x0a\": no vpdn-group has it\n");
	traces(c, (struct line){ .circuit = "\xff" }, "line: circuit id \"\\xff\"");
	vpdn_config_put(c);
}

static void a_trace_ends(void **state)
{
	struct vpdn_trace t = { 0 };
	size_t at = 0, len, n = 0;
	const char *line, *last = "";

	(void)state;
	assert_null(vpdn_trace_next(&t, &at, &len));
	for (int i = 0; i < 1000; i++)
		vpdn_trace_add(&t, "%0100d", i);
	while ((line = vpdn_trace_next(&t, &at, &len))) {
		last = line;
		n++;
	}
	assert_in_range(n, 40, 43);
	assert_memory_equal(last, "(further steps", 14);
	vpdn_trace_free(&t);
	assert_null(t.text);
}

/* The hash of a call's bundle; *multilink: whether it is one. */
static uint64_t bundle(const char *user, const char *first, const char *last, bool *multilink)
{
	static struct vpdn_ipc_builder b;
	static struct vpdn_ipc_msg m;
	struct vpdn_config *c = config("");
	struct vpdn_question q;
	uint8_t lcp[64];

	vpdn_ipc_begin(&b, VPDN_MSG_SUBSCRIBER_ASK, 0, 1);
	vpdn_ipc_put_u8(&b, VPDN_TLV_ACCESS, VPDN_ACCESS_PPPOE);
	vpdn_ipc_put_u32(&b, VPDN_TLV_PID, 1);
	vpdn_ipc_put_u32(&b, VPDN_TLV_HOLD_MS, 30000);
	vpdn_ipc_put_text(&b, VPDN_TLV_USER, user);
	if (first)
		vpdn_ipc_put_bytes(&b, VPDN_TLV_PROXY_INITIAL_RCVD, lcp, unhex(first, lcp, sizeof(lcp)));
	if (last)
		vpdn_ipc_put_bytes(&b, VPDN_TLV_PROXY_LAST_RCVD, lcp, unhex(last, lcp, sizeof(lcp)));
	assert_int_equal(vpdn_ipc_finish(&b), 0);
	memcpy(m.buf, b.w.buf, b.w.len);
	assert_int_equal(vpdn_ipc_parse(&m, b.w.len), 0);
	vpdn_question_from_ask(&q, c, &m);
	vpdn_config_put(c);
	*multilink = q.multilink;
	return q.bundle;
}

/* RFC 1990: MRRU is option 17, the endpoint discriminator 19; here class 3, an Ethernet address. */
#define MRRU	"11 04 05dc"
#define ED(n)	"13 09 03 0200000000" #n
#define MAGIC(n) "05 06 000000" #n

static void links_of_one_bundle(void **state)
{
	bool ml;
	uint64_t one;

	(void)state;
	bundle("a", NULL, NULL, &ml);
	assert_false(ml);
	bundle("a", MAGIC(01), MAGIC(01) ED(01), &ml);
	assert_false(ml);
	one = bundle("a", NULL, MAGIC(01) MRRU ED(01), &ml);
	assert_true(ml);
	/* Another link of it: other magic number, another order of options, asked for at first only. */
	assert_int_equal(one, bundle("a", NULL, ED(01) MRRU MAGIC(02), &ml));
	assert_int_equal(one, bundle("a", MRRU ED(01), MAGIC(02), &ml));
	assert_true(ml);
	assert_int_equal(one, bundle("a", MRRU ED(01), MAGIC(02) ED(01), &ml));
	/* Others. */
	assert_int_not_equal(one, bundle("b", NULL, MRRU ED(01), &ml));
	assert_int_not_equal(one, bundle("a", NULL, MRRU ED(02), &ml));
	assert_int_not_equal(one, bundle("a", NULL, MRRU, &ml));
	assert_true(ml);
	/* Damaged options are no reason to fail. */
	bundle("a", "11 ff", "11", &ml);
	assert_false(ml);
	/* The same on every host and in every version: calls of one bundle may come to several LACs. */
	assert_true(one == UINT64_C(0xc9091293f4b2f95c));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chosen_by_each_key),
		cmocka_unit_test(search_order_decides),
		cmocka_unit_test(a_name_with_nul_matches_nothing),
		cmocka_unit_test(wildcards_of_domains),
		cmocka_unit_test(delimiters_and_position),
		cmocka_unit_test(names_without_domain),
		cmocka_unit_test(patterns_of_lines),
		cmocka_unit_test(a_dnis_is_made),
		cmocka_unit_test(the_default_comes_last),
		cmocka_unit_test(what_a_subscriber_said_is_printable),
		cmocka_unit_test(a_trace_ends),
		cmocka_unit_test(links_of_one_bundle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
