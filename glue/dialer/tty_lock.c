/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tty_lock.c - see tty_lock.h.
 *
 * The file gets its name by link(2) when the process id is in it already: nobody ever reads an empty lock.
 */
#include "tty_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TRIES	3	/* somebody else may take over the same stale lock */

static int lock_path(char *buf, size_t size, const char *dir, const char *device)
{
	const char *name = strncmp(device, "/dev/", 5) ? strrchr(device, '/') : device + 4;
	int n = snprintf(buf, size, "%s/LCK..%s", dir, name ? name + 1 : device);

	if (n < 0 || (size_t)n >= size)
		return -ENAMETOOLONG;
	for (char *c = buf + strlen(dir) + 1; *c; c++)
		if (*c == '/')
			*c = '_';
	return 0;
}

/* The process that a lock file names; 0: none, or it has gone. -errno when the file cannot be read. */
static int lock_holder(const char *path, pid_t *holder)
{
	char text[16] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n;
	long pid;

	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n < 0)
		return -EIO;
	pid = strtol(text, NULL, 10);
	/* Our own number in a lock that we have not made was somebody else's before. */
	if (pid <= 0 || pid > INT_MAX || pid == getpid() || (kill((pid_t)pid, 0) < 0 && errno == ESRCH))
		pid = 0;
	*holder = (pid_t)pid;
	return 0;
}

static int make_file(const char *path)
{
	char temporary[320], text[16];
	int fd, rc = 0, n = snprintf(text, sizeof(text), "%10d\n", (int)getpid());

	snprintf(temporary, sizeof(temporary), "%s.%d", path, (int)getpid());
	unlink(temporary);
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	if (write(fd, text, (size_t)n) != n)
		rc = -EIO;
	close(fd);
	if (!rc && link(temporary, path) < 0)
		rc = -errno;
	unlink(temporary);
	return rc;
}

static int lock_one(const char *path, pid_t *holder)
{
	int rc = -EBUSY;

	for (unsigned int i = 0; i < TRIES; i++) {
		rc = make_file(path);
		if (rc != -EEXIST)
			return rc;
		rc = lock_holder(path, holder);
		if (!rc && *holder)
			return -EBUSY;
		if (rc && rc != -ENOENT)
			return rc;
		if (!rc && unlink(path) < 0 && errno != ENOENT)
			return -errno;
		rc = -EBUSY;
	}
	return rc;
}

int vpdn_tty_lock(struct vpdn_tty_lock *l, const char *dir, const char *device, pid_t *holder)
{
	char real[PATH_MAX];
	const char *names[2] = { device, realpath(device, real) };
	char path[sizeof(l->paths[0])];
	int rc = 0;

	memset(l, 0, sizeof(*l));
	*holder = 0;
	for (int i = 0; i < 2 && !rc; i++) {
		if (!names[i])
			continue;
		rc = lock_path(path, sizeof(path), dir, names[i]);
		if (!rc && !strcmp(path, l->paths[0]))
			continue;
		if (!rc)
			rc = lock_one(path, holder);
		if (!rc)
			strcpy(l->paths[i], path);
	}
	if (rc)
		vpdn_tty_unlock(l);
	return rc;
}

void vpdn_tty_unlock(struct vpdn_tty_lock *l)
{
	for (int i = 0; i < 2; i++) {
		if (*l->paths[i])
			unlink(l->paths[i]);
		*l->paths[i] = '\0';
	}
}
