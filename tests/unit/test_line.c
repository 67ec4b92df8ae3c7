/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tests of lib/line: TR-101's sub-options as TLVs and RFC 5515's AVPs, and the items of a line as text that nobody can misuse.
 * The sub-options are those of TR-101 table 3 and RFC 4679 section 3.3, whose numbers RFC 5515 section 5 took over.
 */
#include "line.h"

#include "avp.h"
#include "unit.h"

/* A message with what these sub-options say; all of it is read again, as by the next process. */
static void made(struct vpdn_ipc_msg *m, const char *hex)
{
	struct vpdn_ipc_builder b;
	uint8_t octets[1200];
	size_t n = unhex(hex, octets, sizeof(octets));
	uint8_t *copy = exact(octets, n);

	vpdn_ipc_begin(&b, VPDN_MSG_SUBSCRIBER_ASK, 0, 1);
	vpdn_ipc_put_u8(&b, VPDN_TLV_ACCESS, VPDN_ACCESS_PPPOE);
	vpdn_ipc_put_u32(&b, VPDN_TLV_PID, 1);
	vpdn_ipc_put_u32(&b, VPDN_TLV_HOLD_MS, 1000);
	vpdn_line_put(&b, copy, n);
	free(copy);
	assert_int_equal(vpdn_ipc_finish(&b), 0);
	memcpy(m->buf, b.buf, b.w.len);
	assert_int_equal(vpdn_ipc_parse(m, b.w.len), 0);
}

/* An item as text; "-" when the message does not say it. */
static const char *text_of(const struct vpdn_ipc_msg *m, const char *name)
{
	static char text[4][1100];
	static unsigned int next;
	const struct vpdn_line_item *item = vpdn_line_lookup(name);
	struct vpdn_line_value v;

	next = (next + 1) % 4;
	assert_non_null(item);
	return vpdn_line_get(m, item, &v) ? vpdn_line_text(&v, item, text[next], sizeof(text[next])) : "-";
}

static unsigned int items(const struct vpdn_ipc_msg *m)
{
	const struct vpdn_line_item *item;
	struct vpdn_line_value v;
	unsigned int n = 0;

	for (size_t i = 0; (item = vpdn_line_row(i)); i++)
		n += vpdn_line_get(m, item, &v);
	return n;
}

static const struct {
	const char *name, *hex, *text;
} options[] = {
	{ "agent-circuit-id", "01 11 6f6c74312061746d20312f323a302e3333", "olt1 atm 1/2:0.33" },
	{ "agent-remote-id", "02 03 737562", "sub" },
	{ "actual-data-rate-upstream", "81 04 000003fe", "1022000" },
	{ "actual-data-rate-downstream", "82 04 00003f70", "16240000" },
	{ "minimum-data-rate-upstream", "83 04 00000001", "1000" },
	{ "minimum-data-rate-downstream", "84 04 00000002", "2000" },
	{ "attainable-data-rate-upstream", "85 04 00000003", "3000" },
	{ "attainable-data-rate-downstream", "86 04 00000004", "4000" },
	{ "maximum-data-rate-upstream", "87 04 00000005", "5000" },
	{ "maximum-data-rate-downstream", "88 04 00000006", "6000" },
	{ "minimum-data-rate-upstream-low-power", "89 04 00000007", "7000" },
	{ "minimum-data-rate-downstream-low-power", "8a 04 ffffffff", "4294967295000" },
	{ "maximum-interleaving-delay-upstream", "8b 04 0000000b", "11" },
	{ "actual-interleaving-delay-upstream", "8c 04 0000000c", "12" },
	{ "maximum-interleaving-delay-downstream", "8d 04 0000000d", "13" },
	{ "actual-interleaving-delay-downstream", "8e 04 0000000e", "14" },
	{ "access-loop-encapsulation", "90 03 020106", "020106" },
	{ "access-line-type", "91 04 00000001", "1" },
	{ "iwf-session", "fe 00", "" },
};

static void each_sub_option_alone(void **state)
{
	static struct vpdn_ipc_msg m;
	bool rate;

	(void)state;
	for (size_t i = 0; i < COUNT(options); i++) {
		made(&m, options[i].hex);
		assert_string_equal(text_of(&m, options[i].name), options[i].text);
		/* an actual rate is a connect speed too */
		rate = !strncmp(options[i].name, "actual-data-rate", 16);
		assert_int_equal(items(&m), rate ? 2 : 1);
	}
	/* no Broadband Forum's AVP without a test */
	for (size_t i = 0, n = 0; i < vpdn_avp_table_size(); i++) {
		n += vpdn_avp_table_row(i)->vendor == VPDN_VENDOR_BBF;
		if (i + 1 == vpdn_avp_table_size())
			assert_int_equal(n, COUNT(options));
	}
}

static void all_sub_options_together(void **state)
{
	static struct vpdn_ipc_msg m;
	char hex[1024] = "";

	(void)state;
	for (size_t i = 0; i < COUNT(options); i++)
		strcat(hex, options[i].hex);
	made(&m, hex);
	for (size_t i = 0; i < COUNT(options); i++)
		assert_string_equal(text_of(&m, options[i].name), options[i].text);
	assert_string_equal(text_of(&m, "tx-connect-speed"), "16240000");
	assert_string_equal(text_of(&m, "rx-connect-speed"), "1022000");
	assert_int_equal(items(&m), COUNT(options) + 2);
}

/* RFC 5515 5.3: a rate is 64 bits; more than 32 bits of it is no reason to lie in the 32 bits of AVP 24. */
static void rates_on_the_wire(void **state)
{
	static const uint8_t rate[] = { 0, 0, 0, 2, 0x54, 0x0b, 0xe4, 0 };	/* 10 Gbit/s */
	const struct vpdn_line_item *item = vpdn_line_lookup("actual-data-rate-downstream");
	static struct vpdn_ipc_msg m;
	struct vpdn_line_value v;
	uint32_t tx = 0;

	(void)state;
	made(&m, "82 04 00989680");
	assert_true(vpdn_line_get(&m, item, &v));
	assert_int_equal(v.len, sizeof(rate));
	assert_memory_equal(v.p, rate, sizeof(rate));
	assert_true(vpdn_ipc_get_u32(&m, VPDN_TLV_TX_SPEED, &tx));
	assert_int_equal(tx, UINT32_MAX);
	made(&m, "82 04 00000000");
	assert_false(vpdn_ipc_has(&m, VPDN_TLV_TX_SPEED));
}

static void malformed_sub_options(void **state)
{
	static const struct {
		const char *hex, *circuit, *up;
		unsigned int items;
	} cases[] = {
		{ "", "-", "-", 0 },
		{ "01", "-", "-", 0 },
		{ "01 03 6162", "-", "-", 0 },				/* cut */
		{ "81 04 000003fe 01 03 6162", "-", "1022000", 2 },	/* what is whole before it stays */
		{ "01 00", "-", "-", 0 },				/* an id of no octets is none */
		{ "81 00", "-", "-", 0 }, { "81 03 0003fe", "-", "-", 0 },
		{ "81 05 00000003fe 01 01 61", "a", "-", 1 },		/* a wrong size costs nobody else */
		{ "81 08 00000000000003fe", "-", "-", 0 },
		{ "8b 02 000b", "-", "-", 0 }, { "90 02 0201", "-", "-", 0 }, { "90 04 02010600", "-", "-", 0 },
		{ "fe 05 0102030405", "-", "-", 0 },
		{ "03 01 61 7f 01 62 80 01 63 8f 04 00000001 ff 01 64", "-", "-", 0 },	/* unknown */
		{ "01 01 61 81 04 00000001 01 02 6263 81 04 000003fe", "bc", "1022000", 3 },	/* the last counts */
		{ "81 04 000003fe 81 01 00", "-", "-", 0 },		/* also when it is damaged */
	};
	static struct vpdn_ipc_msg m;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		made(&m, cases[i].hex);
		assert_string_equal(text_of(&m, "agent-circuit-id"), cases[i].circuit);
		assert_string_equal(text_of(&m, "actual-data-rate-upstream"), cases[i].up);
		assert_int_equal(items(&m), cases[i].items);
	}
}

/* Octets of a peer as a value of some TLV. */
static const char *as_text(const void *p, size_t len, size_t size)
{
	static char text[4100];
	struct vpdn_line_value v = { .p = p, .len = len };

	assert_true(size <= sizeof(text));
	memset(text, 'X', sizeof(text));
	return vpdn_line_text(&v, vpdn_line_lookup("called-number"), text, size);
}

static void text_is_harmless(void **state)
{
	static const struct {
		const char *value, *text;
	} cases[] = {
		{ "", "" }, { "614629", "614629" }, { "+49(30)", "+49%2830%29" }, { "a b", "a b" }, { " a ", "%20a%20" },
		{ "--help", "%2d-help" }, { "-", "%2d" }, { "a-b", "a-b" }, { "a-", "a%2d" },
		{ "$(reboot)`id`", "%24%28reboot%29%60id%60" }, { "a;b|c&d>e<f", "a%3bb%7cc%26d%3ee%3cf" },
		{ "\"'\\%", "%22%27%5c%25" }, { "a\nplugin /tmp/x.so", "a%0aplugin /tmp/x.so" }, { "*?[~{!}]^", "%2a%3f%5b%7e%7b%21%7d%5d%5e" },
		{ "olt1 atm 1/2:0.33,x=1@y#z_", "olt1 atm 1/2:0.33,x=1@y#z_" }, { "\x01\x1b[2J\x7f\xff", "%01%1b%5b2J%7f%ff" },
	};
	static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+:/@#,=% ";
	uint8_t all[256];
	const char *text;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_string_equal(as_text(cases[i].value, strlen(cases[i].value), 200), cases[i].text);
	for (size_t i = 0; i < sizeof(all); i++)
		all[i] = (uint8_t)i;
	text = as_text(all, sizeof(all), 1000);
	assert_int_equal(strspn(text, safe), strlen(text));
	assert_string_equal(as_text("a\0b", 3, 100), "a%00b");
}

static void text_is_cut_at_whole_escapes(void **state)
{
	(void)state;
	assert_string_equal(as_text("abc", 3, 4), "abc");
	assert_string_equal(as_text("abc", 3, 3), "ab");
	assert_string_equal(as_text("a;b", 3, 6), "a%3bb");
	assert_string_equal(as_text("a;b", 3, 5), "a%3b");
	assert_string_equal(as_text("a;b", 3, 4), "a");
	assert_string_equal(as_text("a;b", 3, 1), "");
}

static void names(void **state)
{
	const struct vpdn_line_item *item, *other;
	char env[VPDN_LINE_NAME_MAX];

	(void)state;
	for (size_t i = 0; (item = vpdn_line_row(i)); i++) {
		assert_ptr_equal(vpdn_line_lookup(item->name), item);
		vpdn_line_env(item, env, sizeof(env));
		assert_int_equal(strlen(env), strlen(item->name));
		assert_int_equal(strspn(env, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_"), strlen(env));
		assert_non_null(vpdn_avp_lookup(item->vendor, item->type));
		for (size_t j = 0; (other = vpdn_line_row(j)); j++)
			assert_true(i == j || strcmp(other->name, item->name));
	}
	assert_string_equal(vpdn_line_env(vpdn_line_lookup("Calling-Number"), env, sizeof(env)), "CALLING_NUMBER");
	assert_null(vpdn_line_lookup("path"));
	assert_null(vpdn_line_lookup(""));
}

/* What a LAC has said, right and wrong, in the TLVs that xl2tpd's module makes of it. */
static void values_of_an_lac(void **state)
{
	static struct vpdn_ipc_msg m;
	struct vpdn_ipc_builder b;

	(void)state;
	vpdn_ipc_begin(&b, VPDN_MSG_CALL_INFO, 0, 0);
	vpdn_ipc_put_text(&b, VPDN_TLV_TEXT, "-");
	vpdn_ipc_put_text(&b, VPDN_TLV_CALLING_NUMBER, "5551234");
	vpdn_ipc_put_text(&b, VPDN_TLV_NAS_PORT, "Serial0:0");
	vpdn_ipc_put_u32(&b, VPDN_TLV_PHYSICAL_CHANNEL, 4294967295u);
	vpdn_ipc_put_avp(&b, VPDN_VENDOR_CISCO, VPDN_AVP_BBF_RATE_UP, 0, "\0\0\0\1", 4);	/* another vendor's 129 */
	vpdn_ipc_put_avp(&b, VPDN_VENDOR_BBF, VPDN_AVP_BBF_RATE_UP, 0, "\0\0\4\0", 4);	/* 32 bits are accepted */
	vpdn_ipc_put_avp(&b, VPDN_VENDOR_BBF, VPDN_AVP_BBF_DELAY_UP, 0, "\0\0\0", 3);
	assert_int_equal(vpdn_ipc_finish(&b), 0);
	memcpy(m.buf, b.buf, b.w.len);
	assert_int_equal(vpdn_ipc_parse(&m, b.w.len), 0);
	assert_string_equal(text_of(&m, "calling-number"), "5551234");
	assert_string_equal(text_of(&m, "nas-port"), "Serial0:0");
	assert_string_equal(text_of(&m, "physical-channel"), "4294967295");
	assert_string_equal(text_of(&m, "actual-data-rate-upstream"), "1024");
	assert_string_equal(text_of(&m, "actual-interleaving-delay-upstream"), "-");
	assert_int_equal(items(&m), 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_sub_option_alone),
		cmocka_unit_test(all_sub_options_together),
		cmocka_unit_test(rates_on_the_wire),
		cmocka_unit_test(malformed_sub_options),
		cmocka_unit_test(text_is_harmless),
		cmocka_unit_test(text_is_cut_at_whole_escapes),
		cmocka_unit_test(names),
		cmocka_unit_test(values_of_an_lac),
	};

	return cmocka_run_group_tests_name("line", tests, NULL, NULL);
}
