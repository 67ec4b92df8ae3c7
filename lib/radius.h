/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * radius.h - RADIUS packets as a client needs them: attributes (RFC 2865 section 5, tagged ones of RFC 2868), requests
 * that are signed (RFC 2865 and 2866 section 3, RFC 3579 section 3.2), and answers that are checked.
 *
 * Octets in, octets out: sockets, timers and servers are glue/radius_client.c's.
 */
#ifndef VPDN_RADIUS_H
#define VPDN_RADIUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cursor.h"

#define VPDN_RADIUS_MAX_LEN		4096u	/* of a packet */
#define VPDN_RADIUS_HEADER_LEN		20u
#define VPDN_RADIUS_AUTHENTICATOR_LEN	16u
#define VPDN_RADIUS_MAX_VALUE		253u	/* of an attribute */
#define VPDN_RADIUS_MAX_PASSWORD	128u	/* User-Password, RFC 2865 section 5.2 */
#define VPDN_RADIUS_MAX_TAG		0x1fu

enum vpdn_radius_code {
	VPDN_RADIUS_ACCESS_REQUEST = 1,
	VPDN_RADIUS_ACCESS_ACCEPT = 2,
	VPDN_RADIUS_ACCESS_REJECT = 3,
	VPDN_RADIUS_ACCOUNTING_REQUEST = 4,
	VPDN_RADIUS_ACCOUNTING_RESPONSE = 5,
	VPDN_RADIUS_ACCESS_CHALLENGE = 11,
};

enum vpdn_radius_attribute {
	/* RFC 2865 */
	VPDN_RADIUS_USER_NAME = 1, VPDN_RADIUS_USER_PASSWORD = 2, VPDN_RADIUS_NAS_IP_ADDRESS = 4, VPDN_RADIUS_NAS_PORT = 5,
	VPDN_RADIUS_SERVICE_TYPE = 6, VPDN_RADIUS_FRAMED_PROTOCOL = 7, VPDN_RADIUS_REPLY_MESSAGE = 18, VPDN_RADIUS_CLASS = 25,
	VPDN_RADIUS_VENDOR_SPECIFIC = 26, VPDN_RADIUS_CALLED_STATION_ID = 30, VPDN_RADIUS_CALLING_STATION_ID = 31,
	VPDN_RADIUS_NAS_IDENTIFIER = 32, VPDN_RADIUS_NAS_PORT_TYPE = 61,
	/* RFC 2866 */
	VPDN_RADIUS_ACCT_STATUS_TYPE = 40, VPDN_RADIUS_ACCT_DELAY_TIME = 41, VPDN_RADIUS_ACCT_INPUT_OCTETS = 42,
	VPDN_RADIUS_ACCT_OUTPUT_OCTETS = 43, VPDN_RADIUS_ACCT_SESSION_ID = 44, VPDN_RADIUS_ACCT_AUTHENTIC = 45,
	VPDN_RADIUS_ACCT_SESSION_TIME = 46, VPDN_RADIUS_ACCT_INPUT_PACKETS = 47, VPDN_RADIUS_ACCT_OUTPUT_PACKETS = 48,
	VPDN_RADIUS_ACCT_TERMINATE_CAUSE = 49,
	/* RFC 2869, 3579 */
	VPDN_RADIUS_ACCT_INPUT_GIGAWORDS = 52, VPDN_RADIUS_ACCT_OUTPUT_GIGAWORDS = 53, VPDN_RADIUS_EVENT_TIMESTAMP = 55,
	VPDN_RADIUS_CONNECT_INFO = 77, VPDN_RADIUS_MESSAGE_AUTHENTICATOR = 80, VPDN_RADIUS_ACCT_INTERIM_INTERVAL = 85,
	VPDN_RADIUS_NAS_PORT_ID = 87,
	/* RFC 2867, 2868: those of a tunnel are tagged */
	VPDN_RADIUS_TUNNEL_TYPE = 64, VPDN_RADIUS_TUNNEL_MEDIUM_TYPE = 65, VPDN_RADIUS_TUNNEL_CLIENT_ENDPOINT = 66,
	VPDN_RADIUS_TUNNEL_SERVER_ENDPOINT = 67, VPDN_RADIUS_ACCT_TUNNEL_CONNECTION = 68, VPDN_RADIUS_TUNNEL_PASSWORD = 69,
	VPDN_RADIUS_TUNNEL_ASSIGNMENT_ID = 82, VPDN_RADIUS_TUNNEL_PREFERENCE = 83, VPDN_RADIUS_TUNNEL_CLIENT_AUTH_ID = 90,
	VPDN_RADIUS_TUNNEL_SERVER_AUTH_ID = 91,
};

#define VPDN_RADIUS_VENDOR_CISCO	9u
#define VPDN_RADIUS_CISCO_AVPAIR	1u
#define VPDN_RADIUS_VENDOR_ADSL		3561u	/* Broadband Forum, RFC 4679 */
#define VPDN_RADIUS_SERVICE_FRAMED	2u	/* Service-Type, RFC 2865 section 5.6 */
#define VPDN_RADIUS_SERVICE_OUTBOUND	5u
#define VPDN_RADIUS_TUNNEL_L2TP		3u	/* Tunnel-Type, RFC 2868 section 3.1 */
#define VPDN_RADIUS_MEDIUM_IPV4		1u	/* Tunnel-Medium-Type, section 3.2 */

/* ---- attributes that are sent ---- */

/* Append one attribute. A value that is too long fails the writer; an empty one is left out (RFC 2865 section 5). */
bool vpdn_radius_put_bytes(struct vpdn_writer *w, uint8_t type, const void *p, size_t len);
bool vpdn_radius_put_text(struct vpdn_writer *w, uint8_t type, const char *s);
bool vpdn_radius_put_u32(struct vpdn_writer *w, uint8_t type, uint32_t v);
/* One attribute of a vendor, in a Vendor-Specific of its own. */
bool vpdn_radius_put_vendor(struct vpdn_writer *w, uint32_t vendor, uint8_t type, const void *p, size_t len);
/* Tagged, without a tag: 24 bits. */
bool vpdn_radius_put_tagged_u24(struct vpdn_writer *w, uint8_t type, uint32_t v);

/* ---- packets ---- */

/*
 * Makes a request of `len` octets of attributes: header, in an Access-Request Message-Authenticator and `password` (NULL: none)
 * as User-Password, then the attributes; all of it signed with `secret`. `random` is what the authenticator of an Access-Request
 * is made of, and not looked at for an Accounting-Request. The octets in `out`, the authenticator in `authenticator`, which the
 * answer is checked by. The length, or 0 when it does not fit.
 */
size_t vpdn_radius_request(uint8_t code, uint8_t id, const char *secret, const uint8_t random[VPDN_RADIUS_AUTHENTICATOR_LEN],
			   const char *password, const void *attributes, size_t len, uint8_t out[VPDN_RADIUS_MAX_LEN],
			   uint8_t authenticator[VPDN_RADIUS_AUTHENTICATOR_LEN]);

/*
 * Checks the answer to a request: its form, id, code, Response Authenticator, and Message-Authenticator: one that is there must be
 * right, and with `required` one must be there in an answer to an Access-Request (CVE-2024-3596). NULL: it is genuine, its code is
 * in *code and its attributes in *attributes; octets behind its length are padding. Else what is wrong with it, for people.
 */
const char *vpdn_radius_check(const uint8_t *p, size_t len, uint8_t request_code, uint8_t id, const char *secret,
			      const uint8_t authenticator[VPDN_RADIUS_AUTHENTICATOR_LEN], bool required, uint8_t *code,
			      struct vpdn_reader *attributes);

/* ---- attributes that were received ---- */

/* The next attribute; false at the end, with r->bad set when what is left is none. */
bool vpdn_radius_next(struct vpdn_reader *r, uint8_t *type, const uint8_t **value, size_t *len);
/* Same, of a vendor's attributes in a Vendor-Specific's value, behind its vendor. */
bool vpdn_radius_vendor(const uint8_t *value, size_t len, uint32_t *vendor, struct vpdn_reader *attributes);

/* A number of 32 bits. False when it has not that size. */
bool vpdn_radius_u32(const uint8_t *value, size_t len, uint32_t *v);

/* A tagged number (RFC 2868 section 3.1): tag and 24 bits. A tag above 0x1f is none. False when it has not that size. */
bool vpdn_radius_tagged_u24(const uint8_t *value, size_t len, uint8_t *tag, uint32_t *v);
/* The octets of a tagged string (section 3.3) in *text, their number in *n: a first octet above 0x1f is no tag but text. */
void vpdn_radius_tagged_text(const uint8_t *value, size_t len, uint8_t *tag, const uint8_t **text, size_t *n);

/*
 * Deciphers a Tunnel-Password (RFC 2868 section 3.5): tag, salt and string. `authenticator`: the request's. `out` has
 * VPDN_RADIUS_MAX_VALUE octets. False when the length inside does not fit, as it is with another secret.
 */
bool vpdn_radius_tunnel_password(const uint8_t *value, size_t len, const char *secret,
				 const uint8_t authenticator[VPDN_RADIUS_AUTHENTICATOR_LEN], uint8_t *tag, uint8_t *out, size_t *out_len);

#endif
