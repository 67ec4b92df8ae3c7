/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tests of lib/ipc_proto and of building and parsing in lib/ipc: tables, round trips
 * of every message and TLV, every truncation, the rules for unknown and missing TLVs.
 */
#include "ipc.h"

#include <arpa/inet.h>
#include <errno.h>

#include "unit.h"

static void the_tables_are_sane(void **state)
{
	const struct vpdn_ipc_msg_def *m;
	const struct vpdn_ipc_tlv_def *t;
	size_t i, k;

	(void)state;
	for (i = 0; (m = vpdn_ipc_msg_row(i)); i++) {
		assert_ptr_equal(vpdn_ipc_msg_lookup(m->type), m);
		assert_string_equal(vpdn_ipc_msg_name(m->type), m->name);
		assert_true(m->min_fds <= m->max_fds && m->max_fds <= VPDN_IPC_MAX_FDS);
		for (k = 0; k < VPDN_IPC_MAX_REQUIRED && m->required[k]; k++)
			assert_non_null(vpdn_ipc_tlv_lookup(m->required[k]));
		assert_true(k < VPDN_IPC_MAX_REQUIRED);
	}
	assert_true(i > 30);
	for (i = 0; (t = vpdn_ipc_tlv_row(i)); i++) {
		assert_ptr_equal(vpdn_ipc_tlv_lookup(t->type), t);
		assert_ptr_equal(vpdn_ipc_tlv_lookup(t->type | VPDN_IPC_TLV_OPTIONAL), t);
		assert_int_equal(vpdn_ipc_tlv_index(t), i);
		assert_true(t->type < VPDN_IPC_TLV_OPTIONAL);
	}
	assert_null(vpdn_ipc_msg_lookup(0));
	assert_null(vpdn_ipc_tlv_lookup(0));
	assert_string_equal(vpdn_ipc_msg_name(9999), "message?");
	assert_string_equal(vpdn_ipc_tlv_name(9999), "TLV?");
	assert_int_equal(vpdn_ipc_msg_lookup(VPDN_MSG_SUBSCRIBER_CHANNEL)->max_fds, 3);
	assert_int_equal(vpdn_ipc_msg_lookup(VPDN_MSG_CALL_UP)->max_fds, 0);
	assert_int_equal(vpdn_ipc_msg_lookup(VPDN_MSG_L2TP_DIAL_ASK)->min_fds, 1);
	assert_int_equal(vpdn_ipc_msg_lookup(VPDN_MSG_L2TP_DIAL_CONNECTED)->min_fds, 1);
	assert_int_equal(vpdn_ipc_msg_lookup(VPDN_MSG_DIAL_CONNECTED)->min_fds, 1);
	assert_int_equal(vpdn_ipc_msg_lookup(VPDN_MSG_BEARER_UP)->min_fds, 1);
	assert_int_equal(vpdn_ipc_msg_lookup(VPDN_MSG_L2TP_DIAL_ACCEPTED)->max_fds, 0);
}

/* Appends a TLV with a value that its kind allows. */
static void put_sample(struct vpdn_ipc_builder *b, const struct vpdn_ipc_tlv_def *t)
{
	struct in_addr a = { htonl(0xc0000201) };

	switch (t->kind) {
	case VPDN_IPC_u8:
		vpdn_ipc_put_u8(b, t->type, 0x12);
		break;
	case VPDN_IPC_u16:
		vpdn_ipc_put_u16(b, t->type, 0x1234);
		break;
	case VPDN_IPC_u32:
		vpdn_ipc_put_u32(b, t->type, 0x12345678);
		break;
	case VPDN_IPC_u64:
		vpdn_ipc_put_u64(b, t->type, 0x123456789abcdef0ull);
		break;
	case VPDN_IPC_ip4:
		vpdn_ipc_put_ip4(b, t->type, a);
		break;
	case VPDN_IPC_text:
		vpdn_ipc_put_text(b, t->type, "some text");
		break;
	default:
		vpdn_ipc_put_bytes(b, t->type, "b\0b", 3);
		break;
	}
}

static int parse_of(struct vpdn_ipc_msg *m, const struct vpdn_ipc_builder *b)
{
	memcpy(m->buf, b->buf, b->w.len);
	m->nfds = 0;
	return vpdn_ipc_parse(m, b->w.len);
}

static void begin_with_required(struct vpdn_ipc_builder *b, const struct vpdn_ipc_msg_def *m, uint16_t without)
{
	size_t k;

	vpdn_ipc_begin(b, m->type, VPDN_IPC_F_REPLY, 0xfedcba98);
	for (k = 0; k < VPDN_IPC_MAX_REQUIRED && m->required[k]; k++)
		if (m->required[k] != without)
			put_sample(b, vpdn_ipc_tlv_lookup(m->required[k]));
}

static void every_message_round_trips_and_needs_its_tlvs(void **state)
{
	const struct vpdn_ipc_msg_def *def;
	size_t i, k;

	(void)state;
	for (i = 0; (def = vpdn_ipc_msg_row(i)); i++) {
		static struct vpdn_ipc_builder b;
		static struct vpdn_ipc_msg m;

		begin_with_required(&b, def, 0);
		assert_int_equal(vpdn_ipc_finish(&b), 0);
		assert_int_equal(parse_of(&m, &b), 0);
		assert_ptr_equal(m.def, def);
		assert_int_equal(m.type, def->type);
		assert_int_equal(m.flags, VPDN_IPC_F_REPLY);
		assert_int_equal(m.seq, 0xfedcba98);
		for (k = 0; k < VPDN_IPC_MAX_REQUIRED && def->required[k]; k++)
			assert_true(vpdn_ipc_has(&m, def->required[k]));
		for (k = 0; k < VPDN_IPC_MAX_REQUIRED && def->required[k]; k++) {
			begin_with_required(&b, def, def->required[k]);
			assert_int_equal(vpdn_ipc_finish(&b), -EINVAL);
			assert_int_equal(parse_of(&m, &b), -EBADMSG);
			assert_int_equal(m.bad_tlv, def->required[k]);
			assert_int_equal(m.seq, 0xfedcba98);
		}
	}
}

static void every_tlv_round_trips(void **state)
{
	static struct vpdn_ipc_builder b;
	static struct vpdn_ipc_msg m;
	const struct vpdn_ipc_tlv_def *t;
	struct vpdn_ipc_iter it;
	const uint8_t *p;
	uint16_t tlv;
	size_t len, i;

	(void)state;
	vpdn_ipc_begin(&b, VPDN_MSG_SUBSCRIBER_LOCAL, 0, 1);
	for (i = 0; (t = vpdn_ipc_tlv_row(i)); i++)
		put_sample(&b, t);
	assert_int_equal(vpdn_ipc_finish(&b), 0);
	assert_int_equal(parse_of(&m, &b), 0);
	vpdn_ipc_iter_init(&it, &m);
	for (i = 0; (t = vpdn_ipc_tlv_row(i)); i++) {
		uint8_t v8;
		uint16_t v16;
		uint32_t v32;
		uint64_t v64;
		struct in_addr a;
		char text[20];

		assert_true(vpdn_ipc_next(&it, &tlv, &p, &len));
		assert_int_equal(tlv, t->type);
		assert_true(vpdn_ipc_get_u8(&m, tlv, &v8) == (t->kind == VPDN_IPC_u8));
		assert_true(vpdn_ipc_get_u16(&m, tlv, &v16) == (t->kind == VPDN_IPC_u16));
		assert_true(vpdn_ipc_get_u64(&m, tlv, &v64) == (t->kind == VPDN_IPC_u64));
		switch (t->kind) {
		case VPDN_IPC_u8:
			assert_int_equal(v8, 0x12);
			break;
		case VPDN_IPC_u16:
			assert_int_equal(v16, 0x1234);
			break;
		case VPDN_IPC_u32:
			assert_true(vpdn_ipc_get_u32(&m, tlv, &v32));
			assert_int_equal(v32, 0x12345678);
			break;
		case VPDN_IPC_u64:
			assert_true(v64 == 0x123456789abcdef0ull);
			break;
		case VPDN_IPC_ip4:
			assert_true(vpdn_ipc_get_ip4(&m, tlv, &a));
			assert_int_equal(ntohl(a.s_addr), 0xc0000201);
			break;
		case VPDN_IPC_text:
			assert_true(vpdn_ipc_get_text(&m, tlv, text, sizeof(text)));
			assert_string_equal(text, "some text");
			assert_false(vpdn_ipc_get_text(&m, tlv, text, 9));
			assert_string_equal(text, "");
			assert_true(vpdn_ipc_get_text(&m, tlv, text, 10));
			break;
		default:
			assert_int_equal(len, 3);
			assert_memory_equal(p, "b\0b", 3);
			assert_false(vpdn_ipc_get_text(&m, tlv, text, sizeof(text)));
			break;
		}
	}
	assert_false(vpdn_ipc_next(&it, &tlv, &p, &len));
}

static void every_truncation_is_refused(void **state)
{
	static struct vpdn_ipc_builder b;
	size_t pass, len;

	(void)state;
	begin_with_required(&b, vpdn_ipc_msg_lookup(VPDN_MSG_L2TP_CALL_PLACE), 0);
	assert_int_equal(vpdn_ipc_finish(&b), 0);
	for (pass = 0; pass < 2; pass++) {
		for (len = 0; len < b.w.len; len++) {
			/* ends with the message: the sanitizer sees one octet too many */
			struct vpdn_ipc_msg *m = malloc(offsetof(struct vpdn_ipc_msg, buf) + len);

			assert_non_null(m);
			memcpy(m->buf, b.buf, len);
			/* in the second pass the header's length fits what is left */
			if (pass && len >= VPDN_IPC_HEADER_LEN) {
				m->buf[10] = (uint8_t)(len >> 8);
				m->buf[11] = (uint8_t)len;
			}
			assert_int_equal(vpdn_ipc_parse(m, len),
					 pass && len >= VPDN_IPC_HEADER_LEN ? -EBADMSG : -EPROTO);
			assert_int_equal(m->len, 0);
			free(m);
		}
	}
}

static void other_headers_are_not_ours(void **state)
{
	static const uint8_t at[] = { 0, 1, 2, 6, 7, 8, 9, 10, 11 };
	static struct vpdn_ipc_builder b;
	static struct vpdn_ipc_msg m;
	size_t i;

	(void)state;
	begin_with_required(&b, vpdn_ipc_msg_lookup(VPDN_MSG_CALL_STARTED), 0);
	assert_int_equal(vpdn_ipc_finish(&b), 0);
	for (i = 0; i < COUNT(at); i++) {
		b.buf[at[i]] ^= 1;
		assert_int_equal(parse_of(&m, &b), -EPROTO);
		b.buf[at[i]] ^= 1;
	}
	assert_int_equal(vpdn_ipc_parse(&m, sizeof(m.buf) + 1), -EPROTO);
	assert_int_equal(parse_of(&m, &b), 0);
	b.buf[5] = 0xff;
	assert_int_equal(parse_of(&m, &b), -EOPNOTSUPP);
	assert_int_equal(m.type, 0xff);
	assert_int_equal(m.seq, 0xfedcba98);
	assert_null(m.def);
}

static void unknown_tlvs_are_skipped_only_when_optional(void **state)
{
	static struct vpdn_ipc_builder b;
	static struct vpdn_ipc_msg m;
	uint32_t pid = 0;

	(void)state;
	vpdn_ipc_begin(&b, VPDN_MSG_CALL_STARTED, 0, 1);
	vpdn_ipc_put_raw(&b, VPDN_IPC_TLV_OPTIONAL | 900, "xyz", 3);
	vpdn_ipc_put_u32(&b, VPDN_TLV_PID, 77);
	assert_int_equal(vpdn_ipc_finish(&b), 0);
	assert_int_equal(parse_of(&m, &b), 0);
	assert_true(vpdn_ipc_get_u32(&m, VPDN_TLV_PID, &pid));
	assert_int_equal(pid, 77);

	vpdn_ipc_begin(&b, VPDN_MSG_CALL_STARTED, 0, 1);
	vpdn_ipc_put_u32(&b, VPDN_TLV_PID, 77);
	vpdn_ipc_put_raw(&b, 900, "xyz", 3);
	assert_int_equal(vpdn_ipc_finish(&b), -EINVAL);
	assert_int_equal(parse_of(&m, &b), -EBADMSG);
	assert_int_equal(m.bad_tlv, 900);

	/* a known one with the bit set counts as itself */
	vpdn_ipc_begin(&b, VPDN_MSG_CALL_STARTED, 0, 1);
	vpdn_ipc_put_u32(&b, VPDN_TLV_PID | VPDN_IPC_TLV_OPTIONAL, 78);
	assert_int_equal(vpdn_ipc_finish(&b), 0);
	assert_int_equal(parse_of(&m, &b), 0);
	assert_true(vpdn_ipc_get_u32(&m, VPDN_TLV_PID, &pid));
	assert_int_equal(pid, 78);
}

static void sizes_repetitions_and_nuls_are_checked(void **state)
{
	static const struct {
		uint16_t tlv;
		const char *value;
		size_t len;
	} bad[] = {
		{ VPDN_TLV_ROLE, "", 0 }, { VPDN_TLV_ROLE, "\0\1", 2 }, { VPDN_TLV_TUNNEL_ID, "\1", 1 },
		{ VPDN_TLV_CALL_REF, "\0\0\1", 3 }, { VPDN_TLV_AGE_MS, "\0\0\0\1", 4 },
		{ VPDN_TLV_PEER_IP, "\1\2\3", 3 }, { VPDN_TLV_TEXT, "a\0b", 3 }, { VPDN_TLV_NAME, "", 1 },
	};
	static struct vpdn_ipc_builder b;
	static struct vpdn_ipc_msg m;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bad); i++) {
		vpdn_ipc_begin(&b, VPDN_MSG_SUBSCRIBER_LOCAL, 0, 1);
		vpdn_ipc_put_raw(&b, bad[i].tlv, bad[i].value, bad[i].len);
		assert_int_equal(vpdn_ipc_finish(&b), -EINVAL);
		assert_int_equal(parse_of(&m, &b), -EBADMSG);
		assert_int_equal(m.bad_tlv, bad[i].tlv);
	}
	vpdn_ipc_begin(&b, VPDN_MSG_SUBSCRIBER_LOCAL, 0, 1);
	vpdn_ipc_put_text(&b, VPDN_TLV_TEXT, "once");
	vpdn_ipc_put_text(&b, VPDN_TLV_TEXT, "twice");
	assert_int_equal(vpdn_ipc_finish(&b), -EINVAL);
	assert_int_equal(parse_of(&m, &b), -EBADMSG);
	assert_int_equal(m.bad_tlv, VPDN_TLV_TEXT);
}

static void wrong_use_of_a_builder_fails_the_message(void **state)
{
	static struct vpdn_ipc_builder b;
	static char big[VPDN_IPC_MAX_LEN];
	size_t i;

	(void)state;
	for (i = 0; i < 7; i++) {
		vpdn_ipc_begin(&b, i ? VPDN_MSG_SUBSCRIBER_LOCAL : 9999, 0, 1);
		if (i == 1)
			vpdn_ipc_put_u8(&b, VPDN_TLV_TUNNEL_ID, 1);
		if (i == 2)
			vpdn_ipc_put_text(&b, VPDN_TLV_TUNNEL_ID, "12");
		if (i == 3)
			vpdn_ipc_put_text(&b, VPDN_TLV_TEXT, NULL);
		if (i == 4)
			vpdn_ipc_put_bytes(&b, VPDN_TLV_TEXT, "a\0b", 3);
		if (i == 5)
			vpdn_ipc_put_bytes(&b, VPDN_TLV_JSON, memset(big, 'x', sizeof(big)), sizeof(big));
		if (i == 6)
			vpdn_ipc_put_u32(&b, 900, 1);
		assert_int_equal(vpdn_ipc_finish(&b), -EMSGSIZE);
	}
	/* exactly full is fine */
	vpdn_ipc_begin(&b, VPDN_MSG_CTL_REPLY, 0, 1);
	vpdn_ipc_put_bytes(&b, VPDN_TLV_JSON, big, VPDN_IPC_MAX_LEN - VPDN_IPC_HEADER_LEN - 4);
	assert_int_equal(vpdn_ipc_finish(&b), 0);
	assert_int_equal(b.w.len, VPDN_IPC_MAX_LEN);
}

static void lists_keep_their_order(void **state)
{
	static const char *const words[] = { "show", "session", "" };
	static struct vpdn_ipc_builder b;
	static struct vpdn_ipc_msg m;
	struct vpdn_ipc_iter it;
	const uint8_t *p;
	size_t len, i;

	(void)state;
	vpdn_ipc_begin(&b, VPDN_MSG_CTL_REQUEST, 0, 1);
	for (i = 0; i < COUNT(words); i++) {
		vpdn_ipc_put_text(&b, VPDN_TLV_WORD, words[i]);
		vpdn_ipc_put_bytes(&b, VPDN_TLV_OPTION, "between", 7);
	}
	assert_int_equal(vpdn_ipc_finish(&b), 0);
	assert_int_equal(parse_of(&m, &b), 0);
	vpdn_ipc_iter_init(&it, &m);
	for (i = 0; i < COUNT(words); i++) {
		assert_true(vpdn_ipc_next_of(&it, VPDN_TLV_WORD, &p, &len));
		assert_int_equal(len, strlen(words[i]));
		assert_memory_equal(p, words[i], len);
	}
	assert_false(vpdn_ipc_next_of(&it, VPDN_TLV_WORD, &p, &len));
}

static void avps_and_sources_are_taken_apart(void **state)
{
	static struct vpdn_ipc_builder b;
	static struct vpdn_ipc_msg m;
	struct in_addr a = { htonl(0x0a000000) }, got;
	uint16_t vendor, type;
	uint8_t flags, prefix;
	const uint8_t *p, *value;
	size_t len, n, cut;

	(void)state;
	vpdn_ipc_begin(&b, VPDN_MSG_SUBSCRIBER_LOCAL, 0, 1);
	vpdn_ipc_put_avp(&b, 3561, 1, VPDN_IPC_AVP_M, "c\0i", 3);
	vpdn_ipc_put_source(&b, a, 8);
	assert_int_equal(vpdn_ipc_finish(&b), 0);
	assert_int_equal(parse_of(&m, &b), 0);
	assert_true(vpdn_ipc_get_bytes(&m, VPDN_TLV_AVP, &p, &len));
	assert_true(vpdn_ipc_parse_avp(p, len, &vendor, &type, &flags, &value, &n));
	assert_int_equal(vendor, 3561);
	assert_int_equal(type, 1);
	assert_int_equal(flags, VPDN_IPC_AVP_M);
	assert_int_equal(n, 3);
	assert_memory_equal(value, "c\0i", 3);
	for (cut = 0; cut < 5; cut++) {
		uint8_t *copy = exact(p, cut);

		assert_false(vpdn_ipc_parse_avp(copy, cut, &vendor, &type, &flags, &value, &n));
		free(copy);
	}
	assert_true(vpdn_ipc_get_bytes(&m, VPDN_TLV_SOURCE, &p, &len));
	assert_true(vpdn_ipc_parse_source(p, len, &got, &prefix));
	assert_int_equal(got.s_addr, a.s_addr);
	assert_int_equal(prefix, 8);
	assert_false(vpdn_ipc_parse_source(p, len - 1, &got, &prefix));
	assert_false(vpdn_ipc_parse_source((const uint8_t *)"\1\2\3\4\x21", 5, &got, &prefix));
	assert_false(vpdn_ipc_parse_source((const uint8_t *)"\1\2\3\4\x20\0", 6, &got, &prefix));

	vpdn_ipc_begin(&b, VPDN_MSG_SUBSCRIBER_LOCAL, 0, 1);
	vpdn_ipc_put_source(&b, a, 33);
	assert_int_equal(vpdn_ipc_finish(&b), -EMSGSIZE);
}

static void counters_have_names(void **state)
{
	static struct vpdn_ipc_builder b;
	static struct vpdn_ipc_msg m;
	struct vpdn_ipc_iter it;
	uint16_t counter;
	const uint8_t *p;
	uint64_t value;
	size_t len;

	(void)state;
	vpdn_ipc_begin(&b, VPDN_MSG_L2TP_STATS, VPDN_IPC_F_REPLY, 1);
	vpdn_ipc_put_u16(&b, VPDN_TLV_TUNNEL_ID, 7);
	vpdn_ipc_put_counter(&b, VPDN_COUNTER_tx_octets, 0x123456789aull);
	vpdn_ipc_put_counter(&b, VPDN_COUNTER_control_sent, 0);
	assert_int_equal(vpdn_ipc_finish(&b), 0);
	assert_int_equal(parse_of(&m, &b), 0);
	vpdn_ipc_iter_init(&it, &m);
	assert_true(vpdn_ipc_next_of(&it, VPDN_TLV_COUNTER, &p, &len));
	assert_true(vpdn_ipc_parse_counter(p, len, &counter, &value));
	assert_int_equal(value, 0x123456789aull);
	assert_string_equal(vpdn_ipc_counter_name(counter), "tx_octets");
	assert_false(vpdn_ipc_parse_counter(p, len - 1, &counter, &value));
	assert_true(vpdn_ipc_next_of(&it, VPDN_TLV_COUNTER, &p, &len));
	assert_true(vpdn_ipc_parse_counter(p, len, &counter, &value));
	assert_int_equal(value, 0);
	assert_string_equal(vpdn_ipc_counter_name(counter), "control_sent");
	assert_null(vpdn_ipc_counter_name(0));
	assert_null(vpdn_ipc_counter_name(999));
}

static void proxy_data_travels_whole(void **state)
{
	static struct vpdn_ipc_builder b;
	static struct vpdn_ipc_msg m;
	struct vpdn_proxy p, q;

	(void)state;
	vpdn_proxy_init(&p);
	vpdn_proxy_set_lcp(&p.initial_received, "", 0);
	vpdn_proxy_set_lcp(&p.last_sent, "\3\5\xc2\x23\5", 5);
	vpdn_proxy_set_lcp(&p.last_received, "\5\6\0\0\0\1", 6);
	p.auth_type = VPDN_PROXY_AUTH_CHAP;
	p.id_present = true;
	p.id = 0;
	vpdn_proxy_set_bytes(&p.name, "a\0", 2);
	vpdn_proxy_set_bytes(&p.challenge, "\0\0\0", 3);
	vpdn_proxy_set_bytes(&p.response, "0123456789\0abcde", 16);
	vpdn_ipc_begin(&b, VPDN_MSG_SUBSCRIBER_LOCAL, 0, 1);
	assert_true(vpdn_ipc_put_proxy(&b, &p));
	assert_int_equal(vpdn_ipc_finish(&b), 0);
	assert_int_equal(parse_of(&m, &b), 0);
	assert_int_equal(vpdn_ipc_get_proxy(&m, &q), 0);
	assert_memory_equal(&p, &q, sizeof(p));

	vpdn_proxy_init(&p);
	vpdn_ipc_begin(&b, VPDN_MSG_SUBSCRIBER_LOCAL, 0, 1);
	assert_true(vpdn_ipc_put_proxy(&b, &p));
	assert_int_equal(b.w.len, VPDN_IPC_HEADER_LEN);
	assert_int_equal(vpdn_ipc_finish(&b), 0);
	assert_int_equal(parse_of(&m, &b), 0);
	assert_int_equal(vpdn_ipc_get_proxy(&m, &q), 0);
	assert_true(vpdn_proxy_empty(&q));

	vpdn_ipc_begin(&b, VPDN_MSG_SUBSCRIBER_LOCAL, 0, 1);
	vpdn_ipc_put_bytes(&b, VPDN_TLV_PROXY_AUTH_NAME, m.buf, 256);
	assert_int_equal(vpdn_ipc_finish(&b), 0);
	assert_int_equal(parse_of(&m, &b), 0);
	assert_int_equal(vpdn_ipc_get_proxy(&m, &q), -EMSGSIZE);
}

static void lines_hold_no_secret(void **state)
{
	static struct vpdn_ipc_builder b;
	static struct vpdn_ipc_msg m;
	struct in_addr a = { htonl(0xc0000201) };
	char line[400], cut[10];

	(void)state;
	vpdn_ipc_begin(&b, VPDN_MSG_SUBSCRIBER_LOCAL, 0, 12);
	vpdn_ipc_put_text(&b, VPDN_TLV_SECRET, "swordfish");
	vpdn_ipc_put_text(&b, VPDN_TLV_PROXY_AUTH_RESPONSE, "swordfish");
	vpdn_ipc_put_avp(&b, 0, VPDN_AVP_PROXY_AUTH_RESPONSE, 0, "swordfish", 9);
	vpdn_ipc_put_textf(&b, VPDN_TLV_GROUP, "%s-%d", "corp", 1);
	vpdn_ipc_put_ip4(&b, VPDN_TLV_PEER_IP, a);
	vpdn_ipc_put_u16(&b, VPDN_TLV_TUNNEL_ID, 500);
	assert_int_equal(vpdn_ipc_finish(&b), 0);
	assert_int_equal(parse_of(&m, &b), 0);
	vpdn_ipc_print(&m, line, sizeof(line));
	assert_string_equal(line, "SUBSCRIBER_LOCAL seq 12: SECRET=(9 octets) PROXY_AUTH_RESPONSE=(9 octets) "
				  "AVP=(14 octets) GROUP=\"corp-1\" PEER_IP=192.0.2.1 TUNNEL_ID=500");
	vpdn_ipc_print(&m, cut, sizeof(cut));
	assert_string_equal(cut, "SUBSCRIBE");

	vpdn_ipc_builder_wipe(&b);
	assert_int_equal(b.buf[VPDN_IPC_HEADER_LEN + 4], 0);
	vpdn_ipc_msg_wipe(&m);
	assert_int_equal(m.buf[VPDN_IPC_HEADER_LEN + 4], 0);
	assert_false(vpdn_ipc_has(&m, VPDN_TLV_SECRET));
}

static void long_formatted_text_is_cut(void **state)
{
	static struct vpdn_ipc_builder b;
	static struct vpdn_ipc_msg m;
	const uint8_t *p;
	size_t len;

	(void)state;
	vpdn_ipc_begin(&b, VPDN_MSG_SUBSCRIBER_LOCAL, 0, 1);
	vpdn_ipc_put_textf(&b, VPDN_TLV_TEXT, "%600d", 1);
	assert_int_equal(vpdn_ipc_finish(&b), 0);
	assert_int_equal(parse_of(&m, &b), 0);
	assert_true(vpdn_ipc_get_bytes(&m, VPDN_TLV_TEXT, &p, &len));
	assert_int_equal(len, 511);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_tables_are_sane),
		cmocka_unit_test(every_message_round_trips_and_needs_its_tlvs),
		cmocka_unit_test(every_tlv_round_trips),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(other_headers_are_not_ours),
		cmocka_unit_test(unknown_tlvs_are_skipped_only_when_optional),
		cmocka_unit_test(sizes_repetitions_and_nuls_are_checked),
		cmocka_unit_test(wrong_use_of_a_builder_fails_the_message),
		cmocka_unit_test(lists_keep_their_order),
		cmocka_unit_test(avps_and_sources_are_taken_apart),
		cmocka_unit_test(counters_have_names),
		cmocka_unit_test(proxy_data_travels_whole),
		cmocka_unit_test(lines_hold_no_secret),
		cmocka_unit_test(long_formatted_text_is_cut),
	};

	return cmocka_run_group_tests_name("ipc", tests, NULL, NULL);
}
