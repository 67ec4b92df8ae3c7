/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * call_impl.h - between the files that make up calls; others use call.h.
 *
 *	call.c			the set, making and freeing
 *	call_event.c		time, fds, pppd, xl2tpd: what moves a call on
 *	call_step.c		the one function that walks the tables, and the actions that kinds share
 *	call_place.c		choosing a peer and asking xl2tpd for a call to it
 *	call_dialin.c		forwarded subscribers
 *	call_dialout_lns.c	calls that a LAC dials for us
 *	call_dialout_lac.c	calls that we dial for an LNS
 */
#ifndef VPDN_CALL_IMPL_H
#define VPDN_CALL_IMPL_H

#include "call.h"

#define VPDN_FAILURES_KEPT	16u
#define VPDN_LINKS_MAX		16u	/* of one bundle that are looked at */
#define VPDN_PRUNE_AFTER	256u	/* calls: subscribers choose the names of such groups, so their records must not pile up */

RB_HEAD(vpdn_calls_by_id, vpdn_call);
RB_HEAD(vpdn_calls_by_ref, vpdn_call);
RB_HEAD(vpdn_calls_by_bundle, vpdn_call);

struct vpdn_calls {
	struct vpdnd *d;
	struct vpdn_calls_by_id by_id;
	struct vpdn_calls_by_ref by_ref;	/* those that xl2tpd knows */
	struct vpdn_calls_by_bundle by_bundle;	/* those of multilink subscribers */
	size_t n;
	unsigned int n_foreign;		/* of groups that vpdn.conf does not name, since their records were pruned */
	uint32_t last_ref;
	struct vpdn_failure failures[VPDN_FAILURES_KEPT];	/* a ring */
	size_t n_failures;			/* since vpdnd's start */
};

/* An action of the tables: does it, and returns the event that follows from it, or VPDN_EV_NONE. */
typedef enum vpdn_ev vpdn_action_fn(struct vpdn_call *call);

/*
 * Steps through the table until no further event follows. 0, and the call may have
 * been freed; or -EPROTO when the event cannot come in this state: nothing has happened.
 */
int vpdn_call_step(struct vpdn_call *call, enum vpdn_ev event);

/* ---- call.c, call_event.c ---- */

/* A call in state ASKED that keeps a copy of *m. NULL without memory. */
struct vpdn_call *vpdn_call_new(struct vpdnd *d, enum vpdn_call_kind kind, struct vpdn_conn *plugin, const struct vpdn_ipc_msg *m);
/* Frees it with all it owns, without a word to anybody. */
void vpdn_call_free(struct vpdn_call *call);

/* Keeps a copy of `s` in place of what *kept held; "", which it is at first and without memory, needs none. False without memory. */
bool vpdn_text_keep(const char **kept, const char *s);
/* No other peer is going to be offered the call: forgets the credentials in the message that made it. */
void vpdn_call_drop_credentials(struct vpdn_call *call);

/* The call is a link of a multilink bundle, or to become one. */
void vpdn_call_set_bundle(struct vpdn_call *call, uint64_t bundle);
/* The peer that another link of its bundle has in the same group, or is being placed at; NULL: there is none. */
const struct vpdn_usage *vpdn_call_bundle_peer(const struct vpdn_call *call);

/* The number by which xl2tpd knows the call: a new one; a given one, false when it is in use; none any more. */
void vpdn_call_ref_new(struct vpdn_call *call);
bool vpdn_call_ref_set(struct vpdn_call *call, uint32_t ref);
void vpdn_call_ref_drop(struct vpdn_call *call);
/* The call that a message of xl2tpd is about; NULL when there is none, which xl2tpd may be told to clear then. */
struct vpdn_call *vpdn_call_by_ref(struct vpdn_conn *c, const struct vpdn_ipc_msg *m);
struct vpdn_call *vpdn_call_by_ref_or_clear(struct vpdn_conn *c, const struct vpdn_ipc_msg *m);
/* Takes CALL_ERRORS; false when they are not of the right size. */
bool vpdn_call_take_wan(struct vpdn_call *call, const struct vpdn_ipc_msg *m);
/* Takes tunnel and session ids of a message. */
void vpdn_call_take_ids(struct vpdn_call *call, const struct vpdn_ipc_msg *m);

/* Sets why the call ends, for the step that follows. `result` and `error`: of a CDN, 0 when there is none. */
void vpdn_call_set_cause(struct vpdn_call *call, uint16_t result, uint16_t error, uint64_t *counter, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
/* Counts it, once, and keeps failures of dial-out for `show`. */
void vpdn_call_count_cause(struct vpdn_call *call);

/* One line about the call: what happened, and who it is about. */
void vpdn_call_say(const struct vpdn_call *call, int priority, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* How it ended: after how long, why, and what follows. */
void vpdn_call_say_end(const struct vpdn_call *call, const char *follows);

void vpdn_call_set_timer(struct vpdn_call *call, unsigned int ms);
void vpdn_call_on_timer(evutil_socket_t fd, short what, void *arg);
/* A peer is being asked for the call, in whatever state of the subscriber's side. */
bool vpdn_call_asking(const struct vpdn_call *call);
/* Watches the call's connection, if it has one. False without memory. */
bool vpdn_call_watch_access(struct vpdn_call *call);
/* Watches both channels of a session that is bridged. False without memory. */
bool vpdn_call_watch(struct vpdn_call *call);
/* How an attachment to a channel of the call, and the joining of both, ended, see bridge.h. */
void vpdn_call_on_attached(void *arg, int rc, const char *err);
void vpdn_call_on_joined(void *arg, int rc, const char *err);
/* Stops watching both channels. */
void vpdn_call_unwatch(struct vpdn_call *call);
/* Gives a tty's channel the ACCM of the last SLI, if there was one. */
void vpdn_call_apply_accm(struct vpdn_call *call);

/* Lets go of the plugin's connection, which is closed when all that was said has been sent. */
void vpdn_call_drop_plugin(struct vpdn_call *call);
/* Closes bridge and channels, and the call's own connection: pppoe-server then sends PADT. */
void vpdn_call_drop_access(struct vpdn_call *call);
void vpdn_call_drop_config(struct vpdn_call *call);
/* Counts the session. */
bool vpdn_call_count(struct vpdn_usage **u, struct vpdn_usage *of);
/* Ends counting it for the peer that was asked or has the call. */
void vpdn_call_leave_peer(struct vpdn_call *call);
/* No file descriptors are left for another call; sets the cause then. */
bool vpdn_call_no_fds(struct vpdn_call *call, uint64_t *counter);

/* ---- actions: call_step.c, call_place.c ---- */
vpdn_action_fn vpdn_act_clear, vpdn_act_place, vpdn_act_abandon_and_place;
/* call_dialin.c */
vpdn_action_fn vpdn_act_say_local, vpdn_act_say_reject, vpdn_act_say_forward, vpdn_act_taken, vpdn_act_hold, vpdn_act_reject_and_clear,
	       vpdn_act_release, vpdn_act_release_and_clear;
/* call_dialout_lns.c */
vpdn_action_fn vpdn_act_say_dialling, vpdn_act_hand_over, vpdn_act_say_over, vpdn_act_over_and_clear;
/* call_dialout_lac.c */
vpdn_action_fn vpdn_act_start_bearer, vpdn_act_hang_up, vpdn_act_end_both;

/* Says what the call's plugin is to be told while a peer is asked; of dial-out at the LNS only. */
void vpdn_dial_progress(struct vpdn_call *call, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
