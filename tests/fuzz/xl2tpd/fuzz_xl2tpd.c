/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_xl2tpd.c - packets into the patched xl2tpd itself, in this process: from the socket's read through channel, AVP parser and state
 * machine to the answer, and, in the module's tunnels, through plugins/xl2tpd. Built by ./build, which links the daemon's own source.
 *
 * An input is an octet that says how far a peer has come already, then messages: length (2 octets), flags, AVPs. Their header is put
 * before them with the numbers that are due, so that they are looked at:
 *
 *	octet 0, low bits	0: nothing yet   1: tunnel   2: and a call asked for   3: and connected   4: our SCCRQ waits for an answer
 *				5: our ICRQ does   6: our OCRQ does
 *	  with 0x08		tunnels are the module's
 *	  with 0x10		what we send is hidden
 *	flags			1: for the call   2: a packet as it is, no header before it   4: Ns one too high, so that it has to wait
 *
 * At the end everything is closed: what is left then is found as a leak, or because it is counted. FUZZ_LOG=1 shows what the daemon
 * would log.
 */
#include <sys/socket.h>

static ssize_t fuzz_recvmsg(int fd, struct msghdr *msg, int flags);
static ssize_t fuzz_sendmsg(int fd, const struct msghdr *msg, int flags);

#define recvmsg fuzz_recvmsg
#define sendmsg fuzz_sendmsg
#include "network.c"	/* for receive() */
#undef recvmsg
#undef sendmsg
#undef socket
#undef connect
#undef setsockopt

#include <spawn.h>
#include <stdarg.h>
#include <stdint.h>

#include "fuzz.h"
#include "fuzz_module.h"

#define SECRET "s3cret"

static struct
{
	uint8_t data[MAX_RECV_SIZE];
	size_t len;
} packet;		/* what recvmsg() is about to give */

static uint16_t their_tid, their_sid, peer_ns, their_ns;	/* as a peer has seen them */

/* ---- what xl2tpd finds instead of the system ---- */

static ssize_t fuzz_recvmsg(int fd, struct msghdr *msg, int flags)
{
	struct sockaddr_in *from = msg->msg_name;
	size_t len = packet.len < msg->msg_iov->iov_len ? packet.len : msg->msg_iov->iov_len;

	(void)fd;
	(void)flags;
	memcpy(msg->msg_iov->iov_base, packet.data, len);
	*from = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(1701), .sin_addr.s_addr = htonl(0x0a000001) };
	msg->msg_controllen = 0;
	return (ssize_t)len;
}

/* Hears what a peer has to know to go on */
static ssize_t fuzz_sendmsg(int fd, const struct msghdr *msg, int flags)
{
	const uint8_t *p = msg->msg_iov->iov_base;
	size_t len = msg->msg_iov->iov_len, n, at;

	(void)fd;
	(void)flags;
	check(len <= MAX_RECV_SIZE);
	if (len < 20 || !(p[0] & 0x80))
		return (ssize_t)len;
	their_ns = (uint16_t)((p[8] << 8 | p[9]) + 1);
	for (at = 12; at + 6 <= len; at += n) {
		n = (size_t)((p[at] & 3) << 8 | p[at + 1]);
		check(n >= 6 && at + n <= len);
		if (!(p[at] & 0x40) && n == 8 && p[at + 5] == 9)
			their_tid = (uint16_t)(p[at + 6] << 8 | p[at + 7]);
		if (!(p[at] & 0x40) && n == 8 && p[at + 5] == 14)
			their_sid = (uint16_t)(p[at + 6] << 8 | p[at + 7]);
	}
	check(at == len);
	return (ssize_t)len;
}

/* The daemon's files are built with these names in place of the system's, see ./build */
int fuzz_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *files, const posix_spawnattr_t *attr, char *const argv[],
	       char *const envp[])
{
	(void)path, (void)files, (void)attr, (void)argv, (void)envp;
	*pid = 1 << 22;		/* above all process ids */
	return 0;
}

void fuzz_syslog(int level, const char *format, ...)
{
	char line[4096];
	va_list args;

	(void)level;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (getenv("FUZZ_LOG"))
		fputs(line, stderr);
}

int fuzz_socket(int domain, int type, int protocol)
{
	return domain == AF_PPPOX ? socket(AF_UNIX, type, 0) : socket(domain, type, protocol);
}

int fuzz_connect(int fd, const struct sockaddr *addr, socklen_t len)
{
	return addr->sa_family == AF_UNIX ? connect(fd, addr, len) : 0;
}

int fuzz_setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	(void)fd, (void)level, (void)name, (void)value, (void)len;
	return 0;
}

/* ---- a peer ---- */

static void give(const uint8_t *data, size_t len)
{
	packet.len = len < sizeof(packet.data) ? len : sizeof(packet.data);
	memcpy(packet.data, data, packet.len);
	receive(-1, 0, NULL);
	close_calls();
}

static void put16(uint8_t *p, unsigned int v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void say(uint16_t sid, uint16_t early, const uint8_t *avps, size_t len)
{
	uint8_t p[MAX_RECV_SIZE];

	if (len > sizeof(p) - 12)
		len = sizeof(p) - 12;
	put16(p, 0xc802);
	put16(p + 2, (unsigned int)(12 + len));
	put16(p + 4, their_tid);
	put16(p + 6, sid);
	put16(p + 8, (unsigned int)(peer_ns + early));
	put16(p + 10, their_ns);
	memcpy(p + 12, avps, len);
	if (len && !early)
		peer_ns++;
	give(p, 12 + len);
}

#define SAY(sid, text) say(sid, 0, (const uint8_t *)text, sizeof(text) - 1)
#define TYPE(n) "\x80\x08\0\0\0\0\0" n
#define SETUP(name) "\x80\x08\0\0\0\2\1\0" "\x80\x0a\0\0\0\3\0\0\0\3" "\x80\x09\0\0\0\7" name "\x80\x08\0\0\0\x09\0\x4d"

static struct lns lns = { .tun_rws = 4, .entname = "fuzz" };
static struct lac lac = { .tun_rws = 4, .entname = "fuzz" };

static struct tunnel *dial(void)
{
	struct in_addr peer = { htonl(0x0a000001) };
	struct call *c = get_call(0, 0, peer, htons(1701), IPSEC_SAREF_NULL, IPSEC_SAREF_NULL);

	check(c);
	c->container->tid = 0;
	use_lac(&c->container->lac, &lac);
	use_lac(&c->lac, &lac);
	lac.t = c->container;
	control_finish(c->container, c);
	return c->container;
}

static void come_so_far(unsigned int how, unsigned int modules)
{
	their_tid = their_sid = peer_ns = their_ns = 0;
	switch (how) {
	case 1:
	case 2:
	case 3:
		if (modules)
			SAY(0, TYPE("\1") SETUP(FUZZ_MODULE_PEER));
		else
			SAY(0, TYPE("\1") SETUP("xyz"));
		SAY(0, TYPE("\3"));
		if (how > 1)
			SAY(0, TYPE("\x0a") "\x80\x08\0\0\0\x0e\0\x58" "\x80\x0a\0\0\0\x0f\0\0\0\1");
		if (how > 2)
			SAY(their_sid, TYPE("\x0c") "\x80\x0a\0\0\0\x18\0\0\xff\0" "\x80\x0a\0\0\0\x13\0\0\0\1");
		break;
	case 4:
	case 5:
	case 6:
		lac.active = how > 4 ? -1 : 0;
		switch_io = how == 5;
		dial();
		if (how > 4)
			SAY(0, TYPE("\2") SETUP("xyz"));
		break;
	}
}

/* Everything away, whatever state it is in */
static void forget(void)
{
	struct tunnel *t;

	lac.active = 0;
	while ((t = tunnels.head)) {
		channel_clear(t);
		deschedule(t->hello);
		t->hello = NULL;
		destroy_tunnel(t);
	}
	check(tunnels.count == 0);
	check(!lac.t && !lac.c && !lac.refs && !lns.refs);
}

/* ---- set-up ---- */

static void clean_up(void)
{
	unlink(gconfig.authfile);
}

static void set_up(void)
{
	static int done;
	FILE *f;

	if (done)
		return;
	done = 1;
	snprintf(gconfig.authfile, sizeof(gconfig.authfile), "/tmp/fuzz-xl2tpd-%d", (int)getpid());
	f = fopen(gconfig.authfile, "we");
	check(f && fputs("* * " SECRET "\n", f) >= 0 && fclose(f) == 0);
	atexit(clean_up);
	gconfig.syslog = -1;
	gconfig.hello = 60;
	gconfig.max_retries = 5;
	kernel_support = -1;
	server_socket = -1;
	init_addr();
	deflns = &lns;
	check(init_events() == 0 && hook_load("linked", "templates=/nonexistent") == 0);
	fuzz_module_group();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t len;

	set_up();
	if (!size)
		return 0;
	lns.hbit = lac.hbit = !!(data[0] & 0x10);
	come_so_far(data[0] & 7, data[0] & 8);
	for (data++, size--; size >= 3; data += len, size -= len) {
		unsigned int flags = data[2];

		len = (size_t)(data[0] << 8 | data[1]);
		data += 3;
		size -= 3;
		if (len > size)
			len = size;
		if (flags & 2)
			give(data, len);
		else
			say(flags & 1 ? their_sid : 0, flags & 4 ? 1 : 0, data, len);
	}
	forget();
	return 0;
}
