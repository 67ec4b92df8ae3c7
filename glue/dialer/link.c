/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * link.c - see link.h.
 *
 * What cannot be sent at once waits in a bounded queue, which owns duplicates of the descriptors in it; a vpdnd that does not read
 * for that long is treated as gone.
 */
#include "link.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bearer.h"
#include "glue/log.h"
#include "ipc_client.h"

#define RETRY_MS		1000
#define HELLO_MS		5000
#define QUEUE_MAX_OCTETS	(1u << 20)
#define MESSAGES_PER_WAKEUP	32

struct queued {
	STAILQ_ENTRY(queued) link;
	int fd;			/* -1: none */
	size_t len;
	uint8_t data[];
};

struct vpdn_dialer_link {
	struct vpdn_dialer_daemon *d;
	const char *path;
	int fd;
	bool accepted;		/* HELLO_ACK came */
	bool complained;	/* about not being connected */
	bool orphans;		/* the bearers of a lost connection are still to be hung up */
	struct event *readable, *writable;
	struct event *timer;	/* what is next after a loss, or HELLO_ACK overdue */
	STAILQ_HEAD(, queued) queue;
	size_t queued;
};

static void queue_drop_first(struct vpdn_dialer_link *l)
{
	struct queued *q = STAILQ_FIRST(&l->queue);

	STAILQ_REMOVE_HEAD(&l->queue, link);
	l->queued -= q->len;
	if (q->fd >= 0)
		close(q->fd);
	free(q);
}

static void disconnect(struct vpdn_dialer_link *l)
{
	if (l->readable)
		event_free(l->readable);
	if (l->writable)
		event_free(l->writable);
	l->readable = l->writable = NULL;
	event_del(l->timer);
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
	l->accepted = false;
	while (!STAILQ_EMPTY(&l->queue))
		queue_drop_first(l);
}

/* May be called from anywhere, as the bearers are hung up by the timer. */
static void lost(struct vpdn_dialer_link *l, const char *why)
{
	struct timeval tv = vpdn_ms(l->accepted ? 0 : RETRY_MS);

	if (l->accepted || !l->complained)
		vpdn_log_warn("%s vpdnd at %s: %s; trying again", l->accepted ? "lost" : "no connection to", l->path, why);
	l->complained = true;
	l->orphans |= l->accepted;
	disconnect(l);
	event_add(l->timer, &tv);
}

/* ---- sending ---- */

static void enqueue(struct vpdn_dialer_link *l, const struct vpdn_ipc_builder *b, int fd)
{
	struct queued *q;

	if (l->queued + b->w.len > QUEUE_MAX_OCTETS || !(q = malloc(sizeof(*q) + b->w.len))) {
		lost(l, "it does not read what it is sent");
		return;
	}
	q->fd = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;
	q->len = b->w.len;
	memcpy(q->data, b->buf, q->len);
	STAILQ_INSERT_TAIL(&l->queue, q, link);
	l->queued += q->len;
	if ((fd >= 0 && q->fd < 0) || event_add(l->writable, NULL))
		lost(l, strerror(errno));
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct vpdn_dialer_link *l = arg;
	struct queued *q;
	int rc;

	(void)fd, (void)what;
	while ((q = STAILQ_FIRST(&l->queue))) {
		rc = vpdn_ipc_send_octets(l->fd, q->data, q->len, &q->fd, q->fd >= 0);
		if (rc == -EAGAIN)
			return;
		if (rc) {
			lost(l, strerror(-rc));
			return;
		}
		queue_drop_first(l);
	}
	event_del(l->writable);
}

void vpdn_dialer_link_send(struct vpdn_dialer_link *l, struct vpdn_ipc_builder *b, int fd)
{
	int rc;

	if (!l->accepted)
		return;
	rc = vpdn_ipc_finish(b);
	if (!rc)
		rc = STAILQ_EMPTY(&l->queue) ? vpdn_ipc_send_octets(l->fd, b->buf, b->w.len, &fd, fd >= 0) : -EAGAIN;
	if (rc == -EAGAIN)
		enqueue(l, b, fd);
	else if (rc)
		lost(l, strerror(-rc));
}

static void send_error(struct vpdn_dialer_link *l, uint32_t seq, int err, const char *text)
{
	struct vpdn_ipc_builder b;

	vpdn_ipc_begin(&b, VPDN_MSG_ERROR, VPDN_IPC_F_REPLY, seq);
	vpdn_ipc_put_u32(&b, VPDN_TLV_ERRNO, (uint32_t)err);
	vpdn_ipc_put_text(&b, VPDN_TLV_TEXT, text);
	vpdn_dialer_link_send(l, &b, -1);
}

/* ---- receiving ---- */

static void on_hello_answer(struct vpdn_dialer_link *l, const struct vpdn_ipc_msg *m)
{
	char text[200];
	int rc = vpdn_ipc_hello_answer(m);

	if (rc) {
		vpdn_ipc_get_text(m, VPDN_TLV_TEXT, text, sizeof(text));
		lost(l, *text ? text : strerror(-rc));
		return;
	}
	l->accepted = true;
	l->complained = false;
	event_del(l->timer);
	vpdn_log_notice("connected to vpdnd at %s", l->path);
}

static int on_error(struct vpdn_dialer_daemon *d, const struct vpdn_ipc_msg *m)
{
	char text[200];

	(void)d;
	vpdn_ipc_get_text(m, VPDN_TLV_TEXT, text, sizeof(text));
	vpdn_log_warn("vpdnd did not take a message: %s", text);
	return 0;
}

static const struct {
	uint16_t type;
	int (*handler)(struct vpdn_dialer_daemon *d, const struct vpdn_ipc_msg *m);
} handlers[] = {
	{ VPDN_MSG_ERROR,		on_error },
	{ VPDN_MSG_BEARER_START,	vpdn_bearer_on_start },
	{ VPDN_MSG_BEARER_CLEAR,	vpdn_bearer_on_clear },
};

static void dispatch(struct vpdn_dialer_link *l, const struct vpdn_ipc_msg *m)
{
	char line[1024];
	int rc = -EOPNOTSUPP;

	if (vpdn_log_debugging())
		vpdn_log_debug("vpdnd: %s", vpdn_ipc_print(m, line, sizeof(line)));
	if (!l->accepted) {
		on_hello_answer(l, m);
		return;
	}
	for (size_t i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++)
		if (handlers[i].type == m->type)
			rc = handlers[i].handler(l->d, m);
	if (rc) {
		vpdn_log_warn("%s of vpdnd is refused: %s", vpdn_ipc_msg_name(m->type), strerror(-rc));
		send_error(l, m->seq, -rc, strerror(-rc));
	}
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	static struct vpdn_ipc_msg m;
	struct vpdn_dialer_link *l = arg;
	int rc;

	(void)fd, (void)what;
	for (unsigned int i = 0; i < MESSAGES_PER_WAKEUP && l->fd >= 0; i++) {
		rc = vpdn_ipc_recv(l->fd, &m);
		if (rc == -EAGAIN)
			return;
		if (rc == 1) {
			dispatch(l, &m);
		} else if (l->accepted && (rc == -EOPNOTSUPP || rc == -EBADMSG)) {
			vpdn_log_warn("%s of vpdnd is not understood: %s", vpdn_ipc_msg_name(m.type),
				      m.bad_tlv ? vpdn_ipc_tlv_name(m.bad_tlv) : strerror(-rc));
			send_error(l, m.seq, -rc, rc == -EBADMSG ? "damaged message" : "unknown message");
		} else {
			lost(l, rc ? strerror(-rc) : "it closed the connection");
		}
		vpdn_ipc_msg_close(&m);
	}
}

/* ---- connecting ---- */

static void connect_now(struct vpdn_dialer_link *l)
{
	struct timeval hello = vpdn_ms(HELLO_MS);

	l->fd = vpdn_ipc_hello(l->path, VPDN_ROLE_DIALER, "vpdn-dialer");
	if (l->fd < 0) {
		lost(l, strerror(-l->fd));
		return;
	}
	l->readable = event_new(l->d->base, l->fd, EV_READ | EV_PERSIST, on_readable, l);
	l->writable = event_new(l->d->base, l->fd, EV_WRITE | EV_PERSIST, on_writable, l);
	if (!l->readable || !l->writable || event_add(l->readable, NULL) || event_add(l->timer, &hello))
		lost(l, strerror(ENOMEM));
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct vpdn_dialer_link *l = arg;
	struct timeval tv = vpdn_ms(RETRY_MS);

	(void)fd, (void)what;
	if (l->fd >= 0) {
		lost(l, "it does not answer");
	} else if (l->orphans) {
		l->orphans = false;
		vpdn_bearers_orphan(l->d, "vpdnd is gone");
		event_add(l->timer, &tv);
	} else {
		connect_now(l);
	}
}

struct vpdn_dialer_link *vpdn_dialer_link_new(struct vpdn_dialer_daemon *d, const char *path)
{
	struct vpdn_dialer_link *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->d = d;
	l->path = path;
	l->fd = -1;
	STAILQ_INIT(&l->queue);
	l->timer = evtimer_new(d->base, on_timer, l);
	if (!l->timer) {
		free(l);
		return NULL;
	}
	event_active(l->timer, EV_TIMEOUT, 0);
	return l;
}

void vpdn_dialer_link_close(struct vpdn_dialer_link *l)
{
	disconnect(l);
}

void vpdn_dialer_link_free(struct vpdn_dialer_link *l)
{
	if (!l)
		return;
	disconnect(l);
	event_free(l->timer);
	free(l);
}
