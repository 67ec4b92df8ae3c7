/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of lib/result_code: all forms of the values, texts, and what may be retried. */
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
	static const bool cdn[] = { false, false, false, false, true, true, true, true, true, true, true, false,
				    false };
	static const bool error[] = { false, true, true, true, true, true, true, true, true, false };
	uint16_t i;

	(void)state;
	for (i = 0; i < COUNT(cdn); i++)
		assert_true(vpdn_cdn_result_retryable(i, 0) == cdn[i]);
	for (i = 0; i < COUNT(error); i++)
		assert_true(vpdn_cdn_result_retryable(VPDN_CDN_ERROR, i) == error[i]);
	/* the error code counts with result 2 only */
	assert_false(vpdn_cdn_result_retryable(VPDN_CDN_ADMINISTRATIVE, VPDN_ERROR_RESOURCES));
	for (i = 1; i <= 7; i++)
		assert_true(vpdn_stopccn_result_retryable(i, 0));
	assert_true(vpdn_stopccn_result_retryable(99, 0));
}

static void q931_causes_round_trip_at_every_length(void **state)
{
	static const uint8_t value[] = { 0, 17, 0x45, 'b', 'u', 's', 'y' };
	size_t len;

	(void)state;
	for (len = 0; len <= sizeof(value); len++) {
		uint8_t *copy = exact(value, len), again[16];
		struct vpdn_writer w;
		struct vpdn_q931 q;

		assert_true(vpdn_q931_parse(copy, len, &q) == (len >= 3));
		if (len >= 3) {
			assert_int_equal(q.cause, 17);
			assert_int_equal(q.msg, 0x45);
			assert_int_equal(q.advisory_len, len - 3);
			vpdn_writer_init(&w, again, sizeof(again));
			assert_true(vpdn_q931_put(&w, &q));
			assert_int_equal(w.len, len);
			assert_memory_equal(again, value, len);
		}
		free(copy);
	}
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(result_codes_come_in_many_lengths),
		cmocka_unit_test(a_message_brings_an_error_code_along),
		cmocka_unit_test(every_code_has_a_text),
		cmocka_unit_test(busy_and_short_of_resources_lead_to_the_next_lns),
		cmocka_unit_test(q931_causes_round_trip_at_every_length),
		cmocka_unit_test(disconnect_causes_round_trip_at_every_length),
	};

	return cmocka_run_group_tests_name("result_code", tests, NULL, NULL);
}
