/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pppoe_client.c - see pppoe_client.h. */
#include "pppoe_client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/if_ether.h>

#include "packet_socket.h"
#include "pppoe.h"
#include "text.h"

#define FRAME_MAX	1518
#define PPPOE_AT	14		/* in a frame */
#define LENGTH_AT	18
#define HEADER_LEN	6
#define VERSION_AND_TYPE 0x11
#define BATCH		64		/* frames read in one go, so that timers are not late */

static const uint8_t mac_prefix[3] = { 0x02, 0x76, 0x70 };

static struct watch packets;

void pppoe_client_mac(const struct call *c, uint8_t mac[6])
{
	unsigned int number = c->run->first + c->index;

	memcpy(mac, mac_prefix, sizeof(mac_prefix));
	mac[3] = (uint8_t)(number >> 16);
	mac[4] = (uint8_t)(number >> 8);
	mac[5] = (uint8_t)number;
}

/* ---- sending ---- */

static void ethernet(struct vpdn_writer *w, uint8_t *frame, const struct call *c, const uint8_t to[6], uint16_t type)
{
	uint8_t mac[6];

	pppoe_client_mac(c, mac);
	vpdn_writer_init(w, frame, FRAME_MAX);
	vpdn_writer_bytes(w, to, 6);
	vpdn_writer_bytes(w, mac, sizeof(mac));
	vpdn_writer_u16(w, type);
}

/* What the kernel has no room for is lost on the way, as it would be on a wire: the retransmission counts. */
static void transmit(struct vpdn_writer *w)
{
	if (w->len < ETH_ZLEN)
		vpdn_writer_zero(w, ETH_ZLEN - w->len);
	if (!w->bad && send(packets.fd, w->buf, w->len, 0) < 0 && errno != ENOBUFS && errno != EAGAIN)
		perror("vpdn-load: sending a frame");
}

static void discover(struct call *c, uint8_t code)
{
	static const uint8_t everybody[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	uint8_t frame[FRAME_MAX], uniq[4];
	struct vpdn_writer w, packet, u;

	ethernet(&w, frame, c, code == VPDN_PPPOE_PADI ? everybody : c->peer_mac, ETH_P_PPP_DISC);
	vpdn_writer_init(&packet, frame + w.len, FRAME_MAX - w.len);
	vpdn_pppoe_begin(&packet, code, code == VPDN_PPPOE_PADT ? c->session : 0);
	if (code != VPDN_PPPOE_PADT) {
		vpdn_writer_init(&u, uniq, sizeof(uniq));
		vpdn_writer_u32(&u, c->index);
		vpdn_pppoe_put(&packet, VPDN_PPPOE_SERVICE_NAME, c->run->service, strlen(c->run->service));
		vpdn_pppoe_put(&packet, VPDN_PPPOE_HOST_UNIQ, uniq, sizeof(uniq));
	}
	if (code == VPDN_PPPOE_PADR) {
		struct vpdn_reader r;
		const uint8_t *value;
		uint16_t tag;
		size_t len;

		vpdn_reader_init(&r, c->cookie, c->cookie_len);
		while (vpdn_pppoe_next(&r, &tag, &value, &len))
			vpdn_pppoe_put(&packet, tag, value, len);
	}
	w.len += packet.len;
	w.bad = packet.bad;
	transmit(&w);
}

static void send_ppp(struct call *c, uint16_t protocol, const uint8_t *data, size_t len)
{
	uint8_t frame[FRAME_MAX];
	struct vpdn_writer w;

	ethernet(&w, frame, c, c->peer_mac, ETH_P_PPP_SES);
	vpdn_writer_u8(&w, VERSION_AND_TYPE);
	vpdn_writer_u8(&w, 0);
	vpdn_writer_u16(&w, c->session);
	vpdn_writer_u16(&w, (uint16_t)(len + 2));
	vpdn_writer_u16(&w, protocol);
	vpdn_writer_bytes(&w, data, len);
	transmit(&w);
}

static void ask(struct call *c)
{
	discover(c, c->have_offer ? VPDN_PPPOE_PADR : VPDN_PPPOE_PADI);
	timer_start(&c->run->loop, &c->timer, c->run->ppp.restart);
}

static void start(struct call *c)
{
	c->tries_left = (uint8_t)(c->run->ppp.tries - 1);
	ask(c);
}

static void timeout(struct call *c)
{
	if (!c->tries_left--) {
		call_failed(c, c->have_offer ? "no PADS" : "no PADO");
		return;
	}
	c->run->counts[c->have_offer ? COUNT_PADR : COUNT_PADI]++;
	ask(c);
}

/* ---- receiving ---- */

static void got_offer(struct call *c, const struct vpdn_pppoe_packet *p, const uint8_t from[6])
{
	static const uint16_t returned[] = { VPDN_PPPOE_AC_COOKIE, VPDN_PPPOE_RELAY_SESSION_ID };
	const uint8_t *value;
	struct vpdn_writer w;
	size_t len;

	if (c->state != CALL_LOWER || c->have_offer)
		return;
	if (c->run->ac && (!vpdn_pppoe_find(p, VPDN_PPPOE_AC_NAME, &value, &len) || len != strlen(c->run->ac) ||
			   memcmp(value, c->run->ac, len)))
		return;
	vpdn_writer_init(&w, c->cookie, sizeof(c->cookie));
	for (size_t i = 0; i < sizeof(returned) / sizeof(returned[0]); i++) {
		if (!vpdn_pppoe_find(p, returned[i], &value, &len))
			continue;
		vpdn_writer_u16(&w, returned[i]);
		vpdn_writer_u16(&w, (uint16_t)len);
		vpdn_writer_bytes(&w, value, len);
	}
	if (w.bad) {
		call_failed(c, "a PADO with more cookie than there is room for");
		return;
	}
	c->cookie_len = (uint16_t)w.len;
	c->have_offer = true;
	memcpy(c->peer_mac, from, sizeof(c->peer_mac));
	call_stamp(c, STAGE_PADO);
	start(c);
}

static void got_session(struct call *c, const struct vpdn_pppoe_packet *p)
{
	char text[80], why[PPP_REASON];
	const uint8_t *value = NULL;
	struct vpdn_text t;
	const char *error;
	size_t len = 0;

	if (c->state != CALL_LOWER || !c->have_offer)
		return;
	if (!p->session) {
		error = vpdn_pppoe_error(p, &value, &len);
		vpdn_text_init(&t, why, sizeof(why));
		vpdn_text_add(&t, "PADS: %s \"%s\"", error ? error : "no session", vpdn_text_escape(value, len, text, sizeof(text)));
		call_failed(c, why);
		return;
	}
	c->session = p->session;
	call_stamp(c, STAGE_PADS);
	call_lower_up(c);
	ppp_up(&c->ppp);
}

static void got_discovery(struct call *c, struct vpdn_reader *r, const uint8_t from[6])
{
	struct vpdn_pppoe_packet p;

	if (!vpdn_pppoe_parse(r->p, r->left, &p)) {
		c->run->counts[COUNT_MALFORMED]++;
		return;
	}
	switch (p.code) {
	case VPDN_PPPOE_PADO:
		got_offer(c, &p, from);
		break;
	case VPDN_PPPOE_PADS:
		if (c->have_offer && !memcmp(from, c->peer_mac, sizeof(c->peer_mac)))
			got_session(c, &p);
		break;
	case VPDN_PPPOE_PADT:
		if (c->session && p.session == c->session && c->state >= CALL_PPP && !memcmp(from, c->peer_mac, sizeof(c->peer_mac)))
			call_failed(c, "PADT");
		break;
	}
}

static void got_frame(struct call *c, struct vpdn_reader *r, const uint8_t from[6])
{
	struct vpdn_reader ppp;
	uint16_t session, length, protocol;
	uint8_t version, code;

	vpdn_reader_u8(r, &version);
	vpdn_reader_u8(r, &code);
	vpdn_reader_u16(r, &session);
	vpdn_reader_u16(r, &length);
	vpdn_reader_sub(r, &ppp, length);
	if (!vpdn_reader_u16(&ppp, &protocol) || version != VERSION_AND_TYPE || code) {
		c->run->counts[COUNT_MALFORMED]++;
		return;
	}
	if (c->state == CALL_LOWER) {
		c->run->counts[COUNT_EARLY]++;		/* a kernel without this session would drop it too */
		return;
	}
	if (session != c->session || c->state == CALL_GONE || memcmp(from, c->peer_mac, sizeof(c->peer_mac))) {
		c->run->counts[COUNT_UNKNOWN]++;
		return;
	}
	call_input(c, protocol, ppp.p, ppp.left);
}

static void received(struct run *r, const uint8_t *frame, size_t len)
{
	const uint8_t *to, *from;
	struct vpdn_reader reader;
	unsigned int index;
	uint16_t type;

	vpdn_reader_init(&reader, frame, len);
	vpdn_reader_bytes(&reader, &to, 6);
	vpdn_reader_bytes(&reader, &from, 6);
	if (!vpdn_reader_u16(&reader, &type) || memcmp(to, mac_prefix, sizeof(mac_prefix)))
		return;			/* a broadcast, or somebody else's */
	index = ((unsigned int)to[3] << 16 | (unsigned int)to[4] << 8 | to[5]) - r->first;
	if (index >= r->started)
		return;			/* of a run beside this one */
	if (type == ETH_P_PPP_DISC)
		got_discovery(&r->calls[index], &reader, from);
	else
		got_frame(&r->calls[index], &reader, from);
}

static void readable(void *arg)
{
	static uint8_t frame[2048];
	ssize_t n;

	for (unsigned int i = 0; i < BATCH && (n = recv(packets.fd, frame, sizeof(frame), MSG_DONTWAIT)) >= 0; i++)
		received(arg, frame, (size_t)n);
}

/* ---- the bearer ---- */

static int open_bearer(struct run *r)
{
	uint32_t first = (uint32_t)mac_prefix[2] << 24 | r->first;
	struct packet_range ours = { first, first + r->n - 1 };
	uint8_t mac[6];
	int rc;

	packets = (struct watch){ packet_socket(r->interface, &ours, mac), readable, r };
	if (packets.fd < 0)
		return packets.fd;
	rc = loop_watch(&r->loop, &packets);
	if (!rc)
		run_ready(r);
	return rc;
}

static void abandon(struct call *c)
{
	if (c->session)
		discover(c, VPDN_PPPOE_PADT);
}

static void release(struct call *c)
{
	abandon(c);
	call_released(c, false);
}

static uint64_t lost(const struct run *r)
{
	(void)r;
	return socket_drops(packets.fd);
}

static void close_bearer(struct run *r)
{
	(void)r;
	close(packets.fd);
}

const struct bearer pppoe_bearer = {
	.name = "pppoe", .first_answer = "no PADO",
	.open = open_bearer, .start = start, .timeout = timeout, .send = send_ppp, .release = release, .abandon = abandon,
	.finish = run_over, .lost = lost, .close = close_bearer,
};
