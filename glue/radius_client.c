/* SPDX-License-Identifier: GPL-2.0-or-later */
/* radius_client.c - see radius_client.h. */
#include "radius_client.h"

#include <arpa/inet.h>
#include <bsd/stdlib.h>
#include <bsd/sys/queue.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"
#include "show_impl.h"

#define COMPLAIN_MS	60000u	/* between two lines about wrong answers of one server */
#define ERROR_MAX	112u	/* octets of why a server has failed */

/* What is known of a server's service; kept over reloads. */
struct known {
	TAILQ_ENTRY(known) link;
	struct in_addr addr;
	uint16_t port;
	enum { NOT_ASKED, UP, DOWN } is;
	uint64_t dead_until_ms;		/* CLOCK_MONOTONIC */
	uint64_t complained_ms;		/* 0: never */
	uint64_t total_ms;		/* from the first try to the answer, of all that were answered */
	uint64_t failed_at_ms;		/* of `error` */
	char error[ERROR_MAX];		/* of the last failure; "": none yet */
	uint64_t asked, answered, failed, retransmitted, timeouts, rejects, wrong;
};

struct vpdn_radius_exchange {
	TAILQ_ENTRY(vpdn_radius_exchange) link;
	struct vpdn_radius_client *client;
	struct vpdn_config *config;
	uint32_t tried;			/* bit set of the configured servers */
	size_t server;			/* that is asked now */
	unsigned int tries;		/* of it */
	const char *wrong;		/* with the last answer of it that did not count; NULL: none came */
	uint64_t asked_ms;		/* when it was asked first */
	uint8_t id, authenticator[VPDN_RADIUS_AUTHENTICATOR_LEN];
	int fd;
	struct event *on_readable, *timer;
	vpdn_radius_reply_fn *fn;
	void *arg;
	uint64_t since_ms;
	size_t packet_len, len;
	uint8_t packet[VPDN_RADIUS_MAX_LEN];
	uint8_t attributes[];
};

struct vpdn_radius_client {
	struct vpdnd *d;
	enum vpdn_radius_service service;
	TAILQ_HEAD(, known) known;
	TAILQ_HEAD(, vpdn_radius_exchange) exchanges;
	unsigned int n;
};

struct vpdn_radius_client *vpdn_radius_client_new(struct vpdnd *d, enum vpdn_radius_service service)
{
	struct vpdn_radius_client *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->d = d;
	c->service = service;
	TAILQ_INIT(&c->known);
	TAILQ_INIT(&c->exchanges);
	return c;
}

/* ---- servers ---- */

/* Made when missing; NULL without memory. */
static struct known *known(struct vpdn_radius_client *c, const struct vpdn_radius_server *s)
{
	struct known *k;

	TAILQ_FOREACH(k, &c->known, link)
		if (k->addr.s_addr == s->addr.s_addr && k->port == s->port[c->service])
			return k;
	k = calloc(1, sizeof(*k));
	if (!k)
		return NULL;
	k->addr = s->addr;
	k->port = s->port[c->service];
	TAILQ_INSERT_TAIL(&c->known, k, link);
	return k;
}

static const struct vpdn_radius_server *server_of(const struct vpdn_radius_exchange *x)
{
	return &x->config->radius->servers[x->server];
}

static const char *service_name(const struct vpdn_radius_client *c)
{
	return c->service == VPDN_RADIUS_AUTH ? "authorization" : "accounting";
}

static const char *name_of(const struct known *k, char *buf, size_t size)
{
	char addr[INET_ADDRSTRLEN];

	snprintf(buf, size, "%s:%u", inet_ntop(AF_INET, &k->addr, addr, sizeof(addr)), k->port);
	return buf;
}

static void is_up(struct vpdn_radius_client *c, struct known *k)
{
	char name[64];

	if (k->is == DOWN)
		vpdn_log_notice("RADIUS server %s (%s) answers again", name_of(k, name, sizeof(name)), service_name(c));
	k->is = UP;
	k->dead_until_ms = 0;
}

static void is_down(struct vpdn_radius_client *c, struct known *k, uint32_t dead_s, const char *why)
{
	char name[64];

	k->failed++;
	k->failed_at_ms = vpdnd_now_ms();
	snprintf(k->error, sizeof(k->error), "%s", why);
	if (k->is != DOWN)
		vpdn_log_warn("RADIUS server %s (%s): %s; left out for %u s, if there is another", name_of(k, name, sizeof(name)),
			      service_name(c), why, dead_s);
	k->is = DOWN;
	k->dead_until_ms = vpdnd_now_ms() + (uint64_t)dead_s * 1000;
}

/* The next one that was not asked yet, those that are not dead before the dead. */
static bool next_server(struct vpdn_radius_exchange *x)
{
	const struct vpdn_radius_config *r = x->config->radius;
	uint64_t now = vpdnd_now_ms();

	for (int dead = 0; dead <= 1; dead++) {
		for (size_t i = 0; i < r->n_servers; i++) {
			const struct known *k = known(x->client, &r->servers[i]);

			if (x->tried & 1u << i || !k || (k->dead_until_ms > now) != dead)
				continue;
			x->tried |= 1u << i;
			x->server = i;
			return true;
		}
	}
	return false;
}

/* ---- a request ---- */

static void drop_socket(struct vpdn_radius_exchange *x)
{
	if (x->on_readable)
		event_free(x->on_readable);
	x->on_readable = NULL;
	if (x->fd >= 0)
		close(x->fd);
	x->fd = -1;
}

static void exchange_free(struct vpdn_radius_exchange *x)
{
	TAILQ_REMOVE(&x->client->exchanges, x, link);
	x->client->n--;
	drop_socket(x);
	if (x->timer)
		event_free(x->timer);
	vpdn_config_put(x->config);
	explicit_bzero(x->packet, sizeof(x->packet));
	free(x);
}

/* Why nothing came of a server that was waited for. */
static const char *why_nothing(const struct vpdn_radius_exchange *x, const char *silent, char buf[ERROR_MAX])
{
	snprintf(buf, ERROR_MAX, "%s%s", x->wrong ? "no answer that counts: " : silent, x->wrong ? x->wrong : "");
	return buf;
}

void vpdn_radius_cancel(struct vpdn_radius_exchange *x)
{
	char why[ERROR_MAX];

	/* Who asked could not wait longer: the server has not answered the first try in its time. */
	if (x->tries)
		is_down(x->client, known(x->client, server_of(x)), x->config->radius->dead_s,
			why_nothing(x, "does not answer in time", why));
	exchange_free(x);
}

static void finish(struct vpdn_radius_exchange *x, const struct vpdn_radius_reply *r)
{
	x->fn(x->arg, r);
	exchange_free(x);
}

static void set_timer(struct vpdn_radius_exchange *x, uint32_t s)
{
	evtimer_add(x->timer, &(struct timeval){ .tv_sec = s });
}

/* Header, what signs it, and what every request of this service has; a new one for each server, whose secret is another. */
static bool make_packet(struct vpdn_radius_exchange *x)
{
	const struct vpdn_radius_config *r = x->config->radius;
	bool accounting = x->client->service == VPDN_RADIUS_ACCT;
	uint8_t buf[VPDN_RADIUS_MAX_LEN], random[VPDN_RADIUS_AUTHENTICATOR_LEN];
	struct sockaddr_in self = { .sin_addr = r->nas_ip };
	socklen_t size = sizeof(self);
	struct vpdn_writer w;

	if (r->nas_ip.s_addr == INADDR_ANY && getsockname(x->fd, (struct sockaddr *)&self, &size) < 0)
		return false;
	vpdn_writer_init(&w, buf, sizeof(buf));
	vpdn_radius_put_bytes(&w, VPDN_RADIUS_NAS_IP_ADDRESS, &self.sin_addr, sizeof(self.sin_addr));
	vpdn_radius_put_text(&w, VPDN_RADIUS_NAS_IDENTIFIER, r->nas_identifier);
	if (accounting)
		vpdn_radius_put_u32(&w, VPDN_RADIUS_ACCT_DELAY_TIME, (uint32_t)((vpdnd_now_ms() - x->since_ms) / 1000));
	vpdn_writer_bytes(&w, x->attributes, x->len);
	if (w.bad)
		return false;
	arc4random_buf(random, sizeof(random));
	x->id = (uint8_t)arc4random_uniform(256);
	x->packet_len = vpdn_radius_request(accounting ? VPDN_RADIUS_ACCOUNTING_REQUEST : VPDN_RADIUS_ACCESS_REQUEST, x->id, server_of(x)->secret,
					    random, accounting ? NULL : r->password, buf, w.len, x->packet, x->authenticator);
	return x->packet_len;
}

static void on_readable(evutil_socket_t fd, short what, void *arg);

/* NULL, or why this server cannot even be sent to; *ours: because of this host. */
static const char *open_socket(struct vpdn_radius_exchange *x, bool *ours)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr = server_of(x)->addr, .sin_port = htons(server_of(x)->port[x->client->service]) };

	*ours = true;
	x->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (x->fd < 0)
		return strerror(errno);
	*ours = false;
	if (connect(x->fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		return strerror(errno);
	*ours = true;
	x->on_readable = event_new(x->client->d->base, x->fd, EV_READ | EV_PERSIST, on_readable, x);
	if (!x->on_readable || event_add(x->on_readable, NULL))
		return strerror(ENOMEM);
	return make_packet(x) ? NULL : "the request does not fit";
}

/* The server that was asked has failed: the next one, or the end. What this host cannot do is held against no server. */
static void next(struct vpdn_radius_exchange *x, const char *why)
{
	struct vpdn_radius_reply none = { .wrong = why };
	struct known *k;
	bool ours;

	while (next_server(x)) {
		x->tries = 0;
		x->wrong = NULL;
		drop_socket(x);
		k = known(x->client, server_of(x));
		none.wrong = open_socket(x, &ours);
		if (none.wrong && ours)
			break;
		if (!none.wrong && (send(x->fd, x->packet, x->packet_len, 0) >= 0 || errno == EAGAIN || errno == ENOBUFS)) {
			k->asked++;
			x->asked_ms = vpdnd_now_ms();
			set_timer(x, server_of(x)->timeout_s);
			return;
		}
		none.wrong = none.wrong ? none.wrong : strerror(errno);
		is_down(x->client, k, x->config->radius->dead_s, none.wrong);
	}
	none.server = server_of(x);
	finish(x, &none);
}

static void failed(struct vpdn_radius_exchange *x, const char *why)
{
	is_down(x->client, known(x->client, server_of(x)), x->config->radius->dead_s, why);
	next(x, why);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct vpdn_radius_exchange *x = arg;
	char why[ERROR_MAX];
	struct known *k;

	(void)fd, (void)what;
	if (!x->tried) {
		next(x, "no server");
		return;
	}
	k = known(x->client, server_of(x));
	if (x->tries++ < server_of(x)->retries) {
		k->retransmitted++;
		send(x->fd, x->packet, x->packet_len, 0);	/* a refusal is heard of by on_readable() */
		set_timer(x, server_of(x)->timeout_s);
		return;
	}
	k->timeouts++;
	failed(x, why_nothing(x, "does not answer", why));
}

/* An answer that is none does not end the waiting: anybody could send it. */
static void complain(struct vpdn_radius_client *c, struct known *k, const char *wrong)
{
	uint64_t now = vpdnd_now_ms();
	char name[64];

	k->wrong++;
	k->failed_at_ms = now;
	snprintf(k->error, sizeof(k->error), "%s", wrong);
	if (k->complained_ms && now - k->complained_ms < COMPLAIN_MS)
		return;
	k->complained_ms = now;
	vpdn_log_warn("RADIUS server %s (%s): answer not taken: %s", name_of(k, name, sizeof(name)), service_name(c), wrong);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct vpdn_radius_exchange *x = arg;
	struct vpdn_radius_client *c = x->client;
	const struct vpdn_radius_server *s = server_of(x);
	struct vpdn_radius_reply reply = { .server = s, .authenticator = x->authenticator };
	struct known *k = known(c, s);
	uint8_t buf[VPDN_RADIUS_MAX_LEN];
	const char *wrong;
	ssize_t n;

	(void)what;
	n = recv(fd, buf, sizeof(buf), 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		failed(x, strerror(errno));
		return;
	}
	wrong = vpdn_radius_check(buf, (size_t)n, c->service == VPDN_RADIUS_ACCT ? VPDN_RADIUS_ACCOUNTING_REQUEST : VPDN_RADIUS_ACCESS_REQUEST,
				  x->id, s->secret, x->authenticator, x->config->radius->require_mac, &reply.code, &reply.attributes);
	if (wrong) {
		complain(c, k, wrong);
		x->wrong = wrong;
		return;
	}
	is_up(c, k);
	k->answered++;
	k->total_ms += vpdnd_now_ms() - x->asked_ms;
	if (reply.code == VPDN_RADIUS_ACCESS_REJECT)
		k->rejects++;
	finish(x, &reply);
	explicit_bzero(buf, (size_t)n);
}

int vpdn_radius_send(struct vpdn_radius_client *c, struct vpdn_config *config, const void *attributes, size_t len, uint64_t since_ms,
		     vpdn_radius_reply_fn *fn, void *arg, struct vpdn_radius_exchange **out)
{
	struct vpdn_radius_exchange *x;

	if (!config->radius)
		return -ENOENT;
	if (c->n >= VPDN_RADIUS_EXCHANGES_MAX)
		return -EBUSY;
	x = calloc(1, sizeof(*x) + len);
	if (!x)
		return -ENOMEM;
	x->client = c;
	x->config = vpdn_config_get(config);
	x->fd = -1;
	x->fn = fn;
	x->arg = arg;
	x->since_ms = since_ms;
	x->len = len;
	memcpy(x->attributes, attributes, len);
	TAILQ_INSERT_TAIL(&c->exchanges, x, link);
	c->n++;
	x->timer = evtimer_new(c->d->base, on_timer, x);
	if (!x->timer) {
		exchange_free(x);
		return -ENOMEM;
	}
	set_timer(x, 0);
	*out = x;
	return 0;
}

void vpdn_radius_client_free(struct vpdn_radius_client *c)
{
	struct known *k;

	if (!c)
		return;
	while (!TAILQ_EMPTY(&c->exchanges))
		exchange_free(TAILQ_FIRST(&c->exchanges));
	while ((k = TAILQ_FIRST(&c->known))) {
		TAILQ_REMOVE(&c->known, k, link);
		free(k);
	}
	free(c);
}

/* ---- show ---- */

static json_t *show_server(const struct vpdn_radius_client *c, const struct vpdn_radius_server *s)
{
	static const char *const states[] = { "not asked yet", "up", "down" };
	struct known none = { .addr = s->addr, .port = s->port[c->service] };
	const struct known *k, *found = &none;
	uint64_t now = vpdnd_now_ms();
	json_t *o = json_object();
	char name[64];

	TAILQ_FOREACH(k, &c->known, link)
		if (k->addr.s_addr == s->addr.s_addr && k->port == s->port[c->service])
			found = k;
	set(o, "name", json_string(name_of(found, name, sizeof(name))));
	set(o, "state", json_string(states[found->is]));
	set(o, "dead_s", json_integer(found->dead_until_ms > now ? (json_int_t)((found->dead_until_ms - now + 999) / 1000) : 0));
	set(o, "priority", json_integer(s->priority));
	set(o, "asked", json_integer((json_int_t)found->asked));
	set(o, "answered", json_integer((json_int_t)found->answered));
	set(o, "failed", json_integer((json_int_t)found->failed));
	set(o, "timeouts", json_integer((json_int_t)found->timeouts));
	set(o, "retransmitted", json_integer((json_int_t)found->retransmitted));
	set(o, "rejects", json_integer((json_int_t)found->rejects));
	set(o, "average_ms", found->answered ? json_integer((json_int_t)(found->total_ms / found->answered)) : json_null());
	set_text(o, "last_error", found->error);
	if (*found->error)
		set_age(o, "last_error_s", found->failed_at_ms);
	set(o, "wrong_answers", json_integer((json_int_t)found->wrong));
	return o;
}

json_t *vpdn_radius_client_show(const struct vpdn_radius_client *c)
{
	const struct vpdn_radius_config *r = c->d->config->radius;
	json_t *rows = json_array();

	for (size_t i = 0; r && i < r->n_servers; i++)
		json_array_append_new(rows, show_server(c, &r->servers[i]));
	return rows;
}
