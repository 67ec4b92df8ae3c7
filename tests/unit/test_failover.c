/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_failover.c - a call that its LNS gives up when pppd was told already to hand the channel over: it goes to the next one
 * with the same data, and the subscriber is disconnected when there is none. Limits of tunnels, and what dead LNSs get. A whole
 * daemon, as in test_vpdnd_lac.c.
 */
#define ACCEPT_BLOCKS 0
#define CONFIG \
	"dead-time = 1\n" \
	"vpdn-group corp {\n" \
	"  request-dialin { protocol = l2tp domain = { \"example.com\" } }\n" \
	"  initiate-to \"192.0.2.2\" { priority = 1 tunnel-limit = 2 }\n" \
	"  initiate-to \"192.0.2.3\" { priority = 2 }\n" \
	"  tunnel-password = \"" SECRET "\"\n" \
	"  tunnel-limit = 3  tunnel-sessions = 100  tunnel-share = false\n" \
	"  connect-timeout = 1\n" \
	"}\n"
#include "vpdnd_peer.h"

/* The channel that pppd hands over; the call's connection, whose end is the subscriber's. */
static int hands_over(int fd, bool parked)
{
	int call[2], access[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, call), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, access), 0);
	vpdn_ipc_begin(&b, VPDN_MSG_SUBSCRIBER_CHANNEL, 0, 2);
	vpdn_ipc_put_u8(&b, VPDN_TLV_PARKED, parked);
	send_msg(fd, (int[]){ access[0], access[1], call[0] }, parked ? 2 : 3);
	close(call[0]);
	close(access[0]);
	close(access[1]);
	return call[1];
}

/* A new subscriber whose pppd has been told to hand the channel over to the first LNS's call; the call's reference. */
static uint32_t forwarded(int l2tp, int *fd)
{
	uint32_t ref;

	*fd = subscriber(ALICE);
	ref = placed(l2tp, "192.0.2.2");
	ready(l2tp, ref);
	expect(*fd, VPDN_MSG_SUBSCRIBER_FORWARD);
	return ref;
}

/* The same, and that LNS gives the call up: its reference at the next one. */
static uint32_t given_up(int l2tp, int *fd)
{
	cleared(l2tp, forwarded(l2tp, fd), VPDN_STAGE_CALL, VPDN_BY_PEER, 4);
	return placed(l2tp, "192.0.2.3");
}

/* An LNS that has taken the call for good refuses it for good, too. */
static void the_lns_refuses_before_the_hand_over(void **state)
{
	int l2tp = module(), fd;
	uint32_t ref = forwarded(l2tp, &fd);

	(void)state;
	cleared(l2tp, ref, VPDN_STAGE_CALL, VPDN_BY_PEER, 3);
	expect_end(fd);
	expect_quiet(l2tp);
	assert_has(COMMAND("show", "session"), "\"sessions\":[]");
	close(l2tp);
}

/* pppd lets go of the channel meanwhile: the next LNS gets the same call, and the channel waits for it. */
static void the_next_lns_is_tried_in_the_middle(void **state)
{
	int l2tp = module(), fd, call;
	uint32_t first = forwarded(l2tp, &fd), second;

	(void)state;
	cleared(l2tp, first, VPDN_STAGE_CALL, VPDN_BY_PEER, 4);
	second = placed(l2tp, "192.0.2.3");
	assert_int_not_equal(first, second);
	assert_text(VPDN_TLV_PROXY_AUTH_RESPONSE, RESPONSE);
	assert_has(COMMAND("show", "session"), "\"state\":\"placing again\"");
	call = hands_over(fd, false);
	expect_end(fd);
	assert_has(COMMAND("show", "session"), "\"state\":\"placing again, channel held\"");
	expect_quiet(call);
	/* Both are here: these fds are none that the kernel could join. */
	ready(l2tp, second);
	expect_end(call);
	expect_clear(l2tp, second, 2);
	cleared(l2tp, second, VPDN_STAGE_CALL, VPDN_BY_US, 0);
	assert_has(COMMAND("show", "session"), "\"sessions\":[]");
	close(l2tp);
}

static void the_next_lns_answers_before_the_channel_comes(void **state)
{
	int l2tp = module(), fd, call;
	uint32_t first = forwarded(l2tp, &fd), second;

	(void)state;
	cleared(l2tp, first, VPDN_STAGE_TUNNEL, VPDN_BY_TIMEOUT, 0);
	second = placed(l2tp, "192.0.2.3");
	ready(l2tp, second);
	/* pppd is not told twice. */
	expect_quiet(fd);
	assert_has(COMMAND("show", "session"), "\"state\":\"channel awaited\"");
	assert_has(COMMAND("show", "group"), "\"failed\":1,\"dead_s\":1");
	call = hands_over(fd, false);
	expect_end(fd);
	expect_end(call);
	expect_clear(l2tp, second, 2);
	cleared(l2tp, second, VPDN_STAGE_CALL, VPDN_BY_US, 0);
	close(l2tp);
}

/* Nobody is left: who waits is told in good order, whether the channel has come or not. */
static void no_lns_is_left_in_the_middle(void **state)
{
	int l2tp = module(), fd, call;
	uint32_t ref = given_up(l2tp, &fd);

	(void)state;
	cleared(l2tp, ref, VPDN_STAGE_CALL, VPDN_BY_PEER, 4);
	expect_end(fd);
	/* With the channel held, by a pppd that stays. */
	ref = given_up(l2tp, &fd);
	close(hands_over(fd, true));
	/* And one that says nothing: the time of the attempt goes on when the channel comes. */
	expect_clear(l2tp, ref, 10);
	expect(fd, VPDN_MSG_SUBSCRIBER_RELEASE);
	assert_text_has(VPDN_TLV_TEXT, "no answer from xl2tpd");
	expect_end(fd);
	/* By one that has left. */
	ref = given_up(l2tp, &fd);
	call = hands_over(fd, false);
	expect_end(fd);
	cleared(l2tp, ref, VPDN_STAGE_CALL, VPDN_BY_PEER, 4);
	expect_end(call);
	assert_has(COMMAND("show", "session"), "\"sessions\":[]");
	assert_has(COMMAND("show"), "\"refused: no LNS reached\",\"value\":3");
	close(l2tp);
}

static void all_may_go_in_the_middle(void **state)
{
	int l2tp = module(), fd, call;
	uint32_t ref;

	(void)state;
	for (int who = 0; who < 4; who++) {
		ref = given_up(l2tp, &fd);
		if (who == 0) {
			/* pppd, without the channel. */
			close(fd);
			expect_clear(l2tp, ref, 1);
			cleared(l2tp, ref, VPDN_STAGE_CALL, VPDN_BY_US, 0);
			continue;
		}
		call = hands_over(fd, false);
		expect_end(fd);
		assert_has(COMMAND("show", "session"), "channel held");
		if (who == 1) {
			close(call);		/* the subscriber */
			expect_clear(l2tp, ref, 1);
		} else if (who == 2) {
			assert_has(COMMAND("clear", "session", "3"), "\"cleared\":3");
			expect_clear(l2tp, ref, 3);
			expect_end(call);
		} else {
			close(l2tp);		/* xl2tpd */
			expect_end(call);
			break;
		}
		cleared(l2tp, ref, VPDN_STAGE_CALL, VPDN_BY_US, 0);
	}
	assert_has(COMMAND("show", "session"), "\"sessions\":[]");
}

/* The module knows the tunnels, so that it counts them; to it only a limit is reached, which says nothing of the LNS. */
static void limits_of_tunnels(void **state)
{
	int l2tp = module(), fd = subscriber(ALICE);
	uint32_t ref = placed(l2tp, "192.0.2.2");
	uint8_t own = 0;

	(void)state;
	assert_int_equal(u32(VPDN_TLV_TUNNEL_LIMIT), 2);
	assert_int_equal(u32(VPDN_TLV_GROUP_TUNNEL_LIMIT), 3);
	assert_int_equal(u32(VPDN_TLV_TUNNEL_SESSIONS), 100);
	assert_true(vpdn_ipc_get_u8(&m, VPDN_TLV_TUNNEL_OWN, &own) && own == 1);
	for (int i = 0; i < 2; i++) {
		vpdn_ipc_begin(&b, VPDN_MSG_L2TP_CALL_CLEARED, 0, 0);
		vpdn_ipc_put_u32(&b, VPDN_TLV_CALL_REF, ref);
		vpdn_ipc_put_u8(&b, VPDN_TLV_STAGE, VPDN_STAGE_TUNNEL);
		vpdn_ipc_put_u8(&b, VPDN_TLV_BY, VPDN_BY_US);
		vpdn_ipc_put_u32(&b, VPDN_TLV_ERRNO, i ? EDQUOT : EUSERS);
		vpdn_ipc_put_text(&b, VPDN_TLV_TEXT, "tunnel-limit");
		send_msg(l2tp, NULL, 0);
		if (i)
			break;
		ref = placed(l2tp, "192.0.2.3");
		assert_false(vpdn_ipc_has(&m, VPDN_TLV_TUNNEL_LIMIT));
	}
	expect_reject(fd, "tunnel-limit");
	assert_has(COMMAND("show"), "\"refused: limit of sessions or tunnels\",\"value\":1");
	assert_has_not(COMMAND("show", "group"), "dead\",");
	close(l2tp);
}

/* A tunnel that is still there says nothing, when its LNS does not answer in it. */
static void an_lns_that_does_not_answer_a_call_is_dead(void **state)
{
	int l2tp = module(), fd = subscriber(ALICE);
	uint32_t ref = placed(l2tp, "192.0.2.2");

	(void)state;
	cleared(l2tp, ref, VPDN_STAGE_CALL, VPDN_BY_TIMEOUT, 10);
	ref = placed(l2tp, "192.0.2.3");
	assert_has(COMMAND("show", "group"), "\"failed\":1,\"dead_s\":1,\"state\":\"dead\"");
	cleared(l2tp, ref, VPDN_STAGE_CALL, VPDN_BY_PEER, 4);
	expect_reject(fd, "192.0.2.3");
	assert_has(COMMAND("show", "group"), "\"failed\":1,\"dead_s\":0,\"state\":\"ready\"");
	close(l2tp);
}

/* The hold time is over: one call tries the LNS that was dead, the others go on to the living. */
static void a_dead_lns_is_probed_by_one_call(void **state)
{
	int l2tp = module(), first = subscriber(ALICE), probe, other;
	uint32_t ref = placed(l2tp, "192.0.2.2"), probe_ref;

	(void)state;
	cleared(l2tp, ref, VPDN_STAGE_TUNNEL, VPDN_BY_TIMEOUT, 0);
	ref = placed(l2tp, "192.0.2.3");
	close(first);
	expect_clear(l2tp, ref, 1);
	cleared(l2tp, ref, VPDN_STAGE_CALL, VPDN_BY_US, 0);
	assert_has(COMMAND("show", "group"), "\"state\":\"dead\"");
	pause_ms(1100);
	assert_has(COMMAND("show", "group"), "\"state\":\"to be probed\"");
	assert_has(COMMAND("explain", ALICE), "\"state\":\"to be probed\",\"order\":1");
	for (int round = 0; round < 2; round++) {
		probe = subscriber(ALICE);
		probe_ref = placed(l2tp, "192.0.2.2");
		assert_has(COMMAND("show", "group"), "\"state\":\"being probed\"");
		other = subscriber("carol@example.com");
		ref = placed(l2tp, "192.0.2.3");
		close(other);
		expect_clear(l2tp, ref, 1);
		cleared(l2tp, ref, VPDN_STAGE_CALL, VPDN_BY_US, 0);
		/* The one that tried leaves before it knew, and so the next one tries. */
		if (!round) {
			close(probe);
			expect_clear(l2tp, probe_ref, 1);
			cleared(l2tp, probe_ref, VPDN_STAGE_CALL, VPDN_BY_US, 0);
		}
	}
	/* A call that is refused has been answered: the LNS lives. */
	cleared(l2tp, probe_ref, VPDN_STAGE_CALL, VPDN_BY_PEER, 3);
	expect_reject(probe, "192.0.2.2");
	assert_has_not(COMMAND("show", "group"), "probed");
	other = subscriber("carol@example.com");
	ref = placed(l2tp, "192.0.2.2");
	close(other);
	expect_clear(l2tp, ref, 1);
	cleared(l2tp, ref, VPDN_STAGE_CALL, VPDN_BY_US, 0);
	close(l2tp);
}

/* An LNS that takes a call whose channel is here already is alive like any other, and not probed as long as the call stays. */
static void a_dead_lns_is_back_in_the_middle_of_a_call(void **state)
{
	int l2tp = module(), fd = subscriber(ALICE), call;
	uint32_t ref = placed(l2tp, "192.0.2.2");

	(void)state;
	cleared(l2tp, ref, VPDN_STAGE_CALL, VPDN_BY_PEER, 4);
	ref = placed(l2tp, "192.0.2.3");
	cleared(l2tp, ref, VPDN_STAGE_TUNNEL, VPDN_BY_TIMEOUT, 0);
	expect_reject(fd, "192.0.2.3");
	pause_ms(1100);
	assert_has(COMMAND("show", "group"), "\"state\":\"to be probed\"");
	ref = given_up(l2tp, &fd);
	call = hands_over(fd, false);
	expect_end(fd);
	assert_has(COMMAND("show", "group"), "\"state\":\"being probed\"");
	ready(l2tp, ref);
	expect_end(call);
	expect_clear(l2tp, ref, 2);
	assert_has_not(COMMAND("show", "group"), "probed");
	cleared(l2tp, ref, VPDN_STAGE_CALL, VPDN_BY_US, 0);
	close(l2tp);
}

static int link_of_a_bundle(const char *user)
{
	static const uint8_t lcp[] = { 17, 4, 5, 220, 19, 9, 3, 2, 0, 0, 0, 0, 1 };
	int fd = hello(VPDN_ROLE_PPP);

	vpdn_ipc_begin(&b, VPDN_MSG_SUBSCRIBER_ASK, 0, 1);
	vpdn_ipc_put_u8(&b, VPDN_TLV_ACCESS, VPDN_ACCESS_PPPOE);
	vpdn_ipc_put_u32(&b, VPDN_TLV_PID, 1);
	vpdn_ipc_put_u32(&b, VPDN_TLV_HOLD_MS, 30000);
	vpdn_ipc_put_text(&b, VPDN_TLV_USER, user);
	vpdn_ipc_put_bytes(&b, VPDN_TLV_PROXY_LAST_RCVD, lcp, sizeof(lcp));
	send_msg(fd, NULL, 0);
	return fd;
}

/* The LNS of the first link is not the one that its bundle would get now: what belongs together stays so. */
static void a_link_follows_its_bundle(void **state)
{
	int l2tp = module(), first = link_of_a_bundle(ALICE), second, other;
	uint32_t ref = placed(l2tp, "192.0.2.2"), ref2, ref3;

	(void)state;
	cleared(l2tp, ref, VPDN_STAGE_TUNNEL, VPDN_BY_TIMEOUT, 0);
	ref = placed(l2tp, "192.0.2.3");
	ready(l2tp, ref);
	expect(first, VPDN_MSG_SUBSCRIBER_FORWARD);
	assert_has(COMMAND("clear", "dead"), "\"cleared\":1");
	second = link_of_a_bundle(ALICE);
	ref2 = placed(l2tp, "192.0.2.3");
	/* Somebody else's is another bundle. */
	other = link_of_a_bundle("carol@example.com");
	ref3 = placed(l2tp, "192.0.2.2");
	close(other);
	expect_clear(l2tp, ref3, 1);
	cleared(l2tp, ref3, VPDN_STAGE_CALL, VPDN_BY_US, 0);
	/* But a link is rather alone than not at all. */
	cleared(l2tp, ref2, VPDN_STAGE_CALL, VPDN_BY_PEER, 4);
	ref2 = placed(l2tp, "192.0.2.2");
	close(second);
	expect_clear(l2tp, ref2, 1);
	cleared(l2tp, ref2, VPDN_STAGE_CALL, VPDN_BY_US, 0);
	/* When the first one has gone there is nothing to follow. */
	close(first);
	expect_clear(l2tp, ref, 1);
	cleared(l2tp, ref, VPDN_STAGE_CALL, VPDN_BY_US, 0);
	second = link_of_a_bundle(ALICE);
	ref = placed(l2tp, "192.0.2.2");
	close(second);
	expect_clear(l2tp, ref, 1);
	cleared(l2tp, ref, VPDN_STAGE_CALL, VPDN_BY_US, 0);
	close(l2tp);
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, start_daemon, end_daemon)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_lns_refuses_before_the_hand_over),
		TEST(the_next_lns_is_tried_in_the_middle),
		TEST(the_next_lns_answers_before_the_channel_comes),
		TEST(no_lns_is_left_in_the_middle),
		TEST(all_may_go_in_the_middle),
		TEST(limits_of_tunnels),
		TEST(an_lns_that_does_not_answer_a_call_is_dead),
		TEST(a_dead_lns_is_probed_by_one_call),
		TEST(a_dead_lns_is_back_in_the_middle_of_a_call),
		TEST(a_link_follows_its_bundle),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
