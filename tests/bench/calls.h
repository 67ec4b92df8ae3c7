/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * calls.h - a run of vpdn-load: N calls, so many at a time, held, released, reported.
 *
 * calls.c drives, the bearer (pppoe_client.c, l2tp_lac.c) brings a call's lower layer up and carries its frames; each call has a PPP engine.
 * A call belongs to the run's array for the whole run; it is found by its number, so that nothing is ever searched.
 */
#ifndef BENCH_CALLS_H
#define BENCH_CALLS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "loop.h"
#include "ppp.h"

/* What has a time stamp in a call; report.c has their names. A bearer uses those that it has, in this order. */
enum stage {
	STAGE_START,		/* the first PADI, ICRQ */
	STAGE_PADO,
	STAGE_PADS,
	STAGE_ICRP,
	STAGE_ICCN,		/* sent */
	STAGE_FRAME,		/* the peer's first */
	STAGE_LCP,
	STAGE_CREDENTIALS,
	STAGE_SUCCESS,
	STAGE_IPCP,
	STAGES
};

/* Beyond the engine's own. */
enum count {
	COUNT_PADI,
	COUNT_PADR,
	COUNT_CONTROL,
	COUNT_PING,
	COUNT_PEER_CONTROL,
	COUNT_EARLY,
	COUNT_UNKNOWN,
	COUNT_MALFORMED,
	COUNTS
};

enum call_state {
	CALL_NEW,
	CALL_LOWER,		/* the bearer is bringing it up */
	CALL_PPP,
	CALL_OPEN,
	CALL_RELEASING,
	CALL_GONE,
};

enum release {
	RELEASE_DEFAULT,
	RELEASE_TERMINATE,
	RELEASE_PADT,
	RELEASE_CDN,
	RELEASE_NONE,
};

#define USER_MAX	128	/* octets of a user's name, its NUL included */
#define HOST_MAX	64	/* of a tunnel's Host Name */

struct tunnel;

struct call {
	struct run *run;
	unsigned int index;		/* from 0 */
	uint8_t state;			/* enum call_state */
	bool came_up, failed;
	bool answered, unanswered;	/* its ping */
	bool ended;			/* by the peer, when it was up */
	bool renegotiated;		/* LCP was open before, or was proxied */
	struct ppp ppp;
	struct timer timer;		/* the bearer's, then the engine's */
	struct timer limit;		/* of the set-up; then of the ping */
	int64_t stage[STAGES];		/* ns of CLOCK_MONOTONIC; 0: not reached */
	int64_t ping_sent, ping_rtt;
	uint8_t pings_left;
	char user[USER_MAX];
	char reason[PPP_REASON];	/* why it failed, or ended before it was told to */
	uint8_t tries_left;		/* of the bearer */
	/* PPPoE */
	bool have_offer;
	uint8_t peer_mac[6];
	uint8_t cookie[256];		/* AC-Cookie and Relay-Session-Id tags as they came */
	uint16_t cookie_len;
	uint16_t session;		/* PPPoE's, or of L2TP ours */
	/* L2TP */
	struct tunnel *tunnel;
	uint16_t peer_session;
};

struct bearer {
	const char *name, *first_answer;	/* "no PADO": what is missing when nothing came */
	int (*open)(struct run *r);		/* 0, or -errno after it said why on standard error; run_ready() follows */
	void (*start)(struct call *c);		/* ends in call_lower_up() or call_failed() */
	void (*timeout)(struct call *c);	/* call->timer before call_lower_up(); NULL: the bearer does not start it */
	void (*send)(struct call *c, uint16_t protocol, const uint8_t *packet, size_t len);
	void (*release)(struct call *c);	/* without PPP; ends in call_released() */
	void (*abandon)(struct call *c);	/* the same for a call that failed or that the peer has ended; nothing follows */
	void (*finish)(struct run *r);		/* all calls are over; ends in run_over() */
	uint64_t (*lost)(const struct run *r);	/* packets that our sockets had no room for */
	void (*close)(struct run *r);
};

struct run {
	/* options */
	unsigned int n, at_once, release_at_once, first;
	const char *user, *secret;
	int64_t call_timeout, hold;		/* ns; hold -1: until told */
	bool no_ping, list;
	in_addr_t ping_address;			/* network byte order; 0: the peer's */
	const char *ready;
	enum release release;
	const char *interface, *service, *ac;
	struct in_addr local, remote;
	uint16_t port;
	unsigned int tunnels;
	const char *host, *called, *calling;
	bool proxy;
	struct ppp_config ppp;

	/* state */
	const struct bearer *bearer;
	struct loop loop;
	struct watch signals;
	struct timer holding;
	struct call *calls;
	unsigned int started, settled, up, failed, under_way, pinging;
	unsigned int release_next, releasing, released, confirmed;
	bool set_up_done, told, releasing_now, finishing, filling;
	int64_t release_begin, release_end;
	int64_t *tunnel_times;			/* of those that stand, ns; tunnels_up of them */
	unsigned int tunnels_up;
	uint64_t counts[COUNTS];
	const char *broken;			/* why the whole run failed */
};

/* Runs it. The options are checked, patterns too; the bearer is set. 0: all calls came up, 1: some did not, 2: it could not run. */
int run_calls(struct run *r);

/* From bearers. */
void run_ready(struct run *r);			/* calls may be started */
void run_broken(struct run *r, const char *why);	/* no more calls can be made: those that are left fail */
void run_over(struct run *r);
void call_stamp(struct call *c, enum stage s);
void call_lower_up(struct call *c);		/* the state is CALL_PPP; the bearer starts the engine after it */
void call_input(struct call *c, uint16_t protocol, const uint8_t *packet, size_t len);
void call_failed(struct call *c, const char *why);	/* also when it was up: the peer has ended it; the bearer has no more to do */
void call_released(struct call *c, bool confirmed);

/* "user7@example.com"; at most one %d in `pattern`. False: it does not fit, or the pattern is none. */
bool pattern_fill(const char *pattern, unsigned int number, char *buf, size_t size);

extern const struct bearer pppoe_bearer, l2tp_bearer;

#endif
