/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_asked.c - a call, and vpdnctl explain, while a source outside of vpdnd thinks: everybody may go meanwhile, time ends, the
 * configuration changes. A whole daemon, as in test_vpdnd_lac.c, that asks over real HTTP; the test is the server.
 */
#include "unit.h"

static char conf[1024];

#define ACCEPT_BLOCKS 0
#define CONFIG conf
#include "vpdnd_peer.h"

#define FORWARD	"{\"result\":\"forward\",\"text\":\"to one\",\"tunnels\":[{\"server_endpoint\":\"192.0.2.7\",\"client_auth_id\":\"LAC7\",\"server_auth_id\":\"LNS7\",\"assignment_id\":\"gold\",\"password\":\"" SECRET "\"}]}"

static struct sockaddr_in at = { .sin_family = AF_INET };

/* A port of this host that is free, and the configuration that has it. */
static void write_conf(const char *more)
{
	snprintf(conf, sizeof(conf),
		 "sources = { http, local }\n"
		 "http { url = { \"http://127.0.0.1:%u/\" } timeout = 10 url-timeout = 10 cache-time = 0 stale-if-error = 0 }\n"
		 "vpdn-group corp { request-dialin { protocol = l2tp domain = { \"example.com\" } }\n"
		 "  initiate-to \"192.0.2.2\" { }\n  tunnel-password = \"" SECRET "\"\n}\n%s", ntohs(at.sin_port), more);
}

static int make_conf(void **state)
{
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	close(fd);
	write_conf("");
	return make_dir(state);
}

static int server(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(fd, 8), 0);
	return fd;
}

/* The next question: its connection, and its text up to the end of its JSON. */
static int asked(int listening, char *text, size_t size)
{
	size_t have = 0;
	ssize_t n;
	int fd;

	if (!readable(listening, WAIT_MS))
		fail_msg("nobody asks");
	fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
	assert_true(fd >= 0);
	do {
		assert_true(readable(fd, WAIT_MS));
		n = read(fd, text + have, size - 1 - have);
		assert_true(n > 0);
		have += (size_t)n;
		text[have] = '\0';
	} while (!strstr(text, "\r\n\r\n") || text[have - 1] != '}');
	return fd;
}

static void answers(int fd, const char *json)
{
	char text[1024];
	int n = snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
			 strlen(json), json);

	assert_int_equal(write(fd, text, (size_t)n), n);
	close(fd);
}

/* vpdnd has given the question up. */
static void expect_given_up(int fd)
{
	char c;

	assert_true(readable(fd, WAIT_MS));
	assert_true(read(fd, &c, 1) <= 0);
	close(fd);
}

static void a_call_waits_for_its_answer(void **state)
{
	char text[8192];
	int http = server(), l2tp = module(), fd = subscriber("alice@example.org"), q = asked(http, text, sizeof(text));
	uint32_t ref;

	(void)state;
	assert_has(text, "\"domain\":\"example.org\"");
	assert_null(strstr(text, RESPONSE));
	assert_has(COMMAND("show", "session"), "\"state\":\"asked\"");
	expect_quiet(fd);
	answers(q, FORWARD);
	ref = placed(l2tp, "192.0.2.7");
	assert_text(VPDN_TLV_LOCAL_NAME, "LAC7");
	assert_text(VPDN_TLV_REMOTE_NAME, "LNS7");
	assert_text(VPDN_TLV_TUNNEL_ASSIGNMENT, "gold");
	assert_text(VPDN_TLV_SECRET, SECRET);
	assert_text(VPDN_TLV_PROXY_AUTH_RESPONSE, RESPONSE);
	assert_has(COMMAND("show", "session", "1"), "source http: forward");
	assert_has(COMMAND("show", "aaa"), "\"peers\":[{\"group\":\"http:example.org\",\"ip\":\"192.0.2.7\",\"port\":1701,\"sessions\":1,\"placed\":1,"
					   "\"failed\":0,\"dead_s\":0,\"state\":\"ready\"}]");
	cleared(l2tp, ref, VPDN_STAGE_CALL, VPDN_BY_PEER, 3);
	expect_reject(fd, "192.0.2.7");
	close(l2tp);
	close(http);
}

static void who_waits_may_go(void **state)
{
	char text[8192];
	int http = server(), l2tp = module(), fd, q;

	(void)state;
	/* The subscriber. */
	fd = subscriber(ALICE);
	q = asked(http, text, sizeof(text));
	close(fd);
	expect_given_up(q);
	/* By an administrator. */
	fd = subscriber(ALICE);
	q = asked(http, text, sizeof(text));
	assert_has(COMMAND("clear", "session", "2"), "\"cleared\":2");
	expect_reject(fd, "cleared by an administrator");
	expect_given_up(q);
	/* xl2tpd: nobody has needed it yet, and a local subscriber never does. */
	fd = subscriber(ALICE);
	q = asked(http, text, sizeof(text));
	close(l2tp);
	expect_quiet(fd);
	answers(q, "{\"result\":\"local\"}");
	expect(fd, VPDN_MSG_SUBSCRIBER_LOCAL);
	expect_end(fd);
	assert_has(COMMAND("show", "session"), "\"sessions\":[]");
	close(http);
}

static void stopping_refuses_who_waits(void **state)
{
	char text[8192];
	int http = server(), fd = subscriber(ALICE), q = asked(http, text, sizeof(text)), ctl;

	(void)state;
	ctl = REQUEST("explain", ALICE);
	close(asked(http, text, sizeof(text)));
	assert_has(json(ctl), "source http: unavailable");
	kill(daemon_pid, SIGTERM);
	expect_reject(fd, "vpdnd is stopping");
	expect_given_up(q);
	assert_int_equal(stop_daemon(WAIT_MS), 0);
	close(http);
}

static void a_reload_goes_by_the_old_for_those_who_wait(void **state)
{
	char text[8192];
	int http = server(), l2tp = module(), fd = subscriber(ALICE), q = asked(http, text, sizeof(text));
	uint32_t ref;

	(void)state;
	write_file(config_path, "# empty\n");
	assert_has(COMMAND("reload"), "\"reloaded\"");
	expect(l2tp, VPDN_MSG_L2TP_CONFIG_BEGIN);
	expect(l2tp, VPDN_MSG_L2TP_CONFIG_END);
	answers(q, "{\"result\":\"nothing\"}");
	ref = placed(l2tp, "192.0.2.2");
	cleared(l2tp, ref, VPDN_STAGE_CALL, VPDN_BY_PEER, 3);
	expect_reject(fd, "192.0.2.2");
	fd = subscriber(ALICE);
	expect(fd, VPDN_MSG_SUBSCRIBER_LOCAL);
	expect_end(fd);
	close(l2tp);
	close(http);
}

/* The server is silent: half of the time credentials are held is left to place the call, or the subscriber is refused. */
static void silence_is_not_waited_for_longer_than_half_of_the_time(void **state)
{
	char text[8192];
	uint64_t start = now_ms();
	int http = server(), l2tp = module(), fd = subscriber_for(ALICE, 6000), q = asked(http, text, sizeof(text));
	uint32_t ref = placed(l2tp, "192.0.2.2");

	(void)state;
	assert_in_range(now_ms() - start, 1500, 2900);
	expect_given_up(q);
	cleared(l2tp, ref, VPDN_STAGE_CALL, VPDN_BY_PEER, 3);
	expect_reject(fd, "192.0.2.2");
	write_conf("aaa-failure = closed\n");
	write_file(config_path, conf);
	write_conf("");
	assert_has(COMMAND("reload"), "\"reloaded\"");
	start = now_ms();
	fd = subscriber_for(ALICE, 6000);
	expect_reject(fd, "source http is unavailable");
	assert_in_range(now_ms() - start, 1500, 2900);
	assert_has(COMMAND("show"), "\"refused: by a source of authorization, or without it\",\"value\":1");
	close(l2tp);
	close(http);
}

static unsigned int times_logged(const char *what)
{
	char line[4096];
	FILE *f = fopen(log_path, "r");
	unsigned int n = 0;

	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		n += strstr(line, what) != NULL;
	fclose(f);
	return n;
}

/* Nobody listens there at first. Each change is said once, whatever the number of calls. */
static void a_change_is_said_once(void **state)
{
	char text[8192];
	int http, fd;

	(void)state;
	for (int i = 0; i < 3; i++) {
		fd = subscriber("bob@example.net");
		expect(fd, VPDN_MSG_SUBSCRIBER_LOCAL);
		expect_end(fd);
	}
	assert_int_equal(times_logged("source http is unavailable: "), 1);
	assert_has(COMMAND("show", "aaa"), "\"state\":\"down\"");
	http = server();
	for (int i = 0; i < 3; i++) {
		/* The URL itself is left alone for a while. */
		for (int round = 0; round < 100; round++) {
			fd = subscriber("bob@example.net");
			if (readable(http, 200))
				break;
			expect(fd, VPDN_MSG_SUBSCRIBER_LOCAL);
			expect_end(fd);
		}
		answers(asked(http, text, sizeof(text)), "{\"result\":\"nothing\"}");
		expect(fd, VPDN_MSG_SUBSCRIBER_LOCAL);
		expect_end(fd);
	}
	assert_int_equal(times_logged("source http is unavailable: "), 1);
	assert_int_equal(times_logged("source http answers again: "), 1);
	assert_has(COMMAND("show", "aaa"), "\"state\":\"up\"");
	close(http);
}

static void explain_asks_too(void **state)
{
	char text[8192];
	int http = server(), one, two, q, r;
	const char *o;

	(void)state;
	one = REQUEST("explain", "alice@example.org", "dnis", "614629");
	q = asked(http, text, sizeof(text));
	assert_has(text, "614629");
	two = REQUEST("explain", "bob");
	r = asked(http, text, sizeof(text));
	/* Others are served meanwhile, and who goes is not answered. */
	assert_has(COMMAND("show", "session"), "\"sessions\":[]");
	close(two);
	expect_given_up(r);
	answers(q, FORWARD);
	o = json(one);
	assert_has(o, "\"source http: forward (");
	assert_has(o, "\"outcome\":\"reject\",\"reason\":\"xl2tpd is not connected\",\"group\":\"http:");
	assert_has(o, "\"ip\":\"192.0.2.7\"");
	assert_null(strstr(o, SECRET));
	one = REQUEST("explain", "alice@example.org");
	answers(asked(http, text, sizeof(text)), "{\"result\":\"reject\",\"text\":\"not paid\"}");
	o = json(one);
	assert_has(o, "\"outcome\":\"reject\",\"reason\":\"source http says so");
	assert_has(o, "not paid");
	close(http);
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, start_daemon, end_daemon)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_call_waits_for_its_answer),
		TEST(who_waits_may_go),
		TEST(stopping_refuses_who_waits),
		TEST(a_reload_goes_by_the_old_for_those_who_wait),
		TEST(silence_is_not_waited_for_longer_than_half_of_the_time),
		TEST(a_change_is_said_once),
		TEST(explain_asks_too),
	};

	return cmocka_run_group_tests(tests, make_conf, remove_dir);
}
