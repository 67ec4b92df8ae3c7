/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of the PPP engine of tests/bench: its automaton, the octets it sends, what it counts, and two engines talking to each other. */
#include "tests/bench/ppp.h"
#include "tests/bench/ppp_fsm.h"

#include <stdio.h>

#include "unit.h"

#define QUEUE	64

struct frame {
	uint16_t protocol;
	size_t len;
	uint8_t data[1500];
};

/* An engine and what it has sent, asked for and said. */
struct side {
	struct ppp ppp;
	struct ppp_config config;
	char reason[PPP_REASON];
	struct frame sent[QUEUE];
	unsigned int n, taken;
	int64_t timer;
	unsigned int events[PPP_OVER + 1];
};

static void keep(void *owner, uint16_t protocol, const uint8_t *packet, size_t len)
{
	struct side *s = owner;

	assert_true(s->n < QUEUE);
	s->sent[s->n].protocol = protocol;
	s->sent[s->n].len = len;
	memcpy(s->sent[s->n++].data, packet, len);
}

static void timer(void *owner, int64_t after)
{
	((struct side *)owner)->timer = after;
}

static void event(void *owner, enum ppp_event e)
{
	((struct side *)owner)->events[e]++;
}

static void begin(struct side *s, bool eager)
{
	memset(s, 0, sizeof(*s));
	s->config = (struct ppp_config){ .eager = eager, .auth = PPP_AUTH_PAP | PPP_AUTH_CHAP, .mru = 1492, .restart = 3000, .tries = 3,
					 .password = "secret", .send = keep, .timer = timer, .event = event };
	s->timer = -1;
	ppp_init(&s->ppp, &s->config, s, "bob", s->reason);
	s->ppp.magic = 0x11223344;
	ppp_up(&s->ppp);
}

static void input(struct side *s, uint16_t protocol, const char *hex)
{
	uint8_t buf[1500], *copy;
	size_t n = unhex(hex, buf, sizeof(buf));

	copy = exact(buf, n);
	ppp_input(&s->ppp, protocol, copy, n);
	free(copy);
}

/* The next frame it has sent is this one. */
static void expect(struct side *s, uint16_t protocol, const char *hex)
{
	uint8_t buf[1500];
	size_t n = unhex(hex, buf, sizeof(buf));

	assert_true(s->taken < s->n);
	assert_int_equal(s->sent[s->taken].protocol, protocol);
	assert_int_equal(s->sent[s->taken].len, n);
	assert_memory_equal(s->sent[s->taken].data, buf, n);
	s->taken++;
}

static void expect_silence(const struct side *s)
{
	assert_int_equal(s->taken, s->n);
}

/* LCP as a server negotiates it that asks for `auth`, the option's octets. */
static void open_lcp(struct side *s, const char *auth)
{
	char request[64];

	begin(s, false);
	snprintf(request, sizeof(request), "01 07 00 %02zx %s 05 06 aa bb cc dd", 10 + (strlen(auth) + 1) / 3, auth);
	input(s, PPP_LCP, request);
	expect(s, PPP_LCP, "01 01 00 0e 01 04 05 d4 05 06 11 22 33 44");
	request[1] = '2';
	expect(s, PPP_LCP, request);
	input(s, PPP_LCP, "02 01 00 0e 01 04 05 d4 05 06 11 22 33 44");
	assert_int_equal(s->events[PPP_LCP_OPEN], 1);
	assert_int_equal(s->ppp.peer_magic, 0xaabbccdd);
}

static void an_eager_engine_asks_at_once(void **state)
{
	struct side s;

	(void)state;
	begin(&s, true);
	expect(&s, PPP_LCP, "01 01 00 0e 01 04 05 d4 05 06 11 22 33 44");
	assert_int_equal(s.timer, 3000);
	begin(&s, false);
	expect_silence(&s);
	assert_int_equal(s.timer, 3000);
}

static void a_patient_engine_begins_after_an_interval(void **state)
{
	struct side s;

	(void)state;
	begin(&s, false);
	ppp_timeout(&s.ppp);
	expect(&s, PPP_LCP, "01 00 00 0e 01 04 05 d4 05 06 11 22 33 44");
	assert_int_equal(s.ppp.retransmissions[PPP_COUNT_LCP], 1);
}

static void requests_are_repeated_and_given_up(void **state)
{
	struct side s;

	(void)state;
	begin(&s, true);
	for (int i = 0; i < 2; i++) {
		ppp_timeout(&s.ppp);
		assert_int_equal(s.events[PPP_OVER], 0);
	}
	for (int i = 0; i < 3; i++)
		expect(&s, PPP_LCP, "01 01 00 0e 01 04 05 d4 05 06 11 22 33 44");
	ppp_timeout(&s.ppp);
	expect_silence(&s);
	assert_int_equal(s.events[PPP_OVER], 1);
	assert_string_equal(s.reason, "no answer to LCP");
	assert_int_equal(s.ppp.retransmissions[PPP_COUNT_LCP], 2);
	assert_int_equal(s.timer, -1);
}

/* MD5 over 05 "secret" 01 02 03 04, by another implementation. */
static void a_challenge_is_answered(void **state)
{
	struct side s;

	(void)state;
	open_lcp(&s, "03 05 c2 23 05");
	expect_silence(&s);
	input(&s, PPP_CHAP, "01 05 00 0c 04 01 02 03 04 6c 6e 73");
	expect(&s, PPP_CHAP, "02 05 00 18 10 58 4b 7e 61 ad e0 4c 97 4f 8b f5 88 5a 1e 29 28 62 6f 62");
	assert_int_equal(s.events[PPP_CREDENTIALS_SENT], 1);
	input(&s, PPP_CHAP, "01 05 00 0c 04 01 02 03 04 6c 6e 73");	/* the LNS takes its time */
	assert_int_equal(s.ppp.peer_retransmissions[PPP_COUNT_AUTH], 1);
	assert_int_equal(s.events[PPP_CREDENTIALS_SENT], 1);
	s.taken++;
	input(&s, PPP_CHAP, "03 04 00 04");				/* of another challenge */
	assert_int_equal(s.events[PPP_AUTHENTICATED], 0);
	input(&s, PPP_IPCP, "01 01 00 0a 03 06 0a 00 00 01");		/* too early */
	expect_silence(&s);
	input(&s, PPP_CHAP, "03 05 00 04");
	assert_int_equal(s.events[PPP_AUTHENTICATED], 1);
	expect(&s, PPP_IPCP, "01 01 00 0a 03 06 00 00 00 00");
}

static void a_failure_is_the_reason(void **state)
{
	struct side s;

	(void)state;
	open_lcp(&s, "03 05 c2 23 05");
	input(&s, PPP_CHAP, "01 05 00 0c 04 01 02 03 04 6c 6e 73");
	input(&s, PPP_CHAP, "04 05 00 06 6e 6f");
	assert_int_equal(s.events[PPP_OVER], 0);
	input(&s, PPP_LCP, "05 09 00 08 62 79 65 21");
	assert_int_equal(s.events[PPP_OVER], 1);
	assert_string_equal(s.reason, "CHAP Failure: no");
	s.taken++;
	expect(&s, PPP_LCP, "06 09 00 04");
}

static void pap_is_repeated_with_new_identifiers(void **state)
{
	struct side s;

	(void)state;
	open_lcp(&s, "03 04 c0 23");
	expect(&s, PPP_PAP, "01 01 00 0f 03 62 6f 62 06 73 65 63 72 65 74");
	assert_int_equal(s.timer, 3000);
	ppp_timeout(&s.ppp);
	expect(&s, PPP_PAP, "01 02 00 0f 03 62 6f 62 06 73 65 63 72 65 74");
	assert_int_equal(s.ppp.retransmissions[PPP_COUNT_AUTH], 1);
	input(&s, PPP_PAP, "02 01 00 05 00");		/* whoever held the first one answers that */
	assert_int_equal(s.events[PPP_AUTHENTICATED], 1);
	expect(&s, PPP_IPCP, "01 01 00 0a 03 06 00 00 00 00");

	open_lcp(&s, "03 04 c0 23");
	input(&s, PPP_PAP, "03 01 00 08 03 62 61 64");
	assert_string_equal(s.reason, "PAP Authenticate-Nak: bad");
	assert_int_equal(s.timer, -1);
}

/* MS-CHAPv2 is answered with a Nak that wants CHAP with MD5; compression of the header, multilink and what nobody knows are rejected first. */
static void what_is_not_wanted_is_refused(void **state)
{
	struct side s;

	(void)state;
	begin(&s, true);
	s.taken = s.n;
	input(&s, PPP_LCP, "01 01 00 09 03 05 c2 23 81");
	expect(&s, PPP_LCP, "03 01 00 09 03 05 c2 23 05");
	input(&s, PPP_LCP, "01 02 00 14 03 05 c2 23 81 07 02 08 02 11 04 05 dc fe 03 01");
	expect(&s, PPP_LCP, "04 02 00 0f 07 02 08 02 11 04 05 dc fe 03 01");
	s.config.auth = PPP_AUTH_PAP;
	input(&s, PPP_LCP, "01 03 00 09 03 05 c2 23 05");
	expect(&s, PPP_LCP, "03 03 00 08 03 04 c0 23");
	assert_int_equal(s.events[PPP_LCP_OPEN], 0);
}

static void ours_may_be_refused_too(void **state)
{
	struct side s;

	(void)state;
	begin(&s, true);
	s.taken = s.n;
	input(&s, PPP_LCP, "03 01 00 08 01 04 05 78");
	expect(&s, PPP_LCP, "01 02 00 0e 01 04 05 78 05 06 11 22 33 44");
	input(&s, PPP_LCP, "04 02 00 0a 05 06 11 22 33 44");
	expect(&s, PPP_LCP, "01 03 00 08 01 04 05 78");
	input(&s, PPP_LCP, "02 02 00 0e 01 04 05 78 05 06 11 22 33 44");	/* of an earlier request */
	input(&s, PPP_LCP, "02 03 00 08 01 04 05 dc");				/* not what was asked for */
	assert_int_equal(s.ppp.lcp.state, PPP_REQ_SENT);
	assert_int_equal(s.ppp.malformed, 1);
	input(&s, PPP_LCP, "02 03 00 08 01 04 05 78");
	assert_int_equal(s.ppp.lcp.state, PPP_ACK_RCVD);
}

static void open_all(struct side *s)
{
	open_lcp(s, "03 05 c2 23 05");
	input(s, PPP_CHAP, "01 05 00 0c 04 01 02 03 04 6c 6e 73");
	input(s, PPP_CHAP, "03 05 00 04");
	input(s, PPP_IPCP, "01 01 00 10 02 06 00 2d 0f 01 03 06 0a 00 00 01");
	s->taken = s->n - 1;
	expect(s, PPP_IPCP, "04 01 00 0a 02 06 00 2d 0f 01");
	input(s, PPP_IPCP, "03 01 00 0a 03 06 0a 00 00 09");
	expect(s, PPP_IPCP, "01 02 00 0a 03 06 0a 00 00 09");
	input(s, PPP_IPCP, "01 02 00 0a 03 06 0a 00 00 01");
	expect(s, PPP_IPCP, "02 02 00 0a 03 06 0a 00 00 01");
	assert_false(ppp_is_open(&s->ppp));
	input(s, PPP_IPCP, "02 02 00 0a 03 06 0a 00 00 09");
	assert_true(ppp_is_open(&s->ppp));
	assert_int_equal(s->events[PPP_IPCP_OPEN], 1);
	assert_int_equal(s->ppp.address, 0x0a000009);
	assert_int_equal(s->ppp.peer_address, 0x0a000001);
	assert_int_equal(s->timer, -1);
	expect_silence(s);
}

static void an_open_link(void **state)
{
	struct side s;

	(void)state;
	open_all(&s);
	input(&s, PPP_LCP, "09 21 00 0c aa bb cc dd 01 02 03 04");
	expect(&s, PPP_LCP, "0a 21 00 0c 11 22 33 44 01 02 03 04");
	input(&s, 0x80fd, "01 01 00 0a 1a 04 78 00 18 04");
	expect(&s, PPP_LCP, "08 02 00 10 80 fd 01 01 00 0a 1a 04 78 00 18 04");
	input(&s, PPP_LCP, "01 09 00 0f 03 05 c2 23 05 05 06 aa bb cc ee 00 00");	/* renegotiated, with padding */
	assert_false(ppp_is_open(&s.ppp));
	expect(&s, PPP_LCP, "01 03 00 0e 01 04 05 d4 05 06 11 22 33 44");
	expect(&s, PPP_LCP, "02 09 00 0f 03 05 c2 23 05 05 06 aa bb cc ee");
	input(&s, PPP_LCP, "02 03 00 0e 01 04 05 d4 05 06 11 22 33 44");
	assert_int_equal(s.events[PPP_LCP_OPEN], 2);
	assert_false(s.ppp.authenticated);
}

static void it_is_ended_by_us(void **state)
{
	struct side s;

	(void)state;
	open_all(&s);
	ppp_terminate(&s.ppp);
	expect(&s, PPP_LCP, "05 02 00 04");
	ppp_timeout(&s.ppp);
	expect(&s, PPP_LCP, "05 02 00 04");
	assert_int_equal(s.ppp.retransmissions[PPP_COUNT_TERMINATE], 1);
	input(&s, PPP_LCP, "06 02 00 04");
	assert_int_equal(s.events[PPP_TERMINATED], 1);
	assert_string_equal(s.reason, "");

	open_all(&s);
	ppp_terminate(&s.ppp);
	for (int i = 0; i < 3; i++)
		ppp_timeout(&s.ppp);
	assert_int_equal(s.events[PPP_TERMINATED], 1);
	assert_string_equal(s.reason, "no Terminate-Ack");
}

static void it_is_ended_by_the_peer(void **state)
{
	struct side s;

	(void)state;
	open_all(&s);
	input(&s, PPP_LCP, "05 07 00 08 62 79 65 0a");
	expect(&s, PPP_LCP, "06 07 00 04");
	assert_int_equal(s.events[PPP_OVER], 1);
	assert_string_equal(s.reason, "Terminate-Request: bye\\x0a");
}

/* After proxy AVPs nothing is said: the LNS answers the credentials it was given, or negotiates again. */
static void a_proxied_link(void **state)
{
	struct side s;

	(void)state;
	begin(&s, true);
	ppp_init(&s.ppp, &s.config, &s, "bob", s.reason);
	s.n = s.taken = 0;
	ppp_up_proxied(&s.ppp, 0x11223344, 0xaabbccdd, PPP_CHAP, 6);
	assert_int_equal(s.events[PPP_CREDENTIALS_SENT], 1);
	expect_silence(&s);
	input(&s, PPP_CHAP, "03 06 00 04");
	assert_int_equal(s.events[PPP_AUTHENTICATED], 1);
	assert_int_equal(s.events[PPP_LCP_OPEN], 0);
	expect(&s, PPP_IPCP, "01 01 00 0a 03 06 00 00 00 00");
}

static void damaged_packets_are_counted(void **state)
{
	static const char *const packets[] = { "", "01", "01 01 00 03", "01 01 00 08 01 04 05", "01 01 00 08 01 05 05 d4", "01 01 00 06 01 01" };
	struct side s;

	(void)state;
	begin(&s, true);
	s.taken = s.n;
	for (size_t i = 0; i < COUNT(packets); i++) {
		input(&s, PPP_LCP, packets[i]);
		assert_int_equal(s.ppp.malformed, i + 1);
	}
	expect_silence(&s);
	open_lcp(&s, "03 05 c2 23 05");
	input(&s, PPP_CHAP, "01 05 00 08 05 01 02 03");		/* a challenge of five octets in three */
	input(&s, PPP_CHAP, "01 05 00 05 00");
	assert_int_equal(s.ppp.malformed, 2);
	expect_silence(&s);
}

/* Two of them without authentication: whoever waits, both get to IPCP. */
static void two_engines_open_a_link(void **state)
{
	(void)state;
	for (int who = 1; who < 4; who++) {
		struct side *s = calloc(2, sizeof(*s));

		begin(&s[0], who & 1);
		begin(&s[1], who & 2);
		for (int i = 0; i < 2; i++)
			s[i].config.auth = 0;
		for (bool busy = true; busy;) {
			busy = false;
			for (int i = 0; i < 2; i++) {
				for (; s[i].taken < s[i].n; busy = true) {
					const struct frame *f = &s[i].sent[s[i].taken++];

					ppp_input(&s[!i].ppp, f->protocol, f->data, f->len);
				}
			}
		}
		for (int i = 0; i < 2; i++) {
			assert_true(ppp_is_open(&s[i].ppp));
			assert_int_equal(s[i].timer, -1);
			assert_int_equal(s[i].ppp.malformed, 0);
			for (int c = 0; c < PPP_COUNTS; c++)
				assert_int_equal(s[i].ppp.retransmissions[c] + s[i].ppp.peer_retransmissions[c], 0);
		}
		free(s);
	}
}

/* Every state and event has its row, and its actions are possible ones. */
static void the_table(void **state)
{
	(void)state;
	for (int s = 0; s < PPP_STATES; s++) {
		for (int e = 0; e < PPP_FSM_EVENTS; e++) {
			const struct ppp_step *p = &ppp_fsm_table[s][e];

			assert_true(p->next < PPP_STATES);
			assert_int_equal(!!(p->actions & ACT_TLU), s != PPP_OPENED && p->next == PPP_OPENED);
			if (p->actions & ACT_TLD)
				assert_true(s == PPP_OPENED && p->next != PPP_OPENED);
			if (p->actions & (ACT_OVER | ACT_TERMINATED))
				assert_int_equal(p->next, PPP_CLOSED);
			assert_false((p->actions & ACT_SCA) && (p->actions & ACT_SCN));
			if (e == EV_RCR_GOOD && s != PPP_CLOSED && s != PPP_CLOSING)
				assert_true(p->actions & ACT_SCA);
			if (e == EV_RTR)
				assert_true(p->actions & ACT_STA);
			if (e == EV_EXPIRED)
				assert_false(p->actions & (ACT_SCR | ACT_STR));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_eager_engine_asks_at_once),
		cmocka_unit_test(a_patient_engine_begins_after_an_interval),
		cmocka_unit_test(requests_are_repeated_and_given_up),
		cmocka_unit_test(a_challenge_is_answered),
		cmocka_unit_test(a_failure_is_the_reason),
		cmocka_unit_test(pap_is_repeated_with_new_identifiers),
		cmocka_unit_test(what_is_not_wanted_is_refused),
		cmocka_unit_test(ours_may_be_refused_too),
		cmocka_unit_test(an_open_link),
		cmocka_unit_test(it_is_ended_by_us),
		cmocka_unit_test(it_is_ended_by_the_peer),
		cmocka_unit_test(a_proxied_link),
		cmocka_unit_test(damaged_packets_are_counted),
		cmocka_unit_test(two_engines_open_a_link),
		cmocka_unit_test(the_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
