/* SPDX-License-Identifier: GPL-2.0-or-later */
/* text.c - bounded lines for logs, see text.h. */
#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void vpdn_text_init(struct vpdn_text *t, char *buf, size_t size)
{
	t->buf = buf;
	t->size = size;
	t->len = 0;
	buf[0] = '\0';
}

void vpdn_text_add(struct vpdn_text *t, const char *fmt, ...)
{
	size_t room = t->size - t->len;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->buf + t->len, room, fmt, ap);
	va_end(ap);
	if (n > 0)
		t->len += (size_t)n < room ? (size_t)n : room - 1;
}

/* All or nothing, so that no escape is cut in two. */
static int add_whole(struct vpdn_text *t, const char *s, size_t n)
{
	if (n >= t->size - t->len)
		return 0;
	memcpy(t->buf + t->len, s, n);
	t->len += n;
	t->buf[t->len] = '\0';
	return 1;
}

void vpdn_text_add_hex(struct vpdn_text *t, const void *p, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *s = p;
	size_t i;

	for (i = 0; i < len; i++) {
		char two[2] = { digits[s[i] >> 4], digits[s[i] & 15] };

		if (!add_whole(t, two, 2))
			return;
	}
}

void vpdn_text_add_escaped(struct vpdn_text *t, const void *p, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *s = p;
	size_t i;

	for (i = 0; i < len; i++) {
		char four[4] = { '\\', 'x', digits[s[i] >> 4], digits[s[i] & 15] };
		char one = (char)s[i];
		int plain = s[i] >= 0x20 && s[i] < 0x7f && s[i] != '"' && s[i] != '\\';

		if (!(plain ? add_whole(t, &one, 1) : add_whole(t, four, 4)))
			return;
	}
}

char *vpdn_text_escape(const void *p, size_t len, char *buf, size_t size)
{
	struct vpdn_text t;

	vpdn_text_init(&t, buf, size);
	vpdn_text_add_escaped(&t, p, len);
	return buf;
}

int vpdn_text_word(const char *const *words, const char *word)
{
	for (int i = 0; words[i]; i++)
		if (!strcmp(words[i], word))
			return i;
	return -1;
}

void vpdn_text_add_words(struct vpdn_text *t, const char *const *words)
{
	for (size_t i = 0; words[i]; i++)
		vpdn_text_add(t, "%s%s", i ? ", " : "", words[i]);
}

void vpdn_text_wipe(char *secret)
{
	if (secret)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}
