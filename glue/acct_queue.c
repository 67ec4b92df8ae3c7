/* SPDX-License-Identifier: GPL-2.0-or-later */
/* acct_queue.c - see acct_queue.h. */
#include "acct_queue.h"

#include <bsd/sys/queue.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "radius_client.h"
#include "show_impl.h"

#define IN_FLIGHT_MAX	32u		/* sent and not yet taken */
#define RETRY_S		5		/* after no server took a record */
#define TOO_OLD_MS	(24u * 3600 * 1000)

struct record {
	TAILQ_ENTRY(record) of_lane;	/* while it waits */
	TAILQ_ENTRY(record) of_all;	/* in `waiting` or `in_flight` */
	struct vpdn_acct_lane *lane;
	struct vpdn_radius_exchange *exchange;	/* NULL: waits */
	uint64_t since_ms;		/* when it was made */
	bool update;
	size_t len;
	uint8_t attributes[];
};
TAILQ_HEAD(records, record);

struct vpdn_acct_lane {
	TAILQ_ENTRY(vpdn_acct_lane) link;	/* in `ready` */
	struct vpdn_acct_queue *queue;
	struct records waiting;
	struct record *in_flight;
	bool ready;			/* something waits, nothing is under way */
	bool closed;
};

struct vpdn_acct_queue {
	struct vpdnd *d;
	struct vpdn_radius_client *client;
	void (*empty)(void *arg);
	void *arg;
	TAILQ_HEAD(, vpdn_acct_lane) ready;
	struct records waiting, in_flight;	/* of all lanes, the oldest first */
	size_t n_waiting, n_in_flight;
	struct event *retry;		/* pending: no server took the last record */
	bool last_try;
	bool losing;			/* said that records are lost */
	uint64_t sent, taken, lost;
	uint64_t lost_at_end;		/* of `lost`, since the last try */
};

/* After a record has come or gone: the lane's turn, or its end. */
static void lane_changed(struct vpdn_acct_lane *l)
{
	struct vpdn_acct_queue *q = l->queue;
	bool ready = !l->in_flight && !TAILQ_EMPTY(&l->waiting);

	if (ready && !l->ready)
		TAILQ_INSERT_TAIL(&q->ready, l, link);
	else if (!ready && l->ready)
		TAILQ_REMOVE(&q->ready, l, link);
	l->ready = ready;
	if (l->closed && !l->in_flight && TAILQ_EMPTY(&l->waiting))
		free(l);
}

static void stop_waiting(struct record *r)
{
	struct vpdn_acct_queue *q = r->lane->queue;

	TAILQ_REMOVE(&r->lane->waiting, r, of_lane);
	TAILQ_REMOVE(&q->waiting, r, of_all);
	q->n_waiting--;
}

/* Of one that is in no list any more. */
static void lose(struct record *r, const char *why)
{
	struct vpdn_acct_queue *q = r->lane->queue;

	vpdn_acct_count_lost(q, 1);
	if (!q->losing)
		vpdn_log_err("accounting records are lost: %s", why);
	q->losing = true;
	free(r);
}

static void send_waiting(struct vpdn_acct_queue *q);

/* Goes first again, unless nobody needs it any more. */
static void put_back(struct record *r)
{
	struct vpdn_acct_lane *l = r->lane;
	struct vpdn_acct_queue *q = l->queue;

	if (q->last_try) {
		lose(r, "vpdnd ends, and no server takes them");
	} else if (r->update && !TAILQ_EMPTY(&l->waiting)) {
		free(r);
	} else if (vpdnd_now_ms() - r->since_ms > TOO_OLD_MS) {
		lose(r, "no server has taken them for a day");
	} else {
		TAILQ_INSERT_HEAD(&l->waiting, r, of_lane);
		TAILQ_INSERT_HEAD(&q->waiting, r, of_all);
		q->n_waiting++;
	}
}

static void on_reply(void *arg, const struct vpdn_radius_reply *reply)
{
	struct record *r = arg;
	struct vpdn_acct_lane *l = r->lane;
	struct vpdn_acct_queue *q = l->queue;

	r->exchange = NULL;
	l->in_flight = NULL;
	TAILQ_REMOVE(&q->in_flight, r, of_all);
	q->n_in_flight--;
	if (!reply->wrong) {
		q->taken++;
		q->losing = false;
		free(r);
	} else {
		put_back(r);
		if (!q->last_try)
			evtimer_add(q->retry, &(struct timeval){ .tv_sec = RETRY_S });
	}
	lane_changed(l);
	send_waiting(q);
}

static void send_waiting(struct vpdn_acct_queue *q)
{
	struct vpdn_acct_lane *l;
	struct record *r;
	int rc;

	while (q->n_in_flight < IN_FLIGHT_MAX && !evtimer_pending(q->retry, NULL) && (l = TAILQ_FIRST(&q->ready))) {
		r = TAILQ_FIRST(&l->waiting);
		rc = vpdn_radius_send(q->client, q->d->config, r->attributes, r->len, r->since_ms, on_reply, r, &r->exchange);
		if (rc && rc != -ENOENT) {
			evtimer_add(q->retry, &(struct timeval){ .tv_sec = RETRY_S });
			return;
		}
		stop_waiting(r);
		if (rc) {
			lose(r, "vpdn.conf has no RADIUS servers any more");
		} else {
			q->sent++;
			TAILQ_INSERT_TAIL(&q->in_flight, r, of_all);
			q->n_in_flight++;
			l->in_flight = r;
		}
		lane_changed(l);
	}
	if (!vpdn_acct_queue_left(q))
		q->empty(q->arg);
}

static void on_retry(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	send_waiting(arg);
}

int vpdn_acct_put(struct vpdn_acct_lane *l, const void *attributes, size_t len, bool update)
{
	struct vpdn_acct_queue *q = l->queue;
	struct record *r = malloc(sizeof(*r) + len), *last = TAILQ_LAST(&l->waiting, records), *oldest;
	struct vpdn_acct_lane *its;

	if (!r) {
		vpdn_acct_count_lost(q, 1);
		return -ENOMEM;
	}
	*r = (struct record){ .lane = l, .since_ms = vpdnd_now_ms(), .update = update, .len = len };
	memcpy(r->attributes, attributes, len);
	if (last && last->update) {
		stop_waiting(last);
		free(last);
	}
	TAILQ_INSERT_TAIL(&l->waiting, r, of_lane);
	TAILQ_INSERT_TAIL(&q->waiting, r, of_all);
	if (++q->n_waiting > VPDN_ACCT_WAITING_MAX) {
		oldest = TAILQ_FIRST(&q->waiting);
		its = oldest->lane;
		stop_waiting(oldest);
		lose(oldest, "the queue is full");
		lane_changed(its);
	}
	lane_changed(l);
	send_waiting(q);
	return 0;
}

struct vpdn_acct_lane *vpdn_acct_lane_new(struct vpdn_acct_queue *q)
{
	struct vpdn_acct_lane *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->queue = q;
	TAILQ_INIT(&l->waiting);
	return l;
}

void vpdn_acct_lane_close(struct vpdn_acct_lane *l)
{
	if (!l)
		return;
	l->closed = true;
	lane_changed(l);
}

void vpdn_acct_count_lost(struct vpdn_acct_queue *q, unsigned int n)
{
	q->lost += n;
	if (q->last_try)
		q->lost_at_end += n;
}

void vpdn_acct_queue_last_try(struct vpdn_acct_queue *q)
{
	q->last_try = true;
	evtimer_del(q->retry);
	send_waiting(q);
}

size_t vpdn_acct_queue_left(const struct vpdn_acct_queue *q)
{
	return q->n_waiting + q->n_in_flight;
}

bool vpdn_acct_queue_used(const struct vpdn_acct_queue *q)
{
	return q->sent;
}

struct vpdn_acct_queue *vpdn_acct_queue_new(struct vpdnd *d, void (*empty)(void *arg), void *arg)
{
	struct vpdn_acct_queue *q = calloc(1, sizeof(*q));

	if (!q)
		return NULL;
	q->d = d;
	q->empty = empty;
	q->arg = arg;
	TAILQ_INIT(&q->ready);
	TAILQ_INIT(&q->waiting);
	TAILQ_INIT(&q->in_flight);
	q->client = vpdn_radius_client_new(d, VPDN_RADIUS_ACCT);
	q->retry = evtimer_new(d->base, on_retry, q);
	if (q->client && q->retry)
		return q;
	vpdn_acct_queue_free(q);
	return NULL;
}

void vpdn_acct_queue_free(struct vpdn_acct_queue *q)
{
	struct vpdn_acct_lane *l;
	struct record *r;

	if (!q)
		return;
	if (q->lost_at_end + vpdn_acct_queue_left(q))
		vpdn_log_warn("%zu accounting records were not taken by a server", q->lost_at_end + vpdn_acct_queue_left(q));
	while ((r = TAILQ_FIRST(&q->in_flight))) {
		l = r->lane;
		TAILQ_REMOVE(&q->in_flight, r, of_all);
		vpdn_radius_cancel(r->exchange);
		free(r);
		l->in_flight = NULL;
		lane_changed(l);
	}
	while ((r = TAILQ_FIRST(&q->waiting))) {
		l = r->lane;
		stop_waiting(r);
		free(r);
		lane_changed(l);
	}
	if (q->retry)
		event_free(q->retry);
	vpdn_radius_client_free(q->client);
	free(q);
}

void vpdn_acct_queue_show(const struct vpdn_acct_queue *q, json_t *o)
{
	set(o, "acct_servers", vpdn_radius_client_show(q->client));
	set(o, "acct_sent", json_integer((json_int_t)q->sent));
	set(o, "acct_taken", json_integer((json_int_t)q->taken));
	set(o, "acct_waiting", json_integer((json_int_t)vpdn_acct_queue_left(q)));
	set(o, "acct_lost", json_integer((json_int_t)q->lost));
}
