/* SPDX-License-Identifier: GPL-2.0-or-later */
/* line_avps.c - see line_avps.h. */
#include "line_avps.h"

#include <string.h>

#include "avp.h"
#include "ipc.h"

#define TLVS_MAX	3u

static const struct {
	const char *word;
	uint16_t tlvs[TLVS_MAX];
} words[] = {
	{ "calling-number", { VPDN_TLV_CALLING_NUMBER } },
	{ "called-number", { VPDN_TLV_CALLED_NUMBER } },
	{ "sub-address", { VPDN_TLV_SUB_ADDRESS } },
	{ "physical-channel", { VPDN_TLV_PHYSICAL_CHANNEL } },
	{ "nas-port", { VPDN_TLV_NAS_PORT } },
	{ "connect-speed", { VPDN_TLV_TX_SPEED, VPDN_TLV_RX_SPEED } },
	{ "access-line", { VPDN_TLV_CIRCUIT_ID, VPDN_TLV_REMOTE_ID, VPDN_TLV_AVP } },
};
#define WORDS	(sizeof(words) / sizeof(words[0]))

const char *vpdn_line_avps_word(size_t i, uint32_t *bit)
{
	if (i >= WORDS)
		return NULL;
	*bit = 1u << i;
	return words[i].word;
}

uint32_t vpdn_line_avps_bit(const char *word)
{
	for (size_t i = 0; i < WORDS; i++)
		if (!strcmp(words[i].word, word))
			return 1u << i;
	return 0;
}

/* Of the further AVPs only those of RFC 5515. */
static bool is_line(uint16_t tlv, const uint8_t *value, size_t len)
{
	uint16_t vendor, type;
	uint8_t flags;
	size_t n;

	return tlv != VPDN_TLV_AVP || (vpdn_ipc_parse_avp(value, len, &vendor, &type, &flags, &value, &n) && vendor == VPDN_VENDOR_BBF);
}

bool vpdn_line_avps_has(uint32_t set, uint16_t tlv, const uint8_t *value, size_t len)
{
	for (size_t i = 0; i < WORDS; i++)
		for (size_t j = 0; j < TLVS_MAX && set & 1u << i; j++)
			if (tlv && words[i].tlvs[j] == tlv)
				return is_line(tlv, value, len);
	return false;
}
