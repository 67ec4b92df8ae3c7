/* SPDX-License-Identifier: GPL-2.0-or-later */
/* l2tp_lac.c - see l2tp_lac.h. Tunnels and calls; how control messages get there is l2tp_channel.c's. */
#include "l2tp_lac.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "avp_hide.h"
#include "l2tp_channel.h"
#include "l2tp_proxy.h"
#include "packet_socket.h"
#include "result_code.h"

#define RECEIVE_WINDOW	1024
#define FRAMING_SYNC	1
#define CONNECT_SPEED	100000000
#define CHALLENGE_LEN	16
#define BATCH		64
#define TRIES		5		/* RFC 2661 section 5.8 */
#define BUFFER		(16 << 20)
#define PPP_ADDRESS_CONTROL 0xff03

/* Bits of a data message's header, RFC 2661 section 3.1. */
#define DATA_LENGTH	0x4000
#define DATA_SEQUENCE	0x0800
#define DATA_OFFSET	0x0200
#define DATA_VERSION	0x0002

enum tunnel_state { TUNNEL_NEW, TUNNEL_ASKED, TUNNEL_UP, TUNNEL_DOWN };

struct tunnel {
	struct run *run;
	unsigned int index;
	enum tunnel_state state;
	uint16_t id;
	uint8_t challenge[CHALLENGE_LEN];
	int64_t asked;
	struct watch socket;
	struct channel channel;
	char reason[PPP_REASON];	/* why it is down */
};

static struct tunnel *tunnels;
static unsigned int closed;		/* tunnels whose StopCCN is acknowledged, or that were down */

/* What control messages say, as far as it is of use here. */
struct said {
	uint16_t type, tunnel, session, window;
	uint8_t challenge[256], response[VPDN_CHALLENGE_RESPONSE_LEN];
	size_t challenge_len, response_len;
	char result[PPP_REASON - 16];
};

static void read_avps(const struct tunnel *t, const struct vpdn_reader *body, struct said *s)
{
	static uint8_t scratch[VPDN_AVP_MAX_VALUE];
	struct vpdn_result result;
	struct vpdn_avp_iter it;
	struct vpdn_avp a;

	*s = (struct said){ .window = 0 };
	vpdn_avp_iter_init(&it, body->p, body->left);
	if (t->run->secret)
		vpdn_avp_iter_secret(&it, t->run->secret, strlen(t->run->secret), scratch, sizeof(scratch));
	while (vpdn_avp_next(&it, &a) > 0) {
		if (a.vendor != VPDN_VENDOR_IETF || a.verdict != VPDN_AVP_OK)
			continue;
		switch (a.type) {
		case VPDN_AVP_ASSIGNED_TUNNEL:
			vpdn_avp_u16(&a, &s->tunnel);
			break;
		case VPDN_AVP_ASSIGNED_SESSION:
			vpdn_avp_u16(&a, &s->session);
			break;
		case VPDN_AVP_RECEIVE_WINDOW:
			vpdn_avp_u16(&a, &s->window);
			break;
		case VPDN_AVP_CHALLENGE:
			s->challenge_len = a.len < sizeof(s->challenge) ? a.len : sizeof(s->challenge);
			memcpy(s->challenge, a.value, s->challenge_len);
			break;
		case VPDN_AVP_CHALLENGE_RESPONSE:
			s->response_len = a.len;
			memcpy(s->response, a.value, a.len);	/* the table allows one length */
			break;
		case VPDN_AVP_RESULT_CODE:
			if (vpdn_result_parse(a.value, a.len, &result))
				vpdn_result_print(&result, it.msg_type == VPDN_L2TP_STOPCCN, s->result, sizeof(s->result));
			break;
		}
	}
	s->type = it.msg_type;
}

/* ---- calls ---- */

static struct call *call_of(const struct tunnel *t, uint16_t session)
{
	struct run *r = t->run;
	unsigned int index = session - 1u;

	return session && index < r->started && r->calls[index].tunnel == t ? &r->calls[index] : NULL;
}

static void put_result(struct vpdn_writer *w, uint16_t result)
{
	uint8_t value[64];
	struct vpdn_writer v;

	vpdn_writer_init(&v, value, sizeof(value));
	vpdn_result_put(&v, &(struct vpdn_result){ .result = result });
	vpdn_avp_put(w, VPDN_VENDOR_IETF, VPDN_AVP_RESULT_CODE, v.buf, v.len);
}

static void start(struct call *c)
{
	struct run *r = c->run;
	struct vpdn_writer w;
	struct message *m;

	c->tunnel = &tunnels[c->index % r->tunnels];
	if (c->tunnel->state != TUNNEL_UP) {
		call_failed(c, c->tunnel->reason);
		return;
	}
	c->session = (uint16_t)(c->index + 1);
	m = message_new(&w, VPDN_L2TP_ICRQ);
	vpdn_avp_put_u16(&w, VPDN_VENDOR_IETF, VPDN_AVP_ASSIGNED_SESSION, c->session);
	vpdn_avp_put_u32(&w, VPDN_VENDOR_IETF, VPDN_AVP_CALL_SERIAL, r->first + c->index);
	if (r->called)
		vpdn_avp_put_text(&w, VPDN_VENDOR_IETF, VPDN_AVP_CALLED_NUMBER, r->called);
	if (r->calling)
		vpdn_avp_put_text(&w, VPDN_VENDOR_IETF, VPDN_AVP_CALLING_NUMBER, r->calling);
	channel_send(&c->tunnel->channel, m, &w, 0);
}

/* The ICCN is on its way: from now on the LNS may speak, and so may an eager subscriber. */
static void connected(void *arg)
{
	struct call *c = arg;

	if (c->state != CALL_LOWER)
		return;
	call_stamp(c, STAGE_ICCN);
	call_lower_up(c);
	if (c->run->proxy)
		ppp_up_proxied(&c->ppp, c->ppp.magic, c->ppp.peer_magic, l2tp_proxy_auth(c->run), c->ppp.auth_id);
	else
		ppp_up(&c->ppp);
}

static void got_icrp(struct call *c, const struct said *s)
{
	struct vpdn_writer w;
	struct message *m;

	if (c->state != CALL_LOWER || c->peer_session || !s->session)
		return;
	c->peer_session = s->session;
	call_stamp(c, STAGE_ICRP);
	m = message_new(&w, VPDN_L2TP_ICCN);
	vpdn_avp_put_u32(&w, VPDN_VENDOR_IETF, VPDN_AVP_TX_SPEED, CONNECT_SPEED);
	vpdn_avp_put_u32(&w, VPDN_VENDOR_IETF, VPDN_AVP_FRAMING_TYPE, FRAMING_SYNC);
	if (c->run->proxy)
		l2tp_put_proxy(&w, c);
	m->sent = connected;
	m->arg = c;
	channel_send(&c->tunnel->channel, m, &w, c->peer_session);
}

static void cdn(struct call *c, uint16_t result, void (*acked)(void *arg))
{
	struct vpdn_writer w;
	struct message *m = message_new(&w, VPDN_L2TP_CDN);

	put_result(&w, result);
	vpdn_avp_put_u16(&w, VPDN_VENDOR_IETF, VPDN_AVP_ASSIGNED_SESSION, c->session);
	m->acked = acked;
	m->arg = c;
	channel_send(&c->tunnel->channel, m, &w, c->peer_session);
}

static void cdn_acked(void *arg)
{
	call_released(arg, true);
}

static void release(struct call *c)
{
	cdn(c, VPDN_CDN_LOST_CARRIER, cdn_acked);
}

static void abandon(struct call *c)
{
	if (c->tunnel && c->tunnel->state == TUNNEL_UP && c->session)
		cdn(c, VPDN_CDN_LOST_CARRIER, NULL);
}

/* ---- tunnels ---- */

static void all_closed(struct run *r)
{
	if (++closed == r->tunnels)
		run_over(r);
}

static void tunnel_down(struct tunnel *t, const char *what, const char *why)
{
	struct run *r = t->run;
	bool was_up = t->state == TUNNEL_UP, finishing = r->finishing;

	if (t->state == TUNNEL_DOWN)
		return;
	t->state = TUNNEL_DOWN;
	t->channel.dead = true;
	timer_stop(&r->loop, &t->channel.timer);
	snprintf(t->reason, sizeof(t->reason), "%s%s%s", what, *why ? ": " : "", why);
	if (!was_up)
		run_broken(r, t->reason);
	for (unsigned int i = t->index; i < r->started; i += r->tunnels)
		if (r->calls[i].tunnel == t)
			call_failed(&r->calls[i], t->reason);
	if (finishing)
		all_closed(r);
}

static void lost(void *arg)
{
	tunnel_down(arg, "the LNS does not acknowledge", "");
}

static void got_sccrp(struct tunnel *t, const struct said *s)
{
	const char *secret = t->run->secret;
	uint8_t response[VPDN_CHALLENGE_RESPONSE_LEN];
	struct vpdn_writer w;
	struct message *m;

	if (t->state != TUNNEL_ASKED)
		return;
	if (!s->tunnel || (s->challenge_len && !secret) ||
	    (secret && !vpdn_tunnel_challenge_verify(VPDN_L2TP_SCCRP, secret, strlen(secret), t->challenge, sizeof(t->challenge),
						     s->response, s->response_len))) {
		tunnel_down(t, !s->tunnel ? "SCCRP without a tunnel id" : secret ? "the LNS has another secret" : "the LNS asks for a secret", "");
		return;
	}
	t->channel.peer_tunnel = s->tunnel;
	if (s->window)
		t->channel.window = s->window;
	t->run->tunnel_times[t->run->tunnels_up++] = now_ns() - t->asked;
	t->state = TUNNEL_UP;
	m = message_new(&w, VPDN_L2TP_SCCCN);
	if (s->challenge_len) {
		vpdn_tunnel_challenge_response(VPDN_L2TP_SCCCN, secret, strlen(secret), s->challenge, s->challenge_len, response);
		vpdn_avp_put(&w, VPDN_VENDOR_IETF, VPDN_AVP_CHALLENGE_RESPONSE, response, sizeof(response));
	}
	channel_send(&t->channel, m, &w, 0);
	if (t->run->tunnels_up == t->run->tunnels)
		run_ready(t->run);
}

static void received(void *arg, const struct vpdn_ctrl_header *h, const struct vpdn_reader *body)
{
	struct tunnel *t = arg;
	struct call *c = call_of(t, h->session);
	struct said s;

	read_avps(t, body, &s);
	switch (s.type) {
	case VPDN_L2TP_SCCRP:
		got_sccrp(t, &s);
		break;
	case VPDN_L2TP_STOPCCN:
		tunnel_down(t, "StopCCN", s.result);
		break;
	case VPDN_L2TP_ICRP:
		if (c)
			got_icrp(c, &s);
		break;
	case VPDN_L2TP_CDN:
		if (c) {
			char why[PPP_REASON];

			snprintf(why, sizeof(why), "CDN: %s", s.result);
			call_failed(c, why);
		}
		break;
	default:	/* HELLO, SLI, WEN, ...: the acknowledgement is the answer */
		break;
	}
}

static void data(struct tunnel *t, const uint8_t *packet, size_t len)
{
	uint16_t flags, id, session, offset, address = 0, protocol;
	struct vpdn_reader r;
	struct call *c;

	vpdn_reader_init(&r, packet, len);
	vpdn_reader_u16(&r, &flags);
	if (flags & DATA_LENGTH)
		vpdn_reader_skip(&r, 2);
	vpdn_reader_u16(&r, &id);
	vpdn_reader_u16(&r, &session);
	if (flags & DATA_SEQUENCE)
		vpdn_reader_skip(&r, 4);
	if (flags & DATA_OFFSET && vpdn_reader_u16(&r, &offset))
		vpdn_reader_skip(&r, offset);
	if (vpdn_reader_peek_u16(&r, &address) && address == PPP_ADDRESS_CONTROL)
		vpdn_reader_skip(&r, 2);
	if (!vpdn_reader_u16(&r, &protocol) || (flags & 0xf) != DATA_VERSION) {
		t->run->counts[COUNT_MALFORMED]++;
		return;
	}
	c = id == t->id ? call_of(t, session) : NULL;
	if (!c || c->state == CALL_GONE)
		t->run->counts[COUNT_UNKNOWN]++;
	else if (c->state == CALL_LOWER)
		t->run->counts[COUNT_EARLY]++;
	else
		call_input(c, protocol, r.p, r.left);
}

static void readable(void *arg)
{
	static uint8_t packet[4096];
	struct tunnel *t = arg;
	ssize_t n;

	for (unsigned int i = 0; i < BATCH && (n = recv(t->socket.fd, packet, sizeof(packet), MSG_DONTWAIT)) >= 0; i++) {
		if (!n || !(packet[0] & 0x80))
			data(t, packet, (size_t)n);
		else if (!channel_input(&t->channel, packet, (size_t)n))
			t->run->counts[COUNT_MALFORMED]++;
	}
	channel_flush(&t->channel);
}

static void send_ppp(struct call *c, uint16_t protocol, const uint8_t *packet, size_t len)
{
	uint8_t buf[2048];
	struct vpdn_writer w;

	vpdn_writer_init(&w, buf, sizeof(buf));
	vpdn_writer_u16(&w, DATA_VERSION);
	vpdn_writer_u16(&w, c->tunnel->channel.peer_tunnel);
	vpdn_writer_u16(&w, c->peer_session);
	vpdn_writer_u16(&w, PPP_ADDRESS_CONTROL);
	vpdn_writer_u16(&w, protocol);
	if (vpdn_writer_bytes(&w, packet, len))
		send(c->tunnel->socket.fd, buf, w.len, 0);	/* what is lost is asked for again */
}

static int open_socket(struct tunnel *t)
{
	struct sockaddr_in local = { .sin_family = AF_INET, .sin_addr = t->run->local };
	struct sockaddr_in remote = { .sin_family = AF_INET, .sin_addr = t->run->remote, .sin_port = htons(t->run->port) };
	int size = BUFFER, fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), rc;

	t->socket = (struct watch){ fd, readable, t };
	if (fd >= 0 && !bind(fd, (struct sockaddr *)&local, sizeof(local)) && !connect(fd, (struct sockaddr *)&remote, sizeof(remote))) {
		setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
		return loop_watch(&t->run->loop, &t->socket);
	}
	rc = -errno;
	fprintf(stderr, "vpdn-load: socket from %s", inet_ntoa(t->run->local));
	fprintf(stderr, " to %s port %u: %s\n", inet_ntoa(t->run->remote), t->run->port, strerror(-rc));
	return rc;
}

static int open_tunnel(struct tunnel *t)
{
	struct run *r = t->run;
	char host[HOST_MAX];
	struct vpdn_writer w;
	struct message *m;
	int rc;

	rc = open_socket(t);
	if (rc)
		return rc;
	pattern_fill(r->host, t->index + 1, host, sizeof(host));
	t->channel = (struct channel){ .loop = &r->loop, .fd = t->socket.fd, .most_tries = r->ppp.tries < TRIES ? r->ppp.tries : TRIES,
				       .retransmissions = &r->counts[COUNT_CONTROL],
				       .peer_retransmissions = &r->counts[COUNT_PEER_CONTROL], .received = received, .lost = lost, .arg = t };
	channel_init(&t->channel);
	m = message_new(&w, VPDN_L2TP_SCCRQ);
	vpdn_avp_put_u16(&w, VPDN_VENDOR_IETF, VPDN_AVP_PROTOCOL_VERSION, 0x0100);
	vpdn_avp_put_text(&w, VPDN_VENDOR_IETF, VPDN_AVP_HOST_NAME, host);
	vpdn_avp_put_u32(&w, VPDN_VENDOR_IETF, VPDN_AVP_FRAMING_CAP, 3);
	vpdn_avp_put_u16(&w, VPDN_VENDOR_IETF, VPDN_AVP_ASSIGNED_TUNNEL, t->id);
	vpdn_avp_put_u16(&w, VPDN_VENDOR_IETF, VPDN_AVP_RECEIVE_WINDOW, RECEIVE_WINDOW);
	if (r->secret) {
		arc4random_buf(t->challenge, sizeof(t->challenge));
		vpdn_avp_put(&w, VPDN_VENDOR_IETF, VPDN_AVP_CHALLENGE, t->challenge, sizeof(t->challenge));
	}
	t->state = TUNNEL_ASKED;
	t->asked = now_ns();
	channel_send(&t->channel, m, &w, 0);
	return 0;
}

static int open_bearer(struct run *r)
{
	/* Random, so that an LNS that still has the tunnels of an earlier run does not take these for them. */
	unsigned int first = arc4random_uniform(60000);
	int rc = 0;

	tunnels = calloc(r->tunnels, sizeof(*tunnels));
	if (!tunnels)
		return -ENOMEM;
	for (unsigned int i = 0; i < r->tunnels; i++)
		tunnels[i] = (struct tunnel){ .run = r, .index = i, .id = (uint16_t)((first + i) % 65535 + 1), .socket.fd = -1 };
	for (unsigned int i = 0; i < r->tunnels && !rc; i++)
		rc = open_tunnel(&tunnels[i]);
	return rc;
}

static void stop_acked(void *arg)
{
	struct tunnel *t = arg;

	t->state = TUNNEL_DOWN;
	all_closed(t->run);
}

static void finish(struct run *r)
{
	r->finishing = true;
	for (unsigned int i = 0; i < r->tunnels; i++) {
		struct tunnel *t = &tunnels[i];
		struct vpdn_writer w;
		struct message *m;

		if (t->state != TUNNEL_UP) {
			t->state = TUNNEL_DOWN;
			all_closed(r);
			continue;
		}
		m = message_new(&w, VPDN_L2TP_STOPCCN);
		put_result(&w, VPDN_STOPCCN_CLEAR);
		vpdn_avp_put_u16(&w, VPDN_VENDOR_IETF, VPDN_AVP_ASSIGNED_TUNNEL, t->id);
		m->acked = stop_acked;
		m->arg = t;
		channel_send(&t->channel, m, &w, 0);
	}
}

static uint64_t dropped(const struct run *r)
{
	uint64_t n = 0;

	for (unsigned int i = 0; i < r->tunnels; i++)
		n += socket_drops(tunnels[i].socket.fd);
	return n;
}

static void close_bearer(struct run *r)
{
	for (unsigned int i = 0; i < r->tunnels; i++) {
		channel_free(&tunnels[i].channel);
		close(tunnels[i].socket.fd);
	}
	free(tunnels);
}

void tunnel_describe(const struct tunnel *t, json_t *session)
{
	struct sockaddr_in local = { .sin_port = 0 };
	socklen_t len = sizeof(local);

	getsockname(t->socket.fd, (struct sockaddr *)&local, &len);
	json_object_set_new(session, "tunnel", json_integer(t->id));
	json_object_set_new(session, "peer_tunnel", json_integer(t->channel.peer_tunnel));
	json_object_set_new(session, "local_port", json_integer(ntohs(local.sin_port)));
}

const struct bearer l2tp_bearer = {
	.name = "l2tp", .first_answer = "no ICRP",
	.open = open_bearer, .start = start, .send = send_ppp, .release = release, .abandon = abandon,
	.finish = finish, .lost = dropped, .close = close_bearer,
};
