/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bearer_fsm.h - the states of one bearer, as a table. bearer.c steps through it.
 *
 *	DIALLING    its kind brings it up; its time runs
 *	UP          vpdnd has its channel
 *	HANGING_UP  its kind takes it down; what is to be said about it is settled
 *	DONE        the last word is said; freed
 */
#ifndef VPDN_BEARER_FSM_H
#define VPDN_BEARER_FSM_H

/* X(NAME, "word for logs") */
#define VPDN_BEARER_STATES(X)			\
	X(DIALLING, "dialling")			\
	X(UP, "up")				\
	X(HANGING_UP, "hanging up")		\
	X(DONE, "done")

#define VPDN_BEARER_EVENTS(X)			\
	X(CAME_UP, "the line is up")		\
	X(FAILED, "dialling failed")		\
	X(LOST, "the line is lost")		\
	X(CLEAR, "cleared")			\
	X(TIMER, "time is up")			\
	X(HUNG_UP, "hung up")

enum vpdn_bearer_action {
	VPDN_BEARER_ACT_NOTHING,
	VPDN_BEARER_ACT_SAY_UP,		/* give the channel to vpdnd */
	VPDN_BEARER_ACT_HANG_UP,
	VPDN_BEARER_ACT_SAY_OVER,
};

#define VPDN_BEARER_ENUM(name, text)		VPDN_BEARER_##name,
#define VPDN_BEARER_EV_ENUM(name, text)		VPDN_BEARER_EV_##name,
enum vpdn_bearer_state { VPDN_BEARER_STATES(VPDN_BEARER_ENUM) VPDN_BEARER_STATE_COUNT };
enum vpdn_bearer_event { VPDN_BEARER_EVENTS(VPDN_BEARER_EV_ENUM) VPDN_BEARER_EV_COUNT };
#undef VPDN_BEARER_ENUM
#undef VPDN_BEARER_EV_ENUM

struct vpdn_bearer_row {
	enum vpdn_bearer_state state;
	enum vpdn_bearer_event event;
	enum vpdn_bearer_action action;
	enum vpdn_bearer_state next;
};

/* The row, or NULL when this event cannot come in this state. */
const struct vpdn_bearer_row *vpdn_bearer_row(enum vpdn_bearer_state state, enum vpdn_bearer_event event);

const char *vpdn_bearer_state_name(enum vpdn_bearer_state state);
const char *vpdn_bearer_event_name(enum vpdn_bearer_event event);

#endif
