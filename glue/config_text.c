/* SPDX-License-Identifier: GPL-2.0-or-later */
/* config_text.c - see config_text.h. */
#include "config_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config_value.h"

#define FILE_MAX	(4u * 1024 * 1024)

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

char *vpdn_config_text(FILE *f, int *rc)
{
	static const char at_end[] = "\n" VPDN_CONFIG_AT_END " = 0\n";
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
