/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dialer_peer.h - the link to vpdn-dialer, of which there is one at a time: asks it for the
 * bearers of outgoing calls. call_dialout_lac.c handles what it says.
 */
#ifndef VPDN_DIALER_PEER_H
#define VPDN_DIALER_PEER_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "ipc.h"
#include "server.h"

struct vpdn_dialer_peer *vpdn_dialer_peer_new(struct vpdnd *d);
void vpdn_dialer_peer_free(struct vpdn_dialer_peer *p);

bool vpdn_dialer_connected(const struct vpdn_dialer_peer *p);
/* "" when it is not connected. */
const char *vpdn_dialer_peer_name(const struct vpdn_dialer_peer *p);
/* When the present state began, CLOCK_MONOTONIC in ms. */
uint64_t vpdn_dialer_since_ms(const struct vpdn_dialer_peer *p);

/* vpdn-dialer has said HELLO. 0, or -EBUSY: another one is connected. */
int vpdn_dialer_attach(struct vpdn_dialer_peer *p, struct vpdn_conn *c);
/* `c` has gone; when it was vpdn-dialer, so have all bearers. */
void vpdn_dialer_gone(struct vpdn_dialer_peer *p, struct vpdn_conn *c);

/* Asks for the bearer of a call by `dialer`, with what the LNS's OCRQ (L2TP_DIAL_ASK) said. 0 or -errno; -ENOTCONN when it is not there. */
int vpdn_dialer_start(struct vpdn_dialer_peer *p, const struct vpdn_call *call, const struct vpdn_dialer *dialer,
		      const struct vpdn_ipc_msg *ask);
int vpdn_dialer_clear(struct vpdn_dialer_peer *p, uint32_t id, const char *text);

#endif
