/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stats.c - see stats.h. */
#include "stats.h"

#include <bsd/sys/queue.h>
#include <stdlib.h>

#include "control.h"
#include "l2tp_peer.h"

#define ANSWER_MS	2000	/* the module answers from its own memory and the kernel's */

struct asked {
	LIST_ENTRY(asked) link;
	struct vpdn_conn *conn;		/* vpdnctl */
	uint32_t seq, stats_seq;	/* of its request; of ours to the module */
	json_t *answer, *row;
	struct event *timer;
};

struct vpdn_stats {
	struct vpdnd *d;
	LIST_HEAD(, asked) asked;
	uint32_t last_seq;
};

struct vpdn_stats *vpdn_stats_new(struct vpdnd *d)
{
	struct vpdn_stats *s = calloc(1, sizeof(*s));

	if (s) {
		s->d = d;
		LIST_INIT(&s->asked);
	}
	return s;
}

static void asked_free(struct asked *a)
{
	LIST_REMOVE(a, link);
	if (a->timer)
		event_free(a->timer);
	json_decref(a->answer);
	free(a);
}

static void answer(struct asked *a)
{
	vpdn_control_reply(a->conn, a->seq, a->answer);
	asked_free(a);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	answer(arg);
}

void vpdn_stats_free(struct vpdn_stats *s)
{
	if (!s)
		return;
	while (!LIST_EMPTY(&s->asked))
		asked_free(LIST_FIRST(&s->asked));
	free(s);
}

bool vpdn_stats_ask(struct vpdn_stats *s, struct vpdn_conn *c, uint32_t seq, uint16_t tunnel_id, uint16_t session_id, json_t *answer,
		    json_t *row)
{
	struct timeval tv = { .tv_sec = ANSWER_MS / 1000 };
	struct asked *a = calloc(1, sizeof(*a));

	if (!a)
		return false;
	LIST_INSERT_HEAD(&s->asked, a, link);
	a->conn = c;
	a->seq = seq;
	a->stats_seq = ++s->last_seq;
	a->answer = json_incref(answer);
	a->row = row;
	a->timer = evtimer_new(s->d->base, on_timer, a);
	if (a->timer && !evtimer_add(a->timer, &tv) && !vpdn_l2tp_stats_ask(s->d->l2tp, a->stats_seq, tunnel_id, session_id))
		return true;
	asked_free(a);
	return false;
}

static struct asked *find(const struct vpdn_stats *s, const struct vpdn_ipc_msg *m)
{
	struct asked *a;

	LIST_FOREACH(a, &s->asked, link)
		if (m->flags & VPDN_IPC_F_REPLY && a->stats_seq == m->seq)
			return a;
	return NULL;
}

int vpdn_stats_on_reply(struct vpdn_conn *c, struct vpdn_ipc_msg *m)
{
	struct asked *a = find(vpdn_conn_daemon(c)->stats, m);
	struct vpdn_ipc_iter it;
	const uint8_t *p;
	uint16_t counter;
	uint64_t value;
	json_t *o;
	size_t len;

	/* Too late, or vpdnctl has gone. */
	if (!a)
		return 0;
	o = json_object();
	vpdn_ipc_iter_init(&it, m);
	while (vpdn_ipc_next_of(&it, VPDN_TLV_COUNTER, &p, &len))
		if (vpdn_ipc_parse_counter(p, len, &counter, &value) && vpdn_ipc_counter_name(counter))
			json_object_set_new(o, vpdn_ipc_counter_name(counter), json_integer((json_int_t)value));
	json_object_set_new(a->row, "counters", o);
	answer(a);
	return 0;
}

bool vpdn_stats_on_error(struct vpdn_stats *s, const struct vpdn_ipc_msg *m)
{
	struct asked *a = find(s, m);

	if (a)
		answer(a);
	return a;
}

void vpdn_stats_asker_gone(struct vpdn_stats *s, const struct vpdn_conn *c)
{
	struct asked *a, *next;

	for (a = LIST_FIRST(&s->asked); a; a = next) {
		next = LIST_NEXT(a, link);
		if (a->conn == c)
			asked_free(a);
	}
}

void vpdn_stats_l2tp_gone(struct vpdn_stats *s)
{
	while (!LIST_EMPTY(&s->asked))
		answer(LIST_FIRST(&s->asked));
}
