/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tests of messages and descriptors over real sockets: lib/ipc_socket and
 * lib/ipc_client.  No descriptor may be left over at the end of a test.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ipc_client.h"
#include "unit.h"

static int pair[2];
static int fds_before;
static char dir[] = "/tmp/vpdn-unit-XXXXXX";

static int count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static int setup(void **state)
{
	(void)state;
	fds_before = count_fds();
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair);
}

static int teardown(void **state)
{
	(void)state;
	close(pair[0]);
	close(pair[1]);
	assert_int_equal(count_fds(), fds_before);
	return 0;
}

static struct vpdn_ipc_builder b;
static struct vpdn_ipc_msg m;

static void begin_call_start(void)
{
	vpdn_ipc_begin(&b, VPDN_MSG_CALL_START, 0, 5);
	vpdn_ipc_put_u8(&b, VPDN_TLV_ACCESS, VPDN_ACCESS_PPPOE);
}

static void begin_channel(void)
{
	vpdn_ipc_begin(&b, VPDN_MSG_SUBSCRIBER_CHANNEL, 0, 5);
	vpdn_ipc_put_u8(&b, VPDN_TLV_PARKED, 0);
}

/* A pipe end whose other end tells whether it was closed everywhere. */
static int watched_fd(int *watch)
{
	int p[2];

	assert_int_equal(pipe2(p, O_CLOEXEC | O_NONBLOCK), 0);
	*watch = p[0];
	return p[1];
}

static bool closed_everywhere(int watch)
{
	char c;

	return read(watch, &c, 1) == 0;
}

static void a_message_and_its_fd_arrive(void **state)
{
	int watch, fd = watched_fd(&watch), got;

	(void)state;
	begin_call_start();
	assert_int_equal(vpdn_ipc_send(pair[0], &b, &fd, 1), 0);
	close(fd);
	assert_int_equal(vpdn_ipc_recv(pair[1], &m), 1);
	assert_int_equal(m.type, VPDN_MSG_CALL_START);
	assert_int_equal(m.seq, 5);
	assert_int_equal(m.nfds, 1);
	got = vpdn_ipc_take_fd(&m, 0);
	assert_true(got >= 0);
	assert_true(fcntl(got, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(vpdn_ipc_take_fd(&m, 0), -1);
	assert_int_equal(vpdn_ipc_take_fd(&m, 1), -1);
	vpdn_ipc_msg_close(&m);
	assert_false(closed_everywhere(watch));
	close(got);
	assert_true(closed_everywhere(watch));
	close(watch);
	assert_int_equal(vpdn_ipc_recv(pair[1], &m), -EAGAIN);
}

static void fds_nobody_takes_are_closed(void **state)
{
	int watch[2], fds[2] = { watched_fd(&watch[0]), watched_fd(&watch[1]) };

	(void)state;
	begin_channel();
	assert_int_equal(vpdn_ipc_send(pair[0], &b, fds, 2), 0);
	close(fds[0]);
	close(fds[1]);
	assert_int_equal(vpdn_ipc_recv(pair[1], &m), 1);
	assert_int_equal(m.nfds, 2);
	vpdn_ipc_msg_close(&m);
	vpdn_ipc_msg_close(&m);
	assert_true(closed_everywhere(watch[0]));
	assert_true(closed_everywhere(watch[1]));
	close(watch[0]);
	close(watch[1]);
}

/* Sends octets with any number of fds, past the limits of our own sender. */
static void send_raw(const void *p, size_t len, const int *fds, size_t nfds)
{
	union {
		struct cmsghdr align;
		char octets[CMSG_SPACE(32 * sizeof(int))];
	} room;
	struct iovec iov = { .iov_base = (void *)p, .iov_len = len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (nfds) {
		struct cmsghdr *c;

		memset(&room, 0, sizeof(room));
		msg.msg_control = room.octets;
		msg.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(nfds * sizeof(int));
		memcpy(CMSG_DATA(c), fds, nfds * sizeof(int));
	}
	assert_int_equal(sendmsg(pair[0], &msg, 0), len);
}

static void surplus_and_unwanted_fds_are_closed(void **state)
{
	int watch, fd = watched_fd(&watch), many[20];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(many); i++)
		many[i] = fd;
	/* more than this message may have */
	begin_call_start();
	assert_int_equal(vpdn_ipc_finish(&b), 0);
	send_raw(b.buf, b.w.len, many, 5);
	assert_int_equal(vpdn_ipc_recv(pair[1], &m), 1);
	assert_int_equal(m.nfds, 1);
	vpdn_ipc_msg_close(&m);
	/* a message that may have none */
	vpdn_ipc_begin(&b, VPDN_MSG_SUBSCRIBER_LOCAL, 0, 5);
	assert_int_equal(vpdn_ipc_finish(&b), 0);
	send_raw(b.buf, b.w.len, many, 2);
	assert_int_equal(vpdn_ipc_recv(pair[1], &m), 1);
	assert_int_equal(m.nfds, 0);
	/* more than fit: the kernel drops some, so the message cannot be trusted */
	send_raw(b.buf, b.w.len, many, 20);
	assert_int_equal(vpdn_ipc_recv(pair[1], &m), -EMSGSIZE);
	assert_int_equal(m.nfds, 0);
	/* with a message that is refused */
	b.buf[0] ^= 1;
	send_raw(b.buf, b.w.len, many, 2);
	assert_int_equal(vpdn_ipc_recv(pair[1], &m), -EPROTO);
	assert_int_equal(m.nfds, 0);
	assert_false(closed_everywhere(watch));
	close(fd);
	assert_true(closed_everywhere(watch));
	close(watch);
}

static void a_message_that_lacks_its_fd_is_bad(void **state)
{
	(void)state;
	begin_call_start();
	assert_int_equal(vpdn_ipc_send(pair[0], &b, NULL, 0), 0);
	assert_int_equal(vpdn_ipc_recv(pair[1], &m), -EBADMSG);
	assert_int_equal(m.seq, 5);
	assert_int_equal(m.bad_tlv, 0);
}

static void a_datagram_that_is_too_long_is_refused(void **state)
{
	static uint8_t big[VPDN_IPC_MAX_LEN + 1];

	(void)state;
	send_raw(big, sizeof(big), NULL, 0);
	assert_int_equal(vpdn_ipc_recv(pair[1], &m), -EMSGSIZE);
	assert_int_equal(vpdn_ipc_recv(pair[1], &m), -EAGAIN);
}

static void the_end_of_a_connection_is_seen_by_both(void **state)
{
	(void)state;
	close(pair[0]);
	assert_int_equal(vpdn_ipc_recv(pair[1], &m), 0);
	vpdn_ipc_begin(&b, VPDN_MSG_SUBSCRIBER_LOCAL, 0, 5);
	assert_int_equal(vpdn_ipc_send(pair[1], &b, NULL, 0), -EPIPE);
	pair[0] = dup(pair[1]);
}

/* The peer says its last word and leaves without reading ours. */
static void last_words_are_heard_although_the_peer_left_something_unread(void **state)
{
	(void)state;
	vpdn_ipc_begin(&b, VPDN_MSG_CALL_CLOSE, 0, 1);
	vpdn_ipc_put_text(&b, VPDN_TLV_TEXT, "go");
	assert_int_equal(vpdn_ipc_send(pair[1], &b, NULL, 0), 0);
	vpdn_ipc_begin(&b, VPDN_MSG_CALL_ENDED, 0, 2);
	vpdn_ipc_put_u32(&b, VPDN_TLV_STATUS, 16);
	vpdn_ipc_put_text(&b, VPDN_TLV_TEXT, "gone");
	assert_int_equal(vpdn_ipc_send(pair[0], &b, NULL, 0), 0);
	close(pair[0]);
	assert_int_equal(vpdn_ipc_recv(pair[1], &m), 1);
	assert_int_equal(m.type, VPDN_MSG_CALL_ENDED);
	assert_int_equal(vpdn_ipc_recv(pair[1], &m), 0);
	assert_int_equal(vpdn_ipc_recv(pair[1], &m), 0);
	pair[0] = dup(pair[1]);
}

static void a_full_queue_says_try_again(void **state)
{
	int rc = 0;
	size_t i;

	(void)state;
	vpdn_ipc_begin(&b, VPDN_MSG_CTL_REPLY, 0, 5);
	vpdn_ipc_put_bytes(&b, VPDN_TLV_JSON, memset(m.buf, 'x', 8000), 8000);
	assert_int_equal(vpdn_ipc_finish(&b), 0);
	for (i = 0; !rc && i < 10000; i++)
		rc = vpdn_ipc_send_octets(pair[0], b.buf, b.w.len, NULL, 0);
	assert_int_equal(rc, -EAGAIN);
	assert_int_equal(vpdn_ipc_recv(pair[1], &m), 1);
	assert_int_equal(m.len, b.w.len);
}

static void bad_sends_are_refused_before_they_go_out(void **state)
{
	int fds[VPDN_IPC_MAX_FDS + 1] = { 0 };

	(void)state;
	begin_channel();
	assert_int_equal(vpdn_ipc_send(pair[0], &b, fds, VPDN_IPC_MAX_FDS + 1), -EINVAL);
	vpdn_ipc_begin(&b, VPDN_MSG_CALL_START, 0, 5);
	assert_int_equal(vpdn_ipc_send(pair[0], &b, NULL, 0), -EINVAL);
	assert_int_equal(vpdn_ipc_recv(pair[1], &m), -EAGAIN);
}

static void errors_are_replies(void **state)
{
	uint32_t err = 0;
	char text[32];

	(void)state;
	assert_int_equal(vpdn_ipc_send_error(pair[0], 99, EOPNOTSUPP, "no such request"), 0);
	assert_int_equal(vpdn_ipc_recv(pair[1], &m), 1);
	assert_int_equal(m.type, VPDN_MSG_ERROR);
	assert_int_equal(m.seq, 99);
	assert_int_equal(m.flags, VPDN_IPC_F_REPLY);
	assert_true(vpdn_ipc_get_u32(&m, VPDN_TLV_ERRNO, &err));
	assert_int_equal(err, EOPNOTSUPP);
	assert_true(vpdn_ipc_get_text(&m, VPDN_TLV_TEXT, text, sizeof(text)));
	assert_string_equal(text, "no such request");
	assert_int_equal(vpdn_ipc_hello_answer(&m), -EOPNOTSUPP);
}

static void hello_goes_out_with_the_connection(void **state)
{
	char path[64];
	struct stat st;
	uint8_t role = 0;
	pid_t pid = 0;
	uid_t uid = 4711;
	int listener, client, server;

	(void)state;
	snprintf(path, sizeof(path), "%s/vpdnd.sock", dir);
	assert_int_equal(vpdn_ipc_connect(path), -ENOENT);
	listener = vpdn_ipc_listen(path);
	assert_true(listener >= 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(vpdn_ipc_listen(path), -EADDRINUSE);
	close(vpdn_ipc_accept(listener));	/* that one's probe */
	assert_int_equal(vpdn_ipc_accept(listener), -EAGAIN);

	client = vpdn_ipc_hello(path, VPDN_ROLE_L2TP, "unit");
	assert_true(client >= 0);
	assert_true(fcntl(client, F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(client, F_GETFL) & O_NONBLOCK);
	server = vpdn_ipc_accept(listener);
	assert_true(server >= 0);
	assert_true(fcntl(server, F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(server, F_GETFL) & O_NONBLOCK);
	assert_int_equal(vpdn_ipc_peer(server, &pid, &uid), 0);
	assert_int_equal(pid, getpid());
	assert_int_equal(uid, geteuid());
	assert_int_equal(vpdn_ipc_recv(server, &m), 1);
	assert_int_equal(m.type, VPDN_MSG_HELLO);
	assert_true(vpdn_ipc_get_u8(&m, VPDN_TLV_ROLE, &role));
	assert_int_equal(role, VPDN_ROLE_L2TP);

	vpdn_ipc_begin(&b, VPDN_MSG_HELLO_ACK, VPDN_IPC_F_REPLY, m.seq);
	vpdn_ipc_put_u8(&b, VPDN_TLV_VERSION, VPDN_IPC_VERSION);
	vpdn_ipc_put_text(&b, VPDN_TLV_NAME, "vpdnd");
	assert_int_equal(vpdn_ipc_send(server, &b, NULL, 0), 0);
	assert_int_equal(vpdn_ipc_recv(client, &m), 1);
	assert_int_equal(vpdn_ipc_hello_answer(&m), 0);

	vpdn_ipc_begin(&b, VPDN_MSG_HELLO_ACK, VPDN_IPC_F_REPLY, m.seq);
	vpdn_ipc_put_u8(&b, VPDN_TLV_VERSION, VPDN_IPC_VERSION + 1);
	vpdn_ipc_put_text(&b, VPDN_TLV_NAME, "vpdnd");
	assert_int_equal(vpdn_ipc_send(server, &b, NULL, 0), 0);
	assert_int_equal(vpdn_ipc_recv(client, &m), 1);
	assert_int_equal(vpdn_ipc_hello_answer(&m), -EPROTO);
	close(client);
	close(server);

	/* the file of a listener that is gone is stale: refused, then replaced */
	close(listener);
	assert_int_equal(vpdn_ipc_connect(path), -ECONNREFUSED);
	assert_int_equal(vpdn_ipc_hello(path, VPDN_ROLE_CONTROL, "unit"), -ECONNREFUSED);
	listener = vpdn_ipc_listen(path);
	assert_true(listener >= 0);
	close(listener);
	assert_int_equal(unlink(path), 0);
}

static void a_plain_file_in_the_place_of_the_socket_is_left_alone(void **state)
{
	char path[64];
	int fd;

	(void)state;
	snprintf(path, sizeof(path), "%s/file", dir);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(vpdn_ipc_listen(path), -EADDRINUSE);
	assert_int_equal(unlink(path), 0);
}

static void templates_are_found_by_name_only(void **state)
{
	static const char *const bad[] = { "", ".", "..", "a/b", "/etc", ".hidden" };
	char path[108], small[10], name[200];
	int listener, fd;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bad); i++)
		assert_int_equal(vpdn_template_connect(dir, bad[i]), -EINVAL);
	assert_int_equal(vpdn_template_connect(dir, NULL), -EINVAL);
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(vpdn_template_connect(dir, name), -ENAMETOOLONG);
	assert_int_equal(vpdn_ipc_connect(name), -ENAMETOOLONG);
	assert_int_equal(vpdn_ipc_connect(""), -ENAMETOOLONG);
	assert_int_equal(vpdn_template_path(NULL, "corp", path, sizeof(path)), 0);
	assert_string_equal(path, "/run/vpdn/ppp/corp.sock");
	assert_int_equal(vpdn_template_path(NULL, "corp", small, sizeof(small)), -ENAMETOOLONG);

	assert_int_equal(vpdn_template_connect(dir, "corp"), -ENOENT);
	assert_int_equal(vpdn_template_path(dir, "corp", path, sizeof(path)), 0);
	listener = vpdn_ipc_listen(path);
	assert_true(listener >= 0);
	fd = vpdn_template_connect(dir, "corp");
	assert_true(fd >= 0);
	close(fd);
	close(listener);
	assert_int_equal(unlink(path), 0);
}

static void waiting_grows_to_a_limit(void **state)
{
	unsigned int i, last = 0;

	(void)state;
	assert_int_equal(vpdn_ipc_backoff_ms(0), 0);
	assert_int_equal(vpdn_ipc_backoff_ms(1), 100);
	assert_int_equal(vpdn_ipc_backoff_ms(2), 200);
	for (i = 0; i < 100; i++) {
		assert_true(vpdn_ipc_backoff_ms(i) >= last);
		last = vpdn_ipc_backoff_ms(i);
		assert_true(last <= 5000);
	}
	assert_int_equal(vpdn_ipc_backoff_ms(UINT32_MAX), 5000);
}

static int make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	(void)state;
	return rmdir(dir);
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_message_and_its_fd_arrive),
		TEST(fds_nobody_takes_are_closed),
		TEST(surplus_and_unwanted_fds_are_closed),
		TEST(a_message_that_lacks_its_fd_is_bad),
		TEST(a_datagram_that_is_too_long_is_refused),
		TEST(the_end_of_a_connection_is_seen_by_both),
		TEST(last_words_are_heard_although_the_peer_left_something_unread),
		TEST(a_full_queue_says_try_again),
		TEST(bad_sends_are_refused_before_they_go_out),
		TEST(errors_are_replies),
		TEST(hello_goes_out_with_the_connection),
		TEST(a_plain_file_in_the_place_of_the_socket_is_left_alone),
		TEST(templates_are_found_by_name_only),
		TEST(waiting_grows_to_a_limit),
	};

	return cmocka_run_group_tests_name("ipc_socket", tests, make_dir, remove_dir);
}
