/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * avp.c - walking, checking and building AVP lists, and the control
 * message header around them (RFC 2661 sections 3.1 and 4.1), see avp.h.
 *
 * What is special about an AVP comes from its row in avp_table.c.
 */
#include "avp.h"

#include <errno.h>

#include "avp_hide.h"

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
