/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * avp.h - L2TP control messages and their attribute-value pairs (RFC 2661
 * sections 3.1 and 4; RFC 3145; RFC 5515; Cisco's client NAS port).
 *
 * Used by the xl2tpd module (the AVPs of each call's messages), by vpdnd (AVP
 * lists that travel over IPC), by the LNS plugin (call data) and by the bench's
 * load generator (whole messages).
 *
 * All knowledge of single AVPs is in the table of avp_table.c: one row says
 * vendor, type, name, kind, default M bit, whether it may be hidden, the limits
 * of its value's length and the messages it belongs to.  Decoding, encoding
 * and the tests are driven by that row and by nothing else.
 *
 * An AVP list is a plain concatenation of AVPs: the body of a control message,
 * or what IPC carries.  Values are never NUL-terminated; they may hold NULs.
 */
#ifndef VPDN_AVP_H
#define VPDN_AVP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cursor.h"

#define VPDN_AVP_HDR_LEN	6u
#define VPDN_AVP_MAX_LEN	1023u	/* ten bits, header included */
#define VPDN_AVP_MAX_VALUE	(VPDN_AVP_MAX_LEN - VPDN_AVP_HDR_LEN)

/* SMI private enterprise codes seen in the vendor field. */
enum vpdn_vendor {
	VPDN_VENDOR_IETF = 0,
	VPDN_VENDOR_CISCO = 9,
	VPDN_VENDOR_BBF = 3561,		/* ADSL / Broadband Forum, RFC 5515 */
	/*
	 * Our own AVPs, between two of ours.  We have no enterprise number; this one is for
	 * documentation (RFC 5612).  Whoever else uses it must not be misunderstood: our AVPs
	 * count only after both sides of a call have said VPDN_AVP_OWN_FEATURES.
	 */
	VPDN_VENDOR_OWN = 32473,
};

/* Control message types, RFC 2661 section 3.2 and RFC 5515 section 6.1. */
enum vpdn_l2tp_type {
	VPDN_L2TP_NONE = 0,		/* no message: an AVP list on its own; every AVP is in place */
	VPDN_L2TP_SCCRQ = 1,
	VPDN_L2TP_SCCRP = 2,
	VPDN_L2TP_SCCCN = 3,
	VPDN_L2TP_STOPCCN = 4,
	VPDN_L2TP_HELLO = 6,
	VPDN_L2TP_OCRQ = 7,
	VPDN_L2TP_OCRP = 8,
	VPDN_L2TP_OCCN = 9,
	VPDN_L2TP_ICRQ = 10,
	VPDN_L2TP_ICRP = 11,
	VPDN_L2TP_ICCN = 12,
	VPDN_L2TP_CDN = 14,
	VPDN_L2TP_WEN = 15,
	VPDN_L2TP_SLI = 16,
	VPDN_L2TP_CSUN = 28,
	VPDN_L2TP_CSURQ = 29,
};

/* Attribute types of vendor 0. */
enum vpdn_avp_type {
	VPDN_AVP_MESSAGE_TYPE = 0,
	VPDN_AVP_RESULT_CODE = 1,
	VPDN_AVP_PROTOCOL_VERSION = 2,
	VPDN_AVP_FRAMING_CAP = 3,
	VPDN_AVP_BEARER_CAP = 4,
	VPDN_AVP_TIE_BREAKER = 5,
	VPDN_AVP_FIRMWARE_REVISION = 6,
	VPDN_AVP_HOST_NAME = 7,
	VPDN_AVP_VENDOR_NAME = 8,
	VPDN_AVP_ASSIGNED_TUNNEL = 9,
	VPDN_AVP_RECEIVE_WINDOW = 10,
	VPDN_AVP_CHALLENGE = 11,
	VPDN_AVP_Q931_CAUSE = 12,
	VPDN_AVP_CHALLENGE_RESPONSE = 13,
	VPDN_AVP_ASSIGNED_SESSION = 14,
	VPDN_AVP_CALL_SERIAL = 15,
	VPDN_AVP_MINIMUM_BPS = 16,
	VPDN_AVP_MAXIMUM_BPS = 17,
	VPDN_AVP_BEARER_TYPE = 18,
	VPDN_AVP_FRAMING_TYPE = 19,
	VPDN_AVP_CALLED_NUMBER = 21,
	VPDN_AVP_CALLING_NUMBER = 22,
	VPDN_AVP_SUB_ADDRESS = 23,
	VPDN_AVP_TX_SPEED = 24,
	VPDN_AVP_PHYS_CHANNEL = 25,
	VPDN_AVP_INITIAL_RX_CONFREQ = 26,
	VPDN_AVP_LAST_TX_CONFREQ = 27,
	VPDN_AVP_LAST_RX_CONFREQ = 28,
	VPDN_AVP_PROXY_AUTH_TYPE = 29,
	VPDN_AVP_PROXY_AUTH_NAME = 30,
	VPDN_AVP_PROXY_AUTH_CHALLENGE = 31,
	VPDN_AVP_PROXY_AUTH_ID = 32,
	VPDN_AVP_PROXY_AUTH_RESPONSE = 33,
	VPDN_AVP_CALL_ERRORS = 34,
	VPDN_AVP_ACCM = 35,
	VPDN_AVP_RANDOM_VECTOR = 36,
	VPDN_AVP_PRIVATE_GROUP = 37,
	VPDN_AVP_RX_SPEED = 38,
	VPDN_AVP_SEQUENCING_REQUIRED = 39,
	VPDN_AVP_PPP_DISCONNECT_CAUSE = 46,	/* RFC 3145 */
	VPDN_AVP_SPEED_UPDATE = 97,		/* RFC 5515 */
	VPDN_AVP_SPEED_UPDATE_ENABLE = 98,	/* RFC 5515 */
};

/* Attribute types of vendor 9. */
enum vpdn_avp_cisco_type {
	VPDN_AVP_CISCO_NAS_PORT = 100,	/* client NAS port, text such as "Serial0:0" */
};

/* Attribute types of VPDN_VENDOR_OWN. */
enum vpdn_avp_own_type {
	VPDN_AVP_OWN_FEATURES = 1,		/* u32 of VPDN_FEATURE_*: ICRQ asks, ICRP agrees */
	VPDN_AVP_OWN_PROXY_AUTH_TYPE = 2,	/* u16 in ICCN, instead of AVP 29 */
};

#define VPDN_FEATURE_MSCHAP_V2	1u	/* proxied MS-CHAPv2 */

/* Attribute types of vendor 3561, RFC 5515 section 5. */
enum vpdn_avp_bbf_type {
	VPDN_AVP_BBF_CIRCUIT_ID = 1,
	VPDN_AVP_BBF_REMOTE_ID = 2,
	VPDN_AVP_BBF_RATE_UP = 129,
	VPDN_AVP_BBF_RATE_DOWN = 130,
	VPDN_AVP_BBF_MIN_RATE_UP = 131,
	VPDN_AVP_BBF_MIN_RATE_DOWN = 132,
	VPDN_AVP_BBF_ATTAINABLE_RATE_UP = 133,
	VPDN_AVP_BBF_ATTAINABLE_RATE_DOWN = 134,
	VPDN_AVP_BBF_MAX_RATE_UP = 135,
	VPDN_AVP_BBF_MAX_RATE_DOWN = 136,
	VPDN_AVP_BBF_MIN_RATE_UP_LP = 137,
	VPDN_AVP_BBF_MIN_RATE_DOWN_LP = 138,
	VPDN_AVP_BBF_MAX_DELAY_UP = 139,
	VPDN_AVP_BBF_DELAY_UP = 140,
	VPDN_AVP_BBF_MAX_DELAY_DOWN = 141,
	VPDN_AVP_BBF_DELAY_DOWN = 142,
	VPDN_AVP_BBF_ENCAPSULATION = 144,
	VPDN_AVP_BBF_LINE_TYPE = 145,
	VPDN_AVP_BBF_IWF = 254,
};

/* How a value is built, which decides how it is checked and printed. */
enum vpdn_avp_kind {
	VPDN_KIND_U16,
	VPDN_KIND_U32,
	VPDN_KIND_SPEED,	/* u32; decimal digits are accepted, some access servers send them */
	VPDN_KIND_RATE,		/* u32 or u64, bits a second; the length says which (RFC 5515) */
	VPDN_KIND_FLAG,		/* no value at all */
	VPDN_KIND_TEXT,		/* octets meant for people; printed escaped */
	VPDN_KIND_BYTES,	/* opaque; printed in hex */
	VPDN_KIND_SECRET,	/* opaque; in no log */
	VPDN_KIND_MSG_TYPE,	/* u16, printed as the message's name */
	VPDN_KIND_VERSION,	/* version octet, revision octet */
	VPDN_KIND_RESULT,	/* Result Code, see result_code.h */
	VPDN_KIND_Q931,		/* Q.931 cause, see result_code.h */
	VPDN_KIND_PPP_CAUSE,	/* RFC 3145, see result_code.h */
	VPDN_KIND_LCP,		/* LCP Configure-Request options, see lcp_options.h */
	VPDN_KIND_AUTH_ID,	/* u16 whose low octet is a PPP identifier */
	VPDN_KIND_CALL_ERRORS,	/* reserved u16, six u32 counters */
	VPDN_KIND_ACCM,		/* reserved u16, send and receive map */
	VPDN_KIND_SPEED_UPDATE,	/* reserved u16, session id, two u32 (RFC 5515 section 5.19) */
};

/* One row of the table. */
struct vpdn_avp_def {
	uint16_t vendor;
	uint16_t type;
	const char *name;	/* the RFC's words */
	enum vpdn_avp_kind kind;
	bool mandatory;		/* M bit that we send */
	bool may_hide;		/* the H bit may be set */
	uint16_t min_len;	/* of the value, in octets */
	uint16_t max_len;
	uint32_t messages;	/* bit n: may be in message type n; see vpdn_avp_in_message() */
};

/* What is to be thought of a received AVP.  Only VPDN_AVP_OK may be used. */
enum vpdn_avp_verdict {
	VPDN_AVP_OK,
	VPDN_AVP_UNKNOWN,	/* no row for vendor and type */
	VPDN_AVP_RESERVED,	/* reserved bit set: to be treated as unknown (RFC 2661 4.1) */
	VPDN_AVP_HIDDEN,	/* hidden and not readable: no secret, no Random Vector, wrong secret */
	VPDN_AVP_BAD_VALUE,	/* known, but length or value are not what its row says */
	VPDN_AVP_MISPLACED,	/* known and well formed, but not one of this message's, or a Message
				 * Type that is not the first AVP; harmless */
};

/*
 * A received AVP.  `value` points into the list that was iterated, or for an
 * AVP that came hidden into the iterator's scratch buffer.
 */
struct vpdn_avp {
	uint16_t vendor;
	uint16_t type;
	bool mandatory;				/* M bit as received */
	bool hidden;				/* H bit as received */
	const uint8_t *value;
	size_t len;				/* octets at `value`; header not counted */
	const struct vpdn_avp_def *def;		/* NULL when the table has no row */
	enum vpdn_avp_verdict verdict;
	uint16_t msg_type;			/* message it came in, VPDN_L2TP_NONE when not known */
};

/* Why an AVP list cannot be read any further. */
enum vpdn_avp_error {
	VPDN_AVP_ERR_NONE,
	VPDN_AVP_ERR_HEADER_ROOM,	/* fewer than six octets left */
	VPDN_AVP_ERR_SHORT_LENGTH,	/* length field below six */
	VPDN_AVP_ERR_LONG_LENGTH,	/* length field beyond the end of the list */
};

struct vpdn_avp_iter {
	struct vpdn_reader r;
	enum vpdn_avp_error error;
	uint16_t msg_type;		/* VPDN_L2TP_NONE until a Message Type AVP came first */
	unsigned int count;		/* AVPs returned so far */
	const uint8_t *secret;		/* for hidden AVPs; NULL: none readable */
	size_t secret_len;
	const uint8_t *vector;		/* value of the last Random Vector AVP, NULL before it */
	size_t vector_len;
	uint8_t *scratch;		/* caller's, for one unhidden value */
	size_t scratch_len;
};

/* Starts walking over the `len` octets of AVPs at `p`, which must outlive the iterator. */
void vpdn_avp_iter_init(struct vpdn_avp_iter *it, const void *p, size_t len);

/*
 * Lets the iterator read hidden AVPs (RFC 2661 section 4.3).  `secret` is the
 * tunnel's shared secret; `scratch` holds one revealed value at a time, is
 * overwritten by the next hidden AVP and should be VPDN_AVP_MAX_VALUE octets.
 * The caller wipes it when done.
 */
void vpdn_avp_iter_secret(struct vpdn_avp_iter *it, const void *secret, size_t secret_len,
			  uint8_t *scratch, size_t scratch_len);

/*
 * The next AVP of the list.  1: *avp is filled, look at avp->verdict before the
 * value.  0: clean end.  -EBADMSG: the list is damaged, it->error says how, and
 * nothing after this point can be trusted.
 */
int vpdn_avp_next(struct vpdn_avp_iter *it, struct vpdn_avp *avp);

/*
 * True when RFC 2661 section 4.1 wants the call (or the tunnel) to be ended
 * because of this AVP: M bit set and neither readable nor merely misplaced.
 */
bool vpdn_avp_fatal(const struct vpdn_avp *avp);

/* First usable (VPDN_AVP_OK or MISPLACED) AVP of that vendor and type in a list.
 * 0, -ENOENT, or -EBADMSG when the list is damaged before it is found. */
int vpdn_avp_find(const void *list, size_t len, uint16_t vendor, uint16_t type, struct vpdn_avp *avp);

/* Values by kind.  False when the AVP is not of that size; *v is then 0. */
bool vpdn_avp_u16(const struct vpdn_avp *avp, uint16_t *v);
bool vpdn_avp_u32(const struct vpdn_avp *avp, uint32_t *v);
/* Two, four or eight octets, for rates and numbers in general; digits for SPEED rows. */
bool vpdn_avp_number(const struct vpdn_avp *avp, uint64_t *v);

/* The table.  Rows are static and constant. */
const struct vpdn_avp_def *vpdn_avp_lookup(uint16_t vendor, uint16_t type);
size_t vpdn_avp_table_size(void);
const struct vpdn_avp_def *vpdn_avp_table_row(size_t i);
/* May this AVP be in a message of that type?  Always true for VPDN_L2TP_NONE. */
bool vpdn_avp_in_message(const struct vpdn_avp_def *def, uint16_t msg_type);
/* Is the value well formed for its row?  (length limits, reserved values, nested structure) */
bool vpdn_avp_value_ok(const struct vpdn_avp_def *def, const uint8_t *value, size_t len);

/*
 * Append an AVP with the M bit of its row, H clear.  The value is checked
 * against the row; no row, a wrong kind or a bad value fail the writer (a
 * programming error shows in the first test).  False when the writer is bad.
 */
bool vpdn_avp_put(struct vpdn_writer *w, uint16_t vendor, uint16_t type, const void *value, size_t len);
bool vpdn_avp_put_u16(struct vpdn_writer *w, uint16_t vendor, uint16_t type, uint16_t v);
bool vpdn_avp_put_u32(struct vpdn_writer *w, uint16_t vendor, uint16_t type, uint32_t v);
/* A NUL-terminated string of ours; the NUL is not sent. */
bool vpdn_avp_put_text(struct vpdn_writer *w, uint16_t vendor, uint16_t type, const char *s);
/* Any AVP, any flags, no look at the table: forwards what was received, and serves tests. */
bool vpdn_avp_put_raw(struct vpdn_writer *w, uint16_t vendor, uint16_t type, bool mandatory, bool hidden,
		      const void *value, size_t len);

/* Control message header, RFC 2661 section 3.1: always T, L, S, version 2. */
#define VPDN_CTRL_HDR_LEN	12u

struct vpdn_ctrl_header {
	uint16_t length;	/* of the whole message, header included */
	uint16_t tunnel;	/* receiver's ids */
	uint16_t session;
	uint16_t ns;
	uint16_t nr;
};

/*
 * Parses a control header and sets `body` to exactly the AVPs that its length
 * field covers (empty: ZLB).  Octets behind the length are ignored, as IP padding
 * is.  0; -EPROTONOSUPPORT: another version (L2F, L2TPv3); -EINVAL: a data
 * message; -EBADMSG: flags or lengths are wrong.
 */
int vpdn_ctrl_parse(const void *p, size_t len, struct vpdn_ctrl_header *h, struct vpdn_reader *body);

/* Writes a control header with length 0; vpdn_ctrl_end() fills the length in.
 * `start` is w->len from before the header. */
bool vpdn_ctrl_begin(struct vpdn_writer *w, const struct vpdn_ctrl_header *h);
bool vpdn_ctrl_end(struct vpdn_writer *w, size_t start);

#endif
