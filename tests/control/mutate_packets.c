/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mutate_packets.c - sends xl2tpd random and mutated packets: into tunnels that it opens as a proper peer would, with the numbers that
 * are due, so that they are looked at; and from strangers. Started by test_mutated_packets.py.
 *
 *	mutate_packets PORT NAME SEED COUNT SECONDS
 *
 * NAME is the Host Name AVP of the tunnels. The same seed gives the same mutations. After each round of packets a Hello in a tunnel of
 * its own has to be acknowledged: then the daemon has read them all, and lives. Ends after COUNT packets or SECONDS, with one line:
 * "packets N tunnels N calls N closed N". Exit status 1: the daemon does not answer any more.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define TUNNELS		12
#define PER_TUNNEL	8		/* packets in a round */
#define STRANGERS	16		/* of their packets in a round: with the others, what fits the daemon's socket */
#define CALLS		8
#define PATIENCE	20		/* rounds in which a tunnel does nothing until it is given up */
#define SETTLE_MS	2
#define MAX_PACKET	1500

enum { SCCRQ = 1, SCCRP, SCCCN, STOPCCN, HELLO = 6, OCRQ, OCRP, OCCN, ICRQ, ICRP, ICCN, CDN = 14, WEN, SLI };

struct packet {
	uint8_t data[MAX_PACKET];
	size_t len;
};

struct peer {
	int fd;
	uint16_t tid, theirs;		/* theirs 0: not open */
	uint16_t ns, nr, acked;		/* acked: the daemon's Nr */
	uint16_t calls[CALLS];		/* the daemon's session ids */
	unsigned int n_calls, idle;
};

static struct sockaddr_in to = { .sin_family = AF_INET };
static const char *name;
static uint64_t random_state;
static unsigned long packets, tunnels, calls, closed;

/* xorshift64*, 0 to below - 1 */
static uint32_t rnd(uint32_t below)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (uint32_t)((random_state * 0x2545f4914f6cdd1dull >> 32) % below);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void put(struct packet *p, const void *data, size_t len)
{
	if (p->len + len > sizeof(p->data))
		len = sizeof(p->data) - p->len;
	memcpy(p->data + p->len, data, len);
	p->len += len;
}

static void put16(struct packet *p, unsigned int v)
{
	uint8_t b[2] = { (uint8_t)(v >> 8), (uint8_t)v };

	put(p, b, 2);
}

static void avp(struct packet *p, unsigned int attr, const void *value, size_t len)
{
	put16(p, 0x8000 | (unsigned int)(6 + len));
	put16(p, 0);
	put16(p, attr);
	put(p, value, len);
}

static void avp16(struct packet *p, unsigned int attr, unsigned int v)
{
	uint8_t b[2] = { (uint8_t)(v >> 8), (uint8_t)v };

	avp(p, attr, b, 2);
}

static void avp32(struct packet *p, unsigned int attr, uint32_t v)
{
	v = htonl(v);
	avp(p, attr, &v, 4);
}

/* A header with room for the length, which finish() fills in */
static void begin(struct packet *p, uint16_t tid, uint16_t sid, uint16_t ns, uint16_t nr)
{
	p->len = 0;
	put16(p, 0xc802);
	put16(p, 0);
	put16(p, tid);
	put16(p, sid);
	put16(p, ns);
	put16(p, nr);
}

static void finish(struct packet *p)
{
	p->data[2] = (uint8_t)(p->len >> 8);
	p->data[3] = (uint8_t)p->len;
}

/* The AVPs of a good message of that type; id is a tunnel or session id of ours */
static void compose(struct packet *p, unsigned int type, uint16_t id)
{
	static const char text[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	unsigned int attr;

	avp16(p, 0, type);
	if (!rnd(4))
		avp(p, 36, text, 16);	/* Random Vector */
	switch (type) {
	case SCCRQ:
	case SCCRP:
		avp16(p, 2, 0x100);
		avp32(p, 3, 3);
		avp32(p, 4, 3);
		avp(p, 7, name, strlen(name));
		avp(p, 8, text, 8);
		avp16(p, 9, id);
		avp16(p, 10, 4);
		if (!rnd(8))
			avp(p, 11, text, 16);
		if (!rnd(8))
			avp(p, 5, text, 8);
		break;
	case SCCCN:
		avp(p, 13, text, 16);
		break;
	case STOPCCN:
		avp16(p, 9, id);
		avp(p, 1, "\0\1\0\0bye", 7);
		break;
	case ICRQ:
	case OCRQ:
		avp16(p, 14, id);
		avp32(p, 15, id);
		avp32(p, 16, 1000);
		avp32(p, 17, 100000);
		avp32(p, 18, 1);
		avp32(p, 19, 1);
		avp(p, 21, text + 26, 8);
		avp(p, 22, text + 26, 10);
		avp(p, 23, text, 3);
		avp32(p, 25, id);
		break;
	case ICRP:
	case OCRP:
		avp16(p, 14, id);
		break;
	case ICCN:
	case OCCN:
		avp32(p, 24, 64000);
		avp32(p, 19, 1);
		avp(p, 26, "\1\4\5\324", 4);
		avp(p, 27, "\3\5\302\043\5\5\6\1\2\3\4", 11);
		avp(p, 28, "\5\6\1\2\3\4", 6);
		avp16(p, 29, 2);
		avp(p, 30, text, 17);
		avp(p, 31, text, 16);
		avp16(p, 32, 1);
		avp(p, 33, text, 16);
		avp(p, 37, text, 5);
		avp32(p, 38, 64000);
		break;
	case CDN:
		avp(p, 1, "\0\2\0\6why", 7);
		avp16(p, 14, id);
		avp(p, 12, "\0\20\105", 3);
		break;
	case WEN:
		avp(p, 34, text, 26);
		break;
	case SLI:
		avp(p, 35, text, 10);
		break;
	}
	for (; !rnd(3);) {
		attr = rnd(50);
		put16(p, (rnd(2) ? 0x8000 : 0) | (rnd(8) ? 0 : 0x4000) | 22);
		put16(p, rnd(4) ? 0 : (rnd(2) ? 9 : 3561));
		put16(p, attr);
		put(p, text, 16);
	}
}

static size_t avp_at(const struct packet *p, size_t from)
{
	size_t at = 12, len, n = rnd(12);

	while (n-- && at + 6 <= p->len) {
		len = (size_t)((p->data[at] & 3) << 8 | p->data[at + 1]);
		if (len < 6 || at + len >= p->len)
			break;
		at += len;
	}
	return at < p->len ? at : from;
}

static void mutate(struct packet *p, size_t from)
{
	static const uint8_t edges[] = { 0, 1, 2, 5, 6, 7, 8, 0x3f, 0x7f, 0x80, 0xc0, 0xfe, 0xff };
	size_t at, n;

	if (p->len <= from)
		return;
	at = from + rnd((uint32_t)(p->len - from));
	switch (rnd(10)) {
	case 0:
		p->data[at] ^= (uint8_t)(1 << rnd(8));
		break;
	case 1:
		p->data[at] = (uint8_t)rnd(256);
		break;
	case 2:
		p->data[at] = edges[rnd(sizeof(edges))];
		break;
	case 3:		/* cut */
		p->len = at;
		break;
	case 4:		/* take out */
		n = 1 + rnd(16);
		if (n > p->len - at)
			n = p->len - at;
		memmove(p->data + at, p->data + at + n, p->len - at - n);
		p->len -= n;
		break;
	case 5:		/* put in */
		n = 1 + rnd(16);
		if (p->len + n > sizeof(p->data))
			break;
		memmove(p->data + at + n, p->data + at, p->len - at);
		memset(p->data + at, (int)rnd(256), n);
		p->len += n;
		break;
	case 6:		/* an AVP's flags and length */
		at = avp_at(p, at);
		p->data[at] = (uint8_t)rnd(256);
		break;
	case 7:
		at = avp_at(p, at);
		if (at + 1 < p->len)
			p->data[at + 1] = (uint8_t)(p->data[at + 1] + rnd(9) - 4);
		break;
	case 8:		/* an AVP's attribute */
		at = avp_at(p, at);
		if (at + 5 < p->len)
			p->data[at + 5] = (uint8_t)rnd(48);
		break;
	case 9:		/* an AVP twice */
		at = avp_at(p, at);
		n = p->len - at;
		if (n > 40)
			n = 40;
		put(p, p->data + at, n);
		break;
	}
}

static void transmit(const struct peer *peer, const struct packet *p)
{
	while (sendto(peer->fd, p->data, p->len, 0, (struct sockaddr *)&to, sizeof(to)) < 0 && (errno == ECONNREFUSED || errno == EINTR))
		;
}

static void say(struct peer *peer, unsigned int type)
{
	struct packet p;

	begin(&p, peer->theirs, 0, peer->ns, peer->nr);
	if (type) {
		avp16(&p, 0, type);
		peer->ns++;
	}
	if (type == SCCRQ) {
		avp16(&p, 2, 0x100);
		avp32(&p, 3, 3);
		avp(&p, 7, name, strlen(name));
		avp16(&p, 9, peer->tid);
	} else if (type == STOPCCN) {
		avp16(&p, 9, peer->tid);
		avp16(&p, 1, 1);
	}
	finish(&p);
	transmit(peer, &p);
}

static void open_peer(struct peer *peer)
{
	static uint16_t tid;

	if (peer->fd >= 0)
		close(peer->fd);
	peer->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (peer->fd < 0) {
		perror("socket");
		exit(2);
	}
	peer->tid = ++tid ? tid : ++tid;
	peer->theirs = peer->ns = peer->nr = peer->acked = 0;
	peer->n_calls = peer->idle = 0;
	say(peer, SCCRQ);
}

static unsigned int value16(const uint8_t *p, size_t len, unsigned int attr)
{
	size_t n;

	for (; len >= 8; p += n, len -= n) {
		n = (size_t)((p[0] & 3) << 8 | p[1]);
		if (n < 8 || n > len)
			break;
		if (!p[2] && !p[3] && !p[4] && p[5] == attr)
			return (unsigned int)(p[6] << 8 | p[7]);
	}
	return 0;
}

/* Reads what the daemon said to this peer, as a peer would */
static void listen_to(struct peer *peer)
{
	uint8_t in[4096];
	ssize_t len;
	unsigned int type, id;
	int ack = 0;

	while ((len = recv(peer->fd, in, sizeof(in), 0)) >= 12 || (len < 0 && errno == ECONNREFUSED)) {
		if (len < 12 || !(in[0] & 0x80))
			continue;
		peer->idle = 0;
		peer->ns = peer->acked = (uint16_t)(in[10] << 8 | in[11]);
		if (len < 20)
			continue;
		ack = 1;
		if ((uint16_t)(in[8] << 8 | in[9]) != peer->nr)
			continue;
		peer->nr++;
		type = value16(in + 12, (size_t)len - 12, 0);
		id = value16(in + 12, (size_t)len - 12, type == SCCRP ? 9 : 14);
		if (type == SCCRP && !peer->theirs) {
			peer->theirs = (uint16_t)id;
			say(peer, SCCCN);
			tunnels++;
		} else if (type == ICRP || type == OCRP) {
			peer->calls[peer->n_calls++ % CALLS] = (uint16_t)id;
			calls++;
		} else if (type == STOPCCN) {
			if (!peer->theirs)
				peer->theirs = (uint16_t)value16(in + 12, (size_t)len - 12, 9);
			say(peer, 0);
			closed++;
			open_peer(peer);
			return;
		}
	}
	if (ack && peer->theirs)
		say(peer, 0);
}

/* A data packet of a session, with any header: it is the tunnel's peer that sends it, so that it is looked at */
static void data_packet(const struct peer *peer, uint16_t sid)
{
	static const uint8_t payload[1400] = { 0xff, 0x03, 0xc0, 0x21 };
	struct packet p = { .len = 0 };
	unsigned int flags = 2 | (rnd(2) ? 0x4000 : 0) | (rnd(2) ? 0x0800 : 0) | (rnd(2) ? 0x0200 : 0), edge = rnd(4);

	put16(&p, flags);
	if (flags & 0x4000)
		put16(&p, 0);
	put16(&p, peer->theirs);
	put16(&p, sid);
	if (flags & 0x0800) {
		put16(&p, rnd(8));
		put16(&p, rnd(8));
	}
	if (flags & 0x0200)
		put16(&p, edge ? rnd(1500) : rnd(65536));
	put(&p, payload, rnd(sizeof(payload)));
	if (flags & 0x4000)
		finish(&p);
	if (!rnd(4))
		mutate(&p, 0);
	transmit(peer, &p);
	packets++;
}

/* Mostly in calls and for new ones: most of what is wrong there ends a call only, and the tunnel is good for more */
static void one_packet(struct peer *peer)
{
	static const uint8_t of_tunnel[] = { SCCRQ, SCCRP, SCCCN, STOPCCN, HELLO, OCRP, OCCN, ICRP, ICCN, CDN, WEN, SLI };
	static const uint8_t of_call[] = { ICCN, ICCN, ICCN, ICRP, OCRP, OCCN, CDN, WEN, SLI, HELLO };
	unsigned int session = peer->n_calls < CALLS ? peer->n_calls : CALLS, what = rnd(200), n;
	unsigned int type = what % 8 ? ICRQ : OCRQ;
	struct packet p;
	uint16_t sid = 0;

	if (what < 2) {
		type = of_tunnel[rnd(sizeof(of_tunnel))];
	} else if (session && what < 110) {
		type = of_call[rnd(sizeof(of_call))];
		sid = peer->calls[rnd(session)];
		if (!rnd(32)) {
			data_packet(peer, sid);
			return;
		}
	}
	begin(&p, peer->theirs, sid, peer->ns, peer->nr);
	compose(&p, type, (uint16_t)(type == STOPCCN ? peer->tid : rnd(65536)));
	finish(&p);
	/* with the M bit, what is out of place ends the tunnel */
	if (rnd(16))
		p.data[12] &= 0x7f;
	if (rnd(2))
		for (n = rnd(4); n; n--)
			mutate(&p, rnd(64) ? 20 : 12);
	if (rnd(16))
		finish(&p);
	if (!rnd(16))
		mutate(&p, 0);
	else
		peer->ns++;
	transmit(peer, &p);
	packets++;
}

static void strange_packet(struct peer *stranger, const struct peer *known)
{
	struct packet p;
	unsigned int n;

	switch (rnd(4)) {
	case 0:		/* anything */
		for (p.len = 0, n = rnd(100); n; n--)
			put16(&p, rnd(65536));
		break;
	case 1:		/* data of a session */
		begin(&p, known->theirs, known->calls[0], 0, 0);
		p.data[0] = (uint8_t)(rnd(2) ? 0x40 : 0x02 | rnd(256));
		for (n = rnd(20); n; n--)
			put16(&p, rnd(65536));
		finish(&p);
		mutate(&p, 0);
		break;
	default:	/* an SCCRQ that is hardly ever good, or a packet for a tunnel that is not his */
		begin(&p, rnd(4) ? 0 : known->theirs, 0, 0, 0);
		compose(&p, rnd(4) ? SCCRQ : 1 + rnd(16), (uint16_t)rnd(65536));
		finish(&p);
		if (rnd(128)) {
			for (n = 1 + rnd(3); n; n--)
				mutate(&p, 0);
			p.data[8] ^= 1;		/* Ns */
		}
	}
	transmit(stranger, &p);
	packets++;
}

/* The daemon has read everything up to now */
static int probe(struct peer *honest)
{
	struct pollfd fd = { .events = POLLIN };
	uint16_t want = (uint16_t)(honest->ns + 1), before = honest->tid;
	double until = now() + 10, again = 0;

	while (now() < until) {
		if (now() >= again) {
			if (honest->theirs) {
				honest->ns = (uint16_t)(want - 1);
				say(honest, HELLO);
			}
			again = now() + 0.5;
		}
		fd.fd = honest->fd;
		poll(&fd, 1, 100);
		listen_to(honest);
		if (honest->tid != before)
			return -1;	/* it was closed */
		if (honest->theirs && honest->acked == want)
			return 0;
		if (!honest->theirs)
			want = 3;	/* SCCRQ, SCCCN, Hello */
	}
	return -1;
}

/* Where each tunnel has a socket of its own at the daemon, the probe is no sign for the others: until nothing comes any more */
static void settle(struct peer *peers)
{
	struct pollfd fds[TUNNELS];
	int i, turns;

	for (turns = 0; turns < 50; turns++) {
		for (i = 0; i < TUNNELS; i++)
			fds[i] = (struct pollfd){ .fd = peers[i].fd, .events = POLLIN };
		if (poll(fds, TUNNELS, SETTLE_MS) <= 0)
			return;
		for (i = 0; i < TUNNELS; i++)
			if (fds[i].revents)
				listen_to(&peers[i]);
	}
}

int main(int argc, char **argv)
{
	static struct peer peers[TUNNELS], honest = { .fd = -1 }, stranger = { .fd = -1 };
	unsigned long count;
	double until;
	int i, j;

	if (argc != 6) {
		fprintf(stderr, "usage: mutate_packets PORT NAME SEED COUNT SECONDS\n");
		return 2;
	}
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	to.sin_port = htons((uint16_t)atoi(argv[1]));
	name = argv[2];
	random_state = 0x9e3779b97f4a7c15ull ^ strtoull(argv[3], NULL, 10);
	count = strtoul(argv[4], NULL, 10);
	until = now() + atof(argv[5]);
	open_peer(&honest);
	for (i = 0; i < TUNNELS; i++) {
		peers[i].fd = -1;
		open_peer(&peers[i]);
	}
	stranger.fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	while (packets < count && now() < until) {
		for (i = 0; i < TUNNELS; i++) {
			listen_to(&peers[i]);
			if (++peers[i].idle > PATIENCE)
				open_peer(&peers[i]);
			for (j = 0; peers[i].theirs && j < PER_TUNNEL; j++)
				one_packet(&peers[i]);
		}
		for (j = 0; j < STRANGERS; j++)
			strange_packet(&stranger, &peers[rnd(TUNNELS)]);
		if (probe(&honest)) {
			fprintf(stderr, "the daemon does not answer after %lu packets, seed %s\n", packets, argv[3]);
			return 1;
		}
		settle(peers);
	}
	/* What is known to be open is closed as it should be */
	for (i = 0; i < TUNNELS; i++)
		if (peers[i].theirs)
			say(&peers[i], STOPCCN);
	say(&honest, STOPCCN);
	printf("packets %lu tunnels %lu calls %lu closed %lu\n", packets, tunnels, calls, closed);
	return 0;
}
