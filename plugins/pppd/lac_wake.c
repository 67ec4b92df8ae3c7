/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lac_wake.c - see lac_wake.h; used by vpdn-lac.c.
 *
 * pppd's main loop calls plugins for timers that are due and for frames it has
 * read, and for nothing else.  So a frame it is: when the connection's signal comes,
 * the number fd_ppp is made to mean a socket in which one frame waits.  pppd reads
 * that frame, calls snoop_recv_hook, and there the channel is put back.  What
 * pppd has written meanwhile is passed on.  The frame is an LCP Discard-Request (RFC
 * 1661 section 5.9), which pppd drops silently in every state, known by its magic number.
 *
 * The handler does nothing but send() and dup3().  lac_quiet.c's mute takes fd_ppp's
 * number as well: it keeps the signal out meanwhile (plugin_common.c).
 */
#include "pppd_compat.h"

#include "lac_wake.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "plugin_common.h"

#define FRAME_LEN	12
#define FIELDS_LEN	2	/* address and control, which are pppd's own: the kernel's frames have none */
#define PENDING_MAX	2048	/* of a frame that pppd wrote: an MRU and its header */

static struct {
	int conn;
	int channel;		/* a copy of fd_ppp */
	int pair[2];		/* [0] stands in for it */
	unsigned char frame[FRAME_LEN];
} wake = { .conn = -1 };
static volatile sig_atomic_t open_now, stands_in;

static void on_connection(int sig)
{
	int saved = errno;

	(void)sig;
	if (open_now && !stands_in &&
	    send(wake.pair[1], wake.frame + FIELDS_LEN, FRAME_LEN - FIELDS_LEN, MSG_DONTWAIT | MSG_NOSIGNAL) > 0) {
		stands_in = 1;
		dup3(wake.pair[0], fd_ppp, O_CLOEXEC);
	}
	errno = saved;
}

static void put_back(void)
{
	unsigned char frame[PENDING_MAX];
	ssize_t len;

	if (!stands_in)
		return;
	while (dup3(wake.channel, fd_ppp, O_CLOEXEC) < 0 && (errno == EINTR || errno == EBUSY))
		;
	while (recv(wake.pair[0], frame, sizeof(frame), MSG_DONTWAIT) > 0)
		;
	while ((len = recv(wake.pair[1], frame, sizeof(frame), MSG_DONTWAIT)) > 0)
		if (write(fd_ppp, frame, (size_t)len) < 0)
			warn("vpdn: a frame could not be sent: %m");
	stands_in = 0;
}

int vpdn_wake_open(int conn)
{
	struct sigaction sa = { .sa_handler = on_connection, .sa_flags = SA_RESTART };
	static const unsigned char head[8] = { 0xff, 0x03, 0xc0, 0x21, 11, 0, 0, 8 };
	int flags, err;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, wake.pair) < 0)
		return -errno;
	wake.channel = fcntl(fd_ppp, F_DUPFD_CLOEXEC, 3);
	if (wake.channel < 0) {
		err = -errno;
		close(wake.pair[0]);
		close(wake.pair[1]);
		return err;
	}
	wake.conn = conn;
	memcpy(wake.frame, head, sizeof(head));
	if (getrandom(wake.frame + sizeof(head), FRAME_LEN - sizeof(head), 0) < 0)
		memset(wake.frame + sizeof(head), 0x55, FRAME_LEN - sizeof(head));
	open_now = 1;
	sigemptyset(&sa.sa_mask);
	flags = fcntl(conn, F_GETFL);
	if (sigaction(VPDN_WAKE_SIGNAL, &sa, NULL) < 0 || flags < 0 || fcntl(conn, F_SETSIG, VPDN_WAKE_SIGNAL) < 0 ||
	    fcntl(conn, F_SETOWN, getpid()) < 0 || fcntl(conn, F_SETFL, flags | O_ASYNC | O_NONBLOCK) < 0) {
		err = -errno;
		vpdn_wake_close();
		return err;
	}
	return 0;
}

bool vpdn_wake_came(const unsigned char *frame, int len)
{
	if (!open_now || len != FRAME_LEN || memcmp(frame, wake.frame, FRAME_LEN) != 0)
		return false;
	put_back();
	return true;
}

void vpdn_wake_close(void)
{
	int flags;

	if (wake.conn < 0)
		return;
	open_now = 0;
	put_back();
	flags = fcntl(wake.conn, F_GETFL);
	if (flags >= 0)
		fcntl(wake.conn, F_SETFL, flags & ~O_ASYNC);
	wake.conn = -1;
	close(wake.channel);
	close(wake.pair[0]);
	close(wake.pair[1]);
}
