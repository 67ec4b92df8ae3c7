/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lcp_options.c - LCP Configure-Request options, see lcp_options.h.
 *
 * One row for each option: number, name for people, presence bit, limits of the
 * value's length, and how its value is read, written and printed.
 */
#include "lcp_options.h"

#include <errno.h>
#include <string.h>

#include "text.h"

/* How a value is built. */
enum kind {
	KIND_FLAG,		/* no value */
	KIND_U8,
	KIND_U16,
	KIND_U32,
	KIND_AUTH,		/* protocol, and for CHAP the algorithm */
	KIND_QUALITY,		/* protocol, and for LQR the period */
	KIND_CALLBACK,		/* operation, message */
	KIND_ENDPOINT,		/* class, address */
	KIND_OPAQUE,
};

struct row {
	uint8_t type;
	const char *name;
	uint32_t bit;
	enum kind kind;
	uint8_t min, max;	/* octets of the value */
};

#define OPT_MAX	VPDN_LCP_OPT_MAX_VALUE

/* In ascending order of type, which is the order they are written in. */
static const struct row table[] = {
	{ VPDN_LCP_MRU, "MRU", VPDN_LCP_HAS_MRU, KIND_U16, 2, 2 },
	{ VPDN_LCP_ACCM, "ACCM", VPDN_LCP_HAS_ACCM, KIND_U32, 4, 4 },
	{ VPDN_LCP_AUTH, "auth", VPDN_LCP_HAS_AUTH, KIND_AUTH, 2, OPT_MAX },
	{ VPDN_LCP_QUALITY, "quality", VPDN_LCP_HAS_QUALITY, KIND_QUALITY, 2, OPT_MAX },
	{ VPDN_LCP_MAGIC, "magic", VPDN_LCP_HAS_MAGIC, KIND_U32, 4, 4 },
	{ VPDN_LCP_PFC, "PFC", VPDN_LCP_HAS_PFC, KIND_FLAG, 0, 0 },
	{ VPDN_LCP_ACFC, "ACFC", VPDN_LCP_HAS_ACFC, KIND_FLAG, 0, 0 },
	{ VPDN_LCP_FCS, "FCS", VPDN_LCP_HAS_FCS, KIND_U8, 1, 1 },
	{ VPDN_LCP_SDP, "padding", VPDN_LCP_HAS_SDP, KIND_U8, 1, 1 },
	{ VPDN_LCP_NUMBERED, "numbered mode", VPDN_LCP_HAS_NUMBERED, KIND_OPAQUE, 2, OPT_MAX },
	{ VPDN_LCP_CALLBACK, "callback", VPDN_LCP_HAS_CALLBACK, KIND_CALLBACK, 1, OPT_MAX },
	{ VPDN_LCP_COMPOUND, "compound frames", VPDN_LCP_HAS_COMPOUND, KIND_FLAG, 0, 0 },
	{ VPDN_LCP_MRRU, "MRRU", VPDN_LCP_HAS_MRRU, KIND_U16, 2, 2 },
	{ VPDN_LCP_SSNHF, "SSNHF", VPDN_LCP_HAS_SSNHF, KIND_FLAG, 0, 0 },
	{ VPDN_LCP_ENDPOINT, "endpoint", VPDN_LCP_HAS_ENDPOINT, KIND_ENDPOINT, 1, 1 + VPDN_LCP_ENDPOINT_MAX },
	{ VPDN_LCP_LINK_DISC, "link discriminator", VPDN_LCP_HAS_LINK_DISC, KIND_U16, 2, 2 },
};

#define ROWS	(sizeof(table) / sizeof(table[0]))

static const struct row *lookup(uint8_t type)
{
	size_t i;

	for (i = 0; i < ROWS; i++)
		if (table[i].type == type)
			return &table[i];
	return NULL;
}

static bool fits(const struct row *row, const uint8_t *value, size_t len)
{
	struct vpdn_reader r;
	uint16_t proto;

	if (len < row->min || len > row->max)
		return false;
	if (row->kind != KIND_AUTH)
		return true;
	/* CHAP names exactly one algorithm, PAP nothing more; others may carry what they like. */
	vpdn_reader_init(&r, value, len);
	vpdn_reader_u16(&r, &proto);
	if (proto == VPDN_PPP_CHAP)
		return r.left == 1;
	return proto != VPDN_PPP_PAP || !r.left;
}

int vpdn_lcp_next(struct vpdn_reader *r, struct vpdn_lcp_option *opt)
{
	struct vpdn_reader rest = *r, probe = *r;
	uint8_t len, octet;

	*opt = (struct vpdn_lcp_option){ 0 };
	if (r->bad)
		return -EBADMSG;
	/* Nothing but zeros, or one octet: padding. */
	while (vpdn_reader_u8(&probe, &octet) && !octet)
		;
	if (probe.bad || r->left < 2) {
		vpdn_reader_skip(r, r->left);
		return 0;
	}
	vpdn_reader_u8(&rest, &opt->type);
	vpdn_reader_u8(&rest, &len);
	if (len < 2 || !vpdn_reader_bytes(&rest, &opt->value, len - 2u)) {
		r->bad = true;
		return -EBADMSG;
	}
	opt->len = len - 2u;
	*r = rest;
	return 1;
}

/* Takes one option whose length its row allows. */
static void store(struct vpdn_lcp_options *o, const struct row *row, const struct vpdn_lcp_option *opt)
{
	struct vpdn_reader r;

	vpdn_reader_init(&r, opt->value, opt->len);
	switch (row->type) {
	case VPDN_LCP_MRU:
		vpdn_reader_u16(&r, &o->mru);
		break;
	case VPDN_LCP_ACCM:
		vpdn_reader_u32(&r, &o->accm);
		break;
	case VPDN_LCP_AUTH:
		vpdn_reader_u16(&r, &o->auth_proto);
		o->chap_algorithm = 0;
		if (o->auth_proto == VPDN_PPP_CHAP)
			vpdn_reader_u8(&r, &o->chap_algorithm);
		break;
	case VPDN_LCP_QUALITY:
		vpdn_reader_u16(&r, &o->quality_proto);
		o->quality_period = 0;
		if (r.left)
			vpdn_reader_u32(&r, &o->quality_period);
		break;
	case VPDN_LCP_MAGIC:
		vpdn_reader_u32(&r, &o->magic);
		break;
	case VPDN_LCP_FCS:
		vpdn_reader_u8(&r, &o->fcs);
		break;
	case VPDN_LCP_SDP:
		vpdn_reader_u8(&r, &o->padding);
		break;
	case VPDN_LCP_CALLBACK:
		vpdn_reader_u8(&r, &o->callback_op);
		break;
	case VPDN_LCP_MRRU:
		vpdn_reader_u16(&r, &o->mrru);
		break;
	case VPDN_LCP_ENDPOINT:
		vpdn_reader_u8(&r, &o->endpoint_class);
		o->endpoint_len = (uint8_t)r.left;
		vpdn_reader_copy(&r, o->endpoint, o->endpoint_len);
		break;
	case VPDN_LCP_LINK_DISC:
		vpdn_reader_u16(&r, &o->link_disc);
		break;
	}
	o->present |= row->bit;
}

int vpdn_lcp_parse(const void *p, size_t len, struct vpdn_lcp_options *o)
{
	struct vpdn_lcp_option opt;
	struct vpdn_reader r;
	int rc;

	memset(o, 0, sizeof(*o));
	vpdn_reader_init(&r, p, len);
	while ((rc = vpdn_lcp_next(&r, &opt)) > 0) {
		const struct row *row = lookup(opt.type);

		if (row && fits(row, opt.value, opt.len)) {
			store(o, row, &opt);
			continue;
		}
		if (!o->unknown && !o->malformed)
			o->first_unknown = opt.type;
		if (row)
			o->malformed++;
		else
			o->unknown++;
	}
	return rc;
}

/* Opens an option; close_option() fills its length in. */
static size_t open_option(struct vpdn_writer *w, uint8_t type)
{
	size_t at = w->len;

	vpdn_writer_u8(w, type);
	vpdn_writer_u8(w, 0);
	return at;
}

static bool close_option(struct vpdn_writer *w, size_t at, uint8_t type)
{
	if (w->bad || w->len - at > OPT_MAX + 2) {
		vpdn_writer_fail(w);
		return false;
	}
	return vpdn_writer_patch_u16(w, at, (uint16_t)(type << 8 | (w->len - at)));
}

bool vpdn_lcp_put_u16(struct vpdn_writer *w, uint8_t type, uint16_t v)
{
	const struct row *row = lookup(type);
	size_t at = open_option(w, type);

	if (row && row->kind != KIND_U16)
		vpdn_writer_fail(w);
	vpdn_writer_u16(w, v);
	return close_option(w, at, type);
}

bool vpdn_lcp_put_u32(struct vpdn_writer *w, uint8_t type, uint32_t v)
{
	const struct row *row = lookup(type);
	size_t at = open_option(w, type);

	if (row && row->kind != KIND_U32)
		vpdn_writer_fail(w);
	vpdn_writer_u32(w, v);
	return close_option(w, at, type);
}

bool vpdn_lcp_put_auth(struct vpdn_writer *w, uint16_t proto, uint8_t chap_algorithm)
{
	size_t at = open_option(w, VPDN_LCP_AUTH);

	vpdn_writer_u16(w, proto);
	if (proto == VPDN_PPP_CHAP)
		vpdn_writer_u8(w, chap_algorithm);
	return close_option(w, at, VPDN_LCP_AUTH);
}

static void print_auth(struct vpdn_text *t, struct vpdn_reader *r)
{
	uint16_t proto;
	uint8_t algorithm;

	vpdn_reader_u16(r, &proto);
	switch (proto) {
	case VPDN_PPP_PAP:
		vpdn_text_add(t, "PAP");
		return;
	case VPDN_PPP_EAP:
		vpdn_text_add(t, "EAP");
		return;
	case VPDN_PPP_CHAP:
		vpdn_reader_u8(r, &algorithm);
		if (algorithm == VPDN_CHAP_MD5)
			vpdn_text_add(t, "CHAP MD5");
		else if (algorithm == VPDN_CHAP_MSCHAP_V1)
			vpdn_text_add(t, "MS-CHAP");
		else if (algorithm == VPDN_CHAP_MSCHAP_V2)
			vpdn_text_add(t, "MS-CHAPv2");
		else
			vpdn_text_add(t, "CHAP algorithm %u", algorithm);
		return;
	default:
		vpdn_text_add(t, "auth 0x%04x", proto);
	}
}

static void print_endpoint(struct vpdn_text *t, struct vpdn_reader *r)
{
	uint8_t class;

	vpdn_reader_u8(r, &class);
	vpdn_text_add(t, "endpoint class %u", class);
	if (class == 1 && r->left) {		/* locally assigned: mostly a host name */
		vpdn_text_add(t, " \"");
		vpdn_text_add_escaped(t, r->p, r->left);
		vpdn_text_add(t, "\"");
	} else if (r->left) {
		vpdn_text_add(t, " ");
		vpdn_text_add_hex(t, r->p, r->left);
	}
}

static void print_option(struct vpdn_text *t, const struct row *row, const struct vpdn_lcp_option *opt)
{
	struct vpdn_reader r;
	uint32_t v32;
	uint16_t v16;
	uint8_t v8;

	vpdn_reader_init(&r, opt->value, opt->len);
	switch (row->kind) {
	case KIND_FLAG:
		vpdn_text_add(t, "%s", row->name);
		break;
	case KIND_U8:
	case KIND_CALLBACK:
		vpdn_reader_u8(&r, &v8);
		vpdn_text_add(t, "%s %u", row->name, v8);
		break;
	case KIND_U16:
		vpdn_reader_u16(&r, &v16);
		vpdn_text_add(t, "%s %u", row->name, v16);
		break;
	case KIND_U32:
		vpdn_reader_u32(&r, &v32);
		vpdn_text_add(t, "%s 0x%08x", row->name, v32);
		break;
	case KIND_QUALITY:
		vpdn_reader_u16(&r, &v16);
		vpdn_text_add(t, "%s 0x%04x", row->name, v16);
		break;
	case KIND_AUTH:
		print_auth(t, &r);
		break;
	case KIND_ENDPOINT:
		print_endpoint(t, &r);
		break;
	case KIND_OPAQUE:
		vpdn_text_add(t, "%s ", row->name);
		vpdn_text_add_hex(t, opt->value, opt->len);
		break;
	}
}

char *vpdn_lcp_print(const void *p, size_t len, char *buf, size_t size)
{
	struct vpdn_lcp_option opt;
	struct vpdn_reader r;
	struct vpdn_text t;
	int rc;

	vpdn_text_init(&t, buf, size);
	vpdn_reader_init(&r, p, len);
	while ((rc = vpdn_lcp_next(&r, &opt)) > 0) {
		const struct row *row = lookup(opt.type);

		vpdn_text_add(&t, "%s", t.len ? ", " : "");
		if (row && fits(row, opt.value, opt.len))
			print_option(&t, row, &opt);
		else
			vpdn_text_add(&t, "%s option %u of %zu octets", row ? "malformed" : "unknown",
				      opt.type, opt.len);
	}
	if (rc < 0)
		vpdn_text_add(&t, "%sdamaged", t.len ? ", " : "");
	else if (!t.len)
		vpdn_text_add(&t, "none");
	return buf;
}
