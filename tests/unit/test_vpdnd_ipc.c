/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_vpdnd_ipc.c - vpdnd's socket, whoever is at it: greetings, garbage, peers that do not read, and how vpdnd starts and
 * ends. A whole daemon is forked, and the test plays its peers (vpdnd_peer.h).
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

	(void)state;
	kill(daemon_pid, SIGTERM);
	expect_reject(fd, "stopping");
	expect_clear(l2tp, ref, 3);
	assert_int_equal(waitpid(daemon_pid, &status, WNOHANG), 0);
	cleared(l2tp, ref, VPDN_STAGE_CALL, VPDN_BY_US, 0);
	assert_int_equal(waitpid(daemon_pid, &status, 0), daemon_pid);
	daemon_pid = 0;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_false(logged("not confirmed as over"));
	close(l2tp);
}

static void stopping_does_not_wait_for_ever(void **state)
{
	int l2tp = module(), fd = subscriber(ALICE);
	uint32_t ref = placed(l2tp, "192.0.2.2");
	uint64_t start = now_ms();

	(void)state;
	assert_int_equal(stop_daemon(WAIT_MS), 0);
	assert_true(now_ms() - start >= 1500);
	assert_true(logged("1 sessions were not confirmed as over"));
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
		TEST(a_peer_that_does_not_read),
		TEST(stopping),
		TEST(stopping_does_not_wait_for_ever),
		TEST(a_second_vpdnd_does_not_start),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
