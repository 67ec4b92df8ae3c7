/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pppoe_session.h - makes the kernel's side of one PPPoE session, for the module in pppoe-server and for vpdn-dialer.
 *
 * pppd's rp-pppoe.so does this too, but only once pppd runs: what the peer sends until then is lost. The module does it before
 * PADS is sent, the dialer as soon as PADS is there.
 */
#ifndef VPDN_PPPOE_SESSION_H
#define VPDN_PPPOE_SESSION_H

#include <stdint.h>

/*
 * Creates a session socket and connects it: from then on the kernel takes the frames of this session (RFC 2516, 6) and keeps
 * them until somebody attaches to its channel. `ifname` is an Ethernet interface of this network namespace, `peer` the other side's
 * address, `id` the session number in host byte order.
 *
 * The fd (CLOEXEC; closing it removes the session), which the caller owns; -EALREADY: the kernel still has a session with this
 * peer and this number; -EAFNOSUPPORT or -EPROTONOSUPPORT: a kernel without PPPoE; or another -errno. Never blocks.
 */
int vpdn_pppoe_session_open(const char *ifname, const uint8_t peer[6], uint16_t id);

#endif
