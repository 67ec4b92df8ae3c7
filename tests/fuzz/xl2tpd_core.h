/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xl2tpd_core.h - a stand-in for xl2tpd's core, as hook.h promises it to a module: it keeps the order of a call's messages, and closes
 * nothing before it comes round. For fuzz_xl2tpd_module.c. It looks at what the module wants sent.
 */
#ifndef FUZZ_XL2TPD_CORE_H
#define FUZZ_XL2TPD_CORE_H

enum state { ICRQ_SENT, ICRQ_CAME, OCRQ_SENT, OCRQ_CAME, ACCEPTED, DIALLING, CONNECTED };

#define MAX_TUNNELS	4
#define MAX_CALLS	16
#define MAX_TIMERS	64
#define MAX_WATCHES	32
#define MAX_MESSAGE	4096

struct tunnel {
	bool used, up, closing;
	uint16_t tid;
	struct sockaddr_in peer;
	char name[L2TP_NAME_SIZE];
	void *priv;
	struct l2tp_cause why;
};

struct call {
	bool used, closing;
	struct tunnel *tunnel;
	uint16_t cid;
	enum state state;
	void *priv;
	struct l2tp_cause why;
};

struct l2tp_timer {
	bool used;
	unsigned long number;
	void (*cb)(void *arg);
	void *arg;
};

struct l2tp_watch {
	int fd;
	void (*cb)(int fd, uint32_t events, void *arg);
	void *arg;
};

l2tp_module_init_fn l2tp_module_init;	/* as xl2tpd finds it */

static struct tunnel tunnels[MAX_TUNNELS];
static struct call calls[MAX_CALLS];
static struct l2tp_timer timers[MAX_TIMERS];
static struct l2tp_watch watches[MAX_WATCHES];
static unsigned long timer_number;
static const struct l2tp_module_ops *module;
static char text[64];

/* ---- the core ---- */

static void core_log(int level, const char *fmt, ...)
{
	char line[2048];
	va_list ap;

	va_start(ap, fmt);
	check(vsnprintf(line, sizeof(line), fmt, ap) > 0);
	va_end(ap);
	check(level >= LOG_EMERG && level <= LOG_DEBUG);
}

/* What the module adds to a message, which must be fit to be sent. */
static void build(struct tunnel *t, struct call *c, int msgtype)
{
	uint8_t buf[4000];
	struct vpdn_avp_iter it;
	struct vpdn_avp avp;
	size_t len = module->message_build(t, c, c ? c->priv : t->priv, msgtype, buf, sizeof(buf));
	int rc;

	check(len <= sizeof(buf));
	vpdn_avp_iter_init(&it, buf, len);
	while ((rc = vpdn_avp_next(&it, &avp)) == 1)
		check(avp.verdict != VPDN_AVP_RESERVED && avp.verdict != VPDN_AVP_HIDDEN);
	check(rc == 0);
}

static struct tunnel *new_tunnel(void *priv)
{
	struct tunnel *t;

	for (t = tunnels; t < tunnels + MAX_TUNNELS; t++) {
		if (t->used)
			continue;
		*t = (struct tunnel){ .used = true, .tid = (uint16_t)(t - tunnels + 1), .priv = priv };
		t->peer.sin_family = AF_INET;
		t->peer.sin_addr.s_addr = htonl(0x7f000001);
		return t;
	}
	return NULL;
}

static struct call *new_call(struct tunnel *t, enum state state, void *priv)
{
	struct call *c;

	for (c = calls; c < calls + MAX_CALLS; c++) {
		if (c->used)
			continue;
		*c = (struct call){ .used = true, .tunnel = t, .cid = (uint16_t)(c - calls + 1), .state = state, .priv = priv };
		return c;
	}
	return NULL;
}

static int tunnel_open(const struct l2tp_tunnel_params *params, void *priv, struct tunnel **out)
{
	struct tunnel *t = new_tunnel(priv);

	if (!t)
		return -ENOMEM;
	check(memchr(params->local_name, 0, sizeof(params->local_name)) && memchr(params->secret, 0, sizeof(params->secret)));
	t->peer.sin_addr = params->peer;
	*out = t;
	build(t, NULL, VPDN_L2TP_SCCRQ);
	return 0;
}

static void keep(struct l2tp_cause *why, const struct l2tp_cause *cause, int by)
{
	*why = *cause;
	why->by = by;
	check(cause->text);
	snprintf(text, sizeof(text), "%s", cause->text);
	why->text = text;
}

static void tunnel_close(struct tunnel *t, const struct l2tp_cause *cause)
{
	check(t->used);
	if (!t->closing)
		keep(&t->why, cause, L2TP_BY_US);
	t->closing = true;
}

static void tunnel_info(const struct tunnel *t, struct l2tp_tunnel_info *info)
{
	check(t->used);
	*info = (struct l2tp_tunnel_info){ .tid = t->tid, .peer_tid = t->up ? 1000 : 0, .peer = t->peer, .peer_name = t->name, .vendor = "",
					  .framings = 3, .bearers = 3 };
}

static void *tunnel_priv(const struct tunnel *t)
{
	return t->priv;
}

static int call_open(struct tunnel *t, int msgtype, void *priv, struct call **out)
{
	struct call *c;

	check(t->used && (msgtype == VPDN_L2TP_ICRQ || msgtype == VPDN_L2TP_OCRQ));
	if (!t->up || t->closing)
		return -ENOTCONN;
	c = new_call(t, msgtype == VPDN_L2TP_ICRQ ? ICRQ_SENT : OCRQ_SENT, priv);
	if (!c)
		return -ENOMEM;
	*out = c;
	build(t, c, msgtype);
	return 0;
}

static int send_in_state(struct call *c, enum state state, int msgtype, enum state next)
{
	check(c->used);
	if (c->state != state || c->closing)
		return -EINVAL;
	build(c->tunnel, c, msgtype);
	c->state = next;
	return 0;
}

static int call_accept(struct call *c)
{
	return send_in_state(c, OCRQ_CAME, VPDN_L2TP_OCRP, DIALLING);
}

static int call_connect(struct call *c)
{
	return c->state == ACCEPTED ? send_in_state(c, ACCEPTED, VPDN_L2TP_ICCN, CONNECTED) :
				      send_in_state(c, DIALLING, VPDN_L2TP_OCCN, CONNECTED);
}

static int call_notify(struct call *c, int msgtype)
{
	check(msgtype == VPDN_L2TP_WEN || msgtype == VPDN_L2TP_SLI);
	return send_in_state(c, CONNECTED, msgtype, CONNECTED);
}

static void call_close(struct call *c, const struct l2tp_cause *cause)
{
	check(c->used);
	if (!c->closing)
		keep(&c->why, cause, L2TP_BY_US);
	c->closing = true;
}

static void call_info(const struct call *c, struct l2tp_call_info *info)
{
	check(c->used);
	*info = (struct l2tp_call_info){ .cid = c->cid, .peer_cid = 2000, .tunnel = c->tunnel };
}

static void call_set_priv(struct call *c, void *priv)
{
	c->priv = priv;
}

static int call_socket(struct call *c)
{
	check(c->used);
	return open("/dev/null", O_RDWR | O_CLOEXEC);
}

static struct l2tp_watch *watch(int fd, uint32_t events, void (*cb)(int fd, uint32_t events, void *arg), void *arg)
{
	struct l2tp_watch *w;

	(void)events;
	for (w = watches; w < watches + MAX_WATCHES; w++)
		if (!w->cb) {
			*w = (struct l2tp_watch){ fd, cb, arg };
			return w;
		}
	return NULL;
}

static int watch_events(struct l2tp_watch *w, uint32_t events)
{
	(void)events;
	check(w->cb);
	return 0;
}

static void unwatch(struct l2tp_watch *w)
{
	if (w)
		w->cb = NULL;
}

static struct l2tp_timer *timer_add(unsigned int ms, void (*cb)(void *arg), void *arg)
{
	struct l2tp_timer *t;

	(void)ms;
	for (t = timers; t < timers + MAX_TIMERS; t++)
		if (!t->used) {
			*t = (struct l2tp_timer){ true, ++timer_number, cb, arg };
			return t;
		}
	return NULL;
}

static void timer_del(struct l2tp_timer *t)
{
	if (!t)
		return;
	check(t->used);
	t->used = false;
}

static void control_stats(const struct tunnel *t, struct l2tp_control_stats *stats)
{
	check(t->used);
	memset(stats, 0, sizeof(*stats));
}

static int data_stats(const struct tunnel *t, uint16_t cid, struct l2tp_data_stats *stats)
{
	check(t->used);
	memset(stats, 0, sizeof(*stats));
	return cid > MAX_CALLS ? -ENOTCONN : 0;
}

static const struct l2tp_core_ops core = {
	.abi = L2TP_HOOK_ABI, .size = sizeof(core), .log = core_log,
	.tunnel_open = tunnel_open, .tunnel_close = tunnel_close, .tunnel_info = tunnel_info, .tunnel_priv = tunnel_priv,
	.call_open = call_open, .call_accept = call_accept, .call_connect = call_connect, .call_notify = call_notify,
	.call_close = call_close, .call_info = call_info, .call_set_priv = call_set_priv, .call_socket = call_socket,
	.watch = watch, .watch_events = watch_events, .unwatch = unwatch, .timer_add = timer_add, .timer_del = timer_del,
	.control_stats = control_stats, .data_stats = data_stats,
};

#endif
