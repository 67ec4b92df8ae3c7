/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_channel.c - attaching to PPP channels and closing them, beside an event loop that goes on. The kernel that
 * makes wait is in this file: each PPPIOCGCHAN, and the last close of a slow descriptor, waits for the end of a grace
 * period, which comes when the test says so, where the test holds them up.
 */
#include "unit.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <linux/ppp-ioctl.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "glue/channel.h"

#define WAIT_S		20	/* for what must come */
#define CALLS		(3 * (int)VPDN_CHANNEL_THREADS)

/* ---- the kernel ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t period_ended = PTHREAD_COND_INITIALIZER;
static bool held;			/* grace periods end with end_period() only */
static int inside, period, overdue, slow_fd = -1;
static unsigned long refuses;

static void grace_period(void)
{
	struct timespec end;
	int mine;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += WAIT_S;
	pthread_mutex_lock(&lock);
	inside++;
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
	if (request == refuses) {
		errno = ENXIO;
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
	if (fd >= 0 && fd == slow_fd)
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
	held = false;
	refuses = 0;
	slow_fd = -1;
	base = event_base_new();
	channels = vpdn_channels_new(base);
	return !channels;
}

static int tear_down(void **state)
{
	(void)state;
	vpdn_channels_free(channels);
	event_base_free(base);
	return 0;
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
		assert_non_null(vpdn_channel_attach(channels, STDIN_FILENO, on_attached, NULL));
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
	assert_non_null(vpdn_channel_attach(channels, STDIN_FILENO, on_attached, NULL));
	run_until(1);
	assert_string_equal(text, "-6 asking for its channel (PPPIOCGCHAN): No such device or address");
	refuses = PPPIOCATTCHAN;
	assert_non_null(vpdn_channel_attach(channels, STDIN_FILENO, on_attached, NULL));
	run_until(2);
	assert_string_equal(text, "-6 attaching to its channel (PPPIOCATTCHAN): No such device or address");
	assert_int_equal(fd_count(), before);
	assert_null(vpdn_channel_attach(channels, -1, on_attached, NULL));
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
	r = vpdn_channel_attach(channels, pair[0], on_attached, &told);
	assert_non_null(r);
	close(pair[0]);
	vpdn_channel_cancel(&r);
	assert_null(r);
	vpdn_channel_cancel(&r);
	assert_non_null(vpdn_channel_attach(channels, STDIN_FILENO, on_attached, &other));
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
	vpdn_channels_close(channels, (int[]){ -1, pair[0], other[0] }, 3);
	assert_int_equal(overdue, 0);
	end_period(false);
	assert_int_equal(read(pair[1], &octet, 1), 0);
	assert_int_equal(read(other[1], &octet, 1), 0);
	vpdn_channels_close(channels, (int[]){ -1, -1 }, 2);
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
		assert_non_null(vpdn_channel_attach(channels, STDIN_FILENO, on_attached, NULL));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	vpdn_channels_close(channels, pair, 1);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(many_wait_for_the_same_grace_period, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_fails_is_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_cancelled_one_is_never_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(closing_takes_no_time_here, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_end_with_much_under_way, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
