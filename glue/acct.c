/* SPDX-License-Identifier: GPL-2.0-or-later */
/* acct.c - see acct.h. */
#include "acct.h"

#include <arpa/inet.h>
#include <bsd/stdlib.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "aaa_radius.h"
#include "acct_queue.h"
#include "bridge.h"
#include "config_radius.h"
#include "log.h"
#include "radius.h"
#include "registry.h"
#include "result_code.h"

#define END_S		5		/* for what waits to be taken when vpdnd ends */
#define OFF_S		2		/* of it, for Accounting-Off at least */
#define ID_MAX		40u
#define FIXED_MAX	3072u		/* octets of a session's attributes that do not change; all of the largest fit */
#define RECORD_MAX	(FIXED_MAX + 256u)

/* Acct-Status-Type and Acct-Terminate-Cause, RFC 2866 sections 5.1 and 5.10 */
enum status { START = 1, STOP = 2, INTERIM = 3, ON = 7, OFF = 8 };
enum terminate { USER_REQUEST = 1, LOST_CARRIER = 2, LOST_SERVICE = 3, ADMIN_RESET = 6, ADMIN_REBOOT = 7, NAS_ERROR = 9, HOST_REQUEST = 18 };
#define FRAMED_PPP	1u

struct vpdn_acct_session {
	struct vpdn_acct *acct;
	struct vpdn_call *call;
	struct vpdn_acct_lane *lane;
	struct event *interim;
	uint32_t interim_s;		/* that the server has said; 0: nothing */
	struct vpdn_bridge_counters last;
	size_t len;
	uint8_t fixed[];
};

struct vpdn_acct {
	struct vpdnd *d;
	struct vpdn_acct_queue *queue;
	struct vpdn_acct_lane *lane;	/* of what belongs to no session */
	struct event *end;		/* pending: vpdnd waits for records to be taken */
	uint32_t run;			/* makes session ids of this vpdnd's life its own */
	uint64_t began;			/* wall clock, s */
	bool on_said;			/* Accounting-On is in the queue, or was */
	enum { RUNNING, ENDING, OFF_SAID } stage;
};

/* ---- what records hold ---- */

static void begin(struct vpdn_writer *w, uint8_t *buf, size_t size, enum status status)
{
	vpdn_writer_init(w, buf, size);
	vpdn_radius_put_u32(w, VPDN_RADIUS_ACCT_STATUS_TYPE, status);
	vpdn_radius_put_u32(w, VPDN_RADIUS_EVENT_TIMESTAMP, (uint32_t)time(NULL));
}

/* Unique over restarts: when this vpdnd began, a number of its own, the call. */
static void put_session_id(struct vpdn_writer *w, const struct vpdn_acct *acct, uint32_t call)
{
	char id[ID_MAX];

	snprintf(id, sizeof(id), "%08llx-%08x-%08x", (unsigned long long)acct->began, acct->run, call);
	vpdn_radius_put_text(w, VPDN_RADIUS_ACCT_SESSION_ID, id);
}

static void put_ip(struct vpdn_writer *w, uint8_t type, struct in_addr a)
{
	char text[INET_ADDRSTRLEN];

	if (a.s_addr != INADDR_ANY)
		vpdn_radius_put_text(w, type, inet_ntop(AF_INET, &a, text, sizeof(text)));
}

/* RFC 2867 section 4: both ends of the tunnel, and the call in it by its Call Serial Number. */
static void put_tunnel(struct vpdn_writer *w, const struct vpdn_call *call)
{
	const struct vpdn_tunnel *t = vpdn_registry_tunnel(call->d->registry, call->tunnel_id);
	char serial[16];

	vpdn_radius_put_tagged_u24(w, VPDN_RADIUS_TUNNEL_TYPE, VPDN_RADIUS_TUNNEL_L2TP);
	vpdn_radius_put_tagged_u24(w, VPDN_RADIUS_TUNNEL_MEDIUM_TYPE, VPDN_RADIUS_MEDIUM_IPV4);
	put_ip(w, VPDN_RADIUS_TUNNEL_SERVER_ENDPOINT, call->peer);
	if (t)
		put_ip(w, VPDN_RADIUS_TUNNEL_CLIENT_ENDPOINT, t->source);
	vpdn_radius_put_text(w, VPDN_RADIUS_TUNNEL_CLIENT_AUTH_ID, call->local_name);
	if (t)
		vpdn_radius_put_bytes(w, VPDN_RADIUS_TUNNEL_SERVER_AUTH_ID, t->peer_name, strnlen(t->peer_name, VPDN_RADIUS_MAX_VALUE));
	if (call->has_serial) {
		snprintf(serial, sizeof(serial), "%u", call->serial);
		vpdn_radius_put_text(w, VPDN_RADIUS_ACCT_TUNNEL_CONNECTION, serial);
	}
}

static void put_fixed(struct vpdn_writer *w, const struct vpdn_acct *acct, const struct vpdn_call *call)
{
	static struct vpdn_question q;
	static struct vpdn_ipc_msg ask;
	const uint8_t *user;
	size_t len;

	put_session_id(w, acct, call->id);
	if (!vpdn_call_get_ask(call, &ask)) {
		vpdn_question_from_ask(&q, acct->d->config, &ask);
		if (vpdn_ipc_get_bytes(&ask, VPDN_TLV_USER, &user, &len) && len <= VPDN_RADIUS_MAX_VALUE)
			vpdn_radius_put_bytes(w, VPDN_RADIUS_USER_NAME, user, len);
		vpdn_radius_put_line(w, &q, &ask);
	}
	vpdn_ipc_msg_wipe(&ask);
	vpdn_radius_put_u32(w, VPDN_RADIUS_SERVICE_TYPE, VPDN_RADIUS_SERVICE_FRAMED);
	vpdn_radius_put_u32(w, VPDN_RADIUS_FRAMED_PROTOCOL, FRAMED_PPP);
	put_tunnel(w, call);
	/* RFC 2865 section 5.25: as the server has said it. */
	if (call->chosen && call->chosen->radius_class)
		vpdn_writer_bytes(w, call->chosen->radius_class, call->chosen->radius_class_len);
}

/* From the subscriber's side: in is what it sent, and the tunnel took. */
static void put_counters(struct vpdn_writer *w, struct vpdn_acct_session *s)
{
	vpdn_bridge_counters(&s->call->bridge, &s->last);
	vpdn_radius_put_u32(w, VPDN_RADIUS_ACCT_SESSION_TIME, (uint32_t)((vpdnd_now_ms() - s->call->connected_ms) / 1000));
	vpdn_radius_put_u32(w, VPDN_RADIUS_ACCT_INPUT_OCTETS, (uint32_t)s->last.tx_octets);
	vpdn_radius_put_u32(w, VPDN_RADIUS_ACCT_INPUT_GIGAWORDS, (uint32_t)(s->last.tx_octets >> 32));
	vpdn_radius_put_u32(w, VPDN_RADIUS_ACCT_OUTPUT_OCTETS, (uint32_t)s->last.rx_octets);
	vpdn_radius_put_u32(w, VPDN_RADIUS_ACCT_OUTPUT_GIGAWORDS, (uint32_t)(s->last.rx_octets >> 32));
	vpdn_radius_put_u32(w, VPDN_RADIUS_ACCT_INPUT_PACKETS, (uint32_t)s->last.tx_packets);
	vpdn_radius_put_u32(w, VPDN_RADIUS_ACCT_OUTPUT_PACKETS, (uint32_t)s->last.rx_packets);
}

static enum terminate terminate_cause(const struct vpdn_call *call)
{
	const struct vpdn_counters *n = &call->d->counters;
	const uint64_t *c = call->cause.counter;

	if (c == &n->ended_subscriber)
		return call->cause.result == VPDN_CDN_LOST_CARRIER ? LOST_CARRIER : USER_REQUEST;
	if (c == &n->ended_peer)
		return HOST_REQUEST;
	if (c == &n->ended_l2tp)
		return LOST_SERVICE;
	if (c == &n->ended_admin)
		return call->d->stopping ? ADMIN_REBOOT : ADMIN_RESET;
	return NAS_ERROR;
}

static void put(struct vpdn_acct *acct, struct vpdn_acct_lane *lane, uint32_t session, enum status status, const struct vpdn_writer *w)
{
	int rc = -EMSGSIZE;

	if (!w->bad)
		rc = vpdn_acct_put(lane, w->buf, w->len, status == INTERIM);
	else
		vpdn_acct_count_lost(acct->queue, 1);
	if (rc)
		vpdn_log_err("accounting record of session %u is lost: %s", session, w->bad ? "it does not fit" : "out of memory");
}

/* ---- sessions ---- */

static void say(struct vpdn_acct_session *s, enum status status)
{
	uint8_t buf[RECORD_MAX];
	struct vpdn_writer w;

	begin(&w, buf, sizeof(buf), status);
	vpdn_writer_bytes(&w, s->fixed, s->len);
	if (status != START)
		put_counters(&w, s);
	if (status == STOP)
		vpdn_radius_put_u32(&w, VPDN_RADIUS_ACCT_TERMINATE_CAUSE, terminate_cause(s->call));
	put(s->acct, s->lane, s->call->id, status, &w);
}

static void interim_next(struct vpdn_acct_session *s)
{
	const struct vpdn_radius_config *r = s->acct->d->config->radius;

	if (!r || !r->accounting)
		return;
	/* RFC 2869 section 2.1: what is configured here goes before what the server says. */
	if (r->interim_s || s->interim_s)
		evtimer_add(s->interim, &(struct timeval){ .tv_sec = r->interim_s ? r->interim_s : s->interim_s });
}

static void on_interim(evutil_socket_t fd, short what, void *arg)
{
	struct vpdn_acct_session *s = arg;

	(void)fd, (void)what;
	say(s, INTERIM);
	interim_next(s);
}

static void session_free(struct vpdn_acct_session *s)
{
	if (s->interim)
		event_free(s->interim);
	vpdn_acct_lane_close(s->lane);
	free(s);
}

void vpdn_acct_start(struct vpdn_call *call)
{
	struct vpdn_acct *acct = call->d->acct;
	const struct vpdn_radius_config *r = call->d->config->radius;
	struct vpdn_acct_session *s;
	uint8_t fixed[FIXED_MAX];
	struct vpdn_writer w;

	if (!r || !r->accounting)
		return;
	vpdn_writer_init(&w, fixed, sizeof(fixed));
	put_fixed(&w, acct, call);
	s = w.bad ? NULL : calloc(1, sizeof(*s) + w.len);
	if (s) {
		s->interim = evtimer_new(acct->d->base, on_interim, s);
		s->lane = vpdn_acct_lane_new(acct->queue);
	}
	if (!s || !s->interim || !s->lane) {
		if (s)
			session_free(s);
		vpdn_acct_count_lost(acct->queue, 2);
		vpdn_log_err("no accounting of session %u: %s", call->id, w.bad ? "its attributes do not fit" : "out of memory");
		return;
	}
	s->acct = acct;
	s->call = call;
	s->interim_s = call->chosen ? call->chosen->radius_interim_s : 0;
	s->len = w.len;
	memcpy(s->fixed, fixed, w.len);
	call->acct = s;
	say(s, START);
	interim_next(s);
}

void vpdn_acct_stop(struct vpdn_call *call)
{
	if (call->acct)
		say(call->acct, STOP);
	vpdn_acct_forget(call);
}

void vpdn_acct_forget(struct vpdn_call *call)
{
	if (call->acct)
		session_free(call->acct);
	call->acct = NULL;
}

/* ---- the whole ---- */

static bool wanted(const struct vpdn_acct *acct)
{
	const struct vpdn_radius_config *r = acct->d->config->radius;

	return r && r->accounting;
}

static void say_of_host(struct vpdn_acct *acct, enum status status)
{
	uint8_t buf[RECORD_MAX];
	struct vpdn_writer w;

	begin(&w, buf, sizeof(buf), status);
	put_session_id(&w, acct, 0);
	put(acct, acct->lane, 0, status, &w);
}

/* RFC 2866 section 5.1: sessions of a vpdnd that did not end in good order are over. */
void vpdn_acct_reload(struct vpdn_acct *acct)
{
	if (acct->on_said || !wanted(acct))
		return;
	acct->on_said = true;
	say_of_host(acct, ON);
}

/*
 * Accounting-Off says that all sessions are over: behind their Stops, that it takes nothing away from those; but in any case, for the
 * sake of sessions whose Stop is lost.
 */
static void say_off(struct vpdn_acct *acct)
{
	acct->stage = OFF_SAID;
	if (acct->on_said && wanted(acct))
		say_of_host(acct, OFF);
	else if (!vpdn_acct_queue_left(acct->queue))
		vpdnd_accounted(acct->d);
}

static void on_empty(void *arg)
{
	struct vpdn_acct *acct = arg;

	if (acct->stage == ENDING)
		say_off(acct);
	else if (acct->stage == OFF_SAID)
		vpdnd_accounted(acct->d);
}

static void on_end(evutil_socket_t fd, short what, void *arg)
{
	struct vpdn_acct *acct = arg;

	(void)fd, (void)what;
	if (acct->stage == OFF_SAID) {
		vpdnd_accounted(acct->d);
		return;
	}
	evtimer_add(acct->end, &(struct timeval){ .tv_sec = OFF_S });
	say_off(acct);
}

void vpdn_acct_end(struct vpdn_acct *acct)
{
	if (acct->stage != RUNNING)
		return;
	acct->stage = ENDING;
	evtimer_add(acct->end, &(struct timeval){ .tv_sec = END_S - OFF_S });
	vpdn_acct_queue_last_try(acct->queue);
}

struct vpdn_acct *vpdn_acct_new(struct vpdnd *d)
{
	struct vpdn_acct *acct = calloc(1, sizeof(*acct));

	if (!acct)
		return NULL;
	acct->d = d;
	acct->run = arc4random();
	acct->began = (uint64_t)time(NULL);
	acct->queue = vpdn_acct_queue_new(d, on_empty, acct);
	acct->lane = acct->queue ? vpdn_acct_lane_new(acct->queue) : NULL;
	acct->end = evtimer_new(d->base, on_end, acct);
	if (!acct->lane || !acct->end) {
		vpdn_acct_free(acct);
		return NULL;
	}
	vpdn_acct_reload(acct);
	return acct;
}

void vpdn_acct_free(struct vpdn_acct *acct)
{
	if (!acct)
		return;
	if (acct->end)
		event_free(acct->end);
	vpdn_acct_lane_close(acct->lane);
	vpdn_acct_queue_free(acct->queue);
	free(acct);
}

void vpdn_acct_show(const struct vpdn_acct *acct, json_t *o)
{
	if (wanted(acct) || vpdn_acct_queue_used(acct->queue))
		vpdn_acct_queue_show(acct->queue, o);
}
