/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vpdnctl_dial.c - see vpdnctl_dial.h. For vpdnd it is a pppd: the end of this
 * connection, which a signal brings about too, is the end of the call.
 */
#include "vpdnctl_dial.h"

#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ipc_client.h"
#include "result_code.h"

#define GREETING_MS	10000
#define DIAL_MS		(600000 + 10000)	/* vpdnd says more than that it has failed before */

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* The next message. 0; -ETIMEDOUT at `deadline`; -ECONNRESET when vpdnd has gone; another -errno. */
static int receive(int fd, struct vpdn_ipc_msg *m, int64_t deadline)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int64_t left;
	int rc;

	while ((rc = vpdn_ipc_recv(fd, m)) == -EAGAIN) {
		left = deadline - now_ms();
		if (left <= 0)
			return -ETIMEDOUT;
		if (poll(&p, 1, (int)left) < 0 && errno != EINTR)
			return -errno;
	}
	return rc == 1 ? 0 : rc ? rc : -ECONNRESET;
}

static int failed(const char *what, int rc)
{
	fprintf(stderr, "vpdnctl: %s: %s\n", what, rc == -ECONNRESET ? "vpdnd has closed the connection" : strerror(-rc));
	return EXIT_FAILURE;
}

static const char *text_of(const struct vpdn_ipc_msg *m)
{
	static char text[1024];

	return vpdn_ipc_get_text(m, VPDN_TLV_TEXT, text, sizeof(text)) ? text : "no reason was given";
}

/* What happens, as it happens. */
static void tell(bool json, const char *event, json_t *more, const char *text)
{
	json_t *o;

	if (!json) {
		puts(text);
	} else {
		o = json_pack("{s:s, s:s}", "event", event, "text", text);
		json_object_update(o, more);
		json_dumpf(o, stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(o);
	}
	json_decref(more);
	fflush(stdout);
}

static void add_u32(json_t *o, const char *key, const struct vpdn_ipc_msg *m, uint16_t tlv)
{
	uint32_t v;

	if (vpdn_ipc_get_u32(m, tlv, &v))
		json_object_set_new(o, key, json_integer(v));
}

static void add_u16(json_t *o, const char *key, const struct vpdn_ipc_msg *m, uint16_t tlv)
{
	uint16_t v;

	if (vpdn_ipc_get_u16(m, tlv, &v))
		json_object_set_new(o, key, json_integer(v));
}

static void connected(const struct vpdn_ipc_msg *m, bool json)
{
	json_t *o = json_object();

	add_u32(o, "speed_bps", m, VPDN_TLV_TX_SPEED);
	add_u32(o, "framing_type", m, VPDN_TLV_FRAMING_TYPE);
	add_u16(o, "tunnel_id", m, VPDN_TLV_TUNNEL_ID);
	add_u16(o, "session_id", m, VPDN_TLV_SESSION_ID);
	tell(json, "connected", o, text_of(m));
}

/* Why it is over: words, and the codes of the LAC's CDN. */
static int over(const struct vpdn_ipc_msg *m, bool json)
{
	struct vpdn_result r = { 0 };
	uint8_t failure = 0;
	uint16_t cause = 0;
	char text[256];
	json_t *o;

	vpdn_ipc_get_u8(m, VPDN_TLV_DIAL_FAILURE, &failure);
	if (json) {
		o = json_pack("{s:s}", "failure", vpdn_dial_failure_text(failure));
		add_u16(o, "result", m, VPDN_TLV_RESULT);
		add_u16(o, "error", m, VPDN_TLV_ERROR_CODE);
		add_u16(o, "q931_cause", m, VPDN_TLV_Q931_CAUSE);
		tell(json, "over", o, text_of(m));
		return EXIT_FAILURE;
	}
	fprintf(stderr, "vpdnctl: %s: %s", vpdn_dial_failure_text(failure), text_of(m));
	if (vpdn_ipc_get_u16(m, VPDN_TLV_RESULT, &r.result)) {
		r.has_error = vpdn_ipc_get_u16(m, VPDN_TLV_ERROR_CODE, &r.error);
		fprintf(stderr, " (CDN result %s)", vpdn_result_print(&r, false, text, sizeof(text)));
	}
	if (vpdn_ipc_get_u16(m, VPDN_TLV_Q931_CAUSE, &cause))
		fprintf(stderr, " (Q.931 cause %u, %s)", cause, vpdn_q931_text(cause));
	fputc('\n', stderr);
	return EXIT_FAILURE;
}

static int ask(int fd, const char *group, const char *number)
{
	static struct vpdn_ipc_builder b;

	vpdn_ipc_begin(&b, VPDN_MSG_DIAL_ASK, 0, 1);
	vpdn_ipc_put_text(&b, VPDN_TLV_GROUP, group);
	vpdn_ipc_put_text(&b, VPDN_TLV_CALLED_NUMBER, number);
	vpdn_ipc_put_u32(&b, VPDN_TLV_PID, (uint32_t)getpid());
	return vpdn_ipc_send(fd, &b, NULL, 0);
}

/* Until the call is over, or has been up long enough. The session's socket is not kept: nobody speaks PPP here. */
static int watch(int fd, unsigned int hold_s, bool json)
{
	int64_t deadline = now_ms() + DIAL_MS;
	static struct vpdn_ipc_msg m;
	bool up = false;
	int session = -1, rc, status = EXIT_FAILURE;

	for (;;) {
		rc = receive(fd, &m, deadline);
		if (rc) {
			if (rc == -ETIMEDOUT && up) {
				tell(json, "cleared", NULL, "the call is cleared");
				status = EXIT_SUCCESS;
			} else {
				failed("dialling", rc);
			}
			break;
		}
		if (m.type == VPDN_MSG_DIAL_PROGRESS) {
			tell(json, "progress", NULL, text_of(&m));
		} else if (m.type == VPDN_MSG_DIAL_CONNECTED) {
			connected(&m, json);
			/* Kept open as long as the call: the kernel's session lives as long as its socket. */
			session = vpdn_ipc_take_fd(&m, 0);
			up = true;
			deadline = now_ms() + (int64_t)hold_s * 1000;
		} else if (m.type == VPDN_MSG_DIAL_OVER) {
			status = over(&m, json);
			break;
		} else if (m.type == VPDN_MSG_ERROR) {
			fprintf(stderr, "vpdnctl: %s\n", text_of(&m));
			break;
		}
		vpdn_ipc_msg_close(&m);
	}
	vpdn_ipc_msg_close(&m);
	if (session >= 0)
		close(session);
	return status;
}

int vpdnctl_dial(const char *socket_path, const char *group, const char *number, unsigned int hold_s, bool json)
{
	static struct vpdn_ipc_msg m;
	int fd, rc, status;

	fd = vpdn_ipc_hello(socket_path, VPDN_ROLE_PPP, "vpdnctl dial");
	if (fd == -ENOENT || fd == -ECONNREFUSED) {
		fprintf(stderr, "vpdnctl: vpdnd is not running: nobody listens on %s\n", socket_path);
		return EXIT_FAILURE;
	}
	if (fd < 0)
		return failed(socket_path, fd);
	rc = receive(fd, &m, now_ms() + GREETING_MS);
	vpdn_ipc_msg_close(&m);
	if (!rc)
		rc = vpdn_ipc_hello_answer(&m);
	if (!rc)
		rc = ask(fd, group, number);
	status = rc ? failed("asking vpdnd", rc) : watch(fd, hold_s, json);
	close(fd);
	return status;
}
