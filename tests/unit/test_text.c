/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of lib/text: bounded lines and escaping. */
#include "text.h"

#include "unit.h"

static void a_line_is_cut_where_the_room_ends(void **state)
{
	size_t size;

	(void)state;
	for (size = 1; size <= 12; size++) {
		char *buf = malloc(size);
		struct vpdn_text t;

		assert_non_null(buf);
		vpdn_text_init(&t, buf, size);
		vpdn_text_add(&t, "%s-%d", "abcd", 12345);
		vpdn_text_add(&t, "%s", "x");
		assert_int_equal(strlen(buf), t.len);
		assert_int_equal(t.len, size - 1 < 11 ? size - 1 : 11);
		assert_memory_equal(buf, "abcd-12345x", t.len);
		free(buf);
	}
}

static void escapes_are_never_cut_in_two(void **state)
{
	static const char whole[] = "a\\x00b\\x22\\x5c\\xff";
	size_t size;

	(void)state;
	for (size = 1; size <= sizeof(whole); size++) {
		char *buf = malloc(size);
		size_t len;

		assert_non_null(buf);
		assert_ptr_equal(vpdn_text_escape("a\0b\"\\\xff", 6, buf, size), buf);
		len = strlen(buf);
		assert_memory_equal(buf, whole, len);
		assert_true(len == 0 || len == 1 || len == 5 || len == 6 || len == 10 || len == 14 || len == 18);
		free(buf);
	}
}

static void hex_is_lower_case_and_whole(void **state)
{
	struct vpdn_text t;
	char buf[8];

	(void)state;
	vpdn_text_init(&t, buf, sizeof(buf));
	vpdn_text_add_hex(&t, "\x00\xab\xff\x10", 4);
	assert_string_equal(buf, "00abff");
	vpdn_text_add_hex(&t, NULL, 0);
	assert_string_equal(buf, "00abff");
}

static void words_have_the_order_of_their_enum(void **state)
{
	static const char *const words[] = { "open", "closed", "", NULL };
	struct vpdn_text t;
	char buf[16];

	(void)state;
	assert_int_equal(vpdn_text_word(words, "open"), 0);
	assert_int_equal(vpdn_text_word(words, "closed"), 1);
	assert_int_equal(vpdn_text_word(words, ""), 2);
	assert_int_equal(vpdn_text_word(words, "clos"), -1);
	vpdn_text_init(&t, buf, sizeof(buf));
	vpdn_text_add_words(&t, words);
	assert_string_equal(buf, "open, closed, ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_cut_where_the_room_ends),
		cmocka_unit_test(escapes_are_never_cut_in_two),
		cmocka_unit_test(hex_is_lower_case_and_whole),
		cmocka_unit_test(words_have_the_order_of_their_enum),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
