/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * metrics_text.c - see metrics.h: all that is known as Prometheus' text format 0.0.4
 * (https://prometheus.io/docs/instrumenting/exposition_formats/). control.c asks for it.
 */
#include "metrics.h"

#include <arpa/inet.h>
#include <bsd/string.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "aaa.h"
#include "call.h"
#include "channel.h"
#include "dialer_peer.h"
#include "l2tp_peer.h"
#include "registry.h"
#include "server.h"

#define AAA_PEERS_MAX	256u	/* that AAA servers named and that get lines of their own */

static const struct {
	const char *role, *direction;	/* as `show session` has them */
} kinds[VPDN_KIND_COUNT] = {
	[VPDN_DIALIN_LAC] = { "lac", "dial-in" },
	[VPDN_DIALOUT_LNS] = { "lns", "dial-out" },
	[VPDN_DIALOUT_LAC] = { "lac", "dial-out" },
};

/* The stages of setting up a call: the states that one is in meanwhile. */
static const struct {
	enum vpdn_call_kind kind;
	enum vpdn_st state;
	const char *name;
} stages[] = {
	{ VPDN_DIALIN_LAC, VPDN_ST_ASKED, "decision" },
	{ VPDN_DIALIN_LAC, VPDN_ST_PLACING, "placing" },
	{ VPDN_DIALIN_LAC, VPDN_ST_CHANNEL_AWAITED, "handover" },
	{ VPDN_DIALIN_LAC, VPDN_ST_PLACING_AGAIN, "placing_again" },
	{ VPDN_DIALIN_LAC, VPDN_ST_CHANNEL_HELD, "placing_again_held" },
	{ VPDN_DIALIN_LAC, VPDN_ST_BRIDGING, "bridge" },
	{ VPDN_DIALOUT_LNS, VPDN_ST_ASKED, "decision" },
	{ VPDN_DIALOUT_LNS, VPDN_ST_PLACING, "placing" },
	{ VPDN_DIALOUT_LNS, VPDN_ST_DIALLING, "dialling" },
	{ VPDN_DIALOUT_LAC, VPDN_ST_ASKED, "decision" },
	{ VPDN_DIALOUT_LAC, VPDN_ST_DIALLING, "dialling" },
	{ VPDN_DIALOUT_LAC, VPDN_ST_BRIDGING, "bridge" },
};

static const struct {
	uint8_t state;
	const char *name;
} lns_stages[] = { { VPDN_CALL_WAIT, "iccn" }, { VPDN_CALL_CONNECTED, "ppp" } };

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

/* ---- the format ---- */

static void family(FILE *f, const char *name, const char *type, const char *help)
{
	fprintf(f, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* One sample. Then come pairs of a label's name and value, and NULL; `le` closes them for a histogram's bucket. */
static void put_labels(FILE *f, const char *const *label)
{
	const char *before = "{";

	for (; *label; label += 2, before = ",") {
		fprintf(f, "%s%s=\"", before, label[0]);
		for (const char *p = label[1]; *p; p++) {
			if (*p == '\n')
				fputs("\\n", f);
			else
				fprintf(f, "%s%c", *p == '"' || *p == '\\' ? "\\" : "", *p);
		}
		fputc('"', f);
	}
	if (*before == ',')
		fputc('}', f);
}

#define LABELS(...)	((const char *const[]){ __VA_ARGS__, NULL })
#define NO_LABELS	((const char *const[]){ NULL })

static void sample(FILE *f, const char *name, const char *const *label, uint64_t value)
{
	fputs(name, f);
	put_labels(f, label);
	fprintf(f, " %" PRIu64 "\n", value);
}

static void gauge(FILE *f, const char *name, const char *help, uint64_t value)
{
	family(f, name, "gauge", help);
	sample(f, name, NO_LABELS, value);
}

/* `label` has two pairs at most besides a stage's name. */
static void histogram(FILE *f, const char *name, const char *const *label, const struct vpdn_histogram *h)
{
	const char *with[16] = { NULL };
	char series[128];
	uint64_t n = 0;
	size_t have = 0;

	while (label[have])
		have++;
	memcpy(with, label, have * sizeof(*label));
	with[have] = "le";
	snprintf(series, sizeof(series), "%s_bucket", name);
	for (size_t i = 0; i <= VPDN_BUCKETS; i++) {
		n += h->bucket[i];
		with[have + 1] = vpdn_histogram_bound(i);
		sample(f, series, with, n);
	}
	fprintf(f, "%s_sum", name);
	put_labels(f, label);
	fprintf(f, " %" PRIu64 ".%06u\n", h->sum_us / 1000000, (unsigned int)(h->sum_us % 1000000));
	snprintf(series, sizeof(series), "%s_count", name);
	sample(f, series, label, n);
}

/* ---- the daemon ---- */

static void daemon_metrics(FILE *f, const struct vpdnd *d)
{
	uint64_t now = vpdnd_now_ms();
	uint64_t epoch = (uint64_t)time(NULL);
	struct vpdn_channels_state kernel;

	family(f, "vpdn_info", "gauge", "The version of vpdnd.");
	sample(f, "vpdn_info", LABELS("version", VPDN_VERSION), 1);
	gauge(f, "vpdn_start_time_seconds", "When vpdnd was started, since the epoch.", epoch - (now - d->started_ms) / 1000);
	gauge(f, "vpdn_config_load_time_seconds", "When vpdn.conf was read, since the epoch.", epoch - (now - d->loaded_ms) / 1000);
	gauge(f, "vpdn_connections", "Connections of pppd, xl2tpd and others to vpdnd.", vpdn_server_connections(d->server));
	vpdn_channels_state(d->channels, &kernel);
	family(f, "vpdn_kernel_requests", "gauge", "Requests about PPP channels, by whether they wait for the kernel or for a thread.");
	sample(f, "vpdn_kernel_requests", LABELS("waiting_for", "kernel"), kernel.threads);
	sample(f, "vpdn_kernel_requests", LABELS("waiting_for", "thread"), kernel.waiting);
	family(f, "vpdn_kernel_request_age_seconds", "gauge", "The age of the oldest of these requests, 0 when there is none.");
	fprintf(f, "vpdn_kernel_request_age_seconds %" PRIu64 ".%03u\n", kernel.oldest_ms / 1000, (unsigned int)(kernel.oldest_ms % 1000));
	family(f, "vpdn_connected", "gauge", "Whether a daemon that vpdnd works with is connected.");
	sample(f, "vpdn_connected", LABELS("daemon", "xl2tpd"), vpdn_l2tp_connected(d->l2tp));
	sample(f, "vpdn_connected", LABELS("daemon", "vpdn-dialer"), vpdn_dialer_connected(d->dialer));
	family(f, "vpdn_events_total", "counter", "What has happened to calls, as the counters of vpdnctl show name it.");
#define PUT_COUNTER(name, text)	sample(f, "vpdn_events_total", LABELS("event", #name), d->counters.name);
	VPDN_COUNTERS(PUT_COUNTER)
#undef PUT_COUNTER
}

/* ---- calls and tunnels ---- */

static void now_metrics(FILE *f, const struct vpdn_metrics *n)
{
	family(f, "vpdn_calls", "gauge", "Calls there are now, by state.");
	for (size_t k = 0; k < VPDN_KIND_COUNT; k++)
		for (size_t s = 0; s < VPDN_ST_DONE; s++)
			sample(f, "vpdn_calls", LABELS("role", kinds[k].role, "direction", kinds[k].direction, "state",
						       vpdn_st_name((enum vpdn_st)s)), n->calls[k][s]);
	for (uint8_t s = VPDN_CALL_WAIT; s < VPDN_CALL_CLOSED; s++)
		sample(f, "vpdn_calls", LABELS("role", "lns", "direction", "dial-in", "state", vpdn_lns_call_state_name(s)),
		       n->lns_calls[s]);
	family(f, "vpdn_tunnels", "gauge", "Tunnels there are now, by who opened them and state.");
	for (size_t ours = 0; ours < 2; ours++)
		for (uint8_t s = VPDN_TUNNEL_OPENING; s < VPDN_TUNNEL_CLOSED; s++)
			sample(f, "vpdn_tunnels", LABELS("opened_by", ours ? "us" : "peer", "state", vpdn_tunnel_state_name(s)),
			       n->tunnels[ours][s]);
}

static void time_metrics(FILE *f, const struct vpdn_metrics *n)
{
	static const char stage[] = "vpdn_call_stage_seconds", setup[] = "vpdn_call_setup_seconds", tunnel[] = "vpdn_tunnel_setup_seconds";

	family(f, stage, "histogram", "Time that setting up a call took, by stage.");
	for (size_t i = 0; i < COUNT(stages); i++)
		histogram(f, stage, LABELS("role", kinds[stages[i].kind].role, "direction", kinds[stages[i].kind].direction, "stage",
					   stages[i].name), &n->stage[stages[i].kind][stages[i].state]);
	for (size_t i = 0; i < COUNT(lns_stages); i++)
		histogram(f, stage, LABELS("role", "lns", "direction", "dial-in", "stage", lns_stages[i].name),
			  &n->lns_stage[lns_stages[i].state]);
	family(f, setup, "histogram", "Time from the first word of a call until it was connected; at the LNS, until PPP was up.");
	for (size_t k = 0; k < VPDN_KIND_COUNT; k++)
		histogram(f, setup, LABELS("role", kinds[k].role, "direction", kinds[k].direction), &n->setup[k]);
	histogram(f, setup, LABELS("role", "lns", "direction", "dial-in"), &n->lns_setup);
	family(f, tunnel, "histogram", "Time from SCCRQ until a tunnel was established.");
	for (size_t ours = 0; ours < 2; ours++)
		histogram(f, tunnel, LABELS("opened_by", ours ? "us" : "peer"), &n->tunnel_setup[ours]);
}

/* ---- groups and peers ---- */

/* A peer of vpdn.conf, or one that AAA servers named: then the sum of all their answers. */
struct row {
	char group[VPDN_NAME_MAX + 1], peer[INET_ADDRSTRLEN + 6];
	struct in_addr addr;
	uint16_t port;
	bool aaa;
	uint64_t calls, limit, placed, failed;
	bool dead, draining;
};

static void row_name(struct row *r, const char *group, size_t len, struct in_addr addr, uint16_t port)
{
	char text[INET_ADDRSTRLEN];

	strlcpy(r->group, group, len < sizeof(r->group) ? len + 1 : sizeof(r->group));
	r->addr = addr;
	r->port = port;
	inet_ntop(AF_INET, &addr, text, sizeof(text));
	if (port == VPDN_L2TP_PORT)
		strlcpy(r->peer, text, sizeof(r->peer));
	else
		snprintf(r->peer, sizeof(r->peer), "%s:%u", text, port);
}

static void row_add(struct row *r, const struct vpdn_usage *u, uint64_t now)
{
	r->calls += u->sessions;
	r->placed += u->placed;
	r->failed += u->failed;
	r->dead = r->dead || u->dead_until_ms > now;
}

/* The row of an AAA server's peer, by the source that named it: "http:example.com" is "http". NULL: there is no room for more. */
static struct row *aaa_row(struct row *rows, size_t first, size_t *n, size_t max, const struct vpdn_usage *u)
{
	size_t len = strcspn(u->name, ":");

	for (size_t i = first; i < *n; i++)
		if (rows[i].addr.s_addr == u->addr.s_addr && rows[i].port == u->port && !strncmp(rows[i].group, u->name, len) &&
		    !rows[i].group[len])
			return &rows[i];
	if (*n == max)
		return NULL;
	row_name(&rows[*n], u->name, len, u->addr, u->port);
	rows[*n].aaa = true;
	return &rows[(*n)++];
}

/* All of them, to be freed; *left_out: how many AAA servers' answers found no room. NULL without memory. */
static struct row *all_rows(const struct vpdnd *d, size_t *n, uint64_t *left_out)
{
	const struct vpdn_usage *u = NULL;
	const struct vpdn_group *g;
	size_t configured = 0, max;
	uint64_t now = vpdnd_now_ms();
	struct row *rows, *r;

	TAILQ_FOREACH(g, &d->config->groups, link)
		configured += g->n_peers;
	max = configured + AAA_PEERS_MAX;
	rows = calloc(max, sizeof(*rows));
	if (!rows)
		return NULL;
	*n = *left_out = 0;
	TAILQ_FOREACH(g, &d->config->groups, link) {
		for (size_t i = 0; i < g->n_peers; i++) {
			r = &rows[(*n)++];
			row_name(r, g->name, strlen(g->name), g->peers[i].addr, g->peers[i].port);
			r->limit = g->peers[i].limit;
			u = vpdn_usage_find(&d->usages, VPDN_USAGE_PEER, g->name, &g->peers[i]);
			if (u)
				row_add(r, u, now);
		}
	}
	for (u = NULL; (u = vpdn_usage_next(&d->usages, VPDN_USAGE_PEER, u));) {
		if (!strchr(u->name, ':'))
			continue;
		r = aaa_row(rows, configured, n, max, u);
		if (r)
			row_add(r, u, now);
		else
			(*left_out)++;
	}
	for (size_t i = 0; i < *n; i++)
		rows[i].draining = vpdn_usage_draining(&d->usages, rows[i].addr);
	return rows;
}

static void group_metrics(FILE *f, const struct vpdnd *d)
{
	const struct vpdn_usage *u;
	const struct vpdn_group *g;

	family(f, "vpdn_group_calls", "gauge", "Calls of a vpdn-group, being placed or up.");
	TAILQ_FOREACH(g, &d->config->groups, link) {
		u = vpdn_usage_find(&d->usages, VPDN_USAGE_GROUP, g->name, NULL);
		sample(f, "vpdn_group_calls", LABELS("group", g->name), u ? u->sessions : 0);
	}
	family(f, "vpdn_group_limit", "gauge", "The limit of a vpdn-group's calls, where there is one.");
	TAILQ_FOREACH(g, &d->config->groups, link)
		if (g->limit)
			sample(f, "vpdn_group_limit", LABELS("group", g->name), g->limit);
}

static void peer_metrics(FILE *f, const struct row *rows, size_t n)
{
	const struct row *end = rows + n;

#define PUT_PEERS(name, type, help, which, value)									\
	family(f, name, type, help);											\
	for (const struct row *r = rows; r < end; r++)									\
		if (which)												\
			sample(f, name, LABELS("group", r->group, "peer", r->peer), value);

	PUT_PEERS("vpdn_peer_calls", "gauge", "Calls with a peer, being placed or up.", true, r->calls)
	PUT_PEERS("vpdn_peer_limit", "gauge", "The limit of a peer's calls, where there is one.", r->limit, r->limit)
	PUT_PEERS("vpdn_peer_dead", "gauge", "Whether a peer could not be reached and is left out for a while.", true, r->dead)
	PUT_PEERS("vpdn_peer_draining", "gauge", "Whether a peer gets no new calls, as an administrator wants it.", true, r->draining)
	/* What is known of the answers of AAA servers is forgotten some day, and a counter must not go back. */
	PUT_PEERS("vpdn_peer_placed_total", "counter", "Calls placed at a peer.", !r->aaa, r->placed)
	PUT_PEERS("vpdn_peer_failed_total", "counter", "Calls that failed at a peer.", !r->aaa, r->failed)
#undef PUT_PEERS
}

/* ---- AAA: as `vpdnctl show aaa` has it ---- */

static const char *text_of(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

static uint64_t number_of(const json_t *o, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(o, key));
}

/* The number of all servers of this name, in place of the first one: an URL may be configured twice, a sample must not be. False: not the first. */
static bool server_number(const json_t *servers, size_t at, const char *key, uint64_t *sum)
{
	const char *name = text_of(json_array_get(servers, at), "name");
	const json_t *server;
	size_t i;

	*sum = 0;
	json_array_foreach(servers, i, server) {
		if (strcmp(text_of(server, "name"), name))
			continue;
		if (i < at)
			return false;
		*sum += number_of(server, key);
	}
	return true;
}

/* Of RADIUS accounting, when there is some. */
static void acct_metrics(FILE *f, const json_t *sources)
{
	const json_t *s;
	size_t i;

	json_array_foreach(sources, i, s) {
		if (!json_object_get(s, "acct_servers"))
			continue;
		family(f, "vpdn_accounting_records_total", "counter", "Accounting records, by what became of them.");
		sample(f, "vpdn_accounting_records_total", LABELS("source", text_of(s, "name"), "result", "taken"), number_of(s, "acct_taken"));
		sample(f, "vpdn_accounting_records_total", LABELS("source", text_of(s, "name"), "result", "lost"), number_of(s, "acct_lost"));
		family(f, "vpdn_accounting_records_waiting", "gauge", "Accounting records that no server has taken yet.");
		sample(f, "vpdn_accounting_records_waiting", LABELS("source", text_of(s, "name")), number_of(s, "acct_waiting"));
	}
}

static void aaa_metrics(FILE *f, const json_t *sources)
{
	static const char *const results[] = { "answered", "failed" };
	const json_t *s, *servers, *server;
	uint64_t sum;
	size_t i, j;

	family(f, "vpdn_aaa_up", "gauge", "Whether a source answers; absent as long as it was not asked.");
	json_array_foreach(sources, i, s)
		if (!strcmp(text_of(s, "state"), "up") || !strcmp(text_of(s, "state"), "down"))
			sample(f, "vpdn_aaa_up", LABELS("source", text_of(s, "name")), !strcmp(text_of(s, "state"), "up"));
	family(f, "vpdn_aaa_answers_total", "counter", "Answers of a source about calls, by verdict.");
	json_array_foreach(sources, i, s)
		for (size_t v = 0; v < VPDN_VERDICTS; v++)
			sample(f, "vpdn_aaa_answers_total", LABELS("source", text_of(s, "name"), "verdict", vpdn_verdict_name((enum vpdn_verdict)v)),
			       number_of(s, vpdn_verdict_name((enum vpdn_verdict)v)));
	family(f, "vpdn_aaa_server_requests_total", "counter", "Requests to a source's server, by result.");
	json_array_foreach(sources, i, s) {
		servers = json_object_get(s, "servers");
		json_array_foreach(servers, j, server)
			for (size_t k = 0; k < COUNT(results); k++)
				if (server_number(servers, j, results[k], &sum))
					sample(f, "vpdn_aaa_server_requests_total", LABELS("source", text_of(s, "name"),
					       "server", text_of(server, "name"), "result", results[k]), sum);
	}
}

char *vpdn_metrics_text(const struct vpdnd *d)
{
	json_t *aaa = vpdn_aaa_show(d->aaa);
	char *text = NULL;
	uint64_t left_out = 0;
	struct row *rows;
	size_t size, n = 0;
	FILE *f = open_memstream(&text, &size);
	bool failed;

	rows = all_rows(d, &n, &left_out);
	if (f && rows && aaa) {
		daemon_metrics(f, d);
		now_metrics(f, &d->metrics);
		time_metrics(f, &d->metrics);
		group_metrics(f, d);
		peer_metrics(f, rows, n);
		gauge(f, "vpdn_peers_left_out", "Peers named by AAA servers that have no lines here, as there are too many.", left_out);
		aaa_metrics(f, json_object_get(aaa, "sources"));
		acct_metrics(f, json_object_get(aaa, "sources"));
	}
	failed = !f || !rows || !aaa || ferror(f);
	if (f && fclose(f))
		failed = true;
	free(rows);
	json_decref(aaa);
	if (!failed)
		return text;
	free(text);
	return NULL;
}
