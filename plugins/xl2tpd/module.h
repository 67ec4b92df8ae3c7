/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * module.h - what the files of xl2tpd's vpdn module share.
 *
 * module.c	 loading, and from xl2tpd's hooks (hook.h in its source) to the right file
 * vpdnd_link.c	 the connection to vpdnd: HELLO, queue, reconnecting, reporting everything anew
 * groups.c	 which peers may open tunnels, and how; as vpdnd last said
 * pool.c	 addresses given to subscribers
 * tunnels.c	 tunnels, ours and the peers': sharing, idle time, reports
 * calls.c	 calls that vpdnd knows by a CALL_REF, of three kinds:
 * calls_out.c	 LAC: incoming calls placed for vpdnd
 * calls_dialout.c LNS: outgoing calls placed for vpdnd
 * calls_dialed.c LAC: outgoing calls that peers ask for
 * calls_in.c	 LNS: incoming calls of peers, up to the pppd template
 * calls_in_say.c what is said of them, to log, vpdnd and template
 * avp_tlv.c	 AVPs of peers as TLVs, and TLVs as AVPs
 * stats.c	 counters, when vpdnd asks
 * ppp_call.c	 the connection to the template, and to its child, of one such call
 *
 * One thread, xl2tpd's; nothing here blocks. The core's objects are freed when it says so (tunnel_freed, call_freed), ours then or later.
 */
#ifndef VPDN_XL2TPD_MODULE_H
#define VPDN_XL2TPD_MODULE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <bsd/sys/queue.h>
#include <bsd/sys/tree.h>
#include <syslog.h>

#include "avp.h"
#include "hook.h"
#include "ipc.h"
#include "result_code.h"

/* xl2tpd's functions. */
extern const struct l2tp_core_ops *vpdn_core;

/* What `hook args` say. */
struct vpdn_module_args {
	char socket[108];	/* vpdnd's */
	char templates[108];	/* directory of the templates' sockets */
};
extern struct vpdn_module_args vpdn_args;

/* CLOCK_MONOTONIC, ms. */
uint64_t vpdn_now_ms(void);

/* What the peer says of VPDN_AVP_OWN_FEATURES in an ICRQ or ICRP; 0 when it is none of ours. */
uint32_t vpdn_own_features(const uint8_t *avps, size_t len);

/* A socket of the call's session in the kernel, the caller's; or -errno, and *text says for the CDN why there is none. */
int vpdn_session_socket(struct call *core, char *text, size_t size);

/* The AVPs of an ICCN or OCCN: has the LAC Sequencing Required (RFC 2661 4.4.4)? Then the session's data gets sequence numbers. */
void vpdn_session_sequence(int fd, const uint8_t *avps, size_t len);

/* ---- what is to be sent later ---- */

/* A copy, which may hold credentials; p is NULL when there is none. */
struct vpdn_kept {
	uint8_t *p;
	size_t len;
};

/* A copy of what was written. 0, -ENOMEM, or -EMSGSIZE when something did not fit. */
int vpdn_kept_set(struct vpdn_kept *k, const struct vpdn_writer *w);
/* Wipes and frees it; nothing happens when there is none. */
void vpdn_kept_wipe(struct vpdn_kept *k);

/* ---- why something ended ---- */

/* Everything that a CDN or StopCCN can say. Owns its text. */
struct vpdn_end {
	int by;				/* L2TP_BY_* */
	int result, error;		/* -1: none */
	int q931;			/* Q.931 cause, -1: none */
	bool has_cause;
	struct vpdn_ppp_cause cause;	/* RFC 3145; its message is not kept */
	char text[120];			/* escaped when it is a peer's */
};

void vpdn_end_init(struct vpdn_end *e);
/* Result, error, Q.931 cause and text from the core; by too. What the peer's AVPs said stays. */
void vpdn_end_from_core(struct vpdn_end *e, const struct l2tp_cause *why);
/* RFC 3145 cause from the AVPs of a CDN or StopCCN. */
void vpdn_end_from_avps(struct vpdn_end *e, const uint8_t *avps, size_t len);
/* DISC_*, TEXT from a pppd child's message. */
void vpdn_end_from_ipc(struct vpdn_end *e, const struct vpdn_ipc_msg *m);
/* RESULT, ERROR_CODE, Q931_CAUSE, DISC_* and, when there is one, TEXT. */
void vpdn_end_put(const struct vpdn_end *e, struct vpdn_ipc_builder *b);
/* `ended by the peer, result 3 (...): text; Q.931 cause 16 (...)`. Returns buf. */
char *vpdn_end_print(const struct vpdn_end *e, bool stopccn, char *buf, size_t size);

/* ---- groups.c ---- */

struct vpdn_tunnel;
struct vpdn_group_use;

/* One accept block of a group. */
struct vpdn_group {
	STAILQ_ENTRY(vpdn_group) link;
	char name[128];
	uint8_t accepts;		/* enum vpdn_accepts, one bit */
	struct vpdn_group_use *use;
	char local_name[L2TP_NAME_SIZE];
	bool tunnel_auth, hidden;
	char secret[L2TP_NAME_SIZE];
	char template[64];
	uint32_t idle_s, hello_s;
	uint32_t max_sessions;		/* 0: no limit */
	uint8_t lcp_policy;		/* enum vpdn_lcp_policy, 0: not said */
	bool has_pool;
	struct in_addr pool_local, pool_first, pool_last;
	struct in_addr pool_next;	/* where the search for a free address starts */
	unsigned int n_from, n_sources;
	char (*from)[L2TP_NAME_SIZE];	/* accepted Host Names */
	struct vpdn_source { struct in_addr addr; uint8_t prefix_len; } *sources;
};

/* L2TP_CONFIG_BEGIN, L2TP_GROUP and L2TP_CONFIG_END. 0 or -errno; the groups in use change at the end only. */
int vpdn_groups_begin(void);
int vpdn_groups_add(const struct vpdn_ipc_msg *m);
int vpdn_groups_commit(void);
/* For a tunnel of a peer with this Host Name and address; a block that names it is preferred to one for any. NULL: none. */
struct vpdn_group *vpdn_groups_match(const char *peer_name, struct in_addr peer);
/* For a call of that kind in the tunnel: the block of the tunnel's own group, or of another one with the same name and secret of
 * ours; each must suit the peer. NULL: none. */
struct vpdn_group *vpdn_groups_for_call(uint8_t accepts, const struct vpdn_tunnel *t, const char *peer_name);
/* Is there a block of that kind, whoever it is for? */
bool vpdn_groups_accept(uint8_t accepts);
/* NULL when it was removed. */
struct vpdn_group *vpdn_groups_find(const char *name, uint8_t accepts);
/* Calls of a block: has it as many as it may (MAX_SESSIONS)? One more; one less, also when the block was removed (NULL is fine). */
bool vpdn_group_full(const struct vpdn_group *g);
struct vpdn_group_use *vpdn_group_enter(struct vpdn_group *g);
void vpdn_group_leave(struct vpdn_group_use *u);
void vpdn_groups_free(void);

/* ---- pool.c ---- */

/* A free address of the group's pool, taken; false when there is none. */
bool vpdn_pool_take(struct vpdn_group *g, struct in_addr *addr);
void vpdn_pool_give_back(struct in_addr addr);

/* ---- tunnels.c ---- */

struct vpdn_ref_call;
struct vpdn_call_in;

struct vpdn_tunnel {
	TAILQ_ENTRY(vpdn_tunnel) link;
	RB_ENTRY(vpdn_tunnel) by_tid, by_peer;
	struct tunnel *core;
	uint16_t tid;			/* ours */
	bool outgoing, up, closing;
	char group[128];
	char local_name[L2TP_NAME_SIZE];
	char secret[L2TP_NAME_SIZE];
	char assignment[L2TP_NAME_SIZE];	/* RFC 2868 3.7; "": none, as the peer's */
	char remote_name[L2TP_NAME_SIZE];	/* that the peer of one of ours must have; "": any */
	struct in_addr peer, source;
	in_port_t port;			/* network byte order, 0: 1701 */
	uint32_t idle_s;
	struct l2tp_timer *idle;
	uint64_t since_ms;
	unsigned int sessions;
	struct vpdn_end end;
	TAILQ_HEAD(, vpdn_ref_call) ref_calls;	/* waiting ones included */
	TAILQ_HEAD(, vpdn_call_in) calls_in;
};

/* What decides whether a placed call can use a tunnel, and what a new one is made of. */
struct vpdn_tunnel_want {
	char group[128];
	char local_name[L2TP_NAME_SIZE], secret[L2TP_NAME_SIZE];	/* secret "": no tunnel authentication */
	bool hidden;
	struct in_addr peer, source;
	in_port_t port;			/* network byte order, 0: 1701 */
	uint32_t idle_s, hello_s;
	char assignment[L2TP_NAME_SIZE];	/* the tunnel's; "": one without */
	char remote_name[L2TP_NAME_SIZE];	/* the peer's Host Name; "": any */
	bool own;			/* only a tunnel that we opened for this group */
	uint32_t sessions;		/* in one tunnel at most; 0: no limit */
	uint32_t peer_tunnels, group_tunnels;	/* of this group at most, to this peer and in all; 0: no limit */
};

/*
 * A tunnel like that, ours that is open or opening or the peer's that is open, or a new one. NULL and *err = -errno; -EUSERS, -EDQUOT:
 * peer_tunnels or group_tunnels are open.
 */
struct vpdn_tunnel *vpdn_tunnel_get(const struct vpdn_tunnel_want *want, int *err);
struct vpdn_tunnel *vpdn_tunnel_find(uint16_t tid);
/* Ends a call that the peer has just asked for, with a line in the log. Always L2TP_REFUSE. */
int vpdn_call_refuse(const struct vpdn_tunnel *t, struct call *core, int result, int error, const char *text);
/* The block that takes one more call of this kind (enum vpdn_accepts) in the tunnel. NULL: there is none, and the call is refused. */
struct vpdn_group *vpdn_call_admit(const struct vpdn_tunnel *t, struct call *core, uint8_t accepts);
/* The tunnel after t, the first one for NULL; NULL at the end. */
struct vpdn_tunnel *vpdn_tunnel_next(struct vpdn_tunnel *t);
void vpdn_tunnel_close(struct vpdn_tunnel *t, int result, const char *text);
/* A call of any kind has come or gone: idle time, report. */
void vpdn_tunnel_call_added(struct vpdn_tunnel *t);
void vpdn_tunnel_call_removed(struct vpdn_tunnel *t);
/* L2TP_TUNNEL_STATE and L2TP_CALL_STATE of all that exists. */
void vpdn_tunnels_report(void);
/* xl2tpd ends. */
void vpdn_tunnels_stop(void);
/* vpdnd has gone: ends the calls it had placed. */
void vpdn_tunnels_clear_placed(void);

/* From the core, see hook.h. */
int vpdn_tunnel_on_request(struct tunnel *core, const struct l2tp_tunnel_info *info, struct l2tp_tunnel_params *params,
			   void **priv, struct l2tp_cause *why);
/* SCCRP: L2TP_ACCEPT or L2TP_REFUSE. */
int vpdn_tunnel_on_reply(struct vpdn_tunnel *t);
void vpdn_tunnel_on_up(struct tunnel *core, void *priv);
void vpdn_tunnel_on_down(struct tunnel *core, void *priv, const struct l2tp_cause *why);
void vpdn_tunnel_on_freed(struct tunnel *core, void *priv);

/* One line about a tunnel or, with its core object, a call: `tunnel=1/2 session=3/4 peer=192.0.2.1 LABEL: ...` */
void vpdn_tunnel_log(const struct vpdn_tunnel *t, const struct call *call, const char *label, int level, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* ---- what the core knows as a call's priv ---- */

struct vpdn_call_base;

/* From the core, see hook.h. */
struct vpdn_call_ops {
	void (*message)(struct vpdn_call_base *base, int msgtype, const uint8_t *avps, size_t len);
	size_t (*build)(struct vpdn_call_base *base, int msgtype, uint8_t *avps, size_t size);
	void (*down)(struct vpdn_call_base *base, const struct l2tp_cause *why);
	void (*freed)(struct vpdn_call_base *base);
};

struct vpdn_call_base {
	const struct vpdn_call_ops *ops;
	struct vpdn_tunnel *tunnel;
	struct call *core;		/* NULL before our request is sent and after call_freed */
};

/* ---- avp_tlv.c: AVPs as received, the core has revealed hidden ones; and AVPs to be sent ---- */

typedef void vpdn_avp_fn(void *arg, const struct vpdn_avp *avp);
/* Calls fn with each AVP that can be used. */
void vpdn_avps_each(const uint8_t *avps, size_t len, vpdn_avp_fn *fn, void *arg);

/* Which TLVs there are already; 0 at first. */
struct vpdn_avp_seen {
	uint32_t rows;			/* a bit a row of the table */
	uint8_t line[32];		/* a bit a type of the Broadband Forum's AVPs */
};
struct vpdn_avp_tlvs {
	struct vpdn_ipc_builder *b;
	struct vpdn_avp_seen seen;
};
/* Puts the AVP's TLV, the first of its kind only. False when there is no TLV for it. */
bool vpdn_avp_tlv_put(struct vpdn_avp_tlvs *s, const struct vpdn_avp *avp);
bool vpdn_avp_tlv_seen(const struct vpdn_avp_tlvs *s, uint16_t tlv);
/* The same for a whole message. */
void vpdn_avp_tlvs_put(struct vpdn_avp_tlvs *s, const uint8_t *avps, size_t len);

struct vpdn_avp_value {
	uint16_t type;
	bool found;
	size_t len;
	uint8_t value[VPDN_AVP_MAX_VALUE];
};
/* The first AVP of that IETF type, copied. False when there is none. */
bool vpdn_avps_value(const uint8_t *avps, size_t len, uint16_t type, struct vpdn_avp_value *v);
/* The same, escaped for people; "" when there is none. */
void vpdn_avps_text(const uint8_t *avps, size_t len, uint16_t type, char *buf, size_t size);

/* The AVP of an IETF number, when the message has the TLV. */
void vpdn_avp_from_number(struct vpdn_writer *w, const struct vpdn_ipc_msg *m, uint16_t tlv, uint16_t type);
/* The same for octets; they are left out when they are longer than the AVP may be: the call is worth more than its label. */
void vpdn_avp_from_octets(struct vpdn_writer *w, const struct vpdn_ipc_msg *m, uint16_t tlv, uint16_t vendor, uint16_t type);
/* (Tx) Connect Speed, Framing Type, and Rx Connect Speed when it differs: ICCN, OCCN. */
void vpdn_avp_put_connection(struct vpdn_writer *w, const struct vpdn_ipc_msg *m, uint32_t default_speed);

/* ---- calls.c and its kinds: from vpdnd (m->type says what), from the tunnel ---- */

int vpdn_calls_out_place(const struct vpdn_ipc_msg *m);
int vpdn_calls_dialout_place(const struct vpdn_ipc_msg *m);
int vpdn_calls_dialout_link_info(const struct vpdn_ipc_msg *m);
/* OCRQ: L2TP_ACCEPT or L2TP_REFUSE. */
int vpdn_calls_dialed_request(struct vpdn_tunnel *t, struct call *core, const uint8_t *avps, size_t len);
int vpdn_calls_dialed_accept(const struct vpdn_ipc_msg *m);
int vpdn_calls_dialed_errors(const struct vpdn_ipc_msg *m);
int vpdn_calls_connect(const struct vpdn_ipc_msg *m);
int vpdn_calls_clear(const struct vpdn_ipc_msg *m);
void vpdn_calls_tunnel_up(struct vpdn_tunnel *t);
/* The tunnel is gone before these calls were asked for; instead: where they can wait now, or NULL. */
void vpdn_calls_tunnel_down(struct vpdn_tunnel *t, struct vpdn_tunnel *instead);
/* Ends all of a tunnel's calls with CDN 2. */
void vpdn_calls_end_all(struct vpdn_tunnel *t, const char *text);

/* ---- calls_in.c ---- */

/* L2TP_ACCEPT or L2TP_REFUSE. */
int vpdn_calls_in_request(struct vpdn_tunnel *t, struct call *core, const uint8_t *avps, size_t len);
/* L2TP_SESSION_CLEAR. */
int vpdn_calls_in_clear(const struct vpdn_ipc_msg *m);
void vpdn_calls_in_report(struct vpdn_tunnel *t);
/* Calls whose tunnel is gone, but not yet their pppd. */
void vpdn_calls_in_report_orphans(void);
/* xl2tpd ends: the connections to all pppds are closed. */
void vpdn_calls_in_stop(void);

/* ---- ppp_call.c ---- */

enum vpdn_ppp_event {
	VPDN_PPP_STARTED, VPDN_PPP_INFO, VPDN_PPP_UP, VPDN_PPP_ENDING, VPDN_PPP_ENDED,	/* m is the message */
	VPDN_PPP_REFUSED,	/* no template, or it cannot; text says why. Nothing follows */
	VPDN_PPP_GONE,		/* the child is dead. Nothing follows */
};

struct vpdn_ppp_call;
typedef void vpdn_ppp_fn(void *arg, enum vpdn_ppp_event event, const struct vpdn_ipc_msg *m, const char *text);

/*
 * Sends the finished CALL_START in *b with the session's socket `fd` (owned from now on, also on failure) to a template. What
 * becomes of it is told through `fn`, never before this returns. NULL: no memory.
 */
struct vpdn_ppp_call *vpdn_ppp_start(const char *template, struct vpdn_ipc_builder *b, int fd, vpdn_ppp_fn *fn, void *arg);
/* Sends the finished CALL_CONNECTED in *b, once, when the template has CALL_START. 0 or -errno; of what fails later `fn` is told. */
int vpdn_ppp_connected(struct vpdn_ppp_call *p, const struct vpdn_ipc_builder *b);
/* Ends the call in good order: LCP Terminate-Request. */
void vpdn_ppp_close(struct vpdn_ppp_call *p, const char *text);
/* The session is gone under it: the child ends at once. VPDN_PPP_GONE follows. */
void vpdn_ppp_hangup(struct vpdn_ppp_call *p);
/* The child may stay as long as it likes after PPP is over: it owns a multilink bundle whose other links go on. */
void vpdn_ppp_may_stay(struct vpdn_ppp_call *p);
/* PPP is over; the child has some seconds to leave. */
void vpdn_ppp_drain(struct vpdn_ppp_call *p);
/* Forgets it; nothing is told any more. NULL is fine. */
void vpdn_ppp_free(struct vpdn_ppp_call *p);

/* ---- stats.c ---- */

/* L2TP_STATS_ASK. */
int vpdn_stats_ask(const struct vpdn_ipc_msg *m);

/* ---- vpdnd_link.c ---- */

void vpdn_link_start(void);
void vpdn_link_stop(void);
bool vpdn_link_up(void);
/*
 * Sends a message, or queues it, with up to one fd, which stays the caller's. Without vpdnd it is dropped: everything is reported
 * anew when it is back.
 */
void vpdn_link_send(struct vpdn_ipc_builder *b, int fd);

#endif
