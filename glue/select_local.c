/* SPDX-License-Identifier: GPL-2.0-or-later */
/* select_local.c - see select_local.h. */
#include "select_local.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "text.h"

struct search {
	const struct vpdn_config *c;
	const struct vpdn_question *q;
	struct vpdn_trace *t;
};

/* Room for a text of a subscriber, escaped, in a line of a trace. */
#define SAID_MAX	200u

/* Tells what a look-up has brought: a key, or none (NULL). */
static const struct vpdn_key *found(struct search *s, const char *what, const char *value, const struct vpdn_key *k)
{
	char said[SAID_MAX], has[VPDN_QUESTION_MAX + 1];

	vpdn_text_escape(value, strlen(value), said, sizeof(said));
	if (!k) {
		vpdn_trace_add(s->t, "%s \"%s\": no vpdn-group has it", what, said);
		return NULL;
	}
	vpdn_text_escape(k->value, strlen(k->value), has, sizeof(has));
	vpdn_trace_add(s->t, "%s \"%s\": vpdn-group %s has %s \"%s\"", what, said, k->group->name, vpdn_key_kind_name(k->kind), has);
	return k;
}

/* The key that is that value, not a pattern that is written so. */
static const struct vpdn_key *exact(const struct search *s, enum vpdn_key_kind kind, const char *value)
{
	const struct vpdn_key *k = *value ? vpdn_config_find(s->c, kind, value) : NULL;

	return k && !k->pattern ? k : NULL;
}

/* ---- line ---- */

/* What a line is known by: with `prefix`, or, in a value without one, as it is. */
struct line_part {
	const char *what, *prefix, *value;
};

#define LINE_PARTS	4u

static const struct vpdn_key *exact_part(const struct search *s, const struct line_part *p)
{
	char text[VPDN_QUESTION_MAX + 16];
	const struct vpdn_key *k;

	/* A circuit id is not to pass for a remote id by beginning like one in vpdn.conf. */
	k = vpdn_line_prefix(p->value) ? NULL : exact(s, VPDN_KEY_LINE, p->value);
	if (k || !*p->prefix || !*p->value)
		return k;
	snprintf(text, sizeof(text), "%s%s", p->prefix, p->value);
	return exact(s, VPDN_KEY_LINE, text);
}

static bool pattern_fits(const struct vpdn_key *k, const struct line_part *p)
{
	size_t n = vpdn_line_prefix(k->value);

	return *p->value && strlen(p->prefix) == n && !strncasecmp(k->value, p->prefix, n) &&
	       !fnmatch(k->value + n, p->value, FNM_CASEFOLD);
}

static const struct vpdn_key *select_line(struct search *s)
{
	const struct vpdn_question *q = s->q;
	const struct line_part parts[LINE_PARTS] = {
		{ "line: interface", "", q->interface }, { "line: Ethernet address", "", q->mac },
		{ "line: circuit id", VPDN_LINE_CIRCUIT, q->circuit_id }, { "line: remote id", VPDN_LINE_REMOTE, q->remote_id },
	};
	const struct vpdn_key *k;

	for (size_t i = 0; i < LINE_PARTS; i++) {
		k = *parts[i].value ? found(s, parts[i].what, parts[i].value, exact_part(s, &parts[i])) : NULL;
		if (k)
			return k;
	}
	TAILQ_FOREACH(k, &s->c->line_patterns, of_patterns)
		for (size_t i = 0; i < LINE_PARTS; i++)
			if (pattern_fits(k, &parts[i]))
				return found(s, parts[i].what, parts[i].value, k);
	if (!TAILQ_EMPTY(&s->c->line_patterns))
		vpdn_trace_add(s->t, "line: no pattern of a vpdn-group fits");
	return NULL;
}

/* ---- DNIS ---- */

static const struct vpdn_key *select_dnis(struct search *s)
{
	char what[64];

	snprintf(what, sizeof(what), "dnis%s%s:", s->q->dnis_from ? " from " : "", s->q->dnis_from ? s->q->dnis_from : "");
	return found(s, what, s->q->dnis, exact(s, VPDN_KEY_DNIS, s->q->dnis));
}

/* ---- domain ---- */

/* "*.b.example.com", "*.example.com", "*.com" for a.b.example.com. */
static const struct vpdn_key *wildcard(const struct search *s, const char *domain)
{
	char text[VPDN_QUESTION_MAX + 2];
	const struct vpdn_key *k;

	for (const char *dot = strchr(domain, '.'); dot; dot = strchr(dot + 1, '.')) {
		snprintf(text, sizeof(text), "*%s", dot);
		k = dot == domain ? NULL : vpdn_config_find(s->c, VPDN_KEY_DOMAIN, text);
		if (k && k->pattern)
			return k;
	}
	return NULL;
}

static const struct vpdn_key *select_domain(struct search *s)
{
	const char *domain = s->q->domain;
	const struct vpdn_key *k = exact(s, VPDN_KEY_DOMAIN, domain);

	return found(s, "domain", domain, k ? k : wildcard(s, domain));
}

const struct vpdn_key *vpdn_select_local(const struct vpdn_config *c, const struct vpdn_question *q, enum vpdn_key_kind kind,
					 struct vpdn_trace *t)
{
	static const struct vpdn_key *(*const by[VPDN_KEY_KINDS])(struct search *s) = {
		[VPDN_KEY_LINE] = select_line, [VPDN_KEY_DNIS] = select_dnis, [VPDN_KEY_DOMAIN] = select_domain,
	};
	struct search s = { c, q, t };

	return by[kind](&s);
}
