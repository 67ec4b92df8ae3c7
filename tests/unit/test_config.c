/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_config.c - vpdn.conf: what is accepted, the defaults, and for each mistake the
 * line it is reported on and what is said to be allowed.
 */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "glue/config.h"
#include "proxy.h"

static char path[] = "/tmp/vpdn-test-config-XXXXXX";

static int make_file(void **state)
{
	(void)state;
	return mkstemp(path) < 0 ? -1 : 0;
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

static int load(const char *text, struct vpdn_config **c, char *err, size_t size)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	*err = '\0';
	return vpdn_config_load(path, c, err, size);
}

static struct vpdn_config *good(const char *text)
{
	struct vpdn_config *c = NULL;
	char err[1024];

	if (load(text, &c, err, sizeof(err)))
		fail_msg("%s", err);
	return c;
}

/* Refused, on that line, and the complaint has both words in it. */
static void bad(const char *text, unsigned int line, const char *what, const char *allowed)
{
	struct vpdn_config *c = NULL;
	char err[1024], where[128];

	assert_int_equal(load(text, &c, err, sizeof(err)), -EINVAL);
	snprintf(where, sizeof(where), "%s:%u: ", path, line);
	if (strncmp(err, where, strlen(where)) || !strstr(err, what) || !strstr(err, allowed))
		fail_msg("expected %s... %s ... %s\n     got: %s", where, what, allowed, err);
}

#define REQUEST	"request-dialin { protocol = l2tp domain = \"example.com\" }\n"
#define TO	"initiate-to \"192.0.2.2\" { }\n"
#define SECRET	"tunnel-password = \"s\"\n"
#define ACCEPT	"accept-dialin { protocol = l2tp ppp-template = corp }\n"

static void empty_file_is_right(void **state)
{
	struct vpdn_config *c = good("# nothing\n");

	(void)state;
	assert_true(TAILQ_EMPTY(&c->groups));
	assert_int_equal(c->dead_s, 60);
	assert_int_equal(c->n_search_order, 3);
	assert_int_equal(c->search_order[0], VPDN_KEY_LINE);
	assert_int_equal(c->search_order[1], VPDN_KEY_DNIS);
	assert_int_equal(c->search_order[2], VPDN_KEY_DOMAIN);
	assert_false(c->has_secrets);
	vpdn_config_put(c);
}

static void request_group_and_defaults(void **state)
{
	struct vpdn_config *c = good("vpdn-group corp {\n" REQUEST TO SECRET "}\n");
	const struct vpdn_group *g = TAILQ_FIRST(&c->groups);
	char host[65] = "";

	(void)state;
	assert_string_equal(g->name, "corp");
	assert_false(g->accepts);
	assert_true(g->tunnel_auth);
	assert_string_equal(g->tunnel_password, "s");
	assert_int_equal(g->idle_s, 15);
	assert_int_equal(g->hello_s, 60);
	assert_int_equal(g->connect_timeout_s, 10);
	assert_int_equal(g->limit, 0);
	assert_int_equal(g->source_ip.s_addr, INADDR_ANY);
	assert_int_equal(g->n_lns, 1);
	assert_int_equal(g->lns[0].addr.s_addr, inet_addr("192.0.2.2"));
	assert_int_equal(g->lns[0].port, 1701);
	assert_int_equal(g->lns[0].priority, 1);
	assert_int_equal(g->lns[0].weight, 1);
	assert_int_equal(g->lns[0].limit, 0);
	gethostname(host, sizeof(host) - 1);
	assert_string_equal(g->local_name, host);
	assert_true(c->has_secrets);
	assert_ptr_equal(vpdn_config_group(c, "corp"), g);
	assert_null(vpdn_config_group(c, "other"));
	vpdn_config_put(c);
}

static void accept_group_and_all_settings(void **state)
{
	struct vpdn_config *c = good(
		"search-order = { domain, line }\n"
		"dead-time = 0\n"
		"vpdn-group lns {\n"
		"  accept-dialin {\n"
		"    protocol = l2tp\n"
		"    terminate-from = { \"LAC\", LAC2 }\n"
		"    source = { 192.0.2.1, 198.51.100.0/24 }\n"
		"    ppp-template = \"corp\"\n"
		"  }\n"
		"  local-name = \"LNS\"\n"
		"  tunnel-authentication = false\n"
		"  idle-timeout = 0  hello = 5  limit = 100  lcp-renegotiation = never\n"
		"  ip-pool { local = \"203.0.113.1\"  first = \"203.0.113.10\"  last = \"203.0.113.10\" }\n"
		"}\n");
	const struct vpdn_group *g = TAILQ_FIRST(&c->groups);

	(void)state;
	assert_int_equal(c->n_search_order, 2);
	assert_int_equal(c->search_order[0], VPDN_KEY_DOMAIN);
	assert_int_equal(c->dead_s, 0);
	assert_true(g->accepts);
	assert_false(g->tunnel_auth);
	assert_null(g->tunnel_password);
	assert_int_equal(g->idle_s, 0);
	assert_int_equal(g->hello_s, 5);
	assert_int_equal(g->limit, 100);
	assert_string_equal(g->local_name, "LNS");
	assert_string_equal(g->ppp_template, "corp");
	assert_int_equal(g->lcp_policy, VPDN_LCP_NEVER);
	assert_int_equal(g->terminate_from.n, 2);
	assert_string_equal(g->terminate_from.v[1], "LAC2");
	assert_int_equal(g->n_sources, 2);
	assert_int_equal(g->sources[0].prefix_len, 32);
	assert_int_equal(g->sources[1].prefix_len, 24);
	assert_true(g->has_pool);
	assert_int_equal(g->pool_local.s_addr, inet_addr("203.0.113.1"));
	assert_false(c->has_secrets);
	vpdn_config_put(c);
}

static void accept_group_has_its_own_idle_time(void **state)
{
	struct vpdn_config *c = good("vpdn-group lns {\n" ACCEPT SECRET "}\n");

	(void)state;
	assert_int_equal(TAILQ_FIRST(&c->groups)->idle_s, 10);
	assert_int_equal(TAILQ_FIRST(&c->groups)->lcp_policy, VPDN_LCP_ON_MISMATCH);
	vpdn_config_put(c);
}

static void several_lns(void **state)
{
	struct vpdn_config *c = good("vpdn-group corp {\n" REQUEST SECRET
		"initiate-to \"192.0.2.2\" { priority = 0 weight = 3 limit = 5 port = 1702 }\n"
		"initiate-to \"192.0.2.3\" { priority = 2 }\n}\n");
	const struct vpdn_group *g = TAILQ_FIRST(&c->groups);

	(void)state;
	assert_int_equal(g->n_lns, 2);
	assert_int_equal(g->lns[0].priority, 0);
	assert_int_equal(g->lns[0].weight, 3);
	assert_int_equal(g->lns[0].limit, 5);
	assert_int_equal(g->lns[0].port, 1702);
	assert_int_equal(g->lns[1].priority, 2);
	vpdn_config_put(c);
}

static void keys_are_found_without_regard_to_case(void **state)
{
	struct vpdn_config *c = good(
		"vpdn-group a {\n" TO SECRET "request-dialin { protocol = l2tp domain = { \"Example.COM\", b.example } dnis = 614629 } }\n"
		"vpdn-group b {\n" TO SECRET "request-dialin { protocol = l2tp line = { \"olt1 eth 0/3\", \"02:AB:00:00:00:01\" } } }\n");

	(void)state;
	assert_string_equal(vpdn_config_find(c, VPDN_KEY_DOMAIN, "example.com")->name, "a");
	assert_string_equal(vpdn_config_find(c, VPDN_KEY_DOMAIN, "B.example")->name, "a");
	assert_string_equal(vpdn_config_find(c, VPDN_KEY_DNIS, "614629")->name, "a");
	assert_string_equal(vpdn_config_find(c, VPDN_KEY_LINE, "olt1 eth 0/3")->name, "b");
	assert_string_equal(vpdn_config_find(c, VPDN_KEY_LINE, "02:ab:00:00:00:01")->name, "b");
	assert_null(vpdn_config_find(c, VPDN_KEY_DOMAIN, "614629"));
	assert_null(vpdn_config_find(c, VPDN_KEY_DOMAIN, "example.co"));
	vpdn_config_put(c);
}

static void a_reference_keeps_it(void **state)
{
	struct vpdn_config *c = good("vpdn-group corp {\n" REQUEST TO SECRET "}\n");
	struct vpdn_config *held = vpdn_config_get(c);

	(void)state;
	vpdn_config_put(c);
	assert_string_equal(TAILQ_FIRST(&held->groups)->tunnel_password, "s");
	vpdn_config_put(held);
	vpdn_config_put(NULL);
}

static void mistakes(void **state)
{
	static const struct {
		const char *text;
		unsigned int line;
		const char *what, *allowed;
	} cases[] = {
		{ "foo = 1\n", 1, "foo", "search-order, dead-time, vpdn-group" },
		{ "vpdn-group a {\n local-nam = x\n}\n", 2, "local-nam", "local-name" },
		{ "vpdn-group a {\n request-dialin { protocol = l2tp\n domian = x } }\n", 3, "domian", "protocol, domain, dnis, line" },
		{ "search-order = { domain, user }\n", 1, "user", "line, dnis, domain" },
		{ "search-order = { domain, domain }\n", 1, "twice", "once" },
		{ "vpdn-group a {\n lcp-renegotiation = sometimes\n}\n", 2, "sometimes", "always, on-mismatch, never" },
		{ "vpdn-group a {\n" REQUEST TO SECRET "lcp-renegotiation = never\n}\n", 6, "lcp-renegotiation", "accept-dialin" },
		{ "dead-time = 1m\n", 1, "1m", "from 0 to 86400" },
		{ "dead-time = -1\n", 1, "-1", "from 0 to 86400" },
		{ "dead-time = 99999999999\n", 1, "99999999999", "from 0 to 86400" },
		{ "dead-time = 5\ndead-time = 6\n", 2, "dead-time: given twice", "once" },
		{ "vpdn-group {\n}\n", 1, "title", "vpdn-group" },
		{ "vpdn-group \"a b\" {\n" REQUEST TO SECRET "}\n", 5, "a b", "letters" },
		{ "vpdn-group a {\n}\n", 2, "neither", "request-dialin, accept-dialin" },
		{ "vpdn-group a {\n" REQUEST ACCEPT TO SECRET "}\n", 6, "both", "request-dialin, accept-dialin" },
		{ "vpdn-group a {\n" REQUEST TO "}\n", 4, "tunnel-password is missing", "tunnel-authentication = false" },
		{ "vpdn-group a {\n" REQUEST TO "tunnel-password = \"\"\n}\n", 4, "tunnel-password", "1 to 255" },
		{ "vpdn-group a {\n" REQUEST TO "tunnel-authentication = no\n}\n", 4, "\"no\"", "true, false" },
		{ "vpdn-group a {\n" REQUEST SECRET "}\n", 4, "no initiate-to", "initiate-to \"ADDRESS\"" },
		{ "vpdn-group a {\n" REQUEST SECRET "initiate-to \"lns.example.com\" { }\n}\n", 4, "lns.example.com", "IPv4 address" },
		{ "vpdn-group a {\n" REQUEST SECRET "initiate-to \"0.0.0.0\" { }\n}\n", 4, "0.0.0.0", "IPv4 address" },
		{ "vpdn-group a {\n" REQUEST SECRET "initiate-to \"224.0.0.1\" { }\n}\n", 4, "224.0.0.1", "IPv4 address" },
		{ "vpdn-group a {\n" REQUEST SECRET TO TO "}\n", 5, "duplicate", "192.0.2.2" },
		{ "vpdn-group a {\n" REQUEST SECRET "initiate-to \"192.0.2.2\" {\n port = 65536 }\n}\n", 5, "65536", "from 1 to 65535" },
		{ "vpdn-group a {\n" REQUEST SECRET "initiate-to \"192.0.2.2\" {\n weight = 0 }\n}\n", 5, "weight", "from 1" },
		{ "vpdn-group a {\n" REQUEST TO SECRET "connect-timeout = 26\n}\n", 5, "26", "from 1 to 25" },
		{ "vpdn-group a {\n" REQUEST TO SECRET "source-ip = 192.0.2\n}\n", 5, "192.0.2", "IPv4 address" },
		{ "vpdn-group a {\n" REQUEST TO SECRET "local-name = \"a b\"\n}\n", 5, "a b", "letters" },
		{ "vpdn-group a {\n" REQUEST TO SECRET "ip-pool { local = 10.0.0.1 first = 10.0.0.2 last = 10.0.0.3 }\n}\n", 6, "ip-pool", "accept-dialin" },
		{ "vpdn-group a {\n request-dialin { protocol = l2tp }\n" TO SECRET "}\n", 5, "request-dialin", "domain, dnis, line" },
		{ "vpdn-group a {\n request-dialin { domain = x }\n" TO SECRET "}\n", 5, "protocol", "l2tp" },
		{ "vpdn-group a {\n request-dialin { protocol = l2f domain = x }\n" TO SECRET "}\n", 2, "l2f", "l2tp" },
		{ "vpdn-group a {\n" REQUEST "request-dialin { protocol = l2tp dnis = 1 }\n" TO SECRET "}\n", 3, "request-dialin: given twice", "once" },
		{ "vpdn-group a {\n request-dialin { protocol = l2tp domain = \"a@b\" }\n" TO SECRET "}\n", 2, "a@b", "follows" },
		{ "vpdn-group a {\n request-dialin { protocol = l2tp domain = { x,\n y, X } }\n" TO SECRET "}\n", 3, "\"X\" stands on line 2", "one group" },
		{ "vpdn-group a {\n" REQUEST TO SECRET "}\nvpdn-group b {\n" REQUEST TO SECRET "}\n", 7, "on line 2 already, in vpdn-group a", "one group" },
		{ "vpdn-group a {\n" REQUEST TO SECRET "}\nvpdn-group a {\n" ACCEPT SECRET "}\n", 6, "duplicate", "a" },
		{ "vpdn-group a {\n accept-dialin { protocol = l2tp }\n" SECRET "}\n", 4, "ppp-template", "/etc/ppp/vpdn" },
		{ "vpdn-group a {\n accept-dialin { protocol = l2tp ppp-template = \"../x\" }\n" SECRET "}\n", 2, "../x", "letters" },
		{ "vpdn-group a {\n accept-dialin { protocol = l2tp ppp-template = \".x\" }\n" SECRET "}\n", 2, ".x", "beginning" },
		{ "vpdn-group a {\n accept-dialin { protocol = l2tp ppp-template = x source = 10.0.0.1/8 }\n" SECRET "}\n", 2, "10.0.0.1/8", "network" },
		{ "vpdn-group a {\n accept-dialin { protocol = l2tp ppp-template = x source = 10.0.0.0/33 }\n" SECRET "}\n", 2, "/33", "network" },
		{ "vpdn-group a {\n" ACCEPT TO SECRET "}\n", 5, "initiate-to", "request-dialin" },
		{ "vpdn-group a {\n" ACCEPT SECRET "source-ip = 10.0.0.1\n}\n", 5, "source-ip", "request-dialin" },
		{ "vpdn-group a {\n" ACCEPT SECRET "connect-timeout = 5\n}\n", 5, "connect-timeout", "request-dialin" },
		{ "vpdn-group a {\n" ACCEPT SECRET "ip-pool { first = 10.0.0.2 last = 10.0.0.3 }\n}\n", 5, "ip-pool", "local, first, last" },
		{ "vpdn-group a {\n" ACCEPT SECRET "ip-pool { local = 10.0.0.1 first = 10.0.0.3 last = 10.0.0.2 }\n}\n", 5, "above", "first <= last" },
		{ "vpdn-group a {\n" ACCEPT SECRET "ip-pool { local = 10.0.0.2 first = 10.0.0.2 last = 10.0.0.3 }\n}\n", 5, "local", "outside" },
		{ "vpdn-group a {\n" ACCEPT SECRET "hello = 0\n}\n", 4, "hello", "from 1" },
		{ "vpdn-group a {\n" ACCEPT SECRET "hello = 5\nhello = 6\n}\n", 5, "hello: given twice", "once" },
		{ "vpdn-group a {\n" ACCEPT SECRET, 5, "ends inside of vpdn-group", "}" },
		{ "vpdn-group a {\n" REQUEST SECRET "initiate-to \"192.0.2.2\" {", 5, "ends inside of initiate-to", "}" },
		{ "dead-time = \"5", 3, "premature end", "" },
		{ "}\n", 1, "brace", "" },
		/* Comments of all kinds count as many lines as they have. */
		{ "# a\n\n// b\n/* c\n d */ dead-time = 5 # e\nfoo = 1\n", 6, "foo", "" },
		{ "vpdn-group a { # \"\n// '\n tunnel-password = \"#x // /*\" # */\n hello = 0\n}\n", 4, "hello", "" },
		{ "dead-time = 5\n/* never closed\n", 5, "inside of a comment", "*/" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		bad(cases[i].text, cases[i].line, cases[i].what, cases[i].allowed);
}

static void secrets_are_in_no_complaint(void **state)
{
	struct vpdn_config *c = NULL;
	char err[1024];

	(void)state;
	assert_int_equal(load("vpdn-group a {\n" REQUEST TO "tunnel-password = \"top\tsecret\"\n}\n", &c, err, sizeof(err)), -EINVAL);
	assert_null(strstr(err, "secret\t"));
	assert_null(strstr(err, "top"));
}

static void file_modes(void **state)
{
	static const char text[] = "vpdn-group corp {\n" REQUEST TO SECRET "}\n";
	struct vpdn_config *c;
	char err[1024];

	(void)state;
	assert_int_equal(chmod(path, 0640), 0);
	c = good(text);
	assert_false(c->exposed);
	vpdn_config_put(c);
	assert_int_equal(chmod(path, 0644), 0);
	c = good(text);
	assert_true(c->exposed);
	vpdn_config_put(c);
	assert_int_equal(chmod(path, 0646), 0);
	assert_int_equal(load(text, &c, err, sizeof(err)), -EPERM);
	assert_non_null(strstr(err, "chmod 0640"));
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(vpdn_config_load("/nowhere/vpdn.conf", &c, err, sizeof(err)), -ENOENT);
	assert_int_equal(vpdn_config_load("/", &c, err, sizeof(err)), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_file_is_right),
		cmocka_unit_test(request_group_and_defaults),
		cmocka_unit_test(accept_group_and_all_settings),
		cmocka_unit_test(accept_group_has_its_own_idle_time),
		cmocka_unit_test(several_lns),
		cmocka_unit_test(keys_are_found_without_regard_to_case),
		cmocka_unit_test(a_reference_keeps_it),
		cmocka_unit_test(mistakes),
		cmocka_unit_test(secrets_are_in_no_complaint),
		cmocka_unit_test(file_modes),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
