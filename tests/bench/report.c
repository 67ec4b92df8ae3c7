/* SPDX-License-Identifier: GPL-2.0-or-later */
/* report.c - see report.h. */
#include "report.h"

#include <arpa/inet.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "l2tp_lac.h"
#include "pppoe_client.h"

static const char *const stage_names[STAGES] = {
	[STAGE_START] = "start", [STAGE_PADO] = "pado", [STAGE_PADS] = "pads", [STAGE_ICRP] = "icrp", [STAGE_ICCN] = "iccn",
	[STAGE_FRAME] = "frame", [STAGE_LCP] = "lcp", [STAGE_CREDENTIALS] = "credentials", [STAGE_SUCCESS] = "success",
	[STAGE_IPCP] = "ipcp",
};

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static double ms(int64_t ns)
{
	return (double)ns / NS_PER_MS;
}

/* Sorts `v`. NULL for no values. */
static json_t *spread(int64_t *v, size_t n)
{
	if (!n)
		return json_pack("{s:i}", "n", 0);
	qsort(v, n, sizeof(*v), compare);
	return json_pack("{s:I, s:f, s:f, s:f, s:f}", "n", (json_int_t)n, "min", ms(v[0]),
			 "median", ms(n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2), "p95", ms(v[(n * 95 + 99) / 100 - 1]), "max", ms(v[n - 1]));
}

static int64_t since_start(const struct call *c, enum stage s)
{
	return c->stage[s] - c->stage[STAGE_START];
}

/* With a proxied LCP the stages are not in their order: "before" is the latest that is not later. */
static int64_t since_before(const struct call *c, enum stage s)
{
	int64_t before = c->stage[STAGE_START];

	for (enum stage i = STAGE_START; i < s; i++)
		if (c->stage[i] <= c->stage[s] && c->stage[i] > before)
			before = c->stage[i];
	return c->stage[s] - before;
}

/* Of the calls that came up, and of those only. */
static json_t *stages(const struct run *r, int64_t *v, int64_t (*time)(const struct call *c, enum stage s))
{
	json_t *all = json_object();

	for (enum stage s = STAGE_START + 1; s < STAGES; s++) {
		size_t n = 0;

		for (unsigned int i = 0; i < r->n; i++)
			if (r->calls[i].came_up && r->calls[i].stage[s])
				v[n++] = time(&r->calls[i], s);
		if (n)
			json_object_set_new(all, stage_names[s], spread(v, n));
	}
	return all;
}

static void add(json_t *counts, const char *key, unsigned int n)
{
	json_object_set_new(counts, key, json_integer(json_integer_value(json_object_get(counts, key)) + n));
}

static json_t *mac_text(const uint8_t m[6])
{
	return json_sprintf("%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
}

static json_t *address_text(uint32_t address)
{
	struct in_addr a = { htonl(address) };
	char text[INET_ADDRSTRLEN];

	return json_string(inet_ntop(AF_INET, &a, text, sizeof(text)));
}

static json_t *session(const struct call *c)
{
	json_t *ns = json_object(), *s;
	uint8_t mac[6];

	for (enum stage i = STAGE_START; i < STAGES; i++)
		if (c->stage[i])
			json_object_set_new(ns, stage_names[i], json_integer(c->stage[i]));
	s = json_pack("{s:i, s:s, s:b, s:i, s:o}", "call", c->run->first + c->index, "user", c->user, "up", c->state == CALL_OPEN,
		      "session", c->session, "ns", ns);
	if (c->reason[0])
		json_object_set_new(s, "reason", json_string(c->reason));
	if (c->came_up) {
		json_object_set_new(s, "ip", address_text(c->ppp.address));
		json_object_set_new(s, "peer_ip", address_text(c->ppp.peer_address));
	}
	if (c->tunnel) {
		json_object_set_new(s, "peer_session", json_integer(c->peer_session));
		tunnel_describe(c->tunnel, s);
	} else {
		pppoe_client_mac(c, mac);
		json_object_set_new(s, "mac", mac_text(mac));
		json_object_set_new(s, "peer_mac", mac_text(c->peer_mac));
	}
	return s;
}

static json_t *rate(unsigned int n, int64_t ns)
{
	return json_real(ns > 0 ? n / ((double)ns / NS_PER_S) : 0.0);
}

/* What counts each call by itself. */
struct sums {
	uint64_t ours[PPP_COUNTS], peers[PPP_COUNTS], malformed;
	unsigned int answered, unanswered, renegotiated;
	int64_t begin, end;		/* of the set-up */
};

static struct sums add_up(const struct run *r, json_t *failures, json_t *ended)
{
	struct sums s = { .begin = 0 };

	for (unsigned int i = 0; i < r->n; i++) {
		const struct call *c = &r->calls[i];

		for (unsigned int k = 0; k < PPP_COUNTS; k++) {
			s.ours[k] += c->ppp.retransmissions[k];
			s.peers[k] += c->ppp.peer_retransmissions[k];
		}
		s.malformed += c->ppp.malformed;
		s.answered += c->answered;
		s.unanswered += c->unanswered;
		s.renegotiated += c->renegotiated;
		if (c->failed)
			add(failures, c->reason, 1);
		if (c->ended)
			add(ended, c->reason, 1);
		if (c->stage[STAGE_START] && (!s.begin || c->stage[STAGE_START] < s.begin))
			s.begin = c->stage[STAGE_START];
		if (c->came_up && c->stage[STAGE_IPCP] > s.end)
			s.end = c->stage[STAGE_IPCP];
	}
	if (s.end < s.begin)
		s.end = s.begin;
	return s;
}

static json_t *report(const struct run *r)
{
	int64_t *v = calloc((size_t)(r->n > r->tunnels ? r->n : r->tunnels) + 1, sizeof(*v));
	json_t *failures = json_object(), *ended = json_object(), *o, *list;
	struct sums s = add_up(r, failures, ended);
	struct rusage u;
	size_t n = 0;

	if (!v)
		abort();
	getrusage(RUSAGE_SELF, &u);
	o = json_pack("{s:s, s:i, s:i, s:b, s:i, s:i, s:o, s:i, s:f, s:o}", "mode", r->bearer->name, "calls", r->n, "at_once", r->at_once,
		      "eager", r->ppp.eager, "up", r->up, "failed", r->failed, "failures", failures,
		      "renegotiated", s.renegotiated, "seconds", (double)(s.end - s.begin) / NS_PER_S, "rate", rate(r->up, s.end - s.begin));
	if (r->bearer == &l2tp_bearer) {
		memcpy(v, r->tunnel_times, r->tunnels_up * sizeof(*v));
		json_object_set_new(o, "tunnel", spread(v, r->tunnels_up));
	}
	json_object_set_new(o, "stages", stages(r, v, since_start));
	json_object_set_new(o, "steps", stages(r, v, since_before));
	json_object_set_new(o, "retransmissions",
			    json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "padi", (json_int_t)r->counts[COUNT_PADI],
				      "padr", (json_int_t)r->counts[COUNT_PADR], "lcp", (json_int_t)s.ours[PPP_COUNT_LCP],
				      "auth", (json_int_t)s.ours[PPP_COUNT_AUTH], "ipcp", (json_int_t)s.ours[PPP_COUNT_IPCP],
				      "control", (json_int_t)r->counts[COUNT_CONTROL],
				      "terminate", (json_int_t)s.ours[PPP_COUNT_TERMINATE], "ping", (json_int_t)r->counts[COUNT_PING]));
	json_object_set_new(o, "peer_retransmissions",
			    json_pack("{s:I, s:I, s:I, s:I}", "lcp", (json_int_t)s.peers[PPP_COUNT_LCP], "auth",
				      (json_int_t)s.peers[PPP_COUNT_AUTH], "ipcp", (json_int_t)s.peers[PPP_COUNT_IPCP], "control",
				      (json_int_t)r->counts[COUNT_PEER_CONTROL]));
	json_object_set_new(o, "dropped",
			    json_pack("{s:I, s:I, s:I, s:I}", "socket", (json_int_t)r->bearer->lost(r), "early", (json_int_t)r->counts[COUNT_EARLY], "unknown",
				      (json_int_t)r->counts[COUNT_UNKNOWN], "malformed", (json_int_t)(r->counts[COUNT_MALFORMED] + s.malformed)));
	if (!r->no_ping) {
		for (unsigned int i = 0; i < r->n; i++)
			if (r->calls[i].answered)
				v[n++] = r->calls[i].ping_rtt;
		json_object_set_new(o, "ping", json_pack("{s:i, s:i, s:o}", "answered", s.answered, "unanswered", s.unanswered,
							  "rtt", spread(v, n)));
	}
	json_object_set_new(o, "ended_by_peer", ended);
	json_object_set_new(o, "teardown", json_pack("{s:i, s:i, s:f, s:o}", "released", r->released, "confirmed", r->confirmed,
						      "seconds", (double)(r->release_end - r->release_begin) / NS_PER_S,
						      "rate", rate(r->released, r->release_end - r->release_begin)));
	json_object_set_new(o, "cpu_seconds", json_real((double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
							 (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6));
	if (r->list) {
		list = json_array();
		for (unsigned int i = 0; i < r->n; i++)
			json_array_append_new(list, session(&r->calls[i]));
		json_object_set_new(o, "sessions", list);
	}
	free(v);
	return o;
}

void report_print(const struct run *r, FILE *f)
{
	json_t *o = report(r);

	json_dumpf(o, f, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
	fputc('\n', f);
	fflush(f);
	json_decref(o);
}

void report_ready(const struct run *r)
{
	char path[4096];
	FILE *f;

	if ((size_t)snprintf(path, sizeof(path), "%s.new", r->ready) >= sizeof(path) || !(f = fopen(path, "we"))) {
		fprintf(stderr, "vpdn-load: %s: %s\n", r->ready, strerror(errno));
		return;
	}
	report_print(r, f);
	fclose(f);
	if (rename(path, r->ready) < 0)
		fprintf(stderr, "vpdn-load: %s: %s\n", r->ready, strerror(errno));
}
