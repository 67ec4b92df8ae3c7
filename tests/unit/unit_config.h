/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * unit_config.h - a configuration from text, for tests of the parser (test_config*.c) and for those that look at what
 * vpdnd decides by it.
 */
#ifndef VPDN_UNIT_CONFIG_H
#define VPDN_UNIT_CONFIG_H

#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "glue/config.h"

/* vpdn_config_load() of a file with that text; a complaint begins behind the file's name: ":LINE: ...". */
static inline int config_load(const char *text, struct vpdn_config **c, char *err, size_t size)
{
	char path[] = "/tmp/vpdn-test-config-XXXXXX";
	int fd = mkstemp(path), rc;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	*c = NULL;
	*err = '\0';
	rc = vpdn_config_load(path, c, err, size);
	unlink(path);
	if (!strncmp(err, path, strlen(path)))
		memmove(err, err + strlen(path), strlen(err + strlen(path)) + 1);
	return rc;
}

/* vpdn_config_put() ends it. The test fails when the text is wrong. */
static inline struct vpdn_config *config(const char *text)
{
	struct vpdn_config *c;
	char err[1024];

	if (config_load(text, &c, err, sizeof(err)))
		fail_msg("%s", err);
	return c;
}

#endif
