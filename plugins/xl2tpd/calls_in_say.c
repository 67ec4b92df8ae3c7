/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * calls_in_say.c - what is said of an incoming call at the LNS: to the log, to vpdnd (L2TP_CALL_STATE), and to the pppd template
 * that is to run PPP on it (CALL_START, CALL_CONNECTED). Used by calls_in.c.
 */
#include "calls_in.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "avp.h"
#include "proxy.h"
#include "text.h"

void vpdn_call_in_log(const struct vpdn_call_in *c, int level, const char *fmt, ...)
{
	char text[700], label[300] = "";
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (c->user)
		snprintf(label, sizeof(label), "user=\"%s\"", c->user);
	if (c->base.tunnel && c->base.core)
		vpdn_tunnel_log(c->base.tunnel, c->base.core, label, level, "%s", text);
	else
		vpdn_core->log(level, "vpdn: tunnel=%u session=%u/%u%s%s: %s\n", c->tid, c->cid, c->peer_cid,
			       *label ? " " : "", label, text);
}

void vpdn_call_in_set_text(char **to, const char *text)
{
	free(*to);
	*to = *text ? strdup(text) : NULL;
}

void vpdn_call_in_keep_line(struct vpdn_call_in *c, const uint8_t *avps, size_t len)
{
	struct vpdn_ipc_builder b;
	struct vpdn_avp_tlvs s = { &b, c->told };
	size_t start;

	vpdn_ipc_begin(&b, VPDN_MSG_L2TP_CALL_STATE, 0, 0);
	start = b.w.len;
	if (c->line)
		vpdn_writer_bytes(&b.w, c->line, c->line_len);
	vpdn_avp_tlvs_put(&s, avps, len);
	free(c->line);
	c->line_len = b.w.len - start;
	c->line = b.w.bad || !c->line_len ? NULL : malloc(c->line_len);
	if (c->line)
		memcpy(c->line, b.buf + start, c->line_len);
}

void vpdn_call_in_report(const struct vpdn_call_in *c, const char *text)
{
	struct vpdn_ipc_builder b;

	if (!vpdn_link_up())
		return;
	vpdn_ipc_begin(&b, VPDN_MSG_L2TP_CALL_STATE, 0, 0);
	vpdn_ipc_put_u16(&b, VPDN_TLV_TUNNEL_ID, c->tid);
	vpdn_ipc_put_u16(&b, VPDN_TLV_SESSION_ID, c->cid);
	vpdn_ipc_put_u8(&b, VPDN_TLV_CALL_STATE, (uint8_t)c->state);
	vpdn_ipc_put_u16(&b, VPDN_TLV_PEER_SESSION_ID, c->peer_cid);
	vpdn_ipc_put_text(&b, VPDN_TLV_GROUP, c->group);
	vpdn_ipc_put_u64(&b, VPDN_TLV_AGE_MS, vpdn_now_ms() - c->since_ms);
	if (c->user)
		vpdn_ipc_put_text(&b, VPDN_TLV_USER, c->user);
	if (c->line)
		vpdn_writer_bytes(&b.w, c->line, c->line_len);
	if (c->ifname[0])
		vpdn_ipc_put_text(&b, VPDN_TLV_IFNAME, c->ifname);
	if (c->pid)
		vpdn_ipc_put_u32(&b, VPDN_TLV_PID, c->pid);
	if (c->has_ips) {
		vpdn_ipc_put_ip4(&b, VPDN_TLV_LOCAL_IP, c->local);
		vpdn_ipc_put_ip4(&b, VPDN_TLV_REMOTE_IP, c->remote);
	}
	if (c->bundle) {
		vpdn_ipc_put_text(&b, VPDN_TLV_BUNDLE, c->bundle->name);
		vpdn_ipc_put_text(&b, VPDN_TLV_ENDPOINT_LOCAL, c->bundle->endpoint_local);
		vpdn_ipc_put_text(&b, VPDN_TLV_ENDPOINT_PEER, c->bundle->endpoint_peer);
		vpdn_ipc_put_u16(&b, VPDN_TLV_MRRU, c->bundle->mrru);
		vpdn_ipc_put_u16(&b, VPDN_TLV_PEER_MRRU, c->bundle->peer_mrru);
		vpdn_ipc_put_u8(&b, VPDN_TLV_BUNDLE_OWNER, c->bundle->owner);
	}
	if (text && *text)
		vpdn_ipc_put_text(&b, VPDN_TLV_TEXT, text);
	vpdn_link_send(&b, -1);
}

struct said {
	struct vpdn_avp_tlvs tlvs;
	uint32_t own_features;
	struct vpdn_proxy proxy;
	const char *proxy_fault;
};

static void put_avp(void *arg, const struct vpdn_avp *avp)
{
	struct said *s = arg;
	int rc;

	if (avp->vendor == VPDN_VENDOR_OWN && !s->own_features)
		return;		/* somebody else's */
	rc = vpdn_proxy_collect(&s->proxy, avp);
	if (rc < 0 && !s->proxy_fault)
		s->proxy_fault = avp->def ? avp->def->name : "a proxy AVP";
	if (rc || vpdn_avp_tlv_put(&s->tlvs, avp))
		return;
	/* The rest is for plugins that know it; what is between the daemons only is not */
	if (avp->vendor != VPDN_VENDOR_IETF)
		vpdn_ipc_put_avp(s->tlvs.b, avp->vendor, avp->type, avp->mandatory ? VPDN_IPC_AVP_M : 0, avp->value, avp->len);
}

static void put_address(const struct vpdn_call_in *c, const struct vpdn_group *g, struct vpdn_ipc_builder *b)
{
	char local[INET_ADDRSTRLEN], remote[INET_ADDRSTRLEN], word[2 * INET_ADDRSTRLEN + 2];

	inet_ntop(AF_INET, &g->pool_local, local, sizeof(local));
	inet_ntop(AF_INET, &c->addr, remote, sizeof(remote));
	snprintf(word, sizeof(word), "%s:%s", local, remote);
	vpdn_ipc_put_text(b, VPDN_TLV_OPTION, word);
}

int vpdn_call_in_make_start(struct vpdn_call_in *c, const struct vpdn_group *g, struct vpdn_ipc_builder *b,
			    const uint8_t *icrq, size_t len)
{
	struct vpdn_tunnel *t = c->base.tunnel;
	struct said s = { .tlvs = { b, c->told }, .own_features = c->own_features };
	struct l2tp_tunnel_info ti;
	char name[512];

	vpdn_core->tunnel_info(t->core, &ti);
	vpdn_ipc_begin(b, VPDN_MSG_CALL_START, 0, 1);
	vpdn_ipc_put_u8(b, VPDN_TLV_ACCESS, VPDN_ACCESS_L2TP);
	vpdn_ipc_put_u8(b, VPDN_TLV_CONNECT_LATER, 1);
	vpdn_ipc_put_text(b, VPDN_TLV_GROUP, c->group);
	vpdn_ipc_put_text(b, VPDN_TLV_PEER_NAME,
			  vpdn_text_escape(ti.peer_name, strlen(ti.peer_name), name, sizeof(name)));
	vpdn_ipc_put_ip4(b, VPDN_TLV_PEER_IP, ti.peer.sin_addr);
	vpdn_ipc_put_u16(b, VPDN_TLV_TUNNEL_ID, c->tid);
	vpdn_ipc_put_u16(b, VPDN_TLV_PEER_TUNNEL_ID, ti.peer_tid);
	vpdn_ipc_put_u16(b, VPDN_TLV_SESSION_ID, c->cid);
	vpdn_ipc_put_u16(b, VPDN_TLV_PEER_SESSION_ID, c->peer_cid);
	if (g->lcp_policy)
		vpdn_ipc_put_u8(b, VPDN_TLV_LCP_POLICY, g->lcp_policy);
	if (c->has_addr)
		put_address(c, g, b);
	/* Proxy AVPs are ICCN's business: what an ICRQ has of them is left out */
	vpdn_proxy_init(&s.proxy);
	vpdn_avps_each(icrq, len, put_avp, &s);
	c->told = s.tlvs.seen;
	vpdn_proxy_wipe(&s.proxy);
	return vpdn_ipc_finish(b);
}

int vpdn_call_in_make_connected(struct vpdn_call_in *c, struct vpdn_ipc_builder *b, const uint8_t *iccn, size_t len)
{
	struct said s = { .tlvs = { b, c->told }, .own_features = c->own_features };
	char user[256];

	vpdn_proxy_init(&s.proxy);
	vpdn_ipc_begin(b, VPDN_MSG_CALL_CONNECTED, 0, 0);
	vpdn_avps_each(iccn, len, put_avp, &s);
	if (s.proxy.name.present)
		vpdn_call_in_set_text(&c->user, vpdn_text_escape(s.proxy.name.data, s.proxy.name.len, user, sizeof(user)));
	/* What cannot be used must not end the call: without it the LNS negotiates itself */
	if (s.proxy_fault)
		vpdn_call_in_log(c, LOG_WARNING, "%s is damaged; going on without proxy LCP and authentication", s.proxy_fault);
	else
		vpdn_ipc_put_proxy(b, &s.proxy);
	vpdn_proxy_wipe(&s.proxy);
	return vpdn_ipc_finish(b);
}
