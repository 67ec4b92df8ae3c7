/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ppp_impl.h - what the files of the PPP engine, ppp.c and ppp_auth.c, know of each other. */
#ifndef BENCH_PPP_IMPL_H
#define BENCH_PPP_IMPL_H

#include "cursor.h"
#include "ppp.h"

#define PPP_PACKET_MAX	1500
#define PPP_HEADER_LEN	4

/* Starts a packet in `buf`, PPP_PACKET_MAX octets; ppp_finish() fills its length in and sends it. */
void ppp_begin(struct vpdn_writer *w, uint8_t *buf, uint8_t code, uint8_t id);
void ppp_finish(struct ppp *p, uint16_t protocol, struct vpdn_writer *w);

void ppp_restart_timer(struct ppp *p);

/* Notes why the link is over, with what the peer said of it; only the first reason counts. */
void ppp_reason(struct ppp *p, const char *what, const void *text, size_t len);

/* The peer is content: IPCP begins. */
void ppp_authenticated(struct ppp *p);

/* ppp_auth.c: LCP is open and p->auth_asked is wanted; a packet of that protocol; the restart timer ran out. */
void ppp_auth_begin(struct ppp *p);
void ppp_auth_packet(struct ppp *p, uint8_t code, uint8_t id, const uint8_t *data, size_t len);
void ppp_auth_timeout(struct ppp *p);
void ppp_credentials_sent(struct ppp *p);

#endif
