/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * text.h - building one line for a log or for `show` in a bounded buffer,
 * making octets of a peer fit to be printed, lists of words, and secret texts.
 *
 * All printing functions of lib use it; so may everybody who logs what came from
 * the network.
 */
#ifndef VPDN_TEXT_H
#define VPDN_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* A line under construction: always NUL-terminated, cut where the room ends. */
struct vpdn_text {
	char *buf;
	size_t size;
	size_t len;	/* without the NUL */
};

/* Starts an empty line in `buf`, size > 0. */
void vpdn_text_init(struct vpdn_text *t, char *buf, size_t size);

void vpdn_text_add(struct vpdn_text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Appends octets in lower-case hex. */
void vpdn_text_add_hex(struct vpdn_text *t, const void *p, size_t len);

/* Appends octets of a peer: printable ASCII except `"` and `\` as it is, all else
 * as \xHH; cut at whole escapes. */
void vpdn_text_add_escaped(struct vpdn_text *t, const void *p, size_t len);

/* vpdn_text_add_escaped() into a buffer of its own.  Returns buf. */
char *vpdn_text_escape(const void *p, size_t len, char *buf, size_t size);

/* The words of an enum, in its order and with NULL behind the last: the index of `word` among them, or -1. */
int vpdn_text_word(const char *const *words, const char *word);

/* Appends them as "one, two, three". */
void vpdn_text_add_words(struct vpdn_text *t, const char *const *words);

/* Wipes and frees a secret; NULL is fine. */
void vpdn_text_wipe(char *secret);

#endif
