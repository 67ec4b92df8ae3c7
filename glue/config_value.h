/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config_value.h - the grammar of vpdn.conf: one row a setting or a block, in which block it stands and what it may be; and
 * the readers of values. Pure; config_parse.c makes libConfuse's tables of it and checks every value by it the moment it is
 * read, the files that build what was read (config_build.h) take the values that passed.
 */
#ifndef VPDN_CONFIG_VALUE_H
#define VPDN_CONFIG_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"

#define VPDN_CONFIG_ROOT	"root"
/* libConfuse takes a file that ends inside a block; this, put behind the end, must then be met in that block. */
#define VPDN_CONFIG_AT_END	"end-of-file"

enum vpdn_setting_form {
	VPDN_VALUE,
	VPDN_LIST,
	VPDN_BLOCK,		/* once */
	VPDN_TITLED_BLOCK,	/* once for each title */
};

struct vpdn_setting {
	const char *section, *key;
	enum vpdn_setting_form form;
	/* NULL when a value, or a title, is right, else what is allowed; till the next check. Itself NULL: anything is. */
	const char *(*check)(const struct vpdn_setting *s, const char *value);
	uint32_t min, max;		/* of numbers, and of the length of texts */
	const char *const *words;	/* that are allowed, NULL behind the last; each of them once in a list */
};

/* The i-th row; NULL behind the last. */
const struct vpdn_setting *vpdn_setting_at(size_t i);
/* The row, or NULL when there is no such setting. */
const struct vpdn_setting *vpdn_setting_find(const char *section, const char *key);
bool vpdn_setting_is_secret(const struct vpdn_setting *s);
bool vpdn_setting_is_address(const struct vpdn_setting *s);
/* enum vpdn_key_kind of what a group is chosen by, or -1. */
int vpdn_setting_key_kind(const struct vpdn_setting *s);

/* What is allowed for the address of a host, or NULL when it is right. */
const char *vpdn_value_check_ip4(const char *value);

/* False when the text is no such value. */
bool vpdn_value_u32(const char *s, uint32_t min, uint32_t max, uint32_t *v);
bool vpdn_value_ip4(const char *s, struct in_addr *a);
bool vpdn_value_source(const char *s, struct vpdn_source *src);
/* AVPs 18 and 19 (RFC 2661 4.4.4): 0 for what is no such word. */
uint32_t vpdn_value_bearer(const char *s);
uint32_t vpdn_value_framing(const char *s);

#endif
