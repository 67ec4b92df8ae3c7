/* SPDX-License-Identifier: GPL-2.0-or-later */
/* control.c - see control.h. */
#include "control.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aaa.h"
#include "call.h"
#include "config_value.h"
#include "explain.h"
#include "l2tp_peer.h"
#include "log.h"
#include "metrics.h"
#include "registry.h"
#include "show.h"
#include "stats.h"

#define WORDS_MAX	16u	/* explain has the most */
#define WORD_MAX	256u
#define CHUNK		16384u	/* octets of JSON in one message */
#define REASON		"cleared by an administrator"

/* A command's work, by the words behind its name, NULL behind the last: a new reference to its answer; or NULL, *rc is an errno value and `err` says why. */
typedef json_t *command_fn(struct vpdnd *d, const char *const *arg, int *rc, char *err, size_t err_size);

static json_t *show_all(struct vpdnd *d, const char *const *arg, int *rc, char *err, size_t err_size)
{
	(void)arg, (void)rc, (void)err, (void)err_size;
	return vpdn_show_all(d);
}

static json_t *show_tunnels(struct vpdnd *d, const char *const *arg, int *rc, char *err, size_t err_size)
{
	(void)arg, (void)rc, (void)err, (void)err_size;
	return vpdn_show_tunnels(d);
}

static json_t *show_groups(struct vpdnd *d, const char *const *arg, int *rc, char *err, size_t err_size)
{
	(void)arg, (void)rc, (void)err, (void)err_size;
	return vpdn_show_groups(d);
}

static json_t *show_aaa(struct vpdnd *d, const char *const *arg, int *rc, char *err, size_t err_size)
{
	(void)arg, (void)rc, (void)err, (void)err_size;
	return vpdn_aaa_show(d->aaa);
}

static json_t *metrics(struct vpdnd *d, const char *const *arg, int *rc, char *err, size_t err_size)
{
	char *text = vpdn_metrics_text(d);
	json_t *o = text ? json_pack("{s:s}", "metrics", text) : NULL;

	(void)arg, (void)rc, (void)err, (void)err_size;
	free(text);
	return o;
}

static json_t *show_sessions(struct vpdnd *d, const char *const *arg, int *rc, char *err, size_t err_size)
{
	(void)arg, (void)rc, (void)err, (void)err_size;
	return vpdn_show_sessions(d);
}

static json_t *fail(int *rc, int e, char *err, size_t err_size, const char *what, const char *arg)
{
	snprintf(err, err_size, what, arg);
	*rc = e;
	return NULL;
}

static json_t *show_ppp(struct vpdnd *d, const char *const *arg, int *rc, char *err, size_t err_size)
{
	if (strcmp(*arg, "multilink"))
		return fail(rc, EINVAL, err, err_size, "show ppp: \"%s\" is not known, multilink is", *arg);
	return vpdn_show_multilink(d);
}

static bool parse_id(const char *s, unsigned long max, uint32_t *id)
{
	char *end;
	unsigned long v;

	errno = 0;
	v = strtoul(s, &end, 10);
	if (errno || *end || *s < '0' || *s > '9' || !v || v > max)
		return false;
	*id = (uint32_t)v;
	return true;
}

static json_t *show_session(struct vpdnd *d, const char *const *arg, int *rc, char *err, size_t err_size)
{
	bool found = false;
	json_t *o;
	uint32_t id;

	if (!parse_id(*arg, UINT32_MAX, &id))
		return fail(rc, EINVAL, err, err_size, "%s is no session's ID: a number is", *arg);
	o = vpdn_show_session(d, id, &found);
	if (found)
		return o;
	json_decref(o);
	return fail(rc, ENOENT, err, err_size, "there is no session %s", *arg);
}

static json_t *show_tunnel(struct vpdnd *d, const char *const *arg, int *rc, char *err, size_t err_size)
{
	uint32_t id;
	json_t *o;

	if (!parse_id(*arg, UINT16_MAX, &id))
		return fail(rc, EINVAL, err, err_size, "%s is no tunnel's ID: a number up to 65535 is", *arg);
	o = vpdn_show_tunnel(d, (uint16_t)id);
	return o ? o : fail(rc, ENOENT, err, err_size, "there is no tunnel %s", *arg);
}

static json_t *clear_session(struct vpdnd *d, const char *const *arg, int *rc, char *err, size_t err_size)
{
	const struct vpdn_lns_call *call;
	uint32_t id;

	if (!parse_id(*arg, UINT32_MAX, &id))
		return fail(rc, EINVAL, err, err_size, "%s is no session's ID: a number is", *arg);
	if (!vpdn_calls_clear(d->calls, id, REASON))
		return json_pack("{s:I}", "cleared", (json_int_t)id);
	call = vpdn_registry_call(d->registry, id);
	if (!call)
		return fail(rc, ENOENT, err, err_size, "there is no session %s", *arg);
	if (vpdn_l2tp_session_clear(d->l2tp, call->tunnel_id, call->session_id, REASON))
		return fail(rc, ENOTCONN, err, err_size, "session %s: xl2tpd is not connected", *arg);
	return json_pack("{s:I}", "cleared", (json_int_t)id);
}

static json_t *clear_tunnel(struct vpdnd *d, const char *const *arg, int *rc, char *err, size_t err_size)
{
	uint32_t id;

	if (!parse_id(*arg, UINT16_MAX, &id))
		return fail(rc, EINVAL, err, err_size, "%s is no tunnel's ID: a number up to 65535 is", *arg);
	if (!vpdn_registry_tunnel(d->registry, (uint16_t)id))
		return fail(rc, ENOENT, err, err_size, "there is no tunnel %s", *arg);
	if (vpdn_l2tp_tunnel_clear(d->l2tp, (uint16_t)id, REASON))
		return fail(rc, ENOTCONN, err, err_size, "tunnel %s: xl2tpd is not connected", *arg);
	return json_pack("{s:I}", "cleared", (json_int_t)id);
}

static json_t *reload(struct vpdnd *d, const char *const *arg, int *rc, char *err, size_t err_size)
{
	(void)arg;
	*rc = -vpdnd_reload(d, err, err_size);
	return *rc ? NULL : json_pack("{s:s}", "reloaded", d->config_path);
}

/* ---- peers ---- */

static bool parse_peer(const char *s, struct in_addr *addr, int *rc, char *err, size_t err_size)
{
	const char *allowed = vpdn_value_check_ip4(s);

	if (!allowed)
		return vpdn_value_ip4(s, addr);
	snprintf(err, err_size, "\"%s\" is no peer's address; allowed: %s", s, allowed);
	*rc = EINVAL;
	return false;
}

/* How many groups name the peer, and the sessions that they have with it. */
static json_t *drained(const struct vpdnd *d, const char *what, const char *addr, struct in_addr peer)
{
	json_int_t groups = 0, sessions = 0;
	const struct vpdn_usage *u = NULL;
	const struct vpdn_group *g;

	TAILQ_FOREACH(g, &d->config->groups, link)
		for (size_t i = 0; i < g->n_peers; i++)
			groups += g->peers[i].addr.s_addr == peer.s_addr;
	while ((u = vpdn_usage_next(&d->usages, VPDN_USAGE_PEER, u)))
		sessions += u->addr.s_addr == peer.s_addr ? u->sessions : 0;
	vpdn_log_notice("%s: %s", what, addr);
	return json_pack("{s:s, s:I, s:I}", what, addr, "groups", groups, "sessions", sessions);
}

static json_t *drain(struct vpdnd *d, const char *const *arg, int *rc, char *err, size_t err_size)
{
	struct in_addr addr;

	if (!parse_peer(*arg, &addr, rc, err, err_size) || vpdn_usage_drain(&d->usages, addr, true))
		return NULL;
	return drained(d, "draining", *arg, addr);
}

static json_t *undrain(struct vpdnd *d, const char *const *arg, int *rc, char *err, size_t err_size)
{
	struct in_addr addr;

	if (!parse_peer(*arg, &addr, rc, err, err_size))
		return NULL;
	if (vpdn_usage_drain(&d->usages, addr, false))
		return fail(rc, ENOENT, err, err_size, "%s is not draining", *arg);
	return drained(d, "undrained", *arg, addr);
}

static json_t *clear_dead(struct vpdnd *d, const char *const *arg, int *rc, char *err, size_t err_size)
{
	struct in_addr addr;

	if (*arg && !parse_peer(*arg, &addr, rc, err, err_size))
		return NULL;
	return json_pack("{s:i}", "cleared", (int)vpdn_usage_clear_dead(&d->usages, *arg ? &addr : NULL));
}

static json_t *clear_aaa_cache(struct vpdnd *d, const char *const *arg, int *rc, char *err, size_t err_size)
{
	(void)arg, (void)rc, (void)err, (void)err_size;
	return json_pack("{s:I}", "cleared", (json_int_t)vpdn_aaa_forget(d->aaa));
}

static const struct command {
	const char *verb, *object;
	size_t min_args, max_args;
	command_fn *run;		/* NULL: explain, which may take time and replies itself */
	const char *counted;		/* the array of the answer whose only row gets counters */
} commands[] = {
	{ "show", NULL, 0, 0, show_all, NULL },
	{ "show", "tunnel", 0, 0, show_tunnels, NULL },
	{ "show", "tunnel", 1, 1, show_tunnel, "tunnels" },
	{ "show", "session", 0, 0, show_sessions, NULL },
	{ "show", "session", 1, 1, show_session, "sessions" },
	{ "show", "group", 0, 0, show_groups, NULL },
	{ "show", "aaa", 0, 0, show_aaa, NULL },
	{ "show", "ppp", 1, 1, show_ppp, NULL },
	{ "clear", "session", 1, 1, clear_session, NULL },
	{ "clear", "tunnel", 1, 1, clear_tunnel, NULL },
	{ "clear", "dead", 0, 1, clear_dead, NULL },
	{ "clear", "aaa-cache", 0, 0, clear_aaa_cache, NULL },
	{ "drain", NULL, 1, 1, drain, NULL },
	{ "undrain", NULL, 1, 1, undrain, NULL },
	{ "explain", NULL, 1, WORDS_MAX, NULL, NULL },
	{ "metrics", NULL, 0, 0, metrics, NULL },
	{ "reload", NULL, 0, 0, reload, NULL },
};

static const struct command *lookup(const char *const *words, size_t n)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		const struct command *cmd = &commands[i];
		size_t fixed = 1u + !!cmd->object;

		if (n >= fixed + cmd->min_args && n <= fixed + cmd->max_args && !strcmp(words[0], cmd->verb) &&
		    (!cmd->object || !strcmp(words[1], cmd->object)))
			return cmd;
	}
	return NULL;
}

/* The text of one JSON value, cut into messages; it is plain ASCII, so it can be cut anywhere. */
void vpdn_control_reply(struct vpdn_conn *c, uint32_t seq, json_t *o)
{
	char *text = json_dumps(o, JSON_COMPACT | JSON_ENSURE_ASCII);
	size_t left = text ? strlen(text) : 0;
	struct vpdn_ipc_builder b;

	if (!text) {
		vpdn_conn_send_error(c, seq, ENOMEM, "out of memory");
		return;
	}
	for (const char *p = text; left;) {
		size_t n = left > CHUNK ? CHUNK : left;

		left -= n;
		vpdn_ipc_begin(&b, VPDN_MSG_CTL_REPLY, VPDN_IPC_F_REPLY | (left ? VPDN_IPC_F_MORE : 0), seq);
		vpdn_ipc_put_bytes(&b, VPDN_TLV_JSON, p, n);
		if (vpdn_conn_send(c, &b))
			break;
		p += n;
	}
	free(text);
}

/* Of a tunnel, or of a session that has one. */
static bool asks_counters(struct vpdn_conn *c, uint32_t seq, const struct command *cmd, json_t *o)
{
	json_t *row = cmd->counted ? json_array_get(json_object_get(o, cmd->counted), 0) : NULL;
	const json_t *session = json_object_get(row, "session_id"), *tunnel = json_object_get(row, session ? "tunnel_id" : "id");

	return json_is_integer(tunnel) && (!session || json_is_integer(session)) &&
	       vpdn_stats_ask(vpdn_conn_daemon(c)->stats, c, seq, (uint16_t)json_integer_value(tunnel),
			      (uint16_t)json_integer_value(session), o, row);
}

int vpdn_control_on_request(struct vpdn_conn *c, struct vpdn_ipc_msg *m)
{
	char room[WORDS_MAX][WORD_MAX], err[1024] = "out of memory";
	const char *words[WORDS_MAX + 1] = { NULL };
	const struct command *cmd;
	struct vpdn_ipc_iter it;
	const uint8_t *p;
	int rc = ENOMEM;
	size_t n = 0, len;
	json_t *o;

	vpdn_ipc_iter_init(&it, m);
	while (vpdn_ipc_next_of(&it, VPDN_TLV_WORD, &p, &len)) {
		if (n == WORDS_MAX || len >= WORD_MAX || memchr(p, '\0', len)) {
			n = 0;
			break;
		}
		memcpy(room[n], p, len);
		room[n][len] = '\0';
		words[n] = room[n];
		n++;
	}
	cmd = n ? lookup(words, n) : NULL;
	if (!cmd) {
		vpdn_conn_send_error(c, m->seq, EINVAL, "no such command");
		return 0;
	}
	if (!cmd->run) {
		rc = vpdn_explain(c, m->seq, words + 1, err, sizeof(err));
		if (rc)
			vpdn_conn_send_error(c, m->seq, rc, err);
		return 0;
	}
	o = cmd->run(vpdn_conn_daemon(c), words + 1 + !!cmd->object, &rc, err, sizeof(err));
	if (o && !asks_counters(c, m->seq, cmd, o))
		vpdn_control_reply(c, m->seq, o);
	if (!o)
		vpdn_conn_send_error(c, m->seq, rc, err);
	json_decref(o);
	return 0;
}
