/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fake_fork.c - preloaded into xl2tpd where tens of thousands of calls come and go: a pppd that was started, but costs nothing. Its
 * process id is above all that the kernel gives (pid_max is at most 2^22), so that no signal reaches anybody.
 */
#include <sys/types.h>

pid_t fork(void)
{
	static pid_t pid = 1 << 22;

	return ++pid;
}
