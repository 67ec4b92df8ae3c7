/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vpdnctl_table.c - see vpdnctl_table.h. A table is a list of columns, each with a
 * title and a way to make a cell of a JSON object; widths come from the contents.
 */
#include "vpdnctl_table.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ipc_proto.h"

#define CELL_MAX	256u
#define COLUMNS_MAX	10u

struct column {
	const char *title;
	bool right;			/* numbers */
	void (*cell)(const json_t *row, const char *key, const char *key2, char *buf, size_t size);
	const char *key, *key2;
};

static const char *text_of(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "-";
}

/* ---- cells ---- */

static void cell_text(const json_t *row, const char *key, const char *key2, char *buf, size_t size)
{
	(void)key2;
	snprintf(buf, size, "%s", text_of(row, key));
}

static void cell_number(const json_t *row, const char *key, const char *key2, char *buf, size_t size)
{
	const json_t *v = json_object_get(row, key);

	(void)key2;
	if (json_is_integer(v))
		snprintf(buf, size, "%lld", (long long)json_integer_value(v));
	else
		snprintf(buf, size, "-");
}

/* "5/9": ours and the peer's number. */
static void cell_pair(const json_t *row, const char *key, const char *key2, char *buf, size_t size)
{
	char a[32], b[32];

	cell_number(row, key, NULL, a, sizeof(a));
	cell_number(row, key2, NULL, b, sizeof(b));
	snprintf(buf, size, "%s/%s", a, b);
}

/* "LNS (192.0.2.2)" */
static void cell_named(const json_t *row, const char *key, const char *key2, char *buf, size_t size)
{
	if (json_is_string(json_object_get(row, key)))
		snprintf(buf, size, "%s (%s)", text_of(row, key), text_of(row, key2));
	else
		snprintf(buf, size, "%s", text_of(row, key2));
}

/* "03:12:07", "2d03h" */
static void cell_age(const json_t *row, const char *key, const char *key2, char *buf, size_t size)
{
	unsigned long long s = (unsigned long long)json_integer_value(json_object_get(row, key));

	(void)key2;
	if (s >= 2 * 86400)
		snprintf(buf, size, "%llud%02lluh", s / 86400, s % 86400 / 3600);
	else
		snprintf(buf, size, "%02llu:%02llu:%02llu", s / 3600, s % 3600 / 60, s % 60);
}

/* Who opened the tunnel: we (out) or the peer (in). */
static void cell_direction(const json_t *row, const char *key, const char *key2, char *buf, size_t size)
{
	(void)key2;
	snprintf(buf, size, "%s", json_is_true(json_object_get(row, key)) ? "out" : "in");
}

static const struct column tunnel_columns[] = {
	{ "LocID", true, cell_number, "id", NULL },
	{ "RemID", true, cell_number, "peer_id", NULL },
	{ "Group", false, cell_text, "group", NULL },
	{ "Peer", false, cell_named, "peer_name", "peer_ip" },
	{ "Opened", false, cell_direction, "outgoing", NULL },
	{ "State", false, cell_text, "state", NULL },
	{ "Sessions", true, cell_number, "sessions", NULL },
	{ "Age", true, cell_age, "age_s", NULL },
	{ NULL, false, NULL, NULL, NULL }
};

static const struct column session_columns[] = {
	{ "ID", true, cell_number, "id", NULL },
	{ "User", false, cell_text, "user", NULL },
	{ "Access", false, cell_text, "access", NULL },
	{ "Peer", false, cell_text, "peer_ip", NULL },
	{ "Tunnel", false, cell_pair, "tunnel_id", "peer_tunnel_id" },
	{ "Session", false, cell_pair, "session_id", "peer_session_id" },
	{ "State", false, cell_text, "state", NULL },
	{ "Interface", false, cell_text, "interface", NULL },
	{ "Age", true, cell_age, "age_s", NULL },
	{ NULL, false, NULL, NULL, NULL }
};

/* The pppd of which session keeps the bundle's interface. */
static void cell_owner(const json_t *row, const char *key, const char *key2, char *buf, size_t size)
{
	(void)key2;
	snprintf(buf, size, "%s", json_is_true(json_object_get(row, key)) ? "owner" : "");
}

static const struct column member_columns[] = {
	{ "Member", true, cell_number, "id", NULL },
	{ "LAC", false, cell_named, "lac", "lac_ip" },
	{ "Tunnel", false, cell_pair, "tunnel_id", "peer_tunnel_id" },
	{ "Session", false, cell_pair, "session_id", "peer_session_id" },
	{ "Calling", false, cell_text, "calling", NULL },
	{ "Since", true, cell_age, "age_s", NULL },
	{ "", false, cell_owner, "owner", NULL },
	{ NULL, false, NULL, NULL, NULL }
};

/* "ready", "dead for 12 s" */
static void cell_state(const json_t *row, const char *key, const char *key2, char *buf, size_t size)
{
	long long dead_s = json_integer_value(json_object_get(row, key2));

	if (dead_s)
		snprintf(buf, size, "%s%sdead for %lld s", strcmp(text_of(row, key), "dead") ? text_of(row, key) : "",
			 strcmp(text_of(row, key), "dead") ? ", " : "", dead_s);
	else
		snprintf(buf, size, "%s", text_of(row, key));
}

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
static const struct column next_columns[] = {
	{ "Order", true, cell_number, "order", NULL },
	{ "Peer", false, cell_text, "ip", NULL },
	{ "Port", true, cell_number, "port", NULL },
	{ "Priority", true, cell_number, "priority", NULL },
	{ "Weight", true, cell_number, "weight", NULL },
	{ "Share", true, cell_percent, "share_percent", NULL },
	{ "Limit", true, cell_number, "limit", NULL },
	{ "Sessions", true, cell_number, "sessions", NULL },
	{ "State", false, cell_state, "state", "dead_s" },
	{ NULL, false, NULL, NULL, NULL }
};

static const struct column peer_columns[] = {
	{ "Peer", false, cell_text, "ip", NULL },
	{ "Port", true, cell_number, "port", NULL },
	{ "Priority", true, cell_number, "priority", NULL },
	{ "Weight", true, cell_number, "weight", NULL },
	{ "Limit", true, cell_number, "limit", NULL },
	{ "Sessions", true, cell_number, "sessions", NULL },
	{ "Placed", true, cell_number, "placed", NULL },
	{ "Failed", true, cell_number, "failed", NULL },
	{ "State", false, cell_state, "state", "dead_s" },
	{ NULL, false, NULL, NULL, NULL }
};

static const struct column dialer_columns[] = {
	{ "Dialer", false, cell_text, "name", NULL },
	{ "Kind", false, cell_text, "kind", NULL },
	{ "Limit", true, cell_number, "limit", NULL },
	{ "Calls", true, cell_number, "calls", NULL },
	{ "Placed", true, cell_number, "placed", NULL },
	{ "Failed", true, cell_number, "failed", NULL },
	{ NULL, false, NULL, NULL, NULL }
};

static const struct column failure_columns[] = {
	{ "Ago", true, cell_age, "age_s", NULL },
	{ "As", false, cell_text, "role", NULL },
	{ "Group", false, cell_text, "group", NULL },
	{ "Number", false, cell_text, "number", NULL },
	{ "Failure", false, cell_text, "failure", NULL },
	{ "CDN", false, cell_pair, "result", "error" },
	{ "Q.931", true, cell_number, "q931_cause", NULL },
	{ "Reason", false, cell_text, "text", NULL },
	{ NULL, false, NULL, NULL, NULL }
};

/* ---- tables ---- */

static void print_line(const struct column *c, const size_t *width, const json_t *row, const char *indent)
{
	char cell[CELL_MAX];

	fputs(indent, stdout);
	for (size_t i = 0; c[i].title; i++) {
		if (row)
			c[i].cell(row, c[i].key, c[i].key2, cell, sizeof(cell));
		else
			snprintf(cell, sizeof(cell), "%s", c[i].title);
		if (c[i].right)
			printf("%*s", (int)width[i], cell);
		else if (c[i + 1].title)
			printf("%-*s", (int)width[i], cell);
		else
			fputs(cell, stdout);
		if (c[i + 1].title)
			fputs("  ", stdout);
	}
	putchar('\n');
}

static void print_table(const struct column *c, const json_t *rows, const char *indent)
{
	size_t width[COLUMNS_MAX] = { 0 }, i;
	char cell[CELL_MAX];
	const json_t *row;

	for (size_t k = 0; c[k].title; k++) {
		width[k] = strlen(c[k].title);
		json_array_foreach(rows, i, row) {
			c[k].cell(row, c[k].key, c[k].key2, cell, sizeof(cell));
			if (strlen(cell) > width[k])
				width[k] = strlen(cell);
		}
	}
	print_line(c, width, NULL, indent);
	json_array_foreach(rows, i, row)
		print_line(c, width, row, indent);
}

static void print_counted(const json_t *o, const char *key, const char *one, const struct column *c)
{
	const json_t *rows = json_object_get(o, key);
	size_t n = json_array_size(rows);

	printf("%zu %s%s\n", n, one, n == 1 ? "" : "s");
	if (n)
		print_table(c, rows, "");
}

void vpdnctl_print_tunnels(const json_t *o)
{
	print_counted(o, "tunnels", "tunnel", tunnel_columns);
}

void vpdnctl_print_sessions(const json_t *o)
{
	print_counted(o, "sessions", "session", session_columns);
}

/* "draining: 192.0.2.2, 192.0.2.3", when there are any. */
static void print_words(const char *name, const json_t *list)
{
	const json_t *v;
	size_t i;

	json_array_foreach(list, i, v)
		printf("%s%s", i ? ", " : name, json_string_value(v));
	if (json_array_size(list))
		putchar('\n');
}

void vpdnctl_print_all(const json_t *o)
{
	const json_t *v = json_object_get(o, "vpdnd"), *x = json_object_get(o, "xl2tpd"), *counter;
	const json_t *dialer = json_object_get(o, "vpdn_dialer"), *failures = json_object_get(o, "dial_failures");
	char age[32], read[32], since[32];
	size_t i;

	cell_age(v, "age_s", NULL, age, sizeof(age));
	cell_age(v, "configuration_age_s", NULL, read, sizeof(read));
	cell_age(x, "since_s", NULL, since, sizeof(since));
	printf("vpdnd %s, up %s, %s read %s ago\n", text_of(v, "version"), age, text_of(v, "configuration"), read);
	if (json_is_true(json_object_get(x, "connected")))
		printf("xl2tpd connected for %s (%s)\n", since, text_of(x, "name"));
	else
		printf("xl2tpd not connected for %s: nothing can be forwarded, accepted or dialled\n", since);
	cell_age(dialer, "since_s", NULL, since, sizeof(since));
	if (json_is_true(json_object_get(dialer, "connected")))
		printf("vpdn-dialer connected for %s (%s)\n", since, text_of(dialer, "name"));
	else if (json_is_true(json_object_get(dialer, "configured")))
		printf("vpdn-dialer not connected for %s: nothing can be dialled for an LNS\n", since);
	print_words("draining: ", json_object_get(o, "draining"));
	putchar('\n');
	vpdnctl_print_tunnels(o);
	putchar('\n');
	vpdnctl_print_sessions(o);
	if (json_array_size(failures)) {
		printf("\nOutgoing calls that failed\n");
		print_table(failure_columns, failures, "");
	}
	printf("\nSince vpdnd started\n");
	json_array_foreach(json_object_get(o, "counters"), i, counter) {
		json_int_t n = json_integer_value(json_object_get(counter, "value"));

		/* Calls are always told; what went wrong only when something did. */
		if (n || i < 3)
			printf("%8lld  %s\n", (long long)n, text_of(counter, "text"));
	}
}

static void field(const char *name, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void field(const char *name, const char *fmt, ...)
{
	va_list ap;

	printf("  %-12s", name);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

static void print_lines(const char *name, const json_t *lines)
{
	const json_t *line;
	size_t i;

	json_array_foreach(lines, i, line)
		field(i ? "" : name, "%s", json_string_value(line));
}

static void optional(const json_t *o, const char *name, const char *key)
{
	if (json_is_string(json_object_get(o, key)))
		field(name, "%s", text_of(o, key));
}

/* The counters of a tunnel or session, as xl2tpd's module has given them. */
static void print_counters(const json_t *row)
{
	static const struct {
		const char *name, *of, *text;
	} counters[] = {
#define COUNTER(name, number, of, text)	{ #name, #of, text },
		VPDN_IPC_COUNTERS(COUNTER)
#undef COUNTER
	};
	const json_t *have = json_object_get(row, "counters"), *value;
	const char *last = "";

	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
		value = json_object_get(have, counters[i].name);
		if (!value)
			continue;
		field(strcmp(last, counters[i].of) ? counters[i].of : "", "%12lld %s", (long long)json_integer_value(value),
		      counters[i].text);
		last = counters[i].of;
	}
}

void vpdnctl_print_tunnel(const json_t *o)
{
	vpdnctl_print_tunnels(o);
	print_counters(json_array_get(json_object_get(o, "tunnels"), 0));
}

void vpdnctl_print_session(const json_t *o)
{
	const json_t *s = json_array_get(json_object_get(o, "sessions"), 0);
	char pair[64], pair2[64], age[32];
	const char *name;
	bool first = true;
	json_t *errors;

	cell_age(s, "age_s", NULL, age, sizeof(age));
	cell_pair(s, "tunnel_id", "peer_tunnel_id", pair, sizeof(pair));
	cell_pair(s, "session_id", "peer_session_id", pair2, sizeof(pair2));
	printf("Session %lld, %s for %s\n", (long long)json_integer_value(json_object_get(s, "id")), text_of(s, "state"), age);
	field("User", "%s", text_of(s, "user"));
	field("Access", "%s", text_of(s, "access"));
	print_lines("Line", json_object_get(s, "line"));
	optional(s, "Number", "number");
	optional(s, "Dialer", "dialer");
	if (json_is_integer(json_object_get(s, "speed_bps")))
		field("Speed", "%lld bit/s, %s", (long long)json_integer_value(json_object_get(s, "speed_bps")), text_of(s, "framing"));
	field("Group", "%s", text_of(s, "group"));
	field("Peer", "%s%s%s (%s)", strcmp(text_of(s, "peer_name"), "-") ? text_of(s, "peer_name") : "",
	      strcmp(text_of(s, "peer_name"), "-") ? ", " : "", text_of(s, "peer_ip"), strcmp(text_of(s, "role"), "lac") ? "LAC" : "LNS");
	field("Tunnel", "%s (ours/theirs)", pair);
	field("Session", "%s (ours/theirs)", pair2);
	optional(s, "Interface", "interface");
	optional(s, "Our IP", "local_ip");
	optional(s, "Their IP", "remote_ip");
	print_lines("Captured", json_object_get(s, "captured"));
	print_lines("Decided", json_object_get(s, "decisions"));
	json_object_foreach(json_object_get(s, "wan_errors"), name, errors) {
		field(first ? "Line errors" : "", "%lld %s", (long long)json_integer_value(errors), name);
		first = false;
	}
	print_counters(s);
	optional(s, "Last reason", "reason");
}

static void print_list(const char *name, const json_t *list)
{
	char title[32];

	snprintf(title, sizeof(title), "  %-12s", name);
	print_words(title, list);
}

/* What stands in each block of a group: a list, or one word. */
static const struct {
	const char *block, *name, *key;
} group_lines[] = {
	{ "request-dialin", "domain", "domain" }, { "request-dialin", "dnis", "dnis" }, { "request-dialin", "line", "line" },
	{ "request-dialin", "default", "default" }, { "request-dialin", "stripped", "strip_domain" },
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

	printf("vpdn-group %s\n", text_of(g, "name"));
	cell_number(g, "idle_timeout_s", NULL, a, sizeof(a));
	cell_number(g, "hello_s", NULL, b, sizeof(b));
	field("local-name", "%s", text_of(g, "local_name"));
	field("tunnel", "authentication %s%s, idle-timeout %s s, hello %s s",
	      json_is_true(json_object_get(g, "tunnel_authentication")) ? "on" : "off",
	      json_is_true(json_object_get(g, "hidden")) ? ", AVPs hidden" : "", a, b);
	for (size_t i = 0; i < sizeof(group_lines) / sizeof(group_lines[0]); i++) {
		const json_t *block = json_object_get(g, group_lines[i].block);

		if (!block)
			continue;
		if (strcmp(last, group_lines[i].block))
			printf("  %s\n", group_lines[i].block);
		last = group_lines[i].block;
		print_list(group_lines[i].name, json_object_get(block, group_lines[i].key));
		if (json_is_true(json_object_get(block, group_lines[i].key)))
			field(group_lines[i].name, "true");
		optional(block, group_lines[i].name, group_lines[i].key);
	}
	if (json_is_string(json_object_get(in, "pool_first")))
		field("pool", "%s to %s, ours %s", text_of(in, "pool_first"), text_of(in, "pool_last"), text_of(in, "pool_local"));
	if (out) {
		cell_number(out, "min_bps", NULL, a, sizeof(a));
		cell_number(out, "max_bps", NULL, b, sizeof(b));
		cell_number(out, "dial_timeout_s", NULL, c, sizeof(c));
		field("dial-out", "%s to %s bit/s, dial-timeout %s s", a, b, c);
	}
	if (json_array_size(json_object_get(g, "peers")))
		print_table(peer_columns, json_object_get(g, "peers"), "  ");
}

void vpdnctl_print_drained(const json_t *o)
{
	long long groups = (long long)json_integer_value(json_object_get(o, "groups"));

	printf("%s gets no new calls; %lld sessions stay\n", text_of(o, "draining"),
	       (long long)json_integer_value(json_object_get(o, "sessions")));
	if (!groups)
		printf("note: no vpdn-group has an initiate-to of this address\n");
}

void vpdnctl_print_explained(const json_t *o)
{
	const json_t *q = json_object_get(o, "question");
	const char *outcome = text_of(o, "outcome");

	printf("User %s\n", text_of(q, "user"));
	field("Name", "%s", text_of(q, "name"));
	field("Domain", "%s", text_of(q, "domain"));
	print_lines("Steps", json_object_get(o, "steps"));
	if (!strcmp(outcome, "local")) {
		printf("Local: this host's pppd serves the subscriber\n");
		return;
	}
	if (!strcmp(outcome, "reject"))
		printf("Refused: vpdn-group %s, by %s: %s\n", text_of(o, "group"), text_of(o, "by"), text_of(o, "reason"));
	else
		printf("Forwarded: vpdn-group %s, by %s\n", text_of(o, "group"), text_of(o, "by"));
	field("Name sent", "%s", text_of(o, "name_sent"));
	print_table(next_columns, json_object_get(o, "peers"), "  ");
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
		print_table(dialer_columns, json_object_get(o, "dialers"), "");
	}
}

static void print_bundle(const json_t *b)
{
	const json_t *members = json_object_get(b, "members");
	char age[32], ours[32], theirs[32], lost[32], errors[32];

	cell_age(b, "age_s", NULL, age, sizeof(age));
	cell_number(b, "mrru", NULL, ours, sizeof(ours));
	cell_number(b, "peer_mrru", NULL, theirs, sizeof(theirs));
	cell_number(b, "lost", NULL, lost, sizeof(lost));
	cell_number(b, "receive_errors", NULL, errors, sizeof(errors));
	printf("%s, up %s\n", text_of(b, "interface"), age);
	field("Bundle", "%s", text_of(b, "name"));
	field("User", "%s", text_of(b, "user"));
	field("Endpoints", "ours %s, theirs %s", text_of(b, "endpoint_local"), text_of(b, "endpoint_peer"));
	field("MRRU", "ours %s, theirs %s", ours, theirs);
	field("Addresses", "ours %s, theirs %s", text_of(b, "local_ip"), text_of(b, "remote_ip"));
	field("Lost", "%s packets with missing fragments, %s receive errors", lost, errors);
	field("Links", "%zu", json_array_size(members));
	if (json_array_size(members))
		print_table(member_columns, members, "  ");
}

void vpdnctl_print_multilink(const json_t *o)
{
	const json_t *bundles = json_object_get(o, "bundles"), *b;
	size_t i;

	printf("%zu active bundle%s\n", json_array_size(bundles), json_array_size(bundles) == 1 ? "" : "s");
	json_array_foreach(bundles, i, b)
		print_bundle(b);
}
