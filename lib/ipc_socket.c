/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ipc_socket.c - messages and file descriptors over Unix SOCK_SEQPACKET sockets:
 * the part of ipc.h that makes system calls.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "ipc.h"
#include "ipc_client.h"

/* Room for more fds than a message may have, so that surplus ones can be closed
 * without losing the message. */
#define FDS_ROOM	16u

union fd_room {
	struct cmsghdr align;
	char octets[CMSG_SPACE(FDS_ROOM * sizeof(int))];
};

int vpdn_ipc_send_octets(int fd, const void *p, size_t len, const int *fds, unsigned int nfds)
{
	struct iovec iov = { .iov_base = (void *)p, .iov_len = len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	union fd_room room;
	ssize_t n;

	if (nfds > VPDN_IPC_MAX_FDS)
		return -EINVAL;
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
	do {
		n = sendmsg(fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n >= 0)
		return 0;
	switch (errno) {
	case EAGAIN:
	case ENOBUFS:
		return -EAGAIN;
	case ECONNRESET:
	case ECONNREFUSED:
	case ENOTCONN:
		return -EPIPE;
	default:
		return -errno;
	}
}

int vpdn_ipc_send(int fd, struct vpdn_ipc_builder *b, const int *fds, unsigned int nfds)
{
	int rc = vpdn_ipc_finish(b);

	return rc ? rc : vpdn_ipc_send_octets(fd, b->w.buf, b->w.len, fds, nfds);
}

int vpdn_ipc_send_error(int fd, uint32_t seq, int err, const char *text)
{
	struct vpdn_ipc_builder b;

	vpdn_ipc_begin(&b, VPDN_MSG_ERROR, VPDN_IPC_F_REPLY, seq);
	vpdn_ipc_put_u32(&b, VPDN_TLV_ERRNO, (uint32_t)err);
	vpdn_ipc_put_text(&b, VPDN_TLV_TEXT, text);
	return vpdn_ipc_send(fd, &b, NULL, 0);
}

/* Keeps the first fds and closes the rest: no sender can make us run out of them. */
static void collect_fds(struct vpdn_ipc_msg *m, struct msghdr *msg)
{
	struct cmsghdr *c;

	for (c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		size_t n, i;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (m->nfds < VPDN_IPC_MAX_FDS)
				m->fds[m->nfds++] = fd;
			else
				close(fd);
		}
	}
}

static void drop_fds_above(struct vpdn_ipc_msg *m, unsigned int max)
{
	while (m->nfds > max)
		close(m->fds[--m->nfds]);
}

int vpdn_ipc_recv(int fd, struct vpdn_ipc_msg *m)
{
	struct iovec iov = { .iov_base = m->buf, .iov_len = sizeof(m->buf) };
	union fd_room room;
	struct msghdr msg;
	bool reset = false;
	ssize_t n;
	int rc;

	m->nfds = 0;
	m->len = 0;
	for (;;) {
		msg = (struct msghdr){
			.msg_iov = &iov, .msg_iovlen = 1,
			.msg_control = room.octets, .msg_controllen = sizeof(room.octets),
		};
		n = recvmsg(fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
		if (n >= 0 || (errno != EINTR && errno != ECONNRESET))
			break;
		/*
		 * A peer that closes with something unread gives ECONNRESET once, before
		 * the messages it had sent.  They count: read on.
		 */
		if (errno == ECONNRESET && reset)
			return 0;
		reset = reset || errno == ECONNRESET;
	}
	if (n < 0)
		return errno == EWOULDBLOCK ? -EAGAIN : -errno;
	collect_fds(m, &msg);
	if (n == 0) {
		drop_fds_above(m, 0);
		return 0;
	}
	if (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
		drop_fds_above(m, 0);
		return -EMSGSIZE;
	}
	rc = vpdn_ipc_parse(m, (size_t)n);
	if (!rc && m->nfds < m->def->min_fds)
		rc = -EBADMSG;
	drop_fds_above(m, rc ? 0 : m->def->max_fds);
	return rc ? rc : 1;
}

int vpdn_ipc_peer(int fd, pid_t *pid, uid_t *uid)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return -errno;
	if (pid)
		*pid = cred.pid;
	if (uid)
		*uid = cred.uid;
	return 0;
}

/* A socket that is neither bound nor connected yet, and the address for that. */
static int unix_socket(const char *path, struct sockaddr_un *sun)
{
	size_t len = strlen(path);
	int fd;

	if (!len || len >= sizeof(sun->sun_path))
		return -ENAMETOOLONG;
	memset(sun, 0, sizeof(*sun));
	sun->sun_family = AF_UNIX;
	memcpy(sun->sun_path, path, len + 1);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	return fd < 0 ? -errno : fd;
}

int vpdn_ipc_connect(const char *path)
{
	struct sockaddr_un sun;
	int fd = unix_socket(path, &sun), rc;

	if (fd < 0)
		return fd;
	do {
		rc = connect(fd, (struct sockaddr *)&sun, sizeof(sun));
	} while (rc < 0 && errno == EINTR);
	if (rc < 0) {
		rc = -errno;
		close(fd);
		return rc;
	}
	return fd;
}

/* Removes a socket file on which nobody listens; a file of another kind (which also
 * refuses connections) is not ours to remove. */
static int remove_stale(const char *path)
{
	struct stat st;
	int probe = vpdn_ipc_connect(path);

	if (probe >= 0)
		close(probe);
	if (probe != -ECONNREFUSED || lstat(path, &st) < 0 || !S_ISSOCK(st.st_mode))
		return -EADDRINUSE;
	return unlink(path) < 0 ? -errno : 0;
}

int vpdn_ipc_listen(const char *path)
{
	struct sockaddr_un sun;
	int fd = unix_socket(path, &sun), rc;

	if (fd < 0)
		return fd;
	/* The mode of the descriptor becomes that of the file: there is no moment in
	 * which others could connect, and the process' umask is left alone. */
	rc = fchmod(fd, S_IRUSR | S_IWUSR) < 0 ? -errno : 0;
	if (!rc && bind(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0)
		rc = -errno;
	if (rc == -EADDRINUSE) {
		rc = remove_stale(path);
		if (!rc && bind(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0)
			rc = -errno;
	}
	if (!rc && listen(fd, SOMAXCONN) < 0)
		rc = -errno;
	if (!rc)
		return fd;
	close(fd);
	return rc;
}

int vpdn_ipc_accept(int listen_fd)
{
	int fd;

	do {
		fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	} while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
	if (fd < 0)
		return errno == EWOULDBLOCK ? -EAGAIN : -errno;
	return fd;
}
