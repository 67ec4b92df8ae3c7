/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config_parse.c - the grammar of vpdn.conf, by libConfuse.
 *
 * Every setting is a string for libConfuse and has a row in `rows` that says where
 * it may stand and what it may be; one callback checks a value the moment it is
 * read, so that an error names its line. At the end of each vpdn-group the group
 * is built and checked as a whole. libConfuse hands no pointer of ours to callbacks:
 * `parse` is the file that is being read, set only during vpdn_config_parse().
 */
#include "config_parse.h"

#include <arpa/inet.h>
#include <confuse.h>
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proxy.h"

#define SECRET_MAX	255u
#define FILE_MAX	(4u * 1024 * 1024)
#define ROOT		"root"
/* libConfuse takes a file that ends inside a block; this, put behind the end, must then be met in that block. */
#define AT_END		"end-of-file"

static struct {
	struct vpdn_config *c;
	struct vpdn_group_keys pending;	/* of the group that is being read */
	const cfg_opt_t **seen;		/* settings of that group that have a value: libConfuse would just take the last */
	size_t n_seen;
	size_t n_order;			/* entries of search-order read so far */
	char *err;
	size_t err_size;
	int rc;
} parse;

static int fail(cfg_t *cfg, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

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
	if (strstr(parse.err + n, "'" AT_END "'")) {
		snprintf(parse.err + n, parse.err_size - n, "the file ends inside of %s; needed: }", cfg->name);
		return;
	}
	if (!strncmp(fmt, "no such option", 14)) {
		for (const cfg_opt_t *o = cfg->opts; o->name && strcmp(o->name, AT_END); o++) {
			n = strlen(parse.err);
			snprintf(parse.err + n, parse.err_size - n, "%s%s", o == cfg->opts ? "; allowed here: " : ", ", o->name);
		}
	}
}

static int fail(cfg_t *cfg, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	complain(cfg, fmt, ap);
	va_end(ap);
	return -1;
}

static int fail_memory(void)
{
	if (!parse.rc)
		parse.rc = -ENOMEM;
	return -1;
}

/* ---- what a value may be: NULL when it is right, else what is allowed ---- */

struct row;
typedef const char *check_fn(const struct row *row, const char *value);

struct row {
	const char *section, *key;
	check_fn *check;
	uint32_t min, max;		/* of numbers */
	int key_kind;			/* enum vpdn_key_kind of what a group is chosen by; -1: not such */
};

static bool parse_u32(const char *s, uint32_t min, uint32_t max, uint32_t *v)
{
	unsigned long long n = 0;

	if (!*s || strlen(s) > 10)
		return false;
	for (; *s; s++) {
		if (!isdigit((unsigned char)*s))
			return false;
		n = n * 10 + (unsigned int)(*s - '0');
	}
	if (n < min || n > max)
		return false;
	*v = (uint32_t)n;
	return true;
}

static const char *check_number(const struct row *row, const char *value)
{
	static char allowed[64];
	uint32_t v;

	if (parse_u32(value, row->min, row->max, &v))
		return NULL;
	snprintf(allowed, sizeof(allowed), "a whole number from %u to %u", row->min, row->max);
	return allowed;
}

static const char *check_bool(const struct row *row, const char *value)
{
	(void)row;
	return strcmp(value, "true") && strcmp(value, "false") ? "true, false" : NULL;
}

/* A host's own address or a peer's: neither 0.0.0.0 nor multicast nor above. */
static bool parse_ip4(const char *s, struct in_addr *a)
{
	uint32_t h;

	if (inet_pton(AF_INET, s, a) != 1)
		return false;
	h = ntohl(a->s_addr);
	return h >> 24 != 0 && h >> 28 < 14;
}

static const char *check_ip4(const struct row *row, const char *value)
{
	struct in_addr a;

	(void)row;
	return parse_ip4(value, &a) ? NULL : "an IPv4 address of a host, such as 192.0.2.2 (names are not looked up)";
}

static bool parse_source(const char *s, struct vpdn_source *src)
{
	char addr[INET_ADDRSTRLEN];
	const char *slash = strchr(s, '/');
	size_t n = slash ? (size_t)(slash - s) : strlen(s);
	uint32_t len = 32, mask;

	if (n >= sizeof(addr) || (slash && !parse_u32(slash + 1, 0, 32, &len)))
		return false;
	memcpy(addr, s, n);
	addr[n] = '\0';
	if (inet_pton(AF_INET, addr, &src->addr) != 1)
		return false;
	mask = len ? htonl(UINT32_MAX << (32 - len)) : 0;
	if (src->addr.s_addr & ~mask)
		return false;
	src->prefix_len = (uint8_t)len;
	return true;
}

static const char *check_source(const struct row *row, const char *value)
{
	struct vpdn_source src;

	(void)row;
	return parse_source(value, &src) ? NULL :
	       "an IPv4 address or a network such as 192.0.2.0/24, without bits set behind the prefix";
}

static bool all_of(const char *s, const char *others, size_t max)
{
	size_t n = strlen(s);

	if (!n || n > max)
		return false;
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr(others, *s))
			return false;
	return true;
}

static const char *check_name(const struct row *row, const char *value)
{
	(void)row;
	return all_of(value, "._-:@", VPDN_NAME_MAX) ? NULL : "1 to 64 letters, digits, \".\", \"_\", \"-\", \":\", \"@\"";
}

static const char *check_template(const struct row *row, const char *value)
{
	(void)row;
	return all_of(value, "._-", VPDN_NAME_MAX) && isalnum((unsigned char)*value) ? NULL :
	       "1 to 64 letters, digits, \".\", \"_\", \"-\", beginning with a letter or digit (a file in /etc/ppp/vpdn)";
}

static const char *check_domain(const struct row *row, const char *value)
{
	(void)row;
	return all_of(value, "._-", 255) ? NULL : "what follows the \"@\" of a user name: letters, digits, \".\", \"_\", \"-\"";
}

static const char *check_dnis(const struct row *row, const char *value)
{
	(void)row;
	return all_of(value, "*#+-", VPDN_NAME_MAX) ? NULL : "a called number: digits, \"*\", \"#\", \"+\", \"-\", letters";
}

static bool printable(const char *s, size_t max)
{
	size_t n = strlen(s);

	if (!n || n > max)
		return false;
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return false;
	return true;
}

static const char *check_line(const struct row *row, const char *value)
{
	(void)row;
	return printable(value, 255) ? NULL : "a circuit id, a remote id, an interface or an Ethernet address";
}

static const char *check_secret(const struct row *row, const char *value)
{
	(void)row;
	return printable(value, SECRET_MAX) ? NULL : "1 to 255 printable characters";
}

static const char *check_protocol(const struct row *row, const char *value)
{
	(void)row;
	return strcmp(value, "l2tp") ? "l2tp" : NULL;
}

static const char *check_lcp_policy(const struct row *row, const char *value)
{
	(void)row;
	return vpdn_lcp_policy_parse(value) ? NULL : VPDN_LCP_POLICIES;
}

static int key_kind(const char *value)
{
	for (int i = 0; i < VPDN_KEY_KINDS; i++)
		if (!strcmp(value, vpdn_key_kind_name((enum vpdn_key_kind)i)))
			return i;
	return -1;
}

static const char *check_search_order(const struct row *row, const char *value)
{
	(void)row;
	return key_kind(value) < 0 ? "line, dnis, domain" : NULL;
}

#define DAY	86400u

static const struct row rows[] = {
	{ ROOT, "search-order", check_search_order, 0, 0, -1 },
	{ ROOT, "dead-time", check_number, 0, DAY, -1 },
	{ ROOT, AT_END, check_number, 0, 0, -1 },
	{ "vpdn-group", "local-name", check_name, 0, 0, -1 },
	{ "vpdn-group", "source-ip", check_ip4, 0, 0, -1 },
	{ "vpdn-group", "tunnel-password", check_secret, 0, 0, -1 },
	{ "vpdn-group", "tunnel-authentication", check_bool, 0, 0, -1 },
	{ "vpdn-group", "idle-timeout", check_number, 0, DAY, -1 },
	{ "vpdn-group", "hello", check_number, 1, DAY, -1 },
	{ "vpdn-group", "connect-timeout", check_number, 1, 25, -1 },
	{ "vpdn-group", "limit", check_number, 1, 1000000, -1 },
	{ "vpdn-group", "lcp-renegotiation", check_lcp_policy, 0, 0, -1 },
	{ "request-dialin", "protocol", check_protocol, 0, 0, -1 },
	{ "request-dialin", "domain", check_domain, 0, 0, VPDN_KEY_DOMAIN },
	{ "request-dialin", "dnis", check_dnis, 0, 0, VPDN_KEY_DNIS },
	{ "request-dialin", "line", check_line, 0, 0, VPDN_KEY_LINE },
	{ "accept-dialin", "protocol", check_protocol, 0, 0, -1 },
	{ "accept-dialin", "terminate-from", check_name, 0, 0, -1 },
	{ "accept-dialin", "source", check_source, 0, 0, -1 },
	{ "accept-dialin", "ppp-template", check_template, 0, 0, -1 },
	{ "initiate-to", "priority", check_number, 0, 65535, -1 },
	{ "initiate-to", "weight", check_number, 1, 65535, -1 },
	{ "initiate-to", "limit", check_number, 1, 65535, -1 },
	{ "initiate-to", "port", check_number, 1, 65535, -1 },
	{ "ip-pool", "local", check_ip4, 0, 0, -1 },
	{ "ip-pool", "first", check_ip4, 0, 0, -1 },
	{ "ip-pool", "last", check_ip4, 0, 0, -1 },
};

static const struct row *row_of(const char *section, const char *key)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!strcmp(rows[i].section, section) && !strcmp(rows[i].key, key))
			return &rows[i];
	return NULL;
}

static int on_single_value(cfg_t *cfg, const cfg_opt_t *opt)
{
	const cfg_opt_t **seen;

	for (size_t i = 0; i < parse.n_seen; i++)
		if (parse.seen[i] == opt)
			return fail(cfg, "%s: given twice; allowed: once", opt->name);
	seen = reallocarray(parse.seen, parse.n_seen + 1, sizeof(*seen));
	if (!seen)
		return fail_memory();
	parse.seen = seen;
	parse.seen[parse.n_seen++] = opt;
	return 0;
}

static int on_search_order(cfg_t *cfg, const char *value)
{
	enum vpdn_key_kind kind = (enum vpdn_key_kind)key_kind(value);

	for (size_t i = 0; i < parse.n_order; i++)
		if (parse.c->search_order[i] == kind)
			return fail(cfg, "search-order: %s is in it twice; allowed: each of line, dnis, domain once", value);
	parse.c->search_order[parse.n_order++] = kind;
	return 0;
}

/* Called by libConfuse for each value of each setting. */
static int on_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	const struct row *row = row_of(cfg->name, opt->name);
	struct vpdn_key *key;
	const char *allowed;
	int rc;

	if (!row)
		return fail(cfg, "%s: not expected here", opt->name);
	if (!(opt->flags & CFGF_LIST) && on_single_value(cfg, opt))
		return -1;
	allowed = row->check(row, value);
	if (allowed && row->check == check_secret)
		return fail(cfg, "%s: wrong value; allowed: %s", opt->name, allowed);
	if (allowed)
		return fail(cfg, "%s: wrong value \"%s\"; allowed: %s", opt->name, value, allowed);
	if (row->check == check_search_order && on_search_order(cfg, value))
		return -1;
	if (row->key_kind >= 0) {
		rc = vpdn_config_add_key(parse.c, (enum vpdn_key_kind)row->key_kind, value, (unsigned int)cfg->line, &key);
		if (rc == -EEXIST)
			return fail(cfg, "%s: \"%s\" stands on line %u already%s%s; allowed: once, in one group", opt->name, value,
				    key->line, key->group ? ", in vpdn-group " : "", key->group ? key->group->name : "");
		if (rc)
			return fail_memory();
		TAILQ_INSERT_TAIL(&parse.pending, key, link);
	}
	*(const char **)result = value;
	return 0;
}

/* ---- building a group ---- */

static uint32_t get_u32(cfg_t *sec, const char *key, uint32_t otherwise)
{
	const char *s = cfg_getstr(sec, key);
	uint32_t v;

	return s && parse_u32(s, 0, UINT32_MAX, &v) ? v : otherwise;
}

static bool get_ip4(cfg_t *sec, const char *key, struct in_addr *a)
{
	const char *s = cfg_getstr(sec, key);

	return s && parse_ip4(s, a);
}

static int get_string(cfg_t *sec, const char *key, char **out)
{
	const char *s = cfg_getstr(sec, key);

	if (s && !(*out = strdup(s)))
		return fail_memory();
	return 0;
}

static int build_request(cfg_t *sec, cfg_t *dialin, struct vpdn_group *g)
{
	size_t n = cfg_size(sec, "initiate-to");

	if (!cfg_getstr(dialin, "protocol"))
		return fail(sec, "vpdn-group %s: request-dialin needs protocol; allowed: l2tp", g->name);
	if (TAILQ_EMPTY(&parse.pending))
		return fail(sec, "vpdn-group %s: request-dialin needs at least one of domain, dnis, line", g->name);
	if (!n)
		return fail(sec, "vpdn-group %s: no initiate-to; needed: initiate-to \"ADDRESS\" { } for each LNS", g->name);
	if (n > VPDN_LNS_MAX)
		return fail(sec, "vpdn-group %s: %zu initiate-to; allowed: %u", g->name, n, VPDN_LNS_MAX);
	if (cfg_size(sec, "ip-pool"))
		return fail(sec, "vpdn-group %s: ip-pool belongs to a group with accept-dialin", g->name);
	if (cfg_getstr(sec, "lcp-renegotiation"))
		return fail(sec, "vpdn-group %s: lcp-renegotiation belongs to a group with accept-dialin", g->name);
	g->lns = calloc(n, sizeof(*g->lns));
	if (!g->lns)
		return fail_memory();
	for (size_t i = 0; i < n; i++) {
		cfg_t *to = cfg_getnsec(sec, "initiate-to", (unsigned int)i);
		struct vpdn_lns *l = &g->lns[g->n_lns++];

		parse_ip4(cfg_title(to), &l->addr);
		l->priority = get_u32(to, "priority", 1);
		l->weight = get_u32(to, "weight", 1);
		l->limit = get_u32(to, "limit", 0);
		l->port = (uint16_t)get_u32(to, "port", VPDN_L2TP_PORT);
	}
	get_ip4(sec, "source-ip", &g->source_ip);
	g->connect_timeout_s = get_u32(sec, "connect-timeout", 10);
	return 0;
}

static int build_pool(cfg_t *sec, struct vpdn_group *g)
{
	cfg_t *pool;
	uint32_t local, first, last;

	if (!cfg_size(sec, "ip-pool"))
		return 0;
	pool = cfg_getnsec(sec, "ip-pool", 0);
	if (!get_ip4(pool, "local", &g->pool_local) || !get_ip4(pool, "first", &g->pool_first) ||
	    !get_ip4(pool, "last", &g->pool_last))
		return fail(sec, "vpdn-group %s: ip-pool needs all of local, first, last", g->name);
	local = ntohl(g->pool_local.s_addr);
	first = ntohl(g->pool_first.s_addr);
	last = ntohl(g->pool_last.s_addr);
	if (first > last)
		return fail(sec, "vpdn-group %s: ip-pool's first address is above its last; allowed: first <= last", g->name);
	if (local >= first && local <= last)
		return fail(sec, "vpdn-group %s: ip-pool's local address lies between first and last; allowed: outside of them", g->name);
	g->has_pool = true;
	return 0;
}

static int build_accept(cfg_t *sec, cfg_t *dialin, struct vpdn_group *g)
{
	static const char *const not_here[] = { "source-ip", "connect-timeout" };
	const char *policy = cfg_getstr(sec, "lcp-renegotiation");
	size_t n;

	g->lcp_policy = policy ? vpdn_lcp_policy_parse(policy) : VPDN_LCP_ON_MISMATCH;
	if (!cfg_getstr(dialin, "protocol"))
		return fail(sec, "vpdn-group %s: accept-dialin needs protocol; allowed: l2tp", g->name);
	if (cfg_size(sec, "initiate-to"))
		return fail(sec, "vpdn-group %s: initiate-to belongs to a group with request-dialin", g->name);
	for (size_t i = 0; i < sizeof(not_here) / sizeof(not_here[0]); i++)
		if (cfg_getstr(sec, not_here[i]))
			return fail(sec, "vpdn-group %s: %s belongs to a group with request-dialin", g->name, not_here[i]);
	if (get_string(dialin, "ppp-template", &g->ppp_template))
		return -1;
	if (!g->ppp_template)
		return fail(sec, "vpdn-group %s: accept-dialin needs ppp-template, a file name in /etc/ppp/vpdn", g->name);

	n = cfg_size(dialin, "terminate-from");
	g->terminate_from.v = calloc(n ? n : 1, sizeof(char *));
	if (!g->terminate_from.v)
		return fail_memory();
	for (size_t i = 0; i < n; i++) {
		g->terminate_from.v[i] = strdup(cfg_getnstr(dialin, "terminate-from", (unsigned int)i));
		if (!g->terminate_from.v[i])
			return fail_memory();
		g->terminate_from.n++;
	}
	n = cfg_size(dialin, "source");
	g->sources = calloc(n ? n : 1, sizeof(*g->sources));
	if (!g->sources)
		return fail_memory();
	for (size_t i = 0; i < n; i++)
		parse_source(cfg_getnstr(dialin, "source", (unsigned int)i), &g->sources[g->n_sources++]);
	return build_pool(sec, g);
}

static int build_common(cfg_t *sec, struct vpdn_group *g)
{
	const char *auth = cfg_getstr(sec, "tunnel-authentication");
	char host[VPDN_NAME_MAX + 1] = "";

	g->tunnel_auth = !auth || !strcmp(auth, "true");
	if (get_string(sec, "local-name", &g->local_name) || get_string(sec, "tunnel-password", &g->tunnel_password))
		return -1;
	if (g->tunnel_password)
		parse.c->has_secrets = true;
	if (g->tunnel_auth && !g->tunnel_password)
		return fail(sec, "vpdn-group %s: tunnel-password is missing; needed: tunnel-password = \"...\", or tunnel-authentication = false",
			    g->name);
	if (!g->local_name) {
		if (gethostname(host, sizeof(host) - 1) < 0 || !*host)
			return fail(sec, "vpdn-group %s: local-name is missing, and this host has no name", g->name);
		g->local_name = strdup(host);
		if (!g->local_name)
			return fail_memory();
	}
	g->idle_s = get_u32(sec, "idle-timeout", g->accepts ? 10 : 15);
	g->hello_s = get_u32(sec, "hello", 60);
	g->limit = get_u32(sec, "limit", 0);
	return 0;
}

/* Called by libConfuse at the end of each vpdn-group. */
static int on_group(cfg_t *cfg, cfg_opt_t *opt)
{
	cfg_t *sec = cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1);
	bool requests = cfg_size(sec, "request-dialin"), accepts = cfg_size(sec, "accept-dialin");
	struct vpdn_group *g;
	struct vpdn_key *k;

	sec->line = cfg->line;
	if (!all_of(cfg_title(sec), "._-", VPDN_NAME_MAX))
		return fail(cfg, "vpdn-group: wrong name \"%s\"; allowed: 1 to 64 letters, digits, \".\", \"_\", \"-\"", cfg_title(sec));
	if (requests == accepts)
		return fail(cfg, "vpdn-group %s: has %s; needed: one of request-dialin, accept-dialin", cfg_title(sec),
			    requests ? "both request-dialin and accept-dialin" : "neither request-dialin nor accept-dialin");
	g = calloc(1, sizeof(*g));
	if (!g)
		return fail_memory();
	TAILQ_INIT(&g->keys);
	TAILQ_INSERT_TAIL(&parse.c->groups, g, link);
	g->accepts = accepts;
	g->line = (unsigned int)cfg->line;
	g->name = strdup(cfg_title(sec));
	if (!g->name)
		return fail_memory();
	if ((accepts ? build_accept(sec, cfg_getnsec(sec, "accept-dialin", 0), g) :
		       build_request(sec, cfg_getnsec(sec, "request-dialin", 0), g)) || build_common(sec, g))
		return -1;
	TAILQ_FOREACH(k, &parse.pending, link)
		k->group = g;
	TAILQ_CONCAT(&g->keys, &parse.pending, link);
	parse.n_seen = 0;
	return 0;
}

/* Sections that may come once are declared as many, so that a second one is an error and not a replacement. */
static int on_single(cfg_t *cfg, cfg_opt_t *opt)
{
	return cfg_opt_size(opt) > 1 ? fail(cfg, "%s: given twice; allowed: once in a vpdn-group", opt->name) : 0;
}

static int on_initiate_to(cfg_t *cfg, cfg_opt_t *opt)
{
	const char *title = cfg_title(cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1));
	struct in_addr a;

	return parse_ip4(title, &a) ? 0 :
	       fail(cfg, "initiate-to: wrong address \"%s\"; allowed: %s", title, check_ip4(NULL, title));
}

#define STR(key)	CFG_STR_CB(key, NULL, CFGF_NODEFAULT, on_value)
#define STRS(key)	CFG_STR_LIST_CB(key, NULL, CFGF_NODEFAULT, on_value)

static cfg_opt_t section(cfg_opt_t sec, cfg_validate_callback_t at_end)
{
	sec.validcb = at_end;
	return sec;
}

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

/* The whole file and AT_END, or NULL and -errno in *rc. */
static char *read_all(FILE *f, int *rc)
{
	static const char at_end[] = "\n" AT_END " = 0\n";
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

int vpdn_config_parse(struct vpdn_config *c, FILE *f, char *err, size_t err_size)
{
	cfg_opt_t request[] = { STR("protocol"), STRS("domain"), STRS("dnis"), STRS("line"), CFG_END() };
	cfg_opt_t accept[] = { STR("protocol"), STRS("terminate-from"), STRS("source"), STR("ppp-template"), CFG_END() };
	cfg_opt_t initiate[] = { STR("priority"), STR("weight"), STR("limit"), STR("port"), CFG_END() };
	cfg_opt_t pool[] = { STR("local"), STR("first"), STR("last"), CFG_END() };
	cfg_opt_t group[] = {
		section((cfg_opt_t)CFG_SEC("request-dialin", request, CFGF_MULTI), on_single),
		section((cfg_opt_t)CFG_SEC("accept-dialin", accept, CFGF_MULTI), on_single),
		section((cfg_opt_t)CFG_SEC("initiate-to", initiate, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES), on_initiate_to),
		STR("local-name"), STR("source-ip"), STR("tunnel-password"), STR("tunnel-authentication"),
		STR("idle-timeout"), STR("hello"), STR("connect-timeout"), STR("limit"),
		STR("lcp-renegotiation"),
		section((cfg_opt_t)CFG_SEC("ip-pool", pool, CFGF_MULTI), on_single),
		CFG_END()
	};
	cfg_opt_t root[] = {
		STRS("search-order"), STR("dead-time"),
		section((cfg_opt_t)CFG_SEC("vpdn-group", group, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES), on_group),
		STR(AT_END),
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
	parse.n_order = 0;
	TAILQ_INIT(&parse.pending);
	cfg_set_error_function(cfg, complain);
	rc = cfg_parse_buf(cfg, text);
	explicit_bzero(text, strlen(text));
	free(text);
	if (rc != CFG_SUCCESS)
		fail(cfg, "cannot be read as a configuration");
	else if (!cfg_getstr(cfg, AT_END))
		fail(cfg, "the file ends inside of a comment; needed: */");
	c->dead_s = get_u32(cfg, "dead-time", c->dead_s);
	if (parse.n_order)
		c->n_search_order = parse.n_order;
	/* Keys of a group that failed are in the tree, which frees them. */
	while ((k = TAILQ_FIRST(&parse.pending)))
		TAILQ_REMOVE(&parse.pending, k, link);
	cfg_free(cfg);
	free(parse.seen);
	parse.seen = NULL;
	parse.c = NULL;
	return parse.rc;
}
