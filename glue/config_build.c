/* SPDX-License-Identifier: GPL-2.0-or-later */
/* config_build.c - the complaint about a file, and values out of a section that was read; see config_build.h. */
#include "config_build.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_value.h"

/* Of the file that is being read: libConfuse hands no pointer of ours to its error function. */
static struct {
	const char *path;
	char *err;
	size_t size;
	int rc;
} complaint;

void vpdn_parse_begin(const char *path, char *err, size_t size)
{
	complaint.path = path;
	complaint.err = err;
	complaint.size = size;
	complaint.rc = 0;
}

int vpdn_parse_result(void)
{
	return complaint.rc;
}

void vpdn_parse_complain(cfg_t *cfg, const char *fmt, va_list ap)
{
	size_t n;

	if (complaint.rc || !fmt)
		return;
	complaint.rc = -EINVAL;
	snprintf(complaint.err, complaint.size, "%s:%d: ", complaint.path, cfg->line);
	n = strlen(complaint.err);
	vsnprintf(complaint.err + n, complaint.size - n, fmt, ap);
	/* A value may have line ends in it; the complaint has one line. */
	for (char *c = complaint.err + n; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	if (strstr(complaint.err + n, "'" VPDN_CONFIG_AT_END "'")) {
		snprintf(complaint.err + n, complaint.size - n, "the file ends inside of %s; needed: }", cfg->name);
		return;
	}
	if (!strncmp(fmt, "no such option", 14)) {
		for (const cfg_opt_t *o = cfg->opts; o->name && strcmp(o->name, VPDN_CONFIG_AT_END); o++) {
			n = strlen(complaint.err);
			snprintf(complaint.err + n, complaint.size - n, "%s%s", o == cfg->opts ? "; allowed here: " : ", ", o->name);
		}
	}
}

int vpdn_parse_fail(cfg_t *cfg, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vpdn_parse_complain(cfg, fmt, ap);
	va_end(ap);
	return -1;
}

int vpdn_parse_fail_memory(void)
{
	if (!complaint.rc)
		complaint.rc = -ENOMEM;
	return -1;
}

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
