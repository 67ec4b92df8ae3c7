/* SPDX-License-Identifier: GPL-2.0-or-later */
/* options.h - vpdn-load's command lines: tables of options for main.c and inject.c. */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_kind {
	OPTION_FLAG,		/* bool */
	OPTION_NUMBER,		/* unsigned int, min to max */
	OPTION_SECONDS,		/* int64_t ns, a decimal fraction allowed; "-" is -1 where min is -1 */
	OPTION_MS,		/* int64_t ns */
	OPTION_TEXT,		/* const char * */
	OPTION_SECRET_FILE,	/* const char *: the file's first line, in memory that stays */
	OPTION_ADDRESS,		/* struct in_addr */
	OPTION_MAC,		/* uint8_t[6] */
	OPTION_CALL,		/* `call` is called with the word */
};

struct option_row {
	const char *name;	/* "--calls" */
	const char *letter;	/* "-n"; NULL */
	enum option_kind kind;
	size_t offset;		/* into the object that is filled */
	long min, max;
	bool (*call)(void *object, const char *word);
};

/* Reads argv[0..argc), all of it options. False: said on standard error what is wrong. */
bool options_read(const struct option_row *rows, size_t n, void *object, int argc, char **argv);

bool option_number(const char *word, long min, long max, long *v);
bool option_mac(const char *word, uint8_t mac[6]);

#endif
