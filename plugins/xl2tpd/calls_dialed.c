/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * calls_dialed.c - outgoing calls that LNSs ask us to dial (RFC 2661 5.2.2, LAC side).
 *
 *	OCRQ, kernel session -> L2TP_DIAL_ASK -> L2TP_DIAL_ACCEPT -> OCRP -> L2TP_CALL_CONNECT -> OCCN
 *
 * A group's accept block decides whether the LNS may ask at all; whether and how the number is dialled is vpdnd's business. The
 * session's socket goes along with the question, so that vpdnd can bridge before OCCN is sent. Without vpdnd there is nobody to dial:
 * CDN 4. After OCCN, WEN is sent when vpdnd says so.
 */
#include "calls.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "avp.h"
#include "text.h"

#define ANSWER_TIMEOUT_MS	5000	/* vpdnd looks a number up */
#define WEN_INTERVAL_MS		60000	/* RFC 2661 6.13: no more often */
#define CALL_ERRORS_LEN		24

struct call_dialed {
	struct vpdn_ref_call call;		/* first */
	struct vpdn_group_use *group;
	uint8_t errors[CALL_ERRORS_LEN];	/* of the next WEN */
	bool has_errors;			/* not yet sent */
	struct l2tp_timer *wen;			/* until another may be sent */
};

/* RFC 2661 6.13: a reserved field, then the counters. */
static size_t build(struct vpdn_ref_call *c, int msgtype, uint8_t *avps, size_t size)
{
	struct call_dialed *d = (struct call_dialed *)c;
	uint8_t value[2 + CALL_ERRORS_LEN] = { 0 };
	struct vpdn_writer w;

	if (msgtype != VPDN_L2TP_WEN)
		return 0;
	memcpy(value + 2, d->errors, sizeof(d->errors));
	vpdn_writer_init(&w, avps, size);
	return vpdn_avp_put(&w, VPDN_VENDOR_IETF, VPDN_AVP_CALL_ERRORS, value, sizeof(value)) ? w.len : 0;
}

/* RFC 2661 6.11 */
static int connecting(struct vpdn_ref_call *c, const struct vpdn_ipc_msg *m)
{
	uint8_t buf[64];
	struct vpdn_writer w;

	if (!vpdn_ipc_has(m, VPDN_TLV_TX_SPEED) || !vpdn_ipc_has(m, VPDN_TLV_FRAMING_TYPE))
		return -EINVAL;
	vpdn_writer_init(&w, buf, sizeof(buf));
	vpdn_avp_put_connection(&w, m, 0);
	return vpdn_kept_set(&c->connect, &w);
}

static void on_release(struct vpdn_ref_call *c)
{
	struct call_dialed *d = (struct call_dialed *)c;

	vpdn_group_leave(d->group);
	d->group = NULL;
	vpdn_core->timer_del(d->wen);
	d->wen = NULL;
}

static const struct vpdn_ref_kind kind = {
	.size = sizeof(struct call_dialed),
	.connect = VPDN_L2TP_OCCN,
	.late_by = L2TP_BY_US,
	.late_result = VPDN_CDN_NO_FACILITIES_TEMP,
	.late_text = "vpdnd does not answer",
	.connecting = connecting,
	.build = build,
	.release = on_release,
};

/* ---- OCRQ ---- */

static void send_ask(const struct vpdn_ref_call *c, const struct vpdn_group *g, const uint8_t *avps, size_t len, int fd)
{
	struct vpdn_tunnel *t = c->base.tunnel;
	struct vpdn_ipc_builder b;
	struct vpdn_avp_tlvs tlvs = { .b = &b };
	struct l2tp_tunnel_info ti;
	char name[512];

	vpdn_core->tunnel_info(t->core, &ti);
	vpdn_ipc_begin(&b, VPDN_MSG_L2TP_DIAL_ASK, 0, 0);
	vpdn_ipc_put_u32(&b, VPDN_TLV_CALL_REF, c->ref);
	vpdn_ipc_put_text(&b, VPDN_TLV_GROUP, g->name);
	vpdn_ref_put_ids(c, &b);
	vpdn_ipc_put_ip4(&b, VPDN_TLV_PEER_IP, ti.peer.sin_addr);
	vpdn_ipc_put_text(&b, VPDN_TLV_PEER_NAME,
			  vpdn_text_escape(ti.peer_name, strlen(ti.peer_name), name, sizeof(name)));
	vpdn_avp_tlvs_put(&tlvs, avps, len);
	vpdn_link_send(&b, fd);
}

int vpdn_calls_dialed_request(struct vpdn_tunnel *t, struct call *core, const uint8_t *avps, size_t len)
{
	struct vpdn_group *g = vpdn_call_admit(t, core, VPDN_ACCEPTS_DIALOUT);
	struct vpdn_ref_call *c;
	struct call_dialed *d;
	struct vpdn_avp_value number;
	char text[120];
	int fd;

	if (!g)
		return L2TP_REFUSE;
	if (!vpdn_avps_value(avps, len, VPDN_AVP_CALLED_NUMBER, &number) || !number.len)
		return vpdn_call_refuse(t, core, VPDN_CDN_INVALID_DESTINATION, 0, "the OCRQ has no Called Number");
	if (!vpdn_link_up())
		return vpdn_call_refuse(t, core, VPDN_CDN_NO_FACILITIES_TEMP, 0, "vpdnd is not running");
	fd = vpdn_session_socket(core, text, sizeof(text));
	if (fd < 0)
		return vpdn_call_refuse(t, core, VPDN_CDN_ERROR, VPDN_ERROR_RESOURCES, text);
	c = vpdn_ref_asked(&kind, t, core);
	if (!c) {
		close(fd);
		return vpdn_call_refuse(t, core, VPDN_CDN_ERROR, VPDN_ERROR_RESOURCES, "out of memory");
	}
	d = (struct call_dialed *)c;
	d->group = vpdn_group_enter(g);
	vpdn_core->call_set_priv(core, &c->base);
	vpdn_ref_start_timer(c, ANSWER_TIMEOUT_MS);
	vpdn_ref_label(c, "number", number.value, number.len);
	vpdn_ref_log(c, LOG_INFO, "outgoing call requested, group %s", g->name);
	send_ask(c, g, avps, len, fd);
	close(fd);
	return L2TP_ACCEPT;
}

/* ---- from vpdnd ---- */

static struct vpdn_ref_call *find(const struct vpdn_ipc_msg *m)
{
	struct vpdn_ref_call *c = vpdn_ref_find(m);

	return c && c->kind == &kind ? c : NULL;
}

int vpdn_calls_dialed_accept(const struct vpdn_ipc_msg *m)
{
	struct vpdn_ref_call *c = find(m);
	int rc;

	if (!c)
		return -ENOENT;
	rc = vpdn_core->call_accept(c->base.core);
	if (rc)
		return -EPROTO;
	vpdn_ref_accepted(c);
	vpdn_ref_log(c, LOG_INFO, "accepted, being dialled");
	return 0;
}

static void send_wen(void *arg)
{
	struct call_dialed *d = arg;

	d->wen = NULL;
	if (!d->has_errors || vpdn_core->call_notify(d->call.base.core, VPDN_L2TP_WEN))
		return;
	d->has_errors = false;
	d->wen = vpdn_core->timer_add(WEN_INTERVAL_MS, send_wen, d);
}

int vpdn_calls_dialed_errors(const struct vpdn_ipc_msg *m)
{
	struct vpdn_ref_call *c = find(m);
	struct call_dialed *d = (struct call_dialed *)c;
	const uint8_t *p;
	size_t len;

	if (!c)
		return -ENOENT;
	if (c->state != VPDN_REF_CONNECTED)
		return -EPROTO;
	if (!vpdn_ipc_get_bytes(m, VPDN_TLV_CALL_ERRORS, &p, &len) || len != CALL_ERRORS_LEN)
		return -EINVAL;
	memcpy(d->errors, p, len);
	d->has_errors = true;
	if (!d->wen)
		send_wen(d);
	return 0;
}
