/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vpdnd_dial.h - what the tests of vpdnd's dial-out share, as LNS (test_dialout_lns.c) and as LAC (test_dialout_lac.c): the
 * configuration of a host that is both, and its peers (vpdnd_peer.h).
 */
#ifndef VPDN_VPDND_DIAL_H
#define VPDN_VPDND_DIAL_H

#define ACCEPT_BLOCKS 2
#define CONFIG \
	"vpdn-group out {\n" \
	"  request-dialout {\n" \
	"    protocol = l2tp\n" \
	"    number \"^0([1-9].*)\" { replace = \"+44\\\\1\" }\n" \
	"    sub-address = \"7\"  min-bps = 2400  max-bps = 56000  bearer = analogue\n" \
	"    dial-timeout = 5\n" \
	"  }\n" \
	"  accept-dialin { protocol = l2tp ppp-template = \"corp\" }\n" \
	"  initiate-to \"192.0.2.1\" { priority = 1 }\n" \
	"  initiate-to \"192.0.2.3\" { priority = 2  port = 1702 }\n" \
	"  local-name = \"LNS\"  source-ip = \"192.0.2.2\"\n" \
	"  tunnel-password = \"" SECRET "\"\n" \
	"  connect-timeout = 1\n" \
	"}\n" \
	"vpdn-group in {\n" \
	"  accept-dialout {\n" \
	"    protocol = l2tp  terminate-from = LNS9  source = 192.0.2.0/24\n" \
	"    dial \"612*\" { dialer = modems }\n" \
	"    dial \"9*\" { dialer = pty  replace = \"0,%n\" }\n" \
	"  }\n" \
	"  local-name = \"LAC\"  tunnel-password = \"" LNS_SECRET "\"  limit = 3\n" \
	"}\n" \
	"dialer modems { chat { tty = { \"/dev/ttyS0\", \"/dev/ttyS1\" } speed = 115200 hangup = { \"\", \"+++ATH\" } } limit = 1 timeout = 1 }\n" \
	"dialer pty { exec { command = { \"/usr/local/bin/dial\", \"%n\" } user = nobody } }\n"
#include "vpdnd_peer.h"

static inline void begin_dial(const char *group, const char *number)
{
	vpdn_ipc_begin(&b, VPDN_MSG_DIAL_ASK, 0, 1);
	vpdn_ipc_put_text(&b, VPDN_TLV_GROUP, group);
	vpdn_ipc_put_text(&b, VPDN_TLV_CALLED_NUMBER, number);
	vpdn_ipc_put_u32(&b, VPDN_TLV_PID, (uint32_t)getpid());
}

/* A pppd that wants a number dialled. */
static inline int caller(const char *group, const char *number)
{
	int fd = hello(VPDN_ROLE_PPP);

	begin_dial(group, number);
	send_msg(fd, NULL, 0);
	return fd;
}

/* The next call asked for is at this LAC; its reference. The plugin hears of it. */
static inline uint32_t dial_placed(int l2tp, int plugin, const char *addr)
{
	uint32_t ref;

	expect(l2tp, VPDN_MSG_L2TP_DIAL_PLACE);
	assert_ip(VPDN_TLV_PEER_IP, addr);
	ref = u32(VPDN_TLV_CALL_REF);
	assert_false(ref & VPDN_CALL_REF_ASKED);
	if (plugin >= 0) {
		expect(plugin, VPDN_MSG_DIAL_PROGRESS);
		assert_text_has(VPDN_TLV_TEXT, addr);
	}
	return ref;
}

static inline void put_ids(void)
{
	vpdn_ipc_put_u16(&b, VPDN_TLV_TUNNEL_ID, 10);
	vpdn_ipc_put_u16(&b, VPDN_TLV_PEER_TUNNEL_ID, 20);
	vpdn_ipc_put_u16(&b, VPDN_TLV_SESSION_ID, 30);
	vpdn_ipc_put_u16(&b, VPDN_TLV_PEER_SESSION_ID, 40);
}

/* Nobody holds the other end any more. */
static inline void expect_closed(int end)
{
	char c;

	assert_true(readable(end, WAIT_MS));
	assert_int_equal(read(end, &c, 1), 0);
	close(end);
}

static inline void expect_over(int plugin, uint8_t failure, const char *text)
{
	uint8_t v = 0;

	expect(plugin, VPDN_MSG_DIAL_OVER);
	assert_true(vpdn_ipc_get_u8(&m, VPDN_TLV_DIAL_FAILURE, &v));
	assert_int_equal(v, failure);
	assert_text_has(VPDN_TLV_TEXT, text);
}

static inline void over(int plugin, uint8_t failure, const char *text)
{
	expect_over(plugin, failure, text);
	expect_end(plugin);
}

static inline bool calls_are_gone(void)
{
	for (int i = 0; i < WAIT_MS / 10; i++, pause_ms(10))
		if (strstr(COMMAND("show", "session"), "\"sessions\":[]"))
			return true;
	return false;
}

static inline void assert_cause(uint16_t error, uint16_t q931)
{
	uint16_t v = 0;

	vpdn_ipc_get_u16(&m, VPDN_TLV_ERROR_CODE, &v);
	assert_int_equal(v, error);
	v = 0;
	vpdn_ipc_get_u16(&m, VPDN_TLV_Q931_CAUSE, &v);
	assert_int_equal(v, q931);
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, start_daemon, end_daemon)

#endif
