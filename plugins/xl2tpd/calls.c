/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * calls.c - what the three kinds of calls share that vpdnd knows by a CALL_REF; see calls.h.
 *
 *	placed:	L2TP_..._PLACE -> tunnel up -> request -> answer of the peer -> connected
 *	asked:	request of the peer -> answer of vpdnd -> connected
 *
 * Whatever ends a call is told vpdnd once, by L2TP_CALL_CLEARED with all that the peer said. The core keeps the order of messages
 * (hook.h); this keeps the calls, their timers and their end.
 * Owns the calls; called by vpdnd_link.c, tunnels.c, and for the core through vpdn_call_ops.
 */
#include "calls.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "avp.h"
#include "text.h"

#define L2TP_PORT	1701

static int ref_cmp(const struct vpdn_ref_call *a, const struct vpdn_ref_call *b)
{
	return a->ref < b->ref ? -1 : a->ref > b->ref;
}

static RB_HEAD(refs, vpdn_ref_call) refs = RB_INITIALIZER(&refs);
RB_GENERATE_INTERNAL(refs, vpdn_ref_call, by_ref, ref_cmp, static __attribute__((unused)))

static uint32_t last_ref;		/* of those we have chosen */

static const struct vpdn_call_ops ops;

static struct vpdn_ref_call *find(uint32_t ref)
{
	struct vpdn_ref_call want = { .ref = ref };

	return RB_FIND(refs, &refs, &want);
}

struct vpdn_ref_call *vpdn_ref_find(const struct vpdn_ipc_msg *m)
{
	uint32_t ref = 0;

	vpdn_ipc_get_u32(m, VPDN_TLV_CALL_REF, &ref);
	return find(ref);
}

void vpdn_ref_put_ids(const struct vpdn_ref_call *c, struct vpdn_ipc_builder *b)
{
	struct l2tp_tunnel_info ti;
	struct l2tp_call_info ci;

	vpdn_core->tunnel_info(c->base.tunnel->core, &ti);
	vpdn_core->call_info(c->base.core, &ci);
	vpdn_ipc_put_u16(b, VPDN_TLV_TUNNEL_ID, ti.tid);
	vpdn_ipc_put_u16(b, VPDN_TLV_PEER_TUNNEL_ID, ti.peer_tid);
	vpdn_ipc_put_u16(b, VPDN_TLV_SESSION_ID, ci.cid);
	vpdn_ipc_put_u16(b, VPDN_TLV_PEER_SESSION_ID, ci.peer_cid);
}

/* ---- the end ---- */

/* `err`: an errno value, of what this host could not do; else 0. */
static void send_cleared(uint32_t ref, enum vpdn_call_stage stage, const struct vpdn_end *end, int err)
{
	struct vpdn_ipc_builder b;

	vpdn_ipc_begin(&b, VPDN_MSG_L2TP_CALL_CLEARED, 0, 0);
	vpdn_ipc_put_u32(&b, VPDN_TLV_CALL_REF, ref);
	vpdn_ipc_put_u8(&b, VPDN_TLV_STAGE, (uint8_t)stage);
	vpdn_ipc_put_u8(&b, VPDN_TLV_BY, end->by == L2TP_BY_PEER ? VPDN_BY_PEER :
			end->by == L2TP_BY_TIMEOUT ? VPDN_BY_TIMEOUT : VPDN_BY_US);
	vpdn_end_put(end, &b);
	if (err)
		vpdn_ipc_put_u32(&b, VPDN_TLV_ERRNO, (uint32_t)err);
	vpdn_link_send(&b, -1);
}

/* All of it that a call holds while it is not over. */
static void release(struct vpdn_ref_call *c)
{
	vpdn_core->timer_del(c->timer);
	c->timer = NULL;
	vpdn_kept_wipe(&c->request);
	vpdn_kept_wipe(&c->connect);
	if (c->kind->release)
		c->kind->release(c);
}

static void call_free(struct vpdn_ref_call *c)
{
	free(c->label);
	free(c);
}

/* The last word about the call; only its CDN may still be under way. Frees it when the core does not know it. */
static void over(struct vpdn_ref_call *c, enum vpdn_call_stage stage)
{
	struct vpdn_tunnel *t = c->base.tunnel;
	char text[512];

	if (c->state != VPDN_REF_OVER) {
		c->state = VPDN_REF_OVER;
		RB_REMOVE(refs, &refs, c);
		release(c);
		vpdn_ref_log(c, LOG_INFO, "%s: %s", stage == VPDN_STAGE_TUNNEL ? "no call" : "call over",
			     vpdn_end_print(&c->end, stage == VPDN_STAGE_TUNNEL, text, sizeof(text)));
		send_cleared(c->ref, stage, &c->end, 0);
	}
	if (c->base.core)
		return;
	TAILQ_REMOVE(&t->ref_calls, c, link);
	call_free(c);
	vpdn_tunnel_call_removed(t);
}

static enum vpdn_call_stage stage_of(const struct vpdn_ref_call *c)
{
	return c->state == VPDN_REF_WAIT_TUNNEL ? VPDN_STAGE_TUNNEL :
	       c->state == VPDN_REF_CONNECTED ? VPDN_STAGE_CONNECTED : VPDN_STAGE_CALL;
}

void vpdn_ref_end(struct vpdn_ref_call *c, int result, int error, int q931, const char *text)
{
	struct l2tp_cause cause = { .result = result, .error = error, .text = text, .by = L2TP_BY_US, .q931 = q931 };

	if (c->ending || c->state == VPDN_REF_OVER)
		return;
	c->ending = true;
	if (c->base.core) {
		vpdn_core->call_close(c->base.core, &cause);
		return;		/* on_down() follows */
	}
	vpdn_end_from_core(&c->end, &cause);
	over(c, stage_of(c));
}

static void overdue(void *arg)
{
	struct vpdn_ref_call *c = arg;
	bool no_tunnel = c->state == VPDN_REF_WAIT_TUNNEL;

	c->timer = NULL;
	c->end.by = c->kind->late_by;
	if (no_tunnel) {
		snprintf(c->end.text, sizeof(c->end.text), "no tunnel in time");
		over(c, VPDN_STAGE_TUNNEL);
	} else {
		vpdn_ref_end(c, c->kind->late_result, 0, 0, c->kind->late_text);
	}
}

/* ---- calls that vpdnd places ---- */

static void ask(struct vpdn_ref_call *c)
{
	const char *why = c->kind->unsuitable ? c->kind->unsuitable(c) : NULL;
	int rc;

	c->state = VPDN_REF_ASKED;
	if (why) {
		vpdn_ref_end(c, VPDN_CDN_NO_FACILITIES, 0, 0, why);
		return;
	}
	rc = vpdn_core->call_open(c->base.tunnel->core, c->kind->request, &c->base, &c->base.core);
	if (rc) {
		c->base.core = NULL;
		vpdn_ref_end(c, VPDN_CDN_NO_FACILITIES_TEMP, 0, 0, strerror(-rc));
		return;
	}
	vpdn_kept_wipe(&c->request);
}

static int want_read(struct vpdn_tunnel_want *want, const struct vpdn_ipc_msg *m)
{
	const uint8_t *p;
	uint8_t auth = 0, hidden = 0, own = 0;
	uint16_t port = 0;
	size_t len;

	memset(want, 0, sizeof(*want));
	if (!vpdn_ipc_get_text(m, VPDN_TLV_GROUP, want->group, sizeof(want->group)) ||
	    !vpdn_ipc_get_text(m, VPDN_TLV_LOCAL_NAME, want->local_name, sizeof(want->local_name)))
		return -EINVAL;
	vpdn_ipc_get_u8(m, VPDN_TLV_TUNNEL_AUTH, &auth);
	if (auth) {
		if (!vpdn_ipc_get_bytes(m, VPDN_TLV_SECRET, &p, &len) || !len || len >= sizeof(want->secret) || memchr(p, 0, len))
			return -EINVAL;
		memcpy(want->secret, p, len);
	}
	vpdn_ipc_get_ip4(m, VPDN_TLV_PEER_IP, &want->peer);
	vpdn_ipc_get_ip4(m, VPDN_TLV_SOURCE_IP, &want->source);
	vpdn_ipc_get_u16(m, VPDN_TLV_PEER_PORT, &port);
	vpdn_ipc_get_u32(m, VPDN_TLV_IDLE_S, &want->idle_s);
	vpdn_ipc_get_u32(m, VPDN_TLV_HELLO_S, &want->hello_s);
	vpdn_ipc_get_u8(m, VPDN_TLV_HIDDEN, &hidden);
	want->hidden = hidden;
	vpdn_ipc_get_u8(m, VPDN_TLV_TUNNEL_OWN, &own);
	want->own = own;
	vpdn_ipc_get_text(m, VPDN_TLV_TUNNEL_ASSIGNMENT, want->assignment, sizeof(want->assignment));
	/* Not any peer for one that cannot be. */
	if (vpdn_ipc_has(m, VPDN_TLV_REMOTE_NAME) && !vpdn_ipc_get_text(m, VPDN_TLV_REMOTE_NAME, want->remote_name, sizeof(want->remote_name)))
		return -EINVAL;
	vpdn_ipc_get_u32(m, VPDN_TLV_TUNNEL_SESSIONS, &want->sessions);
	vpdn_ipc_get_u32(m, VPDN_TLV_TUNNEL_LIMIT, &want->peer_tunnels);
	vpdn_ipc_get_u32(m, VPDN_TLV_GROUP_TUNNEL_LIMIT, &want->group_tunnels);
	want->port = port == L2TP_PORT ? 0 : htons(port);
	return 0;
}

/* What went wrong before there was a call is told as its end, too. */
static void place_failed(uint32_t ref, int rc)
{
	struct vpdn_end end;

	vpdn_end_init(&end);
	end.by = L2TP_BY_US;
	snprintf(end.text, sizeof(end.text), "call not placed: %s",
		 rc == -EUSERS ? "no further tunnel to this peer is allowed (tunnel-limit), and those there are cannot take it" :
		 rc == -EDQUOT ? "no further tunnel of this vpdn-group is allowed (tunnel-limit)" : strerror(-rc));
	vpdn_core->log(rc == -EUSERS || rc == -EDQUOT ? LOG_NOTICE : LOG_ERR, "vpdn: %s\n", end.text);
	send_cleared(ref, VPDN_STAGE_TUNNEL, &end, -rc);
}

static struct vpdn_ref_call *call_new(const struct vpdn_ref_kind *kind, uint32_t ref)
{
	struct vpdn_ref_call *c = calloc(1, kind->size);

	if (!c)
		return NULL;
	c->base.ops = &ops;
	c->kind = kind;
	c->ref = ref;
	vpdn_end_init(&c->end);
	return c;
}

void vpdn_ref_label(struct vpdn_ref_call *c, const char *what, const uint8_t *p, size_t len)
{
	char text[256];

	if (asprintf(&c->label, "%s=\"%s\"", what, vpdn_text_escape(p, len, text, sizeof(text))) < 0)
		c->label = NULL;
}

static void call_add(struct vpdn_ref_call *c, struct vpdn_tunnel *t)
{
	c->base.tunnel = t;
	RB_INSERT(refs, &refs, c);
	TAILQ_INSERT_TAIL(&t->ref_calls, c, link);
	vpdn_tunnel_call_added(t);
}

void vpdn_ref_start_timer(struct vpdn_ref_call *c, uint32_t ms)
{
	c->timer = vpdn_core->timer_add(ms, overdue, c);
}

int vpdn_ref_place(const struct vpdn_ref_kind *kind, const struct vpdn_ipc_msg *m)
{
	struct vpdn_tunnel_want want;
	struct vpdn_tunnel *t = NULL;
	uint32_t ref = 0, timeout_ms = 0;
	struct vpdn_ref_call *c;
	int rc;

	vpdn_ipc_get_u32(m, VPDN_TLV_CALL_REF, &ref);
	vpdn_ipc_get_u32(m, VPDN_TLV_TIMEOUT_MS, &timeout_ms);
	if (find(ref))
		return -EEXIST;
	c = call_new(kind, ref);
	if (!c)
		return -ENOMEM;
	rc = want_read(&want, m);
	if (!rc)
		rc = kind->make(c, m);
	if (!rc)
		t = vpdn_tunnel_get(&want, &rc);
	explicit_bzero(&want, sizeof(want));
	if (!t) {
		place_failed(ref, rc);
		release(c);
		call_free(c);
		return 0;
	}
	call_add(c, t);
	vpdn_ref_start_timer(c, timeout_ms);
	vpdn_ref_log(c, LOG_INFO, "call %u placed for group %s", ref, t->group);
	if (t->up)
		ask(c);
	return 0;
}

/* ---- calls that peers ask for ---- */

struct vpdn_ref_call *vpdn_ref_asked(const struct vpdn_ref_kind *kind, struct vpdn_tunnel *t, struct call *core)
{
	struct vpdn_ref_call *c;

	do {
		last_ref = (last_ref + 1) | VPDN_CALL_REF_ASKED;
	} while (find(last_ref));
	c = call_new(kind, last_ref);
	if (!c)
		return NULL;
	c->state = VPDN_REF_ASKED;
	c->base.core = core;
	call_add(c, t);
	return c;
}

/* ---- both: from vpdnd ---- */

void vpdn_ref_accepted(struct vpdn_ref_call *c)
{
	vpdn_core->timer_del(c->timer);
	c->timer = NULL;
	c->state = VPDN_REF_ACCEPTED;
}

int vpdn_calls_connect(const struct vpdn_ipc_msg *m)
{
	struct vpdn_ref_call *c = vpdn_ref_find(m);
	int rc = 0;

	if (!c)
		return -ENOENT;
	if (c->state != VPDN_REF_ACCEPTED || !c->kind->connect)
		return -EPROTO;
	if (c->kind->connecting)
		rc = c->kind->connecting(c, m);
	if (!rc)
		rc = vpdn_core->call_connect(c->base.core);
	vpdn_kept_wipe(&c->connect);
	if (rc) {
		vpdn_ref_end(c, VPDN_CDN_ERROR, VPDN_ERROR_RESOURCES, 0, strerror(-rc));
		return 0;
	}
	c->state = VPDN_REF_CONNECTED;
	vpdn_ref_log(c, LOG_NOTICE, "connected");
	return 0;
}

int vpdn_calls_clear(const struct vpdn_ipc_msg *m)
{
	struct vpdn_ref_call *c = vpdn_ref_find(m);
	uint16_t result = VPDN_CDN_ADMINISTRATIVE, error = 0, q931 = 0;
	const uint8_t *p = NULL;
	size_t len = 0;
	char text[120];

	if (!c)
		return -ENOENT;
	vpdn_ipc_get_u16(m, VPDN_TLV_RESULT, &result);
	vpdn_ipc_get_u16(m, VPDN_TLV_ERROR_CODE, &error);
	/* The core sends no longer messages; of a long one the beginning says most. */
	vpdn_ipc_get_bytes(m, VPDN_TLV_TEXT, &p, &len);
	snprintf(text, sizeof(text), "%.*s", (int)len, p ? (const char *)p : "");
	vpdn_ipc_get_u16(m, VPDN_TLV_Q931_CAUSE, &q931);
	vpdn_ref_end(c, result, error, q931, text);
	return 0;
}

/* ---- from the tunnel ---- */

void vpdn_calls_tunnel_up(struct vpdn_tunnel *t)
{
	struct vpdn_ref_call *c, *next;

	TAILQ_FOREACH_SAFE(c, &t->ref_calls, link, next)
		if (c->state == VPDN_REF_WAIT_TUNNEL)
			ask(c);
}

void vpdn_calls_tunnel_down(struct vpdn_tunnel *t, struct vpdn_tunnel *instead)
{
	struct vpdn_ref_call *c, *next;

	TAILQ_FOREACH_SAFE(c, &t->ref_calls, link, next) {
		if (c->base.core)
			continue;	/* its own call_down comes */
		if (!instead) {
			c->end = t->end;
			over(c, VPDN_STAGE_TUNNEL);
			continue;
		}
		TAILQ_REMOVE(&t->ref_calls, c, link);
		vpdn_tunnel_call_removed(t);
		c->base.tunnel = instead;
		TAILQ_INSERT_TAIL(&instead->ref_calls, c, link);
		vpdn_tunnel_call_added(instead);
		vpdn_ref_log(c, LOG_INFO, "call %u waits for this tunnel, which the peer has opened", c->ref);
		if (instead->up)
			ask(c);
	}
}

void vpdn_calls_end_all(struct vpdn_tunnel *t, const char *text)
{
	struct vpdn_ref_call *c, *next;

	TAILQ_FOREACH_SAFE(c, &t->ref_calls, link, next)
		vpdn_ref_end(c, VPDN_CDN_ERROR, VPDN_ERROR_VENDOR, 0, text);
}

/* ---- from the core ---- */

/* RFC 2661 6.14: which control characters the LNS's PPP has agreed to escape on a line of ours. */
static void on_sli(const struct vpdn_ref_call *c, const uint8_t *avps, size_t len)
{
	struct vpdn_avp_value accm;
	struct vpdn_ipc_builder b;
	struct vpdn_reader r;
	uint32_t send, receive;

	if (!vpdn_avps_value(avps, len, VPDN_AVP_ACCM, &accm))
		return;
	vpdn_reader_init(&r, accm.value, accm.len);
	vpdn_reader_skip(&r, 2);
	vpdn_reader_u32(&r, &send);
	vpdn_reader_u32(&r, &receive);
	if (r.bad)
		return;
	vpdn_ipc_begin(&b, VPDN_MSG_L2TP_LINK_INFO, 0, 0);
	vpdn_ipc_put_u32(&b, VPDN_TLV_CALL_REF, c->ref);
	vpdn_ipc_put_u32(&b, VPDN_TLV_SEND_ACCM, send);
	vpdn_ipc_put_u32(&b, VPDN_TLV_RECV_ACCM, receive);
	vpdn_link_send(&b, -1);
}

static void on_message(struct vpdn_call_base *base, int msgtype, const uint8_t *avps, size_t len)
{
	struct vpdn_ref_call *c = (struct vpdn_ref_call *)base;

	if (c->state == VPDN_REF_OVER)
		return;
	if (msgtype == VPDN_L2TP_CDN)
		vpdn_end_from_avps(&c->end, avps, len);
	else if (msgtype == VPDN_L2TP_SLI && !c->ending)
		on_sli(c, avps, len);
	else if (c->kind->message && !c->ending)
		c->kind->message(c, msgtype, avps, len);
}

static size_t on_build(struct vpdn_call_base *base, int msgtype, uint8_t *avps, size_t size)
{
	struct vpdn_ref_call *c = (struct vpdn_ref_call *)base;
	const struct vpdn_kept *l = msgtype == c->kind->request ? &c->request : msgtype == c->kind->connect ? &c->connect : NULL;
	size_t n = l && l->p && l->len <= size ? l->len : 0;

	if (n)
		memcpy(avps, l->p, n);
	return n + (c->kind->build ? c->kind->build(c, msgtype, avps + n, size - n) : 0);
}

static void on_down(struct vpdn_call_base *base, const struct l2tp_cause *why)
{
	struct vpdn_ref_call *c = (struct vpdn_ref_call *)base;
	enum vpdn_call_stage stage = stage_of(c);
	int by = c->end.by;

	vpdn_end_from_core(&c->end, why);
	if (by == L2TP_BY_TIMEOUT)
		c->end.by = by;
	/* The tunnel has taken the call with it: its result is a StopCCN's */
	if (base->tunnel->closing && stage == VPDN_STAGE_CALL)
		stage = VPDN_STAGE_TUNNEL;
	over(c, stage);
}

static void on_freed(struct vpdn_call_base *base)
{
	struct vpdn_ref_call *c = (struct vpdn_ref_call *)base;

	base->core = NULL;
	over(c, stage_of(c));
}

static const struct vpdn_call_ops ops = {
	.message = on_message,
	.build = on_build,
	.down = on_down,
	.freed = on_freed,
};
