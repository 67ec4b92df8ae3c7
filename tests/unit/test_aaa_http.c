/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_aaa_http.c - the source http as aaa.h wants it, where that is hard to bring about from outside: more questions than are
 * under way at once, and what is given up or changed meanwhile. Its server is a socket that nobody reads from.
 */
#include "glue/aaa.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "unit_config.h"

#define UNDER_WAY	64u		/* aaa_http.c */
#define LONG_MS		3000u
#define SHORT_MS	40u		/* too short to ask anybody when its turn comes */

static struct vpdnd d;
static int listening;
static void *source;
static unsigned int answered;
static char last[sizeof(((struct vpdn_answer *)0)->text)];

static void on_answer(void *arg, const struct vpdn_answer *a)
{
	(void)arg;
	answered++;
	assert_int_equal(a->verdict, VPDN_VERDICT_UNAVAILABLE);
	strcpy(last, a->text);
}

static int set_up(void **state)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	char conf[256];

	(void)state;
	listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(listening, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(listening, 128), 0);
	assert_int_equal(getsockname(listening, (struct sockaddr *)&at, &len), 0);
	snprintf(conf, sizeof(conf), "sources = { http }\nhttp { url = { \"http://127.0.0.1:%u/\" } timeout = 3 }\n", ntohs(at.sin_port));
	d = (struct vpdnd){ .base = event_base_new(), .config = config(conf) };
	source = vpdn_source_http.start(&d);
	assert_non_null(source);
	answered = 0;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	vpdn_source_http.stop(source);
	vpdn_config_put(d.config);
	event_base_free(d.base);
	close(listening);
	return 0;
}

/* A question of its own for each number. */
static void *ask(unsigned int number, unsigned int timeout_ms)
{
	static struct vpdn_question q;
	struct vpdn_query query = { .config = d.config, .q = &q, .kind = VPDN_KEY_DOMAIN, .key = q.domain, .timeout_ms = timeout_ms };
	char user[64];
	void *handle = NULL;

	snprintf(user, sizeof(user), "alice@%u.example", number);
	q = (struct vpdn_question){ 0 };
	assert_null(vpdn_question_set(&q, "user", user));
	vpdn_question_complete(&q, d.config);
	assert_int_equal(vpdn_source_http.ask(source, &query, on_answer, NULL, &handle), 0);
	return handle;
}

/* Who gives a question up is in the midst of something: nobody else is answered within that. */
static void giving_up_answers_nobody(void **state)
{
	void *first[UNDER_WAY], *waits;

	(void)state;
	for (unsigned int i = 0; i < UNDER_WAY; i++)
		first[i] = ask(i, LONG_MS);
	waits = ask(UNDER_WAY, SHORT_MS);
	assert_non_null(waits);
	assert_int_equal(answered, 0);
	vpdn_source_http.cancel(first[0]);
	assert_int_equal(answered, 0);
	event_base_loop(d.base, EVLOOP_ONCE);
	assert_int_equal(answered, 1);
	assert_string_equal(last, "there was no time to ask");
	for (unsigned int i = 1; i < UNDER_WAY; i++)
		vpdn_source_http.cancel(first[i]);
	assert_int_equal(answered, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(giving_up_answers_nobody, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
