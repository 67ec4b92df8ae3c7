/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tests of aaa_radius_answer.c: what Access-Accepts say about tunnels, and what is said of those that cannot be
 * used. The AV pairs of seed_answer are those of a recorded Access-Accept (Cisco, "Layer 2 Tunneling Protocol
 * Tunnel Setup and Teardown"); ios_list is the example of IOS's manual for vpdn:ip-addresses.
 */
#include "glue/aaa_radius_answer.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "unit.h"

static const char secret[] = "testing123";
static uint8_t authenticator[VPDN_RADIUS_AUTHENTICATOR_LEN];
static struct vpdn_config *config;
static struct vpdn_query query;
static struct vpdn_writer w;
static uint8_t buf[4096];
static struct vpdn_answer a;

static int set_up(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(authenticator); i++)
		authenticator[i] = (uint8_t)i;
	config = vpdn_config_new("test");
	query = (struct vpdn_query){ .config = config, .kind = VPDN_KEY_DOMAIN, .key = "example.com" };
	vpdn_writer_init(&w, buf, sizeof(buf));
	return config ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	vpdn_config_put(a.config);
	vpdn_config_put(config);
	a = (struct vpdn_answer){ 0 };
	return 0;
}

static void text(uint8_t type, int tag, const char *s)
{
	char value[300];

	snprintf(value, sizeof(value), "%c%s", tag, s);
	vpdn_radius_put_bytes(&w, type, value + (tag < 0), strlen(s) + (tag >= 0));
}

static void number(uint8_t type, uint8_t tag, uint32_t v)
{
	vpdn_radius_put_u32(&w, type, (uint32_t)tag << 24 | v);
}

static void pair(const char *s)
{
	vpdn_radius_put_vendor(&w, VPDN_RADIUS_VENDOR_CISCO, VPDN_RADIUS_CISCO_AVPAIR, s, strlen(s));
}

static void l2tp(uint8_t tag, const char *server)
{
	number(VPDN_RADIUS_TUNNEL_TYPE, tag, 3);
	number(VPDN_RADIUS_TUNNEL_MEDIUM_TYPE, tag, 1);
	text(VPDN_RADIUS_TUNNEL_SERVER_ENDPOINT, tag, server);
}

/* "hello", tag 1 (test_radius.c). */
static void password(uint8_t tag)
{
	uint8_t value[32];
	size_t n = unhex("01800137cc612166752538cf27b06bb2ba15f3", value, sizeof(value));

	value[0] = tag;
	vpdn_radius_put_bytes(&w, VPDN_RADIUS_TUNNEL_PASSWORD, value, n);
}

static enum vpdn_verdict answer(void)
{
	struct vpdn_reader r;
	uint8_t *copy = exact(w.buf, w.len);

	assert_false(w.bad);
	vpdn_config_put(a.config);
	vpdn_reader_init(&r, copy, w.len);
	vpdn_radius_answer(r, secret, authenticator, &query, &a);
	free(copy);
	vpdn_writer_init(&w, buf, sizeof(buf));
	return a.verdict;
}

static void refused(const char *why)
{
	if (answer() != VPDN_VERDICT_UNAVAILABLE || !strstr(a.text, why))
		fail_msg("\"%s\" is not in \"%s\" (%s)", why, a.text, vpdn_verdict_name(a.verdict));
}

static void said(const char *what)
{
	if (!strstr(a.text, what))
		fail_msg("\"%s\" is not in \"%s\"", what, a.text);
}

static const struct vpdn_peer *peer(size_t i, const char *addr, uint32_t priority)
{
	assert_non_null(a.group);
	assert_true(i < a.group->n_peers);
	assert_int_equal(a.group->peers[i].addr.s_addr, inet_addr(addr));
	assert_int_equal(a.group->peers[i].priority, priority);
	return &a.group->peers[i];
}

static void rfc2868_all_attributes(void **state)
{
	const struct vpdn_peer *p;

	(void)state;
	l2tp(1, "192.0.2.2");
	text(VPDN_RADIUS_TUNNEL_CLIENT_ENDPOINT, 1, "192.0.2.1");
	text(VPDN_RADIUS_TUNNEL_CLIENT_AUTH_ID, 1, "LAC");
	text(VPDN_RADIUS_TUNNEL_SERVER_AUTH_ID, 1, "LNS");
	text(VPDN_RADIUS_TUNNEL_ASSIGNMENT_ID, 1, "corp");
	number(VPDN_RADIUS_TUNNEL_PREFERENCE, 1, 7);
	password(1);
	assert_int_equal(answer(), VPDN_VERDICT_FORWARD);
	assert_string_equal(a.text, "forward, 1 tunnel");
	assert_string_equal(a.group->name, "radius:example.com");
	p = peer(0, "192.0.2.2", 7);
	assert_int_equal(p->source_ip.s_addr, inet_addr("192.0.2.1"));
	assert_string_equal(p->local_name, "LAC");
	assert_string_equal(p->remote_name, "LNS");
	assert_string_equal(p->tunnel_password, "hello");
	assert_true(p->tunnel_auth);
	assert_int_equal(p->port, 1701);
	assert_null(a.group->radius_class);
}

/* Class goes on to accounting, octet by octet; too much of it is left behind. */
static void classes_are_kept(void **state)
{
	uint8_t big[253] = { 0 };

	(void)state;
	vpdn_radius_put_bytes(&w, VPDN_RADIUS_CLASS, "\0gold", 5);
	l2tp(1, "192.0.2.2");
	vpdn_radius_put_bytes(&w, VPDN_RADIUS_CLASS, "2", 1);
	assert_int_equal(answer(), VPDN_VERDICT_FORWARD);
	assert_int_equal(a.group->radius_class_len, 10);
	assert_memory_equal(a.group->radius_class, "\31\7\0gold\31\0032", 10);
	l2tp(1, "192.0.2.2");
	for (int i = 0; i < 3; i++)
		vpdn_radius_put_bytes(&w, VPDN_RADIUS_CLASS, big, sizeof(big));
	assert_int_equal(answer(), VPDN_VERDICT_FORWARD);
	assert_int_equal(a.group->radius_class_len, 510);
	said("not used: a Class of 253 octets, too many");
}

/* RFC 2869 section 5.16 */
static void interim_interval_is_kept(void **state)
{
	static const uint8_t octets[3] = { 0, 2, 0 };

	(void)state;
	l2tp(1, "192.0.2.2");
	assert_int_equal(answer(), VPDN_VERDICT_FORWARD);
	assert_int_equal(a.group->radius_interim_s, 0);
	l2tp(1, "192.0.2.2");
	vpdn_radius_put_u32(&w, VPDN_RADIUS_ACCT_INTERIM_INTERVAL, 600);
	assert_int_equal(answer(), VPDN_VERDICT_FORWARD);
	assert_int_equal(a.group->radius_interim_s, 600);
	l2tp(1, "192.0.2.2");
	vpdn_radius_put_u32(&w, VPDN_RADIUS_ACCT_INTERIM_INTERVAL, 59);
	assert_int_equal(answer(), VPDN_VERDICT_FORWARD);
	assert_int_equal(a.group->radius_interim_s, 0);
	said("not used: Acct-Interim-Interval 59, less than 60");
	l2tp(1, "192.0.2.2");
	vpdn_radius_put_bytes(&w, VPDN_RADIUS_ACCT_INTERIM_INTERVAL, octets, sizeof(octets));
	assert_int_equal(answer(), VPDN_VERDICT_FORWARD);
	assert_int_equal(a.group->radius_interim_s, 0);
	said("not used: Acct-Interim-Interval of 3 octets");
}

/* Of what a tag has once (RFC 2868 section 5) the last one counts; addresses are as many LNSs. */
static void what_comes_twice(void **state)
{
	(void)state;
	number(VPDN_RADIUS_TUNNEL_TYPE, 1, 1);
	l2tp(1, "192.0.2.2");
	text(VPDN_RADIUS_TUNNEL_SERVER_ENDPOINT, 1, "192.0.2.3");
	text(VPDN_RADIUS_TUNNEL_CLIENT_AUTH_ID, 1, "LAC1");
	text(VPDN_RADIUS_TUNNEL_CLIENT_AUTH_ID, 1, "LAC2");
	text(VPDN_RADIUS_TUNNEL_SERVER_AUTH_ID, 1, "LNS1");
	text(VPDN_RADIUS_TUNNEL_SERVER_AUTH_ID, 1, "LNS2");
	number(VPDN_RADIUS_TUNNEL_PREFERENCE, 1, 9);
	number(VPDN_RADIUS_TUNNEL_PREFERENCE, 1, 4);
	password(1);
	password(1);
	vpdn_radius_put_u32(&w, VPDN_RADIUS_ACCT_INTERIM_INTERVAL, 600);
	vpdn_radius_put_u32(&w, VPDN_RADIUS_ACCT_INTERIM_INTERVAL, 900);
	assert_int_equal(answer(), VPDN_VERDICT_FORWARD);
	assert_int_equal(a.group->n_peers, 2);
	assert_int_equal(a.group->radius_interim_s, 900);
	assert_string_equal(peer(0, "192.0.2.2", 4)->local_name, "LAC2");
	assert_string_equal(peer(1, "192.0.2.3", 4)->remote_name, "LNS2");
	assert_string_equal(peer(1, "192.0.2.3", 4)->tunnel_password, "hello");
}

/* A name that cannot be one is no name that any LNS may have. */
static void server_names_that_are_none(void **state)
{
	char name[VPDN_NAME_MAX + 2];

	(void)state;
	l2tp(1, "192.0.2.2");
	text(VPDN_RADIUS_TUNNEL_SERVER_AUTH_ID, 1, "LNS\n1");
	refused("wrong server name");
	memset(name, 'n', sizeof(name));
	name[VPDN_NAME_MAX + 1] = '\0';
	l2tp(1, "192.0.2.2");
	text(VPDN_RADIUS_TUNNEL_SERVER_AUTH_ID, 1, name);
	refused("Tunnel-Server-Auth-Id");
	l2tp(1, "192.0.2.2");
	vpdn_radius_put_bytes(&w, VPDN_RADIUS_TUNNEL_SERVER_AUTH_ID, "\1LNS\0", 5);
	refused("Tunnel-Server-Auth-Id");
}

static void rfc2868_several_tags(void **state)
{
	(void)state;
	l2tp(2, "192.0.2.3");
	l2tp(1, "192.0.2.2");
	number(VPDN_RADIUS_TUNNEL_PREFERENCE, 2, 20);
	number(VPDN_RADIUS_TUNNEL_PREFERENCE, 1, 10);
	/* What has no tag completes both. */
	password(0);
	text(VPDN_RADIUS_TUNNEL_CLIENT_AUTH_ID, 0, "LAC");
	assert_int_equal(answer(), VPDN_VERDICT_FORWARD);
	assert_int_equal(a.group->n_peers, 2);
	assert_string_equal(peer(0, "192.0.2.2", 10)->tunnel_password, "hello");
	assert_string_equal(peer(1, "192.0.2.3", 20)->local_name, "LAC");
}

static void rfc2868_without_tags(void **state)
{
	(void)state;
	number(VPDN_RADIUS_TUNNEL_TYPE, 0, 3);
	text(VPDN_RADIUS_TUNNEL_SERVER_ENDPOINT, -1, "192.0.2.2");
	text(VPDN_RADIUS_TUNNEL_SERVER_ENDPOINT, -1, "192.0.2.3 192.0.2.4");
	assert_int_equal(answer(), VPDN_VERDICT_FORWARD);
	assert_int_equal(a.group->n_peers, 3);
	peer(0, "192.0.2.2", 1);
	assert_false(peer(2, "192.0.2.4", 1)->tunnel_auth);
	said("3 tunnels without authentication");
	/* Its own tunnel completes no other. */
	l2tp(0, "192.0.2.2");
	password(0);
	l2tp(3, "192.0.2.3");
	assert_int_equal(answer(), VPDN_VERDICT_FORWARD);
	assert_true(peer(0, "192.0.2.2", 1)->tunnel_auth);
	assert_false(peer(1, "192.0.2.3", 1)->tunnel_auth);
}

static void other_tunnels_are_left_out(void **state)
{
	(void)state;
	l2tp(1, "192.0.2.2");
	number(VPDN_RADIUS_TUNNEL_TYPE, 2, 1);
	text(VPDN_RADIUS_TUNNEL_SERVER_ENDPOINT, 2, "192.0.2.3");
	number(VPDN_RADIUS_TUNNEL_TYPE, 3, 3);
	assert_int_equal(answer(), VPDN_VERDICT_FORWARD);
	assert_int_equal(a.group->n_peers, 1);
	said("not used: tag 2 (Tunnel-Type 1, Tunnel-Medium-Type 0), tag 3 (no Tunnel-Server-Endpoint)");
	number(VPDN_RADIUS_TUNNEL_TYPE, 1, 3);
	number(VPDN_RADIUS_TUNNEL_MEDIUM_TYPE, 1, 2);
	text(VPDN_RADIUS_TUNNEL_SERVER_ENDPOINT, 1, "2001:db8::1");
	refused("no tunnel that could be made; not used: tag 1 (Tunnel-Type 3, Tunnel-Medium-Type 2)");
}

static void rfc2868_what_is_wrong(void **state)
{
	uint8_t damaged[] = { VPDN_RADIUS_TUNNEL_PASSWORD, 5, 1, 0x80, 1 };

	(void)state;
	text(VPDN_RADIUS_TUNNEL_SERVER_ENDPOINT, 1, "192.0.2.2");
	refused("tag 1: Tunnel-Type is missing");
	l2tp(1, "lns.example.com");
	refused("tag 1: LNS \"lns.example.com\"; allowed: an IPv4 address");
	l2tp(1, "224.0.0.1");
	refused("LNS \"224.0.0.1\"");
	l2tp(1, " ,/ ");
	refused("tag 1: no address of an LNS");
	l2tp(1, "192.0.2.2");
	vpdn_writer_bytes(&w, damaged, sizeof(damaged));
	refused("Tunnel-Password cannot be deciphered");
	l2tp(1, "192.0.2.2");
	text(VPDN_RADIUS_TUNNEL_CLIENT_AUTH_ID, 1, "a name that is longer than the sixty-four octets which a name may have");
	refused("tag 1: Tunnel-Client-Auth-Id");
	l2tp(1, "192.0.2.2");
	text(VPDN_RADIUS_TUNNEL_CLIENT_ENDPOINT, 1, "\x1b[2J");
	refused("our address \"\\x1b[2J\"");
	vpdn_radius_put_bytes(&w, VPDN_RADIUS_TUNNEL_TYPE, "\1\0\3", 3);
	refused("attribute 64 has 3 octets");
	for (int i = 0; i < 65; i++)
		l2tp((uint8_t)(i % 8 + 1), i / 8 == 0 ? "192.0.2.2" : "192.0.2.3");
	refused("more than 8 Tunnel-Server-Endpoint");
	number(VPDN_RADIUS_TUNNEL_TYPE, 1, 3);
	refused("no tunnel that could be made");
	pair("vpdn:tunnel-type=l2tp");
	refused("no tunnel that could be made");
}

static void no_tunnel_is_nothing(void **state)
{
	(void)state;
	assert_int_equal(answer(), VPDN_VERDICT_NOTHING);
	vpdn_radius_put_u32(&w, VPDN_RADIUS_SERVICE_TYPE, 5);
	vpdn_radius_put_text(&w, VPDN_RADIUS_REPLY_MESSAGE, "hello");
	pair("ip:addr-pool=corp");
	vpdn_radius_put_vendor(&w, 4242, 1, "vpdn:tunnel-type=l2tp", 21);
	assert_int_equal(answer(), VPDN_VERDICT_NOTHING);
	assert_string_equal(a.text, "no tunnel");
}

/* RFC 2865 section 5.6: a service that is not supported is as good as a Reject, tunnels or not. */
static void other_services_are_rejects(void **state)
{
	static const struct {
		uint32_t service;
		enum vpdn_verdict verdict;
	} rows[] = {
		{ 1, VPDN_VERDICT_NOTHING }, { 2, VPDN_VERDICT_FORWARD }, { 4, VPDN_VERDICT_NOTHING }, { 5, VPDN_VERDICT_FORWARD },
		{ 0xffffffff, VPDN_VERDICT_NOTHING },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		l2tp(1, "192.0.2.2");
		vpdn_radius_put_u32(&w, VPDN_RADIUS_SERVICE_TYPE, rows[i].service);
		assert_int_equal(answer(), rows[i].verdict);
	}
	assert_string_equal(a.text, "as good as a Reject: Service-Type 4294967295; understood: Framed (2), Outbound (5)");
	vpdn_radius_put_bytes(&w, VPDN_RADIUS_SERVICE_TYPE, "\0\2", 2);
	refused("Service-Type of 2 octets");
}

static void seed_answer(void **state)
{
	const struct vpdn_peer *p;

	(void)state;
	query.kind = VPDN_KEY_DNIS;
	query.key = "614629";
	vpdn_radius_put_u32(&w, VPDN_RADIUS_SERVICE_TYPE, 5);
	pair("vpdn:tunnel-type=l2tp");
	pair("vpdn:tunnel-id=hgw");
	pair("vpdn:ip-addresses=10.51.6.82");
	pair("vpdn:l2tp-tunnel-password=hello");
	/* The recorded packet has 156 octets with its header. */
	assert_int_equal(w.len + VPDN_RADIUS_HEADER_LEN, 156);
	assert_int_equal(answer(), VPDN_VERDICT_FORWARD);
	assert_string_equal(a.group->name, "radius:614629");
	p = peer(0, "10.51.6.82", 1);
	assert_string_equal(p->local_name, "hgw");
	assert_string_equal(p->tunnel_password, "hello");
}

static void ios_list(void **state)
{
	(void)state;
	pair("vpdn:tunnel-type=l2tp");
	pair("vpdn:ip-addresses=10.16.1.1,10.16.2.2,10.16.3.3/10.16.4.4,10.16.5.5");
	assert_int_equal(answer(), VPDN_VERDICT_FORWARD);
	assert_int_equal(a.group->n_peers, 5);
	peer(2, "10.16.3.3", 1);
	peer(3, "10.16.4.4", 2);
	peer(4, "10.16.5.5", 2);
	pair("vpdn:tunnel-type=l2tp");
	pair("vpdn:ip-addresses= 10.16.1.1 ,  10.16.2.2 / 10.16.3.3");
	pair("vpdn:ip-address-limits=100 200/300");
	assert_int_equal(answer(), VPDN_VERDICT_FORWARD);
	assert_int_equal(peer(0, "10.16.1.1", 1)->limit, 100);
	assert_int_equal(peer(1, "10.16.2.2", 1)->limit, 200);
	assert_int_equal(peer(2, "10.16.3.3", 2)->limit, 300);
}

static void cisco_options(void **state)
{
	(void)state;
	pair("VPDN:Tunnel-Type=L2TP");
	pair("vpdn:ip-addresses=192.0.2.2");
	pair("vpdn:source-ip=192.0.2.1");
	pair("vpdn:l2tp-tunnel-password=hello");
	pair("vpdn:l2tp-tunnel-authen=yes");
	pair("vpdn:l2tp-hello-interval=30");
	pair("vpdn:l2tp-hidden-avp=yes");
	pair("vpdn:l2tp-nosession-timeout*120");
	pair("vpdn:l2tp-tunnel-timeout-setup=5");
	pair("vpdn:l2tp-udp-checksum=yes");
	pair("vpdn:l2tp-cm-local-window-size=8");
	pair("vpdn:never-heard-of=x");
	assert_int_equal(answer(), VPDN_VERDICT_FORWARD);
	said("not used: vpdn:l2tp-udp-checksum, vpdn:l2tp-cm-local-window-size, vpdn:never-heard-of");
	assert_int_equal(a.group->hello_s, 30);
	assert_int_equal(a.group->opened_idle_s, 120);
	assert_int_equal(a.group->connect_timeout_s, 5);
	assert_true(a.group->hidden);
	assert_int_equal(peer(0, "192.0.2.2", 1)->source_ip.s_addr, inet_addr("192.0.2.1"));
	pair("vpdn:tunnel-type=l2tp");
	pair("vpdn:ip-addresses=192.0.2.2");
	pair("vpdn:l2tp-tunnel-password=hello");
	pair("vpdn:l2tp-tunnel-authen=no");
	assert_int_equal(answer(), VPDN_VERDICT_FORWARD);
	assert_null(peer(0, "192.0.2.2", 1)->tunnel_password);
}

/* Attributes say where, AV pairs how. */
static void both_at_once(void **state)
{
	(void)state;
	l2tp(1, "192.0.2.2");
	pair("vpdn:ip-addresses=192.0.2.9");
	pair("vpdn:tunnel-id=hgw");
	pair("vpdn:l2tp-tunnel-password=hello");
	assert_int_equal(answer(), VPDN_VERDICT_FORWARD);
	assert_int_equal(a.group->n_peers, 1);
	assert_string_equal(peer(0, "192.0.2.2", 1)->local_name, "hgw");
	assert_string_equal(peer(0, "192.0.2.2", 1)->tunnel_password, "hello");
}

static void cisco_what_is_wrong(void **state)
{
	static const struct {
		const char *pair, *why;
	} wrong[] = {
		{ "vpdn:tunnel-type=l2f", "vpdn:tunnel-type=l2f; allowed: l2tp" },
		{ "vpdn:ip-addresses=lns.example.com", "LNS \"lns.example.com\"" },
		{ "vpdn:ip-address-limits=x", "vpdn:ip-address-limits: \"x\"" },
		{ "vpdn:l2tp-hello-interval=0", "vpdn:l2tp-hello-interval=0" },
		{ "vpdn:l2tp-hidden-avp=perhaps", "vpdn:l2tp-hidden-avp=perhaps; allowed: yes, no" },
		{ "vpdn:l2tp-hidden-avp=yes", "hidden AVPs need a password" },
		{ "vpdn:l2tp-tunnel-authen=yes", "without vpdn:l2tp-tunnel-password" },
		{ "vpdn:source-ip=::1", "our address \"::1\"" },
		{ "vpdn:tunnel-id=a b", "wrong client name" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		pair("vpdn:tunnel-type=l2tp");
		pair("vpdn:ip-addresses=192.0.2.2");
		pair(wrong[i].pair);
		refused(wrong[i].why);
	}
	pair("vpdn:ip-addresses=192.0.2.2");
	refused("vpdn:tunnel-type is missing");
	/* No secret is in what is said. */
	pair("vpdn:tunnel-type=l2tp");
	pair("vpdn:ip-addresses=192.0.2.2");
	pair("vpdn:l2tp-tunnel-password=\x1btop-secret");
	assert_int_equal(answer(), VPDN_VERDICT_UNAVAILABLE);
	assert_null(strstr(a.text, "top-secret"));
	/* A Vendor-Specific that does not hold together. */
	vpdn_writer_bytes(&w, "\32\11\0\0\0\11\1\7x", 9);
	refused("attributes that do not fit");
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(rfc2868_all_attributes), TEST(classes_are_kept), TEST(interim_interval_is_kept), TEST(what_comes_twice), TEST(server_names_that_are_none),
		TEST(rfc2868_several_tags), TEST(rfc2868_without_tags), TEST(other_tunnels_are_left_out),
		TEST(rfc2868_what_is_wrong), TEST(no_tunnel_is_nothing), TEST(other_services_are_rejects), TEST(seed_answer), TEST(ios_list), TEST(cisco_options),
		TEST(both_at_once), TEST(cisco_what_is_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
