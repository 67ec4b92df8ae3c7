/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_call_fsm.c - the table of a forwarded session's life, walked over every
 * state and event: nothing that can come at any time is missing, nobody is left
 * without an answer, and every state has a way to the end.
 */
#include "unit.h"

#include <stdbool.h>

#include "glue/call_fsm.h"

/* Who still waits for a word of vpdnd in a state. */
static bool pppd_waits(enum vpdn_fwd_state s)
{
	return s == VPDN_FWD_ASKED || s == VPDN_FWD_PLACING;
}

static bool access_is_ours(enum vpdn_fwd_state s)
{
	return s == VPDN_FWD_BRIDGING || s == VPDN_FWD_CONNECTED;
}

static bool l2tp_is_ours(enum vpdn_fwd_state s)
{
	return s == VPDN_FWD_PLACING || s == VPDN_FWD_CHANNEL_AWAITED || access_is_ours(s);
}

static bool one_of(enum vpdn_fwd_action a, const enum vpdn_fwd_action *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == a)
			return true;
	return false;
}

#define ONE_OF(a, ...) one_of(a, (const enum vpdn_fwd_action[]){ __VA_ARGS__ }, \
			      COUNT(((const enum vpdn_fwd_action[]){ __VA_ARGS__ })))

static void every_state_and_event(void **state)
{
	size_t rows = 0;

	(void)state;
	for (int s = 0; s < VPDN_FWD_STATE_COUNT; s++) {
		for (int e = 0; e < VPDN_EV_COUNT; e++) {
			const struct vpdn_fwd_row *r = vpdn_fwd_row((enum vpdn_fwd_state)s, (enum vpdn_fwd_event)e);

			if (!r)
				continue;
			rows++;
			assert_int_equal(r->state, s);
			assert_int_equal(r->event, e);
			assert_true(r->action < VPDN_ACT_COUNT);
			assert_true(r->next < VPDN_FWD_STATE_COUNT);
			assert_int_not_equal(r->next, VPDN_FWD_ASKED);
		}
	}
	assert_true(rows > 30);
}

static void nothing_comes_after_the_end(void **state)
{
	(void)state;
	for (int e = 0; e < VPDN_EV_COUNT; e++)
		assert_null(vpdn_fwd_row(VPDN_FWD_DONE, (enum vpdn_fwd_event)e));
	for (int s = 0; s < VPDN_FWD_STATE_COUNT; s++)
		assert_null(vpdn_fwd_row((enum vpdn_fwd_state)s, VPDN_EV_NONE));
}

/* pppd may die, xl2tpd may go, an administrator may act: whenever somebody of them has a part in the call. */
static void what_can_come_at_any_time_is_foreseen(void **state)
{
	(void)state;
	assert_non_null(vpdn_fwd_row(VPDN_FWD_ASKED, VPDN_EV_PLUGIN_GONE));
	assert_non_null(vpdn_fwd_row(VPDN_FWD_PLACING, VPDN_EV_PLUGIN_GONE));
	assert_non_null(vpdn_fwd_row(VPDN_FWD_CHANNEL_AWAITED, VPDN_EV_PLUGIN_GONE));
	assert_non_null(vpdn_fwd_row(VPDN_FWD_CONNECTED, VPDN_EV_PLUGIN_GONE));
	assert_non_null(vpdn_fwd_row(VPDN_FWD_CONNECTED, VPDN_EV_SUBSCRIBER_GONE));
	for (int s = VPDN_FWD_PLACING; s < VPDN_FWD_DONE; s++) {
		if (s == VPDN_FWD_BRIDGING)	/* ends within the event that began it */
			continue;
		assert_non_null(vpdn_fwd_row((enum vpdn_fwd_state)s, VPDN_EV_L2TP_GONE));
		assert_non_null(vpdn_fwd_row((enum vpdn_fwd_state)s, VPDN_EV_CLEARED));
		assert_non_null(vpdn_fwd_row((enum vpdn_fwd_state)s, VPDN_EV_ADMIN));
		assert_non_null(vpdn_fwd_row((enum vpdn_fwd_state)s, VPDN_EV_TIMER));
	}
	assert_non_null(vpdn_fwd_row(VPDN_FWD_ASKED, VPDN_EV_ADMIN));
}

static void states_that_wait_have_a_time(void **state)
{
	(void)state;
	assert_true(vpdn_fwd_state_ms(VPDN_FWD_CHANNEL_AWAITED) > 0);
	assert_true(vpdn_fwd_state_ms(VPDN_FWD_CLEARING) > 0);
	assert_int_equal(vpdn_fwd_state_ms(VPDN_FWD_CONNECTED), 0);
}

/* Leaving a state in which somebody waits or fds are held always does what is due to each. */
static void nobody_is_left_without_an_answer(void **state)
{
	(void)state;
	for (int s = 0; s < VPDN_FWD_STATE_COUNT; s++) {
		for (int e = 0; e < VPDN_EV_COUNT; e++) {
			const struct vpdn_fwd_row *r = vpdn_fwd_row((enum vpdn_fwd_state)s, (enum vpdn_fwd_event)e);
			bool ends = r && (r->next == VPDN_FWD_CLEARING || r->next == VPDN_FWD_DONE) && s != VPDN_FWD_CLEARING;

			if (!ends)
				continue;
			if (pppd_waits(r->state) && e != VPDN_EV_PLUGIN_GONE)
				assert_true(ONE_OF(r->action, VPDN_ACT_SAY_LOCAL, VPDN_ACT_SAY_REJECT, VPDN_ACT_REJECT_AND_CLEAR));
			if (access_is_ours(r->state))
				assert_true(ONE_OF(r->action, VPDN_ACT_RELEASE, VPDN_ACT_RELEASE_AND_CLEAR, VPDN_ACT_CLEAR));
			if (l2tp_is_ours(r->state) && e != VPDN_EV_CLEARED && e != VPDN_EV_L2TP_GONE && e != VPDN_EV_NO_LNS) {
				assert_true(ONE_OF(r->action, VPDN_ACT_CLEAR, VPDN_ACT_RELEASE_AND_CLEAR, VPDN_ACT_REJECT_AND_CLEAR));
				assert_int_equal(r->next, VPDN_FWD_CLEARING);
			}
		}
	}
}

static void every_state_reaches_the_end(void **state)
{
	bool ends[VPDN_FWD_STATE_COUNT] = { [VPDN_FWD_DONE] = true };

	(void)state;
	for (int round = 0; round < VPDN_FWD_STATE_COUNT; round++) {
		for (int s = 0; s < VPDN_FWD_STATE_COUNT; s++) {
			for (int e = 0; e < VPDN_EV_COUNT; e++) {
				const struct vpdn_fwd_row *r = vpdn_fwd_row((enum vpdn_fwd_state)s, (enum vpdn_fwd_event)e);

				if (r && ends[r->next])
					ends[s] = true;
			}
		}
	}
	for (int s = 0; s < VPDN_FWD_STATE_COUNT; s++)
		assert_true(ends[s]);
}

static void the_usual_way(void **state)
{
	static const struct {
		enum vpdn_fwd_event event;
		enum vpdn_fwd_action action;
		enum vpdn_fwd_state next;
	} way[] = {
		{ VPDN_EV_FORWARD, VPDN_ACT_PLACE, VPDN_FWD_PLACING },
		{ VPDN_EV_RETRY, VPDN_ACT_PLACE, VPDN_FWD_PLACING },
		{ VPDN_EV_READY, VPDN_ACT_SAY_FORWARD, VPDN_FWD_CHANNEL_AWAITED },
		{ VPDN_EV_CHANNEL, VPDN_ACT_BRIDGE, VPDN_FWD_BRIDGING },
		{ VPDN_EV_BRIDGED, VPDN_ACT_CONNECT, VPDN_FWD_CONNECTED },
		{ VPDN_EV_SUBSCRIBER_GONE, VPDN_ACT_CLEAR, VPDN_FWD_CLEARING },
		{ VPDN_EV_CLEARED, VPDN_ACT_FORGET, VPDN_FWD_DONE },
	};
	enum vpdn_fwd_state s = VPDN_FWD_ASKED;

	(void)state;
	for (size_t i = 0; i < COUNT(way); i++) {
		const struct vpdn_fwd_row *r = vpdn_fwd_row(s, way[i].event);

		assert_non_null(r);
		assert_int_equal(r->action, way[i].action);
		assert_int_equal(r->next, way[i].next);
		s = r->next;
	}
}

static void all_have_names(void **state)
{
	(void)state;
	for (int s = 0; s < VPDN_FWD_STATE_COUNT; s++)
		assert_string_not_equal(vpdn_fwd_state_name((enum vpdn_fwd_state)s), "?");
	for (int e = 0; e < VPDN_EV_COUNT; e++)
		assert_string_not_equal(vpdn_fwd_event_name((enum vpdn_fwd_event)e), "?");
	for (int a = 0; a < VPDN_ACT_COUNT; a++)
		assert_string_not_equal(vpdn_fwd_action_name((enum vpdn_fwd_action)a), "?");
	assert_string_equal(vpdn_fwd_state_name(VPDN_FWD_STATE_COUNT), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_state_and_event),
		cmocka_unit_test(nothing_comes_after_the_end),
		cmocka_unit_test(what_can_come_at_any_time_is_foreseen),
		cmocka_unit_test(states_that_wait_have_a_time),
		cmocka_unit_test(nobody_is_left_without_an_answer),
		cmocka_unit_test(every_state_reaches_the_end),
		cmocka_unit_test(the_usual_way),
		cmocka_unit_test(all_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
