/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config_parse.c - reads vpdn.conf, by libConfuse.
 *
 * Every setting is a string for libConfuse; config_value.c says where it stands and what it may be. One callback checks a
 * value the moment it is read, so that an error names its line; another one has each block built and checked as a whole at
 * its end (config_build.h). libConfuse hands no pointer of ours to callbacks: `parse` is the file that is being read, set
 * only during vpdn_config_parse().
 */
#include "config_parse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config_build.h"
#include "config_text.h"
#include "config_value.h"
#include "text.h"

/* A flag of libConfuse's options that is none of its own: the setting has been given. It would just take the last. */
#define GIVEN	(1 << 30)

static struct {
	struct vpdn_config *c;
	struct vpdn_group_keys pending;	/* of the group that is being read */
} parse;

/* A value of a list in which each word may stand once. */
static bool is_repeated(cfg_opt_t *opt, const char *value)
{
	/* The last entry is the one that is being set. */
	for (unsigned int i = 0; i + 1 < cfg_opt_size(opt); i++)
		if (!strcmp(cfg_opt_getnstr(opt, i), value))
			return true;
	return false;
}

static int fail_repeated(cfg_t *cfg, const struct vpdn_setting *row, const char *value)
{
	struct vpdn_text t;
	char words[128];

	vpdn_text_init(&t, words, sizeof(words));
	vpdn_text_add_words(&t, row->words);
	return vpdn_parse_fail(cfg, "%s: %s is in it twice; allowed: each of %s once", row->key, value, words);
}

/* What a group is chosen by. */
static int on_key(cfg_t *cfg, enum vpdn_key_kind kind, const char *value)
{
	struct vpdn_key *key;
	int rc = vpdn_config_add_key(parse.c, kind, value, (unsigned int)cfg->line, &key);

	if (rc == -EEXIST)
		return vpdn_parse_fail(cfg, "%s: \"%s\" stands on line %u already%s%s; allowed: once, in one group", vpdn_key_kind_name(kind),
				       value, key->line, key->group ? ", in vpdn-group " : "", key->group ? key->group->name : "");
	if (rc)
		return vpdn_parse_fail_memory();
	TAILQ_INSERT_TAIL(&parse.pending, key, link);
	return 0;
}

/* Called by libConfuse for each value of each setting. */
static int on_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	const struct vpdn_setting *row = vpdn_setting_find(cfg->name, opt->name);
	const char *allowed = row->check(row, value);
	int kind = vpdn_setting_key_kind(row);

	/* The first value of a list, or the only one. */
	if (cfg_opt_size(opt) == 1 && opt->flags & GIVEN)
		return vpdn_parse_fail(cfg, "%s: given twice; allowed: once", opt->name);
	opt->flags |= GIVEN;
	if (allowed && vpdn_setting_is_secret(row))
		return vpdn_parse_fail(cfg, "%s: wrong value; allowed: %s", opt->name, allowed);
	if (allowed)
		return vpdn_parse_fail(cfg, "%s: wrong value \"%s\"; allowed: %s", opt->name, value, allowed);
	if (row->words && is_repeated(opt, value))
		return fail_repeated(cfg, row, value);
	if (kind >= 0 && on_key(cfg, (enum vpdn_key_kind)kind, value))
		return -1;
	*(const char **)result = value;
	return 0;
}

static int build_dnis_from(struct vpdn_config *c, cfg_t *sec)
{
	const struct {
		const char *key;
		struct vpdn_ere *ere;
	} from[] = { { "service-name", &c->dnis_from_service }, { "circuit-id", &c->dnis_from_circuit } };
	char what[64];

	for (size_t i = 0; i < sizeof(from) / sizeof(from[0]); i++) {
		snprintf(what, sizeof(what), "dnis-from: %s", from[i].key);
		if (cfg_getstr(sec, from[i].key) && vpdn_parse_ere(sec, what, cfg_getstr(sec, from[i].key), from[i].ere))
			return -1;
	}
	return 0;
}

static int build_group(struct vpdn_config *c, cfg_t *sec)
{
	struct vpdn_group *g;
	struct vpdn_key *k;

	if (vpdn_group_build(c, sec))
		return -1;
	g = TAILQ_LAST(&c->groups, vpdn_groups);
	TAILQ_FOREACH(k, &parse.pending, link)
		k->group = g;
	TAILQ_CONCAT(&g->keys, &parse.pending, link);
	return 0;
}

/* What is made of a block at its end. A block that is not here is part of another one. */
static const struct {
	const char *name;
	int (*build)(struct vpdn_config *c, cfg_t *sec);
} builders[] = {
	{ "dnis-from", build_dnis_from },
	{ "http", vpdn_http_build },
	{ "radius", vpdn_radius_build },
	{ "vpdn-group", build_group },
	{ "dialer", vpdn_dialer_build },
};

/* Called by libConfuse at the end of each block. */
static int on_block(cfg_t *cfg, cfg_opt_t *opt)
{
	const struct vpdn_setting *row = vpdn_setting_find(cfg->name, opt->name);
	cfg_t *sec = cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1);
	const char *allowed = row->check ? row->check(row, cfg_title(sec)) : NULL;

	if (row->form == VPDN_BLOCK && cfg_opt_size(opt) > 1)
		return vpdn_parse_fail(cfg, "%s: given twice; allowed: once%s%s", opt->name, strcmp(cfg->name, VPDN_CONFIG_ROOT) ? " in a " : "",
				       strcmp(cfg->name, VPDN_CONFIG_ROOT) ? cfg->name : "");
	if (allowed)
		return vpdn_parse_fail(cfg, "%s: wrong %s \"%s\"; allowed: %s", opt->name, vpdn_setting_is_address(row) ? "address" : "name",
				       cfg_title(sec), allowed);
	for (size_t i = 0; i < sizeof(builders) / sizeof(builders[0]); i++)
		if (!strcmp(builders[i].name, opt->name))
			return builders[i].build(parse.c, sec);
	return 0;
}

static void options_free(cfg_opt_t *opts)
{
	for (cfg_opt_t *o = opts; o && o->name; o++)
		options_free(o->subopts);
	free(opts);
}

/* libConfuse's table of a block and of those in it; NULL without memory. */
static cfg_opt_t *options(const char *section)
{
	const struct vpdn_setting *row;
	cfg_opt_t *opts, *o;
	size_t n = 1;

	for (size_t i = 0; (row = vpdn_setting_at(i)); i++)
		n += !strcmp(row->section, section);
	o = opts = calloc(n, sizeof(*opts));
	for (size_t i = 0; opts && (row = vpdn_setting_at(i)); i++) {
		if (strcmp(row->section, section))
			continue;
		o->name = row->key;
		o->type = row->form == VPDN_VALUE || row->form == VPDN_LIST ? CFGT_STR : CFGT_SEC;
		if (o->type == CFGT_STR) {
			o->flags = CFGF_NODEFAULT | (row->form == VPDN_LIST ? CFGF_LIST : 0);
			o->parsecb = on_value;
		} else {
			/* What may stand there once is declared as many, so that a second one is an error and not a replacement. */
			o->flags = CFGF_MULTI | (row->form == VPDN_TITLED_BLOCK ? CFGF_TITLE | CFGF_NO_TITLE_DUPES : 0);
			o->validcb = on_block;
			o->subopts = options(row->key);
			if (!o->subopts) {
				options_free(opts);
				return NULL;
			}
		}
		o++;
	}
	return opts;
}

static void set_domain(struct vpdn_config *c, cfg_t *cfg)
{
	const char *position = cfg_getstr(cfg, "domain-position");

	if (cfg_getstr(cfg, "domain-delimiters")) {
		free(c->delimiters);
		c->delimiters = NULL;
		vpdn_parse_string(cfg, "domain-delimiters", &c->delimiters);
	}
	c->domain_first = position && !strcmp(position, "prefix");
}

static void set_search_order(struct vpdn_config *c, cfg_t *cfg)
{
	unsigned int n = cfg_size(cfg, "search-order");

	for (unsigned int i = 0; i < n; i++)
		c->search_order[i] = (enum vpdn_key_kind)vpdn_text_word(vpdn_key_kinds, cfg_getnstr(cfg, "search-order", i));
	if (n)
		c->n_search_order = n;
}

/* Who is asked must be described: a source without its block could answer nothing. */
static void set_sources(struct vpdn_config *c, cfg_t *cfg)
{
	const char *failure = cfg_getstr(cfg, "aaa-failure");
	const bool described[VPDN_SOURCE_KINDS] = { true, c->http, c->radius };
	unsigned int n = cfg_size(cfg, "sources");

	c->aaa_fail_closed = failure && !strcmp(failure, "closed");
	for (unsigned int i = 0; i < n; i++) {
		const char *name = cfg_getnstr(cfg, "sources", i);

		c->sources[i] = (enum vpdn_source_kind)vpdn_text_word(vpdn_source_kinds, name);
		if (!described[c->sources[i]])
			vpdn_parse_fail(cfg, "sources: %s is in it, but the file has no block %s; needed: %s { ... }", name, name, name);
	}
	if (n)
		c->n_sources = n;
}

/* The settings outside of all blocks. */
static void set_root(struct vpdn_config *c, cfg_t *cfg)
{
	c->dead_s = vpdn_parse_u32(cfg, "dead-time", c->dead_s);
	set_domain(c, cfg);
	set_search_order(c, cfg);
	set_sources(c, cfg);
	vpdn_dials_resolve(c, cfg);
}

int vpdn_config_parse(struct vpdn_config *c, FILE *f, char *err, size_t err_size)
{
	cfg_opt_t *root;
	struct vpdn_key *k;
	cfg_t *cfg;
	char *text;
	int rc;

	text = vpdn_config_text(f, &rc);
	if (!text) {
		snprintf(err, err_size, "%s: %s", c->path, strerror(-rc));
		return rc;
	}
	root = options(VPDN_CONFIG_ROOT);
	cfg = root ? cfg_init(root, CFGF_NONE) : NULL;
	if (!cfg) {
		options_free(root);
		vpdn_text_wipe(text);
		return -ENOMEM;
	}
	parse.c = c;
	vpdn_parse_begin(c->path, err, err_size);
	TAILQ_INIT(&parse.pending);
	cfg_set_error_function(cfg, vpdn_parse_complain);
	rc = cfg_parse_buf(cfg, text);
	vpdn_text_wipe(text);
	if (rc != CFG_SUCCESS)
		vpdn_parse_fail(cfg, "cannot be read as a configuration");
	else if (!cfg_getstr(cfg, VPDN_CONFIG_AT_END))
		vpdn_parse_fail(cfg, "the file ends inside of a comment; needed: */");
	else
		set_root(c, cfg);
	/* Keys of a group that failed are in the tree, which frees them. */
	while ((k = TAILQ_FIRST(&parse.pending)))
		TAILQ_REMOVE(&parse.pending, k, link);
	cfg_free(cfg);
	options_free(root);
	parse.c = NULL;
	return vpdn_parse_result();
}
