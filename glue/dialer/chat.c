/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * chat.c - bearers of kind chat: a modem on one of a pool of ttys.
 *
 * The dialogue with the modem is chat(8)'s, of the ppp package, with our ABORT words before the script of vpdn.conf: its exit
 * status tells which of them came. CONNECT's line, reported on its standard error, has the speed. Then the tty becomes a PPP
 * channel and vpdnd gets it.
 *
 *	phase		  goes on when
 *	DIALS		  chat has ended
 *	UP		  carrier is lost (the channel hangs up), or vpdnd clears
 *	STOPS		  a chat that had to be stopped has ended
 *	SAYS_BYE	  the hang-up script has ended, or its time is up
 *	DTR_LOW		  the modem has had time to see it
 *
 * The hang-up script is for a modem that may be on line: after BUSY or a lost carrier it is skipped.
 */
#include "bearer.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>
#include <unistd.h>

#include "channel.h"
#include "child.h"
#include "glue/log.h"
#include "lines.h"
#include "tty.h"
#include "words.h"

#define STOP_MS		1000	/* for chat to end on SIGTERM */
#define BYE_MS		8000	/* for the hang-up script */
#define DTR_MS		600	/* above the half second that modems want */
#define ERRORS_MS	10000	/* between two looks at the error counters */

/* chat(8) ends with 4 for its first ABORT word, 5 for the second ... */
#define CHAT_TIMEOUT	3
#define CHAT_ABORTED	4

static const struct {
	const char *word;
	uint16_t result, cause;
} aborts[] = {
	{ "BUSY",		VPDN_CDN_BUSY,			VPDN_Q931_BUSY },
	{ "NO CARRIER",		VPDN_CDN_NO_CARRIER,		VPDN_Q931_INTERWORKING },
	{ "NO DIALTONE",	VPDN_CDN_NO_DIAL_TONE,		VPDN_Q931_OUT_OF_ORDER },
	{ "NO DIAL TONE",	VPDN_CDN_NO_DIAL_TONE,		VPDN_Q931_OUT_OF_ORDER },
	{ "NO ANSWER",		VPDN_CDN_TIMEOUT,		VPDN_Q931_NO_ANSWER },
	{ "DELAYED",		VPDN_CDN_NO_FACILITIES_TEMP,	VPDN_Q931_REJECTED },
	{ "BLACKLISTED",	VPDN_CDN_NO_FACILITIES_TEMP,	VPDN_Q931_REJECTED },
	{ "ERROR",		VPDN_CDN_NO_CARRIER,		VPDN_Q931_INTERWORKING },
};
#define ABORTS	(sizeof(aborts) / sizeof(aborts[0]))

enum phase { DIALS, UP, STOPS, SAYS_BYE, DTR_LOW };

struct chat {
	struct vpdn_bearer b;
	enum phase phase;
	bool on_line;			/* the modem may have a connection */
	struct vpdn_tty *tty;
	struct vpdn_child *child;
	struct vpdn_lines *said;	/* chat's standard error */
	struct vpdn_channel channel;
	struct event *timer;		/* of the phase */
	struct vpdn_words hangup;	/* of the hang-up script */
	uint32_t speed;			/* of CONNECT; 0: it said none */
	uint32_t baud;			/* of the tty; 0: as it was */
	uint32_t errors_before[6];	/* the tty's counters when the line came up */
	uint32_t errors[6];		/* as last reported */
};

static void wait_ms(struct chat *c, unsigned int ms)
{
	struct timeval tv = vpdn_ms(ms);

	event_add(c->timer, &tv);
}

/* ---- chat(8) ---- */

static void on_said(void *arg, const char *line)
{
	const char *connect = strstr(line, "CONNECT");
	struct chat *c = arg;

	vpdn_log_debug("chat: %s; %s", line, vpdn_bearer_id(&c->b));
	if (connect && c->phase == DIALS)
		c->speed = (uint32_t)strtoul(connect + strlen("CONNECT"), NULL, 10);
}

/* Runs chat with these words on the tty. */
static bool run_chat(struct chat *c, struct vpdn_words *w, void (*ended)(void *, const struct vpdn_child_end *))
{
	static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin", lang[] = "LC_ALL=C";
	char *env[] = { path, lang, NULL };
	int said[2] = { -1, -1 }, err = ENOMEM;
	struct vpdn_child_how how = { .argv = w->v, .env = env, .fds = { c->tty->fd, c->tty->fd, -1, -1 }, .signal_on_death = SIGKILL };

	vpdn_lines_free(c->said);
	c->said = NULL;
	if (!w->bad && pipe2(said, O_CLOEXEC | O_NONBLOCK) == 0) {
		how.fds[2] = said[1];
		c->said = vpdn_lines_new(c->b.d->base, said[0], on_said, c);
		if (c->said)
			c->child = vpdn_child_new(c->b.d->base, &how, NULL, ended, c, &err);
		close(said[1]);
	}
	vpdn_words_free(w);
	if (!c->child)
		vpdn_log_err("starting chat: %s; %s", strerror(err), vpdn_bearer_id(&c->b));
	return c->child;
}

static void begin_words(struct vpdn_words *w, unsigned int timeout_s)
{
	*w = (struct vpdn_words){ 0 };
	vpdn_words_add(w, "chat");
	vpdn_words_add(w, "-S");	/* nothing to syslog */
	vpdn_words_add(w, "-t");
	vpdn_words_addf(w, "%u", timeout_s);
}

/* ---- hanging up ---- */

static void hung_up(struct chat *c)
{
	vpdn_tty_release(c->tty);
	c->tty = NULL;
	vpdn_bearer_hung_up(&c->b);
}

static void drop_dtr(struct chat *c)
{
	c->phase = DTR_LOW;
	if (c->tty && vpdn_tty_drop_dtr(c->tty))
		wait_ms(c, DTR_MS);
	else
		hung_up(c);
}

static void on_bye_ended(void *arg, const struct vpdn_child_end *end)
{
	struct chat *c = arg;

	(void)end;
	c->child = NULL;
	event_del(c->timer);
	drop_dtr(c);
}

static void hang_up_line(struct chat *c)
{
	struct vpdn_words w;

	vpdn_channel_close(&c->channel);
	if (c->tty)
		vpdn_tty_watch_carrier(c->tty, false);
	if (!c->tty || !c->on_line || !c->hangup.n) {
		drop_dtr(c);
		return;
	}
	c->phase = SAYS_BYE;
	begin_words(&w, BYE_MS / 1000);
	for (size_t i = 0; i < c->hangup.n; i++)
		vpdn_words_add(&w, c->hangup.v[i]);
	if (run_chat(c, &w, on_bye_ended))
		wait_ms(c, BYE_MS);
	else
		drop_dtr(c);
}

static void hang_up(struct vpdn_bearer *b)
{
	struct chat *c = (struct chat *)b;

	if (!c->timer) {	/* nothing was begun */
		vpdn_bearer_hung_up(b);
		return;
	}
	event_del(c->timer);
	if (!c->child) {
		hang_up_line(c);
		return;
	}
	c->phase = STOPS;
	vpdn_child_signal(c->child, SIGTERM);
	wait_ms(c, STOP_MS);
}

/* ---- dialling ---- */

static void on_carrier_lost(void *arg)
{
	struct chat *c = arg;

	c->on_line = false;
	vpdn_bearer_lost(&c->b, "carrier lost on %s", c->tty->path);
}

static void up(struct chat *c)
{
	struct vpdn_line line = { .fd = c->tty->fd, .access = VPDN_ACCESS_TTY, .interface = c->tty->path };
	char err[200];
	bool counts;
	int rc;

	line.speed = c->speed ? c->speed : c->baud ? c->baud : vpdn_tty_speed(c->tty);
	line.speed_said = c->speed;
	vpdn_tty_watch_carrier(c->tty, true);
	rc = vpdn_channel_open(&c->channel, c->b.d->base, c->tty->fd, true, on_carrier_lost, c, err, sizeof(err));
	if (rc) {
		vpdn_bearer_no_channel(&c->b, c->tty->path, rc, err);
		return;
	}
	c->phase = UP;
	counts = vpdn_tty_errors(c->tty, c->errors_before);
	if (vpdn_bearer_up(&c->b, &line) && counts)
		wait_ms(c, ERRORS_MS);
}

static void failed(struct chat *c, const struct vpdn_child_end *end)
{
	unsigned int status = WIFEXITED(end->status) ? (unsigned int)WEXITSTATUS(end->status) : 0;
	const char *tty = c->tty->path;
	char text[200];

	if (!end->exec_errno && status >= CHAT_ABORTED && status < CHAT_ABORTED + ABORTS) {
		c->on_line = false;
		status -= CHAT_ABORTED;
		vpdn_bearer_failed(&c->b, aborts[status].result, aborts[status].cause, "the modem on %s says %s", tty, aborts[status].word);
	} else if (!end->exec_errno && status >= CHAT_ABORTED + ABORTS) {
		vpdn_bearer_failed(&c->b, VPDN_CDN_NO_CARRIER, VPDN_Q931_INTERWORKING, "the modem on %s says what ABORT word %u of the script waits for",
				   tty, (unsigned int)(status - CHAT_ABORTED - ABORTS) + 1);
	} else if (!end->exec_errno && status == CHAT_TIMEOUT) {
		vpdn_bearer_failed(&c->b, VPDN_CDN_TIMEOUT, VPDN_Q931_TIMER, "the modem on %s does not answer as the script expects", tty);
	} else {
		vpdn_bearer_failed(&c->b, VPDN_CDN_NO_FACILITIES, VPDN_Q931_NETWORK_OUT_OF_ORDER, "chat on %s: %s", tty,
				   vpdn_child_end_text(end, text, sizeof(text)));
	}
}

static void on_chat_ended(void *arg, const struct vpdn_child_end *end)
{
	struct chat *c = arg;

	c->child = NULL;
	event_del(c->timer);
	vpdn_lines_drain(c->said);
	if (c->phase == STOPS)
		hang_up_line(c);
	else if (!end->exec_errno && WIFEXITED(end->status) && !WEXITSTATUS(end->status))
		up(c);
	else
		failed(c, end);
}

static void look_at_errors(struct chat *c)
{
	uint32_t errors[6];

	if (!vpdn_tty_errors(c->tty, errors))
		return;
	for (size_t i = 0; i < 6; i++)
		errors[i] -= c->errors_before[i];
	if (memcmp(errors, c->errors, sizeof(errors))) {
		memcpy(c->errors, errors, sizeof(errors));
		vpdn_bearer_errors(&c->b, errors);
	}
	wait_ms(c, ERRORS_MS);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct chat *c = arg;

	(void)fd, (void)what;
	switch (c->phase) {
	case DIALS:
		break;
	case UP:
		look_at_errors(c);
		break;
	case STOPS:
	case SAYS_BYE:
		vpdn_child_signal(c->child, SIGKILL);
		break;
	case DTR_LOW:
		hung_up(c);
		break;
	}
}

static void start(struct vpdn_bearer *b, const struct vpdn_ipc_msg *m)
{
	struct vpdn_words patterns = { 0 }, w;
	struct chat *c = (struct chat *)b;
	uint32_t timeout_ms = 0;
	struct vpdn_outcome why;

	vpdn_ipc_get_u32(m, VPDN_TLV_BAUD, &c->baud);
	vpdn_ipc_get_u32(m, VPDN_TLV_TIMEOUT_MS, &timeout_ms);
	begin_words(&w, timeout_ms / 1000 + 1);
	for (size_t i = 0; i < ABORTS; i++) {
		vpdn_words_add(&w, "ABORT");
		vpdn_words_add(&w, aborts[i].word);
	}
	vpdn_words_add(&w, "REPORT");
	vpdn_words_add(&w, "CONNECT");
	vpdn_words_add_list(&w, m, VPDN_TLV_SCRIPT, b->number);
	vpdn_words_add_list(&c->hangup, m, VPDN_TLV_HANGUP_SCRIPT, b->number);
	vpdn_words_add_list(&patterns, m, VPDN_TLV_DEVICE, "%n");
	c->timer = evtimer_new(b->d->base, on_timer, c);
	if (!c->timer || c->hangup.bad || patterns.bad || w.bad || !patterns.n || !vpdn_ipc_has(m, VPDN_TLV_SCRIPT)) {
		vpdn_bearer_failed(b, VPDN_CDN_NO_FACILITIES, VPDN_Q931_NETWORK_OUT_OF_ORDER, "the dialer has no ttys or no script, or memory is short");
		goto out;
	}
	c->tty = vpdn_tty_take(b->d, patterns.v, c->baud, &why);
	if (!c->tty) {
		vpdn_bearer_failed(b, why.result, why.cause, "%s", why.text);
		goto out;
	}
	c->on_line = true;
	vpdn_log_debug("on %s; %s", c->tty->path, vpdn_bearer_id(b));
	if (!run_chat(c, &w, on_chat_ended)) {
		c->on_line = false;
		vpdn_bearer_failed(b, VPDN_CDN_NO_FACILITIES, VPDN_Q931_NETWORK_OUT_OF_ORDER, "chat on %s cannot be started", c->tty->path);
	}
out:
	vpdn_words_free(&patterns);
	vpdn_words_free(&w);
}

static void release(struct vpdn_bearer *b)
{
	struct chat *c = (struct chat *)b;

	vpdn_child_abandon(c->child);
	vpdn_lines_free(c->said);
	vpdn_channel_close(&c->channel);
	vpdn_tty_release(c->tty);
	vpdn_words_free(&c->hangup);
	if (c->timer)
		event_free(c->timer);
}

const struct vpdn_bearer_kind vpdn_bearer_chat = {
	.number = VPDN_DIALER_CHAT, .name = "chat", .framing = VPDN_FRAMING_ASYNC,
	.size = sizeof(struct chat), .start = start, .hang_up = hang_up, .release = release,
};
