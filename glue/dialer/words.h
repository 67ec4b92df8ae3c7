/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * words.h - argument vectors from lists of TLVs, with the number put in, and which numbers may be put in.
 *
 * Numbers come from an LNS. They become part of what a modem, chat(8), an access concentrator or a program reads, so only
 * characters that mean nothing to any of these but themselves are let through. There is never a shell.
 */
#ifndef VPDN_DIALER_WORDS_H
#define VPDN_DIALER_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc.h"

/*
 * True for a number, or sub-address, that may be dialled. `modem`: digits, `*`, `#`, `A` to `D`, and the marks `+`, `-`, `.`
 * and `,` (a pause). Otherwise also other letters and `@`, `:`, `_`, but no leading `-`, which a program would take for an option.
 */
bool vpdn_number_dialable(const char *number, bool modem);

struct vpdn_words {
	char **v;	/* ends with NULL once something was added */
	size_t n;
	bool bad;	/* out of memory, or a word held a NUL */
};

/* Appends a copy of a word. */
void vpdn_words_add(struct vpdn_words *w, const char *word);
/* printf into a word. */
void vpdn_words_addf(struct vpdn_words *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Appends the words of a list TLV; %n in them becomes `number`, %% a single %. */
void vpdn_words_add_list(struct vpdn_words *w, const struct vpdn_ipc_msg *m, uint16_t tlv, const char *number);
/* The same for one word. */
void vpdn_words_add_with(struct vpdn_words *w, const void *word, size_t len, const char *number);
/* Safe to repeat. */
void vpdn_words_free(struct vpdn_words *w);

#endif
