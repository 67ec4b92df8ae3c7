/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tests of acct_queue.c: in which order records reach a RADIUS server, how many wait, and that what an event costs does not grow with
 * those that do. The server is a socket here, the packets are those of radius_client.c.
 */
#include "unit_config.h"

#include <arpa/inet.h>
#include <md5.h>
#include <sys/socket.h>
#include <time.h>

#include "glue/acct_queue.h"
#include "glue/config_radius.h"
#include "radius.h"

#define SECRET		"testing123"
#define AT_ONCE		32u	/* that acct_queue.c has under way */
#define SEEN_MAX	40000u

static struct vpdnd d;
static struct vpdn_acct_queue *queue;
static struct event *on_server;
static int server;
static unsigned int emptied;

/* What has come to the server, and who is to be answered. */
static struct request {
	uint8_t id, authenticator[VPDN_RADIUS_AUTHENTICATOR_LEN];
	uint32_t lane, number;
	struct sockaddr_in from;
	bool answered;
} seen[SEEN_MAX];
static size_t n_seen;
static bool answers_lane[SEEN_MAX];	/* at once */

static void answer(struct request *r)
{
	uint8_t head[4] = { VPDN_RADIUS_ACCOUNTING_RESPONSE, r->id, 0, VPDN_RADIUS_HEADER_LEN }, out[VPDN_RADIUS_HEADER_LEN];
	MD5_CTX ctx;

	MD5Init(&ctx);
	MD5Update(&ctx, head, sizeof(head));
	MD5Update(&ctx, r->authenticator, sizeof(r->authenticator));
	MD5Update(&ctx, (const uint8_t *)SECRET, strlen(SECRET));
	memcpy(out, head, sizeof(head));
	MD5Final(out + sizeof(head), &ctx);
	assert_int_equal(sendto(server, out, sizeof(out), 0, (struct sockaddr *)&r->from, sizeof(r->from)), sizeof(out));
	r->answered = true;
}

static void on_request(evutil_socket_t fd, short what, void *arg)
{
	struct request *r = &seen[n_seen];
	socklen_t size = sizeof(r->from);
	struct vpdn_reader reader;
	const uint8_t *value;
	uint8_t buf[512], type;
	ssize_t n = recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&r->from, &size);
	size_t len;

	(void)what, (void)arg;
	assert_true(n > (ssize_t)VPDN_RADIUS_HEADER_LEN && n_seen + 1 < SEEN_MAX);
	r->id = buf[1];
	memcpy(r->authenticator, buf + 4, sizeof(r->authenticator));
	r->answered = false;
	vpdn_reader_init(&reader, buf + VPDN_RADIUS_HEADER_LEN, (size_t)n - VPDN_RADIUS_HEADER_LEN);
	while (vpdn_radius_next(&reader, &type, &value, &len)) {
		if (type == VPDN_RADIUS_NAS_PORT) {
			r->lane = (uint32_t)(value[0] << 8 | value[1]);
			r->number = (uint32_t)(value[2] << 8 | value[3]);
		}
	}
	n_seen++;
	if (answers_lane[r->lane])
		answer(r);
}

static void on_empty(void *arg)
{
	(void)arg;
	emptied++;
}

static int set_up(void **state)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(addr);
	char text[256];

	(void)state;
	server = socket(AF_INET, SOCK_DGRAM, 0);
	assert_true(server >= 0 && !bind(server, (struct sockaddr *)&addr, size) && !getsockname(server, (struct sockaddr *)&addr, &size));
	snprintf(text, sizeof(text), "radius { server \"127.0.0.1\" { secret = \"" SECRET "\" acct-port = %u timeout = 10 } accounting = true }\n",
		 ntohs(addr.sin_port));
	d.base = event_base_new();
	d.config = config(text);
	queue = vpdn_acct_queue_new(&d, on_empty, NULL);
	on_server = event_new(d.base, server, EV_READ | EV_PERSIST, on_request, NULL);
	assert_true(queue && on_server && !event_add(on_server, NULL));
	n_seen = emptied = 0;
	memset(answers_lane, 0, sizeof(answers_lane));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	vpdn_acct_queue_free(queue);
	event_free(on_server);
	close(server);
	vpdn_config_put(d.config);
	event_base_free(d.base);
	return 0;
}

static void put(struct vpdn_acct_lane *l, uint32_t lane, uint32_t number, bool update)
{
	struct vpdn_writer w;
	uint8_t buf[16];

	vpdn_writer_init(&w, buf, sizeof(buf));
	vpdn_radius_put_u32(&w, VPDN_RADIUS_NAS_PORT, lane << 16 | number);
	assert_int_equal(vpdn_acct_put(l, w.buf, w.len, update), 0);
}

/* Until so many requests have come, and then until nothing is on its way. */
static void await(size_t n)
{
	struct timespec a_bit = { .tv_nsec = 1000000 };

	for (unsigned int i = 0; n_seen < n && i < 5000; i++) {
		event_base_loop(d.base, EVLOOP_NONBLOCK);
		if (n_seen < n)
			nanosleep(&a_bit, NULL);
	}
	assert_int_equal(n_seen, n);
	for (unsigned int i = 0; i < 5; i++) {
		event_base_loop(d.base, EVLOOP_NONBLOCK);
		nanosleep(&a_bit, NULL);
	}
	assert_int_equal(n_seen, n);
}

static void those_of_a_lane_go_one_after_the_other(void **state)
{
	struct vpdn_acct_lane *one = vpdn_acct_lane_new(queue), *other = vpdn_acct_lane_new(queue);

	(void)state;
	for (uint32_t i = 0; i < 3; i++)
		put(one, 1, i, false);
	put(other, 2, 0, false);
	await(2);
	assert_true(seen[0].lane == 1 && seen[0].number == 0 && seen[1].lane == 2);
	answer(&seen[0]);
	await(3);
	assert_true(seen[2].lane == 1 && seen[2].number == 1);
	vpdn_acct_lane_close(one);	/* what waits in it goes all the same */
	vpdn_acct_lane_close(other);
	answer(&seen[2]);
	await(4);
	assert_true(seen[3].lane == 1 && seen[3].number == 2);
	answer(&seen[1]);
	answer(&seen[3]);
	await(4);
	assert_int_equal(vpdn_acct_queue_left(queue), 0);
	assert_int_equal(emptied, 1);
}

static void only_the_last_update_waits(void **state)
{
	struct vpdn_acct_lane *l = vpdn_acct_lane_new(queue);

	(void)state;
	for (uint32_t i = 0; i < 10; i++)
		put(l, 1, i, i > 0);
	await(1);
	assert_int_equal(vpdn_acct_queue_left(queue), 2);
	answer(&seen[0]);
	await(2);
	assert_int_equal(seen[1].number, 9);
	put(l, 1, 10, true);
	put(l, 1, 11, false);
	assert_int_equal(vpdn_acct_queue_left(queue), 2);
	vpdn_acct_lane_close(l);
	answer(&seen[1]);
	await(3);
	assert_int_equal(seen[2].number, 11);
	answer(&seen[2]);
	await(3);
	assert_int_equal(vpdn_acct_queue_left(queue), 0);
}

static void the_oldest_is_lost_when_too_many_wait(void **state)
{
	struct vpdn_acct_lane *first = vpdn_acct_lane_new(queue), *second = vpdn_acct_lane_new(queue);
	json_t *o = json_object();

	(void)state;
	put(first, 1, 0, false);
	put(second, 2, 0, false);
	await(2);
	put(first, 1, 1, false);
	for (uint32_t i = 1; i <= VPDN_ACCT_WAITING_MAX; i++)
		put(second, 2, i, false);
	assert_int_equal(vpdn_acct_queue_left(queue), 2 + VPDN_ACCT_WAITING_MAX);
	vpdn_acct_queue_show(queue, o);
	assert_int_equal(json_integer_value(json_object_get(o, "acct_lost")), 1);
	json_decref(o);
	answer(&seen[0]);
	answer(&seen[1]);
	await(3);
	assert_true(seen[2].lane == 2 && seen[2].number == 1);	/* lane 1 has nothing any more */
	vpdn_acct_lane_close(first);
	vpdn_acct_lane_close(second);
}

static void what_nobody_takes_in_the_end_is_lost(void **state)
{
	struct vpdn_acct_lane *l = vpdn_acct_lane_new(queue);

	(void)state;
	event_del(on_server);
	close(server);			/* its host says that nobody listens */
	put(l, 1, 0, false);
	put(l, 1, 1, false);
	await(0);
	assert_int_equal(vpdn_acct_queue_left(queue), 2);	/* until the next try, in some seconds */
	vpdn_acct_queue_last_try(queue);
	await(0);
	assert_int_equal(vpdn_acct_queue_left(queue), 0);
	assert_int_equal(emptied, 1);
	vpdn_acct_lane_close(l);
	server = socket(AF_INET, SOCK_DGRAM, 0);
}

/* CPU time of 1000 lanes with a record each, all of which are taken at once. */
static uint64_t cost(uint32_t first_lane)
{
	struct timespec began, ended;

	memset(answers_lane + first_lane, true, 1000);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &began);
	for (uint32_t i = 0; i < 1000; i++) {
		struct vpdn_acct_lane *l = vpdn_acct_lane_new(queue);
		size_t left = vpdn_acct_queue_left(queue);

		put(l, first_lane + i, 0, false);
		vpdn_acct_lane_close(l);
		while (vpdn_acct_queue_left(queue) > left)
			event_base_loop(d.base, EVLOOP_ONCE);
	}
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ended);
	return (uint64_t)((ended.tv_sec - began.tv_sec) * 1000000 + (ended.tv_nsec - began.tv_nsec) / 1000);
}

static void a_record_costs_the_same_however_many_wait(void **state)
{
	struct vpdn_acct_lane *lanes[AT_ONCE - 1];
	uint64_t alone, among = UINT64_MAX, us;

	(void)state;
	cost(1000);
	alone = cost(2000);
	for (uint32_t i = 0; i < AT_ONCE - 1; i++)
		lanes[i] = vpdn_acct_lane_new(queue);
	for (uint32_t n = 0; n < VPDN_ACCT_WAITING_MAX - 2 * AT_ONCE; n++)
		put(lanes[n % (AT_ONCE - 1)], n % (AT_ONCE - 1), n / (AT_ONCE - 1), false);
	await(2000 + AT_ONCE - 1);
	for (unsigned int i = 0; i < 3; i++) {
		us = cost(3000 + i * 1000);
		among = us < among ? us : among;
	}
	print_message("1000 records: %lu us alone, %lu us among %zu that wait\n", (unsigned long)alone, (unsigned long)among,
		      vpdn_acct_queue_left(queue));
	assert_true(among < 5 * alone);
	for (uint32_t i = 0; i < AT_ONCE - 1; i++)
		vpdn_acct_lane_close(lanes[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(those_of_a_lane_go_one_after_the_other, set_up, tear_down),
		cmocka_unit_test_setup_teardown(only_the_last_update_waits, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_oldest_is_lost_when_too_many_wait, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_nobody_takes_in_the_end_is_lost, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_record_costs_the_same_however_many_wait, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
