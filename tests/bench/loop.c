/* SPDX-License-Identifier: GPL-2.0-or-later */
/* loop.c - see loop.h. */
#include "loop.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * NS_PER_S + t.tv_nsec;
}

int loop_init(struct loop *l)
{
	*l = (struct loop){ .epoll = epoll_create1(EPOLL_CLOEXEC) };
	return l->epoll < 0 ? -errno : 0;
}

void loop_free(struct loop *l)
{
	close(l->epoll);
	free(l->heap);
}

int loop_watch(struct loop *l, struct watch *w)
{
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = w };

	return epoll_ctl(l->epoll, EPOLL_CTL_ADD, w->fd, &e) < 0 ? -errno : 0;
}

static void put(struct loop *l, size_t place, struct timer *t)
{
	l->heap[place] = t;
	t->place = place;
}

/* Finds the place of `t`, when `place` is free, upwards and then downwards. */
static void sift(struct loop *l, size_t place, struct timer *t)
{
	for (; place > 1 && t->at < l->heap[place / 2]->at; place /= 2)
		put(l, place, l->heap[place / 2]);
	for (size_t child; (child = 2 * place) <= l->timers; place = child) {
		if (child < l->timers && l->heap[child + 1]->at < l->heap[child]->at)
			child++;
		if (t->at <= l->heap[child]->at)
			break;
		put(l, place, l->heap[child]);
	}
	put(l, place, t);
}

void timer_start(struct loop *l, struct timer *t, int64_t after)
{
	size_t place = t->place;

	if (!place) {
		if (l->timers + 1 >= l->room) {
			l->room = l->room ? 2 * l->room : 64;
			l->heap = realloc(l->heap, l->room * sizeof(*l->heap));
			if (!l->heap)
				abort();
		}
		place = ++l->timers;
	}
	t->at = now_ns() + after;
	sift(l, place, t);
}

void timer_stop(struct loop *l, struct timer *t)
{
	struct timer *last;
	size_t place = t->place;

	if (!place)
		return;
	t->place = 0;
	last = l->heap[l->timers--];
	if (last != t)
		sift(l, place, last);
}

int loop_run(struct loop *l)
{
	struct epoll_event events[64];

	while (!l->over) {
		int64_t left = -1;
		int n;

		while (l->timers && (left = l->heap[1]->at - now_ns()) <= 0) {
			struct timer *t = l->heap[1];

			timer_stop(l, t);
			t->fn(t->arg);
			if (l->over)
				return 0;
		}
		if (!l->timers)
			left = -1;
		n = epoll_wait(l->epoll, events, sizeof(events) / sizeof(events[0]),
			       left < 0 ? -1 : left / NS_PER_MS >= INT_MAX ? INT_MAX : (int)(left / NS_PER_MS) + 1);
		if (n < 0 && errno != EINTR)
			return -errno;
		for (int i = 0; i < n && !l->over; i++) {
			struct watch *w = events[i].data.ptr;

			w->fn(w->arg);
		}
	}
	return 0;
}
