/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config.c - see config.h: the life of a configuration and look-ups in it. Reading
 * the file is config_parse.c's.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config_http.h"
#include "config_parse.h"
#include "config_radius.h"
#include "text.h"

static int key_cmp(const struct vpdn_key *a, const struct vpdn_key *b)
{
	return a->kind != b->kind ? (a->kind < b->kind ? -1 : 1) : strcasecmp(a->value, b->value);
}

RB_GENERATE_INTERNAL(vpdn_keys, vpdn_key, node, key_cmp, static __attribute__((unused)))

const char *const vpdn_key_kinds[] = {
	[VPDN_KEY_LINE] = "line",
	[VPDN_KEY_DNIS] = "dnis",
	[VPDN_KEY_DOMAIN] = "domain",
	[VPDN_KEY_KINDS] = NULL,
};

const char *const vpdn_source_kinds[] = {
	[VPDN_SOURCE_LOCAL] = "local",
	[VPDN_SOURCE_HTTP] = "http",
	[VPDN_SOURCE_RADIUS] = "radius",
	[VPDN_SOURCE_KINDS] = NULL,
};

const char *vpdn_key_kind_name(enum vpdn_key_kind kind)
{
	return kind < VPDN_KEY_KINDS ? vpdn_key_kinds[kind] : "?";
}

const char *vpdn_source_kind_name(enum vpdn_source_kind kind)
{
	return kind < VPDN_SOURCE_KINDS ? vpdn_source_kinds[kind] : "?";
}

struct vpdn_config *vpdn_config_new(const char *path)
{
	struct vpdn_config *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->refs = 1;
	c->path = strdup(path);
	c->delimiters = strdup("@");
	if (!c->path || !c->delimiters) {
		free(c->path);
		free(c->delimiters);
		free(c);
		return NULL;
	}
	TAILQ_INIT(&c->groups);
	TAILQ_INIT(&c->dialers);
	TAILQ_INIT(&c->line_patterns);
	RB_INIT(&c->keys);
	c->dead_s = 60;
	for (size_t i = 0; i < VPDN_KEY_KINDS; i++)
		c->search_order[c->n_search_order++] = (enum vpdn_key_kind)i;
	c->sources[c->n_sources++] = VPDN_SOURCE_LOCAL;
	return c;
}

struct vpdn_config *vpdn_config_get(struct vpdn_config *c)
{
	c->refs++;
	return c;
}

static void strings_free(struct vpdn_strings *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->v[i]);
	free(s->v);
}

static void ere_free(struct vpdn_ere *ere)
{
	if (ere->compiled)
		regfree(&ere->re);
}

static void accept_free(struct vpdn_accept *a)
{
	strings_free(&a->terminate_from);
	free(a->sources);
}

static void dialer_free(struct vpdn_dialer *d)
{
	strings_free(&d->ttys);
	strings_free(&d->script);
	strings_free(&d->hangup);
	strings_free(&d->command);
	free(d->name);
	free(d->interface);
	free(d->service);
	free(d->run_as);
	free(d);
}

static void group_free(struct vpdn_group *g)
{
	accept_free(&g->dialin);
	accept_free(&g->dialout);
	for (size_t i = 0; i < g->n_numbers; i++) {
		ere_free(&g->numbers[i].ere);
		free(g->numbers[i].pattern);
		free(g->numbers[i].replace);
	}
	for (size_t i = 0; i < g->n_dials; i++) {
		free(g->dials[i].pattern);
		free(g->dials[i].replace);
		free(g->dials[i].dialer_name);
	}
	free(g->numbers);
	free(g->dials);
	free(g->sub_address);
	for (size_t i = 0; i < g->n_peers; i++) {
		free(g->peers[i].local_name);
		free(g->peers[i].remote_name);
		free(g->peers[i].assignment);
		vpdn_text_wipe(g->peers[i].tunnel_password);
	}
	free(g->peers);
	free(g->radius_class);
	vpdn_text_wipe(g->tunnel_password);
	free(g->name);
	free(g->local_name);
	free(g->remote_name);
	free(g->ppp_template);
	free(g);
}

void vpdn_config_put(struct vpdn_config *c)
{
	struct vpdn_dialer *d;
	struct vpdn_group *g;
	struct vpdn_key *k;

	if (!c || --c->refs)
		return;
	while ((k = RB_MIN(vpdn_keys, &c->keys))) {
		RB_REMOVE(vpdn_keys, &c->keys, k);
		free(k->value);
		free(k);
	}
	while ((g = TAILQ_FIRST(&c->groups))) {
		TAILQ_REMOVE(&c->groups, g, link);
		group_free(g);
	}
	while ((d = TAILQ_FIRST(&c->dialers))) {
		TAILQ_REMOVE(&c->dialers, d, link);
		dialer_free(d);
	}
	vpdn_http_config_free(c->http);
	vpdn_radius_config_free(c->radius);
	ere_free(&c->dnis_from_service);
	ere_free(&c->dnis_from_circuit);
	free(c->delimiters);
	free(c->path);
	free(c);
}

const struct vpdn_group *vpdn_config_group(const struct vpdn_config *c, const char *name)
{
	const struct vpdn_group *g;

	TAILQ_FOREACH(g, &c->groups, link)
		if (!strcmp(g->name, name))
			return g;
	return NULL;
}

const struct vpdn_dialer *vpdn_config_dialer(const struct vpdn_config *c, const char *name)
{
	const struct vpdn_dialer *d;

	TAILQ_FOREACH(d, &c->dialers, link)
		if (!strcmp(d->name, name))
			return d;
	return NULL;
}

size_t vpdn_line_prefix(const char *value)
{
	static const char *const prefixes[] = { VPDN_LINE_CIRCUIT, VPDN_LINE_REMOTE };

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (!strncasecmp(value, prefixes[i], strlen(prefixes[i])))
			return strlen(prefixes[i]);
	return 0;
}

const struct vpdn_key *vpdn_config_find(const struct vpdn_config *c, enum vpdn_key_kind kind, const char *value)
{
	/* RB_FIND only reads, but neither its tree nor what is compared is const. */
	struct vpdn_key want = { .kind = kind, .value = (char *)value };

	return RB_FIND(vpdn_keys, (struct vpdn_keys *)&c->keys, &want);
}

static bool is_pattern(enum vpdn_key_kind kind, const char *value)
{
	return kind == VPDN_KEY_DOMAIN ? *value == '*' : kind == VPDN_KEY_LINE && strpbrk(value + vpdn_line_prefix(value), "*?[");
}

int vpdn_config_add_key(struct vpdn_config *c, enum vpdn_key_kind kind, const char *value, unsigned int line,
			struct vpdn_key **key)
{
	struct vpdn_key *k = calloc(1, sizeof(*k)), *old;

	if (!k || !(k->value = strdup(value))) {
		free(k);
		return -ENOMEM;
	}
	k->kind = kind;
	k->pattern = is_pattern(kind, value);
	k->line = line;
	old = RB_INSERT(vpdn_keys, &c->keys, k);
	*key = old ? old : k;
	if (!old && k->pattern && kind == VPDN_KEY_LINE)
		TAILQ_INSERT_TAIL(&c->line_patterns, k, of_patterns);
	if (!old)
		return 0;
	free(k->value);
	free(k);
	return -EEXIST;
}

int vpdn_config_load(const char *path, struct vpdn_config **out, char *err, size_t err_size)
{
	struct vpdn_config *c;
	struct stat st;
	FILE *f;
	int fd, rc;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	f = fd < 0 ? NULL : fdopen(fd, "re");
	if (!f || fstat(fd, &st) < 0) {
		rc = -errno;
		snprintf(err, err_size, "%s: %s", path, strerror(-rc));
		if (f)
			fclose(f);
		else if (fd >= 0)
			close(fd);
		return rc;
	}
	if (!S_ISREG(st.st_mode)) {
		snprintf(err, err_size, "%s: is not a regular file", path);
		fclose(f);
		return -EINVAL;
	}
	/* Whoever may write it decides where every subscriber's password goes. */
	if ((st.st_mode & S_IWOTH) || (st.st_uid != 0 && st.st_uid != geteuid())) {
		snprintf(err, err_size, "%s: others than root may write it (mode %04o, owner uid %u); use: chown root %s && chmod 0640 %s",
			 path, st.st_mode & 07777, (unsigned int)st.st_uid, path, path);
		fclose(f);
		return -EPERM;
	}
	c = vpdn_config_new(path);
	rc = c ? vpdn_config_parse(c, f, err, err_size) : -ENOMEM;
	fclose(f);
	if (rc == -ENOMEM)
		snprintf(err, err_size, "%s: out of memory", path);
	if (rc) {
		vpdn_config_put(c);
		return rc;
	}
	c->exposed = c->has_secrets && (st.st_mode & S_IROTH);
	*out = c;
	return 0;
}
