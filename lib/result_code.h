/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * result_code.h - why a call or a tunnel ended: Result Code AVP of CDN and
 * StopCCN with its general error code (RFC 2661 section 4.4.2), Q.931 Cause Code
 * AVP (section 4.4.2), PPP Disconnect Cause Code AVP (RFC 3145), and whether
 * another LNS may be tried.
 *
 * Used by the xl2tpd module (send, receive), vpdnd (fail-over, `show`, what is said of a
 * failed outgoing call) and the plugins (texts).  Messages are the peer's octets: not NUL-terminated, to be
 * escaped before they are logged (text.h).
 */
#ifndef VPDN_RESULT_CODE_H
#define VPDN_RESULT_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cursor.h"

enum vpdn_cdn_result {
	VPDN_CDN_LOST_CARRIER = 1,
	VPDN_CDN_ERROR = 2,		/* see the error code */
	VPDN_CDN_ADMINISTRATIVE = 3,
	VPDN_CDN_NO_FACILITIES_TEMP = 4,
	VPDN_CDN_NO_FACILITIES = 5,
	VPDN_CDN_INVALID_DESTINATION = 6,
	VPDN_CDN_NO_CARRIER = 7,
	VPDN_CDN_BUSY = 8,
	VPDN_CDN_NO_DIAL_TONE = 9,
	VPDN_CDN_TIMEOUT = 10,
	VPDN_CDN_NO_FRAMING = 11,
};

enum vpdn_stopccn_result {
	VPDN_STOPCCN_CLEAR = 1,
	VPDN_STOPCCN_ERROR = 2,		/* see the error code */
	VPDN_STOPCCN_EXISTS = 3,
	VPDN_STOPCCN_NOT_AUTHORIZED = 4,
	VPDN_STOPCCN_VERSION = 5,
	VPDN_STOPCCN_SHUTDOWN = 6,
	VPDN_STOPCCN_FSM = 7,
};

enum vpdn_error_code {
	VPDN_ERROR_NONE = 0,
	VPDN_ERROR_NO_TUNNEL = 1,
	VPDN_ERROR_LENGTH = 2,
	VPDN_ERROR_VALUE = 3,
	VPDN_ERROR_RESOURCES = 4,
	VPDN_ERROR_SESSION = 5,
	VPDN_ERROR_VENDOR = 6,
	VPDN_ERROR_TRY_ANOTHER = 7,
	VPDN_ERROR_MANDATORY = 8,
};

struct vpdn_result {
	uint16_t result;
	uint16_t error;		/* 0 when the AVP had none */
	bool has_error;
	const uint8_t *message;	/* into the AVP's value, NULL when there is none */
	size_t message_len;
};

/*
 * Parses a Result Code AVP's value: 2 octets (result), 4 (and error), more (and
 * message).  A lone third octet, as sent by some, is ignored.  False below 2.
 */
bool vpdn_result_parse(const void *value, size_t len, struct vpdn_result *r);

/* Appends the value (not the AVP header).  A message needs an error code, so one is
 * written when either `has_error` or a message is there. */
bool vpdn_result_put(struct vpdn_writer *w, const struct vpdn_result *r);

/* Texts; never NULL ("unknown result" etc. for other numbers). */
const char *vpdn_cdn_result_text(uint16_t result);
const char *vpdn_stopccn_result_text(uint16_t result);
const char *vpdn_error_code_text(uint16_t error);

/* `1 (loss of carrier)`, `2 (general error), error 4 (no resources), "message"`.
 * `stopccn` chooses the table.  NUL-terminates, cuts, returns buf. */
char *vpdn_result_print(const struct vpdn_result *r, bool stopccn, char *buf, size_t size);

/*
 * May another LNS be tried with the same captured data, after a CDN with this
 * result before the session was up?  Yes for want of facilities or resources,
 * time-outs, "try another" and faults of that one peer.  No when the answer would
 * be the same elsewhere (the subscriber's line is gone, no framing) or an
 * administrator ended the call.
 */
bool vpdn_cdn_result_retryable(uint16_t result, uint16_t error);

/*
 * Dial-out, at the LNS: why a call that a LAC was to dial did not come about or is over, as enum
 * vpdn_dial_failure. `stage`: enum vpdn_call_stage; `result`, `error`, `q931`: of the
 * LAC's CDN, 0 where it had none. With a result that says nothing of a line (none, 1 and
 * 2, from peers that know no other), a Q.931 cause that does decides.
 */
uint8_t vpdn_dial_failure(uint8_t stage, uint16_t result, uint16_t error, uint16_t q931);
/* May another LAC be asked?  Yes when this one had nothing to dial with; no when it has tried the line. */
bool vpdn_dial_retryable(uint16_t result, uint16_t error);
/* "busy", "no answer"; "unknown failure". */
const char *vpdn_dial_failure_text(uint8_t failure);

/* Causes (ITU-T Q.850) that we give, or read something out of. */
enum vpdn_q931_cause {
	VPDN_Q931_NONE = 0,
	VPDN_Q931_UNALLOCATED = 1,		/* number */
	VPDN_Q931_NO_ROUTE = 3,
	VPDN_Q931_NORMAL = 16,
	VPDN_Q931_BUSY = 17,
	VPDN_Q931_NO_USER = 18,			/* responds */
	VPDN_Q931_NO_ANSWER = 19,
	VPDN_Q931_REJECTED = 21,
	VPDN_Q931_OUT_OF_ORDER = 27,
	VPDN_Q931_INVALID_NUMBER = 28,
	VPDN_Q931_NO_CIRCUIT = 34,
	VPDN_Q931_NETWORK_OUT_OF_ORDER = 38,
	VPDN_Q931_TEMPORARY = 41,
	VPDN_Q931_BEARER_NOT_IMPLEMENTED = 65,
	VPDN_Q931_TIMER = 102,
	VPDN_Q931_INTERWORKING = 127,
};

const char *vpdn_q931_text(uint16_t cause);	/* "normal call clearing"; "unknown cause" */

/* RFC 3145 disconnect codes. */
enum vpdn_ppp_cause_code {
	VPDN_PPP_CAUSE_NONE = 0,
	VPDN_PPP_CAUSE_ADMIN = 1,
	VPDN_PPP_CAUSE_NO_RENEGOTIATION = 2,	/* LNS wants proxy LCP and got none */
	VPDN_PPP_CAUSE_NORMAL = 3,		/* LCP Terminate-Request */
	VPDN_PPP_CAUSE_ENCRYPTION_REFUSED = 4,
	VPDN_PPP_CAUSE_LCP_TIMEOUT = 5,		/* negotiation did not converge */
	VPDN_PPP_CAUSE_LCP_SILENT = 6,		/* no LCP packet seen at all */
	VPDN_PPP_CAUSE_LCP_LOOPED = 7,
	VPDN_PPP_CAUSE_LCP_ECHO = 8,		/* Echo-Requests unanswered */
	VPDN_PPP_CAUSE_MP_ENDPOINT = 9,
	VPDN_PPP_CAUSE_MP_MRRU = 10,
	VPDN_PPP_CAUSE_MP_SSNHF = 11,
	VPDN_PPP_CAUSE_CALLBACK_REFUSED = 12,
	VPDN_PPP_CAUSE_AUTH_TIMEOUT = 13,
	VPDN_PPP_CAUSE_MP_NAME = 14,
	VPDN_PPP_CAUSE_AUTH_REFUSED = 15,	/* no acceptable protocol */
	VPDN_PPP_CAUSE_AUTH_FAILED = 16,	/* wrong credentials */
	VPDN_PPP_CAUSE_NCP_TIMEOUT = 17,
	VPDN_PPP_CAUSE_NO_NCP = 18,
	VPDN_PPP_CAUSE_NCP_ADDRESSES = 19,	/* none both ends accept */
	VPDN_PPP_CAUSE_NCP_NOT_PERMITTED = 20,	/* user may use no address */
};

enum vpdn_ppp_cause_direction {
	VPDN_PPP_DIR_GLOBAL = 0,
	VPDN_PPP_DIR_PEER = 1,
	VPDN_PPP_DIR_LOCAL = 2,
};

struct vpdn_ppp_cause {
	uint16_t code;
	uint16_t protocol;	/* PPP control protocol number, 0 when none */
	uint8_t direction;	/* enum vpdn_ppp_cause_direction */
	const uint8_t *message;	/* UTF-8, into the value; NULL when none */
	size_t message_len;
};

bool vpdn_ppp_cause_parse(const void *value, size_t len, struct vpdn_ppp_cause *c);
bool vpdn_ppp_cause_put(struct vpdn_writer *w, const struct vpdn_ppp_cause *c);
const char *vpdn_ppp_cause_text(uint16_t code);
const char *vpdn_ppp_direction_text(uint8_t direction);

#endif
