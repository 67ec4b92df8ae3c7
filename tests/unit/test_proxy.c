/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of lib/proxy: collecting, sending, judging and wiping proxy data. */
#include "proxy.h"

#include <errno.h>
#include <stdio.h>

#include "unit.h"

/* CHAP data with NULs where NULs hurt. */
static void fill(struct vpdn_proxy *p)
{
	static const uint8_t with_nul[16] = { 0, 1, 2, 0, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0 };

	vpdn_proxy_init(p);
	assert_int_equal(vpdn_proxy_set_lcp(&p->initial_received, "\1\4\5\xdc", 4), 0);
	assert_int_equal(vpdn_proxy_set_lcp(&p->last_sent, "\3\5\xc2\x23\5", 5), 0);
	assert_int_equal(vpdn_proxy_set_lcp(&p->last_received, "\5\6\0\0\0\1", 6), 0);
	p->auth_type = VPDN_PROXY_AUTH_CHAP;
	p->id_present = true;
	p->id = 0xfe;
	assert_int_equal(vpdn_proxy_set_bytes(&p->name, "a\0b", 3), 0);
	assert_int_equal(vpdn_proxy_set_bytes(&p->challenge, with_nul, 16), 0);
	assert_int_equal(vpdn_proxy_set_bytes(&p->response, with_nul, 16), 0);
}

static void all_fields_round_trip_with_m_clear(void **state)
{
	struct vpdn_proxy p, q;
	struct vpdn_avp_iter it;
	struct vpdn_writer w;
	struct vpdn_avp avp;
	uint16_t type = 26;
	uint8_t buf[512];

	(void)state;
	fill(&p);
	assert_null(vpdn_proxy_check(&p));
	vpdn_writer_init(&w, buf, sizeof(buf));
	assert_true(vpdn_proxy_put(&w, &p));
	vpdn_avp_iter_init(&it, buf, w.len);
	while (vpdn_avp_next(&it, &avp) > 0) {
		assert_int_equal(avp.type, type++);
		assert_int_equal(avp.verdict, VPDN_AVP_OK);
		assert_false(avp.mandatory);
		if (avp.type == VPDN_AVP_PROXY_AUTH_ID) {
			assert_int_equal(avp.len, 2);
			assert_int_equal(avp.value[0], 0);
			assert_int_equal(avp.value[1], 0xfe);
		}
	}
	assert_int_equal(type, 34);
	vpdn_proxy_init(&q);
	assert_int_equal(vpdn_proxy_collect_list(&q, buf, w.len), 0);
	assert_memory_equal(&p, &q, sizeof(p));
}

static void mschapv2_goes_in_an_avp_of_our_own(void **state)
{
	struct vpdn_proxy p, q;
	struct vpdn_avp_iter it;
	struct vpdn_writer w;
	struct vpdn_avp avp;
	unsigned int own = 0;
	uint8_t buf[512];

	(void)state;
	fill(&p);
	p.auth_type = VPDN_PROXY_AUTH_MSCHAP_V2;
	vpdn_writer_init(&w, buf, sizeof(buf));
	assert_true(vpdn_proxy_put(&w, &p));
	vpdn_avp_iter_init(&it, buf, w.len);
	while (vpdn_avp_next(&it, &avp) > 0) {
		own += avp.vendor == VPDN_VENDOR_OWN;
		assert_false(avp.mandatory);
		assert_false(avp.vendor == VPDN_VENDOR_IETF && avp.type == VPDN_AVP_PROXY_AUTH_TYPE);
	}
	assert_int_equal(own, 1);
	vpdn_proxy_init(&q);
	assert_int_equal(vpdn_proxy_collect_list(&q, buf, w.len), 0);
	assert_memory_equal(&p, &q, sizeof(p));

	/* What a stranger gets: the LCP part alone. */
	vpdn_writer_init(&w, buf, sizeof(buf));
	assert_true(vpdn_proxy_put_lcp(&w, &p));
	vpdn_proxy_init(&q);
	assert_int_equal(vpdn_proxy_collect_list(&q, buf, w.len), 0);
	assert_true(vpdn_proxy_has_lcp(&q));
	assert_false(q.auth_type || q.name.present || q.id_present || q.challenge.present || q.response.present);
}

static void every_truncation_is_refused_or_leaves_whole_fields(void **state)
{
	struct vpdn_proxy p;
	struct vpdn_writer w;
	uint8_t buf[512];
	size_t len;

	(void)state;
	fill(&p);
	vpdn_writer_init(&w, buf, sizeof(buf));
	vpdn_proxy_put(&w, &p);
	for (len = 0; len < w.len; len++) {
		uint8_t *copy = exact(buf, len);
		struct vpdn_proxy q;
		int rc;

		vpdn_proxy_init(&q);
		rc = vpdn_proxy_collect_list(&q, copy, len);
		assert_true(rc == 0 || rc == -EBADMSG);
		assert_false(q.response.present);
		free(copy);
	}
	for (len = 0; len < w.len; len++) {
		struct vpdn_writer small;
		uint8_t *room = exact(buf, len);

		vpdn_writer_init(&small, room, len);
		assert_false(vpdn_proxy_put(&small, &p));
		free(room);
	}
}

static int collect(struct vpdn_proxy *p, uint16_t vendor, uint16_t type, bool m, const void *value, size_t len)
{
	uint8_t buf[VPDN_AVP_MAX_LEN];
	struct vpdn_avp_iter it;
	struct vpdn_writer w;
	struct vpdn_avp avp;

	vpdn_writer_init(&w, buf, sizeof(buf));
	assert_true(vpdn_avp_put_raw(&w, vendor, type, m, false, value, len));
	vpdn_avp_iter_init(&it, buf, w.len);
	assert_int_equal(vpdn_avp_next(&it, &avp), 1);
	return vpdn_proxy_collect(p, &avp);
}

static void avps_are_taken_one_by_one_with_either_m(void **state)
{
	struct vpdn_proxy p;
	uint8_t big[600] = { 1, 2, 3 };

	(void)state;
	vpdn_proxy_init(&p);
	assert_int_equal(collect(&p, 0, VPDN_AVP_PROXY_AUTH_NAME, true, "alice", 5), 1);
	assert_int_equal(collect(&p, 0, VPDN_AVP_PROXY_AUTH_ID, false, "\xab\x07", 2), 1);
	assert_true(p.id_present);
	assert_int_equal(p.id, 7);
	assert_int_equal(collect(&p, 0, VPDN_AVP_FRAMING_TYPE, true, "\0\0\0\1", 4), 0);
	assert_int_equal(collect(&p, 9, VPDN_AVP_PROXY_AUTH_NAME, false, "mallory", 7), 0);
	assert_memory_equal(p.name.data, "alice", 5);
	assert_int_equal(collect(&p, 0, VPDN_AVP_PROXY_AUTH_ID, false, "\7", 1), -EBADMSG);
	assert_int_equal(collect(&p, 0, VPDN_AVP_PROXY_AUTH_TYPE, false, "\0\2\0", 3), -EBADMSG);
	assert_int_equal(collect(&p, 0, VPDN_AVP_LAST_TX_CONFREQ, false, big, 512), 1);
	assert_int_equal(collect(&p, 0, VPDN_AVP_LAST_TX_CONFREQ, false, big, 513), -EMSGSIZE);
	assert_false(p.last_sent.present);
	assert_int_equal(collect(&p, 0, VPDN_AVP_PROXY_AUTH_RESPONSE, false, big, 255), 1);
	assert_int_equal(collect(&p, 0, VPDN_AVP_PROXY_AUTH_RESPONSE, false, big, 256), -EMSGSIZE);
	assert_false(p.response.present);
}

static void options_the_lns_does_not_know_do_not_matter_here(void **state)
{
	struct vpdn_proxy p;

	(void)state;
	vpdn_proxy_init(&p);
	assert_int_equal(collect(&p, 0, VPDN_AVP_LAST_TX_CONFREQ, false, "\xc8\5abc", 5), 1);
	assert_int_equal(collect(&p, 0, VPDN_AVP_LAST_RX_CONFREQ, true, "\xc8\xff", 2), 1);
	assert_true(vpdn_proxy_has_lcp(&p));
	assert_null(vpdn_proxy_check(&p));
}

static void what_is_missing_for_a_type_is_named(void **state)
{
	struct vpdn_proxy p;

	(void)state;
	vpdn_proxy_init(&p);
	assert_true(vpdn_proxy_empty(&p));
	assert_null(vpdn_proxy_check(&p));
	assert_false(vpdn_proxy_has_lcp(&p));
	assert_false(vpdn_proxy_has_auth(&p));

	fill(&p);
	p.initial_received.present = false;
	p.last_sent.present = false;
	p.last_received.present = false;
	assert_null(vpdn_proxy_check(&p));

	p.name.present = false;
	assert_string_equal(vpdn_proxy_check(&p), "proxy authentication without a name");
	fill(&p);
	p.challenge.len = 0;
	assert_string_equal(vpdn_proxy_check(&p), "proxy authentication without a challenge");
	fill(&p);
	p.id_present = false;
	assert_string_equal(vpdn_proxy_check(&p), "proxy authentication without an id");
	fill(&p);
	p.response.present = false;
	assert_string_equal(vpdn_proxy_check(&p), "proxy authentication without a response");
	fill(&p);
	p.response.len = 15;
	assert_string_equal(vpdn_proxy_check(&p), "proxy authentication response of a wrong length");
	fill(&p);
	p.auth_type = 9;
	assert_string_equal(vpdn_proxy_check(&p), "unknown proxy authentication type");
	assert_false(vpdn_proxy_has_auth(&p));
	fill(&p);
	p.auth_type = VPDN_PROXY_AUTH_ABSENT;
	assert_string_equal(vpdn_proxy_check(&p), "proxy authentication without a type");

	fill(&p);
	p.auth_type = VPDN_PROXY_AUTH_MSCHAP_V2;
	p.challenge.len = 16;
	p.response.len = 49;
	assert_null(vpdn_proxy_check(&p));
	assert_true(vpdn_proxy_has_auth(&p));
	p.auth_type = VPDN_PROXY_AUTH_MSCHAP_V1;
	assert_string_equal(vpdn_proxy_check(&p), "proxy authentication challenge of a wrong length");

	fill(&p);
	p.auth_type = VPDN_PROXY_AUTH_PAP;
	p.challenge.present = false;
	p.response.len = 0;	/* an empty password is one */
	assert_null(vpdn_proxy_check(&p));
	assert_true(vpdn_proxy_has_auth(&p));

	vpdn_proxy_init(&p);
	p.auth_type = VPDN_PROXY_AUTH_NONE;
	assert_null(vpdn_proxy_check(&p));
	assert_false(vpdn_proxy_has_auth(&p));
	assert_false(vpdn_proxy_empty(&p));
}

static void a_field_set_anew_holds_nothing_of_the_old(void **state)
{
	struct vpdn_proxy p;

	(void)state;
	vpdn_proxy_init(&p);
	vpdn_proxy_set_bytes(&p.response, "a long password", 15);
	vpdn_proxy_set_bytes(&p.response, "x", 1);
	assert_int_equal(p.response.data[1], 0);
	assert_int_equal(p.response.data[14], 0);
}

static void nothing_is_left_after_wiping(void **state)
{
	struct vpdn_proxy p;
	const uint8_t *octets = (const uint8_t *)&p;
	size_t i;

	(void)state;
	fill(&p);
	vpdn_proxy_wipe(&p);
	for (i = 0; i < sizeof(p); i++)
		assert_int_equal(octets[i], 0);
	assert_true(vpdn_proxy_empty(&p));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_fields_round_trip_with_m_clear),
		cmocka_unit_test(mschapv2_goes_in_an_avp_of_our_own),
		cmocka_unit_test(every_truncation_is_refused_or_leaves_whole_fields),
		cmocka_unit_test(avps_are_taken_one_by_one_with_either_m),
		cmocka_unit_test(options_the_lns_does_not_know_do_not_matter_here),
		cmocka_unit_test(what_is_missing_for_a_type_is_named),
		cmocka_unit_test(a_field_set_anew_holds_nothing_of_the_old),
		cmocka_unit_test(nothing_is_left_after_wiping),
	};

	return cmocka_run_group_tests_name("proxy", tests, NULL, NULL);
}
