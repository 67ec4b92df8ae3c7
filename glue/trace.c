/* SPDX-License-Identifier: GPL-2.0-or-later */
/* trace.c - see trace.h. */
#include "trace.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_LEN	512u
#define TRACE_MAX	4096u
#define CUT		"(further steps are not kept)"

static void append(struct vpdn_trace *t, const char *line, size_t n)
{
	char *grown = realloc(t->text, t->len + n + 1);

	if (!grown)
		return;
	memcpy(grown + t->len, line, n);
	grown[t->len + n] = '\n';
	t->text = grown;
	t->len += n + 1;
}

void vpdn_trace_add(struct vpdn_trace *t, const char *fmt, ...)
{
	char line[LINE_MAX_LEN];
	va_list ap;
	size_t n;

	if (t->len >= TRACE_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	n = strlen(line);
	append(t, line, n);
	if (t->len >= TRACE_MAX)
		append(t, CUT, sizeof(CUT) - 1);
}

const char *vpdn_trace_next(const struct vpdn_trace *t, size_t *at, size_t *len)
{
	const char *line = t->text + *at;

	if (*at >= t->len)
		return NULL;
	*len = (size_t)((const char *)memchr(line, '\n', t->len - *at) - line);
	*at += *len + 1;
	return line;
}

void vpdn_trace_free(struct vpdn_trace *t)
{
	free(t->text);
	*t = (struct vpdn_trace){ 0 };
}
