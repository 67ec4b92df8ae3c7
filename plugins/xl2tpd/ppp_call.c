/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ppp_call.c - one LNS call's connection to its pppd template and to the child that runs PPP on it (vpdn-ipc(7)).
 *
 * Used by calls_in.c. The connection is the call's life for both sides: shutting our half down is a hangup for the child, its end
 * tells us that the child is dead. A template whose queue of connections is full is asked again for some seconds.
 * Owns the connection, and the session's socket until the template has it.
 */
#include "module.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipc_client.h"
#include "text.h"

#define START_TIMEOUT_MS	15000	/* until CALL_STARTED: a loaded template forks others first */
#define RETRY_MS		100
#define DRAIN_MS		15000	/* a child leaves about 3 s after its Terminate-Ack; scripts may take longer */
#define MESSAGES_PER_WAKEUP	8

struct vpdn_ppp_call {
	vpdn_ppp_fn *fn;
	void *arg;
	int fd;				/* -1: not connected yet */
	struct l2tp_watch *watch;
	struct l2tp_timer *timer;	/* next attempt, or the state's time is up */
	uint64_t start_by_ms;
	bool started;
	bool draining;
	bool may_stay;
	char template[64];
	int session_fd;			/* -1: the template has it */
	struct vpdn_kept start, connected;	/* CALL_START and CALL_CONNECTED, until sent */
};

static void try_start(void *arg);

static void forget_start(struct vpdn_ppp_call *p)
{
	vpdn_kept_wipe(&p->start);
	if (p->session_fd >= 0)
		close(p->session_fd);
	p->session_fd = -1;
}

static void let_go(struct vpdn_ppp_call *p)
{
	vpdn_core->timer_del(p->timer);
	p->timer = NULL;
	vpdn_core->unwatch(p->watch);
	p->watch = NULL;
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
	forget_start(p);
	vpdn_kept_wipe(&p->connected);
}

/* Told last; fn may free p. */
static void finish(struct vpdn_ppp_call *p, enum vpdn_ppp_event event, const char *text)
{
	let_go(p);
	p->fn(p->arg, event, NULL, text);
}

static void start_overdue(void *arg)
{
	struct vpdn_ppp_call *p = arg;

	p->timer = NULL;
	finish(p, VPDN_PPP_REFUSED, "the pppd template does not answer");
}

static void drain_overdue(void *arg)
{
	struct vpdn_ppp_call *p = arg;

	p->timer = NULL;
	finish(p, VPDN_PPP_GONE, "pppd has not left in time");
}

static const struct {
	uint16_t type;
	enum vpdn_ppp_event event;
} events[] = {
	{ VPDN_MSG_CALL_STARTED, VPDN_PPP_STARTED },
	{ VPDN_MSG_CALL_INFO, VPDN_PPP_INFO },
	{ VPDN_MSG_CALL_UP, VPDN_PPP_UP },
	{ VPDN_MSG_CALL_ENDING, VPDN_PPP_ENDING },
	{ VPDN_MSG_CALL_ENDED, VPDN_PPP_ENDED },
};

/* False when the call is over. */
static bool handle(struct vpdn_ppp_call *p, const struct vpdn_ipc_msg *m)
{
	char text[256] = "the pppd template refuses the call";
	const uint8_t *t;
	size_t i, len;

	if (m->type == VPDN_MSG_ERROR) {
		if (vpdn_ipc_get_bytes(m, VPDN_TLV_TEXT, &t, &len))
			vpdn_text_escape(t, len, text, sizeof(text));
		finish(p, p->started ? VPDN_PPP_GONE : VPDN_PPP_REFUSED, text);
		return false;
	}
	if (m->type == VPDN_MSG_CALL_STARTED && !p->started) {
		p->started = true;
		if (!p->draining) {
			vpdn_core->timer_del(p->timer);
			p->timer = NULL;
		}
	}
	for (i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (events[i].type == m->type)
			p->fn(p->arg, events[i].event, m, NULL);
	return true;
}

static void readable(int fd, uint32_t ev, void *arg)
{
	static struct vpdn_ipc_msg m;
	struct vpdn_ppp_call *p = arg;
	bool on = true;
	int i, rc;

	(void)ev;
	for (i = 0; on && i < MESSAGES_PER_WAKEUP; i++) {
		rc = vpdn_ipc_recv(fd, &m);
		if (rc == -EAGAIN)
			return;
		if (rc == 1) {
			on = handle(p, &m);
		} else if (rc == -EOPNOTSUPP || rc == -EBADMSG) {
			vpdn_core->log(LOG_WARNING, "vpdn: damaged or unknown message from template %s\n", p->template);
		} else {
			finish(p, p->started ? VPDN_PPP_GONE : VPDN_PPP_REFUSED,
			       p->started ? "" : "the pppd template has closed the connection");
			on = false;
		}
		vpdn_ipc_msg_close(&m);
	}
}

static int send_start(struct vpdn_ppp_call *p)
{
	int rc;

	p->fd = vpdn_template_connect(vpdn_args.templates, p->template);
	if (p->fd < 0) {
		rc = p->fd;
		p->fd = -1;
		return rc;
	}
	p->watch = vpdn_core->watch(p->fd, EPOLLIN, readable, p);
	return p->watch ? vpdn_ipc_send_octets(p->fd, p->start.p, p->start.len, &p->session_fd, 1) : -ENOMEM;
}

/* A child that has gone is no failure here: its connection says so. */
static int send_connected(struct vpdn_ppp_call *p)
{
	int rc = p->connected.p ? vpdn_ipc_send_octets(p->fd, p->connected.p, p->connected.len, NULL, 0) : 0;

	vpdn_kept_wipe(&p->connected);
	return rc == -EPIPE ? 0 : rc;
}

static void try_start(void *arg)
{
	struct vpdn_ppp_call *p = arg;
	uint64_t now = vpdn_now_ms();
	char text[128];
	int rc;

	p->timer = NULL;
	rc = send_start(p);
	if (!rc) {
		forget_start(p);
		rc = send_connected(p);
	}
	if (!rc) {
		p->timer = vpdn_core->timer_add(p->start_by_ms > now ? (unsigned int)(p->start_by_ms - now) : 0, start_overdue, p);
		return;
	}
	if (rc == -EAGAIN && p->fd < 0 && now < p->start_by_ms) {
		p->timer = vpdn_core->timer_add(RETRY_MS, try_start, p);
		return;
	}
	snprintf(text, sizeof(text), "pppd template \"%s\": %s", p->template,
		 rc == -ENOENT || rc == -ECONNREFUSED ? "not running" : strerror(-rc));
	finish(p, VPDN_PPP_REFUSED, text);
}

struct vpdn_ppp_call *vpdn_ppp_start(const char *template, struct vpdn_ipc_builder *b, int fd, vpdn_ppp_fn *fn, void *arg)
{
	struct vpdn_ppp_call *p = calloc(1, sizeof(*p));

	if (!p || vpdn_kept_set(&p->start, &b->w)) {
		close(fd);
		free(p);
		return NULL;
	}
	p->session_fd = fd;
	p->fd = -1;
	p->fn = fn;
	p->arg = arg;
	snprintf(p->template, sizeof(p->template), "%s", template);
	p->start_by_ms = vpdn_now_ms() + START_TIMEOUT_MS;
	p->timer = vpdn_core->timer_add(0, try_start, p);
	return p;
}

int vpdn_ppp_connected(struct vpdn_ppp_call *p, const struct vpdn_ipc_builder *b)
{
	int rc = vpdn_kept_set(&p->connected, &b->w);

	return rc || p->start.p ? rc : send_connected(p);
}

void vpdn_ppp_close(struct vpdn_ppp_call *p, const char *text)
{
	struct vpdn_ipc_builder b;

	vpdn_ipc_begin(&b, VPDN_MSG_CALL_CLOSE, 0, 0);
	vpdn_ipc_put_text(&b, VPDN_TLV_TEXT, text);
	if (p->fd < 0 || vpdn_ipc_send(p->fd, &b, NULL, 0))
		vpdn_ppp_hangup(p);
}

void vpdn_ppp_hangup(struct vpdn_ppp_call *p)
{
	if (p->fd >= 0)
		shutdown(p->fd, SHUT_WR);
	forget_start(p);
	vpdn_ppp_drain(p);
}

void vpdn_ppp_may_stay(struct vpdn_ppp_call *p)
{
	p->may_stay = true;
}

void vpdn_ppp_drain(struct vpdn_ppp_call *p)
{
	if (p->draining)
		return;
	p->draining = true;
	if (p->may_stay)
		return;
	vpdn_core->timer_del(p->timer);
	p->timer = vpdn_core->timer_add(p->fd >= 0 ? DRAIN_MS : 0, drain_overdue, p);
}

void vpdn_ppp_free(struct vpdn_ppp_call *p)
{
	if (!p)
		return;
	let_go(p);
	free(p);
}
