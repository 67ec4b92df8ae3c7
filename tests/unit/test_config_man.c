/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_config_man.c - vpdn.conf(5) against the grammar (config_value.h): each setting and block is described where it may stand,
 * nothing else is, and the words that a setting may be are the ones that are said.
 */
#include "unit.h"

#include <stdbool.h>
#include <stdio.h>

#include "glue/config_value.h"

#define PAGE		"man/vpdn.conf.5"
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

static void page_and_grammar_agree(void **state)
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(page_and_grammar_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
