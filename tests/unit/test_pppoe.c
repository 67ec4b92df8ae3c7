/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of lib/pppoe: discovery packets of RFC 2516, the examples of its appendix B among them. */
#include "pppoe.h"

#include "unit.h"

/* RFC 2516 appendix B: a PADI for any service, and a PADO with an offered service and the concentrator's name. */
static const char padi[] = "11 09 00 00 00 04  01 01 00 00";
static const char pado[] = "11 07 00 00 00 20  01 01 00 00  01 02 00 18 47 6f 20 52 65 64 42 61 63 6b 20 2d 20 65 73 68 73 68 65 73 68 6f 6f 74";

static bool parse(const char *hex, struct vpdn_pppoe_packet *p, uint8_t **copy)
{
	uint8_t buf[200];
	size_t n = unhex(hex, buf, sizeof(buf));

	*copy = exact(buf, n);
	return vpdn_pppoe_parse(*copy, n, p);
}

static void the_rfc_s_packets(void **state)
{
	struct vpdn_pppoe_packet p;
	const uint8_t *value;
	uint8_t *copy;
	size_t len;

	(void)state;
	assert_true(parse(padi, &p, &copy));
	assert_int_equal(p.code, VPDN_PPPOE_PADI);
	assert_int_equal(p.session, 0);
	assert_true(vpdn_pppoe_find(&p, VPDN_PPPOE_SERVICE_NAME, &value, &len));
	assert_int_equal(len, 0);
	free(copy);

	assert_true(parse(pado, &p, &copy));
	assert_int_equal(p.code, VPDN_PPPOE_PADO);
	assert_true(vpdn_pppoe_find(&p, VPDN_PPPOE_AC_NAME, &value, &len));
	assert_int_equal(len, 24);
	assert_memory_equal(value, "Go RedBack - eshsheshoot", 24);
	assert_false(vpdn_pppoe_find(&p, VPDN_PPPOE_HOST_UNIQ, &value, &len));
	free(copy);
}

static void what_is_built_is_the_rfc_s(void **state)
{
	uint8_t built[100], expected[100];
	struct vpdn_writer w;
	size_t n;

	(void)state;
	n = unhex(pado, expected, sizeof(expected));
	vpdn_writer_init(&w, built, sizeof(built));
	assert_true(vpdn_pppoe_begin(&w, VPDN_PPPOE_PADO, 0));
	assert_true(vpdn_pppoe_put(&w, VPDN_PPPOE_SERVICE_NAME, "", 0));
	assert_true(vpdn_pppoe_put(&w, VPDN_PPPOE_AC_NAME, "Go RedBack - eshsheshoot", 24));
	assert_int_equal(w.len, n);
	assert_memory_equal(built, expected, n);

	vpdn_writer_init(&w, built, 10);
	assert_true(vpdn_pppoe_begin(&w, VPDN_PPPOE_PADI, 0));
	assert_false(vpdn_pppoe_put(&w, VPDN_PPPOE_SERVICE_NAME, "x", 1));
	assert_true(w.bad);
}

/* Every shorter length of a whole packet is refused, except none: padding is allowed, missing octets are not. */
static void nothing_is_read_beyond_the_end(void **state)
{
	struct vpdn_pppoe_packet p;
	uint8_t buf[100];
	size_t n = unhex(pado, buf, sizeof(buf));

	(void)state;
	for (size_t len = 0; len < n; len++) {
		uint8_t *copy = exact(buf, len);

		assert_false(vpdn_pppoe_parse(copy, len, &p));
		free(copy);
	}
}

static void damage_is_refused(void **state)
{
	static const char *const bad[] = {
		"21 07 00 00 00 04  01 01 00 00",		/* version 2 */
		"12 07 00 00 00 04  01 01 00 00",		/* type 2 */
		"11 07 00 00 00 05  01 01 00 00",		/* longer than the frame */
		"11 07 00 00 00 03  01 01 00",			/* half a tag */
		"11 07 00 00 00 04  01 01 00 01 00 00",		/* a tag that ends in the padding */
		"11 07 00 00 00 06  01 01 00 00 01 02",
	};
	struct vpdn_pppoe_packet p;
	uint8_t *copy;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_false(parse(bad[i], &p, &copy));
		free(copy);
	}
}

static void padding_and_what_follows_the_end_are_ignored(void **state)
{
	struct vpdn_pppoe_packet p;
	const uint8_t *value;
	uint8_t *copy;
	size_t len;

	(void)state;
	assert_true(parse("11 65 12 34 00 08  01 02 00 00 00 00 00 00  01 03 00 00 00 00", &p, &copy));
	assert_int_equal(p.session, 0x1234);
	assert_int_equal(p.tags_len, 4);
	assert_false(vpdn_pppoe_find(&p, VPDN_PPPOE_HOST_UNIQ, &value, &len));
	free(copy);
	assert_true(parse("11 65 00 01 00 0b  01 02 00 01 41  00 00 00 00  ff ff", &p, &copy));
	assert_int_equal(p.tags_len, 5);
	free(copy);
	assert_true(parse("11 a7 00 01 00 00", &p, &copy));
	assert_int_equal(p.tags_len, 0);
	free(copy);
}

static void errors_have_names(void **state)
{
	struct vpdn_pppoe_packet p;
	const uint8_t *text;
	uint8_t *copy;
	size_t len;

	(void)state;
	assert_true(parse("11 65 00 00 00 0a  01 01 00 00  02 02 00 02 6e 6f", &p, &copy));
	assert_string_equal(vpdn_pppoe_error(&p, &text, &len), "AC-System-Error");
	assert_int_equal(len, 2);
	assert_memory_equal(text, "no", 2);
	free(copy);
	assert_true(parse(pado, &p, &copy));
	assert_null(vpdn_pppoe_error(&p, &text, &len));
	free(copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_rfc_s_packets),
		cmocka_unit_test(what_is_built_is_the_rfc_s),
		cmocka_unit_test(nothing_is_read_beyond_the_end),
		cmocka_unit_test(damage_is_refused),
		cmocka_unit_test(padding_and_what_follows_the_end_are_ignored),
		cmocka_unit_test(errors_have_names),
	};

	return cmocka_run_group_tests_name("pppoe", tests, NULL, NULL);
}
