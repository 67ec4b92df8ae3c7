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
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "vpdnd.h"

#define PPP_DEVICE	"/dev/ppp"
#define STACK_SIZE	(64u * 1024)
#define FRAME_MAX	4096	/* above any MRU of PPPoE or L2TP */
#define DRAIN_MAX	1024	/* frames at one time: a flood must hold up neither the loop nor a bridge */
#define END_S		2	/* at the end of vpdnd, for the next thread to end */

struct vpdn_channel_request {
	TAILQ_ENTRY(vpdn_channel_request) next;		/* the event loop's */
	STAILQ_ENTRY(vpdn_channel_request) next_finished;
	struct vpdn_channels *cs;
	uint32_t id;
	int fds[VPDN_CHANNEL_CLOSE_MAX];	/* to be closed by the thread; of others than CLOSES they are copies */
	size_t n_fds;
	unsigned int holds;		/* descriptors that count as long as it lives */
	enum { CLOSES, ATTACHES, JOINS } does;
	int rc, channel;		/* what came of it: 0 or -errno; /dev/ppp */
	int number;			/* of the channel; of frames moved by hand */
	_Atomic(const char *) what;	/* is done now, or went wrong */
	uint64_t since_ms;
	vpdn_channel_fn *done;		/* the event loop's; NULL: nobody wants to know */
	void *arg;
};
TAILQ_HEAD(requests, vpdn_channel_request);
STAILQ_HEAD(finished, vpdn_channel_request);

struct vpdn_channels {
	struct event *event, *look;
	struct requests waiting;	/* for a thread to be free; none without one that is running */
	struct requests running;	/* in the order in which they began */
	unsigned int n_waiting, n_running, fds;
	bool slow;			/* the log has it */
	int wake;			/* eventfd: something is in `finished` */
	pthread_mutex_t lock;
	pthread_cond_t ended;
	struct finished finished;	/* under the lock, */
	unsigned int busy;		/* and the number of threads that are not done with it */
};

static void attach(struct vpdn_channel_request *r)
{
	r->what = "asking for its channel (PPPIOCGCHAN)";
	if (ioctl(r->fds[0], PPPIOCGCHAN, &r->number) < 0)
		goto fail;
	r->what = "opening " PPP_DEVICE;
	r->channel = open(PPP_DEVICE, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (r->channel < 0)
		goto fail;
	r->what = "attaching to its channel (PPPIOCATTCHAN)";
	if (ioctl(r->channel, PPPIOCATTCHAN, &r->number) == 0)
		return;
fail:
	r->rc = -errno;
	if (r->channel >= 0)
		close(r->channel);
	r->channel = -1;
}

bool vpdn_channel_drain(int from, int to, int *moved)
{
	uint8_t frame[FRAME_MAX];
	ssize_t n;

	for (unsigned int i = 0; i < DRAIN_MAX; i++) {
		n = read(from, frame, sizeof(frame));
		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		if (n == 0)
			return false;
		if (write(to, frame, (size_t)n) == n)
			(*moved)++;
	}
	return true;
}

static void join(struct vpdn_channel_request *r)
{
	int access = r->fds[0], l2tp = r->fds[1], number = r->number;

	r->number = 0;
	/* What came before the bridge goes first; what came while it was made, right after. */
	r->what = "the L2TP session ended before it was bridged";
	r->rc = -ENOLINK;
	if (!vpdn_channel_drain(l2tp, access, &r->number))
		return;
	r->what = "the subscriber's channel hung up before it was bridged";
	r->rc = -ENXIO;
	if (!vpdn_channel_drain(access, l2tp, &r->number))
		return;
	r->what = "bridging both channels (PPPIOCBRIDGECHAN)";
	r->rc = 0;
	if (ioctl(access, PPPIOCBRIDGECHAN, &number) < 0)
		r->rc = -errno;
	/* Still with the session of an LNS that has given the call up in this moment. */
	if (r->rc == -EALREADY && !ioctl(access, PPPIOCUNBRIDGECHAN))
		r->rc = ioctl(access, PPPIOCBRIDGECHAN, &number) < 0 ? -errno : 0;
	/* There is no channel of this number any more. */
	if (r->rc == -ENXIO)
		r->rc = -ENOLINK;
	if (r->rc)
		return;
	vpdn_channel_drain(access, l2tp, &r->number);
	vpdn_channel_drain(l2tp, access, &r->number);
}

/* Copies too: they may have become the last ones. */
static void close_fds(struct vpdn_channel_request *r)
{
	/* The last close of a serial port waits for what it has not sent, half a minute when the modem does not take it. */
	if (r->does == CLOSES && r->n_fds)
		tcflush(r->fds[0], TCIOFLUSH);
	for (size_t i = 0; i < r->n_fds; i++)
		close(r->fds[i]);
	r->n_fds = 0;
}

static void *thread(void *arg)
{
	struct vpdn_channel_request *r = arg;
	struct vpdn_channels *cs = r->cs;
	uint64_t one = 1;

	if (r->does == ATTACHES)
		attach(r);
	else if (r->does == JOINS)
		join(r);
	else
		r->what = "closing it";
	close_fds(r);
	pthread_mutex_lock(&cs->lock);
	STAILQ_INSERT_TAIL(&cs->finished, r, next_finished);
	if (write(cs->wake, &one, sizeof(one)) < 0)
		abort();	/* only a counter of 2^64 - 1 would do that */
	cs->busy--;
	pthread_cond_signal(&cs->ended);
	pthread_mutex_unlock(&cs->lock);
	return NULL;
}

/* 0, and the request is one of those that are running; or -errno. */
static int start(struct vpdn_channel_request *r)
{
	static const struct timeval slow = { VPDN_CHANNEL_SLOW_MS / 1000, VPDN_CHANNEL_SLOW_MS % 1000 * 1000 };
	struct vpdn_channels *cs = r->cs;
	sigset_t all, before;
	pthread_attr_t attr;
	pthread_t id;
	int rc;

	/* Given up before it had begun. */
	if (!r->done)
		r->does = CLOSES;
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
		if (!cs->n_running++)
			evtimer_add(cs->look, &slow);
		TAILQ_INSERT_TAIL(&cs->running, r, next);
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
	r->cs->fds -= r->holds;
	free(r);
}

/* Says how a request ended, if anybody wants to know. */
static void tell(struct vpdn_channel_request *r)
{
	vpdn_channel_fn *done = r->done;
	int rc = r->rc;
	char err[128] = "";

	if (rc)
		snprintf(err, sizeof(err), "%s: %s", r->what, strerror(-rc));
	if (done && !rc && r->does == ATTACHES) {
		rc = r->channel;
		r->channel = -1;
	}
	if (done)
		done(r->arg, rc, r->number, err);
	drop(r);
}

/* Starts what may start now. A thread that cannot be had now is waited for as long as another one ends before. */
static void start_waiting(struct vpdn_channels *cs)
{
	struct vpdn_channel_request *r;
	int rc;

	while (cs->n_running < VPDN_CHANNEL_THREADS && (r = TAILQ_FIRST(&cs->waiting))) {
		TAILQ_REMOVE(&cs->waiting, r, next);
		rc = start(r);
		if (rc && cs->n_running) {
			TAILQ_INSERT_HEAD(&cs->waiting, r, next);
			return;
		}
		cs->n_waiting--;
		if (!rc)
			continue;
		r->rc = rc;
		r->what = "starting a thread";
		tell(r);
	}
}

/* Takes what has ended off the threads. */
static void take_finished(struct vpdn_channels *cs, struct requests *all)
{
	struct vpdn_channel_request *r;
	struct finished list = STAILQ_HEAD_INITIALIZER(list);

	pthread_mutex_lock(&cs->lock);
	STAILQ_CONCAT(&list, &cs->finished);
	pthread_mutex_unlock(&cs->lock);
	STAILQ_FOREACH(r, &list, next_finished) {
		TAILQ_REMOVE(&cs->running, r, next);
		TAILQ_INSERT_TAIL(all, r, next);
		cs->n_running--;
	}
}

static void go_on(struct vpdn_channels *cs)
{
	struct vpdn_channel_request *r;
	struct requests all = TAILQ_HEAD_INITIALIZER(all);

	take_finished(cs, &all);
	while ((r = TAILQ_FIRST(&all))) {
		TAILQ_REMOVE(&all, r, next);
		tell(r);
	}
	start_waiting(cs);
	if (!cs->n_running)
		evtimer_del(cs->look);
}

/* The log says it when the kernel begins to take long, and when it does so no more. */
static void say(struct vpdn_channels *cs)
{
	struct vpdn_channels_state s;
	bool slow;

	vpdn_channels_state(cs, &s);
	slow = s.oldest_ms >= VPDN_CHANNEL_SLOW_MS;
	if (slow && !cs->slow)
		vpdn_log_warn("the kernel is slow with PPP channels: a request is %llu ms old, id=%u, %s; "
			      "%u threads wait for the kernel, %u requests for a thread",
			      (unsigned long long)s.oldest_ms, s.oldest_id, s.oldest, s.threads, s.waiting);
	else if (!slow && cs->slow)
		vpdn_log_notice("the kernel is no longer slow with PPP channels");
	cs->slow = slow;
}

static void on_look(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	/* Perhaps it was this process that did not run. */
	go_on(arg);
	say(arg);
}

static void on_finished(evutil_socket_t fd, short what, void *arg)
{
	struct vpdn_channels *cs = arg;
	uint64_t n;

	(void)what;
	if (read(fd, &n, sizeof(n)) < 0)
		return;
	go_on(cs);
	if (cs->slow)
		say(cs);
}

struct vpdn_channels *vpdn_channels_new(struct event_base *base)
{
	struct vpdn_channels *cs = calloc(1, sizeof(*cs));
	pthread_condattr_t attr;

	if (!cs)
		return NULL;
	TAILQ_INIT(&cs->waiting);
	TAILQ_INIT(&cs->running);
	STAILQ_INIT(&cs->finished);
	pthread_mutex_init(&cs->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&cs->ended, &attr);
	pthread_condattr_destroy(&attr);
	cs->look = event_new(base, -1, EV_PERSIST, on_look, cs);
	cs->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (cs->wake >= 0)
		cs->event = event_new(base, cs->wake, EV_READ | EV_PERSIST, on_finished, cs);
	if (!cs->look || !cs->event || event_add(cs->event, NULL)) {
		vpdn_channels_free(cs);
		return NULL;
	}
	return cs;
}

/* Waits until a thread ends, END_S at most. False: none did. */
static bool await_end(struct vpdn_channels *cs)
{
	struct vpdn_channel_request *r;
	struct requests all = TAILQ_HEAD_INITIALIZER(all);
	struct timespec end;
	int rc = 0;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += END_S;
	pthread_mutex_lock(&cs->lock);
	while (cs->busy == cs->n_running && !rc)
		rc = pthread_cond_timedwait(&cs->ended, &cs->lock, &end);
	pthread_mutex_unlock(&cs->lock);
	take_finished(cs, &all);
	while ((r = TAILQ_FIRST(&all))) {
		TAILQ_REMOVE(&all, r, next);
		drop(r);
	}
	return !rc;
}

void vpdn_channels_free(struct vpdn_channels *cs)
{
	struct vpdn_channel_request *r;
	struct vpdn_channels_state s;

	if (!cs)
		return;
	TAILQ_FOREACH(r, &cs->running, next)
		r->done = NULL;
	TAILQ_FOREACH(r, &cs->waiting, next)
		r->done = NULL;
	while (cs->n_running && await_end(cs))
		start_waiting(cs);
	if (cs->event)
		event_free(cs->event);
	if (cs->look)
		event_free(cs->look);
	if (cs->n_running) {
		vpdn_channels_state(cs, &s);
		vpdn_log_warn("the kernel has not ended in %d s, %s, id=%u; %u descriptors are left to it", END_S, s.oldest, s.oldest_id, s.fds);
		return;		/* the threads have the rest */
	}
	if (cs->wake >= 0)
		close(cs->wake);
	pthread_cond_destroy(&cs->ended);
	pthread_mutex_destroy(&cs->lock);
	free(cs);
}

/* Now, or when a thread has ended. 0 or -errno. */
static int begin(struct vpdn_channel_request *r)
{
	struct vpdn_channels *cs = r->cs;
	int rc = -EAGAIN;

	r->since_ms = vpdnd_now_ms();
	r->holds = (unsigned int)r->n_fds + (r->does == ATTACHES);
	cs->fds += r->holds;
	if (!cs->n_waiting && cs->n_running < VPDN_CHANNEL_THREADS)
		rc = start(r);
	if (!rc || !cs->n_running)
		return rc;
	r->what = "not begun";
	TAILQ_INSERT_TAIL(&cs->waiting, r, next);
	cs->n_waiting++;
	return 0;
}

/* Begins a request that works on copies of these descriptors. NULL with errno set. */
static struct vpdn_channel_request *begin_with_copies(const struct vpdn_channel_request *of, const int *fds, size_t n)
{
	struct vpdn_channel_request *r = malloc(sizeof(*r));
	int rc = 0;

	if (!r)
		return NULL;
	*r = *of;
	for (; !rc && r->n_fds < n; r->n_fds += !rc) {
		r->fds[r->n_fds] = fcntl(fds[r->n_fds], F_DUPFD_CLOEXEC, 3);
		if (r->fds[r->n_fds] < 0)
			rc = -errno;
	}
	if (!rc)
		rc = begin(r);
	if (!rc)
		return r;
	drop(r);
	errno = -rc;
	return NULL;
}

struct vpdn_channel_request *vpdn_channel_attach(struct vpdn_channels *cs, uint32_t id, int fd, vpdn_channel_fn *done, void *arg)
{
	const struct vpdn_channel_request r = { .cs = cs, .id = id, .does = ATTACHES, .channel = -1, .done = done, .arg = arg };

	return begin_with_copies(&r, &fd, 1);
}

struct vpdn_channel_request *vpdn_channel_join(struct vpdn_channels *cs, uint32_t id, int access, int l2tp, int l2tp_number,
					       vpdn_channel_fn *done, void *arg)
{
	const struct vpdn_channel_request r = { .cs = cs, .id = id, .does = JOINS, .channel = -1, .number = l2tp_number,
						.done = done, .arg = arg };

	return begin_with_copies(&r, (int[]){ access, l2tp }, 2);
}

void vpdn_channel_cancel(struct vpdn_channel_request **r)
{
	if (*r)
		(*r)->done = NULL;
	*r = NULL;
}

void vpdn_channels_close(struct vpdn_channels *cs, uint32_t id, const int *fds, size_t n)
{
	struct vpdn_channel_request *r, all = { .cs = cs, .id = id, .channel = -1 };

	for (size_t i = 0; i < n && all.n_fds < VPDN_CHANNEL_CLOSE_MAX; i++)
		if (fds[i] >= 0)
			all.fds[all.n_fds++] = fds[i];
	if (!all.n_fds)
		return;
	/* Without a thread it takes its time, but a descriptor is never kept. */
	r = malloc(sizeof(*r));
	if (!r) {
		close_fds(&all);
		return;
	}
	*r = all;
	if (begin(r))
		drop(r);
}

void vpdn_channels_state(const struct vpdn_channels *cs, struct vpdn_channels_state *s)
{
	const struct vpdn_channel_request *r = TAILQ_FIRST(&cs->running);

	*s = (struct vpdn_channels_state){ .threads = cs->n_running, .waiting = cs->n_waiting, .fds = cs->fds };
	if (!r)
		return;
	s->oldest_ms = vpdnd_now_ms() - r->since_ms;
	s->oldest_id = r->id;
	s->oldest = r->what;
}
