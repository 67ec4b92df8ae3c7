/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_module_tunnels.c - which tunnel a placed call uses, and when xl2tpd's vpdn module opens another: shared or the group's own,
 * sessions in one tunnel, tunnels to a peer and of a group. The core is the fuzz harness's, the test is vpdnd.
 */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../plugins/xl2tpd/module.h"
#include "avp.h"

#define check(what)	assert_true(what)
#include "../fuzz/xl2tpd_core.h"

static char dir[] = "/tmp/vpdn-test-module-XXXXXX", path[64];
static int listen_fd, vpdnd;
static uint32_t last_ref;

/* What is asked of the module; 0 or NULL: not said. */
struct place {
	const char *group, *peer, *secret, *assignment, *remote_name;
	uint32_t sessions, peer_tunnels, group_tunnels;
	bool own;
};

static void module_reads(void)
{
	struct pollfd p;

	for (struct l2tp_watch *w = watches; w < watches + MAX_WATCHES; w++) {
		p = (struct pollfd){ .fd = w->fd, .events = POLLIN };
		if (w->cb && poll(&p, 1, 0) == 1)
			w->cb(w->fd, EPOLLIN, w->arg);
	}
}

/* The next message of the module; false: there is none. */
static bool says(struct vpdn_ipc_msg *m)
{
	int rc = vpdn_ipc_recv(vpdnd, m);

	vpdn_ipc_msg_close(m);
	return rc == 1;
}

/* The tunnel that the call waits in or uses, 1 and up; or the negative errno that it was refused for. */
static int places(struct place p)
{
	static struct vpdn_ipc_builder b;
	static struct vpdn_ipc_msg m;
	struct in_addr addr = { inet_addr(p.peer ? p.peer : "192.0.2.2") };
	uint32_t err, ref = ++last_ref;
	uint16_t tid = 0;
	uint8_t stage;
	char text[256];

	vpdn_ipc_begin(&b, VPDN_MSG_L2TP_CALL_PLACE, 0, 0);
	vpdn_ipc_put_u32(&b, VPDN_TLV_CALL_REF, ref);
	vpdn_ipc_put_text(&b, VPDN_TLV_GROUP, p.group ? p.group : "corp");
	vpdn_ipc_put_text(&b, VPDN_TLV_LOCAL_NAME, "LAC");
	vpdn_ipc_put_u8(&b, VPDN_TLV_TUNNEL_AUTH, p.secret != NULL);
	if (p.secret)
		vpdn_ipc_put_text(&b, VPDN_TLV_SECRET, p.secret);
	vpdn_ipc_put_ip4(&b, VPDN_TLV_PEER_IP, addr);
	vpdn_ipc_put_u32(&b, VPDN_TLV_IDLE_S, 15);
	vpdn_ipc_put_u32(&b, VPDN_TLV_HELLO_S, 60);
	vpdn_ipc_put_u32(&b, VPDN_TLV_TIMEOUT_MS, 10000);
	vpdn_ipc_put_u8(&b, VPDN_TLV_ACCESS, VPDN_ACCESS_PPPOE);
	if (p.sessions)
		vpdn_ipc_put_u32(&b, VPDN_TLV_TUNNEL_SESSIONS, p.sessions);
	if (p.peer_tunnels)
		vpdn_ipc_put_u32(&b, VPDN_TLV_TUNNEL_LIMIT, p.peer_tunnels);
	if (p.group_tunnels)
		vpdn_ipc_put_u32(&b, VPDN_TLV_GROUP_TUNNEL_LIMIT, p.group_tunnels);
	if (p.assignment)
		vpdn_ipc_put_text(&b, VPDN_TLV_TUNNEL_ASSIGNMENT, p.assignment);
	if (p.remote_name)
		vpdn_ipc_put_text(&b, VPDN_TLV_REMOTE_NAME, p.remote_name);
	if (p.own)
		vpdn_ipc_put_u8(&b, VPDN_TLV_TUNNEL_OWN, 1);
	assert_int_equal(vpdn_ipc_send(vpdnd, &b, NULL, 0), 0);
	module_reads();
	/* A tunnel is reported when a call has come to it. */
	while (says(&m)) {
		if (m.type == VPDN_MSG_L2TP_TUNNEL_STATE)
			vpdn_ipc_get_u16(&m, VPDN_TLV_TUNNEL_ID, &tid);
		if (m.type != VPDN_MSG_L2TP_CALL_CLEARED)
			continue;
		assert_true(vpdn_ipc_get_u32(&m, VPDN_TLV_CALL_REF, &err) && err == ref);
		assert_true(vpdn_ipc_get_u8(&m, VPDN_TLV_STAGE, &stage) && stage == VPDN_STAGE_TUNNEL);
		assert_true(vpdn_ipc_get_text(&m, VPDN_TLV_TEXT, text, sizeof(text)) && strstr(text, "tunnel-limit"));
		assert_true(vpdn_ipc_get_u32(&m, VPDN_TLV_ERRNO, &err));
		return -(int)err;
	}
	assert_true(tid);
	return tid;
}

static void gone(int tid)
{
	struct tunnel *t = &tunnels[tid - 1];
	static struct vpdn_ipc_msg m;

	assert_true(t->used);
	t->why = (struct l2tp_cause){ .result = 1, .text = "gone", .by = L2TP_BY_PEER };
	module->tunnel_down(t, t->priv, &t->why);
	module->tunnel_freed(t, t->priv);
	t->used = false;
	while (says(&m))
		;
}

static int start(void **state)
{
	static struct vpdn_ipc_builder b;
	static struct vpdn_ipc_msg m;
	char args[256];

	(void)state;
	if (!module) {
		assert_non_null(mkdtemp(dir));
		snprintf(path, sizeof(path), "%s/s", dir);
		snprintf(args, sizeof(args), "socket=%s,templates=%s", path, dir);
		listen_fd = vpdn_ipc_listen(path);
		assert_true(listen_fd >= 0);
		module = l2tp_module_init(&core, args);
		assert_non_null(module);
	}
	module->start();
	vpdnd = vpdn_ipc_accept(listen_fd);
	assert_true(vpdnd >= 0);
	assert_true(says(&m) && m.type == VPDN_MSG_HELLO);
	vpdn_ipc_begin(&b, VPDN_MSG_HELLO_ACK, VPDN_IPC_F_REPLY, 1);
	vpdn_ipc_put_u8(&b, VPDN_TLV_VERSION, VPDN_IPC_VERSION);
	vpdn_ipc_put_text(&b, VPDN_TLV_NAME, "test");
	assert_int_equal(vpdn_ipc_send(vpdnd, &b, NULL, 0), 0);
	module_reads();
	return 0;
}

static int stop(void **state)
{
	(void)state;
	module->stop(15);
	for (int i = 0; i < MAX_TUNNELS; i++)
		if (tunnels[i].used)
			gone(i + 1);
	close(vpdnd);
	assert_null(vpdn_tunnel_next(NULL));
	return 0;
}

static int end(void **state)
{
	(void)state;
	close(listen_fd);
	unlink(path);
	return rmdir(dir);
}

static void one_tunnel_is_shared(void **state)
{
	(void)state;
	assert_int_equal(places((struct place){ 0 }), 1);
	assert_int_equal(places((struct place){ 0 }), 1);
	assert_int_equal(places((struct place){ .group = "other" }), 1);
	/* Not with another secret, nor with another peer. */
	assert_int_equal(places((struct place){ .secret = "s" }), 2);
	assert_int_equal(places((struct place){ .peer = "192.0.2.3" }), 3);
}

static void a_group_may_want_its_own(void **state)
{
	(void)state;
	assert_int_equal(places((struct place){ 0 }), 1);
	assert_int_equal(places((struct place){ .group = "other", .own = true }), 2);
	assert_int_equal(places((struct place){ .group = "other", .own = true }), 2);
	assert_int_equal(places((struct place){ 0 }), 1);
}

static void a_full_tunnel_is_followed_by_another(void **state)
{
	struct place two = { .sessions = 2 };

	(void)state;
	assert_int_equal(places(two), 1);
	assert_int_equal(places(two), 1);
	assert_int_equal(places(two), 2);
	assert_int_equal(places(two), 2);
	assert_int_equal(places(two), 3);
	/* Who does not mind goes on in the first. */
	assert_int_equal(places((struct place){ 0 }), 1);
}

static void tunnels_by_assignment(void **state)
{
	(void)state;
	assert_int_equal(places((struct place){ .assignment = "gold" }), 1);
	assert_int_equal(places((struct place){ .assignment = "lead", .group = "other" }), 2);
	assert_int_equal(places((struct place){ .assignment = "gold", .group = "other" }), 1);
	assert_int_equal(places((struct place){ 0 }), 3);
	assert_int_equal(places((struct place){ .group = "other" }), 3);
	assert_int_equal(places((struct place){ .assignment = "lead" }), 2);
}

/* The peer of this tunnel says SCCRP under a name: what the module says to it. */
static int answers(int tid, const char *name)
{
	struct tunnel *t = &tunnels[tid - 1];
	static struct vpdn_ipc_msg m;
	int verdict;

	snprintf(t->name, sizeof(t->name), "%s", name);
	verdict = module->message(t, NULL, t->priv, VPDN_L2TP_SCCRP, (const uint8_t *)"", 0);
	if (verdict != L2TP_REFUSE) {
		t->up = true;
		module->tunnel_up(t, t->priv);
	}
	while (says(&m))
		;
	return verdict;
}

static void a_peer_may_need_a_name(void **state)
{
	struct place lns1 = { .remote_name = "lns1" };

	(void)state;
	/* Who waits for another answer waits elsewhere. */
	assert_int_equal(places(lns1), 1);
	assert_int_equal(places(lns1), 1);
	assert_int_equal(places((struct place){ .remote_name = "lns2" }), 2);
	assert_int_equal(places((struct place){ 0 }), 3);
	/* RFC 2868 section 3.10; case does not matter, as with terminate-from. */
	assert_int_equal(answers(1, "LNS1"), L2TP_ACCEPT);
	assert_int_equal(answers(2, "lns1"), L2TP_REFUSE);
	assert_true(tunnels[1].closing);
	assert_int_equal(tunnels[1].why.result, VPDN_STOPCCN_NOT_AUTHORIZED);
	assert_non_null(strstr(tunnels[1].why.text, "Host Name lns1 is not the remote-name"));
	assert_int_equal(answers(3, "anybody"), L2TP_ACCEPT);
	/* Once they are up, their names count, whatever they were opened for. */
	assert_int_equal(places((struct place){ .remote_name = "anybody" }), 3);
	assert_int_equal(places(lns1), 1);
	gone(2);
	assert_int_equal(places((struct place){ .remote_name = "lns2" }), 2);
	assert_int_equal(answers(2, ""), L2TP_REFUSE);
}

static void tunnels_to_a_peer(void **state)
{
	struct place p = { .sessions = 1, .peer_tunnels = 2 };

	(void)state;
	assert_int_equal(places(p), 1);
	assert_int_equal(places(p), 2);
	assert_int_equal(places(p), -EUSERS);
	/* Another peer is another matter, as is another group. */
	assert_int_equal(places((struct place){ .sessions = 1, .peer_tunnels = 2, .peer = "192.0.2.3" }), 3);
	gone(2);
	assert_int_equal(places(p), 2);
	assert_int_equal(places((struct place){ .group = "other", .sessions = 1, .peer_tunnels = 1 }), 4);
	assert_int_equal(places(p), -EUSERS);
}

static void tunnels_of_a_group(void **state)
{
	(void)state;
	assert_int_equal(places((struct place){ .group_tunnels = 2 }), 1);
	assert_int_equal(places((struct place){ .group_tunnels = 2, .peer = "192.0.2.3" }), 2);
	assert_int_equal(places((struct place){ .group_tunnels = 2, .peer = "192.0.2.4" }), -EDQUOT);
	/* Those that are open are used. */
	assert_int_equal(places((struct place){ .group_tunnels = 2, .peer = "192.0.2.3" }), 2);
	assert_int_equal(places((struct place){ .group = "other", .group_tunnels = 2, .peer = "192.0.2.4" }), 3);
	/* The group has none of its own to that one: it shares. */
	assert_int_equal(places((struct place){ .group_tunnels = 2, .peer = "192.0.2.4" }), 3);
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_tunnel_is_shared),
		TEST(a_group_may_want_its_own),
		TEST(a_full_tunnel_is_followed_by_another),
		TEST(tunnels_by_assignment),
		TEST(a_peer_may_need_a_name),
		TEST(tunnels_to_a_peer),
		TEST(tunnels_of_a_group),
	};

	return cmocka_run_group_tests(tests, NULL, end);
}
