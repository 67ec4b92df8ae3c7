/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * call.h - the calls of vpdnd: subscribers it forwards (LAC), calls it has a LAC dial
 * (LNS), and calls it dials for an LNS (LAC). One struct vpdn_call each, of one kind; its
 * life is the kind's table in call_fsm.c.
 *
 * A call is made by SUBSCRIBER_ASK, DIAL_ASK or L2TP_DIAL_ASK and freed when its state is
 * DONE. It owns the fds of its bridge and the call's own connection to pppoe-server, and
 * keeps the message that made it, so that the same data can be offered to the next peer;
 * its credentials are forgotten when the call is connected. The plugin's connection is the server's.
 *
 * There may be tens of thousands: texts are on the heap, as long as they are.
 */
#ifndef VPDN_CALL_H
#define VPDN_CALL_H

#include <bsd/sys/tree.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bridge.h"
#include "call_fsm.h"
#include "group.h"
#include "number.h"
#include "select.h"
#include "server.h"
#include "vpdnd.h"

struct vpdn_acct_session;

#define VPDN_REASON_MAX		256u
#define VPDN_WAN_COUNTERS	6u	/* of AVP 34: CRC, framing, hardware overrun, buffer overrun, timeout, alignment errors */

/* Why a call ends: for the CDN or what is said of it, the logs and the counters. */
struct vpdn_cause {
	uint16_t result, error;		/* of a CDN, ours or the peer's; 0: none */
	uint16_t q931;			/* 0: none */
	uint8_t failure;		/* enum vpdn_dial_failure, of dial-out at the LNS */
	uint64_t *counter;
	const char *text;		/* kept, of at most VPDN_REASON_MAX - 1 octets */
};

struct vpdn_call {
	RB_ENTRY(vpdn_call) by_id, by_ref, by_bundle;
	struct vpdnd *d;
	enum vpdn_call_kind kind;
	enum vpdn_st state;
	uint32_t id;			/* for people and vpdn-dialer, all its life */
	uint32_t ref;			/* for xl2tpd; 0: it does not know of the call (any more); a new one each attempt */
	struct event *timer;
	struct vpdn_conn *plugin;	/* pppd's, or vpdnctl's that dials; NULL when it has left */
	bool parked;			/* that pppd stays as long as the session */
	bool bearer;			/* vpdn-dialer has been told of the call, and not yet said that it is over */

	/* who; all texts of a call are kept */
	uint8_t *ask;			/* the message that made it; holds secrets until the call is connected */
	size_t ask_len;
	pid_t pid;			/* of the pppd that asked */
	const char *user;		/* escaped for printing */
	const char *access;		/* "pppoe eth1/17 02:00:00:00:00:01" */
	const char *number;		/* dial-out: as it is dialled; dial-in: made by dnis-from; printable */
	const char *dialer;		/* dial-out at the LAC */
	const struct vpdn_dial *dial;	/* and its entry in the map, in config */
	const char *ifname;		/* dial-out at the LNS, when PPP is up */
	struct in_addr local_ip, remote_ip;

	/* where to */
	struct vpdn_select *choosing;	/* ASKED: not chosen yet */
	struct vpdn_config *config;	/* held while it is being placed */
	const struct vpdn_group *chosen;	/* lives in config */
	const char *chosen_by;		/* see select.h */
	struct vpdn_trace trace;	/* of the choice, and of who was asked */
	bool multilink;
	uint64_t bundle;		/* of a multilink subscriber, see question.h */
	const char *group;
	uint64_t tried;			/* bit set of chosen->peers */
	unsigned int attempts;
	struct in_addr peer;		/* the other end of the tunnel, INADDR_ANY: not known */
	struct vpdn_usage *of_peer, *of_group, *of_dialer;	/* that count this session; NULL: not counted */
	uint16_t tunnel_id, peer_tunnel_id, session_id, peer_session_id;
	const char *local_name;		/* our Host Name in the tunnel; "": not known */
	bool has_serial;
	uint32_t serial;		/* Call Serial Number, AVP 15 */
	struct vpdn_acct_session *acct;	/* NULL: no accounting of it */

	/* both sides */
	struct vpdn_bridge bridge;
	bool tty;			/* the access side is a tty */
	int call_fd;			/* the call's own connection; -1: none */
	struct event *on_call_fd, *on_access, *on_l2tp;
	uint32_t tx_speed, rx_speed;	/* of the bearer, bit/s; 0: not said */
	uint32_t framing;		/* AVP 19 */
	bool has_accm, accm_due, has_wan;
	uint32_t send_accm, recv_accm;	/* of the last SLI */
	uint32_t wan[VPDN_WAN_COUNTERS];	/* of the last WEN, or the bearer's own */

	struct vpdn_cause cause;
	uint64_t asked_ms, connected_ms, deadline_ms;
	uint64_t begun_us, entered_us;	/* its making, and its coming into this state, for metrics.c */
	uint64_t attempt_end_ms;	/* of the peer that is being asked */
};

/* A dial-out call that failed, as it is remembered for `show`. */
struct vpdn_failure {
	uint64_t at_ms;			/* 0: none yet */
	enum vpdn_call_kind kind;
	char number[VPDN_NUMBER_MAX + 1], group[VPDN_NAME_MAX + 1];
	struct vpdn_cause cause;
	char text[VPDN_REASON_MAX];	/* the cause's */
};

/* The set of calls. NULL without memory. Freeing it frees all calls without a word to anybody. */
struct vpdn_calls *vpdn_calls_new(struct vpdnd *d);
void vpdn_calls_free(struct vpdn_calls *cs);
size_t vpdn_calls_count(const struct vpdn_calls *cs);
/* In the order of ids; NULL starts, NULL ends. */
const struct vpdn_call *vpdn_calls_next(const struct vpdn_calls *cs, const struct vpdn_call *after);
const struct vpdn_call *vpdn_calls_find(const struct vpdn_calls *cs, uint32_t id);
/* The failure number i, the last one first; NULL when there are no more. */
const struct vpdn_failure *vpdn_calls_failure(const struct vpdn_calls *cs, size_t i);

/* The message that made the call, without its credentials once the call is connected; to be wiped after use. 0 or -errno. */
int vpdn_call_get_ask(const struct vpdn_call *call, struct vpdn_ipc_msg *ask);

/* Ends one call, in good order, for both sides. 0 or -ENOENT. */
int vpdn_calls_clear(struct vpdn_calls *cs, uint32_t id, const char *text);
void vpdn_calls_clear_all(struct vpdn_calls *cs, const char *text);
/* xl2tpd's module has gone, and the L2TP side of all calls with it. */
void vpdn_calls_l2tp_gone(struct vpdn_calls *cs);
/* vpdn-dialer has gone, and all bearers with it. */
void vpdn_calls_dialer_gone(struct vpdn_calls *cs);

/* Message handlers, see dispatch.h: of all calls (call.c), */
int vpdn_call_on_cleared(struct vpdn_conn *c, struct vpdn_ipc_msg *m);
int vpdn_call_on_link_info(struct vpdn_conn *c, struct vpdn_ipc_msg *m);
int vpdn_call_on_wan_errors(struct vpdn_conn *c, struct vpdn_ipc_msg *m);
/* of forwarded subscribers (call_dialin.c), */
int vpdn_call_on_ask(struct vpdn_conn *c, struct vpdn_ipc_msg *m);
int vpdn_call_on_channel(struct vpdn_conn *c, struct vpdn_ipc_msg *m);
int vpdn_call_on_ready(struct vpdn_conn *c, struct vpdn_ipc_msg *m);
/* of dial-out at the LNS (call_dialout_lns.c) */
int vpdn_dial_on_ask(struct vpdn_conn *c, struct vpdn_ipc_msg *m);
int vpdn_dial_on_accepted(struct vpdn_conn *c, struct vpdn_ipc_msg *m);
int vpdn_dial_on_connected(struct vpdn_conn *c, struct vpdn_ipc_msg *m);
int vpdn_dial_on_up(struct vpdn_conn *c, struct vpdn_ipc_msg *m);
int vpdn_dial_on_link_info(struct vpdn_conn *c, struct vpdn_ipc_msg *m);
/* and at the LAC (call_dialout_lac.c). */
int vpdn_bearer_on_ask(struct vpdn_conn *c, struct vpdn_ipc_msg *m);
int vpdn_bearer_on_up(struct vpdn_conn *c, struct vpdn_ipc_msg *m);
int vpdn_bearer_on_errors(struct vpdn_conn *c, struct vpdn_ipc_msg *m);
int vpdn_bearer_on_over(struct vpdn_conn *c, struct vpdn_ipc_msg *m);
/* The plugin's connection has gone. */
void vpdn_call_plugin_gone(struct vpdn_call *call);

#endif
