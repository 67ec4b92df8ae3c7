/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * call_place.c - choosing the next peer of a group, and having xl2tpd ask it for a call:
 * the LNS of a forwarded subscriber (ICRQ), or the LAC that is to dial (OCRQ). See call_impl.h.
 */
#include "call_impl.h"

#include <arpa/inet.h>
#include <bsd/stdlib.h>
#include <bsd/string.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "l2tp_peer.h"
#include "log.h"
#include "result_code.h"

#define ATTEMPT_MIN_MS	500	/* less time is not worth another attempt */
#define ATTEMPT_SLACK_MS 250	/* for xl2tpd to say that the time is up */

/* No peer is asked (any more): why, as counted for a subscriber and as told to who wanted to dial. */
static enum vpdn_ev no_peer(struct vpdn_call *call, uint64_t *counter, uint8_t failure, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static enum vpdn_ev no_peer(struct vpdn_call *call, uint64_t *counter, uint8_t failure, const char *fmt, ...)
{
	char text[VPDN_REASON_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	vpdn_call_set_cause(call, 0, 0, counter, "%s", text);
	call->cause.failure = failure;
	return VPDN_EV_NO_PEER;
}

static bool count_session(struct vpdn_call *call, const struct vpdn_peer *peer)
{
	struct vpdn_usages *u = &call->d->usages;

	return vpdn_call_count(&call->of_peer, vpdn_usage_get(u, VPDN_USAGE_PEER, call->group, peer)) &&
	       (call->of_group || vpdn_call_count(&call->of_group, vpdn_usage_get(u, VPDN_USAGE_GROUP, call->group, NULL)));
}

static int ask_xl2tpd(struct vpdn_call *call, const struct vpdn_peer *peer, uint32_t timeout)
{
	static struct vpdn_ipc_msg ask;
	int rc = vpdn_call_get_ask(call, &ask);

	if (!rc)
		rc = vpdn_l2tp_place(call->d->l2tp, call, peer, timeout, &ask);
	vpdn_ipc_msg_wipe(&ask);
	return rc;
}

static void say_placing(struct vpdn_call *call, const struct vpdn_peer *peer)
{
	const struct vpdn_group *g = call->chosen;
	char addr[INET_ADDRSTRLEN];

	vpdn_trace_add(&call->trace, "%s %s is asked: attempt %u, priority %u, weight %u%s", call->kind == VPDN_DIALIN_LAC ? "LNS" : "LAC",
		       inet_ntop(AF_INET, &peer->addr, addr, sizeof(addr)), call->attempts, peer->priority, peer->weight,
		       call->multilink ? ", by its multilink bundle" : "");
	if (call->kind == VPDN_DIALIN_LAC) {
		vpdn_call_say(call, LOG_INFO, "asking LNS number %u for a call, vpdn-group %s by %s", call->attempts, g->name,
			      call->chosen_by);
		return;
	}
	vpdn_call_say(call, LOG_INFO, "asking LAC number %u to dial, vpdn-group %s", call->attempts, g->name);
	vpdn_dial_progress(call, "asking LAC %s to dial %s", inet_ntop(AF_INET, &call->peer, addr, sizeof(addr)), call->number);
}

/* The peer where the bundle's other links are, so that one that has come back meanwhile does not divide it; or negative. */
static int bundle_peer(const struct vpdn_call *call, const struct vpdn_group *g, uint64_t now)
{
	const struct vpdn_usage *x = vpdn_call_bundle_peer(call);

	for (size_t i = 0; x && i < g->n_peers; i++)
		if (g->peers[i].addr.s_addr == x->addr.s_addr && g->peers[i].port == x->port && !(call->tried >> i & 1) &&
		    vpdn_peer_state(&call->d->usages, g, &g->peers[i], now) <= VPDN_PEER_DEAD)
			return (int)i;
	return -ENOENT;
}

/* When all peers were tried, the cause is what the last one said; else it is set here. */
enum vpdn_ev vpdn_act_place(struct vpdn_call *call)
{
	struct vpdnd *d = call->d;
	struct vpdn_counters *n = &d->counters;
	const struct vpdn_group *g = call->chosen;
	uint64_t now = vpdnd_now_ms();
	uint32_t left, timeout;
	int i, rc;

	vpdn_call_ref_drop(call);
	vpdn_call_leave_peer(call);
	vpdn_bridge_drop_l2tp(&call->bridge);
	call->tunnel_id = call->peer_tunnel_id = call->session_id = call->peer_session_id = 0;
	if (d->stopping)
		return no_peer(call, &n->rejected_admin, VPDN_DIAL_CLEARED, "vpdnd is stopping");
	if (!vpdn_l2tp_connected(d->l2tp))
		return no_peer(call, &n->rejected_no_l2tp, VPDN_DIAL_UNREACHABLE, "xl2tpd is not connected");
	if (!call->of_group && vpdn_usage_full(&d->usages, VPDN_USAGE_GROUP, g->name, g->limit))
		return no_peer(call, &n->rejected_limit, VPDN_DIAL_NO_RESOURCES, "session limit of vpdn-group %s (%u) reached", g->name, g->limit);
	if (vpdn_call_no_fds(call, &n->rejected_internal))
		return VPDN_EV_NO_PEER;
	i = bundle_peer(call, g, now);
	if (i < 0)
		i = vpdn_peer_choose(&d->usages, g, call->tried, now, arc4random(), call->multilink ? &call->bundle : NULL);
	if (i < 0) {
		if (call->attempts)
			return VPDN_EV_NO_PEER;
		return no_peer(call, &n->rejected_limit, VPDN_DIAL_NO_RESOURCES, "all peers of vpdn-group %s are draining or at their session limit",
			       g->name);
	}
	left = call->deadline_ms > now ? (uint32_t)(call->deadline_ms - now) : 0;
	if (left < ATTEMPT_MIN_MS) {
		char last[VPDN_REASON_MAX];

		strlcpy(last, call->cause.text, sizeof(last));
		return no_peer(call, &n->rejected_time, VPDN_DIAL_TIMEOUT, "no time left to try another peer%s%.200s", *last ? "; last: " : "", last);
	}
	timeout = g->connect_timeout_s * 1000;
	if (timeout > left - ATTEMPT_SLACK_MS)
		timeout = left - ATTEMPT_SLACK_MS;

	call->tried |= UINT64_C(1) << i;
	if (call->attempts++)
		n->failed_over++;
	n->placed++;
	vpdn_call_ref_new(call);
	call->peer = g->peers[i].addr;
	vpdn_text_keep(&call->local_name, g->peers[i].local_name);
	rc = count_session(call, &g->peers[i]) ? ask_xl2tpd(call, &g->peers[i], timeout) : -ENOMEM;
	if (rc)
		return no_peer(call, &n->rejected_internal, VPDN_DIAL_UNREACHABLE, "asking xl2tpd for a call: %s", strerror(-rc));
	if (vpdn_peer_probe(call->of_peer, call->id, now))
		vpdn_call_say(call, LOG_INFO, "this peer was dead; this call tries whether it is back");
	say_placing(call, &g->peers[i]);
	call->attempt_end_ms = now + timeout + ATTEMPT_SLACK_MS;
	vpdn_call_set_timer(call, timeout + ATTEMPT_SLACK_MS);
	return VPDN_EV_NONE;
}

enum vpdn_ev vpdn_act_abandon_and_place(struct vpdn_call *call)
{
	vpdn_call_say(call, LOG_WARNING, "%s", call->cause.text);
	vpdn_trace_add(&call->trace, "%s", call->cause.text);
	call->of_peer->failed++;
	vpdn_l2tp_clear(call->d->l2tp, call->ref, &call->cause);
	return vpdn_act_place(call);
}
