/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lac_capture.h - what the LAC learns of a subscriber while pppd negotiates with it:
 * the Configure-Requests and the credentials, as proxy.h wants them (RFC 2661
 * sections 4.4.5 and 4.4.6), and the packet that is held back from pppd.
 */
#ifndef VPDN_LAC_CAPTURE_H
#define VPDN_LAC_CAPTURE_H

#include "plugin_common.h"
#include "proxy.h"

struct vpdn_capture {
	struct vpdn_proxy proxy;
	struct vpdn_proxy_bytes user;		/* the claimed name */
	struct {
		bool valid;
		uint8_t id;
		struct vpdn_proxy_bytes value;
	} challenge;				/* the last one sent */
	struct {
		bool valid;
		uint8_t id;
	} identity;				/* the last EAP Identity Request sent */
	struct {
		uint16_t protocol;		/* 0: nothing is held */
		uint8_t id;
		uint8_t algorithm;		/* of CHAP */
		int len;
		unsigned char data[PPP_MRU];
	} held;
};

/* A packet on its way; to be called for all. `received`: from the subscriber. */
void vpdn_capture_watch(struct vpdn_capture *c, const struct vpdn_ppp_packet *p, bool received);

/*
 * Is it an answer that names the subscriber: CHAP Response to our challenge, PAP
 * Authenticate-Request, Response to our EAP Identity Request?
 */
bool vpdn_capture_is_credential(const struct vpdn_capture *c, const struct vpdn_ppp_packet *p);

/*
 * Keeps the packet (`pkt`, `len` as pppd's input function got it, `p` the same taken
 * apart) and fills the proxy object.  0; -EBADMSG or -EMSGSIZE when it is damaged or
 * cannot be forwarded: then nothing is held and pppd should have it.
 */
int vpdn_capture_hold(struct vpdn_capture *c, const struct vpdn_ppp_packet *p, const unsigned char *pkt, int len);

/* The subscriber is not asked to authenticate: proxy authentication type "none"
 * (RFC 2661 section 4.4.5); held.protocol is LCP's, and no packet is held. */
void vpdn_capture_none(struct vpdn_capture *c);

/* Overwrites the credentials and the held packet; LCP's part stays. */
void vpdn_capture_drop(struct vpdn_capture *c);

/*
 * Builds the frame that refuses the held packet, with its id: CHAP Failure (RFC 1994
 * section 4.2, for MS-CHAP RFC 2433 section 7 and RFC 2759 section 6), PAP
 * Authenticate-Nak (RFC 1334 section 2.2.2), EAP Failure (RFC 3748 section 4.2).  Its length, 0 when nothing is held.
 */
int vpdn_capture_refusal(const struct vpdn_capture *c, unsigned char *frame, size_t size);

#endif
