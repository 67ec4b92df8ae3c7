/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_connected.c - what vpdnd keeps of a forwarded call that is connected, and what the LNS wants of it. The call is made over vpdnd's
 * socket (vpdnd_peer.h); joining its two channels in the kernel, which needs PPP there, is left out, as what is kept has
 * nothing to do with it.
 */
#include "vpdnd_peer.h"

#include <inttypes.h>

#include "glue/bridge.h"
#include "glue/call.h"

#define REGION_MAX	(UINT64_C(256) << 20)	/* octets; a sanitizer's tables are larger */

/* ---- in place of bridge.c ---- */

void vpdn_bridge_init(struct vpdn_bridge *br, uint32_t id, struct vpdn_channels *cs, vpdn_bridge_fn *attached, vpdn_bridge_fn *joined,
		      void *arg)
{
	(void)id, (void)cs, (void)attached;
	*br = (struct vpdn_bridge){ .access_fd = -1, .access_chan = -1, .l2tp_fd = -1, .l2tp_chan = -1, .joined = joined, .arg = arg };
}

int vpdn_bridge_attach(struct vpdn_bridge *br)
{
	br->l2tp_chan = dup(br->l2tp_fd);
	return 0;
}

bool vpdn_bridge_attached(const struct vpdn_bridge *br)
{
	return br->access_chan >= 0 && br->l2tp_chan >= 0;
}

static void on_joined(evutil_socket_t fd, short what, void *arg)
{
	struct vpdn_bridge *br = arg;

	(void)fd, (void)what;
	br->joined(br->arg, 0, "");
}

/* Two channels that never hang up. */
int vpdn_bridge_join(struct vpdn_bridge *br)
{
	struct timeval now = { 0 };

	return event_base_once(((struct vpdn_call *)br->arg)->d->base, -1, EV_TIMEOUT, on_joined, br, &now);
}

bool vpdn_bridge_drain(struct vpdn_bridge *br, int fd)
{
	(void)br, (void)fd;
	return true;
}

int vpdn_bridge_set_accm(struct vpdn_bridge *br, uint32_t send_accm, uint32_t recv_accm, char *err, size_t err_size)
{
	(void)br, (void)send_accm, (void)recv_accm, (void)err, (void)err_size;
	return 0;
}

void vpdn_bridge_counters(const struct vpdn_bridge *br, struct vpdn_bridge_counters *c)
{
	(void)br, (void)c;
}

static void shut(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void vpdn_bridge_drop_l2tp(struct vpdn_bridge *br)
{
	shut(&br->l2tp_chan);
	shut(&br->l2tp_fd);
}

void vpdn_bridge_close(struct vpdn_bridge *br)
{
	vpdn_bridge_drop_l2tp(br);
	shut(&br->access_chan);
	shut(&br->access_fd);
}

const char *vpdn_bridge_unsupported(char *buf, size_t size)
{
	(void)buf, (void)size;
	return NULL;
}

/* ---- the daemon's memory ---- */

/* How often `text` stands in what vpdnd has allocated. */
static unsigned int on_heap(const char *text)
{
	char path[64], line[512], *p;
	uint64_t from, to;
	unsigned int n = 0;
	FILE *maps;
	int mem;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)daemon_pid);
	maps = fopen(path, "r");
	snprintf(path, sizeof(path), "/proc/%d/mem", (int)daemon_pid);
	mem = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(maps && mem >= 0);
	while (fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " rw", &from, &to) != 2 || to - from > REGION_MAX || !strstr(line, " rw") ||
		    (strpbrk(line, "/[") && !strstr(line, "[heap]")))
			continue;
		p = malloc(to - from);
		assert_non_null(p);
		if (pread(mem, p, to - from, (off_t)from) == (ssize_t)(to - from))
			for (char *at = p; (at = memmem(at, (size_t)(p + (to - from) - at), text, strlen(text))); at++)
				n++;
		free(p);
	}
	close(mem);
	fclose(maps);
	return n;
}

/* ---- a call ---- */

/* The plugin of pppd hands the channel over and leaves; the call's own connection. */
static int hand_over(int fd)
{
	int channel[2], own[2];

	expect(fd, VPDN_MSG_SUBSCRIBER_FORWARD);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, own), 0);
	vpdn_ipc_begin(&b, VPDN_MSG_SUBSCRIBER_CHANNEL, 0, 0);
	vpdn_ipc_put_u8(&b, VPDN_TLV_PARKED, 0);
	send_msg(fd, (int[]){ channel[0], channel[0], own[0] }, 3);
	close(channel[0]);
	close(channel[1]);
	close(own[0]);
	expect_end(fd);
	return own[1];
}

static void forgets_credentials(void **state)
{
	const char *text;
	int l2tp, fd, own;
	uint32_t ref;

	(void)state;
#ifdef __SANITIZE_THREAD__
	skip();		/* its heap is one region without end */
#endif
	l2tp = module();
	fd = subscriber(ALICE);
	ref = placed(l2tp, "192.0.2.2");
	/* Another peer may still have to be asked. */
	assert_true(on_heap(RESPONSE) > 0);
	ready(l2tp, ref);
	own = hand_over(fd);
	expect(l2tp, VPDN_MSG_L2TP_CALL_CONNECT);
	assert_int_equal(u32(VPDN_TLV_CALL_REF), ref);
	assert_int_equal(on_heap(RESPONSE), 0);

	/* What people are shown of it is still there. */
	assert_has(COMMAND("show"), "\"state\":\"connected\"");
	text = counted(l2tp, "session", "1", 10, 30);
	assert_has(text, ALICE);
	assert_has(text, "pppoe eth1/17 02:00:00:00:00:01");
	assert_has(text, "olt1 eth 0/3");
	assert_has(text, "last sent: ");
	assert_has(text, "last received: ");
	assert_has(text, "authentication: CHAP, id 6");
	assert_has(text, "192.0.2.2 is asked: attempt 1");

	close(own);
	expect_clear(l2tp, ref, 1);
	cleared(l2tp, ref, VPDN_STAGE_CONNECTED, VPDN_BY_US, 1);
	close(l2tp);
	assert_int_equal(stop_daemon(WAIT_MS), 0);
	assert_true(logged("loss of carrier: the access server ended the session"));
	assert_true(logged("user=" ALICE " access=\"pppoe eth1/17 02:00:00:00:00:01\""));
}

/* A subscriber on that kind of line is connected; the LNS sends SLI, then CDN. */
static void connected_with_sli(int l2tp, uint8_t access, uint32_t accm)
{
	int fd = hello(VPDN_ROLE_PPP), own;
	uint32_t ref;

	vpdn_ipc_begin(&b, VPDN_MSG_SUBSCRIBER_ASK, 0, 1);
	vpdn_ipc_put_u8(&b, VPDN_TLV_ACCESS, access);
	vpdn_ipc_put_u32(&b, VPDN_TLV_PID, (uint32_t)getpid());
	vpdn_ipc_put_u32(&b, VPDN_TLV_HOLD_MS, 30000);
	vpdn_ipc_put_text(&b, VPDN_TLV_USER, ALICE);
	send_msg(fd, NULL, 0);
	ref = placed(l2tp, "192.0.2.2");
	ready(l2tp, ref);
	own = hand_over(fd);
	expect(l2tp, VPDN_MSG_L2TP_CALL_CONNECT);
	vpdn_ipc_begin(&b, VPDN_MSG_L2TP_LINK_INFO, 0, 0);
	vpdn_ipc_put_u32(&b, VPDN_TLV_CALL_REF, ref);
	vpdn_ipc_put_u32(&b, VPDN_TLV_SEND_ACCM, accm);
	vpdn_ipc_put_u32(&b, VPDN_TLV_RECV_ACCM, 0);
	send_msg(l2tp, NULL, 0);
	cleared(l2tp, ref, VPDN_STAGE_CONNECTED, VPDN_BY_PEER, 1);
	expect_end(own);
}

/* RFC 2661 section 6.14: a forwarded subscriber may be on a tty, too. */
static void escapes_on_a_tty_what_the_lns_wants(void **state)
{
	int l2tp = module();

	(void)state;
	connected_with_sli(l2tp, VPDN_ACCESS_PPPOE, 0x11);
	connected_with_sli(l2tp, VPDN_ACCESS_TTY, 0xa0000);
	close(l2tp);
	assert_true(logged("ACCM of the LNS set: 000a0000 to the line, 00000000 from it"));
	assert_false(logged("00000011"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(forgets_credentials, start_daemon, end_daemon),
		cmocka_unit_test_setup_teardown(escapes_on_a_tty_what_the_lns_wants, start_daemon, end_daemon),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
