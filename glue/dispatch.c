/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dispatch.c - see dispatch.h. */
#include "dispatch.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "call.h"
#include "call_text.h"
#include "control.h"
#include "dialer_peer.h"
#include "explain.h"
#include "l2tp_peer.h"
#include "log.h"
#include "registry.h"
#include "stats.h"

/* 0; or -errno: the sender gets an ERROR and the connection is closed. */
typedef int handler_fn(struct vpdn_conn *c, struct vpdn_ipc_msg *m);

static int on_hello(struct vpdn_conn *c, struct vpdn_ipc_msg *m)
{
	struct vpdnd *d = vpdn_conn_daemon(c);
	struct vpdn_ipc_builder b;
	uint8_t role = 0, version = 0;
	char name[VPDN_PEER_NAME_MAX + 1];
	int rc;

	vpdn_ipc_get_u8(m, VPDN_TLV_VERSION, &version);
	vpdn_ipc_get_u8(m, VPDN_TLV_ROLE, &role);
	if (version != VPDN_IPC_VERSION)
		return -EPROTONOSUPPORT;
	if (!vpdn_ipc_get_text(m, VPDN_TLV_NAME, name, sizeof(name)) || !*name || role < VPDN_ROLE_CONTROL || role > VPDN_ROLE_DIALER)
		return -EINVAL;
	if ((role == VPDN_ROLE_L2TP && vpdn_l2tp_connected(d->l2tp)) || (role == VPDN_ROLE_DIALER && vpdn_dialer_connected(d->dialer)))
		return -EBUSY;
	vpdn_conn_set_peer(c, role, name);
	vpdn_ipc_begin(&b, VPDN_MSG_HELLO_ACK, VPDN_IPC_F_REPLY, m->seq);
	vpdn_ipc_put_u8(&b, VPDN_TLV_VERSION, VPDN_IPC_VERSION);
	vpdn_ipc_put_text(&b, VPDN_TLV_NAME, "vpdnd " VPDN_VERSION);
	rc = vpdn_conn_send(c, &b);
	if (!rc && role == VPDN_ROLE_DIALER)
		return vpdn_dialer_attach(d->dialer, c);
	if (rc || role != VPDN_ROLE_L2TP)
		return rc;
	rc = vpdn_l2tp_attach(d->l2tp, c);
	return rc ? rc : vpdn_l2tp_send_groups(d->l2tp);
}

/* A peer could not do what it was asked. What follows from that it says in messages of its own. */
static int on_error(struct vpdn_conn *c, struct vpdn_ipc_msg *m)
{
	char text[256];
	uint32_t err = 0;

	if (vpdn_conn_role(c) == VPDN_ROLE_L2TP && vpdn_stats_on_error(vpdn_conn_daemon(c)->stats, m))
		return 0;
	vpdn_ipc_get_u32(m, VPDN_TLV_ERRNO, &err);
	vpdn_call_plain_text(m, VPDN_TLV_TEXT, text, sizeof(text));
	/* Of ENOENT: our CALL_CLEAR and its CALL_CLEARED have crossed. */
	vpdn_log(err == ENOENT ? LOG_DEBUG : LOG_WARNING, "%s reports an error: %s (%s)", vpdn_conn_name(c), text, strerror((int)err));
	return 0;
}

static const struct {
	uint16_t type;
	uint8_t role;		/* 0: before HELLO */
	handler_fn *handler;
} handlers[] = {
	{ VPDN_MSG_HELLO,		0,			on_hello },
	{ VPDN_MSG_ERROR,		VPDN_ROLE_L2TP,		on_error },
	{ VPDN_MSG_ERROR,		VPDN_ROLE_PPP,		on_error },
	{ VPDN_MSG_ERROR,		VPDN_ROLE_CONTROL,	on_error },
	{ VPDN_MSG_ERROR,		VPDN_ROLE_DIALER,	on_error },
	{ VPDN_MSG_SUBSCRIBER_ASK,	VPDN_ROLE_PPP,		vpdn_call_on_ask },
	{ VPDN_MSG_SUBSCRIBER_CHANNEL,	VPDN_ROLE_PPP,		vpdn_call_on_channel },
	{ VPDN_MSG_L2TP_CALL_READY,	VPDN_ROLE_L2TP,		vpdn_call_on_ready },
	{ VPDN_MSG_L2TP_CALL_CLEARED,	VPDN_ROLE_L2TP,		vpdn_call_on_cleared },
	{ VPDN_MSG_L2TP_LINK_INFO,	VPDN_ROLE_L2TP,		vpdn_call_on_link_info },
	{ VPDN_MSG_L2TP_WAN_ERRORS,	VPDN_ROLE_L2TP,		vpdn_call_on_wan_errors },
	{ VPDN_MSG_DIAL_ASK,		VPDN_ROLE_PPP,		vpdn_dial_on_ask },
	{ VPDN_MSG_DIAL_UP,		VPDN_ROLE_PPP,		vpdn_dial_on_up },
	{ VPDN_MSG_DIAL_LINK_INFO,	VPDN_ROLE_PPP,		vpdn_dial_on_link_info },
	{ VPDN_MSG_L2TP_DIAL_ACCEPTED,	VPDN_ROLE_L2TP,		vpdn_dial_on_accepted },
	{ VPDN_MSG_L2TP_DIAL_CONNECTED,	VPDN_ROLE_L2TP,		vpdn_dial_on_connected },
	{ VPDN_MSG_L2TP_DIAL_ASK,	VPDN_ROLE_L2TP,		vpdn_bearer_on_ask },
	{ VPDN_MSG_BEARER_UP,		VPDN_ROLE_DIALER,	vpdn_bearer_on_up },
	{ VPDN_MSG_BEARER_ERRORS,	VPDN_ROLE_DIALER,	vpdn_bearer_on_errors },
	{ VPDN_MSG_BEARER_OVER,		VPDN_ROLE_DIALER,	vpdn_bearer_on_over },
	{ VPDN_MSG_L2TP_TUNNEL_STATE,	VPDN_ROLE_L2TP,		vpdn_registry_on_tunnel },
	{ VPDN_MSG_L2TP_CALL_STATE,	VPDN_ROLE_L2TP,		vpdn_registry_on_call },
	{ VPDN_MSG_L2TP_SYNC_DONE,	VPDN_ROLE_L2TP,		vpdn_registry_on_sync_done },
	{ VPDN_MSG_L2TP_STATS,		VPDN_ROLE_L2TP,		vpdn_stats_on_reply },
	{ VPDN_MSG_CTL_REQUEST,		VPDN_ROLE_CONTROL,	vpdn_control_on_request },
};

int vpdn_dispatch(struct vpdn_conn *c, struct vpdn_ipc_msg *m)
{
	int rc = -EPROTO;
	char text[128];

	for (size_t i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++) {
		if (handlers[i].type != m->type || handlers[i].role != vpdn_conn_role(c))
			continue;
		rc = handlers[i].handler(c, m);
		break;
	}
	if (!rc)
		return 0;
	snprintf(text, sizeof(text), "%s: %s", vpdn_ipc_msg_name(m->type),
		 rc == -EPROTO ? "does not fit what was said before" : strerror(-rc));
	vpdn_log_warn("%s: %s", vpdn_conn_name(c), text);
	vpdn_conn_send_error(c, m->seq, -rc, text);
	return rc;
}

void vpdn_dispatch_gone(struct vpdn_conn *c)
{
	struct vpdn_call *call = vpdn_conn_call(c);

	if (vpdn_conn_role(c) == VPDN_ROLE_L2TP)
		vpdn_l2tp_gone(vpdn_conn_daemon(c)->l2tp, c);
	vpdn_stats_asker_gone(vpdn_conn_daemon(c)->stats, c);
	vpdn_explain_asker_gone(vpdn_conn_daemon(c)->explains, c);
	if (vpdn_conn_role(c) == VPDN_ROLE_DIALER)
		vpdn_dialer_gone(vpdn_conn_daemon(c)->dialer, c);
	if (call)
		vpdn_call_plugin_gone(call);
}
