/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_config.c - vpdn.conf: what is accepted, the defaults, and who may read and write the file. */
#include "unit_config.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "ipc_proto.h"
#include "proxy.h"

#define REQUEST	"request-dialin { protocol = l2tp domain = \"example.com\" }\n"
#define TO	"initiate-to \"192.0.2.2\" { }\n"
#define SECRET	"tunnel-password = \"s\"\n"
#define ACCEPT	"accept-dialin { protocol = l2tp ppp-template = corp }\n"
/* A dial-out block within a group; what is wrong in it stands on line 3, the group ends on line 6. */
#define OUT(text)	"vpdn-group a {\n request-dialout { protocol = l2tp\n" text "\n }\n" TO SECRET "}\n"

static void empty_file_is_right(void **state)
{
	struct vpdn_config *c = config("# nothing\n");

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
	struct vpdn_config *c = config("vpdn-group corp {\n" REQUEST TO SECRET "}\n");
	const struct vpdn_group *g = TAILQ_FIRST(&c->groups);
	char host[65] = "";

	(void)state;
	assert_string_equal(g->name, "corp");
	assert_int_equal(g->accepts, 0);
	assert_int_equal(g->requests, VPDN_ACCEPTS_DIALIN);
	assert_true(g->tunnel_auth);
	assert_string_equal(g->tunnel_password, "s");
	assert_int_equal(g->opened_idle_s, 15);
	assert_false(g->hidden);
	assert_int_equal(g->hello_s, 60);
	assert_int_equal(g->connect_timeout_s, 10);
	assert_int_equal(g->limit, 0);
	assert_int_equal(g->source_ip.s_addr, INADDR_ANY);
	assert_int_equal(g->n_peers, 1);
	assert_int_equal(g->peers[0].addr.s_addr, inet_addr("192.0.2.2"));
	assert_int_equal(g->peers[0].port, 1701);
	assert_int_equal(g->peers[0].priority, 1);
	assert_int_equal(g->peers[0].weight, 1);
	assert_int_equal(g->peers[0].limit, 0);
	assert_int_equal(g->peers[0].tunnel_limit + g->tunnel_limit + g->tunnel_sessions, 0);
	assert_false(g->tunnel_own);
	gethostname(host, sizeof(host) - 1);
	assert_string_equal(g->local_name, host);
	assert_true(c->has_secrets);
	assert_ptr_equal(vpdn_config_group(c, "corp"), g);
	assert_null(vpdn_config_group(c, "other"));
	vpdn_config_put(c);
}

static void accept_group_and_all_settings(void **state)
{
	struct vpdn_config *c = config(
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
	assert_int_equal(g->accepts, VPDN_ACCEPTS_DIALIN);
	assert_int_equal(g->requests, 0);
	assert_false(g->tunnel_auth);
	assert_null(g->tunnel_password);
	assert_int_equal(g->accepted_idle_s, 0);
	assert_int_equal(g->hello_s, 5);
	assert_int_equal(g->limit, 100);
	assert_string_equal(g->local_name, "LNS");
	assert_string_equal(g->ppp_template, "corp");
	assert_int_equal(g->lcp_policy, VPDN_LCP_NEVER);
	assert_int_equal(g->dialin.terminate_from.n, 2);
	assert_string_equal(g->dialin.terminate_from.v[1], "LAC2");
	assert_int_equal(g->dialin.n_sources, 2);
	assert_int_equal(g->dialin.sources[0].prefix_len, 32);
	assert_int_equal(g->dialin.sources[1].prefix_len, 24);
	assert_true(g->has_pool);
	assert_int_equal(g->pool_local.s_addr, inet_addr("203.0.113.1"));
	assert_false(c->has_secrets);
	vpdn_config_put(c);
}

static void accept_group_has_its_own_idle_time(void **state)
{
	struct vpdn_config *c = config("vpdn-group lns {\n" ACCEPT SECRET "}\n");

	(void)state;
	assert_int_equal(TAILQ_FIRST(&c->groups)->accepted_idle_s, 10);
	assert_int_equal(TAILQ_FIRST(&c->groups)->lcp_policy, VPDN_LCP_ON_MISMATCH);
	vpdn_config_put(c);
}

static void several_lns(void **state)
{
	struct vpdn_config *c = config("vpdn-group corp {\n" REQUEST SECRET
		"initiate-to \"192.0.2.2\" { priority = 0 weight = 3 limit = 5 port = 1702 }\n"
		"initiate-to \"192.0.2.3\" { priority = 2 }\n}\n");
	const struct vpdn_group *g = TAILQ_FIRST(&c->groups);

	(void)state;
	assert_int_equal(g->n_peers, 2);
	assert_int_equal(g->peers[0].priority, 0);
	assert_int_equal(g->peers[0].weight, 3);
	assert_int_equal(g->peers[0].limit, 5);
	assert_int_equal(g->peers[0].port, 1702);
	assert_int_equal(g->peers[1].priority, 2);
	vpdn_config_put(c);
}

/* Both directions of a pair of hosts under one name and one secret, each way of dialling, and all settings. */
static void a_peer_may_differ_from_its_group(void **state)
{
	struct vpdn_config *c = config(
		"vpdn-group a {\n" REQUEST "local-name = LAC remote-name = \"LNS 1\" source-ip = \"192.0.2.1\"\n"
		"initiate-to \"192.0.2.2\" { }\n"
		"initiate-to \"192.0.2.3\" { local-name = OTHER remote-name = LNS-2 source-ip = \"192.0.2.9\" tunnel-password = p3 }\n"
		"initiate-to \"192.0.2.4\" { tunnel-authentication = false tunnel-limit = 3 }\n" SECRET
		"tunnel-limit = 5 tunnel-sessions = 7 tunnel-share = false\n}\n"
		"vpdn-group b {\n request-dialin { protocol = l2tp dnis = 1 }\n"
		"initiate-to \"192.0.2.2\" { tunnel-password = p2 }\n initiate-to \"192.0.2.3\" { }\n tunnel-authentication = false\n}\n"
		"vpdn-group c {\n request-dialin { protocol = l2tp dnis = 2 }\n initiate-to \"192.0.2.2\" { tunnel-password = p }\n}\n");
	const struct vpdn_peer *p = vpdn_config_group(c, "a")->peers;

	(void)state;
	assert_string_equal(p[0].local_name, "LAC");
	assert_string_equal(p[0].remote_name, "LNS 1");
	assert_true(p[0].tunnel_auth);
	assert_string_equal(p[0].tunnel_password, "s");
	assert_int_equal(p[0].source_ip.s_addr, inet_addr("192.0.2.1"));
	assert_string_equal(p[1].local_name, "OTHER");
	assert_string_equal(p[1].remote_name, "LNS-2");
	assert_string_equal(p[1].tunnel_password, "p3");
	assert_int_equal(p[1].source_ip.s_addr, inet_addr("192.0.2.9"));
	assert_false(p[2].tunnel_auth);
	assert_null(p[2].tunnel_password);
	assert_int_equal(p[2].tunnel_limit, 3);
	assert_int_equal(vpdn_config_group(c, "a")->tunnel_limit, 5);
	assert_int_equal(vpdn_config_group(c, "a")->tunnel_sessions, 7);
	assert_true(vpdn_config_group(c, "a")->tunnel_own);
	assert_false(vpdn_config_group(c, "b")->tunnel_own);
	p = vpdn_config_group(c, "b")->peers;
	assert_null(p[0].remote_name);
	assert_true(p[0].tunnel_auth);
	assert_string_equal(p[0].tunnel_password, "p2");
	assert_false(p[1].tunnel_auth);
	assert_string_equal(vpdn_config_group(c, "c")->peers[0].tunnel_password, "p");
	assert_null(vpdn_config_group(c, "c")->tunnel_password);
	vpdn_config_put(c);
}

static void four_blocks_side_by_side(void **state)
{
	struct vpdn_config *c = config(
		"vpdn-group both {\n" REQUEST ACCEPT
		"request-dialout {\n"
		"  protocol = l2tp\n"
		"  number \"^0([1-9].*)\" { replace = \"+44\\\\1\" }\n"
		"  number \"^x\" { replace = \"\" }\n"
		"  sub-address = \"7\" min-bps = 2400 max-bps = 56000 bearer = analogue framing = asynchronous dial-timeout = 90\n"
		"}\n"
		"accept-dialout {\n"
		"  protocol = l2tp terminate-from = LNS source = 192.0.2.0/24\n"
		"  dial \"612*\" { dialer = modems replace = \"9,%n\" }\n"
		"  dial \"*\" { dialer = pty }\n"
		"}\n" TO SECRET "}\n"
		"dialer modems {\n"
		"  chat { tty = { \"/dev/ttyS0\", \"/dev/modem*\" } speed = 115200 hangup = { \"\", \"+++ATH\", OK } }\n"
		"  limit = 10 timeout = 30\n"
		"}\n"
		"dialer access { pppoe { interface = eth2 service = \"%n\" mtu = 1500 } }\n"
		"dialer pty { exec { command = { \"/usr/local/bin/dial\", \"%n\" } user = nobody wait = true } }\n");
	const struct vpdn_group *g = TAILQ_FIRST(&c->groups);
	const struct vpdn_dialer *d;

	(void)state;
	assert_int_equal(g->requests, VPDN_ACCEPTS_DIALIN | VPDN_ACCEPTS_DIALOUT);
	assert_int_equal(g->accepts, VPDN_ACCEPTS_DIALIN | VPDN_ACCEPTS_DIALOUT);
	assert_int_equal(g->opened_idle_s, 15);
	assert_int_equal(g->accepted_idle_s, 10);
	assert_int_equal(g->n_numbers, 2);
	assert_string_equal(g->numbers[0].replace, "+44\\1");
	assert_int_equal(g->numbers[0].ere.re.re_nsub, 1);
	assert_string_equal(g->numbers[1].replace, "");
	assert_string_equal(g->sub_address, "7");
	assert_int_equal(g->min_bps, 2400);
	assert_int_equal(g->max_bps, 56000);
	assert_int_equal(g->bearer, 2);
	assert_int_equal(g->framing, 2);
	assert_int_equal(g->dial_timeout_s, 90);
	assert_int_equal(g->dialin.terminate_from.n, 0);
	assert_string_equal(g->dialout.terminate_from.v[0], "LNS");
	assert_int_equal(g->dialout.sources[0].prefix_len, 24);
	assert_int_equal(g->n_dials, 2);
	assert_string_equal(g->dials[0].replace, "9,%n");
	d = g->dials[0].dialer;
	assert_ptr_equal(d, vpdn_config_dialer(c, "modems"));
	assert_int_equal(d->kind, VPDN_DIALER_CHAT);
	assert_int_equal(d->ttys.n, 2);
	assert_int_equal(d->speed, 115200);
	assert_int_equal(d->script.n, 6);
	assert_string_equal(d->script.v[3], "ATDT%n");
	assert_int_equal(d->hangup.n, 3);
	assert_int_equal(d->limit, 10);
	assert_int_equal(d->timeout_s, 30);
	d = vpdn_config_dialer(c, "access");
	assert_int_equal(d->kind, VPDN_DIALER_PPPOE);
	assert_string_equal(d->interface, "eth2");
	assert_string_equal(d->service, "%n");
	assert_int_equal(d->mtu, 1500);
	assert_int_equal(d->limit, 0);
	assert_int_equal(d->timeout_s, 45);
	d = g->dials[1].dialer;
	assert_int_equal(d->kind, VPDN_DIALER_EXEC);
	assert_string_equal(d->command.v[1], "%n");
	assert_string_equal(d->run_as, "nobody");
	assert_true(d->wait_report);
	assert_null(vpdn_config_dialer(c, "none"));
	vpdn_config_put(c);
}

static void dialout_defaults(void **state)
{
	struct vpdn_config *c = config(OUT(""));
	const struct vpdn_group *g = TAILQ_FIRST(&c->groups);

	(void)state;
	assert_int_equal(g->requests, VPDN_ACCEPTS_DIALOUT);
	assert_int_equal(g->n_numbers, 0);
	assert_null(g->sub_address);
	assert_int_equal(g->min_bps, 1);
	assert_int_equal(g->max_bps, 2147483647);
	assert_int_equal(g->bearer, 3);
	assert_int_equal(g->framing, 3);
	assert_int_equal(g->dial_timeout_s, 60);
	vpdn_config_put(c);
}

static void keys_are_found_without_regard_to_case(void **state)
{
	struct vpdn_config *c = config(
		"vpdn-group a {\n" TO SECRET "request-dialin { protocol = l2tp domain = { \"Example.COM\", b.example } dnis = 614629 } }\n"
		"vpdn-group b {\n" TO SECRET "request-dialin { protocol = l2tp line = { \"olt1 eth 0/3\", \"02:AB:00:00:00:01\" } } }\n");

	(void)state;
	assert_string_equal(vpdn_config_find(c, VPDN_KEY_DOMAIN, "example.com")->group->name, "a");
	assert_string_equal(vpdn_config_find(c, VPDN_KEY_DOMAIN, "B.example")->group->name, "a");
	assert_string_equal(vpdn_config_find(c, VPDN_KEY_DNIS, "614629")->group->name, "a");
	assert_string_equal(vpdn_config_find(c, VPDN_KEY_LINE, "olt1 eth 0/3")->group->name, "b");
	assert_string_equal(vpdn_config_find(c, VPDN_KEY_LINE, "02:ab:00:00:00:01")->group->name, "b");
	assert_null(vpdn_config_find(c, VPDN_KEY_DOMAIN, "614629"));
	assert_null(vpdn_config_find(c, VPDN_KEY_DOMAIN, "example.co"));
	vpdn_config_put(c);
}

static void choosing(void **state)
{
	struct vpdn_config *c = config(
		"domain-delimiters = \"@/\" domain-position = prefix\n"
		"dnis-from { service-name = \"^dial-([0-9]+)$\" circuit-id = x }\n"
		"vpdn-group a {\n" TO SECRET "request-dialin { protocol = l2tp domain = { \"*.example.com\" } strip-domain = true\n"
		" line = { eth1, \"eth[12].*\", \"circuit:x\", \"Remote:x?\" } dnis = \"*69\" } }\n"
		"vpdn-group b {\n" TO SECRET "request-dialin { protocol = l2tp default = true } }\n"
		"vpdn-group c {\n" TO SECRET "request-dialin { protocol = l2tp default = false domain = x } }\n");
	const struct vpdn_key *k;

	(void)state;
	assert_string_equal(c->delimiters, "@/");
	assert_true(c->domain_first);
	assert_true(c->dnis_from_service.compiled && c->dnis_from_circuit.compiled);
	assert_string_equal(c->default_group->name, "b");
	assert_true(vpdn_config_group(c, "a")->strip_domain);
	assert_false(vpdn_config_group(c, "b")->strip_domain);
	assert_true(vpdn_config_find(c, VPDN_KEY_DOMAIN, "*.example.com")->pattern);
	assert_false(vpdn_config_find(c, VPDN_KEY_DNIS, "*69")->pattern);
	assert_false(vpdn_config_find(c, VPDN_KEY_LINE, "eth1")->pattern);
	assert_false(vpdn_config_find(c, VPDN_KEY_LINE, "circuit:x")->pattern);
	k = TAILQ_FIRST(&c->line_patterns);
	assert_string_equal(k->value, "eth[12].*");
	k = TAILQ_NEXT(k, of_patterns);
	assert_string_equal(k->value, "Remote:x?");
	assert_int_equal(vpdn_line_prefix(k->value), 7);
	assert_null(TAILQ_NEXT(k, of_patterns));
	vpdn_config_put(c);
	c = config("");
	assert_string_equal(c->delimiters, "@");
	assert_int_equal(c->n_sources, 1);
	assert_int_equal(c->sources[0], VPDN_SOURCE_LOCAL);
	assert_false(c->aaa_fail_closed);
	assert_false(c->domain_first || c->dnis_from_service.compiled || c->default_group);
	vpdn_config_put(c);
}

static void a_reference_keeps_it(void **state)
{
	struct vpdn_config *c = config("vpdn-group corp {\n" REQUEST TO SECRET "}\n");
	struct vpdn_config *held = vpdn_config_get(c);

	(void)state;
	vpdn_config_put(c);
	assert_string_equal(TAILQ_FIRST(&held->groups)->tunnel_password, "s");
	vpdn_config_put(held);
	vpdn_config_put(NULL);
}

static void file_modes(void **state)
{
	static const char text[] = "vpdn-group corp {\n" REQUEST TO SECRET "}\n";
	char path[] = "/tmp/vpdn-test-config-XXXXXX", err[1024];
	int fd = mkstemp(path);
	struct vpdn_config *c;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	assert_int_equal(chmod(path, 0640), 0);
	assert_int_equal(vpdn_config_load(path, &c, err, sizeof(err)), 0);
	assert_false(c->exposed);
	vpdn_config_put(c);
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(vpdn_config_load(path, &c, err, sizeof(err)), 0);
	assert_true(c->exposed);
	vpdn_config_put(c);
	assert_int_equal(chmod(path, 0646), 0);
	assert_int_equal(vpdn_config_load(path, &c, err, sizeof(err)), -EPERM);
	assert_non_null(strstr(err, "chmod 0640"));
	assert_int_equal(unlink(path), 0);
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
		cmocka_unit_test(a_peer_may_differ_from_its_group),
		cmocka_unit_test(four_blocks_side_by_side),
		cmocka_unit_test(dialout_defaults),
		cmocka_unit_test(keys_are_found_without_regard_to_case),
		cmocka_unit_test(choosing),
		cmocka_unit_test(a_reference_keeps_it),
		cmocka_unit_test(file_modes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
