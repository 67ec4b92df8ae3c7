/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pppoe_if.h - PPPoE discovery on one Ethernet interface: a packet socket that all calls on it share.
 *
 * A call has a random Host-Uniq (RFC 2516 appendix A) by which answers find it, and once it has one a session by which a PADT does.
 */
#ifndef VPDN_DIALER_PPPOE_IF_H
#define VPDN_DIALER_PPPOE_IF_H

#include <stdbool.h>
#include <stdint.h>
#include <bsd/sys/tree.h>

#include "dialer.h"
#include "pppoe.h"

struct vpdn_pppoe_user {
	RB_ENTRY(vpdn_pppoe_user) by_uniq, by_session;
	uint64_t uniq;			/* its value as a Host-Uniq tag is these octets as they are */
	uint8_t peer[6];
	uint16_t session;		/* 0: none yet */
	/* A packet for this call: an answer with its Host-Uniq, or the PADT of its session. */
	void (*packet)(struct vpdn_pppoe_user *u, const uint8_t source[6], const struct vpdn_pppoe_packet *p);
	/* The interface is down or gone. Nothing more will come; vpdn_pppoe_if_leave() stays the user's to do. */
	void (*gone)(struct vpdn_pppoe_user *u, const char *why);
};

/*
 * Joins the calls on an interface: `packet` and `gone` are set, the rest is filled in. -errno and *what: which step failed.
 */
int vpdn_pppoe_if_join(struct vpdn_dialer_daemon *d, const char *name, struct vpdn_pppoe_user *u, struct vpdn_pppoe_if **out,
		       const char **what);

/* The reverse; closes the socket after the last one. */
void vpdn_pppoe_if_leave(struct vpdn_pppoe_if *i, struct vpdn_pppoe_user *u);

/* The user has this session now. False: another one has it. */
bool vpdn_pppoe_if_has_session(struct vpdn_pppoe_if *i, struct vpdn_pppoe_user *u, const uint8_t peer[6], uint16_t session);

/* Sends a packet; `to` NULL: to everybody. What does not go out is sent again by whoever waits for its answer. */
void vpdn_pppoe_if_send(struct vpdn_pppoe_if *i, const uint8_t to[6], const struct vpdn_writer *w);

/* The interface's MTU in octets, 0 when it cannot be told; its speed in bit/s, 1 Gbit/s when it says none. */
uint32_t vpdn_pppoe_if_mtu(const struct vpdn_pppoe_if *i);
uint32_t vpdn_pppoe_if_speed(const struct vpdn_pppoe_if *i);

#endif
