/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vpdnctl_group.c - the vpdn-groups with their peers, and how one is chosen; see vpdnctl_table.h. */
#include "vpdnctl_table.h"

#include <stdio.h>
#include <string.h>

#include "vpdnctl_print.h"

/* "75 %" */
static void cell_percent(const json_t *row, const char *key, const char *key2, char *buf, size_t size)
{
	const json_t *v = json_object_get(row, key);

	(void)key2;
	if (json_is_integer(v))
		snprintf(buf, size, "%lld %%", (long long)json_integer_value(v));
	else
		snprintf(buf, size, "-");
}

/* Peers in the order in which they would be tried. */
static const struct vpdnctl_column next_columns[] = {
	{ "Order", true, vpdnctl_cell_number, "order", NULL },
	{ "Peer", false, vpdnctl_cell_text, "ip", NULL },
	{ "Port", true, vpdnctl_cell_number, "port", NULL },
	{ "Priority", true, vpdnctl_cell_number, "priority", NULL },
	{ "Weight", true, vpdnctl_cell_number, "weight", NULL },
	{ "Share", true, cell_percent, "share_percent", NULL },
	{ "Limit", true, vpdnctl_cell_number, "limit", NULL },
	{ "Sessions", true, vpdnctl_cell_number, "sessions", NULL },
	{ "State", false, vpdnctl_cell_state, "state", "dead_s" },
	{ NULL, false, NULL, NULL, NULL }
};

static const struct vpdnctl_column peer_columns[] = {
	{ "Peer", false, vpdnctl_cell_text, "ip", NULL },
	{ "Port", true, vpdnctl_cell_number, "port", NULL },
	{ "Priority", true, vpdnctl_cell_number, "priority", NULL },
	{ "Weight", true, vpdnctl_cell_number, "weight", NULL },
	{ "Limit", true, vpdnctl_cell_number, "limit", NULL },
	{ "Sessions", true, vpdnctl_cell_number, "sessions", NULL },
	{ "Tunnels", true, vpdnctl_cell_number, "tunnels", NULL },
	{ "Placed", true, vpdnctl_cell_number, "placed", NULL },
	{ "Failed", true, vpdnctl_cell_number, "failed", NULL },
	{ "State", false, vpdnctl_cell_state, "state", "dead_s" },
	{ NULL, false, NULL, NULL, NULL }
};

static const struct vpdnctl_column dialer_columns[] = {
	{ "Dialer", false, vpdnctl_cell_text, "name", NULL },
	{ "Kind", false, vpdnctl_cell_text, "kind", NULL },
	{ "Limit", true, vpdnctl_cell_number, "limit", NULL },
	{ "Calls", true, vpdnctl_cell_number, "calls", NULL },
	{ "Placed", true, vpdnctl_cell_number, "placed", NULL },
	{ "Failed", true, vpdnctl_cell_number, "failed", NULL },
	{ NULL, false, NULL, NULL, NULL }
};

static void print_list(const char *name, const json_t *list)
{
	char title[32];

	snprintf(title, sizeof(title), "  %-12s", name);
	vpdnctl_print_words(title, list);
}

/* What stands in each block of a group: a list, or one word. */
static const struct {
	const char *block, *name, *key;
} group_lines[] = {
	{ "request-dialin", "domain", "domain" }, { "request-dialin", "dnis", "dnis" }, { "request-dialin", "line", "line" },
	{ "request-dialin", "default", "default" }, { "request-dialin", "stripped", "strip_domain" },
	{ "request-dialin", "send-avps", "send_avps" },
	{ "accept-dialin", "from", "terminate_from" }, { "accept-dialin", "source", "source" },
	{ "accept-dialin", "template", "ppp_template" }, { "accept-dialin", "LCP again", "lcp_renegotiation" },
	{ "request-dialout", "number", "number" }, { "request-dialout", "sub-address", "sub_address" },
	{ "accept-dialout", "from", "terminate_from" }, { "accept-dialout", "source", "source" }, { "accept-dialout", "dial", "dial" },
};

static void print_group(const json_t *g)
{
	const json_t *in = json_object_get(g, "accept-dialin"), *out = json_object_get(g, "request-dialout");
	const char *last = "";
	char a[32], b[32], c[32];

	printf("vpdn-group %s\n", vpdnctl_text_of(g, "name"));
	vpdnctl_cell_number(g, "idle_timeout_s", NULL, a, sizeof(a));
	vpdnctl_cell_number(g, "hello_s", NULL, b, sizeof(b));
	vpdnctl_field("local-name", "%s", vpdnctl_text_of(g, "local_name"));
	vpdnctl_optional(g, "remote-name", "remote_name");
	vpdnctl_field("tunnel", "authentication %s%s, idle-timeout %s s, hello %s s",
		      json_is_true(json_object_get(g, "tunnel_authentication")) ? "on" : "off",
		      json_is_true(json_object_get(g, "hidden")) ? ", AVPs hidden" : "", a, b);
	vpdnctl_cell_number(g, "tunnel_limit", NULL, a, sizeof(a));
	vpdnctl_cell_number(g, "tunnel_sessions", NULL, b, sizeof(b));
	if (json_is_integer(json_object_get(g, "tunnel_limit")) || json_is_integer(json_object_get(g, "tunnel_sessions")) ||
	    json_is_false(json_object_get(g, "tunnel_share")))
		vpdnctl_field("tunnels", "limit %s, sessions in each %s%s", a, b,
			      json_is_false(json_object_get(g, "tunnel_share")) ? ", not shared" : "");
	for (size_t i = 0; i < sizeof(group_lines) / sizeof(group_lines[0]); i++) {
		const json_t *block = json_object_get(g, group_lines[i].block);

		if (!block)
			continue;
		if (strcmp(last, group_lines[i].block))
			printf("  %s\n", group_lines[i].block);
		last = group_lines[i].block;
		print_list(group_lines[i].name, json_object_get(block, group_lines[i].key));
		if (json_is_true(json_object_get(block, group_lines[i].key)))
			vpdnctl_field(group_lines[i].name, "true");
		vpdnctl_optional(block, group_lines[i].name, group_lines[i].key);
	}
	if (json_is_string(json_object_get(in, "pool_first")))
		vpdnctl_field("pool", "%s to %s, ours %s", vpdnctl_text_of(in, "pool_first"), vpdnctl_text_of(in, "pool_last"),
			      vpdnctl_text_of(in, "pool_local"));
	if (out) {
		vpdnctl_cell_number(out, "min_bps", NULL, a, sizeof(a));
		vpdnctl_cell_number(out, "max_bps", NULL, b, sizeof(b));
		vpdnctl_cell_number(out, "dial_timeout_s", NULL, c, sizeof(c));
		vpdnctl_field("dial-out", "%s to %s bit/s, dial-timeout %s s", a, b, c);
	}
	if (json_array_size(json_object_get(g, "peers")))
		vpdnctl_print_table(peer_columns, json_object_get(g, "peers"), "  ");
}

void vpdnctl_print_drained(const json_t *o)
{
	long long groups = (long long)json_integer_value(json_object_get(o, "groups"));

	printf("%s gets no new calls; %lld sessions stay\n", vpdnctl_text_of(o, "draining"),
	       (long long)json_integer_value(json_object_get(o, "sessions")));
	if (!groups)
		printf("note: no vpdn-group has an initiate-to of this address\n");
}

void vpdnctl_print_explained(const json_t *o)
{
	const json_t *q = json_object_get(o, "question");
	const char *outcome = vpdnctl_text_of(o, "outcome");

	printf("User %s\n", vpdnctl_text_of(q, "user"));
	vpdnctl_field("Name", "%s", vpdnctl_text_of(q, "name"));
	vpdnctl_field("Domain", "%s", vpdnctl_text_of(q, "domain"));
	vpdnctl_print_lines("Steps", json_object_get(o, "steps"));
	if (!strcmp(outcome, "local")) {
		printf("Local: this host's pppd serves the subscriber\n");
		return;
	}
	if (json_is_null(json_object_get(o, "group")) || !json_object_get(o, "group")) {
		printf("Refused: %s\n", vpdnctl_text_of(o, "reason"));
		return;
	}
	if (!strcmp(outcome, "reject"))
		printf("Refused: vpdn-group %s, by %s: %s\n", vpdnctl_text_of(o, "group"), vpdnctl_text_of(o, "by"),
		       vpdnctl_text_of(o, "reason"));
	else
		printf("Forwarded: vpdn-group %s, by %s\n", vpdnctl_text_of(o, "group"), vpdnctl_text_of(o, "by"));
	vpdnctl_field("Name sent", "%s", vpdnctl_text_of(o, "name_sent"));
	vpdnctl_print_table(next_columns, json_object_get(o, "peers"), "  ");
}

void vpdnctl_print_groups(const json_t *o)
{
	const json_t *groups = json_object_get(o, "groups"), *g;
	size_t i;

	if (!json_array_size(groups))
		printf("no vpdn-group is configured\n");
	json_array_foreach(groups, i, g) {
		if (i)
			putchar('\n');
		print_group(g);
	}
	if (json_array_size(json_object_get(o, "dialers"))) {
		putchar('\n');
		vpdnctl_print_table(dialer_columns, json_object_get(o, "dialers"), "");
	}
}
