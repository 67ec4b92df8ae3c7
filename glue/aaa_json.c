/* SPDX-License-Identifier: GPL-2.0-or-later */
/* aaa_json.c - see aaa_json.h. What an answer may hold is a table; a place in it is written as "tunnels[0].password". */
#include "aaa_json.h"

#include <bsd/string.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aaa_answer.h"
#include "aaa_cache.h"
#include "config_value.h"
#include "line.h"
#include "show_impl.h"
#include "text.h"

/* ---- reading an answer ---- */

enum kind { U32, BOOLEAN, TEXT, ADDRESS, OTHER };

struct field {
	const char *name;
	enum kind kind;
	size_t offset;			/* in the struct that is filled */
	uint32_t min, max;		/* a number; octets of a text */
	const char *only;		/* the one text that is allowed */
};

#define OPT(name, kind, member, min, max)	{ name, kind, offsetof(struct reading, member), min, max, NULL }
#define DEF(name, kind, member, min, max)	{ name, kind, offsetof(struct vpdn_tunnel_def, member), min, max, NULL }

struct reading {
	struct vpdn_answer_opts o;
	struct vpdn_answer_life life;
	char name[VPDN_NAME_MAX + 1], text[128], result[16];
	char said[200];			/* the text, escaped: it may be cut anywhere */
	uint32_t version;
};

static const struct field answer_fields[] = {
	OPT("version", U32, version, 1, 1),
	OPT("result", TEXT, result, 1, 15),
	OPT("text", TEXT, text, 0, 127),
	OPT("ttl", U32, life.ttl_s, 0, VPDN_TTL_MAX),
	OPT("name", TEXT, name, 1, VPDN_NAME_MAX),
	OPT("limit", U32, o.limit, 0, 1000000),
	OPT("strip_domain", BOOLEAN, o.strip_domain, 0, 0),
	OPT("hidden", BOOLEAN, o.hidden, 0, 0),
	OPT("hello", U32, o.hello_s, 1, 86400),
	OPT("idle_timeout", U32, o.idle_s, 0, 86400),
	OPT("connect_timeout", U32, o.connect_timeout_s, 1, 25),
	OPT("tunnel_limit", U32, o.tunnel_limit, 0, 65535),
	OPT("tunnel_sessions", U32, o.tunnel_sessions, 0, 65535),
	OPT("tunnel_own", BOOLEAN, o.tunnel_own, 0, 0),
	{ "valid_for", OTHER, 0, 0, 0, NULL },
	{ "tunnels", OTHER, 0, 0, 0, NULL },
};

static const struct field tunnel_fields[] = {
	{ "type", TEXT, 0, 0, 0, "L2TP" },
	{ "medium", TEXT, 0, 0, 0, "IPv4" },
	DEF("server_endpoint", ADDRESS, server, 0, 0),
	DEF("client_endpoint", ADDRESS, client, 0, 0),
	DEF("port", OTHER, port, 1, 65535),
	DEF("client_auth_id", TEXT, client_auth_id, 0, VPDN_NAME_MAX),
	DEF("server_auth_id", TEXT, server_auth_id, 0, VPDN_NAME_MAX),
	DEF("assignment_id", TEXT, assignment_id, 0, VPDN_NAME_MAX),
	DEF("password", TEXT, password, 1, VPDN_TUNNEL_SECRET_MAX),
	DEF("authentication", BOOLEAN, tunnel_auth, 0, 0),
	DEF("preference", U32, preference, 0, 0xffffff),
	DEF("weight", U32, weight, 1, 65535),
	DEF("limit", U32, limit, 0, 65535),
	DEF("tunnel_limit", U32, tunnel_limit, 0, 65535),
};

static int wrong(struct vpdn_answer *a, const char *where, const char *name, const char *fmt, ...) __attribute__((format(printf, 4, 5)));

static int wrong(struct vpdn_answer *a, const char *where, const char *name, const char *fmt, ...)
{
	char what[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	return vpdn_answer_fail(a, -EINVAL, "answer: %s%s%s%s", where, name, *where || *name ? ": " : "", what);
}

static bool printable(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return false;
	return true;
}

static bool number(const json_t *v, uint32_t min, uint32_t max, uint32_t *n)
{
	json_int_t i = json_integer_value(v);

	*n = (uint32_t)i;
	return json_is_integer(v) && i >= min && i <= max;
}

static int take(struct vpdn_answer *a, const char *where, const struct field *f, const json_t *v, void *into)
{
	const char *s = json_string_value(v);
	void *to = (char *)into + f->offset;
	uint32_t n;

	switch (f->kind) {
	case U32:
		if (!number(v, f->min, f->max, &n))
			return wrong(a, where, f->name, "wrong value; allowed: a whole number from %u to %u", f->min, f->max);
		memcpy(to, &n, sizeof(n));
		return 0;
	case BOOLEAN:
		if (!json_is_boolean(v))
			return wrong(a, where, f->name, "wrong value; allowed: true, false");
		*(bool *)to = json_is_true(v);
		return 0;
	case ADDRESS:
		if (!s || !vpdn_value_ip4(s, to))
			return wrong(a, where, f->name, "wrong value; allowed: an IPv4 address of a host (names are not looked up)");
		return 0;
	case TEXT:
		if (f->only)
			return s && !strcasecmp(s, f->only) ? 0 : wrong(a, where, f->name, "wrong value; allowed: \"%s\"", f->only);
		if (!s || strlen(s) < f->min || strlen(s) > f->max || !printable(s))
			return wrong(a, where, f->name, "wrong value; allowed: a text of %u to %u printable characters", f->min, f->max);
		memcpy(to, s, strlen(s) + 1);
		return 0;
	default:
		return 0;
	}
}

/* Each member must be in the table, or begin with "x_": those are a server's own. */
static int take_all(struct vpdn_answer *a, const char *where, const json_t *o, const struct field *fields, size_t n, void *into)
{
	char said[64];
	const char *key;
	json_t *v;
	size_t i;

	json_object_foreach((json_t *)o, key, v) {
		if (!strncmp(key, "x_", 2))
			continue;
		for (i = 0; i < n && strcmp(key, fields[i].name); i++)
			;
		if (i == n)
			return wrong(a, where, vpdn_text_escape(key, strlen(key), said, sizeof(said)), "is not known here");
		if (take(a, where, &fields[i], v, into))
			return -EINVAL;
	}
	return 0;
}

static int take_tunnel(struct vpdn_answer *a, size_t i, const json_t *o, struct vpdn_tunnel_def *t)
{
	const json_t *port = json_object_get(o, "port");
	char where[32];
	uint32_t n = 0;

	snprintf(where, sizeof(where), "tunnels[%zu]", i);
	if (!json_is_object(o))
		return wrong(a, where, "", "is no object");
	strlcat(where, ".", sizeof(where));
	*t = (struct vpdn_tunnel_def){ .weight = 1, .tunnel_auth = true };
	if (take_all(a, where, o, tunnel_fields, sizeof(tunnel_fields) / sizeof(tunnel_fields[0]), t))
		return -EINVAL;
	if (!json_object_get(o, "server_endpoint"))
		return wrong(a, where, "server_endpoint", "is missing");
	if (port && !number(port, 1, 65535, &n))
		return wrong(a, where, "port", "wrong value; allowed: a whole number from 1 to 65535");
	t->port = (uint16_t)n;
	if (t->tunnel_auth && !*t->password)
		return wrong(a, where, "password", "is missing; needed: it, or authentication: false");
	return 0;
}

static int take_tunnels(struct vpdn_answer *a, const char *source, const struct vpdn_query *query, const json_t *list, struct reading *r)
{
	static struct vpdn_tunnel_def defs[VPDN_PEERS_MAX];
	size_t n = json_array_size(list);
	int rc = 0;

	if (!json_is_array(list) || !n || n > VPDN_PEERS_MAX)
		return wrong(a, "", "tunnels", "wrong value; needed: an array of 1 to %u", VPDN_PEERS_MAX);
	r->o.name = *r->name ? r->name : NULL;
	for (size_t i = 0; !rc && i < n; i++)
		rc = take_tunnel(a, i, json_array_get(list, i), &defs[i]);
	if (!rc)
		rc = vpdn_answer_from_tunnels(source, query, &r->o, defs, n, a);
	explicit_bzero(defs, sizeof(defs));
	if (!rc)
		snprintf(a->text, sizeof(a->text), "forward, %zu tunnel%s%s%s", n, n == 1 ? "" : "s", *r->said ? ": " : "", r->said);
	return rc;
}

static int take_valid_for(struct vpdn_answer *a, const json_t *list, struct vpdn_answer_life *life)
{
	unsigned int bit;

	if (list && !json_array_size(list))
		return wrong(a, "", "valid_for", "wrong value; needed: an array of user, domain, dnis, line");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *word = json_string_value(json_array_get(list, i));

		bit = word ? vpdn_valid_for(word) : 0;
		if (!bit || life->valid_for & bit)
			return wrong(a, "", "valid_for", "wrong value; allowed: each of user, domain, dnis, line once");
		life->valid_for |= bit;
	}
	return 0;
}

static int take_answer(const char *source, const struct vpdn_query *query, const json_t *o, struct vpdn_answer *a, struct reading *r)
{
	static const struct {
		const char *word;
		enum vpdn_verdict verdict;
	} results[] = {
		{ "local", VPDN_VERDICT_LOCAL }, { "reject", VPDN_VERDICT_REJECT }, { "nothing", VPDN_VERDICT_NOTHING },
		{ "forward", VPDN_VERDICT_FORWARD },
	};
	const json_t *tunnels = json_object_get(o, "tunnels");
	size_t i;

	if (!json_is_object(o))
		return wrong(a, "", "", "is no object");
	if (take_all(a, "", o, answer_fields, sizeof(answer_fields) / sizeof(answer_fields[0]), r) ||
	    take_valid_for(a, json_object_get(o, "valid_for"), &r->life))
		return -EINVAL;
	vpdn_text_escape(r->text, strlen(r->text), r->said, sizeof(r->said));
	r->life.has_ttl = json_object_get(o, "ttl");
	for (i = 0; i < sizeof(results) / sizeof(results[0]) && strcmp(r->result, results[i].word); i++)
		;
	if (i == sizeof(results) / sizeof(results[0]))
		return wrong(a, "", "result", "%s; allowed: forward, local, reject, nothing", *r->result ? "wrong value" : "is missing");
	if (results[i].verdict == VPDN_VERDICT_FORWARD)
		return take_tunnels(a, source, query, tunnels, r);
	if (tunnels)
		return wrong(a, "", "tunnels", "only with the result forward");
	a->verdict = results[i].verdict;
	snprintf(a->text, sizeof(a->text), "%s%s%s", r->result, *r->said ? ": " : "", r->said);
	return 0;
}

int vpdn_answer_from_json(const char *source, const struct vpdn_query *query, const char *text, size_t len, struct vpdn_answer *a,
			  struct vpdn_answer_life *life)
{
	struct reading r = { .o = VPDN_ANSWER_OPTS };
	json_error_t error;
	json_t *o;
	int rc;

	*life = r.life;
	a->config = NULL;
	a->group = NULL;
	/* What jansson says is wrong may quote a password. */
	o = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	if (!o)
		return vpdn_answer_fail(a, -EINVAL, "answer: is no JSON: line %d, column %d", error.line, error.column);
	rc = take_answer(source, query, o, a, &r);
	json_decref(o);
	*life = r.life;
	return rc;
}

/* ---- writing a question ---- */

/* All that was said of the line, by the names of its items: "actual_data_rate_upstream", "sub_address". */
static json_t *items(const struct vpdn_ipc_msg *ask)
{
	char name[VPDN_LINE_NAME_MAX], text[3 * VPDN_QUESTION_MAX + 1];
	const struct vpdn_line_item *item;
	struct vpdn_line_value v;
	json_t *o = json_object();

	for (size_t i = 0; ask && (item = vpdn_line_row(i)); i++) {
		if (!vpdn_line_get(ask, item, &v))
			continue;
		strlcpy(name, item->name, sizeof(name));
		for (char *s = name; *s; s++)
			*s = *s == '-' ? '_' : *s;
		set(o, name, v.is_number ? json_integer(v.number > INT64_MAX ? INT64_MAX : (json_int_t)v.number) :
					   json_string(vpdn_line_text(&v, item, text, sizeof(text))));
	}
	return o;
}

/* "100", "100.7" of eth1.100.7: the tags of the subscriber's line, the outer one first. */
static const char *vlan(const char *interface)
{
	const char *dot = strchr(interface, '.');

	return dot && dot[1] && dot[1 + strspn(dot + 1, "0123456789.")] == '\0' ? dot + 1 : "";
}

static json_t *line(const struct vpdn_query *query)
{
	const struct vpdn_question *q = query->q;
	json_t *o = json_object();

	set_text(o, "interface", q->interface);
	set_text(o, "vlan", vlan(q->interface));
	set_text(o, "mac", q->mac);
	set_text(o, "circuit_id", q->circuit_id);
	set_text(o, "remote_id", q->remote_id);
	set(o, "items", items(query->ask));
	return o;
}

static const char *access_name(const struct vpdn_ipc_msg *ask)
{
	uint8_t access = 0;

	if (ask)
		vpdn_ipc_get_u8(ask, VPDN_TLV_ACCESS, &access);
	return access == VPDN_ACCESS_PPPOE ? "pppoe" : access == VPDN_ACCESS_TTY ? "tty" : access == VPDN_ACCESS_L2TP ? "l2tp" : "";
}

static void set_hex(json_t *o, const char *key, const struct vpdn_proxy_bytes *b)
{
	char hex[2 * VPDN_PROXY_AUTH_MAX + 1];
	struct vpdn_text t;

	vpdn_text_init(&t, hex, sizeof(hex));
	vpdn_text_add_hex(&t, b->data, b->len);
	if (b->present)
		set(o, key, json_string(hex));
	explicit_bzero(hex, sizeof(hex));
}

static json_t *credentials(const struct vpdn_ipc_msg *ask)
{
	static struct vpdn_proxy p;
	const char *method;
	json_t *o = NULL;

	if (vpdn_ipc_get_proxy(ask, &p) || !vpdn_proxy_has_auth(&p))
		goto out;
	method = p.auth_type == VPDN_PROXY_AUTH_CHAP ? "chap" : p.auth_type == VPDN_PROXY_AUTH_MSCHAP_V1 ? "mschap" :
		 p.auth_type == VPDN_PROXY_AUTH_MSCHAP_V2 ? "mschapv2" : p.auth_type == VPDN_PROXY_AUTH_PAP ? "pap" : "text";
	o = json_pack("{s:s, s:i}", "method", method, "id", p.id);
	set_hex(o, "challenge_hex", &p.challenge);
	set_hex(o, !strcmp(method, "pap") || !strcmp(method, "text") ? "password_hex" : "response_hex", &p.response);
out:
	vpdn_proxy_wipe(&p);
	return o;
}

char *vpdn_question_to_json(const struct vpdn_query *query, const char *nas, bool with_credentials)
{
	const struct vpdn_question *q = query->q;
	json_t *o = json_object(), *key = json_object();
	char *text;

	set(o, "version", json_integer(1));
	set_text(o, "nas", nas);
	set(o, "explain", json_boolean(!query->ask));
	set(key, "kind", json_string(vpdn_key_kind_name(query->kind)));
	set_text(key, "value", query->key);
	set(o, "key", key);
	set_text(o, "user", q->user);
	set_text(o, "name", q->name);
	set_text(o, "domain", q->domain);
	set_text(o, "dnis", q->dnis);
	set_text(o, "clid", q->clid);
	set_text(o, "service", q->service);
	set(o, "multilink", json_boolean(q->multilink));
	set_text(o, "access", access_name(query->ask));
	set(o, "line", line(query));
	if (with_credentials && query->ask)
		set(o, "credentials", credentials(query->ask));
	text = json_dumps(o, JSON_COMPACT);
	json_decref(o);
	return text;
}
