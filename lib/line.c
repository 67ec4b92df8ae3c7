/* SPDX-License-Identifier: GPL-2.0-or-later */
/* line.c - see line.h. */
#include "line.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "avp.h"
#include "text.h"

#define KBIT	1000u

#define IETF(name, type, tlv)	{ name, VPDN_VENDOR_IETF, VPDN_AVP_##type, VPDN_TLV_##tlv }
#define BBF(name, type)		{ name, VPDN_VENDOR_BBF, VPDN_AVP_BBF_##type, VPDN_TLV_AVP }

static const struct vpdn_line_item table[] = {
	IETF("calling-number", CALLING_NUMBER, CALLING_NUMBER),
	IETF("called-number", CALLED_NUMBER, CALLED_NUMBER),
	IETF("sub-address", SUB_ADDRESS, SUB_ADDRESS),
	IETF("physical-channel", PHYS_CHANNEL, PHYSICAL_CHANNEL),
	{ "nas-port", VPDN_VENDOR_CISCO, VPDN_AVP_CISCO_NAS_PORT, VPDN_TLV_NAS_PORT },
	IETF("tx-connect-speed", TX_SPEED, TX_SPEED),
	IETF("rx-connect-speed", RX_SPEED, RX_SPEED),
	{ "agent-circuit-id", VPDN_VENDOR_BBF, VPDN_AVP_BBF_CIRCUIT_ID, VPDN_TLV_CIRCUIT_ID },
	{ "agent-remote-id", VPDN_VENDOR_BBF, VPDN_AVP_BBF_REMOTE_ID, VPDN_TLV_REMOTE_ID },
	BBF("actual-data-rate-upstream", RATE_UP),
	BBF("actual-data-rate-downstream", RATE_DOWN),
	BBF("minimum-data-rate-upstream", MIN_RATE_UP),
	BBF("minimum-data-rate-downstream", MIN_RATE_DOWN),
	BBF("attainable-data-rate-upstream", ATTAINABLE_RATE_UP),
	BBF("attainable-data-rate-downstream", ATTAINABLE_RATE_DOWN),
	BBF("maximum-data-rate-upstream", MAX_RATE_UP),
	BBF("maximum-data-rate-downstream", MAX_RATE_DOWN),
	BBF("minimum-data-rate-upstream-low-power", MIN_RATE_UP_LP),
	BBF("minimum-data-rate-downstream-low-power", MIN_RATE_DOWN_LP),
	BBF("maximum-interleaving-delay-upstream", MAX_DELAY_UP),
	BBF("actual-interleaving-delay-upstream", DELAY_UP),
	BBF("maximum-interleaving-delay-downstream", MAX_DELAY_DOWN),
	BBF("actual-interleaving-delay-downstream", DELAY_DOWN),
	BBF("access-loop-encapsulation", ENCAPSULATION),
	BBF("access-line-type", LINE_TYPE),
	BBF("iwf-session", IWF),
};
#define ROWS	(sizeof(table) / sizeof(table[0]))

const struct vpdn_line_item *vpdn_line_row(size_t i)
{
	return i < ROWS ? &table[i] : NULL;
}

const struct vpdn_line_item *vpdn_line_lookup(const char *name)
{
	for (size_t i = 0; i < ROWS; i++)
		if (!strcasecmp(table[i].name, name))
			return &table[i];
	return NULL;
}

char *vpdn_line_env(const struct vpdn_line_item *item, char *buf, size_t size)
{
	size_t i;

	for (i = 0; item->name[i] && i + 1 < size; i++)
		buf[i] = item->name[i] == '-' ? '_' : (char)toupper((unsigned char)item->name[i]);
	buf[i] = '\0';
	return buf;
}

/* ---- values ---- */

static bool find(const struct vpdn_ipc_msg *m, const struct vpdn_line_item *item, struct vpdn_line_value *v)
{
	struct vpdn_ipc_iter it;
	uint16_t vendor, type;
	const uint8_t *p;
	uint8_t flags;
	size_t len;

	if (item->tlv != VPDN_TLV_AVP)
		return vpdn_ipc_get_bytes(m, item->tlv, &v->p, &v->len);
	vpdn_ipc_iter_init(&it, m);
	while (vpdn_ipc_next_of(&it, VPDN_TLV_AVP, &p, &len))
		if (vpdn_ipc_parse_avp(p, len, &vendor, &type, &flags, &v->p, &v->len) && vendor == item->vendor && type == item->type)
			return true;
	return false;
}

bool vpdn_line_get(const struct vpdn_ipc_msg *m, const struct vpdn_line_item *item, struct vpdn_line_value *v)
{
	const struct vpdn_avp_def *def = vpdn_avp_lookup(item->vendor, item->type);
	struct vpdn_avp avp;

	if (!find(m, item, v) || !vpdn_avp_value_ok(def, v->p, v->len))
		return false;
	v->number = 0;
	v->is_number = def->kind == VPDN_KIND_U32 || def->kind == VPDN_KIND_SPEED || def->kind == VPDN_KIND_RATE;
	avp = (struct vpdn_avp){ .vendor = item->vendor, .type = item->type, .value = v->p, .len = v->len, .def = def };
	return !v->is_number || vpdn_avp_number(&avp, &v->number);
}

static bool plain(const struct vpdn_line_value *v, size_t i)
{
	bool edge = i == 0 || i + 1 == v->len;

	if (v->p[i] >= 0x80)
		return false;
	return isalnum(v->p[i]) || (!edge && (v->p[i] == ' ' || v->p[i] == '-')) || (v->p[i] && strchr("._+:/@#,=", v->p[i]));
}

char *vpdn_line_text(const struct vpdn_line_value *v, const struct vpdn_line_item *item, char *buf, size_t size)
{
	const struct vpdn_avp_def *def = vpdn_avp_lookup(item->vendor, item->type);
	struct vpdn_text t;
	size_t before;

	vpdn_text_init(&t, buf, size);
	if (v->is_number) {
		vpdn_text_add(&t, "%llu", (unsigned long long)v->number);
	} else if (def->kind == VPDN_KIND_BYTES) {
		vpdn_text_add_hex(&t, v->p, v->len);
	} else {
		for (size_t i = 0; i < v->len; i++) {
			before = t.len;
			if (size - before <= (plain(v, i) ? 1 : 3))
				break;
			vpdn_text_add(&t, plain(v, i) ? "%c" : "%%%02x", v->p[i]);
		}
	}
	return buf;
}

/* ---- TR-101 ---- */

/* The last sub-option of a type; false when there is none. */
static bool find_option(const void *options, size_t len, uint8_t type, const uint8_t **value, size_t *value_len)
{
	struct vpdn_reader r;
	bool found = false;
	const uint8_t *p;
	uint8_t t, n;

	vpdn_reader_init(&r, options, len);
	while (vpdn_reader_u8(&r, &t) && vpdn_reader_u8(&r, &n) && vpdn_reader_bytes(&r, &p, n)) {
		if (t != type)
			continue;
		*value = p;
		*value_len = n;
		found = true;
	}
	return found;
}

/* A rate of TR-101, kbit/s in four octets. */
static bool find_rate(const void *options, size_t len, uint8_t type, uint64_t *bps)
{
	struct vpdn_reader r;
	const uint8_t *p;
	uint32_t kbps;
	size_t n;

	if (!find_option(options, len, type, &p, &n))
		return false;
	vpdn_reader_init(&r, p, n);
	vpdn_reader_u32(&r, &kbps);
	*bps = (uint64_t)kbps * KBIT;
	return vpdn_reader_done(&r);
}

static void put_option(struct vpdn_ipc_builder *b, const struct vpdn_line_item *item, const void *options, size_t len)
{
	const struct vpdn_avp_def *def = vpdn_avp_lookup(item->vendor, item->type);
	struct vpdn_writer w;
	uint8_t rate[8];
	const uint8_t *p;
	uint64_t bps;
	size_t n;

	if (def->kind == VPDN_KIND_RATE) {
		if (!find_rate(options, len, (uint8_t)item->type, &bps))
			return;
		vpdn_writer_init(&w, rate, sizeof(rate));
		vpdn_writer_u64(&w, bps);
		p = rate;
		n = w.len;
	} else if (!find_option(options, len, (uint8_t)item->type, &p, &n) || !vpdn_avp_value_ok(def, p, n)) {
		return;
	}
	if (item->tlv == VPDN_TLV_AVP)
		vpdn_ipc_put_avp(b, item->vendor, item->type, 0, p, n);
	else
		vpdn_ipc_put_bytes(b, item->tlv, p, n);
}

static void put_speed(struct vpdn_ipc_builder *b, uint16_t tlv, const void *options, size_t len, uint8_t type)
{
	uint64_t bps;

	if (find_rate(options, len, type, &bps) && bps)
		vpdn_ipc_put_u32(b, tlv, bps > UINT32_MAX ? UINT32_MAX : (uint32_t)bps);
}

void vpdn_line_put(struct vpdn_ipc_builder *b, const void *options, size_t len)
{
	for (size_t i = 0; i < ROWS; i++)
		if (table[i].vendor == VPDN_VENDOR_BBF)
			put_option(b, &table[i], options, len);
	/* towards the subscriber, and from it (RFC 2661 4.4.4) */
	put_speed(b, VPDN_TLV_TX_SPEED, options, len, VPDN_AVP_BBF_RATE_DOWN);
	put_speed(b, VPDN_TLV_RX_SPEED, options, len, VPDN_AVP_BBF_RATE_UP);
}
