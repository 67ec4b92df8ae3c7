/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * avp_table.c - one row for each AVP we know, and the table's lookup.
 *
 * Rows follow RFC 2661 section 4.4 in their order (0-39), then RFC 3145 (46),
 * RFC 5515 (97, 98 and the Broadband Forum's), then Cisco's and our own.  Columns: vendor, type,
 * name, kind, M bit that we send, may be hidden, shortest and longest value,
 * messages.  Everything that handles AVPs is driven by these rows.
 */
#include "avp.h"

#define MAX	VPDN_AVP_MAX_VALUE
#define M(x)	(1u << VPDN_L2TP_##x)
#define ALL	0xffffffffu
#define SETUP	(M(SCCRQ) | M(SCCRP))
#define CALLS	(M(ICRQ) | M(OCRQ))
#define CONNECT	(M(ICCN) | M(OCCN))

static const struct vpdn_avp_def table[] = {
	{ 0, 0, "Message Type", VPDN_KIND_MSG_TYPE, true, false, 2, 2, ALL },
	{ 0, 1, "Result Code", VPDN_KIND_RESULT, true, false, 2, MAX, M(CDN) | M(STOPCCN) },
	{ 0, 2, "Protocol Version", VPDN_KIND_VERSION, true, false, 2, 2, SETUP },
	{ 0, 3, "Framing Capabilities", VPDN_KIND_U32, true, true, 4, 4, SETUP },
	{ 0, 4, "Bearer Capabilities", VPDN_KIND_U32, true, true, 4, 4, SETUP },
	{ 0, 5, "Tie Breaker", VPDN_KIND_BYTES, false, false, 8, 8, M(SCCRQ) },
	{ 0, 6, "Firmware Revision", VPDN_KIND_U16, false, true, 2, 2, SETUP },
	{ 0, 7, "Host Name", VPDN_KIND_TEXT, true, false, 1, MAX, SETUP },
	{ 0, 8, "Vendor Name", VPDN_KIND_TEXT, false, true, 0, MAX, SETUP },
	{ 0, 9, "Assigned Tunnel ID", VPDN_KIND_U16, true, true, 2, 2, SETUP | M(STOPCCN) },
	{ 0, 10, "Receive Window Size", VPDN_KIND_U16, true, false, 2, 2, SETUP },
	{ 0, 11, "Challenge", VPDN_KIND_BYTES, true, true, 1, MAX, SETUP },
	{ 0, 12, "Q.931 Cause Code", VPDN_KIND_Q931, true, false, 3, MAX, M(CDN) },
	{ 0, 13, "Challenge Response", VPDN_KIND_SECRET, true, true, 16, 16, M(SCCRP) | M(SCCCN) },
	{ 0, 14, "Assigned Session ID", VPDN_KIND_U16, true, true, 2, 2,
	  CALLS | M(ICRP) | M(OCRP) | M(CDN) },
	{ 0, 15, "Call Serial Number", VPDN_KIND_U32, true, true, 4, 4, CALLS },
	{ 0, 16, "Minimum BPS", VPDN_KIND_U32, true, true, 4, 4, M(OCRQ) },
	{ 0, 17, "Maximum BPS", VPDN_KIND_U32, true, true, 4, 4, M(OCRQ) },
	{ 0, 18, "Bearer Type", VPDN_KIND_U32, true, true, 4, 4, CALLS },
	{ 0, 19, "Framing Type", VPDN_KIND_U32, true, true, 4, 4, CONNECT | M(OCRQ) },
	{ 0, 21, "Called Number", VPDN_KIND_TEXT, true, true, 0, MAX, CALLS },
	{ 0, 22, "Calling Number", VPDN_KIND_TEXT, true, true, 0, MAX, M(ICRQ) },
	{ 0, 23, "Sub-Address", VPDN_KIND_TEXT, true, true, 0, MAX, CALLS },
	{ 0, 24, "Tx Connect Speed", VPDN_KIND_SPEED, true, true, 1, 10, CONNECT },
	{ 0, 25, "Physical Channel ID", VPDN_KIND_U32, false, true, 4, 4, M(ICRQ) | M(OCRP) },
	{ 0, 26, "Initial Received LCP CONFREQ", VPDN_KIND_LCP, false, true, 0, MAX, M(ICCN) },
	{ 0, 27, "Last Sent LCP CONFREQ", VPDN_KIND_LCP, false, true, 0, MAX, M(ICCN) },
	{ 0, 28, "Last Received LCP CONFREQ", VPDN_KIND_LCP, false, true, 0, MAX, M(ICCN) },
	{ 0, 29, "Proxy Authen Type", VPDN_KIND_U16, false, true, 2, 2, M(ICCN) },
	{ 0, 30, "Proxy Authen Name", VPDN_KIND_TEXT, false, true, 0, MAX, M(ICCN) },
	{ 0, 31, "Proxy Authen Challenge", VPDN_KIND_SECRET, false, true, 1, MAX, M(ICCN) },
	{ 0, 32, "Proxy Authen ID", VPDN_KIND_AUTH_ID, false, true, 2, 2, M(ICCN) },
	{ 0, 33, "Proxy Authen Response", VPDN_KIND_SECRET, false, true, 0, MAX, M(ICCN) },
	{ 0, 34, "Call Errors", VPDN_KIND_CALL_ERRORS, true, true, 26, 26, M(WEN) },
	{ 0, 35, "ACCM", VPDN_KIND_ACCM, true, true, 10, 10, M(SLI) },
	{ 0, 36, "Random Vector", VPDN_KIND_BYTES, true, false, 1, MAX, ALL },
	{ 0, 37, "Private Group ID", VPDN_KIND_TEXT, false, true, 0, MAX, M(ICCN) },
	{ 0, 38, "Rx Connect Speed", VPDN_KIND_SPEED, false, true, 1, 10, CONNECT },
	{ 0, 39, "Sequencing Required", VPDN_KIND_FLAG, true, false, 0, 0, CONNECT },
	{ 0, 46, "PPP Disconnect Cause Code", VPDN_KIND_PPP_CAUSE, false, true, 5, MAX, M(CDN) },
	{ 0, 97, "Connect Speed Update", VPDN_KIND_SPEED_UPDATE, false, true, 12, 12, M(CSUN) | M(CSURQ) },
	{ 0, 98, "Connect Speed Update Enable", VPDN_KIND_FLAG, false, true, 0, 0, M(ICRQ) },

	{ 9, 100, "Client NAS Port", VPDN_KIND_TEXT, false, true, 0, MAX, CALLS },

	/*
	 * RFC 5515 gives the two identifiers 63 octets at most.  TR-101 tags can hold
	 * 255, access nodes send such, and nobody is served by losing them on the way.
	 * Rates are 64 bits; 32 bits are accepted as well.
	 */
	{ 3561, 1, "Agent Circuit ID", VPDN_KIND_TEXT, false, true, 1, 255, M(ICRQ) },
	{ 3561, 2, "Agent Remote ID", VPDN_KIND_TEXT, false, true, 1, 255, M(ICRQ) },
	{ 3561, 129, "Actual Data Rate Upstream", VPDN_KIND_RATE, false, true, 4, 8, M(ICRQ) },
	{ 3561, 130, "Actual Data Rate Downstream", VPDN_KIND_RATE, false, true, 4, 8, M(ICRQ) },
	{ 3561, 131, "Minimum Data Rate Upstream", VPDN_KIND_RATE, false, true, 4, 8, M(ICRQ) },
	{ 3561, 132, "Minimum Data Rate Downstream", VPDN_KIND_RATE, false, true, 4, 8, M(ICRQ) },
	{ 3561, 133, "Attainable Data Rate Upstream", VPDN_KIND_RATE, false, true, 4, 8, M(ICRQ) },
	{ 3561, 134, "Attainable Data Rate Downstream", VPDN_KIND_RATE, false, true, 4, 8, M(ICRQ) },
	{ 3561, 135, "Maximum Data Rate Upstream", VPDN_KIND_RATE, false, true, 4, 8, M(ICRQ) },
	{ 3561, 136, "Maximum Data Rate Downstream", VPDN_KIND_RATE, false, true, 4, 8, M(ICRQ) },
	{ 3561, 137, "Minimum Data Rate Upstream Low-Power", VPDN_KIND_RATE, false, true, 4, 8, M(ICRQ) },
	{ 3561, 138, "Minimum Data Rate Downstream Low-Power", VPDN_KIND_RATE, false, true, 4, 8, M(ICRQ) },
	{ 3561, 139, "Maximum Interleaving Delay Upstream", VPDN_KIND_U32, false, true, 4, 4, M(ICRQ) },
	{ 3561, 140, "Actual Interleaving Delay Upstream", VPDN_KIND_U32, false, true, 4, 4, M(ICRQ) },
	{ 3561, 141, "Maximum Interleaving Delay Downstream", VPDN_KIND_U32, false, true, 4, 4, M(ICRQ) },
	{ 3561, 142, "Actual Interleaving Delay Downstream", VPDN_KIND_U32, false, true, 4, 4, M(ICRQ) },
	{ 3561, 144, "Access Loop Encapsulation", VPDN_KIND_BYTES, false, true, 3, 3, M(ICRQ) },
	{ 3561, 145, "ANCP Access Line Type", VPDN_KIND_U32, false, true, 4, 4, M(ICRQ) },
	{ 3561, 254, "IWF Session", VPDN_KIND_BYTES, false, true, 0, 4, M(ICRQ) },

	{ 32473, 1, "VPDN Features", VPDN_KIND_U32, false, true, 4, 4, M(ICRQ) | M(ICRP) },
	{ 32473, 2, "VPDN Proxy Authen Type", VPDN_KIND_U16, false, true, 2, 2, M(ICCN) },
};

#define ROWS	(sizeof(table) / sizeof(table[0]))

size_t vpdn_avp_table_size(void)
{
	return ROWS;
}

const struct vpdn_avp_def *vpdn_avp_table_row(size_t i)
{
	return i < ROWS ? &table[i] : NULL;
}

/* Rows are sorted by vendor and type. */
const struct vpdn_avp_def *vpdn_avp_lookup(uint16_t vendor, uint16_t type)
{
	uint32_t key = (uint32_t)vendor << 16 | type;
	size_t low = 0, high = ROWS;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		uint32_t at = (uint32_t)table[mid].vendor << 16 | table[mid].type;

		if (at == key)
			return &table[mid];
		if (at < key)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

bool vpdn_avp_in_message(const struct vpdn_avp_def *def, uint16_t msg_type)
{
	if (msg_type == VPDN_L2TP_NONE || def->messages == ALL)
		return true;
	return msg_type < 32 && (def->messages & 1u << msg_type);
}
