/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ppp.c - see ppp.h. */
#include "ppp.h"

#include <stdlib.h>
#include <string.h>

#include "lcp_options.h"
#include "ppp_fsm.h"
#include "ppp_impl.h"
#include "text.h"

enum code {
	CONF_REQ = 1, CONF_ACK, CONF_NAK, CONF_REJ, TERM_REQ, TERM_ACK, CODE_REJ, PROTO_REJ, ECHO_REQ, ECHO_REP, DISCARD_REQ,
};

#define IPCP_ADDRESS	3
#define IPCP_ADDRESS_LEN 6

/* What differs between LCP and IPCP. */
struct layer {
	uint16_t protocol;
	enum ppp_count count;
	void (*request)(const struct ppp *p, struct vpdn_writer *w);
	/* Judges one option of the peer's request: its answer, and for a Nak the option that is suggested. */
	enum code (*judge)(struct ppp *p, const struct vpdn_lcp_option *o, struct vpdn_writer *nak);
	void (*refused)(struct ppp *p, enum code code, const struct vpdn_lcp_option *o);
	void (*up)(struct ppp *p);
	void (*down)(struct ppp *p);
};

static const struct layer lcp_layer, ipcp_layer;

void ppp_reason(struct ppp *p, const char *what, const void *text, size_t len)
{
	struct vpdn_text t;

	if (p->reason[0])
		return;		/* the first one counts */
	vpdn_text_init(&t, p->reason, PPP_REASON);
	vpdn_text_add(&t, "%s", what);
	if (len) {
		vpdn_text_add(&t, ": ");
		vpdn_text_add_escaped(&t, text, len);
	}
}

/* ---- sending ---- */

void ppp_begin(struct vpdn_writer *w, uint8_t *buf, uint8_t code, uint8_t id)
{
	vpdn_writer_init(w, buf, PPP_PACKET_MAX);
	vpdn_writer_u8(w, code);
	vpdn_writer_u8(w, id);
	vpdn_writer_u16(w, 0);
}

void ppp_finish(struct ppp *p, uint16_t protocol, struct vpdn_writer *w)
{
	vpdn_writer_patch_u16(w, 2, (uint16_t)w->len);
	if (!w->bad)
		p->config->send(p->owner, protocol, w->buf, w->len);
}

static void send_packet(struct ppp *p, uint16_t protocol, uint8_t code, uint8_t id, const void *data, size_t len)
{
	uint8_t buf[PPP_PACKET_MAX];
	struct vpdn_writer w;

	ppp_begin(&w, buf, code, id);
	vpdn_writer_bytes(&w, data, len);
	ppp_finish(p, protocol, &w);
}

static void build_request(const struct ppp *p, const struct layer *l, const struct ppp_fsm *f, struct vpdn_writer *w, uint8_t *buf)
{
	ppp_begin(w, buf, CONF_REQ, f->id);
	l->request(p, w);
	vpdn_writer_patch_u16(w, 2, (uint16_t)w->len);
}

void ppp_restart_timer(struct ppp *p)
{
	p->config->timer(p->owner, p->config->restart);
}

/* ---- the automaton ---- */

static void run(struct ppp *p, const struct layer *l, enum ppp_fsm_event event, uint8_t id, const void *data, size_t len,
		bool reject)
{
	struct ppp_fsm *f = l == &lcp_layer ? &p->lcp : &p->ipcp;
	const struct ppp_step *s = &ppp_fsm_table[f->state][event];
	uint8_t buf[PPP_PACKET_MAX];
	struct vpdn_writer w;

	f->state = s->next;
	if (s->actions & ACT_TLD)
		l->down(p);
	if (s->actions & ACT_IRC)
		f->tries_left = (uint8_t)p->config->tries;
	if (s->actions & (ACT_SCR | ACT_STR)) {
		/* Of a client that waited in vain it is the first one, but a whole interval was lost all the same. */
		if (event == EV_TIMEOUT)
			p->retransmissions[s->actions & ACT_STR ? PPP_COUNT_TERMINATE : l->count]++;
		else
			f->id++;
		if (f->tries_left)
			f->tries_left--;
		if (s->actions & ACT_SCR) {
			build_request(p, l, f, &w, buf);
			ppp_finish(p, l->protocol, &w);
		} else {
			send_packet(p, l->protocol, TERM_REQ, f->id, NULL, 0);
		}
		ppp_restart_timer(p);
	}
	if (s->actions & ACT_SCA)
		send_packet(p, l->protocol, CONF_ACK, id, data, len);
	if (s->actions & ACT_SCN)
		send_packet(p, l->protocol, reject ? CONF_REJ : CONF_NAK, id, data, len);
	if (s->actions & ACT_STA)
		send_packet(p, l->protocol, TERM_ACK, id, NULL, 0);
	if (s->actions & (ACT_TLU | ACT_OVER | ACT_TERMINATED))
		p->config->timer(p->owner, -1);
	if (s->actions & ACT_TLU)
		l->up(p);
	if (s->actions & ACT_OVER) {
		ppp_reason(p, l == &lcp_layer ? "no answer to LCP" : "no answer to IPCP", NULL, 0);
		p->config->event(p->owner, PPP_OVER);
	}
	if (s->actions & ACT_TERMINATED) {
		if (event == EV_EXPIRED)
			ppp_reason(p, "no Terminate-Ack", NULL, 0);
		p->config->event(p->owner, PPP_TERMINATED);
	}
}

static void step(struct ppp *p, const struct layer *l, enum ppp_fsm_event event)
{
	run(p, l, event, 0, NULL, 0, false);
}

/* First request of a layer whose lower layer has come up. */
static void open_layer(struct ppp *p, const struct layer *l, struct ppp_fsm *f, bool at_once)
{
	uint8_t buf[PPP_PACKET_MAX];
	struct vpdn_writer w;

	f->tries_left = (uint8_t)p->config->tries;
	f->peer_asked = false;
	f->refused = 0;
	f->state = at_once ? PPP_REQ_SENT : PPP_STOPPED;
	ppp_restart_timer(p);
	if (!at_once)
		return;
	f->id++;
	f->tries_left--;
	build_request(p, l, f, &w, buf);
	ppp_finish(p, l->protocol, &w);
}

void ppp_authenticated(struct ppp *p)
{
	if (p->authenticated)
		return;
	p->authenticated = true;
	p->config->event(p->owner, PPP_AUTHENTICATED);
	open_layer(p, &ipcp_layer, &p->ipcp, true);
}

/* ---- LCP ---- */

static void lcp_request(const struct ppp *p, struct vpdn_writer *w)
{
	if (p->mru != VPDN_LCP_DEFAULT_MRU && !(p->lcp.refused & 1 << VPDN_LCP_MRU))
		vpdn_lcp_put_u16(w, VPDN_LCP_MRU, p->mru);
	if (!(p->lcp.refused & 1 << VPDN_LCP_MAGIC))
		vpdn_lcp_put_u32(w, VPDN_LCP_MAGIC, p->magic);
}

static enum code judge_auth(struct ppp *p, const struct vpdn_lcp_options *o, struct vpdn_writer *nak)
{
	if (o->auth_proto == VPDN_PPP_PAP && p->config->auth & PPP_AUTH_PAP)
		p->auth_asked = PPP_PAP;
	else if (o->auth_proto == VPDN_PPP_CHAP && o->chap_algorithm == VPDN_CHAP_MD5 && p->config->auth & PPP_AUTH_CHAP)
		p->auth_asked = PPP_CHAP;
	else if (p->config->auth & PPP_AUTH_CHAP)
		return vpdn_lcp_put_auth(nak, VPDN_PPP_CHAP, VPDN_CHAP_MD5), CONF_NAK;
	else if (p->config->auth & PPP_AUTH_PAP)
		return vpdn_lcp_put_auth(nak, VPDN_PPP_PAP, 0), CONF_NAK;
	else
		return CONF_REJ;
	return CONF_ACK;
}

static enum code lcp_judge(struct ppp *p, const struct vpdn_lcp_option *option, struct vpdn_writer *nak)
{
	uint8_t list[2 + VPDN_LCP_OPT_MAX_VALUE];
	struct vpdn_lcp_options o;
	struct vpdn_writer w;

	vpdn_writer_init(&w, list, sizeof(list));
	vpdn_writer_u8(&w, option->type);
	vpdn_writer_u8(&w, (uint8_t)(option->len + 2));
	vpdn_writer_bytes(&w, option->value, option->len);
	if (vpdn_lcp_parse(list, w.len, &o) || o.unknown || o.malformed)
		return CONF_REJ;
	switch (option->type) {
	case VPDN_LCP_MRU:
	case VPDN_LCP_ACCM:
		return CONF_ACK;
	case VPDN_LCP_MAGIC:
		p->peer_magic = o.magic;
		return CONF_ACK;
	case VPDN_LCP_AUTH:
		return judge_auth(p, &o, nak);
	default:	/* compression of the header has no place in PPPoE and L2TP; no multilink */
		return CONF_REJ;
	}
}

static void lcp_refused(struct ppp *p, enum code code, const struct vpdn_lcp_option *o)
{
	struct vpdn_reader r;
	uint16_t mru;

	vpdn_reader_init(&r, o->value, o->len);
	if (code == CONF_REJ && o->type < 8)
		p->lcp.refused |= (uint8_t)(1 << o->type);
	else if (code == CONF_NAK && o->type == VPDN_LCP_MRU && vpdn_reader_u16(&r, &mru))
		p->mru = mru;
	else if (code == CONF_NAK && o->type == VPDN_LCP_MAGIC)
		p->magic = arc4random();
}

static void lcp_up(struct ppp *p)
{
	p->config->event(p->owner, PPP_LCP_OPEN);
	if (!p->auth_asked) {
		ppp_authenticated(p);
	} else {
		ppp_auth_begin(p);
	}
}

static void lcp_down(struct ppp *p)
{
	p->authenticated = p->credentials_sent = false;
	p->ipcp.state = PPP_CLOSED;
	p->lcp.peer_asked = false;
}

static const struct layer lcp_layer = {
	PPP_LCP, PPP_COUNT_LCP, lcp_request, lcp_judge, lcp_refused, lcp_up, lcp_down,
};

/* ---- IPCP ---- */

static void ipcp_request(const struct ppp *p, struct vpdn_writer *w)
{
	if (p->ipcp.refused)
		return;
	vpdn_writer_u8(w, IPCP_ADDRESS);
	vpdn_writer_u8(w, IPCP_ADDRESS_LEN);
	vpdn_writer_u32(w, p->address);
}

static enum code ipcp_judge(struct ppp *p, const struct vpdn_lcp_option *o, struct vpdn_writer *nak)
{
	struct vpdn_reader r;

	(void)nak;
	vpdn_reader_init(&r, o->value, o->len);
	return o->type == IPCP_ADDRESS && vpdn_reader_u32(&r, &p->peer_address) && vpdn_reader_done(&r) ? CONF_ACK : CONF_REJ;
}

static void ipcp_refused(struct ppp *p, enum code code, const struct vpdn_lcp_option *o)
{
	struct vpdn_reader r;

	if (o->type != IPCP_ADDRESS)
		return;
	if (code == CONF_REJ)
		p->ipcp.refused = 1;
	vpdn_reader_init(&r, o->value, o->len);
	if (code == CONF_NAK)
		vpdn_reader_u32(&r, &p->address);
}

static void ipcp_up(struct ppp *p)
{
	p->config->event(p->owner, PPP_IPCP_OPEN);
}

static void ipcp_down(struct ppp *p)
{
	p->ipcp.peer_asked = false;
}

static const struct layer ipcp_layer = {
	PPP_IPCP, PPP_COUNT_IPCP, ipcp_request, ipcp_judge, ipcp_refused, ipcp_up, ipcp_down,
};

/* ---- packets of both ---- */

static void conf_request(struct ppp *p, const struct layer *l, struct ppp_fsm *f, uint8_t id, const uint8_t *data, size_t len)
{
	uint8_t nak_buf[PPP_PACKET_MAX], rej_buf[PPP_PACKET_MAX];
	struct vpdn_writer nak, rej;
	struct vpdn_lcp_option o;
	struct vpdn_reader r;
	int more;

	if (f->peer_asked && f->peer_id == id)
		p->peer_retransmissions[l->count]++;
	f->peer_asked = true;
	f->peer_id = id;
	if (l == &lcp_layer)
		p->auth_asked = 0;
	vpdn_writer_init(&nak, nak_buf, sizeof(nak_buf));
	vpdn_writer_init(&rej, rej_buf, sizeof(rej_buf));
	vpdn_reader_init(&r, data, len);
	while ((more = vpdn_lcp_next(&r, &o)) > 0) {
		if (l->judge(p, &o, &nak) != CONF_REJ)
			continue;
		vpdn_writer_u8(&rej, o.type);
		vpdn_writer_u8(&rej, (uint8_t)(o.len + 2));
		vpdn_writer_bytes(&rej, o.value, o.len);
	}
	if (more < 0) {
		p->malformed++;
		return;
	}
	if (rej.len)
		run(p, l, EV_RCR_BAD, id, rej_buf, rej.len, true);
	else if (nak.len)
		run(p, l, EV_RCR_BAD, id, nak_buf, nak.len, false);
	else
		run(p, l, EV_RCR_GOOD, id, data, len, false);
}

/* Configure-Ack, -Nak and -Reject of our last request; others are of an earlier one, or of nobody's. */
static void conf_answer(struct ppp *p, const struct layer *l, struct ppp_fsm *f,
			enum code code, uint8_t id, const uint8_t *data, size_t len)
{
	uint8_t buf[PPP_PACKET_MAX];
	struct vpdn_lcp_option o;
	struct vpdn_writer w;
	struct vpdn_reader r;

	if (id != f->id)
		return;
	if (code == CONF_ACK) {
		build_request(p, l, f, &w, buf);
		if (len == w.len - PPP_HEADER_LEN && !memcmp(data, buf + PPP_HEADER_LEN, len))
			step(p, l, EV_RCA);
		else
			p->malformed++;
		return;
	}
	vpdn_reader_init(&r, data, len);
	while (vpdn_lcp_next(&r, &o) > 0)
		l->refused(p, code, &o);
	step(p, l, EV_RCN);
}

static void echo(struct ppp *p, uint8_t id, const uint8_t *data, size_t len)
{
	uint8_t buf[PPP_PACKET_MAX];
	struct vpdn_writer w;

	if (p->lcp.state != PPP_OPENED || len < 4)
		return;
	ppp_begin(&w, buf, ECHO_REP, id);
	vpdn_writer_u32(&w, p->lcp.refused & 1 << VPDN_LCP_MAGIC ? 0 : p->magic);
	vpdn_writer_bytes(&w, data + 4, len - 4);
	ppp_finish(p, PPP_LCP, &w);
}

static void protocol_rejected(struct ppp *p, const uint8_t *data, size_t len)
{
	struct vpdn_reader r;
	uint16_t protocol;

	vpdn_reader_init(&r, data, len);
	if (!vpdn_reader_u16(&r, &protocol) || protocol != PPP_IPCP || p->ipcp.state == PPP_CLOSED)
		return;
	p->ipcp.state = PPP_CLOSED;
	p->config->timer(p->owner, -1);
	ppp_reason(p, "IPCP was rejected", NULL, 0);
	p->config->event(p->owner, PPP_OVER);
}

static void control_packet(struct ppp *p, const struct layer *l, struct ppp_fsm *f,
			   uint8_t code, uint8_t id, const uint8_t *data, size_t len)
{
	switch (code) {
	case CONF_REQ:
		conf_request(p, l, f, id, data, len);
		break;
	case CONF_ACK:
	case CONF_NAK:
	case CONF_REJ:
		conf_answer(p, l, f, code, id, data, len);
		break;
	case TERM_REQ:
		if (f->state != PPP_CLOSING && f->state != PPP_CLOSED)
			ppp_reason(p, l == &lcp_layer ? "Terminate-Request" : "IPCP Terminate-Request", data, len);
		run(p, l, EV_RTR, id, NULL, 0, false);
		break;
	case TERM_ACK:
		if (f->state != PPP_CLOSING || id == f->id)
			step(p, l, EV_RTA);
		break;
	case ECHO_REQ:
		if (l == &lcp_layer)
			echo(p, id, data, len);
		break;
	case PROTO_REJ:
		if (l == &lcp_layer)
			protocol_rejected(p, data, len);
		break;
	default:	/* Echo-Reply, Discard-Request, Code-Reject, ...: nothing of ours is answered by them */
		break;
	}
}

/* ---- the owner's side ---- */

void ppp_init(struct ppp *p, const struct ppp_config *config, void *owner, const char *user, char *why)
{
	*p = (struct ppp){ .config = config, .owner = owner, .user = user, .reason = why, .mru = config->mru, .magic = arc4random() };
	why[0] = '\0';
}

void ppp_up(struct ppp *p)
{
	open_layer(p, &lcp_layer, &p->lcp, p->config->eager);
}

void ppp_up_proxied(struct ppp *p, uint32_t magic, uint32_t peer_magic, uint16_t auth, uint8_t id)
{
	p->lcp.state = PPP_OPENED;
	p->magic = magic;
	p->peer_magic = peer_magic;
	p->auth_asked = auth;
	p->auth_id = id;
	ppp_credentials_sent(p);
}

void ppp_input(struct ppp *p, uint16_t protocol, const uint8_t *packet, size_t len)
{
	struct vpdn_reader r;
	uint8_t code, id;
	uint16_t length;

	vpdn_reader_init(&r, packet, len);
	vpdn_reader_u8(&r, &code);
	vpdn_reader_u8(&r, &id);
	vpdn_reader_u16(&r, &length);
	if (r.bad || length < PPP_HEADER_LEN || length > len) {
		p->malformed++;
		return;
	}
	packet += PPP_HEADER_LEN;
	length -= PPP_HEADER_LEN;
	switch (protocol) {
	case PPP_LCP:
		control_packet(p, &lcp_layer, &p->lcp, code, id, packet, length);
		break;
	case PPP_IPCP:
		if (p->authenticated && p->lcp.state == PPP_OPENED)
			control_packet(p, &ipcp_layer, &p->ipcp, code, id, packet, length);
		break;
	case PPP_CHAP:
	case PPP_PAP:
		if (p->lcp.state == PPP_OPENED && protocol == p->auth_asked)
			ppp_auth_packet(p, code, id, packet, length);
		break;
	default:
		if (p->lcp.state == PPP_OPENED) {
			uint8_t buf[PPP_PACKET_MAX];
			struct vpdn_writer w;

			ppp_begin(&w, buf, PROTO_REJ, ++p->lcp.id);
			vpdn_writer_u16(&w, protocol);
			vpdn_writer_bytes(&w, packet - PPP_HEADER_LEN, (size_t)length + PPP_HEADER_LEN);
			ppp_finish(p, PPP_LCP, &w);
		}
		break;
	}
}

void ppp_timeout(struct ppp *p)
{
	if (p->lcp.state != PPP_OPENED) {
		step(p, &lcp_layer, p->lcp.tries_left ? EV_TIMEOUT : EV_EXPIRED);
	} else if (p->authenticated) {
		step(p, &ipcp_layer, p->ipcp.tries_left ? EV_TIMEOUT : EV_EXPIRED);
	} else {
		ppp_auth_timeout(p);
	}
}

void ppp_terminate(struct ppp *p)
{
	if (p->lcp.state == PPP_OPENED)
		lcp_down(p);
	step(p, &lcp_layer, EV_CLOSE);
}

bool ppp_is_open(const struct ppp *p)
{
	return p->lcp.state == PPP_OPENED && p->ipcp.state == PPP_OPENED;
}
