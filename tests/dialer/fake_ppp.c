/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fake_ppp.c - preloaded into vpdn-dialer, into vpdnd by tests/aaa, and into pppd by tests/pppd: PPP channels on a kernel without PPP.
 *
 * A tty "under N_PPP" stays under N_TTY, raw, so that a test can read and write what would be frames; a channel is a duplicate of
 * its tty or socket and hangs up with it. A PPPoE socket is good for nothing; connect() writes "ID MAC DEVICE" to the
 * file FAKE_PPPOX_LOG. With FAKE_PPP_ABSENT set there is no N_PPP. A bridge moves nothing, a unit has no interface; the counters of an L2TP
 * session are the four numbers in the file FAKE_L2TP_STATS: packets and octets sent, packets and octets received.
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <linux/if_pppox.h>
#include <linux/ppp-ioctl.h>
#include <linux/serial.h>
#include <linux/tty.h>

/* A pty counts nothing. With FAKE_ERRORS set there are so many framing errors as that file has octets. */
static int count_errors(struct serial_icounter_struct *c)
{
	struct stat st;

	if (!getenv("FAKE_ERRORS") || stat(getenv("FAKE_ERRORS"), &st) < 0) {
		errno = ENOTTY;
		return -1;
	}
	memset(c, 0, sizeof(*c));
	c->frame = (int)st.st_size;
	return 0;
}

static int l2tp_stats(struct pppol2tp_ioc_stats *s)
{
	const char *path = getenv("FAKE_L2TP_STATS");
	unsigned long long n[4];
	FILE *f = path ? fopen(path, "re") : NULL;
	int got = f ? fscanf(f, "%llu %llu %llu %llu", &n[0], &n[1], &n[2], &n[3]) : 0;

	if (f)
		fclose(f);
	if (got != 4) {
		errno = ENOTCONN;
		return -1;
	}
	s->tx_packets = n[0];
	s->tx_bytes = n[1];
	s->rx_packets = n[2];
	s->rx_bytes = n[3];
	return 0;
}

/* From which nothing ever comes. */
static int new_unit(int fd)
{
	int quiet = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int rc = dup3(quiet, fd, O_CLOEXEC);

	close(quiet);
	return rc < 0 ? -1 : 0;
}

int ioctl(int fd, unsigned long request, ...)
{
	int (*next)(int, unsigned long, ...) = (int (*)(int, unsigned long, ...))dlsym(RTLD_NEXT, "ioctl");
	struct termios tio;
	va_list ap;
	void *arg;

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	switch (request) {
	case TIOCSETD:
		if (*(int *)arg == N_PPP && getenv("FAKE_PPP_ABSENT")) {
			errno = EINVAL;
			return -1;
		}
		return *(int *)arg == N_PPP ? tcgetattr(fd, &tio) : next(fd, request, arg);
	case PPPIOCGCHAN:
		*(int *)arg = fd;
		return 0;
	case PPPIOCATTCHAN:
		return dup3(*(int *)arg, fd, O_CLOEXEC) < 0 ? -1 : 0;
	case PPPIOCGL2TPSTATS:
		return l2tp_stats(arg);
	case PPPIOCNEWUNIT:
		*(int *)arg = 0;
		return new_unit(fd);
	case PPPIOCGFLAGS:
		*(int *)arg = 0;
		return 0;
	case TIOCGICOUNT:
		return count_errors(arg);
	default:
		return _IOC_TYPE(request) == _IOC_TYPE(PPPIOCGFLAGS) ? 0 : next(fd, request, arg);
	}
}

int open(const char *path, int flags, ...)
{
	int (*next)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = flags & O_CREAT ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	return next(strcmp(path, "/dev/ppp") ? path : "/dev/null", flags, mode);
}

int socket(int domain, int type, int protocol)
{
	int (*next)(int, int, int) = (int (*)(int, int, int))dlsym(RTLD_NEXT, "socket");

	return domain == AF_PPPOX ? next(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0) : next(domain, type, protocol);
}

int connect(int fd, const struct sockaddr *sa, socklen_t len)
{
	int (*next)(int, const struct sockaddr *, socklen_t) =
		(int (*)(int, const struct sockaddr *, socklen_t))dlsym(RTLD_NEXT, "connect");
	const struct sockaddr_pppox *pppox = (const void *)sa;
	const unsigned char *mac = pppox->sa_addr.pppoe.remote;
	FILE *log;

	if (sa->sa_family != AF_PPPOX)
		return next(fd, sa, len);
	log = fopen(getenv("FAKE_PPPOX_LOG"), "ae");
	if (!log)
		abort();
	fprintf(log, "%u %02x:%02x:%02x:%02x:%02x:%02x %s\n", ntohs(pppox->sa_addr.pppoe.sid), mac[0], mac[1], mac[2], mac[3], mac[4],
		mac[5], pppox->sa_addr.pppoe.dev);
	fclose(log);
	return 0;
}
