/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fake_ppp.c - preloaded into a real pppd on a kernel without PPP: /dev/ppp and the line discipline N_PPP on its pty.
 *
 * Frames are async HDLC (RFC 1662) on the tty, as the kernel's ppp_async would make them; what the network device would do is left out,
 * but for one thing: an ICMP echo that arrives is answered, so that a session can be seen to carry packets.
 * For the tests of vpdn-load: pppd behind the userland "pppoe" and behind xl2tpd is what it talks to.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/ppp-ioctl.h>
#include <linux/tty.h>

#define FDS		1024
#define FRAME_MAX	2048
#define FLAG		0x7e
#define ESCAPE		0x7d
#define GOOD_FCS	0xf0b8
#define SOCKET_IOCTLS	0x89

enum { PLAIN, DEVICE, CHANNEL, UNIT };

static unsigned char kind[FDS];
static int tty = -1;
static uint8_t frame[FRAME_MAX];
static size_t frame_len;
static int escaped;

/* The C library's function of that name. Other libraries' constructors call these before one here could look them up. */
#define REAL(name)	((__typeof__(&name))real(#name))

static void *real(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

static int kind_of(int fd)
{
	return fd >= 0 && fd < FDS ? kind[fd] : PLAIN;
}

int open(const char *path, int flags, ...)
{
	int fd, mode = 0;
	va_list ap;

	va_start(ap, flags);
	if (flags & (O_CREAT | O_TMPFILE))
		mode = va_arg(ap, int);
	va_end(ap);
	if (strcmp(path, "/dev/ppp"))
		return REAL(open)(path, flags, mode);
	fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);		/* never readable */
	if (fd >= 0 && fd < FDS)
		kind[fd] = DEVICE;
	return fd;
}

int close(int fd)
{
	if (fd >= 0 && fd < FDS)
		kind[fd] = PLAIN;
	return REAL(close)(fd);
}

int ioctl(int fd, unsigned long request, ...)
{
	struct ifreq *ifr;
	va_list ap;
	void *arg;

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (request == TIOCSETD) {
		if (*(int *)arg == N_PPP)
			tty = fd;
		return 0;
	}
	if (_IOC_TYPE(request) == SOCKET_IOCTLS && kind_of(fd) == PLAIN) {
		ifr = arg;		/* SIOCADDRT and SIOCDELRT have another argument, but pppd's only device is its own */
		if (request == SIOCADDRT || request == SIOCDELRT || !strncmp(ifr->ifr_name, "ppp", 3))
			return 0;
		return REAL(ioctl)(fd, request, arg);
	}
	if (_IOC_TYPE(request) != _IOC_TYPE(PPPIOCGFLAGS))
		return REAL(ioctl)(fd, request, arg);
	switch (request) {
	case PPPIOCGCHAN:
		*(int *)arg = 1;
		return 0;
	case PPPIOCATTCHAN:
		if (dup3(tty, fd, O_CLOEXEC) < 0)
			return -1;
		kind[fd] = CHANNEL;
		return 0;
	case PPPIOCNEWUNIT:
		*(int *)arg = getpid();
		kind[fd] = UNIT;
		return 0;
	case PPPIOCGFLAGS:
		*(int *)arg = 0;
		return 0;
	case PPPIOCSCOMPRESS:
		errno = EINVAL;
		return -1;
	default:
		return 0;
	}
}

unsigned int if_nametoindex(const char *name)
{
	return strncmp(name, "ppp", 3) ? ((unsigned int (*)(const char *))real("if_nametoindex"))(name) : (unsigned int)getpid();
}

/* Indices are unit numbers, and those process ids. */
char *if_indextoname(unsigned int index, char name[IFNAMSIZ])
{
	if (index != (unsigned int)getpid())
		return ((char *(*)(unsigned int, char *))real("if_indextoname"))(index, name);
	snprintf(name, IFNAMSIZ, "ppp%u", index);
	return name;
}

static uint16_t fcs(uint16_t sum, uint8_t octet)
{
	sum ^= octet;
	for (int i = 0; i < 8; i++)
		sum = sum & 1 ? (uint16_t)(sum >> 1 ^ 0x8408) : (uint16_t)(sum >> 1);
	return sum;
}

static size_t encode(uint8_t *out, uint8_t octet)
{
	if (octet >= 0x20 && octet != FLAG && octet != ESCAPE) {
		out[0] = octet;
		return 1;
	}
	out[0] = ESCAPE;
	out[1] = octet ^ 0x20;
	return 2;
}

ssize_t write(int fd, const void *data, size_t len)
{
	static const uint8_t header[] = { 0xff, 0x03 };
	uint8_t out[2 * FRAME_MAX];
	uint16_t sum = 0xffff;
	size_t n = 0;

	if (kind_of(fd) < CHANNEL)
		return REAL(write)(fd, data, len);
	if (len > FRAME_MAX - 8) {
		errno = EMSGSIZE;
		return -1;
	}
	out[n++] = FLAG;
	for (size_t i = 0; i < sizeof(header) + len; i++) {
		uint8_t octet = i < sizeof(header) ? header[i] : ((const uint8_t *)data)[i - sizeof(header)];

		sum = fcs(sum, octet);
		n += encode(out + n, octet);
	}
	sum = (uint16_t)~sum;
	n += encode(out + n, (uint8_t)sum);
	n += encode(out + n, (uint8_t)(sum >> 8));
	out[n++] = FLAG;
	for (size_t done = 0; done < n;) {
		ssize_t k = REAL(write)(tty, out + done, n - done);

		if (k > 0)
			done += (size_t)k;
		else if (errno != EAGAIN || poll(&(struct pollfd){ tty, POLLOUT, 0 }, 1, 1000) <= 0)
			return -1;
	}
	return (ssize_t)len;
}

/* An echo for whoever it is: addresses changed, type 8 becomes 0, and the checksum with it. `p` begins with the protocol. */
static int answer_echo(uint8_t *p, size_t len)
{
	uint8_t address[4];
	uint32_t sum;

	if (len < 2 + 28 || p[0] || p[1] != 0x21 || p[2] != 0x45 || p[11] != 1 || p[22] != 8)
		return 0;
	memcpy(address, p + 14, 4);
	memmove(p + 14, p + 18, 4);
	memcpy(p + 18, address, 4);
	p[22] = 0;
	sum = ((uint32_t)p[24] << 8 | p[25]) + 0x800;
	sum = (sum & 0xffff) + (sum >> 16);
	p[24] = (uint8_t)(sum >> 8);
	p[25] = (uint8_t)sum;
	return 1;
}

/* The next frame's protocol and data, or -1 when there is no whole one. Octets one by one, for select() must see what is left. */
ssize_t read(int fd, void *buf, size_t size)
{
	uint8_t octet;
	ssize_t n;

	if (kind_of(fd) == DEVICE || kind_of(fd) == UNIT) {
		errno = EAGAIN;
		return -1;
	}
	if (kind_of(fd) == PLAIN)
		return REAL(read)(fd, buf, size);
	while ((n = REAL(read)(tty, &octet, 1)) == 1) {
		uint16_t sum = 0xffff;
		size_t len = frame_len;

		if (octet == ESCAPE) {
			escaped = 1;
			continue;
		}
		if (octet != FLAG) {
			if (frame_len < sizeof(frame))
				frame[frame_len++] = escaped ? octet ^ 0x20 : octet;
			escaped = 0;
			continue;
		}
		frame_len = 0;
		for (size_t i = 0; i < len; i++)
			sum = fcs(sum, frame[i]);
		if (len < 6 || sum != GOOD_FCS || frame[0] != 0xff || frame[1] != 0x03)
			continue;
		len -= 4;
		if (answer_echo(frame + 2, len)) {
			write(fd, frame + 2, len);
			continue;
		}
		if (!frame[2])
			continue;		/* network protocols are the device's */
		len = len < size ? len : size;
		memcpy(buf, frame + 2, len);
		return (ssize_t)len;
	}
	return n < 0 && errno == EIO ? 0 : n;
}
