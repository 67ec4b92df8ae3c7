/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * call_fsm.h - the lives of vpdnd's calls, as one table for each kind.
 *
 * call_step.c walks through them; they know nothing of fds or messages and are tested
 * by walking every state × event. A pair that is not in a kind's table is a mistake of
 * whoever caused the event.
 *
 *	ASKED            vpdnd decides: dial-in waits for AAA, which has a time of its own (select.h); else left within the event that began it
 *	PLACING          xl2tpd asks a peer for the call; who wants it waits
 *	CHANNEL_AWAITED  the LNS said ICRP; the plugin is to hand the subscriber's channel over
 *	PLACING_AGAIN    that LNS has given the call up meanwhile; the next one is asked, and the channel is on its way
 *	CHANNEL_HELD     same, and the channel is here
 *	DIALLING         a LAC dials: OCRP has come (LNS), or vpdn-dialer brings the bearer up (LAC)
 *	BRIDGING         both ends are here; the kernel says which channels they have, and joins them
 *	CONNECTED        bridged or handed over, ICCN or OCCN sent or received
 *	CLEARING         CDN asked for, xl2tpd's last word awaited; everybody else is gone
 *	HANGING_UP       vpdn-dialer's last word awaited; the L2TP call is gone
 *	ENDING           the last words of both awaited
 *	DONE             freed
 */
#ifndef VPDN_CALL_FSM_H
#define VPDN_CALL_FSM_H

/* X(NAME, "word for logs and show") */
#define VPDN_KINDS(X)					\
	X(DIALIN_LAC, "dial-in, LAC")			\
	X(DIALOUT_LNS, "dial-out, LNS")			\
	X(DIALOUT_LAC, "dial-out, LAC")

#define VPDN_STATES(X)					\
	X(ASKED, "asked")				\
	X(PLACING, "placing")				\
	X(CHANNEL_AWAITED, "channel awaited")		\
	X(PLACING_AGAIN, "placing again")		\
	X(CHANNEL_HELD, "placing again, channel held")	\
	X(DIALLING, "dialling")				\
	X(BRIDGING, "bridging")				\
	X(CONNECTED, "connected")			\
	X(CLEARING, "clearing")				\
	X(HANGING_UP, "hanging up")			\
	X(ENDING, "ending")				\
	X(DONE, "done")

#define VPDN_EVENTS(X)					\
	X(NONE, "none")					\
	X(LOCAL, "decided: local")			\
	X(REJECT, "decided: reject")			\
	X(FORWARD, "decided: forward")			\
	X(DIAL, "decided: dial")			\
	X(NO_PEER, "no peer left")			\
	X(READY, "the LNS took the call")		\
	X(ACCEPTED, "the LAC dials")			\
	X(ANSWERED, "the LAC's bearer is up")		\
	X(RETRY, "this peer failed, another may do")	\
	X(CLEARED, "call cleared")			\
	X(L2TP_GONE, "xl2tpd has gone")			\
	X(L2TP_HUP, "L2TP channel hung up")		\
	X(CHANNEL, "channel handed over")		\
	X(BEARER_UP, "bearer is up")			\
	X(BEARER_OVER, "bearer is over")		\
	X(DIALER_GONE, "vpdn-dialer has gone")		\
	X(ACCESS_HUP, "bearer's channel hung up")	\
	X(ATTACHED, "attached to a channel")		\
	X(BRIDGED, "bridge stands")			\
	X(BRIDGE_FAILED, "bridge failed")		\
	X(PLUGIN_GONE, "pppd has gone")			\
	X(SUBSCRIBER_GONE, "subscriber has gone")	\
	X(ADMIN, "ended by an administrator")		\
	X(TIMER, "time is up")

#define VPDN_ACTIONS(X)									\
	X(NOTHING, "")									\
	X(FORGET, "nobody is left to be told")						\
	X(PLACE, "ask xl2tpd for a call to the next peer")				\
	X(ABANDON_AND_PLACE, "clear the attempt, then PLACE")				\
	X(BRIDGE, "join both channels when both are attached")				\
	X(CONNECT, "let xl2tpd send ICCN or OCCN")					\
	X(CLEAR, "ask xl2tpd for CDN; nobody else is left")				\
	X(AWAIT_CAUSE, "give the side that hung up a moment to say why")		\
	X(SAY_LOCAL, "tell pppd to authenticate itself")				\
	X(SAY_REJECT, "tell pppd to refuse")						\
	X(SAY_FORWARD, "tell pppd to hand the channel over")				\
	X(TAKEN, "wait for the channel, which pppd was told to hand over")		\
	X(HOLD, "keep the channel until an LNS has taken the call")			\
	X(REJECT_AND_CLEAR, "refuse the subscriber, ask xl2tpd for CDN")		\
	X(RELEASE, "end the subscriber's side")						\
	X(RELEASE_AND_CLEAR, "end the subscriber's side, ask xl2tpd for CDN")		\
	X(SAY_DIALLING, "tell pppd that the LAC dials")					\
	X(HAND_OVER, "give pppd the session's socket")					\
	X(SAY_OVER, "tell pppd that the call is over")					\
	X(OVER_AND_CLEAR, "tell pppd, ask xl2tpd for CDN")				\
	X(START_BEARER, "let xl2tpd send OCRP, vpdn-dialer dial")			\
	X(HANG_UP, "let vpdn-dialer hang up")						\
	X(END_BOTH, "ask xl2tpd for CDN, let vpdn-dialer hang up")

#define VPDN_KIND_ENUM(name, text)	VPDN_##name,
#define VPDN_ST_ENUM(name, text)	VPDN_ST_##name,
#define VPDN_EV_ENUM(name, text)	VPDN_EV_##name,
#define VPDN_ACT_ENUM(name, text)	VPDN_ACT_##name,
enum vpdn_call_kind { VPDN_KINDS(VPDN_KIND_ENUM) VPDN_KIND_COUNT };
enum vpdn_st { VPDN_STATES(VPDN_ST_ENUM) VPDN_ST_COUNT };
enum vpdn_ev { VPDN_EVENTS(VPDN_EV_ENUM) VPDN_EV_COUNT };
enum vpdn_act { VPDN_ACTIONS(VPDN_ACT_ENUM) VPDN_ACT_COUNT };
#undef VPDN_KIND_ENUM
#undef VPDN_ST_ENUM
#undef VPDN_EV_ENUM
#undef VPDN_ACT_ENUM

struct vpdn_fsm_row {
	enum vpdn_st state;
	enum vpdn_ev event;
	enum vpdn_act action;
	enum vpdn_st next;
};

/* The row, or NULL when this event cannot come in this state of such a call. */
const struct vpdn_fsm_row *vpdn_fsm_row(enum vpdn_call_kind kind, enum vpdn_st state, enum vpdn_ev event);

/* How long a state may last, ms; 0: without end, or as long as what began it says. */
unsigned int vpdn_fsm_state_ms(enum vpdn_st state);

const char *vpdn_kind_name(enum vpdn_call_kind kind);
const char *vpdn_st_name(enum vpdn_st state);
const char *vpdn_ev_name(enum vpdn_ev event);
const char *vpdn_act_name(enum vpdn_act action);

#endif
