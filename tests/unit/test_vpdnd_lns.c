/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_vpdnd_lns.c - vpdnd over its socket as an LNS's: what xl2tpd's module reports of tunnels and of the calls that its
 * pppds took, as `vpdnctl` shows it. A whole daemon is forked, and the test plays its peers (vpdnd_peer.h).
 */
#include "vpdnd_peer.h"

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

#define TEST(f)	cmocka_unit_test_setup_teardown(f, start_daemon, end_daemon)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_the_lns_side_reports),
		TEST(counters_on_demand),
		TEST(bundles_outlive_their_first_link),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
