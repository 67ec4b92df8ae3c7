/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cursor.h - bounded readers and writers for wire data.
 *
 * Every octet that comes from or goes to another machine or process is touched
 * through one of these two cursors and in no other way: no struct overlays, no
 * pointer arithmetic on packets, no swapping in place.  All numbers are in
 * network byte order.
 *
 * Both cursors have a sticky error.  The first read that does not fit sets
 * `bad` and consumes nothing; from then on every read fails.  The same goes for
 * a writer and room.  A decoder may therefore read a whole structure and test
 * once at its end, as long as it uses no value before that test.
 *
 * Neither cursor owns the memory it walks over.
 */
#ifndef VPDN_CURSOR_H
#define VPDN_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vpdn_reader {
	const uint8_t *p;	/* next octet to be read */
	size_t left;		/* octets left from p */
	bool bad;		/* a read did not fit; nothing can be read any more */
};

struct vpdn_writer {
	uint8_t *buf;		/* start of the caller's buffer */
	size_t size;		/* its size in octets */
	size_t len;		/* octets written so far */
	bool bad;		/* something did not fit; `len` no longer grows */
};

/* Starts reading the `len` octets at `p`; `p` may be NULL when `len` is 0. */
void vpdn_reader_init(struct vpdn_reader *r, const void *p, size_t len);

/*
 * Read one number.  True and the value in *v; false when it does not fit or an
 * earlier read did not: *v is then 0, so that a late check stays harmless.
 */
bool vpdn_reader_u8(struct vpdn_reader *r, uint8_t *v);
bool vpdn_reader_u16(struct vpdn_reader *r, uint16_t *v);
bool vpdn_reader_u32(struct vpdn_reader *r, uint32_t *v);
bool vpdn_reader_u64(struct vpdn_reader *r, uint64_t *v);

/* Like vpdn_reader_u16(), but does not advance and does not set `bad`. */
bool vpdn_reader_peek_u16(const struct vpdn_reader *r, uint16_t *v);

/* Points *p at the next `n` octets inside the buffer (not copied) and advances. */
bool vpdn_reader_bytes(struct vpdn_reader *r, const uint8_t **p, size_t n);

/* Copies the next `n` octets to `dst` and advances; on failure `dst` is untouched. */
bool vpdn_reader_copy(struct vpdn_reader *r, void *dst, size_t n);

/* Makes `sub` a reader of exactly the next `n` octets and advances `r` past them.
 * On failure `sub` is an empty reader that is already bad. */
bool vpdn_reader_sub(struct vpdn_reader *r, struct vpdn_reader *sub, size_t n);

bool vpdn_reader_skip(struct vpdn_reader *r, size_t n);

/* True when nothing failed and nothing is left: the exact-size test of a decoder. */
bool vpdn_reader_done(const struct vpdn_reader *r);

/* Starts writing into the `size` octets at `buf`. */
void vpdn_writer_init(struct vpdn_writer *w, void *buf, size_t size);

/* Append one number or octets.  False when it does not fit: nothing is written. */
bool vpdn_writer_u8(struct vpdn_writer *w, uint8_t v);
bool vpdn_writer_u16(struct vpdn_writer *w, uint16_t v);
bool vpdn_writer_u32(struct vpdn_writer *w, uint32_t v);
bool vpdn_writer_u64(struct vpdn_writer *w, uint64_t v);
bool vpdn_writer_bytes(struct vpdn_writer *w, const void *p, size_t n);
bool vpdn_writer_zero(struct vpdn_writer *w, size_t n);

/*
 * Overwrites a u16 written before at offset `at` (the value of w->len before it
 * was written).  False, and `bad`, when that place was never written.
 */
bool vpdn_writer_patch_u16(struct vpdn_writer *w, size_t at, uint16_t v);

/*
 * Patches at offset `at` the number of octets written since offset `from`: the
 * usual end of a length-prefixed structure.  Fails, and sets `bad`, when that
 * number does not fit 16 bits.
 */
bool vpdn_writer_patch_len16(struct vpdn_writer *w, size_t at, size_t from);

/* Marks the writer as failed; for encoders that find their input unusable. */
void vpdn_writer_fail(struct vpdn_writer *w);

#endif
