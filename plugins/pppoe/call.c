/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * call.c - calls of PPPoE subscribers, from CALL_START to the end of the connection (vpdn-ipc(7), the pppd template's socket).
 *
 * The connection is the call's life. Its other end is first with the template, then with the child that runs PPP, and after a
 * hand-over with vpdnd; whoever it is, the end of the connection is the end of the subscriber's session, and PADT follows
 * (RFC 2516, 5.5). When the child says that PPP is over, PADT goes out at once and the child is given some time to leave by
 * itself: it still has scripts to run and accounting to send.
 *
 * Owned here: the connections, the epoll instance they are in, the timer. Used by module.c and the server's event loop only.
 */
#include "call.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/timerfd.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "ipc.h"
#include "line.h"
#include "text.h"

/* A template forks within milliseconds; a child that has ended PPP leaves within about 3 s. All deadlines have one length, so
 * that the list of them stays in order by appending. */
#define DEADLINE_S	15

#define EVENTS_PER_WAKEUP	64
#define MESSAGES_PER_WAKEUP	16	/* of one call; the others want their turn */

enum call_state {
	CALL_STARTING,		/* CALL_STARTED is awaited */
	CALL_RUNNING,		/* a child runs PPP */
	CALL_HANDED_OVER,	/* vpdnd has the session */
	CALL_DRAINING,		/* PPP is over, PADT sent; the child leaves */
	CALL_GONE,		/* to be freed */
};

enum call_event {
	EV_STARTED, EV_INFO, EV_UP, EV_HANDED_OVER, EV_ENDING, EV_ENDED,	/* messages */
	EV_ERROR,		/* the template cannot run this call */
	EV_INVALID,		/* not a message, or one that has no place here */
	EV_EOF,			/* connection closed */
	EV_TIMEOUT,		/* the state's time is up */
	EV_STOP,		/* PADT received, or the server exits */
};

static const char *const state_names[] = { "starting", "running", "handed over", "draining", "gone" };

struct vpdn_call {
	TAILQ_ENTRY(vpdn_call) entry;		/* in calls */
	TAILQ_ENTRY(vpdn_call) waiting;		/* in deadlines, when has_deadline */
	struct pppoe_hook_session *session;	/* the server's; NULL once it was ended */
	int fd;
	int session_fd;				/* the kernel's session, until the template has it; else -1 */
	enum call_state state;
	bool has_deadline;
	struct timespec deadline;		/* CLOCK_MONOTONIC */
	char name[64];				/* for logs: session, peer, interface */
};

/* What an event came with. */
struct event_data {
	const struct vpdn_ipc_msg *msg;		/* of a message */
	const char *reason;			/* of the other events */
};

TAILQ_HEAD(call_list, vpdn_call);

static const struct pppoe_hook_server *server;
static struct call_list calls = TAILQ_HEAD_INITIALIZER(calls);
static struct call_list deadlines = TAILQ_HEAD_INITIALIZER(deadlines);
static struct pppoe_hook_watch *watch;
static int epoll_fd = -1, timer_fd = -1;
static struct vpdn_ipc_builder call_start;	/* of the call made last */

#define call_log(call, priority, fmt, ...)	server->log(priority, "%s: " fmt, (call)->name, ##__VA_ARGS__)

/* ---- deadlines ---- */

static void timer_set(void)
{
	const struct vpdn_call *first = TAILQ_FIRST(&deadlines);
	struct itimerspec when = { 0 };

	if (first)
		when.it_value = first->deadline;
	timerfd_settime(timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

static void deadline_clear(struct vpdn_call *call)
{
	bool was_first = TAILQ_FIRST(&deadlines) == call;

	if (!call->has_deadline)
		return;
	TAILQ_REMOVE(&deadlines, call, waiting);
	call->has_deadline = false;
	if (was_first)
		timer_set();
}

static void deadline_set(struct vpdn_call *call)
{
	deadline_clear(call);
	clock_gettime(CLOCK_MONOTONIC, &call->deadline);
	call->deadline.tv_sec += DEADLINE_S;
	TAILQ_INSERT_TAIL(&deadlines, call, waiting);
	call->has_deadline = true;
	if (TAILQ_FIRST(&deadlines) == call)
		timer_set();
}

/* ---- what events do ---- */

/* The message's TEXT, fit to be printed, or `otherwise`. */
static const char *text_of(const struct event_data *data, char *buf, size_t size, const char *otherwise)
{
	const uint8_t *p;
	size_t len;

	if (!vpdn_ipc_get_bytes(data->msg, VPDN_TLV_TEXT, &p, &len) || len == 0)
		return otherwise;
	return vpdn_text_escape(p, len, buf, size);
}

static void end_session(struct vpdn_call *call, const char *padt_text)
{
	struct pppoe_hook_session *session = call->session;

	if (!session)
		return;
	call->session = NULL;
	server->session_end(session, padt_text);
}

static void act_started(struct vpdn_call *call, const struct event_data *data)
{
	uint32_t pid = 0;

	deadline_clear(call);
	vpdn_ipc_get_u32(data->msg, VPDN_TLV_PID, &pid);
	call_log(call, LOG_INFO, "taken by pppd %u", pid);
}

static void act_info(struct vpdn_call *call, const struct event_data *data)
{
	char text[256];

	call_log(call, LOG_INFO, "%s", text_of(data, text, sizeof(text), ""));
}

static void act_up(struct vpdn_call *call, const struct event_data *data)
{
	char ifname[32], user[256] = "";
	const uint8_t *p;
	size_t len;

	vpdn_ipc_get_text(data->msg, VPDN_TLV_IFNAME, ifname, sizeof(ifname));
	if (vpdn_ipc_get_bytes(data->msg, VPDN_TLV_USER, &p, &len))
		vpdn_text_escape(p, len, user, sizeof(user));
	call_log(call, LOG_INFO, "up on %s, user=\"%s\"", ifname, user);
}

static void act_handed_over(struct vpdn_call *call, const struct event_data *data)
{
	(void)data;
	call_log(call, LOG_INFO, "handed over to vpdnd");
}

static void act_ending(struct vpdn_call *call, const struct event_data *data)
{
	char text[256];
	const char *reason = text_of(data, text, sizeof(text), "PPP has ended");

	call_log(call, LOG_INFO, "PPP is over: %s; sending PADT", reason);
	deadline_set(call);
	end_session(call, reason);
}

static void act_ended(struct vpdn_call *call, const struct event_data *data)
{
	char text[256];
	const char *reason = text_of(data, text, sizeof(text), "PPP has ended");
	uint32_t status = 0;

	vpdn_ipc_get_u32(data->msg, VPDN_TLV_STATUS, &status);
	call_log(call, LOG_INFO, "pppd leaves with status %u: %s", status, reason);
	end_session(call, reason);
}

static void act_refused(struct vpdn_call *call, const struct event_data *data)
{
	char text[256];

	call_log(call, LOG_ERR, "the template refuses the call: %s", text_of(data, text, sizeof(text), "no reason given"));
	end_session(call, "the access concentrator cannot start PPP");
}

/* The call is over without anybody having said so before. */
static void act_lost(struct vpdn_call *call, const struct event_data *data)
{
	call_log(call, LOG_WARNING, "%s while %s; sending PADT", data->reason, state_names[call->state]);
	end_session(call, "the session has ended");
}

static void act_cleared(struct vpdn_call *call, const struct event_data *data)
{
	(void)data;
	call_log(call, LOG_INFO, "ended by vpdnd; sending PADT");
	end_session(call, "the session has ended");
}

static void act_stop(struct vpdn_call *call, const struct event_data *data)
{
	call_log(call, LOG_INFO, "%s while %s; closing the call", data->reason, state_names[call->state]);
	call->session = NULL;	/* the server frees it itself */
}

static void act_overdue(struct vpdn_call *call, const struct event_data *data)
{
	(void)data;
	call_log(call, LOG_WARNING, "pppd has not left within %d s; closing the call", DEADLINE_S);
}

static void act_nothing(struct vpdn_call *call, const struct event_data *data)
{
	(void)call;
	(void)data;
}

static const struct {
	enum call_state state;
	enum call_event event;
	void (*action)(struct vpdn_call *call, const struct event_data *data);
	enum call_state next;
} transitions[] = {
	{ CALL_STARTING,	EV_STARTED,	act_started,	CALL_RUNNING },
	{ CALL_STARTING,	EV_ERROR,	act_refused,	CALL_GONE },
	{ CALL_STARTING,	EV_INVALID,	act_lost,	CALL_GONE },
	{ CALL_STARTING,	EV_EOF,		act_lost,	CALL_GONE },
	{ CALL_STARTING,	EV_TIMEOUT,	act_lost,	CALL_GONE },
	{ CALL_STARTING,	EV_STOP,	act_stop,	CALL_GONE },
	{ CALL_RUNNING,		EV_INFO,	act_info,	CALL_RUNNING },
	{ CALL_RUNNING,		EV_UP,		act_up,		CALL_RUNNING },
	{ CALL_RUNNING,		EV_HANDED_OVER,	act_handed_over, CALL_HANDED_OVER },
	{ CALL_RUNNING,		EV_ENDING,	act_ending,	CALL_DRAINING },
	{ CALL_RUNNING,		EV_ENDED,	act_ended,	CALL_GONE },
	{ CALL_RUNNING,		EV_ERROR,	act_refused,	CALL_GONE },
	{ CALL_RUNNING,		EV_INVALID,	act_lost,	CALL_GONE },
	{ CALL_RUNNING,		EV_EOF,		act_lost,	CALL_GONE },
	{ CALL_RUNNING,		EV_STOP,	act_stop,	CALL_GONE },
	{ CALL_HANDED_OVER,	EV_INVALID,	act_lost,	CALL_GONE },
	{ CALL_HANDED_OVER,	EV_EOF,		act_cleared,	CALL_GONE },
	{ CALL_HANDED_OVER,	EV_STOP,	act_stop,	CALL_GONE },
	{ CALL_DRAINING,	EV_INFO,	act_info,	CALL_DRAINING },
	{ CALL_DRAINING,	EV_UP,		act_nothing,	CALL_DRAINING },
	{ CALL_DRAINING,	EV_ENDING,	act_nothing,	CALL_DRAINING },
	{ CALL_DRAINING,	EV_ENDED,	act_ended,	CALL_GONE },
	{ CALL_DRAINING,	EV_ERROR,	act_nothing,	CALL_GONE },
	{ CALL_DRAINING,	EV_INVALID,	act_nothing,	CALL_GONE },
	{ CALL_DRAINING,	EV_EOF,		act_nothing,	CALL_GONE },
	{ CALL_DRAINING,	EV_TIMEOUT,	act_overdue,	CALL_GONE },
};

static void call_free(struct vpdn_call *call)
{
	deadline_clear(call);
	TAILQ_REMOVE(&calls, call, entry);
	if (call->session_fd >= 0)
		close(call->session_fd);
	close(call->fd);	/* leaves the epoll set with it: nobody else has this end */
	free(call);
}

/* Takes a call one event further. False when the call exists no more. */
static bool call_step(struct vpdn_call *call, enum call_event event, const struct event_data *data)
{
	size_t i;

	for (i = 0; i < sizeof(transitions) / sizeof(transitions[0]); i++) {
		if (transitions[i].state != call->state || transitions[i].event != event)
			continue;
		transitions[i].action(call, data);
		call->state = transitions[i].next;
		if (call->state != CALL_GONE)
			return true;
		call_free(call);
		return false;
	}
	/* every state knows EV_INVALID, so this ends */
	return call_step(call, EV_INVALID, &(struct event_data){ .reason = "a message out of place" });
}

/* ---- the server's event loop ---- */

static enum call_event event_of(const struct vpdn_ipc_msg *msg)
{
	switch (msg->type) {
	case VPDN_MSG_CALL_STARTED:	return EV_STARTED;
	case VPDN_MSG_CALL_INFO:	return EV_INFO;
	case VPDN_MSG_CALL_UP:		return EV_UP;
	case VPDN_MSG_CALL_HANDED_OVER:	return EV_HANDED_OVER;
	case VPDN_MSG_CALL_ENDING:	return EV_ENDING;
	case VPDN_MSG_CALL_ENDED:	return EV_ENDED;
	case VPDN_MSG_ERROR:		return EV_ERROR;
	default:			return EV_INVALID;
	}
}

static void call_read(struct vpdn_call *call)
{
	struct event_data data = { 0 };
	struct vpdn_ipc_msg msg;
	enum call_event event;
	int i, rc;

	for (i = 0; i < MESSAGES_PER_WAKEUP; i++) {
		rc = vpdn_ipc_recv(call->fd, &msg);
		if (rc == -EAGAIN)
			return;
		data.msg = NULL;
		if (rc == 1) {
			data.msg = &msg;
			data.reason = "a message out of place";
			event = event_of(&msg);
		} else if (rc == 0 || rc == -ECONNRESET) {
			data.reason = "the connection was closed";
			event = EV_EOF;
		} else {
			data.reason = "an invalid message came";
			event = EV_INVALID;
		}
		vpdn_ipc_msg_close(&msg);	/* none of these messages has an fd for us */
		if (!call_step(call, event, &data))
			return;
	}
}

static void timer_expired(void)
{
	const struct event_data data = { .reason = "no answer came in time" };
	struct vpdn_call *call;
	struct timespec now;
	uint64_t count;

	if (read(timer_fd, &count, sizeof(count)) < 0)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	while ((call = TAILQ_FIRST(&deadlines)) != NULL &&
	       (call->deadline.tv_sec < now.tv_sec ||
		(call->deadline.tv_sec == now.tv_sec && call->deadline.tv_nsec <= now.tv_nsec)))
		call_step(call, EV_TIMEOUT, &data);
	timer_set();
}

static void calls_readable(int fd, void *arg)
{
	struct epoll_event events[EVENTS_PER_WAKEUP];
	int i, n;

	(void)arg;
	n = epoll_wait(fd, events, EVENTS_PER_WAKEUP, 0);
	/* An event frees no call but its own, except the timer's: that comes last. */
	for (i = 0; i < n; i++)
		if (events[i].data.ptr)
			call_read(events[i].data.ptr);
	for (i = 0; i < n; i++)
		if (!events[i].data.ptr)
			timer_expired();
}

int vpdn_calls_init(const struct pppoe_hook_server *s)
{
	struct epoll_event event = { .events = EPOLLIN };
	int rc;

	server = s;
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (epoll_fd < 0 || timer_fd < 0 || epoll_ctl(epoll_fd, EPOLL_CTL_ADD, timer_fd, &event) < 0)
		goto fail;
	watch = server->watch_add(epoll_fd, calls_readable, NULL);
	if (watch)
		return 0;
fail:
	rc = -errno;
	vpdn_calls_exit();
	return rc;
}

void vpdn_calls_exit(void)
{
	struct vpdn_call *call;

	while ((call = TAILQ_FIRST(&calls)) != NULL)
		call_free(call);
	server->watch_del(watch);
	watch = NULL;
	if (timer_fd >= 0)
		close(timer_fd);
	if (epoll_fd >= 0)
		close(epoll_fd);
	timer_fd = epoll_fd = -1;
}

/* ---- starting and stopping ---- */

static void put_line(struct vpdn_ipc_builder *b, const struct pppoe_hook_line *line)
{
	const uint8_t *mac = line->peer_mac;
	char addresses[40], number[18];

	vpdn_ipc_put_u8(b, VPDN_TLV_ACCESS, VPDN_ACCESS_PPPOE);
	vpdn_ipc_put_text(b, VPDN_TLV_ACCESS_INTERFACE, line->ifname);
	vpdn_ipc_put_bytes(b, VPDN_TLV_PEER_MAC, line->peer_mac, sizeof(line->peer_mac));
	vpdn_ipc_put_u16(b, VPDN_TLV_PPPOE_SESSION, line->session_id);
	vpdn_ipc_put_text(b, VPDN_TLV_SERVICE_NAME, line->service_name);
	vpdn_ipc_put_text(b, VPDN_TLV_AC_NAME, line->ac_name);
	vpdn_ipc_put_u32(b, VPDN_TLV_PHYSICAL_CHANNEL, line->session_id);
	vpdn_line_put(b, line->line_options, line->line_options_len);
	if (line->max_payload)
		vpdn_ipc_put_u16(b, VPDN_TLV_PPP_MAX_PAYLOAD, line->max_payload);
	/* as rp-pppoe.so writes it */
	snprintf(number, sizeof(number), "%02X:%02X:%02X:%02X:%02X:%02X", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
	vpdn_ipc_put_text(b, VPDN_TLV_CALLING_NUMBER, number);

	/* Of what the server gives a pppd it starts itself, the rest follows from the TLVs above (vpdn-serve.so). */
	snprintf(addresses, sizeof(addresses), "%u.%u.%u.%u:%u.%u.%u.%u", line->local_ip[0], line->local_ip[1], line->local_ip[2],
		 line->local_ip[3], line->remote_ip[0], line->remote_ip[1], line->remote_ip[2], line->remote_ip[3]);
	vpdn_ipc_put_text(b, VPDN_TLV_OPTION, addresses);
}

struct vpdn_call *vpdn_call_new(struct pppoe_hook_session *session, const struct pppoe_hook_line *line, int fd, int session_fd,
				int *err)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLRDHUP };
	const uint8_t *mac = line->peer_mac;
	struct vpdn_call *call;

	*err = -ENOMEM;
	call = calloc(1, sizeof(*call));
	if (!call)
		return NULL;
	event.data.ptr = call;
	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0) {
		*err = -errno;
		free(call);
		return NULL;
	}
	snprintf(call->name, sizeof(call->name), "session=%u peer=%02x:%02x:%02x:%02x:%02x:%02x interface=%s", line->session_id,
		 mac[0], mac[1], mac[2], mac[3], mac[4], mac[5], line->ifname);
	call->session = session;
	call->fd = fd;
	call->session_fd = session_fd;
	call->state = CALL_STARTING;
	TAILQ_INSERT_TAIL(&calls, call, entry);
	deadline_set(call);

	/* the line is known only now; the server starts no other call before it says that this one is ready */
	vpdn_ipc_begin(&call_start, VPDN_MSG_CALL_START, 0, 1);
	put_line(&call_start, line);
	return call;
}

void vpdn_call_start(struct vpdn_call *call)
{
	struct event_data data = { 0 };
	char reason[96];
	int rc;

	rc = vpdn_ipc_send(call->fd, &call_start, &call->session_fd, 1);
	close(call->session_fd);	/* the template has its own by now */
	call->session_fd = -1;
	if (rc == 0)
		return;
	snprintf(reason, sizeof(reason), "the template does not take the call (%s)", strerror(-rc));
	data.reason = reason;
	call_step(call, EV_INVALID, &data);
}

void vpdn_call_stop(struct vpdn_call *call, enum pppoe_hook_stop reason)
{
	const struct event_data data = {
		.reason = reason == PPPOE_HOOK_PADT_RECEIVED ? "the subscriber has sent PADT" : "pppoe-server is shutting down",
	};

	call_step(call, EV_STOP, &data);
}
