/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pppoe.h - PPPoE discovery packets (RFC 2516 section 5 and appendix A): what follows the Ethernet header.
 *
 * For vpdn-dialer. Ethernet addresses and types are the caller's, who has them from its packet socket.
 */
#ifndef VPDN_PPPOE_H
#define VPDN_PPPOE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cursor.h"

#define VPDN_PPPOE_MAX_LEN	1500	/* of a packet: the Ethernet payload */
#define VPDN_PPPOE_PLAIN_MRU	1492	/* RFC 2516 section 7; more needs RFC 4638 */
#define VPDN_PPPOE_OVERHEAD	8	/* of a session's frames: PPPoE header and PPP protocol */

enum vpdn_pppoe_code {
	VPDN_PPPOE_PADO = 0x07,
	VPDN_PPPOE_PADI = 0x09,
	VPDN_PPPOE_PADR = 0x19,
	VPDN_PPPOE_PADS = 0x65,
	VPDN_PPPOE_PADT = 0xa7,
};

enum vpdn_pppoe_tag {
	VPDN_PPPOE_END_OF_LIST = 0x0000,
	VPDN_PPPOE_SERVICE_NAME = 0x0101,
	VPDN_PPPOE_AC_NAME = 0x0102,
	VPDN_PPPOE_HOST_UNIQ = 0x0103,
	VPDN_PPPOE_AC_COOKIE = 0x0104,
	VPDN_PPPOE_RELAY_SESSION_ID = 0x0110,
	VPDN_PPPOE_MAX_PAYLOAD = 0x0120,	/* RFC 4638 */
	VPDN_PPPOE_SERVICE_NAME_ERROR = 0x0201,
	VPDN_PPPOE_AC_SYSTEM_ERROR = 0x0202,
	VPDN_PPPOE_GENERIC_ERROR = 0x0203,
};

struct vpdn_pppoe_packet {
	uint8_t code;
	uint16_t session;
	const uint8_t *tags;	/* into the packet; whole tags, up to End-Of-List */
	size_t tags_len;
};

/*
 * Checks and describes a packet; what the Ethernet padding adds is ignored. False: another version or type, the length is above
 * what is there, or a tag goes beyond it.
 */
bool vpdn_pppoe_parse(const void *p, size_t len, struct vpdn_pppoe_packet *packet);

/* The next tag of `r`, which was initialised with a packet's tags; false at the end. */
bool vpdn_pppoe_next(struct vpdn_reader *r, uint16_t *tag, const uint8_t **value, size_t *len);

/* The first tag of this type. */
bool vpdn_pppoe_find(const struct vpdn_pppoe_packet *packet, uint16_t tag, const uint8_t **value, size_t *len);

/* The first tag that reports an error, with its name for people; NULL when there is none. */
const char *vpdn_pppoe_error(const struct vpdn_pppoe_packet *packet, const uint8_t **text, size_t *len);

/* Starts a packet in an empty writer; each tag corrects the packet's length. */
bool vpdn_pppoe_begin(struct vpdn_writer *w, uint8_t code, uint16_t session);
bool vpdn_pppoe_put(struct vpdn_writer *w, uint16_t tag, const void *value, size_t len);

#endif
