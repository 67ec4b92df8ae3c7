/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dialout_ask.c - see dialout_ask.h; called by vpdn-dialout.c.
 *
 *	HELLO, DIAL_ASK ->	<- HELLO_ACK, DIAL_PROGRESS ..., then DIAL_CONNECTED or DIAL_OVER
 *
 * vpdnd sees to all time limits of a call, and closing the connection cancels it.  The
 * limits here are only for a vpdnd that hangs.
 */
#include "dialout_ask.h"

#include <poll.h>
#include <signal.h>
#include <time.h>

#include "ipc_client.h"
#include "result_code.h"
#include "text.h"

#define HELLO_WAIT_MS		10000
#define SILENCE_MARGIN_S	10
#define RETRY_MS		100	/* vpdnd's queue of connections is full */

/* pppd's exit statuses, above its own. */
#define EXIT_DIAL_BASE		63	/* plus enum vpdn_dial_failure */
#define EXIT_NO_VPDND		73

static const struct {
	uint8_t failure;
	int status;
	const char *text;
} failures[] = {
	{ VPDN_DIAL_BUSY, EXIT_DIAL_BASE + VPDN_DIAL_BUSY, "busy" },
	{ VPDN_DIAL_NO_ANSWER, EXIT_DIAL_BASE + VPDN_DIAL_NO_ANSWER, "no answer" },
	{ VPDN_DIAL_NO_CARRIER, EXIT_DIAL_BASE + VPDN_DIAL_NO_CARRIER, "no carrier" },
	{ VPDN_DIAL_NO_DIAL_TONE, EXIT_DIAL_BASE + VPDN_DIAL_NO_DIAL_TONE, "no dial tone" },
	{ VPDN_DIAL_REFUSED, EXIT_DIAL_BASE + VPDN_DIAL_REFUSED, "refused" },
	{ VPDN_DIAL_NO_RESOURCES, EXIT_DIAL_BASE + VPDN_DIAL_NO_RESOURCES, "no resources" },
	{ VPDN_DIAL_UNREACHABLE, EXIT_DIAL_BASE + VPDN_DIAL_UNREACHABLE, "unreachable" },
	{ VPDN_DIAL_TIMEOUT, EXIT_DIAL_BASE + VPDN_DIAL_TIMEOUT, "timeout" },
	{ VPDN_DIAL_CONFIG, EXIT_DIAL_BASE + VPDN_DIAL_CONFIG, "configuration" },
	{ VPDN_DIAL_LOST, EXIT_HANGUP, "lost" },
	{ VPDN_DIAL_CLEARED, EXIT_USER_REQUEST, "cleared" },
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- ends ---- */

void vpdn_dialout_end_get(const struct vpdn_ipc_msg *m, struct vpdn_dialout_end *e)
{
	e->failure = 0;
	e->error = 0;
	vpdn_ipc_get_u8(m, VPDN_TLV_DIAL_FAILURE, &e->failure);
	e->has_result = vpdn_ipc_get_u16(m, VPDN_TLV_RESULT, &e->result);
	vpdn_ipc_get_u16(m, VPDN_TLV_ERROR_CODE, &e->error);
	e->has_cause = vpdn_ipc_get_u16(m, VPDN_TLV_Q931_CAUSE, &e->cause);
	vpdn_ipc_get_text(m, VPDN_TLV_TEXT, e->text, sizeof(e->text));
}

char *vpdn_dialout_end_print(const struct vpdn_dialout_end *e, char *buf, size_t size)
{
	struct vpdn_result r = { .result = e->result, .error = e->error, .has_error = e->error != 0 };
	const char *kind = "failed";
	char codes[160];
	struct vpdn_text t;
	size_t i;

	for (i = 0; i < sizeof(failures) / sizeof(failures[0]); i++)
		if (failures[i].failure == e->failure)
			kind = failures[i].text;
	vpdn_text_init(&t, buf, size);
	vpdn_text_add(&t, "%s%s%s", kind, e->text[0] ? ": " : "", e->text);
	if (e->has_result)
		vpdn_text_add(&t, "; result %s", vpdn_result_print(&r, false, codes, sizeof(codes)));
	if (e->has_cause)
		vpdn_text_add(&t, "%s Q.931 cause %u (%s)", e->has_result ? "," : ";", e->cause, vpdn_q931_text(e->cause));
	return buf;
}

static int end_status(const struct vpdn_dialout_end *e)
{
	size_t i;

	for (i = 0; i < sizeof(failures) / sizeof(failures[0]); i++)
		if (failures[i].failure == e->failure)
			return failures[i].status;
	return EXIT_CONNECT_FAILED;
}

/* ---- waiting ---- */

/*
 * Waits until fd (-1: none) is readable.  0; -ETIMEDOUT; -EINTR: pppd has been told to
 * stop.  The signals are let in by ppoll() only, so that none comes between the look at
 * pppd's flags and the wait.
 */
static int wait_readable(int fd, int64_t until_ms)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	sigset_t stop, before;
	struct timespec left;
	int64_t ms;
	int rc;

	sigemptyset(&stop);
	sigaddset(&stop, SIGHUP);
	sigaddset(&stop, SIGINT);
	sigaddset(&stop, SIGTERM);
	sigprocmask(SIG_BLOCK, &stop, &before);
	for (;;) {
		ms = until_ms - now_ms();
		if (ms < 0)
			ms = 0;
		left = (struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
		rc = got_sigterm || got_sighup ? -EINTR : 0;
		if (rc == 0) {
			rc = ppoll(&pfd, 1, &left, &before);
			rc = rc > 0 ? 0 : rc == 0 ? -ETIMEDOUT : -errno;
			if (rc == -EINTR && !got_sigterm && !got_sighup)
				continue;	/* a script's end, or SIGUSR1 */
		}
		break;
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	return rc;
}

/* ---- the question ---- */

static void put_given(struct vpdn_ipc_builder *b, uint16_t tlv, int v)
{
	if (v)
		vpdn_ipc_put_u32(b, tlv, (uint32_t)v);
}

/* Connects and asks.  The connection, or -errno. */
static int ask(const struct vpdn_dialout_wish *w, int64_t until_ms)
{
	struct vpdn_ipc_builder b;
	char name[32];
	int fd, rc;

	snprintf(name, sizeof(name), "pppd[%d]", (int)getpid());
	while ((fd = vpdn_ipc_hello(w->socket_path, VPDN_ROLE_PPP, name)) == -EAGAIN && now_ms() < until_ms) {
		rc = wait_readable(-1, now_ms() + RETRY_MS);
		if (rc != -ETIMEDOUT)
			return rc;
	}
	if (fd < 0)
		return fd;
	vpdn_ipc_begin(&b, VPDN_MSG_DIAL_ASK, 0, 1);
	vpdn_ipc_put_text(&b, VPDN_TLV_GROUP, w->group);
	vpdn_ipc_put_text(&b, VPDN_TLV_CALLED_NUMBER, w->number);
	vpdn_ipc_put_u32(&b, VPDN_TLV_PID, (uint32_t)getpid());
	if (w->sub_address)
		vpdn_ipc_put_text(&b, VPDN_TLV_SUB_ADDRESS, w->sub_address);
	put_given(&b, VPDN_TLV_MIN_BPS, w->min_bps);
	put_given(&b, VPDN_TLV_MAX_BPS, w->max_bps);
	put_given(&b, VPDN_TLV_BEARER_TYPE, w->bearer);
	put_given(&b, VPDN_TLV_FRAMING_TYPE, w->framing);
	put_given(&b, VPDN_TLV_TIMEOUT_MS, w->timeout_s * 1000);
	rc = vpdn_ipc_send(fd, &b, NULL, 0);
	if (rc == 0)
		return fd;
	close(fd);
	return rc;
}

static int no_vpdnd(const struct vpdn_dialout_wish *w, const char *why)
{
	error("vpdn: the call to %s failed: vpdnd cannot be asked: %s (%s)", w->number, why,
	      w->socket_path ? w->socket_path : VPDN_SOCKET_PATH);
	return EXIT_NO_VPDND;
}

/* SIGTERM or SIGINT: pppd leaves, as after the same in tty_channel.  SIGHUP is used up here: left
 * standing it would end the holdoff too, or, without one, every further attempt. */
static int cancelled(const struct vpdn_dialout_wish *w)
{
	notice("vpdn: the call to %s is cancelled", w->number);
	if (got_sigterm)
		asked_to_quit = 1;
	got_sighup = 0;
	return EXIT_USER_REQUEST;
}

static int failed(const struct vpdn_dialout_wish *w, const struct vpdn_ipc_msg *over)
{
	struct vpdn_dialout_end e;
	char text[600];

	vpdn_dialout_end_get(over, &e);
	error("vpdn: the call to %s failed: %s", w->number, vpdn_dialout_end_print(&e, text, sizeof(text)));
	return end_status(&e);
}

/* A message while the call is dialled.  -1: go on; 0: connected; else the exit status. */
static int answered(const struct vpdn_dialout_wish *w, const struct vpdn_ipc_msg *m)
{
	char text[512];

	vpdn_ipc_get_text(m, VPDN_TLV_TEXT, text, sizeof(text));
	switch (m->type) {
	case VPDN_MSG_HELLO_ACK:
		return vpdn_ipc_hello_answer(m) == 0 ? -1 : no_vpdnd(w, "it is of another version");
	case VPDN_MSG_DIAL_PROGRESS:
		info("vpdn: %s", text);
		return -1;
	case VPDN_MSG_DIAL_CONNECTED:
		return 0;
	case VPDN_MSG_DIAL_OVER:
		return failed(w, m);
	case VPDN_MSG_ERROR:
		return no_vpdnd(w, text);
	default:
		warn("vpdn: message from vpdnd ignored: %s", vpdn_ipc_msg_name(m->type));
		return -1;
	}
}

/* Reads until there is a result; as vpdn_dialout_ask(). */
static int await_result(const struct vpdn_dialout_wish *w, int fd, int64_t until_ms, struct vpdn_ipc_msg *m)
{
	int silence_s = (w->timeout_s ? w->timeout_s : VPDN_DIALOUT_TIMEOUT_MAX_S) + SILENCE_MARGIN_S;
	int rc, status;

	for (;;) {
		rc = vpdn_ipc_recv(fd, m);
		if (rc == -EAGAIN) {
			rc = wait_readable(fd, until_ms);
			if (rc == -EINTR)
				return cancelled(w);
			if (rc < 0)
				return no_vpdnd(w, rc == -ETIMEDOUT ? "it does not answer" : strerror(-rc));
			continue;
		}
		if (rc == -EOPNOTSUPP) {
			vpdn_ipc_send_error(fd, m->seq, EOPNOTSUPP, "unknown message");
			continue;
		}
		if (rc != 1)
			return no_vpdnd(w, rc == 0 ? "it closed the connection" :
					rc == -EBADMSG || rc == -EPROTO || rc == -EMSGSIZE ? "its answer is damaged" : strerror(-rc));
		status = answered(w, m);
		if (status == 0)
			return 0;
		vpdn_ipc_msg_close(m);
		if (status > 0)
			return status;
		until_ms = now_ms() + (int64_t)silence_s * 1000;
	}
}

int vpdn_dialout_ask(const struct vpdn_dialout_wish *w, int *conn, struct vpdn_ipc_msg *connected)
{
	int64_t until_ms = now_ms() + HELLO_WAIT_MS;
	int fd, status;

	info("vpdn: calling %s through group %s", w->number, w->group);
	fd = ask(w, until_ms);
	if (fd == -EINTR)
		return cancelled(w);
	if (fd < 0)
		return no_vpdnd(w, strerror(-fd));
	status = await_result(w, fd, until_ms, connected);
	if (status == 0)
		*conn = fd;
	else
		close(fd);
	return status;
}
