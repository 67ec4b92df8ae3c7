/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_slow_kernel.c - a whole vpdnd, as in test_vpdnd_lac.c, on a kernel that takes its time to say which channel a session has and to
 * join two of them, or never does, or that gives it no threads: the call ends with a reason on both sides, all others go on, and so does the daemon's own end.
 * That kernel is in this file, as PPP need not be there; what it does is changed by files in the test's directory.
 */
#include "vpdnd_peer.h"

#include <dlfcn.h>
#include <linux/ppp-ioctl.h>
#include <pthread.h>
#include <stdarg.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#define THREADS	64	/* VPDN_CHANNEL_THREADS */

/* ---- the kernel ---- */

static const char *flag(const char *name)
{
	static __thread char path[96];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static bool is(const char *name)
{
	return access(flag(name), F_OK) == 0;
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list ap;
	void *arg;

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	while ((request == PPPIOCGCHAN && is("stuck")) || (request == PPPIOCBRIDGECHAN && is("stuck-bridge")))
		pause_ms(10);
	if (!is("ppp") || (request != PPPIOCGCHAN && request != PPPIOCATTCHAN && request != PPPIOCBRIDGECHAN))
		return (int)syscall(SYS_ioctl, fd, request, arg);
	if (request == PPPIOCGCHAN)
		*(int *)arg = 1;
	return 0;
}

/* A channel that has nothing to read and never hangs up. */
static int channel(void)
{
	return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

int open(const char *path, int flags, ...)
{
	return strcmp(path, "/dev/ppp") ? (int)syscall(SYS_openat, AT_FDCWD, path, flags, 0600) : channel();
}

int pthread_create(pthread_t *id, const pthread_attr_t *attr, void *(*fn)(void *), void *arg)
{
	int (*make)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *) = dlsym(RTLD_NEXT, "pthread_create");

	return is("no-threads") ? EAGAIN : make(id, attr, fn, arg);
}

/* ---- a call ---- */

struct forwarded {
	int plugin;		/* pppd's connection */
	int call;		/* the access server's end of the call's own connection */
	int access;		/* the other end of the subscriber's side */
	uint32_t ref;
};

/* Up to the word to hand the channel over: the L2TP session is there, and its channel asked for. */
static struct forwarded taken(int l2tp)
{
	struct forwarded f = { .plugin = subscriber(ALICE), .ref = placed(l2tp, "192.0.2.2") };

	ready(l2tp, f.ref);
	expect(f.plugin, VPDN_MSG_SUBSCRIBER_FORWARD);
	return f;
}

static void hand_over(struct forwarded *f)
{
	int call[2], access[2], chan;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, call), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, access), 0);
	chan = channel();
	assert_true(chan >= 0);
	vpdn_ipc_begin(&b, VPDN_MSG_SUBSCRIBER_CHANNEL, 0, 2);
	vpdn_ipc_put_u8(&b, VPDN_TLV_PARKED, 0);
	send_msg(f->plugin, (int[]){ access[0], chan, call[0] }, 3);
	close(call[0]);
	close(access[0]);
	close(chan);
	f->call = call[1];
	f->access = access[1];
	expect_end(f->plugin);
}

/* In the kernel, which does not join its channels while "stuck-bridge" is there. */
static struct forwarded being_joined(int l2tp)
{
	struct forwarded f;

	write_file(flag("ppp"), "");
	write_file(flag("stuck-bridge"), "");
	f = taken(l2tp);
	hand_over(&f);
	assert_has(COMMAND("show", "session"), "\"state\":\"bridging\"");
	return f;
}

/* The subscriber leaves; `ref`: the call that its LNS has now. */
static void leaves(int l2tp, const struct forwarded *f, uint32_t ref)
{
	close(f->call);
	expect_end(f->access);
	expect_clear(l2tp, ref, 1);
	cleared(l2tp, ref, VPDN_STAGE_CALL, VPDN_BY_US, 0);
}

/* ---- tests ---- */

static void a_channel_that_is_not_told_ends_its_call(void **state)
{
	int l2tp = module();
	struct forwarded f;
	const char *o;

	(void)state;
	write_file(flag("stuck"), "");
	f = taken(l2tp);
	hand_over(&f);
	assert_has(COMMAND("show", "session"), "\"state\":\"bridging\"");
	await_logged(" ms old, id=1, asking for its channel (PPPIOCGCHAN); 1 threads wait for the kernel, 0 requests for a thread");
	o = COMMAND("show");
	assert_has(o, "\"kernel\":{\"threads\":1,\"waiting\":0,\"oldest_ms\":");
	assert_has(o, "\"oldest_id\":1,\"oldest\":\"asking for its channel (PPPIOCGCHAN)\"");
	o = COMMAND("metrics");
	assert_has(o, "vpdn_kernel_requests{waiting_for=\\\"kernel\\\"} 1\\n");
	assert_has(o, "vpdn_kernel_requests{waiting_for=\\\"thread\\\"} 0\\n");
	assert_has(o, "vpdn_kernel_request_age_seconds ");
	assert_has_not(o, "vpdn_kernel_request_age_seconds 0.");
	expect_end(f.call);
	expect_end(f.access);
	expect_clear(l2tp, f.ref, 2);
	assert_text_has(VPDN_TLV_TEXT, "the kernel did not join the channels in time");
	cleared(l2tp, f.ref, VPDN_STAGE_CALL, VPDN_BY_US, 0);
	assert_has(COMMAND("show"), "\"name\":\"lost_bridge\",\"text\":\"calls lost: the kernel did not bridge\",\"value\":1");
	/* It answers after all: nobody is there any more. */
	unlink(flag("stuck"));
	await_logged("the kernel is no longer slow with PPP channels");
	close(l2tp);
}

/* The subscriber leaves while the channel is asked for: what comes of it is closed, and all others are served. */
static void a_call_ends_while_its_channel_is_asked_for(void **state)
{
	int l2tp = module();
	struct forwarded f, before;

	(void)state;
	write_file(flag("stuck"), "");
	before = taken(l2tp);
	f = taken(l2tp);
	hand_over(&f);
	assert_has(COMMAND("show"), "\"kernel\":{\"threads\":2,");
	leaves(l2tp, &f, f.ref);
	close(before.plugin);
	expect_clear(l2tp, before.ref, 1);
	cleared(l2tp, before.ref, VPDN_STAGE_CALL, VPDN_BY_US, 0);
	assert_has(COMMAND("show", "session"), "\"sessions\":[]");
	unlink(flag("stuck"));
	close(l2tp);
}

/* Another process is in the kernel's way, as pppd with PPPIOCDISCONN of other calls is: the loop does not wait with it. */
static void others_are_served_while_a_call_is_joined(void **state)
{
	int l2tp = module();
	struct forwarded f;

	(void)state;
	f = being_joined(l2tp);
	close(taken(l2tp).plugin);
	expect(l2tp, VPDN_MSG_L2TP_CALL_CLEAR);
	cleared(l2tp, u32(VPDN_TLV_CALL_REF), VPDN_STAGE_CALL, VPDN_BY_US, 0);
	unlink(flag("stuck-bridge"));
	expect(l2tp, VPDN_MSG_L2TP_CALL_CONNECT);
	assert_int_equal(u32(VPDN_TLV_CALL_REF), f.ref);
	assert_has(COMMAND("show", "session"), "\"state\":\"connected\"");
	leaves(l2tp, &f, f.ref);
	close(l2tp);
}

/* The LNS gives the call up while it is joined: the next one's session is joined when that is over. */
static void an_lns_gives_up_what_is_being_joined(void **state)
{
	int l2tp = module();
	struct forwarded f;
	uint32_t second;

	(void)state;
	f = being_joined(l2tp);
	cleared(l2tp, f.ref, VPDN_STAGE_CALL, VPDN_BY_PEER, 4);
	second = placed(l2tp, "192.0.2.3");
	ready(l2tp, second);
	expect_quiet(l2tp);
	assert_has(COMMAND("show", "session"), "\"state\":\"bridging\"");
	unlink(flag("stuck-bridge"));
	expect(l2tp, VPDN_MSG_L2TP_CALL_CONNECT);
	assert_int_equal(u32(VPDN_TLV_CALL_REF), second);
	assert_has(COMMAND("show", "session"), "\"peer_ip\":\"192.0.2.3\"");
	leaves(l2tp, &f, second);
	close(l2tp);
}

static void a_thread_that_cannot_be_had_ends_its_call(void **state)
{
	int l2tp = module();
	struct forwarded f;

	(void)state;
	write_file(flag("no-threads"), "");
	f = taken(l2tp);
	hand_over(&f);
	expect_end(f.call);
	expect_end(f.access);
	expect_clear(l2tp, f.ref, 2);
	assert_int_equal(u16(VPDN_TLV_ERROR_CODE), 4);
	assert_text_has(VPDN_TLV_TEXT, "no thread can ask the kernel for the channels: Resource temporarily unavailable");
	cleared(l2tp, f.ref, VPDN_STAGE_CALL, VPDN_BY_US, 0);
	close(l2tp);
}

/* More than there may be threads, none of which comes back: vpdnd still answers, and ends in time. */
static void the_end_while_no_thread_comes_back(void **state)
{
	struct forwarded f[THREADS + 2];
	int l2tp = module();

	(void)state;
	write_file(flag("stuck"), "");
	for (int i = 0; i < THREADS + 2; i++)
		f[i] = taken(l2tp);
	assert_has(COMMAND("show"), "\"kernel\":{\"threads\":64,\"waiting\":2,");
	/* Two seconds for xl2tpd to say that the calls are over, two for the kernel, and what a busy machine adds. */
	assert_int_equal(stop_daemon(WAIT_MS), 0);
	assert_true(logged("the kernel has not ended in 2 s, asking for its channel (PPPIOCGCHAN), id=1; "));
	for (int i = 0; i < THREADS + 2; i++)
		close(f[i].plugin);
	close(l2tp);
}

static int end(void **state)
{
	static const char *const flags[] = { "stuck", "stuck-bridge", "no-threads", "ppp" };

	for (size_t i = 0; i < COUNT(flags); i++)
		unlink(flag(flags[i]));
	return end_daemon(state);
}

int main(void)
{
#define TEST(name)	cmocka_unit_test_setup_teardown(name, start_daemon, end)
	const struct CMUnitTest tests[] = {
		TEST(a_channel_that_is_not_told_ends_its_call),
		TEST(a_call_ends_while_its_channel_is_asked_for),
		TEST(others_are_served_while_a_call_is_joined),
		TEST(an_lns_gives_up_what_is_being_joined),
		TEST(a_thread_that_cannot_be_had_ends_its_call),
		TEST(the_end_while_no_thread_comes_back),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
