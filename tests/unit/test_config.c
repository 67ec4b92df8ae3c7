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
#include "ipc_proto.h"
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
#define PTY	"dialer pty { exec { command = { \"/bin/dial\" } } }\n"
/* A dial-out block within a group; what is wrong in it stands on line 3, the group ends on line 6. */
#define OUT(text)	"vpdn-group a {\n request-dialout { protocol = l2tp\n" text "\n }\n" TO SECRET "}\n"
#define IN(text)	"vpdn-group a {\n accept-dialout { protocol = l2tp\n" text "\n }\n" SECRET "}\n" PTY
#define DIALER(text)	"dialer d {\n" text "\n}\n"

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
	struct vpdn_config *c = good("vpdn-group lns {\n" ACCEPT SECRET "}\n");

	(void)state;
	assert_int_equal(TAILQ_FIRST(&c->groups)->accepted_idle_s, 10);
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
	struct vpdn_config *c = good(
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
	struct vpdn_config *c = good(
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
	struct vpdn_config *c = good(OUT(""));
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
	struct vpdn_config *c = good(
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
	struct vpdn_config *c = good(
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
	c = good("");
	assert_string_equal(c->delimiters, "@");
	assert_int_equal(c->n_sources, 1);
	assert_int_equal(c->sources[0], VPDN_SOURCE_LOCAL);
	assert_false(c->aaa_fail_closed);
	assert_false(c->domain_first || c->dnis_from_service.compiled || c->default_group);
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

/* 64 words of 255 octets, after one of two: with what each word costs in a message too much for one. */
#define W51	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define W1	"\"" W51 W51 W51 W51 W51 "\", "
#define W8	W1 W1 W1 W1 W1 W1 W1 W1
#define W65	"\"/x\", " W8 W8 W8 W8 W8 W8 W8 W8

static void mistakes(void **state)
{
	static const struct {
		const char *text;
		unsigned int line;
		const char *what, *allowed;
	} cases[] = {
		{ "foo = 1\n", 1, "foo", "search-order, domain-delimiters, domain-position, dnis-from, dead-time, sources, aaa-failure, http, radius, vpdn-group, dialer" },
		{ "vpdn-group a {\n local-nam = x\n}\n", 2, "local-nam", "local-name" },
		{ "vpdn-group a {\n request-dialin { protocol = l2tp\n domian = x } }\n", 3, "domian", "protocol, domain, dnis, line" },
		{ "search-order = { domain, user }\n", 1, "user", "line, dnis, domain" },
		{ "search-order = { domain, domain }\n", 1, "twice", "once" },
		{ "sources = { local, ldap }\n", 1, "ldap", "local, http, radius" },
		{ "sources = { local, local }\n", 1, "twice", "once" },
		{ "vpdn-group a {\n" ACCEPT SECRET "tunnel-share = true\n}\n", 5, "tunnel-share", "request-dialin" },
		{ "aaa-failure = maybe\n", 1, "maybe", "open, closed" },
		{ "vpdn-group a {\n lcp-renegotiation = sometimes\n}\n", 2, "sometimes", "always, on-mismatch, never" },
		{ "vpdn-group a {\n" REQUEST TO SECRET "lcp-renegotiation = never\n}\n", 6, "lcp-renegotiation", "accept-dialin" },
		{ "dead-time = 1m\n", 1, "1m", "from 0 to 86400" },
		{ "dead-time = -1\n", 1, "-1", "from 0 to 86400" },
		{ "dead-time = 99999999999\n", 1, "99999999999", "from 0 to 86400" },
		{ "dead-time = 5\ndead-time = 6\n", 2, "dead-time: given twice", "once" },
		{ "dead-time = 5\nvpdn-group a {\n" ACCEPT SECRET "}\ndead-time = 6\n", 6, "dead-time: given twice", "once" },
		{ "search-order = { domain }\nsearch-order = { line }\n", 2, "search-order: given twice", "once" },
		{ "vpdn-group a {\n accept-dialin { source = 192.0.2.1\n source = 192.0.2.2 }\n}\n", 3, "source: given twice", "once" },
		{ "vpdn-group {\n}\n", 1, "title", "vpdn-group" },
		{ "vpdn-group \"a b\" {\n" REQUEST TO SECRET "}\n", 5, "a b", "letters" },
		{ "vpdn-group a {\n}\n", 2, "accepts none", "request-dialin, accept-dialin, request-dialout, accept-dialout" },
		{ "vpdn-group a {\n" REQUEST TO "}\n", 4, "tunnel-password is missing", "tunnel-authentication = false" },
		{ "vpdn-group a {\n" REQUEST TO "tunnel-password = \"\"\n}\n", 4, "tunnel-password", "1 to 255" },
		{ "vpdn-group a {\n" REQUEST TO "tunnel-authentication = false\nhidden = true\n}\n", 6, "hidden", "tunnel-authentication" },
		{ "vpdn-group a {\n" REQUEST "initiate-to \"192.0.2.2\" {\ntunnel-authentication = false }\n" SECRET "hidden = true\n}\n", 7, "hidden",
		  "tunnel-authentication" },
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
		{ "domain-delimiters = \"\"\n", 1, "domain-delimiters", "1 to 8 characters" },
		{ "domain-delimiters = a\n", 1, "\"a\"", "neither letters" },
		{ "domain-position = first\n", 1, "first", "suffix, prefix" },
		{ "dnis-from {\n service-name = \"(\" }\n", 2, "dnis-from: service-name: wrong pattern", "extended regular expression" },
		{ "dnis-from { }\ndnis-from { }\n", 2, "dnis-from: given twice", "once" },
		{ "dnis-from { user = x }\n", 1, "user", "service-name, circuit-id" },
		{ "vpdn-group a {\n request-dialin { protocol = l2tp domain = \"*\" }\n" TO SECRET "}\n", 2, "\"*\"", "\"*.\" before it" },
		{ "vpdn-group a {\n request-dialin { protocol = l2tp domain = \"a.*.b\" }\n" TO SECRET "}\n", 2, "a.*.b", "letters" },
		{ "vpdn-group a {\n request-dialin { protocol = l2tp line = \"circuit:\" }\n" TO SECRET "}\n", 2, "circuit:", "PATTERN" },
		{ "vpdn-group a {\n request-dialin { protocol = l2tp line = { \"e*\",\n \"E*\" } }\n" TO SECRET "}\n", 3, "\"E*\" stands on line 2", "one group" },
		{ "vpdn-group a {\n request-dialin { protocol = l2tp default = true send-avps = { clid } }\n" TO SECRET "}\n", 2, "clid", "calling-number, called-number" },
		{ "vpdn-group a {\n request-dialin { protocol = l2tp default = yes }\n" TO SECRET "}\n", 2, "yes", "true, false" },
		{ "vpdn-group a {\n request-dialin { protocol = l2tp default = false }\n" TO SECRET "}\n", 5, "at least one of", "default = true" },
		{ "vpdn-group a {\n request-dialin { protocol = l2tp default = true }\n" TO SECRET "}\nvpdn-group b {\n request-dialin { protocol = l2tp default = true }\n" TO SECRET "}\n", 10, "in vpdn-group a already", "in one group" },
		{ "vpdn-group a {\n request-dialin { domain = x }\n" TO SECRET "}\n", 5, "protocol", "l2tp" },
		{ "vpdn-group a {\n request-dialin { protocol = l2f domain = x }\n" TO SECRET "}\n", 2, "l2f", "l2tp" },
		{ "vpdn-group a {\n" REQUEST "request-dialin { protocol = l2tp dnis = 1 }\n" TO SECRET "}\n", 3, "request-dialin: given twice", "once" },
		{ "vpdn-group a {\n request-dialin { protocol = l2tp domain = \"a@b\" }\n" TO SECRET "}\n", 2, "a@b", "without the" },
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
		{ "vpdn-group a {\n request-dialout { }\n" TO SECRET "}\n", 5, "request-dialout needs protocol", "l2tp" },
		{ "vpdn-group a {\n request-dialout { protocol = l2tp }\n" SECRET "}\n", 4, "no initiate-to", "for each LNS or LAC" },
		{ OUT("number \"(\" { replace = 1 }"), 3, "wrong pattern \"(\"", "extended regular expression" },
		{ OUT("number \"^0\" { }"), 3, "number \"^0\" needs replace", "" },
		{ OUT("number \"^0(.)\" { replace = \"\\\\2\" }"), 3, "wrong replace \"\\2\"", "as many as" },
		{ OUT("number \"^0(.)\" { replace = \"x\\\\\" }"), 3, "wrong replace", "\\\\1 to \\\\9" },
		{ OUT("number \"1\" { replace = 1 } number \"1\" { replace = 2 }"), 3, "duplicate", "1" },
		{ OUT("bearer = isdn"), 3, "isdn", "digital, analogue, any" },
		{ OUT("framing = both"), 3, "both", "synchronous, asynchronous, any" },
		{ OUT("min-bps = 0"), 3, "min-bps", "from 1" },
		{ OUT("min-bps = 64000 max-bps = 56000"), 4, "min-bps is above", "min-bps <= max-bps" },
		{ OUT("dial-timeout = 601"), 3, "601", "from 1 to 600" },
		{ OUT("sub-address = \"\""), 3, "sub-address", "1 to 64" },
		{ OUT("domain = x"), 3, "domain", "protocol, number, sub-address" },
		{ OUT("terminate-from = x"), 3, "terminate-from", "allowed here" },
		{ "vpdn-group a {\n accept-dialout { protocol = l2tp }\n" SECRET "}\n", 4, "has no dial", "dial \"PATTERN\" { dialer = NAME }" },
		{ IN("dial \"*\" { }"), 3, "dial \"*\" needs dialer", "" },
		{ IN("dial \"*\" { dialer = modems }"), 3, "no dialer \"modems\"", "dialer modems { ... }" },
		{ IN("dial \"*\" { dialer = pty } dial \"*\" { dialer = pty }"), 3, "duplicate", "*" },
		{ IN("dial \"*\" { dialer = pty\n replace = \"\" }"), 4, "replace", "1 to 64" },
		{ "vpdn-group a {\n accept-dialout { protocol = l2tp dial 1 { dialer = pty } }\n" TO SECRET "}\n" PTY, 5, "initiate-to", "request-dialin or request-dialout" },
		{ "vpdn-group a {\n accept-dialout { protocol = l2tp dial 1 { dialer = pty } }\n" SECRET "lcp-renegotiation = never }\n" PTY, 4, "lcp-renegotiation", "accept-dialin" },
		{ DIALER(""), 3, "no way to dial", "one of chat, pppoe, exec" },
		{ DIALER("pppoe { interface = eth0 } exec { command = { \"/x\" } }"), 3, "more than one", "one of chat, pppoe, exec" },
		{ DIALER("chat { tty = { \"/dev/ttyS0\" } }\nchat { tty = { \"/dev/ttyS1\" } }"), 3, "chat: given twice", "once in a dialer" },
		{ DIALER("chat { }"), 2, "chat needs tty", "/dev/" },
		{ DIALER("chat { tty = { ttyS0 } }"), 2, "ttyS0", "absolute path" },
		{ DIALER("chat { tty = { \"/dev/ttyS0\" } speed = 200 }"), 2, "200", "9600 or 115200" },
		{ DIALER("chat { tty = { \"/dev/ttyS0\" } speed = 100000 }"), 2, "100000", "9600 or 115200" },
		{ DIALER("exec { command = { " W65 "} }"), 3, "16582 octets", "16384" },
		{ DIALER("chat { tty = { \"/dev/ttyS0\" } script = { \"\", \"AT\tZ\" } }"), 2, "script", "printable" },
		{ DIALER("pppoe { service = x }"), 2, "pppoe needs interface", "" },
		{ DIALER("pppoe { interface = \"eth0 1\" }"), 2, "eth0 1", "network interface" },
		{ DIALER("pppoe { interface = eth0 mtu = 500 }"), 2, "500", "from 576" },
		{ DIALER("exec { user = nobody }"), 2, "exec needs command", "" },
		{ DIALER("exec { command = { dial } }"), 2, "\"dial\"", "absolute path" },
		{ DIALER("exec { command = { \"/x\" } wait = yes }"), 2, "yes", "true, false" },
		{ DIALER("timeout = 0"), 2, "timeout", "from 1 to 600" },
		{ DIALER("dtr = drop"), 2, "dtr", "chat, pppoe, exec, limit, timeout" },
		{ "dialer \"a b\" {\n}\n", 2, "dialer: wrong name", "letters" },
		{ DIALER("pppoe { interface = eth0 }") DIALER("pppoe { interface = eth0 }"), 4, "duplicate", "d" },
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
		cmocka_unit_test(a_peer_may_differ_from_its_group),
		cmocka_unit_test(four_blocks_side_by_side),
		cmocka_unit_test(dialout_defaults),
		cmocka_unit_test(keys_are_found_without_regard_to_case),
		cmocka_unit_test(choosing),
		cmocka_unit_test(a_reference_keeps_it),
		cmocka_unit_test(mistakes),
		cmocka_unit_test(secrets_are_in_no_complaint),
		cmocka_unit_test(file_modes),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
