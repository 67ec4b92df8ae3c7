/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_dialout_lns.c - vpdnd's dial-out over its socket, as LNS: a whole daemon is forked, and the test
 * plays its peers (vpdnd_dial.h).
 */
#include "vpdnd_dial.h"

/* OCRP */
static void accepted(int l2tp, uint32_t ref)
{
	vpdn_ipc_begin(&b, VPDN_MSG_L2TP_DIAL_ACCEPTED, 0, 0);
	vpdn_ipc_put_u32(&b, VPDN_TLV_CALL_REF, ref);
	put_ids();
	send_msg(l2tp, NULL, 0);
}

/* OCCN, with one end of a pair as the session's socket; the other end. */
static int connected(int l2tp, uint32_t ref)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	vpdn_ipc_begin(&b, VPDN_MSG_L2TP_DIAL_CONNECTED, 0, 0);
	vpdn_ipc_put_u32(&b, VPDN_TLV_CALL_REF, ref);
	vpdn_ipc_put_u32(&b, VPDN_TLV_TX_SPEED, 33600);
	vpdn_ipc_put_u32(&b, VPDN_TLV_FRAMING_TYPE, 2);
	put_ids();
	send_msg(l2tp, &pair[0], 1);
	close(pair[0]);
	return pair[1];
}

/* CDN, with error and Q.931 cause where they are not 0. */
static void cdn(int l2tp, uint32_t ref, uint16_t result, uint16_t error, uint16_t q931)
{
	vpdn_ipc_begin(&b, VPDN_MSG_L2TP_CALL_CLEARED, 0, 0);
	vpdn_ipc_put_u32(&b, VPDN_TLV_CALL_REF, ref);
	vpdn_ipc_put_u8(&b, VPDN_TLV_STAGE, VPDN_STAGE_CALL);
	vpdn_ipc_put_u8(&b, VPDN_TLV_BY, VPDN_BY_PEER);
	vpdn_ipc_put_u16(&b, VPDN_TLV_RESULT, result);
	if (error)
		vpdn_ipc_put_u16(&b, VPDN_TLV_ERROR_CODE, error);
	if (q931)
		vpdn_ipc_put_u16(&b, VPDN_TLV_Q931_CAUSE, q931);
	vpdn_ipc_put_text(&b, VPDN_TLV_TEXT, "as the LAC says");
	send_msg(l2tp, NULL, 0);
}

static void a_call_from_ocrq_to_cdn(void **state)
{
	int l2tp = module(), plugin = caller("out", "0612"), far, fd;
	static const uint8_t errors[24] = { [3] = 1, [7] = 2, [23] = 9 };
	const char *text, *id;
	char number[16], c = 0;
	uint32_t ref;

	(void)state;
	ref = dial_placed(l2tp, -1, "192.0.2.1");
	assert_text(VPDN_TLV_GROUP, "out");
	assert_text(VPDN_TLV_LOCAL_NAME, "LNS");
	assert_text(VPDN_TLV_SECRET, SECRET);
	assert_ip(VPDN_TLV_SOURCE_IP, "192.0.2.2");
	assert_text(VPDN_TLV_CALLED_NUMBER, "+44612");
	assert_text(VPDN_TLV_SUB_ADDRESS, "7");
	assert_int_equal(u32(VPDN_TLV_MIN_BPS), 2400);
	assert_int_equal(u32(VPDN_TLV_MAX_BPS), 56000);
	assert_int_equal(u32(VPDN_TLV_BEARER_TYPE), 2);
	assert_int_equal(u32(VPDN_TLV_FRAMING_TYPE), 3);
	assert_int_equal(u32(VPDN_TLV_TIMEOUT_MS), 1000);
	assert_int_equal(u32(VPDN_TLV_IDLE_S), 15);
	expect(plugin, VPDN_MSG_DIAL_PROGRESS);
	assert_text(VPDN_TLV_TEXT, "asking LAC 192.0.2.1 to dial +44612");
	accepted(l2tp, ref);
	expect(plugin, VPDN_MSG_DIAL_PROGRESS);
	assert_text_has(VPDN_TLV_TEXT, "is dialling");
	text = COMMAND("show", "session");
	assert_has(text, "\"role\":\"lns\",\"direction\":\"dial-out\"");
	assert_has(text, "\"state\":\"dialling\",\"group\":\"out\",\"peer_ip\":\"192.0.2.1\"");
	far = connected(l2tp, ref);
	expect(plugin, VPDN_MSG_DIAL_CONNECTED);
	assert_int_equal(u32(VPDN_TLV_TX_SPEED), 33600);
	assert_int_equal(u32(VPDN_TLV_RX_SPEED), 33600);
	assert_int_equal(u32(VPDN_TLV_FRAMING_TYPE), 2);
	assert_int_equal(u16(VPDN_TLV_TUNNEL_ID), 10);
	assert_int_equal(u16(VPDN_TLV_SESSION_ID), 30);
	assert_ip(VPDN_TLV_PEER_IP, "192.0.2.1");
	fd = vpdn_ipc_take_fd(&m, 0);
	assert_int_equal(write(far, "x", 1), 1);
	assert_int_equal(read(fd, &c, 1), 1);
	/* vpdnd keeps no copy of the session's socket. */
	close(fd);
	expect_closed(far);

	vpdn_ipc_begin(&b, VPDN_MSG_DIAL_UP, 0, 0);
	vpdn_ipc_put_text(&b, VPDN_TLV_IFNAME, "ppp7");
	vpdn_ipc_put_u32(&b, VPDN_TLV_PID, 4711);
	vpdn_ipc_put_text(&b, VPDN_TLV_USER, "remote2@cisco.com");
	vpdn_ipc_put_ip4(&b, VPDN_TLV_LOCAL_IP, (struct in_addr){ inet_addr("18.18.18.2") });
	vpdn_ipc_put_ip4(&b, VPDN_TLV_REMOTE_IP, (struct in_addr){ inet_addr("17.17.17.2") });
	send_msg(plugin, NULL, 0);
	vpdn_ipc_begin(&b, VPDN_MSG_DIAL_LINK_INFO, 0, 0);
	vpdn_ipc_put_u32(&b, VPDN_TLV_SEND_ACCM, 0xa0000);
	vpdn_ipc_put_u32(&b, VPDN_TLV_RECV_ACCM, 0x0);
	send_msg(plugin, NULL, 0);
	expect(l2tp, VPDN_MSG_L2TP_LINK_INFO);
	assert_int_equal(u32(VPDN_TLV_CALL_REF), ref);
	assert_int_equal(u32(VPDN_TLV_SEND_ACCM), 0xa0000);
	assert_int_equal(u32(VPDN_TLV_RECV_ACCM), 0);
	vpdn_ipc_begin(&b, VPDN_MSG_L2TP_WAN_ERRORS, 0, 0);
	vpdn_ipc_put_u32(&b, VPDN_TLV_CALL_REF, ref);
	vpdn_ipc_put_bytes(&b, VPDN_TLV_CALL_ERRORS, errors, sizeof(errors));
	send_msg(l2tp, NULL, 0);
	text = COMMAND("show", "session");
	assert_has(text, "\"interface\":\"ppp7\"");
	assert_has(text, "\"state\":\"up\"");
	assert_has(text, "\"number\":\"+44612\",\"dialer\":null,\"speed_bps\":33600,\"framing\":\"asynchronous\"");
	id = strstr(text, "\"id\":");
	snprintf(number, sizeof(number), "%d", atoi(id + 5));
	text = counted(l2tp, "session", number, 10, 30);
	assert_has(text, "\"tx_packets\":41");
	assert_has(text, "\"user\":\"remote2@cisco.com\"");
	assert_has(text, "\"local_ip\":\"18.18.18.2\",\"remote_ip\":\"17.17.17.2\"");
	assert_has(text, "\"pppd_pid\":4711");
	assert_has(text, "\"crc_errors\":1,\"framing_errors\":2");
	assert_has(text, "\"alignment_errors\":9");
	assert_has(text, "ACCM 000a0000 to the line");

	close(plugin);
	expect_clear(l2tp, ref, 3);
	cleared(l2tp, ref, VPDN_STAGE_CONNECTED, VPDN_BY_US, 0);
	assert_true(calls_are_gone());
	assert_has(COMMAND("show"), "\"dial_connected\",\"text\":\"outgoing calls connected\",\"value\":1");
	assert_has(COMMAND("show"), "\"dial_failures\":[]");
	assert_has(COMMAND("metrics"), "vpdn_call_setup_seconds_count{role=\\\"lns\\\",direction=\\\"dial-out\\\"} 1\\n");
	close(l2tp);
}

/* One limit of pppd's options against the other one of the group: 64000 to 56000 bit/s. */
static void speeds_must_make_sense_together(void **state)
{
	int l2tp = module(), plugin = hello(VPDN_ROLE_PPP);

	(void)state;
	begin_dial("out", "6121");
	vpdn_ipc_put_u32(&b, VPDN_TLV_MIN_BPS, 64000);
	send_msg(plugin, NULL, 0);
	over(plugin, VPDN_DIAL_CONFIG, "64000 to 56000");
	assert_true(calls_are_gone());
	close(plugin);
	close(l2tp);
}

/* What pppd's options say wins over the group. */
static void who_asks_may_say_otherwise(void **state)
{
	int l2tp = module(), plugin = hello(VPDN_ROLE_PPP);

	(void)state;
	begin_dial("out", "6121");
	vpdn_ipc_put_text(&b, VPDN_TLV_SUB_ADDRESS, "99");
	vpdn_ipc_put_u32(&b, VPDN_TLV_MIN_BPS, 64000);
	vpdn_ipc_put_u32(&b, VPDN_TLV_MAX_BPS, 128000);
	vpdn_ipc_put_u32(&b, VPDN_TLV_BEARER_TYPE, 1);
	vpdn_ipc_put_u32(&b, VPDN_TLV_FRAMING_TYPE, 1);
	send_msg(plugin, NULL, 0);
	dial_placed(l2tp, -1, "192.0.2.1");
	assert_text(VPDN_TLV_CALLED_NUMBER, "6121");
	assert_text(VPDN_TLV_SUB_ADDRESS, "99");
	assert_int_equal(u32(VPDN_TLV_MIN_BPS), 64000);
	assert_int_equal(u32(VPDN_TLV_MAX_BPS), 128000);
	assert_int_equal(u32(VPDN_TLV_BEARER_TYPE), 1);
	assert_int_equal(u32(VPDN_TLV_FRAMING_TYPE), 1);
	close(plugin);
	close(l2tp);
}

/* A foreign LAC's OCRP and OCCN in one burst: the OCRP may even come to nothing. */
static void occn_without_ocrp(void **state)
{
	int l2tp = module(), plugin = caller("out", "6121"), far;
	uint32_t ref = dial_placed(l2tp, plugin, "192.0.2.1");

	(void)state;
	far = connected(l2tp, ref);
	expect(plugin, VPDN_MSG_DIAL_CONNECTED);
	vpdn_ipc_msg_close(&m);
	accepted(l2tp, ref);
	/* The LAC's bearer is lost. */
	cleared(l2tp, ref, VPDN_STAGE_CONNECTED, VPDN_BY_PEER, 1);
	over(plugin, VPDN_DIAL_LOST, "because of the test");
	expect_closed(far);
	expect_quiet(l2tp);
	assert_has(COMMAND("show"), "\"failure\":\"lost\"");
	close(l2tp);
}

static void what_a_lac_says_of_the_line(void **state)
{
	static const struct {
		uint16_t result, error, q931;
		uint8_t failure;
	} cases[] = {
		{ 8, 0, 17, VPDN_DIAL_BUSY }, { 10, 0, 19, VPDN_DIAL_NO_ANSWER }, { 10, 0, 0, VPDN_DIAL_TIMEOUT },
		{ 7, 0, 127, VPDN_DIAL_NO_CARRIER }, { 9, 0, 27, VPDN_DIAL_NO_DIAL_TONE }, { 3, 0, 0, VPDN_DIAL_REFUSED },
		{ 2, 6, 17, VPDN_DIAL_BUSY }, { 1, 0, 18, VPDN_DIAL_NO_ANSWER }, { 2, 6, 0, VPDN_DIAL_REFUSED },
	};
	int l2tp = module(), plugin;
	uint32_t ref;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		plugin = caller("out", "6121");
		ref = dial_placed(l2tp, plugin, "192.0.2.1");
		accepted(l2tp, ref);
		expect(plugin, VPDN_MSG_DIAL_PROGRESS);
		cdn(l2tp, ref, cases[i].result, cases[i].error, cases[i].q931);
		expect_over(plugin, cases[i].failure, "LAC 192.0.2.1: as the LAC says");
		assert_int_equal(u16(VPDN_TLV_RESULT), cases[i].result);
		assert_cause(cases[i].error, cases[i].q931);
		expect_end(plugin);
	}
	expect_quiet(l2tp);
	assert_has(COMMAND("show"), "failed: busy\",\"value\":2");
	assert_has(COMMAND("show"), "failed: no dial tone\",\"value\":1");
	assert_has(COMMAND("show"), "\"failure\":\"no carrier\",\"result\":7,\"error\":null,\"q931_cause\":127");
	close(l2tp);
}

/* CDN before or after OCRP, for want of what another LAC may have. */
static void the_next_lac_is_asked(void **state)
{
	static const struct {
		uint16_t result, error;
	} cases[] = { { 4, 0 }, { 5, 0 }, { 6, 0 }, { 2, 4 }, { 2, 7 } };
	int l2tp = module(), plugin;
	uint32_t first, second;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		plugin = caller("out", "6121");
		first = dial_placed(l2tp, plugin, "192.0.2.1");
		if (i % 2) {
			accepted(l2tp, first);
			expect(plugin, VPDN_MSG_DIAL_PROGRESS);
		}
		cdn(l2tp, first, cases[i].result, cases[i].error, 34);
		second = dial_placed(l2tp, plugin, "192.0.2.3");
		assert_int_not_equal(first, second);
		cdn(l2tp, second, 4, 0, 34);
		over(plugin, VPDN_DIAL_NO_RESOURCES, "LAC 192.0.2.3");
	}
	/* No tunnel: the next LAC now, and the last one next time. */
	plugin = caller("out", "6121");
	first = dial_placed(l2tp, plugin, "192.0.2.1");
	cleared(l2tp, first, VPDN_STAGE_TUNNEL, VPDN_BY_TIMEOUT, 0);
	second = dial_placed(l2tp, plugin, "192.0.2.3");
	cleared(l2tp, second, VPDN_STAGE_TUNNEL, VPDN_BY_PEER, 4);
	expect_over(plugin, VPDN_DIAL_UNREACHABLE, "192.0.2.3");
	/* A StopCCN's result is not a CDN's. */
	assert_false(vpdn_ipc_has(&m, VPDN_TLV_RESULT));
	expect_end(plugin);
	assert_has(COMMAND("show", "group"), "\"failed\":6,\"dead_s\":60");
	close(l2tp);
}

/* Neither OCRP nor CDN, and a module that does not say so: the next LAC, then the end. */
static void a_silent_lac(void **state)
{
	uint64_t start = now_ms();
	int l2tp = module(), plugin = caller("out", "6121"), far;
	uint32_t first = dial_placed(l2tp, plugin, "192.0.2.1"), second;

	(void)state;
	expect_clear(l2tp, first, 10);
	second = dial_placed(l2tp, plugin, "192.0.2.3");
	cleared(l2tp, second, VPDN_STAGE_CALL, VPDN_BY_TIMEOUT, 0);
	over(plugin, VPDN_DIAL_TIMEOUT, "192.0.2.3");
	assert_true(now_ms() - start < 3000);
	/* What comes too late is cleared, and its fd closed. */
	accepted(l2tp, first);
	far = connected(l2tp, first);
	expect_clear(l2tp, first, 10);
	expect_closed(far);
	cleared(l2tp, first, VPDN_STAGE_CALL, VPDN_BY_US, 0);
	close(l2tp);
}

/* OCRP, then nothing: the whole time is the plugin's to choose. */
static void the_time_to_dial_is_bounded(void **state)
{
	uint64_t start = now_ms();
	int l2tp = module(), plugin = hello(VPDN_ROLE_PPP), far;
	uint32_t ref;

	(void)state;
	begin_dial("out", "6121");
	vpdn_ipc_put_u32(&b, VPDN_TLV_TIMEOUT_MS, 1200);
	send_msg(plugin, NULL, 0);
	ref = dial_placed(l2tp, plugin, "192.0.2.1");
	accepted(l2tp, ref);
	expect(plugin, VPDN_MSG_DIAL_PROGRESS);
	expect_clear(l2tp, ref, 10);
	over(plugin, VPDN_DIAL_TIMEOUT, "not up in time");
	assert_true(now_ms() - start >= 1000 && now_ms() - start < 3000);
	/* The OCCN has crossed our CDN. */
	far = connected(l2tp, ref);
	expect_closed(far);
	cleared(l2tp, ref, VPDN_STAGE_CALL, VPDN_BY_US, 0);
	assert_true(calls_are_gone());
	close(l2tp);
}

static void given_up_while_dialling(void **state)
{
	int l2tp = module(), plugin = caller("out", "6121");
	uint32_t ref = dial_placed(l2tp, plugin, "192.0.2.1");

	(void)state;
	close(plugin);
	expect_clear(l2tp, ref, 3);
	accepted(l2tp, ref);
	cleared(l2tp, ref, VPDN_STAGE_CALL, VPDN_BY_US, 0);
	plugin = caller("out", "6121");
	ref = dial_placed(l2tp, plugin, "192.0.2.1");
	accepted(l2tp, ref);
	expect(plugin, VPDN_MSG_DIAL_PROGRESS);
	close(plugin);
	expect_clear(l2tp, ref, 3);
	cleared(l2tp, ref, VPDN_STAGE_CALL, VPDN_BY_US, 0);
	assert_true(calls_are_gone());
	assert_has(COMMAND("show"), "given up\",\"value\":2");
	assert_has(COMMAND("show"), "\"dial_failures\":[]");
	close(l2tp);
}

static void what_cannot_be_dialled(void **state)
{
	int l2tp = module(), fd;

	(void)state;
	over(caller("none", "6121"), VPDN_DIAL_CONFIG, "no vpdn-group \"none\"");
	over(caller("in", "6121"), VPDN_DIAL_CONFIG, "no request-dialout");
	over(caller("out", ""), VPDN_DIAL_CONFIG, "printable");
	over(caller("out", "61\r\nATH"), VPDN_DIAL_CONFIG, "printable");
	over(caller("out", "0123456789012345678901234567890123456789012345678901234567890123"), VPDN_DIAL_CONFIG, "printable");
	expect_quiet(l2tp);
	/* Twice on one connection. */
	fd = caller("out", "6121");
	dial_placed(l2tp, fd, "192.0.2.1");
	begin_dial("out", "6121");
	send_msg(fd, NULL, 0);
	expect(fd, VPDN_MSG_ERROR);
	expect_end(fd);
	close(l2tp);
	while (strstr(COMMAND("show"), "\"xl2tpd\":{\"connected\":true"))
		pause_ms(10);
	over(caller("out", "6121"), VPDN_DIAL_UNREACHABLE, "xl2tpd is not connected");
}

static void xl2tpd_goes(void **state)
{
	int l2tp = module(), asking = caller("out", "6121"), up, far;
	uint32_t ref;

	(void)state;
	dial_placed(l2tp, asking, "192.0.2.1");
	up = caller("out", "6122");
	ref = dial_placed(l2tp, up, "192.0.2.1");
	far = connected(l2tp, ref);
	expect(up, VPDN_MSG_DIAL_CONNECTED);
	vpdn_ipc_msg_close(&m);
	close(l2tp);
	over(asking, VPDN_DIAL_UNREACHABLE, "xl2tpd has gone");
	over(up, VPDN_DIAL_LOST, "xl2tpd has gone");
	expect_closed(far);
	assert_true(calls_are_gone());
}

static void limits_of_a_lac_and_of_the_group(void **state)
{
	int l2tp = module(), first, second;
	uint32_t ref;

	(void)state;
	write_file(config_path, "vpdn-group out {\n"
		   "  request-dialout { protocol = l2tp }\n"
		   "  initiate-to \"192.0.2.1\" { limit = 1 }\n"
		   "  initiate-to \"192.0.2.3\" { priority = 2 }\n"
		   "  limit = 2  tunnel-authentication = false\n"
		   "}\n");
	assert_has(COMMAND("reload"), "\"reloaded\"");
	expect(l2tp, VPDN_MSG_L2TP_CONFIG_BEGIN);
	expect(l2tp, VPDN_MSG_L2TP_CONFIG_END);
	first = caller("out", "6121");
	ref = dial_placed(l2tp, first, "192.0.2.1");
	second = caller("out", "6122");
	dial_placed(l2tp, second, "192.0.2.3");
	over(caller("out", "6123"), VPDN_DIAL_NO_RESOURCES, "session limit of vpdn-group out (2) reached");
	/* It counts until the LAC has let go of it. */
	close(first);
	expect_clear(l2tp, ref, 3);
	over(caller("out", "6123"), VPDN_DIAL_NO_RESOURCES, "session limit");
	cleared(l2tp, ref, VPDN_STAGE_CALL, VPDN_BY_US, 0);
	first = caller("out", "6123");
	dial_placed(l2tp, first, "192.0.2.1");
	close(first);
	close(second);
	close(l2tp);
}

static void cleared_by_an_administrator(void **state)
{
	int l2tp = module(), plugin = caller("out", "6121"), far;
	uint32_t ref = dial_placed(l2tp, plugin, "192.0.2.1");
	char number[16];

	(void)state;
	far = connected(l2tp, ref);
	expect(plugin, VPDN_MSG_DIAL_CONNECTED);
	vpdn_ipc_msg_close(&m);
	snprintf(number, sizeof(number), "%d", atoi(strstr(COMMAND("show", "session"), "\"id\":") + 5));
	assert_has(COMMAND("clear", "session", number), "\"cleared\"");
	over(plugin, VPDN_DIAL_CLEARED, "administrator");
	expect_clear(l2tp, ref, 3);
	cleared(l2tp, ref, VPDN_STAGE_CONNECTED, VPDN_BY_US, 0);
	expect_closed(far);
	close(l2tp);
}

/* `vpdnctl dial`, its output in the file of output_path. */
static char output_path[64];

static pid_t vpdnctl(const char *const *more, size_t n)
{
	const char *argv[16] = { "vpdnctl", "--socket", socket_path, "dial" };
	char self[256], program[320];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	pid_t pid;

	/* BUILD/tests/unit/test_dialout_lns */
	assert_true(len > 0);
	self[len] = '\0';
	for (int i = 0; i < 3; i++)
		*strrchr(self, '/') = '\0';
	snprintf(program, sizeof(program), "%s/vpdnctl", self);
	snprintf(output_path, sizeof(output_path), "%s/output", dir);
	memcpy(argv + 4, more, n * sizeof(*more));
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		int fd = open(output_path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

		dup2(fd, STDOUT_FILENO);
		dup2(fd, STDERR_FILENO);
		closefrom(STDERR_FILENO + 1);
		signal(SIGINT, SIG_DFL);	/* a shell's background process has it ignored */
		execv(program, (char *const *)argv);
		_exit(127);
	}
	return pid;
}

#define VPDNCTL(...)	vpdnctl(WORDS(__VA_ARGS__))

/* What it has printed; it has ended with this status. */
static const char *printed(pid_t pid, int status)
{
	static char text[4096];
	int have = 0;
	size_t n;
	FILE *f;

	assert_int_equal(waitpid(pid, &have, 0), pid);
	f = fopen(output_path, "r");
	assert_non_null(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	fclose(f);
	unlink(output_path);
	if (!WIFEXITED(have) || WEXITSTATUS(have) != status)
		fail_msg("wait status %#x: %s", have, text);
	return text;
}

static void vpdnctl_dials(void **state)
{
	int l2tp = module(), far, status;
	uint64_t start = now_ms();
	uint32_t ref;
	pid_t pid;

	(void)state;
	pid = VPDNCTL("--hold", "1", "out", "0612");
	ref = dial_placed(l2tp, -1, "192.0.2.1");
	accepted(l2tp, ref);
	far = connected(l2tp, ref);
	expect_clear(l2tp, ref, 3);
	assert_true(now_ms() - start >= 900);
	expect_closed(far);
	cleared(l2tp, ref, VPDN_STAGE_CONNECTED, VPDN_BY_US, 0);
	assert_string_equal(printed(pid, 0), "asking LAC 192.0.2.1 to dial +44612\n"
					     "LAC 192.0.2.1 is dialling +44612\n"
					     "LAC 192.0.2.1: +44612 is connected at 33600 bit/s, asynchronous\n"
					     "the call is cleared\n");

	pid = VPDNCTL("out", "6121");
	ref = dial_placed(l2tp, -1, "192.0.2.1");
	cdn(l2tp, ref, 8, 0, 17);
	assert_string_equal(printed(pid, 1), "asking LAC 192.0.2.1 to dial 6121\n"
					     "vpdnctl: busy: LAC 192.0.2.1: as the LAC says (CDN result 8 (busy)) (Q.931 cause 17, user busy)\n");

	pid = VPDNCTL("out", "6121", "--json");
	ref = dial_placed(l2tp, -1, "192.0.2.1");
	far = connected(l2tp, ref);
	expect_clear(l2tp, ref, 3);
	cleared(l2tp, ref, VPDN_STAGE_CONNECTED, VPDN_BY_US, 0);
	expect_closed(far);
	assert_has(printed(pid, 0), "\"event\":\"connected\"");

	/* Interrupted. */
	pid = VPDNCTL("out", "6121");
	ref = dial_placed(l2tp, -1, "192.0.2.1");
	kill(pid, SIGINT);
	expect_clear(l2tp, ref, 3);
	cleared(l2tp, ref, VPDN_STAGE_CALL, VPDN_BY_US, 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	unlink(output_path);

	assert_has(printed(VPDNCTL("none", "6121"), 1), "vpdnctl: configuration: there is no vpdn-group \"none\"");
	assert_has(printed(VPDNCTL("out"), 2), "usage:");
	assert_has(printed(VPDNCTL("out", "6121", "--hold", "1x"), 2), "allowed: 0 to 86400");
	close(l2tp);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_call_from_ocrq_to_cdn),
		TEST(speeds_must_make_sense_together),
		TEST(who_asks_may_say_otherwise),
		TEST(occn_without_ocrp),
		TEST(what_a_lac_says_of_the_line),
		TEST(the_next_lac_is_asked),
		TEST(a_silent_lac),
		TEST(the_time_to_dial_is_bounded),
		TEST(given_up_while_dialling),
		TEST(what_cannot_be_dialled),
		TEST(xl2tpd_goes),
		TEST(limits_of_a_lac_and_of_the_group),
		TEST(cleared_by_an_administrator),
		TEST(vpdnctl_dials),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
