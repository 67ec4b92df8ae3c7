/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tests of lib/radius: requests, answers and salted passwords. The octets are RFC 2865's own example (section 7.1) or were
 * computed with another MD5 and HMAC implementation (python's hashlib and hmac) from the RFCs.
 */
#include "radius.h"

#include "unit.h"

static const char secret[] = "testing123";
static uint8_t authenticator[VPDN_RADIUS_AUTHENTICATOR_LEN];

static int count_up(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(authenticator); i++)
		authenticator[i] = (uint8_t)i;
	return 0;
}

/* The value of the attribute that comes first of its type, behind the header. */
static const uint8_t *find(const uint8_t *packet, size_t packet_len, uint8_t wanted, size_t *len)
{
	struct vpdn_reader r;
	const uint8_t *value;
	uint8_t type;

	vpdn_reader_init(&r, packet + VPDN_RADIUS_HEADER_LEN, packet_len - VPDN_RADIUS_HEADER_LEN);
	while (vpdn_radius_next(&r, &type, &value, len))
		if (type == wanted)
			return value;
	return NULL;
}

static void user_password_is_hidden_as_in_rfc2865(void **state)
{
	uint8_t random[16], want[16], out[VPDN_RADIUS_MAX_LEN], signature[16];
	const uint8_t *p;
	size_t len, n;

	(void)state;
	unhex("0f403f9473978057bd83d5cb98f4227a", random, sizeof(random));
	unhex("0dbe708d93d413ce3196e43f782a0aee", want, sizeof(want));
	len = vpdn_radius_request(VPDN_RADIUS_ACCESS_REQUEST, 0, "xyzzy5461", random, "arctangent", "\1\6nemo", 6, out, signature);
	assert_int_equal(len, 20 + 18 + 18 + 6);
	assert_int_equal(out[2] << 8 | out[3], len);
	assert_memory_equal(signature, random, 16);
	p = find(out, len, VPDN_RADIUS_USER_PASSWORD, &n);
	assert_non_null(p);
	assert_int_equal(n, 16);
	assert_memory_equal(p, want, 16);
	/* Message-Authenticator comes first (draft-ietf-radext-deprecating-radius). */
	assert_int_equal(out[20], VPDN_RADIUS_MESSAGE_AUTHENTICATOR);
}

static void rfc2865s_answer_is_taken(void **state)
{
	uint8_t random[16], answer[64], code;
	struct vpdn_reader attributes;
	size_t len = unhex("02000026 86fe220e7624ba2a1005f6bf9b55e0b2 060600000001 0f0600000000 0e06c0a80103", answer, sizeof(answer));

	(void)state;
	unhex("0f403f9473978057bd83d5cb98f4227a", random, sizeof(random));
	assert_null(vpdn_radius_check(answer, len, VPDN_RADIUS_ACCESS_REQUEST, 0, "xyzzy5461", random, false, &code, &attributes));
	assert_int_equal(code, VPDN_RADIUS_ACCESS_ACCEPT);
	assert_int_equal(attributes.left, 18);
	/* It has no Message-Authenticator, the wrong secret, another id. */
	assert_string_equal(vpdn_radius_check(answer, len, VPDN_RADIUS_ACCESS_REQUEST, 0, "xyzzy5461", random, true, &code, &attributes),
			    "no Message-Authenticator (CVE-2024-3596)");
	assert_non_null(vpdn_radius_check(answer, len, VPDN_RADIUS_ACCESS_REQUEST, 0, "xyzzy5462", random, false, &code, &attributes));
	assert_non_null(vpdn_radius_check(answer, len, VPDN_RADIUS_ACCESS_REQUEST, 1, "xyzzy5461", random, false, &code, &attributes));
	assert_non_null(vpdn_radius_check(answer, len, VPDN_RADIUS_ACCOUNTING_REQUEST, 0, "xyzzy5461", random, false, &code, &attributes));
}

/* With a Message-Authenticator; every octet of it counts, and every length is looked at. */
static void an_answer_is_genuine_as_a_whole(void **state)
{
	uint8_t answer[64], code, *copy;
	struct vpdn_reader attributes;
	size_t len = unhex("0207002cad4c2c9a10fa090e031d83deb11e502c4006010000035012a0deca1ac146ee542e90764d6245b2fc", answer, sizeof(answer));

	(void)state;
	copy = exact(answer, len);
	assert_null(vpdn_radius_check(copy, len, VPDN_RADIUS_ACCESS_REQUEST, 7, secret, authenticator, true, &code, &attributes));
	for (size_t i = 0; i < len; i++) {
		copy[i] ^= 1;
		assert_non_null(vpdn_radius_check(copy, len, VPDN_RADIUS_ACCESS_REQUEST, 7, secret, authenticator, false, &code, &attributes));
		copy[i] ^= 1;
	}
	free(copy);
	for (size_t cut = 0; cut < len; cut++) {
		copy = exact(answer, cut);
		assert_non_null(vpdn_radius_check(copy, cut, VPDN_RADIUS_ACCESS_REQUEST, 7, secret, authenticator, false, &code, &attributes));
		free(copy);
	}
	/* Octets behind its length are padding (RFC 2865 section 3). */
	memset(answer + len, 0xff, 3);
	assert_null(vpdn_radius_check(answer, len + 3, VPDN_RADIUS_ACCESS_REQUEST, 7, secret, authenticator, true, &code, &attributes));
}

/* CVE-2024-3596: a right Response Authenticator alone is not enough when a Message-Authenticator is there. */
static void a_wrong_message_authenticator_is_refused(void **state)
{
	uint8_t answer[64], code;
	struct vpdn_reader attributes;
	/* As before, with a Message-Authenticator of zeros and the Response Authenticator that fits it. */
	size_t len = unhex("0207002c7b2114d999877e5774d2f8168711a085400601000003501200000000000000000000000000000000", answer, sizeof(answer));

	(void)state;
	assert_string_equal(vpdn_radius_check(answer, len, VPDN_RADIUS_ACCESS_REQUEST, 7, secret, authenticator, false, &code, &attributes),
			    "wrong Message-Authenticator");
}

static void accounting_is_signed_both_ways(void **state)
{
	uint8_t out[VPDN_RADIUS_MAX_LEN], want[64], answer[64], code, signature[16];
	struct vpdn_reader attributes;
	size_t len = unhex("0409001a90c6290b3cdf04d5431c964ed73f74d1280600000001", want, sizeof(want)), answer_len;

	(void)state;
	assert_int_equal(vpdn_radius_request(VPDN_RADIUS_ACCOUNTING_REQUEST, 9, secret, NULL, NULL, "\50\6\0\0\0\1", 6, out, signature), len);
	assert_memory_equal(out, want, len);
	assert_memory_equal(signature, want + 4, 16);
	answer_len = unhex("050900146f242fad7e941898175bb357b1561aff", answer, sizeof(answer));
	assert_null(vpdn_radius_check(answer, answer_len, VPDN_RADIUS_ACCOUNTING_REQUEST, 9, secret, signature, true, &code, &attributes));
	answer[10] ^= 1;
	assert_non_null(vpdn_radius_check(answer, answer_len, VPDN_RADIUS_ACCOUNTING_REQUEST, 9, secret, signature, true, &code, &attributes));
}

static void what_does_not_fit_is_not_sent(void **state)
{
	uint8_t out[VPDN_RADIUS_MAX_LEN], big[VPDN_RADIUS_MAX_LEN] = { 0 }, signature[16], buf[600];
	char password[VPDN_RADIUS_MAX_PASSWORD + 2];
	struct vpdn_writer w;

	(void)state;
	assert_int_equal(vpdn_radius_request(VPDN_RADIUS_ACCESS_REQUEST, 0, secret, authenticator, "x", big, sizeof(big) - 55, out, signature), 0);
	assert_int_equal(vpdn_radius_request(VPDN_RADIUS_ACCESS_REQUEST, 0, secret, authenticator, "x", big, sizeof(big) - 56, out, signature), 4096);
	memset(password, 'p', sizeof(password));
	password[VPDN_RADIUS_MAX_PASSWORD + 1] = '\0';
	assert_int_equal(vpdn_radius_request(VPDN_RADIUS_ACCESS_REQUEST, 0, secret, authenticator, password, NULL, 0, out, signature), 0);
	password[VPDN_RADIUS_MAX_PASSWORD] = '\0';
	assert_int_equal(vpdn_radius_request(VPDN_RADIUS_ACCESS_REQUEST, 0, secret, authenticator, password, NULL, 0, out, signature), 20 + 18 + 130);
	vpdn_writer_init(&w, buf, sizeof(buf));
	assert_true(vpdn_radius_put_bytes(&w, 1, big, 253));
	assert_true(vpdn_radius_put_text(&w, 1, ""));
	assert_int_equal(w.len, 255);
	assert_true(vpdn_radius_put_vendor(&w, 3561, 1, big, 247));
	assert_int_equal(w.len, 255 + 255);
	assert_false(vpdn_radius_put_bytes(&w, 1, big, 254));
}

static void tunnel_passwords_are_deciphered(void **state)
{
	static const struct {
		const char *hex, *text;
		uint8_t tag;
	} vectors[] = {
		{ "01800137cc612166752538cf27b06bb2ba15f3", "hello", 1 },
		{ "00ffee547964c1c1d34d0131aa1720f0ac1dd2d960aa79b619fcc36d44a1a1e8a578491dcb05bfe4fb0ccd7761d0a0849e28e4",
		  "a tunnel password longer than one chunk of MD5", 0 },
		{ "1fffee75287587878916526ab25e20e1bc0ed8", "0123456789abcde", 31 },
	};
	uint8_t in[VPDN_RADIUS_MAX_VALUE], out[VPDN_RADIUS_MAX_VALUE], tag, *copy;
	size_t len, n;

	(void)state;
	for (size_t i = 0; i < COUNT(vectors); i++) {
		len = unhex(vectors[i].hex, in, sizeof(in));
		assert_true(vpdn_radius_tunnel_password(in, len, secret, authenticator, &tag, out, &n));
		assert_int_equal(tag, vectors[i].tag);
		assert_int_equal(n, strlen(vectors[i].text));
		assert_memory_equal(out, vectors[i].text, n);
		for (size_t cut = 0; cut < len; cut++) {
			copy = exact(in, cut);
			if (cut < 19 || (cut - 3) % 16)
				assert_false(vpdn_radius_tunnel_password(copy, cut, secret, authenticator, &tag, out, &n));
			else
				vpdn_radius_tunnel_password(copy, cut, secret, authenticator, &tag, out, &n);
			free(copy);
		}
	}
	/* A tag above 0x1f is none, but its octet is there all the same (RFC 2868 section 3.5). */
	len = unhex(vectors[0].hex, in, sizeof(in));
	in[0] = 0x20;
	assert_true(vpdn_radius_tunnel_password(in, len, secret, authenticator, &tag, out, &n));
	assert_int_equal(tag, 0);
	assert_false(vpdn_radius_tunnel_password(in, len, "testing124", authenticator, &tag, out, &n));
}

static void tags_are_taken_off(void **state)
{
	const uint8_t *text;
	uint32_t v;
	uint8_t tag;
	size_t n;

	(void)state;
	assert_true(vpdn_radius_tagged_u24((const uint8_t *)"\2\0\1\3", 4, &tag, &v));
	assert_int_equal(tag, 2);
	assert_int_equal(v, 0x103);
	assert_true(vpdn_radius_tagged_u24((const uint8_t *)"\40\0\0\3", 4, &tag, &v));
	assert_int_equal(tag, 0);
	assert_int_equal(v, 3);
	assert_false(vpdn_radius_tagged_u24((const uint8_t *)"\1\0\0\3\0", 5, &tag, &v));
	assert_false(vpdn_radius_tagged_u24((const uint8_t *)"\1\0\0", 3, &tag, &v));
	vpdn_radius_tagged_text((const uint8_t *)"\1LNS", 4, &tag, &text, &n);
	assert_int_equal(tag, 1);
	assert_int_equal(n, 3);
	vpdn_radius_tagged_text((const uint8_t *)"192.0.2.2", 9, &tag, &text, &n);
	assert_int_equal(tag, 0);
	assert_int_equal(n, 9);
	vpdn_radius_tagged_text((const uint8_t *)"", 0, &tag, &text, &n);
	assert_int_equal(n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(user_password_is_hidden_as_in_rfc2865),
		cmocka_unit_test(rfc2865s_answer_is_taken),
		cmocka_unit_test(an_answer_is_genuine_as_a_whole),
		cmocka_unit_test(a_wrong_message_authenticator_is_refused),
		cmocka_unit_test(accounting_is_signed_both_ways),
		cmocka_unit_test(what_does_not_fit_is_not_sent),
		cmocka_unit_test(tunnel_passwords_are_deciphered),
		cmocka_unit_test(tags_are_taken_off),
	};

	return cmocka_run_group_tests(tests, count_up, NULL);
}
