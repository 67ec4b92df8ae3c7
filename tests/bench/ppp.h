/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ppp.h - a small PPP engine, one subscriber: LCP (RFC 1661), answering CHAP with MD5 (RFC 1994) and PAP (RFC 1334), IPCP (RFC 1332).
 *
 * For vpdn-load's PPPoE clients and for the subscribers of its LAC. It has no I/O and no clock: frames go out through `send`, the owner
 * runs its one timer and gives it frames. It allocates nothing; tests/unit/test_bench_ppp.c has two of them talk to each other.
 */
#ifndef BENCH_PPP_H
#define BENCH_PPP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ppp_protocol {
	PPP_IP = 0x0021,
	PPP_IPCP = 0x8021,
	PPP_LCP = 0xc021,
	PPP_PAP = 0xc023,
	PPP_CHAP = 0xc223,
};

enum ppp_auth {			/* bits */
	PPP_AUTH_PAP = 1,
	PPP_AUTH_CHAP = 2,
};

/* What an engine tells its owner. */
enum ppp_event {
	PPP_LCP_OPEN,
	PPP_CREDENTIALS_SENT,	/* the first time in an LCP session */
	PPP_AUTHENTICATED,
	PPP_IPCP_OPEN,
	PPP_TERMINATED,		/* our Terminate-Request was answered, or never will be (`reason`) */
	PPP_OVER,		/* the peer has ended the link, or it has come to nothing: `reason` says why */
};

enum ppp_count {
	PPP_COUNT_LCP,
	PPP_COUNT_AUTH,
	PPP_COUNT_IPCP,
	PPP_COUNT_TERMINATE,
	PPP_COUNTS
};

/* What is the same for all engines of a run. */
struct ppp_config {
	bool eager;		/* the first Configure-Request is sent at once; false: after the peer's (RFC 1661's Stopped state) */
	unsigned int auth;	/* bits of what is agreed to; 0: the peer need not ask for any */
	uint16_t mru;
	int64_t restart;	/* ns */
	unsigned int tries;	/* transmissions of a request, the first included */
	const char *password;
	void (*send)(void *owner, uint16_t protocol, const uint8_t *packet, size_t len);
	void (*timer)(void *owner, int64_t after);	/* ns; replaces an earlier one; -1: none */
	void (*event)(void *owner, enum ppp_event event);
};

struct ppp_fsm {
	uint8_t state;		/* enum in ppp_fsm.h */
	uint8_t id;		/* of the last Configure- or Terminate-Request */
	uint8_t peer_id;	/* of the peer's last Configure-Request, when peer_asked */
	bool peer_asked;
	uint8_t tries_left;
	uint8_t refused;	/* options of ours that the peer rejected, bits */
};

struct ppp {
	const struct ppp_config *config;
	void *owner;
	const char *user;
	char *reason;		/* PPP_REASON octets of the owner's: printable, why it is over */
	struct ppp_fsm lcp, ipcp;
	uint16_t mru;		/* that we ask for */
	uint16_t auth_asked;	/* by the peer: PPP_PAP, PPP_CHAP, 0 */
	bool authenticated;
	bool credentials_sent;
	uint8_t auth_id;	/* of the last challenge answered, or of our Authenticate-Request */
	uint8_t auth_tries_left;
	uint32_t magic, peer_magic;
	uint32_t address, peer_address;	/* host byte order */
	uint32_t retransmissions[PPP_COUNTS];
	uint32_t peer_retransmissions[PPP_COUNTS];
	uint32_t malformed;	/* packets of the peer that are none */
};

#define PPP_REASON	96

void ppp_init(struct ppp *p, const struct ppp_config *config, void *owner, const char *user, char *reason);

/* The lower layer is up: LCP begins. */
void ppp_up(struct ppp *p);

/*
 * The lower layer is up and somebody else has negotiated LCP and answered the challenge `id` (or sent the Authenticate-Request `id`) for us,
 * as proxy AVPs say. `magic` is our side's number of that LCP.
 */
void ppp_up_proxied(struct ppp *p, uint32_t magic, uint32_t peer_magic, uint16_t auth, uint8_t id);

/* A frame's protocol and what follows it; padding is ignored. PPP_IP is the owner's. */
void ppp_input(struct ppp *p, uint16_t protocol, const uint8_t *packet, size_t len);

void ppp_timeout(struct ppp *p);

/* Ends the link with a Terminate-Request; PPP_TERMINATED follows. */
void ppp_terminate(struct ppp *p);

bool ppp_is_open(const struct ppp *p);		/* IPCP is */

#endif
