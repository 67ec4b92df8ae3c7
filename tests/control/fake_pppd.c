/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fake_pppd.c - preloaded into xl2tpd by the tests of its control plane: where it would execute pppd, it executes $FAKE_PPPD with
 * the same arguments.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int execv(const char *path, char *const argv[])
{
	static int (*real)(const char *, char *const *);
	const char *name = strrchr(path, '/');

	if (!real)
		real = dlsym(RTLD_NEXT, "execv");
	unsetenv("LD_PRELOAD");
	return real(name && !strcmp(name, "/pppd") && getenv("FAKE_PPPD") ? getenv("FAKE_PPPD") : path, argv);
}
