/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * line.h - what is known of a subscriber's access line: who calls whom, its speeds, and what the access node
 * says of it (Broadband Forum TR-101 3.9.2; RFC 4679; RFC 5515 as AVPs).
 *
 * One table names each item for people, scripts and configuration and says where a message of ipc_proto.h has it:
 * in a TLV of its own, or among the TLVs AVP as RFC 5515's AVP. pppoe-server's module makes those TLVs of the access
 * node's tag; whoever shows, exports or forwards the items reads them here.
 */
#ifndef VPDN_LINE_H
#define VPDN_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc.h"

#define VPDN_LINE_NAME_MAX	40u	/* longest name of an item, with its NUL */

/* One row of the table. */
struct vpdn_line_item {
	const char *name;		/* "calling-number" */
	uint16_t vendor, type;		/* its AVP */
	uint16_t tlv;			/* VPDN_TLV_AVP: it has no TLV of its own */
};

/* Rows in a fixed order; NULL beyond the end. */
const struct vpdn_line_item *vpdn_line_row(size_t i);
/* By its name, without regard to case; NULL: there is none. */
const struct vpdn_line_item *vpdn_line_lookup(const char *name);

/* The name of the environment variable that scripts find the item in: CALLING_NUMBER. Returns buf. */
char *vpdn_line_env(const struct vpdn_line_item *item, char *buf, size_t size);

/* An item's value in a message; `p` points into it. */
struct vpdn_line_value {
	const uint8_t *p;
	size_t len;
	bool is_number;
	uint64_t number;		/* speeds and rates in bit/s, delays in ms */
};

/* False when the message does not say it, or what it says is not of the item's form. */
bool vpdn_line_get(const struct vpdn_ipc_msg *m, const struct vpdn_line_item *item, struct vpdn_line_value *v);

/*
 * The value as text that is the same octets whoever quotes or forgets to quote it: letters, digits, spaces within, and
 * any of . _ - + : / @ # , = stay; any other octet, and a "-" or space at the beginning or end, is % and two hex digits.
 * Numbers are decimal, opaque octets hex. Cut at whole escapes where `size` ends. Returns buf.
 */
char *vpdn_line_text(const struct vpdn_line_value *v, const struct vpdn_line_item *item, char *buf, size_t size);

/*
 * Puts the TLVs of an access node's sub-options (TR-101: type, length, value) into a message: CIRCUIT_ID, REMOTE_ID, an AVP
 * for each other known one, and TX_SPEED and RX_SPEED when it says the actual rates. Those of a wrong size, unknown ones and
 * what follows a truncated one are left out; of several the last counts. TR-101's kbit/s become bit/s.
 */
void vpdn_line_put(struct vpdn_ipc_builder *b, const void *options, size_t len);

#endif
