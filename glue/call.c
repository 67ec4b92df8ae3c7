/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * call.c - see call.h: the set of calls, their making and freeing. What moves them on is
 * in call_event.c, what is then done in call_step.c and others, see call_impl.h.
 */
#include "call_impl.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "acct.h"
#include "channel.h"
#include "l2tp_peer.h"
#include "result_code.h"

#define FDS_OF_CALL	5u	/* both ends, both channels, the call's connection */
#define FDS_SPARE	64u

static int id_cmp(const struct vpdn_call *a, const struct vpdn_call *b)
{
	return a->id < b->id ? -1 : a->id > b->id;
}

static int ref_cmp(const struct vpdn_call *a, const struct vpdn_call *b)
{
	return a->ref < b->ref ? -1 : a->ref > b->ref;
}

static int bundle_cmp(const struct vpdn_call *a, const struct vpdn_call *b)
{
	return a->bundle != b->bundle ? (a->bundle < b->bundle ? -1 : 1) : id_cmp(a, b);
}

RB_GENERATE_INTERNAL(vpdn_calls_by_id, vpdn_call, by_id, id_cmp, static __attribute__((unused)))
RB_GENERATE_INTERNAL(vpdn_calls_by_ref, vpdn_call, by_ref, ref_cmp, static __attribute__((unused)))
RB_GENERATE_INTERNAL(vpdn_calls_by_bundle, vpdn_call, by_bundle, bundle_cmp, static __attribute__((unused)))

/* ---- one call ---- */

static void event_drop(struct event **ev)
{
	if (*ev)
		event_free(*ev);
	*ev = NULL;
}

bool vpdn_text_keep(const char **kept, const char *s)
{
	char *copy = *s ? strdup(s) : NULL;

	if (**kept)
		free((char *)*kept);
	*kept = copy ? copy : "";
	return copy || !*s;
}

static void drop_texts(struct vpdn_call *call)
{
	const char **const texts[] = { &call->user, &call->access, &call->number, &call->dialer, &call->ifname, &call->chosen_by,
				       &call->group, &call->local_name, &call->cause.text };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		vpdn_text_keep(texts[i], "");
}

struct vpdn_call *vpdn_call_new(struct vpdnd *d, enum vpdn_call_kind kind, struct vpdn_conn *plugin, const struct vpdn_ipc_msg *m)
{
	struct vpdn_call *call = calloc(1, sizeof(*call));

	if (!call)
		return NULL;
	call->d = d;
	call->kind = kind;
	call->state = VPDN_ST_ASKED;
	call->call_fd = -1;
	call->user = call->access = call->number = call->dialer = call->ifname = call->chosen_by = call->group = call->local_name =
		call->cause.text = "";
	call->id = vpdnd_new_id(d);
	vpdn_bridge_init(&call->bridge, call->id, d->channels, vpdn_call_on_attached, vpdn_call_on_joined, call);
	call->ask = malloc(m->len);
	call->timer = evtimer_new(d->base, vpdn_call_on_timer, call);
	if (!call->ask || !call->timer) {
		free(call->ask);
		event_drop(&call->timer);
		free(call);
		return NULL;
	}
	memcpy(call->ask, m->buf, m->len);
	call->ask_len = m->len;
	call->asked_ms = vpdnd_now_ms();
	RB_INSERT(vpdn_calls_by_id, &d->calls->by_id, call);
	d->calls->n++;
	vpdn_metrics_call_begins(call);
	call->plugin = plugin;
	if (plugin)
		vpdn_conn_set_call(plugin, call);
	return call;
}

int vpdn_call_get_ask(const struct vpdn_call *call, struct vpdn_ipc_msg *ask)
{
	memcpy(ask->buf, call->ask, call->ask_len);
	return vpdn_ipc_parse(ask, call->ask_len);
}

void vpdn_call_drop_credentials(struct vpdn_call *call)
{
	static struct vpdn_ipc_msg ask;
	struct vpdn_ipc_builder b;
	struct vpdn_ipc_iter it;
	const uint8_t *p;
	uint8_t *shrunk;
	uint16_t tlv;
	size_t len;

	if (vpdn_call_get_ask(call, &ask))
		return;
	vpdn_ipc_begin(&b, ask.type, ask.flags, ask.seq);
	vpdn_ipc_iter_init(&it, &ask);
	while (vpdn_ipc_next(&it, &tlv, &p, &len))
		if (vpdn_ipc_tlv_lookup(tlv) && tlv != VPDN_TLV_PROXY_AUTH_NAME && tlv != VPDN_TLV_PROXY_AUTH_CHALLENGE &&
		    tlv != VPDN_TLV_PROXY_AUTH_RESPONSE)
			vpdn_ipc_put_raw(&b, tlv, p, len);
	vpdn_ipc_msg_wipe(&ask);
	/* A part of what was well formed is. */
	vpdn_ipc_finish(&b);
	explicit_bzero(call->ask, call->ask_len);
	memcpy(call->ask, b.w.buf, b.w.len);
	call->ask_len = b.w.len;
	shrunk = realloc(call->ask, call->ask_len);
	if (shrunk)
		call->ask = shrunk;
}

void vpdn_call_ref_drop(struct vpdn_call *call)
{
	if (call->ref)
		RB_REMOVE(vpdn_calls_by_ref, &call->d->calls->by_ref, call);
	call->ref = 0;
}

bool vpdn_call_ref_set(struct vpdn_call *call, uint32_t ref)
{
	vpdn_call_ref_drop(call);
	call->ref = ref;
	if (ref && !RB_INSERT(vpdn_calls_by_ref, &call->d->calls->by_ref, call))
		return true;
	call->ref = 0;
	return false;
}

void vpdn_call_ref_new(struct vpdn_call *call)
{
	/* The upper half is xl2tpd's own. */
	while (!vpdn_call_ref_set(call, ++call->d->calls->last_ref & ~VPDN_CALL_REF_ASKED))
		;
}

void vpdn_call_set_bundle(struct vpdn_call *call, uint64_t bundle)
{
	call->multilink = true;
	call->bundle = bundle;
	RB_INSERT(vpdn_calls_by_bundle, &call->d->calls->by_bundle, call);
}

const struct vpdn_usage *vpdn_call_bundle_peer(const struct vpdn_call *call)
{
	struct vpdn_call want = { .bundle = call->bundle }, *link;
	unsigned int looked = 0;

	link = call->multilink ? RB_NFIND(vpdn_calls_by_bundle, &call->d->calls->by_bundle, &want) : NULL;
	/* More calls of one name and endpoint discriminator are no bundle. */
	for (; link && link->bundle == call->bundle && looked < VPDN_LINKS_MAX; looked++, link = RB_NEXT(vpdn_calls_by_bundle, NULL, link))
		if (link != call && link->of_peer && link->state < VPDN_ST_CLEARING && !strcmp(link->group, call->group))
			return link->of_peer;
	return NULL;
}

void vpdn_call_drop_config(struct vpdn_call *call)
{
	call->chosen = NULL;
	call->dial = NULL;
	vpdn_text_keep(&call->chosen_by, "");
	vpdn_config_put(call->config);
	call->config = NULL;
}

bool vpdn_call_count(struct vpdn_usage **u, struct vpdn_usage *of)
{
	*u = of;
	if (!of)
		return false;
	of->sessions++;
	of->placed++;
	return true;
}

static void uncount(struct vpdn_usage **u)
{
	if (*u)
		(*u)->sessions--;
	*u = NULL;
}

void vpdn_call_leave_peer(struct vpdn_call *call)
{
	if (call->of_peer)
		vpdn_peer_unprobed(call->of_peer, call->id);
	uncount(&call->of_peer);
}

bool vpdn_call_no_fds(struct vpdn_call *call, uint64_t *counter)
{
	struct vpdnd *d = call->d;
	struct vpdn_channels_state s;

	vpdn_channels_state(d->channels, &s);
	if (d->calls->n * FDS_OF_CALL + vpdn_server_connections(d->server) + s.fds + FDS_SPARE <= d->fd_limit)
		return false;
	vpdn_call_set_cause(call, VPDN_CDN_NO_FACILITIES_TEMP, 0, counter, "no file descriptors left (limit %llu)",
			    (unsigned long long)d->fd_limit);
	call->cause.failure = VPDN_DIAL_NO_RESOURCES;
	return true;
}

void vpdn_call_unwatch(struct vpdn_call *call)
{
	event_drop(&call->on_access);
	event_drop(&call->on_l2tp);
}

void vpdn_call_drop_access(struct vpdn_call *call)
{
	event_drop(&call->on_call_fd);
	vpdn_call_unwatch(call);
	vpdn_bridge_close(&call->bridge);
	if (call->call_fd >= 0)
		close(call->call_fd);
	call->call_fd = -1;
}

void vpdn_call_drop_plugin(struct vpdn_call *call)
{
	if (!call->plugin)
		return;
	vpdn_conn_set_call(call->plugin, NULL);
	vpdn_conn_close(call->plugin);
	call->plugin = NULL;
}

void vpdn_call_free(struct vpdn_call *call)
{
	struct vpdn_calls *cs = call->d->calls;

	vpdn_select_cancel(&call->choosing);
	vpdn_call_ref_drop(call);
	RB_REMOVE(vpdn_calls_by_id, &cs->by_id, call);
	if (call->multilink)
		RB_REMOVE(vpdn_calls_by_bundle, &cs->by_bundle, call);
	cs->n--;
	vpdn_metrics_call_ends(call);
	vpdn_call_drop_access(call);
	vpdn_call_drop_plugin(call);
	event_drop(&call->timer);
	vpdn_call_leave_peer(call);
	uncount(&call->of_group);
	uncount(&call->of_dialer);
	vpdn_call_drop_config(call);
	vpdn_acct_forget(call);
	vpdn_trace_free(&call->trace);
	explicit_bzero(call->ask, call->ask_len);
	free(call->ask);
	if (strchr(call->group, ':') && ++cs->n_foreign == VPDN_PRUNE_AFTER) {
		vpdn_usage_prune(&cs->d->usages, cs->d->config, vpdnd_now_ms());
		cs->n_foreign = 0;
	}
	drop_texts(call);
	free(call);
	if (!cs->n)
		vpdnd_calls_empty(cs->d);
}

void vpdn_call_set_timer(struct vpdn_call *call, unsigned int ms)
{
	struct timeval tv = { .tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000 };

	if (ms)
		evtimer_add(call->timer, &tv);
	else
		evtimer_del(call->timer);
}

void vpdn_call_set_cause(struct vpdn_call *call, uint16_t result, uint16_t error, uint64_t *counter, const char *fmt, ...)
{
	char text[VPDN_REASON_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	vpdn_text_keep(&call->cause.text, text);
	call->cause = (struct vpdn_cause){ .result = result, .error = error, .counter = counter, .text = call->cause.text };
}

/* ---- the set ---- */

struct vpdn_call *vpdn_call_by_ref(struct vpdn_conn *c, const struct vpdn_ipc_msg *m)
{
	struct vpdn_call want = { 0 };

	vpdn_ipc_get_u32(m, VPDN_TLV_CALL_REF, &want.ref);
	return RB_FIND(vpdn_calls_by_ref, &vpdn_conn_daemon(c)->calls->by_ref, &want);
}

struct vpdn_call *vpdn_call_by_ref_or_clear(struct vpdn_conn *c, const struct vpdn_ipc_msg *m)
{
	static const struct vpdn_cause late = { .result = VPDN_CDN_TIMEOUT, .text = "the call is not wanted any more" };
	struct vpdn_call *call = vpdn_call_by_ref(c, m);
	uint32_t ref = 0;

	if (call)
		return call;
	vpdn_ipc_get_u32(m, VPDN_TLV_CALL_REF, &ref);
	vpdn_l2tp_clear(vpdn_conn_daemon(c)->l2tp, ref, &late);
	return NULL;
}

struct vpdn_calls *vpdn_calls_new(struct vpdnd *d)
{
	struct vpdn_calls *cs = calloc(1, sizeof(*cs));

	if (!cs)
		return NULL;
	cs->d = d;
	RB_INIT(&cs->by_id);
	RB_INIT(&cs->by_ref);
	RB_INIT(&cs->by_bundle);
	return cs;
}

void vpdn_calls_free(struct vpdn_calls *cs)
{
	struct vpdn_call *call;

	if (!cs)
		return;
	while ((call = RB_MIN(vpdn_calls_by_id, &cs->by_id)))
		vpdn_call_free(call);
	free(cs);
}

size_t vpdn_calls_count(const struct vpdn_calls *cs)
{
	return cs->n;
}

/* RB_NEXT and RB_FIND only read, but neither their trees nor what they return is const. */
const struct vpdn_call *vpdn_calls_next(const struct vpdn_calls *cs, const struct vpdn_call *after)
{
	return after ? RB_NEXT(vpdn_calls_by_id, NULL, (struct vpdn_call *)after) : RB_MIN(vpdn_calls_by_id, (struct vpdn_calls_by_id *)&cs->by_id);
}

const struct vpdn_call *vpdn_calls_find(const struct vpdn_calls *cs, uint32_t id)
{
	struct vpdn_call want = { .id = id };

	return RB_FIND(vpdn_calls_by_id, (struct vpdn_calls_by_id *)&cs->by_id, &want);
}

const struct vpdn_failure *vpdn_calls_failure(const struct vpdn_calls *cs, size_t i)
{
	if (i >= cs->n_failures || i >= VPDN_FAILURES_KEPT)
		return NULL;
	return &cs->failures[(cs->n_failures - 1 - i) % VPDN_FAILURES_KEPT];
}

static void clear(struct vpdn_call *call, const char *text)
{
	struct vpdn_counters *n = &call->d->counters;

	if (call->state < VPDN_ST_CLEARING) {
		vpdn_call_set_cause(call, VPDN_CDN_ADMINISTRATIVE, 0, call->connected_ms ? &n->ended_admin : &n->rejected_admin, "%s", text);
		call->cause.failure = VPDN_DIAL_CLEARED;
	}
	vpdn_call_step(call, VPDN_EV_ADMIN);
}

int vpdn_calls_clear(struct vpdn_calls *cs, uint32_t id, const char *text)
{
	struct vpdn_call *call = (struct vpdn_call *)vpdn_calls_find(cs, id);

	if (!call)
		return -ENOENT;
	clear(call, text);
	return 0;
}

void vpdn_calls_clear_all(struct vpdn_calls *cs, const char *text)
{
	struct vpdn_call *call, *next;

	RB_FOREACH_SAFE(call, vpdn_calls_by_id, &cs->by_id, next)
		clear(call, text);
}

void vpdn_calls_l2tp_gone(struct vpdn_calls *cs)
{
	struct vpdn_counters *n = &cs->d->counters;
	struct vpdn_call *call, *next;

	RB_FOREACH_SAFE(call, vpdn_calls_by_id, &cs->by_id, next) {
		vpdn_call_ref_drop(call);
		if (call->state < VPDN_ST_CLEARING) {
			vpdn_call_set_cause(call, 0, 0, call->connected_ms ? &n->ended_l2tp : &n->rejected_no_l2tp, "xl2tpd has gone");
			call->cause.failure = call->connected_ms ? VPDN_DIAL_LOST : VPDN_DIAL_UNREACHABLE;
		}
		vpdn_call_step(call, VPDN_EV_L2TP_GONE);
	}
}

void vpdn_calls_dialer_gone(struct vpdn_calls *cs)
{
	struct vpdn_call *call, *next;

	RB_FOREACH_SAFE(call, vpdn_calls_by_id, &cs->by_id, next) {
		if (!call->bearer)
			continue;
		call->bearer = false;
		if (call->state < VPDN_ST_CLEARING)
			vpdn_call_set_cause(call, call->connected_ms ? VPDN_CDN_LOST_CARRIER : VPDN_CDN_ERROR,
					    call->connected_ms ? 0 : VPDN_ERROR_RESOURCES, &cs->d->counters.dial_bearer_failed,
					    "vpdn-dialer has gone");
		vpdn_call_step(call, VPDN_EV_DIALER_GONE);
	}
}
