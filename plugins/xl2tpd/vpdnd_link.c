/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vpdnd_link.c - the module's connection to vpdnd (vpdn-ipc(7), role L2TP).
 *
 * Connects when xl2tpd is up and again, with growing pauses, whenever the connection is lost. After each HELLO_ACK all tunnels and
 * LNS calls are reported, then L2TP_SYNC_DONE; vpdnd sends its groups. What cannot be sent at once waits in a bounded queue; a
 * vpdnd that does not read for that long is treated as gone. Calls it had placed end with it: nobody holds their other side.
 *
 * Owns the connection, the queue, and the descriptors queued.
 */
#include "module.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "ipc_client.h"
#include "text.h"

#define QUEUE_MAX_OCTETS	(4u << 20)
#define MESSAGES_PER_WAKEUP	32
#define HELLO_TIMEOUT_MS	5000

struct queued {
	STAILQ_ENTRY(queued) link;
	int fd;			/* -1: none */
	size_t len;
	uint8_t data[];
};

static struct {
	int fd;
	bool accepted;		/* HELLO_ACK came */
	bool complained;	/* about not being connected */
	bool orphans;		/* calls that it had placed are still to be ended */
	unsigned int attempt;
	struct l2tp_watch *watch;
	struct l2tp_timer *timer;	/* next attempt, or HELLO_ACK overdue */
	STAILQ_HEAD(, queued) queue;
	size_t queued;
} vpdnd = { .fd = -1, .queue = STAILQ_HEAD_INITIALIZER(vpdnd.queue) };

static void connect_now(void *arg);

bool vpdn_link_up(void)
{
	return vpdnd.accepted;
}

static void queue_drop_first(void)
{
	struct queued *q = STAILQ_FIRST(&vpdnd.queue);

	STAILQ_REMOVE_HEAD(&vpdnd.queue, link);
	vpdnd.queued -= q->len;
	if (q->fd >= 0)
		close(q->fd);
	explicit_bzero(q->data, q->len);
	free(q);
}

static void disconnect(void)
{
	vpdn_core->unwatch(vpdnd.watch);
	vpdnd.watch = NULL;
	vpdn_core->timer_del(vpdnd.timer);
	vpdnd.timer = NULL;
	if (vpdnd.fd >= 0)
		close(vpdnd.fd);
	vpdnd.fd = -1;
	vpdnd.accepted = false;
	while (!STAILQ_EMPTY(&vpdnd.queue))
		queue_drop_first();
}

/* May be called from anywhere: what follows from it waits for the timer. */
static void lost(const char *why)
{
	bool was_up = vpdnd.accepted;

	disconnect();
	if (was_up || !vpdnd.complained)
		vpdn_core->log(LOG_WARNING, "vpdn: %s vpdnd at %s: %s; trying again\n", was_up ? "lost" : "no connection to",
			       vpdn_args.socket, why);
	vpdnd.complained = true;
	vpdnd.orphans |= was_up;
	vpdnd.timer = vpdn_core->timer_add(vpdn_ipc_backoff_ms(vpdnd.attempt++), connect_now, NULL);
}

/* ---- sending ---- */

static void flush(void)
{
	while (!STAILQ_EMPTY(&vpdnd.queue)) {
		struct queued *q = STAILQ_FIRST(&vpdnd.queue);
		int rc = vpdn_ipc_send_octets(vpdnd.fd, q->data, q->len, &q->fd, q->fd >= 0);

		if (rc == -EAGAIN)
			return;
		if (rc) {
			lost(strerror(-rc));
			return;
		}
		queue_drop_first();
	}
	vpdn_core->watch_events(vpdnd.watch, EPOLLIN);
}

static void enqueue(const struct vpdn_ipc_builder *b, int fd)
{
	struct queued *q;

	if (vpdnd.queued + b->w.len > QUEUE_MAX_OCTETS || !(q = malloc(sizeof(*q) + b->w.len))) {
		lost("it does not read what it is sent");
		return;
	}
	q->fd = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;
	q->len = b->w.len;
	memcpy(q->data, b->buf, q->len);
	STAILQ_INSERT_TAIL(&vpdnd.queue, q, link);
	vpdnd.queued += q->len;
	if (fd >= 0 && q->fd < 0) {
		lost(strerror(errno));
		return;
	}
	vpdn_core->watch_events(vpdnd.watch, EPOLLIN | EPOLLOUT);
}

void vpdn_link_send(struct vpdn_ipc_builder *b, int fd)
{
	uint16_t type = (uint16_t)(b->buf[4] << 8 | b->buf[5]);
	int rc;

	if (!vpdnd.accepted)
		return;
	rc = vpdn_ipc_finish(b);
	if (!rc && STAILQ_EMPTY(&vpdnd.queue))
		rc = vpdn_ipc_send_octets(vpdnd.fd, b->buf, b->w.len, &fd, fd >= 0);
	else if (!rc)
		rc = -EAGAIN;
	if (rc == -EAGAIN)
		enqueue(b, fd);
	else if (rc == -EMSGSIZE || rc == -EINVAL)
		vpdn_core->log(LOG_ERR, "vpdn: %s cannot be sent to vpdnd: %s\n", vpdn_ipc_msg_name(type), strerror(-rc));
	else if (rc)
		lost(strerror(-rc));
}

static void send_empty(uint16_t type)
{
	struct vpdn_ipc_builder b;

	vpdn_ipc_begin(&b, type, 0, 0);
	vpdn_link_send(&b, -1);
}

static void send_error(uint32_t seq, int err, const char *text)
{
	struct vpdn_ipc_builder b;

	vpdn_ipc_begin(&b, VPDN_MSG_ERROR, VPDN_IPC_F_REPLY, seq);
	vpdn_ipc_put_u32(&b, VPDN_TLV_ERRNO, (uint32_t)err);
	vpdn_ipc_put_text(&b, VPDN_TLV_TEXT, text);
	vpdn_link_send(&b, -1);
}

/* ---- receiving ---- */

static int on_config_begin(const struct vpdn_ipc_msg *m)
{
	(void)m;
	return vpdn_groups_begin();
}

static int on_config_end(const struct vpdn_ipc_msg *m)
{
	(void)m;
	return vpdn_groups_commit();
}

static int on_tunnel_clear(const struct vpdn_ipc_msg *m)
{
	struct vpdn_tunnel *t;
	uint16_t tid = 0;
	char text[120];

	vpdn_ipc_get_u16(m, VPDN_TLV_TUNNEL_ID, &tid);
	vpdn_ipc_get_text(m, VPDN_TLV_TEXT, text, sizeof(text));
	t = vpdn_tunnel_find(tid);
	if (!t)
		return -ENOENT;
	vpdn_tunnel_close(t, VPDN_STOPCCN_CLEAR, text);
	return 0;
}

static int on_error(const struct vpdn_ipc_msg *m)
{
	char text[256] = "";
	const uint8_t *p;
	size_t len;

	if (vpdn_ipc_get_bytes(m, VPDN_TLV_TEXT, &p, &len))
		vpdn_text_escape(p, len, text, sizeof(text));
	vpdn_core->log(LOG_WARNING, "vpdn: vpdnd refuses a message: %s\n", text);
	return 0;
}

static const struct {
	uint16_t type;
	int (*handler)(const struct vpdn_ipc_msg *m);
} handlers[] = {
	{ VPDN_MSG_ERROR,		on_error },
	{ VPDN_MSG_L2TP_CONFIG_BEGIN,	on_config_begin },
	{ VPDN_MSG_L2TP_GROUP,		vpdn_groups_add },
	{ VPDN_MSG_L2TP_CONFIG_END,	on_config_end },
	{ VPDN_MSG_L2TP_CALL_PLACE,	vpdn_calls_out_place },
	{ VPDN_MSG_L2TP_DIAL_PLACE,	vpdn_calls_dialout_place },
	{ VPDN_MSG_L2TP_DIAL_ACCEPT,	vpdn_calls_dialed_accept },
	{ VPDN_MSG_L2TP_CALL_CONNECT,	vpdn_calls_connect },
	{ VPDN_MSG_L2TP_CALL_CLEAR,	vpdn_calls_clear },
	{ VPDN_MSG_L2TP_LINK_INFO,	vpdn_calls_dialout_link_info },
	{ VPDN_MSG_L2TP_WAN_ERRORS,	vpdn_calls_dialed_errors },
	{ VPDN_MSG_L2TP_TUNNEL_CLEAR,	on_tunnel_clear },
	{ VPDN_MSG_L2TP_SESSION_CLEAR,	vpdn_calls_in_clear },
	{ VPDN_MSG_L2TP_STATS_ASK,	vpdn_stats_ask },
};

static void handle(const struct vpdn_ipc_msg *m)
{
	size_t i;
	int rc;

	for (i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++) {
		if (handlers[i].type != m->type)
			continue;
		rc = handlers[i].handler(m);
		/* a call or tunnel may have ended while the message was under way; only a question is answered then */
		if (rc && rc != -ENOENT)
			vpdn_core->log(LOG_WARNING, "vpdn: %s of vpdnd: %s\n", vpdn_ipc_msg_name(m->type), strerror(-rc));
		if (rc && (rc != -ENOENT || m->type == VPDN_MSG_L2TP_STATS_ASK))
			send_error(m->seq, -rc, strerror(-rc));
		return;
	}
	send_error(m->seq, EOPNOTSUPP, "xl2tpd's module has no such message");
}

static void handle_hello_answer(const struct vpdn_ipc_msg *m)
{
	char text[256] = "refused";
	const uint8_t *p;
	size_t len;

	if (vpdn_ipc_hello_answer(m)) {
		if (m->type == VPDN_MSG_ERROR && vpdn_ipc_get_bytes(m, VPDN_TLV_TEXT, &p, &len))
			vpdn_text_escape(p, len, text, sizeof(text));
		lost(text);
		return;
	}
	vpdn_core->timer_del(vpdnd.timer);
	vpdnd.timer = NULL;
	vpdnd.accepted = true;
	vpdnd.complained = false;
	vpdnd.attempt = 0;	/* the first new attempt comes at once */
	vpdn_core->log(LOG_NOTICE, "vpdn: connected to vpdnd at %s\n", vpdn_args.socket);
	vpdn_tunnels_report();
	send_empty(VPDN_MSG_L2TP_SYNC_DONE);
}

static void readable(int fd, uint32_t events, void *arg)
{
	static struct vpdn_ipc_msg m;
	int i, rc;

	(void)arg;
	if (events & EPOLLOUT)
		flush();
	for (i = 0; i < MESSAGES_PER_WAKEUP && vpdnd.fd == fd; i++) {
		rc = vpdn_ipc_recv(fd, &m);
		if (rc == -EAGAIN)
			return;
		if (rc == 1 && vpdnd.accepted)
			handle(&m);
		else if (rc == 1)
			handle_hello_answer(&m);
		else if (rc == 0)
			lost("it has closed the connection");
		else if ((rc == -EOPNOTSUPP || rc == -EBADMSG || rc == -EMSGSIZE) && vpdnd.accepted)
			send_error(m.seq, -rc, rc == -EOPNOTSUPP ? "unknown message" : "damaged message");
		else
			lost(strerror(-rc));
		vpdn_ipc_msg_wipe(&m);
	}
}

static void hello_overdue(void *arg)
{
	(void)arg;
	vpdnd.timer = NULL;
	lost("it does not answer");
}

static void connect_now(void *arg)
{
	int fd;

	(void)arg;
	vpdnd.timer = NULL;
	if (vpdnd.orphans) {
		vpdnd.orphans = false;
		vpdn_tunnels_clear_placed();
	}
	fd = vpdn_ipc_hello(vpdn_args.socket, VPDN_ROLE_L2TP, "xl2tpd");
	if (fd >= 0) {
		vpdnd.fd = fd;
		vpdnd.watch = vpdn_core->watch(fd, EPOLLIN, readable, NULL);
		vpdnd.timer = vpdn_core->timer_add(HELLO_TIMEOUT_MS, hello_overdue, NULL);
	}
	if (fd < 0 || !vpdnd.watch)
		lost(strerror(fd < 0 ? -fd : ENOMEM));
}

void vpdn_link_start(void)
{
	connect_now(NULL);
}

void vpdn_link_stop(void)
{
	disconnect();
	vpdn_groups_free();
}
