/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dialer_peer.c - see dialer_peer.h. */
#include "dialer_peer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "log.h"

struct vpdn_dialer_peer {
	struct vpdnd *d;
	struct vpdn_conn *conn;
	uint64_t since_ms;
};

struct vpdn_dialer_peer *vpdn_dialer_peer_new(struct vpdnd *d)
{
	struct vpdn_dialer_peer *p = calloc(1, sizeof(*p));

	if (p) {
		p->d = d;
		p->since_ms = vpdnd_now_ms();
	}
	return p;
}

void vpdn_dialer_peer_free(struct vpdn_dialer_peer *p)
{
	free(p);
}

bool vpdn_dialer_connected(const struct vpdn_dialer_peer *p)
{
	return p->conn;
}

const char *vpdn_dialer_peer_name(const struct vpdn_dialer_peer *p)
{
	return p->conn ? vpdn_conn_name(p->conn) : "";
}

uint64_t vpdn_dialer_since_ms(const struct vpdn_dialer_peer *p)
{
	return p->since_ms;
}

int vpdn_dialer_attach(struct vpdn_dialer_peer *p, struct vpdn_conn *c)
{
	if (p->conn)
		return -EBUSY;
	p->conn = c;
	p->since_ms = vpdnd_now_ms();
	vpdn_log_notice("vpdn-dialer is connected: %s", vpdn_conn_name(c));
	return 0;
}

void vpdn_dialer_gone(struct vpdn_dialer_peer *p, struct vpdn_conn *c)
{
	if (p->conn != c)
		return;
	p->conn = NULL;
	p->since_ms = vpdnd_now_ms();
	if (!p->d->stopping)
		vpdn_log_warn("vpdn-dialer has gone; its calls end, and none is dialled until it is back");
	vpdn_calls_dialer_gone(p->d->calls);
}

static void put_list(struct vpdn_ipc_builder *b, uint16_t tlv, const struct vpdn_strings *s)
{
	for (size_t i = 0; i < s->n; i++)
		vpdn_ipc_put_text(b, tlv, s->v[i]);
}

/* Only what belongs to the dialer's kind is set. */
static void put_dialer(struct vpdn_ipc_builder *b, const struct vpdn_dialer *d)
{
	vpdn_ipc_put_text(b, VPDN_TLV_NAME, d->name);
	vpdn_ipc_put_u8(b, VPDN_TLV_DIALER_KIND, d->kind);
	vpdn_ipc_put_u32(b, VPDN_TLV_TIMEOUT_MS, d->timeout_s * 1000);
	put_list(b, VPDN_TLV_DEVICE, &d->ttys);
	put_list(b, VPDN_TLV_SCRIPT, &d->script);
	put_list(b, VPDN_TLV_HANGUP_SCRIPT, &d->hangup);
	put_list(b, VPDN_TLV_COMMAND, &d->command);
	if (d->speed)
		vpdn_ipc_put_u32(b, VPDN_TLV_BAUD, d->speed);
	if (d->interface)
		vpdn_ipc_put_text(b, VPDN_TLV_ACCESS_INTERFACE, d->interface);
	if (d->service)
		vpdn_ipc_put_text(b, VPDN_TLV_SERVICE_NAME, d->service);
	if (d->mtu)
		vpdn_ipc_put_u16(b, VPDN_TLV_MTU, d->mtu);
	if (d->run_as)
		vpdn_ipc_put_text(b, VPDN_TLV_RUN_AS, d->run_as);
	if (d->kind == VPDN_DIALER_EXEC)
		vpdn_ipc_put_u8(b, VPDN_TLV_WAIT_REPORT, d->wait_report);
}

int vpdn_dialer_start(struct vpdn_dialer_peer *p, const struct vpdn_call *call, const struct vpdn_dialer *dialer,
		      const struct vpdn_ipc_msg *ask)
{
	static const uint16_t of_ocrq[] = {
		VPDN_TLV_SUB_ADDRESS, VPDN_TLV_MIN_BPS, VPDN_TLV_MAX_BPS, VPDN_TLV_BEARER_TYPE, VPDN_TLV_FRAMING_TYPE
	};
	struct vpdn_ipc_builder b;
	const uint8_t *v;
	size_t len;

	if (!p->conn)
		return -ENOTCONN;
	vpdn_ipc_begin(&b, VPDN_MSG_BEARER_START, 0, 0);
	vpdn_ipc_put_u32(&b, VPDN_TLV_CALL_REF, call->id);
	vpdn_ipc_put_text(&b, VPDN_TLV_CALLED_NUMBER, call->number);
	put_dialer(&b, dialer);
	for (size_t i = 0; i < sizeof(of_ocrq) / sizeof(of_ocrq[0]); i++)
		if (vpdn_ipc_get_bytes(ask, of_ocrq[i], &v, &len))
			vpdn_ipc_put_raw(&b, of_ocrq[i], v, len);
	return vpdn_conn_send(p->conn, &b);
}

int vpdn_dialer_clear(struct vpdn_dialer_peer *p, uint32_t id, const char *text)
{
	struct vpdn_ipc_builder b;

	if (!p->conn)
		return -ENOTCONN;
	vpdn_ipc_begin(&b, VPDN_MSG_BEARER_CLEAR, 0, 0);
	vpdn_ipc_put_u32(&b, VPDN_TLV_CALL_REF, id);
	vpdn_ipc_put_textf(&b, VPDN_TLV_TEXT, "%s", text);
	return vpdn_conn_send(p->conn, &b);
}
