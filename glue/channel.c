/* SPDX-License-Identifier: GPL-2.0-or-later */
/* channel.c - see channel.h. */
#include "channel.h"

#include <bsd/sys/queue.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <linux/ppp-ioctl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define PPP_DEVICE	"/dev/ppp"
#define STACK_SIZE	(64u * 1024)
#define END_S		2	/* for threads at the end of vpdnd */

struct vpdn_channel_request {
	STAILQ_ENTRY(vpdn_channel_request) next;
	struct vpdn_channels *cs;
	int fds[VPDN_CHANNEL_CLOSE_MAX];	/* to be closed by the thread; [0] of an attachment is a copy of the socket or tty */
	size_t n_fds;
	bool attaches;
	int channel, index;		/* what came of it; channel: or -errno */
	const char *what;		/* what went wrong */
	vpdn_channel_fn *done;		/* the event loop's; NULL: nobody wants to know */
	void *arg;
};
STAILQ_HEAD(requests, vpdn_channel_request);

struct vpdn_channels {
	struct event *event;
	struct requests waiting;	/* for a thread to be free */
	unsigned int running;		/* threads, as the event loop knows */
	int wake;			/* eventfd: something is in `finished` */
	pthread_mutex_t lock;
	pthread_cond_t ended;
	struct requests finished;	/* under the lock, */
	unsigned int busy;		/* and the number of threads that are not done with it */
};

static void attach(struct vpdn_channel_request *r)
{
	r->what = "asking for its channel (PPPIOCGCHAN)";
	if (ioctl(r->fds[0], PPPIOCGCHAN, &r->index) < 0)
		goto fail;
	r->what = "opening " PPP_DEVICE;
	r->channel = open(PPP_DEVICE, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (r->channel < 0)
		goto fail;
	r->what = "attaching to its channel (PPPIOCATTCHAN)";
	if (ioctl(r->channel, PPPIOCATTCHAN, &r->index) == 0)
		return;
fail:
	if (r->channel >= 0)
		close(r->channel);
	r->channel = -errno;
}

/* Of an attachment too: its copy may have become the last. */
static void close_fds(struct vpdn_channel_request *r)
{
	for (size_t i = 0; i < r->n_fds; i++)
		close(r->fds[i]);
	r->n_fds = 0;
}

static void *thread(void *arg)
{
	struct vpdn_channel_request *r = arg;
	struct vpdn_channels *cs = r->cs;
	uint64_t one = 1;

	if (r->attaches)
		attach(r);
	close_fds(r);
	pthread_mutex_lock(&cs->lock);
	STAILQ_INSERT_TAIL(&cs->finished, r, next);
	if (write(cs->wake, &one, sizeof(one)) < 0)
		abort();	/* only a counter of 2^64 - 1 would do that */
	cs->busy--;
	pthread_cond_signal(&cs->ended);
	pthread_mutex_unlock(&cs->lock);
	return NULL;
}

/* 0 or -errno. */
static int start(struct vpdn_channel_request *r)
{
	struct vpdn_channels *cs = r->cs;
	sigset_t all, before;
	pthread_attr_t attr;
	pthread_t id;
	int rc;

	rc = pthread_attr_init(&attr);
	if (rc)
		return -rc;
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	pthread_mutex_lock(&cs->lock);
	cs->busy++;
	pthread_mutex_unlock(&cs->lock);
	/* Signals are the event loop's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&id, &attr, thread, r);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	if (!rc) {
		cs->running++;
		return 0;
	}
	pthread_mutex_lock(&cs->lock);
	cs->busy--;
	pthread_mutex_unlock(&cs->lock);
	return -rc;
}

static void drop(struct vpdn_channel_request *r)
{
	close_fds(r);
	if (r->channel >= 0)
		close(r->channel);
	free(r);
}

/* Says how a request ended, if anybody wants to know. */
static void tell(struct vpdn_channel_request *r)
{
	vpdn_channel_fn *done = r->done;
	int channel = r->channel;
	char err[128] = "";

	if (done && channel < 0)
		snprintf(err, sizeof(err), "%s: %s", r->what, strerror(-channel));
	if (done && channel >= 0)
		r->channel = -1;
	if (done)
		done(r->arg, channel, r->index, err);
	drop(r);
}

static void next_waiting(struct vpdn_channels *cs)
{
	struct vpdn_channel_request *r;
	int rc;

	while (cs->running < VPDN_CHANNEL_THREADS && (r = STAILQ_FIRST(&cs->waiting))) {
		STAILQ_REMOVE_HEAD(&cs->waiting, next);
		rc = start(r);
		if (!rc)
			continue;
		r->channel = rc;
		r->what = "starting a thread";
		tell(r);
	}
}

static void on_finished(evutil_socket_t fd, short what, void *arg)
{
	struct vpdn_channels *cs = arg;
	struct vpdn_channel_request *r;
	struct requests all = STAILQ_HEAD_INITIALIZER(all);
	uint64_t n;

	(void)what;
	if (read(fd, &n, sizeof(n)) < 0)
		return;
	pthread_mutex_lock(&cs->lock);
	STAILQ_CONCAT(&all, &cs->finished);
	pthread_mutex_unlock(&cs->lock);
	while ((r = STAILQ_FIRST(&all))) {
		STAILQ_REMOVE_HEAD(&all, next);
		cs->running--;
		tell(r);
	}
	next_waiting(cs);
}

struct vpdn_channels *vpdn_channels_new(struct event_base *base)
{
	struct vpdn_channels *cs = calloc(1, sizeof(*cs));

	if (!cs)
		return NULL;
	STAILQ_INIT(&cs->waiting);
	STAILQ_INIT(&cs->finished);
	pthread_mutex_init(&cs->lock, NULL);
	pthread_cond_init(&cs->ended, NULL);
	cs->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (cs->wake >= 0)
		cs->event = event_new(base, cs->wake, EV_READ | EV_PERSIST, on_finished, cs);
	if (!cs->event || event_add(cs->event, NULL)) {
		vpdn_channels_free(cs);
		return NULL;
	}
	return cs;
}

static void drop_all(struct requests *list)
{
	struct vpdn_channel_request *r;

	while ((r = STAILQ_FIRST(list))) {
		STAILQ_REMOVE_HEAD(list, next);
		drop(r);
	}
}

void vpdn_channels_free(struct vpdn_channels *cs)
{
	struct vpdn_channel_request *r;
	struct timespec end;
	unsigned int busy;

	if (!cs)
		return;
	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += END_S;
	do {
		r = STAILQ_FIRST(&cs->waiting);
		pthread_mutex_lock(&cs->lock);
		while (cs->busy >= (r ? VPDN_CHANNEL_THREADS : 1) && !pthread_cond_timedwait(&cs->ended, &cs->lock, &end))
			;
		busy = cs->busy;
		pthread_mutex_unlock(&cs->lock);
		if (!r || busy >= VPDN_CHANNEL_THREADS)
			break;
		STAILQ_REMOVE_HEAD(&cs->waiting, next);
	} while (!start(r));
	if (cs->event)
		event_free(cs->event);
	drop_all(&cs->waiting);
	drop_all(&cs->finished);
	if (busy)
		return;		/* a thread that the kernel holds still has the rest; the process ends next */
	if (cs->wake >= 0)
		close(cs->wake);
	pthread_cond_destroy(&cs->ended);
	pthread_mutex_destroy(&cs->lock);
	free(cs);
}

/* Now, or when a thread has ended. 0 or -errno. */
static int begin(struct vpdn_channel_request *r)
{
	if (r->cs->running < VPDN_CHANNEL_THREADS)
		return start(r);
	STAILQ_INSERT_TAIL(&r->cs->waiting, r, next);
	return 0;
}

struct vpdn_channel_request *vpdn_channel_attach(struct vpdn_channels *cs, int fd, vpdn_channel_fn *done, void *arg)
{
	struct vpdn_channel_request *r = calloc(1, sizeof(*r));
	int rc = 0;

	if (!r)
		return NULL;
	*r = (struct vpdn_channel_request){ .cs = cs, .attaches = true, .channel = -1, .done = done, .arg = arg };
	r->fds[0] = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (r->fds[0] < 0)
		rc = -errno;
	else
		r->n_fds = 1;
	if (!rc)
		rc = begin(r);
	if (!rc)
		return r;
	drop(r);
	errno = -rc;
	return NULL;
}

void vpdn_channel_cancel(struct vpdn_channel_request **r)
{
	if (*r)
		(*r)->done = NULL;
	*r = NULL;
}

void vpdn_channels_close(struct vpdn_channels *cs, const int *fds, size_t n)
{
	struct vpdn_channel_request one, *r = calloc(1, sizeof(*r));
	struct vpdn_channel_request *to = r ? r : &one;

	*to = (struct vpdn_channel_request){ .cs = cs, .channel = -1 };
	for (size_t i = 0; i < n && to->n_fds < VPDN_CHANNEL_CLOSE_MAX; i++)
		if (fds[i] >= 0)
			to->fds[to->n_fds++] = fds[i];
	if (r && r->n_fds && !begin(r))
		return;
	/* Without a thread it takes its time, but a descriptor is never kept. */
	close_fds(to);
	free(r);
}
