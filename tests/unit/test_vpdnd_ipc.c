/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_vpdnd_ipc.c - vpdnd over its socket: a whole daemon is forked, and the test
 * plays its peers (vpdnd_peer.h). No kernel PPP is needed: calls end at the bridge
 * at the latest, which is the lab's to test.
 */
#include "vpdnd_peer.h"

static void greeting(void **state)
{
	int fd, second, l2tp;

	(void)state;
	/* Another version. */
	fd = vpdn_ipc_connect(socket_path);
	vpdn_ipc_begin(&b, VPDN_MSG_HELLO, 0, 3);
	vpdn_ipc_put_u8(&b, VPDN_TLV_VERSION, 99);
	vpdn_ipc_put_u8(&b, VPDN_TLV_ROLE, VPDN_ROLE_CONTROL);
	vpdn_ipc_put_text(&b, VPDN_TLV_NAME, "x");
	send_msg(fd, NULL, 0);
	expect(fd, VPDN_MSG_ERROR);
	assert_int_equal(u32(VPDN_TLV_ERRNO), EPROTONOSUPPORT);
	assert_int_equal(m.seq, 3);
	expect_end(fd);
	/* No HELLO. */
	fd = vpdn_ipc_connect(socket_path);
	begin_ask(ALICE, 30000);
	send_msg(fd, NULL, 0);
	expect(fd, VPDN_MSG_ERROR);
	expect_end(fd);
	/* A message of another role. */
	fd = hello(VPDN_ROLE_CONTROL);
	begin_ask(ALICE, 30000);
	send_msg(fd, NULL, 0);
	expect(fd, VPDN_MSG_ERROR);
	expect_end(fd);
	/* A second module. */
	l2tp = module();
	second = vpdn_ipc_hello(socket_path, VPDN_ROLE_L2TP, "second");
	expect(second, VPDN_MSG_ERROR);
	assert_int_equal(u32(VPDN_TLV_ERRNO), EBUSY);
	expect_end(second);
	expect_quiet(l2tp);
	close(l2tp);
}

static void garbage(void **state)
{
	static const uint8_t octets[] = { 0x56, 0x50, 1, 0, 0, 48, 0, 0, 0, 0, 0, 20, 0, 0, 0, 1, 0xff };
	int fd, l2tp = module();

	(void)state;
	for (size_t n = 1; n <= sizeof(octets); n++) {
		fd = vpdn_ipc_connect(socket_path);
		assert_int_equal(send(fd, octets, n, 0), (ssize_t)n);
		while (readable(fd, WAIT_MS) && vpdn_ipc_recv(fd, &m) == 1)
			;
		close(fd);
	}
	/* A damaged message of the module does not end its connection: all calls hang on it. */
	vpdn_ipc_begin(&b, VPDN_MSG_L2TP_TUNNEL_STATE, 0, 1);
	vpdn_ipc_put_u16(&b, VPDN_TLV_TUNNEL_ID, 1);
	assert_int_equal(vpdn_ipc_finish(&b), -EINVAL);
	assert_int_equal(vpdn_ipc_send_octets(l2tp, b.w.buf, b.w.len, NULL, 0), 0);
	expect(l2tp, VPDN_MSG_ERROR);
	assert_has(COMMAND("show"), "\"connected\":true");
	close(l2tp);
}

static void groups_for_the_module(void **state)
{
	const uint8_t *p;
	struct vpdn_ipc_iter it;
	struct in_addr a;
	uint8_t v, auth = 0;
	size_t len;
	int fd = hello(VPDN_ROLE_L2TP);

	(void)state;
	expect(fd, VPDN_MSG_L2TP_CONFIG_BEGIN);
	expect(fd, VPDN_MSG_L2TP_GROUP);
	assert_text(VPDN_TLV_GROUP, "lns");
	assert_text(VPDN_TLV_LOCAL_NAME, "LNS");
	assert_text(VPDN_TLV_SECRET, LNS_SECRET);
	assert_text(VPDN_TLV_PPP_TEMPLATE, "corp");
	assert_true(vpdn_ipc_get_u8(&m, VPDN_TLV_TUNNEL_AUTH, &auth) && auth == 1);
	assert_true(vpdn_ipc_get_u8(&m, VPDN_TLV_LCP_POLICY, &v) && v == VPDN_LCP_ON_MISMATCH);
	assert_int_equal(u32(VPDN_TLV_IDLE_S), 10);
	assert_int_equal(u32(VPDN_TLV_HELLO_S), 60);
	assert_int_equal(u32(VPDN_TLV_MAX_SESSIONS), 7);
	assert_ip(VPDN_TLV_POOL_LOCAL, "203.0.113.1");
	assert_ip(VPDN_TLV_POOL_FIRST, "203.0.113.10");
	assert_ip(VPDN_TLV_POOL_LAST, "203.0.113.20");
	vpdn_ipc_iter_init(&it, &m);
	assert_true(vpdn_ipc_next_of(&it, VPDN_TLV_TERMINATE_FROM, &p, &len));
	assert_memory_equal(p, "LAC9", len);
	assert_true(vpdn_ipc_next_of(&it, VPDN_TLV_TERMINATE_FROM, &p, &len));
	assert_memory_equal(p, "LAC8", len);
	vpdn_ipc_iter_init(&it, &m);
	assert_true(vpdn_ipc_next_of(&it, VPDN_TLV_SOURCE, &p, &len));
	assert_true(vpdn_ipc_parse_source(p, len, &a, &v));
	assert_int_equal(a.s_addr, inet_addr("192.0.2.0"));
	assert_int_equal(v, 24);
	expect(fd, VPDN_MSG_L2TP_CONFIG_END);

	/* A wrong file changes nothing, a right one is sent at once. */
	write_file(config_path, CONFIG "bad-key = 1\n");
	assert_has(COMMAND("reload"), "bad-key");
	expect_quiet(fd);
	write_file(config_path, "# empty\n");
	assert_has(COMMAND("reload"), "\"reloaded\"");
	expect(fd, VPDN_MSG_L2TP_CONFIG_BEGIN);
	expect(fd, VPDN_MSG_L2TP_CONFIG_END);
	write_file(config_path, CONFIG);
	kill(daemon_pid, SIGHUP);
	expect(fd, VPDN_MSG_L2TP_CONFIG_BEGIN);
	expect(fd, VPDN_MSG_L2TP_GROUP);
	expect(fd, VPDN_MSG_L2TP_CONFIG_END);
	close(fd);
}

static void users_without_a_group_are_local(void **state)
{
	static const char *const users[] = { "bob", "bob@example.co", "bob@", "" };
	int fd;

	(void)state;
	for (size_t i = 0; i < COUNT(users); i++) {
		fd = subscriber(users[i]);
		expect(fd, VPDN_MSG_SUBSCRIBER_LOCAL);
		expect_end(fd);
	}
	assert_has(COMMAND("show"), "\"sessions\":[]");
}

static void refused_without_xl2tpd(void **state)
{
	(void)state;
	expect_reject(subscriber(ALICE), "xl2tpd is not connected");
	assert_has(COMMAND("show"), "\"rejected_no_l2tp\",\"text\":\"refused: xl2tpd is not connected\",\"value\":1");
}

static void what_is_asked_of_the_module(void **state)
{
	int l2tp = module(), fd = subscriber(ALICE);
	const uint8_t *p;
	size_t len;
	uint32_t ref;

	(void)state;
	ref = placed(l2tp, "192.0.2.2");
	assert_text(VPDN_TLV_GROUP, "corp");
	assert_text(VPDN_TLV_LOCAL_NAME, "LAC");
	assert_text(VPDN_TLV_SECRET, SECRET);
	assert_ip(VPDN_TLV_SOURCE_IP, "192.0.2.1");
	assert_false(vpdn_ipc_has(&m, VPDN_TLV_PEER_PORT));
	assert_int_equal(u32(VPDN_TLV_IDLE_S), 15);
	assert_int_equal(u32(VPDN_TLV_TIMEOUT_MS), 1000);
	assert_text(VPDN_TLV_ACCESS_INTERFACE, "eth1");
	assert_text(VPDN_TLV_CIRCUIT_ID, "olt1 eth 0/3");
	assert_text(VPDN_TLV_USER, ALICE);
	assert_true(vpdn_ipc_get_bytes(&m, VPDN_TLV_PROXY_AUTH_CHALLENGE, &p, &len));
	assert_int_equal(len, 10);
	assert_memory_equal(p, "chal\0lenge", 10);
	assert_text(VPDN_TLV_PROXY_AUTH_RESPONSE, RESPONSE);
	assert_int_equal(u16(VPDN_TLV_PROXY_AUTH_ID), 6);
	assert_false(vpdn_ipc_has(&m, VPDN_TLV_HOLD_MS));
	cleared(l2tp, ref, VPDN_STAGE_CALL, VPDN_BY_PEER, 3);
	expect_reject(fd, "192.0.2.2");
	close(l2tp);
}

/* Up to the kernel's bridge, which these fds cannot be joined by: then all is released, with a reason. */
static void hand_over_and_release(void **state)
{
	static const char *const stages[] = { "decision", "placing", "handover", "bridge" };
	char line[128];
	int l2tp = module(), fd = subscriber(ALICE), call[2], access[2];
	uint32_t ref = placed(l2tp, "192.0.2.2");

	(void)state;
	ready(l2tp, ref);
	expect(fd, VPDN_MSG_SUBSCRIBER_FORWARD);
	assert_has(COMMAND("show", "session"), "\"state\":\"channel awaited\"");
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, call), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, access), 0);
	vpdn_ipc_begin(&b, VPDN_MSG_SUBSCRIBER_CHANNEL, 0, 2);
	vpdn_ipc_put_u8(&b, VPDN_TLV_PARKED, 0);
	send_msg(fd, (int[]){ access[0], call[0] }, 2);
	close(call[0]);
	close(access[0]);
	expect_end(call[1]);
	expect_clear(l2tp, ref, 2);
	assert_text_has(VPDN_TLV_TEXT, "channel");
	cleared(l2tp, ref, VPDN_STAGE_CALL, VPDN_BY_US, 0);
	expect_end(fd);
	assert_has(COMMAND("show", "session"), "\"sessions\":[]");
	for (size_t i = 0; i < COUNT(stages); i++) {
		snprintf(line, sizeof(line), "vpdn_call_stage_seconds_count{role=\\\"lac\\\",direction=\\\"dial-in\\\",stage=\\\"%s\\\"} 1\\n",
			 stages[i]);
		assert_has(COMMAND("metrics"), line);
	}
	assert_has(COMMAND("metrics"), "vpdn_call_setup_seconds_count{role=\\\"lac\\\",direction=\\\"dial-in\\\"} 0\\n");
	close(access[1]);
	close(l2tp);
}

static void a_parked_pppd_is_told(void **state)
{
	int l2tp = module(), fd = subscriber(ALICE), access[2];
	uint32_t ref = placed(l2tp, "192.0.2.2");

	(void)state;
	ready(l2tp, ref);
	expect(fd, VPDN_MSG_SUBSCRIBER_FORWARD);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, access), 0);
	vpdn_ipc_begin(&b, VPDN_MSG_SUBSCRIBER_CHANNEL, 0, 2);
	vpdn_ipc_put_u8(&b, VPDN_TLV_PARKED, 1);
	send_msg(fd, access, 1);
	close(access[0]);
	close(access[1]);
	expect(fd, VPDN_MSG_SUBSCRIBER_RELEASE);
	expect_end(fd);
	expect_clear(l2tp, ref, 2);
	cleared(l2tp, ref, VPDN_STAGE_CALL, VPDN_BY_US, 0);
	close(l2tp);
}

static void channel_at_the_wrong_time(void **state)
{
	int l2tp = module(), fd = subscriber(ALICE);
	uint32_t ref = placed(l2tp, "192.0.2.2");

	(void)state;
	vpdn_ipc_begin(&b, VPDN_MSG_SUBSCRIBER_CHANNEL, 0, 2);
	vpdn_ipc_put_u8(&b, VPDN_TLV_PARKED, 0);
	send_msg(fd, (int[]){ STDIN_FILENO, STDIN_FILENO }, 2);
	expect(fd, VPDN_MSG_ERROR);
	expect_end(fd);
	expect_clear(l2tp, ref, 1);
	cleared(l2tp, ref, VPDN_STAGE_CALL, VPDN_BY_US, 0);
	/* And with fds that do not fit what is said of them. */
	fd = subscriber(ALICE);
	ref = placed(l2tp, "192.0.2.2");
	ready(l2tp, ref);
	expect(fd, VPDN_MSG_SUBSCRIBER_FORWARD);
	vpdn_ipc_begin(&b, VPDN_MSG_SUBSCRIBER_CHANNEL, 0, 2);
	vpdn_ipc_put_u8(&b, VPDN_TLV_PARKED, 1);
	send_msg(fd, (int[]){ STDIN_FILENO, STDIN_FILENO }, 2);
	expect(fd, VPDN_MSG_ERROR);
	expect_end(fd);
	expect_clear(l2tp, ref, 1);
	cleared(l2tp, ref, VPDN_STAGE_CALL, VPDN_BY_US, 0);
	close(l2tp);
}

static void asking_twice(void **state)
{
	int l2tp = module(), fd = subscriber(ALICE);
	uint32_t ref = placed(l2tp, "192.0.2.2");

	(void)state;
	begin_ask(ALICE, 30000);
	send_msg(fd, NULL, 0);
	expect(fd, VPDN_MSG_ERROR);
	expect_end(fd);
	expect_clear(l2tp, ref, 1);
	cleared(l2tp, ref, VPDN_STAGE_CALL, VPDN_BY_US, 0);
	close(l2tp);
}

static void the_next_lns_is_tried(void **state)
{
	int l2tp = module(), fd = subscriber(ALICE);
	uint32_t first = placed(l2tp, "192.0.2.2"), second;

	(void)state;
	cleared(l2tp, first, VPDN_STAGE_TUNNEL, VPDN_BY_TIMEOUT, 0);
	second = placed(l2tp, "192.0.2.3");
	assert_int_not_equal(first, second);
	assert_int_equal(u16(VPDN_TLV_PEER_PORT), 1702);
	assert_text(VPDN_TLV_PROXY_AUTH_RESPONSE, RESPONSE);
	/* Out of resources: retryable, but none is left. */
	cleared(l2tp, second, VPDN_STAGE_CALL, VPDN_BY_PEER, 4);
	expect_reject(fd, "192.0.2.3");
	/* Who could not be reached comes last now. */
	fd = subscriber(ALICE);
	second = placed(l2tp, "192.0.2.3");
	ready(l2tp, second);
	expect(fd, VPDN_MSG_SUBSCRIBER_FORWARD);
	assert_has(COMMAND("show", "group"), "\"failed\":1,\"dead_s\":60");
	close(fd);
	expect_clear(l2tp, second, 1);
	cleared(l2tp, second, VPDN_STAGE_CALL, VPDN_BY_US, 0);
	close(l2tp);
}

static void an_lns_that_refuses_the_subscriber_is_the_last(void **state)
{
	int l2tp = module(), fd = subscriber(ALICE);
	uint32_t ref = placed(l2tp, "192.0.2.2");

	(void)state;
	cleared(l2tp, ref, VPDN_STAGE_CALL, VPDN_BY_PEER, 3);
	expect_reject(fd, "because of the test");
	expect_quiet(l2tp);
	assert_has(COMMAND("show"), "\"rejected_by_peer\",\"text\":\"refused: by the LNS\",\"value\":1");
	close(l2tp);
}

/* The module says nothing at all: the subscriber is answered nevertheless, within the configured time. */
static void silence_is_answered(void **state)
{
	uint64_t start = now_ms();
	int l2tp = module(), fd = subscriber(ALICE);
	uint32_t first = placed(l2tp, "192.0.2.2"), second;

	(void)state;
	expect_clear(l2tp, first, 10);
	second = placed(l2tp, "192.0.2.3");
	expect_clear(l2tp, second, 10);
	expect_reject(fd, "no answer from xl2tpd");
	assert_true(now_ms() - start < 4000);
	/* What comes too late is cleared, and its fd closed. */
	ready(l2tp, first);
	expect_clear(l2tp, first, 10);
	cleared(l2tp, first, VPDN_STAGE_CALL, VPDN_BY_US, 0);
	cleared(l2tp, 4711, VPDN_STAGE_CALL, VPDN_BY_US, 0);
	assert_has(COMMAND("show", "session"), "\"sessions\":[]");
	close(l2tp);
}

static void the_hold_time_bounds_all_attempts(void **state)
{
	uint64_t start = now_ms();
	int l2tp = module(), fd = subscriber_for(ALICE, 2400);
	uint32_t first = placed(l2tp, "192.0.2.2");

	(void)state;
	assert_true(u32(VPDN_TLV_TIMEOUT_MS) <= 1000);
	expect_clear(l2tp, first, 10);
	expect_reject(fd, "no time left");
	assert_true(now_ms() - start < 2400);
	close(l2tp);
}

static void the_subscriber_goes_while_pending(void **state)
{
	int l2tp = module(), fd = subscriber(ALICE);
	uint32_t ref = placed(l2tp, "192.0.2.2");

	(void)state;
	close(fd);
	expect_clear(l2tp, ref, 1);
	/* ICRP crossed our CDN: its socket is not kept. */
	ready(l2tp, ref);
	cleared(l2tp, ref, VPDN_STAGE_CALL, VPDN_BY_US, 0);
	fd = subscriber(ALICE);
	ref = placed(l2tp, "192.0.2.2");
	ready(l2tp, ref);
	expect(fd, VPDN_MSG_SUBSCRIBER_FORWARD);
	close(fd);
	expect_clear(l2tp, ref, 1);
	cleared(l2tp, ref, VPDN_STAGE_CALL, VPDN_BY_US, 0);
	assert_has(COMMAND("show"), "while being forwarded\",\"value\":2");
	close(l2tp);
}

static void xl2tpd_goes_and_comes_back(void **state)
{
	int l2tp = module(), fd = subscriber(ALICE), handing = subscriber("carol@example.com");
	uint32_t ref = placed(l2tp, "192.0.2.2"), ref2 = placed(l2tp, "192.0.2.2");

	(void)state;
	assert_int_not_equal(ref, ref2);
	ready(l2tp, ref2);
	expect(handing, VPDN_MSG_SUBSCRIBER_FORWARD);
	close(l2tp);
	expect_reject(fd, "xl2tpd has gone");
	expect_end(handing);
	expect_reject(subscriber(ALICE), "xl2tpd is not connected");
	l2tp = module();
	fd = subscriber(ALICE);
	ref = placed(l2tp, "192.0.2.2");
	cleared(l2tp, ref, VPDN_STAGE_CALL, VPDN_BY_PEER, 3);
	expect_reject(fd, "because of the test");
	close(l2tp);
}

static void session_limit(void **state)
{
	int l2tp = module(), fd = subscriber("dave@example.net");
	uint32_t ref = placed(l2tp, "192.0.2.4");

	(void)state;
	expect_reject(subscriber("erin@example.net"), "limit");
	close(fd);
	expect_clear(l2tp, ref, 1);
	/* It counts until the LNS has let go of it. */
	expect_reject(subscriber("erin@example.net"), "limit");
	cleared(l2tp, ref, VPDN_STAGE_CALL, VPDN_BY_US, 0);
	fd = subscriber("erin@example.net");
	ref = placed(l2tp, "192.0.2.4");
	cleared(l2tp, ref, VPDN_STAGE_CALL, VPDN_BY_PEER, 3);
	expect_reject(fd, "because of the test");
	close(l2tp);
}

static void cleared_by_an_administrator(void **state)
{
	int l2tp = module(), fd = subscriber(ALICE);
	uint32_t ref = placed(l2tp, "192.0.2.2");
	const char *id;
	char text[16];

	(void)state;
	id = strstr(COMMAND("show", "session"), "\"id\":");
	assert_non_null(id);
	snprintf(text, sizeof(text), "%d", atoi(id + 5));
	assert_has(COMMAND("clear", "session", text), "\"cleared\"");
	expect_reject(fd, "administrator");
	expect_clear(l2tp, ref, 3);
	cleared(l2tp, ref, VPDN_STAGE_CALL, VPDN_BY_US, 0);
	assert_has(COMMAND("clear", "session", text), "no session");
	assert_has(COMMAND("clear", "session", "x"), "no session's ID");
	assert_has(COMMAND("clear", "tunnel", "77"), "no tunnel");
	assert_has(COMMAND("frobnicate"), "no such command");
	assert_has(COMMAND("show", "session", "1", "2"), "no such command");
	close(l2tp);
}

static void report_tunnel(int fd, uint16_t id, uint8_t state)
{
	vpdn_ipc_begin(&b, VPDN_MSG_L2TP_TUNNEL_STATE, 0, 0);
	vpdn_ipc_put_u16(&b, VPDN_TLV_TUNNEL_ID, id);
	vpdn_ipc_put_u16(&b, VPDN_TLV_PEER_TUNNEL_ID, 99);
	vpdn_ipc_put_u8(&b, VPDN_TLV_TUNNEL_STATE, state);
	vpdn_ipc_put_ip4(&b, VPDN_TLV_PEER_IP, (struct in_addr){ inet_addr("192.0.2.9") });
	vpdn_ipc_put_u32(&b, VPDN_TLV_SESSIONS, 1);
	vpdn_ipc_put_text(&b, VPDN_TLV_PEER_NAME, "LAC9");
	send_msg(fd, NULL, 0);
}

static void report_call(int fd, uint16_t session, uint8_t state, const char *text)
{
	vpdn_ipc_begin(&b, VPDN_MSG_L2TP_CALL_STATE, 0, 0);
	vpdn_ipc_put_u16(&b, VPDN_TLV_TUNNEL_ID, 5);
	vpdn_ipc_put_u16(&b, VPDN_TLV_SESSION_ID, session);
	vpdn_ipc_put_u8(&b, VPDN_TLV_CALL_STATE, state);
	vpdn_ipc_put_text(&b, VPDN_TLV_USER, "frank\"@example.com");
	vpdn_ipc_put_text(&b, VPDN_TLV_IFNAME, "ppp0");
	vpdn_ipc_put_text(&b, VPDN_TLV_TEXT, text);
	send_msg(fd, NULL, 0);
}

static void what_the_lns_side_reports(void **state)
{
	int l2tp = module();
	const char *text, *id;
	char number[16];

	(void)state;
	report_tunnel(l2tp, 5, VPDN_TUNNEL_ESTABLISHED);
	report_call(l2tp, 6, VPDN_CALL_CONNECTED, "proxy \"LCP\" \\ forced\n");
	report_call(l2tp, 6, VPDN_CALL_PPP_UP, "proxy CHAP accepted");
	vpdn_ipc_begin(&b, VPDN_MSG_L2TP_SYNC_DONE, 0, 0);
	send_msg(l2tp, NULL, 0);
	/* Nonsense about others does no harm. */
	report_call(l2tp, 7, 77, "x");
	expect(l2tp, VPDN_MSG_ERROR);
	text = COMMAND("show", "tunnel");
	assert_has(text, "\"id\":5,\"peer_id\":99");
	assert_has(text, "\"peer_name\":\"LAC9\",\"peer_ip\":\"192.0.2.9\",\"port\":1701");
	assert_has(text, "\"state\":\"established\"");
	text = COMMAND("show", "session");
	assert_has(text, "\"role\":\"lns\"");
	assert_has(text, "\"state\":\"up\"");
	assert_has(text, "\"interface\":\"ppp0\"");
	assert_has(text, "frank\\\\x22@example.com");
	id = strstr(text, "\"id\":");
	snprintf(number, sizeof(number), "%d", atoi(id + 5));
	text = counted(l2tp, "session", number, 5, 6);
	assert_has(text, "\"decisions\":[\"proxy \\\"LCP\\\" \\\\ forced?\",\"proxy CHAP accepted\"]");
	assert_has(text, "\"counters\":{\"tx_packets\":41,\"rx_packets\":1099511627776}");
	COMMAND("clear", "session", number);
	expect(l2tp, VPDN_MSG_L2TP_SESSION_CLEAR);
	assert_int_equal(u16(VPDN_TLV_TUNNEL_ID), 5);
	assert_int_equal(u16(VPDN_TLV_SESSION_ID), 6);
	COMMAND("clear", "tunnel", "5");
	expect(l2tp, VPDN_MSG_L2TP_TUNNEL_CLEAR);
	assert_int_equal(u16(VPDN_TLV_TUNNEL_ID), 5);
	report_call(l2tp, 6, VPDN_CALL_CLOSED, "bye");
	report_tunnel(l2tp, 5, VPDN_TUNNEL_CLOSED);
	assert_has(COMMAND("show", "tunnel"), "\"tunnels\":[]");
	report_tunnel(l2tp, 5, VPDN_TUNNEL_ESTABLISHED);
	assert_has(COMMAND("show", "tunnel"), "LAC9");
	close(l2tp);
	while (strstr(COMMAND("show", "tunnel"), "LAC9"))
		pause_ms(10);
}

/* The answer waits for the module, but not for ever, and not for one that has no counters. */
static void counters_on_demand(void **state)
{
	static const char no_counters[] = "\"counters\"";
	int l2tp = module(), ctl;
	uint64_t start;
	const char *text;
	uint32_t seq;

	(void)state;
	report_tunnel(l2tp, 5, VPDN_TUNNEL_ESTABLISHED);
	text = counted(l2tp, "tunnel", "5", 5, 0);
	assert_has(text, "\"peer_name\":\"LAC9\"");
	assert_has(text, "\"tx_packets\":41");
	assert_has(COMMAND("show", "tunnel", "6"), "no tunnel 6");
	/* The module does not know it. */
	ctl = REQUEST("show", "tunnel", "5");
	expect(l2tp, VPDN_MSG_L2TP_STATS_ASK);
	seq = m.seq;
	vpdn_ipc_send_error(l2tp, seq, ENOENT, "no such tunnel");
	text = json(ctl);
	assert_has(text, "LAC9");
	assert_has_not(text, no_counters);
	/* It says nothing. */
	start = now_ms();
	ctl = REQUEST("show", "tunnel", "5");
	expect(l2tp, VPDN_MSG_L2TP_STATS_ASK);
	text = json(ctl);
	assert_has(text, "LAC9");
	assert_true(now_ms() - start >= 1500);
	/* vpdnctl leaves, the answer comes too late; the module goes while it is asked. */
	ctl = REQUEST("show", "tunnel", "5");
	expect(l2tp, VPDN_MSG_L2TP_STATS_ASK);
	seq = m.seq;
	close(ctl);
	ctl = REQUEST("show", "tunnel", "5");
	expect(l2tp, VPDN_MSG_L2TP_STATS_ASK);
	vpdn_ipc_begin(&b, VPDN_MSG_L2TP_STATS, VPDN_IPC_F_REPLY, seq);
	vpdn_ipc_put_u16(&b, VPDN_TLV_TUNNEL_ID, 5);
	send_msg(l2tp, NULL, 0);
	close(l2tp);
	text = json(ctl);
	assert_has(text, "LAC9");
	assert_has_not(text, no_counters);
}

static void report_link(int fd, uint16_t session, uint8_t state, bool owner)
{
	vpdn_ipc_begin(&b, VPDN_MSG_L2TP_CALL_STATE, 0, 0);
	vpdn_ipc_put_u16(&b, VPDN_TLV_TUNNEL_ID, 5);
	vpdn_ipc_put_u16(&b, VPDN_TLV_SESSION_ID, session);
	vpdn_ipc_put_u8(&b, VPDN_TLV_CALL_STATE, state);
	vpdn_ipc_put_text(&b, VPDN_TLV_USER, "frank@example.com");
	vpdn_ipc_put_text(&b, VPDN_TLV_IFNAME, "ppp-no-such");
	vpdn_ipc_put_text(&b, VPDN_TLV_BUNDLE, "\"frank@example.com\"/local:01");
	vpdn_ipc_put_text(&b, VPDN_TLV_ENDPOINT_LOCAL, "local:02");
	vpdn_ipc_put_text(&b, VPDN_TLV_ENDPOINT_PEER, "local:01");
	vpdn_ipc_put_u16(&b, VPDN_TLV_MRRU, 3000);
	vpdn_ipc_put_u16(&b, VPDN_TLV_PEER_MRRU, 1524);
	vpdn_ipc_put_u8(&b, VPDN_TLV_BUNDLE_OWNER, owner);
	send_msg(fd, NULL, 0);
}

static void bundles_outlive_their_first_link(void **state)
{
	int l2tp = module();
	const char *text;

	(void)state;
	report_tunnel(l2tp, 5, VPDN_TUNNEL_ESTABLISHED);
	report_call(l2tp, 9, VPDN_CALL_PPP_UP, "no multilink");
	assert_has(COMMAND("show", "ppp", "multilink"), "\"bundles\":[]");
	report_link(l2tp, 6, VPDN_CALL_PPP_UP, true);
	report_link(l2tp, 7, VPDN_CALL_PPP_UP, false);
	text = COMMAND("show", "ppp", "multilink");
	assert_has(text, "\"name\":\"\\\"frank@example.com\\\"/local:01\"");
	assert_has(text, "\"endpoint_local\":\"local:02\",\"endpoint_peer\":\"local:01\",\"mrru\":3000,\"peer_mrru\":1524");
	assert_has(text, "\"lost\":null");
	assert_has(text, "\"lac\":\"LAC9\",\"lac_ip\":\"192.0.2.9\"");
	assert_has(text, "\"session_id\":6");
	assert_has(text, "\"session_id\":7");
	assert_has_not(strstr(text, "}]}") + 3, "frank");
	report_link(l2tp, 6, VPDN_CALL_CLOSING, true);
	text = COMMAND("show", "ppp", "multilink");
	assert_has_not(text, "\"session_id\":6");
	assert_has(text, "\"session_id\":7");
	assert_has(COMMAND("show", "session"), "\"state\":\"bundle only\"");
	report_link(l2tp, 7, VPDN_CALL_CLOSED, false);
	report_link(l2tp, 6, VPDN_CALL_CLOSED, true);
	assert_has(COMMAND("show", "ppp", "multilink"), "\"bundles\":[]");
	close(l2tp);
}

static void show_has_no_secret(void **state)
{
	int l2tp = module(), fd = subscriber(ALICE);
	uint32_t ref = placed(l2tp, "192.0.2.2");
	const char *text, *id;
	char number[16];

	(void)state;
	id = strstr(COMMAND("show", "session"), "\"id\":");
	snprintf(number, sizeof(number), "%d", atoi(id + 5));
	text = COMMAND("show", "session", number);
	assert_has(text, "last sent: ");
	assert_has(text, "CHAP");
	assert_has(text, "agent-circuit-id: olt1 eth 0/3");
	assert_has(text, "pppoe eth1/17 02:00:00:00:00:01");
	assert_has_not(text, RESPONSE);
	assert_has_not(text, "chal");
	text = COMMAND("show", "group");
	assert_has(text, "example.org");
	assert_has_not(text, SECRET);
	assert_has_not(text, LNS_SECRET);
	text = COMMAND("show");
	assert_has_not(text, SECRET);
	assert_has_not(text, RESPONSE);
	close(fd);
	expect_clear(l2tp, ref, 1);
	cleared(l2tp, ref, VPDN_STAGE_CALL, VPDN_BY_US, 0);
	close(l2tp);
}

static void hundred_at_once(void **state)
{
	int l2tp = module(), fds[100];
	uint32_t refs[COUNT(fds)];
	char user[64];

	(void)state;
	for (size_t i = 0; i < COUNT(fds); i++) {
		snprintf(user, sizeof(user), "user%zu@example.com", i);
		fds[i] = subscriber(user);
	}
	for (size_t i = 0; i < COUNT(fds); i++)
		refs[i] = placed(l2tp, "192.0.2.2");
	for (size_t i = 0; i < COUNT(fds); i++)
		ready(l2tp, refs[i]);
	for (size_t i = 0; i < COUNT(fds); i++)
		expect(fds[i], VPDN_MSG_SUBSCRIBER_FORWARD);
	/* More than one message of JSON. */
	assert_has(COMMAND("show", "session"), "user99@example.com");
	for (size_t i = 0; i < COUNT(fds); i++)
		close(fds[i]);
	for (size_t i = 0; i < COUNT(fds); i++) {
		expect(l2tp, VPDN_MSG_L2TP_CALL_CLEAR);
		cleared(l2tp, u32(VPDN_TLV_CALL_REF), VPDN_STAGE_CALL, VPDN_BY_US, 0);
	}
	assert_has(COMMAND("show", "session"), "\"sessions\":[]");
	close(l2tp);
}

/* Many requests without reading an answer: bounded, and nobody else is kept waiting. */
static void a_peer_that_does_not_read(void **state)
{
	int lazy = hello(VPDN_ROLE_CONTROL), rc = 0;

	(void)state;
	for (int i = 0; i < 20000 && !rc; i++) {
		vpdn_ipc_begin(&b, VPDN_MSG_CTL_REQUEST, 0, 1);
		vpdn_ipc_put_text(&b, VPDN_TLV_WORD, "show");
		rc = vpdn_ipc_send(lazy, &b, NULL, 0);
		if (rc == -EAGAIN) {
			pause_ms(1);
			rc = 0;
		}
	}
	assert_true(rc == -EPIPE || rc == -ECONNRESET);
	close(lazy);
	assert_has(COMMAND("show"), "peer did not read\",\"value\":1");
}

static void stopping(void **state)
{
	int l2tp = module(), fd = subscriber(ALICE), status;
	uint32_t ref = placed(l2tp, "192.0.2.2");
	uint64_t start;

	(void)state;
	kill(daemon_pid, SIGTERM);
	expect_reject(fd, "stopping");
	expect_clear(l2tp, ref, 3);
	assert_int_equal(waitpid(daemon_pid, &status, WNOHANG), 0);
	start = now_ms();
	cleared(l2tp, ref, VPDN_STAGE_CALL, VPDN_BY_US, 0);
	assert_int_equal(waitpid(daemon_pid, &status, 0), daemon_pid);
	daemon_pid = 0;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_true(now_ms() - start < 1000);
	close(l2tp);
}

static void stopping_does_not_wait_for_ever(void **state)
{
	int l2tp = module(), fd = subscriber(ALICE);
	uint32_t ref = placed(l2tp, "192.0.2.2");
	uint64_t start = now_ms();

	(void)state;
	assert_int_equal(stop_daemon(3500), 0);
	assert_true(now_ms() - start >= 1500);
	expect_reject(fd, "stopping");
	expect_clear(l2tp, ref, 3);
	close(l2tp);
}

static void a_second_vpdnd_does_not_start(void **state)
{
	char *argv[] = { "vpdnd", "-c", config_path, "-s", socket_path, NULL };
	int status;
	pid_t pid = fork();

	(void)state;
	if (!pid) {
		int null = open("/dev/null", O_WRONLY);

		dup2(null, STDERR_FILENO);
		exit(vpdnd_main(5, argv));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1);
	close(hello(VPDN_ROLE_CONTROL));
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, start_daemon, end_daemon)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(greeting),
		TEST(garbage),
		TEST(groups_for_the_module),
		TEST(users_without_a_group_are_local),
		TEST(refused_without_xl2tpd),
		TEST(what_is_asked_of_the_module),
		TEST(hand_over_and_release),
		TEST(a_parked_pppd_is_told),
		TEST(channel_at_the_wrong_time),
		TEST(asking_twice),
		TEST(the_next_lns_is_tried),
		TEST(an_lns_that_refuses_the_subscriber_is_the_last),
		TEST(silence_is_answered),
		TEST(the_hold_time_bounds_all_attempts),
		TEST(the_subscriber_goes_while_pending),
		TEST(xl2tpd_goes_and_comes_back),
		TEST(session_limit),
		TEST(cleared_by_an_administrator),
		TEST(what_the_lns_side_reports),
		TEST(counters_on_demand),
		TEST(bundles_outlive_their_first_link),
		TEST(show_has_no_secret),
		TEST(hundred_at_once),
		TEST(a_peer_that_does_not_read),
		TEST(stopping),
		TEST(stopping_does_not_wait_for_ever),
		TEST(a_second_vpdnd_does_not_start),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
