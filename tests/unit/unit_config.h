/* SPDX-License-Identifier: GPL-2.0-or-later */
/* unit_config.h - a configuration from text, for tests that look at what vpdnd decides by it. */
#ifndef VPDN_UNIT_CONFIG_H
#define VPDN_UNIT_CONFIG_H

#include "unit.h"

#include <stdio.h>
#include <unistd.h>

#include "glue/config.h"

/* vpdn_config_put() ends it. The test fails when the text is wrong. */
static inline struct vpdn_config *config(const char *text)
{
	char path[] = "/tmp/vpdn-test-config-XXXXXX", err[1024];
	struct vpdn_config *c = NULL;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	if (vpdn_config_load(path, &c, err, sizeof(err)))
		fail_msg("%s", err);
	unlink(path);
	return c;
}

#endif
