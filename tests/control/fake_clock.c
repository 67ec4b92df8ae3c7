/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fake_clock.c - preloaded into xl2tpd by the tests of its control plane, for which time shall pass faster. $FAKE_CLOCK says how:
 *
 *	speed=N		the clock goes N times as fast
 *	jump=SECONDS	a wait of more than that many seconds ends as soon as nothing has come for a twentieth of a millisecond, and the
 *			clock is where it would have been; shorter waits, which are retransmissions, last as long as they should, but
 *			200 ms at most
 *	file=PATH	the clock is as many seconds after its beginning as that file says, and stands still meanwhile
 *
 * All clocks and all waits of the process are covered: time, gettimeofday, clock_gettime; poll, epoll_wait.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/time.h>
#include <time.h>

#define SECOND 1000000000LL
#define JUMP_WAIT 50000LL		/* nanoseconds that the other side has to say something */
#define SHORT_WAIT 200000000LL
#define LOOK	2000000LL		/* nanoseconds between two looks at the file */

static int64_t speed = 1, jump_over = INT64_MAX, jumped;
static const char *file;
static int (*real_clock)(clockid_t, struct timespec *);

__attribute__((constructor)) static void init(void)
{
	const char *how = getenv("FAKE_CLOCK");

	real_clock = dlsym(RTLD_NEXT, "clock_gettime");
	if (how && !strncmp(how, "speed=", 6))
		speed = atoll(how + 6);
	else if (how && !strncmp(how, "jump=", 5))
		jump_over = atoll(how + 5) * SECOND;
	else if (how && !strncmp(how, "file=", 5))
		file = how + 5;
}

static int64_t to_ns(int64_t sec, int64_t nsec)
{
	return sec * SECOND + nsec;
}

/* Nanoseconds, as the file says. */
static int64_t read_file(void)
{
	FILE *f = fopen(file, "r");
	double seconds;

	if (!f || fscanf(f, "%lf", &seconds) != 1)
		abort();
	fclose(f);
	return (int64_t)(seconds * SECOND);
}

static int64_t now(clockid_t which)
{
	static int64_t begin[16];
	struct timespec ts;
	int64_t ns;

	real_clock(which, &ts);
	ns = to_ns(ts.tv_sec, ts.tv_nsec);
	if (which < 0 || which >= 16)
		return ns;
	if (!begin[which])
		begin[which] = ns;
	if (file)
		return begin[which] + read_file();
	return begin[which] + (ns - begin[which]) * speed + jumped;
}

/* How long to wait in truth for a wait of that many nanoseconds, which is not negative; by a file: until the next look at it. */
static int64_t real_wait(int64_t ns)
{
	if (file)
		return ns ? LOOK : 0;
	if (jump_over == INT64_MAX)
		return ns / speed;
	if (ns > jump_over)
		return JUMP_WAIT;
	return ns < SHORT_WAIT ? ns : SHORT_WAIT;
}

/* The wait is over, and nothing has come */
static void waited(int64_t ns)
{
	if (jump_over != INT64_MAX)
		jumped += ns - real_wait(ns);
}

int clock_gettime(clockid_t which, struct timespec *ts)
{
	int64_t ns = now(which);

	ts->tv_sec = ns / SECOND;
	ts->tv_nsec = ns % SECOND;
	return 0;
}

int gettimeofday(struct timeval *tv, void *zone)
{
	int64_t ns = now(CLOCK_REALTIME);

	(void)zone;
	tv->tv_sec = ns / SECOND;
	tv->tv_usec = ns % SECOND / 1000;
	return 0;
}

time_t time(time_t *out)
{
	time_t t = now(CLOCK_REALTIME) / SECOND;

	if (out)
		*out = t;
	return t;
}

/* By a file: nothing has come, and the time that was to be waited for is not there yet. */
static int goes_on(int got, int64_t until)
{
	return !got && file && now(CLOCK_MONOTONIC) < until;
}

static int wait_poll(struct pollfd *fds, nfds_t n, int64_t ns)
{
	static int (*real)(struct pollfd *, nfds_t, const struct timespec *, const sigset_t *);
	struct timespec ts = { real_wait(ns) / SECOND, real_wait(ns) % SECOND };
	int64_t until = now(CLOCK_MONOTONIC) + ns;
	int got;

	if (!real)
		real = dlsym(RTLD_NEXT, "ppoll");
	do
		got = real(fds, n, ns < 0 ? NULL : &ts, NULL);
	while (goes_on(got, until));
	if (!got)
		waited(ns);
	return got;
}

int poll(struct pollfd *fds, nfds_t n, int ms)
{
	return wait_poll(fds, n, ms < 0 ? -1 : ms * 1000000LL);
}

int ppoll(struct pollfd *fds, nfds_t n, const struct timespec *ts, const sigset_t *mask)
{
	(void)mask;
	return wait_poll(fds, n, ts ? to_ns(ts->tv_sec, ts->tv_nsec) : -1);
}

int epoll_wait(int epoll, struct epoll_event *events, int max, int ms)
{
	struct pollfd fd = { .fd = epoll, .events = POLLIN };
	static int (*real)(int, struct epoll_event *, int, int);
	int got;

	if (!real)
		real = dlsym(RTLD_NEXT, "epoll_wait");
	got = wait_poll(&fd, 1, ms < 0 ? -1 : ms * 1000000LL);
	return got > 0 ? real(epoll, events, max, 0) : got;
}
