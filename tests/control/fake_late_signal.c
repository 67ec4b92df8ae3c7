/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fake_late_signal.c - preloaded into xl2tpd: a signal that comes after its main loop has looked for signals and before it waits
 * again. The file $LATE_SIGNAL says "PID SIGNAL", once: the process that is sent this one just before the next wait, xl2tpd
 * itself or its child, whose end is awaited. Any of the three waits may be in use.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <unistd.h>

static void before_wait(void)
{
	const char *name = getenv("LATE_SIGNAL");
	FILE *f = name ? fopen(name, "r") : NULL;
	int pid = 0, sig = 0, n;
	siginfo_t info;

	if (!f)
		return;
	n = fscanf(f, "%d %d\n", &pid, &sig);
	fclose(f);
	if (n != 2)
		return;
	unlink(name);
	kill(pid, sig);
	/* It is still the main loop's to reap; SIGCHLD has been delivered when the next system call is over */
	if (pid != getpid())
		waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
	getppid();
}

int select(int n, fd_set *restrict r, fd_set *restrict w, fd_set *restrict x, struct timeval *restrict tv)
{
	static int (*real)(int, fd_set *, fd_set *, fd_set *, struct timeval *);

	if (!real)
		real = dlsym(RTLD_NEXT, "select");
	before_wait();
	return real(n, r, w, x, tv);
}

int poll(struct pollfd *fds, nfds_t n, int timeout)
{
	static int (*real)(struct pollfd *, nfds_t, int);

	if (!real)
		real = dlsym(RTLD_NEXT, "poll");
	before_wait();
	return real(fds, n, timeout);
}

int epoll_wait(int fd, struct epoll_event *events, int n, int timeout)
{
	static int (*real)(int, struct epoll_event *, int, int);

	if (!real)
		real = dlsym(RTLD_NEXT, "epoll_wait");
	before_wait();
	return real(fd, events, n, timeout);
}
