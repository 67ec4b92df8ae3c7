/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * call_fsm.h - the states of a forwarded session at the LAC, as a table.
 *
 * call.c steps through it; it knows nothing of fds or messages and is tested by
 * walking every state × event. A pair that is not in the table is a mistake of
 * whoever caused the event.
 *
 *	ASKED            vpdnd decides
 *	PLACING          xl2tpd asks an LNS for the call; the subscriber's credentials are held
 *	CHANNEL_AWAITED  the LNS said ICRP; the plugin is to hand the channel over
 *	BRIDGING         both ends are here (passed through within one event)
 *	CONNECTED        bridged, ICCN sent
 *	CLEARING         CDN asked for, xl2tpd's last word awaited; the subscriber is gone
 *	DONE             freed
 */
#ifndef VPDN_CALL_FSM_H
#define VPDN_CALL_FSM_H

/* X(NAME, "word for logs and show") */
#define VPDN_FWD_STATES(X)				\
	X(ASKED, "asked")				\
	X(PLACING, "placing")				\
	X(CHANNEL_AWAITED, "channel awaited")		\
	X(BRIDGING, "bridging")				\
	X(CONNECTED, "connected")			\
	X(CLEARING, "clearing")				\
	X(DONE, "done")

#define VPDN_FWD_EVENTS(X)				\
	X(NONE, "none")					\
	X(LOCAL, "decided: local")			\
	X(REJECT, "decided: reject")			\
	X(FORWARD, "decided: forward")			\
	X(NO_LNS, "no LNS left")			\
	X(READY, "the LNS took the call")		\
	X(RETRY, "this LNS failed, another may do")	\
	X(CLEARED, "call cleared")			\
	X(L2TP_GONE, "xl2tpd has gone")			\
	X(L2TP_HUP, "L2TP channel hung up")		\
	X(CHANNEL, "channel handed over")		\
	X(BRIDGED, "bridge stands")			\
	X(BRIDGE_FAILED, "bridge failed")		\
	X(PLUGIN_GONE, "pppd has gone")			\
	X(SUBSCRIBER_GONE, "subscriber has gone")	\
	X(ADMIN, "ended by an administrator")		\
	X(TIMER, "time is up")

#define VPDN_FWD_ACTIONS(X)								\
	X(NOTHING, "")									\
	X(SAY_LOCAL, "tell pppd to authenticate itself")				\
	X(SAY_REJECT, "tell pppd to refuse")						\
	X(PLACE, "ask xl2tpd for a call to the next LNS")				\
	X(ABANDON_AND_PLACE, "clear the attempt, then PLACE")				\
	X(SAY_FORWARD, "tell pppd to hand the channel over")				\
	X(BRIDGE, "join both channels")							\
	X(CONNECT, "let xl2tpd send ICCN")						\
	X(FORGET, "nobody is left to be told")						\
	X(REJECT_AND_CLEAR, "refuse the subscriber, ask xl2tpd for CDN")		\
	X(RELEASE, "end the subscriber's side")						\
	X(RELEASE_AND_CLEAR, "end the subscriber's side, ask xl2tpd for CDN")		\
	X(CLEAR, "ask xl2tpd for CDN; the subscriber has gone")				\
	X(AWAIT_CAUSE, "give xl2tpd a moment to say why")

#define VPDN_FWD_ENUM(name, text)	VPDN_FWD_##name,
#define VPDN_EV_ENUM(name, text)	VPDN_EV_##name,
#define VPDN_ACT_ENUM(name, text)	VPDN_ACT_##name,
enum vpdn_fwd_state { VPDN_FWD_STATES(VPDN_FWD_ENUM) VPDN_FWD_STATE_COUNT };
enum vpdn_fwd_event { VPDN_FWD_EVENTS(VPDN_EV_ENUM) VPDN_EV_COUNT };
enum vpdn_fwd_action { VPDN_FWD_ACTIONS(VPDN_ACT_ENUM) VPDN_ACT_COUNT };
#undef VPDN_FWD_ENUM
#undef VPDN_EV_ENUM
#undef VPDN_ACT_ENUM

struct vpdn_fwd_row {
	enum vpdn_fwd_state state;
	enum vpdn_fwd_event event;
	enum vpdn_fwd_action action;
	enum vpdn_fwd_state next;
};

/* The row, or NULL when this event cannot come in this state. */
const struct vpdn_fwd_row *vpdn_fwd_row(enum vpdn_fwd_state state, enum vpdn_fwd_event event);

/* How long a state may last, ms; 0: without end. PLACING's time is the attempt's own. */
unsigned int vpdn_fwd_state_ms(enum vpdn_fwd_state state);

const char *vpdn_fwd_state_name(enum vpdn_fwd_state state);
const char *vpdn_fwd_event_name(enum vpdn_fwd_event event);
const char *vpdn_fwd_action_name(enum vpdn_fwd_action action);

#endif
