/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_aaa_cache.c - answers are found by what they are good for, for their time, and there are never too many of them. */
#include "unit.h"

#include <bsd/string.h>
#include <stdbool.h>
#include <stdio.h>

#include "glue/aaa_cache.h"

#define T0	1000000u	/* ms */

static struct vpdn_question call(const char *user, const char *domain, const char *dnis, const char *circuit)
{
	struct vpdn_question q = { 0 };

	strlcpy(q.user, user, sizeof(q.user));
	strlcpy(q.domain, domain, sizeof(q.domain));
	strlcpy(q.dnis, dnis, sizeof(q.dnis));
	strlcpy(q.circuit_id, circuit, sizeof(q.circuit_id));
	strlcpy(q.interface, "eth1", sizeof(q.interface));
	return q;
}

static bool put(struct vpdn_cache *c, struct vpdn_question q, unsigned int valid_for, const char *text, uint64_t now, uint32_t ttl)
{
	uint8_t *copy = exact(text, strlen(text));
	const char *missing;
	bool kept = vpdn_cache_put(c, &q, valid_for, (char *)copy, strlen(text), now, ttl, &missing);

	free(copy);
	assert_true(!kept || !missing);
	return kept;
}

/* What is kept for a call is this; NULL: nothing is. */
static void assert_kept(struct vpdn_cache *c, struct vpdn_question q, uint64_t now, uint32_t stale, const char *want)
{
	uint64_t age;
	size_t len;
	const char *text = vpdn_cache_get(c, &q, now, stale, &len, &age);

	if (!want) {
		assert_null(text);
		return;
	}
	assert_non_null(text);
	assert_int_equal(len, strlen(want));
	assert_memory_equal(text, want, len);
	assert_int_equal(age, now - T0);
}

static void answers_are_good_for_what_they_say(void **state)
{
	struct vpdn_cache *c = vpdn_cache_new(10, 1000);

	(void)state;
	assert_true(put(c, call("a@x.org", "x.org", "", "c1"), VPDN_VALID_DOMAIN, "domain", T0, 60));
	assert_true(put(c, call("b@x.org", "x.org", "", "c1"), VPDN_VALID_USER, "user", T0, 60));
	assert_true(put(c, call("c@x.org", "x.org", "61", "c9"), VPDN_VALID_DNIS | VPDN_VALID_LINE, "number and line", T0, 60));
	assert_kept(c, call("z@X.ORG", "X.ORG", "9", "c7"), T0, 0, "domain");
	assert_kept(c, call("b@x.org", "x.org", "9", "c7"), T0, 0, "user");
	assert_kept(c, call("B@x.org", "x.org", "9", "c7"), T0, 0, "domain");
	/* What says more of the call is taken first. */
	assert_kept(c, call("b@x.org", "x.org", "61", "c9"), T0, 0, "number and line");
	assert_kept(c, call("b@y.org", "y.org", "61", "c8"), T0, 0, NULL);
	vpdn_cache_free(c);
}

static void lines_are_known_by_ids_or_by_place(void **state)
{
	struct vpdn_cache *c = vpdn_cache_new(10, 1000);
	struct vpdn_question q = call("u", "", "", "c1"), same = call("v", "", "", "c1"), no_ids = call("u", "", "", "");

	(void)state;
	strlcpy(same.mac, "02:00:5e:00:53:09", sizeof(same.mac));
	assert_true(put(c, q, VPDN_VALID_LINE, "line", T0, 60));
	assert_kept(c, same, T0, 0, "line");
	assert_kept(c, no_ids, T0, 0, NULL);
	/* An interface that is called like a circuit is another line. */
	strlcpy(no_ids.interface, "c1", sizeof(no_ids.interface));
	assert_kept(c, no_ids, T0, 0, NULL);
	assert_true(put(c, no_ids, VPDN_VALID_LINE, "place", T0, 60));
	assert_kept(c, no_ids, T0, 0, "place");
	assert_kept(c, q, T0, 0, "line");
	vpdn_cache_free(c);
}

static void a_whole_call_is_all_of_it(void **state)
{
	struct vpdn_cache *c = vpdn_cache_new(10, 1000);
	struct vpdn_question q = call("u", "", "", "c1"), other = q;

	(void)state;
	assert_true(put(c, q, VPDN_VALID_CALL, "call", T0, 60));
	assert_kept(c, q, T0, 0, "call");
	strlcpy(other.service, "gold", sizeof(other.service));
	assert_kept(c, other, T0, 0, NULL);
	other = q;
	strlcpy(other.clid, "0201", sizeof(other.clid));
	assert_kept(c, other, T0, 0, NULL);
	/* Texts cannot run into each other. */
	assert_true(put(c, call("ab", "c", "", "c1"), VPDN_VALID_USER | VPDN_VALID_DOMAIN, "ab+c", T0, 60));
	assert_kept(c, call("a", "bc", "", "c2"), T0, 0, NULL);
	vpdn_cache_free(c);
}

static void nothing_is_kept_for_what_a_call_lacks(void **state)
{
	struct vpdn_cache *c = vpdn_cache_new(10, 1000);
	struct vpdn_question q = call("u", "", "", "c1");
	const char *missing;

	(void)state;
	assert_false(vpdn_cache_put(c, &q, VPDN_VALID_DOMAIN, "x", 1, T0, 60, &missing));
	assert_string_equal(missing, "domain");
	assert_false(vpdn_cache_put(c, &q, VPDN_VALID_USER | VPDN_VALID_DNIS, "x", 1, T0, 60, &missing));
	assert_string_equal(missing, "dnis");
	assert_int_equal(vpdn_cache_entries(c), 0);
	/* Nor is what is there found for it. */
	assert_true(put(c, call("u@d", "d", "", "c1"), VPDN_VALID_DOMAIN, "d", T0, 60));
	assert_kept(c, q, T0, 0, NULL);
	vpdn_cache_free(c);
}

static void time_runs_out(void **state)
{
	struct vpdn_cache *c = vpdn_cache_new(10, 1000);
	struct vpdn_question q = call("u", "", "", "c1");

	(void)state;
	assert_true(put(c, q, VPDN_VALID_USER, "old", T0, 10));
	assert_kept(c, q, T0 + 9999, 0, "old");
	assert_kept(c, q, T0 + 10000, 0, NULL);
	assert_kept(c, q, T0 + 10000, 5, "old");
	assert_kept(c, q, T0 + 14999, 5, "old");
	assert_kept(c, q, T0 + 15000, 5, NULL);
	/* No time at all: for when no server answers. */
	assert_true(put(c, q, VPDN_VALID_USER, "now", T0, 0));
	assert_kept(c, q, T0, 0, NULL);
	assert_kept(c, q, T0, 5, "now");
	assert_int_equal(vpdn_cache_entries(c), 1);
	vpdn_cache_free(c);
}

static void there_are_never_too_many(void **state)
{
	struct vpdn_cache *c = vpdn_cache_new(3, 1000);
	char text[600];

	(void)state;
	for (char user[] = "a"; *user <= 'c'; ++*user)
		assert_true(put(c, call(user, "", "", ""), VPDN_VALID_USER, user, T0, 60));
	/* "a" was used, so "b" is the one that goes. */
	assert_kept(c, call("a", "", "", ""), T0, 0, "a");
	assert_true(put(c, call("d", "", "", ""), VPDN_VALID_USER, "d", T0, 60));
	assert_int_equal(vpdn_cache_entries(c), 3);
	assert_kept(c, call("b", "", "", ""), T0, 0, NULL);
	assert_kept(c, call("a", "", "", ""), T0, 0, "a");
	/* Octets count as well. */
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_true(put(c, call("e", "", "", ""), VPDN_VALID_USER, text, T0, 60));
	assert_true(put(c, call("f", "", "", ""), VPDN_VALID_USER, text, T0, 60));
	assert_kept(c, call("e", "", "", ""), T0, 0, NULL);
	assert_kept(c, call("f", "", "", ""), T0, 0, text);
	assert_int_equal(vpdn_cache_entries(c), 1);
	assert_int_equal(vpdn_cache_clear(c), 1);
	assert_kept(c, call("f", "", "", ""), T0, 0, NULL);
	vpdn_cache_free(c);

	c = vpdn_cache_new(3, 100);
	assert_false(put(c, call("e", "", "", ""), VPDN_VALID_USER, text, T0, 60));
	vpdn_cache_free(c);
	vpdn_cache_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_are_good_for_what_they_say),
		cmocka_unit_test(lines_are_known_by_ids_or_by_place),
		cmocka_unit_test(a_whole_call_is_all_of_it),
		cmocka_unit_test(nothing_is_kept_for_what_a_call_lacks),
		cmocka_unit_test(time_runs_out),
		cmocka_unit_test(there_are_never_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
