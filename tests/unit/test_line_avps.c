/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_line_avps.c - what vpdnd tells xl2tpd's module, and so the LNS, of a subscriber's line, by `send-avps`;
 * and what `vpdnctl show session` says of the line on either side.
 */
#define ACCEPT_BLOCKS 0
#define GROUP(name, lns, more) \
	"vpdn-group " name " {\n" \
	"  request-dialin { protocol = l2tp domain = { \"" name ".example\" } " more " }\n" \
	"  initiate-to \"" lns "\" { }  tunnel-password = \"" SECRET "\"\n" \
	"}\n"
#define CONFIG \
	"dnis-from { service-name = \"^dial-([0-9]+)$\" }\n" \
	GROUP("all", "192.0.2.2", "") GROUP("none", "192.0.2.3", "send-avps = { }") \
	GROUP("some", "192.0.2.4", "send-avps = { called-number, nas-port, access-line }")
#include "avp.h"
#include "vpdnd_peer.h"

static const struct {
	uint16_t tlv;
	const char *word;	/* of send-avps; NULL: none of them */
} tlvs[] = {
	{ VPDN_TLV_CALLING_NUMBER, "calling-number" }, { VPDN_TLV_CALLED_NUMBER, "called-number" },
	{ VPDN_TLV_SUB_ADDRESS, "sub-address" }, { VPDN_TLV_PHYSICAL_CHANNEL, "physical-channel" }, { VPDN_TLV_NAS_PORT, "nas-port" },
	{ VPDN_TLV_TX_SPEED, "connect-speed" }, { VPDN_TLV_RX_SPEED, "connect-speed" },
	{ VPDN_TLV_CIRCUIT_ID, "access-line" }, { VPDN_TLV_REMOTE_ID, "access-line" },
	{ VPDN_TLV_FRAMING_TYPE, NULL }, { VPDN_TLV_PROXY_AUTH_NAME, NULL }, { VPDN_TLV_PROXY_LAST_SENT, NULL },
};

/* A subscriber of whose line everything is known. */
static int on_a_known_line(const char *user)
{
	int fd = hello(VPDN_ROLE_PPP);

	begin_ask(user, 30000);
	vpdn_ipc_put_text(&b, VPDN_TLV_SERVICE_NAME, "dial-614629");
	vpdn_ipc_put_text(&b, VPDN_TLV_CALLING_NUMBER, "02:00:00:00:00:01");
	vpdn_ipc_put_text(&b, VPDN_TLV_SUB_ADDRESS, "4711");
	vpdn_ipc_put_text(&b, VPDN_TLV_REMOTE_ID, "$(x)\n");
	vpdn_ipc_put_u32(&b, VPDN_TLV_PHYSICAL_CHANNEL, 17);
	vpdn_ipc_put_u32(&b, VPDN_TLV_TX_SPEED, 16240000);
	vpdn_ipc_put_u32(&b, VPDN_TLV_RX_SPEED, 1022000);
	vpdn_ipc_put_u32(&b, VPDN_TLV_FRAMING_TYPE, 1);
	vpdn_ipc_put_avp(&b, VPDN_VENDOR_BBF, VPDN_AVP_BBF_RATE_DOWN, 0, "\0\0\0\0\0\xf7\xcd\x80", 8);
	vpdn_ipc_put_avp(&b, VPDN_VENDOR_BBF, VPDN_AVP_BBF_DELAY_DOWN, 0, "\0\0\0\x9", 4);
	vpdn_ipc_put_avp(&b, 4711, 1, 0, "other", 5);
	send_msg(fd, NULL, 0);
	return fd;
}

/* How many further AVPs of that vendor the message in `m` has. */
static unsigned int further_avps(uint16_t of)
{
	struct vpdn_ipc_iter it;
	const uint8_t *p, *value;
	uint16_t vendor, type;
	size_t len, value_len;
	unsigned int n = 0;
	uint8_t flags;

	vpdn_ipc_iter_init(&it, &m);
	while (vpdn_ipc_next_of(&it, VPDN_TLV_AVP, &p, &len))
		n += vpdn_ipc_parse_avp(p, len, &vendor, &type, &flags, &value, &value_len) && vendor == of;
	return n;
}

/* The call placed has what `send` names, and all that is no matter of send-avps. */
static void expect_sent(const char *user, const char *lns, const char *send)
{
	int l2tp = module(), fd = on_a_known_line(user);

	placed(l2tp, lns);
	for (size_t i = 0; i < COUNT(tlvs); i++)
		if (vpdn_ipc_has(&m, tlvs[i].tlv) != (!tlvs[i].word || strstr(send, tlvs[i].word)))
			fail_msg("%s of %s", vpdn_ipc_tlv_name(tlvs[i].tlv), user);
	assert_int_equal(further_avps(VPDN_VENDOR_BBF), strstr(send, "access-line") ? 2 : 0);
	assert_int_equal(further_avps(4711), 1);
	close(fd);
	close(l2tp);
}

static void everything_is_sent_unless_said_otherwise(void **state)
{
	(void)state;
	expect_sent("a@all.example", "192.0.2.2", "calling-number called-number sub-address physical-channel nas-port connect-speed access-line");
}

static void some_of_it(void **state)
{
	(void)state;
	expect_sent("a@some.example", "192.0.2.4", "called-number nas-port access-line");
}

static void nothing_of_it(void **state)
{
	(void)state;
	expect_sent("a@none.example", "192.0.2.3", "");
}

/* The number that dnis-from has found, and the interface as NAS port; or the port that an LAC before us has said. */
static void what_is_made_up_here(void **state)
{
	char text[64];
	int l2tp = module(), fd = on_a_known_line("a@all.example"), switched;

	(void)state;
	placed(l2tp, "192.0.2.2");
	assert_true(vpdn_ipc_get_text(&m, VPDN_TLV_CALLED_NUMBER, text, sizeof(text)));
	assert_string_equal(text, "614629");
	assert_true(vpdn_ipc_get_text(&m, VPDN_TLV_NAS_PORT, text, sizeof(text)));
	assert_string_equal(text, "eth1");
	switched = hello(VPDN_ROLE_PPP);
	begin_ask("a@all.example", 30000);
	vpdn_ipc_put_text(&b, VPDN_TLV_NAS_PORT, "Serial0:0");
	send_msg(switched, NULL, 0);
	placed(l2tp, "192.0.2.2");
	assert_true(vpdn_ipc_get_text(&m, VPDN_TLV_NAS_PORT, text, sizeof(text)));
	assert_string_equal(text, "Serial0:0");
	close(switched);
	close(fd);
	close(l2tp);
}

static void only_session(char *id, size_t size)
{
	static const char before[] = "\"sessions\":[{\"id\":";
	const char *at = strstr(COMMAND("show"), before);

	assert_non_null(at);
	snprintf(id, size, "%d", atoi(at + strlen(before)));
}

static void shown_at_the_lac(void **state)
{
	int l2tp = module(), fd = on_a_known_line("a@none.example");
	const char *o;
	char id[16];

	(void)state;
	placed(l2tp, "192.0.2.3");
	only_session(id, sizeof(id));
	o = COMMAND("show", "session", id);
	assert_has(o, "\"line\":[\"service-name: dial-614629\",\"calling-number: 02:00:00:00:00:01\",\"sub-address: 4711\",\"physical-channel: 17\","
		      "\"tx-connect-speed: 16240000\",\"rx-connect-speed: 1022000\",\"agent-circuit-id: olt1 eth 0/3\","
		      "\"agent-remote-id: %24%28x%29%0a\",\"actual-data-rate-downstream: 16240000\",\"actual-interleaving-delay-downstream: 9\"]");
	o = COMMAND("show", "group");
	assert_has(o, "\"send_avps\":[]");
	assert_has(o, "\"send_avps\":[\"called-number\",\"nas-port\",\"access-line\"]");
	close(fd);
	close(l2tp);
}

/* From the last report. */
static void shown_at_the_lns(void **state)
{
	int l2tp = module();
	const char *o;
	char id[16];

	(void)state;
	for (int i = 0; i < 2; i++) {
		vpdn_ipc_begin(&b, VPDN_MSG_L2TP_CALL_STATE, 0, 0);
		vpdn_ipc_put_u16(&b, VPDN_TLV_TUNNEL_ID, 5);
		vpdn_ipc_put_u16(&b, VPDN_TLV_SESSION_ID, 6);
		vpdn_ipc_put_u8(&b, VPDN_TLV_CALL_STATE, VPDN_CALL_CONNECTED);
		vpdn_ipc_put_bytes(&b, VPDN_TLV_CALLING_NUMBER, i ? "555\n\"1" : "555", i ? 6 : 3);
		vpdn_ipc_put_text(&b, VPDN_TLV_NAS_PORT, "Serial0:0");
		vpdn_ipc_put_avp(&b, VPDN_VENDOR_BBF, VPDN_AVP_BBF_RATE_DOWN, 0, "\0\0\0\0\0\xf7\xcd\x80", 8);
		send_msg(l2tp, NULL, 0);
	}
	only_session(id, sizeof(id));
	o = counted(l2tp, "session", id, 5, 6);
	assert_has(o, "\"line\":[\"calling-number: 555%0a%221\",\"nas-port: Serial0:0\",\"actual-data-rate-downstream: 16240000\"]");
	close(l2tp);
}

int main(void)
{
#define TEST(f)	cmocka_unit_test_setup_teardown(f, start_daemon, end_daemon)
	const struct CMUnitTest tests[] = {
		TEST(everything_is_sent_unless_said_otherwise),
		TEST(some_of_it),
		TEST(nothing_of_it),
		TEST(what_is_made_up_here),
		TEST(shown_at_the_lac),
		TEST(shown_at_the_lns),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
