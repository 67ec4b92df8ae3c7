/* SPDX-License-Identifier: GPL-2.0-or-later */
/* inject.c - see inject.h. Frames are built once; then they only go out, 64 with one system call; several streams take turns. */
#include "inject.h"

#include <errno.h>
#include <jansson.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <linux/if_ether.h>

#include "if_stats.h"
#include "loop.h"
#include "options.h"
#include "packet_socket.h"
#include "ping.h"

#define FRAME_MAX	1600
#define BATCH		64
#define SESSIONS_MAX	4096
#define STREAMS_MAX	4
#define UDP_HEADER_LEN	8u
#define L2TP_HEADER_LEN	10u	/* without a length; with PPP's address, control and protocol */
#define L2TP_DATA	0x0002
#define PPP_IPV4	0x0021
#define ECHO_PORT	7		/* nobody answers there, as a rule */
#define NAP		(50 * 1000)	/* ns; frames that became due meanwhile go out together */
#define SETTLE		(NS_PER_S / 2)	/* what is queued somewhere has come by then */

enum kind { INJECT_IP, INJECT_PPPOE, INJECT_L2TP };

struct session {
	uint16_t id;
	uint8_t mac[6];
	bool has_mac;
};

struct injector {
	enum kind kind;
	const char *interface, *count;
	uint8_t dst_mac[6], src_mac[6];
	struct in_addr src, dst, outer_src, outer_dst;
	unsigned int size, rate, sport, dport, tunnel;
	int64_t time, slice;		/* slice 0: all of its time at once */
	unsigned int n;			/* sessions */
	struct session sessions[SESSIONS_MAX];
};

struct counter {
	const char *interface, *netns;
	int64_t time;
};

static bool take_session(void *object, const char *word)
{
	struct injector *j = object;
	struct session *s = &j->sessions[j->n];
	char *slash = strchr(word, '/');
	char id[8];
	long v;

	if (j->n == SESSIONS_MAX || (slash ? (size_t)(slash - word) : strlen(word)) >= sizeof(id))
		return false;
	snprintf(id, sizeof(id), "%.*s", slash ? (int)(slash - word) : (int)strlen(word), word);
	if (!option_number(id, 1, 65535, &v) || (slash && !option_mac(slash + 1, s->mac)))
		return false;
	s->id = (uint16_t)v;
	s->has_mac = slash;
	j->n++;
	return true;
}

#define AT(field)	offsetof(struct injector, field)

static const struct option_row inject_rows[] = {
	{ "--interface", "-i", OPTION_TEXT, AT(interface), 0, 0, NULL },
	{ "--dst-mac", NULL, OPTION_MAC, AT(dst_mac), 0, 0, NULL },
	{ "--src-mac", NULL, OPTION_MAC, AT(src_mac), 0, 0, NULL },
	{ "--size", NULL, OPTION_NUMBER, AT(size), IPV4_HEADER_LEN + UDP_HEADER_LEN, 1500, NULL },
	{ "--time", NULL, OPTION_SECONDS, AT(time), 0, 0, NULL },
	{ "--slice", NULL, OPTION_SECONDS, AT(slice), 0, 0, NULL },
	{ "--rate", NULL, OPTION_NUMBER, AT(rate), 0, 100000000, NULL },
	{ "--src", NULL, OPTION_ADDRESS, AT(src), 0, 0, NULL },
	{ "--dst", NULL, OPTION_ADDRESS, AT(dst), 0, 0, NULL },
	{ "--count", NULL, OPTION_TEXT, AT(count), 0, 0, NULL },
	{ "--session", NULL, OPTION_CALL, 0, 0, 0, take_session },
	{ "--tunnel", NULL, OPTION_NUMBER, AT(tunnel), 1, 65535, NULL },
	{ "--outer-src", NULL, OPTION_ADDRESS, AT(outer_src), 0, 0, NULL },
	{ "--outer-dst", NULL, OPTION_ADDRESS, AT(outer_dst), 0, 0, NULL },
	{ "--sport", NULL, OPTION_NUMBER, AT(sport), 1, 65535, NULL },
	{ "--dport", NULL, OPTION_NUMBER, AT(dport), 1, 65535, NULL },
};

static const struct option_row count_rows[] = {
	{ "--interface", "-i", OPTION_TEXT, offsetof(struct counter, interface), 0, 0, NULL },
	{ "--netns", NULL, OPTION_TEXT, offsetof(struct counter, netns), 0, 0, NULL },
	{ "--time", NULL, OPTION_SECONDS, offsetof(struct counter, time), 0, 0, NULL },
};

static void udp_header(struct vpdn_writer *w, unsigned int from, unsigned int to, size_t len)
{
	vpdn_writer_u16(w, (uint16_t)from);
	vpdn_writer_u16(w, (uint16_t)to);
	vpdn_writer_u16(w, (uint16_t)len);
	vpdn_writer_u16(w, 0);		/* no checksum */
}

static size_t build(const struct injector *j, const struct session *s, uint8_t frame[FRAME_MAX])
{
	size_t udp = UDP_HEADER_LEN + L2TP_HEADER_LEN + j->size;
	struct vpdn_writer w;

	vpdn_writer_init(&w, frame, FRAME_MAX);
	vpdn_writer_bytes(&w, j->dst_mac, 6);
	vpdn_writer_bytes(&w, s->has_mac ? s->mac : j->src_mac, 6);
	vpdn_writer_u16(&w, j->kind == INJECT_PPPOE ? ETH_P_PPP_SES : ETH_P_IP);
	if (j->kind == INJECT_PPPOE) {
		vpdn_writer_u16(&w, 0x1100);
		vpdn_writer_u16(&w, s->id);
		vpdn_writer_u16(&w, (uint16_t)(j->size + 2));
		vpdn_writer_u16(&w, PPP_IPV4);
	} else if (j->kind == INJECT_L2TP) {
		ipv4_header(&w, IPV4_HEADER_LEN + udp, IPPROTO_UDP, j->outer_src.s_addr, j->outer_dst.s_addr);
		udp_header(&w, j->sport, j->dport, udp);
		vpdn_writer_u16(&w, L2TP_DATA);
		vpdn_writer_u16(&w, (uint16_t)j->tunnel);
		vpdn_writer_u16(&w, s->id);
		vpdn_writer_u16(&w, 0xff03);
		vpdn_writer_u16(&w, PPP_IPV4);
	}
	ipv4_header(&w, j->size, IPPROTO_UDP, j->src.s_addr, j->dst.s_addr);
	udp_header(&w, ECHO_PORT, ECHO_PORT, j->size - IPV4_HEADER_LEN);
	vpdn_writer_zero(&w, j->size - IPV4_HEADER_LEN - UDP_HEADER_LEN);
	if (w.len < ETH_ZLEN)
		vpdn_writer_zero(&w, ETH_ZLEN - w.len);
	return w.len;
}

/* As many messages as fill batches, the sessions in turn. */
static struct mmsghdr *messages(const struct injector *j, size_t *n, size_t *frame_len)
{
	size_t count = ((j->n > BATCH ? j->n : BATCH) + j->n - 1) / j->n * j->n;
	uint8_t (*frames)[FRAME_MAX] = calloc(j->n, sizeof(*frames));
	struct mmsghdr *m = calloc(count, sizeof(*m));
	struct iovec *v = calloc(j->n, sizeof(*v));

	if (!frames || !m || !v)
		abort();
	for (unsigned int i = 0; i < j->n; i++) {
		*frame_len = build(j, &j->sessions[i], frames[i]);
		v[i] = (struct iovec){ frames[i], *frame_len };
	}
	for (size_t i = 0; i < count; i++) {
		m[i].msg_hdr.msg_iov = &v[i % j->n];
		m[i].msg_hdr.msg_iovlen = 1;
	}
	*n = count;
	return m;
}

/* What goes out of one interface: its frames, and what became of them. */
struct stream {
	struct injector j;
	int fd;
	struct mmsghdr *m;
	size_t n, next, frame;
	uint64_t sent, errors, received;
	int64_t time;
	json_t *slices;			/* packets/s received in each */
};

/* One turn. */
static void blast(struct stream *s, int64_t limit)
{
	int64_t begin = now_ns(), time;
	uint64_t gone = 0;

	while ((time = now_ns() - begin) < limit) {
		uint64_t due = BATCH;
		int done;

		if (s->j.rate) {
			due = (uint64_t)((double)time / NS_PER_S * s->j.rate) - gone;
			if (!due) {
				nanosleep(&(struct timespec){ .tv_nsec = NAP }, NULL);
				continue;
			}
			due = due < BATCH ? due : BATCH;
		}
		due = due < s->n - s->next ? due : s->n - s->next;
		done = sendmmsg(s->fd, s->m + s->next, (unsigned int)due, 0);
		if (done <= 0) {
			s->errors++;	/* the interface had no room for this one */
			done = 1;
		} else {
			s->sent += (uint64_t)done;
		}
		gone += (uint64_t)done;
		s->next = (s->next + (size_t)done) % s->n;
	}
	s->time += time;
}

static int complain(const char *what, int rc)
{
	fprintf(stderr, "vpdn-load: %s: %s\n", what, strerror(-rc));
	return 2;
}

static int usage(const char *why)
{
	fprintf(stderr, "vpdn-load: %s (--help says more)\n", why);
	return 2;
}

/* "PATH:IF" to its parts. The fd of if_stats, or -1 after it said why. */
static int open_counter(const char *where, const char **interface)
{
	const char *colon = strrchr(where, ':');
	char path[4096];
	int fd;

	if (!colon || (size_t)(colon - where) >= sizeof(path)) {
		usage("--count wants PATH:IF");
		return -1;
	}
	snprintf(path, sizeof(path), "%.*s", (int)(colon - where), where);
	*interface = colon + 1;
	fd = if_stats_open(strcmp(path, "-") ? path : NULL);
	if (fd < 0)
		complain(where, fd);
	return fd < 0 ? -1 : fd;
}

static void print(json_t *o)
{
	json_dumpf(o, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
	putchar('\n');
	json_decref(o);
}

/* A turn of one stream, and what has come meanwhile. 0 or -errno. */
static int turn(struct stream *s, int64_t limit, int counter, const char *interface)
{
	struct if_stats before = { 0 }, after = { 0 };
	int64_t time = s->time;
	uint64_t received;
	int rc = counter < 0 ? 0 : if_stats_read(counter, interface, &before);

	blast(s, limit);
	if (counter >= 0 && !rc)
		rc = if_stats_read(counter, interface, &after);
	received = after.rx_packets - before.rx_packets;
	s->received += received;
	json_array_append_new(s->slices, json_real((double)received * NS_PER_S / (double)(s->time - time)));
	return rc;
}

static json_t *said_of(const struct stream *s)
{
	return json_pack("{s:I, s:I, s:f, s:f, s:I}", "frame", (json_int_t)s->frame, "sent", (json_int_t)s->sent,
			 "seconds", (double)s->time / NS_PER_S, "sent_pps", (double)s->sent * NS_PER_S / (double)s->time,
			 "errors", (json_int_t)s->errors);
}

/* One stream is the report itself; several are listed in it, with what came of each in each of its turns. */
static json_t *report(struct stream *s, size_t streams, bool counted)
{
	json_t *o, *list = json_array();

	for (size_t i = 0; i < streams; i++) {
		o = said_of(&s[i]);
		if (counted) {
			json_object_set_new(o, "received_pps", json_real((double)s[i].received * NS_PER_S / (double)s[i].time));
			if (streams > 1)
				json_object_set(o, "slices", s[i].slices);
		}
		json_array_append_new(list, o);
	}
	o = streams > 1 ? json_pack("{s:O}", "streams", list) : json_incref(json_array_get(list, 0));
	json_decref(list);
	json_object_set_new(o, "mode", json_string("inject"));
	return o;
}

static int inject(struct stream *s, size_t streams)
{
	const struct injector *j = &s[0].j;
	struct if_stats before = { 0 }, after = { 0 };
	const char *interface = NULL;
	int64_t slice = j->slice ? j->slice : j->time;
	uint64_t sent = 0;
	json_t *o;
	int counter = -1, rc = 0;

	if (j->count && ((counter = open_counter(j->count, &interface)) < 0 || (rc = if_stats_read(counter, interface, &before))))
		return rc ? complain(j->count, rc) : 2;
	/* There and back again: each has as many turns early as late. */
	for (bool back = false; !rc && s[0].time < j->time; back = !back)
		for (size_t i = 0; i < streams && !rc; i++)
			rc = turn(&s[back ? streams - 1 - i : i], slice, counter, interface);
	for (size_t i = 0; i < streams; i++)
		sent += s[i].sent;
	o = report(s, streams, j->count);
	if (j->count && !rc) {
		nanosleep(&(struct timespec){ .tv_nsec = SETTLE }, NULL);
		rc = if_stats_read(counter, interface, &after);
		close(counter);
		json_object_set_new(o, "received", json_integer((json_int_t)(after.rx_packets - before.rx_packets)));
		json_object_set_new(o, "loss", json_real(sent ? 1 - (double)(after.rx_packets - before.rx_packets) / (double)sent : 0));
	}
	if (rc) {
		json_decref(o);
		return complain(j->count, rc);
	}
	print(o);
	return sent ? 0 : 1;
}

/* The options of one stream, and its socket. False after it said why not. */
static bool stream_open(struct stream *s, int argc, char **argv)
{
	static const char *const kinds[] = { [INJECT_IP] = "ip", [INJECT_PPPOE] = "pppoe", [INJECT_L2TP] = "l2tp" };
	static const uint8_t none[6];
	struct injector *j = &s->j;
	uint8_t own_mac[6];

	*j = (struct injector){ .sport = 1701, .dport = 1701, .time = NS_PER_S };
	s->fd = -1;
	while (j->kind <= INJECT_L2TP && (!argc || strcmp(argv[0], kinds[j->kind])))
		j->kind++;
	if (j->kind > INJECT_L2TP)
		return !usage("inject what? ip, pppoe or l2tp");
	if (!options_read(inject_rows, sizeof(inject_rows) / sizeof(inject_rows[0]), j, argc - 1, argv + 1))
		return false;
	if (!j->interface || !j->size || !j->src.s_addr || !j->dst.s_addr || !memcmp(j->dst_mac, none, sizeof(none)))
		return !usage("inject wants -i, --dst-mac, --size, --src and --dst");
	if (j->kind != INJECT_IP && !j->n)
		return !usage("which --session?");
	if (j->kind == INJECT_L2TP && (!j->tunnel || !j->outer_src.s_addr || !j->outer_dst.s_addr))
		return !usage("inject l2tp wants --tunnel, --outer-src and --outer-dst");
	if (j->kind == INJECT_IP)
		j->n = 1;	/* no session, but one kind of frame */
	s->fd = packet_socket(j->interface, NULL, own_mac);
	if (s->fd < 0)
		return false;
	if (!memcmp(j->src_mac, none, sizeof(none)))
		memcpy(j->src_mac, own_mac, sizeof(own_mac));
	s->m = messages(j, &s->n, &s->frame);
	s->slices = json_array();
	return true;
}

static void stream_close(struct stream *s)
{
	if (s->m) {
		free(s->m[0].msg_hdr.msg_iov[0].iov_base);
		free(s->m[0].msg_hdr.msg_iov);
		free(s->m);
	}
	json_decref(s->slices);
	if (s->fd >= 0)
		close(s->fd);
}

int inject_main(int argc, char **argv)
{
	static struct stream streams[STREAMS_MAX];
	size_t n = 0;
	int status = 0;

	for (int end; !status && (n == 0 || argc > 0); argc -= end + 1, argv += end + 1) {
		if (n == STREAMS_MAX)
			status = usage("that many streams cannot take turns");
		for (end = 0; end < argc && strcmp(argv[end], ",") != 0; end++)
			;
		if (!status && !stream_open(&streams[n++], end, argv))
			status = 2;
	}
	if (!status)
		status = inject(streams, n);
	while (n-- > 0)
		stream_close(&streams[n]);
	return status;
}

int count_main(int argc, char **argv)
{
	struct counter c = { .time = NS_PER_S };
	struct if_stats before, after;
	int64_t begin;
	double seconds;
	int fd, rc;

	if (!options_read(count_rows, sizeof(count_rows) / sizeof(count_rows[0]), &c, argc, argv))
		return 2;
	if (!c.interface)
		return usage("count wants -i");
	fd = if_stats_open(c.netns);
	if (fd < 0)
		return complain(c.netns, fd);
	rc = if_stats_read(fd, c.interface, &before);
	begin = now_ns();
	if (!rc)
		nanosleep(&(struct timespec){ c.time / NS_PER_S, c.time % NS_PER_S }, NULL);
	seconds = (double)(now_ns() - begin) / NS_PER_S;
	rc = rc ? rc : if_stats_read(fd, c.interface, &after);
	close(fd);
	if (rc)
		return complain(c.interface, rc);
	print(json_pack("{s:s, s:s, s:f, s:I, s:f, s:I, s:I, s:I}", "mode", "count", "interface", c.interface, "seconds", seconds,
			"received", (json_int_t)(after.rx_packets - before.rx_packets),
			"received_pps", (double)(after.rx_packets - before.rx_packets) / seconds,
			"octets", (json_int_t)(after.rx_bytes - before.rx_bytes), "dropped", (json_int_t)(after.rx_dropped - before.rx_dropped),
			"sent", (json_int_t)(after.tx_packets - before.tx_packets)));
	return 0;
}
