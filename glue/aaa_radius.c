/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * aaa_radius.c - the source "radius": asks a RADIUS server where calls of a domain, a called number or a line go, as IOS
 * does: User-Name is what is looked for, Service-Type is Outbound. An Access-Reject means that the server does not know it.
 * A row of aaa.c; the servers are radius_client.c's, what an answer says aaa_radius_answer.c's.
 */
#include "aaa_radius.h"

#include <arpa/inet.h>
#include <bsd/string.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aaa.h"
#include "aaa_radius_answer.h"
#include "acct.h"
#include "line.h"
#include "radius_client.h"
#include "show_impl.h"

/* NAS-Port-Type, RFC 2865 section 5.41 and IANA's registry */
#define PORT_ASYNC		0u
#define PORT_VIRTUAL		5u
#define PORT_PPPOEOE		32u
#define PORT_PPPOEOVLAN		33u
#define PORT_PPPOEOQINQ		34u
/* RFC 4679 */
#define AGENT_CIRCUIT_ID	1u
#define AGENT_REMOTE_ID		2u

#define USER_SIZE		((int)VPDN_RADIUS_MAX_VALUE + 1)

struct radius {
	struct vpdnd *d;
	struct vpdn_radius_client *client;
};

struct ask {
	struct vpdn_radius_exchange *exchange;
	struct vpdn_config *config;
	enum vpdn_key_kind kind;
	char key[VPDN_QUESTION_MAX + 1];
	vpdn_answer_fn *fn;
	void *arg;
};

/* ---- what is asked ---- */

static uint32_t port_type(const struct vpdn_question *q, uint8_t access)
{
	const char *vlan = strchr(q->interface, '.');

	if (access == VPDN_ACCESS_TTY)
		return PORT_ASYNC;
	if (access == VPDN_ACCESS_L2TP)
		return PORT_VIRTUAL;
	return !vlan ? PORT_PPPOEOE : strchr(vlan + 1, '.') ? PORT_PPPOEOQINQ : PORT_PPPOEOVLAN;
}

#define VENDOR_VALUE_MAX	(VPDN_RADIUS_MAX_VALUE - 6)

/* What the access node said of the line: types are the same in RFC 5515's AVPs and RFC 4679's attributes, whose numbers have 4 octets. */
static void put_access_line(struct vpdn_writer *w, const struct vpdn_ipc_msg *ask)
{
	const struct vpdn_line_item *item;
	struct vpdn_line_value v;
	struct vpdn_writer number;
	uint8_t buf[4];

	for (size_t i = 0; (item = vpdn_line_row(i)); i++) {
		if (item->vendor != VPDN_RADIUS_VENDOR_ADSL || !vpdn_line_get(ask, item, &v))
			continue;
		vpdn_writer_init(&number, buf, sizeof(buf));
		vpdn_writer_u32(&number, v.number > UINT32_MAX ? UINT32_MAX : (uint32_t)v.number);
		if (v.is_number)
			vpdn_radius_put_vendor(w, item->vendor, (uint8_t)item->type, buf, sizeof(buf));
		else
			vpdn_radius_put_vendor(w, item->vendor, (uint8_t)item->type, v.p, v.len < VENDOR_VALUE_MAX ? v.len : VENDOR_VALUE_MAX);
	}
}

void vpdn_radius_put_line(struct vpdn_writer *w, const struct vpdn_question *q, const struct vpdn_ipc_msg *ask)
{
	uint32_t tx = 0, rx = 0;
	uint16_t session = 0;
	uint8_t access = 0;
	char speeds[32];

	if (ask) {
		vpdn_ipc_get_u8(ask, VPDN_TLV_ACCESS, &access);
		vpdn_radius_put_u32(w, VPDN_RADIUS_NAS_PORT_TYPE, port_type(q, access));
		if (vpdn_ipc_get_u16(ask, VPDN_TLV_PPPOE_SESSION, &session))
			vpdn_radius_put_u32(w, VPDN_RADIUS_NAS_PORT, session);
		vpdn_ipc_get_u32(ask, VPDN_TLV_TX_SPEED, &tx);
		vpdn_ipc_get_u32(ask, VPDN_TLV_RX_SPEED, &rx);
	}
	vpdn_radius_put_text(w, VPDN_RADIUS_NAS_PORT_ID, q->interface);
	vpdn_radius_put_text(w, VPDN_RADIUS_CALLED_STATION_ID, q->dnis);
	vpdn_radius_put_text(w, VPDN_RADIUS_CALLING_STATION_ID, *q->clid ? q->clid : q->mac);
	if (tx) {
		snprintf(speeds, sizeof(speeds), rx ? "%u/%u" : "%u", tx, rx);
		vpdn_radius_put_text(w, VPDN_RADIUS_CONNECT_INFO, speeds);
	}
	if (ask) {
		put_access_line(w, ask);
		return;
	}
	vpdn_radius_put_vendor(w, VPDN_RADIUS_VENDOR_ADSL, AGENT_CIRCUIT_ID, q->circuit_id, strnlen(q->circuit_id, VENDOR_VALUE_MAX));
	vpdn_radius_put_vendor(w, VPDN_RADIUS_VENDOR_ADSL, AGENT_REMOTE_ID, q->remote_id, strnlen(q->remote_id, VENDOR_VALUE_MAX));
}

static const char *const prefixes[VPDN_KEY_KINDS] = { [VPDN_KEY_LINE] = "line:", [VPDN_KEY_DNIS] = "dnis:", [VPDN_KEY_DOMAIN] = "" };

/*
 * User-Name: "example.com", "dnis:614629", "line:eth1", at its place in the configured text. NULL; or why nobody is asked for this key:
 * a subscriber chooses the domain, and neither gets the tunnel of a number or a line by it, nor makes the source fail.
 */
static const char *make_user(const struct vpdn_query *query, char name[USER_SIZE])
{
	const char *user = query->config->radius->user, *at = strstr(user, VPDN_RADIUS_USER_KEY);

	for (size_t i = 0; query->kind == VPDN_KEY_DOMAIN && i < VPDN_KEY_KINDS; i++)
		if (*prefixes[i] && !strncasecmp(query->key, prefixes[i], strlen(prefixes[i])))
			return "not asked: such a domain reads like a number or a line";
	if (snprintf(name, USER_SIZE, "%.*s%s%s%s", (int)(at - user), user, prefixes[query->kind], query->key, at + strlen(VPDN_RADIUS_USER_KEY)) >= USER_SIZE)
		return "not asked: too long for User-Name";
	return NULL;
}

/* ---- what is answered ---- */

static void ask_free(struct ask *ask)
{
	vpdn_config_put(ask->config);
	free(ask);
}

static void judge(const struct ask *ask, const struct vpdn_radius_reply *r, struct vpdn_answer *a)
{
	const struct vpdn_query query = { .config = ask->config, .kind = ask->kind, .key = ask->key };

	switch (r->code) {
	case VPDN_RADIUS_ACCESS_ACCEPT:
		vpdn_radius_answer(r->attributes, r->server->secret, r->authenticator, &query, a);
		break;
	case VPDN_RADIUS_ACCESS_REJECT:
		a->verdict = VPDN_VERDICT_NOTHING;
		break;
	default:
		a->verdict = VPDN_VERDICT_UNAVAILABLE;
		strlcpy(a->text, "which has no place here", sizeof(a->text));
		break;
	}
}

static void on_reply(void *arg, const struct vpdn_radius_reply *r)
{
	struct vpdn_answer a = { .verdict = VPDN_VERDICT_UNAVAILABLE };
	struct ask *ask = arg;
	char addr[INET_ADDRSTRLEN] = "no server", what[sizeof(a.text)];

	if (r->server)
		inet_ntop(AF_INET, &r->server->addr, addr, sizeof(addr));
	if (r->wrong) {
		snprintf(a.text, sizeof(a.text), "%s: %s", addr, r->wrong);
	} else {
		judge(ask, r, &a);
		strlcpy(what, a.text, sizeof(what));
		snprintf(a.text, sizeof(a.text), "%s: Access-%s%s%.180s", addr, r->code == VPDN_RADIUS_ACCESS_ACCEPT ? "Accept" :
			 r->code == VPDN_RADIUS_ACCESS_REJECT ? "Reject" : "Challenge", *what ? ", " : "", what);
	}
	ask->fn(ask->arg, &a);
	vpdn_config_put(a.config);
	ask_free(ask);
}

/* ---- the row ---- */

static void *start(struct vpdnd *d)
{
	struct radius *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->d = d;
	r->client = vpdn_radius_client_new(d, VPDN_RADIUS_AUTH);
	if (r->client)
		return r;
	free(r);
	return NULL;
}

static void stop(void *state)
{
	struct radius *r = state;

	vpdn_radius_client_free(r->client);
	free(r);
}

static int ask(void *state, const struct vpdn_query *query, vpdn_answer_fn *fn, void *arg, void **handle)
{
	struct vpdn_answer nothing = { .verdict = VPDN_VERDICT_NOTHING }, busy = { .verdict = VPDN_VERDICT_UNAVAILABLE };
	uint8_t buf[VPDN_RADIUS_MAX_LEN];
	struct radius *r = state;
	char name[USER_SIZE];
	struct vpdn_writer w;
	const char *why;
	struct ask *ask;
	int rc;

	if (!query->config->radius)
		return -ENOENT;
	why = make_user(query, name);
	if (why) {
		strlcpy(nothing.text, why, sizeof(nothing.text));
		fn(arg, &nothing);
		return 0;
	}
	ask = calloc(1, sizeof(*ask));
	if (!ask)
		return -ENOMEM;
	ask->fn = fn;
	ask->arg = arg;
	ask->kind = query->kind;
	strlcpy(ask->key, query->key, sizeof(ask->key));
	ask->config = vpdn_config_get((struct vpdn_config *)query->config);
	vpdn_writer_init(&w, buf, sizeof(buf));
	vpdn_radius_put_text(&w, VPDN_RADIUS_USER_NAME, name);
	vpdn_radius_put_u32(&w, VPDN_RADIUS_SERVICE_TYPE, VPDN_RADIUS_SERVICE_OUTBOUND);
	vpdn_radius_put_line(&w, query->q, query->ask);
	rc = w.bad ? -EMSGSIZE : vpdn_radius_send(r->client, ask->config, buf, w.len, 0, on_reply, ask, &ask->exchange);
	if (!rc) {
		*handle = ask;
		return 0;
	}
	ask_free(ask);
	if (rc != -EBUSY)
		return rc;
	snprintf(busy.text, sizeof(busy.text), "%u requests are under way", VPDN_RADIUS_EXCHANGES_MAX);
	fn(arg, &busy);
	return 0;
}

static void cancel(void *handle)
{
	struct ask *ask = handle;

	vpdn_radius_cancel(ask->exchange);
	ask_free(ask);
}

static void show(void *state, json_t *o)
{
	struct radius *r = state;

	set(o, "servers", vpdn_radius_client_show(r->client));
	vpdn_acct_show(r->d->acct, o);
}

const struct vpdn_source_ops vpdn_source_radius = {
	.name = "radius", .per_key = true, .start = start, .stop = stop, .ask = ask, .cancel = cancel, .show = show,
};
