/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fake_resolv_conf.c - preloaded into xl2tpd: a mount namespace of its own, in which /etc/resolv.conf is the file $RESOLV_CONF.
 * The resolver is the real one.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>

__attribute__((constructor)) static void init(void)
{
	const char *file = getenv("RESOLV_CONF");

	if (!file)
		return;
	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount(file, "/etc/resolv.conf", NULL, MS_BIND, NULL)) {
		perror("fake_resolv_conf: /etc/resolv.conf");
		_Exit(1);
	}
}
