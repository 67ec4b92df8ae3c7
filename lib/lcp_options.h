/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lcp_options.h - the options of an LCP Configure-Request (RFC 1661 section 6,
 * 1662, 1990, 1570, 1334, 1994, 2433, 2759, 3748).
 *
 * AVPs 26-28 hold such option lists as they were on the wire, without the packet
 * header.  The LAC captures them as they are; the LNS judges them with the struct
 * that vpdn_lcp_parse() fills.  One table row for each option says its number,
 * name, length limits and meaning.
 *
 * An option list may be followed by padding (RFC 1661 section 5): what cannot be
 * an option header ends a list that is otherwise read to its end.
 */
#ifndef VPDN_LCP_OPTIONS_H
#define VPDN_LCP_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cursor.h"

#define VPDN_LCP_OPT_MAX_VALUE	253u	/* one octet length, two of them the header */
#define VPDN_LCP_ENDPOINT_MAX	20u	/* RFC 1990 section 5.1.3 */
#define VPDN_LCP_DEFAULT_MRU	1500u

enum vpdn_lcp_type {
	VPDN_LCP_MRU = 1,
	VPDN_LCP_ACCM = 2,
	VPDN_LCP_AUTH = 3,
	VPDN_LCP_QUALITY = 4,
	VPDN_LCP_MAGIC = 5,
	VPDN_LCP_PFC = 7,
	VPDN_LCP_ACFC = 8,
	VPDN_LCP_FCS = 9,
	VPDN_LCP_SDP = 10,		/* self-describing padding */
	VPDN_LCP_NUMBERED = 11,		/* numbered mode */
	VPDN_LCP_CALLBACK = 13,
	VPDN_LCP_COMPOUND = 15,		/* compound frames */
	VPDN_LCP_MRRU = 17,
	VPDN_LCP_SSNHF = 18,
	VPDN_LCP_ENDPOINT = 19,
	VPDN_LCP_LINK_DISC = 23,	/* BAP link discriminator */
};

/* Bits of vpdn_lcp_options.present: one for each row of the table. */
enum vpdn_lcp_present {
	VPDN_LCP_HAS_MRU = 1u << 0,
	VPDN_LCP_HAS_ACCM = 1u << 1,
	VPDN_LCP_HAS_AUTH = 1u << 2,
	VPDN_LCP_HAS_QUALITY = 1u << 3,
	VPDN_LCP_HAS_MAGIC = 1u << 4,
	VPDN_LCP_HAS_PFC = 1u << 5,
	VPDN_LCP_HAS_ACFC = 1u << 6,
	VPDN_LCP_HAS_FCS = 1u << 7,
	VPDN_LCP_HAS_SDP = 1u << 8,
	VPDN_LCP_HAS_NUMBERED = 1u << 9,
	VPDN_LCP_HAS_CALLBACK = 1u << 10,
	VPDN_LCP_HAS_COMPOUND = 1u << 11,
	VPDN_LCP_HAS_MRRU = 1u << 12,
	VPDN_LCP_HAS_SSNHF = 1u << 13,
	VPDN_LCP_HAS_ENDPOINT = 1u << 14,
	VPDN_LCP_HAS_LINK_DISC = 1u << 15,
};

/* PPP protocol numbers an Authentication-Protocol option can name. */
enum vpdn_ppp_auth {
	VPDN_PPP_PAP = 0xc023,
	VPDN_PPP_CHAP = 0xc223,
	VPDN_PPP_EAP = 0xc227,
};

/* CHAP algorithms. */
enum vpdn_chap_algorithm {
	VPDN_CHAP_MD5 = 5,
	VPDN_CHAP_MSCHAP_V1 = 0x80,
	VPDN_CHAP_MSCHAP_V2 = 0x81,
};

/* One raw option; `value` points into the list. */
struct vpdn_lcp_option {
	uint8_t type;
	const uint8_t *value;
	size_t len;		/* octets at `value` */
};

/* A parsed list.  A field counts only when its bit in `present` is set. */
struct vpdn_lcp_options {
	uint32_t present;
	unsigned int unknown;		/* options the table does not know */
	unsigned int malformed;		/* known options with a length their row forbids */
	uint8_t first_unknown;		/* type of the first of either kind */
	uint16_t mru;
	uint32_t accm;
	uint16_t auth_proto;		/* enum vpdn_ppp_auth, or another number */
	uint8_t chap_algorithm;		/* enum vpdn_chap_algorithm; 0 unless auth_proto is CHAP */
	uint16_t quality_proto;
	uint32_t quality_period;	/* hundredths of a second; 0 when absent */
	uint32_t magic;
	uint8_t fcs;			/* FCS alternatives, bits */
	uint8_t padding;		/* self-describing padding: maximum */
	uint8_t callback_op;
	uint16_t mrru;
	uint8_t endpoint_class;
	uint8_t endpoint_len;
	uint8_t endpoint[VPDN_LCP_ENDPOINT_MAX];
	uint16_t link_disc;
};

/*
 * The next option of the list `r`.  1: *opt is filled.  0: end (nothing left, or
 * only padding: an octet that begins no option, or all zero).  -EBADMSG: an
 * option's length is below two or goes beyond the list.
 */
int vpdn_lcp_next(struct vpdn_reader *r, struct vpdn_lcp_option *opt);

/*
 * Parses a whole list.  Unknown and malformed options are counted, they do not
 * fail the list (they must never end a call; the LNS treats them as a mismatch).
 * A repeated option counts with its last value.  0, or -EBADMSG for a list that
 * cannot be walked; *o then holds what came before the damage.
 */
int vpdn_lcp_parse(const void *p, size_t len, struct vpdn_lcp_options *o);

/* Append one option; fails the writer when the table has another kind of value for it. */
bool vpdn_lcp_put_u16(struct vpdn_writer *w, uint8_t type, uint16_t v);
bool vpdn_lcp_put_u32(struct vpdn_writer *w, uint8_t type, uint32_t v);
/* Authentication-Protocol; `chap_algorithm` is used for CHAP only. */
bool vpdn_lcp_put_auth(struct vpdn_writer *w, uint16_t proto, uint8_t chap_algorithm);

/*
 * One line for logs: `MRU 1492, CHAP MD5, magic 0x109d08f2`; "none" for an empty
 * list; a damaged list ends in "damaged".  NUL-terminates, cuts, returns buf.
 */
char *vpdn_lcp_print(const void *p, size_t len, char *buf, size_t size);

#endif
