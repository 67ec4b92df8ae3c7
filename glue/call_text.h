/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * call_text.h - what is said about a call in logs and in `show`. All functions
 * NUL-terminate, cut where the room ends, escape what came from a peer, and return buf.
 */
#ifndef VPDN_CALL_TEXT_H
#define VPDN_CALL_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "ipc.h"

struct vpdn_call;

#define VPDN_ACCESS_TEXT_MAX	160u

/* A TLV of bytes or text; "" when it is absent. */
char *vpdn_call_peer_text(const struct vpdn_ipc_msg *m, uint16_t tlv, char *buf, size_t size);

/* A TEXT, which is for people already: kept but for what is not printable ASCII. "" when it is absent. */
char *vpdn_call_plain_text(const struct vpdn_ipc_msg *m, uint16_t tlv, char *buf, size_t size);

/* The access line of a SUBSCRIBER_ASK: `pppoe eth1/17 02:00:00:00:00:01`, `tty ttyS0`. */
char *vpdn_call_access_text(const struct vpdn_ipc_msg *m, char *buf, size_t size);

/* `id=4 tunnel=3/9 session=5/7 peer=192.0.2.2 user=alice@example.com access="pppoe eth1/17"`, what is known of it. */
char *vpdn_call_who(const struct vpdn_call *call, char *buf, size_t size);

/* AVP 19: `synchronous`, `asynchronous`. */
const char *vpdn_framing_text(uint32_t framing);

/* What L2TP_CALL_CLEARED says in words, without numbers: the peer's text, or that of its result. */
char *vpdn_call_reason_text(const struct vpdn_ipc_msg *m, char *buf, size_t size);

/* Why L2TP_CALL_CLEARED says that a call is over: stage, who, codes and texts. */
char *vpdn_call_cleared_text(const struct vpdn_ipc_msg *m, char *buf, size_t size);

#endif
