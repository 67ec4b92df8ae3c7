/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pppoe.c - bearers of kind pppoe: a client's call into an access network (RFC 2516, RFC 4638).
 *
 *	phase		  waits for
 *	SEEKS		  PADO, after a PADI to everybody
 *	REQUESTS	  PADS, after a PADR to the first concentrator that has the service
 *	UP		  PADT, or the channel's end
 *	LINGERS		  the PADS of a call that was given up after its PADR: its session is to be ended too
 *
 * PADI and PADR are repeated after 1, 2 and 4 s. A concentrator that reports an error in its PADO does not hide others: the error
 * counts when the next PADI would be due.
 */
#include "bearer.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "channel.h"
#include "glue/log.h"
#include "pppoe.h"
#include "pppoe_if.h"
#include "pppoe_session.h"
#include "text.h"
#include "words.h"

#define TRIES		4
#define TRY_MS		1000	/* for the first one, doubled for each further one */
#define LINGER_MS	1000
#define PADT_MS		100	/* from the end of the kernel's session to the PADT's arrival here */
#define ECHOED_MAX	512	/* octets of a tag that is to be sent back: more fits no packet of ours together with the rest */

enum phase { SEEKS, REQUESTS, UP, LINGERS, OVER };

/* A tag's value that goes back to the concentrator as it came. */
struct echoed {
	bool there;
	size_t len;
	uint8_t value[ECHOED_MAX];
};

struct pppoe {
	struct vpdn_bearer b;
	enum phase phase;
	struct vpdn_pppoe_if *interface;	/* NULL: not joined */
	struct vpdn_pppoe_user user;
	char ifname[16];
	struct vpdn_words service;		/* one word; "" is any */
	uint16_t mtu;				/* wanted; above 1492 asks for RFC 4638 */
	unsigned int tries;
	struct event *timer;
	uint8_t peer[6];			/* the concentrator */
	struct echoed cookie, relay;
	struct vpdn_outcome refused;		/* what a concentrator has reported; result 0: nothing yet */
	int fd;					/* the kernel's session; 0: none */
	struct vpdn_channel channel;
};

static struct pppoe *of_user(struct vpdn_pppoe_user *u)
{
	return (struct pppoe *)((char *)u - offsetof(struct pppoe, user));
}

/* ---- sending ---- */

static void put_echoed(struct vpdn_writer *w, uint16_t tag, const struct echoed *e)
{
	if (e->there)
		vpdn_pppoe_put(w, tag, e->value, e->len);
}

static void send_padi_or_padr(struct pppoe *p)
{
	const uint8_t payload[2] = { (uint8_t)(p->mtu >> 8), (uint8_t)p->mtu };
	bool padr = p->phase == REQUESTS;
	uint8_t octets[VPDN_PPPOE_MAX_LEN];
	struct vpdn_writer w;

	vpdn_writer_init(&w, octets, sizeof(octets));
	vpdn_pppoe_begin(&w, padr ? VPDN_PPPOE_PADR : VPDN_PPPOE_PADI, 0);
	vpdn_pppoe_put(&w, VPDN_PPPOE_SERVICE_NAME, p->service.v[0], strlen(p->service.v[0]));
	vpdn_pppoe_put(&w, VPDN_PPPOE_HOST_UNIQ, &p->user.uniq, sizeof(p->user.uniq));
	if (p->mtu > VPDN_PPPOE_PLAIN_MRU)
		vpdn_pppoe_put(&w, VPDN_PPPOE_MAX_PAYLOAD, payload, sizeof(payload));
	if (padr) {
		put_echoed(&w, VPDN_PPPOE_AC_COOKIE, &p->cookie);
		put_echoed(&w, VPDN_PPPOE_RELAY_SESSION_ID, &p->relay);
	}
	vpdn_pppoe_if_send(p->interface, padr ? p->peer : NULL, &w);
}

static void send_padt(struct pppoe *p, uint16_t session)
{
	uint8_t octets[VPDN_PPPOE_MAX_LEN];
	struct vpdn_writer w;

	vpdn_writer_init(&w, octets, sizeof(octets));
	vpdn_pppoe_begin(&w, VPDN_PPPOE_PADT, session);
	put_echoed(&w, VPDN_PPPOE_RELAY_SESSION_ID, &p->relay);
	vpdn_pppoe_if_send(p->interface, p->peer, &w);
}

static void try(struct pppoe *p)
{
	struct timeval tv = vpdn_ms(TRY_MS << p->tries++);

	send_padi_or_padr(p);
	event_add(p->timer, &tv);
}

/* ---- hanging up ---- */

static void hung_up(struct pppoe *p)
{
	p->phase = OVER;
	if (p->interface)
		vpdn_pppoe_if_leave(p->interface, &p->user);
	p->interface = NULL;
	vpdn_bearer_hung_up(&p->b);
}

static void close_session(struct pppoe *p)
{
	vpdn_channel_close(&p->channel);
	if (p->fd)
		close(p->fd);
	p->fd = 0;
}

static void hang_up(struct vpdn_bearer *b)
{
	struct timeval tv = vpdn_ms(LINGER_MS);
	struct pppoe *p = (struct pppoe *)b;

	if (p->timer)
		event_del(p->timer);
	close_session(p);
	if (p->interface && p->user.session)
		send_padt(p, p->user.session);
	if (p->interface && p->phase == REQUESTS && !p->user.session && p->tries < TRIES && !p->refused.result) {
		p->phase = LINGERS;
		event_add(p->timer, &tv);
	} else {
		hung_up(p);
	}
}

/* ---- what comes ---- */

static void failed_as(struct pppoe *p, const struct vpdn_outcome *o)
{
	vpdn_bearer_failed(&p->b, o->result, o->cause, "%s", o->text);
}

static bool echo(const struct vpdn_pppoe_packet *packet, uint16_t tag, struct echoed *e)
{
	const uint8_t *value;

	e->there = vpdn_pppoe_find(packet, tag, &value, &e->len);
	if (!e->there)
		return true;
	e->there = e->len <= sizeof(e->value);
	if (e->there)
		memcpy(e->value, value, e->len);
	return e->there;
}

static bool has_service(const struct vpdn_pppoe_packet *packet, const char *service)
{
	struct vpdn_reader r;
	const uint8_t *value;
	uint16_t tag;
	size_t len;

	if (!*service)
		return true;
	vpdn_reader_init(&r, packet->tags, packet->tags_len);
	while (vpdn_pppoe_next(&r, &tag, &value, &len))
		if (tag == VPDN_PPPOE_SERVICE_NAME && len == strlen(service) && !memcmp(value, service, len))
			return true;
	return false;
}

/* True, and the text for people, when the packet reports an error. */
static bool has_error(struct pppoe *p, const struct vpdn_pppoe_packet *packet)
{
	const uint8_t *value;
	const char *name;
	char text[300];
	size_t len;

	name = vpdn_pppoe_error(packet, &value, &len);
	if (!name)
		return false;
	vpdn_outcome_set(&p->refused, VPDN_CDN_NO_FACILITIES_TEMP, VPDN_Q931_TEMPORARY, "the access concentrator says %s \"%s\"", name,
			 vpdn_text_escape(value, len, text, sizeof(text)));
	return true;
}

static void on_pado(struct pppoe *p, const uint8_t source[6], const struct vpdn_pppoe_packet *packet)
{
	const uint8_t *name;
	char text[200];
	size_t len;

	if (packet->session || has_error(p, packet) || !vpdn_pppoe_find(packet, VPDN_PPPOE_AC_NAME, &name, &len))
		return;
	if (!has_service(packet, p->service.v[0])) {
		vpdn_outcome_set(&p->refused, VPDN_CDN_INVALID_DESTINATION, VPDN_Q931_NO_ROUTE, "no access concentrator has the service \"%s\"",
				 p->service.v[0]);
		return;
	}
	if (!echo(packet, VPDN_PPPOE_AC_COOKIE, &p->cookie) || !echo(packet, VPDN_PPPOE_RELAY_SESSION_ID, &p->relay))
		return;
	vpdn_log_debug("access concentrator %s offers; %s", vpdn_text_escape(name, len, text, sizeof(text)), vpdn_bearer_id(&p->b));
	memcpy(p->peer, source, sizeof(p->peer));
	p->refused.result = 0;
	p->phase = REQUESTS;
	p->tries = 0;
	vpdn_outcome_set(&p->b.on_timer, VPDN_CDN_NO_FACILITIES_TEMP, VPDN_Q931_NO_CIRCUIT, "the access concentrator gives no session (PADS)");
	try(p);
}

/* The kernel has seen a PADT, most likely, which is on its way to us too and may say why. */
static void on_channel_hung_up(void *arg)
{
	struct timeval tv = vpdn_ms(PADT_MS);
	struct pppoe *p = arg;

	event_add(p->timer, &tv);
}

/* What both sides carry: RFC 4638 section 5. */
static uint16_t agreed_mtu(const struct pppoe *p, const struct vpdn_pppoe_packet *packet)
{
	struct vpdn_reader r;
	const uint8_t *value;
	uint16_t theirs;
	size_t len;

	if (p->mtu <= VPDN_PPPOE_PLAIN_MRU)
		return p->mtu;
	if (!vpdn_pppoe_find(packet, VPDN_PPPOE_MAX_PAYLOAD, &value, &len))
		return VPDN_PPPOE_PLAIN_MRU;
	vpdn_reader_init(&r, value, len);
	if (!vpdn_reader_u16(&r, &theirs) || theirs < VPDN_PPPOE_PLAIN_MRU)
		return VPDN_PPPOE_PLAIN_MRU;
	return theirs < p->mtu ? theirs : p->mtu;
}

static void on_pads(struct pppoe *p, const struct vpdn_pppoe_packet *packet)
{
	struct vpdn_line line = { .access = VPDN_ACCESS_PPPOE, .interface = p->ifname, .session = packet->session, .peer = p->peer };
	char err[200];
	int fd, rc;

	if (has_error(p, packet)) {
		failed_as(p, &p->refused);
		return;
	}
	if (!packet->session)
		return;
	event_del(p->timer);
	if (!vpdn_pppoe_if_has_session(p->interface, &p->user, p->peer, packet->session)) {
		p->phase = OVER;	/* a PADT would end the other call */
		vpdn_bearer_failed(&p->b, VPDN_CDN_NO_FACILITIES_TEMP, VPDN_Q931_TEMPORARY,
				   "the access concentrator gives session %u, which another call has", packet->session);
		return;
	}
	fd = vpdn_pppoe_session_open(p->ifname, p->peer, packet->session);
	if (fd < 0) {
		vpdn_bearer_failed(&p->b, VPDN_CDN_NO_FACILITIES, VPDN_Q931_NETWORK_OUT_OF_ORDER, "PPPoE session %u on %s in the kernel: %s",
				   packet->session, p->ifname, strerror(-fd));
		return;
	}
	p->fd = line.fd = fd;
	rc = vpdn_channel_open(&p->channel, p->b.d->base, fd, false, on_channel_hung_up, p, err, sizeof(err));
	if (rc) {
		vpdn_bearer_no_channel(&p->b, p->ifname, rc, err);
		return;
	}
	p->phase = UP;
	line.mtu = agreed_mtu(p, packet);
	line.speed = vpdn_pppoe_if_speed(p->interface);
	vpdn_bearer_up(&p->b, &line);
}

static void on_padt(struct pppoe *p, const struct vpdn_pppoe_packet *packet)
{
	if (p->phase != UP)
		return;
	/* There is nothing left to be ended by a PADT of ours. */
	vpdn_pppoe_if_leave(p->interface, &p->user);
	p->interface = NULL;
	if (has_error(p, packet))
		vpdn_bearer_lost(&p->b, "PADT: %s", p->refused.text);
	else
		vpdn_bearer_lost(&p->b, "the access concentrator ended the session (PADT)");
}

static void on_packet(struct vpdn_pppoe_user *u, const uint8_t source[6], const struct vpdn_pppoe_packet *packet)
{
	struct pppoe *p = of_user(u);

	if (packet->code == VPDN_PPPOE_PADT) {
		on_padt(p, packet);
	} else if (packet->code == VPDN_PPPOE_PADO) {
		if (p->phase == SEEKS)
			on_pado(p, source, packet);
	} else if (!memcmp(source, p->peer, sizeof(p->peer))) {
		if (p->phase == REQUESTS)
			on_pads(p, packet);
		else if (p->phase == LINGERS && packet->session) {
			send_padt(p, packet->session);
			event_del(p->timer);
			hung_up(p);
		}
	}
}

static void on_gone(struct vpdn_pppoe_user *u, const char *why)
{
	struct pppoe *p = of_user(u);

	vpdn_pppoe_if_leave(p->interface, u);
	p->interface = NULL;
	switch (p->phase) {
	case SEEKS:
	case REQUESTS:
		vpdn_bearer_failed(&p->b, VPDN_CDN_NO_FACILITIES, VPDN_Q931_NETWORK_OUT_OF_ORDER, "interface %s: %s", p->ifname, why);
		break;
	case UP:
		vpdn_bearer_lost(&p->b, "interface %s: %s", p->ifname, why);
		break;
	case LINGERS:
		event_del(p->timer);
		hung_up(p);
		break;
	case OVER:
		break;
	}
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct pppoe *p = arg;

	(void)fd, (void)what;
	if (p->phase == LINGERS)
		hung_up(p);
	else if (p->phase == UP)
		vpdn_bearer_lost(&p->b, "the PPPoE session on %s has gone", p->ifname);
	else if (p->refused.result)
		failed_as(p, &p->refused);
	else if (p->tries == TRIES)
		failed_as(p, &p->b.on_timer);
	else
		try(p);
}

/* ---- start and end ---- */

/* Above 1492 only as far as the interface carries it. */
static uint16_t wanted_mtu(const struct pppoe *p, uint16_t wanted)
{
	uint32_t most = vpdn_pppoe_if_mtu(p->interface);

	if (wanted <= VPDN_PPPOE_PLAIN_MRU || most >= (uint32_t)wanted + VPDN_PPPOE_OVERHEAD)
		return wanted;
	most = most > VPDN_PPPOE_PLAIN_MRU + VPDN_PPPOE_OVERHEAD ? most - VPDN_PPPOE_OVERHEAD : VPDN_PPPOE_PLAIN_MRU;
	vpdn_log_warn("interface %s has no MTU of %u, so that %u octets are asked for instead of %u; %s", p->ifname,
		      wanted + VPDN_PPPOE_OVERHEAD, most, wanted, vpdn_bearer_id(&p->b));
	return (uint16_t)most;
}

static void start(struct vpdn_bearer *b, const struct vpdn_ipc_msg *m)
{
	struct pppoe *p = (struct pppoe *)b;
	uint16_t mtu = VPDN_PPPOE_PLAIN_MRU;
	const uint8_t *service = NULL;
	const char *what = "";
	size_t len = 0;
	int rc;

	vpdn_ipc_get_u16(m, VPDN_TLV_MTU, &mtu);
	vpdn_ipc_get_bytes(m, VPDN_TLV_SERVICE_NAME, &service, &len);
	vpdn_words_add_with(&p->service, service ? (const void *)service : "", len, b->number);
	p->timer = evtimer_new(b->d->base, on_timer, p);
	if (!p->timer || p->service.bad || strlen(p->service.v[0]) > ECHOED_MAX ||
	    !vpdn_ipc_get_text(m, VPDN_TLV_ACCESS_INTERFACE, p->ifname, sizeof(p->ifname))) {
		vpdn_bearer_failed(b, VPDN_CDN_NO_FACILITIES, VPDN_Q931_NETWORK_OUT_OF_ORDER,
				   "the dialer has no interface, too long a service name, or memory is short");
		return;
	}
	p->user.packet = on_packet;
	p->user.gone = on_gone;
	rc = vpdn_pppoe_if_join(b->d, p->ifname, &p->user, &p->interface, &what);
	if (rc) {
		vpdn_bearer_failed(b, VPDN_CDN_NO_FACILITIES, VPDN_Q931_NETWORK_OUT_OF_ORDER, "interface %s: %s: %s", p->ifname, what, strerror(-rc));
		return;
	}
	p->mtu = wanted_mtu(p, mtu);
	vpdn_outcome_set(&b->on_timer, VPDN_CDN_INVALID_DESTINATION, VPDN_Q931_NO_ROUTE, "no access concentrator answers on %s (PADO)", p->ifname);
	try(p);
}

static void release(struct vpdn_bearer *b)
{
	struct pppoe *p = (struct pppoe *)b;

	close_session(p);
	if (p->interface)
		vpdn_pppoe_if_leave(p->interface, &p->user);
	vpdn_words_free(&p->service);
	if (p->timer)
		event_free(p->timer);
}

const struct vpdn_bearer_kind vpdn_bearer_pppoe = {
	.number = VPDN_DIALER_PPPOE, .name = "pppoe", .framing = VPDN_FRAMING_SYNC,
	.size = sizeof(struct pppoe), .start = start, .hang_up = hang_up, .release = release,
};
