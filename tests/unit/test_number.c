/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_number.c - the numbers of outgoing calls: what may be dialled, an LNS's translation, a LAC's dial map. */
#include "unit.h"

#include <stdbool.h>

#include "glue/number.h"
#include "unit_config.h"

#define LONG	"0123456789012345678901234567890123456789012345678901234567890123"	/* 64 */

static struct vpdn_config *numbers;

static int load(void **state)
{
	static const char text[] =
		"vpdn-group out {\n"
		"  request-dialout {\n"
		"    protocol = l2tp\n"
		"    number \"^00\" { replace = \"+\" }\n"
		"    number \"^0([1-9].*)\" { replace = \"+44\\\\1\" }\n"
		"    number \"^(1)(2)?(3)$\" { replace = \"\\\\3\\\\2\\\\1\\\\1\" }\n"
		"    number \"#.*$\" { replace = \"\" }\n"
		"  }\n"
		"  accept-dialout {\n"
		"    protocol = l2tp\n"
		"    dial \"61[0-4]*\" { dialer = a }\n"
		"    dial \"61*\" { dialer = b replace = \"9,%n;%n%\" }\n"
		"    dial \"?\" { dialer = a replace = \"%n\" }\n"
		"  }\n"
		"  initiate-to \"192.0.2.1\" { }\n"
		"  tunnel-authentication = false\n"
		"}\n"
		"dialer a { pppoe { interface = eth0 } }\n"
		"dialer b { pppoe { interface = eth1 } }\n";

	(void)state;
	numbers = config(text);
	return 0;
}

static int unload(void **state)
{
	(void)state;
	vpdn_config_put(numbers);
	return 0;
}

static void translate(const char *number, const char *want)
{
	char buf[VPDN_NUMBER_MAX + 1] = "";
	bool good = vpdn_number_translate(TAILQ_FIRST(&numbers->groups), number, buf);

	assert_int_equal(good, want != NULL);
	if (want)
		assert_string_equal(buf, want);
}

static void the_first_pattern_that_is_found(void **state)
{
	(void)state;
	translate("6121", "6121");
	translate("0612", "+44612");
	translate("00331", "+331");
	translate("0", "0");
	translate("77#5", "77");
	translate("123", "3211");
	translate("13", "311");
	/* Nothing is left of it; or more than fits. */
	translate("#", NULL);
	translate(LONG, NULL);
	translate("1" LONG, NULL);
	translate(LONG + 1, "123456789012345678901234567890123456789012345678901234567890123");
}

static void dialer(const char *number, const char *name, const char *want)
{
	char buf[VPDN_NUMBER_MAX + 1] = "";
	const struct vpdn_dial *d = vpdn_number_dialer(TAILQ_FIRST(&numbers->groups), number, buf);

	if (!name) {
		assert_null(d);
		return;
	}
	assert_non_null(d);
	assert_string_equal(d->dialer->name, name);
	assert_string_equal(buf, want);
}

static void the_first_dial_that_matches(void **state)
{
	(void)state;
	dialer("612", "a", "612");
	dialer("619", "b", "9,619;619%");
	dialer("7", "a", "7");
	dialer("*", "a", "*");
	dialer("77", NULL, NULL);
	dialer("619" LONG, NULL, NULL);
}

static void number_of(const void *p, size_t len, const char *want)
{
	static struct vpdn_ipc_builder b;
	static struct vpdn_ipc_msg m;
	char buf[VPDN_NUMBER_MAX + 1];

	vpdn_ipc_begin(&b, VPDN_MSG_DIAL_ASK, 0, 1);
	vpdn_ipc_put_text(&b, VPDN_TLV_GROUP, "g");
	vpdn_ipc_put_bytes(&b, VPDN_TLV_CALLED_NUMBER, p, len);
	vpdn_ipc_put_u32(&b, VPDN_TLV_PID, 1);
	assert_int_equal(vpdn_ipc_finish(&b), 0);
	memcpy(m.buf, b.w.buf, b.w.len);
	assert_int_equal(vpdn_ipc_parse(&m, b.w.len), 0);
	assert_int_equal(vpdn_number_get(&m, buf), want != NULL);
	assert_string_equal(buf, want ? want : "");
}

/* What comes from another host ends up in a modem's command line. */
static void what_may_be_dialled(void **state)
{
	(void)state;
	number_of("6121", 4, "6121");
	number_of("+44 (0)1 *#", 11, "+44 (0)1 *#");
	number_of(LONG, 64, LONG);
	number_of(LONG "4", 65, NULL);
	number_of("", 0, NULL);
	number_of("61\r", 3, NULL);
	number_of("61\0" "1", 4, NULL);
	number_of("61\x7f", 3, NULL);
	number_of("\xc3\xa4", 2, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_pattern_that_is_found),
		cmocka_unit_test(the_first_dial_that_matches),
		cmocka_unit_test(what_may_be_dialled),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
