/* SPDX-License-Identifier: GPL-2.0-or-later */
/* call_fsm.c - see call_fsm.h. */
#include "call_fsm.h"

#include <stddef.h>

#define ROW(state, event, action, next)	{ VPDN_FWD_##state, VPDN_EV_##event, VPDN_ACT_##action, VPDN_FWD_##next }

static const struct vpdn_fwd_row rows[] = {
	ROW(ASKED,		LOCAL,			SAY_LOCAL,		DONE),
	ROW(ASKED,		REJECT,			SAY_REJECT,		DONE),
	ROW(ASKED,		FORWARD,		PLACE,			PLACING),
	ROW(ASKED,		PLUGIN_GONE,		FORGET,			DONE),
	ROW(ASKED,		ADMIN,			SAY_REJECT,		DONE),

	ROW(PLACING,		NO_LNS,			SAY_REJECT,		DONE),
	ROW(PLACING,		READY,			SAY_FORWARD,		CHANNEL_AWAITED),
	ROW(PLACING,		RETRY,			PLACE,			PLACING),
	ROW(PLACING,		CLEARED,		SAY_REJECT,		DONE),
	ROW(PLACING,		L2TP_GONE,		SAY_REJECT,		DONE),
	ROW(PLACING,		PLUGIN_GONE,		CLEAR,			CLEARING),
	ROW(PLACING,		ADMIN,			REJECT_AND_CLEAR,	CLEARING),
	ROW(PLACING,		TIMER,			ABANDON_AND_PLACE,	PLACING),

	ROW(CHANNEL_AWAITED,	CHANNEL,		BRIDGE,			BRIDGING),
	ROW(CHANNEL_AWAITED,	CLEARED,		RELEASE,		DONE),
	ROW(CHANNEL_AWAITED,	L2TP_GONE,		RELEASE,		DONE),
	ROW(CHANNEL_AWAITED,	PLUGIN_GONE,		CLEAR,			CLEARING),
	ROW(CHANNEL_AWAITED,	ADMIN,			RELEASE_AND_CLEAR,	CLEARING),
	ROW(CHANNEL_AWAITED,	TIMER,			RELEASE_AND_CLEAR,	CLEARING),

	ROW(BRIDGING,		BRIDGED,		CONNECT,		CONNECTED),
	ROW(BRIDGING,		BRIDGE_FAILED,		RELEASE_AND_CLEAR,	CLEARING),

	ROW(CONNECTED,		CLEARED,		RELEASE,		DONE),
	ROW(CONNECTED,		L2TP_GONE,		RELEASE,		DONE),
	ROW(CONNECTED,		L2TP_HUP,		AWAIT_CAUSE,		CONNECTED),
	ROW(CONNECTED,		PLUGIN_GONE,		CLEAR,			CLEARING),
	ROW(CONNECTED,		SUBSCRIBER_GONE,	CLEAR,			CLEARING),
	ROW(CONNECTED,		ADMIN,			RELEASE_AND_CLEAR,	CLEARING),
	ROW(CONNECTED,		TIMER,			RELEASE_AND_CLEAR,	CLEARING),

	ROW(CLEARING,		READY,			NOTHING,		CLEARING),
	ROW(CLEARING,		CLEARED,		FORGET,			DONE),
	ROW(CLEARING,		L2TP_GONE,		FORGET,			DONE),
	ROW(CLEARING,		ADMIN,			NOTHING,		CLEARING),
	ROW(CLEARING,		TIMER,			FORGET,			DONE),
};

const struct vpdn_fwd_row *vpdn_fwd_row(enum vpdn_fwd_state state, enum vpdn_fwd_event event)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].state == state && rows[i].event == event)
			return &rows[i];
	return NULL;
}

unsigned int vpdn_fwd_state_ms(enum vpdn_fwd_state state)
{
	switch (state) {
	case VPDN_FWD_CHANNEL_AWAITED:
		return 5000;	/* pppd takes milliseconds for it */
	case VPDN_FWD_CLEARING:
		return 5000;	/* xl2tpd's own retransmission of CDN goes on without us */
	default:
		return 0;
	}
}

#define NAME(name, text)	text,

const char *vpdn_fwd_state_name(enum vpdn_fwd_state state)
{
	static const char *const names[] = { VPDN_FWD_STATES(NAME) };

	return state < VPDN_FWD_STATE_COUNT ? names[state] : "?";
}

const char *vpdn_fwd_event_name(enum vpdn_fwd_event event)
{
	static const char *const names[] = { VPDN_FWD_EVENTS(NAME) };

	return event < VPDN_EV_COUNT ? names[event] : "?";
}

const char *vpdn_fwd_action_name(enum vpdn_fwd_action action)
{
	static const char *const names[] = { VPDN_FWD_ACTIONS(NAME) };

	return action < VPDN_ACT_COUNT ? names[action] : "?";
}
