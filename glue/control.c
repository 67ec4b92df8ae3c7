/* SPDX-License-Identifier: GPL-2.0-or-later */
/* control.c - see control.h. */
#include "control.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "l2tp_peer.h"
#include "registry.h"
#include "show.h"
#include "stats.h"

#define WORDS_MAX	8u
#define WORD_MAX	64u
#define CHUNK		16384u	/* octets of JSON in one message */
#define REASON		"cleared by an administrator"

/* A command's work: a new reference to its answer; or NULL, *rc is an errno value and `err` says why. */
typedef json_t *command_fn(struct vpdnd *d, const char *arg, int *rc, char *err, size_t err_size);

static json_t *show_all(struct vpdnd *d, const char *arg, int *rc, char *err, size_t err_size)
{
	(void)arg, (void)rc, (void)err, (void)err_size;
	return vpdn_show_all(d);
}

static json_t *show_tunnels(struct vpdnd *d, const char *arg, int *rc, char *err, size_t err_size)
{
	(void)arg, (void)rc, (void)err, (void)err_size;
	return vpdn_show_tunnels(d);
}

static json_t *show_groups(struct vpdnd *d, const char *arg, int *rc, char *err, size_t err_size)
{
	(void)arg, (void)rc, (void)err, (void)err_size;
	return vpdn_show_groups(d);
}

static json_t *show_sessions(struct vpdnd *d, const char *arg, int *rc, char *err, size_t err_size)
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

static json_t *show_ppp(struct vpdnd *d, const char *arg, int *rc, char *err, size_t err_size)
{
	if (strcmp(arg, "multilink"))
		return fail(rc, EINVAL, err, err_size, "show ppp: \"%s\" is not known, multilink is", arg);
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

static json_t *show_session(struct vpdnd *d, const char *arg, int *rc, char *err, size_t err_size)
{
	bool found = false;
	json_t *o;
	uint32_t id;

	if (!parse_id(arg, UINT32_MAX, &id))
		return fail(rc, EINVAL, err, err_size, "%s is no session's ID: a number is", arg);
	o = vpdn_show_session(d, id, &found);
	if (found)
		return o;
	json_decref(o);
	return fail(rc, ENOENT, err, err_size, "there is no session %s", arg);
}

static json_t *show_tunnel(struct vpdnd *d, const char *arg, int *rc, char *err, size_t err_size)
{
	uint32_t id;
	json_t *o;

	if (!parse_id(arg, UINT16_MAX, &id))
		return fail(rc, EINVAL, err, err_size, "%s is no tunnel's ID: a number up to 65535 is", arg);
	o = vpdn_show_tunnel(d, (uint16_t)id);
	return o ? o : fail(rc, ENOENT, err, err_size, "there is no tunnel %s", arg);
}

static json_t *clear_session(struct vpdnd *d, const char *arg, int *rc, char *err, size_t err_size)
{
	const struct vpdn_lns_call *call;
	uint32_t id;

	if (!parse_id(arg, UINT32_MAX, &id))
		return fail(rc, EINVAL, err, err_size, "%s is no session's ID: a number is", arg);
	if (!vpdn_calls_clear(d->calls, id, REASON))
		return json_pack("{s:I}", "cleared", (json_int_t)id);
	call = vpdn_registry_call(d->registry, id);
	if (!call)
		return fail(rc, ENOENT, err, err_size, "there is no session %s", arg);
	if (vpdn_l2tp_session_clear(d->l2tp, call->tunnel_id, call->session_id, REASON))
		return fail(rc, ENOTCONN, err, err_size, "session %s: xl2tpd is not connected", arg);
	return json_pack("{s:I}", "cleared", (json_int_t)id);
}

static json_t *clear_tunnel(struct vpdnd *d, const char *arg, int *rc, char *err, size_t err_size)
{
	uint32_t id;

	if (!parse_id(arg, UINT16_MAX, &id))
		return fail(rc, EINVAL, err, err_size, "%s is no tunnel's ID: a number up to 65535 is", arg);
	if (!vpdn_registry_tunnel(d->registry, (uint16_t)id))
		return fail(rc, ENOENT, err, err_size, "there is no tunnel %s", arg);
	if (vpdn_l2tp_tunnel_clear(d->l2tp, (uint16_t)id, REASON))
		return fail(rc, ENOTCONN, err, err_size, "tunnel %s: xl2tpd is not connected", arg);
	return json_pack("{s:I}", "cleared", (json_int_t)id);
}

static json_t *reload(struct vpdnd *d, const char *arg, int *rc, char *err, size_t err_size)
{
	(void)arg;
	*rc = -vpdnd_reload(d, err, err_size);
	return *rc ? NULL : json_pack("{s:s}", "reloaded", d->config_path);
}

static const struct command {
	const char *verb, *object;
	bool takes_arg;
	command_fn *run;
	const char *counted;		/* the array of the answer whose only row gets counters */
} commands[] = {
	{ "show", NULL, false, show_all, NULL },
	{ "show", "tunnel", false, show_tunnels, NULL },
	{ "show", "tunnel", true, show_tunnel, "tunnels" },
	{ "show", "session", false, show_sessions, NULL },
	{ "show", "session", true, show_session, "sessions" },
	{ "show", "group", false, show_groups, NULL },
	{ "show", "ppp", true, show_ppp, NULL },
	{ "clear", "session", true, clear_session, NULL },
	{ "clear", "tunnel", true, clear_tunnel, NULL },
	{ "reload", NULL, false, reload, NULL },
};

static const struct command *lookup(char (*words)[WORD_MAX], size_t n)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		const struct command *cmd = &commands[i];

		if (n == 1u + !!cmd->object + cmd->takes_arg && !strcmp(words[0], cmd->verb) &&
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
	char words[WORDS_MAX][WORD_MAX], err[1024] = "out of memory";
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
		memcpy(words[n], p, len);
		words[n++][len] = '\0';
	}
	cmd = n ? lookup(words, n) : NULL;
	if (!cmd) {
		vpdn_conn_send_error(c, m->seq, EINVAL, "no such command");
		return 0;
	}
	o = cmd->run(vpdn_conn_daemon(c), cmd->takes_arg ? words[n - 1] : NULL, &rc, err, sizeof(err));
	if (o && !asks_counters(c, m->seq, cmd, o))
		vpdn_control_reply(c, m->seq, o);
	if (!o)
		vpdn_conn_send_error(c, m->seq, rc, err);
	json_decref(o);
	return 0;
}
