/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pppoe_fake_kernel.c - PPPoE session sockets for a kernel without PPPoE, preloaded by test_pppoe_module.py.
 *
 * socket(AF_PPPOX) gives a Unix socket, good for nothing but being passed on and closed, or fails with EAFNOSUPPORT when
 * FAKE_PPPOX_ABSENT is set;
 * connect() writes "ID MAC DEVICE" to the file FAKE_PPPOX_LOG, and fails with EALREADY for the session numbers in
 * FAKE_PPPOX_BUSY (" 1 2 "), as the kernel does for one it still has.
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/if_pppox.h>

int socket(int domain, int type, int protocol)
{
	int (*next)(int, int, int) = (int (*)(int, int, int))dlsym(RTLD_NEXT, "socket");

	if (domain == AF_PPPOX && getenv("FAKE_PPPOX_ABSENT")) {
		errno = EAFNOSUPPORT;
		return -1;
	}
	return next(domain == AF_PPPOX ? AF_UNIX : domain, type, domain == AF_PPPOX ? 0 : protocol);
}

int connect(int fd, const struct sockaddr *sa, socklen_t len)
{
	int (*next)(int, const struct sockaddr *, socklen_t) =
		(int (*)(int, const struct sockaddr *, socklen_t))dlsym(RTLD_NEXT, "connect");
	const struct sockaddr_pppox *pppox = (const void *)sa;
	const unsigned char *mac = pppox->sa_addr.pppoe.remote;
	const char *busy = getenv("FAKE_PPPOX_BUSY");
	char word[16], line[80];
	int log, n;

	if (sa->sa_family != AF_PPPOX)
		return next(fd, sa, len);
	snprintf(word, sizeof(word), " %u ", ntohs(pppox->sa_addr.pppoe.sid));
	if (busy && strstr(busy, word)) {
		errno = EALREADY;
		return -1;
	}
	n = snprintf(line, sizeof(line), "%u %02x:%02x:%02x:%02x:%02x:%02x %s\n", ntohs(pppox->sa_addr.pppoe.sid), mac[0], mac[1],
		     mac[2], mac[3], mac[4], mac[5], pppox->sa_addr.pppoe.dev);
	log = open(getenv("FAKE_PPPOX_LOG"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (write(log, line, n) != n)
		abort();
	close(log);
	return 0;
}
