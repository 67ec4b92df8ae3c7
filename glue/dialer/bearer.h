/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bearer.h - one dial-out call at the LAC: from BEARER_START to BEARER_OVER.
 *
 * link.c starts and clears bearers; the kinds (chat.c, pppoe.c, exec.c) bring them up and take them down and say how it went
 * with the vpdn_bearer_...() functions at the end. After vpdn_bearer_hung_up() a bearer is gone from all lists, but stays
 * valid until the event loop has gone round, so that a kind may return through its own functions.
 */
#ifndef VPDN_BEARER_H
#define VPDN_BEARER_H

#include <bsd/sys/tree.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "bearer_fsm.h"
#include "dialer.h"
#include "ipc.h"
#include "result_code.h"

/* How a bearer ended, as BEARER_OVER says it and as the LNS reads it in CDN. */
struct vpdn_outcome {
	uint16_t result;	/* enum vpdn_cdn_result */
	uint16_t error;		/* enum vpdn_error_code; 0 unless the result is 2 */
	uint16_t cause;		/* enum vpdn_q931_cause */
	char text[400];
};

void vpdn_outcome_set(struct vpdn_outcome *o, uint16_t result, uint16_t cause, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* A line that has come up. */
struct vpdn_line {
	int fd;			/* what vpdnd makes a channel of; stays the kind's */
	uint8_t access;		/* enum vpdn_access_kind */
	const char *interface;
	uint32_t speed;		/* bit/s */
	bool speed_said;	/* somebody has said this speed: it must be within the call's limits */
	uint16_t mtu;		/* 0: nothing to say */
	uint16_t session;	/* PPPoE only, as is peer */
	const uint8_t *peer;
};

struct vpdn_bearer;

enum vpdn_framing { VPDN_FRAMING_SYNC = 1, VPDN_FRAMING_ASYNC = 2 };	/* bits of AVP 19 */

struct vpdn_bearer_kind {
	uint8_t number;		/* enum vpdn_dialer_kind */
	const char *name;
	enum vpdn_framing framing;	/* of its lines */
	size_t size;		/* of the kind's struct, which begins with struct vpdn_bearer */
	/* Begins to dial as the BEARER_START in `m` says. Says what became of it by vpdn_bearer_failed() at the earliest. */
	void (*start)(struct vpdn_bearer *b, const struct vpdn_ipc_msg *m);
	/* Takes it down, in whatever state it is; vpdn_bearer_hung_up() when that is done, at once or later. */
	void (*hang_up)(struct vpdn_bearer *b);
	/* Frees what the kind owns, also when it has not hung up. */
	void (*release)(struct vpdn_bearer *b);
};

extern const struct vpdn_bearer_kind vpdn_bearer_chat, vpdn_bearer_pppoe, vpdn_bearer_exec;

struct vpdn_bearer {
	TAILQ_ENTRY(vpdn_bearer) link;
	RB_ENTRY(vpdn_bearer) by_ref;
	struct vpdn_dialer_daemon *d;
	const struct vpdn_bearer_kind *kind;
	enum vpdn_bearer_state state;
	bool orphan;			/* whoever asked for it is gone: nothing is reported, and its ref may be used again */
	uint32_t ref;			/* CALL_REF */
	char dialer[65];		/* its name in vpdn.conf */
	char number[65], sub_address[65];
	uint32_t min_bps, max_bps;
	uint64_t since_ms;
	struct event *timer;
	struct vpdn_outcome outcome;	/* settled when HANGING_UP begins */
	struct vpdn_outcome on_timer;	/* what it means when the time is up */
};

/* False: out of memory. */
bool vpdn_bearers_init(struct vpdn_dialer_daemon *d);
void vpdn_bearers_finish(struct vpdn_dialer_daemon *d);
/* vpdnd is gone, or we are going: everything is hung up, and nothing more is said about it. */
void vpdn_bearers_orphan(struct vpdn_dialer_daemon *d, const char *why);

/* The messages of vpdnd. 0, or -EBADMSG or -EEXIST for a message that makes no sense. */
int vpdn_bearer_on_start(struct vpdn_dialer_daemon *d, const struct vpdn_ipc_msg *m);
int vpdn_bearer_on_clear(struct vpdn_dialer_daemon *d, const struct vpdn_ipc_msg *m);

/* ---- for the kinds ---- */

/* "dialer=NAME number=NUMBER call=REF" for the end of log lines; a static buffer. */
const char *vpdn_bearer_id(const struct vpdn_bearer *b);

/* The line is up. Fails the bearer when its speed does not suit. True: vpdnd has been given it. */
bool vpdn_bearer_up(struct vpdn_bearer *b, const struct vpdn_line *line);
/* It came up, but vpdn_channel_open() of this device did not work: its result and text. */
void vpdn_bearer_no_channel(struct vpdn_bearer *b, const char *device, int rc, const char *why);
/* It did not come up. */
void vpdn_bearer_failed(struct vpdn_bearer *b, uint16_t result, uint16_t cause, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* It was up and is no more: CDN 1, Q.931 cause 16. */
void vpdn_bearer_lost(struct vpdn_bearer *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* What hang_up() began is done. */
void vpdn_bearer_hung_up(struct vpdn_bearer *b);
/* Reports a line's errors since it came up, in the order of AVP 34 (RFC 2661 4.4.6). */
void vpdn_bearer_errors(struct vpdn_bearer *b, const uint32_t counters[6]);

#endif
