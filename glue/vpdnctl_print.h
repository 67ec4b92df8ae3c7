/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vpdnctl_print.h - what the tables of vpdnctl are made of, for vpdnctl_table.c and
 * vpdnctl_group.c. A table is a list of columns, each with a title and a way to
 * make a cell of a JSON object; widths come from the contents.
 */
#ifndef VPDNCTL_PRINT_H
#define VPDNCTL_PRINT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Makes a cell of members of `row`. */
typedef void vpdnctl_cell_fn(const json_t *row, const char *key, const char *key2, char *buf, size_t size);

struct vpdnctl_column {
	const char *title;		/* NULL: the end */
	bool right;			/* numbers */
	vpdnctl_cell_fn *cell;
	const char *key, *key2;
};

/* A string's text; "-" for what is none. */
const char *vpdnctl_text_of(const json_t *o, const char *key);

vpdnctl_cell_fn vpdnctl_cell_text, vpdnctl_cell_number;
/* "5/9": ours and the peer's number; "LNS (192.0.2.2)"; "03:12:07", "2d03h". */
vpdnctl_cell_fn vpdnctl_cell_pair, vpdnctl_cell_named, vpdnctl_cell_age;
/* Of a peer: "ready", "dead for 12 s". */
vpdnctl_cell_fn vpdnctl_cell_state;

void vpdnctl_print_table(const struct vpdnctl_column *c, const json_t *rows, const char *indent);
/* "draining: 192.0.2.2, 192.0.2.3", when there are any. */
void vpdnctl_print_words(const char *name, const json_t *list);
/* A line of a description: name and text; several, the first one with the name; a member that is a string, or nothing. */
void vpdnctl_field(const char *name, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void vpdnctl_print_lines(const char *name, const json_t *lines);
void vpdnctl_optional(const json_t *o, const char *name, const char *key);

#endif
