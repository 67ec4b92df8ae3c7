/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tests of acct_queue.c: in which order records reach a RADIUS server, how many wait, and that what an event costs does not grow with
 * those that do. The server is a socket here, the packets are those of radius_client.c.
 */
#include "radius_server.h"

#include <time.h>

#include "glue/acct_queue.h"
#include "glue/config_radius.h"

#define AT_ONCE		32u	/* that acct_queue.c has under way */
#define SEEN_MAX	40000u

static struct vpdnd d;
static struct vpdn_acct_queue *queue;
static struct event *on_server;
static int server;
static unsigned int emptied;

/* What has come to the server, and which lanes are answered at once. */
static struct request seen[SEEN_MAX];
static size_t n_seen;
static bool answers_lane[SEEN_MAX];

#define LANE(r)		((r).port >> 16)
#define NUMBER(r)	((r).port & 0xffff)

static void answer(const struct request *r)
{
	server_answer(server, r, &r->from, SERVER_SECRET);
}

static void on_request(evutil_socket_t fd, short what, void *arg)
{
	struct request *r = &seen[n_seen];

	(void)what, (void)arg;
	assert_true(n_seen + 1 < SEEN_MAX);
	if (!server_read(fd, r))
		return;
	n_seen++;
	if (answers_lane[LANE(*r)])
		answer(r);
}

static void on_empty(void *arg)
{
	(void)arg;
	emptied++;
}

static int set_up(void **state)
{
	(void)state;
	d.base = event_base_new();
	server = server_open(&d.config, "timeout = 10");
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
	assert_true(LANE(seen[0]) == 1 && NUMBER(seen[0]) == 0 && LANE(seen[1]) == 2);
	answer(&seen[0]);
	await(3);
	assert_true(LANE(seen[2]) == 1 && NUMBER(seen[2]) == 1);
	vpdn_acct_lane_close(one);	/* what waits in it goes all the same */
	vpdn_acct_lane_close(other);
	answer(&seen[2]);
	await(4);
	assert_true(LANE(seen[3]) == 1 && NUMBER(seen[3]) == 2);
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
	assert_int_equal(NUMBER(seen[1]), 9);
	put(l, 1, 10, true);
	put(l, 1, 11, false);
	assert_int_equal(vpdn_acct_queue_left(queue), 2);
	vpdn_acct_lane_close(l);
	answer(&seen[1]);
	await(3);
	assert_int_equal(NUMBER(seen[2]), 11);
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
	assert_true(LANE(seen[2]) == 2 && NUMBER(seen[2]) == 1);	/* lane 1 has nothing any more */
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
