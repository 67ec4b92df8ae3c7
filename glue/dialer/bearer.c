/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bearer.c - see bearer.h. */
#include "bearer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "glue/log.h"
#include "link.h"
#include "words.h"

#define HANG_UP_MS	20000	/* above what any kind takes for it */

static const struct vpdn_bearer_kind *const kinds[] = { &vpdn_bearer_chat, &vpdn_bearer_pppoe, &vpdn_bearer_exec };

static int compare_refs(const struct vpdn_bearer *a, const struct vpdn_bearer *b)
{
	return a->ref < b->ref ? -1 : a->ref > b->ref;
}

RB_GENERATE_INTERNAL(vpdn_bearer_tree, vpdn_bearer, by_ref, compare_refs, static __attribute__((unused)))

static void vset(struct vpdn_outcome *o, uint16_t result, uint16_t cause, const char *fmt, va_list ap)
{
	o->result = result;
	o->error = 0;
	o->cause = cause;
	vsnprintf(o->text, sizeof(o->text), fmt, ap);
}

void vpdn_outcome_set(struct vpdn_outcome *o, uint16_t result, uint16_t cause, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vset(o, result, cause, fmt, ap);
	va_end(ap);
}

const char *vpdn_bearer_id(const struct vpdn_bearer *b)
{
	static char buf[200];

	snprintf(buf, sizeof(buf), "dialer=%s number=%s call=%u", b->dialer, b->number, b->ref);
	return buf;
}

/* ---- what is said ---- */

static void say_over(const struct vpdn_bearer *b)
{
	const struct vpdn_outcome *o = &b->outcome;
	struct vpdn_ipc_builder m;

	vpdn_ipc_begin(&m, VPDN_MSG_BEARER_OVER, 0, 0);
	vpdn_ipc_put_u32(&m, VPDN_TLV_CALL_REF, b->ref);
	vpdn_ipc_put_u16(&m, VPDN_TLV_RESULT, o->result);
	if (o->error)
		vpdn_ipc_put_u16(&m, VPDN_TLV_ERROR_CODE, o->error);
	if (o->cause)
		vpdn_ipc_put_u16(&m, VPDN_TLV_Q931_CAUSE, o->cause);
	vpdn_ipc_put_textf(&m, VPDN_TLV_TEXT, "%s", o->text);
	vpdn_dialer_link_send(b->d->link, &m, -1);
}

static void say_up(const struct vpdn_bearer *b, const struct vpdn_line *l, uint32_t speed)
{
	struct vpdn_ipc_builder m;

	vpdn_ipc_begin(&m, VPDN_MSG_BEARER_UP, 0, 0);
	vpdn_ipc_put_u32(&m, VPDN_TLV_CALL_REF, b->ref);
	vpdn_ipc_put_u8(&m, VPDN_TLV_ACCESS, l->access);
	vpdn_ipc_put_text(&m, VPDN_TLV_ACCESS_INTERFACE, l->interface);
	vpdn_ipc_put_u32(&m, VPDN_TLV_TX_SPEED, speed);
	vpdn_ipc_put_u32(&m, VPDN_TLV_FRAMING_TYPE, b->kind->framing);
	if (l->mtu)
		vpdn_ipc_put_u16(&m, VPDN_TLV_MTU, l->mtu);
	if (l->peer) {
		vpdn_ipc_put_u16(&m, VPDN_TLV_PPPOE_SESSION, l->session);
		vpdn_ipc_put_bytes(&m, VPDN_TLV_PEER_MAC, l->peer, 6);
	}
	vpdn_dialer_link_send(b->d->link, &m, l->fd);
}

void vpdn_bearer_errors(struct vpdn_bearer *b, const uint32_t counters[6])
{
	struct vpdn_ipc_builder m;
	struct vpdn_writer w;
	uint8_t octets[24];

	vpdn_writer_init(&w, octets, sizeof(octets));
	for (size_t i = 0; i < 6; i++)
		vpdn_writer_u32(&w, counters[i]);
	vpdn_ipc_begin(&m, VPDN_MSG_BEARER_ERRORS, 0, 0);
	vpdn_ipc_put_u32(&m, VPDN_TLV_CALL_REF, b->ref);
	vpdn_ipc_put_bytes(&m, VPDN_TLV_CALL_ERRORS, octets, w.len);
	vpdn_dialer_link_send(b->d->link, &m, -1);
}

/* ---- the steps ---- */

static void bearer_free(struct vpdn_bearer *b)
{
	b->kind->release(b);
	if (b->timer)
		event_free(b->timer);
	free(b);
}

static void finish(struct vpdn_bearer *b)
{
	struct vpdn_dialer_daemon *d = b->d;

	event_del(b->timer);
	vpdn_log_info("over: %s (result %u, cause %u); %s", b->outcome.text, b->outcome.result, b->outcome.cause, vpdn_bearer_id(b));
	if (!b->orphan) {
		RB_REMOVE(vpdn_bearer_tree, &d->by_ref, b);
		say_over(b);
	}
	TAILQ_REMOVE(&d->bearers, b, link);
	TAILQ_INSERT_TAIL(&d->done, b, link);
	event_active(d->reap, EV_TIMEOUT, 0);
}

static bool step(struct vpdn_bearer *b, enum vpdn_bearer_event event)
{
	const struct vpdn_bearer_row *row = vpdn_bearer_row(b->state, event);
	struct timeval tv = vpdn_ms(HANG_UP_MS);

	if (!row) {
		vpdn_log_err("\"%s\" does not fit a bearer that is %s; ignored; %s", vpdn_bearer_event_name(event),
			     vpdn_bearer_state_name(b->state), vpdn_bearer_id(b));
		return false;
	}
	vpdn_log_debug("%s: %s -> %s; %s", vpdn_bearer_event_name(event), vpdn_bearer_state_name(row->state),
		       vpdn_bearer_state_name(row->next), vpdn_bearer_id(b));
	b->state = row->next;
	switch (row->action) {
	case VPDN_BEARER_ACT_NOTHING:
		break;
	case VPDN_BEARER_ACT_SAY_UP:
		event_del(b->timer);
		break;
	case VPDN_BEARER_ACT_HANG_UP:
		event_add(b->timer, &tv);
		b->kind->hang_up(b);
		break;
	case VPDN_BEARER_ACT_SAY_OVER:
		finish(b);
		break;
	}
	return true;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct vpdn_bearer *b = arg;

	(void)fd, (void)what;
	if (b->state == VPDN_BEARER_DIALLING)
		b->outcome = b->on_timer;
	else
		vpdn_log_err("hanging up takes too long and is left alone; %s", vpdn_bearer_id(b));
	step(b, VPDN_BEARER_EV_TIMER);
}

bool vpdn_bearer_up(struct vpdn_bearer *b, const struct vpdn_line *line)
{
	uint32_t speed = line->speed;

	if (line->speed_said && (speed < b->min_bps || speed > b->max_bps)) {
		vpdn_bearer_failed(b, VPDN_CDN_NO_FACILITIES_TEMP, VPDN_Q931_BEARER_NOT_IMPLEMENTED,
				   "the line is up with %u bit/s, but %u to %u are asked for", speed, b->min_bps, b->max_bps);
		return false;
	}
	if (speed > b->max_bps)
		speed = b->max_bps;
	if (speed < b->min_bps)
		speed = b->min_bps;
	if (!step(b, VPDN_BEARER_EV_CAME_UP))
		return false;
	vpdn_log_info("up with %u bit/s after %llu ms; %s device=%s", speed, (unsigned long long)(vpdn_dialer_now_ms() - b->since_ms),
		      vpdn_bearer_id(b), line->interface);
	say_up(b, line, speed);
	return true;
}

void vpdn_bearer_failed(struct vpdn_bearer *b, uint16_t result, uint16_t cause, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vset(&b->outcome, result, cause, fmt, ap);
	va_end(ap);
	step(b, VPDN_BEARER_EV_FAILED);
}

void vpdn_bearer_no_channel(struct vpdn_bearer *b, const char *device, int rc, const char *why)
{
	if (rc == -ENOLINK)
		vpdn_bearer_failed(b, VPDN_CDN_LOST_CARRIER, VPDN_Q931_NORMAL, "%s: the line was lost as soon as it was up: %s", device, why);
	else
		vpdn_bearer_failed(b, VPDN_CDN_NO_FACILITIES, VPDN_Q931_NETWORK_OUT_OF_ORDER, "%s: %s", device, why);
}

void vpdn_bearer_lost(struct vpdn_bearer *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vset(&b->outcome, VPDN_CDN_LOST_CARRIER, VPDN_Q931_NORMAL, fmt, ap);
	va_end(ap);
	step(b, VPDN_BEARER_EV_LOST);
}

void vpdn_bearer_hung_up(struct vpdn_bearer *b)
{
	step(b, VPDN_BEARER_EV_HUNG_UP);
}

static void clear(struct vpdn_bearer *b, const char *why)
{
	if (b->state != VPDN_BEARER_HANGING_UP)
		vpdn_outcome_set(&b->outcome, VPDN_CDN_ADMINISTRATIVE, VPDN_Q931_NORMAL, "cleared: %s", why);
	step(b, VPDN_BEARER_EV_CLEAR);
}

/* ---- all of them ---- */

static void on_reap(evutil_socket_t fd, short what, void *arg)
{
	struct vpdn_dialer_daemon *d = arg;
	struct vpdn_bearer *b;

	(void)fd, (void)what;
	while ((b = TAILQ_FIRST(&d->done))) {
		TAILQ_REMOVE(&d->done, b, link);
		bearer_free(b);
	}
	if (TAILQ_EMPTY(&d->bearers))
		vpdn_dialer_idle(d);
}

bool vpdn_bearers_init(struct vpdn_dialer_daemon *d)
{
	d->reap = evtimer_new(d->base, on_reap, d);
	return d->reap;
}

void vpdn_bearers_finish(struct vpdn_dialer_daemon *d)
{
	struct vpdn_bearer *b;

	if (!d->reap)
		return;
	while ((b = TAILQ_FIRST(&d->bearers))) {
		vpdn_log_warn("not hung up in time; %s", vpdn_bearer_id(b));
		TAILQ_REMOVE(&d->bearers, b, link);
		bearer_free(b);
	}
	on_reap(-1, 0, d);
	event_free(d->reap);
}

void vpdn_bearers_orphan(struct vpdn_dialer_daemon *d, const char *why)
{
	struct vpdn_bearer *b, *next;

	for (b = TAILQ_FIRST(&d->bearers); b; b = next) {
		next = TAILQ_NEXT(b, link);
		if (b->orphan)
			continue;
		b->orphan = true;
		RB_REMOVE(vpdn_bearer_tree, &d->by_ref, b);
		clear(b, why);
	}
}

/* ---- messages ---- */

int vpdn_bearer_on_start(struct vpdn_dialer_daemon *d, const struct vpdn_ipc_msg *m)
{
	const struct vpdn_bearer_kind *kind = NULL;
	uint32_t ref = 0, timeout_ms = 0, framing = VPDN_FRAMING_SYNC | VPDN_FRAMING_ASYNC;
	struct vpdn_bearer *b;
	struct timeval tv;
	uint8_t number = 0;

	vpdn_ipc_get_u32(m, VPDN_TLV_CALL_REF, &ref);
	vpdn_ipc_get_u8(m, VPDN_TLV_DIALER_KIND, &number);
	vpdn_ipc_get_u32(m, VPDN_TLV_TIMEOUT_MS, &timeout_ms);
	vpdn_ipc_get_u32(m, VPDN_TLV_FRAMING_TYPE, &framing);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i]->number == number)
			kind = kinds[i];
	if (!kind)
		return -EBADMSG;
	b = calloc(1, kind->size);
	if (b)
		b->timer = evtimer_new(d->base, on_timer, b);
	if (!b || !b->timer) {
		free(b);
		return -ENOMEM;
	}
	b->d = d;
	b->kind = kind;
	b->ref = ref;
	if (RB_INSERT(vpdn_bearer_tree, &d->by_ref, b)) {
		event_free(b->timer);
		free(b);
		return -EEXIST;
	}
	b->since_ms = vpdn_dialer_now_ms();
	b->max_bps = UINT32_MAX;
	vpdn_ipc_get_u32(m, VPDN_TLV_MIN_BPS, &b->min_bps);
	vpdn_ipc_get_u32(m, VPDN_TLV_MAX_BPS, &b->max_bps);
	vpdn_ipc_get_text(m, VPDN_TLV_NAME, b->dialer, sizeof(b->dialer));
	vpdn_outcome_set(&b->on_timer, VPDN_CDN_TIMEOUT, VPDN_Q931_TIMER, "no result within %u ms", timeout_ms);
	tv = vpdn_ms(timeout_ms);
	TAILQ_INSERT_TAIL(&d->bearers, b, link);
	event_add(b->timer, &tv);
	if (!vpdn_ipc_get_text(m, VPDN_TLV_CALLED_NUMBER, b->number, sizeof(b->number)) ||
	    !vpdn_number_dialable(b->number, number == VPDN_DIALER_CHAT)) {
		*b->number = '\0';
		vpdn_bearer_failed(b, VPDN_CDN_INVALID_DESTINATION, VPDN_Q931_INVALID_NUMBER,
				   "the number has characters that a %s dialer does not take, or is too long", kind->name);
	} else if (vpdn_ipc_has(m, VPDN_TLV_SUB_ADDRESS) &&
		   (!vpdn_ipc_get_text(m, VPDN_TLV_SUB_ADDRESS, b->sub_address, sizeof(b->sub_address)) ||
		    !vpdn_number_dialable(b->sub_address, false))) {
		*b->sub_address = '\0';
		vpdn_bearer_failed(b, VPDN_CDN_INVALID_DESTINATION, VPDN_Q931_INVALID_NUMBER,
				   "the sub-address has characters that no dialer takes, or is too long");
	} else if (!(framing & kind->framing)) {
		vpdn_bearer_failed(b, VPDN_CDN_NO_FACILITIES, VPDN_Q931_BEARER_NOT_IMPLEMENTED, "%s framing is asked for, which a %s dialer does not have",
				   framing == VPDN_FRAMING_SYNC ? "synchronous" : framing == VPDN_FRAMING_ASYNC ? "asynchronous" : "unknown", kind->name);
	} else {
		vpdn_log_info("dialling by %s; %s", kind->name, vpdn_bearer_id(b));
		kind->start(b, m);
	}
	return 0;
}

int vpdn_bearer_on_clear(struct vpdn_dialer_daemon *d, const struct vpdn_ipc_msg *m)
{
	struct vpdn_bearer *b, key = { .ref = 0 };
	char text[300];

	vpdn_ipc_get_u32(m, VPDN_TLV_CALL_REF, &key.ref);
	vpdn_ipc_get_text(m, VPDN_TLV_TEXT, text, sizeof(text));
	b = RB_FIND(vpdn_bearer_tree, &d->by_ref, &key);
	if (b)
		clear(b, text);
	else
		vpdn_log_debug("call %u is over already", key.ref);	/* BEARER_OVER was on its way */
	return 0;
}
