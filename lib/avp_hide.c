/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * avp_hide.c - hiding of AVP values and tunnel authentication, see avp_hide.h.
 *
 * Hiding (RFC 2661 section 4.3): a length field, the value and padding are XORed
 * with a stream of MD5 digests.  The first is over attribute type, secret and
 * Random Vector; each further one over the secret and the ciphered chunk before.
 */
#include "avp_hide.h"

#include <errno.h>
#include <md5.h>
#include <string.h>

#include "avp.h"

#define CHUNK	MD5_DIGEST_LENGTH

static void first_digest(uint16_t type, const void *secret, size_t secret_len,
			 const void *vector, size_t vector_len, uint8_t digest[CHUNK])
{
	uint8_t attribute[2];
	struct vpdn_writer w;
	MD5_CTX ctx;

	vpdn_writer_init(&w, attribute, sizeof(attribute));
	vpdn_writer_u16(&w, type);
	MD5Init(&ctx);
	MD5Update(&ctx, attribute, sizeof(attribute));
	MD5Update(&ctx, secret, secret_len);
	MD5Update(&ctx, vector, vector_len);
	MD5Final(digest, &ctx);
	explicit_bzero(&ctx, sizeof(ctx));
}

static void next_digest(const void *secret, size_t secret_len, const uint8_t *cipher, uint8_t digest[CHUNK])
{
	MD5_CTX ctx;

	MD5Init(&ctx);
	MD5Update(&ctx, secret, secret_len);
	MD5Update(&ctx, cipher, CHUNK);
	MD5Final(digest, &ctx);
	explicit_bzero(&ctx, sizeof(ctx));
}

int vpdn_avp_unhide(uint16_t type, const void *secret, size_t secret_len,
		    const void *vector, size_t vector_len, const uint8_t *in, size_t len,
		    uint8_t *out, size_t out_size, size_t *out_len)
{
	uint8_t plain[VPDN_AVP_MAX_VALUE], digest[CHUNK];
	struct vpdn_reader r;
	uint16_t original;
	size_t i;
	int rc = 0;

	*out_len = 0;
	if (!secret || !secret_len)
		return -ENOKEY;
	if (!vector || !vector_len)
		return -EINVAL;
	if (len < 2 || len > sizeof(plain))
		return -EBADMSG;
	first_digest(type, secret, secret_len, vector, vector_len, digest);
	for (i = 0; i < len; i++) {
		if (i && i % CHUNK == 0)
			next_digest(secret, secret_len, in + i - CHUNK, digest);
		plain[i] = in[i] ^ digest[i % CHUNK];
	}
	vpdn_reader_init(&r, plain, len);
	vpdn_reader_u16(&r, &original);
	if (original > r.left)
		rc = -EBADMSG;
	else if (original > out_size)
		rc = -ENOSPC;
	else if (vpdn_reader_copy(&r, out, original))
		*out_len = original;
	explicit_bzero(plain, sizeof(plain));
	explicit_bzero(digest, sizeof(digest));
	return rc;
}

bool vpdn_avp_put_hidden(struct vpdn_writer *w, uint16_t vendor, uint16_t type,
			 const void *value, size_t len, size_t pad,
			 const void *secret, size_t secret_len, const void *vector, size_t vector_len)
{
	const struct vpdn_avp_def *def = vpdn_avp_lookup(vendor, type);
	uint8_t text[VPDN_AVP_MAX_VALUE], digest[CHUNK];
	struct vpdn_writer sub;
	size_t i;
	bool ok;

	vpdn_writer_init(&sub, text, sizeof(text));
	if (!def || !def->may_hide || !vpdn_avp_value_ok(def, value, len) ||
	    !secret || !secret_len || !vector || !vector_len)
		vpdn_writer_fail(&sub);
	vpdn_writer_u16(&sub, (uint16_t)len);
	vpdn_writer_bytes(&sub, value, len);
	if (!vpdn_writer_zero(&sub, pad)) {
		explicit_bzero(text, sizeof(text));
		vpdn_writer_fail(w);
		return false;
	}
	first_digest(type, secret, secret_len, vector, vector_len, digest);
	for (i = 0; i < sub.len; i++) {
		if (i && i % CHUNK == 0)
			next_digest(secret, secret_len, text + i - CHUNK, digest);
		text[i] ^= digest[i % CHUNK];
	}
	ok = vpdn_avp_put_raw(w, vendor, type, def->mandatory, true, text, sub.len);
	explicit_bzero(text, sizeof(text));
	explicit_bzero(digest, sizeof(digest));
	return ok;
}

void vpdn_tunnel_challenge_response(uint8_t msg_type, const void *secret, size_t secret_len,
				    const void *challenge, size_t challenge_len,
				    uint8_t response[VPDN_CHALLENGE_RESPONSE_LEN])
{
	MD5_CTX ctx;

	MD5Init(&ctx);
	MD5Update(&ctx, &msg_type, 1);
	MD5Update(&ctx, secret, secret_len);
	MD5Update(&ctx, challenge, challenge_len);
	MD5Final(response, &ctx);
	explicit_bzero(&ctx, sizeof(ctx));
}

bool vpdn_tunnel_challenge_verify(uint8_t msg_type, const void *secret, size_t secret_len,
				  const void *challenge, size_t challenge_len,
				  const void *response, size_t response_len)
{
	uint8_t want[VPDN_CHALLENGE_RESPONSE_LEN];
	const uint8_t *got = response;
	uint8_t diff = 0;
	size_t i;

	if (response_len != sizeof(want))
		return false;
	vpdn_tunnel_challenge_response(msg_type, secret, secret_len, challenge, challenge_len, want);
	for (i = 0; i < sizeof(want); i++)
		diff |= want[i] ^ got[i];
	explicit_bzero(want, sizeof(want));
	return !diff;
}
