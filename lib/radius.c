/* SPDX-License-Identifier: GPL-2.0-or-later */
/* radius.c - see radius.h. */
#include "radius.h"

#include <md5.h>
#include <string.h>

#define CHUNK		MD5_DIGEST_LENGTH
#define HMAC_BLOCK	64u
#define MAC_LEN		(2u + MD5_DIGEST_LENGTH)	/* Message-Authenticator with its header */
#define MAC_AT		(VPDN_RADIUS_HEADER_LEN + 2u)	/* where its value stands in our requests */

/* ---- digests ---- */

/* RFC 2104 with MD5, over three pieces that follow each other. */
struct piece {
	const void *p;
	size_t len;
};

static void hmac_md5(const char *secret, const struct piece *pieces, size_t n, uint8_t mac[CHUNK])
{
	uint8_t key[HMAC_BLOCK] = { 0 }, pad[HMAC_BLOCK];
	size_t len = strlen(secret);
	MD5_CTX ctx;

	MD5Init(&ctx);
	if (len > sizeof(key)) {
		MD5Update(&ctx, (const uint8_t *)secret, len);
		MD5Final(key, &ctx);
	} else {
		memcpy(key, secret, len);
	}
	for (size_t i = 0; i < sizeof(pad); i++)
		pad[i] = key[i] ^ 0x36;
	MD5Init(&ctx);
	MD5Update(&ctx, pad, sizeof(pad));
	for (size_t i = 0; i < n; i++)
		MD5Update(&ctx, pieces[i].p, pieces[i].len);
	MD5Final(mac, &ctx);
	for (size_t i = 0; i < sizeof(pad); i++)
		pad[i] = key[i] ^ 0x5c;
	MD5Init(&ctx);
	MD5Update(&ctx, pad, sizeof(pad));
	MD5Update(&ctx, mac, CHUNK);
	MD5Final(mac, &ctx);
	explicit_bzero(key, sizeof(key));
	explicit_bzero(pad, sizeof(pad));
	explicit_bzero(&ctx, sizeof(ctx));
}

static void digest(const struct piece *pieces, size_t n, const char *secret, uint8_t out[CHUNK])
{
	MD5_CTX ctx;

	MD5Init(&ctx);
	for (size_t i = 0; i < n; i++)
		MD5Update(&ctx, pieces[i].p, pieces[i].len);
	MD5Update(&ctx, (const uint8_t *)secret, strlen(secret));
	MD5Final(out, &ctx);
	explicit_bzero(&ctx, sizeof(ctx));
}

static bool same(const uint8_t *a, const uint8_t *b)
{
	uint8_t diff = 0;

	for (size_t i = 0; i < CHUNK; i++)
		diff |= a[i] ^ b[i];
	return !diff;
}

/* MD5 over the secret and what it is mixed with: the stream of User-Password and Tunnel-Password. */
static void stream(const char *secret, const void *p, size_t len, const void *salt, size_t salt_len, uint8_t out[CHUNK])
{
	MD5_CTX ctx;

	MD5Init(&ctx);
	MD5Update(&ctx, (const uint8_t *)secret, strlen(secret));
	MD5Update(&ctx, p, len);
	MD5Update(&ctx, salt, salt_len);
	MD5Final(out, &ctx);
	explicit_bzero(&ctx, sizeof(ctx));
}

/* ---- attributes that are sent ---- */

bool vpdn_radius_put_bytes(struct vpdn_writer *w, uint8_t type, const void *p, size_t len)
{
	if (!len)
		return !w->bad;
	if (len > VPDN_RADIUS_MAX_VALUE)
		vpdn_writer_fail(w);
	vpdn_writer_u8(w, type);
	vpdn_writer_u8(w, (uint8_t)(len + 2));
	return vpdn_writer_bytes(w, p, len);
}

bool vpdn_radius_put_text(struct vpdn_writer *w, uint8_t type, const char *s)
{
	return vpdn_radius_put_bytes(w, type, s, strlen(s));
}

bool vpdn_radius_put_u32(struct vpdn_writer *w, uint8_t type, uint32_t v)
{
	vpdn_writer_u8(w, type);
	vpdn_writer_u8(w, 6);
	return vpdn_writer_u32(w, v);
}

bool vpdn_radius_put_vendor(struct vpdn_writer *w, uint32_t vendor, uint8_t type, const void *p, size_t len)
{
	if (!len)
		return !w->bad;
	if (len > VPDN_RADIUS_MAX_VALUE - 6)
		vpdn_writer_fail(w);
	vpdn_writer_u8(w, VPDN_RADIUS_VENDOR_SPECIFIC);
	vpdn_writer_u8(w, (uint8_t)(len + 8));
	vpdn_writer_u32(w, vendor);
	vpdn_writer_u8(w, type);
	vpdn_writer_u8(w, (uint8_t)(len + 2));
	return vpdn_writer_bytes(w, p, len);
}

bool vpdn_radius_put_tagged_u24(struct vpdn_writer *w, uint8_t type, uint32_t v)
{
	return vpdn_radius_put_u32(w, type, v & 0xffffff);
}

/* ---- packets ---- */

static void put_password(struct vpdn_writer *w, const char *password, const char *secret, const uint8_t *authenticator)
{
	uint8_t text[VPDN_RADIUS_MAX_PASSWORD] = { 0 }, key[CHUNK];
	const uint8_t *before = authenticator;
	size_t len = strlen(password), padded = len ? (len + CHUNK - 1) / CHUNK * CHUNK : CHUNK;

	if (len > sizeof(text)) {
		vpdn_writer_fail(w);
		return;
	}
	memcpy(text, password, len);
	for (size_t at = 0; at < padded; at += CHUNK) {
		stream(secret, before, CHUNK, NULL, 0, key);
		for (size_t i = 0; i < CHUNK; i++)
			text[at + i] ^= key[i];
		before = text + at;
	}
	vpdn_radius_put_bytes(w, VPDN_RADIUS_USER_PASSWORD, text, padded);
	explicit_bzero(text, sizeof(text));
	explicit_bzero(key, sizeof(key));
}

size_t vpdn_radius_request(uint8_t code, uint8_t id, const char *secret, const uint8_t random[VPDN_RADIUS_AUTHENTICATOR_LEN],
			   const char *password, const void *attributes, size_t len, uint8_t out[VPDN_RADIUS_MAX_LEN],
			   uint8_t authenticator[VPDN_RADIUS_AUTHENTICATOR_LEN])
{
	static const uint8_t zero[CHUNK];
	bool access = code == VPDN_RADIUS_ACCESS_REQUEST;
	struct vpdn_writer w;

	vpdn_writer_init(&w, out, VPDN_RADIUS_MAX_LEN);
	vpdn_writer_u8(&w, code);
	vpdn_writer_u8(&w, id);
	vpdn_writer_u16(&w, 0);
	vpdn_writer_bytes(&w, access ? random : zero, VPDN_RADIUS_AUTHENTICATOR_LEN);
	if (access)
		vpdn_radius_put_bytes(&w, VPDN_RADIUS_MESSAGE_AUTHENTICATOR, zero, sizeof(zero));
	if (access && password)
		put_password(&w, password, secret, random);
	vpdn_writer_bytes(&w, attributes, len);
	vpdn_writer_patch_len16(&w, 2, 0);
	if (w.bad)
		return 0;
	if (access) {
		hmac_md5(secret, &(struct piece){ out, w.len }, 1, out + MAC_AT);
		memcpy(authenticator, random, VPDN_RADIUS_AUTHENTICATOR_LEN);
	} else {
		digest(&(struct piece){ out, w.len }, 1, secret, authenticator);
		memcpy(out + 4, authenticator, VPDN_RADIUS_AUTHENTICATOR_LEN);
	}
	return w.len;
}

/* Code, id and length of the answer, with the request's authenticator, are what both of its digests begin with. */
static const char *check_digests(const uint8_t *p, size_t len, const uint8_t *mac, const char *secret, const uint8_t *authenticator)
{
	static const uint8_t zero[CHUNK];
	const struct piece plain[] = {
		{ p, 4 }, { authenticator, VPDN_RADIUS_AUTHENTICATOR_LEN }, { p + VPDN_RADIUS_HEADER_LEN, len - VPDN_RADIUS_HEADER_LEN }
	};
	uint8_t want[CHUNK];

	digest(plain, 3, secret, want);
	if (!same(want, p + 4))
		return "wrong Response Authenticator: forged, or made with another secret";
	if (!mac)
		return NULL;
	hmac_md5(secret, (const struct piece[]){ plain[0], plain[1], { p + VPDN_RADIUS_HEADER_LEN, (size_t)(mac - p) - VPDN_RADIUS_HEADER_LEN },
						 { zero, CHUNK }, { mac + CHUNK, len - (size_t)(mac - p) - CHUNK } }, 5, want);
	return same(want, mac) ? NULL : "wrong Message-Authenticator";
}

static bool answers(uint8_t request_code, uint8_t code)
{
	if (request_code == VPDN_RADIUS_ACCOUNTING_REQUEST)
		return code == VPDN_RADIUS_ACCOUNTING_RESPONSE;
	return code == VPDN_RADIUS_ACCESS_ACCEPT || code == VPDN_RADIUS_ACCESS_REJECT || code == VPDN_RADIUS_ACCESS_CHALLENGE;
}

const char *vpdn_radius_check(const uint8_t *p, size_t len, uint8_t request_code, uint8_t id, const char *secret,
			      const uint8_t authenticator[VPDN_RADIUS_AUTHENTICATOR_LEN], bool required, uint8_t *code,
			      struct vpdn_reader *attributes)
{
	const uint8_t *value, *mac = NULL;
	struct vpdn_reader r, rest;
	uint16_t length;
	uint8_t type, its_id;
	const char *wrong;
	size_t n;

	vpdn_reader_init(&r, p, len);
	vpdn_reader_u8(&r, code);
	vpdn_reader_u8(&r, &its_id);
	vpdn_reader_u16(&r, &length);
	vpdn_reader_skip(&r, VPDN_RADIUS_AUTHENTICATOR_LEN);
	if (r.bad || length < VPDN_RADIUS_HEADER_LEN || length > VPDN_RADIUS_MAX_LEN)
		return "no RADIUS packet";
	if (!vpdn_reader_sub(&r, attributes, length - VPDN_RADIUS_HEADER_LEN))
		return "shorter than it says";
	if (its_id != id)
		return "another request's identifier";
	if (!answers(request_code, *code))
		return "no answer to such a request";
	rest = *attributes;
	while (vpdn_radius_next(&rest, &type, &value, &n)) {
		if (type != VPDN_RADIUS_MESSAGE_AUTHENTICATOR)
			continue;
		if (n != CHUNK || mac)
			return "wrong Message-Authenticator";
		mac = value;
	}
	if (rest.bad)
		return "attributes that do not fit";
	wrong = check_digests(p, length, mac, secret, authenticator);
	if (wrong)
		return wrong;
	if (required && !mac && request_code == VPDN_RADIUS_ACCESS_REQUEST)
		return "no Message-Authenticator (CVE-2024-3596)";
	return NULL;
}

/* ---- attributes that were received ---- */

bool vpdn_radius_next(struct vpdn_reader *r, uint8_t *type, const uint8_t **value, size_t *len)
{
	uint8_t n;

	if (r->bad || !r->left)
		return false;
	vpdn_reader_u8(r, type);
	vpdn_reader_u8(r, &n);
	if (n < 2)
		vpdn_reader_skip(r, r->left + 1);
	*len = n < 2 ? 0 : n - 2u;
	return vpdn_reader_bytes(r, value, *len);
}

bool vpdn_radius_vendor(const uint8_t *value, size_t len, uint32_t *vendor, struct vpdn_reader *attributes)
{
	vpdn_reader_init(attributes, value, len);
	return vpdn_reader_u32(attributes, vendor);
}

bool vpdn_radius_u32(const uint8_t *value, size_t len, uint32_t *v)
{
	struct vpdn_reader r;

	vpdn_reader_init(&r, value, len);
	vpdn_reader_u32(&r, v);
	return vpdn_reader_done(&r);
}

bool vpdn_radius_tagged_u24(const uint8_t *value, size_t len, uint8_t *tag, uint32_t *v)
{
	if (!vpdn_radius_u32(value, len, v))
		return false;
	*tag = (uint8_t)(*v >> 24);
	*v &= 0xffffff;
	if (*tag > VPDN_RADIUS_MAX_TAG)
		*tag = 0;
	return true;
}

void vpdn_radius_tagged_text(const uint8_t *value, size_t len, uint8_t *tag, const uint8_t **text, size_t *n)
{
	struct vpdn_reader r;

	vpdn_reader_init(&r, value, len);
	*tag = 0;
	if (len && value[0] <= VPDN_RADIUS_MAX_TAG)
		vpdn_reader_u8(&r, tag);
	*n = r.left;
	vpdn_reader_bytes(&r, text, *n);
}

bool vpdn_radius_tunnel_password(const uint8_t *value, size_t len, const char *secret,
				 const uint8_t authenticator[VPDN_RADIUS_AUTHENTICATOR_LEN], uint8_t *tag, uint8_t *out, size_t *out_len)
{
	uint8_t plain[VPDN_RADIUS_MAX_VALUE], key[CHUNK];
	const uint8_t *salt, *cipher, *before = authenticator;
	struct vpdn_reader r;
	size_t n;
	bool ok;

	vpdn_reader_init(&r, value, len);
	vpdn_reader_u8(&r, tag);
	vpdn_reader_bytes(&r, &salt, 2);
	n = r.left;
	if (r.bad || !n || n > sizeof(plain) || n % CHUNK)
		return false;
	if (*tag > VPDN_RADIUS_MAX_TAG)
		*tag = 0;
	vpdn_reader_bytes(&r, &cipher, n);
	for (size_t at = 0; at < n; at += CHUNK) {
		stream(secret, before, CHUNK, at ? NULL : salt, at ? 0 : 2, key);
		for (size_t i = 0; i < CHUNK; i++)
			plain[at + i] = cipher[at + i] ^ key[i];
		before = cipher + at;
	}
	/* The first octet is the length of what follows; padding is less than a chunk, and none of it is looked at. */
	ok = plain[0] < n;
	if (ok) {
		*out_len = plain[0];
		memcpy(out, plain + 1, *out_len);
	}
	explicit_bzero(plain, sizeof(plain));
	explicit_bzero(key, sizeof(key));
	return ok;
}
