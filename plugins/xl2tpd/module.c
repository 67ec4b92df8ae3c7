/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * module.c - makes xl2tpd a part of a VPDN: `hook module = xl2tpd-vpdn.so` in [global] of xl2tpd.conf.
 *
 * Loads, reads `hook args` ("socket=PATH,templates=DIR", both optional), and hands what xl2tpd tells (hook.h in its source) to the
 * file that owns the tunnel or call. Also the small things all of them need: the clock, and why something ended
 * (RFC 2661 4.4.2, RFC 3145).
 */
#include "module.h"

#include <bsd/string.h>
#include <errno.h>
#include <linux/if_pppol2tp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "avp.h"
#include "text.h"

const struct l2tp_core_ops *vpdn_core;
struct vpdn_module_args vpdn_args = { .socket = VPDN_SOCKET_PATH, .templates = VPDN_TEMPLATE_DIR };

uint64_t vpdn_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

uint32_t vpdn_own_features(const uint8_t *avps, size_t len)
{
	struct vpdn_avp avp;
	uint32_t v;

	if (vpdn_avp_find(avps, len, VPDN_VENDOR_OWN, VPDN_AVP_OWN_FEATURES, &avp) || !vpdn_avp_u32(&avp, &v))
		return 0;
	return v;
}

int vpdn_session_socket(struct call *core, char *text, size_t size)
{
	int fd = vpdn_core->call_socket(core);

	if (fd < 0)
		snprintf(text, size, "no session in the kernel: %s", strerror(-fd));
	return fd;
}

void vpdn_session_sequence(int fd, const uint8_t *avps, size_t len)
{
	static const int on = 1;
	struct vpdn_avp avp;

	if (!vpdn_avp_find(avps, len, VPDN_VENDOR_IETF, VPDN_AVP_SEQUENCING_REQUIRED, &avp) &&
	    setsockopt(fd, SOL_PPPOL2TP, PPPOL2TP_SO_SENDSEQ, &on, sizeof(on)))
		vpdn_core->log(LOG_WARNING, "vpdn: a peer wants sequence numbers, which the kernel does not give: %s\n", strerror(errno));
}

/* ---- what is to be sent later ---- */

int vpdn_kept_set(struct vpdn_kept *k, const struct vpdn_writer *w)
{
	if (w->bad)
		return -EMSGSIZE;
	k->p = malloc(w->len + 1);
	if (!k->p)
		return -ENOMEM;
	memcpy(k->p, w->buf, w->len);
	k->len = w->len;
	return 0;
}

void vpdn_kept_wipe(struct vpdn_kept *k)
{
	if (k->p)
		explicit_bzero(k->p, k->len);
	free(k->p);
	k->p = NULL;
	k->len = 0;
}

/* ---- why something ended ---- */

void vpdn_end_init(struct vpdn_end *e)
{
	memset(e, 0, sizeof(*e));
	e->result = e->error = e->q931 = -1;
}

void vpdn_end_from_core(struct vpdn_end *e, const struct l2tp_cause *why)
{
	e->by = why->by;
	e->result = why->result;
	e->error = why->error;
	if (why->q931)
		e->q931 = why->q931;
	vpdn_text_escape(why->text, strlen(why->text), e->text, sizeof(e->text));
}

void vpdn_end_from_avps(struct vpdn_end *e, const uint8_t *avps, size_t len)
{
	struct vpdn_avp avp;

	if (vpdn_avp_find(avps, len, VPDN_VENDOR_IETF, VPDN_AVP_PPP_DISCONNECT_CAUSE, &avp) == 0 &&
	    vpdn_ppp_cause_parse(avp.value, avp.len, &e->cause)) {
		e->has_cause = true;
		e->cause.message = NULL;
		e->cause.message_len = 0;
	}
}

void vpdn_end_from_ipc(struct vpdn_end *e, const struct vpdn_ipc_msg *m)
{
	const uint8_t *p;
	size_t len;

	if (vpdn_ipc_get_u16(m, VPDN_TLV_DISC_CODE, &e->cause.code)) {
		e->has_cause = true;
		vpdn_ipc_get_u16(m, VPDN_TLV_DISC_PROTO, &e->cause.protocol);
		vpdn_ipc_get_u8(m, VPDN_TLV_DISC_DIRECTION, &e->cause.direction);
	}
	if (vpdn_ipc_get_bytes(m, VPDN_TLV_TEXT, &p, &len))
		vpdn_text_escape(p, len, e->text, sizeof(e->text));
}

void vpdn_end_put(const struct vpdn_end *e, struct vpdn_ipc_builder *b)
{
	if (e->result >= 0)
		vpdn_ipc_put_u16(b, VPDN_TLV_RESULT, (uint16_t)e->result);
	if (e->error > 0)
		vpdn_ipc_put_u16(b, VPDN_TLV_ERROR_CODE, (uint16_t)e->error);
	if (e->q931 >= 0)
		vpdn_ipc_put_u16(b, VPDN_TLV_Q931_CAUSE, (uint16_t)e->q931);
	if (e->has_cause) {
		vpdn_ipc_put_u16(b, VPDN_TLV_DISC_CODE, e->cause.code);
		vpdn_ipc_put_u16(b, VPDN_TLV_DISC_PROTO, e->cause.protocol);
		vpdn_ipc_put_u8(b, VPDN_TLV_DISC_DIRECTION, e->cause.direction);
	}
	vpdn_ipc_put_text(b, VPDN_TLV_TEXT, e->text);
}

char *vpdn_end_print(const struct vpdn_end *e, bool stopccn, char *buf, size_t size)
{
	static const char *const by[] = { "ended", "ended by us", "ended by the peer", "no answer from the peer" };
	struct vpdn_result r = { .result = (uint16_t)e->result, .error = (uint16_t)e->error, .has_error = e->error > 0 };
	struct vpdn_text t;
	char text[128];

	vpdn_text_init(&t, buf, size);
	vpdn_text_add(&t, "%s", by[e->by >= L2TP_BY_US && e->by <= L2TP_BY_TIMEOUT ? e->by : 0]);
	if (e->result >= 0)
		vpdn_text_add(&t, ", result %s", vpdn_result_print(&r, stopccn, text, sizeof(text)));
	if (e->text[0])
		vpdn_text_add(&t, ": %s", e->text);
	if (e->q931 >= 0)
		vpdn_text_add(&t, "; Q.931 cause %d (%s)", e->q931, vpdn_q931_text((uint16_t)e->q931));
	if (e->has_cause)
		vpdn_text_add(&t, "; PPP cause %u (%s, %s)", e->cause.code, vpdn_ppp_cause_text(e->cause.code),
			      vpdn_ppp_direction_text(e->cause.direction));
	return buf;
}

/* ---- from xl2tpd ---- */

static int on_message(struct tunnel *core, struct call *call, void *priv, int msgtype, const uint8_t *avps, size_t len)
{
	struct vpdn_tunnel *t = vpdn_core->tunnel_priv(core);
	struct vpdn_call_base *base = priv;

	if (!call) {
		if (msgtype == VPDN_L2TP_STOPCCN)
			vpdn_end_from_avps(&t->end, avps, len);
		return msgtype == VPDN_L2TP_SCCRP ? vpdn_tunnel_on_reply(t) : L2TP_ACCEPT;
	}
	if (msgtype == VPDN_L2TP_ICRQ)
		return vpdn_calls_in_request(t, call, avps, len);
	if (msgtype == VPDN_L2TP_OCRQ)
		return vpdn_calls_dialed_request(t, call, avps, len);
	if (base)
		base->ops->message(base, msgtype, avps, len);
	return L2TP_ACCEPT;
}

static size_t on_message_build(struct tunnel *core, struct call *call, void *priv, int msgtype, uint8_t *avps, size_t size)
{
	struct vpdn_call_base *base = priv;

	(void)core;
	return call && base ? base->ops->build(base, msgtype, avps, size) : 0;
}

static void on_call_down(struct call *call, void *priv, const struct l2tp_cause *why)
{
	struct vpdn_call_base *base = priv;

	(void)call;
	if (base)
		base->ops->down(base, why);
}

static void on_call_freed(struct call *call, void *priv)
{
	struct vpdn_call_base *base = priv;

	(void)call;
	if (base)
		base->ops->freed(base);
}

static void on_stop(int sig)
{
	(void)sig;
	vpdn_tunnels_stop();
	vpdn_calls_in_stop();
	vpdn_link_stop();
}

static bool read_args(const char *args)
{
	char buf[sizeof(vpdn_args) + 64], *rest = buf, *word;

	if (strlcpy(buf, args, sizeof(buf)) >= sizeof(buf)) {
		vpdn_core->log(LOG_CRIT, "vpdn: hook args are too long\n");
		return false;
	}
	while ((word = strsep(&rest, ","))) {
		char *value = strchr(word, '=');
		char *to = !value ? NULL : !strncmp(word, "socket=", 7) ? vpdn_args.socket :
			   !strncmp(word, "templates=", 10) ? vpdn_args.templates : NULL;

		if (!*word)
			continue;
		if (!to || !value[1] || strlcpy(to, value + 1, sizeof(vpdn_args.socket)) >= sizeof(vpdn_args.socket)) {
			vpdn_core->log(LOG_CRIT, "vpdn: hook args: \"%s\" is not valid; known are socket=PATH and templates=DIR, "
				       "each of at most %zu characters\n", word, sizeof(vpdn_args.socket) - 1);
			return false;
		}
	}
	return true;
}

static const struct l2tp_module_ops ops = {
	.abi = L2TP_HOOK_ABI,
	.size = sizeof(ops),
	.start = vpdn_link_start,
	.stop = on_stop,
	.tunnel_request = vpdn_tunnel_on_request,
	.tunnel_up = vpdn_tunnel_on_up,
	.tunnel_down = vpdn_tunnel_on_down,
	.tunnel_freed = vpdn_tunnel_on_freed,
	.message = on_message,
	.message_build = on_message_build,
	.call_down = on_call_down,
	.call_freed = on_call_freed,
};

__attribute__((visibility("default"))) l2tp_module_init_fn l2tp_module_init;

const struct l2tp_module_ops *l2tp_module_init(const struct l2tp_core_ops *core, const char *args)
{
	if (core->abi != L2TP_HOOK_ABI || core->size < sizeof(*core)) {
		core->log(LOG_CRIT, "vpdn: xl2tpd has hook interface version %u, this module is for %u\n", core->abi, L2TP_HOOK_ABI);
		return NULL;
	}
	vpdn_core = core;
	if (!read_args(args))
		return NULL;
	return &ops;
}
