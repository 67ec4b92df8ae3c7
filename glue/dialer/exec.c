/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * exec.c - bearers of kind exec: a program that carries PPP frames on its standard input and output.
 *
 * As with pppd's `pty`, the program has the master side of a pseudo-terminal; the slave side becomes the PPP channel (async framing)
 * that vpdnd gets. With WAIT_REPORT it says on descriptor 3 when the line is up; without, the line is up as soon as it runs. Its
 * end is the line's end. It is ended by SIGHUP, and by SIGKILL when that does not help.
 */
#include "bearer.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "channel.h"
#include "child.h"
#include "glue/log.h"
#include "lines.h"
#include "words.h"

#define HUP_MS		3000	/* from SIGHUP to SIGKILL */
#define STATUS_MS	300	/* from a hangup of the pty to the end of its program */
#define SPEED		115200	/* of a line that says nothing, bit/s */
#define LOG_LINES	50	/* of a program's standard error, for each call */

/* What a program may say on descriptor 3, instead of CONNECT [speed]. */
static const struct {
	const char *word;
	uint16_t result, cause;
} reports[] = {
	{ "BUSY",		VPDN_CDN_BUSY,			VPDN_Q931_BUSY },
	{ "NO ANSWER",		VPDN_CDN_TIMEOUT,		VPDN_Q931_NO_ANSWER },
	{ "NO CARRIER",		VPDN_CDN_NO_CARRIER,		VPDN_Q931_INTERWORKING },
	{ "NO DIALTONE",	VPDN_CDN_NO_DIAL_TONE,		VPDN_Q931_OUT_OF_ORDER },
	{ "NO DIAL TONE",	VPDN_CDN_NO_DIAL_TONE,		VPDN_Q931_OUT_OF_ORDER },
	{ "ERROR",		VPDN_CDN_NO_CARRIER,		VPDN_Q931_INTERWORKING },
};

struct exec {
	struct vpdn_bearer b;
	int pty;			/* slave side; 0: none */
	char device[64];
	bool wait;			/* for a report */
	struct vpdn_child *child;
	struct vpdn_lines *said, *report;	/* its standard error, and descriptor 3 */
	unsigned int logged;
	struct vpdn_channel channel;
	struct event *timer;
};

/* Most likely it has ended, and will say with what status. */
static void on_hung_up(void *arg)
{
	struct timeval tv = vpdn_ms(STATUS_MS);
	struct exec *e = arg;

	event_add(e->timer, &tv);
}

static void up(struct exec *e, uint32_t speed)
{
	struct vpdn_line line = { .fd = e->pty, .access = VPDN_ACCESS_TTY, .interface = e->device,
				  .speed = speed ? speed : SPEED, .speed_said = speed };
	char err[200];
	int rc = vpdn_channel_open(&e->channel, e->b.d->base, e->pty, true, on_hung_up, e, err, sizeof(err));

	if (rc)
		vpdn_bearer_no_channel(&e->b, e->device, rc, err);
	else
		vpdn_bearer_up(&e->b, &line);
}

static void on_started(void *arg)
{
	struct exec *e = arg;

	if (!e->wait && e->b.state == VPDN_BEARER_DIALLING)
		up(e, 0);
}

static void on_report(void *arg, const char *line)
{
	struct exec *e = arg;

	vpdn_log_debug("the command reports: %s; %s", line, vpdn_bearer_id(&e->b));
	if (e->b.state != VPDN_BEARER_DIALLING)
		return;
	if (!strncmp(line, "CONNECT", 7) && (!line[7] || line[7] == ' ')) {
		up(e, (uint32_t)strtoul(line + 7, NULL, 10));
		return;
	}
	for (size_t i = 0; i < sizeof(reports) / sizeof(reports[0]); i++) {
		if (!strncmp(line, reports[i].word, strlen(reports[i].word))) {
			vpdn_bearer_failed(&e->b, reports[i].result, reports[i].cause, "the command says %s", line);
			return;
		}
	}
	vpdn_bearer_failed(&e->b, VPDN_CDN_NO_CARRIER, VPDN_Q931_INTERWORKING, "the command reports what nobody understands: %s", line);
}

static void on_said(void *arg, const char *line)
{
	struct exec *e = arg;

	if (e->logged++ < LOG_LINES)
		vpdn_log_info("the command says: %s; %s", line, vpdn_bearer_id(&e->b));
	else if (e->logged == LOG_LINES + 1)
		vpdn_log_info("the command says more, which is not logged; %s", vpdn_bearer_id(&e->b));
}

static void on_ended(void *arg, const struct vpdn_child_end *end)
{
	struct exec *e = arg;
	char text[200];

	e->child = NULL;
	/* Its last words, before what its end means. */
	vpdn_lines_drain(e->said);
	if (e->report)
		vpdn_lines_drain(e->report);
	vpdn_child_end_text(end, text, sizeof(text));
	event_del(e->timer);
	if (e->b.state == VPDN_BEARER_DONE)
		return;
	if (e->b.state == VPDN_BEARER_HANGING_UP) {
		vpdn_bearer_hung_up(&e->b);
	} else if (e->b.state == VPDN_BEARER_UP) {
		vpdn_bearer_lost(&e->b, "the command has ended: %s", text);
	} else if (end->exec_errno) {
		vpdn_bearer_failed(&e->b, VPDN_CDN_NO_FACILITIES, VPDN_Q931_NETWORK_OUT_OF_ORDER, "the command cannot be run: %s", text);
	} else {
		vpdn_bearer_failed(&e->b, VPDN_CDN_NO_CARRIER, VPDN_Q931_INTERWORKING, "the command has ended before the line was up: %s", text);
	}
}

/* ---- start and end ---- */

static void close_pty(struct exec *e)
{
	vpdn_channel_close(&e->channel);
	if (e->pty)
		close(e->pty);
	e->pty = 0;
}

/* The master side, for the program; the slave side is set up in *e. -errno. */
static int open_pty(struct exec *e)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), slave, rc;
	struct termios tio;

	if (master < 0)
		return -errno;
	if (grantpt(master) || unlockpt(master) || ptsname_r(master, e->device, sizeof(e->device)))
		goto fail;
	slave = open(e->device, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		goto fail;
	e->pty = slave;
	if (tcgetattr(e->pty, &tio))
		goto fail;
	cfmakeraw(&tio);
	if (tcsetattr(e->pty, TCSANOW, &tio))
		goto fail;
	return master;
fail:
	rc = -errno;
	close(master);
	return rc;
}

static struct vpdn_lines *pipe_lines(struct exec *e, void (*line)(void *, const char *), int *write_end)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return NULL;
	*write_end = fds[1];
	/* Only our end: the program expects its own to wait. */
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	return vpdn_lines_new(e->b.d->base, fds[0], line, e);
}

static void set_environment(struct vpdn_words *env, const struct vpdn_bearer *b)
{
	vpdn_words_add(env, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	vpdn_words_addf(env, "VPDN_NUMBER=%s", b->number);
	vpdn_words_addf(env, "VPDN_SUB_ADDRESS=%s", b->sub_address);
	vpdn_words_addf(env, "VPDN_MIN_BPS=%u", b->min_bps);
	vpdn_words_addf(env, "VPDN_MAX_BPS=%u", b->max_bps);
}

/* Runs the command; an errno value when it cannot even be tried. */
static int run(struct exec *e, const struct vpdn_words *argv, const char *user)
{
	struct vpdn_child_how how = { .argv = argv->v, .user = user, .fds = { -1, -1, -1, -1 }, .signal_on_death = SIGHUP };
	struct vpdn_words env = { 0 };
	int master = open_pty(e), err = ENOMEM;

	if (master < 0)
		return -master;
	how.fds[0] = how.fds[1] = master;
	set_environment(&env, &e->b);
	how.env = env.v;
	e->said = pipe_lines(e, on_said, &how.fds[2]);
	if (e->wait)
		e->report = pipe_lines(e, on_report, &how.fds[3]);
	if (!env.bad && e->said && (e->report || !e->wait))
		e->child = vpdn_child_new(e->b.d->base, &how, on_started, on_ended, e, &err);
	vpdn_words_free(&env);
	/* The program's ends: its closing them must be seen. */
	for (int i = 1; i < 4; i++)
		if (how.fds[i] >= 0)
			close(how.fds[i]);
	return e->child ? 0 : err;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct exec *e = arg;

	(void)fd, (void)what;
	if (e->b.state == VPDN_BEARER_UP) {
		vpdn_bearer_lost(&e->b, "the command has closed its side of %s", e->device);
		return;
	}
	vpdn_log_warn("the command has not ended %d ms after SIGHUP and is killed; %s", HUP_MS, vpdn_bearer_id(&e->b));
	vpdn_child_signal(e->child, SIGKILL);
}

static void start(struct vpdn_bearer *b, const struct vpdn_ipc_msg *m)
{
	bool as_user = vpdn_ipc_has(m, VPDN_TLV_RUN_AS);
	struct exec *e = (struct exec *)b;
	struct vpdn_words argv = { 0 };
	char user[256];
	uint8_t wait = 0;
	int err = ENOMEM;

	vpdn_ipc_get_u8(m, VPDN_TLV_WAIT_REPORT, &wait);
	e->wait = wait;
	e->timer = evtimer_new(b->d->base, on_timer, e);
	vpdn_words_add_list(&argv, m, VPDN_TLV_COMMAND, b->number);
	if (as_user && !vpdn_ipc_get_text(m, VPDN_TLV_RUN_AS, user, sizeof(user)))
		err = EINVAL;	/* never as root instead */
	else if (e->timer && !argv.bad && argv.n)
		err = run(e, &argv, as_user ? user : NULL);
	if (err)
		vpdn_bearer_failed(b, VPDN_CDN_NO_FACILITIES, VPDN_Q931_NETWORK_OUT_OF_ORDER, "the command cannot be run: %s", strerror(err));
	vpdn_words_free(&argv);
}

static void hang_up(struct vpdn_bearer *b)
{
	struct timeval tv = vpdn_ms(HUP_MS);
	struct exec *e = (struct exec *)b;

	close_pty(e);
	if (!e->child) {
		vpdn_bearer_hung_up(b);
		return;
	}
	event_add(e->timer, &tv);
	vpdn_child_signal(e->child, SIGHUP);
}

static void release(struct vpdn_bearer *b)
{
	struct exec *e = (struct exec *)b;

	vpdn_child_abandon(e->child);
	vpdn_lines_free(e->said);
	vpdn_lines_free(e->report);
	close_pty(e);
	if (e->timer)
		event_free(e->timer);
}

const struct vpdn_bearer_kind vpdn_bearer_exec = {
	.number = VPDN_DIALER_EXEC, .name = "exec", .framing = VPDN_FRAMING_ASYNC,
	.size = sizeof(struct exec), .start = start, .hang_up = hang_up, .release = release,
};
