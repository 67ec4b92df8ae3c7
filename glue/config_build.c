/* SPDX-License-Identifier: GPL-2.0-or-later */
/* config_build.c - takes values out of a section that was read; see config_build.h. */
#include "config_build.h"

#include <stdlib.h>
#include <string.h>

#include "config_value.h"

uint32_t vpdn_parse_u32(cfg_t *sec, const char *key, uint32_t otherwise)
{
	const char *s = cfg_getstr(sec, key);
	uint32_t v;

	return s && vpdn_value_u32(s, 0, UINT32_MAX, &v) ? v : otherwise;
}

bool vpdn_parse_ip4(cfg_t *sec, const char *key, struct in_addr *a)
{
	const char *s = cfg_getstr(sec, key);

	return s && vpdn_value_ip4(s, a);
}

bool vpdn_parse_bool(cfg_t *sec, const char *key, bool otherwise)
{
	const char *s = cfg_getstr(sec, key);

	return s ? !strcmp(s, "true") : otherwise;
}

int vpdn_parse_string(cfg_t *sec, const char *key, char **out)
{
	const char *s = cfg_getstr(sec, key);

	if (s && !(*out = strdup(s)))
		return vpdn_parse_fail_memory();
	return 0;
}

int vpdn_parse_strings(cfg_t *sec, const char *key, struct vpdn_strings *out)
{
	size_t n = cfg_size(sec, key);

	out->v = calloc(n ? n : 1, sizeof(char *));
	if (!out->v)
		return vpdn_parse_fail_memory();
	for (size_t i = 0; i < n; i++, out->n++) {
		out->v[i] = strdup(cfg_getnstr(sec, key, (unsigned int)i));
		if (!out->v[i])
			return vpdn_parse_fail_memory();
	}
	return 0;
}

int vpdn_parse_ere(cfg_t *sec, const char *what, const char *pattern, struct vpdn_ere *ere)
{
	char text[128];
	int rc = regcomp(&ere->re, pattern, REG_EXTENDED);

	ere->compiled = !rc;
	if (!rc)
		return 0;
	regerror(rc, &ere->re, text, sizeof(text));
	return vpdn_parse_fail(sec, "%s: wrong pattern \"%s\": %s; allowed: a POSIX extended regular expression", what, pattern, text);
}
