/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * avp.c - walking, checking, building and printing AVP lists, and the control
 * message header around them (RFC 2661 sections 3.1 and 4.1), see avp.h.
 *
 * What is special about an AVP comes from its row in avp_table.c.
 */
#include "avp.h"

#include <errno.h>

#include "avp_hide.h"
#include "lcp_options.h"
#include "result_code.h"
#include "text.h"

#define AVP_M		0x8000u
#define AVP_H		0x4000u
#define AVP_RESERVED	0x3c00u
#define AVP_LENGTH	0x03ffu

#define CTRL_T		0x8000u
#define CTRL_L		0x4000u
#define CTRL_S		0x0800u
#define CTRL_O		0x0200u
#define CTRL_VERSION	0x000fu

/* ---- walking ---- */

void vpdn_avp_iter_init(struct vpdn_avp_iter *it, const void *p, size_t len)
{
	*it = (struct vpdn_avp_iter){ .error = VPDN_AVP_ERR_NONE };
	vpdn_reader_init(&it->r, p, len);
}

void vpdn_avp_iter_secret(struct vpdn_avp_iter *it, const void *secret, size_t secret_len,
			  uint8_t *scratch, size_t scratch_len)
{
	it->secret = secret;
	it->secret_len = secret_len;
	it->scratch = scratch;
	it->scratch_len = scratch_len;
}

/* Judges one AVP whose octets are known to lie within the list. */
static enum vpdn_avp_verdict judge(struct vpdn_avp_iter *it, struct vpdn_avp *avp, bool reserved)
{
	if (reserved)
		return VPDN_AVP_RESERVED;
	if (avp->hidden) {
		size_t plain = 0;

		if (!it->secret || !it->vector || !it->scratch ||
		    vpdn_avp_unhide(avp->type, it->secret, it->secret_len, it->vector, it->vector_len,
				    avp->value, avp->len, it->scratch, it->scratch_len, &plain))
			return VPDN_AVP_HIDDEN;
		avp->value = it->scratch;
		avp->len = plain;
	}
	avp->def = vpdn_avp_lookup(avp->vendor, avp->type);
	if (!avp->def)
		return VPDN_AVP_UNKNOWN;
	if (avp->hidden && !avp->def->may_hide)
		return VPDN_AVP_BAD_VALUE;
	if (!vpdn_avp_value_ok(avp->def, avp->value, avp->len))
		return VPDN_AVP_BAD_VALUE;
	if (avp->def->kind == VPDN_KIND_MSG_TYPE && it->count)
		return VPDN_AVP_MISPLACED;
	if (!vpdn_avp_in_message(avp->def, it->msg_type))
		return VPDN_AVP_MISPLACED;
	return VPDN_AVP_OK;
}

static int damaged(struct vpdn_avp_iter *it, enum vpdn_avp_error error)
{
	it->error = error;
	it->r.bad = true;
	return -EBADMSG;
}

int vpdn_avp_next(struct vpdn_avp_iter *it, struct vpdn_avp *avp)
{
	uint16_t head;

	*avp = (struct vpdn_avp){ .verdict = VPDN_AVP_UNKNOWN, .msg_type = it->msg_type };
	if (it->error != VPDN_AVP_ERR_NONE || it->r.bad)
		return -EBADMSG;
	if (!it->r.left)
		return 0;
	if (it->r.left < VPDN_AVP_HDR_LEN)
		return damaged(it, VPDN_AVP_ERR_HEADER_ROOM);
	vpdn_reader_u16(&it->r, &head);
	vpdn_reader_u16(&it->r, &avp->vendor);
	vpdn_reader_u16(&it->r, &avp->type);
	if ((head & AVP_LENGTH) < VPDN_AVP_HDR_LEN)
		return damaged(it, VPDN_AVP_ERR_SHORT_LENGTH);
	avp->len = (head & AVP_LENGTH) - VPDN_AVP_HDR_LEN;
	if (!vpdn_reader_bytes(&it->r, &avp->value, avp->len))
		return damaged(it, VPDN_AVP_ERR_LONG_LENGTH);
	avp->mandatory = head & AVP_M;
	avp->hidden = head & AVP_H;
	avp->verdict = judge(it, avp, head & AVP_RESERVED);
	if (avp->verdict == VPDN_AVP_OK && avp->vendor == VPDN_VENDOR_IETF) {
		if (avp->type == VPDN_AVP_MESSAGE_TYPE) {
			vpdn_avp_u16(avp, &it->msg_type);
		} else if (avp->type == VPDN_AVP_RANDOM_VECTOR) {
			it->vector = avp->value;
			it->vector_len = avp->len;
		}
	}
	it->count++;
	return 1;
}

bool vpdn_avp_fatal(const struct vpdn_avp *avp)
{
	return avp->mandatory && avp->verdict != VPDN_AVP_OK && avp->verdict != VPDN_AVP_MISPLACED;
}

int vpdn_avp_find(const void *list, size_t len, uint16_t vendor, uint16_t type, struct vpdn_avp *avp)
{
	struct vpdn_avp_iter it;
	int rc;

	vpdn_avp_iter_init(&it, list, len);
	while ((rc = vpdn_avp_next(&it, avp)) > 0) {
		if (avp->vendor == vendor && avp->type == type &&
		    (avp->verdict == VPDN_AVP_OK || avp->verdict == VPDN_AVP_MISPLACED))
			return 0;
	}
	return rc ? rc : -ENOENT;
}

/* ---- values ---- */

bool vpdn_avp_u16(const struct vpdn_avp *avp, uint16_t *v)
{
	struct vpdn_reader r;

	*v = 0;
	if (avp->len != 2)
		return false;
	vpdn_reader_init(&r, avp->value, avp->len);
	return vpdn_reader_u16(&r, v);
}

/* A decimal number in digits only, of ten digits at most. */
static bool digits_number(const uint8_t *p, size_t len, uint64_t *v)
{
	size_t i;

	*v = 0;
	if (!len || len > 10)
		return false;
	for (i = 0; i < len; i++) {
		if (p[i] < '0' || p[i] > '9') {
			*v = 0;
			return false;
		}
		*v = *v * 10 + (p[i] - '0');
	}
	return true;
}

bool vpdn_avp_u32(const struct vpdn_avp *avp, uint32_t *v)
{
	struct vpdn_reader r;
	uint64_t wide;

	*v = 0;
	if (avp->len == 4) {
		vpdn_reader_init(&r, avp->value, avp->len);
		return vpdn_reader_u32(&r, v);
	}
	if (!avp->def || avp->def->kind != VPDN_KIND_SPEED || !digits_number(avp->value, avp->len, &wide))
		return false;
	*v = wide > UINT32_MAX ? UINT32_MAX : (uint32_t)wide;
	return true;
}

bool vpdn_avp_number(const struct vpdn_avp *avp, uint64_t *v)
{
	struct vpdn_reader r;
	uint16_t v16;
	uint32_t v32;
	bool speed = avp->def && avp->def->kind == VPDN_KIND_SPEED;
	bool ok = false;

	*v = 0;
	vpdn_reader_init(&r, avp->value, avp->len);
	if (speed && avp->len != 4) {
		ok = digits_number(avp->value, avp->len, v);
	} else if (avp->len == 2) {
		ok = vpdn_reader_u16(&r, &v16);
		*v = v16;
	} else if (avp->len == 4) {
		ok = vpdn_reader_u32(&r, &v32);
		*v = v32;
	} else if (avp->len == 8) {
		ok = vpdn_reader_u64(&r, v);
	}
	return ok;
}

bool vpdn_avp_value_ok(const struct vpdn_avp_def *def, const uint8_t *value, size_t len)
{
	uint64_t speed;

	if (len < def->min_len || len > def->max_len)
		return false;
	switch (def->kind) {
	case VPDN_KIND_SPEED:
		return len == 4 || digits_number(value, len, &speed);
	case VPDN_KIND_RATE:
		return len == 4 || len == 8;
	default:
		/*
		 * No look into LCP options and texts: they are a matter of the call, not of
		 * the message, and must never end it here.
		 */
		return true;
	}
}

/* ---- building ---- */

bool vpdn_avp_put_raw(struct vpdn_writer *w, uint16_t vendor, uint16_t type, bool mandatory, bool hidden,
		      const void *value, size_t len)
{
	if (len > VPDN_AVP_MAX_VALUE) {
		vpdn_writer_fail(w);
		return false;
	}
	vpdn_writer_u16(w, (uint16_t)((mandatory ? AVP_M : 0) | (hidden ? AVP_H : 0) |
				      (VPDN_AVP_HDR_LEN + len)));
	vpdn_writer_u16(w, vendor);
	vpdn_writer_u16(w, type);
	return vpdn_writer_bytes(w, value, len);
}

bool vpdn_avp_put(struct vpdn_writer *w, uint16_t vendor, uint16_t type, const void *value, size_t len)
{
	const struct vpdn_avp_def *def = vpdn_avp_lookup(vendor, type);

	if (!def || !vpdn_avp_value_ok(def, value, len)) {
		vpdn_writer_fail(w);
		return false;
	}
	return vpdn_avp_put_raw(w, vendor, type, def->mandatory, false, value, len);
}

/* A number must be of the size that its row wants, else digits could be meant. */
static bool put_number(struct vpdn_writer *w, uint16_t vendor, uint16_t type, uint64_t v, size_t len)
{
	struct vpdn_writer n;
	uint8_t octets[8];

	vpdn_writer_init(&n, octets, sizeof(octets));
	vpdn_writer_u64(&n, v);
	return vpdn_avp_put(w, vendor, type, octets + sizeof(octets) - len, len);
}

static bool number_kind(uint16_t vendor, uint16_t type, size_t len)
{
	const struct vpdn_avp_def *def = vpdn_avp_lookup(vendor, type);

	if (!def)
		return false;
	switch (def->kind) {
	case VPDN_KIND_U16:
	case VPDN_KIND_MSG_TYPE:
	case VPDN_KIND_VERSION:
	case VPDN_KIND_AUTH_ID:
		return len == 2;
	case VPDN_KIND_U32:
	case VPDN_KIND_SPEED:
	case VPDN_KIND_RATE:
		return len == 4;
	default:
		return false;
	}
}

bool vpdn_avp_put_u16(struct vpdn_writer *w, uint16_t vendor, uint16_t type, uint16_t v)
{
	if (!number_kind(vendor, type, 2))
		vpdn_writer_fail(w);
	return put_number(w, vendor, type, v, 2);
}

bool vpdn_avp_put_u32(struct vpdn_writer *w, uint16_t vendor, uint16_t type, uint32_t v)
{
	if (!number_kind(vendor, type, 4))
		vpdn_writer_fail(w);
	return put_number(w, vendor, type, v, 4);
}

bool vpdn_avp_put_text(struct vpdn_writer *w, uint16_t vendor, uint16_t type, const char *s)
{
	size_t len = 0;

	while (s[len])
		len++;
	return vpdn_avp_put(w, vendor, type, s, len);
}

/* ---- printing ---- */

static void print_counters(struct vpdn_text *t, struct vpdn_reader *r, const char *const *names, size_t n)
{
	uint16_t reserved;
	uint32_t v;
	size_t i;

	vpdn_reader_u16(r, &reserved);
	for (i = 0; i < n && vpdn_reader_u32(r, &v); i++)
		vpdn_text_add(t, "%s %s %u", i ? "," : "", names[i], v);
}

static void print_nested(struct vpdn_text *t, const struct vpdn_avp *avp)
{
	struct vpdn_result result;
	struct vpdn_q931 q;
	struct vpdn_ppp_cause cause;
	char line[256];

	switch (avp->def->kind) {
	case VPDN_KIND_RESULT:
		if (vpdn_result_parse(avp->value, avp->len, &result))
			vpdn_text_add(t, " %s", vpdn_result_print(&result, avp->msg_type == VPDN_L2TP_STOPCCN,
								  line, sizeof(line)));
		break;
	case VPDN_KIND_Q931:
		if (!vpdn_q931_parse(avp->value, avp->len, &q))
			break;
		vpdn_text_add(t, " %u (%s)", q.cause, vpdn_q931_text(q.cause));
		if (q.advisory_len)
			vpdn_text_add(t, ", \"%s\"", vpdn_text_escape(q.advisory, q.advisory_len, line, sizeof(line)));
		break;
	case VPDN_KIND_PPP_CAUSE:
		if (!vpdn_ppp_cause_parse(avp->value, avp->len, &cause))
			break;
		vpdn_text_add(t, " %u (%s), protocol 0x%04x, %s", cause.code, vpdn_ppp_cause_text(cause.code),
			      cause.protocol, vpdn_ppp_direction_text(cause.direction));
		if (cause.message_len)
			vpdn_text_add(t, ", \"%s\"",
				      vpdn_text_escape(cause.message, cause.message_len, line, sizeof(line)));
		break;
	default:
		vpdn_text_add(t, " %s", vpdn_lcp_print(avp->value, avp->len, line, sizeof(line)));
		break;
	}
}

static void print_value(struct vpdn_text *t, const struct vpdn_avp *avp)
{
	static const char *const errors[] = { "CRC", "framing", "hardware overruns", "buffer overruns",
					      "time-outs", "alignment" };
	static const char *const maps[] = { "send map", "receive map" };
	static const char *const speeds[] = { "transmit", "receive" };
	struct vpdn_reader r;
	uint64_t n;
	uint16_t v16;

	vpdn_reader_init(&r, avp->value, avp->len);
	switch (avp->def->kind) {
	case VPDN_KIND_U16:
	case VPDN_KIND_U32:
	case VPDN_KIND_SPEED:
	case VPDN_KIND_RATE:
		if (vpdn_avp_number(avp, &n))
			vpdn_text_add(t, " %llu", (unsigned long long)n);
		break;
	case VPDN_KIND_AUTH_ID:
		if (vpdn_reader_u16(&r, &v16))
			vpdn_text_add(t, " %u", v16 & 0xff);
		break;
	case VPDN_KIND_MSG_TYPE:
		if (vpdn_reader_u16(&r, &v16))
			vpdn_text_add(t, " %u (%s)", v16, vpdn_l2tp_name(v16));
		break;
	case VPDN_KIND_VERSION:
		if (vpdn_reader_u16(&r, &v16))
			vpdn_text_add(t, " %u.%u", v16 >> 8, v16 & 0xff);
		break;
	case VPDN_KIND_FLAG:
		break;
	case VPDN_KIND_TEXT:
		vpdn_text_add(t, " \"");
		vpdn_text_add_escaped(t, avp->value, avp->len);
		vpdn_text_add(t, "\"");
		break;
	case VPDN_KIND_BYTES:
		vpdn_text_add(t, " ");
		vpdn_text_add_hex(t, avp->value, avp->len);
		break;
	case VPDN_KIND_SECRET:
		vpdn_text_add(t, ", %zu octets", avp->len);
		break;
	case VPDN_KIND_CALL_ERRORS:
		print_counters(t, &r, errors, 6);
		break;
	case VPDN_KIND_ACCM:
		print_counters(t, &r, maps, 2);
		break;
	case VPDN_KIND_SPEED_UPDATE:
		vpdn_reader_skip(&r, 2);
		if (vpdn_reader_peek_u16(&r, &v16))
			vpdn_text_add(t, " session %u,", v16);
		print_counters(t, &r, speeds, 2);
		break;
	default:
		print_nested(t, avp);
		break;
	}
}

static const char *verdict_text(enum vpdn_avp_verdict v)
{
	switch (v) {
	case VPDN_AVP_OK:		return "good";
	case VPDN_AVP_UNKNOWN:		return "unknown";
	case VPDN_AVP_RESERVED:		return "reserved bits set";
	case VPDN_AVP_HIDDEN:		return "hidden and not readable";
	case VPDN_AVP_BAD_VALUE:	return "bad value";
	case VPDN_AVP_MISPLACED:	return "not in this message";
	}
	return "verdict?";
}

char *vpdn_avp_print(const struct vpdn_avp *avp, char *buf, size_t size)
{
	const struct vpdn_avp_def *def = avp->def;
	struct vpdn_text t;

	vpdn_text_init(&t, buf, size);
	if (!def)
		def = vpdn_avp_lookup(avp->vendor, avp->type);
	if (def)
		vpdn_text_add(&t, "%s", def->name);
	else
		vpdn_text_add(&t, "AVP %u/%u", avp->vendor, avp->type);
	if (avp->verdict != VPDN_AVP_OK && avp->verdict != VPDN_AVP_MISPLACED)
		vpdn_text_add(&t, ", %s, %zu octets", verdict_text(avp->verdict), avp->len);
	else if (avp->hidden)
		vpdn_text_add(&t, ", hidden, %zu octets", avp->len);
	else if (avp->def)
		print_value(&t, avp);
	return buf;
}

const char *vpdn_l2tp_name(uint16_t msg_type)
{
	static const char *const names[] = {
		[VPDN_L2TP_SCCRQ] = "SCCRQ", [VPDN_L2TP_SCCRP] = "SCCRP", [VPDN_L2TP_SCCCN] = "SCCCN",
		[VPDN_L2TP_STOPCCN] = "StopCCN", [VPDN_L2TP_HELLO] = "HELLO", [VPDN_L2TP_OCRQ] = "OCRQ",
		[VPDN_L2TP_OCRP] = "OCRP", [VPDN_L2TP_OCCN] = "OCCN", [VPDN_L2TP_ICRQ] = "ICRQ",
		[VPDN_L2TP_ICRP] = "ICRP", [VPDN_L2TP_ICCN] = "ICCN", [VPDN_L2TP_CDN] = "CDN",
		[VPDN_L2TP_WEN] = "WEN", [VPDN_L2TP_SLI] = "SLI", [VPDN_L2TP_CSUN] = "CSUN",
		[VPDN_L2TP_CSURQ] = "CSURQ",
	};

	if (msg_type < sizeof(names) / sizeof(names[0]) && names[msg_type])
		return names[msg_type];
	return "message?";
}

/* ---- control message header ---- */

int vpdn_ctrl_parse(const void *p, size_t len, struct vpdn_ctrl_header *h, struct vpdn_reader *body)
{
	struct vpdn_reader r;
	uint16_t flags;

	*h = (struct vpdn_ctrl_header){ 0 };
	vpdn_reader_init(body, NULL, 0);
	vpdn_reader_init(&r, p, len);
	if (!vpdn_reader_u16(&r, &flags))
		return -EBADMSG;
	if ((flags & CTRL_VERSION) != 2)
		return -EPROTONOSUPPORT;
	if (!(flags & CTRL_T))
		return -EINVAL;
	if ((flags & (CTRL_L | CTRL_S)) != (CTRL_L | CTRL_S) || (flags & CTRL_O))
		return -EBADMSG;
	vpdn_reader_u16(&r, &h->length);
	vpdn_reader_u16(&r, &h->tunnel);
	vpdn_reader_u16(&r, &h->session);
	vpdn_reader_u16(&r, &h->ns);
	vpdn_reader_u16(&r, &h->nr);
	if (r.bad || h->length < VPDN_CTRL_HDR_LEN)
		return -EBADMSG;
	return vpdn_reader_sub(&r, body, h->length - VPDN_CTRL_HDR_LEN) ? 0 : -EBADMSG;
}

bool vpdn_ctrl_begin(struct vpdn_writer *w, const struct vpdn_ctrl_header *h)
{
	vpdn_writer_u16(w, CTRL_T | CTRL_L | CTRL_S | 2);
	vpdn_writer_u16(w, 0);
	vpdn_writer_u16(w, h->tunnel);
	vpdn_writer_u16(w, h->session);
	vpdn_writer_u16(w, h->ns);
	return vpdn_writer_u16(w, h->nr);
}

bool vpdn_ctrl_end(struct vpdn_writer *w, size_t start)
{
	return vpdn_writer_patch_len16(w, start + 2, start);
}
