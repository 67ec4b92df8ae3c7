/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * l2tp_peer.h - the link to the module inside xl2tpd, of which there is one at a time.
 *
 * Tells it the groups that accept tunnels, and asks for calls; call.c handles what
 * it says about calls of ours, registry.c what it says about tunnels and LNS calls.
 * All functions return -ENOTCONN when the module is not there.
 */
#ifndef VPDN_L2TP_PEER_H
#define VPDN_L2TP_PEER_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "ipc.h"
#include "server.h"

struct vpdn_cause;

struct vpdn_l2tp *vpdn_l2tp_new(struct vpdnd *d);
void vpdn_l2tp_free(struct vpdn_l2tp *l);

bool vpdn_l2tp_connected(const struct vpdn_l2tp *l);
/* "" when it is not connected. */
const char *vpdn_l2tp_peer_name(const struct vpdn_l2tp *l);
/* When the present state began, CLOCK_MONOTONIC in ms. */
uint64_t vpdn_l2tp_since_ms(const struct vpdn_l2tp *l);

/* The module has said HELLO. 0, or -EBUSY: another one is connected. */
int vpdn_l2tp_attach(struct vpdn_l2tp *l, struct vpdn_conn *c);
/* Sends the groups; after HELLO and on reload. */
int vpdn_l2tp_send_groups(struct vpdn_l2tp *l);
/* `c` has gone; when it was the module, so have its tunnels and calls. */
void vpdn_l2tp_gone(struct vpdn_l2tp *l, struct vpdn_conn *c);

/*
 * Asks one peer of the call's group for it, with the call's reference: an LNS for an incoming call, with what
 * SUBSCRIBER_ASK said, or a LAC for an outgoing one, with the call's number and what DIAL_ASK said.
 */
int vpdn_l2tp_place(struct vpdn_l2tp *l, const struct vpdn_call *call, const struct vpdn_peer *peer, uint32_t timeout_ms,
		    const struct vpdn_ipc_msg *ask);
/* Lets it send OCRP. */
int vpdn_l2tp_dial_accept(struct vpdn_l2tp *l, uint32_t ref);
/* Lets it send ICCN, or OCCN with the bearer's speed and framing. */
int vpdn_l2tp_connect(struct vpdn_l2tp *l, const struct vpdn_call *call);
/* Lets it send SLI with the call's ACCM, or WEN with its counters. */
int vpdn_l2tp_link_info(struct vpdn_l2tp *l, const struct vpdn_call *call);
int vpdn_l2tp_wan_errors(struct vpdn_l2tp *l, const struct vpdn_call *call);
int vpdn_l2tp_clear(struct vpdn_l2tp *l, uint32_t ref, const struct vpdn_cause *cause);
/* Asks for the counters of a tunnel, or of a session in it (session_id 0: none); `seq` comes back with the reply. */
int vpdn_l2tp_stats_ask(struct vpdn_l2tp *l, uint32_t seq, uint16_t tunnel_id, uint16_t session_id);
int vpdn_l2tp_tunnel_clear(struct vpdn_l2tp *l, uint16_t tunnel_id, const char *text);
int vpdn_l2tp_session_clear(struct vpdn_l2tp *l, uint16_t tunnel_id, uint16_t session_id, const char *text);

#endif
