/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tests of lib/avp_hide: hidden AVPs with any padding and any secret, and tunnel
 * authentication.  The expected octets of known_octets_come_out were computed with
 * another MD5 implementation (python's hashlib) from RFC 2661 section 4.3.
 */
#include "avp_hide.h"

#include <errno.h>

#include "avp.h"
#include "unit.h"

static const char secret[] = "hello";
static const char vector[] = "0123456789abcdef";

static void put_hidden(struct vpdn_writer *w, const void *value, size_t len, size_t pad)
{
	assert_true(vpdn_avp_put_hidden(w, 0, VPDN_AVP_CALLED_NUMBER, value, len, pad, secret, 5, vector, 16));
}

static void known_octets_come_out(void **state)
{
	struct vpdn_writer w;
	uint8_t buf[128], want[128];
	size_t len = unhex(
		"c036000000158fecdbc7e6d018e861fb284865f1760dd96fd839a5953d49a515"
		"098cb225aee8a65b54977adab2b15b532470f6733ae0", want, sizeof(want));

	(void)state;
	vpdn_writer_init(&w, buf, sizeof(buf));
	put_hidden(&w, "a number longer than one digest: 5551234567", 43, 3);
	assert_int_equal(w.len, len);
	assert_memory_equal(buf, want, len);
}

static void every_length_and_padding_round_trips(void **state)
{
	uint8_t value[80], out[80];
	size_t len, pad, i, got;

	(void)state;
	for (i = 0; i < sizeof(value); i++)
		value[i] = (uint8_t)(i * 7);
	for (len = 0; len <= sizeof(value); len++) {
		for (pad = 0; pad < 34; pad++) {
			uint8_t buf[256], *copy;
			struct vpdn_writer w;

			vpdn_writer_init(&w, buf, sizeof(buf));
			put_hidden(&w, value, len, pad);
			assert_int_equal(w.len, VPDN_AVP_HDR_LEN + 2 + len + pad);
			copy = exact(buf + VPDN_AVP_HDR_LEN, w.len - VPDN_AVP_HDR_LEN);
			assert_int_equal(vpdn_avp_unhide(VPDN_AVP_CALLED_NUMBER, secret, 5, vector, 16, copy,
							 w.len - VPDN_AVP_HDR_LEN, out, sizeof(out), &got), 0);
			assert_int_equal(got, len);
			assert_memory_equal(out, value, len);
			free(copy);
		}
	}
}

static void a_hidden_avp_cut_short_is_refused(void **state)
{
	uint8_t buf[64], out[64];
	struct vpdn_writer w;
	size_t len, got;

	(void)state;
	vpdn_writer_init(&w, buf, sizeof(buf));
	put_hidden(&w, "614629614629614629614629", 24, 0);
	for (len = 0; len < w.len - VPDN_AVP_HDR_LEN; len++) {
		uint8_t *copy = exact(buf + VPDN_AVP_HDR_LEN, len);

		assert_int_equal(vpdn_avp_unhide(VPDN_AVP_CALLED_NUMBER, secret, 5, vector, 16, copy, len,
						 out, sizeof(out), &got), -EBADMSG);
		assert_int_equal(got, 0);
		free(copy);
	}
}

static void what_is_missing_is_said(void **state)
{
	uint8_t buf[64], out[64];
	struct vpdn_writer w;
	const uint8_t *in = buf + VPDN_AVP_HDR_LEN;
	size_t got;

	(void)state;
	vpdn_writer_init(&w, buf, sizeof(buf));
	put_hidden(&w, "614629", 6, 0);
	assert_int_equal(vpdn_avp_unhide(21, NULL, 0, vector, 16, in, 8, out, sizeof(out), &got), -ENOKEY);
	assert_int_equal(vpdn_avp_unhide(21, secret, 5, NULL, 0, in, 8, out, sizeof(out), &got), -EINVAL);
	assert_int_equal(vpdn_avp_unhide(21, secret, 5, vector, 16, in, 8, out, 5, &got), -ENOSPC);
	assert_int_equal(vpdn_avp_unhide(21, secret, 5, vector, 16, in, 8, out, 6, &got), 0);
	assert_int_equal(got, 6);
	/* The attribute type goes into the digest: another type finds nothing sensible. */
	assert_int_equal(vpdn_avp_unhide(22, secret, 5, vector, 16, in, 8, out, sizeof(out), &got), -EBADMSG);
	assert_int_equal(vpdn_avp_unhide(21, "jello", 5, vector, 16, in, 8, out, sizeof(out), &got), -EBADMSG);
}

static void rows_that_forbid_hiding_are_not_hidden(void **state)
{
	struct vpdn_writer w;
	uint8_t buf[64];

	(void)state;
	vpdn_writer_init(&w, buf, sizeof(buf));
	assert_false(vpdn_avp_put_hidden(&w, 0, VPDN_AVP_HOST_NAME, "LAC", 3, 0, secret, 5, vector, 16));
	vpdn_writer_init(&w, buf, sizeof(buf));
	assert_false(vpdn_avp_put_hidden(&w, 0, VPDN_AVP_CALLED_NUMBER, "1", 1, 0, NULL, 0, vector, 16));
	vpdn_writer_init(&w, buf, sizeof(buf));
	assert_false(vpdn_avp_put_hidden(&w, 0, VPDN_AVP_CALLED_NUMBER, "1", 1, 0, secret, 5, NULL, 0));
	vpdn_writer_init(&w, buf, sizeof(buf));
	assert_false(vpdn_avp_put_hidden(&w, 0, VPDN_AVP_CALLED_NUMBER, "1", 1, 2000, secret, 5, vector, 16));
	assert_true(w.bad);
}

static void every_row_that_may_be_hidden_is_read_back_by_the_iterator(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < vpdn_avp_table_size(); i++) {
		const struct vpdn_avp_def *def = vpdn_avp_table_row(i);
		uint8_t buf[512], value[64] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 }, scratch[VPDN_AVP_MAX_VALUE];
		size_t len = def->kind == VPDN_KIND_SPEED ? 4 : def->min_len;
		struct vpdn_avp_iter it;
		struct vpdn_writer w;
		struct vpdn_avp avp;

		if (!def->may_hide)
			continue;
		vpdn_writer_init(&w, buf, sizeof(buf));
		vpdn_avp_put(&w, 0, VPDN_AVP_RANDOM_VECTOR, vector, 16);
		assert_true(vpdn_avp_put_hidden(&w, def->vendor, def->type, value, len, 5, secret, 5, vector, 16));

		vpdn_avp_iter_init(&it, buf, w.len);
		vpdn_avp_iter_secret(&it, secret, 5, scratch, sizeof(scratch));
		assert_int_equal(vpdn_avp_next(&it, &avp), 1);
		assert_int_equal(vpdn_avp_next(&it, &avp), 1);
		assert_int_equal(avp.verdict, VPDN_AVP_OK);
		assert_true(avp.hidden);
		assert_true(avp.mandatory == def->mandatory);
		assert_int_equal(avp.len, len);
		assert_memory_equal(avp.value, value, len);
		assert_int_equal(vpdn_avp_next(&it, &avp), 0);

		/* no secret */
		vpdn_avp_iter_init(&it, buf, w.len);
		vpdn_avp_next(&it, &avp);
		assert_int_equal(vpdn_avp_next(&it, &avp), 1);
		assert_int_equal(avp.verdict, VPDN_AVP_HIDDEN);
		assert_true(vpdn_avp_fatal(&avp) == def->mandatory);
	}
}

static void a_random_vector_must_come_before(void **state)
{
	uint8_t buf[128], scratch[VPDN_AVP_MAX_VALUE];
	struct vpdn_avp_iter it;
	struct vpdn_writer w;
	struct vpdn_avp avp;

	(void)state;
	vpdn_writer_init(&w, buf, sizeof(buf));
	put_hidden(&w, "614629", 6, 0);
	vpdn_avp_put(&w, 0, VPDN_AVP_RANDOM_VECTOR, vector, 16);
	put_hidden(&w, "614629", 6, 0);
	vpdn_avp_iter_init(&it, buf, w.len);
	vpdn_avp_iter_secret(&it, secret, 5, scratch, sizeof(scratch));
	assert_int_equal(vpdn_avp_next(&it, &avp), 1);
	assert_int_equal(avp.verdict, VPDN_AVP_HIDDEN);
	assert_int_equal(vpdn_avp_next(&it, &avp), 1);
	assert_int_equal(vpdn_avp_next(&it, &avp), 1);
	assert_int_equal(avp.verdict, VPDN_AVP_OK);
	assert_memory_equal(avp.value, "614629", 6);
}

/* A Host Name that came hidden is deciphered and then refused: RFC 2661 forbids it. */
static void a_hidden_avp_that_must_not_be_is_bad(void **state)
{
	uint8_t buf[128], scratch[VPDN_AVP_MAX_VALUE];
	struct vpdn_avp_iter it;
	struct vpdn_writer w;
	struct vpdn_avp avp;

	(void)state;
	vpdn_writer_init(&w, buf, sizeof(buf));
	vpdn_avp_put(&w, 0, VPDN_AVP_RANDOM_VECTOR, vector, 16);
	put_hidden(&w, "614629", 6, 0);
	buf[16 + 6 + 5] = VPDN_AVP_HOST_NAME;
	vpdn_avp_iter_init(&it, buf, w.len);
	vpdn_avp_iter_secret(&it, secret, 5, scratch, sizeof(scratch));
	vpdn_avp_next(&it, &avp);
	assert_int_equal(vpdn_avp_next(&it, &avp), 1);
	assert_true(avp.verdict == VPDN_AVP_BAD_VALUE || avp.verdict == VPDN_AVP_HIDDEN);
	assert_true(vpdn_avp_fatal(&avp));
}

static void responses_are_verified_whole(void **state)
{
	uint8_t response[VPDN_CHALLENGE_RESPONSE_LEN + 1] = { 0 };
	size_t i;

	(void)state;
	vpdn_tunnel_challenge_response(VPDN_L2TP_SCCRP, secret, 5, "challenge", 9, response);
	assert_true(vpdn_tunnel_challenge_verify(VPDN_L2TP_SCCRP, secret, 5, "challenge", 9, response, 16));
	assert_false(vpdn_tunnel_challenge_verify(VPDN_L2TP_SCCCN, secret, 5, "challenge", 9, response, 16));
	assert_false(vpdn_tunnel_challenge_verify(VPDN_L2TP_SCCRP, secret, 4, "challenge", 9, response, 16));
	assert_false(vpdn_tunnel_challenge_verify(VPDN_L2TP_SCCRP, secret, 5, "challenge", 8, response, 16));
	for (i = 0; i <= 17; i++)
		if (i != 16)
			assert_false(vpdn_tunnel_challenge_verify(VPDN_L2TP_SCCRP, secret, 5, "challenge", 9,
								  response, i));
	for (i = 0; i < 16; i++) {
		response[i] ^= 1;
		assert_false(vpdn_tunnel_challenge_verify(VPDN_L2TP_SCCRP, secret, 5, "challenge", 9, response, 16));
		response[i] ^= 1;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_octets_come_out),
		cmocka_unit_test(every_length_and_padding_round_trips),
		cmocka_unit_test(a_hidden_avp_cut_short_is_refused),
		cmocka_unit_test(what_is_missing_is_said),
		cmocka_unit_test(rows_that_forbid_hiding_are_not_hidden),
		cmocka_unit_test(every_row_that_may_be_hidden_is_read_back_by_the_iterator),
		cmocka_unit_test(a_random_vector_must_come_before),
		cmocka_unit_test(a_hidden_avp_that_must_not_be_is_bad),
		cmocka_unit_test(responses_are_verified_whole),
	};

	return cmocka_run_group_tests_name("avp_hide", tests, NULL, NULL);
}
