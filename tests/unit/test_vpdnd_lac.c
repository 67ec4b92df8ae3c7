/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_vpdnd_lac.c - vpdnd over its socket as a LAC's: pppd asks what becomes of a subscriber, xl2tpd's module places
 * the call. A whole daemon is forked, and the test plays its peers (vpdnd_peer.h). No kernel PPP is needed: calls end at
 * the bridge at the latest, which is the lab's to test.
 */
#include "vpdnd_peer.h"

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
	send_msg(fd, (int[]){ access[0], access[1], call[0] }, 3);
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
	send_msg(fd, access, 2);
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
	send_msg(fd, (int[]){ STDIN_FILENO, STDIN_FILENO, STDIN_FILENO }, 3);
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
	send_msg(fd, (int[]){ STDIN_FILENO, STDIN_FILENO, STDIN_FILENO }, 3);
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

#define TEST(f)	cmocka_unit_test_setup_teardown(f, start_daemon, end_daemon)

int main(void)
{
	const struct CMUnitTest tests[] = {
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
		TEST(show_has_no_secret),
		TEST(hundred_at_once),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
