/* SPDX-License-Identifier: GPL-2.0-or-later */
/* words.c - see words.h. */
#include "words.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS		"0123456789"
#define UPPER		"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define LOWER		"abcdefghijklmnopqrstuvwxyz"
#define MARKS		"*#+-.,"

bool vpdn_number_dialable(const char *number, bool modem)
{
	const char *taken = modem ? DIGITS "ABCDabcd" MARKS : DIGITS UPPER LOWER MARKS "@:_";

	return *number && number[strspn(number, taken)] == '\0' && (modem || *number != '-');
}

/* Takes ownership of `word`. */
static void append(struct vpdn_words *w, char *word)
{
	char **v = word && !w->bad ? reallocarray(w->v, w->n + 2, sizeof(*v)) : NULL;

	if (!v) {
		free(word);
		w->bad = true;
		return;
	}
	w->v = v;
	w->v[w->n++] = word;
	w->v[w->n] = NULL;
}

void vpdn_words_add(struct vpdn_words *w, const char *word)
{
	append(w, strdup(word));
}

void vpdn_words_addf(struct vpdn_words *w, const char *fmt, ...)
{
	char *word;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&word, fmt, ap) < 0)
		word = NULL;
	va_end(ap);
	append(w, word);
}

void vpdn_words_add_with(struct vpdn_words *w, const void *word, size_t len, const char *number)
{
	const char *in = word, *end = in + len;
	char *out, *o;

	/* Each two octets of the word become the number at most. */
	out = o = memchr(word, '\0', len) ? NULL : malloc(len + len / 2 * strlen(number) + 1);
	while (o && in < end) {
		if (*in == '%' && in + 1 < end && in[1] == 'n') {
			o = stpcpy(o, number);
			in += 2;
		} else {
			if (*in == '%' && in + 1 < end && in[1] == '%')
				in++;
			*o++ = *in++;
		}
	}
	if (o)
		*o = '\0';
	append(w, out);
}

void vpdn_words_add_list(struct vpdn_words *w, const struct vpdn_ipc_msg *m, uint16_t tlv, const char *number)
{
	struct vpdn_ipc_iter it;
	const uint8_t *p;
	size_t len;

	vpdn_ipc_iter_init(&it, m);
	while (vpdn_ipc_next_of(&it, tlv, &p, &len))
		vpdn_words_add_with(w, p, len, number);
}

void vpdn_words_free(struct vpdn_words *w)
{
	for (size_t i = 0; i < w->n; i++)
		free(w->v[i]);
	free(w->v);
	*w = (struct vpdn_words){ 0 };
}
