/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lac_handover.c - see lac_handover.h; used by vpdn-lac.c.
 *
 * The order of the calls matters and is the result of experiments:
 *  - lcp_lowerdown() takes LCP from opened to starting: timers stop, nothing is sent.
 *  - PPPIOCDISCONN, because destroying the ppp unit leaves the channel attached to
 *    it, and PPPIOCBRIDGECHAN then says EALREADY.
 *  - the channel is sent before the unit is destroyed: the kernel takes tens of
 *    milliseconds for an interface to go (it waits for RCU), and vpdnd need not.
 *  - with it goes /dev/ppp as pppd has attached it: asking for the channel again
 *    (PPPIOCGCHAN) is another such wait.
 *  - the generic function to destroy the unit and not the channel's own, which on a
 *    tty would drop the line discipline and the channel with it.
 *  - no return to pppd's main loop: it would see a hangup and run the channel's
 *    disconnect, which for PPPoE ends the session for all who have its socket.
 *  - die() sends no Terminate-Request, and removes the pid files.
 */
#include "pppd_compat.h"

#include "lac_handover.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <linux/ppp-ioctl.h>

#include "ipc.h"
#include "plugin_common.h"

static void leave(int status) __attribute__((noreturn));
static void leave(int status)
{
	vpdn_ppp_set_status(status);
	die(status);
	abort();	/* die() never returns, but does not say so */
}

static void release_channel(void)
{
	lcp_lowerdown(0);
	remove_fd(fd_ppp);
	/* EINVAL: a link that is no bundle's yet has no unit ("multilink") */
	if (ioctl(fd_ppp, PPPIOCDISCONN) < 0 && errno != EINVAL)
		warn("vpdn: PPPIOCDISCONN: %m");
}

static void destroy_unit(void)
{
	vpdn_ppp_disestablish(devfd);
	fd_ppp = -1;
}

static int send_channel(int conn, int call_fd, bool parked)
{
	struct vpdn_ipc_builder b;
	int fds[3] = { devfd, fd_ppp, call_fd };

	vpdn_ipc_begin(&b, VPDN_MSG_SUBSCRIBER_CHANNEL, 0, 3);
	vpdn_ipc_put_u8(&b, VPDN_TLV_PARKED, parked);
	return vpdn_ipc_send(conn, &b, fds, parked ? 2 : 3);
}

/* A fd that hangs up with the channel; -1 when it cannot be had. */
static int channel_watch(void)
{
	int index, fd;

	if (ioctl(devfd, PPPIOCGCHAN, &index) < 0)
		return -1;
	fd = open("/dev/ppp", O_RDWR | O_CLOEXEC);
	if (fd >= 0 && ioctl(fd, PPPIOCATTCHAN, &index) < 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* True when vpdnd ended it, or has gone. */
static bool released(int conn)
{
	static struct vpdn_ipc_msg m;
	char text[128];
	int rc = vpdn_ipc_recv(conn, &m);

	if (rc == 1) {
		bool release = m.type == VPDN_MSG_SUBSCRIBER_RELEASE;

		vpdn_ipc_get_text(&m, VPDN_TLV_TEXT, text, sizeof(text));
		vpdn_ipc_msg_close(&m);
		if (release)
			notice("vpdn: vpdnd ends the session: %s", text);
		return release;
	}
	if (rc == -EAGAIN || rc == -EOPNOTSUPP || rc == -EBADMSG)
		return false;
	notice("vpdn: vpdnd ends the session: connection closed");
	return true;
}

/*
 * The line's holder.  pppd's handlers only set flags; the signals are let in while
 * we wait and at no other time, so that none is missed.
 */
static void park(int conn)
{
	struct pollfd pf[2] = { { .fd = conn, .events = POLLIN }, { .fd = channel_watch() } };
	sigset_t wait_mask, block;

	sigemptyset(&block);
	sigaddset(&block, SIGTERM);
	sigaddset(&block, SIGINT);
	sigaddset(&block, SIGHUP);
	sigprocmask(SIG_BLOCK, &block, &wait_mask);
	sigdelset(&wait_mask, SIGTERM);
	sigdelset(&wait_mask, SIGINT);
	sigdelset(&wait_mask, SIGHUP);
	while (!got_sigterm && !got_sighup) {
		if (ppoll(pf, 2, NULL, &wait_mask) < 0)
			continue;
		if (pf[1].revents) {
			notice("vpdn: the line has hung up");
			break;
		}
		if (pf[0].revents && released(conn))
			break;
	}
	if (got_sigterm || got_sighup)
		notice("vpdn: signal: the forwarded session ends");
}

void vpdn_lac_hand_over(int conn)
{
	bool parked = !vpdn_serve_call();
	int call_fd = -1, rc;

	if (!parked) {
		call_fd = vpdn_serve()->hand_over();
		if (call_fd < 0) {
			error("vpdn: the call's connection is gone: %s", strerror(-call_fd));
			leave(EXIT_HANGUP);
		}
	}
	release_channel();
	rc = send_channel(conn, call_fd, parked);
	destroy_unit();
	if (rc < 0) {
		error("vpdn: cannot hand the channel to vpdnd: %s", strerror(-rc));
		leave(EXIT_FATAL_ERROR);
	}
	notice("vpdn: handed over to vpdnd%s", parked ? "; this process holds the line" : "");
	if (parked)
		park(conn);
	leave(EXIT_OK);
}
