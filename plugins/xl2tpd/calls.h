/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * calls.h - calls that vpdnd knows by a CALL_REF: placed incoming calls (calls_out.c), placed outgoing calls (calls_dialout.c) and
 * outgoing calls that peers ask for (calls_dialed.c). calls.c has what they share.
 *
 *	calls_out	LAC: L2TP_CALL_PLACE -> ICRQ, ICRP, ICCN
 *	calls_dialout	LNS: L2TP_DIAL_PLACE -> OCRQ, OCRP, OCCN
 *	calls_dialed	LAC: OCRQ -> L2TP_DIAL_ASK, OCRP, OCCN
 */
#ifndef VPDN_XL2TPD_CALLS_H
#define VPDN_XL2TPD_CALLS_H

#include "module.h"

#define VPDN_CALL_AVPS_MAX	3500	/* of one message; with header and ids below the core's 4096 */

enum vpdn_ref_state {
	VPDN_REF_WAIT_TUNNEL,
	VPDN_REF_ASKED,			/* ICRQ or OCRQ sent, or L2TP_DIAL_ASK */
	VPDN_REF_ACCEPTED,		/* ICRP or OCRP received or sent */
	VPDN_REF_CONNECTED,		/* ICCN or OCCN received or sent */
	VPDN_REF_OVER,			/* L2TP_CALL_CLEARED sent */
};

struct vpdn_ref_call;

/* What differs. */
struct vpdn_ref_kind {
	size_t size;			/* of the struct that begins with a struct vpdn_ref_call */
	int request, connect;		/* VPDN_L2TP_*: what we send; 0: the peer does */
	int late_by, late_result;	/* when nothing comes after the request: whose fault, and the CDN */
	const char *late_text;
	/* The AVPs of a call to be placed: 0 or -errno. */
	int (*make)(struct vpdn_ref_call *c, const struct vpdn_ipc_msg *m);
	/* The tunnel is up: why this peer cannot be asked all the same. NULL: it can. */
	const char *(*unsuitable)(struct vpdn_ref_call *c);
	/* L2TP_CALL_CONNECT: the AVPs of the message, before it is sent. 0 or -errno. */
	int (*connecting)(struct vpdn_ref_call *c, const struct vpdn_ipc_msg *m);
	/* A message of the peer in its place; not CDN or SLI. NULL: none comes that matters. */
	void (*message)(struct vpdn_ref_call *c, int msgtype, const uint8_t *avps, size_t len);
	/* What messages other than CDN have besides the lists of request and connect; NULL: nothing. */
	size_t (*build)(struct vpdn_ref_call *c, int msgtype, uint8_t *avps, size_t size);
	/* The call is over; for what it alone has. NULL: nothing. */
	void (*release)(struct vpdn_ref_call *c);
};

struct vpdn_ref_call {
	struct vpdn_call_base base;	/* first */
	const struct vpdn_ref_kind *kind;
	TAILQ_ENTRY(vpdn_ref_call) link;	/* in the tunnel's */
	RB_ENTRY(vpdn_ref_call) by_ref;
	uint32_t ref;
	enum vpdn_ref_state state;
	bool ending;			/* our CDN is on its way */
	struct l2tp_timer *timer;
	struct vpdn_end end;
	char *label;			/* for logs: user="..." or number="..."; NULL: none */
	/* To be added to these messages; may hold credentials: wiped when sent or given up. */
	struct vpdn_kept request, connect;
};

#define vpdn_ref_log(c, level, ...)	vpdn_tunnel_log((c)->base.tunnel, (c)->base.core, (c)->label, level, __VA_ARGS__)

/* The call with this message's CALL_REF, NULL. */
struct vpdn_ref_call *vpdn_ref_find(const struct vpdn_ipc_msg *m);

/* L2TP_CALL_PLACE, L2TP_DIAL_PLACE: 0; a failure is told as the call's end. -EEXIST, -ENOMEM: the message is refused. */
int vpdn_ref_place(const struct vpdn_ref_kind *kind, const struct vpdn_ipc_msg *m);

/*
 * A call that the peer asks for, with a CALL_REF of ours, in state VPDN_REF_ASKED. NULL: no memory. The caller says the rest with
 * vpdn_ref_start_timer() and call_set_priv().
 */
struct vpdn_ref_call *vpdn_ref_asked(const struct vpdn_ref_kind *kind, struct vpdn_tunnel *t, struct call *core);
void vpdn_ref_start_timer(struct vpdn_ref_call *c, uint32_t ms);

/* What the call is called in logs: `what`="...", escaped. */
void vpdn_ref_label(struct vpdn_ref_call *c, const char *what, const uint8_t *p, size_t len);

/* ICRP or OCRP: the timer has done its work. */
void vpdn_ref_accepted(struct vpdn_ref_call *c);

/* We end it: CDN, when the peer knows of it. q931: a cause code, 0 for none. Frees it when the core does not know it. */
void vpdn_ref_end(struct vpdn_ref_call *c, int result, int error, int q931, const char *text);

/* TUNNEL_ID, PEER_TUNNEL_ID, SESSION_ID, PEER_SESSION_ID. */
void vpdn_ref_put_ids(const struct vpdn_ref_call *c, struct vpdn_ipc_builder *b);

#endif
