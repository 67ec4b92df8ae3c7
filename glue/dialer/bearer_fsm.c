/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bearer_fsm.c - see bearer_fsm.h. */
#include "bearer_fsm.h"

#include <stddef.h>

#define ROW(state, event, action, next)	\
	{ VPDN_BEARER_##state, VPDN_BEARER_EV_##event, VPDN_BEARER_ACT_##action, VPDN_BEARER_##next }

static const struct vpdn_bearer_row rows[] = {
	ROW(DIALLING,	CAME_UP,	SAY_UP,		UP),
	ROW(DIALLING,	FAILED,		HANG_UP,	HANGING_UP),
	ROW(DIALLING,	CLEAR,		HANG_UP,	HANGING_UP),
	ROW(DIALLING,	TIMER,		HANG_UP,	HANGING_UP),

	ROW(UP,		LOST,		HANG_UP,	HANGING_UP),
	ROW(UP,		CLEAR,		HANG_UP,	HANGING_UP),

	ROW(HANGING_UP,	CLEAR,		NOTHING,	HANGING_UP),
	ROW(HANGING_UP,	HUNG_UP,	SAY_OVER,	DONE),
	ROW(HANGING_UP,	TIMER,		SAY_OVER,	DONE),
};

const struct vpdn_bearer_row *vpdn_bearer_row(enum vpdn_bearer_state state, enum vpdn_bearer_event event)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].state == state && rows[i].event == event)
			return &rows[i];
	return NULL;
}

#define NAME(name, text)	text,

const char *vpdn_bearer_state_name(enum vpdn_bearer_state state)
{
	static const char *const names[] = { VPDN_BEARER_STATES(NAME) };

	return state < VPDN_BEARER_STATE_COUNT ? names[state] : "?";
}

const char *vpdn_bearer_event_name(enum vpdn_bearer_event event)
{
	static const char *const names[] = { VPDN_BEARER_EVENTS(NAME) };

	return event < VPDN_BEARER_EV_COUNT ? names[event] : "?";
}
