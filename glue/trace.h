/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trace.h - how something was decided, line by line, for people: select.c and calls write it,
 * `vpdnctl explain` and `vpdnctl show session` show it. Bounded: what does not fit any more is left out,
 * and the last line says so.
 */
#ifndef VPDN_TRACE_H
#define VPDN_TRACE_H

#include <stddef.h>

/* All zero: empty. */
struct vpdn_trace {
	char *text;		/* lines, each with its '\n'; NULL: none */
	size_t len;
};

/* Adds a line. What a subscriber or peer said must have been escaped. Without memory it is left out. */
void vpdn_trace_add(struct vpdn_trace *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The next line, without its end, and its length in *len; `*at` starts at 0. NULL at the end. */
const char *vpdn_trace_next(const struct vpdn_trace *t, size_t *at, size_t *len);

void vpdn_trace_free(struct vpdn_trace *t);

#endif
