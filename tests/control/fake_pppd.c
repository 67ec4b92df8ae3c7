/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fake_pppd.c - preloaded into xl2tpd by the tests of its control plane: where it would start pppd, it starts $FAKE_PPPD with
 * the same arguments and environment, but without this. While there is no such file, calls have a pppd that is no process at all.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NO_PROCESS 0x600000	/* above every process id */

typedef int spawn_fn(pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *, char *const[],
		     char *const[]);

int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *files, const posix_spawnattr_t *attr,
		char *const argv[], char *const envp[])
{
	static spawn_fn *real;
	static int none;
	const char *name = strrchr(path, '/'), *other = getenv("FAKE_PPPD");
	char *env[64];
	int i, n = 0;

	if (!real)
		real = (spawn_fn *)dlsym(RTLD_NEXT, "posix_spawn");
	if (name && !strcmp(name, "/pppd") && other) {
		path = other;
		if (access(path, F_OK)) {
			*pid = NO_PROCESS + none++;
			return 0;
		}
	}
	for (i = 0; envp[i] && n < 63; i++)
		if (strncmp(envp[i], "LD_PRELOAD=", 11))
			env[n++] = envp[i];
	env[n] = NULL;
	return real(pid, path, files, attr, argv, env);
}
