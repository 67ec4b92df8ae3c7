/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * calls_in.c - incoming calls in tunnels that peers have opened (RFC 2661 5.2.1, LNS side).
 *
 *	ICRQ -> kernel session, address, CALL_START to the group's pppd template, ICRP -> ICCN -> CALL_CONNECTED -> PPP up -> over, CDN
 *
 * The kernel session stands before ICRP goes out: the LAC's frames may beat its ICCN and wait in it. xl2tpd has no part in PPP; the
 * template's child says what becomes of it. It starts while the LAC connects the subscriber, and waits for what ICCN brings: the
 * subscriber does not wait for the child. A call object lives as long as xl2tpd's call or the child, whichever is longer, because
 * the child's address is taken until it is dead. vpdnd is told every change by L2TP_CALL_STATE and may be away.
 * Owns the calls, their addresses, and the kernel session until ICCN.
 */
#include "calls_in.h"

#include <bsd/string.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <unistd.h>

#include "text.h"

#define ICCN_TIMEOUT_MS	30000		/* from our ICRP */
#define CLEAR_TIMEOUT_MS 10000		/* for a child to end PPP in good order */
static int id_cmp(const struct vpdn_call_in *a, const struct vpdn_call_in *b)
{
	uint32_t x = (uint32_t)a->tid << 16 | a->cid, y = (uint32_t)b->tid << 16 | b->cid;

	return x < y ? -1 : x > y;
}

static RB_HEAD(by_id, vpdn_call_in) by_id = RB_INITIALIZER(&by_id);
RB_GENERATE_INTERNAL(by_id, vpdn_call_in, by_id, id_cmp, static __attribute__((unused)))

static const struct vpdn_call_ops ops;

/* Calls whose tunnel is gone, waiting for their child to leave. */
static TAILQ_HEAD(, vpdn_call_in) orphans = TAILQ_HEAD_INITIALIZER(orphans);

/* ---- reports ---- */

static void set_state(struct vpdn_call_in *c, enum vpdn_call_state state, const char *text)
{
	if (state <= c->state)
		return;
	c->state = state;
	vpdn_call_in_report(c, text);
}

void vpdn_calls_in_report(struct vpdn_tunnel *t)
{
	struct vpdn_call_in *c;

	TAILQ_FOREACH(c, &t->calls_in, link)
		vpdn_call_in_report(c, c->end.text);
}

void vpdn_calls_in_report_orphans(void)
{
	struct vpdn_call_in *c;

	TAILQ_FOREACH(c, &orphans, link)
		vpdn_call_in_report(c, c->end.text);
}

/* ---- life and death ---- */

static void drop_session(struct vpdn_call_in *c)
{
	if (c->session_fd >= 0)
		close(c->session_fd);
	c->session_fd = -1;
}

static void give_address_back(struct vpdn_call_in *c)
{
	if (c->has_addr)
		vpdn_pool_give_back(c->addr);
	c->has_addr = false;
}

static void free_call(struct vpdn_call_in *c)
{
	give_address_back(c);
	vpdn_core->timer_del(c->timer);
	drop_session(c);
	free(c->group);
	free(c->user);
	free(c->line);
	free(c->bundle);
	free(c);
}

/* Frees the call when neither xl2tpd nor a child knows it any more. */
static void release(struct vpdn_call_in *c)
{
	if (c->base.core || c->ppp)
		return;
	set_state(c, VPDN_CALL_CLOSED, NULL);
	if (c->base.tunnel)
		TAILQ_REMOVE(&c->base.tunnel->calls_in, c, link);
	else
		TAILQ_REMOVE(&orphans, c, link);
	free_call(c);
}

/* The session ends; the first to say why is believed. What the cause has no word for is in c->end. */
static void end(struct vpdn_call_in *c, int result, int error, const char *text)
{
	struct l2tp_cause cause = { .result = result, .error = error, .text = text, .by = L2TP_BY_US };

	if (c->ending || c->state >= VPDN_CALL_CLOSING)
		return;
	c->ending = true;
	vpdn_core->call_close(c->base.core, &cause);
	vpdn_end_from_core(&c->end, &cause);
}

static void iccn_overdue(void *arg)
{
	struct vpdn_call_in *c = arg;

	c->timer = NULL;
	end(c, VPDN_CDN_TIMEOUT, 0, "no ICCN in time");
}

/* ---- ICRQ ---- */

static void on_ppp(void *arg, enum vpdn_ppp_event event, const struct vpdn_ipc_msg *m, const char *text);

/* Gives the session that ICRQ asks for to the group's template. False: no memory or descriptors. */
static bool start_ppp(struct vpdn_call_in *c, const struct vpdn_group *g, const uint8_t *icrq, size_t len, int fd)
{
	struct vpdn_ipc_builder b;

	c->session_fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (c->session_fd < 0 || vpdn_call_in_make_start(c, g, &b, icrq, len)) {
		close(fd);
		return false;
	}
	c->ppp = vpdn_ppp_start(g->template, &b, fd, on_ppp, c);
	return c->ppp;
}

/* A call of that group, without session yet. NULL: no memory. */
static struct vpdn_call_in *call_new(struct vpdn_tunnel *t, struct call *core, const struct vpdn_group *g, const uint8_t *avps,
				     size_t len)
{
	struct vpdn_call_in *c = calloc(1, sizeof(*c));
	struct l2tp_call_info ci;

	if (!c)
		return NULL;
	c->session_fd = -1;
	c->group = strdup(g->name);
	if (!c->group) {
		free_call(c);
		return NULL;
	}
	vpdn_core->call_info(core, &ci);
	c->own_features = vpdn_own_features(avps, len) & VPDN_FEATURE_MSCHAP_V2;
	c->base.ops = &ops;
	c->base.tunnel = t;
	c->tid = t->tid;
	c->cid = ci.cid;
	c->peer_cid = ci.peer_cid;
	c->since_ms = vpdn_now_ms();
	vpdn_end_init(&c->end);
	return c;
}

int vpdn_calls_in_request(struct vpdn_tunnel *t, struct call *core, const uint8_t *avps, size_t len)
{
	struct vpdn_group *g = vpdn_call_admit(t, core, VPDN_ACCEPTS_DIALIN);
	struct vpdn_call_in *c;
	char text[120], calling[256] = "";
	int fd;

	if (!g)
		return L2TP_REFUSE;
	c = call_new(t, core, g, avps, len);
	if (!c)
		return vpdn_call_refuse(t, core, VPDN_CDN_ERROR, VPDN_ERROR_RESOURCES, "out of memory");
	c->has_addr = g->has_pool && vpdn_pool_take(g, &c->addr);
	if (g->has_pool && !c->has_addr) {
		free_call(c);
		return vpdn_call_refuse(t, core, VPDN_CDN_NO_FACILITIES_TEMP, 0, "no free address in the group's pool");
	}
	fd = vpdn_session_socket(core, text, sizeof(text));
	if (fd < 0) {
		free_call(c);
		return vpdn_call_refuse(t, core, VPDN_CDN_ERROR, VPDN_ERROR_RESOURCES, text);
	}
	vpdn_call_in_keep_line(c, avps, len);
	if (!start_ppp(c, g, avps, len, fd)) {
		free_call(c);
		return vpdn_call_refuse(t, core, VPDN_CDN_ERROR, VPDN_ERROR_RESOURCES, "out of memory");
	}
	c->base.core = core;
	c->use = vpdn_group_enter(g);
	vpdn_avps_text(avps, len, VPDN_AVP_CALLING_NUMBER, calling, sizeof(calling));
	c->timer = vpdn_core->timer_add(ICCN_TIMEOUT_MS, iccn_overdue, c);
	TAILQ_INSERT_TAIL(&t->calls_in, c, link);
	RB_INSERT(by_id, &by_id, c);
	vpdn_core->call_set_priv(core, &c->base);
	vpdn_call_in_log(c, LOG_INFO, "requested%s%s, given to pppd template \"%s\"", *calling ? ", calling number " : "", calling,
			 g->template);
	vpdn_tunnel_call_added(t);
	set_state(c, VPDN_CALL_WAIT, NULL);
	return L2TP_ACCEPT;
}

/* ---- ICCN ---- */

static void on_iccn(struct vpdn_call_in *c, const uint8_t *avps, size_t len)
{
	struct vpdn_ipc_builder b;
	int rc;

	if (c->state != VPDN_CALL_WAIT || c->ending)
		return;
	vpdn_core->timer_del(c->timer);
	c->timer = NULL;
	if (!vpdn_groups_find(c->group, VPDN_ACCEPTS_DIALIN)) {
		end(c, VPDN_CDN_ADMINISTRATIVE, 0, "the group has been removed");
		return;
	}
	vpdn_call_in_keep_line(c, avps, len);
	rc = vpdn_call_in_make_connected(c, &b, avps, len);
	vpdn_session_sequence(c->session_fd, avps, len);
	drop_session(c);
	if (!rc)
		rc = vpdn_ppp_connected(c->ppp, &b);
	vpdn_ipc_builder_wipe(&b);
	if (rc) {
		end(c, VPDN_CDN_ERROR, VPDN_ERROR_RESOURCES, strerror(-rc));
		return;
	}
	vpdn_call_in_log(c, LOG_NOTICE, "connected");
	set_state(c, VPDN_CALL_CONNECTED, NULL);
}

/* ---- from the child ---- */

static void read_up(struct vpdn_call_in *c, const struct vpdn_ipc_msg *m)
{
	char user[256];
	const uint8_t *p;
	size_t len;

	if (vpdn_ipc_get_bytes(m, VPDN_TLV_USER, &p, &len))
		vpdn_call_in_set_text(&c->user, vpdn_text_escape(p, len, user, sizeof(user)));
	vpdn_ipc_get_text(m, VPDN_TLV_IFNAME, c->ifname, sizeof(c->ifname));
	c->has_ips = (vpdn_ipc_get_ip4(m, VPDN_TLV_LOCAL_IP, &c->local) & vpdn_ipc_get_ip4(m, VPDN_TLV_REMOTE_IP, &c->remote)) ||
		     c->has_ips;
}

/* The link is in a bundle. The owner's address is the bundle's, until its pppd is gone; another link needs none. */
static void read_bundle(struct vpdn_call_in *c, const struct vpdn_ipc_msg *m)
{
	struct vpdn_call_bundle read = { .owner = 0 };

	if (!vpdn_ipc_get_text(m, VPDN_TLV_BUNDLE, read.name, sizeof(read.name)) || !read.name[0])
		return;
	vpdn_ipc_get_text(m, VPDN_TLV_ENDPOINT_LOCAL, read.endpoint_local, sizeof(read.endpoint_local));
	vpdn_ipc_get_text(m, VPDN_TLV_ENDPOINT_PEER, read.endpoint_peer, sizeof(read.endpoint_peer));
	vpdn_ipc_get_u16(m, VPDN_TLV_MRRU, &read.mrru);
	vpdn_ipc_get_u16(m, VPDN_TLV_PEER_MRRU, &read.peer_mrru);
	vpdn_ipc_get_u8(m, VPDN_TLV_BUNDLE_OWNER, &read.owner);
	if (!c->bundle)
		c->bundle = malloc(sizeof(*c->bundle));
	if (c->bundle)
		*c->bundle = read;
	if (read.owner)
		vpdn_ppp_may_stay(c->ppp);
	else
		give_address_back(c);
}

static void on_up(struct vpdn_call_in *c, const struct vpdn_ipc_msg *m)
{
	char local[INET_ADDRSTRLEN], remote[INET_ADDRSTRLEN];

	read_up(c, m);
	read_bundle(c, m);
	vpdn_call_in_log(c, LOG_NOTICE, "PPP is up on %s%s%s%s%s%s", c->ifname, c->bundle ? ", multilink" : "", c->has_ips ? ", " : "",
		 c->has_ips ? inet_ntop(AF_INET, &c->local, local, sizeof(local)) : "", c->has_ips ? " to " : "",
		 c->has_ips ? inet_ntop(AF_INET, &c->remote, remote, sizeof(remote)) : "");
	if (c->state >= VPDN_CALL_PPP_UP)
		vpdn_call_in_report(c, NULL);
	else
		set_state(c, VPDN_CALL_PPP_UP, NULL);
}

static void on_info(struct vpdn_call_in *c, const struct vpdn_ipc_msg *m)
{
	char text[512] = "";
	const uint8_t *p;
	size_t len;

	if (vpdn_ipc_get_bytes(m, VPDN_TLV_TEXT, &p, &len))
		vpdn_text_escape(p, len, text, sizeof(text));
	vpdn_call_in_log(c, LOG_INFO, "%s", text);
	vpdn_call_in_report(c, text);
}

/* PPP is over in an orderly way, or pppd says why it leaves. */
static void on_over(struct vpdn_call_in *c, const struct vpdn_ipc_msg *m)
{
	char text[sizeof(c->end.text)];

	if (c->ending || c->state >= VPDN_CALL_CLOSING)
		return;
	vpdn_end_from_ipc(&c->end, m);
	strlcpy(text, c->end.text[0] ? c->end.text : "PPP has ended", sizeof(text));
	if (c->end.has_cause)
		end(c, VPDN_CDN_ADMINISTRATIVE, 0, text);
	else
		end(c, VPDN_CDN_ERROR, VPDN_ERROR_VENDOR, text);
	vpdn_ppp_drain(c->ppp);
}

static void on_ppp(void *arg, enum vpdn_ppp_event event, const struct vpdn_ipc_msg *m, const char *text)
{
	struct vpdn_call_in *c = arg;

	switch (event) {
	case VPDN_PPP_STARTED:
		vpdn_ipc_get_u32(m, VPDN_TLV_PID, &c->pid);
		vpdn_call_in_log(c, LOG_INFO, "taken by pppd %u", c->pid);
		vpdn_call_in_report(c, NULL);
		return;
	case VPDN_PPP_INFO:
		on_info(c, m);
		return;
	case VPDN_PPP_UP:
		on_up(c, m);
		return;
	case VPDN_PPP_ENDING:
	case VPDN_PPP_ENDED:
		on_over(c, m);
		return;
	case VPDN_PPP_REFUSED:
		end(c, VPDN_CDN_NO_FACILITIES_TEMP, 0, text);
		break;
	case VPDN_PPP_GONE:
		end(c, VPDN_CDN_ERROR, VPDN_ERROR_VENDOR, *text ? text : "pppd died");
		break;
	}
	vpdn_ppp_free(c->ppp);
	c->ppp = NULL;
	release(c);
}

/* ---- from the core ---- */

static void on_message(struct vpdn_call_base *base, int msgtype, const uint8_t *avps, size_t len)
{
	struct vpdn_call_in *c = (struct vpdn_call_in *)base;

	if (msgtype == VPDN_L2TP_ICCN)
		on_iccn(c, avps, len);
	else if (msgtype == VPDN_L2TP_CDN)
		vpdn_end_from_avps(&c->end, avps, len);
}

/* The CDN of a call whose PPP has said why it ends carries that (RFC 3145). */
static size_t build_cdn(const struct vpdn_call_in *c, uint8_t *avps, size_t size)
{
	uint8_t value[64];
	struct vpdn_writer v, w;

	if (!c->end.has_cause)
		return 0;
	vpdn_writer_init(&v, value, sizeof(value));
	vpdn_writer_init(&w, avps, size);
	if (!vpdn_ppp_cause_put(&v, &c->end.cause) ||
	    !vpdn_avp_put(&w, VPDN_VENDOR_IETF, VPDN_AVP_PPP_DISCONNECT_CAUSE, v.buf, v.len))
		return 0;
	return w.len;
}

/* The ICRP agrees to what the LAC has asked for, if anything. */
static size_t on_build(struct vpdn_call_base *base, int msgtype, uint8_t *avps, size_t size)
{
	struct vpdn_call_in *c = (struct vpdn_call_in *)base;
	struct vpdn_writer w;

	if (msgtype == VPDN_L2TP_CDN)
		return build_cdn(c, avps, size);
	if (msgtype != VPDN_L2TP_ICRP || !c->own_features)
		return 0;
	vpdn_writer_init(&w, avps, size);
	return vpdn_avp_put_u32(&w, VPDN_VENDOR_OWN, VPDN_AVP_OWN_FEATURES, c->own_features) ? w.len : 0;
}

static void on_down(struct vpdn_call_base *base, const struct l2tp_cause *why)
{
	struct vpdn_call_in *c = (struct vpdn_call_in *)base;
	char text[512];

	vpdn_group_leave(c->use);
	c->use = NULL;
	vpdn_core->timer_del(c->timer);
	c->timer = NULL;
	vpdn_end_from_core(&c->end, why);
	vpdn_end_print(&c->end, base->tunnel->closing, text, sizeof(text));
	vpdn_call_in_log(c, LOG_NOTICE, "%s", text);
	set_state(c, VPDN_CALL_CLOSING, text);
	drop_session(c);
	/* a child whose PPP is over has been told to leave already; one that runs loses its session now */
	if (c->ppp)
		vpdn_ppp_hangup(c->ppp);
}

static void on_freed(struct vpdn_call_base *base)
{
	struct vpdn_call_in *c = (struct vpdn_call_in *)base;
	struct vpdn_tunnel *t = base->tunnel;

	TAILQ_REMOVE(&t->calls_in, c, link);
	RB_REMOVE(by_id, &by_id, c);
	TAILQ_INSERT_TAIL(&orphans, c, link);
	base->core = NULL;
	base->tunnel = NULL;
	release(c);
	vpdn_tunnel_call_removed(t);
}

static const struct vpdn_call_ops ops = {
	.message = on_message,
	.build = on_build,
	.down = on_down,
	.freed = on_freed,
};

/* ---- from vpdnd, and the end ---- */

static void clear_overdue(void *arg)
{
	struct vpdn_call_in *c = arg;

	c->timer = NULL;
	end(c, VPDN_CDN_ADMINISTRATIVE, 0, "cleared; pppd did not end PPP in time");
}

/* In good order if the child can: it may hang in a script or wait for a server. */
static void ask_to_end(struct vpdn_call_in *c, const char *text)
{
	vpdn_ppp_close(c->ppp, text);
	if (!c->timer)
		c->timer = vpdn_core->timer_add(CLEAR_TIMEOUT_MS, clear_overdue, c);
}

int vpdn_calls_in_clear(const struct vpdn_ipc_msg *m)
{
	struct vpdn_call_in want, *c;
	char text[120];

	want.tid = want.cid = 0;
	vpdn_ipc_get_u16(m, VPDN_TLV_TUNNEL_ID, &want.tid);
	vpdn_ipc_get_u16(m, VPDN_TLV_SESSION_ID, &want.cid);
	vpdn_ipc_get_text(m, VPDN_TLV_TEXT, text, sizeof(text));
	c = RB_FIND(by_id, &by_id, &want);
	if (!c)
		return -ENOENT;
	if (c->ppp && (c->state == VPDN_CALL_CONNECTED || c->state == VPDN_CALL_PPP_UP))
		ask_to_end(c, text);
	else
		end(c, VPDN_CDN_ADMINISTRATIVE, 0, text);
	return 0;
}

void vpdn_calls_in_stop(void)
{
	struct vpdn_call_in *c, *next;
	struct vpdn_tunnel *t;

	for (t = vpdn_tunnel_next(NULL); t; t = vpdn_tunnel_next(t))
		TAILQ_FOREACH(c, &t->calls_in, link) {
			vpdn_ppp_free(c->ppp);
			c->ppp = NULL;
		}
	TAILQ_FOREACH_SAFE(c, &orphans, link, next) {
		vpdn_ppp_free(c->ppp);
		c->ppp = NULL;
		release(c);
	}
}
