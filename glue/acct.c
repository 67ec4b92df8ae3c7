/* SPDX-License-Identifier: GPL-2.0-or-later */
/* acct.c - see acct.h. */
#include "acct.h"

#include <arpa/inet.h>
#include <bsd/stdlib.h>
#include <bsd/sys/queue.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "aaa_radius.h"
#include "bridge.h"
#include "log.h"
#include "radius_client.h"
#include "registry.h"
#include "result_code.h"
#include "show_impl.h"

#define QUEUE_MAX	20000u		/* records */
#define IN_FLIGHT_MAX	32u		/* of them, sent and not yet taken */
#define RETRY_S		5		/* after no server took a record */
#define TOO_OLD_MS	(24u * 3600 * 1000)
#define ID_MAX		40u
#define FIXED_MAX	3072u		/* octets of a session's attributes that do not change; all of the largest fit */
#define RECORD_MAX	(FIXED_MAX + 256u)

/* Acct-Status-Type and Acct-Terminate-Cause, RFC 2866 sections 5.1 and 5.10 */
enum status { START = 1, STOP = 2, INTERIM = 3, ON = 7 };
enum terminate { USER_REQUEST = 1, LOST_CARRIER = 2, LOST_SERVICE = 3, ADMIN_RESET = 6, ADMIN_REBOOT = 7, NAS_ERROR = 9, HOST_REQUEST = 18 };
#define SERVICE_FRAMED	2u
#define FRAMED_PPP	1u

struct vpdn_acct_session {
	struct vpdn_acct *acct;
	struct vpdn_call *call;
	struct event *interim;		/* NULL: none are sent */
	struct record *unsent;		/* its last Interim-Update, when it was not sent yet: the next one takes its place; or NULL */
	struct vpdn_bridge_counters last;
	size_t len;
	uint8_t fixed[];
};

struct record {
	TAILQ_ENTRY(record) link;
	struct vpdn_acct *acct;
	struct vpdn_radius_exchange *exchange;	/* NULL: waits */
	uint32_t session;			/* id of the call; 0: of none */
	struct vpdn_acct_session *unsent_of;	/* whose `unsent` it is; NULL: nobody's */
	uint64_t since_ms;			/* when it was made */
	size_t len;
	uint8_t attributes[];
};
TAILQ_HEAD(records, record);

struct vpdn_acct {
	struct vpdnd *d;
	struct vpdn_radius_client *client;
	struct records waiting, in_flight;
	size_t n_waiting, n_in_flight;
	struct event *retry;		/* pending: no server took the last record */
	uint32_t run;			/* makes session ids of this vpdnd's life its own */
	uint64_t began;			/* wall clock, s */
	bool on_said;			/* Accounting-On is in the queue, or was */
	bool losing;			/* said that records are lost */
	uint64_t sent, taken, lost;
};

static void send_waiting(struct vpdn_acct *acct);

/* ---- the queue ---- */

/* Nothing takes its place any more. */
static void settle(struct record *r)
{
	if (r->unsent_of)
		r->unsent_of->unsent = NULL;
	r->unsent_of = NULL;
}

static void record_free(struct record *r)
{
	settle(r);
	if (r->exchange)
		vpdn_radius_cancel(r->exchange);
	free(r);
}

static void lose(struct vpdn_acct *acct, struct record *r, const char *why)
{
	acct->lost++;
	if (!acct->losing)
		vpdn_log_err("accounting records are lost: %s", why);
	acct->losing = true;
	TAILQ_REMOVE(&acct->waiting, r, link);
	acct->n_waiting--;
	record_free(r);
}

static void on_reply(void *arg, const struct vpdn_radius_reply *reply)
{
	struct record *r = arg;
	struct vpdn_acct *acct = r->acct;

	r->exchange = NULL;
	TAILQ_REMOVE(&acct->in_flight, r, link);
	acct->n_in_flight--;
	if (!reply->wrong) {
		acct->taken++;
		acct->losing = false;
		record_free(r);
		send_waiting(acct);
		return;
	}
	/* Goes first again, as the oldest of its session. */
	TAILQ_INSERT_HEAD(&acct->waiting, r, link);
	acct->n_waiting++;
	if (vpdnd_now_ms() - r->since_ms > TOO_OLD_MS)
		lose(acct, r, "no server has taken them for a day");
	evtimer_add(acct->retry, &(struct timeval){ .tv_sec = RETRY_S });
}

/* The first one whose session has nothing under way. */
static struct record *next_record(const struct vpdn_acct *acct)
{
	struct record *r, *other;

	TAILQ_FOREACH(r, &acct->waiting, link) {
		TAILQ_FOREACH(other, &acct->in_flight, link)
			if (other->session == r->session)
				break;
		if (!other)
			return r;
	}
	return NULL;
}

static void send_waiting(struct vpdn_acct *acct)
{
	struct record *r;
	int rc;

	while (acct->n_in_flight < IN_FLIGHT_MAX && !evtimer_pending(acct->retry, NULL) && (r = next_record(acct))) {
		rc = vpdn_radius_send(acct->client, acct->d->config, r->attributes, r->len, r->since_ms, on_reply, r, &r->exchange);
		if (rc == -ENOENT) {
			lose(acct, r, "vpdn.conf has no RADIUS servers any more");
			continue;
		}
		if (rc) {
			evtimer_add(acct->retry, &(struct timeval){ .tv_sec = RETRY_S });
			return;
		}
		acct->sent++;
		settle(r);
		TAILQ_REMOVE(&acct->waiting, r, link);
		acct->n_waiting--;
		TAILQ_INSERT_TAIL(&acct->in_flight, r, link);
		acct->n_in_flight++;
	}
	if (acct->d->stopping && vpdn_acct_idle(acct) && !vpdn_calls_count(acct->d->calls))
		vpdnd_calls_empty(acct->d);
}

static void on_retry(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	send_waiting(arg);
}

/* Of no session: NULL. What waits does not grow while nobody takes it: of a session one Interim-Update, the last, and none with its Stop. */
static void queue(struct vpdn_acct *acct, struct vpdn_acct_session *s, enum status status, const struct vpdn_writer *w)
{
	struct record *r = w->bad ? NULL : malloc(sizeof(*r) + w->len);
	uint32_t session = s ? s->call->id : 0;

	if (!r) {
		acct->lost++;
		vpdn_log_err("accounting record of session %u is lost: %s", session, w->bad ? "it does not fit" : "out of memory");
		return;
	}
	*r = (struct record){ .acct = acct, .session = session, .since_ms = vpdnd_now_ms(), .len = w->len };
	memcpy(r->attributes, w->buf, w->len);
	if (s && s->unsent) {
		TAILQ_REMOVE(&acct->waiting, s->unsent, link);
		acct->n_waiting--;
		record_free(s->unsent);
	}
	if (status == INTERIM) {
		s->unsent = r;
		r->unsent_of = s;
	}
	TAILQ_INSERT_TAIL(&acct->waiting, r, link);
	if (++acct->n_waiting > QUEUE_MAX)
		lose(acct, TAILQ_FIRST(&acct->waiting), "the queue is full");
	send_waiting(acct);
}

bool vpdn_acct_idle(const struct vpdn_acct *acct)
{
	return !acct->n_waiting && !acct->n_in_flight;
}

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
	vpdn_radius_put_u32(w, VPDN_RADIUS_SERVICE_TYPE, SERVICE_FRAMED);
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
	queue(s->acct, s, status, &w);
}

static void interim_next(struct vpdn_acct_session *s)
{
	const struct vpdn_radius_config *r = s->acct->d->config->radius;

	if (r && r->accounting && r->interim_s)
		evtimer_add(s->interim, &(struct timeval){ .tv_sec = r->interim_s });
}

static void on_interim(evutil_socket_t fd, short what, void *arg)
{
	struct vpdn_acct_session *s = arg;

	(void)fd, (void)what;
	say(s, INTERIM);
	interim_next(s);
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
	if (s)
		s->interim = evtimer_new(acct->d->base, on_interim, s);
	if (!s || !s->interim) {
		free(s);
		acct->lost += 2;
		vpdn_log_err("no accounting of session %u: %s", call->id, w.bad ? "its attributes do not fit" : "out of memory");
		return;
	}
	s->acct = acct;
	s->call = call;
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
	if (!call->acct)
		return;
	if (call->acct->unsent)
		settle(call->acct->unsent);
	event_free(call->acct->interim);
	free(call->acct);
	call->acct = NULL;
}

/* ---- the whole ---- */

/* RFC 2866 section 5.1: sessions of a vpdnd that did not end in good order are over. */
void vpdn_acct_reload(struct vpdn_acct *acct)
{
	const struct vpdn_radius_config *r = acct->d->config->radius;
	uint8_t buf[RECORD_MAX];
	struct vpdn_writer w;

	if (acct->on_said || !r || !r->accounting)
		return;
	acct->on_said = true;
	begin(&w, buf, sizeof(buf), ON);
	put_session_id(&w, acct, 0);
	queue(acct, NULL, ON, &w);
}

struct vpdn_acct *vpdn_acct_new(struct vpdnd *d)
{
	struct vpdn_acct *acct = calloc(1, sizeof(*acct));

	if (!acct)
		return NULL;
	acct->d = d;
	acct->run = arc4random();
	acct->began = (uint64_t)time(NULL);
	TAILQ_INIT(&acct->waiting);
	TAILQ_INIT(&acct->in_flight);
	acct->client = vpdn_radius_client_new(d, VPDN_RADIUS_ACCT);
	acct->retry = evtimer_new(d->base, on_retry, acct);
	if (!acct->client || !acct->retry) {
		vpdn_acct_free(acct);
		return NULL;
	}
	vpdn_acct_reload(acct);
	return acct;
}

void vpdn_acct_free(struct vpdn_acct *acct)
{
	struct record *r;

	if (!acct)
		return;
	if (!vpdn_acct_idle(acct))
		vpdn_log_warn("%zu accounting records were not taken by a server", acct->n_waiting + acct->n_in_flight);
	TAILQ_CONCAT(&acct->waiting, &acct->in_flight, link);
	while ((r = TAILQ_FIRST(&acct->waiting))) {
		TAILQ_REMOVE(&acct->waiting, r, link);
		record_free(r);
	}
	if (acct->retry)
		event_free(acct->retry);
	vpdn_radius_client_free(acct->client);
	free(acct);
}

void vpdn_acct_show(const struct vpdn_acct *acct, json_t *o)
{
	const struct vpdn_radius_config *r = acct->d->config->radius;

	if ((!r || !r->accounting) && !acct->sent)
		return;
	set(o, "acct_servers", vpdn_radius_client_show(acct->client));
	set(o, "acct_sent", json_integer((json_int_t)acct->sent));
	set(o, "acct_taken", json_integer((json_int_t)acct->taken));
	set(o, "acct_waiting", json_integer((json_int_t)(acct->n_waiting + acct->n_in_flight)));
	set(o, "acct_lost", json_integer((json_int_t)acct->lost));
}
