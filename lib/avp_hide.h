/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * avp_hide.h - what an L2TP tunnel's shared secret is used for: hiding AVP
 * values (RFC 2661 section 4.3) and tunnel authentication (section 5.1.1).
 *
 * Called by the AVP iterator, which keeps track of Random Vectors, and by the
 * xl2tpd module.  Nothing here keeps or copies the secret; intermediate digests
 * are wiped.
 */
#ifndef VPDN_AVP_HIDE_H
#define VPDN_AVP_HIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cursor.h"

#define VPDN_CHALLENGE_RESPONSE_LEN	16u

/*
 * Deciphers the value of a hidden AVP.  `in`/`len` is the value as received (the
 * hidden length field, the value and any padding).  `vector` is the value of the
 * last Random Vector AVP before it.  The original value is written to `out`;
 * *out_len gives its length.  0; -EBADMSG: too short for a length field, or the
 * deciphered length does not lie within the octets received (most likely another
 * secret); -ENOSPC: `out` too small; -ENOKEY: no secret; -EINVAL: no vector.
 * Any padding is accepted.  On failure nothing is left in `out`.
 */
int vpdn_avp_unhide(uint16_t type, const void *secret, size_t secret_len,
		    const void *vector, size_t vector_len, const uint8_t *in, size_t len,
		    uint8_t *out, size_t out_size, size_t *out_len);

/*
 * Appends AVP `type` hidden, M bit as its row says, padded with `pad` zero octets
 * (RFC 2661 recommends padding so that the length tells nothing).  The Random
 * Vector must have been sent before in the same message, which is the caller's
 * duty.  Fails the writer when the row forbids hiding, the value is not one of
 * the row's, secret or vector are empty, or it does not fit an AVP.
 */
bool vpdn_avp_put_hidden(struct vpdn_writer *w, uint16_t vendor, uint16_t type,
			 const void *value, size_t len, size_t pad,
			 const void *secret, size_t secret_len, const void *vector, size_t vector_len);

/*
 * The Challenge Response AVP's value: MD5 over the message type that carries the
 * response (one octet: VPDN_L2TP_SCCRP or VPDN_L2TP_SCCCN), the secret and the
 * challenge, in that order.
 */
void vpdn_tunnel_challenge_response(uint8_t msg_type, const void *secret, size_t secret_len,
				    const void *challenge, size_t challenge_len,
				    uint8_t response[VPDN_CHALLENGE_RESPONSE_LEN]);

/* Compares a received response in constant time; false also for a wrong length. */
bool vpdn_tunnel_challenge_verify(uint8_t msg_type, const void *secret, size_t secret_len,
				  const void *challenge, size_t challenge_len,
				  const void *response, size_t response_len);

#endif
