/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel_session.h - makes the kernel's side of one PPPoE session, for module.c. */
#ifndef VPDN_PPPOE_KERNEL_SESSION_H
#define VPDN_PPPOE_KERNEL_SESSION_H

#include <stdint.h>

/*
 * Creates a session socket and connects it: from then on the kernel takes the frames of this session (RFC 2516, 6) and keeps
 * them until a pppd attaches to its channel. `ifname` is an Ethernet interface of this network namespace, `peer` the client's
 * address, `id` the session number in host byte order.
 *
 * The fd (CLOEXEC; closing it removes the session), which the caller owns; -EALREADY: the kernel still has a session of this
 * client with this number; -EAFNOSUPPORT or -EPROTONOSUPPORT: a kernel without PPPoE; or another -errno. Never blocks.
 */
int vpdn_kernel_session_open(const char *ifname, const uint8_t peer[6], uint16_t id);

#endif
