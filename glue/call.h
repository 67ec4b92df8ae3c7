/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * call.h - forwarded sessions: from a held subscriber at the LAC to a bridged session
 * and its end. One struct vpdn_call each; its life is the table in call_fsm.c.
 *
 * A call is made by SUBSCRIBER_ASK and freed when its state is DONE. It owns the
 * fds of its bridge and the call's own connection to pppoe-server, and keeps the
 * SUBSCRIBER_ASK message as it came, so that the same captured data can be offered
 * to the next LNS. The plugin's connection is the server's.
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
#include "server.h"
#include "vpdnd.h"

#define VPDN_REASON_MAX	256u

/* Why a call ends: for the CDN, the logs and the counters. */
struct vpdn_cause {
	uint16_t result, error;		/* of the CDN; error 0: none */
	uint64_t *counter;
	char text[VPDN_REASON_MAX];
};

struct vpdn_call {
	RB_ENTRY(vpdn_call) by_id, by_ref;
	struct vpdnd *d;
	uint32_t id;			/* for people, all its life */
	uint32_t ref;			/* of the running attempt, 0: none; a new one each */
	enum vpdn_fwd_state state;
	struct event *timer;
	struct vpdn_conn *plugin;	/* NULL when it has left */
	bool parked;			/* that pppd stays as long as the session */

	/* the subscriber */
	uint8_t *ask;			/* SUBSCRIBER_ASK, holds secrets */
	size_t ask_len;
	pid_t pid;			/* of the pppd that asked */
	char user[256];			/* escaped for printing */
	char access[160];		/* "pppoe eth1/17 02:00:00:00:00:01" */

	/* where to */
	struct vpdn_config *config;	/* held while it is being placed */
	struct vpdn_choice choice;	/* choice.group lives in config */
	char group[VPDN_NAME_MAX + 1];
	uint64_t tried;			/* bit set of choice.group->peers */
	unsigned int attempts;
	struct vpdn_usage *lns, *of_group;	/* that count this session; NULL: not counted */
	uint16_t tunnel_id, peer_tunnel_id, session_id, peer_session_id;

	/* both sides */
	struct vpdn_bridge bridge;
	int call_fd;			/* the call's own connection; -1: none */
	struct event *on_call_fd, *on_access, *on_l2tp;

	struct vpdn_cause cause;
	uint64_t asked_ms, connected_ms, deadline_ms;
};

/* The set of calls. NULL without memory. Freeing it frees all calls without a word to anybody. */
struct vpdn_calls *vpdn_calls_new(struct vpdnd *d);
void vpdn_calls_free(struct vpdn_calls *cs);
size_t vpdn_calls_count(const struct vpdn_calls *cs);
/* In the order of ids; NULL starts, NULL ends. */
const struct vpdn_call *vpdn_calls_next(const struct vpdn_calls *cs, const struct vpdn_call *after);
const struct vpdn_call *vpdn_calls_find(const struct vpdn_calls *cs, uint32_t id);

/* Ends one call, in good order, for both sides. 0 or -ENOENT. */
int vpdn_calls_clear(struct vpdn_calls *cs, uint32_t id, const char *text);
void vpdn_calls_clear_all(struct vpdn_calls *cs, const char *text);
/* xl2tpd's module has gone, and the L2TP side of all calls with it. */
void vpdn_calls_l2tp_gone(struct vpdn_calls *cs);

/* Message handlers, see dispatch.h. */
int vpdn_call_on_ask(struct vpdn_conn *c, struct vpdn_ipc_msg *m);
int vpdn_call_on_channel(struct vpdn_conn *c, struct vpdn_ipc_msg *m);
int vpdn_call_on_ready(struct vpdn_conn *c, struct vpdn_ipc_msg *m);
int vpdn_call_on_cleared(struct vpdn_conn *c, struct vpdn_ipc_msg *m);
/* The plugin's connection has gone. */
void vpdn_call_plugin_gone(struct vpdn_call *call);

#endif
