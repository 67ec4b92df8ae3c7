/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vpdnd_peer.h - a forked vpdnd, and its peers as a test plays them: xl2tpd's module,
 * pppd's plugins, vpdn-dialer, vpdnctl. For test_vpdnd_*.c, vpdnd_dial.h and others; each test program is one of
 * them, so not all of it is used in each. A CONFIG that is defined before replaces this one, as does
 * ACCEPT_BLOCKS, how many accept blocks it has.
 *
 * After every test the daemon must hold as many file descriptors as before, end
 * with status 0, and have written no secret into its log.
 */
#ifndef VPDN_VPDND_PEER_H
#define VPDN_VPDND_PEER_H

#include "unit.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "glue/vpdnd.h"
#include "ipc_client.h"
#include "proxy.h"

#define WAIT_MS		10000	/* for what must come */
#define QUIET_MS	200	/* for what must not come */
#define SECRET		"tunnel-secret"
#define LNS_SECRET	"accept-secret"
#define RESPONSE	"0123456789abcdef"
#define ALICE		"alice@example.com"

#ifndef CONFIG
#define ACCEPT_BLOCKS 1
#define CONFIG \
	"vpdn-group corp {\n" \
	"  request-dialin { protocol = l2tp domain = { \"example.com\", \"example.org\" } }\n" \
	"  initiate-to \"192.0.2.2\" { priority = 1 }\n" \
	"  initiate-to \"192.0.2.3\" { priority = 2  port = 1702 }\n" \
	"  local-name = \"LAC\"  source-ip = \"192.0.2.1\"\n" \
	"  tunnel-password = \"" SECRET "\"\n" \
	"  connect-timeout = 1\n" \
	"}\n" \
	"vpdn-group small {\n" \
	"  request-dialin { protocol = l2tp domain = { \"example.net\" } }\n" \
	"  initiate-to \"192.0.2.4\" { limit = 1 }\n" \
	"  tunnel-authentication = false\n" \
	"}\n" \
	"vpdn-group lns {\n" \
	"  accept-dialin { protocol = l2tp terminate-from = { \"LAC9\", \"LAC8\" } source = { 192.0.2.0/24 } ppp-template = \"corp\" }\n" \
	"  local-name = \"LNS\"  tunnel-password = \"" LNS_SECRET "\"  limit = 7\n" \
	"  ip-pool { local = 203.0.113.1 first = 203.0.113.10 last = 203.0.113.20 }\n" \
	"}\n"
#endif

static char dir[] = "/tmp/vpdn-test-vpdnd-XXXXXX";
static char config_path[64], socket_path[64], log_path[64];
static pid_t daemon_pid;
static struct vpdn_ipc_builder b;
static struct vpdn_ipc_msg m;

/* ---- the daemon ---- */

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 }, NULL);
}

static inline uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int count_fds(void)
{
	char path[64];
	int n = 0;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)daemon_pid);
	d = opendir(path);
	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

/* A test that failed left its connections open; the next one starts afresh. */
static void close_all(void)
{
	if (daemon_pid) {
		kill(daemon_pid, SIGKILL);
		waitpid(daemon_pid, NULL, 0);
		daemon_pid = 0;
	}
	vpdn_ipc_msg_close(&m);
	closefrom(STDERR_FILENO + 1);
	unlink(socket_path);
	unlink(log_path);
}

static inline bool logged(const char *text)
{
	char line[4096];
	FILE *f = fopen(log_path, "r");
	bool found = false;

	assert_non_null(f);
	while (!found && fgets(line, sizeof(line), f))
		found = strstr(line, text);
	fclose(f);
	return found;
}

static inline void await_logged(const char *text)
{
	for (int i = 0; i < WAIT_MS / 10 && !logged(text); i++)
		pause_ms(10);
	assert_true(logged(text));
}

static int fds_before;

static int start_daemon(void **state)
{
	char *argv[] = { "vpdnd", "-d", "-c", config_path, "-s", socket_path, NULL };
	int fd;

	(void)state;
	close_all();
	write_file(config_path, CONFIG);
	write_file(log_path, "");
	daemon_pid = fork();
	assert_true(daemon_pid >= 0);
	if (!daemon_pid) {
		fd = open(log_path, O_WRONLY | O_CREAT | O_APPEND, 0600);
		dup2(fd, STDERR_FILENO);
		closefrom(STDERR_FILENO + 1);
		exit(vpdnd_main(6, argv));
	}
	/* Its last word before the event loop; a connection to try it by would be counted. */
	await_logged(" listens on ");
	fds_before = count_fds();
	return 0;
}

/* Its exit status, at most `limit` ms after SIGTERM; -1: it had to be killed. */
static inline int stop_daemon(unsigned int limit)
{
	uint64_t end = now_ms() + limit;
	int status;

	kill(daemon_pid, SIGTERM);
	while (now_ms() < end) {
		if (waitpid(daemon_pid, &status, WNOHANG) == daemon_pid) {
			daemon_pid = 0;
			return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
		}
		pause_ms(10);
	}
	kill(daemon_pid, SIGKILL);
	waitpid(daemon_pid, NULL, 0);
	daemon_pid = 0;
	return -1;
}

static int end_daemon(void **state)
{
	static const char *const secrets[] = { SECRET, LNS_SECRET, RESPONSE };
	int last = -1;

	(void)state;
	if (daemon_pid) {
		for (int i = 0; i < WAIT_MS / 50 && (last = count_fds()) != fds_before; i++)
			pause_ms(50);
		assert_int_equal(last, fds_before);
		assert_int_equal(stop_daemon(WAIT_MS), 0);
	}
	assert_int_equal(access(socket_path, F_OK), -1);
	for (size_t i = 0; i < COUNT(secrets); i++)
		assert_false(logged(secrets[i]));
	unlink(log_path);
	return 0;
}

/* ---- peers ---- */

static bool readable(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, ms) == 1;
}

static void expect(int fd, uint16_t type)
{
	vpdn_ipc_msg_close(&m);
	if (!readable(fd, WAIT_MS))
		fail_msg("no %s came", vpdn_ipc_msg_name(type));
	assert_int_equal(vpdn_ipc_recv(fd, &m), 1);
	if (m.type != type) {
		char text[256];

		vpdn_ipc_get_text(&m, VPDN_TLV_TEXT, text, sizeof(text));
		fail_msg("%s came instead of %s: %s", vpdn_ipc_msg_name(m.type), vpdn_ipc_msg_name(type), text);
	}
}

static void expect_end(int fd)
{
	int rc;

	assert_true(readable(fd, WAIT_MS));
	rc = vpdn_ipc_recv(fd, &m);
	assert_true(rc == 0 || rc == -ECONNRESET);
	close(fd);
}

static inline void expect_quiet(int fd)
{
	assert_false(readable(fd, QUIET_MS));
}

static uint32_t u32(uint16_t tlv)
{
	uint32_t v = 0;

	assert_true(vpdn_ipc_get_u32(&m, tlv, &v));
	return v;
}

static uint16_t u16(uint16_t tlv)
{
	uint16_t v = 0;

	assert_true(vpdn_ipc_get_u16(&m, tlv, &v));
	return v;
}

static inline void assert_text(uint16_t tlv, const char *text)
{
	char have[256];

	assert_true(vpdn_ipc_get_text(&m, tlv, have, sizeof(have)));
	assert_string_equal(have, text);
}

static inline void assert_text_has(uint16_t tlv, const char *text)
{
	char have[512];

	assert_true(vpdn_ipc_get_text(&m, tlv, have, sizeof(have)));
	if (!strstr(have, text))
		fail_msg("\"%s\" is not in \"%s\"", text, have);
}

static inline void assert_ip(uint16_t tlv, const char *addr)
{
	struct in_addr a;

	assert_true(vpdn_ipc_get_ip4(&m, tlv, &a));
	assert_int_equal(a.s_addr, inet_addr(addr));
}

static void send_msg(int fd, const int *fds, unsigned int n)
{
	assert_int_equal(vpdn_ipc_send(fd, &b, fds, n), 0);
}

static int hello(enum vpdn_ipc_role role)
{
	int fd = vpdn_ipc_hello(socket_path, role, "test");

	assert_true(fd >= 0);
	expect(fd, VPDN_MSG_HELLO_ACK);
	assert_int_equal(vpdn_ipc_hello_answer(&m), 0);
	return fd;
}

/* xl2tpd's module, with its groups read. */
static inline int module(void)
{
	int fd = hello(VPDN_ROLE_L2TP);

	expect(fd, VPDN_MSG_L2TP_CONFIG_BEGIN);
	for (int i = 0; i < ACCEPT_BLOCKS; i++)
		expect(fd, VPDN_MSG_L2TP_GROUP);
	expect(fd, VPDN_MSG_L2TP_CONFIG_END);
	return fd;
}

static inline void begin_ask(const char *user, uint32_t hold_ms)
{
	vpdn_ipc_begin(&b, VPDN_MSG_SUBSCRIBER_ASK, 0, 1);
	vpdn_ipc_put_u8(&b, VPDN_TLV_ACCESS, VPDN_ACCESS_PPPOE);
	vpdn_ipc_put_u32(&b, VPDN_TLV_PID, (uint32_t)getpid());
	vpdn_ipc_put_u32(&b, VPDN_TLV_HOLD_MS, hold_ms);
	vpdn_ipc_put_text(&b, VPDN_TLV_ACCESS_INTERFACE, "eth1");
	vpdn_ipc_put_u16(&b, VPDN_TLV_PPPOE_SESSION, 17);
	vpdn_ipc_put_bytes(&b, VPDN_TLV_PEER_MAC, "\2\0\0\0\0\1", 6);
	vpdn_ipc_put_text(&b, VPDN_TLV_CIRCUIT_ID, "olt1 eth 0/3");
	vpdn_ipc_put_text(&b, VPDN_TLV_USER, user);
	vpdn_ipc_put_bytes(&b, VPDN_TLV_PROXY_LAST_SENT, "\3\5\302\43\5\5\6\20\235\10\362", 11);
	vpdn_ipc_put_bytes(&b, VPDN_TLV_PROXY_LAST_RCVD, "\5\6\156\344\350\145", 6);
	vpdn_ipc_put_u16(&b, VPDN_TLV_PROXY_AUTH_TYPE, VPDN_PROXY_AUTH_CHAP);
	vpdn_ipc_put_text(&b, VPDN_TLV_PROXY_AUTH_NAME, user);
	vpdn_ipc_put_bytes(&b, VPDN_TLV_PROXY_AUTH_CHALLENGE, "chal\0lenge", 10);
	vpdn_ipc_put_u16(&b, VPDN_TLV_PROXY_AUTH_ID, 6);
	vpdn_ipc_put_text(&b, VPDN_TLV_PROXY_AUTH_RESPONSE, RESPONSE);
}

/* A pppd that holds a subscriber's credentials. */
static inline int subscriber_for(const char *user, uint32_t hold_ms)
{
	int fd = hello(VPDN_ROLE_PPP);

	begin_ask(user, hold_ms);
	send_msg(fd, NULL, 0);
	return fd;
}

static inline int subscriber(const char *user)
{
	return subscriber_for(user, 30000);
}

static inline void ready(int fd, uint32_t ref)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	vpdn_ipc_begin(&b, VPDN_MSG_L2TP_CALL_READY, 0, 0);
	vpdn_ipc_put_u32(&b, VPDN_TLV_CALL_REF, ref);
	vpdn_ipc_put_u16(&b, VPDN_TLV_TUNNEL_ID, 10);
	vpdn_ipc_put_u16(&b, VPDN_TLV_PEER_TUNNEL_ID, 20);
	vpdn_ipc_put_u16(&b, VPDN_TLV_SESSION_ID, 30);
	vpdn_ipc_put_u16(&b, VPDN_TLV_PEER_SESSION_ID, 40);
	send_msg(fd, pair, 1);
	close(pair[0]);
	close(pair[1]);
}

static inline void cleared(int fd, uint32_t ref, uint8_t stage, uint8_t by, uint16_t result)
{
	vpdn_ipc_begin(&b, VPDN_MSG_L2TP_CALL_CLEARED, 0, 0);
	vpdn_ipc_put_u32(&b, VPDN_TLV_CALL_REF, ref);
	vpdn_ipc_put_u8(&b, VPDN_TLV_STAGE, stage);
	vpdn_ipc_put_u8(&b, VPDN_TLV_BY, by);
	if (result)
		vpdn_ipc_put_u16(&b, VPDN_TLV_RESULT, result);
	vpdn_ipc_put_text(&b, VPDN_TLV_TEXT, "because of the test");
	send_msg(fd, NULL, 0);
}

/* The next call placed is at this address; its reference. */
static inline uint32_t placed(int fd, const char *addr)
{
	expect(fd, VPDN_MSG_L2TP_CALL_PLACE);
	assert_ip(VPDN_TLV_PEER_IP, addr);
	return u32(VPDN_TLV_CALL_REF);
}

static inline void expect_clear(int fd, uint32_t ref, uint16_t result)
{
	expect(fd, VPDN_MSG_L2TP_CALL_CLEAR);
	assert_int_equal(u32(VPDN_TLV_CALL_REF), ref);
	assert_int_equal(u16(VPDN_TLV_RESULT), result);
}

static inline void expect_reject(int fd, const char *reason)
{
	expect(fd, VPDN_MSG_SUBSCRIBER_REJECT);
	assert_text_has(VPDN_TLV_TEXT, reason);
	expect_end(fd);
}

/* Sends a command; the connection its answer comes on. */
static int request(const char *const *words, size_t n)
{
	int fd = hello(VPDN_ROLE_CONTROL);

	vpdn_ipc_begin(&b, VPDN_MSG_CTL_REQUEST, 0, 9);
	for (size_t i = 0; i < n; i++)
		vpdn_ipc_put_text(&b, VPDN_TLV_WORD, words[i]);
	send_msg(fd, NULL, 0);
	return fd;
}

/* The JSON of a command, for strstr(). */
static const char *json(int fd)
{
	static char text[65536];
	const uint8_t *p;
	size_t have = 0, len;

	do {
		assert_true(readable(fd, WAIT_MS));
		assert_int_equal(vpdn_ipc_recv(fd, &m), 1);
		assert_int_equal(m.seq, 9);
		assert_true(m.flags & VPDN_IPC_F_REPLY);
		if (m.type == VPDN_MSG_ERROR) {
			assert_true(vpdn_ipc_get_text(&m, VPDN_TLV_TEXT, text, sizeof(text)));
			break;
		}
		assert_int_equal(m.type, VPDN_MSG_CTL_REPLY);
		assert_true(vpdn_ipc_get_bytes(&m, VPDN_TLV_JSON, &p, &len));
		assert_true(have + len < sizeof(text));
		memcpy(text + have, p, len);
		have += len;
		text[have] = '\0';
	} while (m.flags & VPDN_IPC_F_MORE);
	close(fd);
	return text;
}

#define WORDS(...)	(const char *const[]){ __VA_ARGS__ }, COUNT(((const char *const[]){ __VA_ARGS__ }))
#define REQUEST(...)	request(WORDS(__VA_ARGS__))
#define COMMAND(...)	json(REQUEST(__VA_ARGS__))

/* What is shown of one session or tunnel; the module is asked for its counters, and says how many packets there were. */
static inline const char *counted(int l2tp, const char *object, const char *id, uint16_t tunnel, uint16_t session)
{
	int fd = REQUEST("show", object, id);
	uint16_t asked = 0;
	uint32_t seq;

	expect(l2tp, VPDN_MSG_L2TP_STATS_ASK);
	assert_int_equal(u16(VPDN_TLV_TUNNEL_ID), tunnel);
	vpdn_ipc_get_u16(&m, VPDN_TLV_SESSION_ID, &asked);
	assert_int_equal(asked, session);
	seq = m.seq;
	vpdn_ipc_begin(&b, VPDN_MSG_L2TP_STATS, VPDN_IPC_F_REPLY, seq);
	vpdn_ipc_put_u16(&b, VPDN_TLV_TUNNEL_ID, tunnel);
	vpdn_ipc_put_counter(&b, VPDN_COUNTER_tx_packets, 41);
	vpdn_ipc_put_counter(&b, VPDN_COUNTER_rx_packets, UINT64_C(1) << 40);
	send_msg(l2tp, NULL, 0);
	return json(fd);
}

static __attribute__((noinline, unused)) void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("%s is not in %s", part, text);
}

static __attribute__((noinline, unused)) void assert_has_not(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("%s is in %s", part, text);
}

static int make_dir(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(config_path, sizeof(config_path), "%s/vpdn.conf", dir);
	snprintf(socket_path, sizeof(socket_path), "%s/vpdnd.sock", dir);
	snprintf(log_path, sizeof(log_path), "%s/log", dir);
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	close_all();
	unlink(config_path);
	return rmdir(dir);
}

#endif
