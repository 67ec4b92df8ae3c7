/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of lib/cursor: values, bounds at every remaining length, sticky errors. */
#include "cursor.h"

#include "unit.h"

static const uint8_t octets[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 };

static void reads_numbers_in_network_byte_order(void **state)
{
	struct vpdn_reader r;
	uint8_t a;
	uint16_t b;
	uint32_t c;
	uint64_t d;

	(void)state;
	vpdn_reader_init(&r, octets, sizeof(octets));
	assert_true(vpdn_reader_u8(&r, &a));
	assert_int_equal(a, 1);
	assert_true(vpdn_reader_peek_u16(&r, &b));
	assert_int_equal(b, 0x0203);
	assert_true(vpdn_reader_u16(&r, &b));
	assert_int_equal(b, 0x0203);
	assert_true(vpdn_reader_u32(&r, &c));
	assert_int_equal(c, 0x04050607);
	assert_int_equal(r.left, 3);
	vpdn_reader_init(&r, octets, sizeof(octets));
	assert_true(vpdn_reader_u64(&r, &d));
	assert_true(d == 0x0102030405060708ull);
	assert_true(vpdn_reader_skip(&r, 2));
	assert_true(vpdn_reader_done(&r));
}

/* One operation at a time, by width, so that all can be tried at every length. */
static bool read_width(struct vpdn_reader *r, size_t width, uint64_t *v)
{
	const uint8_t *p = NULL;
	uint8_t copy[3] = { 0xee, 0xee, 0xee };
	uint8_t v8 = 0xee;
	uint16_t v16 = 0xeeee;
	uint32_t v32 = 0xeeeeeeee;
	bool ok;

	switch (width) {
	case 1:
		ok = vpdn_reader_u8(r, &v8);
		*v = v8;
		return ok;
	case 2:
		ok = vpdn_reader_u16(r, &v16);
		*v = v16;
		return ok;
	case 3:
		ok = vpdn_reader_copy(r, copy, 3);
		*v = ok ? 1 : copy[0] == 0xee ? 0 : 2;
		return ok;
	case 4:
		ok = vpdn_reader_u32(r, &v32);
		*v = v32;
		return ok;
	case 5:
		ok = vpdn_reader_bytes(r, &p, 5);
		*v = ok ? *p : 0;
		assert_true(ok == (p != NULL));
		return ok;
	default:
		return vpdn_reader_u64(r, v);
	}
}

static void a_read_that_does_not_fit_consumes_nothing_and_sticks(void **state)
{
	static const size_t widths[] = { 1, 2, 3, 4, 5, 8 };
	size_t i, len;

	(void)state;
	for (i = 0; i < COUNT(widths); i++) {
		for (len = 0; len <= 9; len++) {
			uint8_t *copy = exact(octets, len);
			struct vpdn_reader r;
			uint64_t v = 7;
			uint8_t one;

			vpdn_reader_init(&r, copy, len);
			assert_true(read_width(&r, widths[i], &v) == (len >= widths[i]));
			if (len >= widths[i]) {
				assert_int_equal(r.left, len - widths[i]);
				assert_false(r.bad);
			} else {
				assert_int_equal(v, 0);
				assert_int_equal(r.left, len);
				assert_true(r.bad);
				assert_false(vpdn_reader_u8(&r, &one));
				assert_int_equal(one, 0);
				assert_false(vpdn_reader_skip(&r, 0));
				assert_false(vpdn_reader_done(&r));
			}
			free(copy);
		}
	}
}

static void a_sub_reader_sees_its_octets_only(void **state)
{
	struct vpdn_reader r, sub;
	uint32_t v;

	(void)state;
	vpdn_reader_init(&r, octets, sizeof(octets));
	assert_true(vpdn_reader_sub(&r, &sub, 4));
	assert_int_equal(sub.left, 4);
	assert_int_equal(r.left, 6);
	assert_true(vpdn_reader_u32(&sub, &v));
	assert_true(vpdn_reader_done(&sub));
	assert_false(vpdn_reader_sub(&r, &sub, 7));
	assert_true(sub.bad);
	assert_int_equal(sub.left, 0);
	assert_true(r.bad);
}

static void nothing_can_be_read_from_nothing(void **state)
{
	struct vpdn_reader r;
	uint8_t v;

	(void)state;
	vpdn_reader_init(&r, NULL, 0);
	assert_true(vpdn_reader_done(&r));
	assert_false(vpdn_reader_u8(&r, &v));
	vpdn_reader_init(&r, NULL, 5);
	assert_true(r.bad);
	assert_false(vpdn_reader_skip(&r, 1));
}

static void a_length_near_the_largest_number_does_not_wrap(void **state)
{
	struct vpdn_reader r;
	struct vpdn_writer w;
	uint8_t buf[4];

	(void)state;
	vpdn_reader_init(&r, octets, sizeof(octets));
	assert_false(vpdn_reader_skip(&r, SIZE_MAX));
	vpdn_writer_init(&w, buf, sizeof(buf));
	vpdn_writer_u8(&w, 1);
	assert_false(vpdn_writer_zero(&w, SIZE_MAX));
}

static void write_all(struct vpdn_writer *w)
{
	vpdn_writer_u8(w, 1);
	vpdn_writer_u16(w, 0x0203);
	vpdn_writer_u32(w, 0x04050607);
	vpdn_writer_u64(w, 0x08090a0b0c0d0e0full);
	vpdn_writer_bytes(w, "xy", 2);
	vpdn_writer_zero(w, 3);
}

static void writes_stop_at_the_first_that_does_not_fit(void **state)
{
	static const uint8_t want[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 'x', 'y', 0, 0, 0 };
	size_t size;

	(void)state;
	for (size = 0; size <= sizeof(want); size++) {
		uint8_t *buf = exact(want, size);
		struct vpdn_writer w;

		memset(buf, 0xee, size ? size : 1);
		vpdn_writer_init(&w, buf, size);
		write_all(&w);
		assert_true(w.bad == (size < sizeof(want)));
		assert_true(w.len <= size);
		assert_memory_equal(buf, want, w.len);
		if (w.bad) {
			assert_false(vpdn_writer_u8(&w, 9));
			assert_false(vpdn_writer_bytes(&w, "", 0));
			assert_false(vpdn_writer_patch_u16(&w, 0, 1));
		}
		free(buf);
	}
}

static void lengths_are_patched_where_they_were_reserved(void **state)
{
	struct vpdn_writer w;
	uint8_t buf[16];

	(void)state;
	vpdn_writer_init(&w, buf, sizeof(buf));
	vpdn_writer_u16(&w, 0);
	vpdn_writer_bytes(&w, "abc", 3);
	assert_true(vpdn_writer_patch_len16(&w, 0, 2));
	assert_int_equal(buf[1], 3);
	assert_true(vpdn_writer_patch_u16(&w, 3, 0x1122));
	assert_int_equal(buf[4], 0x22);
	assert_false(vpdn_writer_patch_u16(&w, 4, 1));
	assert_true(w.bad);
}

static void a_length_that_16_bits_cannot_hold_is_refused(void **state)
{
	size_t size = 70000;
	uint8_t *buf = malloc(size);
	struct vpdn_writer w;

	(void)state;
	assert_non_null(buf);
	vpdn_writer_init(&w, buf, size);
	vpdn_writer_u16(&w, 0);
	vpdn_writer_zero(&w, 65535);
	assert_true(vpdn_writer_patch_len16(&w, 0, 2));
	vpdn_writer_u8(&w, 0);
	assert_false(vpdn_writer_patch_len16(&w, 0, 2));
	free(buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_numbers_in_network_byte_order),
		cmocka_unit_test(a_read_that_does_not_fit_consumes_nothing_and_sticks),
		cmocka_unit_test(a_sub_reader_sees_its_octets_only),
		cmocka_unit_test(nothing_can_be_read_from_nothing),
		cmocka_unit_test(a_length_near_the_largest_number_does_not_wrap),
		cmocka_unit_test(writes_stop_at_the_first_that_does_not_fit),
		cmocka_unit_test(lengths_are_patched_where_they_were_reserved),
		cmocka_unit_test(a_length_that_16_bits_cannot_hold_is_refused),
	};

	return cmocka_run_group_tests_name("cursor", tests, NULL, NULL);
}
