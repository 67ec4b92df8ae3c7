/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vpdnctl_aaa.c - the sources that are asked where calls go, and their servers; see vpdnctl_table.h. */
#include "vpdnctl_table.h"

#include <bsd/string.h>
#include <stdio.h>
#include <string.h>

#include "vpdnctl_print.h"

static const struct vpdnctl_column source_columns[] = {
	{ "Source", false, vpdnctl_cell_text, "name", NULL },
	{ "State", false, vpdnctl_cell_text, "state", NULL },
	{ "Since", true, vpdnctl_cell_age, "since_s", NULL },
	{ "Asked", true, vpdnctl_cell_number, "asked", NULL },
	{ "Forward", true, vpdnctl_cell_number, "forward", NULL },
	{ "Local", true, vpdnctl_cell_number, "local", NULL },
	{ "Reject", true, vpdnctl_cell_number, "reject", NULL },
	{ "Nothing", true, vpdnctl_cell_number, "nothing", NULL },
	{ "Unavailable", true, vpdnctl_cell_number, "unavailable", NULL },
	{ NULL, false, NULL, NULL, NULL }
};

static const struct vpdnctl_column server_columns[] = {
	{ "Server", false, vpdnctl_cell_text, "name", NULL },
	{ "State", false, vpdnctl_cell_text, "state", NULL },
	{ "Asked", true, vpdnctl_cell_number, "asked", NULL },
	{ "Answered", true, vpdnctl_cell_number, "answered", NULL },
	{ "Failed", true, vpdnctl_cell_number, "failed", NULL },
	{ "Average ms", true, vpdnctl_cell_number, "average_ms", NULL },
	{ "Last error", false, vpdnctl_cell_text, "last_error", NULL },
	{ NULL, false, NULL, NULL, NULL }
};

static const struct vpdnctl_column peer_columns[] = {
	{ "Group", false, vpdnctl_cell_text, "group", NULL },
	{ "Peer", false, vpdnctl_cell_text, "ip", NULL },
	{ "Port", true, vpdnctl_cell_number, "port", NULL },
	{ "Sessions", true, vpdnctl_cell_number, "sessions", NULL },
	{ "Placed", true, vpdnctl_cell_number, "placed", NULL },
	{ "Failed", true, vpdnctl_cell_number, "failed", NULL },
	{ "State", false, vpdnctl_cell_state, "state", "dead_s" },
	{ NULL, false, NULL, NULL, NULL }
};

/* Stands in a table already. */
static bool in_table(const char *key)
{
	for (const struct vpdnctl_column *c = source_columns; c->title; c++)
		if (!strcmp(key, c->key))
			return true;
	return false;
}

static void print_source(const json_t *o)
{
	char name[64];
	const char *key;
	json_t *v;

	/* Without servers it stands in no configuration. */
	if (!json_array_size(json_object_get(o, "servers")))
		return;
	printf("\n%s\n", vpdnctl_text_of(o, "name"));
	vpdnctl_optional(o, "last", "text");
	json_object_foreach((json_t *)o, key, v) {
		if (in_table(key) || !strcmp(key, "text"))
			continue;
		strlcpy(name, key, sizeof(name));
		for (char *c = strchr(name, '_'); c; c = strchr(c, '_'))
			*c = ' ';
		if (json_is_integer(v))
			vpdnctl_field(name, "%lld", (long long)json_integer_value(v));
		else if (json_is_string(v))
			vpdnctl_field(name, "%s", json_string_value(v));
	}
	vpdnctl_print_table(server_columns, json_object_get(o, "servers"), "  ");
	if (json_array_size(json_object_get(o, "acct_servers"))) {
		printf("  for accounting\n");
		vpdnctl_print_table(server_columns, json_object_get(o, "acct_servers"), "  ");
	}
}

void vpdnctl_print_aaa(const json_t *o)
{
	const json_t *sources = json_object_get(o, "sources"), *s;
	size_t i;

	vpdnctl_print_words("Sources in order: ", json_object_get(o, "order"));
	printf("When one is unavailable: %s (aaa-failure = %s)\n",
	       strcmp(vpdnctl_text_of(o, "aaa_failure"), "closed") ? "the others decide" : "calls are refused", vpdnctl_text_of(o, "aaa_failure"));
	if (!json_array_size(sources))
		return;
	vpdnctl_print_table(source_columns, sources, "");
	json_array_foreach(sources, i, s)
		print_source(s);
	if (!json_array_size(json_object_get(o, "peers")))
		return;
	putchar('\n');
	vpdnctl_print_table(peer_columns, json_object_get(o, "peers"), "");
}
