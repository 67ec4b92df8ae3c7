/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tests of lib/lcp_options.  The option lists of `recorded` are those of the
 * Configure-Requests in recorded traces, of which each says where it is from.
 */
#include "lcp_options.h"

#include <errno.h>

#include "unit.h"

static const struct {
	const char *source, *hex, *line;
} recorded[] = {
	{ "LAC debug, CONFREQ id 118 received", "05066EE4E865", "magic 0x6ee4e865" },
	{ "LAC debug, CONFREQ id 11 sent",
	  "0305C22305 0506109D08F2 110405F4 130901353330302D31",
	  "CHAP MD5, magic 0x109d08f2, MRRU 1524, endpoint class 1 \"5300-1\"" },
	{ "LAC debug, CONFREJ id 11 received", "110405F4 130901353330302D31",
	  "MRRU 1524, endpoint class 1 \"5300-1\"" },
	{ "LAC debug, CONFREQ id 12 sent", "0305C22305 0506109D08F2", "CHAP MD5, magic 0x109d08f2" },
	{ "PPPoE client debug, CONFREQ id 1 sent",
	  "0506BC220EF6 110405F4 1310017573657240737572662E6F7267",
	  "magic 0xbc220ef6, MRRU 1524, endpoint class 1 \"user@surf.org\"" },
	{ "PPPoE client debug, CONFREQ id 1 received",
	  "010405D4 0305C22305 0506BC21F6F0 110405F4 1306014C4143",
	  "MRU 1492, CHAP MD5, magic 0xbc21f6f0, MRRU 1524, endpoint class 1 \"LAC\"" },
	{ "PPPoE client debug, CONFREQ id 2 received",
	  "010405DC 0305C22305 0506BC21F6F0 110405F4 1306014C4143",
	  "MRU 1500, CHAP MD5, magic 0xbc21f6f0, MRRU 1524, endpoint class 1 \"LAC\"" },
	{ "PPPoE client debug, CONFREQ of the LNS received after forwarding",
	  "010405D4 0305C22305 0506BC21E526 110405F4 1310017573657240737572662E6F7267",
	  "MRU 1492, CHAP MD5, magic 0xbc21e526, MRRU 1524, endpoint class 1 \"user@surf.org\"" },
	{ "dial-out LNS debug, CONFREQ id 79 received in part", "0305C22305 0506059935DB 110405F4",
	  "CHAP MD5, magic 0x059935db, MRRU 1524" },
};

static void recorded_requests_are_read(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(recorded); i++) {
		uint8_t buf[256];
		size_t len = unhex(recorded[i].hex, buf, sizeof(buf));
		struct vpdn_lcp_options o;
		char line[256];

		assert_int_equal(vpdn_lcp_parse(buf, len, &o), 0);
		assert_int_equal(o.unknown + o.malformed, 0);
		assert_string_equal(vpdn_lcp_print(buf, len, line, sizeof(line)), recorded[i].line);
	}
}

static void recorded_values_are_where_they_belong(void **state)
{
	struct vpdn_lcp_options o;
	uint8_t buf[64];
	size_t len = unhex(recorded[5].hex, buf, sizeof(buf));

	(void)state;
	assert_int_equal(vpdn_lcp_parse(buf, len, &o), 0);
	assert_int_equal(o.present, VPDN_LCP_HAS_MRU | VPDN_LCP_HAS_AUTH | VPDN_LCP_HAS_MAGIC |
				    VPDN_LCP_HAS_MRRU | VPDN_LCP_HAS_ENDPOINT);
	assert_int_equal(o.mru, 1492);
	assert_int_equal(o.auth_proto, VPDN_PPP_CHAP);
	assert_int_equal(o.chap_algorithm, VPDN_CHAP_MD5);
	assert_int_equal(o.magic, 0xbc21f6f0);
	assert_int_equal(o.mrru, 1524);
	assert_int_equal(o.endpoint_class, 1);
	assert_int_equal(o.endpoint_len, 3);
	assert_memory_equal(o.endpoint, "LAC", 3);
}

/* Every option of the table, the shortest form of each. */
static const char all_options[] =
	"010405dc 0206000a0000 0305c22381 0408c025000003e8 050612345678 0702 0802 090304 0a0304"
	"0d0306 0f02 110405dc 1202 130903020000000001 17040001";

static void every_option_is_read(void **state)
{
	uint8_t buf[256];
	size_t len = unhex(all_options, buf, sizeof(buf));
	struct vpdn_lcp_options o;
	char line[300];

	(void)state;
	assert_int_equal(vpdn_lcp_parse(buf, len, &o), 0);
	assert_int_equal(o.unknown + o.malformed, 0);
	assert_int_equal(o.present, 0xffffu & ~VPDN_LCP_HAS_NUMBERED);
	assert_string_equal(vpdn_lcp_print(buf, len, line, sizeof(line)),
			    "MRU 1500, ACCM 0x000a0000, MS-CHAPv2, quality 0xc025, magic 0x12345678, PFC, ACFC, "
			    "FCS 4, padding 4, callback 6, compound frames, MRRU 1500, SSNHF, "
			    "endpoint class 3 020000000001, link discriminator 1");
}

static void every_truncation_ends_in_damage_or_padding(void **state)
{
	uint8_t buf[256];
	size_t total = unhex(all_options, buf, sizeof(buf)), len;

	(void)state;
	for (len = 0; len <= total; len++) {
		uint8_t *copy = exact(buf, len);
		struct vpdn_lcp_option opt;
		struct vpdn_lcp_options o;
		struct vpdn_reader r;
		size_t used = 0;
		int rc;

		vpdn_reader_init(&r, copy, len);
		while ((rc = vpdn_lcp_next(&r, &opt)) > 0)
			used += opt.len + 2;
		/* One octet over may be padding; more is an option that does not fit. */
		assert_int_equal(rc, len - used <= 1 ? 0 : -EBADMSG);
		assert_int_equal(vpdn_lcp_parse(copy, len, &o), rc);
		free(copy);
	}
}

static void an_endpoint_cut_short_is_damage(void **state)
{
	uint8_t buf[64];
	/* dial-out LNS debug, endpoint of 20 octets of which the trace shows 16 */
	size_t len = unhex("13140172656D6F74653240636973636F", buf, sizeof(buf));
	struct vpdn_lcp_options o;
	char line[64];

	(void)state;
	assert_int_equal(vpdn_lcp_parse(buf, len, &o), -EBADMSG);
	assert_int_equal(o.present, 0);
	assert_string_equal(vpdn_lcp_print(buf, len, line, sizeof(line)), "damaged");
}

static void unknown_and_malformed_options_are_found_and_survived(void **state)
{
	uint8_t buf[64];
	struct vpdn_lcp_options o;
	size_t len;
	char line[128];

	(void)state;
	len = unhex("010405dc fe05010203 050612345678", buf, sizeof(buf));
	assert_int_equal(vpdn_lcp_parse(buf, len, &o), 0);
	assert_int_equal(o.unknown, 1);
	assert_int_equal(o.first_unknown, 0xfe);
	assert_int_equal(o.magic, 0x12345678);
	vpdn_lcp_print(buf, len, line, sizeof(line));
	assert_string_equal(line, "MRU 1500, unknown option 254 of 3 octets, magic 0x12345678");

	/* known, but of a length its row forbids; CHAP without an algorithm; PAP with one */
	len = unhex("0103dc 0304c223 0305c02305 050612345678", buf, sizeof(buf));
	assert_int_equal(vpdn_lcp_parse(buf, len, &o), 0);
	assert_int_equal(o.malformed, 3);
	assert_int_equal(o.first_unknown, VPDN_LCP_MRU);
	assert_int_equal(o.present, VPDN_LCP_HAS_MAGIC);
}

static void padding_behind_the_options_is_ignored(void **state)
{
	static const char *const padded[] = { "010405dc", "010405dc 00", "010405dc 0000000000", "010405dc 01" };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(padded); i++) {
		uint8_t buf[32];
		size_t len = unhex(padded[i], buf, sizeof(buf));
		struct vpdn_lcp_options o;

		assert_int_equal(vpdn_lcp_parse(buf, len, &o), 0);
		assert_int_equal(o.present, VPDN_LCP_HAS_MRU);
		assert_int_equal(o.unknown, 0);
	}
}

static void an_option_length_below_two_is_damage(void **state)
{
	struct vpdn_lcp_options o;
	uint8_t buf[32];

	(void)state;
	assert_int_equal(vpdn_lcp_parse(buf, unhex("0101 05dc", buf, sizeof(buf)), &o), -EBADMSG);
	assert_int_equal(vpdn_lcp_parse(buf, unhex("0100 05dc", buf, sizeof(buf)), &o), -EBADMSG);
	assert_int_equal(vpdn_lcp_parse(NULL, 0, &o), 0);
	assert_int_equal(o.present, 0);
}

static void the_last_of_repeated_options_counts(void **state)
{
	struct vpdn_lcp_options o;
	uint8_t buf[32];

	(void)state;
	assert_int_equal(vpdn_lcp_parse(buf, unhex("010405d4 010405dc", buf, sizeof(buf)), &o), 0);
	assert_int_equal(o.mru, 1500);
	/* CHAP first, then PAP: nothing of the first is left */
	assert_int_equal(vpdn_lcp_parse(buf, unhex("0305c22305 0304c023", buf, sizeof(buf)), &o), 0);
	assert_int_equal(o.auth_proto, VPDN_PPP_PAP);
	assert_int_equal(o.chap_algorithm, 0);
}

static void options_are_written_one_by_one(void **state)
{
	struct vpdn_writer w;
	uint8_t buf[300], want[64];
	size_t len = unhex("010405d4 0305c22380 0304c023 050601020304", want, sizeof(want));

	(void)state;
	vpdn_writer_init(&w, buf, sizeof(buf));
	vpdn_lcp_put_u16(&w, VPDN_LCP_MRU, 1492);
	vpdn_lcp_put_auth(&w, VPDN_PPP_CHAP, VPDN_CHAP_MSCHAP_V1);
	vpdn_lcp_put_auth(&w, VPDN_PPP_PAP, VPDN_CHAP_MD5);
	vpdn_lcp_put_u32(&w, VPDN_LCP_MAGIC, 0x01020304);
	assert_int_equal(w.len, len);
	assert_memory_equal(buf, want, len);

	vpdn_writer_init(&w, buf, sizeof(buf));
	assert_false(vpdn_lcp_put_u32(&w, VPDN_LCP_MRU, 1492));
	vpdn_writer_init(&w, buf, sizeof(buf));
	assert_false(vpdn_lcp_put_u16(&w, VPDN_LCP_MAGIC, 1492));
}

static void nothing_and_odd_protocols(void **state)
{
	uint8_t buf[32];
	char line[64];

	(void)state;
	assert_string_equal(vpdn_lcp_print(NULL, 0, line, sizeof(line)), "none");
	vpdn_lcp_print(buf, unhex("0304c227", buf, sizeof(buf)), line, sizeof(line));
	assert_string_equal(line, "EAP");
	vpdn_lcp_print(buf, unhex("0304c123", buf, sizeof(buf)), line, sizeof(line));
	assert_string_equal(line, "auth 0xc123");
	vpdn_lcp_print(buf, unhex("0305c22306", buf, sizeof(buf)), line, sizeof(line));
	assert_string_equal(line, "CHAP algorithm 6");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recorded_requests_are_read),
		cmocka_unit_test(recorded_values_are_where_they_belong),
		cmocka_unit_test(every_option_is_read),
		cmocka_unit_test(every_truncation_ends_in_damage_or_padding),
		cmocka_unit_test(an_endpoint_cut_short_is_damage),
		cmocka_unit_test(unknown_and_malformed_options_are_found_and_survived),
		cmocka_unit_test(padding_behind_the_options_is_ignored),
		cmocka_unit_test(an_option_length_below_two_is_damage),
		cmocka_unit_test(the_last_of_repeated_options_counts),
		cmocka_unit_test(options_are_written_one_by_one),
		cmocka_unit_test(nothing_and_odd_protocols),
	};

	return cmocka_run_group_tests_name("lcp_options", tests, NULL, NULL);
}
