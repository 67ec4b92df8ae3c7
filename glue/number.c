/* SPDX-License-Identifier: GPL-2.0-or-later */
/* number.c - see number.h. */
#include "number.h"

#include <fnmatch.h>
#include <string.h>

#include "text.h"

/* A number under construction has room for one octet too many, which shows that it does not fit. */
#define ROOM	(VPDN_NUMBER_MAX + 2)

bool vpdn_number_get(const struct vpdn_ipc_msg *m, char buf[VPDN_NUMBER_MAX + 1])
{
	bool good = vpdn_ipc_get_text(m, VPDN_TLV_CALLED_NUMBER, buf, VPDN_NUMBER_MAX + 1) && *buf;

	for (const char *s = buf; good && *s; s++)
		good = *s >= ' ' && *s < 0x7f;
	if (!good)
		*buf = '\0';
	return good;
}

static bool take(const struct vpdn_text *t, char buf[VPDN_NUMBER_MAX + 1])
{
	if (!t->len || t->len > VPDN_NUMBER_MAX)
		return false;
	memcpy(buf, t->buf, t->len + 1);
	return true;
}

static void add(struct vpdn_text *t, const char *s, size_t n)
{
	vpdn_text_add(t, "%.*s", (int)n, s);
}

/* What the pattern has matched is replaced, where `\\1` is its first part. */
static void replace(struct vpdn_text *t, const struct vpdn_number *n, const char *number, const regmatch_t *part)
{
	add(t, number, (size_t)part[0].rm_so);
	for (const char *s = n->replace; *s; s++) {
		const regmatch_t *p;

		if (*s != '\\') {
			add(t, s, 1);
			continue;
		}
		p = &part[*++s - '0'];
		if (p->rm_so >= 0)
			add(t, number + p->rm_so, (size_t)(p->rm_eo - p->rm_so));
	}
	vpdn_text_add(t, "%s", number + part[0].rm_eo);
}

bool vpdn_number_translate(const struct vpdn_group *g, const char *number, char buf[VPDN_NUMBER_MAX + 1])
{
	regmatch_t part[VPDN_PARTS_MAX];
	char text[ROOM];
	struct vpdn_text t;

	vpdn_text_init(&t, text, sizeof(text));
	for (size_t i = 0; i < g->n_numbers; i++) {
		if (regexec(&g->numbers[i].ere.re, number, VPDN_PARTS_MAX, part, 0))
			continue;
		replace(&t, &g->numbers[i], number, part);
		return take(&t, buf);
	}
	vpdn_text_add(&t, "%s", number);
	return take(&t, buf);
}

const struct vpdn_dial *vpdn_number_dialer(const struct vpdn_group *g, const char *number, char buf[VPDN_NUMBER_MAX + 1])
{
	char text[ROOM];
	struct vpdn_text t;

	vpdn_text_init(&t, text, sizeof(text));
	for (size_t i = 0; i < g->n_dials; i++) {
		const char *s = g->dials[i].replace ? g->dials[i].replace : "%n", *n;

		if (fnmatch(g->dials[i].pattern, number, 0))
			continue;
		for (; (n = strstr(s, "%n")); s = n + 2) {
			add(&t, s, (size_t)(n - s));
			vpdn_text_add(&t, "%s", number);
		}
		vpdn_text_add(&t, "%s", s);
		return take(&t, buf) ? &g->dials[i] : NULL;
	}
	return NULL;
}
