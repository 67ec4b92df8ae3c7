/* SPDX-License-Identifier: GPL-2.0-or-later */
/* config_dialer.c - makes a struct vpdn_dialer of a dialer section; see config_build.h. */
#include "config_build.h"

#include <stdlib.h>
#include <string.h>

#include "config_value.h"
#include "ipc_proto.h"

/* Of all words of a dialer: they go to vpdn-dialer in one message, with the call's own data. */
#define LISTS_MAX	16384u	/* octets */
#define WORD_HEADER	4u	/* octets of a TLV besides its value */

/* What most modems need, when vpdn.conf does not say it. */
static const char *const usual_script[] = { "", "ATZ", "OK", "ATDT%n", "CONNECT", "" };

static int build_chat(cfg_t *sec, struct vpdn_dialer *d)
{
	d->kind = VPDN_DIALER_CHAT;
	d->speed = vpdn_parse_u32(sec, "speed", 0);
	if (vpdn_parse_strings(sec, "tty", &d->ttys) || vpdn_parse_strings(sec, "script", &d->script) ||
	    vpdn_parse_strings(sec, "hangup", &d->hangup))
		return -1;
	if (!d->ttys.n)
		return vpdn_parse_fail(sec, "dialer %s: chat needs tty = { \"/dev/...\" }", d->name);
	if (d->script.n)
		return 0;
	free(d->script.v);
	d->script.v = calloc(sizeof(usual_script) / sizeof(usual_script[0]), sizeof(char *));
	for (size_t i = 0; d->script.v && i < sizeof(usual_script) / sizeof(usual_script[0]); i++, d->script.n++)
		if (!(d->script.v[i] = strdup(usual_script[i])))
			return vpdn_parse_fail_memory();
	return d->script.v ? 0 : vpdn_parse_fail_memory();
}

static int build_pppoe(cfg_t *sec, struct vpdn_dialer *d)
{
	d->kind = VPDN_DIALER_PPPOE;
	d->mtu = (uint16_t)vpdn_parse_u32(sec, "mtu", 0);
	if (vpdn_parse_string(sec, "interface", &d->interface) || vpdn_parse_string(sec, "service", &d->service))
		return -1;
	return d->interface ? 0 : vpdn_parse_fail(sec, "dialer %s: pppoe needs interface", d->name);
}

static int build_exec(cfg_t *sec, struct vpdn_dialer *d)
{
	d->kind = VPDN_DIALER_EXEC;
	d->wait_report = vpdn_parse_bool(sec, "wait", false);
	if (vpdn_parse_strings(sec, "command", &d->command) || vpdn_parse_string(sec, "user", &d->run_as))
		return -1;
	if (!d->command.n)
		return vpdn_parse_fail(sec, "dialer %s: exec needs command = { \"/path/of/program\", \"argument\" }", d->name);
	if (*d->command.v[0] != '/')
		return vpdn_parse_fail(sec, "dialer %s: wrong program \"%s\"; allowed: an absolute path", d->name, d->command.v[0]);
	return 0;
}

static const struct {
	const char *name;
	int (*build)(cfg_t *sec, struct vpdn_dialer *d);
} kinds[] = { { "chat", build_chat }, { "pppoe", build_pppoe }, { "exec", build_exec } };

static int check_lists(cfg_t *sec, const struct vpdn_dialer *d)
{
	const struct vpdn_strings *lists[] = { &d->ttys, &d->script, &d->hangup, &d->command };
	size_t octets = 0;

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		for (size_t k = 0; k < lists[i]->n; k++)
			octets += strlen(lists[i]->v[k]) + WORD_HEADER;
	return octets <= LISTS_MAX ? 0 :
	       vpdn_parse_fail(sec, "dialer %s: its lists have %zu octets, with %u for each word; allowed: %u", d->name, octets, WORD_HEADER,
			       LISTS_MAX);
}

int vpdn_dialer_build(struct vpdn_config *c, cfg_t *sec)
{
	struct vpdn_dialer *d = calloc(1, sizeof(*d));
	unsigned int n = 0, kind = 0;

	if (!d)
		return vpdn_parse_fail_memory();
	TAILQ_INSERT_TAIL(&c->dialers, d, link);
	d->name = strdup(cfg_title(sec));
	if (!d->name)
		return vpdn_parse_fail_memory();
	d->limit = vpdn_parse_u32(sec, "limit", 0);
	d->timeout_s = vpdn_parse_u32(sec, "timeout", 45);
	for (unsigned int i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!cfg_size(sec, kinds[i].name))
			continue;
		kind = i;
		n++;
	}
	if (n != 1)
		return vpdn_parse_fail(sec, "dialer %s: has %s; needed: one of chat, pppoe, exec", d->name,
				       n ? "more than one way to dial" : "no way to dial");
	return kinds[kind].build(cfg_getnsec(sec, kinds[kind].name, 0), d) ? -1 : check_lists(sec, d);
}

int vpdn_dials_resolve(struct vpdn_config *c, cfg_t *root)
{
	struct vpdn_group *g;

	TAILQ_FOREACH(g, &c->groups, link) {
		for (size_t i = 0; i < g->n_dials; i++) {
			struct vpdn_dial *dial = &g->dials[i];

			dial->dialer = vpdn_config_dialer(c, dial->dialer_name);
			if (dial->dialer)
				continue;
			root->line = (int)dial->line;
			return vpdn_parse_fail(root, "vpdn-group %s: there is no dialer \"%s\"; needed: dialer %s { ... } in this file", g->name,
					       dial->dialer_name, dial->dialer_name);
		}
	}
	return 0;
}
