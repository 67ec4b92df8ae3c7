/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy.h - proxy LCP and proxy authentication: what a LAC learnt of a subscriber
 * and an LNS is told in AVPs 26-33 of the ICCN (RFC 2661 sections 4.4.5 and 4.4.6).
 *
 * vpdn-lac.so fills one, IPC carries it, vpdnd keeps it for every forwarded
 * session (to place the call again), the xl2tpd module turns it into AVPs and
 * back, vpdn-lns.so uses it up.
 *
 * All fields are octets with lengths: a challenge or a response may hold NULs, a
 * name need not end in one.  The object holds secrets and is wiped with
 * vpdn_proxy_wipe() when done.  It owns no memory and may be copied.
 */
#ifndef VPDN_PROXY_H
#define VPDN_PROXY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "avp.h"
#include "cursor.h"

/* When an LNS negotiates a proxied LCP again; vpdn.conf, pppd's option, and TLV LCP_POLICY. */
enum vpdn_lcp_policy {
	VPDN_LCP_ALWAYS = 1,
	VPDN_LCP_ON_MISMATCH = 2,
	VPDN_LCP_NEVER = 3,
};

/* Their words, from VPDN_LCP_ALWAYS on, NULL behind the last. */
extern const char *const vpdn_lcp_policies[];
/* The policy by its word; 0 when it is none. */
uint8_t vpdn_lcp_policy_parse(const char *word);
const char *vpdn_lcp_policy_name(uint8_t policy);	/* "?" for other numbers */

#define VPDN_PROXY_LCP_MAX	512u	/* options of one Configure-Request */
#define VPDN_PROXY_AUTH_MAX	255u	/* CHAP and PAP have one octet lengths */

/* Proxy Authen Type, RFC 2661 section 4.4.5. */
enum vpdn_proxy_auth_type {
	VPDN_PROXY_AUTH_ABSENT = 0,	/* no AVP 29 */
	VPDN_PROXY_AUTH_TEXT = 1,	/* user name and password in text, asked by a prompt */
	VPDN_PROXY_AUTH_CHAP = 2,
	VPDN_PROXY_AUTH_PAP = 3,
	VPDN_PROXY_AUTH_NONE = 4,
	VPDN_PROXY_AUTH_MSCHAP_V1 = 5,
	/* Not in RFC 2661: goes in VPDN_AVP_OWN_PROXY_AUTH_TYPE, to a peer that has agreed to it. */
	VPDN_PROXY_AUTH_MSCHAP_V2 = 0x81,
};

struct vpdn_proxy_lcp {
	bool present;
	uint16_t len;
	uint8_t data[VPDN_PROXY_LCP_MAX];	/* options only, without the packet header */
};

struct vpdn_proxy_bytes {
	bool present;
	uint16_t len;
	uint8_t data[VPDN_PROXY_AUTH_MAX];
};

struct vpdn_proxy {
	struct vpdn_proxy_lcp initial_received;		/* AVP 26 */
	struct vpdn_proxy_lcp last_sent;		/* AVP 27, by the LAC */
	struct vpdn_proxy_lcp last_received;		/* AVP 28, from the subscriber */
	uint16_t auth_type;				/* AVP 29; 0 when absent */
	bool id_present;
	uint8_t id;					/* AVP 32, its low octet */
	struct vpdn_proxy_bytes name;			/* AVP 30 */
	struct vpdn_proxy_bytes challenge;		/* AVP 31 */
	struct vpdn_proxy_bytes response;		/* AVP 33: response, or password for PAP */
};

/* Makes *p empty, which is a valid proxy object: nothing is known. */
void vpdn_proxy_init(struct vpdn_proxy *p);

/* Empties *p and overwrites all it held (explicit_bzero). */
void vpdn_proxy_wipe(struct vpdn_proxy *p);

/* True when there is neither LCP nor authentication in it. */
bool vpdn_proxy_empty(const struct vpdn_proxy *p);
/* True when AVPs 27 and 28 are both there: LCP can be forced. */
bool vpdn_proxy_has_lcp(const struct vpdn_proxy *p);
/* True when there is a credential to be checked: type text, CHAP, PAP or MS-CHAP. */
bool vpdn_proxy_has_auth(const struct vpdn_proxy *p);

/* Set one field from `len` octets.  0, or -EMSGSIZE when it does not fit (the field
 * is then absent). */
int vpdn_proxy_set_lcp(struct vpdn_proxy_lcp *l, const void *data, size_t len);
int vpdn_proxy_set_bytes(struct vpdn_proxy_bytes *b, const void *data, size_t len);

/*
 * Takes one AVP over.  1: it was one of 26-33 or our own type and is stored; 0: not one of ours,
 * untouched; -EMSGSIZE: too long; -EBADMSG: a value that cannot be (avp->verdict is
 * looked at).  The M bit is ignored.  AVPs may come in any order; of a repeated one
 * the last counts.
 */
int vpdn_proxy_collect(struct vpdn_proxy *p, const struct vpdn_avp *avp);

/* vpdn_proxy_collect() over a whole AVP list; ignores the others.  0 or -errno. */
int vpdn_proxy_collect_list(struct vpdn_proxy *p, const void *list, size_t len);

/*
 * Appends AVPs 26-33, those that are present, in the order of their numbers, M=0
 * in all of them.  False when the writer is bad.
 */
bool vpdn_proxy_put(struct vpdn_writer *w, const struct vpdn_proxy *p);
/* Its two parts: AVPs 26-28, and AVPs 29-33 or what stands for them. */
bool vpdn_proxy_put_lcp(struct vpdn_writer *w, const struct vpdn_proxy *p);
bool vpdn_proxy_put_auth(struct vpdn_writer *w, const struct vpdn_proxy *p);

/*
 * Is what it says of authentication complete for its type?  (CHAP: name,
 * challenge, id and a response of 16 octets; PAP: name, id and response; ...)
 * NULL when it is, else a constant text that says what is missing; no secret in it.
 * Missing LCP is not an error, nor is a missing AVP 26.
 */
const char *vpdn_proxy_check(const struct vpdn_proxy *p);

const char *vpdn_proxy_auth_name(uint16_t type);	/* "CHAP"; "unknown" */

#endif
