/* SPDX-License-Identifier: GPL-2.0-or-later */
/* result_code.c - why calls and tunnels end, see result_code.h. */
#include "result_code.h"

#include "ipc_proto.h"
#include "text.h"

/* Whether a failed attempt may be repeated elsewhere stands beside each text. */
struct row {
	const char *text;
	bool retry;		/* dial-in: another LNS */
	bool dial_retry;	/* dial-out: another LAC */
	uint8_t dial_failure;	/* enum vpdn_dial_failure */
};

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

/*
 * Retry says: would another LNS perhaps answer otherwise?  A result of 2 leaves it
 * to the error code; with none it may stand for 4, 5 or 6, which LNSs (JUNOSe, SR OS)
 * can be told to replace by 2.  7 to 11 speak of the peer's own lines and of its time:
 * an LNS that gives them is unwell or short of something; only a lost carrier (the
 * subscriber's) and framing that nobody can use are final.  With dial-out 7 to 10 speak
 * of the line that was called, which another LAC would find no otherwise.
 */
static const struct row cdn[] = {
	[VPDN_CDN_LOST_CARRIER] = { "loss of carrier", false, false, VPDN_DIAL_NO_CARRIER },
	[VPDN_CDN_ERROR] = { "general error", false, false, VPDN_DIAL_REFUSED },
	[VPDN_CDN_ADMINISTRATIVE] = { "administrative reasons", false, false, VPDN_DIAL_REFUSED },
	[VPDN_CDN_NO_FACILITIES_TEMP] = { "no facilities, temporarily", true, true, VPDN_DIAL_NO_RESOURCES },
	[VPDN_CDN_NO_FACILITIES] = { "no facilities, permanently", true, true, VPDN_DIAL_NO_RESOURCES },
	[VPDN_CDN_INVALID_DESTINATION] = { "invalid destination", true, true, VPDN_DIAL_REFUSED },
	[VPDN_CDN_NO_CARRIER] = { "no carrier detected", true, false, VPDN_DIAL_NO_CARRIER },
	[VPDN_CDN_BUSY] = { "busy", true, false, VPDN_DIAL_BUSY },
	[VPDN_CDN_NO_DIAL_TONE] = { "no dial tone", true, false, VPDN_DIAL_NO_DIAL_TONE },
	[VPDN_CDN_TIMEOUT] = { "not established in time", true, false, VPDN_DIAL_TIMEOUT },
	[VPDN_CDN_NO_FRAMING] = { "no appropriate framing", false, false, VPDN_DIAL_REFUSED },
};

static const struct row stopccn[] = {
	[VPDN_STOPCCN_CLEAR] = { .text = "request to clear control connection" },
	[VPDN_STOPCCN_ERROR] = { .text = "general error" },
	[VPDN_STOPCCN_EXISTS] = { .text = "control channel already exists" },
	[VPDN_STOPCCN_NOT_AUTHORIZED] = { .text = "not authorized" },
	[VPDN_STOPCCN_VERSION] = { .text = "protocol version not supported" },
	[VPDN_STOPCCN_SHUTDOWN] = { .text = "being shut down" },
	[VPDN_STOPCCN_FSM] = { .text = "finite state machine error" },
};

static const struct row errors[] = {
	[VPDN_ERROR_NONE] = { .text = "no general error", .retry = true },
	[VPDN_ERROR_NO_TUNNEL] = { .text = "no control connection yet", .retry = true },
	[VPDN_ERROR_LENGTH] = { .text = "wrong length", .retry = true },
	[VPDN_ERROR_VALUE] = { .text = "value out of range or reserved field not zero", .retry = true },
	[VPDN_ERROR_RESOURCES] = { "insufficient resources", true, true, VPDN_DIAL_NO_RESOURCES },
	[VPDN_ERROR_SESSION] = { .text = "invalid session id", .retry = true },
	[VPDN_ERROR_VENDOR] = { .text = "vendor-specific error", .retry = true },
	[VPDN_ERROR_TRY_ANOTHER] = { "try another peer", true, true, VPDN_DIAL_REFUSED },
	[VPDN_ERROR_MANDATORY] = { .text = "unknown mandatory AVP", .retry = true },
};

static const char *const ppp_causes[] = {
	[VPDN_PPP_CAUSE_NONE] = "no information",
	[VPDN_PPP_CAUSE_ADMIN] = "administrative disconnect",
	[VPDN_PPP_CAUSE_NO_RENEGOTIATION] = "LCP renegotiation disabled and no proxy LCP",
	[VPDN_PPP_CAUSE_NORMAL] = "normal disconnection",
	[VPDN_PPP_CAUSE_ENCRYPTION_REFUSED] = "compulsory encryption refused",
	[VPDN_PPP_CAUSE_LCP_TIMEOUT] = "LCP did not converge",
	[VPDN_PPP_CAUSE_LCP_SILENT] = "no LCP packets received",
	[VPDN_PPP_CAUSE_LCP_LOOPED] = "LCP magic number error, link possibly looped back",
	[VPDN_PPP_CAUSE_LCP_ECHO] = "LCP echo time-out",
	[VPDN_PPP_CAUSE_MP_ENDPOINT] = "unexpected endpoint discriminator for the bundle",
	[VPDN_PPP_CAUSE_MP_MRRU] = "unexpected MRRU for the bundle",
	[VPDN_PPP_CAUSE_MP_SSNHF] = "unexpected short sequence numbers for the bundle",
	[VPDN_PPP_CAUSE_CALLBACK_REFUSED] = "compulsory callback refused",
	[VPDN_PPP_CAUSE_AUTH_TIMEOUT] = "authentication time-out",
	[VPDN_PPP_CAUSE_MP_NAME] = "unexpected authenticated name for the bundle",
	[VPDN_PPP_CAUSE_AUTH_REFUSED] = "authentication protocol refused",
	[VPDN_PPP_CAUSE_AUTH_FAILED] = "authentication failed",
	[VPDN_PPP_CAUSE_NCP_TIMEOUT] = "network protocol did not converge",
	[VPDN_PPP_CAUSE_NO_NCP] = "no network protocol available",
	[VPDN_PPP_CAUSE_NCP_ADDRESSES] = "no acceptable addresses",
	[VPDN_PPP_CAUSE_NCP_NOT_PERMITTED] = "user may not use any address",
};

/* The causes of Q.931/Q.850 that telephone networks and access servers give. */
static const char *const q931[] = {
	[1] = "unallocated number", [2] = "no route to transit network", [3] = "no route to destination",
	[6] = "channel unacceptable", [16] = "normal call clearing", [17] = "user busy",
	[18] = "no user responding", [19] = "no answer from user", [20] = "subscriber absent",
	[21] = "call rejected", [22] = "number changed", [26] = "non-selected user clearing",
	[27] = "destination out of order", [28] = "invalid number format", [29] = "facility rejected",
	[31] = "normal, unspecified", [34] = "no channel available", [38] = "network out of order",
	[41] = "temporary failure", [42] = "switching equipment congestion",
	[43] = "access information discarded", [44] = "requested channel not available",
	[47] = "resource unavailable", [50] = "facility not subscribed",
	[57] = "bearer capability not authorized", [58] = "bearer capability not available",
	[63] = "service not available", [65] = "bearer capability not implemented",
	[66] = "channel type not implemented", [69] = "facility not implemented",
	[79] = "service not implemented", [81] = "invalid call reference",
	[82] = "channel does not exist", [88] = "incompatible destination", [95] = "invalid message",
	[96] = "mandatory element missing", [97] = "message type unknown",
	[98] = "message not compatible with state", [99] = "element unknown",
	[100] = "invalid element contents", [101] = "message not compatible with state",
	[102] = "recovery on timer expiry", [111] = "protocol error", [127] = "interworking, unspecified",
};

/* ---- Result Code ---- */

bool vpdn_result_parse(const void *value, size_t len, struct vpdn_result *r)
{
	struct vpdn_reader in;

	*r = (struct vpdn_result){ 0 };
	vpdn_reader_init(&in, value, len);
	if (!vpdn_reader_u16(&in, &r->result))
		return false;
	if (in.left < 2)
		return true;
	r->has_error = vpdn_reader_u16(&in, &r->error);
	if (in.left) {
		r->message_len = in.left;
		vpdn_reader_bytes(&in, &r->message, in.left);
	}
	return true;
}

bool vpdn_result_put(struct vpdn_writer *w, const struct vpdn_result *r)
{
	vpdn_writer_u16(w, r->result);
	if (r->has_error || r->message_len)
		vpdn_writer_u16(w, r->error);
	return vpdn_writer_bytes(w, r->message, r->message_len);
}

static const char *row_text(const struct row *rows, size_t n, uint16_t code, const char *other)
{
	return code < n && rows[code].text ? rows[code].text : other;
}

const char *vpdn_cdn_result_text(uint16_t result)
{
	return row_text(cdn, COUNT(cdn), result, "unknown result");
}

const char *vpdn_stopccn_result_text(uint16_t result)
{
	return row_text(stopccn, COUNT(stopccn), result, "unknown result");
}

const char *vpdn_error_code_text(uint16_t error)
{
	return row_text(errors, COUNT(errors), error, "unknown error");
}

char *vpdn_result_print(const struct vpdn_result *r, bool stopccn_table, char *buf, size_t size)
{
	struct vpdn_text t;

	vpdn_text_init(&t, buf, size);
	vpdn_text_add(&t, "%u (%s)", r->result,
		      stopccn_table ? vpdn_stopccn_result_text(r->result) : vpdn_cdn_result_text(r->result));
	if (r->has_error && r->error)
		vpdn_text_add(&t, ", error %u (%s)", r->error, vpdn_error_code_text(r->error));
	if (r->message_len) {
		vpdn_text_add(&t, ", \"");
		vpdn_text_add_escaped(&t, r->message, r->message_len);
		vpdn_text_add(&t, "\"");
	}
	return buf;
}

bool vpdn_cdn_result_retryable(uint16_t result, uint16_t error)
{
	if (result == VPDN_CDN_ERROR)
		return error < COUNT(errors) && errors[error].retry;
	return result < COUNT(cdn) && cdn[result].retry;
}

/* ---- dial-out ---- */

/* What a Q.931 cause says of the called line, for peers whose result does not. */
static uint8_t q931_failure(uint16_t cause)
{
	switch (cause) {
	case VPDN_Q931_BUSY:
		return VPDN_DIAL_BUSY;
	case VPDN_Q931_NO_USER:
	case VPDN_Q931_NO_ANSWER:
		return VPDN_DIAL_NO_ANSWER;
	default:
		return 0;
	}
}

uint8_t vpdn_dial_failure(uint8_t stage, uint16_t result, uint16_t error, uint16_t q931)
{
	uint8_t line = q931_failure(q931);

	if (stage == VPDN_STAGE_TUNNEL)
		return VPDN_DIAL_UNREACHABLE;
	if (stage == VPDN_STAGE_CONNECTED)
		return result == VPDN_CDN_ADMINISTRATIVE ? VPDN_DIAL_CLEARED : VPDN_DIAL_LOST;
	if (result == VPDN_CDN_TIMEOUT)
		return line == VPDN_DIAL_NO_ANSWER ? line : VPDN_DIAL_TIMEOUT;
	if (result <= VPDN_CDN_ERROR && line)
		return line;
	if (result == VPDN_CDN_ERROR && error < COUNT(errors) && errors[error].dial_failure)
		return errors[error].dial_failure;
	if (!result)
		return VPDN_DIAL_TIMEOUT;
	return result < COUNT(cdn) ? cdn[result].dial_failure : VPDN_DIAL_REFUSED;
}

bool vpdn_dial_retryable(uint16_t result, uint16_t error)
{
	if (result == VPDN_CDN_ERROR)
		return error < COUNT(errors) && errors[error].dial_retry;
	return result < COUNT(cdn) && cdn[result].dial_retry;
}

const char *vpdn_dial_failure_text(uint8_t failure)
{
	static const char *const texts[] = {
		[VPDN_DIAL_BUSY] = "busy", [VPDN_DIAL_NO_ANSWER] = "no answer", [VPDN_DIAL_NO_CARRIER] = "no carrier",
		[VPDN_DIAL_NO_DIAL_TONE] = "no dial tone", [VPDN_DIAL_REFUSED] = "refused", [VPDN_DIAL_NO_RESOURCES] = "no resources",
		[VPDN_DIAL_UNREACHABLE] = "unreachable", [VPDN_DIAL_TIMEOUT] = "timeout", [VPDN_DIAL_CONFIG] = "configuration",
		[VPDN_DIAL_LOST] = "lost", [VPDN_DIAL_CLEARED] = "cleared",
	};

	return failure < COUNT(texts) && texts[failure] ? texts[failure] : "unknown failure";
}

/* ---- Q.931 ---- */

const char *vpdn_q931_text(uint16_t cause)
{
	return cause < COUNT(q931) && q931[cause] ? q931[cause] : "unknown cause";
}

/* ---- RFC 3145 ---- */

bool vpdn_ppp_cause_parse(const void *value, size_t len, struct vpdn_ppp_cause *c)
{
	struct vpdn_reader in;

	*c = (struct vpdn_ppp_cause){ 0 };
	vpdn_reader_init(&in, value, len);
	vpdn_reader_u16(&in, &c->code);
	vpdn_reader_u16(&in, &c->protocol);
	if (!vpdn_reader_u8(&in, &c->direction))
		return false;
	if (in.left) {
		c->message_len = in.left;
		vpdn_reader_bytes(&in, &c->message, in.left);
	}
	return true;
}

bool vpdn_ppp_cause_put(struct vpdn_writer *w, const struct vpdn_ppp_cause *c)
{
	vpdn_writer_u16(w, c->code);
	vpdn_writer_u16(w, c->protocol);
	vpdn_writer_u8(w, c->direction);
	return vpdn_writer_bytes(w, c->message, c->message_len);
}

const char *vpdn_ppp_cause_text(uint16_t code)
{
	return code < COUNT(ppp_causes) ? ppp_causes[code] : "unknown cause";
}

const char *vpdn_ppp_direction_text(uint8_t direction)
{
	switch (direction) {
	case VPDN_PPP_DIR_GLOBAL:	return "global";
	case VPDN_PPP_DIR_PEER:		return "at the peer";
	case VPDN_PPP_DIR_LOCAL:	return "local";
	default:			return "direction?";
	}
}
