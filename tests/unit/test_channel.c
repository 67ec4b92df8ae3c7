/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_channel.c - attaching to PPP channels, joining and closing them, beside an event loop that goes on. The kernel that
 * makes wait is in this file: each PPPIOCGCHAN, and the last close of a slow descriptor, waits for the end of a grace
 * period, which comes when the test says so, where the test holds them up. So is what may refuse to make a thread.
 */
#include "unit.h"

#include <dlfcn.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <linux/ppp-ioctl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "glue/channel.h"

#define WAIT_S		20	/* for what must come */
#define CALLS		(3 * (int)VPDN_CHANNEL_THREADS)
#define EVERY_FD	-2

/* ---- the kernel ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t period_ended = PTHREAD_COND_INITIALIZER;
static bool held;			/* grace periods end with end_period() only */
static bool signals_in_thread, no_threads;
static int inside, period, slow_fd = -1;
static _Atomic int overdue;
static unsigned long refuses;
static int refused_with, comes_meanwhile;

static void grace_period(void)
{
	struct timespec end;
	sigset_t blocked;
	int mine;

	pthread_sigmask(SIG_BLOCK, NULL, &blocked);
	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += WAIT_S;
	pthread_mutex_lock(&lock);
	inside++;
	if (!sigismember(&blocked, SIGTERM) || !sigismember(&blocked, SIGHUP) || !sigismember(&blocked, SIGCHLD))
		signals_in_thread = true;
	for (mine = period; held && mine == period && !overdue;)
		overdue = pthread_cond_timedwait(&period_ended, &lock, &end) == ETIMEDOUT;
	inside--;
	pthread_mutex_unlock(&lock);
}

/* What waits now goes on; what comes later does if `hold` is false. */
static void end_period(bool hold)
{
	pthread_mutex_lock(&lock);
	held = hold;
	period++;
	pthread_cond_broadcast(&period_ended);
	pthread_mutex_unlock(&lock);
}

static int waiting_for_its_end(void)
{
	int n;

	pthread_mutex_lock(&lock);
	n = inside;
	pthread_mutex_unlock(&lock);
	return n;
}

int pthread_create(pthread_t *id, const pthread_attr_t *attr, void *(*fn)(void *), void *arg)
{
	int (*make)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *) = dlsym(RTLD_NEXT, "pthread_create");

	return no_threads ? EAGAIN : make(id, attr, fn, arg);
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list ap;
	int *arg;

	va_start(ap, request);
	arg = va_arg(ap, int *);
	va_end(ap);
	if (request == PPPIOCGCHAN) {
		grace_period();
		*arg = 1000 + fd;
	}
	if (request == PPPIOCBRIDGECHAN && comes_meanwhile >= 0)
		assert_int_equal(send(comes_meanwhile, "3", 1, 0), 1);
	if (request == PPPIOCUNBRIDGECHAN)
		refuses = 0;
	if (request == refuses) {
		errno = refused_with;
		return -1;
	}
	return 0;
}

int open(const char *path, int flags, ...)
{
	return (int)syscall(SYS_openat, AT_FDCWD, strcmp(path, "/dev/ppp") ? path : "/dev/null", flags, 0600);
}

int close(int fd)
{
	if (fd >= 0 && (fd == slow_fd || slow_fd == EVERY_FD) && gettid() != getpid())
		grace_period();
	return (int)syscall(SYS_close, fd);
}

/* ---- what is seen ---- */

static struct event_base *base;
static struct vpdn_channels *channels;
static int ended, failed, ticks;
static char text[256];

static int fd_count(void)
{
	int n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void on_attached(void *arg, int fd, int index, const char *err)
{
	ended++;
	if (arg)
		*(int *)arg = 1;
	if (fd < 0) {
		failed++;
		snprintf(text, sizeof(text), "%d %s", fd, err);
		return;
	}
	assert_true(index > 1000);
	assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	ticks++;
}

/* Runs the loop until so many have ended. */
static void run_until(int n)
{
	while (ended < n)
		assert_int_equal(event_base_loop(base, EVLOOP_ONCE), 0);
}

static int set_up(void **state)
{
	(void)state;
	ended = failed = ticks = inside = overdue = 0;
	held = signals_in_thread = no_threads = false;
	refuses = 0;
	refused_with = ENXIO;
	comes_meanwhile = -1;
	slow_fd = -1;
	base = event_base_new();
	channels = vpdn_channels_new(base);
	return !channels;
}

static int tear_down(void **state)
{
	sigset_t blocked;

	(void)state;
	vpdn_channels_free(channels);
	event_base_free(base);
	pthread_sigmask(SIG_BLOCK, NULL, &blocked);
	return signals_in_thread || sigismember(&blocked, SIGTERM);
}

static struct vpdn_channels_state now(void)
{
	struct vpdn_channels_state s;

	vpdn_channels_state(channels, &s);
	return s;
}

static int64_t ms_since(const struct timespec *then)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (t.tv_sec - then->tv_sec) * 1000 + (t.tv_nsec - then->tv_nsec) / 1000000;
}

/* What is written to stderr from now on, for text_logged(). */
static int log_fd, stderr_fd;

static void log_begins(void)
{
	log_fd = memfd_create("log", MFD_CLOEXEC);
	stderr_fd = dup(STDERR_FILENO);
	dup2(log_fd, STDERR_FILENO);
}

static const char *text_logged(void)
{
	static char octets[4096];
	ssize_t n;

	dup2(stderr_fd, STDERR_FILENO);
	close(stderr_fd);
	n = pread(log_fd, octets, sizeof(octets) - 1, 0);
	close(log_fd);
	octets[n > 0 ? n : 0] = '\0';
	return octets;
}

/* ---- tests ---- */

/* As many as there are threads for share a period; the others have the next one; and all the time the loop is free. */
static void many_wait_for_the_same_grace_period(void **state)
{
	struct event *tick = event_new(base, -1, EV_PERSIST, on_tick, NULL);
	struct timeval every = { 0, 5000 };
	int before = fd_count();

	(void)state;
	event_add(tick, &every);
	held = true;
	for (int i = 0; i < CALLS; i++)
		assert_non_null(vpdn_channel_attach(channels, 7, STDIN_FILENO, on_attached, NULL));
	for (int told = 0; told < CALLS; told += (int)VPDN_CHANNEL_THREADS) {
		while (waiting_for_its_end() < (int)VPDN_CHANNEL_THREADS && !overdue)
			event_base_loop(base, EVLOOP_ONCE);
		for (int until = ticks + 3; ticks < until;)
			event_base_loop(base, EVLOOP_ONCE);
		assert_int_equal(waiting_for_its_end(), VPDN_CHANNEL_THREADS);
		assert_int_equal(ended, told);
		end_period(true);
		run_until(told + (int)VPDN_CHANNEL_THREADS);
	}
	assert_int_equal(failed, 0);
	assert_int_equal(overdue, 0);
	assert_int_equal(fd_count(), before);
	event_free(tick);
}

static void what_fails_is_told(void **state)
{
	int before = fd_count();

	(void)state;
	refuses = PPPIOCGCHAN;
	assert_non_null(vpdn_channel_attach(channels, 7, STDIN_FILENO, on_attached, NULL));
	run_until(1);
	assert_string_equal(text, "-6 asking for its channel (PPPIOCGCHAN): No such device or address");
	refuses = PPPIOCATTCHAN;
	assert_non_null(vpdn_channel_attach(channels, 7, STDIN_FILENO, on_attached, NULL));
	run_until(2);
	assert_string_equal(text, "-6 attaching to its channel (PPPIOCATTCHAN): No such device or address");
	assert_int_equal(fd_count(), before);
	assert_null(vpdn_channel_attach(channels, 7, -1, on_attached, NULL));
	assert_int_equal(errno, EBADF);
	assert_int_equal(fd_count(), before);
}

static void a_cancelled_one_is_never_told(void **state)
{
	struct vpdn_channel_request *r;
	int before = fd_count(), told = 0, other = 0, pair[2];
	char octet;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	r = vpdn_channel_attach(channels, 7, pair[0], on_attached, &told);
	assert_non_null(r);
	close(pair[0]);
	vpdn_channel_cancel(&r);
	assert_null(r);
	vpdn_channel_cancel(&r);
	assert_non_null(vpdn_channel_attach(channels, 7, STDIN_FILENO, on_attached, &other));
	run_until(1);
	assert_true(other);
	/* The copy is closed, and with it the socket. */
	assert_int_equal(read(pair[1], &octet, 1), 0);
	while (fd_count() != before + 1)
		event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
	assert_false(told);
	close(pair[1]);
}

/* The loop does not wait for the end of a session, which takes the kernel its time. */
static void closing_takes_no_time_here(void **state)
{
	int pair[2], other[2];
	char octet;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, other), 0);
	slow_fd = pair[0];
	held = true;
	vpdn_channels_close(channels, 7, (int[]){ -1, pair[0], other[0] }, 3);
	assert_int_equal(overdue, 0);
	end_period(false);
	assert_int_equal(read(pair[1], &octet, 1), 0);
	assert_int_equal(read(other[1], &octet, 1), 0);
	vpdn_channels_close(channels, 7, (int[]){ -1, -1 }, 2);
	close(pair[1]);
	close(other[1]);
}

/* The kernel lets go, a moment later. */
static void *let_go(void *arg)
{
	nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
	end_period(false);
	return arg;
}

/* What is under way, and what waits for a thread, is finished, and nobody hears of it. */
static void the_end_with_much_under_way(void **state)
{
	int before = fd_count(), pair[2];
	pthread_t kernel;
	char octet;

	(void)state;
	held = true;
	for (int i = 0; i < (int)VPDN_CHANNEL_THREADS; i++)
		assert_non_null(vpdn_channel_attach(channels, 7, STDIN_FILENO, on_attached, NULL));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	vpdn_channels_close(channels, 7, pair, 1);
	while (waiting_for_its_end() < (int)VPDN_CHANNEL_THREADS && !overdue)
		sched_yield();
	assert_int_equal(pthread_create(&kernel, NULL, let_go, NULL), 0);
	vpdn_channels_free(channels);
	assert_int_equal(pthread_join(kernel, NULL), 0);
	assert_int_equal(read(pair[1], &octet, 1), 0);
	close(pair[1]);
	assert_int_equal(ended, 0);
	assert_int_equal(overdue, 0);
	assert_int_equal(fd_count(), before - 1);	/* without the eventfd */
	channels = vpdn_channels_new(base);
}

/* ---- joining: the channels are pairs of sockets, the far ends of which are who sends and gets the frames ---- */

enum { CHANNEL, FAR };

static void make_channel(int pair[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
}

static void on_joined(void *arg, int rc, int moved, const char *err)
{
	(void)arg;
	ended++;
	snprintf(text, sizeof(text), "%d %d %s", rc, moved, err);
}

static void join(const int access[2], const int l2tp[2])
{
	assert_non_null(vpdn_channel_join(channels, 7, access[CHANNEL], l2tp[CHANNEL], 5, on_joined, NULL));
	run_until(ended + 1);
}

static void expect_frames(int fd, const char *want)
{
	char frame[8];

	for (; *want; want++) {
		assert_int_equal(recv(fd, frame, sizeof(frame), 0), 1);
		assert_int_equal(*frame, *want);
	}
	assert_int_equal(recv(fd, frame, sizeof(frame), 0), -1);
}

static void close_both(const int a[2], const int b[2])
{
	for (int i = 0; i < 2; i++) {
		close(a[i]);
		close(b[i]);
	}
}

static void frames_of_before_are_moved_in_their_order(void **state)
{
	int before = fd_count(), access[2], l2tp[2];

	(void)state;
	make_channel(access);
	make_channel(l2tp);
	send(access[FAR], "1", 1, 0);
	send(access[FAR], "2", 1, 0);
	send(l2tp[FAR], "a", 1, 0);
	comes_meanwhile = access[FAR];
	join(access, l2tp);
	assert_string_equal(text, "0 4 ");
	expect_frames(l2tp[FAR], "123");
	expect_frames(access[FAR], "a");
	close_both(access, l2tp);
	assert_int_equal(fd_count(), before);
}

static void what_cannot_be_joined_is_told(void **state)
{
	int before = fd_count(), access[2], l2tp[2];

	(void)state;
	make_channel(access);
	make_channel(l2tp);
	/* The session's channel has gone; the kernel is too old; it is joined with another one. */
	refuses = PPPIOCBRIDGECHAN;
	join(access, l2tp);
	assert_string_equal(text, "-67 0 bridging both channels (PPPIOCBRIDGECHAN): Link has been severed");
	refused_with = ENOTTY;
	join(access, l2tp);
	assert_string_equal(text, "-25 0 bridging both channels (PPPIOCBRIDGECHAN): Inappropriate ioctl for device");
	refused_with = EALREADY;
	join(access, l2tp);
	assert_string_equal(text, "0 0 ");
	/* One of them has hung up. */
	assert_int_equal(shutdown(access[FAR], SHUT_RDWR), 0);
	join(access, l2tp);
	assert_string_equal(text, "-6 0 the subscriber's channel hung up before it was bridged: No such device or address");
	assert_int_equal(shutdown(l2tp[FAR], SHUT_RDWR), 0);
	join(access, l2tp);
	assert_string_equal(text, "-67 0 the L2TP session ended before it was bridged: Link has been severed");
	close_both(access, l2tp);
	assert_int_equal(fd_count(), before);
	assert_null(vpdn_channel_join(channels, 7, STDIN_FILENO, -1, 5, on_joined, NULL));
	assert_int_equal(errno, EBADF);
	assert_int_equal(fd_count(), before);
}

/* ---- order, and a kernel that does not answer ---- */

/* Closing is not put off by attachments that come later, nor are these by others. */
static void they_begin_in_the_order_in_which_they_are_made(void **state)
{
	int pair[2];
	char octet;

	(void)state;
	held = true;
	for (int i = 0; i < (int)VPDN_CHANNEL_THREADS; i++)
		assert_non_null(vpdn_channel_attach(channels, 7, STDIN_FILENO, on_attached, NULL));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	vpdn_channels_close(channels, 7, pair, 1);
	for (int i = 0; i < (int)VPDN_CHANNEL_THREADS; i++)
		assert_non_null(vpdn_channel_attach(channels, 7, STDIN_FILENO, on_attached, NULL));
	assert_int_equal(now().threads, VPDN_CHANNEL_THREADS);
	assert_int_equal(now().waiting, 1 + VPDN_CHANNEL_THREADS);
	assert_int_equal(now().fds, 1 + 2 * 2 * VPDN_CHANNEL_THREADS);
	assert_int_equal(read(pair[1], &octet, 1), -1);
	while (waiting_for_its_end() < (int)VPDN_CHANNEL_THREADS && !overdue)
		sched_yield();
	end_period(true);
	while (read(pair[1], &octet, 1) < 0 && !overdue)
		assert_int_equal(event_base_loop(base, EVLOOP_NONBLOCK), 0);
	assert_int_equal(overdue, 0);
	assert_in_range(ended, 1, VPDN_CHANNEL_THREADS);
	end_period(false);
	run_until(2 * (int)VPDN_CHANNEL_THREADS);
	assert_int_equal(now().threads + now().waiting + now().fds, 0);
	assert_null(now().oldest);
	close(pair[1]);
}

/* One that the kernel does not answer stops no other one; who asks, and the log, say so until it is over. */
static void one_that_takes_long_is_told(void **state)
{
	int before = fd_count(), other = 0;
	const char *log;

	(void)state;
	log_begins();
	held = true;
	assert_non_null(vpdn_channel_attach(channels, 9, STDIN_FILENO, on_attached, NULL));
	vpdn_channels_close(channels, 7, (int[]){ dup(STDIN_FILENO) }, 1);
	while (now().oldest_ms < VPDN_CHANNEL_SLOW_MS)
		usleep(10000);
	usleep(100000);	/* until the timer is due for certain */
	assert_int_equal(event_base_loop(base, EVLOOP_ONCE), 0);
	assert_int_equal(event_base_loop(base, EVLOOP_NONBLOCK), 0);
	assert_int_equal(now().threads, 1);
	assert_int_equal(now().oldest_id, 9);
	assert_string_equal(now().oldest, "asking for its channel (PPPIOCGCHAN)");
	end_period(false);
	assert_non_null(vpdn_channel_attach(channels, 7, STDIN_FILENO, on_attached, &other));
	run_until(2);
	assert_int_equal(failed, 0);
	log = text_logged();
	assert_non_null(strstr(log, "warning: the kernel is slow with PPP channels: a request is "));
	assert_non_null(strstr(log, " ms old, id=9, asking for its channel (PPPIOCGCHAN); 1 threads wait for the kernel, 0 requests for a thread\n"));
	/* Once, however long it lasts. */
	assert_null(strstr(strstr(log, "warning: ") + 1, "warning: "));
	assert_non_null(strstr(log, "the kernel is no longer slow with PPP channels\n"));
	assert_int_equal(fd_count(), before);
}

static void a_thread_that_cannot_be_had(void **state)
{
	int before = fd_count(), pair[2];
	char octet;

	(void)state;
	no_threads = true;
	assert_null(vpdn_channel_attach(channels, 7, STDIN_FILENO, on_attached, NULL));
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(fd_count(), before);
	assert_int_equal(now().fds, 0);
	/* What is to be closed is closed here. */
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	vpdn_channels_close(channels, 7, pair, 1);
	assert_int_equal(read(pair[1], &octet, 1), 0);
	close(pair[1]);
	/* With some running, the next one that ends makes room. */
	no_threads = false;
	assert_non_null(vpdn_channel_attach(channels, 7, STDIN_FILENO, on_attached, NULL));
	no_threads = true;
	assert_non_null(vpdn_channel_attach(channels, 7, STDIN_FILENO, on_attached, NULL));
	assert_non_null(vpdn_channel_attach(channels, 7, STDIN_FILENO, on_attached, NULL));
	assert_int_equal(now().waiting, 2);
	no_threads = false;
	run_until(3);
	assert_int_equal(failed, 0);
	/* Without any, it ends with the reason. */
	assert_non_null(vpdn_channel_attach(channels, 7, STDIN_FILENO, on_attached, NULL));
	no_threads = true;
	assert_non_null(vpdn_channel_attach(channels, 7, STDIN_FILENO, on_attached, NULL));
	run_until(5);
	assert_int_equal(failed, 1);
	assert_string_equal(text, "-11 starting a thread: Resource temporarily unavailable");
	assert_int_equal(fd_count(), before);
}

/* Five rounds of as many as there are threads for, and one more for those that came too late for their round. */
static void *long_periods(void *arg)
{
	for (int i = 0; i < 6; i++) {
		nanosleep(&(struct timespec){ .tv_nsec = 600000000 }, NULL);
		end_period(i < 5);
	}
	return arg;
}

/* As long as the kernel gets on with it, all is closed, however long it takes. */
static void the_end_with_more_than_two_seconds_of_work(void **state)
{
	int before = fd_count();
	struct timespec begun;
	pthread_t kernel;

	(void)state;
	slow_fd = EVERY_FD;
	held = true;
	for (int i = 0; i < 5 * (int)VPDN_CHANNEL_THREADS; i++)
		vpdn_channels_close(channels, 7, (int[]){ dup(STDIN_FILENO) }, 1);
	assert_int_equal(pthread_create(&kernel, NULL, long_periods, NULL), 0);
	clock_gettime(CLOCK_MONOTONIC, &begun);
	vpdn_channels_free(channels);
	assert_in_range(ms_since(&begun), 2400, 1000 * WAIT_S);
	assert_int_equal(pthread_join(kernel, NULL), 0);
	assert_int_equal(overdue, 0);
	assert_int_equal(fd_count(), before - 1);	/* without the eventfd */
	channels = vpdn_channels_new(base);
}

/* A kernel that has stopped answering does not keep the process for long, and what it says at last spoils nothing. */
static void the_end_when_the_kernel_does_not_answer(void **state)
{
	static struct vpdn_channels *left;	/* the threads', after they have been left alone */
	int told = 0, pair[2];
	struct timespec begun;
	const char *log;
	char octet;

	(void)state;
	log_begins();
	held = true;
	for (int i = 0; i < (int)VPDN_CHANNEL_THREADS; i++)
		assert_non_null(vpdn_channel_attach(channels, 7, STDIN_FILENO, on_attached, &told));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	vpdn_channels_close(channels, 7, pair, 1);
	clock_gettime(CLOCK_MONOTONIC, &begun);
	left = channels;
	vpdn_channels_free(channels);
	assert_in_range(ms_since(&begun), 1900, 4000);
	log = text_logged();
	assert_non_null(strstr(log, "warning: the kernel has not ended in 2 s, asking for its channel (PPPIOCGCHAN), id=7; 129 descriptors are left to it\n"));
	/* It is the process's end that closes this one. */
	assert_int_equal(read(pair[1], &octet, 1), -1);
	end_period(false);
	while (waiting_for_its_end())
		sched_yield();
	assert_false(told);
	assert_int_equal(close(pair[0]), 0);
	close(pair[1]);
	channels = vpdn_channels_new(base);
	assert_ptr_not_equal(left, channels);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(many_wait_for_the_same_grace_period, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_fails_is_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_cancelled_one_is_never_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(closing_takes_no_time_here, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_end_with_much_under_way, set_up, tear_down),
		cmocka_unit_test_setup_teardown(frames_of_before_are_moved_in_their_order, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_cannot_be_joined_is_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(they_begin_in_the_order_in_which_they_are_made, set_up, tear_down),
		cmocka_unit_test_setup_teardown(one_that_takes_long_is_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_thread_that_cannot_be_had, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_end_with_more_than_two_seconds_of_work, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_end_when_the_kernel_does_not_answer, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
