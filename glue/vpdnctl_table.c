/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vpdnctl_table.c - see vpdnctl_table.h: tunnels, sessions, bundles, counters. */
#include "vpdnctl_table.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "channel.h"
#include "ipc_proto.h"
#include "vpdnctl_print.h"

/* Who opened the tunnel: we (out) or the peer (in). */
static void cell_direction(const json_t *row, const char *key, const char *key2, char *buf, size_t size)
{
	(void)key2;
	snprintf(buf, size, "%s", json_is_true(json_object_get(row, key)) ? "out" : "in");
}

static const struct vpdnctl_column tunnel_columns[] = {
	{ "LocID", true, vpdnctl_cell_number, "id", NULL },
	{ "RemID", true, vpdnctl_cell_number, "peer_id", NULL },
	{ "Group", false, vpdnctl_cell_text, "group", NULL },
	{ "Peer", false, vpdnctl_cell_named, "peer_name", "peer_ip" },
	{ "Opened", false, cell_direction, "outgoing", NULL },
	{ "State", false, vpdnctl_cell_text, "state", NULL },
	{ "Sessions", true, vpdnctl_cell_number, "sessions", NULL },
	{ "Age", true, vpdnctl_cell_age, "age_s", NULL },
	{ NULL, false, NULL, NULL, NULL }
};

static const struct vpdnctl_column session_columns[] = {
	{ "ID", true, vpdnctl_cell_number, "id", NULL },
	{ "User", false, vpdnctl_cell_text, "user", NULL },
	{ "Access", false, vpdnctl_cell_text, "access", NULL },
	{ "Peer", false, vpdnctl_cell_text, "peer_ip", NULL },
	{ "Tunnel", false, vpdnctl_cell_pair, "tunnel_id", "peer_tunnel_id" },
	{ "Session", false, vpdnctl_cell_pair, "session_id", "peer_session_id" },
	{ "State", false, vpdnctl_cell_text, "state", NULL },
	{ "Interface", false, vpdnctl_cell_text, "interface", NULL },
	{ "Age", true, vpdnctl_cell_age, "age_s", NULL },
	{ NULL, false, NULL, NULL, NULL }
};

/* The pppd of which session keeps the bundle's interface. */
static void cell_owner(const json_t *row, const char *key, const char *key2, char *buf, size_t size)
{
	(void)key2;
	snprintf(buf, size, "%s", json_is_true(json_object_get(row, key)) ? "owner" : "");
}

static const struct vpdnctl_column member_columns[] = {
	{ "Member", true, vpdnctl_cell_number, "id", NULL },
	{ "LAC", false, vpdnctl_cell_named, "lac", "lac_ip" },
	{ "Tunnel", false, vpdnctl_cell_pair, "tunnel_id", "peer_tunnel_id" },
	{ "Session", false, vpdnctl_cell_pair, "session_id", "peer_session_id" },
	{ "Calling", false, vpdnctl_cell_text, "calling", NULL },
	{ "Since", true, vpdnctl_cell_age, "age_s", NULL },
	{ "", false, cell_owner, "owner", NULL },
	{ NULL, false, NULL, NULL, NULL }
};

static const struct vpdnctl_column failure_columns[] = {
	{ "Ago", true, vpdnctl_cell_age, "age_s", NULL },
	{ "As", false, vpdnctl_cell_text, "role", NULL },
	{ "Group", false, vpdnctl_cell_text, "group", NULL },
	{ "Number", false, vpdnctl_cell_text, "number", NULL },
	{ "Failure", false, vpdnctl_cell_text, "failure", NULL },
	{ "CDN", false, vpdnctl_cell_pair, "result", "error" },
	{ "Q.931", true, vpdnctl_cell_number, "q931_cause", NULL },
	{ "Reason", false, vpdnctl_cell_text, "text", NULL },
	{ NULL, false, NULL, NULL, NULL }
};

static void print_counted(const json_t *o, const char *key, const char *one, const struct vpdnctl_column *c)
{
	const json_t *rows = json_object_get(o, key);
	size_t n = json_array_size(rows);

	printf("%zu %s%s\n", n, one, n == 1 ? "" : "s");
	if (n)
		vpdnctl_print_table(c, rows, "");
}

void vpdnctl_print_tunnels(const json_t *o)
{
	print_counted(o, "tunnels", "tunnel", tunnel_columns);
}

void vpdnctl_print_sessions(const json_t *o)
{
	print_counted(o, "sessions", "session", session_columns);
}

void vpdnctl_print_all(const json_t *o)
{
	const json_t *v = json_object_get(o, "vpdnd"), *x = json_object_get(o, "xl2tpd"), *counter;
	const json_t *dialer = json_object_get(o, "vpdn_dialer"), *failures = json_object_get(o, "dial_failures"), *kernel = json_object_get(o, "kernel");
	char age[32], read[32], since[32];
	size_t i;

	vpdnctl_cell_age(v, "age_s", NULL, age, sizeof(age));
	vpdnctl_cell_age(v, "configuration_age_s", NULL, read, sizeof(read));
	vpdnctl_cell_age(x, "since_s", NULL, since, sizeof(since));
	printf("vpdnd %s, up %s, %s read %s ago\n", vpdnctl_text_of(v, "version"), age, vpdnctl_text_of(v, "configuration"), read);
	if (json_is_true(json_object_get(x, "connected")))
		printf("xl2tpd connected for %s (%s)\n", since, vpdnctl_text_of(x, "name"));
	else
		printf("xl2tpd not connected for %s: nothing can be forwarded, accepted or dialled\n", since);
	vpdnctl_cell_age(dialer, "since_s", NULL, since, sizeof(since));
	if (json_is_true(json_object_get(dialer, "connected")))
		printf("vpdn-dialer connected for %s (%s)\n", since, vpdnctl_text_of(dialer, "name"));
	else if (json_is_true(json_object_get(dialer, "configured")))
		printf("vpdn-dialer not connected for %s: nothing can be dialled for an LNS\n", since);
	if (json_integer_value(json_object_get(kernel, "oldest_ms")) >= VPDN_CHANNEL_SLOW_MS)
		printf("the kernel is slow with PPP channels: a request is %.1f s old (%s), %lld more wait for the kernel, %lld for a thread\n",
		       json_number_value(json_object_get(kernel, "oldest_ms")) / 1000, vpdnctl_text_of(kernel, "oldest"),
		       (long long)json_integer_value(json_object_get(kernel, "threads")) - 1,
		       (long long)json_integer_value(json_object_get(kernel, "waiting")));
	vpdnctl_print_words("draining: ", json_object_get(o, "draining"));
	putchar('\n');
	vpdnctl_print_tunnels(o);
	putchar('\n');
	vpdnctl_print_sessions(o);
	if (json_array_size(failures)) {
		printf("\nOutgoing calls that failed\n");
		vpdnctl_print_table(failure_columns, failures, "");
	}
	printf("\nSince vpdnd started\n");
	json_array_foreach(json_object_get(o, "counters"), i, counter) {
		json_int_t n = json_integer_value(json_object_get(counter, "value"));

		/* Calls are always told; what went wrong only when something did. */
		if (n || i < 3)
			printf("%8lld  %s\n", (long long)n, vpdnctl_text_of(counter, "text"));
	}
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
		vpdnctl_field(strcmp(last, counters[i].of) ? counters[i].of : "", "%12lld %s", (long long)json_integer_value(value),
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

	vpdnctl_cell_age(s, "age_s", NULL, age, sizeof(age));
	vpdnctl_cell_pair(s, "tunnel_id", "peer_tunnel_id", pair, sizeof(pair));
	vpdnctl_cell_pair(s, "session_id", "peer_session_id", pair2, sizeof(pair2));
	printf("Session %lld, %s for %s\n", (long long)json_integer_value(json_object_get(s, "id")), vpdnctl_text_of(s, "state"), age);
	vpdnctl_field("User", "%s", vpdnctl_text_of(s, "user"));
	vpdnctl_field("Access", "%s", vpdnctl_text_of(s, "access"));
	vpdnctl_print_lines("Line", json_object_get(s, "line"));
	vpdnctl_optional(s, "Number", "number");
	vpdnctl_optional(s, "Dialer", "dialer");
	if (json_is_integer(json_object_get(s, "speed_bps")))
		vpdnctl_field("Speed", "%lld bit/s, %s", (long long)json_integer_value(json_object_get(s, "speed_bps")),
			      vpdnctl_text_of(s, "framing"));
	vpdnctl_field("Group", "%s", vpdnctl_text_of(s, "group"));
	vpdnctl_field("Peer", "%s%s%s (%s)", strcmp(vpdnctl_text_of(s, "peer_name"), "-") ? vpdnctl_text_of(s, "peer_name") : "",
		      strcmp(vpdnctl_text_of(s, "peer_name"), "-") ? ", " : "", vpdnctl_text_of(s, "peer_ip"),
		      strcmp(vpdnctl_text_of(s, "role"), "lac") ? "LAC" : "LNS");
	vpdnctl_field("Tunnel", "%s (ours/theirs)", pair);
	vpdnctl_field("Session", "%s (ours/theirs)", pair2);
	vpdnctl_optional(s, "Interface", "interface");
	vpdnctl_optional(s, "Our IP", "local_ip");
	vpdnctl_optional(s, "Their IP", "remote_ip");
	vpdnctl_print_lines("Captured", json_object_get(s, "captured"));
	vpdnctl_print_lines("Decided", json_object_get(s, "decisions"));
	json_object_foreach(json_object_get(s, "wan_errors"), name, errors) {
		vpdnctl_field(first ? "Line errors" : "", "%lld %s", (long long)json_integer_value(errors), name);
		first = false;
	}
	print_counters(s);
	vpdnctl_optional(s, "Last reason", "reason");
}

static void print_bundle(const json_t *b)
{
	const json_t *members = json_object_get(b, "members");
	char age[32], ours[32], theirs[32], lost[32], errors[32];

	vpdnctl_cell_age(b, "age_s", NULL, age, sizeof(age));
	vpdnctl_cell_number(b, "mrru", NULL, ours, sizeof(ours));
	vpdnctl_cell_number(b, "peer_mrru", NULL, theirs, sizeof(theirs));
	vpdnctl_cell_number(b, "lost", NULL, lost, sizeof(lost));
	vpdnctl_cell_number(b, "receive_errors", NULL, errors, sizeof(errors));
	printf("%s, up %s\n", vpdnctl_text_of(b, "interface"), age);
	vpdnctl_field("Bundle", "%s", vpdnctl_text_of(b, "name"));
	vpdnctl_field("User", "%s", vpdnctl_text_of(b, "user"));
	vpdnctl_field("Endpoints", "ours %s, theirs %s", vpdnctl_text_of(b, "endpoint_local"), vpdnctl_text_of(b, "endpoint_peer"));
	vpdnctl_field("MRRU", "ours %s, theirs %s", ours, theirs);
	vpdnctl_field("Addresses", "ours %s, theirs %s", vpdnctl_text_of(b, "local_ip"), vpdnctl_text_of(b, "remote_ip"));
	vpdnctl_field("Lost", "%s packets with missing fragments, %s receive errors", lost, errors);
	vpdnctl_field("Links", "%zu", json_array_size(members));
	if (json_array_size(members))
		vpdnctl_print_table(member_columns, members, "  ");
}

void vpdnctl_print_multilink(const json_t *o)
{
	const json_t *bundles = json_object_get(o, "bundles"), *b;
	size_t i;

	printf("%zu active bundle%s\n", json_array_size(bundles), json_array_size(bundles) == 1 ? "" : "s");
	json_array_foreach(bundles, i, b)
		print_bundle(b);
}

void vpdnctl_print_metrics(const json_t *o)
{
	const char *text = json_string_value(json_object_get(o, "metrics"));

	fputs(text ? text : "", stdout);
}
