/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vpdnctl_print.c - see vpdnctl_print.h. */
#include "vpdnctl_print.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define CELL_MAX	256u
#define COLUMNS_MAX	10u

const char *vpdnctl_text_of(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "-";
}

/* ---- cells ---- */

void vpdnctl_cell_text(const json_t *row, const char *key, const char *key2, char *buf, size_t size)
{
	(void)key2;
	snprintf(buf, size, "%s", vpdnctl_text_of(row, key));
}

void vpdnctl_cell_number(const json_t *row, const char *key, const char *key2, char *buf, size_t size)
{
	const json_t *v = json_object_get(row, key);

	(void)key2;
	if (json_is_integer(v))
		snprintf(buf, size, "%lld", (long long)json_integer_value(v));
	else
		snprintf(buf, size, "-");
}

void vpdnctl_cell_pair(const json_t *row, const char *key, const char *key2, char *buf, size_t size)
{
	char a[32], b[32];

	vpdnctl_cell_number(row, key, NULL, a, sizeof(a));
	vpdnctl_cell_number(row, key2, NULL, b, sizeof(b));
	snprintf(buf, size, "%s/%s", a, b);
}

void vpdnctl_cell_named(const json_t *row, const char *key, const char *key2, char *buf, size_t size)
{
	if (json_is_string(json_object_get(row, key)))
		snprintf(buf, size, "%s (%s)", vpdnctl_text_of(row, key), vpdnctl_text_of(row, key2));
	else
		snprintf(buf, size, "%s", vpdnctl_text_of(row, key2));
}

void vpdnctl_cell_age(const json_t *row, const char *key, const char *key2, char *buf, size_t size)
{
	unsigned long long s = (unsigned long long)json_integer_value(json_object_get(row, key));

	(void)key2;
	if (s >= 2 * 86400)
		snprintf(buf, size, "%llud%02lluh", s / 86400, s % 86400 / 3600);
	else
		snprintf(buf, size, "%02llu:%02llu:%02llu", s / 3600, s % 3600 / 60, s % 60);
}

void vpdnctl_cell_state(const json_t *row, const char *key, const char *key2, char *buf, size_t size)
{
	long long dead_s = json_integer_value(json_object_get(row, key2));

	if (dead_s)
		snprintf(buf, size, "%s%sdead for %lld s", strcmp(vpdnctl_text_of(row, key), "dead") ? vpdnctl_text_of(row, key) : "",
			 strcmp(vpdnctl_text_of(row, key), "dead") ? ", " : "", dead_s);
	else
		snprintf(buf, size, "%s", vpdnctl_text_of(row, key));
}

/* ---- tables ---- */

static void print_line(const struct vpdnctl_column *c, const size_t *width, const json_t *row, const char *indent)
{
	char cell[CELL_MAX];

	fputs(indent, stdout);
	for (size_t i = 0; c[i].title; i++) {
		if (row)
			c[i].cell(row, c[i].key, c[i].key2, cell, sizeof(cell));
		else
			snprintf(cell, sizeof(cell), "%s", c[i].title);
		if (c[i].right)
			printf("%*s", (int)width[i], cell);
		else if (c[i + 1].title)
			printf("%-*s", (int)width[i], cell);
		else
			fputs(cell, stdout);
		if (c[i + 1].title)
			fputs("  ", stdout);
	}
	putchar('\n');
}

void vpdnctl_print_table(const struct vpdnctl_column *c, const json_t *rows, const char *indent)
{
	size_t width[COLUMNS_MAX] = { 0 }, i;
	char cell[CELL_MAX];
	const json_t *row;

	for (size_t k = 0; c[k].title; k++) {
		width[k] = strlen(c[k].title);
		json_array_foreach(rows, i, row) {
			c[k].cell(row, c[k].key, c[k].key2, cell, sizeof(cell));
			if (strlen(cell) > width[k])
				width[k] = strlen(cell);
		}
	}
	print_line(c, width, NULL, indent);
	json_array_foreach(rows, i, row)
		print_line(c, width, row, indent);
}

void vpdnctl_print_words(const char *name, const json_t *list)
{
	const json_t *v;
	size_t i;

	json_array_foreach(list, i, v)
		printf("%s%s", i ? ", " : name, json_string_value(v));
	if (json_array_size(list))
		putchar('\n');
}

void vpdnctl_field(const char *name, const char *fmt, ...)
{
	va_list ap;

	printf("  %-11s ", name);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

void vpdnctl_print_lines(const char *name, const json_t *lines)
{
	const json_t *line;
	size_t i;

	json_array_foreach(lines, i, line)
		vpdnctl_field(i ? "" : name, "%s", json_string_value(line));
}

void vpdnctl_optional(const json_t *o, const char *name, const char *key)
{
	if (json_is_string(json_object_get(o, key)))
		vpdnctl_field(name, "%s", vpdnctl_text_of(o, key));
}
