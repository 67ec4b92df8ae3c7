/* SPDX-License-Identifier: GPL-2.0-or-later */
/* options.c - see options.h. */
#include "options.h"

#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loop.h"

bool option_number(const char *word, long min, long max, long *v)
{
	char *end;

	errno = 0;
	*v = strtol(word, &end, 10);
	return !errno && end != word && !*end && *v >= min && *v <= max;
}

bool option_mac(const char *word, uint8_t mac[6])
{
	unsigned int m[6];
	int end = 0;

	if (sscanf(word, "%2x:%2x:%2x:%2x:%2x:%2x%n", &m[0], &m[1], &m[2], &m[3], &m[4], &m[5], &end) != 6 || word[end])
		return false;
	for (int i = 0; i < 6; i++)
		mac[i] = (uint8_t)m[i];
	return true;
}

static bool seconds(const char *word, long min, int64_t *ns)
{
	char *end;
	double v;

	if (min == -1 && !strcmp(word, "-")) {
		*ns = -1;
		return true;
	}
	v = strtod(word, &end);
	if (end == word || *end || !(v >= 0 && v <= 1e6))
		return false;
	*ns = llround(v * NS_PER_S);
	return true;
}

/* Secrets are not for command lines, which everybody sees. */
static const char *secret_file(const char *path)
{
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;

	if (!f || getline(&line, &room, f) < 0) {
		fprintf(stderr, "vpdn-load: %s: %s\n", path, f && !ferror(f) ? "empty" : strerror(errno));
		free(line);
		line = NULL;
	}
	if (line)
		line[strcspn(line, "\n")] = '\0';
	if (f)
		fclose(f);
	return line;
}

static bool take(const struct option_row *row, void *object, const char *word)
{
	void *at = (char *)object + row->offset;
	long v;

	switch (row->kind) {
	case OPTION_FLAG:
		return *(bool *)at = true;
	case OPTION_NUMBER:
		if (!option_number(word, row->min, row->max, &v))
			return false;
		*(unsigned int *)at = (unsigned int)v;
		return true;
	case OPTION_SECONDS:
		return seconds(word, row->min, at);
	case OPTION_MS:
		if (!option_number(word, row->min, row->max, &v))
			return false;
		*(int64_t *)at = v * NS_PER_MS;
		return true;
	case OPTION_TEXT:
		*(const char **)at = word;
		return true;
	case OPTION_SECRET_FILE:
		return (*(const char **)at = secret_file(word));
	case OPTION_ADDRESS:
		return inet_pton(AF_INET, word, at) == 1;
	case OPTION_MAC:
		return option_mac(word, at);
	case OPTION_CALL:
		return row->call(object, word);
	}
	return false;
}

bool options_read(const struct option_row *rows, size_t n, void *object, int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		const struct option_row *row = NULL;
		const char *word = NULL;

		for (size_t k = 0; k < n && !row; k++)
			if (!strcmp(argv[i], rows[k].name) || (rows[k].letter && !strcmp(argv[i], rows[k].letter)))
				row = &rows[k];
		if (!row) {
			fprintf(stderr, "vpdn-load: unknown option %s (--help lists them)\n", argv[i]);
			return false;
		}
		if (row->kind != OPTION_FLAG) {
			if (i + 1 == argc) {
				fprintf(stderr, "vpdn-load: %s wants a value\n", row->name);
				return false;
			}
			word = argv[++i];
		}
		if (!take(row, object, word)) {
			fprintf(stderr, "vpdn-load: %s %s: not a value of this option (--help says what is)\n", row->name, word);
			return false;
		}
	}
	return true;
}
