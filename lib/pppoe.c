/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pppoe.c - see pppoe.h. */
#include "pppoe.h"

#define VERSION_AND_TYPE	0x11
#define LENGTH_AT		4
#define HEADER_LEN		6

bool vpdn_pppoe_next(struct vpdn_reader *r, uint16_t *tag, const uint8_t **value, size_t *len)
{
	uint16_t n;

	vpdn_reader_u16(r, tag);
	vpdn_reader_u16(r, &n);
	*len = n;
	return vpdn_reader_bytes(r, value, n) && *tag != VPDN_PPPOE_END_OF_LIST;
}

bool vpdn_pppoe_parse(const void *p, size_t len, struct vpdn_pppoe_packet *packet)
{
	struct vpdn_reader r, tags;
	const uint8_t *value;
	uint8_t version;
	uint16_t n, tag;
	size_t left;

	vpdn_reader_init(&r, p, len);
	vpdn_reader_u8(&r, &version);
	vpdn_reader_u8(&r, &packet->code);
	vpdn_reader_u16(&r, &packet->session);
	vpdn_reader_u16(&r, &n);
	if (!vpdn_reader_sub(&r, &tags, n) || version != VERSION_AND_TYPE)
		return false;
	packet->tags = tags.p;
	packet->tags_len = 0;
	for (left = tags.left; left; left = tags.left) {
		if (!vpdn_pppoe_next(&tags, &tag, &value, &len))
			return !tags.bad;	/* End-Of-List: the rest means nothing */
		packet->tags_len += left - tags.left;
	}
	return true;
}

bool vpdn_pppoe_find(const struct vpdn_pppoe_packet *packet, uint16_t tag, const uint8_t **value, size_t *len)
{
	struct vpdn_reader r;
	uint16_t type;

	vpdn_reader_init(&r, packet->tags, packet->tags_len);
	while (vpdn_pppoe_next(&r, &type, value, len))
		if (type == tag)
			return true;
	return false;
}

const char *vpdn_pppoe_error(const struct vpdn_pppoe_packet *packet, const uint8_t **text, size_t *len)
{
	struct vpdn_reader r;
	uint16_t type;

	vpdn_reader_init(&r, packet->tags, packet->tags_len);
	while (vpdn_pppoe_next(&r, &type, text, len)) {
		switch (type) {
		case VPDN_PPPOE_SERVICE_NAME_ERROR:
			return "Service-Name-Error";
		case VPDN_PPPOE_AC_SYSTEM_ERROR:
			return "AC-System-Error";
		case VPDN_PPPOE_GENERIC_ERROR:
			return "Generic-Error";
		}
	}
	return NULL;
}

bool vpdn_pppoe_begin(struct vpdn_writer *w, uint8_t code, uint16_t session)
{
	vpdn_writer_u8(w, VERSION_AND_TYPE);
	vpdn_writer_u8(w, code);
	vpdn_writer_u16(w, session);
	return vpdn_writer_u16(w, 0);
}

bool vpdn_pppoe_put(struct vpdn_writer *w, uint16_t tag, const void *value, size_t len)
{
	if (len > UINT16_MAX)
		vpdn_writer_fail(w);
	vpdn_writer_u16(w, tag);
	vpdn_writer_u16(w, (uint16_t)len);
	return vpdn_writer_bytes(w, value, len) && vpdn_writer_patch_len16(w, LENGTH_AT, HEADER_LEN);
}
