/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * server.c - see server.h. Limits: a peer must say HELLO within HELLO_MS, a queue
 * holds at most QUEUE_MAX octets, and when fds run out accepting pauses for a while
 * instead of spinning.
 */
#include "server.h"

#include <bsd/string.h>
#include <bsd/sys/queue.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "channel.h"
#include "dispatch.h"
#include "log.h"
#include "text.h"

#define HELLO_MS	5000
#define ACCEPT_PAUSE_MS	200
#define FLUSH_MS	2000			/* for a closing connection to take what is queued */
#define QUEUE_MAX	(16u * 1024 * 1024)
#define BATCH_MAX	64			/* messages of one peer before others get their turn */

struct queued {
	STAILQ_ENTRY(queued) link;
	size_t len;
	int fd;			/* to go along, -1: none */
	uint8_t octets[];
};

struct vpdn_conn {
	LIST_ENTRY(vpdn_conn) link;
	struct vpdn_server *server;
	int fd;
	pid_t pid;
	uint8_t role;
	char name[VPDN_PEER_NAME_MAX * 4];
	struct vpdn_call *call;
	struct event *readable, *writable, *timer;
	STAILQ_HEAD(, queued) queue;
	size_t queued;
	bool closing;		/* after the queue is empty */
	bool doomed;		/* the timer is going to free it */
};

struct vpdn_server {
	struct vpdnd *d;
	char *path;
	int fd;
	struct event *acceptable, *pause;
	LIST_HEAD(, vpdn_conn) conns;
	unsigned int n;
};

static struct timeval ms(unsigned int n)
{
	return (struct timeval){ .tv_sec = n / 1000, .tv_usec = (n % 1000) * 1000 };
}

static void queue_drop(struct vpdn_conn *c, struct queued *q)
{
	STAILQ_REMOVE_HEAD(&c->queue, link);
	c->queued -= q->len;
	if (q->fd >= 0)
		close(q->fd);
	explicit_bzero(q->octets, q->len);
	free(q);
}

static void conn_free(struct vpdn_conn *c)
{
	struct queued *q;

	while ((q = STAILQ_FIRST(&c->queue)))
		queue_drop(c, q);
	if (c->readable)
		event_free(c->readable);
	if (c->writable)
		event_free(c->writable);
	if (c->timer)
		event_free(c->timer);
	close(c->fd);
	LIST_REMOVE(c, link);
	c->server->n--;
	free(c);
}

/* From now on nothing is read or sent; the event loop frees it. */
static void conn_doom(struct vpdn_conn *c)
{
	if (c->doomed)
		return;
	c->doomed = true;
	event_del(c->readable);
	event_del(c->writable);
	event_active(c->timer, EV_TIMEOUT, 0);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct vpdn_conn *c = arg;

	(void)fd, (void)what;
	if (!c->doomed && !c->closing) {
		vpdn_log_notice("connection of pid %d closed: no HELLO within %d s", (int)c->pid, HELLO_MS / 1000);
		c->server->d->counters.conn_refused++;
	}
	vpdn_dispatch_gone(c);
	conn_free(c);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct vpdn_conn *c = arg;
	struct queued *q;
	int rc;

	(void)fd, (void)what;
	while ((q = STAILQ_FIRST(&c->queue))) {
		rc = vpdn_ipc_send_octets(c->fd, q->octets, q->len, &q->fd, q->fd >= 0);
		if (rc == -EAGAIN)
			return;
		if (rc) {
			conn_doom(c);
			return;
		}
		queue_drop(c, q);
	}
	event_del(c->writable);
	if (c->closing)
		conn_doom(c);
}

static int enqueue(struct vpdn_conn *c, const struct vpdn_ipc_builder *b, int fd)
{
	struct queued *q;

	if (c->queued + b->w.len > QUEUE_MAX) {
		c->server->d->counters.conn_overflow++;
		return -ENOBUFS;
	}
	q = malloc(sizeof(*q) + b->w.len);
	if (!q)
		return -ENOMEM;
	q->fd = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (fd >= 0 && q->fd < 0) {
		int rc = -errno;

		free(q);
		return rc;
	}
	q->len = b->w.len;
	memcpy(q->octets, b->w.buf, b->w.len);
	c->queued += q->len;
	STAILQ_INSERT_TAIL(&c->queue, q, link);
	return event_add(c->writable, NULL) ? -ENOMEM : 0;
}

int vpdn_conn_send(struct vpdn_conn *c, struct vpdn_ipc_builder *b)
{
	return vpdn_conn_send_fd(c, b, -1);
}

int vpdn_conn_send_fd(struct vpdn_conn *c, struct vpdn_ipc_builder *b, int fd)
{
	int rc = -EPIPE;

	if (c->doomed || c->closing)
		goto out;
	rc = vpdn_ipc_finish(b);
	if (!rc)
		rc = STAILQ_EMPTY(&c->queue) ? vpdn_ipc_send_octets(c->fd, b->w.buf, b->w.len, &fd, fd >= 0) : -EAGAIN;
	if (rc == -EAGAIN)
		rc = enqueue(c, b, fd);
	if (rc) {
		if (rc != -EPIPE && rc != -ECONNRESET)
			vpdn_log_err("%s (pid %d): cannot send to it: %s; connection closed", c->name, (int)c->pid, strerror(-rc));
		conn_doom(c);
	}
out:
	vpdn_ipc_builder_wipe(b);
	return rc;
}

int vpdn_conn_send_error(struct vpdn_conn *c, uint32_t seq, int err, const char *text)
{
	struct vpdn_ipc_builder b;

	vpdn_ipc_begin(&b, VPDN_MSG_ERROR, VPDN_IPC_F_REPLY, seq);
	vpdn_ipc_put_u32(&b, VPDN_TLV_ERRNO, (uint32_t)err);
	vpdn_ipc_put_textf(&b, VPDN_TLV_TEXT, "%s", text);
	return vpdn_conn_send(c, &b);
}

void vpdn_conn_close(struct vpdn_conn *c)
{
	struct timeval tv = ms(FLUSH_MS);

	if (c->doomed || c->closing)
		return;
	c->closing = true;
	event_del(c->readable);
	if (STAILQ_EMPTY(&c->queue) || event_add(c->timer, &tv))
		conn_doom(c);
}

/*
 * A message was wrong. Who speaks for one call is of no further use; xl2tpd's module and
 * vpdn-dialer stay, for all the other calls that hang on their connection.
 */
static void misunderstood(struct vpdn_conn *c)
{
	c->server->d->counters.bad_messages++;
	if (c->role != VPDN_ROLE_L2TP && c->role != VPDN_ROLE_DIALER)
		vpdn_conn_close(c);
}

/* Takes one message. False when the connection is not to be read any further now. */
static bool receive(struct vpdn_conn *c)
{
	static struct vpdn_ipc_msg m;
	int rc = vpdn_ipc_recv(c->fd, &m);
	int fds[VPDN_IPC_MAX_FDS];

	if (rc == -EAGAIN)
		return false;
	if (rc == 1) {
		vpdn_log_debug("%s (pid %d): %s", c->name, (int)c->pid, vpdn_ipc_msg_name(m.type));
		if (vpdn_dispatch(c, &m))
			misunderstood(c);
	} else if (rc == -EOPNOTSUPP || rc == -EBADMSG) {
		vpdn_log_warn("%s (pid %d): %s is not understood: %s", c->name, (int)c->pid, vpdn_ipc_msg_name(m.type),
			      m.bad_tlv ? vpdn_ipc_tlv_name(m.bad_tlv) : strerror(-rc));
		vpdn_conn_send_error(c, m.seq, -rc, rc == -EBADMSG ? "damaged message" : "unknown message");
		misunderstood(c);
	} else if (rc == -EMSGSIZE || rc == -EPROTO) {
		vpdn_log_warn("%s (pid %d): %s", c->name, (int)c->pid, rc == -EPROTO ? "speaks another protocol" :
			      "a message did not arrive whole: too long, or no file descriptors are left");
		misunderstood(c);
	} else {
		if (rc) {
			c->server->d->counters.bad_messages++;
			vpdn_log_warn("%s (pid %d): connection closed: %s", c->name, (int)c->pid, strerror(-rc));
		}
		conn_doom(c);
	}
	/* A session that comes for a call which is over is closed like any other. */
	for (unsigned int i = 0; i < VPDN_IPC_MAX_FDS; i++)
		fds[i] = vpdn_ipc_take_fd(&m, i);
	vpdn_channels_close(c->server->d->channels, 0, fds, VPDN_IPC_MAX_FDS);
	vpdn_ipc_msg_wipe(&m);
	return !c->doomed && !c->closing;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	for (unsigned int i = 0; i < BATCH_MAX && receive(arg); i++)
		;
}

static void accepted(struct vpdn_server *s, int fd)
{
	struct timeval tv = ms(HELLO_MS);
	struct vpdn_conn *c;
	pid_t pid = 0;
	uid_t uid = (uid_t)-1;
	int rc = vpdn_ipc_peer(fd, &pid, &uid);

	if (rc || (uid != 0 && uid != geteuid())) {
		vpdn_log_warn("connection of pid %d, uid %d refused: root only", (int)pid, (int)uid);
		s->d->counters.conn_refused++;
		close(fd);
		return;
	}
	c = calloc(1, sizeof(*c));
	if (!c) {
		close(fd);
		return;
	}
	c->server = s;
	c->fd = fd;
	c->pid = pid;
	strlcpy(c->name, "peer", sizeof(c->name));
	STAILQ_INIT(&c->queue);
	LIST_INSERT_HEAD(&s->conns, c, link);
	s->n++;
	c->readable = event_new(s->d->base, fd, EV_READ | EV_PERSIST, on_readable, c);
	c->writable = event_new(s->d->base, fd, EV_WRITE | EV_PERSIST, on_writable, c);
	c->timer = evtimer_new(s->d->base, on_timer, c);
	if (!c->readable || !c->writable || !c->timer || event_add(c->readable, NULL) || event_add(c->timer, &tv)) {
		vpdn_log_err("out of memory: connection of pid %d refused", (int)pid);
		conn_free(c);
	}
}

static void on_pause_over(evutil_socket_t fd, short what, void *arg)
{
	struct vpdn_server *s = arg;

	(void)fd, (void)what;
	if (s->acceptable)
		event_add(s->acceptable, NULL);
}

static void on_acceptable(evutil_socket_t fd, short what, void *arg)
{
	struct vpdn_server *s = arg;
	struct timeval tv = ms(ACCEPT_PAUSE_MS);
	int conn;

	(void)fd, (void)what;
	for (unsigned int i = 0; i < BATCH_MAX; i++) {
		conn = vpdn_ipc_accept(s->fd);
		if (conn >= 0) {
			accepted(s, conn);
			continue;
		}
		if (conn == -EAGAIN)
			return;
		vpdn_log_err("accepting a connection: %s; waiting %d ms", strerror(-conn), ACCEPT_PAUSE_MS);
		event_del(s->acceptable);
		event_add(s->pause, &tv);
		return;
	}
}

struct vpdn_server *vpdn_server_new(struct vpdnd *d, const char *path)
{
	struct vpdn_server *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->d = d;
	LIST_INIT(&s->conns);
	s->fd = vpdn_ipc_listen(path);
	if (s->fd < 0) {
		vpdn_log_err("socket %s: %s", path, s->fd == -EADDRINUSE ? "another vpdnd listens there" : strerror(-s->fd));
		free(s);
		return NULL;
	}
	s->path = strdup(path);
	s->acceptable = event_new(d->base, s->fd, EV_READ | EV_PERSIST, on_acceptable, s);
	s->pause = evtimer_new(d->base, on_pause_over, s);
	if (!s->path || !s->acceptable || !s->pause || event_add(s->acceptable, NULL)) {
		vpdn_log_err("out of memory");
		vpdn_server_free(s);
		return NULL;
	}
	return s;
}

void vpdn_server_shut(struct vpdn_server *s)
{
	if (s->fd < 0)
		return;
	if (s->acceptable)
		event_free(s->acceptable);
	s->acceptable = NULL;
	close(s->fd);
	s->fd = -1;
	if (s->path)
		unlink(s->path);
}

void vpdn_server_free(struct vpdn_server *s)
{
	struct vpdn_conn *c;

	if (!s)
		return;
	vpdn_server_shut(s);
	while ((c = LIST_FIRST(&s->conns))) {
		vpdn_dispatch_gone(c);
		conn_free(c);
	}
	if (s->pause)
		event_free(s->pause);
	free(s->path);
	free(s);
}

unsigned int vpdn_server_connections(const struct vpdn_server *s)
{
	return s->n;
}

struct vpdnd *vpdn_conn_daemon(const struct vpdn_conn *c)
{
	return c->server->d;
}

uint8_t vpdn_conn_role(const struct vpdn_conn *c)
{
	return c->role;
}

void vpdn_conn_set_peer(struct vpdn_conn *c, uint8_t role, const char *name)
{
	c->role = role;
	vpdn_text_escape(name, strlen(name), c->name, sizeof(c->name));
	evtimer_del(c->timer);
}

const char *vpdn_conn_name(const struct vpdn_conn *c)
{
	return c->name;
}

struct vpdn_call *vpdn_conn_call(const struct vpdn_conn *c)
{
	return c->call;
}

void vpdn_conn_set_call(struct vpdn_conn *c, struct vpdn_call *call)
{
	c->call = call;
}
