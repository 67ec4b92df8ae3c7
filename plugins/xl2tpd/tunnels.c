/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tunnels.c - tunnels of vpdn-groups: those opened for placed calls, and those accepted from peers.
 *
 * A placed call uses any tunnel with that peer that has our name and secret, whoever opened it, or makes one, as far as the group's
 * limits let it. Where the peer must have a certain name, a tunnel to another one is refused with StopCCN result 4. A tunnel without
 * sessions is closed with StopCCN result 1 after the group's idle time; one that is not up yet at once. Every change goes to vpdnd
 * as L2TP_TUNNEL_STATE. The control connection itself (RFC 2661 5.1, 5.5, 5.8) is xl2tpd's.
 * Owns the tunnels; a call's owner is calls.c or calls_in.c.
 */
#include "module.h"

#include <arpa/inet.h>
#include <bsd/string.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "text.h"

/* Control messages a peer may have under way: a burst of calls need not wait for round trips. */
#define RECEIVE_WINDOW	64

static TAILQ_HEAD(, vpdn_tunnel) tunnels = TAILQ_HEAD_INITIALIZER(tunnels);

static int tid_cmp(const struct vpdn_tunnel *a, const struct vpdn_tunnel *b)
{
	return a->tid < b->tid ? -1 : a->tid > b->tid;
}

/* Those with one peer under one name of ours are together, those of one group among them, too. */
static int peer_cmp(const struct vpdn_tunnel *a, const struct vpdn_tunnel *b)
{
	int d = a->peer.s_addr < b->peer.s_addr ? -1 : a->peer.s_addr > b->peer.s_addr;

	if (!d)
		d = strcmp(a->local_name, b->local_name);
	if (!d)
		d = strcmp(a->group, b->group);
	return d ? d : tid_cmp(a, b);
}

static RB_HEAD(by_tid, vpdn_tunnel) by_tid = RB_INITIALIZER(&by_tid);
static RB_HEAD(by_peer, vpdn_tunnel) by_peer = RB_INITIALIZER(&by_peer);
RB_GENERATE_INTERNAL(by_tid, vpdn_tunnel, by_tid, tid_cmp, static __attribute__((unused)))
RB_GENERATE_INTERNAL(by_peer, vpdn_tunnel, by_peer, peer_cmp, static __attribute__((unused)))

/* ---- logs and reports ---- */

void vpdn_tunnel_log(const struct vpdn_tunnel *t, const struct call *call, const char *label, int level, const char *fmt, ...)
{
	struct l2tp_tunnel_info ti;
	struct l2tp_call_info ci;
	char who[512], what[768], addr[INET_ADDRSTRLEN];
	struct vpdn_text w;
	va_list ap;

	vpdn_core->tunnel_info(t->core, &ti);
	vpdn_text_init(&w, who, sizeof(who));
	vpdn_text_add(&w, "tunnel=%u/%u", ti.tid, ti.peer_tid);
	if (call) {
		vpdn_core->call_info(call, &ci);
		vpdn_text_add(&w, " session=%u/%u", ci.cid, ci.peer_cid);
	}
	vpdn_text_add(&w, " peer=%s", inet_ntop(AF_INET, &ti.peer.sin_addr, addr, sizeof(addr)));
	if (label && *label)
		vpdn_text_add(&w, " %s", label);
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	vpdn_core->log(level, "vpdn: %s: %s\n", who, what);
}

static void report(const struct vpdn_tunnel *t, enum vpdn_tunnel_state state, const char *text)
{
	struct l2tp_tunnel_info ti;
	struct vpdn_ipc_builder b;
	char name[512];

	if (!vpdn_link_up())
		return;
	vpdn_core->tunnel_info(t->core, &ti);
	vpdn_ipc_begin(&b, VPDN_MSG_L2TP_TUNNEL_STATE, 0, 0);
	vpdn_ipc_put_u16(&b, VPDN_TLV_TUNNEL_ID, ti.tid);
	vpdn_ipc_put_u8(&b, VPDN_TLV_TUNNEL_STATE, (uint8_t)state);
	vpdn_ipc_put_ip4(&b, VPDN_TLV_PEER_IP, ti.peer.sin_addr);
	vpdn_ipc_put_u16(&b, VPDN_TLV_PEER_PORT, ntohs(ti.peer.sin_port));
	vpdn_ipc_put_u32(&b, VPDN_TLV_SESSIONS, t->sessions);
	vpdn_ipc_put_u8(&b, VPDN_TLV_OUTGOING, t->outgoing);
	vpdn_ipc_put_u64(&b, VPDN_TLV_AGE_MS, vpdn_now_ms() - t->since_ms);
	vpdn_ipc_put_text(&b, VPDN_TLV_GROUP, t->group);
	if (ti.peer_tid)
		vpdn_ipc_put_u16(&b, VPDN_TLV_PEER_TUNNEL_ID, ti.peer_tid);
	if (ti.local.s_addr)
		vpdn_ipc_put_ip4(&b, VPDN_TLV_SOURCE_IP, ti.local);
	if (*ti.peer_name)
		vpdn_ipc_put_text(&b, VPDN_TLV_PEER_NAME,
				  vpdn_text_escape(ti.peer_name, strlen(ti.peer_name), name, sizeof(name)));
	if (*text)
		vpdn_ipc_put_text(&b, VPDN_TLV_TEXT, text);
	vpdn_link_send(&b, -1);
}

static void report_now(const struct vpdn_tunnel *t)
{
	report(t, t->closing ? VPDN_TUNNEL_CLOSING : t->up ? VPDN_TUNNEL_ESTABLISHED : VPDN_TUNNEL_OPENING, "");
}

void vpdn_tunnels_report(void)
{
	struct vpdn_tunnel *t;

	TAILQ_FOREACH(t, &tunnels, link) {
		report_now(t);
		vpdn_calls_in_report(t);
	}
	vpdn_calls_in_report_orphans();
}

/* ---- idle time ---- */

static void idle(void *arg)
{
	struct vpdn_tunnel *t = arg;

	t->idle = NULL;
	vpdn_tunnel_close(t, VPDN_STOPCCN_CLEAR, "no session left");
}

static void idle_stop(struct vpdn_tunnel *t)
{
	vpdn_core->timer_del(t->idle);
	t->idle = NULL;
}

static void idle_check(struct vpdn_tunnel *t)
{
	idle_stop(t);
	if (t->sessions || t->closing)
		return;
	if (t->up)
		t->idle = vpdn_core->timer_add(t->idle_s * 1000, idle, t);
	else if (t->outgoing)
		vpdn_tunnel_close(t, VPDN_STOPCCN_CLEAR, "no call is waiting for it any more");
}

void vpdn_tunnel_call_added(struct vpdn_tunnel *t)
{
	t->sessions++;
	idle_stop(t);
	report_now(t);
}

void vpdn_tunnel_call_removed(struct vpdn_tunnel *t)
{
	t->sessions--;
	idle_check(t);
	report_now(t);
}

/* ---- opening, finding, closing ---- */

static struct vpdn_tunnel *tunnel_new(const char *group, const char *local_name, const char *secret)
{
	struct vpdn_tunnel *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	strlcpy(t->group, group, sizeof(t->group));
	strlcpy(t->local_name, local_name, sizeof(t->local_name));
	strlcpy(t->secret, secret, sizeof(t->secret));
	t->since_ms = vpdn_now_ms();
	vpdn_end_init(&t->end);
	TAILQ_INIT(&t->ref_calls);
	TAILQ_INIT(&t->calls_in);
	return t;
}

static void tunnel_add(struct vpdn_tunnel *t, struct tunnel *core)
{
	struct l2tp_tunnel_info ti;

	t->core = core;
	vpdn_core->tunnel_info(core, &ti);
	t->tid = ti.tid;
	TAILQ_INSERT_TAIL(&tunnels, t, link);
	RB_INSERT(by_tid, &by_tid, t);
	RB_INSERT(by_peer, &by_peer, t);
}

static void tunnel_free(struct vpdn_tunnel *t)
{
	explicit_bzero(t, sizeof(*t));
	free(t);
}

static void params_fill(struct l2tp_tunnel_params *p, const char *local_name, const char *secret, bool hidden, uint32_t hello_s)
{
	memset(p, 0, sizeof(*p));
	strlcpy(p->local_name, local_name, sizeof(p->local_name));
	strlcpy(p->secret, secret, sizeof(p->secret));
	p->hidden = hidden;
	p->hello = hello_s;
	p->rws = RECEIVE_WINDOW;
	/* What peers may rely on before they ask: RFC 2661 4.4.3. Which number is dialled over what kind of line, vpdnd knows. */
	if (vpdn_groups_accept(VPDN_ACCEPTS_DIALOUT))
		p->bearers = L2TP_BEARER_DIGITAL | L2TP_BEARER_ANALOGUE;
}

/*
 * Has its peer that name, or will it have when it is up? One that waits for the answer of another peer than is wanted may be refused for
 * it, so it is none for those to whom the peer's name is all the same, either.
 */
static bool peer_is(const struct vpdn_tunnel *t, const char *remote_name)
{
	struct l2tp_tunnel_info ti;

	if (t->outgoing && !t->up)
		return !strcasecmp(t->remote_name, remote_name);
	vpdn_core->tunnel_info(t->core, &ti);
	return !*remote_name || !strcasecmp(ti.peer_name, remote_name);
}

/* May a call that wants such a tunnel use this one? What a peer has opened counts when it is up: before that it may be anybody. */
static bool usable(const struct vpdn_tunnel *t, const struct vpdn_tunnel_want *want)
{
	return !t->closing && (t->up || t->outgoing) && (!t->outgoing || t->port == want->port) &&
	       (!want->source.s_addr || t->source.s_addr == want->source.s_addr) && !strcmp(t->secret, want->secret) &&
	       !strcmp(t->assignment, want->assignment) && peer_is(t, want->remote_name) &&
	       (!want->sessions || t->sessions < want->sessions) && (!want->own || (t->outgoing && !strcmp(t->group, want->group)));
}

/* The first usable one of the group, else of any. */
static struct vpdn_tunnel *find_usable(const struct vpdn_tunnel_want *want)
{
	struct vpdn_tunnel from = { .peer = want->peer }, *t;

	strlcpy(from.local_name, want->local_name, sizeof(from.local_name));
	strlcpy(from.group, want->group, sizeof(from.group));
	for (t = RB_NFIND(by_peer, &by_peer, &from);
	     t && t->peer.s_addr == want->peer.s_addr && !strcmp(t->local_name, want->local_name) && !strcmp(t->group, want->group);
	     t = RB_NEXT(by_peer, &by_peer, t))
		if (usable(t, want))
			return t;
	*from.group = 0;
	for (t = RB_NFIND(by_peer, &by_peer, &from);
	     t && t->peer.s_addr == want->peer.s_addr && !strcmp(t->local_name, want->local_name);
	     t = RB_NEXT(by_peer, &by_peer, t))
		if (usable(t, want))
			return t;
	return NULL;
}

/* 0, or why the group may not open another one. */
static int may_open(const struct vpdn_tunnel_want *want)
{
	uint32_t of_peer = 0, of_group = 0;
	const struct vpdn_tunnel *t;

	if (!want->peer_tunnels && !want->group_tunnels)
		return 0;
	TAILQ_FOREACH(t, &tunnels, link) {
		if (t->closing || !t->outgoing || strcmp(t->group, want->group))
			continue;
		of_group++;
		of_peer += t->peer.s_addr == want->peer.s_addr && t->port == want->port;
	}
	return want->peer_tunnels && of_peer >= want->peer_tunnels ? -EUSERS :
	       want->group_tunnels && of_group >= want->group_tunnels ? -EDQUOT : 0;
}

struct vpdn_tunnel *vpdn_tunnel_get(const struct vpdn_tunnel_want *want, int *err)
{
	struct l2tp_tunnel_params params;
	struct vpdn_tunnel *t = find_usable(want);
	struct tunnel *core;

	if (t)
		return t;
	*err = may_open(want);
	if (*err)
		return NULL;
	t = tunnel_new(want->group, want->local_name, want->secret);
	if (!t) {
		*err = -ENOMEM;
		return NULL;
	}
	t->outgoing = true;
	strlcpy(t->assignment, want->assignment, sizeof(t->assignment));
	strlcpy(t->remote_name, want->remote_name, sizeof(t->remote_name));
	t->peer = want->peer;
	t->source = want->source;
	t->port = want->port;
	t->idle_s = want->idle_s;
	params_fill(&params, want->local_name, want->secret, want->hidden, want->hello_s);
	params.peer = want->peer;
	params.peer_port = want->port;
	params.local = want->source;
	*err = vpdn_core->tunnel_open(&params, t, &core);
	explicit_bzero(&params, sizeof(params));
	if (*err) {
		tunnel_free(t);
		return NULL;
	}
	tunnel_add(t, core);
	vpdn_tunnel_log(t, NULL, NULL, LOG_INFO, "opening for group %s", t->group);
	report_now(t);
	return t;
}

struct vpdn_tunnel *vpdn_tunnel_find(uint16_t tid)
{
	struct vpdn_tunnel want = { .tid = tid };

	return RB_FIND(by_tid, &by_tid, &want);
}

struct vpdn_tunnel *vpdn_tunnel_next(struct vpdn_tunnel *t)
{
	return t ? TAILQ_NEXT(t, link) : TAILQ_FIRST(&tunnels);
}

int vpdn_call_refuse(const struct vpdn_tunnel *t, struct call *core, int result, int error, const char *text)
{
	struct l2tp_cause cause = { .result = result, .error = error, .text = text, .by = L2TP_BY_US };

	vpdn_tunnel_log(t, core, NULL, LOG_WARNING, "call refused: %s", text);
	vpdn_core->call_close(core, &cause);
	return L2TP_REFUSE;
}

struct vpdn_group *vpdn_call_admit(const struct vpdn_tunnel *t, struct call *core, uint8_t accepts)
{
	struct l2tp_tunnel_info ti;
	struct vpdn_group *g;

	vpdn_core->tunnel_info(t->core, &ti);
	g = vpdn_groups_for_call(accepts, t, ti.peer_name);
	if (!g) {
		vpdn_call_refuse(t, core, VPDN_CDN_ADMINISTRATIVE, 0, accepts == VPDN_ACCEPTS_DIALIN ?
				 "no group takes incoming calls of this peer" : "no group takes outgoing calls of this peer");
	} else if (vpdn_group_full(g)) {
		vpdn_call_refuse(t, core, VPDN_CDN_NO_FACILITIES_TEMP, 0, "the group has as many sessions as it may");
		g = NULL;
	}
	return g;
}

void vpdn_tunnel_close(struct vpdn_tunnel *t, int result, const char *text)
{
	struct l2tp_cause cause = { .result = result, .error = 0, .text = text, .by = L2TP_BY_US };

	if (t->closing)
		return;
	t->closing = true;
	idle_stop(t);
	vpdn_core->tunnel_close(t->core, &cause);
}

void vpdn_tunnels_stop(void)
{
	struct vpdn_tunnel *t;

	TAILQ_FOREACH(t, &tunnels, link)
		vpdn_tunnel_close(t, VPDN_STOPCCN_SHUTDOWN, "xl2tpd is being shut down");
}

void vpdn_tunnels_clear_placed(void)
{
	struct vpdn_tunnel *t;

	TAILQ_FOREACH(t, &tunnels, link)
		vpdn_calls_end_all(t, "vpdnd has gone");
}

/* ---- from the core ---- */

/* Refusals are bounded by the core's limit on half-open tunnels. */
static int refuse(const struct l2tp_tunnel_info *info, struct l2tp_cause *why, const char *text)
{
	char addr[INET_ADDRSTRLEN], name[512];

	vpdn_core->log(LOG_WARNING, "vpdn: tunnel=%u/%u peer=%s (\"%s\"): refused: %s\n", info->tid, info->peer_tid,
		       inet_ntop(AF_INET, &info->peer.sin_addr, addr, sizeof(addr)),
		       vpdn_text_escape(info->peer_name, strlen(info->peer_name), name, sizeof(name)), text);
	why->result = VPDN_STOPCCN_NOT_AUTHORIZED;
	why->error = 0;
	why->text = text;
	return L2TP_REFUSE;
}

int vpdn_tunnel_on_request(struct tunnel *core, const struct l2tp_tunnel_info *info, struct l2tp_tunnel_params *params,
			   void **priv, struct l2tp_cause *why)
{
	const struct vpdn_group *g = vpdn_groups_match(info->peer_name, info->peer.sin_addr);
	struct vpdn_tunnel *t;

	if (!g)
		return L2TP_PASS;
	if (info->challenged && !g->tunnel_auth)
		return refuse(info, why, "the peer wants tunnel authentication and the group has none");
	t = tunnel_new(g->name, g->local_name, g->secret);
	if (!t)
		return refuse(info, why, "out of memory");
	t->peer = info->peer.sin_addr;
	t->port = info->peer.sin_port;
	t->source = info->local;
	t->idle_s = g->idle_s;
	params_fill(params, g->local_name, g->secret, g->hidden, g->hello_s);
	tunnel_add(t, core);
	*priv = t;
	vpdn_tunnel_log(t, NULL, NULL, LOG_INFO, "requested, group %s", t->group);
	report_now(t);
	return L2TP_ACCEPT;
}

int vpdn_tunnel_on_reply(struct vpdn_tunnel *t)
{
	struct l2tp_tunnel_info ti;
	char name[128], text[160];

	vpdn_core->tunnel_info(t->core, &ti);
	if (!*t->remote_name || !strcasecmp(ti.peer_name, t->remote_name))
		return L2TP_ACCEPT;
	snprintf(text, sizeof(text), "Host Name %s is not the remote-name",
		 vpdn_text_escape(ti.peer_name, strlen(ti.peer_name), name, sizeof(name)));
	vpdn_tunnel_log(t, NULL, NULL, LOG_ERR, "group %s refuses this peer: its %s %s", t->group, text, t->remote_name);
	vpdn_tunnel_close(t, VPDN_STOPCCN_NOT_AUTHORIZED, text);
	return L2TP_REFUSE;
}

void vpdn_tunnel_on_up(struct tunnel *core, void *priv)
{
	struct vpdn_tunnel *t = priv;
	struct l2tp_tunnel_info ti;
	char name[512];

	vpdn_core->tunnel_info(core, &ti);
	t->up = true;
	vpdn_tunnel_log(t, NULL, NULL, LOG_NOTICE, "established with \"%s\" for group %s",
			vpdn_text_escape(ti.peer_name, strlen(ti.peer_name), name, sizeof(name)), t->group);
	report_now(t);
	vpdn_calls_tunnel_up(t);
	idle_check(t);
}

/*
 * Ours did not come up: what waits for it may use one that this peer opens at the same time. Two SCCRQs that cross are one tunnel in
 * the end when one side's tie breaker wins (RFC 2661 4.4.3).
 */
static struct vpdn_tunnel *find_instead(const struct vpdn_tunnel *gone)
{
	struct vpdn_tunnel from = { .peer = gone->peer }, *t;

	strlcpy(from.local_name, gone->local_name, sizeof(from.local_name));
	for (t = RB_NFIND(by_peer, &by_peer, &from);
	     t && t->peer.s_addr == gone->peer.s_addr && !strcmp(t->local_name, gone->local_name);
	     t = RB_NEXT(by_peer, &by_peer, t))
		if (!t->closing && !t->outgoing && !strcmp(t->secret, gone->secret) &&
		    (!gone->source.s_addr || gone->source.s_addr == t->source.s_addr) && peer_is(t, gone->remote_name))
			return t;
	return NULL;
}

void vpdn_tunnel_on_down(struct tunnel *core, void *priv, const struct l2tp_cause *why)
{
	struct vpdn_tunnel *t = priv;
	char text[512];

	(void)core;
	t->closing = true;
	idle_stop(t);
	vpdn_end_from_core(&t->end, why);
	vpdn_end_print(&t->end, true, text, sizeof(text));
	vpdn_tunnel_log(t, NULL, NULL, LOG_NOTICE, "%s", text);
	report(t, VPDN_TUNNEL_CLOSING, text);
	vpdn_calls_tunnel_down(t, t->outgoing && !t->up ? find_instead(t) : NULL);
}

void vpdn_tunnel_on_freed(struct tunnel *core, void *priv)
{
	struct vpdn_tunnel *t = priv;

	(void)core;
	idle_stop(t);
	report(t, VPDN_TUNNEL_CLOSED, "");
	TAILQ_REMOVE(&tunnels, t, link);
	RB_REMOVE(by_tid, &by_tid, t);
	RB_REMOVE(by_peer, &by_peer, t);
	tunnel_free(t);
}
