/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * loop.h - vpdn-load's event loop: epoll, and a heap of timers on CLOCK_MONOTONIC.
 *
 * Work per event is O(1), per timer O(log timers). Nothing here allocates after a timer was first started, but for the heap growing.
 */
#ifndef BENCH_LOOP_H
#define BENCH_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NS_PER_MS	INT64_C(1000000)
#define NS_PER_S	INT64_C(1000000000)

struct timer {
	int64_t at;		/* ns of CLOCK_MONOTONIC */
	size_t place;		/* in the heap, from 1; 0: not running */
	void (*fn)(void *arg);
	void *arg;
};

struct loop {
	int epoll;
	bool over;
	struct timer **heap;	/* [1..timers], the earliest first */
	size_t timers, room;
};

/* What is called when a descriptor is readable; it lives as long as the descriptor is in the loop. */
struct watch {
	int fd;
	void (*fn)(void *arg);
	void *arg;
};

int64_t now_ns(void);

int loop_init(struct loop *l);				/* 0 or -errno */
void loop_free(struct loop *l);
int loop_watch(struct loop *l, struct watch *w);	/* 0 or -errno; level-triggered */
int loop_run(struct loop *l);				/* until `over`; 0 or -errno */

/* Starts or moves a timer, whose fn and arg are set. It runs once, `after` ns from now. */
void timer_start(struct loop *l, struct timer *t, int64_t after);
void timer_stop(struct loop *l, struct timer *t);	/* harmless when it does not run */

#endif
