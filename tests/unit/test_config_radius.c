/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of config_radius.c: the block `radius` of vpdn.conf, its defaults and its mistakes. */
#include "unit_config.h"

#include <arpa/inet.h>

#include "glue/config_radius.h"

static void everything_is_read(void **state)
{
	struct vpdn_config *c = config(
		"sources = { local, radius }\n"
		"radius {\n"
		"  server \"192.0.2.8\" { secret = \"second\" priority = 2 }\n"
		"  server \"192.0.2.9\" { secret = \"first\" auth-port = 1645 acct-port = 1646 timeout = 1 retries = 0 }\n"
		"  server \"192.0.2.7\" { secret = \"again\" }\n"
		"  dead-time = 30  user = \"%k@vpdn\"  password = \"other\"  nas-identifier = \"lac1\"  nas-ip = 192.0.2.1\n"
		"  require-message-authenticator = false  accounting = true  interim-interval = 600\n"
		"}\n");
	const struct vpdn_radius_config *r = c->radius;

	(void)state;
	assert_int_equal(c->sources[1], VPDN_SOURCE_RADIUS);
	assert_true(c->has_secrets);
	assert_int_equal(r->n_servers, 3);
	assert_string_equal(r->servers[0].secret, "first");
	assert_int_equal(r->servers[0].port[VPDN_RADIUS_AUTH], 1645);
	assert_int_equal(r->servers[0].port[VPDN_RADIUS_ACCT], 1646);
	assert_int_equal(r->servers[0].timeout_s, 1);
	assert_int_equal(r->servers[0].retries, 0);
	assert_string_equal(r->servers[1].secret, "again");
	assert_int_equal(r->servers[2].addr.s_addr, inet_addr("192.0.2.8"));
	assert_int_equal(r->dead_s, 30);
	assert_string_equal(r->user, "%k@vpdn");
	assert_string_equal(r->password, "other");
	assert_string_equal(r->nas_identifier, "lac1");
	assert_int_equal(r->nas_ip.s_addr, inet_addr("192.0.2.1"));
	assert_false(r->require_mac);
	assert_true(r->accounting);
	assert_int_equal(r->interim_s, 600);
	vpdn_config_put(c);
}

static void defaults_are_those_of_the_manual(void **state)
{
	struct vpdn_config *c = config("radius { server \"192.0.2.9\" { secret = s } }\n");
	const struct vpdn_radius_config *r = c->radius;

	(void)state;
	assert_int_equal(c->n_sources, 1);
	assert_int_equal(r->servers[0].port[VPDN_RADIUS_AUTH], 1812);
	assert_int_equal(r->servers[0].port[VPDN_RADIUS_ACCT], 1813);
	assert_int_equal(r->servers[0].priority, 1);
	assert_int_equal(r->servers[0].timeout_s, 2);
	assert_int_equal(r->servers[0].retries, 2);
	assert_int_equal(r->dead_s, 60);
	assert_string_equal(r->user, "%k");
	assert_string_equal(r->password, "cisco");
	assert_true(*r->nas_identifier);
	assert_int_equal(r->nas_ip.s_addr, INADDR_ANY);
	assert_true(r->require_mac);
	assert_false(r->accounting);
	vpdn_config_put(c);
}

#define SERVER	"server \"192.0.2.9\" { secret = s }\n"

static void mistakes(void **state)
{
	static const struct {
		const char *text, *wrong;
	} cases[] = {
		{ "radius { }", "radius: 0 servers; needed: server" },
		{ "radius { server \"192.0.2.9\" { } }", "server \"192.0.2.9\" needs secret" },
		{ "radius { server \"aaa.example\" { secret = s } }", "server: wrong address \"aaa.example\"; allowed: an IPv4 address" },
		{ "radius {\n" SERVER SERVER "}", "192.0.2.9" },
		{ "radius {\n" SERVER "}\nradius {\n" SERVER "}", "radius: given twice" },
		{ "radius {\n" SERVER "user = \"static\" }", "one %k among them" },
		{ "radius {\n" SERVER "user = \"%k%n\" }", "one %k among them" },
		{ "radius {\n" SERVER "interim-interval = 600 }", "needs accounting = true" },
		{ "radius {\n" SERVER "accounting = true interim-interval = 1 }", "from 10 to 86400" },
		{ "radius {\n" SERVER "require-message-authenticator = perhaps }", "true, false" },
		{ "radius {\n server \"192.0.2.9\" { secret = s timeout = 0 } }", "from 1 to 10" },
		{ "radius {\n server \"192.0.2.9\" { secret = \"\" } }", "1 to 255 printable characters" },
		{ "sources = { radius }", "has no block radius" },
	};
	struct vpdn_config *c;
	char err[1024];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(config_load(cases[i].text, &c, err, sizeof(err)), -EINVAL);
		if (!strstr(err, cases[i].wrong))
			fail_msg("\"%s\" is not in \"%s\"", cases[i].wrong, err);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_is_read),
		cmocka_unit_test(defaults_are_those_of_the_manual),
		cmocka_unit_test(mistakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
