/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * calls_out.c - incoming-call requests to LNSs: what vpdnd places for its subscribers (RFC 2661 5.2.1, LAC side).
 *
 *	L2TP_CALL_PLACE -> tunnel up -> ICRQ -> ICRP, kernel session -> L2TP_CALL_READY -> L2TP_CALL_CONNECT -> ICCN
 *
 * ICCN waits until vpdnd has bridged the session, so that no frame of the LNS comes before that. Whatever ends a call is told once,
 * by L2TP_CALL_CLEARED with all that the peer said. A proxied MS-CHAPv2, for which RFC 2661 has no type, goes only to an LNS that
 * agrees in its ICRP. The AVPs of ICRQ and ICCN are made when the call is placed; those of the ICCN
 * hold credentials and are wiped when sent or given up.
 * Owns the calls; called by vpdnd_link.c, tunnels.c and, for the core, module.c.
 */
#include "module.h"

#include <arpa/inet.h>
#include <bsd/string.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <bsd/sys/tree.h>
#include <unistd.h>

#include "avp.h"
#include "text.h"

#define AVPS_MAX		3500		/* of one message; with header and ids below the core's 4096 */
#define DEFAULT_SPEED		1000000000u	/* bit/s: an Ethernet nobody has said more about */
#define FRAMING_SYNC		1u
#define TUNNEL_TIMEOUT_TEXT	"no tunnel in time"
#define CALL_TIMEOUT_TEXT	"no answer to ICRQ in time"

enum out_state {
	OUT_WAIT_TUNNEL,
	OUT_ASKED,		/* ICRQ sent */
	OUT_READY,		/* ICRP came, vpdnd has the session */
	OUT_CONNECTED,		/* ICCN sent */
	OUT_OVER,		/* L2TP_CALL_CLEARED sent */
};

struct vpdn_call_out {
	struct vpdn_call_base base;	/* first */
	TAILQ_ENTRY(vpdn_call_out) link;
	RB_ENTRY(vpdn_call_out) by_ref;
	uint32_t ref;
	enum out_state state;
	struct l2tp_timer *timer;
	struct vpdn_end end;
	char user[256];			/* escaped, for logs */
	uint8_t *icrq, *iccn;		/* AVPs to be added */
	size_t icrq_len, iccn_len;
	size_t iccn_foreign_len;	/* the part of it that an LNS gets which is not ours */
	bool own_features;		/* the LNS has agreed to VPDN_AVP_OWN_FEATURES */
};

static int ref_cmp(const struct vpdn_call_out *a, const struct vpdn_call_out *b)
{
	return a->ref < b->ref ? -1 : a->ref > b->ref;
}

static RB_HEAD(refs, vpdn_call_out) refs = RB_INITIALIZER(&refs);
RB_GENERATE_INTERNAL(refs, vpdn_call_out, by_ref, ref_cmp, static __attribute__((unused)))

#define call_log(c, level, ...)	vpdn_tunnel_log((c)->base.tunnel, (c)->base.core, (c)->user, level, __VA_ARGS__)

static struct vpdn_call_out *find(const struct vpdn_ipc_msg *m)
{
	struct vpdn_call_out want = { 0 };

	vpdn_ipc_get_u32(m, VPDN_TLV_CALL_REF, &want.ref);
	return RB_FIND(refs, &refs, &want);
}

/* ---- AVPs ---- */

static void put_octets(struct vpdn_writer *w, const struct vpdn_ipc_msg *m, uint16_t tlv, uint16_t vendor, uint16_t type)
{
	const struct vpdn_avp_def *def = vpdn_avp_lookup(vendor, type);
	const uint8_t *p;
	size_t len;

	/* what the line said may be longer than an AVP takes: the call is worth more than its label */
	if (vpdn_ipc_get_bytes(m, tlv, &p, &len) && def && vpdn_avp_value_ok(def, p, len))
		vpdn_avp_put(w, vendor, type, p, len);
}

static void put_number(struct vpdn_writer *w, const struct vpdn_ipc_msg *m, uint16_t tlv, uint16_t type)
{
	uint32_t v;

	if (vpdn_ipc_get_u32(m, tlv, &v))
		vpdn_avp_put_u32(w, VPDN_VENDOR_IETF, type, v);
}

static void put_calling_number(struct vpdn_writer *w, const struct vpdn_ipc_msg *m)
{
	const uint8_t *p;
	size_t len;
	char mac[18];

	if (!vpdn_ipc_has(m, VPDN_TLV_CALLING_NUMBER) && vpdn_ipc_get_bytes(m, VPDN_TLV_PEER_MAC, &p, &len) && len == 6) {
		snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", p[0], p[1], p[2], p[3], p[4], p[5]);
		vpdn_avp_put_text(w, VPDN_VENDOR_IETF, VPDN_AVP_CALLING_NUMBER, mac);
		return;
	}
	put_octets(w, m, VPDN_TLV_CALLING_NUMBER, VPDN_VENDOR_IETF, VPDN_AVP_CALLING_NUMBER);
}

/* RFC 2661 6.6, RFC 5515 4 */
static void put_icrq(struct vpdn_writer *w, const struct vpdn_ipc_msg *m)
{
	struct vpdn_ipc_iter it;
	const uint8_t *p, *value;
	size_t len, value_len;
	uint16_t vendor, type, auth_type;
	uint8_t flags;

	put_number(w, m, VPDN_TLV_BEARER_TYPE, VPDN_AVP_BEARER_TYPE);
	put_number(w, m, VPDN_TLV_PHYSICAL_CHANNEL, VPDN_AVP_PHYS_CHANNEL);
	put_octets(w, m, VPDN_TLV_CALLED_NUMBER, VPDN_VENDOR_IETF, VPDN_AVP_CALLED_NUMBER);
	put_calling_number(w, m);
	put_octets(w, m, VPDN_TLV_SUB_ADDRESS, VPDN_VENDOR_IETF, VPDN_AVP_SUB_ADDRESS);
	put_octets(w, m, VPDN_TLV_ACCESS_INTERFACE, VPDN_VENDOR_CISCO, VPDN_AVP_CISCO_NAS_PORT);
	put_octets(w, m, VPDN_TLV_CIRCUIT_ID, VPDN_VENDOR_BBF, VPDN_AVP_BBF_CIRCUIT_ID);
	put_octets(w, m, VPDN_TLV_REMOTE_ID, VPDN_VENDOR_BBF, VPDN_AVP_BBF_REMOTE_ID);
	if (vpdn_ipc_get_u16(m, VPDN_TLV_PROXY_AUTH_TYPE, &auth_type) && auth_type == VPDN_PROXY_AUTH_MSCHAP_V2)
		vpdn_avp_put_u32(w, VPDN_VENDOR_OWN, VPDN_AVP_OWN_FEATURES, VPDN_FEATURE_MSCHAP_V2);
	vpdn_ipc_iter_init(&it, m);
	while (vpdn_ipc_next_of(&it, VPDN_TLV_AVP, &p, &len))
		if (vpdn_ipc_parse_avp(p, len, &vendor, &type, &flags, &value, &value_len))
			vpdn_avp_put_raw(w, vendor, type, flags & VPDN_IPC_AVP_M, false, value, value_len);
}

/* RFC 2661 6.8 */
static int put_iccn(struct vpdn_call_out *c, struct vpdn_writer *w, const struct vpdn_ipc_msg *m)
{
	uint32_t tx = DEFAULT_SPEED, rx, framing = FRAMING_SYNC;
	struct vpdn_proxy proxy;
	int rc;

	vpdn_ipc_get_u32(m, VPDN_TLV_TX_SPEED, &tx);
	rx = tx;
	vpdn_ipc_get_u32(m, VPDN_TLV_RX_SPEED, &rx);
	vpdn_ipc_get_u32(m, VPDN_TLV_FRAMING_TYPE, &framing);
	vpdn_avp_put_u32(w, VPDN_VENDOR_IETF, VPDN_AVP_TX_SPEED, tx);
	vpdn_avp_put_u32(w, VPDN_VENDOR_IETF, VPDN_AVP_FRAMING_TYPE, framing);
	if (rx != tx)
		vpdn_avp_put_u32(w, VPDN_VENDOR_IETF, VPDN_AVP_RX_SPEED, rx);
	rc = vpdn_ipc_get_proxy(m, &proxy);
	if (!rc) {
		vpdn_proxy_put_lcp(w, &proxy);
		if (proxy.auth_type == VPDN_PROXY_AUTH_MSCHAP_V2)
			c->iccn_foreign_len = w->len;
		vpdn_proxy_put_auth(w, &proxy);
	}
	vpdn_proxy_wipe(&proxy);
	return rc;
}

static void wipe_iccn(struct vpdn_call_out *c)
{
	if (c->iccn)
		explicit_bzero(c->iccn, c->iccn_len);
	free(c->iccn);
	c->iccn = NULL;
	c->iccn_len = 0;
}

static uint8_t *copy(const struct vpdn_writer *w, size_t *len)
{
	uint8_t *p = malloc(w->len + 1);

	if (p)
		memcpy(p, w->buf, w->len);
	*len = p ? w->len : 0;
	return p;
}

static int make_avps(struct vpdn_call_out *c, const struct vpdn_ipc_msg *m)
{
	uint8_t buf[AVPS_MAX];
	struct vpdn_writer w;
	int rc;

	vpdn_writer_init(&w, buf, sizeof(buf));
	put_icrq(&w, m);
	if (w.bad)
		return -EMSGSIZE;
	c->icrq = copy(&w, &c->icrq_len);
	vpdn_writer_init(&w, buf, sizeof(buf));
	rc = put_iccn(c, &w, m);
	if (!rc && w.bad)
		rc = -EMSGSIZE;
	if (!rc)
		c->iccn = copy(&w, &c->iccn_len);
	explicit_bzero(buf, sizeof(buf));
	if (rc)
		return rc;
	return c->icrq && c->iccn ? 0 : -ENOMEM;
}

/* ---- the end ---- */

static void send_cleared(uint32_t ref, enum vpdn_call_stage stage, const struct vpdn_end *end)
{
	struct vpdn_ipc_builder b;

	vpdn_ipc_begin(&b, VPDN_MSG_L2TP_CALL_CLEARED, 0, 0);
	vpdn_ipc_put_u32(&b, VPDN_TLV_CALL_REF, ref);
	vpdn_ipc_put_u8(&b, VPDN_TLV_STAGE, (uint8_t)stage);
	vpdn_ipc_put_u8(&b, VPDN_TLV_BY, end->by == L2TP_BY_PEER ? VPDN_BY_PEER :
			end->by == L2TP_BY_TIMEOUT ? VPDN_BY_TIMEOUT : VPDN_BY_US);
	vpdn_end_put(end, &b);
	vpdn_link_send(&b, -1);
}

static void call_free(struct vpdn_call_out *c)
{
	struct vpdn_tunnel *t = c->base.tunnel;

	vpdn_core->timer_del(c->timer);
	TAILQ_REMOVE(&t->calls_out, c, link);
	wipe_iccn(c);
	free(c->icrq);
	free(c);
	vpdn_tunnel_call_removed(t);
}

/* The last word about the call; only its CDN may still be under way. Frees it when the core does not know it. */
static void over(struct vpdn_call_out *c, enum vpdn_call_stage stage)
{
	char text[512];

	if (c->state != OUT_OVER) {
		vpdn_core->timer_del(c->timer);
		c->timer = NULL;
		c->state = OUT_OVER;
		RB_REMOVE(refs, &refs, c);
		wipe_iccn(c);
		call_log(c, LOG_INFO, "%s: %s", stage == VPDN_STAGE_TUNNEL ? "no call" : "call over",
			 vpdn_end_print(&c->end, stage == VPDN_STAGE_TUNNEL, text, sizeof(text)));
		send_cleared(c->ref, stage, &c->end);
	}
	if (!c->base.core)
		call_free(c);
}

static enum vpdn_call_stage stage_of(const struct vpdn_call_out *c)
{
	return c->state == OUT_WAIT_TUNNEL ? VPDN_STAGE_TUNNEL : c->state == OUT_CONNECTED ? VPDN_STAGE_CONNECTED : VPDN_STAGE_CALL;
}

/* We end it: CDN, when the peer knows of it. */
static void end(struct vpdn_call_out *c, int result, int error, const char *text)
{
	struct l2tp_cause cause = { .result = result, .error = error, .text = text, .by = L2TP_BY_US };

	if (c->base.core) {
		vpdn_core->call_close(c->base.core, &cause);
		return;		/* vpdn_calls_out_on_down() follows */
	}
	vpdn_end_from_core(&c->end, &cause);
	over(c, stage_of(c));
}

static void overdue(void *arg)
{
	struct vpdn_call_out *c = arg;

	c->timer = NULL;
	c->end.by = L2TP_BY_TIMEOUT;
	if (c->state == OUT_WAIT_TUNNEL) {
		strlcpy(c->end.text, TUNNEL_TIMEOUT_TEXT, sizeof(c->end.text));
		over(c, VPDN_STAGE_TUNNEL);
	} else {
		end(c, VPDN_CDN_TIMEOUT, 0, CALL_TIMEOUT_TEXT);
	}
}

/* ---- from vpdnd ---- */

static void ask(struct vpdn_call_out *c)
{
	int rc;

	c->state = OUT_ASKED;
	rc = vpdn_core->call_open(c->base.tunnel->core, &c->base, &c->base.core);
	if (!rc)
		return;
	c->base.core = NULL;
	end(c, VPDN_CDN_NO_FACILITIES_TEMP, 0, strerror(-rc));
}

static int want_read(struct vpdn_tunnel_want *want, const struct vpdn_ipc_msg *m, char group[128], char local_name[L2TP_NAME_SIZE],
		     char secret[L2TP_NAME_SIZE])
{
	const uint8_t *p;
	uint8_t auth = 0;
	uint16_t port = 0;
	size_t len;

	memset(want, 0, sizeof(*want));
	*secret = 0;
	if (!vpdn_ipc_get_text(m, VPDN_TLV_GROUP, group, 128) ||
	    !vpdn_ipc_get_text(m, VPDN_TLV_LOCAL_NAME, local_name, L2TP_NAME_SIZE))
		return -EINVAL;
	vpdn_ipc_get_u8(m, VPDN_TLV_TUNNEL_AUTH, &auth);
	if (auth) {
		if (!vpdn_ipc_get_bytes(m, VPDN_TLV_SECRET, &p, &len) || !len || len >= L2TP_NAME_SIZE || memchr(p, 0, len))
			return -EINVAL;
		memcpy(secret, p, len);
		secret[len] = 0;
	}
	vpdn_ipc_get_ip4(m, VPDN_TLV_PEER_IP, &want->peer);
	vpdn_ipc_get_ip4(m, VPDN_TLV_SOURCE_IP, &want->source);
	vpdn_ipc_get_u16(m, VPDN_TLV_PEER_PORT, &port);
	vpdn_ipc_get_u32(m, VPDN_TLV_IDLE_S, &want->idle_s);
	vpdn_ipc_get_u32(m, VPDN_TLV_HELLO_S, &want->hello_s);
	want->port = htons(port);
	want->group = group;
	want->local_name = local_name;
	want->secret = secret;
	return 0;
}

/* What went wrong before there was a call is told as its end, too. */
static void place_failed(uint32_t ref, int rc)
{
	struct vpdn_end end;

	vpdn_end_init(&end);
	end.by = L2TP_BY_US;
	snprintf(end.text, sizeof(end.text), "call not placed: %s", strerror(-rc));
	vpdn_core->log(LOG_ERR, "vpdn: %s\n", end.text);
	send_cleared(ref, VPDN_STAGE_TUNNEL, &end);
}

int vpdn_calls_out_place(const struct vpdn_ipc_msg *m)
{
	char group[128], local_name[L2TP_NAME_SIZE], secret[L2TP_NAME_SIZE];
	struct vpdn_tunnel_want want;
	struct vpdn_call_out *c;
	uint32_t timeout_ms = 0;
	const uint8_t *p;
	size_t len;
	int rc;

	if (find(m))
		return -EEXIST;
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->base.kind = VPDN_CALL_OUT;
	vpdn_end_init(&c->end);
	vpdn_ipc_get_u32(m, VPDN_TLV_CALL_REF, &c->ref);
	vpdn_ipc_get_u32(m, VPDN_TLV_TIMEOUT_MS, &timeout_ms);
	if (vpdn_ipc_get_bytes(m, VPDN_TLV_USER, &p, &len))
		vpdn_text_escape(p, len, c->user, sizeof(c->user));
	rc = want_read(&want, m, group, local_name, secret);
	if (!rc)
		rc = make_avps(c, m);
	if (!rc)
		c->base.tunnel = vpdn_tunnel_get(&want, &rc);
	explicit_bzero(secret, sizeof(secret));
	if (!c->base.tunnel) {
		place_failed(c->ref, rc);
		wipe_iccn(c);
		free(c->icrq);
		free(c);
		return 0;
	}
	RB_INSERT(refs, &refs, c);
	TAILQ_INSERT_TAIL(&c->base.tunnel->calls_out, c, link);
	vpdn_tunnel_call_added(c->base.tunnel);
	c->timer = vpdn_core->timer_add(timeout_ms, overdue, c);
	call_log(c, LOG_INFO, "call %u placed for group %s", c->ref, c->base.tunnel->group);
	if (c->base.tunnel->up)
		ask(c);
	return 0;
}

int vpdn_calls_out_connect(const struct vpdn_ipc_msg *m)
{
	struct vpdn_call_out *c = find(m);
	int rc;

	if (!c)
		return -ENOENT;
	if (c->state != OUT_READY)
		return -EPROTO;
	rc = vpdn_core->call_connect(c->base.core);
	if (rc) {
		end(c, VPDN_CDN_ERROR, VPDN_ERROR_RESOURCES, strerror(-rc));
		return 0;
	}
	c->state = OUT_CONNECTED;
	wipe_iccn(c);
	call_log(c, LOG_NOTICE, "connected%s", c->iccn_foreign_len && !c->own_features ?
		 "; the LNS has not agreed to proxied MS-CHAPv2, it has got the LCP alone" : "");
	return 0;
}

int vpdn_calls_out_clear(const struct vpdn_ipc_msg *m)
{
	struct vpdn_call_out *c = find(m);
	uint16_t result = VPDN_CDN_ADMINISTRATIVE, error = 0;
	char text[120];

	if (!c)
		return -ENOENT;
	vpdn_ipc_get_u16(m, VPDN_TLV_RESULT, &result);
	vpdn_ipc_get_u16(m, VPDN_TLV_ERROR_CODE, &error);
	vpdn_ipc_get_text(m, VPDN_TLV_TEXT, text, sizeof(text));
	end(c, result, error, text);
	return 0;
}

/* ---- from the tunnel ---- */

void vpdn_calls_out_tunnel_up(struct vpdn_tunnel *t)
{
	struct vpdn_call_out *c, *next;

	TAILQ_FOREACH_SAFE(c, &t->calls_out, link, next)
		if (c->state == OUT_WAIT_TUNNEL)
			ask(c);
}

void vpdn_calls_out_tunnel_down(struct vpdn_tunnel *t)
{
	struct vpdn_call_out *c, *next;

	TAILQ_FOREACH_SAFE(c, &t->calls_out, link, next) {
		if (c->base.core)
			continue;	/* its own call_down comes */
		c->end = t->end;
		over(c, VPDN_STAGE_TUNNEL);
	}
}

void vpdn_calls_out_end_all(struct vpdn_tunnel *t, const char *text)
{
	struct vpdn_call_out *c, *next;

	TAILQ_FOREACH_SAFE(c, &t->calls_out, link, next)
		end(c, VPDN_CDN_ERROR, VPDN_ERROR_VENDOR, text);
}

/* ---- from the core ---- */

static void on_icrp(struct vpdn_call_out *c)
{
	struct l2tp_tunnel_info ti;
	struct l2tp_call_info ci;
	struct vpdn_ipc_builder b;
	char text[120];
	int fd;

	if (c->state != OUT_ASKED)
		return;
	fd = vpdn_core->call_socket(c->base.core);
	if (fd < 0) {
		snprintf(text, sizeof(text), "no session in the kernel: %s", strerror(-fd));
		end(c, VPDN_CDN_ERROR, VPDN_ERROR_RESOURCES, text);
		return;
	}
	vpdn_core->timer_del(c->timer);
	c->timer = NULL;
	c->state = OUT_READY;
	vpdn_core->tunnel_info(c->base.tunnel->core, &ti);
	vpdn_core->call_info(c->base.core, &ci);
	vpdn_ipc_begin(&b, VPDN_MSG_L2TP_CALL_READY, 0, 0);
	vpdn_ipc_put_u32(&b, VPDN_TLV_CALL_REF, c->ref);
	vpdn_ipc_put_u16(&b, VPDN_TLV_TUNNEL_ID, ti.tid);
	vpdn_ipc_put_u16(&b, VPDN_TLV_PEER_TUNNEL_ID, ti.peer_tid);
	vpdn_ipc_put_u16(&b, VPDN_TLV_SESSION_ID, ci.cid);
	vpdn_ipc_put_u16(&b, VPDN_TLV_PEER_SESSION_ID, ci.peer_cid);
	vpdn_link_send(&b, fd);
	close(fd);
	call_log(c, LOG_INFO, "accepted by the peer");
}

void vpdn_calls_out_on_message(struct vpdn_call_base *base, int msgtype, const uint8_t *avps, size_t len)
{
	struct vpdn_call_out *c = (struct vpdn_call_out *)base;

	if (msgtype == VPDN_L2TP_ICRP) {
		c->own_features = vpdn_own_features(avps, len) & VPDN_FEATURE_MSCHAP_V2;
		on_icrp(c);
	} else if (msgtype == VPDN_L2TP_CDN) {
		vpdn_end_from_avps(&c->end, avps, len);
	}
}

size_t vpdn_calls_out_build(struct vpdn_call_base *base, int msgtype, uint8_t *avps, size_t size)
{
	struct vpdn_call_out *c = (struct vpdn_call_out *)base;
	const uint8_t *p = msgtype == VPDN_L2TP_ICRQ ? c->icrq : msgtype == VPDN_L2TP_ICCN ? c->iccn : NULL;
	size_t len = msgtype == VPDN_L2TP_ICRQ ? c->icrq_len : c->iccn_len;

	if (p == c->iccn && c->iccn_foreign_len && !c->own_features)
		len = c->iccn_foreign_len;
	if (!p || len > size)
		return 0;
	memcpy(avps, p, len);
	return len;
}

void vpdn_calls_out_on_down(struct vpdn_call_base *base, const struct l2tp_cause *why)
{
	struct vpdn_call_out *c = (struct vpdn_call_out *)base;
	enum vpdn_call_stage stage = stage_of(c);
	bool late = c->end.by == L2TP_BY_TIMEOUT;

	vpdn_end_from_core(&c->end, why);
	if (late)
		c->end.by = L2TP_BY_TIMEOUT;
	/* The tunnel has taken the call with it: its result is a StopCCN's */
	if (base->tunnel->closing && stage == VPDN_STAGE_CALL)
		stage = VPDN_STAGE_TUNNEL;
	over(c, stage);
}

void vpdn_calls_out_on_freed(struct vpdn_call_base *base)
{
	struct vpdn_call_out *c = (struct vpdn_call_out *)base;

	base->core = NULL;
	over(c, stage_of(c));
}
