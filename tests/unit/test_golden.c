/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Recorded L2TP control messages: one call from a LAC (5300) to an LNS, both with
 * debugging on, tunnel secret "hello".  Each vector says which side's debug output
 * shows it and which message it is.
 *
 * Short messages were recorded whole: they are decoded, every AVP is checked, and
 * they are written again to identical octets.  Of the long ones the trace has the
 * first 48 octets, the length, and every AVP with flags and value: they are built
 * from those and must have the recorded length and beginning.
 */
#include "avp.h"
#include "avp_hide.h"
#include "lcp_options.h"
#include "proxy.h"
#include "result_code.h"
#include "unit.h"

struct avp_want {
	uint16_t vendor, type;
	bool mandatory;
	const char *hex;	/* of the value */
};

struct packet {
	const char *source, *hex;
	struct vpdn_ctrl_header h;
	struct avp_want avps[4];
	size_t n;
};

static const struct packet packets[] = {
	{ "recorded trace, LAC debug, SCCCN sent",
	  "C8 02 00 2A D7 E6 00 00 00 01 00 01 80 08 00 00 00 00 00 03 80 16 00 00 00 0D 96 39 53 18 41 AC"
	  "22 E3 10 3E 20 8E F7 D9 09 89",
	  { 42, 55270, 0, 1, 1 },
	  { { 0, 0, true, "0003" }, { 0, 13, true, "9639531841AC22E3103E208EF7D90989" } }, 2 },
	{ "recorded trace, LNS debug, ZLB for SCCCN sent",
	  "C8 02 00 0C 45 18 00 00 00 01 00 02", { 12, 17688, 0, 1, 2 }, { { 0, 0, false, "" } }, 0 },
	{ "recorded trace, LAC debug, ICRP received",
	  "C8 02 00 1C 45 18 00 07 00 01 00 03 80 08 00 00 00 00 00 0B 80 08 00 00 00 0E 00 2D",
	  { 28, 17688, 7, 1, 3 },
	  { { 0, 0, true, "000b" }, { 0, 14, true, "002d" } }, 2 },
	{ "recorded trace, LNS debug, ZLB for ICCN sent",
	  "C8 02 00 0C 45 18 00 00 00 02 00 04", { 12, 17688, 0, 2, 4 }, { { 0, 0, false, "" } }, 0 },
	{ "recorded trace, LAC debug, CDN sent",
	  "C8 02 00 26 D7 E6 00 2D 00 04 00 02 80 08 00 00 00 00 00 0E 80 08 00 00 00 0E 00 07 80 0A 00 00"
	  "00 01 00 01 00 00",
	  { 38, 55270, 45, 4, 2 },
	  { { 0, 0, true, "000e" }, { 0, 14, true, "0007" }, { 0, 1, true, "00010000" } }, 3 },
	{ "recorded trace, LNS debug, ZLB for CDN sent",
	  "C8 02 00 0C 45 18 00 00 00 02 00 05", { 12, 17688, 0, 2, 5 }, { { 0, 0, false, "" } }, 0 },
	{ "recorded trace, LNS debug, StopCCN sent",
	  "C8 02 00 24 45 18 00 00 00 02 00 05 80 08 00 00 00 00 00 04 80 08 00 00 00 09 D7 E6 80 08 00 00"
	  "00 01 00 01",
	  { 36, 17688, 0, 2, 5 },
	  { { 0, 0, true, "0004" }, { 0, 9, true, "d7e6" }, { 0, 1, true, "0001" } }, 3 },
	{ "recorded trace, LAC debug, ZLB for StopCCN sent",
	  "C8 02 00 0C D7 E6 00 00 00 05 00 03", { 12, 55270, 0, 5, 3 }, { { 0, 0, false, "" } }, 0 },
};

static void whole_messages_are_read_and_written_to_the_same_octets(void **state)
{
	size_t i, k;

	(void)state;
	for (i = 0; i < COUNT(packets); i++) {
		const struct packet *p = &packets[i];
		uint8_t buf[256], again[256], value[64];
		size_t len = unhex(p->hex, buf, sizeof(buf)), n;
		struct vpdn_ctrl_header h;
		struct vpdn_avp_iter it;
		struct vpdn_reader body;
		struct vpdn_writer w;
		struct vpdn_avp avp;

		assert_int_equal(len, p->h.length);
		assert_int_equal(vpdn_ctrl_parse(buf, len, &h, &body), 0);
		assert_memory_equal(&h, &p->h, sizeof(h));
		vpdn_writer_init(&w, again, sizeof(again));
		vpdn_ctrl_begin(&w, &h);
		vpdn_avp_iter_init(&it, body.p, body.left);
		for (k = 0; k < p->n; k++) {
			assert_int_equal(vpdn_avp_next(&it, &avp), 1);
			assert_int_equal(avp.verdict, VPDN_AVP_OK);
			assert_int_equal(avp.vendor, p->avps[k].vendor);
			assert_int_equal(avp.type, p->avps[k].type);
			assert_true(avp.mandatory == p->avps[k].mandatory);
			n = unhex(p->avps[k].hex, value, sizeof(value));
			assert_int_equal(avp.len, n);
			assert_memory_equal(avp.value, value, n);
			/* Cisco's M bits are those of the table in these messages. */
			vpdn_avp_put(&w, avp.vendor, avp.type, avp.value, avp.len);
		}
		assert_int_equal(vpdn_avp_next(&it, &avp), 0);
		assert_true(vpdn_ctrl_end(&w, 0));
		assert_int_equal(w.len, len);
		assert_memory_equal(again, buf, len);
	}
}

static void every_cut_of_a_whole_message_is_refused(void **state)
{
	size_t i, len;

	(void)state;
	for (i = 0; i < COUNT(packets); i++) {
		uint8_t buf[256];
		size_t total = unhex(packets[i].hex, buf, sizeof(buf));

		for (len = 0; len < total; len++) {
			uint8_t *copy = exact(buf, len);
			struct vpdn_ctrl_header h;
			struct vpdn_reader body;

			assert_int_not_equal(vpdn_ctrl_parse(copy, len, &h, &body), 0);
			free(copy);
		}
	}
}

/* A message that the trace shows in part, with the AVPs that it lists in full. */
static size_t build(uint8_t *buf, size_t size, const struct vpdn_ctrl_header *h, const struct avp_want *avps,
		    size_t n)
{
	struct vpdn_writer w;
	uint8_t value[64];
	size_t i;

	vpdn_writer_init(&w, buf, size);
	vpdn_ctrl_begin(&w, h);
	for (i = 0; i < n; i++)
		vpdn_avp_put_raw(&w, avps[i].vendor, avps[i].type, avps[i].mandatory, false, value,
				 unhex(avps[i].hex, value, sizeof(value)));
	assert_true(vpdn_ctrl_end(&w, 0));
	return w.len;
}

static void begins_with(const uint8_t *buf, size_t len, size_t want_len, const char *hex)
{
	uint8_t head[64];
	size_t n = unhex(hex, head, sizeof(head));

	assert_int_equal(len, want_len);
	assert_memory_equal(buf, head, n);
}

/* All AVPs of a message must be good and in place. */
static void all_good(const uint8_t *buf, size_t len, uint16_t msg_type, size_t count)
{
	struct vpdn_ctrl_header h;
	struct vpdn_avp_iter it;
	struct vpdn_reader body;
	struct vpdn_avp avp;
	size_t n = 0;
	int rc;

	assert_int_equal(vpdn_ctrl_parse(buf, len, &h, &body), 0);
	vpdn_avp_iter_init(&it, body.p, body.left);
	while ((rc = vpdn_avp_next(&it, &avp)) > 0) {
		assert_int_equal(avp.verdict, VPDN_AVP_OK);
		n++;
	}
	assert_int_equal(rc, 0);
	assert_int_equal(n, count);
	assert_int_equal(it.msg_type, msg_type);
}

static void sccrq_is_as_long_as_recorded(void **state)
{
	static const struct avp_want avps[] = {
		{ 0, 0, true, "0001" }, { 0, 2, true, "0100" }, { 0, 3, true, "00000003" },
		{ 0, 4, true, "00000003" }, { 0, 6, false, "1130" }, { 0, 7, true, "686777" },
		{ 0, 8, false, "436973636f2053797374656d732c20496e632e" }, { 0, 9, true, "4518" },
		{ 0, 10, true, "0320" }, { 0, 11, true, "545A2343FBE20EA08BCA7B56E4A7D29E" },
	};
	uint8_t buf[256];
	size_t len = build(buf, sizeof(buf), &(struct vpdn_ctrl_header){ 0 }, avps, COUNT(avps));

	(void)state;
	begins_with(buf, len, 128,	/* recorded trace, LAC debug, SCCRQ sent */
		    "C8 02 00 80 00 00 00 00 00 00 00 00 80 08 00 00 00 00 00 01 80 08 00 00 00 02 01 00 80 0A"
		    "00 00 00 03 00 00 00 03 80 0A 00 00 00 04 00 00 00");
	all_good(buf, len, VPDN_L2TP_SCCRQ, COUNT(avps));
}

static void sccrp_is_as_long_as_recorded(void **state)
{
	static const struct avp_want avps[] = {
		{ 0, 0, true, "0002" }, { 0, 2, true, "0100" }, { 0, 3, true, "00000003" },
		{ 0, 4, true, "00000003" }, { 0, 6, false, "1120" }, { 0, 7, true, "6c3274702d6777" },
		{ 0, 8, false, "436973636f2053797374656d732c20496e632e" }, { 0, 9, true, "d7e6" },
		{ 0, 10, true, "012c" }, { 0, 11, true, "98B296C28429E7ADC767237A45F31040" },
		{ 0, 13, true, "7C358F7A7BA21957C07801195DCADFA6" },
	};
	uint8_t buf[256];
	size_t len = build(buf, sizeof(buf), &(struct vpdn_ctrl_header){ .tunnel = 17688, .nr = 1 }, avps,
			   COUNT(avps));

	(void)state;
	begins_with(buf, len, 154,	/* recorded trace, LAC debug, SCCRP received */
		    "C8 02 00 9A 45 18 00 00 00 00 00 01 80 08 00 00 00 00 00 02 80 08 00 00 00 02 01 00 80 0A"
		    "00 00 00 03 00 00 00 03 80 0A 00 00 00 04 00 00 00");
	all_good(buf, len, VPDN_L2TP_SCCRP, COUNT(avps));
}

static void icrq_is_as_long_as_recorded(void **state)
{
	static const struct avp_want avps[] = {
		{ 0, 0, true, "000a" }, { 0, 14, true, "0007" }, { 0, 15, true, "D114C7C5" },
		{ 0, 18, true, "00000001" }, { 0, 22, true, "32303835373330353932" },
		{ 0, 21, true, "363134363239" }, { 9, 100, false, "53657269616c303a30" },
	};
	uint8_t buf[256];
	size_t len = build(buf, sizeof(buf), &(struct vpdn_ctrl_header){ .tunnel = 55270, .ns = 2, .nr = 1 },
			   avps, COUNT(avps));
	struct vpdn_avp avp;

	(void)state;
	begins_with(buf, len, 91,	/* recorded trace, LAC debug, ICRQ sent */
		    "C8 02 00 5B D7 E6 00 00 00 02 00 01 80 08 00 00 00 00 00 0A 80 08 00 00 00 0E 00 07 80 0A"
		    "00 00 00 0F D1 14 C7 C5 80 0A 00 00 00 12 00 00 00");
	all_good(buf, len, VPDN_L2TP_ICRQ, COUNT(avps));
	assert_int_equal(vpdn_avp_find(buf + 12, len - 12, VPDN_VENDOR_CISCO, VPDN_AVP_CISCO_NAS_PORT, &avp), 0);
	assert_int_equal(avp.len, 9);
	assert_memory_equal(avp.value, "Serial0:0", 9);
	assert_int_equal(vpdn_avp_find(buf + 12, len - 12, 0, VPDN_AVP_CALLING_NUMBER, &avp), 0);
	assert_int_equal(avp.len, 10);
	assert_memory_equal(avp.value, "2085730592", 10);
}

/* In the order in which the LNS lists them; note M=1 on the Proxy Authen Response. */
static const struct avp_want iccn[] = {
	{ 0, 0, true, "000c" }, { 0, 24, true, "0000fa00" }, { 0, 38, false, "0000fa00" },
	{ 0, 19, true, "00000002" }, { 0, 27, false, "0305C223050506109D08F2" },
	{ 0, 28, false, "05066EE4E865" }, { 0, 31, false, "5D0D008CB1677CF8BC354556321A7A74" },
	{ 0, 32, false, "0006" }, { 0, 30, false, "323530302d31" },
	{ 0, 33, true, "CA1CC2E4FA6899E8DF1B695C0A80883E" }, { 0, 29, false, "0002" },
};

static void iccn_is_as_long_as_recorded_and_gives_the_proxy_data(void **state)
{
	uint8_t buf[256], challenge[16], response[16], again[256];
	size_t len = build(buf, sizeof(buf),
			   &(struct vpdn_ctrl_header){ .tunnel = 55270, .session = 45, .ns = 3, .nr = 2 },
			   iccn, COUNT(iccn));
	struct vpdn_lcp_options o;
	struct vpdn_proxy p, q;
	struct vpdn_writer w;

	(void)state;
	begins_with(buf, len, 151,	/* recorded trace, LAC debug, ICCN sent */
		    "C8 02 00 97 D7 E6 00 2D 00 03 00 02 80 08 00 00 00 00 00 0C 80 0A 00 00 00 18 00 00 FA 00"
		    "00 0A 00 00 00 26 00 00 FA 00 80 0A 00 00 00 13 00");
	all_good(buf, len, VPDN_L2TP_ICCN, COUNT(iccn));

	vpdn_proxy_init(&p);
	assert_int_equal(vpdn_proxy_collect_list(&p, buf + 12, len - 12), 0);
	assert_null(vpdn_proxy_check(&p));
	assert_true(vpdn_proxy_has_lcp(&p));
	assert_true(vpdn_proxy_has_auth(&p));
	assert_false(p.initial_received.present);
	assert_int_equal(p.auth_type, VPDN_PROXY_AUTH_CHAP);
	assert_true(p.id_present);
	assert_int_equal(p.id, 6);
	assert_int_equal(p.name.len, 6);
	assert_memory_equal(p.name.data, "2500-1", 6);
	unhex("5D0D008CB1677CF8BC354556321A7A74", challenge, sizeof(challenge));
	unhex("CA1CC2E4FA6899E8DF1B695C0A80883E", response, sizeof(response));
	assert_int_equal(p.challenge.len, 16);
	assert_memory_equal(p.challenge.data, challenge, 16);
	assert_int_equal(p.response.len, 16);
	assert_memory_equal(p.response.data, response, 16);

	assert_int_equal(vpdn_lcp_parse(p.last_sent.data, p.last_sent.len, &o), 0);
	assert_int_equal(o.present, VPDN_LCP_HAS_AUTH | VPDN_LCP_HAS_MAGIC);
	assert_int_equal(o.magic, 0x109d08f2);
	assert_int_equal(vpdn_lcp_parse(p.last_received.data, p.last_received.len, &o), 0);
	assert_int_equal(o.magic, 0x6ee4e865);

	/* Sent on by us: the same data, M=0 in all. */
	vpdn_writer_init(&w, again, sizeof(again));
	assert_true(vpdn_proxy_put(&w, &p));
	assert_int_equal(w.len, 17 + 12 + 8 + 12 + 22 + 8 + 22);
	vpdn_proxy_init(&q);
	assert_int_equal(vpdn_proxy_collect_list(&q, again, w.len), 0);
	assert_memory_equal(&p, &q, sizeof(p));
}

static void tunnel_challenges_verify_with_the_secret(void **state)
{
	uint8_t challenge[16], response[16];

	(void)state;
	/* recorded trace, LNS debug, SCCRQ received: challenge; LAC debug, SCCRP received: response */
	unhex("545A2343FBE20EA08BCA7B56E4A7D29E", challenge, 16);
	unhex("7C358F7A7BA21957C07801195DCADFA6", response, 16);
	assert_true(vpdn_tunnel_challenge_verify(VPDN_L2TP_SCCRP, "hello", 5, challenge, 16, response, 16));
	assert_false(vpdn_tunnel_challenge_verify(VPDN_L2TP_SCCCN, "hello", 5, challenge, 16, response, 16));
	/* recorded trace, LAC debug, SCCRP received: challenge; SCCCN sent: response */
	unhex("98B296C28429E7ADC767237A45F31040", challenge, 16);
	unhex("9639531841AC22E3103E208EF7D90989", response, 16);
	assert_true(vpdn_tunnel_challenge_verify(VPDN_L2TP_SCCCN, "hello", 5, challenge, 16, response, 16));
	assert_false(vpdn_tunnel_challenge_verify(VPDN_L2TP_SCCCN, "Hello", 5, challenge, 16, response, 16));
}

static void results_read_as_the_routers_print_them(void **state)
{
	struct vpdn_result r;
	char line[80];

	(void)state;
	/* recorded trace, LNS debug, CDN: "Result code(1): 1: Loss of carrier, Error code(0): No error" */
	assert_true(vpdn_result_parse("\0\1\0\0", 4, &r));
	assert_string_equal(vpdn_result_print(&r, false, line, sizeof(line)), "1 (loss of carrier)");
	assert_true(r.has_error);
	/* recorded trace, LAC debug, StopCCN: two octets only */
	assert_true(vpdn_result_parse("\0\1", 2, &r));
	assert_string_equal(vpdn_result_print(&r, true, line, sizeof(line)),
			    "1 (request to clear control connection)");
	assert_false(r.has_error);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_messages_are_read_and_written_to_the_same_octets),
		cmocka_unit_test(every_cut_of_a_whole_message_is_refused),
		cmocka_unit_test(sccrq_is_as_long_as_recorded),
		cmocka_unit_test(sccrp_is_as_long_as_recorded),
		cmocka_unit_test(icrq_is_as_long_as_recorded),
		cmocka_unit_test(iccn_is_as_long_as_recorded_and_gives_the_proxy_data),
		cmocka_unit_test(tunnel_challenges_verify_with_the_secret),
		cmocka_unit_test(results_read_as_the_routers_print_them),
	};

	return cmocka_run_group_tests_name("golden", tests, NULL, NULL);
}
