/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fake_pppol2tp.c - preloaded into xl2tpd by xl2tpd_ipc.py: PPPoL2TP sockets on a kernel without L2TP. They can be made, connected
 * and passed on, and counters can be read: multiples of the session id, so that a test sees whose they are. That is all that the
 * control plane does with them.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <linux/ppp-ioctl.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#ifndef AF_PPPOX
#define AF_PPPOX 24
#endif
#ifndef SOL_PPPOL2TP
#define SOL_PPPOL2TP 273
#endif

int socket(int domain, int type, int protocol)
{
	static int (*real)(int, int, int);

	if (!real)
		real = dlsym(RTLD_NEXT, "socket");
	return domain == AF_PPPOX ? real(AF_UNIX, type, 0) : real(domain, type, protocol);
}

int connect(int fd, const struct sockaddr *addr, socklen_t len)
{
	static int (*real)(int, const struct sockaddr *, socklen_t);

	if (!real)
		real = dlsym(RTLD_NEXT, "connect");
	return addr->sa_family == AF_PPPOX ? 0 : real(fd, addr, len);
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	static int (*real)(int, int, int, const void *, socklen_t);

	if (!real)
		real = dlsym(RTLD_NEXT, "setsockopt");
	return level == SOL_PPPOL2TP ? 0 : real(fd, level, name, value, len);
}

int ioctl(int fd, unsigned long request, ...)
{
	static int (*real)(int, unsigned long, void *);
	struct pppol2tp_ioc_stats *stats;
	va_list ap;
	void *arg;

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (!real)
		real = dlsym(RTLD_NEXT, "ioctl");
	if (request != PPPIOCGL2TPSTATS)
		return real(fd, request, arg);
	stats = arg;
	stats->tx_packets = stats->session_id;
	stats->tx_bytes = 100ull * stats->session_id;
	stats->rx_packets = 2ull * stats->session_id;
	stats->rx_bytes = 200ull * stats->session_id;
	return 0;
}
