/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stats.c - counters of tunnels and sessions for vpdnd, when it asks (L2TP_STATS_ASK).
 *
 * A tunnel's control channel is counted by xl2tpd, data by the kernel; nothing is kept here. Sessions of all kinds are found by
 * their ids, in the kernel.
 */
#include "module.h"

#include <errno.h>

static void put_control(struct vpdn_ipc_builder *b, const struct l2tp_control_stats *s)
{
	vpdn_ipc_put_counter(b, VPDN_COUNTER_control_sent, s->sent);
	vpdn_ipc_put_counter(b, VPDN_COUNTER_control_received, s->received);
	vpdn_ipc_put_counter(b, VPDN_COUNTER_control_retransmitted, s->retransmitted);
	vpdn_ipc_put_counter(b, VPDN_COUNTER_control_duplicate, s->duplicate);
	vpdn_ipc_put_counter(b, VPDN_COUNTER_control_out_of_order, s->out_of_order);
	vpdn_ipc_put_counter(b, VPDN_COUNTER_control_dropped, s->dropped);
	vpdn_ipc_put_counter(b, VPDN_COUNTER_zlb_sent, s->zlb_sent);
	vpdn_ipc_put_counter(b, VPDN_COUNTER_zlb_received, s->zlb_received);
	vpdn_ipc_put_counter(b, VPDN_COUNTER_peer_window, s->peer_window);
	vpdn_ipc_put_counter(b, VPDN_COUNTER_congestion_window, s->congestion_window);
	vpdn_ipc_put_counter(b, VPDN_COUNTER_control_unacknowledged, s->unacknowledged);
}

static void put_data(struct vpdn_ipc_builder *b, const struct l2tp_data_stats *s)
{
	vpdn_ipc_put_counter(b, VPDN_COUNTER_tx_packets, s->tx_packets);
	vpdn_ipc_put_counter(b, VPDN_COUNTER_tx_octets, s->tx_octets);
	vpdn_ipc_put_counter(b, VPDN_COUNTER_tx_errors, s->tx_errors);
	vpdn_ipc_put_counter(b, VPDN_COUNTER_rx_packets, s->rx_packets);
	vpdn_ipc_put_counter(b, VPDN_COUNTER_rx_octets, s->rx_octets);
	vpdn_ipc_put_counter(b, VPDN_COUNTER_rx_errors, s->rx_errors);
	vpdn_ipc_put_counter(b, VPDN_COUNTER_rx_out_of_order, s->rx_out_of_order);
	vpdn_ipc_put_counter(b, VPDN_COUNTER_rx_discarded, s->rx_discarded);
}

/* A tunnel that is not in the kernel yet has its control channel's counters only; a session that is not has none: -ENOENT. */
int vpdn_stats_ask(const struct vpdn_ipc_msg *m)
{
	uint16_t tid = 0, cid = 0;
	struct l2tp_control_stats control;
	struct l2tp_data_stats data;
	struct vpdn_ipc_builder b;
	struct vpdn_tunnel *t;
	int rc;

	vpdn_ipc_get_u16(m, VPDN_TLV_TUNNEL_ID, &tid);
	vpdn_ipc_get_u16(m, VPDN_TLV_SESSION_ID, &cid);
	t = vpdn_tunnel_find(tid);
	if (!t)
		return -ENOENT;
	rc = vpdn_core->data_stats(t->core, cid, &data);
	if (rc && cid)
		return -ENOENT;
	vpdn_ipc_begin(&b, VPDN_MSG_L2TP_STATS, VPDN_IPC_F_REPLY, m->seq);
	vpdn_ipc_put_u16(&b, VPDN_TLV_TUNNEL_ID, tid);
	if (cid) {
		vpdn_ipc_put_u16(&b, VPDN_TLV_SESSION_ID, cid);
	} else {
		vpdn_core->control_stats(t->core, &control);
		put_control(&b, &control);
	}
	if (!rc)
		put_data(&b, &data);
	vpdn_link_send(&b, -1);
	return 0;
}
