/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_dialout_lac.c - vpdnd's dial-out over its socket, as LAC: a whole daemon is forked, and the test
 * plays its peers (vpdnd_dial.h). No kernel PPP is needed: calls end at the
 * bridge at the latest, which is the lab's to test.
 */
#include "vpdnd_dial.h"

#include <linux/ppp-ioctl.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* ---- the daemon's kernel: with PPP, as the L2TP side sees it, when the test says so ---- */

static bool *has_ppp;		/* shared with the daemon */

int ioctl(int fd, unsigned long request, ...)
{
	struct stat st;
	va_list ap;
	void *arg;

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (*has_ppp && request == PPPIOCGCHAN && !fstat(fd, &st) && S_ISSOCK(st.st_mode)) {
		*(int *)arg = 7;
		return 0;
	}
	if (*has_ppp && request == PPPIOCATTCHAN)
		return 0;
	return (int)syscall(SYS_ioctl, fd, request, arg);
}

int open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list ap;

	if (flags & O_CREAT) {
		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		va_end(ap);
	}
	return (int)syscall(SYS_openat, AT_FDCWD, *has_ppp && !strcmp(path, "/dev/ppp") ? "/dev/null" : path, flags, mode);
}

static int make_dir_and_kernel(void **state)
{
	has_ppp = mmap(NULL, sizeof(*has_ppp), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return has_ppp == MAP_FAILED ? -1 : make_dir(state);
}

/* ---- peers ---- */

#define REF(n)	(VPDN_CALL_REF_ASKED | (n))

/* OCRQ, with one end of a pair as the session's socket; the other end. */
static int asked(int l2tp, uint32_t ref, const void *number, size_t len)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	vpdn_ipc_begin(&b, VPDN_MSG_L2TP_DIAL_ASK, 0, 0);
	vpdn_ipc_put_u32(&b, VPDN_TLV_CALL_REF, ref);
	vpdn_ipc_put_text(&b, VPDN_TLV_GROUP, "in");
	put_ids();
	vpdn_ipc_put_bytes(&b, VPDN_TLV_CALLED_NUMBER, number, len);
	vpdn_ipc_put_u32(&b, VPDN_TLV_MIN_BPS, 300);
	vpdn_ipc_put_u32(&b, VPDN_TLV_MAX_BPS, 64000);
	vpdn_ipc_put_bytes(&b, VPDN_TLV_SUB_ADDRESS, "5", 1);
	send_msg(l2tp, &pair[0], 1);
	close(pair[0]);
	return pair[1];
}

#define ASKED(l2tp, ref, number)	asked(l2tp, ref, number, strlen(number))

/* OCRP goes out, and vpdn-dialer is to dial; its number of the call. */
static uint32_t started(int l2tp, int dialer, uint32_t ref)
{
	expect(l2tp, VPDN_MSG_L2TP_DIAL_ACCEPT);
	assert_int_equal(u32(VPDN_TLV_CALL_REF), ref);
	expect(dialer, VPDN_MSG_BEARER_START);
	return u32(VPDN_TLV_CALL_REF);
}

static void bearer_over(int dialer, uint32_t id, uint16_t result, uint16_t q931)
{
	vpdn_ipc_begin(&b, VPDN_MSG_BEARER_OVER, 0, 0);
	vpdn_ipc_put_u32(&b, VPDN_TLV_CALL_REF, id);
	vpdn_ipc_put_u16(&b, VPDN_TLV_RESULT, result);
	if (q931)
		vpdn_ipc_put_u16(&b, VPDN_TLV_Q931_CAUSE, q931);
	vpdn_ipc_put_text(&b, VPDN_TLV_TEXT, "as the modem says");
	send_msg(dialer, NULL, 0);
}

static void send_bearer_up(int dialer, uint32_t id, int line)
{
	vpdn_ipc_begin(&b, VPDN_MSG_BEARER_UP, 0, 0);
	vpdn_ipc_put_u32(&b, VPDN_TLV_CALL_REF, id);
	vpdn_ipc_put_u8(&b, VPDN_TLV_ACCESS, VPDN_ACCESS_TTY);
	vpdn_ipc_put_text(&b, VPDN_TLV_ACCESS_INTERFACE, "ttyS0");
	vpdn_ipc_put_u32(&b, VPDN_TLV_TX_SPEED, 33600);
	vpdn_ipc_put_u32(&b, VPDN_TLV_FRAMING_TYPE, 2);
	send_msg(dialer, &line, 1);
	close(line);
}

/* With one end of a pair as the channel; the other end. */
static int bearer_up(int dialer, uint32_t id)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	send_bearer_up(dialer, id, pair[0]);
	return pair[1];
}

/* A terminal that has hung up. */
static int hung_up_tty(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave;

	assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	assert_true(slave >= 0);
	close(master);
	return slave;
}

static void expect_hang_up(int dialer, uint32_t id)
{
	expect(dialer, VPDN_MSG_BEARER_CLEAR);
	assert_int_equal(u32(VPDN_TLV_CALL_REF), id);
}

static void assert_list(uint16_t tlv, const char *const *words, size_t n)
{
	struct vpdn_ipc_iter it;
	const uint8_t *p;
	size_t len;

	vpdn_ipc_iter_init(&it, &m);
	for (size_t i = 0; i < n; i++) {
		assert_true(vpdn_ipc_next_of(&it, tlv, &p, &len));
		assert_int_equal(len, strlen(words[i]));
		assert_memory_equal(p, words[i], len);
	}
	assert_false(vpdn_ipc_next_of(&it, tlv, &p, &len));
}

#define ASSERT_LIST(tlv, ...)	assert_list(tlv, (const char *const[]){ __VA_ARGS__ }, COUNT(((const char *const[]){ __VA_ARGS__ })))

static void an_accept_block_for_the_module(void **state)
{
	int fd = hello(VPDN_ROLE_L2TP);
	uint8_t accepts = 0;

	(void)state;
	expect(fd, VPDN_MSG_L2TP_CONFIG_BEGIN);
	expect(fd, VPDN_MSG_L2TP_GROUP);
	assert_text(VPDN_TLV_GROUP, "out");
	assert_true(vpdn_ipc_get_u8(&m, VPDN_TLV_ACCEPTS, &accepts) && accepts == VPDN_ACCEPTS_DIALIN);
	assert_text(VPDN_TLV_PPP_TEMPLATE, "corp");
	assert_int_equal(u32(VPDN_TLV_IDLE_S), 10);
	expect(fd, VPDN_MSG_L2TP_GROUP);
	assert_text(VPDN_TLV_GROUP, "in");
	assert_true(vpdn_ipc_get_u8(&m, VPDN_TLV_ACCEPTS, &accepts) && accepts == VPDN_ACCEPTS_DIALOUT);
	ASSERT_LIST(VPDN_TLV_TERMINATE_FROM, "LNS9");
	assert_true(vpdn_ipc_has(&m, VPDN_TLV_SOURCE));
	assert_false(vpdn_ipc_has(&m, VPDN_TLV_PPP_TEMPLATE));
	assert_false(vpdn_ipc_has(&m, VPDN_TLV_LCP_POLICY));
	expect(fd, VPDN_MSG_L2TP_CONFIG_END);
	close(fd);
}

/* Up to the kernel's bridge, which these fds cannot be joined by: then both sides are ended, with a reason. */
static void a_bearer_from_ocrq_to_the_bridge(void **state)
{
	int l2tp = module(), dialer = hello(VPDN_ROLE_DIALER), session, line;
	const char *text;
	uint32_t id;

	(void)state;
	session = ASKED(l2tp, REF(1), "6121");
	id = started(l2tp, dialer, REF(1));
	assert_text(VPDN_TLV_NAME, "modems");
	assert_text(VPDN_TLV_CALLED_NUMBER, "6121");
	assert_int_equal(u32(VPDN_TLV_TIMEOUT_MS), 1000);
	assert_int_equal(u32(VPDN_TLV_BAUD), 115200);
	assert_int_equal(u32(VPDN_TLV_MIN_BPS), 300);
	assert_int_equal(u32(VPDN_TLV_MAX_BPS), 64000);
	assert_text(VPDN_TLV_SUB_ADDRESS, "5");
	ASSERT_LIST(VPDN_TLV_DEVICE, "/dev/ttyS0", "/dev/ttyS1");
	ASSERT_LIST(VPDN_TLV_SCRIPT, "", "ATZ", "OK", "ATDT%n", "CONNECT", "");
	ASSERT_LIST(VPDN_TLV_HANGUP_SCRIPT, "", "+++ATH");
	assert_false(vpdn_ipc_has(&m, VPDN_TLV_WAIT_REPORT));
	text = COMMAND("show", "session");
	assert_has(text, "\"role\":\"lac\",\"direction\":\"dial-out\"");
	assert_has(text, "\"access\":\"dial-out 6121 modems\",\"state\":\"dialling\"");
	line = bearer_up(dialer, id);
	expect_clear(l2tp, REF(1), 2);
	assert_text_has(VPDN_TLV_TEXT, "channel");
	expect_hang_up(dialer, id);
	expect_closed(session);
	expect_closed(line);
	assert_has(COMMAND("show", "session"), "\"state\":\"ending\"");
	cleared(l2tp, REF(1), VPDN_STAGE_CALL, VPDN_BY_US, 0);
	assert_has(COMMAND("show", "session"), "\"state\":\"hanging up\"");
	/* xl2tpd may use the reference again. */
	close(ASKED(l2tp, REF(1), "700"));
	expect_clear(l2tp, REF(1), 6);
	cleared(l2tp, REF(1), VPDN_STAGE_CALL, VPDN_BY_US, 0);
	bearer_over(dialer, id, 3, 0);
	assert_true(calls_are_gone());
	close(dialer);
	close(l2tp);
}

/* The far end hangs up before the channels are joined: that is a lost carrier, whatever the kernel calls it. */
static void a_line_that_is_lost_before_the_bridge(void **state)
{
	int l2tp = module(), dialer = hello(VPDN_ROLE_DIALER), session = ASKED(l2tp, REF(1), "6121");
	uint32_t id = started(l2tp, dialer, REF(1));

	(void)state;
	/* Or the session's side, which is attached at the same time, may fail first. */
	*has_ppp = true;
	send_bearer_up(dialer, id, hung_up_tty());
	expect_clear(l2tp, REF(1), 1);
	assert_cause(0, 16);
	expect_hang_up(dialer, id);
	expect_closed(session);
	bearer_over(dialer, id, 1, 16);
	cleared(l2tp, REF(1), VPDN_STAGE_CALL, VPDN_BY_US, 0);
	assert_true(calls_are_gone());
	*has_ppp = false;
	close(dialer);
	close(l2tp);
}

static void an_exec_dialer(void **state)
{
	int l2tp = module(), dialer = hello(VPDN_ROLE_DIALER), session = ASKED(l2tp, REF(2), "911");
	uint32_t id = started(l2tp, dialer, REF(2));
	uint8_t wait = 1;

	(void)state;
	assert_text(VPDN_TLV_NAME, "pty");
	assert_text(VPDN_TLV_CALLED_NUMBER, "0,911");
	assert_text(VPDN_TLV_RUN_AS, "nobody");
	ASSERT_LIST(VPDN_TLV_COMMAND, "/usr/local/bin/dial", "%n");
	assert_true(vpdn_ipc_get_u8(&m, VPDN_TLV_WAIT_REPORT, &wait) && wait == 0);
	assert_false(vpdn_ipc_has(&m, VPDN_TLV_DEVICE));
	assert_false(vpdn_ipc_has(&m, VPDN_TLV_BAUD));
	bearer_over(dialer, id, 5, 38);
	expect_clear(l2tp, REF(2), 5);
	assert_cause(0, 38);
	expect_closed(session);
	cleared(l2tp, REF(2), VPDN_STAGE_CALL, VPDN_BY_US, 0);
	close(dialer);
	close(l2tp);
}

static void refused_before_ocrp(int l2tp, uint32_t ref, uint16_t result, uint16_t q931, const char *text)
{
	expect_clear(l2tp, ref, result);
	assert_cause(0, q931);
	assert_text_has(VPDN_TLV_TEXT, text);
	cleared(l2tp, ref, VPDN_STAGE_CALL, VPDN_BY_US, 0);
}

static void what_a_lac_does_not_dial(void **state)
{
	int l2tp = module(), dialer, session;
	uint32_t id;

	(void)state;
	session = ASKED(l2tp, REF(1), "6121");
	refused_before_ocrp(l2tp, REF(1), 4, 41, "vpdn-dialer is not running");
	expect_closed(session);
	dialer = hello(VPDN_ROLE_DIALER);
	close(ASKED(l2tp, REF(2), "7"));
	refused_before_ocrp(l2tp, REF(2), 6, 1, "no dial of vpdn-group in");
	close(asked(l2tp, REF(3), "612\rATH\r", 8));
	refused_before_ocrp(l2tp, REF(3), 6, 28, "printable");
	close(asked(l2tp, REF(4), "612\0", 4));
	refused_before_ocrp(l2tp, REF(4), 6, 28, "printable");
	/* A dialer's limit, then the group's. */
	session = ASKED(l2tp, REF(5), "6121");
	id = started(l2tp, dialer, REF(5));
	close(ASKED(l2tp, REF(6), "6122"));
	refused_before_ocrp(l2tp, REF(6), 4, 34, "limit of dialer modems");
	close(ASKED(l2tp, REF(7), "91"));
	started(l2tp, dialer, REF(7));
	close(ASKED(l2tp, REF(8), "92"));
	started(l2tp, dialer, REF(8));
	close(ASKED(l2tp, REF(9), "93"));
	refused_before_ocrp(l2tp, REF(9), 4, 34, "session limit of vpdn-group in");
	/* A reference that is in use. */
	close(ASKED(l2tp, REF(5), "94"));
	expect(l2tp, VPDN_MSG_ERROR);
	assert_int_equal(u32(VPDN_TLV_ERRNO), EEXIST);
	expect_quiet(dialer);
	bearer_over(dialer, id, 8, 17);
	expect_clear(l2tp, REF(5), 8);
	assert_cause(0, 17);
	assert_text_has(VPDN_TLV_TEXT, "as the modem says");
	expect_closed(session);
	assert_has(COMMAND("show", "group"), "\"name\":\"modems\",\"kind\":\"chat\",\"limit\":1,\"timeout_s\":1,\"calls\":1,\"placed\":1,\"failed\":1");
	cleared(l2tp, REF(5), VPDN_STAGE_CALL, VPDN_BY_US, 0);
	assert_has(COMMAND("show", "group"), "\"calls\":0,\"placed\":1,\"failed\":1");
	assert_has(COMMAND("show"), "\"role\":\"lac\",\"group\":\"in\",\"number\":\"6121\",\"failure\":\"busy\",\"result\":8");
	close(dialer);
	close(l2tp);
}

static void the_lns_gives_up(void **state)
{
	int l2tp = module(), dialer = hello(VPDN_ROLE_DIALER), session = ASKED(l2tp, REF(1), "6121"), line;
	uint32_t id = started(l2tp, dialer, REF(1));

	(void)state;
	cleared(l2tp, REF(1), VPDN_STAGE_CALL, VPDN_BY_PEER, 3);
	expect_hang_up(dialer, id);
	expect_closed(session);
	/* It comes up at the same moment: hung up, and nobody keeps its fd. */
	line = bearer_up(dialer, id);
	expect_closed(line);
	bearer_over(dialer, id, 3, 0);
	assert_true(calls_are_gone());
	expect_quiet(l2tp);
	/* About a call that nobody knows. */
	line = bearer_up(dialer, 4711);
	expect_hang_up(dialer, 4711);
	expect_closed(line);
	bearer_over(dialer, 4711, 1, 0);
	expect_quiet(dialer);
	close(dialer);
	close(l2tp);
}

static void vpdn_dialer_goes(void **state)
{
	int l2tp = module(), dialer = hello(VPDN_ROLE_DIALER), second, session = ASKED(l2tp, REF(1), "6121");

	(void)state;
	started(l2tp, dialer, REF(1));
	/* One at a time, and a damaged message is not its end. */
	second = vpdn_ipc_hello(socket_path, VPDN_ROLE_DIALER, "second");
	expect(second, VPDN_MSG_ERROR);
	assert_int_equal(u32(VPDN_TLV_ERRNO), EBUSY);
	expect_end(second);
	vpdn_ipc_begin(&b, VPDN_MSG_BEARER_OVER, 0, 1);
	assert_int_equal(vpdn_ipc_finish(&b), -EINVAL);
	assert_int_equal(vpdn_ipc_send_octets(dialer, b.w.buf, b.w.len, NULL, 0), 0);
	expect(dialer, VPDN_MSG_ERROR);
	assert_has(COMMAND("show"), "\"vpdn_dialer\":{\"connected\":true");
	close(dialer);
	expect_clear(l2tp, REF(1), 2);
	assert_cause(4, 0);
	assert_text_has(VPDN_TLV_TEXT, "vpdn-dialer has gone");
	expect_closed(session);
	cleared(l2tp, REF(1), VPDN_STAGE_CALL, VPDN_BY_US, 0);
	assert_true(calls_are_gone());
	dialer = hello(VPDN_ROLE_DIALER);
	session = ASKED(l2tp, REF(2), "6121");
	started(l2tp, dialer, REF(2));
	close(session);
	close(dialer);
	close(l2tp);
}

static void xl2tpd_goes_while_a_lac_dials(void **state)
{
	int l2tp = module(), dialer = hello(VPDN_ROLE_DIALER), session = ASKED(l2tp, REF(1), "6121");
	uint32_t id = started(l2tp, dialer, REF(1));

	(void)state;
	close(l2tp);
	expect_hang_up(dialer, id);
	assert_text_has(VPDN_TLV_TEXT, "xl2tpd has gone");
	expect_closed(session);
	/* The new xl2tpd counts from the beginning. */
	l2tp = module();
	session = ASKED(l2tp, REF(1), "91");
	started(l2tp, dialer, REF(1));
	close(session);
	bearer_over(dialer, id, 3, 0);
	close(l2tp);
	close(dialer);
}

static void a_silent_dialer(void **state)
{
	uint64_t start = now_ms();
	int l2tp = module(), dialer = hello(VPDN_ROLE_DIALER), session = ASKED(l2tp, REF(1), "6121");
	uint32_t id = started(l2tp, dialer, REF(1));

	(void)state;
	expect_clear(l2tp, REF(1), 10);
	assert_cause(0, 102);
	expect_hang_up(dialer, id);
	expect_closed(session);
	assert_true(now_ms() - start >= 5000);
	cleared(l2tp, REF(1), VPDN_STAGE_CALL, VPDN_BY_US, 0);
	bearer_over(dialer, id, 10, 102);
	assert_true(calls_are_gone());
	close(dialer);
	close(l2tp);
}

static void stopping(void **state)
{
	int l2tp = module(), dialer = hello(VPDN_ROLE_DIALER), plugin = caller("out", "6121"), session;
	uint32_t ref = dial_placed(l2tp, plugin, "192.0.2.1"), id;
	int status;

	(void)state;
	session = ASKED(l2tp, REF(1), "6121");
	id = started(l2tp, dialer, REF(1));
	kill(daemon_pid, SIGTERM);
	over(plugin, VPDN_DIAL_CLEARED, "stopping");
	expect_clear(l2tp, ref, 3);
	expect_clear(l2tp, REF(1), 3);
	expect_hang_up(dialer, id);
	expect_closed(session);
	cleared(l2tp, ref, VPDN_STAGE_CALL, VPDN_BY_US, 0);
	cleared(l2tp, REF(1), VPDN_STAGE_CALL, VPDN_BY_US, 0);
	assert_int_equal(waitpid(daemon_pid, &status, WNOHANG), 0);
	bearer_over(dialer, id, 3, 0);
	expect_end(dialer);
	assert_int_equal(waitpid(daemon_pid, &status, 0), daemon_pid);
	daemon_pid = 0;
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	close(l2tp);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_accept_block_for_the_module),
		TEST(a_bearer_from_ocrq_to_the_bridge),
		TEST(a_line_that_is_lost_before_the_bridge),
		TEST(an_exec_dialer),
		TEST(what_a_lac_does_not_dial),
		TEST(the_lns_gives_up),
		TEST(vpdn_dialer_goes),
		TEST(xl2tpd_goes_while_a_lac_dials),
		TEST(a_silent_dialer),
		TEST(stopping),
	};

	return cmocka_run_group_tests(tests, make_dir_and_kernel, remove_dir);
}
