/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * environment.c - a plugin that says, when pppd leaves, what its scripts would find in their environment. Built and used by
 * test_line.py; for pppd 2.4, which exports that list.
 */
#include <stddef.h>
#include <pppd/pppd.h>
#include <pppd/patchlevel.h>

char pppd_version[] = VERSION;

static void leaving(void *context, int status)
{
	char **variable;

	(void)context;
	(void)status;
	for (variable = script_env; variable && *variable; variable++)
		info("environment: <%s>", *variable);
	info("environment: that is all");
}

void plugin_init(void)
{
	add_notifier(&exitnotify, leaving, NULL);
}
