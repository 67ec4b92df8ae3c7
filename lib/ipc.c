/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ipc.c - building and parsing of messages, see ipc.h.  Sockets are in ipc_socket.c,
 * proxy LCP and authentication in ipc_proxy.c.
 *
 * A message that vpdn_ipc_parse() accepted needs no further checks: every known TLV
 * has the size of its kind, every required one is there.
 */
#include "ipc.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "text.h"

#define AT_LENGTH	8u	/* offset of the length in the header */

/* ---- building ---- */

void vpdn_ipc_begin(struct vpdn_ipc_builder *b, uint16_t type, uint8_t flags, uint32_t seq)
{
	vpdn_writer_init(&b->w, b->buf, sizeof(b->buf));
	vpdn_writer_u16(&b->w, VPDN_IPC_MAGIC);
	vpdn_writer_u8(&b->w, VPDN_IPC_VERSION);
	vpdn_writer_u8(&b->w, flags);
	vpdn_writer_u16(&b->w, type);
	vpdn_writer_u16(&b->w, 0);
	vpdn_writer_u32(&b->w, 0);
	vpdn_writer_u32(&b->w, seq);
	if (!vpdn_ipc_msg_lookup(type))
		vpdn_writer_fail(&b->w);
}

/* Writes a TLV's header; false, and a failed message, when the row is of another kind. */
static bool open_tlv(struct vpdn_ipc_builder *b, uint16_t tlv, enum vpdn_ipc_kind kind, size_t len)
{
	const struct vpdn_ipc_tlv_def *def = vpdn_ipc_tlv_lookup(tlv);

	if (!def || def->kind != kind || len > UINT16_MAX)
		vpdn_writer_fail(&b->w);
	vpdn_writer_u16(&b->w, tlv);
	return vpdn_writer_u16(&b->w, (uint16_t)len);
}

bool vpdn_ipc_put_u8(struct vpdn_ipc_builder *b, uint16_t tlv, uint8_t v)
{
	open_tlv(b, tlv, VPDN_IPC_u8, 1);
	return vpdn_writer_u8(&b->w, v);
}

bool vpdn_ipc_put_u16(struct vpdn_ipc_builder *b, uint16_t tlv, uint16_t v)
{
	open_tlv(b, tlv, VPDN_IPC_u16, 2);
	return vpdn_writer_u16(&b->w, v);
}

bool vpdn_ipc_put_u32(struct vpdn_ipc_builder *b, uint16_t tlv, uint32_t v)
{
	open_tlv(b, tlv, VPDN_IPC_u32, 4);
	return vpdn_writer_u32(&b->w, v);
}

bool vpdn_ipc_put_u64(struct vpdn_ipc_builder *b, uint16_t tlv, uint64_t v)
{
	open_tlv(b, tlv, VPDN_IPC_u64, 8);
	return vpdn_writer_u64(&b->w, v);
}

bool vpdn_ipc_put_ip4(struct vpdn_ipc_builder *b, uint16_t tlv, struct in_addr v)
{
	/* s_addr is in network byte order already: octets, not a number. */
	open_tlv(b, tlv, VPDN_IPC_ip4, sizeof(v.s_addr));
	return vpdn_writer_bytes(&b->w, &v.s_addr, sizeof(v.s_addr));
}

bool vpdn_ipc_put_bytes(struct vpdn_ipc_builder *b, uint16_t tlv, const void *p, size_t len)
{
	const struct vpdn_ipc_tlv_def *def = vpdn_ipc_tlv_lookup(tlv);
	enum vpdn_ipc_kind kind = def ? def->kind : VPDN_IPC_bytes;

	if (kind != VPDN_IPC_bytes && kind != VPDN_IPC_secret && kind != VPDN_IPC_list && kind != VPDN_IPC_text)
		vpdn_writer_fail(&b->w);
	if (kind == VPDN_IPC_text && len && memchr(p, 0, len))
		vpdn_writer_fail(&b->w);
	open_tlv(b, tlv, kind, len);
	return vpdn_writer_bytes(&b->w, p, len);
}

bool vpdn_ipc_put_text(struct vpdn_ipc_builder *b, uint16_t tlv, const char *s)
{
	if (!s) {
		vpdn_writer_fail(&b->w);
		return false;
	}
	return vpdn_ipc_put_bytes(b, tlv, s, strlen(s));
}

bool vpdn_ipc_put_textf(struct vpdn_ipc_builder *b, uint16_t tlv, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return vpdn_ipc_put_text(b, tlv, n < 0 ? NULL : text);
}

bool vpdn_ipc_put_raw(struct vpdn_ipc_builder *b, uint16_t tlv, const void *p, size_t len)
{
	if (len > UINT16_MAX)
		vpdn_writer_fail(&b->w);
	vpdn_writer_u16(&b->w, tlv);
	vpdn_writer_u16(&b->w, (uint16_t)len);
	return vpdn_writer_bytes(&b->w, p, len);
}

bool vpdn_ipc_put_avp(struct vpdn_ipc_builder *b, uint16_t vendor, uint16_t type, uint8_t flags,
		      const void *value, size_t len)
{
	if (len > VPDN_AVP_MAX_VALUE)
		vpdn_writer_fail(&b->w);
	open_tlv(b, VPDN_TLV_AVP, VPDN_IPC_list, 5 + len);
	vpdn_writer_u16(&b->w, vendor);
	vpdn_writer_u16(&b->w, type);
	vpdn_writer_u8(&b->w, flags);
	return vpdn_writer_bytes(&b->w, value, len);
}

bool vpdn_ipc_put_counter(struct vpdn_ipc_builder *b, enum vpdn_ipc_counter counter, uint64_t value)
{
	open_tlv(b, VPDN_TLV_COUNTER, VPDN_IPC_list, 10);
	vpdn_writer_u16(&b->w, (uint16_t)counter);
	return vpdn_writer_u64(&b->w, value);
}

bool vpdn_ipc_put_source(struct vpdn_ipc_builder *b, struct in_addr addr, uint8_t prefix_len)
{
	if (prefix_len > 32)
		vpdn_writer_fail(&b->w);
	open_tlv(b, VPDN_TLV_SOURCE, VPDN_IPC_list, 5);
	vpdn_writer_bytes(&b->w, &addr.s_addr, sizeof(addr.s_addr));
	return vpdn_writer_u8(&b->w, prefix_len);
}

/* ---- the rules of a message, for both sides ---- */

static bool size_ok(const struct vpdn_ipc_tlv_def *def, const uint8_t *p, size_t len)
{
	switch (def->kind) {
	case VPDN_IPC_u8:	return len == 1;
	case VPDN_IPC_u16:	return len == 2;
	case VPDN_IPC_u32:	return len == 4;
	case VPDN_IPC_u64:	return len == 8;
	case VPDN_IPC_ip4:	return len == 4;
	case VPDN_IPC_text:	return !len || !memchr(p, 0, len);
	default:		return true;
	}
}

static bool next_tlv(struct vpdn_reader *r, uint16_t *tlv, const uint8_t **p, size_t *len)
{
	uint16_t n;

	vpdn_reader_u16(r, tlv);
	vpdn_reader_u16(r, &n);
	*len = n;
	return vpdn_reader_bytes(r, p, n);
}

/* 0, or -EBADMSG and the TLV that is to blame (0: the list itself is damaged). */
static int check_tlvs(const struct vpdn_ipc_msg_def *msg, struct vpdn_reader r, uint16_t *bad_tlv)
{
	bool seen[VPDN_IPC_MAX_TLV_TYPES] = { false };
	size_t i;

	while (r.left) {
		const struct vpdn_ipc_tlv_def *def;
		const uint8_t *p;
		uint16_t tlv;
		size_t len;

		*bad_tlv = 0;
		if (!next_tlv(&r, &tlv, &p, &len))
			return -EBADMSG;
		*bad_tlv = tlv;
		def = vpdn_ipc_tlv_lookup(tlv);
		if (!def && tlv & VPDN_IPC_TLV_OPTIONAL)
			continue;
		if (!def || !size_ok(def, p, len))
			return -EBADMSG;
		i = vpdn_ipc_tlv_index(def);
		if (seen[i] && def->kind != VPDN_IPC_list)
			return -EBADMSG;
		seen[i] = true;
	}
	for (i = 0; i < VPDN_IPC_MAX_REQUIRED && msg->required[i]; i++) {
		*bad_tlv = msg->required[i];
		if (!seen[vpdn_ipc_tlv_index(vpdn_ipc_tlv_lookup(*bad_tlv))])
			return -EBADMSG;
	}
	*bad_tlv = 0;
	return 0;
}

int vpdn_ipc_finish(struct vpdn_ipc_builder *b)
{
	struct vpdn_reader r;
	uint16_t type, bad_tlv;

	/* The length has 32 bits, of which the upper half stays zero. */
	vpdn_writer_patch_len16(&b->w, AT_LENGTH + 2, 0);
	if (b->w.bad)
		return -EMSGSIZE;
	vpdn_reader_init(&r, b->w.buf, b->w.len);
	vpdn_reader_skip(&r, 4);
	vpdn_reader_u16(&r, &type);
	vpdn_reader_skip(&r, VPDN_IPC_HEADER_LEN - 6);
	return check_tlvs(vpdn_ipc_msg_lookup(type), r, &bad_tlv) ? -EINVAL : 0;
}

void vpdn_ipc_builder_wipe(struct vpdn_ipc_builder *b)
{
	explicit_bzero(b->buf, b->w.len);
	vpdn_writer_init(&b->w, b->buf, sizeof(b->buf));
}

/* ---- parsing ---- */

int vpdn_ipc_parse(struct vpdn_ipc_msg *m, size_t len)
{
	struct vpdn_reader r;
	uint16_t magic, zero;
	uint32_t length;
	uint8_t version;

	m->type = 0;
	m->flags = 0;
	m->seq = 0;
	m->def = NULL;
	m->bad_tlv = 0;
	m->len = 0;
	if (len > sizeof(m->buf))
		return -EPROTO;
	vpdn_reader_init(&r, m->buf, len);
	vpdn_reader_u16(&r, &magic);
	vpdn_reader_u8(&r, &version);
	vpdn_reader_u8(&r, &m->flags);
	vpdn_reader_u16(&r, &m->type);
	vpdn_reader_u16(&r, &zero);
	vpdn_reader_u32(&r, &length);
	vpdn_reader_u32(&r, &m->seq);
	if (r.bad || magic != VPDN_IPC_MAGIC || version != VPDN_IPC_VERSION || zero || length != len)
		return -EPROTO;
	m->def = vpdn_ipc_msg_lookup(m->type);
	if (!m->def)
		return -EOPNOTSUPP;
	if (check_tlvs(m->def, r, &m->bad_tlv))
		return -EBADMSG;
	m->len = len;
	return 0;
}

void vpdn_ipc_iter_init(struct vpdn_ipc_iter *it, const struct vpdn_ipc_msg *m)
{
	vpdn_reader_init(&it->r, m->buf, m->len);
	if (m->len)
		vpdn_reader_skip(&it->r, VPDN_IPC_HEADER_LEN);
}

bool vpdn_ipc_next(struct vpdn_ipc_iter *it, uint16_t *tlv, const uint8_t **p, size_t *len)
{
	*tlv = 0;
	*p = NULL;
	*len = 0;
	if (!it->r.left || !next_tlv(&it->r, tlv, p, len))
		return false;
	*tlv &= (uint16_t)~VPDN_IPC_TLV_OPTIONAL;
	return true;
}

bool vpdn_ipc_next_of(struct vpdn_ipc_iter *it, uint16_t tlv, const uint8_t **p, size_t *len)
{
	uint16_t type;

	while (vpdn_ipc_next(it, &type, p, len))
		if (type == tlv)
			return true;
	return false;
}

bool vpdn_ipc_get_bytes(const struct vpdn_ipc_msg *m, uint16_t tlv, const uint8_t **p, size_t *len)
{
	struct vpdn_ipc_iter it;

	vpdn_ipc_iter_init(&it, m);
	return vpdn_ipc_next_of(&it, tlv, p, len);
}

bool vpdn_ipc_has(const struct vpdn_ipc_msg *m, uint16_t tlv)
{
	const uint8_t *p;
	size_t len;

	return vpdn_ipc_get_bytes(m, tlv, &p, &len);
}

/* A reader over a TLV of exactly `size` octets. */
static bool get_sized(const struct vpdn_ipc_msg *m, uint16_t tlv, size_t size, struct vpdn_reader *r)
{
	const uint8_t *p;
	size_t len;

	if (!vpdn_ipc_get_bytes(m, tlv, &p, &len) || len != size)
		return false;
	vpdn_reader_init(r, p, len);
	return true;
}

bool vpdn_ipc_get_u8(const struct vpdn_ipc_msg *m, uint16_t tlv, uint8_t *v)
{
	struct vpdn_reader r;

	return get_sized(m, tlv, 1, &r) && vpdn_reader_u8(&r, v);
}

bool vpdn_ipc_get_u16(const struct vpdn_ipc_msg *m, uint16_t tlv, uint16_t *v)
{
	struct vpdn_reader r;

	return get_sized(m, tlv, 2, &r) && vpdn_reader_u16(&r, v);
}

bool vpdn_ipc_get_u32(const struct vpdn_ipc_msg *m, uint16_t tlv, uint32_t *v)
{
	struct vpdn_reader r;

	return get_sized(m, tlv, 4, &r) && vpdn_reader_u32(&r, v);
}

bool vpdn_ipc_get_u64(const struct vpdn_ipc_msg *m, uint16_t tlv, uint64_t *v)
{
	struct vpdn_reader r;

	return get_sized(m, tlv, 8, &r) && vpdn_reader_u64(&r, v);
}

bool vpdn_ipc_get_ip4(const struct vpdn_ipc_msg *m, uint16_t tlv, struct in_addr *v)
{
	struct vpdn_reader r;

	return get_sized(m, tlv, sizeof(v->s_addr), &r) && vpdn_reader_copy(&r, &v->s_addr, sizeof(v->s_addr));
}

bool vpdn_ipc_get_text(const struct vpdn_ipc_msg *m, uint16_t tlv, char *buf, size_t size)
{
	const uint8_t *p;
	size_t len;

	buf[0] = '\0';
	if (!vpdn_ipc_get_bytes(m, tlv, &p, &len) || len >= size || (len && memchr(p, 0, len)))
		return false;
	memcpy(buf, p, len);
	buf[len] = '\0';
	return true;
}

bool vpdn_ipc_parse_avp(const uint8_t *p, size_t len, uint16_t *vendor, uint16_t *type, uint8_t *flags,
			const uint8_t **value, size_t *value_len)
{
	struct vpdn_reader r;

	vpdn_reader_init(&r, p, len);
	vpdn_reader_u16(&r, vendor);
	vpdn_reader_u16(&r, type);
	vpdn_reader_u8(&r, flags);
	*value_len = r.bad ? 0 : r.left;
	return vpdn_reader_bytes(&r, value, *value_len) && *value_len <= VPDN_AVP_MAX_VALUE;
}

bool vpdn_ipc_parse_counter(const uint8_t *p, size_t len, uint16_t *counter, uint64_t *value)
{
	struct vpdn_reader r;

	vpdn_reader_init(&r, p, len);
	vpdn_reader_u16(&r, counter);
	vpdn_reader_u64(&r, value);
	return vpdn_reader_done(&r);
}

bool vpdn_ipc_parse_source(const uint8_t *p, size_t len, struct in_addr *addr, uint8_t *prefix_len)
{
	struct vpdn_reader r;

	vpdn_reader_init(&r, p, len);
	vpdn_reader_copy(&r, &addr->s_addr, sizeof(addr->s_addr));
	vpdn_reader_u8(&r, prefix_len);
	return vpdn_reader_done(&r) && *prefix_len <= 32;
}

static void print_tlv(struct vpdn_text *t, uint16_t tlv, const uint8_t *p, size_t len)
{
	const struct vpdn_ipc_tlv_def *def = vpdn_ipc_tlv_lookup(tlv);
	struct vpdn_reader r;
	uint64_t v = 0;
	uint8_t octet;
	size_t i;

	vpdn_text_add(t, " %s=", vpdn_ipc_tlv_name(tlv));
	if (!def || def->kind == VPDN_IPC_secret || tlv == VPDN_TLV_AVP) {
		vpdn_text_add(t, "(%zu octets)", len);
		return;
	}
	vpdn_reader_init(&r, p, len);
	switch (def->kind) {
	case VPDN_IPC_u8:
	case VPDN_IPC_u16:
	case VPDN_IPC_u32:
	case VPDN_IPC_u64:
		while (vpdn_reader_u8(&r, &octet))
			v = v << 8 | octet;
		vpdn_text_add(t, "%llu", (unsigned long long)v);
		break;
	case VPDN_IPC_ip4:
		for (i = 0; i < len && vpdn_reader_u8(&r, &octet); i++)
			vpdn_text_add(t, "%s%u", i ? "." : "", octet);
		break;
	default:
		vpdn_text_add(t, "\"");
		vpdn_text_add_escaped(t, p, len);
		vpdn_text_add(t, "\"");
	}
}

char *vpdn_ipc_print(const struct vpdn_ipc_msg *m, char *buf, size_t size)
{
	struct vpdn_ipc_iter it;
	struct vpdn_text t;
	const uint8_t *p;
	uint16_t tlv;
	size_t len;

	vpdn_text_init(&t, buf, size);
	vpdn_text_add(&t, "%s seq %u:", vpdn_ipc_msg_name(m->type), m->seq);
	vpdn_ipc_iter_init(&it, m);
	while (vpdn_ipc_next(&it, &tlv, &p, &len))
		print_tlv(&t, tlv, p, len);
	return buf;
}

int vpdn_ipc_take_fd(struct vpdn_ipc_msg *m, unsigned int i)
{
	int fd;

	if (i >= m->nfds)
		return -1;
	fd = m->fds[i];
	m->fds[i] = -1;
	return fd;
}

void vpdn_ipc_msg_close(struct vpdn_ipc_msg *m)
{
	unsigned int i;

	for (i = 0; i < m->nfds; i++)
		if (m->fds[i] >= 0)
			close(m->fds[i]);
	m->nfds = 0;
}

void vpdn_ipc_msg_wipe(struct vpdn_ipc_msg *m)
{
	vpdn_ipc_msg_close(m);
	explicit_bzero(m->buf, m->len);
	m->len = 0;
}
