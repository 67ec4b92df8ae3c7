/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tests of radius_client.c against a server's socket: more requests than there are identifiers, answers that belong to another
 * request, and what is and is not held against a server.
 */
#include "radius_server.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <time.h>

#include "glue/radius_client.h"

static struct vpdnd d;
static struct vpdn_radius_client *client;
static int server;
static struct request seen[VPDN_RADIUS_EXCHANGES_MAX];
static size_t n_seen;

/* What has become of each request, by its number. */
static struct {
	struct vpdn_radius_exchange *x;
	unsigned int replies;
	char wrong[128];		/* "": it was answered */
} asked[VPDN_RADIUS_EXCHANGES_MAX + 1];

static void start(const char *more)
{
	d.base = event_base_new();
	server = server_open(&d.config, more);
	client = vpdn_radius_client_new(&d, VPDN_RADIUS_ACCT);
	assert_non_null(client);
	memset(asked, 0, sizeof(asked));
	n_seen = 0;
}

static int tear_down(void **state)
{
	(void)state;
	vpdn_radius_client_free(client);
	close(server);
	vpdn_config_put(d.config);
	event_base_free(d.base);
	return 0;
}

static void on_reply(void *arg, const struct vpdn_radius_reply *reply)
{
	size_t i = (size_t)(uintptr_t)arg;

	asked[i].replies++;
	snprintf(asked[i].wrong, sizeof(asked[i].wrong), "%s", reply->wrong ? reply->wrong : "");
}

static int ask(uint32_t i)
{
	struct vpdn_writer w;
	uint8_t buf[16];

	vpdn_writer_init(&w, buf, sizeof(buf));
	vpdn_radius_put_u32(&w, VPDN_RADIUS_NAS_PORT, i);
	return vpdn_radius_send(client, d.config, w.buf, w.len, 0, on_reply, (void *)(uintptr_t)i, &asked[i].x);
}

/* Until something has come that is waited for. */
#define AWAIT(condition)									\
	do {											\
		for (unsigned int tries = 0; !(condition) && tries < 5000; tries++) {		\
			event_base_loop(d.base, EVLOOP_NONBLOCK);				\
			while (n_seen < COUNT(seen) && server_read(server, &seen[n_seen]))	\
				n_seen++;							\
			nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);		\
		}										\
		assert_true(condition);								\
	} while (0)

static json_int_t shown(const char *key)
{
	json_t *rows = vpdn_radius_client_show(client);
	json_int_t v = json_integer_value(json_object_get(json_array_get(rows, 0), key));

	json_decref(rows);
	return v;
}

static bool is(const char *state, const char *error)
{
	json_t *rows = vpdn_radius_client_show(client);
	const char *last = json_string_value(json_object_get(json_array_get(rows, 0), "last_error"));
	bool ok = !strcmp(json_string_value(json_object_get(json_array_get(rows, 0), "state")), state) && !strcmp(last ? last : "", error);

	json_decref(rows);
	return ok;
}

/* An identifier has 8 bits; a request is told by its socket, too. */
static void more_requests_than_identifiers(void **state)
{
	const size_t n = VPDN_RADIUS_EXCHANGES_MAX;

	(void)state;
	start("timeout = 10");
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(ask(i), 0);
	assert_int_equal(ask((uint32_t)n), -EBUSY);
	AWAIT(n_seen == n);
	/* Each is answered to another one's socket first, and those who come last are answered first. */
	for (size_t i = 0; i < n; i++)
		server_answer(server, &seen[i], &seen[(i + 1) % n].from, SERVER_SECRET);
	AWAIT(shown("wrong_answers") == (json_int_t)n);
	for (size_t i = n; i--;)
		server_answer(server, &seen[i], &seen[i].from, SERVER_SECRET);
	AWAIT(shown("answered") == (json_int_t)n);
	for (size_t i = 0; i < n; i++)
		assert_true(asked[i].replies == 1 && !*asked[i].wrong);
	assert_int_equal(ask(0), 0);
}

/* An answer comes twice, and one to a request that was given up. */
static void answers_that_nobody_waits_for(void **state)
{
	(void)state;
	start("timeout = 10");
	ask(0);
	ask(1);
	AWAIT(n_seen == 2);
	vpdn_radius_cancel(asked[seen[1].port].x);
	for (int i = 0; i < 2; i++) {
		server_answer(server, &seen[0], &seen[0].from, SERVER_SECRET);
		AWAIT(shown("answered") == 1);
	}
	server_answer(server, &seen[1], &seen[1].from, SERVER_SECRET);
	ask(2);
	AWAIT(n_seen == 3);
	server_answer(server, &seen[2], &seen[2].from, SERVER_SECRET);
	AWAIT(shown("answered") == 2);
	assert_true(asked[seen[0].port].replies == 1 && asked[seen[1].port].replies == 0 && asked[2].replies == 1);
	assert_int_equal(shown("wrong_answers"), 0);
}

/* Its secret is another: that is said, not that it were silent. */
static void a_server_whose_answers_do_not_count(void **state)
{
	static const char why[] = "no answer that counts: wrong Response Authenticator: forged, or made with another secret";

	(void)state;
	start("timeout = 1 retries = 0");
	ask(0);
	AWAIT(n_seen == 1);
	server_answer(server, &seen[0], &seen[0].from, "another");
	AWAIT(asked[0].replies);
	assert_string_equal(asked[0].wrong, why);
	assert_true(is("down", why));
	assert_int_equal(shown("timeouts"), 1);
}

/* This host has no descriptor left: no server is left out for it. */
static void what_this_host_cannot_do(void **state)
{
	struct rlimit before, none;
	int fd;

	(void)state;
	start("timeout = 10");
	fd = open("/dev/null", O_RDONLY);	/* the lowest that is free */
	close(fd);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = (rlim_t)fd;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	ask(0);
	for (int i = 0; i < 10 && !asked[0].replies; i++)
		event_base_loop(d.base, EVLOOP_NONBLOCK);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_string_equal(asked[0].wrong, strerror(EMFILE));
	assert_true(is("not asked yet", ""));
	assert_int_equal(shown("failed"), 0);
	ask(1);
	AWAIT(n_seen == 1);
	server_answer(server, &seen[0], &seen[0].from, SERVER_SECRET);
	AWAIT(asked[1].replies);
	assert_true(is("up", ""));
}

#define TEST(f)	cmocka_unit_test_teardown(f, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(more_requests_than_identifiers),
		TEST(answers_that_nobody_waits_for),
		TEST(a_server_whose_answers_do_not_count),
		TEST(what_this_host_cannot_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
