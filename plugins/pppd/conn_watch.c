/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * conn_watch.c - see conn_watch.h; called by serve_call.c and vpdn-dialout.c.
 *
 * When the other end has closed, no PPP packet reaches the peer any more.  The handler
 * then puts /dev/null in the place of the session's socket: the kernel takes the
 * channel down, pppd reads a hangup from it, and leaves at once, by its own paths and
 * with its scripts, without a Terminate-Request to nobody.
 */
#include "conn_watch.h"

#include <fcntl.h>
#include <signal.h>

/* Used by the signal handler too; a fd is -1 before it is closed: the handler must not touch a reused number. */
static volatile sig_atomic_t conn_fd = -1, session_fd = -1;
static volatile sig_atomic_t conn_over, session_over;
static int null_fd = -1;
static vpdn_conn_message_fn on_message;
static struct vpdn_ipc_msg received;	/* the handler's only */

int vpdn_conn_open(int conn, int session, vpdn_conn_message_fn message)
{
	on_message = message;
	conn_over = session_over = 0;
	session_fd = session;
	conn_fd = conn;
	if (null_fd < 0)
		null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	return null_fd < 0 ? -errno : 0;
}

void vpdn_conn_hang_up(void)
{
	int fd = session_fd;

	if (fd >= 0 && !session_over) {
		session_over = 1;
		dup3(null_fd, fd, O_CLOEXEC);
	}
}

/* Something happened on the connection. */
static void on_connection(int sig)
{
	int saved = errno, fd = conn_fd, rc;

	(void)sig;
	while (fd >= 0 && !conn_over && (rc = vpdn_ipc_recv(fd, &received)) != -EAGAIN) {
		if (rc == 1) {
			on_message(&received);
			vpdn_ipc_msg_wipe(&received);	/* there may be credentials in it */
			continue;
		}
		if (rc == 0 || rc == -ECONNRESET || rc == -EPIPE) {
			conn_over = 1;
			vpdn_conn_hang_up();
			break;
		}
		if (rc != -EPROTO && rc != -EOPNOTSUPP && rc != -EBADMSG && rc != -EMSGSIZE)
			break;
	}
	errno = saved;
}

int vpdn_conn_watch(void)
{
	struct sigaction sa = { .sa_handler = on_connection, .sa_flags = SA_RESTART };
	int fd = conn_fd, flags;

	if (fd < 0)
		return 0;
	flags = fcntl(fd, F_GETFL);
	sigemptyset(&sa.sa_mask);
	sigaction(SIGURG, &sa, NULL);
	if (flags < 0 || fcntl(fd, F_SETSIG, SIGURG) < 0 || fcntl(fd, F_SETOWN, getpid()) < 0 ||
	    fcntl(fd, F_SETFL, flags | O_ASYNC | O_NONBLOCK) < 0)
		return -errno;
	kill(getpid(), SIGURG);
	return 0;
}

int vpdn_conn_send(struct vpdn_ipc_builder *b)
{
	int fd = conn_fd;

	return fd < 0 || conn_over ? -EPIPE : vpdn_ipc_send(fd, b, NULL, 0);
}

int vpdn_conn_session(void)
{
	return session_over ? -1 : session_fd;
}

int vpdn_conn_take(void)
{
	int fd = conn_fd, flags;

	if (fd < 0 || conn_over)
		return -EPIPE;
	conn_fd = -1;
	/* These belong to the connection, not to our fd: they would go with it. */
	flags = fcntl(fd, F_GETFL);
	if (flags >= 0)
		fcntl(fd, F_SETFL, flags & ~O_ASYNC);
	fcntl(fd, F_SETOWN, 0);
	return fd;
}

static void close_once(volatile sig_atomic_t *number)
{
	int fd = *number;

	*number = -1;
	if (fd >= 0)
		close(fd);
}

void vpdn_conn_close_session(void)
{
	close_once(&session_fd);
}

void vpdn_conn_close(void)
{
	close_once(&conn_fd);
	close_once(&session_fd);
}
