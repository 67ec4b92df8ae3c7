/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_man.c - man pages against what they describe. vpdn.conf(5) and the grammar (config_value.h): each setting and block is
 * described where it may stand, nothing else is, and the words that a setting may be are the ones that are said. vpdnctl(8) and
 * vpdnctl --help: the same commands and options.
 */
#include "unit.h"

#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "glue/config_value.h"

#define PAGE		"man/vpdn.conf.5"
#define CTL_PAGE	"man/vpdnctl.8"
#define ROWS_MAX	256
#define DEPTH_MAX	4	/* of lists within lists */

/* Which block a part of the page describes; NULL: none. */
static const struct {
	const char *heading, *block;
} parts[] = {
	{ "GLOBAL SETTINGS", VPDN_CONFIG_ROOT }, { "http", "http" }, { "radius", "radius" },
	{ "GROUPS", "vpdn-group" }, { "DIAL-IN REQUESTS", "request-dialin" }, { "DIAL-IN ACCEPTED", "accept-dialin" },
	{ "DIAL-OUT REQUESTS", "request-dialout" }, { "DIAL-OUT ACCEPTED", "accept-dialout" }, { "TUNNEL PEERS", "initiate-to" },
	{ "DIALERS", "dialer" }, { "chat", "chat" }, { "pppoe", "pppoe" }, { "exec", "exec" },
};

static bool described[ROWS_MAX];

static const char *block_of(const char *heading)
{
	for (size_t i = 0; i < COUNT(parts); i++)
		if (!strcmp(parts[i].heading, heading))
			return parts[i].block;
	return NULL;
}

/* The words of a value stand behind its "=", as in "open | closed". */
static void check_words(const struct vpdn_setting *s, const char *line)
{
	const char *have = strchr(line, '=');
	char words[64] = "";

	if (s->form != VPDN_VALUE || !s->words || !have)
		return;
	have += strncmp(have, "= Cm ", 5) ? 2 : 5;
	for (size_t i = 0; s->words[i]; i++)
		snprintf(words + strlen(words), sizeof(words) - strlen(words), "%s%s", i ? " | " : "", s->words[i]);
	if (strcmp(have, words) != 0)
		fail_msg("%s: %s in %s may be %s", line, s->key, s->section, words);
}

static const char *describe(const char *block, const char *key, const char *line)
{
	const struct vpdn_setting *s;

	for (size_t i = 0; (s = vpdn_setting_at(i)); i++) {
		if (strcmp(s->section, block) || strcmp(s->key, key))
			continue;
		assert_true(i < ROWS_MAX);
		described[i] = true;
		check_words(s, line);
		return s->key;
	}
	fail_msg("%s: there is no %s in %s", line, key, block);
	return NULL;
}

/*
 * Each word of a Cm is a setting of `block`, but for a value, which stands behind "="; what stands in braces is in the block before
 * them. The last setting.
 */
static const char *item(const char *block, const char *line)
{
	static const char *const macros[] = { "No", "Ar", "Qo", "Qc", "Oo", "Oc" };
	char copy[256], *save, *before = "";
	const char *key = "";
	bool is_key = false;

	assert_true(strlen(line) < sizeof(copy));
	strcpy(copy, line);
	for (char *t = strtok_r(copy, " ", &save); t; before = t, t = strtok_r(NULL, " ", &save)) {
		bool macro = false;

		for (size_t i = 0; i < COUNT(macros); i++)
			macro |= !strcmp(t, macros[i]);
		if (!strcmp(t, "Cm") || !strcmp(t, ".Cm"))
			is_key = strcmp(before, "=") != 0;
		else if (!strcmp(t, "{") && strcmp(before, "=") != 0)
			block = key;
		else if (macro)
			is_key = false;
		else if (is_key && strcmp(t, ",") != 0)
			key = describe(block, t, line);
	}
	return key;
}

static void vpdn_conf_and_grammar_agree(void **state)
{
	const char *blocks[DEPTH_MAX + 1] = { NULL }, *last = NULL;
	const struct vpdn_setting *s;
	FILE *f = fopen(PAGE, "r");
	size_t depth = 0;
	char line[256];

	(void)state;
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if (!strncmp(line, ".Sh ", 4) || !strncmp(line, ".Ss ", 4)) {
			assert_int_equal(depth, 0);
			blocks[0] = block_of(line + 4);
		} else if (!strncmp(line, ".Bl ", 4)) {
			assert_true(depth < DEPTH_MAX);
			depth++;
			blocks[depth] = last ? last : blocks[depth - 1];
			last = NULL;
		} else if (!strcmp(line, ".El")) {
			depth--;
		} else if (blocks[depth] && !strncmp(line, ".It Cm ", 7) && strpbrk(line, "={,")) {
			last = item(blocks[depth], line);
			/* A list that follows is of what is in the block. */
			last = strstr(line, "{ ... }") ? last : NULL;
		} else if (blocks[0] && !strncmp(line, ".Cm ", 4) && strstr(line, "{ ... }")) {
			item(VPDN_CONFIG_ROOT, line);
		}
	}
	fclose(f);
	for (size_t i = 0; (s = vpdn_setting_at(i)); i++) {
		/* chat, pppoe and exec have a part each, named by them. */
		bool part = s->form == VPDN_BLOCK && block_of(s->key);

		if (!described[i] && !part && strcmp(s->key, VPDN_CONFIG_AT_END) != 0)
			fail_msg("%s in %s is not described in " PAGE, s->key, s->section);
	}
}

/* The words of an item that must be typed as they are, as --help has them: "clear dead", "--hold". */
static bool typed(const char *line, char *out, size_t size)
{
	char copy[256], *save;
	bool literal = false;

	snprintf(copy, sizeof(copy), "%s", line);
	*out = '\0';
	for (char *t = strtok_r(copy, " ", &save); t; t = strtok_r(NULL, " ", &save)) {
		bool option = !strcmp(t, "Fl");

		if (!strcmp(t, ".It"))
			continue;
		if (!strcmp(t, "Ar") || !strcmp(t, "Op") || !strcmp(t, ","))
			break;
		if (option || !strcmp(t, "Cm"))
			literal = true;
		else if (literal)
			snprintf(out + strlen(out), size - strlen(out), "%s%s", *out ? " " : *t == '-' ? "-" : "", t);
	}
	return *out;
}

/* Is there an item of just that? `Fl -a Ar x , Fl -b` has two. */
static bool in_page(const char *what)
{
	FILE *f = fopen(CTL_PAGE, "r");
	char line[256], have[128];
	bool found = false;

	assert_non_null(f);
	while (!found && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, ".It ", 4))
			continue;
		for (const char *at = line; at && !found; at = strstr(at + 1, " Fl "))
			found = typed(at, have, sizeof(have)) && !strcmp(have, what);
	}
	fclose(f);
	return found;
}

static void vpdnctl_page_and_help_agree(void **state)
{
	char self[PATH_MAX] = "", command[PATH_MAX + 16], help[4096], line[256], what[128];
	size_t len, n = 0;
	FILE *f;

	(void)state;
	/* build/tests/unit/test_man, build/vpdnctl */
	assert_true(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	snprintf(command, sizeof(command), "'%s/vpdnctl' --help", dirname(dirname(dirname(self))));
	f = popen(command, "r");
	assert_non_null(f);
	len = fread(help, 1, sizeof(help) - 1, f);
	help[len] = '\0';
	assert_int_equal(pclose(f), 0);

	/* Each item of the page's commands and options begins a line of the help, or stands among its options. */
	f = fopen(CTL_PAGE, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f) && strncmp(line, ".Sh METRICS", 11)) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, ".It Cm", 6) && strncmp(line, ".It Fl", 6))
			continue;
		for (const char *at = line; at; at = strstr(at + 1, " Fl ")) {
			if (typed(at, what, sizeof(what)) && !strstr(help, what))
				fail_msg("%s: vpdnctl --help has no %s", line, what);
			n++;
		}
	}
	fclose(f);
	assert_true(n > 20);

	/* And what the help has is in the page. */
	for (char *save, *l = strtok_r(help, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		if (!strcmp(l, "exit status:"))
			return;
		if (strncmp(l, "  ", 2) || l[2] == ' ')
			continue;
		/* Commands are lower-case words, their arguments are not; options have a comma or blank behind them. */
		for (char *o = strstr(l, "--"); o; o = strstr(o + 2, "--")) {
			snprintf(what, sizeof(what), "%.*s", (int)strcspn(o, " ,"), o);
			if (!in_page(what))
				fail_msg("%s is not described in " CTL_PAGE, what);
		}
		if (l[2] == '-')
			continue;
		if (strstr(l + 2, "  "))
			*strstr(l + 2, "  ") = '\0';
		len = strcspn(l + 2, "[ABCDEFGHIJKLMNOPQRSTUVWXYZ");
		snprintf(what, sizeof(what), "%.*s", (int)(len - (l[len + 1] == ' ')), l + 2);
		if (!in_page(what))
			fail_msg("%s is not described in " CTL_PAGE, what);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vpdn_conf_and_grammar_agree),
		cmocka_unit_test(vpdnctl_page_and_help_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
