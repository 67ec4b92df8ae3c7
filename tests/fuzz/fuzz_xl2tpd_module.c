/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_xl2tpd_module.c - xl2tpd's vpdn module between a core that keeps hook.h's promises and a vpdnd and peers that say anything.
 *
 * An input is a list of records: what happens (enum happening), which tunnel or call, length (u16), octets. AVPs and IPC messages come
 * from it as they are, only the order of messages is what xl2tpd lets through; a call that is to be closed has messages until xl2tpd
 * comes round to it, which is after the next record when ONE_MORE is set. Whatever happens: what the module sends is well
 * formed, and when all tunnels are gone nothing is left of them, no call, timer, watch or descriptor.
 */
#define FUZZ_ITERATIONS 20000ul
#include "fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "avp.h"
#include "../../plugins/xl2tpd/module.h"
#include "xl2tpd_core.h"

enum happening {
	VPDND_SAYS,		/* an IPC message's type and TLVs */
	VPDND_SENDS,		/* octets that may be anything */
	VPDND_ANSWERS,		/* about the call it was asked for last: which message, and further TLVs */
	VPDND_GOES,
	TUNNEL_ASKED,		/* SCCRQ with this Host Name */
	TUNNEL_UP,
	TUNNEL_DOWN,
	CALL_ASKED,		/* ICRQ (odd number) or OCRQ with these AVPs */
	CALL_GOES_ON,		/* the next message of its peer, with these AVPs */
	CALL_NOTIFIED,		/* SLI (odd number) or WEN */
	CALL_DOWN,		/* CDN with these AVPs */
	TIME_PASSES,		/* the oldest timer */
	HAPPENINGS
};

#define ONE_MORE	0x40	/* in `which` */

static int listen_fd = -1, vpdnd_fd = -1;
static uint32_t asked_ref;		/* of the last L2TP_DIAL_ASK */

/* ---- what xl2tpd does when it comes round ---- */

static void end_call(struct call *c, const struct l2tp_cause *why)
{
	module->call_down(c, c->priv, why);
	build(c->tunnel, c, VPDN_L2TP_CDN);
	module->call_freed(c, c->priv);
	c->used = false;
}

static void end_tunnel(struct tunnel *t)
{
	struct call *c;

	module->tunnel_down(t, t->priv, &t->why);
	for (c = calls; c < calls + MAX_CALLS; c++)
		if (c->used && c->tunnel == t)
			end_call(c, &t->why);
	module->tunnel_freed(t, t->priv);
	t->used = false;
}

static void close_what_is_to_be_closed(void)
{
	struct tunnel *t;
	struct call *c;

	for (c = calls; c < calls + MAX_CALLS; c++)
		if (c->used && c->closing)
			end_call(c, &c->why);
	for (t = tunnels; t < tunnels + MAX_TUNNELS; t++)
		if (t->used && t->closing)
			end_tunnel(t);
}

/* vpdnd reads all that it is sent, which must be in order. */
static void vpdnd_reads(void)
{
	static struct vpdn_ipc_msg m;
	int rc;

	while (vpdnd_fd >= 0 && (rc = vpdn_ipc_recv(vpdnd_fd, &m)) != -EAGAIN) {
		if (rc != 1) {
			check(rc == 0 || rc == -ECONNRESET);
			close(vpdnd_fd);
			vpdnd_fd = -1;
		} else if (m.type == VPDN_MSG_L2TP_DIAL_ASK) {
			vpdn_ipc_get_u32(&m, VPDN_TLV_CALL_REF, &asked_ref);
		}
		vpdn_ipc_msg_close(&m);
	}
}

static void module_reads(void)
{
	struct l2tp_watch *w;
	struct pollfd p;

	for (w = watches; w < watches + MAX_WATCHES; w++) {
		p = (struct pollfd){ .fd = w->fd, .events = POLLIN };
		if (w->cb && poll(&p, 1, 0) == 1)
			w->cb(w->fd, EPOLLIN, w->arg);
	}
}

static void come_round(void)
{
	module_reads();
	close_what_is_to_be_closed();
	vpdnd_reads();
}

static void vpdnd_comes(void)
{
	struct vpdn_ipc_builder b;

	if (vpdnd_fd >= 0 || (vpdnd_fd = vpdn_ipc_accept(listen_fd)) < 0)
		return;
	vpdnd_reads();
	if (vpdnd_fd < 0)
		return;
	vpdn_ipc_begin(&b, VPDN_MSG_HELLO_ACK, VPDN_IPC_F_REPLY, 1);
	vpdn_ipc_put_u8(&b, VPDN_TLV_VERSION, VPDN_IPC_VERSION);
	vpdn_ipc_put_text(&b, VPDN_TLV_NAME, "fuzz");
	check(vpdn_ipc_send(vpdnd_fd, &b, NULL, 0) == 0);
	come_round();
}

/* ---- what happens ---- */

static void vpdnd_says(uint16_t type, const uint32_t *ref, const uint8_t *p, size_t len)
{
	static struct vpdn_ipc_builder b;

	if (vpdnd_fd < 0)
		return;
	vpdn_ipc_begin(&b, type, 0, 7);
	if (ref)
		vpdn_ipc_put_u32(&b, VPDN_TLV_CALL_REF, *ref);
	vpdn_writer_bytes(&b.w, p, len);
	vpdn_ipc_finish(&b);	/* the length; what is missing is the module's to find */
	vpdn_ipc_send_octets(vpdnd_fd, b.buf, b.w.len, NULL, 0);
}

static void tunnel_asked(const uint8_t *p, size_t len)
{
	struct l2tp_cause why = { .text = "" };
	struct l2tp_tunnel_params params;
	struct l2tp_tunnel_info info;
	struct tunnel *t = new_tunnel(NULL);

	if (!t)
		return;
	snprintf(t->name, sizeof(t->name), "%.*s", (int)len, (const char *)p);
	tunnel_info(t, &info);
	memset(&params, 0, sizeof(params));
	if (module->tunnel_request(t, &info, &params, &t->priv, &why) != L2TP_ACCEPT) {
		t->used = false;
		return;
	}
	check(memchr(params.local_name, 0, sizeof(params.local_name)) && memchr(params.secret, 0, sizeof(params.secret)));
	build(t, NULL, VPDN_L2TP_SCCRP);
}

/* A message as the core hands it on: Message Type, then what came with it. */
static int message(struct tunnel *t, struct call *c, int msgtype, const uint8_t *p, size_t len)
{
	uint8_t buf[MAX_MESSAGE] = { 0x80, 8, 0, 0, 0, 0, 0, (uint8_t)msgtype };

	len = len < MAX_MESSAGE - 8 ? len : MAX_MESSAGE - 8;
	memcpy(buf + 8, p, len);
	return module->message(t, c, c ? c->priv : t->priv, msgtype, buf, len + 8);
}

static void call_asked(struct tunnel *t, int msgtype, const uint8_t *p, size_t len)
{
	struct call *c;

	if (!t->used || !t->up || t->closing)
		return;
	c = new_call(t, msgtype == VPDN_L2TP_ICRQ ? ICRQ_CAME : OCRQ_CAME, NULL);
	if (!c)
		return;
	if (message(t, c, msgtype, p, len) != L2TP_ACCEPT)
		check(c->closing);
	else if (msgtype == VPDN_L2TP_ICRQ)
		build(t, c, VPDN_L2TP_ICRP);
}

static void call_goes_on(struct call *c, const uint8_t *p, size_t len)
{
	static const struct { int msgtype; enum state next; } of[] = {
		[ICRQ_SENT] = { VPDN_L2TP_ICRP, ACCEPTED }, [ICRQ_CAME] = { VPDN_L2TP_ICCN, CONNECTED },
		[OCRQ_SENT] = { VPDN_L2TP_OCRP, OCRQ_SENT }, [CONNECTED] = { 0, 0 },
	};

	if (!c->used || c->tunnel->closing || !of[c->state].msgtype)
		return;
	if (c->state == OCRQ_SENT) {	/* both, in one burst */
		message(c->tunnel, c, VPDN_L2TP_OCRP, p, len);
		c->state = CONNECTED;
		message(c->tunnel, c, VPDN_L2TP_OCCN, p, len);
		return;
	}
	message(c->tunnel, c, of[c->state].msgtype, p, len);
	c->state = of[c->state].next;
}

static void call_down(struct call *c, const uint8_t *p, size_t len)
{
	struct l2tp_cause why = { .result = 1, .text = "the peer", .by = L2TP_BY_PEER, .q931 = 16 };

	if (!c->used)
		return;
	message(c->tunnel, c, VPDN_L2TP_CDN, p, len);
	end_call(c, &why);
}

static void time_passes(void)
{
	struct l2tp_timer *t, *oldest = NULL;

	for (t = timers; t < timers + MAX_TIMERS; t++)
		if (t->used && (!oldest || t->number < oldest->number))
			oldest = t;
	if (!oldest)
		return;
	oldest->used = false;
	oldest->cb(oldest->arg);
	vpdnd_comes();
}

static void happen(enum happening what, uint8_t which, const uint8_t *p, size_t len)
{
	static const uint16_t answers[] = {
		VPDN_MSG_L2TP_DIAL_ACCEPT, VPDN_MSG_L2TP_CALL_CONNECT, VPDN_MSG_L2TP_WAN_ERRORS, VPDN_MSG_L2TP_CALL_CLEAR,
	};
	static const struct l2tp_cause gone = { .result = 1, .text = "gone", .by = L2TP_BY_TIMEOUT };
	struct tunnel *t = &tunnels[which % MAX_TUNNELS];
	struct call *c = &calls[which % MAX_CALLS];

	switch (what) {
	case VPDND_SAYS:
		if (len >= 2)
			vpdnd_says((uint16_t)(p[0] << 8 | p[1]), NULL, p + 2, len - 2);
		break;
	case VPDND_ANSWERS:
		vpdnd_says(answers[which % 4], &asked_ref, p, len);
		break;
	case VPDND_SENDS:
		if (vpdnd_fd >= 0 && len)
			vpdn_ipc_send_octets(vpdnd_fd, p, len, NULL, 0);
		break;
	case VPDND_GOES:
		if (vpdnd_fd >= 0)
			close(vpdnd_fd);
		vpdnd_fd = -1;
		break;
	case TUNNEL_ASKED:
		tunnel_asked(p, len);
		break;
	case TUNNEL_UP:
		if (t->used && !t->up && !t->closing) {
			t->up = true;
			module->tunnel_up(t, t->priv);
		}
		break;
	case TUNNEL_DOWN:
		if (t->used && !t->closing) {
			message(t, NULL, VPDN_L2TP_STOPCCN, p, len);
			keep(&t->why, &gone, L2TP_BY_PEER);
			end_tunnel(t);
		}
		break;
	case CALL_ASKED:
		call_asked(t, which & 0x80 ? VPDN_L2TP_ICRQ : VPDN_L2TP_OCRQ, p, len);
		break;
	case CALL_GOES_ON:
		call_goes_on(c, p, len);
		break;
	case CALL_NOTIFIED:
		if (c->used && c->state == CONNECTED && !c->tunnel->closing)
			message(c->tunnel, c, which & 0x80 ? VPDN_L2TP_SLI : VPDN_L2TP_WEN, p, len);
		break;
	case CALL_DOWN:
		call_down(c, p, len);
		break;
	case TIME_PASSES:
		time_passes();
		break;
	case HAPPENINGS:
		break;
	}
	if (!(which & ONE_MORE))
		come_round();
}

static unsigned int open_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned int n = 0;

	check(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static char dir[] = "/tmp/fuzz-xl2tpd-XXXXXX", path[64];

static void remove_dir(void)
{
	unlink(path);
	rmdir(dir);
}

static void start_once(void)
{
	char args[256];

	if (module)
		return;
	check(mkdtemp(dir));
	atexit(remove_dir);
	snprintf(path, sizeof(path), "%s/s", dir);
	snprintf(args, sizeof(args), "socket=%s,templates=%s", path, dir);
	listen_fd = vpdn_ipc_listen(path);
	check(listen_fd >= 0);
	module = l2tp_module_init(&core, args);
	check(module);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
#ifndef VPDN_LIBFUZZER
	static unsigned long runs;
	static unsigned int fds;
#endif
	struct vpdn_reader r;
	uint8_t what, which;
	const uint8_t *p;
	struct tunnel *t;
	uint16_t len;
	size_t i;

	start_once();
	module->start();
	vpdnd_comes();
	vpdn_reader_init(&r, data, size);
	while (vpdn_reader_u8(&r, &what) && vpdn_reader_u8(&r, &which) && vpdn_reader_u16(&r, &len)) {
		if (len > r.left)
			len = (uint16_t)r.left;
		vpdn_reader_bytes(&r, &p, len);
		happen(what % HAPPENINGS, which, p, len);
	}
	module->stop(15);
	close_what_is_to_be_closed();
	for (t = tunnels; t < tunnels + MAX_TUNNELS; t++)
		check(!t->used);
	for (i = 0; i < MAX_TIMERS; i++)
		check(!timers[i].used);
	for (i = 0; i < MAX_WATCHES; i++)
		check(!watches[i].cb);
	check(!vpdn_tunnel_next(NULL));
	if (vpdnd_fd >= 0)
		close(vpdnd_fd);
	vpdnd_fd = -1;
	while ((vpdnd_fd = vpdn_ipc_accept(listen_fd)) >= 0)
		close(vpdnd_fd);
#ifndef VPDN_LIBFUZZER	/* which has files of its own, sometimes */
	if (runs++ == 0)
		fds = open_fds();
	else if (runs % 256 == 0)
		check(open_fds() == fds);
#endif
	return 0;
}
