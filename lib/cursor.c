/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cursor.c - bounded readers and writers, see cursor.h.
 *
 * Every other file of lib goes through the two functions take() and room(), which
 * hold the only bounds checks there are.
 */
#include "cursor.h"

#include <string.h>

void vpdn_reader_init(struct vpdn_reader *r, const void *p, size_t len)
{
	r->p = p;
	r->left = p ? len : 0;
	r->bad = !p && len;
}

/* Consumes n octets and returns where they are, or sets the sticky error. */
static const uint8_t *take(struct vpdn_reader *r, size_t n)
{
	const uint8_t *p = r->p;

	if (r->bad || n > r->left) {
		r->bad = true;
		return NULL;
	}
	if (n) {
		r->p += n;
		r->left -= n;
	}
	return p;
}

bool vpdn_reader_u8(struct vpdn_reader *r, uint8_t *v)
{
	const uint8_t *p = take(r, 1);

	*v = p ? p[0] : 0;
	return p;
}

bool vpdn_reader_u16(struct vpdn_reader *r, uint16_t *v)
{
	const uint8_t *p = take(r, 2);

	*v = p ? (uint16_t)(p[0] << 8 | p[1]) : 0;
	return p;
}

static uint32_t load32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

bool vpdn_reader_u32(struct vpdn_reader *r, uint32_t *v)
{
	const uint8_t *p = take(r, 4);

	*v = p ? load32(p) : 0;
	return p;
}

bool vpdn_reader_u64(struct vpdn_reader *r, uint64_t *v)
{
	const uint8_t *p = take(r, 8);

	*v = p ? (uint64_t)load32(p) << 32 | load32(p + 4) : 0;
	return p;
}

bool vpdn_reader_peek_u16(const struct vpdn_reader *r, uint16_t *v)
{
	struct vpdn_reader ahead = *r;

	return vpdn_reader_u16(&ahead, v);
}

bool vpdn_reader_bytes(struct vpdn_reader *r, const uint8_t **p, size_t n)
{
	*p = take(r, n);
	return !r->bad;
}

bool vpdn_reader_copy(struct vpdn_reader *r, void *dst, size_t n)
{
	const uint8_t *p = take(r, n);

	if (p && n)
		memcpy(dst, p, n);
	return !r->bad;
}

bool vpdn_reader_sub(struct vpdn_reader *r, struct vpdn_reader *sub, size_t n)
{
	sub->p = take(r, n);
	sub->left = r->bad ? 0 : n;
	sub->bad = r->bad;
	return !r->bad;
}

bool vpdn_reader_skip(struct vpdn_reader *r, size_t n)
{
	take(r, n);
	return !r->bad;
}

bool vpdn_reader_done(const struct vpdn_reader *r)
{
	return !r->bad && !r->left;
}

void vpdn_writer_init(struct vpdn_writer *w, void *buf, size_t size)
{
	w->buf = buf;
	w->size = buf ? size : 0;
	w->len = 0;
	w->bad = false;
}

/* Reserves n octets and returns where they are, or sets the sticky error. */
static uint8_t *room(struct vpdn_writer *w, size_t n)
{
	uint8_t *p;

	if (w->bad || n > w->size - w->len) {
		w->bad = true;
		return NULL;
	}
	p = w->buf + w->len;
	w->len += n;
	return p;
}

static void store16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void store32(uint8_t *p, uint32_t v)
{
	store16(p, (uint16_t)(v >> 16));
	store16(p + 2, (uint16_t)v);
}

bool vpdn_writer_u8(struct vpdn_writer *w, uint8_t v)
{
	uint8_t *p = room(w, 1);

	if (p)
		p[0] = v;
	return p;
}

bool vpdn_writer_u16(struct vpdn_writer *w, uint16_t v)
{
	uint8_t *p = room(w, 2);

	if (p)
		store16(p, v);
	return p;
}

bool vpdn_writer_u32(struct vpdn_writer *w, uint32_t v)
{
	uint8_t *p = room(w, 4);

	if (p)
		store32(p, v);
	return p;
}

bool vpdn_writer_u64(struct vpdn_writer *w, uint64_t v)
{
	uint8_t *p = room(w, 8);

	if (p) {
		store32(p, (uint32_t)(v >> 32));
		store32(p + 4, (uint32_t)v);
	}
	return p;
}

bool vpdn_writer_bytes(struct vpdn_writer *w, const void *src, size_t n)
{
	uint8_t *p;

	if (!n)
		return !w->bad;
	p = room(w, n);
	if (p)
		memcpy(p, src, n);
	return p;
}

bool vpdn_writer_zero(struct vpdn_writer *w, size_t n)
{
	uint8_t *p;

	if (!n)
		return !w->bad;
	p = room(w, n);
	if (p)
		memset(p, 0, n);
	return p;
}

bool vpdn_writer_patch_u16(struct vpdn_writer *w, size_t at, uint16_t v)
{
	if (w->bad || w->len < 2 || at > w->len - 2) {
		w->bad = true;
		return false;
	}
	store16(w->buf + at, v);
	return true;
}

bool vpdn_writer_patch_len16(struct vpdn_writer *w, size_t at, size_t from)
{
	if (w->bad || from > w->len || w->len - from > UINT16_MAX) {
		w->bad = true;
		return false;
	}
	return vpdn_writer_patch_u16(w, at, (uint16_t)(w->len - from));
}

void vpdn_writer_fail(struct vpdn_writer *w)
{
	w->bad = true;
}
