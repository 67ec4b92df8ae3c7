/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_explain.c - vpdnd's choice of tunnel as a whole, over its socket: explain, drain, clear dead,
 * what is kept of a decision, what the LNS is told, links of one bundle, and vpdnctl itself.
 */
#define ACCEPT_BLOCKS 0
#define CONFIG \
	"dnis-from { service-name = \"^dial-([0-9]+)$\" }\n" \
	"vpdn-group corp {\n" \
	"  request-dialin { protocol = l2tp domain = { \"example.com\", \"*.example.net\" } strip-domain = true }\n" \
	"  initiate-to \"192.0.2.2\" { priority = 1 }\n" \
	"  initiate-to \"192.0.2.3\" { priority = 2 }\n" \
	"  tunnel-password = \"" SECRET "\"\n" \
	"}\n" \
	"vpdn-group many {\n" \
	"  request-dialin { protocol = l2tp dnis = 614629 }\n" \
	"  initiate-to \"192.0.2.4\" { weight = 1 }\n" \
	"  initiate-to \"192.0.2.5\" { weight = 3 }\n" \
	"  initiate-to \"192.0.2.6\" { priority = 2 limit = 1 }\n" \
	"  tunnel-authentication = false\n" \
	"}\n"
#include "vpdnd_peer.h"

static void explain_says_each_step(void **state)
{
	const char *o;

	(void)state;
	o = COMMAND("explain", "alice@x.Example.NET", "line", "eth1", "circuit-id", "pon \"1\"", "clid", "5551");
	assert_has(o, "\"question\":{\"user\":\"alice@x.Example.NET\",\"name\":\"alice\",\"domain\":\"x.Example.NET\",\"dnis\":null,"
		      "\"dnis_from\":null,\"clid\":\"5551\",\"line\":\"eth1\"");
	assert_has(o, "\"line: interface \\\"eth1\\\": no vpdn-group has it\",\"line: circuit id \\\"pon \\\\x221\\\\x22\\\": no vpdn-group has it\","
		      "\"dnis: there is no called number\","
		      "\"domain \\\"x.Example.NET\\\": vpdn-group corp has domain \\\"*.example.net\\\"\"]");
	assert_has(o, "\"outcome\":\"reject\",\"reason\":\"xl2tpd is not connected\",\"group\":\"corp\",\"by\":\"domain \\\"*.example.net\\\"\","
		      "\"name_sent\":\"alice\"");
	o = COMMAND("explain", "bob");
	assert_has(o, "\"there is no default group: local\"],\"outcome\":\"local\",\"reason\":\"no vpdn-group has this line, called number or domain\"}");
	assert_has_not(o, "peers");
	o = COMMAND("explain", "bob", "service", "dial-614629");
	assert_has(o, "dnis from service-name: \\\"614629\\\": vpdn-group many has dnis");
	assert_has(o, "\"name_sent\":\"bob\"");
	/* Nothing was placed, nothing is left. */
	o = COMMAND("show");
	assert_has(o, "\"sessions\":[]");
	assert_has(o, "\"asked\",\"text\":\"subscribers asked about\",\"value\":0");
}

static void explain_orders_the_peers(void **state)
{
	int l2tp = module();
	const char *o;

	(void)state;
	o = COMMAND("explain", "x", "dnis", "614629");
	assert_has(o, "\"outcome\":\"forward\",\"reason\":null");
	assert_has(o, "\"ip\":\"192.0.2.4\",\"port\":1701,\"priority\":1,\"weight\":1,\"limit\":null,\"sessions\":0,\"tunnels\":0,\"tunnel_limit\":null,\"placed\":0,\"failed\":0,"
		      "\"dead_s\":0,\"state\":\"ready\",\"order\":1,\"share_percent\":25}");
	assert_has(o, "\"state\":\"ready\",\"order\":1,\"share_percent\":75}");
	assert_has(o, "\"ip\":\"192.0.2.6\",\"port\":1701,\"priority\":2,\"weight\":1,\"limit\":1,\"sessions\":0,\"tunnels\":0,\"tunnel_limit\":null,\"placed\":0,\"failed\":0,"
		      "\"dead_s\":0,\"state\":\"ready\",\"order\":2,\"share_percent\":100}");
	assert_has(COMMAND("drain", "192.0.2.5"), "{\"draining\":\"192.0.2.5\",\"groups\":1,\"sessions\":0}");
	o = COMMAND("explain", "x", "dnis", "614629");
	assert_has(o, "\"order\":1,\"share_percent\":100}");
	assert_has(o, "\"state\":\"draining\",\"order\":null,\"share_percent\":null}]");
	COMMAND("drain", "192.0.2.4");
	COMMAND("drain", "192.0.2.6");
	assert_has(COMMAND("explain", "x", "dnis", "614629"),
		   "\"outcome\":\"reject\",\"reason\":\"all its peers are draining or at their session limit\"");
	close(l2tp);
}

static void explain_refuses_nonsense(void **state)
{
	char longest[256];

	(void)state;
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_has(COMMAND("explain", "x", "mac", "02:00"), "explain: mac is no Ethernet address");
	assert_has(COMMAND("explain", "x", "dnis"), "explain: dnis has no value");
	assert_has(COMMAND("explain", "x", "colour", "red"), "explain: colour is not known");
	assert_has(COMMAND("explain", "x", "dnis", longest), "explain: dnis is too long");
	assert_has(COMMAND("explain", longest), "\"outcome\":\"local\"");
	assert_has(COMMAND("explain"), "no such command");
	assert_has(COMMAND("drain", "lns.example.com"), "no peer's address");
	assert_has(COMMAND("undrain", "192.0.2.2"), "192.0.2.2 is not draining");
	assert_has(COMMAND("clear", "dead", "x"), "no peer's address");
}

static void a_drained_lns_gets_no_new_calls(void **state)
{
	int l2tp = module(), first, second;
	uint32_t ref;

	(void)state;
	first = subscriber(ALICE);
	ref = placed(l2tp, "192.0.2.2");
	assert_has(COMMAND("drain", "192.0.2.2"), "\"groups\":1,\"sessions\":1}");
	assert_has(COMMAND("show"), "\"draining\":[\"192.0.2.2\"]");
	assert_has(COMMAND("show", "group"), "\"state\":\"draining\"");
	assert_has(COMMAND("reload"), "reloaded");
	expect(l2tp, VPDN_MSG_L2TP_CONFIG_BEGIN);
	expect(l2tp, VPDN_MSG_L2TP_CONFIG_END);
	/* What it has goes on, what comes goes elsewhere. */
	second = subscriber(ALICE);
	cleared(l2tp, placed(l2tp, "192.0.2.3"), VPDN_STAGE_CALL, VPDN_BY_PEER, 4);
	expect_reject(second, "LNS 192.0.2.3");
	ready(l2tp, ref);
	expect(first, VPDN_MSG_SUBSCRIBER_FORWARD);
	close(first);
	expect_clear(l2tp, ref, 1);
	cleared(l2tp, ref, VPDN_STAGE_CALL, VPDN_BY_US, 0);
	COMMAND("drain", "192.0.2.3");
	expect_reject(subscriber(ALICE), "all peers of vpdn-group corp are draining or at their session limit");
	assert_has(COMMAND("undrain", "192.0.2.2"), "{\"undrained\":\"192.0.2.2\",\"groups\":1,\"sessions\":0}");
	second = subscriber(ALICE);
	cleared(l2tp, placed(l2tp, "192.0.2.2"), VPDN_STAGE_CALL, VPDN_BY_PEER, 3);
	expect_reject(second, "LNS 192.0.2.2");
	close(l2tp);
}

static void the_dead_are_cleared_by_hand(void **state)
{
	int l2tp = module(), fd = subscriber(ALICE);

	(void)state;
	cleared(l2tp, placed(l2tp, "192.0.2.2"), VPDN_STAGE_TUNNEL, VPDN_BY_TIMEOUT, 0);
	cleared(l2tp, placed(l2tp, "192.0.2.3"), VPDN_STAGE_CALL, VPDN_BY_PEER, 3);
	expect_reject(fd, "LNS 192.0.2.3");
	assert_has(COMMAND("explain", ALICE), "\"dead_s\":60,\"state\":\"dead\",\"order\":2");
	assert_has(COMMAND("clear", "dead", "192.0.2.3"), "{\"cleared\":0}");
	assert_has(COMMAND("clear", "dead"), "{\"cleared\":1}");
	fd = subscriber(ALICE);
	cleared(l2tp, placed(l2tp, "192.0.2.2"), VPDN_STAGE_CALL, VPDN_BY_PEER, 3);
	expect_reject(fd, "LNS 192.0.2.2");
	close(l2tp);
}

/* xl2tpd could not even ask, by a wrong source-ip or for want of memory: that is no word about the LNS. */
static void our_own_failure_leaves_the_lns_alive(void **state)
{
	int l2tp = module(), fd = subscriber(ALICE);
	uint32_t ref = placed(l2tp, "192.0.2.2");

	(void)state;
	vpdn_ipc_begin(&b, VPDN_MSG_L2TP_CALL_CLEARED, 0, 0);
	vpdn_ipc_put_u32(&b, VPDN_TLV_CALL_REF, ref);
	vpdn_ipc_put_u8(&b, VPDN_TLV_STAGE, VPDN_STAGE_TUNNEL);
	vpdn_ipc_put_u8(&b, VPDN_TLV_BY, VPDN_BY_US);
	vpdn_ipc_put_text(&b, VPDN_TLV_TEXT, "call not placed: Cannot assign requested address");
	vpdn_ipc_put_u32(&b, VPDN_TLV_ERRNO, EADDRNOTAVAIL);
	send_msg(l2tp, NULL, 0);
	cleared(l2tp, placed(l2tp, "192.0.2.3"), VPDN_STAGE_CALL, VPDN_BY_PEER, 3);
	expect_reject(fd, "LNS 192.0.2.3");
	assert_has_not(COMMAND("show", "group"), "\"state\":\"dead\"");
	close(l2tp);
}

static void a_session_keeps_its_trace(void **state)
{
	int l2tp = module(), fd = subscriber(ALICE);
	const char *o;
	uint32_t ref;

	(void)state;
	cleared(l2tp, placed(l2tp, "192.0.2.2"), VPDN_STAGE_TUNNEL, VPDN_BY_TIMEOUT, 0);
	ref = placed(l2tp, "192.0.2.3");
	o = COMMAND("show", "session", "1");
	assert_has(o, "\"decisions\":[\"line: interface \\\"eth1\\\": no vpdn-group has it\"");
	assert_has(o, "\"domain \\\"example.com\\\": vpdn-group corp has domain \\\"example.com\\\"\",\"LNS 192.0.2.2 is asked: attempt 1, "
		      "priority 1, weight 1\",\"LNS 192.0.2.2: tunnel timed out: because of the test\",\"LNS 192.0.2.3 is asked: attempt 2, "
		      "priority 2, weight 1\"]");
	cleared(l2tp, ref, VPDN_STAGE_CALL, VPDN_BY_PEER, 3);
	expect_reject(fd, "LNS 192.0.2.3");
	close(l2tp);
}

/* ---- what the LNS is told ---- */

/* AVP 30 of a call of this user, authenticated that way. */
static void name_sent(int l2tp, const char *user, uint16_t auth_type, const char *name)
{
	int fd = hello(VPDN_ROLE_PPP);
	uint32_t ref;

	vpdn_ipc_begin(&b, VPDN_MSG_SUBSCRIBER_ASK, 0, 1);
	vpdn_ipc_put_u8(&b, VPDN_TLV_ACCESS, VPDN_ACCESS_PPPOE);
	vpdn_ipc_put_u32(&b, VPDN_TLV_PID, 1);
	vpdn_ipc_put_u32(&b, VPDN_TLV_HOLD_MS, 30000);
	vpdn_ipc_put_text(&b, VPDN_TLV_USER, user);
	vpdn_ipc_put_u16(&b, VPDN_TLV_PROXY_AUTH_TYPE, auth_type);
	vpdn_ipc_put_text(&b, VPDN_TLV_PROXY_AUTH_NAME, user);
	send_msg(fd, NULL, 0);
	ref = placed(l2tp, "192.0.2.2");
	assert_text(VPDN_TLV_PROXY_AUTH_NAME, name);
	assert_text(VPDN_TLV_USER, user);
	cleared(l2tp, ref, VPDN_STAGE_CALL, VPDN_BY_PEER, 3);
	expect_reject(fd, "LNS");
}

static void the_domain_is_stripped(void **state)
{
	int l2tp = module();

	(void)state;
	name_sent(l2tp, "alice@example.com", VPDN_PROXY_AUTH_CHAP, "alice");
	name_sent(l2tp, "a@b@example.com", VPDN_PROXY_AUTH_PAP, "a@b");
	name_sent(l2tp, "@example.com", VPDN_PROXY_AUTH_CHAP, "@example.com");
	/* The name is in what MS-CHAPv2 has hashed. */
	name_sent(l2tp, "alice@example.com", VPDN_PROXY_AUTH_MSCHAP_V2, "alice@example.com");
	write_file(config_path, "domain-delimiters = \"\\\\\" domain-position = prefix\n" CONFIG);
	COMMAND("reload");
	expect(l2tp, VPDN_MSG_L2TP_CONFIG_BEGIN);
	expect(l2tp, VPDN_MSG_L2TP_CONFIG_END);
	name_sent(l2tp, "example.com\\alice", VPDN_PROXY_AUTH_MSCHAP_V2, "alice");
	close(l2tp);
}

static void a_dnis_that_was_made_is_told(void **state)
{
	int l2tp = module(), fd = hello(VPDN_ROLE_PPP);
	uint32_t ref;

	(void)state;
	COMMAND("drain", "192.0.2.5");
	begin_ask("bob", 30000);
	vpdn_ipc_put_text(&b, VPDN_TLV_SERVICE_NAME, "dial-614629");
	/* A number that is none takes no part, and is not sent twice. */
	vpdn_ipc_put_bytes(&b, VPDN_TLV_CALLED_NUMBER, "\0", 1);
	send_msg(fd, NULL, 0);
	ref = placed(l2tp, "192.0.2.4");
	assert_text(VPDN_TLV_CALLED_NUMBER, "614629");
	cleared(l2tp, ref, VPDN_STAGE_CALL, VPDN_BY_PEER, 3);
	expect_reject(fd, "LNS");
	close(l2tp);
}

/* Many bundles of two links each: both links get the same LNS, and both LNSs some bundles. */
static void links_of_a_bundle_meet(void **state)
{
	int l2tp = module(), on[2] = { 0 };
	uint8_t lcp[] = { 17, 4, 5, 220, 19, 9, 3, 2, 0, 0, 0, 0, 0 };

	(void)state;
	for (uint8_t bundle = 0; bundle < 40; bundle++) {
		struct in_addr lns[2];

		lcp[12] = bundle;
		for (int link = 0; link < 2; link++) {
			int fd = hello(VPDN_ROLE_PPP);

			vpdn_ipc_begin(&b, VPDN_MSG_SUBSCRIBER_ASK, 0, 1);
			vpdn_ipc_put_u8(&b, VPDN_TLV_ACCESS, VPDN_ACCESS_PPPOE);
			vpdn_ipc_put_u32(&b, VPDN_TLV_PID, 1);
			vpdn_ipc_put_u32(&b, VPDN_TLV_HOLD_MS, 30000);
			vpdn_ipc_put_text(&b, VPDN_TLV_USER, "bob");
			vpdn_ipc_put_text(&b, VPDN_TLV_CALLED_NUMBER, "614629");
			vpdn_ipc_put_bytes(&b, VPDN_TLV_PROXY_LAST_RCVD, lcp, sizeof(lcp));
			send_msg(fd, NULL, 0);
			expect(l2tp, VPDN_MSG_L2TP_CALL_PLACE);
			assert_true(vpdn_ipc_get_ip4(&m, VPDN_TLV_PEER_IP, &lns[link]));
			cleared(l2tp, u32(VPDN_TLV_CALL_REF), VPDN_STAGE_CALL, VPDN_BY_PEER, 3);
			expect_reject(fd, "LNS");
		}
		assert_int_equal(lns[0].s_addr, lns[1].s_addr);
		on[lns[0].s_addr == inet_addr("192.0.2.5")]++;
	}
	assert_int_equal(on[0] + on[1], 40);
	assert_in_range(on[0], 3, 18);
	close(l2tp);
}

/* ---- vpdnctl ---- */

static void vpdnctl(const char *words, int status, const char *text)
{
	static char out[16384];
	char self[256], command[1024];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	size_t n;
	FILE *f;
	int rc;

	/* BUILD/tests/unit/test_explain */
	assert_true(len > 0);
	self[len] = '\0';
	for (int i = 0; i < 3; i++)
		*strrchr(self, '/') = '\0';
	snprintf(command, sizeof(command), "'%s/vpdnctl' --socket %s %s 2>&1", self, socket_path, words);
	f = popen(command, "r");
	assert_non_null(f);
	n = fread(out, 1, sizeof(out) - 1, f);
	out[n] = '\0';
	rc = pclose(f);
	assert_true(WIFEXITED(rc));
	if (WEXITSTATUS(rc) != status || !strstr(out, text))
		fail_msg("vpdnctl %s: exit status %d, and \"%s\" is not in: %s", words, WEXITSTATUS(rc), text, out);
}

static void vpdnctl_explains(void **state)
{
	(void)state;
	vpdnctl("explain x@example.com --dnis 5 --mac 02:00:00:00:00:01", 0, "line: Ethernet address \"02:00:00:00:00:01\": no vpdn-group has it");
	vpdnctl("explain x --dnis 614629", 0, "      1  192.0.2.5  1701         1       3   75 %      -         0  ready");
	vpdnctl("explain x", 0, "Local: this host's pppd serves the subscriber");
	vpdnctl("--json explain x", 0, "\"outcome\": \"local\"");
	vpdnctl("explain", 2, "usage");
	vpdnctl("show --dnis 5", 2, "usage");
	vpdnctl("explain x --mac 5", 1, "mac is no Ethernet address");
	vpdnctl("drain 192.0.2.5", 0, "192.0.2.5 gets no new calls; 0 sessions stay");
	vpdnctl("drain 192.0.2.99", 0, "no vpdn-group has an initiate-to of this address");
	vpdnctl("show", 0, "draining: 192.0.2.5, 192.0.2.99");
	vpdnctl("show group", 0, "draining");
	vpdnctl("explain x --dnis 614629", 0, "      -  192.0.2.5  1701         1       3      -      -         0  draining");
	vpdnctl("undrain 192.0.2.99", 0, "");
	vpdnctl("undrain 192.0.2.99", 1, "192.0.2.99 is not draining");
	vpdnctl("clear dead", 0, "");
	vpdnctl("clear dead 192.0.2.5", 0, "");
}

int main(void)
{
#define TEST(test)	cmocka_unit_test_setup_teardown(test, start_daemon, end_daemon)
	const struct CMUnitTest tests[] = {
		TEST(explain_says_each_step),
		TEST(explain_orders_the_peers),
		TEST(explain_refuses_nonsense),
		TEST(a_drained_lns_gets_no_new_calls),
		TEST(the_dead_are_cleared_by_hand),
		TEST(our_own_failure_leaves_the_lns_alive),
		TEST(a_session_keeps_its_trace),
		TEST(the_domain_is_stripped),
		TEST(a_dnis_that_was_made_is_told),
		TEST(links_of_a_bundle_meet),
		TEST(vpdnctl_explains),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
