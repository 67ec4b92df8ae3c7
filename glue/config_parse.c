/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config_parse.c - the grammar of vpdn.conf, by libConfuse.
 *
 * Every setting is a string for libConfuse and has a row in config_value.c that says
 * what it may be; one callback checks a value the moment it is read, so that an error
 * names its line. At the end of each vpdn-group and dialer it is built and checked as a
 * whole (config_group.c, config_dialer.c). libConfuse hands no pointer of ours to
 * callbacks: `parse` is the file that is being read, set only during vpdn_config_parse().
 */
#include "config_parse.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "config_build.h"
#include "config_radius.h"
#include "config_value.h"

#define FILE_MAX	(4u * 1024 * 1024)

static struct {
	struct vpdn_config *c;
	struct vpdn_group_keys pending;	/* of the group that is being read */
	const cfg_opt_t **seen;		/* settings of a section that have a value: libConfuse would just take the last */
	size_t n_seen;
	size_t n_order, n_sources;	/* entries of search-order and sources read so far */
	char *err;
	size_t err_size;
	int rc;
} parse;

/* Keeps the first complaint only: later ones follow from it. */
static void complain(cfg_t *cfg, const char *fmt, va_list ap)
{
	size_t n;

	if (parse.rc || !fmt)
		return;
	parse.rc = -EINVAL;
	snprintf(parse.err, parse.err_size, "%s:%d: ", parse.c->path, cfg->line);
	n = strlen(parse.err);
	vsnprintf(parse.err + n, parse.err_size - n, fmt, ap);
	/* A value may have line ends in it; the complaint has one line. */
	for (char *c = parse.err + n; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	if (strstr(parse.err + n, "'" VPDN_CONFIG_AT_END "'")) {
		snprintf(parse.err + n, parse.err_size - n, "the file ends inside of %s; needed: }", cfg->name);
		return;
	}
	if (!strncmp(fmt, "no such option", 14)) {
		for (const cfg_opt_t *o = cfg->opts; o->name && strcmp(o->name, VPDN_CONFIG_AT_END); o++) {
			n = strlen(parse.err);
			snprintf(parse.err + n, parse.err_size - n, "%s%s", o == cfg->opts ? "; allowed here: " : ", ", o->name);
		}
	}
}

int vpdn_parse_fail(cfg_t *cfg, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	complain(cfg, fmt, ap);
	va_end(ap);
	return -1;
}

int vpdn_parse_fail_memory(void)
{
	if (!parse.rc)
		parse.rc = -ENOMEM;
	return -1;
}

uint32_t vpdn_parse_u32(cfg_t *sec, const char *key, uint32_t otherwise)
{
	const char *s = cfg_getstr(sec, key);
	uint32_t v;

	return s && vpdn_value_u32(s, 0, UINT32_MAX, &v) ? v : otherwise;
}

bool vpdn_parse_ip4(cfg_t *sec, const char *key, struct in_addr *a)
{
	const char *s = cfg_getstr(sec, key);

	return s && vpdn_value_ip4(s, a);
}

int vpdn_parse_string(cfg_t *sec, const char *key, char **out)
{
	const char *s = cfg_getstr(sec, key);

	if (s && !(*out = strdup(s)))
		return vpdn_parse_fail_memory();
	return 0;
}

int vpdn_parse_strings(cfg_t *sec, const char *key, struct vpdn_strings *out)
{
	size_t n = cfg_size(sec, key);

	out->v = calloc(n ? n : 1, sizeof(char *));
	if (!out->v)
		return vpdn_parse_fail_memory();
	for (size_t i = 0; i < n; i++, out->n++) {
		out->v[i] = strdup(cfg_getnstr(sec, key, (unsigned int)i));
		if (!out->v[i])
			return vpdn_parse_fail_memory();
	}
	return 0;
}

int vpdn_parse_ere(cfg_t *sec, const char *what, const char *pattern, struct vpdn_ere *ere)
{
	char text[128];
	int rc = regcomp(&ere->re, pattern, REG_EXTENDED);

	ere->compiled = !rc;
	if (!rc)
		return 0;
	regerror(rc, &ere->re, text, sizeof(text));
	return vpdn_parse_fail(sec, "%s: wrong pattern \"%s\": %s; allowed: a POSIX extended regular expression", what, pattern, text);
}

static int on_single_value(cfg_t *cfg, const cfg_opt_t *opt)
{
	const cfg_opt_t **seen;

	for (size_t i = 0; i < parse.n_seen; i++)
		if (parse.seen[i] == opt)
			return vpdn_parse_fail(cfg, "%s: given twice; allowed: once", opt->name);
	seen = reallocarray(parse.seen, parse.n_seen + 1, sizeof(*seen));
	if (!seen)
		return vpdn_parse_fail_memory();
	parse.seen = seen;
	parse.seen[parse.n_seen++] = opt;
	return 0;
}

static int on_search_order(cfg_t *cfg, const char *value)
{
	enum vpdn_key_kind kind = (enum vpdn_key_kind)vpdn_value_key_kind(value);

	for (size_t i = 0; i < parse.n_order; i++)
		if (parse.c->search_order[i] == kind)
			return vpdn_parse_fail(cfg, "search-order: %s is in it twice; allowed: each of line, dnis, domain once", value);
	parse.c->search_order[parse.n_order++] = kind;
	return 0;
}

static int on_sources(cfg_t *cfg, const char *value)
{
	enum vpdn_source_kind kind = (enum vpdn_source_kind)vpdn_value_source_kind(value);

	for (size_t i = 0; i < parse.n_sources; i++)
		if (parse.c->sources[i] == kind)
			return vpdn_parse_fail(cfg, "sources: %s is in it twice; allowed: each of local, http, radius once", value);
	parse.c->sources[parse.n_sources++] = kind;
	return 0;
}

/* Called by libConfuse for each value of each setting. */
static int on_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	const struct vpdn_setting *row = vpdn_setting_find(cfg->name, opt->name);
	struct vpdn_key *key;
	const char *allowed;
	int rc;

	if (!row)
		return vpdn_parse_fail(cfg, "%s: not expected here", opt->name);
	if (!(opt->flags & CFGF_LIST) && on_single_value(cfg, opt))
		return -1;
	allowed = row->check(row, value);
	if (allowed && vpdn_setting_is_secret(row))
		return vpdn_parse_fail(cfg, "%s: wrong value; allowed: %s", opt->name, allowed);
	if (allowed)
		return vpdn_parse_fail(cfg, "%s: wrong value \"%s\"; allowed: %s", opt->name, value, allowed);
	if (vpdn_setting_is_search_order(row) && on_search_order(cfg, value))
		return -1;
	if (vpdn_setting_is_sources(row) && on_sources(cfg, value))
		return -1;
	if (row->key_kind >= 0) {
		rc = vpdn_config_add_key(parse.c, (enum vpdn_key_kind)row->key_kind, value, (unsigned int)cfg->line, &key);
		if (rc == -EEXIST)
			return vpdn_parse_fail(cfg, "%s: \"%s\" stands on line %u already%s%s; allowed: once, in one group", opt->name, value,
					       key->line, key->group ? ", in vpdn-group " : "", key->group ? key->group->name : "");
		if (rc)
			return vpdn_parse_fail_memory();
		TAILQ_INSERT_TAIL(&parse.pending, key, link);
	}
	*(const char **)result = value;
	return 0;
}

/* The section of kind `opt` that has just ended, if its title is one; else NULL. */
static cfg_t *ended(cfg_t *cfg, cfg_opt_t *opt)
{
	cfg_t *sec = cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1);
	const char *allowed = vpdn_value_check_title(cfg_title(sec));

	parse.n_seen = 0;
	sec->line = cfg->line;
	if (allowed) {
		vpdn_parse_fail(cfg, "%s: wrong name \"%s\"; allowed: %s", opt->name, cfg_title(sec), allowed);
		return NULL;
	}
	return sec;
}

/* Called by libConfuse at the end of each vpdn-group. */
static int on_group(cfg_t *cfg, cfg_opt_t *opt)
{
	cfg_t *sec = ended(cfg, opt);
	struct vpdn_group *g;
	struct vpdn_key *k;

	if (!sec || vpdn_group_build(parse.c, sec, &g))
		return -1;
	TAILQ_FOREACH(k, &parse.pending, link)
		k->group = g;
	TAILQ_CONCAT(&g->keys, &parse.pending, link);
	return 0;
}

static int on_dialer(cfg_t *cfg, cfg_opt_t *opt)
{
	cfg_t *sec = ended(cfg, opt);

	return sec ? vpdn_dialer_build(parse.c, sec) : -1;
}

/* Sections that may come once are declared as many, so that a second one is an error and not a replacement. */
static int on_single(cfg_t *cfg, cfg_opt_t *opt)
{
	return cfg_opt_size(opt) > 1 ? vpdn_parse_fail(cfg, "%s: given twice; allowed: once in a %s", opt->name, cfg->name) : 0;
}

/* Called by libConfuse at the end of dnis-from. */
static int on_dnis_from(cfg_t *cfg, cfg_opt_t *opt)
{
	const struct {
		const char *key;
		struct vpdn_ere *ere;
	} from[] = { { "service-name", &parse.c->dnis_from_service }, { "circuit-id", &parse.c->dnis_from_circuit } };
	cfg_t *sec = cfg_opt_getnsec(opt, 0);
	char what[64];

	if (cfg_opt_size(opt) > 1)
		return vpdn_parse_fail(cfg, "dnis-from: given twice; allowed: once");
	for (size_t i = 0; i < sizeof(from) / sizeof(from[0]); i++) {
		snprintf(what, sizeof(what), "dnis-from: %s", from[i].key);
		if (cfg_getstr(sec, from[i].key) && vpdn_parse_ere(cfg, what, cfg_getstr(sec, from[i].key), from[i].ere))
			return -1;
	}
	return 0;
}

/* Called by libConfuse at the end of `radius`. */
static int on_radius(cfg_t *cfg, cfg_opt_t *opt)
{
	return cfg_opt_size(opt) > 1 ? vpdn_parse_fail(cfg, "radius: given twice; allowed: once") :
	       vpdn_radius_config_build(parse.c, cfg_opt_getnsec(opt, 0));
}

/* A section whose title is a peer's or a server's address. */
static int on_address(cfg_t *cfg, cfg_opt_t *opt)
{
	const char *title = cfg_title(cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1));
	const char *allowed = vpdn_value_check_ip4(title);

	return allowed ? vpdn_parse_fail(cfg, "%s: wrong address \"%s\"; allowed: %s", opt->name, title, allowed) : 0;
}

/* Called by libConfuse at the end of http. */
static int on_http(cfg_t *cfg, cfg_opt_t *opt)
{
	cfg_t *sec = cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1);

	if (cfg_opt_size(opt) > 1)
		return vpdn_parse_fail(cfg, "http: given twice; allowed: once");
	sec->line = cfg->line;
	return vpdn_http_build(parse.c, sec);
}

#define STR(key)	CFG_STR_CB(key, NULL, CFGF_NODEFAULT, on_value)
#define STRS(key)	CFG_STR_LIST_CB(key, NULL, CFGF_NODEFAULT, on_value)

static cfg_opt_t section(cfg_opt_t sec, cfg_validate_callback_t at_end)
{
	sec.validcb = at_end;
	return sec;
}

#define SINGLE(name, opts)		section((cfg_opt_t)CFG_SEC(name, opts, CFGF_MULTI), on_single)
#define NAMED(name, opts, at_end)	section((cfg_opt_t)CFG_SEC(name, opts, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES), at_end)

/*
 * Blanks comments out: libConfuse 3.3 counts the lines of a comment wrongly, and with
 * them all that follow. Newlines stay; quoted text stays; as in libConfuse "//"
 * begins a comment only where a word could begin.
 */
static void blank_comments(char *s)
{
	char quote = '\0', before = ' ';

	while (*s) {
		char c = *s;

		if (quote) {
			if (c == '\\' && s[1])
				s++;
			else if (c == quote)
				quote = '\0';
		} else if (c == '"' || c == '\'') {
			quote = c;
		} else if (c == '#' || (c == '/' && s[1] == '/' && strchr(" \t\r\n\"'{}()=+,", before))) {
			for (; *s && *s != '\n'; s++)
				*s = ' ';
			before = ' ';
			continue;
		} else if (c == '/' && s[1] == '*' && strstr(s + 2, "*/")) {
			char *end = strstr(s + 2, "*/") + 2;

			for (; s < end; s++)
				if (*s != '\n')
					*s = ' ';
			before = ' ';
			continue;
		}
		before = c;
		s++;
	}
}

/* The whole file and VPDN_CONFIG_AT_END, or NULL and -errno in *rc. */
static char *read_all(FILE *f, int *rc)
{
	static const char at_end[] = "\n" VPDN_CONFIG_AT_END " = 0\n";
	char *text = malloc(FILE_MAX + sizeof(at_end));
	size_t n;

	*rc = -ENOMEM;
	if (!text)
		return NULL;
	n = fread(text, 1, FILE_MAX, f);
	*rc = ferror(f) ? -EIO : !feof(f) ? -EFBIG : memchr(text, '\0', n) ? -EILSEQ : 0;
	if (*rc) {
		explicit_bzero(text, n);
		free(text);
		return NULL;
	}
	text[n] = '\0';
	blank_comments(text);
	memcpy(text + n, at_end, sizeof(at_end));
	return text;
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

/* Who is asked must be described: a source without its block could answer nothing. */
static void set_sources(struct vpdn_config *c, cfg_t *cfg)
{
	const char *failure = cfg_getstr(cfg, "aaa-failure");
	const bool described[VPDN_SOURCE_KINDS] = { true, c->http, c->radius };

	c->aaa_fail_closed = failure && !strcmp(failure, "closed");
	if (!parse.n_sources)
		return;
	c->n_sources = parse.n_sources;
	for (size_t i = 0; i < c->n_sources; i++)
		if (!described[c->sources[i]])
			vpdn_parse_fail(cfg, "sources: %s is in it, but the file has no block %s; needed: %s { ... }",
					vpdn_source_kind_name(c->sources[i]), vpdn_source_kind_name(c->sources[i]),
					vpdn_source_kind_name(c->sources[i]));
}

int vpdn_config_parse(struct vpdn_config *c, FILE *f, char *err, size_t err_size)
{
	cfg_opt_t request_dialin[] = { STR("protocol"), STRS("domain"), STRS("dnis"), STRS("line"), STR("default"), STR("strip-domain"),
		STRS("send-avps"), CFG_END() };
	cfg_opt_t accept_dialin[] = { STR("protocol"), STRS("terminate-from"), STRS("source"), STR("ppp-template"), CFG_END() };
	cfg_opt_t number[] = { STR("replace"), CFG_END() };
	cfg_opt_t request_dialout[] = {
		STR("protocol"), NAMED("number", number, NULL), STR("sub-address"), STR("min-bps"), STR("max-bps"), STR("bearer"),
		STR("framing"), STR("dial-timeout"), CFG_END()
	};
	cfg_opt_t dial[] = { STR("dialer"), STR("replace"), CFG_END() };
	cfg_opt_t accept_dialout[] = {
		STR("protocol"), STRS("terminate-from"), STRS("source"), NAMED("dial", dial, NULL), CFG_END()
	};
	cfg_opt_t initiate[] = {
		STR("priority"), STR("weight"), STR("limit"), STR("port"), STR("tunnel-limit"), STR("local-name"), STR("source-ip"),
		STR("tunnel-password"), STR("tunnel-authentication"), CFG_END()
	};
	cfg_opt_t pool[] = { STR("local"), STR("first"), STR("last"), CFG_END() };
	cfg_opt_t group[] = {
		SINGLE("request-dialin", request_dialin), SINGLE("accept-dialin", accept_dialin),
		SINGLE("request-dialout", request_dialout), SINGLE("accept-dialout", accept_dialout),
		NAMED("initiate-to", initiate, on_address),
		STR("local-name"), STR("source-ip"), STR("tunnel-password"), STR("tunnel-authentication"),
		STR("hidden"), STR("idle-timeout"), STR("hello"), STR("connect-timeout"), STR("limit"),
		STR("tunnel-limit"), STR("tunnel-sessions"), STR("tunnel-share"),
		STR("lcp-renegotiation"), SINGLE("ip-pool", pool),
		CFG_END()
	};
	cfg_opt_t chat[] = { STRS("tty"), STR("speed"), STRS("script"), STRS("hangup"), CFG_END() };
	cfg_opt_t pppoe[] = { STR("interface"), STR("service"), STR("mtu"), CFG_END() };
	cfg_opt_t exec[] = { STRS("command"), STR("user"), STR("wait"), CFG_END() };
	cfg_opt_t dialer[] = {
		SINGLE("chat", chat), SINGLE("pppoe", pppoe), SINGLE("exec", exec), STR("limit"), STR("timeout"), CFG_END()
	};
	cfg_opt_t http[] = {
		STRS("url"), STR("ca-file"), STR("certificate"), STR("key"), STR("bearer-file"), STR("user"), STR("password-file"),
		STR("timeout"), STR("url-timeout"), STR("cache-time"), STR("stale-if-error"), STR("send-credentials"),
		STR("max-answer"), CFG_END()
	};
	cfg_opt_t server[] = {
		STR("secret"), STR("auth-port"), STR("acct-port"), STR("priority"), STR("timeout"), STR("retries"), CFG_END()
	};
	cfg_opt_t radius[] = {
		NAMED("server", server, on_address), STR("dead-time"), STR("user"),
		STR("password"), STR("nas-identifier"), STR("nas-ip"), STR("require-message-authenticator"), STR("accounting"),
		STR("interim-interval"), CFG_END()
	};
	cfg_opt_t dnis_from[] = { STR("service-name"), STR("circuit-id"), CFG_END() };
	cfg_opt_t root[] = {
		STRS("search-order"), STR("domain-delimiters"), STR("domain-position"),
		section((cfg_opt_t)CFG_SEC("dnis-from", dnis_from, CFGF_MULTI), on_dnis_from), STR("dead-time"),
		STRS("sources"), STR("aaa-failure"),
		section((cfg_opt_t)CFG_SEC("http", http, CFGF_MULTI), on_http),
		section((cfg_opt_t)CFG_SEC("radius", radius, CFGF_MULTI), on_radius),
		NAMED("vpdn-group", group, on_group), NAMED("dialer", dialer, on_dialer),
		STR(VPDN_CONFIG_AT_END),
		CFG_END()
	};
	struct vpdn_key *k;
	cfg_t *cfg;
	char *text;
	int rc;

	text = read_all(f, &rc);
	if (!text) {
		snprintf(err, err_size, "%s: %s", c->path, strerror(-rc));
		return rc;
	}
	cfg = cfg_init(root, CFGF_NONE);
	if (!cfg) {
		free(text);
		return -ENOMEM;
	}
	parse.c = c;
	parse.err = err;
	parse.err_size = err_size;
	parse.rc = 0;
	parse.n_seen = 0;
	parse.n_order = parse.n_sources = 0;
	TAILQ_INIT(&parse.pending);
	cfg_set_error_function(cfg, complain);
	rc = cfg_parse_buf(cfg, text);
	explicit_bzero(text, strlen(text));
	free(text);
	if (rc != CFG_SUCCESS)
		vpdn_parse_fail(cfg, "cannot be read as a configuration");
	else if (!cfg_getstr(cfg, VPDN_CONFIG_AT_END))
		vpdn_parse_fail(cfg, "the file ends inside of a comment; needed: */");
	else
		vpdn_dials_resolve(c, cfg);
	c->dead_s = vpdn_parse_u32(cfg, "dead-time", c->dead_s);
	set_domain(c, cfg);
	if (parse.n_order)
		c->n_search_order = parse.n_order;
	set_sources(c, cfg);
	/* Keys of a group that failed are in the tree, which frees them. */
	while ((k = TAILQ_FIRST(&parse.pending)))
		TAILQ_REMOVE(&parse.pending, k, link);
	cfg_free(cfg);
	free(parse.seen);
	parse.seen = NULL;
	parse.c = NULL;
	return parse.rc;
}
