/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fake_wall_clock.c - preloaded into xl2tpd: while the file $WALL_CLOCK_SET_BACK is there, the time of day is an hour earlier. The
 * monotonic clock goes on as it does.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static int back(void)
{
	const char *file = getenv("WALL_CLOCK_SET_BACK");

	return file && !access(file, F_OK) ? 3600 : 0;
}

int clock_gettime(clockid_t which, struct timespec *ts)
{
	static int (*real)(clockid_t, struct timespec *);

	if (!real)
		real = dlsym(RTLD_NEXT, "clock_gettime");
	if (real(which, ts))
		return -1;
	if (which == CLOCK_REALTIME)
		ts->tv_sec -= back();
	return 0;
}

int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
	struct timespec ts;

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &ts);
	tv->tv_sec = ts.tv_sec;
	tv->tv_usec = ts.tv_nsec / 1000;
	return 0;
}

time_t time(time_t *t)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	if (t)
		*t = ts.tv_sec;
	return ts.tv_sec;
}
