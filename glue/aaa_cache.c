/* SPDX-License-Identifier: GPL-2.0-or-later */
/* aaa_cache.c - see aaa_cache.h. */
#include "aaa_cache.h"

#include <bsd/sys/queue.h>
#include <bsd/sys/tree.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

#define KEY_MAX		2000u	/* eight texts of a question, with their lengths */
#define MASKS		16u

struct entry {
	RB_ENTRY(entry) node;
	TAILQ_ENTRY(entry) used;	/* the one used last is first */
	unsigned int valid_for;
	char *key, *text;
	size_t len;
	uint64_t kept_ms, until_ms;
};
RB_HEAD(entries, entry);
TAILQ_HEAD(by_use, entry);

struct vpdn_cache {
	struct entries by_key;
	struct by_use by_use;
	size_t n, octets, max_n, max_octets;
	size_t of[MASKS];		/* entries with each valid_for */
};

static int entry_cmp(const struct entry *a, const struct entry *b)
{
	return strcmp(a->key, b->key);
}

RB_GENERATE_INTERNAL(entries, entry, node, entry_cmp, static __attribute__((unused)))

/* What an answer may be good for, those that say more first. */
static const unsigned int masks[] = { 15, 7, 11, 13, 14, 3, 5, 9, 6, 10, 12, 1, 8, 4, 2 };

unsigned int vpdn_valid_for(const char *word)
{
	static const char *const words[] = { "user", "domain", "dnis", "line" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(word, words[i]))
			return 1u << i;
	return 0;
}

/* ---- keys ---- */

static void add(struct vpdn_text *t, const char *value)
{
	vpdn_text_add(t, "%zu:%s", strlen(value), value);
}

static void add_line(struct vpdn_text *t, const struct vpdn_question *q)
{
	bool ids = *q->circuit_id || *q->remote_id;

	vpdn_text_add(t, ids ? "i" : "p");
	add(t, ids ? q->circuit_id : q->interface);
	add(t, ids ? q->remote_id : q->mac);
}

/* The name of what the call does not have, or NULL. */
static const char *lacks(const struct vpdn_question *q, unsigned int valid_for)
{
	if (valid_for == VPDN_VALID_CALL)
		return NULL;
	return valid_for & VPDN_VALID_USER && !*q->user ? "user" : valid_for & VPDN_VALID_DOMAIN && !*q->domain ? "domain" :
	       valid_for & VPDN_VALID_DNIS && !*q->dnis ? "dnis" :
	       valid_for & VPDN_VALID_LINE && !*q->circuit_id && !*q->remote_id && !*q->interface && !*q->mac ? "line" : NULL;
}

static void make_key(const struct vpdn_question *q, unsigned int valid_for, char key[KEY_MAX])
{
	char domain[sizeof(q->domain)];
	struct vpdn_text t;
	size_t i;

	for (i = 0; q->domain[i]; i++)
		domain[i] = (char)tolower((unsigned char)q->domain[i]);
	domain[i] = '\0';
	vpdn_text_init(&t, key, KEY_MAX);
	vpdn_text_add(&t, "%x", valid_for);
	if (valid_for & VPDN_VALID_USER)
		add(&t, q->user);
	if (valid_for & VPDN_VALID_DOMAIN)
		add(&t, domain);
	if (valid_for & VPDN_VALID_DNIS)
		add(&t, q->dnis);
	if (valid_for & VPDN_VALID_LINE)
		add_line(&t, q);
	if (valid_for == VPDN_VALID_CALL) {
		add(&t, q->clid);
		add(&t, q->service);
	}
}

/* ---- entries ---- */

static void drop(struct vpdn_cache *c, struct entry *e)
{
	RB_REMOVE(entries, &c->by_key, e);
	TAILQ_REMOVE(&c->by_use, e, used);
	c->n--;
	c->octets -= e->len;
	c->of[e->valid_for]--;
	explicit_bzero(e->text, e->len);
	free(e->text);
	free(e->key);
	free(e);
}

bool vpdn_cache_put(struct vpdn_cache *c, const struct vpdn_question *q, unsigned int valid_for, const char *text, size_t len,
		    uint64_t now_ms, uint32_t ttl_s, const char **missing)
{
	char key[KEY_MAX];
	struct entry *e, *old, want = { .key = key };

	*missing = lacks(q, valid_for);
	if (*missing || !len || len > c->max_octets || !c->max_n)
		return false;
	make_key(q, valid_for, key);
	old = RB_FIND(entries, &c->by_key, &want);
	if (old)
		drop(c, old);
	e = calloc(1, sizeof(*e));
	if (!e || !(e->key = strdup(key)) || !(e->text = malloc(len))) {
		free(e ? e->key : NULL);
		free(e);
		return false;
	}
	while (c->n >= c->max_n || c->octets + len > c->max_octets)
		drop(c, TAILQ_LAST(&c->by_use, by_use));
	memcpy(e->text, text, len);
	e->len = len;
	e->valid_for = valid_for;
	e->kept_ms = now_ms;
	e->until_ms = now_ms + (uint64_t)ttl_s * 1000;
	RB_INSERT(entries, &c->by_key, e);
	TAILQ_INSERT_HEAD(&c->by_use, e, used);
	c->n++;
	c->octets += len;
	c->of[valid_for]++;
	return true;
}

const char *vpdn_cache_get(struct vpdn_cache *c, const struct vpdn_question *q, uint64_t now_ms, uint32_t stale_s, size_t *len, uint64_t *age_ms)
{
	char key[KEY_MAX];
	struct entry *e, want = { .key = key };

	for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
		if (!c->of[masks[i]] || lacks(q, masks[i]))
			continue;
		make_key(q, masks[i], key);
		e = RB_FIND(entries, &c->by_key, &want);
		if (!e || now_ms >= e->until_ms + (uint64_t)stale_s * 1000)
			continue;
		TAILQ_REMOVE(&c->by_use, e, used);
		TAILQ_INSERT_HEAD(&c->by_use, e, used);
		*len = e->len;
		*age_ms = now_ms - e->kept_ms;
		return e->text;
	}
	return NULL;
}

/* ---- the whole ---- */

struct vpdn_cache *vpdn_cache_new(size_t entries, size_t octets)
{
	struct vpdn_cache *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	RB_INIT(&c->by_key);
	TAILQ_INIT(&c->by_use);
	c->max_n = entries;
	c->max_octets = octets;
	return c;
}

size_t vpdn_cache_clear(struct vpdn_cache *c)
{
	size_t n = c->n;

	while (c->n)
		drop(c, TAILQ_FIRST(&c->by_use));
	return n;
}

size_t vpdn_cache_entries(const struct vpdn_cache *c)
{
	return c->n;
}

void vpdn_cache_free(struct vpdn_cache *c)
{
	if (!c)
		return;
	vpdn_cache_clear(c);
	free(c);
}
