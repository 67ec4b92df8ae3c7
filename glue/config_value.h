/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config_value.h - what each setting of vpdn.conf may be: one row a setting, and the
 * readers of its values. Pure; config_parse.c checks every value by it the moment it is
 * read, config_group.c and config_dialer.c take the values that passed.
 */
#ifndef VPDN_CONFIG_VALUE_H
#define VPDN_CONFIG_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"

#define VPDN_CONFIG_ROOT	"root"
/* libConfuse takes a file that ends inside a block; this, put behind the end, must then be met in that block. */
#define VPDN_CONFIG_AT_END	"end-of-file"

struct vpdn_setting {
	const char *section, *key;
	/* NULL when the value is right, else what is allowed. */
	const char *(*check)(const struct vpdn_setting *s, const char *value);
	uint32_t min, max;		/* of numbers */
	int key_kind;			/* enum vpdn_key_kind of what a group is chosen by; -1: not such */
};

/* The row, or NULL when there is no such setting. */
const struct vpdn_setting *vpdn_setting_find(const char *section, const char *key);
bool vpdn_setting_is_secret(const struct vpdn_setting *s);
bool vpdn_setting_is_search_order(const struct vpdn_setting *s);
bool vpdn_setting_is_sources(const struct vpdn_setting *s);

/* What is allowed for a title, or NULL when it is right. */
const char *vpdn_value_check_title(const char *value);
const char *vpdn_value_check_ip4(const char *value);

/* False when the text is no such value. */
bool vpdn_value_u32(const char *s, uint32_t min, uint32_t max, uint32_t *v);
bool vpdn_value_ip4(const char *s, struct in_addr *a);
bool vpdn_value_source(const char *s, struct vpdn_source *src);
/* enum vpdn_key_kind, or -1. */
int vpdn_value_key_kind(const char *s);
/* enum vpdn_source_kind, or -1. */
int vpdn_value_source_kind(const char *s);
/* AVPs 18 and 19 (RFC 2661 4.4.4): 0 for what is none of VPDN_BEARERS, VPDN_FRAMINGS. */
#define VPDN_BEARERS	"digital, analogue, any"
#define VPDN_FRAMINGS	"synchronous, asynchronous, any"
uint32_t vpdn_value_bearer(const char *s);
uint32_t vpdn_value_framing(const char *s);

#endif
