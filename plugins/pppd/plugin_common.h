/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plugin_common.h - small things that vpdn's pppd plugins share.  Each plugin is
 * linked with its own copy; there is no state in it but the muted output.
 */
#ifndef VPDN_PLUGIN_COMMON_H
#define VPDN_PLUGIN_COMMON_H

#include "pppd_compat.h"
#include "serve_api.h"

/* A PPP packet as the hooks see it; body is what follows code, id and length. */
struct vpdn_ppp_packet {
	uint16_t protocol;
	uint8_t code, id;
	const uint8_t *body;
	size_t body_len;
};

/* Takes a frame of snoop_recv_hook or snoop_send_hook apart; false when it is too
 * short or its length field goes beyond it. */
bool vpdn_ppp_packet_parse(const unsigned char *frame, int len, struct vpdn_ppp_packet *p);
/* The same for what a protocol's input function gets: no header, protocol known. */
bool vpdn_ppp_payload_parse(uint16_t protocol, const unsigned char *pkt, int len, struct vpdn_ppp_packet *p);

/* vpdn-serve.so's table; NULL when that plugin is not loaded. */
const struct vpdn_serve_api *vpdn_serve(void);
/* The call of this process; NULL when it is no template's child. */
const struct vpdn_ipc_msg *vpdn_serve_call(void);
/* serve_api's calls of the same names; without a call they do nothing. */
void vpdn_serve_info(const char *text);
void vpdn_serve_set_cause(uint16_t code, uint16_t protocol, uint8_t direction, const char *text);

/* vpdnd's connection has something to read (lac_wake.c).  Nothing else uses it, and it does no harm where nobody waits for it. */
#define VPDN_WAKE_SIGNAL	SIGWINCH

/*
 * Between these two, what pppd sends to the peer goes nowhere; its timers and states
 * are as if it had been sent.  pppd must not return to its main loop meanwhile.
 * vpdn_mute(): 0 or -errno (then nothing is muted); may not be nested.
 */
int vpdn_mute(void);
void vpdn_unmute(void);
/* pppd counts an Echo-Request although it was muted, and nobody will answer it: this
 * is the answer. */
void vpdn_uncount_echo(void);

/*
 * `check_options` of a channel that is no serial line: no async map, no header
 * compression to ask for, as with the stock plugins.  PPPoE refuses them (RFC 2516
 * section 7); behind L2TP the peer may sit on a line that has them (RFC 2661 section
 * 4.4.5), so they are granted, and the MTU leaves room for the tunnel.
 */
void vpdn_channel_options(bool l2tp);

/* pppd's bit for a CHAP algorithm of RFC 1994, 0 when it has none. */
unsigned char vpdn_chap_mdtype(uint8_t algorithm);
/* The algorithm pppd would use of a set of bits, 0 when it is empty. */
uint8_t vpdn_chap_algorithm(unsigned char mdtype);

#endif
