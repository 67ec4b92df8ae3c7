/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of lib/result_code: all forms of the values, texts, and what may be retried. */
#include "ipc_proto.h"
#include "result_code.h"

#include "unit.h"

static void result_codes_come_in_many_lengths(void **state)
{
	static const struct {
		const char *hex;
		bool ok;
		uint16_t result, error;
		bool has_error;
		size_t message_len;
		const char *line;
	} cases[] = {
		{ "", false, 0, 0, false, 0, "" },
		{ "00", false, 0, 0, false, 0, "" },
		{ "0003", true, 3, 0, false, 0, "3 (administrative reasons)" },
		{ "0003ff", true, 3, 0, false, 0, "3 (administrative reasons)" },
		{ "00020004", true, 2, 4, true, 0, "2 (general error), error 4 (insufficient resources)" },
		/* an AVP of eight octets holds a bare result, one of ten an error code too */
		{ "00040000", true, 4, 0, true, 0, "4 (no facilities, temporarily)" },
		{ "00020006 6e6f", true, 2, 6, true, 2,
		  "2 (general error), error 6 (vendor-specific error), \"no\"" },
		{ "00030000 22005c", true, 3, 0, true, 3, "3 (administrative reasons), \"\\x22\\x00\\x5c\"" },
		{ "03e703e7", true, 999, 999, true, 0, "999 (unknown result), error 999 (unknown error)" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		uint8_t buf[32], again[32], *copy;
		size_t len = unhex(cases[i].hex, buf, sizeof(buf));
		struct vpdn_result r;
		struct vpdn_writer w;
		char line[128];

		copy = exact(buf, len);
		assert_true(vpdn_result_parse(copy, len, &r) == cases[i].ok);
		if (cases[i].ok) {
			assert_int_equal(r.result, cases[i].result);
			assert_int_equal(r.error, cases[i].error);
			assert_true(r.has_error == cases[i].has_error);
			assert_int_equal(r.message_len, cases[i].message_len);
			assert_string_equal(vpdn_result_print(&r, false, line, sizeof(line)), cases[i].line);
			vpdn_writer_init(&w, again, sizeof(again));
			assert_true(vpdn_result_put(&w, &r));
			assert_int_equal(w.len, len == 3 ? 2 : len);
			assert_memory_equal(again, buf, w.len);
		}
		free(copy);
	}
}

static void a_message_brings_an_error_code_along(void **state)
{
	struct vpdn_result r = { .result = 3, .message = (const uint8_t *)"bye", .message_len = 3 };
	struct vpdn_writer w;
	uint8_t buf[16];

	(void)state;
	vpdn_writer_init(&w, buf, sizeof(buf));
	assert_true(vpdn_result_put(&w, &r));
	assert_int_equal(w.len, 7);
	assert_memory_equal(buf, "\0\3\0\0bye", 7);
}

static void every_code_has_a_text(void **state)
{
	uint16_t i;

	(void)state;
	for (i = 1; i <= 11; i++)
		assert_string_not_equal(vpdn_cdn_result_text(i), "unknown result");
	for (i = 1; i <= 7; i++)
		assert_string_not_equal(vpdn_stopccn_result_text(i), "unknown result");
	for (i = 0; i <= 8; i++)
		assert_string_not_equal(vpdn_error_code_text(i), "unknown error");
	for (i = 0; i <= 20; i++)
		assert_string_not_equal(vpdn_ppp_cause_text(i), "unknown cause");
	assert_string_equal(vpdn_cdn_result_text(0), "unknown result");
	assert_string_equal(vpdn_cdn_result_text(12), "unknown result");
	assert_string_equal(vpdn_stopccn_result_text(0), "unknown result");
	assert_string_equal(vpdn_stopccn_result_text(8), "unknown result");
	assert_string_equal(vpdn_error_code_text(9), "unknown error");
	assert_string_equal(vpdn_ppp_cause_text(21), "unknown cause");
	assert_string_equal(vpdn_q931_text(17), "user busy");
	assert_string_equal(vpdn_q931_text(0), "unknown cause");
	assert_string_equal(vpdn_q931_text(65535), "unknown cause");
	assert_string_equal(vpdn_ppp_direction_text(0), "global");
	assert_string_equal(vpdn_ppp_direction_text(9), "direction?");
}

static void busy_and_short_of_resources_lead_to_the_next_lns(void **state)
{
	static const bool cdn[] = { false, false, true, false, true, true, true, true, true, true, true, false,
				    false };
	static const bool error[] = { true, true, true, true, true, true, true, true, true, false };
	uint16_t i;

	(void)state;
	for (i = 0; i < COUNT(cdn); i++)
		assert_true(vpdn_cdn_result_retryable(i, 0) == cdn[i]);
	for (i = 0; i < COUNT(error); i++)
		assert_true(vpdn_cdn_result_retryable(VPDN_CDN_ERROR, i) == error[i]);
	/* the error code counts with result 2 only */
	assert_false(vpdn_cdn_result_retryable(VPDN_CDN_ADMINISTRATIVE, VPDN_ERROR_RESOURCES));
}

static void disconnect_causes_round_trip_at_every_length(void **state)
{
	static const uint8_t value[] = { 0, 16, 0xc2, 0x23, 1, 'n', 'o', 0, 'p' };
	size_t len;

	(void)state;
	for (len = 0; len <= sizeof(value); len++) {
		uint8_t *copy = exact(value, len), again[16];
		struct vpdn_ppp_cause c;
		struct vpdn_writer w;

		assert_true(vpdn_ppp_cause_parse(copy, len, &c) == (len >= 5));
		if (len >= 5) {
			assert_int_equal(c.code, VPDN_PPP_CAUSE_AUTH_FAILED);
			assert_int_equal(c.protocol, 0xc223);
			assert_int_equal(c.direction, VPDN_PPP_DIR_PEER);
			assert_int_equal(c.message_len, len - 5);
			vpdn_writer_init(&w, again, sizeof(again));
			assert_true(vpdn_ppp_cause_put(&w, &c));
			assert_int_equal(w.len, len);
			assert_memory_equal(again, value, len);
		}
		free(copy);
	}
}

static void why_an_outgoing_call_failed(void **state)
{
	static const struct {
		uint8_t stage;
		uint16_t result, error, q931;
		uint8_t failure;
		bool retry;
	} cases[] = {
		{ VPDN_STAGE_TUNNEL, 0, 0, 0, VPDN_DIAL_UNREACHABLE, false },
		{ VPDN_STAGE_TUNNEL, 4, 0, 17, VPDN_DIAL_UNREACHABLE, true },
		{ VPDN_STAGE_CALL, 0, 0, 0, VPDN_DIAL_TIMEOUT, false },
		{ VPDN_STAGE_CALL, 0, 0, 17, VPDN_DIAL_BUSY, false },
		{ VPDN_STAGE_CALL, 1, 0, 0, VPDN_DIAL_NO_CARRIER, false },
		{ VPDN_STAGE_CALL, 1, 0, 17, VPDN_DIAL_BUSY, false },
		{ VPDN_STAGE_CALL, 1, 0, 19, VPDN_DIAL_NO_ANSWER, false },
		{ VPDN_STAGE_CALL, 2, 0, 0, VPDN_DIAL_REFUSED, false },
		{ VPDN_STAGE_CALL, 2, 3, 0, VPDN_DIAL_REFUSED, false },
		{ VPDN_STAGE_CALL, 2, 4, 0, VPDN_DIAL_NO_RESOURCES, true },
		{ VPDN_STAGE_CALL, 2, 6, 18, VPDN_DIAL_NO_ANSWER, false },
		{ VPDN_STAGE_CALL, 2, 7, 0, VPDN_DIAL_REFUSED, true },
		{ VPDN_STAGE_CALL, 2, 99, 0, VPDN_DIAL_REFUSED, false },
		{ VPDN_STAGE_CALL, 3, 0, 17, VPDN_DIAL_REFUSED, false },
		{ VPDN_STAGE_CALL, 4, 0, 34, VPDN_DIAL_NO_RESOURCES, true },
		{ VPDN_STAGE_CALL, 5, 0, 38, VPDN_DIAL_NO_RESOURCES, true },
		{ VPDN_STAGE_CALL, 6, 0, 1, VPDN_DIAL_REFUSED, true },
		{ VPDN_STAGE_CALL, 7, 0, 127, VPDN_DIAL_NO_CARRIER, false },
		{ VPDN_STAGE_CALL, 8, 0, 17, VPDN_DIAL_BUSY, false },
		{ VPDN_STAGE_CALL, 8, 0, 0, VPDN_DIAL_BUSY, false },
		{ VPDN_STAGE_CALL, 9, 0, 27, VPDN_DIAL_NO_DIAL_TONE, false },
		{ VPDN_STAGE_CALL, 10, 0, 0, VPDN_DIAL_TIMEOUT, false },
		{ VPDN_STAGE_CALL, 10, 0, 102, VPDN_DIAL_TIMEOUT, false },
		{ VPDN_STAGE_CALL, 10, 0, 18, VPDN_DIAL_NO_ANSWER, false },
		{ VPDN_STAGE_CALL, 10, 0, 19, VPDN_DIAL_NO_ANSWER, false },
		{ VPDN_STAGE_CALL, 10, 0, 17, VPDN_DIAL_TIMEOUT, false },
		{ VPDN_STAGE_CALL, 11, 0, 0, VPDN_DIAL_REFUSED, false },
		{ VPDN_STAGE_CALL, 4711, 0, 0, VPDN_DIAL_REFUSED, false },
		{ VPDN_STAGE_CONNECTED, 1, 0, 16, VPDN_DIAL_LOST, false },
		{ VPDN_STAGE_CONNECTED, 3, 0, 0, VPDN_DIAL_CLEARED, false },
		{ VPDN_STAGE_CONNECTED, 0, 0, 0, VPDN_DIAL_LOST, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		if (vpdn_dial_failure(cases[i].stage, cases[i].result, cases[i].error, cases[i].q931) != cases[i].failure)
			fail_msg("stage %u result %u error %u Q.931 %u: %s", cases[i].stage, cases[i].result, cases[i].error, cases[i].q931,
				 vpdn_dial_failure_text(vpdn_dial_failure(cases[i].stage, cases[i].result, cases[i].error, cases[i].q931)));
		if (cases[i].stage == VPDN_STAGE_CALL)
			assert_int_equal(vpdn_dial_retryable(cases[i].result, cases[i].error), cases[i].retry);
	}
	for (uint8_t f = VPDN_DIAL_BUSY; f <= VPDN_DIAL_CLEARED; f++)
		assert_string_not_equal(vpdn_dial_failure_text(f), "unknown failure");
	assert_string_equal(vpdn_dial_failure_text(0), "unknown failure");
	assert_string_equal(vpdn_dial_failure_text(99), "unknown failure");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(result_codes_come_in_many_lengths),
		cmocka_unit_test(a_message_brings_an_error_code_along),
		cmocka_unit_test(every_code_has_a_text),
		cmocka_unit_test(busy_and_short_of_resources_lead_to_the_next_lns),
		cmocka_unit_test(disconnect_causes_round_trip_at_every_length),
		cmocka_unit_test(why_an_outgoing_call_failed),
	};

	return cmocka_run_group_tests_name("result_code", tests, NULL, NULL);
}
