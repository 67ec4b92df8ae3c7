/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_metrics.c - the buckets of metrics.h. The text is read by tests/aaa/test_metrics.py, with Prometheus' own parser. */
#include "unit.h"

#include <stdio.h>

#include "glue/metrics.h"

static void bounds(void **state)
{
	double below = 0, bound;
	char *end;

	(void)state;
	for (size_t i = 0; i < VPDN_BUCKETS; i++, below = bound) {
		bound = strtod(vpdn_histogram_bound(i), &end);
		assert_int_equal(*end, '\0');
		assert_true(bound > below);
	}
	assert_string_equal(vpdn_histogram_bound(VPDN_BUCKETS), "+Inf");
}

static void a_time_is_in_the_first_bucket_that_holds_it(void **state)
{
	struct vpdn_histogram h;

	(void)state;
	for (size_t i = 0; i < VPDN_BUCKETS; i++) {
		uint64_t us = (uint64_t)(strtod(vpdn_histogram_bound(i), NULL) * 1e6 + 0.5);

		memset(&h, 0, sizeof(h));
		vpdn_histogram_add(&h, us - 1);
		vpdn_histogram_add(&h, us);		/* "le" is less or equal */
		assert_int_equal(h.bucket[i], 2);
		vpdn_histogram_add(&h, us + 1);
		assert_int_equal(h.bucket[i + 1], 1);
		assert_int_equal(h.sum_us, 3 * us);
	}
	memset(&h, 0, sizeof(h));
	vpdn_histogram_add(&h, 0);
	assert_int_equal(h.bucket[0], 1);
	vpdn_histogram_add(&h, UINT64_C(86400000000));
	assert_int_equal(h.bucket[VPDN_BUCKETS], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bounds),
		cmocka_unit_test(a_time_is_in_the_first_bucket_that_holds_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
