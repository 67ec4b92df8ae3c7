/* SPDX-License-Identifier: GPL-2.0-or-later */
/* l2tp_channel.c - see l2tp_channel.h. */
#include "l2tp_channel.h"

#include <stdlib.h>
#include <sys/socket.h>

#define FIRST_INTERVAL	NS_PER_S		/* doubled with every try, up to the last: RFC 2661 section 5.8 */
#define LAST_INTERVAL	(8 * NS_PER_S)
#define DEFAULT_WINDOW	4			/* of a peer that says nothing */
#define TUNNEL_AT	4
#define NR_AT		10

static bool before(uint16_t a, uint16_t b)
{
	return (int16_t)(uint16_t)(a - b) < 0;
}

static void transmit(struct channel *c, struct message *m)
{
	struct vpdn_writer w = { .buf = m->data, .size = sizeof(m->data), .len = m->len };

	vpdn_writer_patch_u16(&w, TUNNEL_AT, c->peer_tunnel);
	vpdn_writer_patch_u16(&w, NR_AT, c->nr);
	c->ack_due = false;
	send(c->fd, m->data, m->len, 0);	/* what is lost is sent again */
}

static void rearm(struct channel *c)
{
	int64_t interval = FIRST_INTERVAL << c->tries;

	if (!c->sent || c->dead)
		timer_stop(c->loop, &c->timer);
	else
		timer_start(c->loop, &c->timer, interval < LAST_INTERVAL ? interval : LAST_INTERVAL);
}

static void push(struct channel *c)
{
	bool idle = !c->sent;

	while (c->unsent && c->sent < c->window && !c->dead) {
		struct message *m = c->unsent;

		c->unsent = STAILQ_NEXT(m, next);
		c->sent++;
		transmit(c, m);
		if (m->sent)
			m->sent(m->arg);
	}
	if (idle)
		rearm(c);
}

static void timeout(void *arg)
{
	struct channel *c = arg;
	struct message *m = STAILQ_FIRST(&c->queue);
	unsigned int n = c->sent;

	if (++c->tries >= c->most_tries) {
		c->dead = true;
		c->lost(c->arg);
		return;
	}
	for (; n && m; n--, m = STAILQ_NEXT(m, next)) {
		(*c->retransmissions)++;
		transmit(c, m);
	}
	rearm(c);
}

void channel_init(struct channel *c)
{
	STAILQ_INIT(&c->queue);
	c->window = DEFAULT_WINDOW;
	c->timer = (struct timer){ .fn = timeout, .arg = c };
}

void channel_free(struct channel *c)
{
	struct message *m;

	timer_stop(c->loop, &c->timer);
	while ((m = STAILQ_FIRST(&c->queue))) {
		STAILQ_REMOVE_HEAD(&c->queue, next);
		free(m);
	}
}

struct message *message_new(struct vpdn_writer *w, uint16_t type)
{
	struct message *m = calloc(1, sizeof(*m));

	if (!m)
		abort();
	vpdn_writer_init(w, m->data, sizeof(m->data));
	vpdn_ctrl_begin(w, &(struct vpdn_ctrl_header){ 0 });
	vpdn_avp_put_u16(w, VPDN_VENDOR_IETF, VPDN_AVP_MESSAGE_TYPE, type);
	return m;
}

void channel_send(struct channel *c, struct message *m, const struct vpdn_writer *w, uint16_t session)
{
	struct vpdn_writer header;

	if (w->bad)
		abort();	/* an AVP that cannot be: a fault of this program */
	m->len = (uint16_t)w->len;
	m->ns = c->ns++;
	vpdn_writer_init(&header, m->data, sizeof(m->data));
	vpdn_ctrl_begin(&header, &(struct vpdn_ctrl_header){ .tunnel = c->peer_tunnel, .session = session, .ns = m->ns });
	header.len = w->len;
	vpdn_ctrl_end(&header, 0);
	STAILQ_INSERT_TAIL(&c->queue, m, next);
	if (!c->unsent)
		c->unsent = m;
	push(c);
}

static void acknowledged(struct channel *c, uint16_t nr)
{
	struct message *m;
	bool some = false;

	while (c->sent && (m = STAILQ_FIRST(&c->queue)) && before(m->ns, nr)) {
		STAILQ_REMOVE_HEAD(&c->queue, next);
		c->sent--;
		some = true;
		if (m->acked)
			m->acked(m->arg);
		free(m);
	}
	if (!some)
		return;
	c->tries = 0;
	rearm(c);
	push(c);
}

bool channel_input(struct channel *c, const void *packet, size_t len)
{
	struct vpdn_ctrl_header h;
	struct vpdn_reader body;

	if (vpdn_ctrl_parse(packet, len, &h, &body))
		return false;
	acknowledged(c, h.nr);
	if (!body.left)
		return true;
	c->ack_due = true;
	if (before(h.ns, c->nr))
		(*c->peer_retransmissions)++;
	if (h.ns != c->nr)
		return true;		/* one that is early comes again */
	c->nr++;
	c->received(c->arg, &h, &body);
	return true;
}

void channel_flush(struct channel *c)
{
	uint8_t zlb[VPDN_CTRL_HDR_LEN];
	struct vpdn_writer w;

	if (!c->ack_due)
		return;
	c->ack_due = false;
	vpdn_writer_init(&w, zlb, sizeof(zlb));
	vpdn_ctrl_begin(&w, &(struct vpdn_ctrl_header){ .tunnel = c->peer_tunnel, .ns = c->unsent ? c->unsent->ns : c->ns, .nr = c->nr });
	vpdn_ctrl_end(&w, 0);
	send(c->fd, zlb, w.len, 0);
}
