/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tests of lib/avp and its table: every row round-trips, every truncation is
 * refused, the checks come in their order, secrets are not printed.
 */
#include "avp.h"

#include <errno.h>

#include "result_code.h"
#include "unit.h"

/* A value that suits a row: the shortest it allows, or a middling one. */
static size_t sample(const struct vpdn_avp_def *def, uint8_t *value, bool longer)
{
	size_t len = def->min_len, i;

	if (longer)
		len = def->max_len > def->min_len + 40u ? def->min_len + 40u : def->max_len;
	if (def->kind == VPDN_KIND_SPEED)
		len = 4;
	for (i = 0; i < len; i++)
		value[i] = (uint8_t)('A' + i % 26);
	return len;
}

static void the_table_is_sorted_and_sane(void **state)
{
	uint32_t last = 0;
	size_t i;

	(void)state;
	assert_null(vpdn_avp_table_row(vpdn_avp_table_size()));
	for (i = 0; i < vpdn_avp_table_size(); i++) {
		const struct vpdn_avp_def *def = vpdn_avp_table_row(i);
		uint32_t key = (uint32_t)def->vendor << 16 | def->type;

		assert_true(!i || key > last);
		last = key;
		assert_ptr_equal(vpdn_avp_lookup(def->vendor, def->type), def);
		assert_true(def->min_len <= def->max_len);
		assert_true(def->max_len <= VPDN_AVP_MAX_VALUE);
		assert_true(def->messages != 0);
		assert_true(def->name && *def->name);
	}
	assert_null(vpdn_avp_lookup(0, 20));
	assert_null(vpdn_avp_lookup(0, 40));
	assert_null(vpdn_avp_lookup(9, 1));
	assert_null(vpdn_avp_lookup(3561, 3));
	assert_null(vpdn_avp_lookup(0xffff, 0xffff));
}

/* RFC 2661 section 4.4: these must not be hidden. */
static void what_must_not_be_hidden_may_not(void **state)
{
	static const uint16_t clear[] = { 0, 1, 2, 5, 7, 10, 12, 36, 39 };
	uint16_t type;
	size_t i;

	(void)state;
	for (type = 0; type <= 39; type++) {
		const struct vpdn_avp_def *def = vpdn_avp_lookup(0, type);
		bool hide = true;

		if (!def)
			continue;
		for (i = 0; i < COUNT(clear); i++)
			hide = hide && clear[i] != type;
		assert_true(def->may_hide == hide);
	}
}

/* RFC 2661 section 4.4: these M bits are 0, the others 1. */
static void m_bits_are_those_of_the_rfc(void **state)
{
	static const uint16_t optional[] = { 5, 6, 8, 25, 26, 27, 28, 29, 30, 31, 32, 33, 37, 38 };
	uint16_t type;
	size_t i;

	(void)state;
	for (type = 0; type <= 39; type++) {
		const struct vpdn_avp_def *def = vpdn_avp_lookup(0, type);
		bool mandatory = true;

		if (!def)
			continue;
		for (i = 0; i < COUNT(optional); i++)
			mandatory = mandatory && optional[i] != type;
		assert_true(def->mandatory == mandatory);
	}
	assert_false(vpdn_avp_lookup(0, 46)->mandatory);
	for (i = 0; i < vpdn_avp_table_size(); i++)
		if (vpdn_avp_table_row(i)->vendor)
			assert_false(vpdn_avp_table_row(i)->mandatory);
}

static void every_row_round_trips(void **state)
{
	size_t i, pass;

	(void)state;
	for (i = 0; i < vpdn_avp_table_size(); i++) {
		for (pass = 0; pass < 2; pass++) {
			const struct vpdn_avp_def *def = vpdn_avp_table_row(i);
			uint8_t buf[VPDN_AVP_MAX_LEN], again[VPDN_AVP_MAX_LEN], value[VPDN_AVP_MAX_VALUE];
			size_t len = sample(def, value, pass);
			struct vpdn_avp_iter it;
			struct vpdn_writer w;
			struct vpdn_avp avp;

			vpdn_writer_init(&w, buf, sizeof(buf));
			assert_true(vpdn_avp_put(&w, def->vendor, def->type, value, len));
			assert_int_equal(w.len, VPDN_AVP_HDR_LEN + len);
			vpdn_avp_iter_init(&it, buf, w.len);
			assert_int_equal(vpdn_avp_next(&it, &avp), 1);
			assert_int_equal(avp.verdict, VPDN_AVP_OK);
			assert_ptr_equal(avp.def, def);
			assert_true(avp.mandatory == def->mandatory);
			assert_false(avp.hidden);
			assert_int_equal(avp.len, len);
			assert_memory_equal(avp.value, value, len);
			assert_false(vpdn_avp_fatal(&avp));
			assert_int_equal(vpdn_avp_next(&it, &avp), 0);
			assert_int_equal(vpdn_avp_next(&it, &avp), 0);

			vpdn_avp_iter_init(&it, buf, w.len);
			vpdn_avp_next(&it, &avp);
			vpdn_writer_init(&w, again, sizeof(again));
			assert_true(vpdn_avp_put_raw(&w, avp.vendor, avp.type, avp.mandatory, avp.hidden,
						     avp.value, avp.len));
			assert_int_equal(w.len, VPDN_AVP_HDR_LEN + len);
			assert_memory_equal(again, buf, w.len);
		}
	}
}

static void values_outside_a_rows_limits_are_bad(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < vpdn_avp_table_size(); i++) {
		const struct vpdn_avp_def *def = vpdn_avp_table_row(i);
		uint8_t value[VPDN_AVP_MAX_VALUE + 1] = { 0 }, buf[VPDN_AVP_MAX_LEN + 1];
		const size_t lens[] = { def->min_len - 1u, def->max_len + 1u };
		size_t k;

		for (k = 0; k < 2; k++) {
			struct vpdn_avp_iter it;
			struct vpdn_writer w;
			struct vpdn_avp avp;

			if (lens[k] > VPDN_AVP_MAX_VALUE)
				continue;
			vpdn_writer_init(&w, buf, sizeof(buf));
			assert_false(vpdn_avp_put(&w, def->vendor, def->type, value, lens[k]));
			assert_true(w.bad);
			vpdn_writer_init(&w, buf, sizeof(buf));
			vpdn_avp_put_raw(&w, def->vendor, def->type, true, false, value, lens[k]);
			vpdn_avp_iter_init(&it, buf, w.len);
			assert_int_equal(vpdn_avp_next(&it, &avp), 1);
			assert_int_equal(avp.verdict, VPDN_AVP_BAD_VALUE);
			assert_true(vpdn_avp_fatal(&avp));
			assert_int_equal(vpdn_avp_find(buf, w.len, def->vendor, def->type, &avp), -ENOENT);
		}
	}
}

static void every_truncation_is_refused(void **state)
{
	uint8_t buf[4096];
	struct vpdn_writer w;
	size_t ends[128], n = 0, i, len;

	(void)state;
	vpdn_writer_init(&w, buf, sizeof(buf));
	ends[n++] = 0;
	for (i = 0; i < vpdn_avp_table_size(); i++) {
		const struct vpdn_avp_def *def = vpdn_avp_table_row(i);
		uint8_t value[VPDN_AVP_MAX_VALUE];

		assert_true(vpdn_avp_put(&w, def->vendor, def->type, value, sample(def, value, false)));
		ends[n++] = w.len;
	}
	for (len = 0; len <= w.len; len++) {
		uint8_t *copy = exact(buf, len);
		struct vpdn_avp_iter it;
		struct vpdn_avp avp;
		size_t got = 0;
		int rc;

		vpdn_avp_iter_init(&it, copy, len);
		while ((rc = vpdn_avp_next(&it, &avp)) > 0)
			got++;
		assert_true(ends[got] <= len);
		assert_true(got + 1 == n || ends[got + 1] > len);
		assert_int_equal(rc, ends[got] == len ? 0 : -EBADMSG);
		if (rc) {
			assert_int_equal(it.error, len - ends[got] < 6 ? VPDN_AVP_ERR_HEADER_ROOM :
								       VPDN_AVP_ERR_LONG_LENGTH);
			assert_int_equal(vpdn_avp_next(&it, &avp), -EBADMSG);
		}
		free(copy);
	}
}

static struct vpdn_avp first_of(const char *hex, int want, enum vpdn_avp_error error)
{
	static uint8_t buf[256];
	struct vpdn_avp_iter it;
	struct vpdn_avp avp;

	vpdn_avp_iter_init(&it, buf, unhex(hex, buf, sizeof(buf)));
	assert_int_equal(vpdn_avp_next(&it, &avp), want);
	assert_int_equal(it.error, error);
	return avp;
}

static void checks_come_in_their_order(void **state)
{
	(void)state;
	/* header room before anything else, even with an absurd length */
	first_of("ffff 0000 00", -EBADMSG, VPDN_AVP_ERR_HEADER_ROOM);
	/* length of at least six before length within the rest */
	first_of("8005 0000 0007", -EBADMSG, VPDN_AVP_ERR_SHORT_LENGTH);
	first_of("8000 0000 0007", -EBADMSG, VPDN_AVP_ERR_SHORT_LENGTH);
	/* length within the rest before reserved bits */
	first_of("bc09 0000 0007 4142", -EBADMSG, VPDN_AVP_ERR_LONG_LENGTH);
	/* reserved bits before vendor, hidden bit and table */
	assert_int_equal(first_of("8408 0000 000a 0004", 1, 0).verdict, VPDN_AVP_RESERVED);
	assert_int_equal(first_of("a008 0000 000a 0004", 1, 0).verdict, VPDN_AVP_RESERVED);
	assert_int_equal(first_of("d008 1234 000a 0004", 1, 0).verdict, VPDN_AVP_RESERVED);
	/* the vendor counts: 3561/2 is no Protocol Version, 1234/7 no Host Name */
	assert_int_equal(first_of("8008 0de9 0002 4142", 1, 0).verdict, VPDN_AVP_OK);
	assert_string_equal(first_of("8008 0de9 0002 4142", 1, 0).def->name, "Agent Remote ID");
	assert_int_equal(first_of("8008 04d2 0007 4142", 1, 0).verdict, VPDN_AVP_UNKNOWN);
	/* hidden before the table: what cannot be read cannot be judged */
	assert_int_equal(first_of("c008 0000 0009 4142", 1, 0).verdict, VPDN_AVP_HIDDEN);
	/* the table */
	assert_int_equal(first_of("8007 0000 0009 41", 1, 0).verdict, VPDN_AVP_BAD_VALUE);
	assert_int_equal(first_of("8008 0000 0009 4142", 1, 0).verdict, VPDN_AVP_OK);
}

static void only_unreadable_mandatory_avps_are_fatal(void **state)
{
	struct vpdn_avp avp;

	(void)state;
	avp = first_of("8008 04d2 0007 4142", 1, 0);
	assert_true(vpdn_avp_fatal(&avp));
	avp = first_of("0008 04d2 0007 4142", 1, 0);
	assert_false(vpdn_avp_fatal(&avp));
	avp = first_of("0007 0000 0009 41", 1, 0);
	assert_false(vpdn_avp_fatal(&avp));
	avp = first_of("8408 0000 000a 0004", 1, 0);
	assert_true(vpdn_avp_fatal(&avp));
}

static void the_message_type_tells_which_avps_are_in_place(void **state)
{
	uint8_t buf[64];
	size_t len = unhex("8008 0000 0000 000b"	/* ICRP */
			   "8008 0000 000e 0007"	/* Assigned Session ID: its own */
			   "8008 0000 0009 0001"	/* Assigned Tunnel ID: not here */
			   "8008 0000 0000 0001"	/* a second Message Type */
			   "000c 0000 0024 010203040506", buf, sizeof(buf));
	static const enum vpdn_avp_verdict want[] = { VPDN_AVP_OK, VPDN_AVP_OK, VPDN_AVP_MISPLACED,
						      VPDN_AVP_MISPLACED, VPDN_AVP_OK };
	struct vpdn_avp_iter it;
	struct vpdn_avp avp;
	size_t i;

	(void)state;
	vpdn_avp_iter_init(&it, buf, len);
	for (i = 0; i < COUNT(want); i++) {
		assert_int_equal(vpdn_avp_next(&it, &avp), 1);
		assert_int_equal(avp.verdict, want[i]);
		assert_false(vpdn_avp_fatal(&avp));
	}
	assert_int_equal(it.msg_type, VPDN_L2TP_ICRP);
	assert_int_equal(it.vector_len, 6);
	assert_int_equal(vpdn_avp_next(&it, &avp), 0);
	assert_int_equal(vpdn_avp_find(buf, len, 0, VPDN_AVP_ASSIGNED_TUNNEL, &avp), 0);
	assert_int_equal(vpdn_avp_find(buf, len, 0, VPDN_AVP_CHALLENGE, &avp), -ENOENT);
	assert_int_equal(vpdn_avp_find(buf, len - 1, 0, VPDN_AVP_CHALLENGE, &avp), -EBADMSG);
}

static void no_avp_is_in_place_in_a_wild_message(void **state)
{
	struct vpdn_avp_iter it;
	struct vpdn_avp avp;
	uint8_t buf[32];
	size_t len = unhex("0008 0000 0000 ffff 8008 0000 0009 0001", buf, sizeof(buf));

	(void)state;
	vpdn_avp_iter_init(&it, buf, len);
	assert_int_equal(vpdn_avp_next(&it, &avp), 1);
	assert_int_equal(it.msg_type, 0xffff);
	assert_int_equal(vpdn_avp_next(&it, &avp), 1);
	assert_int_equal(avp.verdict, VPDN_AVP_MISPLACED);
}

/* Some access servers send connect speeds as text. */
static void a_speed_in_digits_is_understood(void **state)
{
	struct vpdn_avp avp = first_of("800b 0000 0018 3634303030", 1, 0);
	uint32_t v;
	uint64_t n;

	(void)state;
	assert_int_equal(avp.verdict, VPDN_AVP_OK);
	assert_true(vpdn_avp_u32(&avp, &v));
	assert_int_equal(v, 64000);
	assert_true(vpdn_avp_number(&avp, &n));
	assert_int_equal(n, 64000);
	avp = first_of("8010 0000 0018 39393939393939393939", 1, 0);
	assert_true(vpdn_avp_u32(&avp, &v));
	assert_true(v == UINT32_MAX);
	assert_int_equal(first_of("800b 0000 0018 363430302e", 1, 0).verdict, VPDN_AVP_BAD_VALUE);
	avp = first_of("800a 0000 0018 0000fa00", 1, 0);
	assert_true(vpdn_avp_u32(&avp, &v));
	assert_int_equal(v, 64000);
}

static void numbers_have_the_size_of_their_row(void **state)
{
	uint8_t buf[64];
	struct vpdn_writer w;
	struct vpdn_avp avp;
	uint16_t v16;
	uint64_t v;

	(void)state;
	vpdn_writer_init(&w, buf, sizeof(buf));
	assert_false(vpdn_avp_put_u16(&w, 0, VPDN_AVP_FRAMING_TYPE, 1));
	vpdn_writer_init(&w, buf, sizeof(buf));
	assert_false(vpdn_avp_put_u32(&w, 0, VPDN_AVP_ASSIGNED_TUNNEL, 1));
	vpdn_writer_init(&w, buf, sizeof(buf));
	assert_false(vpdn_avp_put_u32(&w, 0, VPDN_AVP_CALLED_NUMBER, 1));
	vpdn_writer_init(&w, buf, sizeof(buf));
	assert_false(vpdn_avp_put_u16(&w, 0, 20, 1));
	vpdn_writer_init(&w, buf, sizeof(buf));
	assert_true(vpdn_avp_put(&w, 3561, VPDN_AVP_BBF_RATE_DOWN, "\0\0\0\2\x54\x0b\xe4\0", 8));
	assert_int_equal(vpdn_avp_find(buf, w.len, 3561, VPDN_AVP_BBF_RATE_DOWN, &avp), 0);
	assert_true(vpdn_avp_number(&avp, &v));
	assert_true(v == 10000000000ull);
	assert_false(vpdn_avp_u16(&avp, &v16));
	assert_int_equal(v16, 0);
}

static void control_headers_are_parsed_with_care(void **state)
{
	static const struct {
		const char *hex;
		int rc;
		size_t body;
	} cases[] = {
		{ "c802 000c 4518 0000 0001 0002", 0, 0 },
		{ "c802 0014 4518 0007 0001 0003 8008000000000006", 0, 8 },
		{ "c802 000c 4518 0000 0001 0002 ffffff", 0, 0 },	/* padding behind the length */
		{ "c802 000d 4518 0000 0001 0002", -EBADMSG, 0 },	/* longer than it came */
		{ "c802 000b 4518 0000 0001 0002", -EBADMSG, 0 },	/* shorter than the header */
		{ "8802 000c 4518 0000 0001 0002", -EBADMSG, 0 },	/* no length bit */
		{ "c002 000c 4518 0000 0001 0002", -EBADMSG, 0 },	/* no sequence bit */
		{ "ca02 000c 4518 0000 0001 0002", -EBADMSG, 0 },	/* offset bit */
		{ "c803 000c 4518 0000 0001 0002", -EPROTONOSUPPORT, 0 },
		{ "0001 0000", -EPROTONOSUPPORT, 0 },			/* L2F */
		{ "4002 000c 4518 0007 ff03 c021", -EINVAL, 0 },	/* data */
		{ "c8", -EBADMSG, 0 },
		{ "", -EBADMSG, 0 },
	};
	size_t i, len;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		uint8_t buf[64];
		size_t n = unhex(cases[i].hex, buf, sizeof(buf));
		uint8_t *copy = exact(buf, n);
		struct vpdn_ctrl_header h;
		struct vpdn_reader body;

		assert_int_equal(vpdn_ctrl_parse(copy, n, &h, &body), cases[i].rc);
		assert_int_equal(body.left, cases[i].body);
		for (len = 0; !cases[i].rc && len < 12 + cases[i].body; len++) {
			uint8_t *cut = exact(buf, len);

			assert_int_equal(vpdn_ctrl_parse(cut, len, &h, &body), -EBADMSG);
			free(cut);
		}
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_is_sorted_and_sane),
		cmocka_unit_test(what_must_not_be_hidden_may_not),
		cmocka_unit_test(m_bits_are_those_of_the_rfc),
		cmocka_unit_test(every_row_round_trips),
		cmocka_unit_test(values_outside_a_rows_limits_are_bad),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(checks_come_in_their_order),
		cmocka_unit_test(only_unreadable_mandatory_avps_are_fatal),
		cmocka_unit_test(the_message_type_tells_which_avps_are_in_place),
		cmocka_unit_test(no_avp_is_in_place_in_a_wild_message),
		cmocka_unit_test(a_speed_in_digits_is_understood),
		cmocka_unit_test(numbers_have_the_size_of_their_row),
		cmocka_unit_test(control_headers_are_parsed_with_care),
	};

	return cmocka_run_group_tests_name("avp", tests, NULL, NULL);
}
