/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_call_fsm.c - the tables of vpdnd's calls, each walked over every state and event:
 * nothing that can come at any time is missing, nobody is left without an answer,
 * and every state has a way to the end.
 */
#include "unit.h"

#include <stdbool.h>

#include "glue/call_fsm.h"

static const struct vpdn_fsm_row *row(int kind, int state, int event)
{
	return vpdn_fsm_row((enum vpdn_call_kind)kind, (enum vpdn_st)state, (enum vpdn_ev)event);
}

/* Every row of every kind. */
#define EACH_ROW(k, s, e, r) \
	for (int k = 0; k < VPDN_KIND_COUNT; k++) \
		for (int s = 0; s < VPDN_ST_COUNT; s++) \
			for (int e = 0; e < VPDN_EV_COUNT; e++) \
				for (const struct vpdn_fsm_row *r = row(k, s, e); r; r = NULL)

static bool used(int kind, int state)
{
	for (int e = 0; e < VPDN_EV_COUNT; e++)
		if (row(kind, state, e))
			return true;
	return false;
}

/* Who still waits for a word of vpdnd in a state. */
static bool pppd_waits(int kind, int s)
{
	return (kind == VPDN_DIALIN_LAC && (s == VPDN_ST_ASKED || s == VPDN_ST_PLACING)) ||
	       (kind == VPDN_DIALOUT_LNS && s < VPDN_ST_CLEARING);
}

static bool access_is_ours(int kind, int s)
{
	return kind != VPDN_DIALOUT_LNS && (s == VPDN_ST_BRIDGING || s == VPDN_ST_CONNECTED || s == VPDN_ST_CHANNEL_HELD);
}

static bool bearer_is_out(int kind, int s)
{
	return kind == VPDN_DIALOUT_LAC && (s == VPDN_ST_DIALLING || s == VPDN_ST_BRIDGING || s == VPDN_ST_CONNECTED ||
					    s == VPDN_ST_HANGING_UP || s == VPDN_ST_ENDING);
}

static bool l2tp_is_out(int kind, int s)
{
	return (s > VPDN_ST_ASKED && s <= VPDN_ST_CLEARING) || s == VPDN_ST_ENDING || (kind == VPDN_DIALOUT_LAC && s == VPDN_ST_ASKED);
}

static bool one_of(enum vpdn_act a, const enum vpdn_act *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == a)
			return true;
	return false;
}

#define ONE_OF(a, ...) one_of(a, (const enum vpdn_act[]){ __VA_ARGS__ }, COUNT(((const enum vpdn_act[]){ __VA_ARGS__ })))

static void every_state_and_event(void **state)
{
	size_t rows[VPDN_KIND_COUNT] = { 0 };

	(void)state;
	EACH_ROW(k, s, e, r) {
		rows[k]++;
		assert_int_equal(r->state, s);
		assert_int_equal(r->event, e);
		assert_true(r->action < VPDN_ACT_COUNT);
		assert_true(r->next < VPDN_ST_COUNT);
		assert_true(r->next != VPDN_ST_ASKED || s == VPDN_ST_ASKED);
		/* Wherever it leads, it goes on from there. */
		assert_true(r->next == VPDN_ST_DONE || used(k, (int)r->next));
	}
	for (int k = 0; k < VPDN_KIND_COUNT; k++)
		assert_true(rows[k] > 20);
}

static void nothing_comes_after_the_end(void **state)
{
	(void)state;
	EACH_ROW(k, s, e, r) {
		assert_int_not_equal(s, VPDN_ST_DONE);
		assert_int_not_equal(e, VPDN_EV_NONE);
	}
}

/* xl2tpd may go, it may say that the call is over, an administrator may act, time may be up. */
static void what_can_come_at_any_time_is_foreseen(void **state)
{
	(void)state;
	for (int k = 0; k < VPDN_KIND_COUNT; k++) {
		for (int s = VPDN_ST_ASKED + 1; s < VPDN_ST_DONE; s++) {
			if (!used(k, s))
				continue;
			assert_non_null(row(k, s, VPDN_EV_L2TP_GONE));
			assert_non_null(row(k, s, VPDN_EV_ADMIN));
			if (l2tp_is_out(k, s))
				assert_non_null(row(k, s, VPDN_EV_CLEARED));
			if (bearer_is_out(k, s)) {
				assert_non_null(row(k, s, VPDN_EV_DIALER_GONE));
				assert_non_null(row(k, s, VPDN_EV_BEARER_OVER));
			}
			if (bearer_is_out(k, s) && s != VPDN_ST_BRIDGING && s != VPDN_ST_CONNECTED)
				assert_non_null(row(k, s, VPDN_EV_BEARER_UP));
			if (k != VPDN_DIALOUT_LAC && s < VPDN_ST_CLEARING)
				assert_non_null(row(k, s, VPDN_EV_PLUGIN_GONE));
			if (k == VPDN_DIALOUT_LNS) {
				assert_true(s == VPDN_ST_DIALLING || row(k, s, VPDN_EV_ACCEPTED));
				assert_true(s == VPDN_ST_CONNECTED || row(k, s, VPDN_EV_ANSWERED));
			}
		}
	}
	assert_non_null(row(VPDN_DIALIN_LAC, VPDN_ST_CONNECTED, VPDN_EV_SUBSCRIBER_GONE));
	assert_non_null(row(VPDN_DIALIN_LAC, VPDN_ST_CHANNEL_HELD, VPDN_EV_SUBSCRIBER_GONE));
	assert_non_null(row(VPDN_DIALIN_LAC, VPDN_ST_BRIDGING, VPDN_EV_SUBSCRIBER_GONE));
	assert_non_null(row(VPDN_DIALIN_LAC, VPDN_ST_BRIDGING, VPDN_EV_RETRY));
	assert_non_null(row(VPDN_DIALIN_LAC, VPDN_ST_ASKED, VPDN_EV_PLUGIN_GONE));
	assert_non_null(row(VPDN_DIALIN_LAC, VPDN_ST_ASKED, VPDN_EV_ADMIN));
	assert_non_null(row(VPDN_DIALIN_LAC, VPDN_ST_ASKED, VPDN_EV_L2TP_GONE));
}

/* A state that waits for one side has a time of its own, and an end when it is up. */
static void states_that_wait_have_a_time(void **state)
{
	static const enum vpdn_st waiting[] = { VPDN_ST_CHANNEL_AWAITED, VPDN_ST_BRIDGING, VPDN_ST_CLEARING, VPDN_ST_HANGING_UP,
						 VPDN_ST_ENDING };

	(void)state;
	for (size_t i = 0; i < COUNT(waiting); i++) {
		assert_true(vpdn_fsm_state_ms(waiting[i]) > 0);
		for (int k = 0; k < VPDN_KIND_COUNT; k++)
			assert_true(!used(k, waiting[i]) || row(k, waiting[i], VPDN_EV_TIMER));
	}
	for (int k = 0; k < VPDN_KIND_COUNT; k++) {
		assert_true(!used(k, VPDN_ST_PLACING) || row(k, VPDN_ST_PLACING, VPDN_EV_TIMER));
		assert_true(!used(k, VPDN_ST_PLACING_AGAIN) || row(k, VPDN_ST_PLACING_AGAIN, VPDN_EV_TIMER));
		assert_true(!used(k, VPDN_ST_CHANNEL_HELD) || row(k, VPDN_ST_CHANNEL_HELD, VPDN_EV_TIMER));
		assert_true(!used(k, VPDN_ST_DIALLING) || row(k, VPDN_ST_DIALLING, VPDN_EV_TIMER));
	}
	assert_int_equal(vpdn_fsm_state_ms(VPDN_ST_CONNECTED), 0);
}

/* Leaving a state in which somebody waits or fds are held always does what is due to each. */
static void nobody_is_left_without_an_answer(void **state)
{
	(void)state;
	EACH_ROW(k, s, e, r) {
		bool l2tp_knows = e == VPDN_EV_CLEARED || e == VPDN_EV_L2TP_GONE || e == VPDN_EV_NO_PEER || e == VPDN_EV_RETRY;
		bool bearer_knows = e == VPDN_EV_BEARER_OVER || e == VPDN_EV_DIALER_GONE;

		if (r->next < VPDN_ST_CLEARING || s >= VPDN_ST_CLEARING)
			continue;
		if (pppd_waits(k, s) && e != VPDN_EV_PLUGIN_GONE)
			assert_true(ONE_OF(r->action, VPDN_ACT_SAY_LOCAL, VPDN_ACT_SAY_REJECT, VPDN_ACT_REJECT_AND_CLEAR,
					   VPDN_ACT_SAY_OVER, VPDN_ACT_OVER_AND_CLEAR));
		if (access_is_ours(k, s))
			assert_true(ONE_OF(r->action, VPDN_ACT_RELEASE, VPDN_ACT_RELEASE_AND_CLEAR, VPDN_ACT_CLEAR, VPDN_ACT_HANG_UP,
					   VPDN_ACT_END_BOTH));
		if (l2tp_is_out(k, s) && !l2tp_knows) {
			assert_true(ONE_OF(r->action, VPDN_ACT_CLEAR, VPDN_ACT_RELEASE_AND_CLEAR, VPDN_ACT_REJECT_AND_CLEAR,
					   VPDN_ACT_OVER_AND_CLEAR, VPDN_ACT_END_BOTH));
			assert_true(r->next == VPDN_ST_CLEARING || r->next == VPDN_ST_ENDING);
		}
		if (bearer_is_out(k, s) && !bearer_knows) {
			assert_true(ONE_OF(r->action, VPDN_ACT_HANG_UP, VPDN_ACT_END_BOTH));
			assert_true(r->next == VPDN_ST_HANGING_UP || r->next == VPDN_ST_ENDING);
		}
	}
}

/* What is ending waits for exactly those who have not spoken yet. */
static void both_last_words_are_awaited(void **state)
{
	(void)state;
	EACH_ROW(k, s, e, r) {
		if (s < VPDN_ST_CLEARING || e == VPDN_EV_TIMER)
			continue;
		if (e == VPDN_EV_CLEARED || e == VPDN_EV_L2TP_GONE)
			assert_int_equal(r->next, s == VPDN_ST_CLEARING ? VPDN_ST_DONE : VPDN_ST_HANGING_UP);
		else if (e == VPDN_EV_BEARER_OVER || e == VPDN_EV_DIALER_GONE)
			assert_int_equal(r->next, s == VPDN_ST_HANGING_UP ? VPDN_ST_DONE : VPDN_ST_CLEARING);
		else
			assert_int_equal(r->next, s);
	}
}

static void every_state_reaches_the_end(void **state)
{
	(void)state;
	for (int k = 0; k < VPDN_KIND_COUNT; k++) {
		bool ends[VPDN_ST_COUNT] = { [VPDN_ST_DONE] = true };

		for (int round = 0; round < VPDN_ST_COUNT; round++)
			for (int s = 0; s < VPDN_ST_COUNT; s++)
				for (int e = 0; e < VPDN_EV_COUNT; e++)
					ends[s] = ends[s] || (row(k, s, e) && ends[row(k, s, e)->next]);
		for (int s = 0; s < VPDN_ST_COUNT; s++)
			assert_true(ends[s] || !used(k, s));
	}
}

struct step {
	enum vpdn_ev event;
	enum vpdn_act action;
	enum vpdn_st next;
};

static void walk(enum vpdn_call_kind kind, const struct step *way, size_t n)
{
	enum vpdn_st s = VPDN_ST_ASKED;

	for (size_t i = 0; i < n; i++) {
		const struct vpdn_fsm_row *r = vpdn_fsm_row(kind, s, way[i].event);

		assert_non_null(r);
		assert_int_equal(r->action, way[i].action);
		assert_int_equal(r->next, way[i].next);
		s = r->next;
	}
	assert_int_equal(s, VPDN_ST_DONE);
}

#define STEP(event, action, next)	{ VPDN_EV_##event, VPDN_ACT_##action, VPDN_ST_##next }

static void the_usual_ways(void **state)
{
	static const struct step dialin[] = {
		STEP(FORWARD, PLACE, PLACING), STEP(RETRY, PLACE, PLACING), STEP(READY, SAY_FORWARD, CHANNEL_AWAITED),
		STEP(CHANNEL, BRIDGE, BRIDGING), STEP(ATTACHED, BRIDGE, BRIDGING), STEP(BRIDGED, CONNECT, CONNECTED),
		STEP(SUBSCRIBER_GONE, CLEAR, CLEARING), STEP(CLEARED, FORGET, DONE),
	};
	/* The LNS gives the call up when pppd was told already: the channel comes while the next one is asked, or after it has answered. */
	static const struct step held[] = {
		STEP(FORWARD, PLACE, PLACING), STEP(READY, SAY_FORWARD, CHANNEL_AWAITED), STEP(RETRY, PLACE, PLACING_AGAIN),
		STEP(CHANNEL, HOLD, CHANNEL_HELD), STEP(RETRY, PLACE, CHANNEL_HELD), STEP(READY, BRIDGE, BRIDGING),
		STEP(L2TP_HUP, ABANDON_AND_PLACE, CHANNEL_HELD), STEP(READY, BRIDGE, BRIDGING), STEP(RETRY, PLACE, CHANNEL_HELD),
		STEP(READY, BRIDGE, BRIDGING), STEP(BRIDGED, CONNECT, CONNECTED),
		STEP(CLEARED, RELEASE, DONE),
	};
	static const struct step awaited[] = {
		STEP(FORWARD, PLACE, PLACING), STEP(READY, SAY_FORWARD, CHANNEL_AWAITED), STEP(RETRY, PLACE, PLACING_AGAIN),
		STEP(READY, TAKEN, CHANNEL_AWAITED), STEP(CHANNEL, BRIDGE, BRIDGING), STEP(BRIDGED, CONNECT, CONNECTED),
		STEP(CLEARED, RELEASE, DONE),
	};
	static const struct step nobody_left[] = {
		STEP(FORWARD, PLACE, PLACING), STEP(READY, SAY_FORWARD, CHANNEL_AWAITED), STEP(RETRY, PLACE, PLACING_AGAIN),
		STEP(NO_PEER, RELEASE, DONE),
	};
	static const struct step lns[] = {
		STEP(DIAL, PLACE, PLACING), STEP(ACCEPTED, SAY_DIALLING, DIALLING), STEP(RETRY, PLACE, PLACING),
		STEP(ANSWERED, HAND_OVER, CONNECTED), STEP(ACCEPTED, NOTHING, CONNECTED), STEP(PLUGIN_GONE, CLEAR, CLEARING),
		STEP(CLEARED, FORGET, DONE),
	};
	static const struct step lac[] = {
		STEP(DIAL, START_BEARER, DIALLING), STEP(BEARER_UP, BRIDGE, BRIDGING), STEP(ATTACHED, BRIDGE, BRIDGING),
		STEP(ATTACHED, BRIDGE, BRIDGING), STEP(BRIDGED, CONNECT, CONNECTED),
		STEP(ACCESS_HUP, AWAIT_CAUSE, CONNECTED), STEP(BEARER_OVER, CLEAR, CLEARING), STEP(CLEARED, FORGET, DONE),
	};

	(void)state;
	walk(VPDN_DIALIN_LAC, dialin, COUNT(dialin));
	walk(VPDN_DIALIN_LAC, held, COUNT(held));
	walk(VPDN_DIALIN_LAC, awaited, COUNT(awaited));
	walk(VPDN_DIALIN_LAC, nobody_left, COUNT(nobody_left));
	walk(VPDN_DIALOUT_LNS, lns, COUNT(lns));
	walk(VPDN_DIALOUT_LAC, lac, COUNT(lac));
}

static void all_have_names(void **state)
{
	(void)state;
	for (int k = 0; k < VPDN_KIND_COUNT; k++)
		assert_string_not_equal(vpdn_kind_name((enum vpdn_call_kind)k), "?");
	for (int s = 0; s < VPDN_ST_COUNT; s++)
		assert_string_not_equal(vpdn_st_name((enum vpdn_st)s), "?");
	for (int e = 0; e < VPDN_EV_COUNT; e++)
		assert_string_not_equal(vpdn_ev_name((enum vpdn_ev)e), "?");
	for (int a = 0; a < VPDN_ACT_COUNT; a++)
		assert_string_not_equal(vpdn_act_name((enum vpdn_act)a), "?");
	assert_string_equal(vpdn_st_name(VPDN_ST_COUNT), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_state_and_event),
		cmocka_unit_test(nothing_comes_after_the_end),
		cmocka_unit_test(what_can_come_at_any_time_is_foreseen),
		cmocka_unit_test(states_that_wait_have_a_time),
		cmocka_unit_test(nobody_is_left_without_an_answer),
		cmocka_unit_test(both_last_words_are_awaited),
		cmocka_unit_test(every_state_reaches_the_end),
		cmocka_unit_test(the_usual_ways),
		cmocka_unit_test(all_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
