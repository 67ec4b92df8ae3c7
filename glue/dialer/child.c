/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * child.c - see child.h.
 *
 * The child says on a CLOEXEC pipe where it failed before the program ran; the pipe's end without a word means that it runs.
 * This process has one thread, so the child may do what it likes between fork and exec.
 */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define FDS		4
#define FIRST_FREE_FD	10	/* above all that the program sees */

/* Steps on the way to the program, with their texts for people. */
enum step { STEP_NONE, STEP_FDS, STEP_USER, STEP_IDS, STEP_EXEC };

static const char *const step_texts[] = { "", "setting up its descriptors", "looking up its user", "becoming its user", "executing it" };

struct report {
	int step, err;
};

struct vpdn_child {
	pid_t pid;
	int pidfd, report_fd;
	struct event *ended_ev, *report_ev;
	void (*started)(void *arg);
	void (*ended)(void *arg, const struct vpdn_child_end *end);
	void *arg;
	struct report report;
};

/* ---- in the child ---- */

static void __attribute__((noreturn)) give_up(int report_fd, enum step step, int err)
{
	struct report r = { .step = step, .err = err };

	if (write(report_fd, &r, sizeof(r)) != sizeof(r))
		_exit(126);
	_exit(127);
}

static bool place_fds(const int fds[FDS], int *report_fd)
{
	int high[FDS];

	*report_fd = fcntl(*report_fd, F_DUPFD_CLOEXEC, FIRST_FREE_FD);
	for (int i = 0; i < FDS; i++) {
		int fd = fds[i] < 0 && i < 3 ? open("/dev/null", O_RDWR | O_CLOEXEC) : fds[i];

		high[i] = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FREE_FD);
		if (high[i] < 0 && i < 3)
			return false;
	}
	if (high[3] < 0)
		close(3);
	for (int i = 0; i < FDS; i++)
		if (high[i] >= 0 && dup2(high[i], i) < 0)
			return false;
	/* What was at 0, 1 or 2 by chance is no longer CLOEXEC; nothing else may get through. */
	return close_range(FDS, ~0u, CLOSE_RANGE_CLOEXEC) == 0;
}

static void become(const struct passwd *pw, int report_fd)
{
	if (initgroups(pw->pw_name, pw->pw_gid) || setgid(pw->pw_gid) || setuid(pw->pw_uid))
		give_up(report_fd, STEP_IDS, errno);
}

static void __attribute__((noreturn)) run(const struct vpdn_child_how *how, pid_t parent, int report_fd)
{
	const struct passwd *pw = NULL;
	sigset_t none;

	setsid();
	for (int s = 1; s < NSIG; s++)
		signal(s, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (!place_fds(how->fds, &report_fd))
		give_up(report_fd, STEP_FDS, errno);
	clearenv();
	for (char *const *e = how->env; *e; e++)
		putenv(*e);
	if (how->user) {
		errno = 0;
		pw = getpwnam(how->user);
		if (!pw)
			give_up(report_fd, STEP_USER, errno ? errno : ENOENT);
		setenv("HOME", pw->pw_dir, 1);
		setenv("USER", pw->pw_name, 1);
		setenv("LOGNAME", pw->pw_name, 1);
		become(pw, report_fd);
	}
	/* Changing the user resets this, so it comes last. */
	prctl(PR_SET_PDEATHSIG, how->signal_on_death);
	if (getppid() != parent)
		_exit(127);
	if (chdir("/"))
		give_up(report_fd, STEP_EXEC, errno);
	execvp(how->argv[0], how->argv);
	give_up(report_fd, STEP_EXEC, errno);
}

/* ---- in the parent ---- */

static void child_free(struct vpdn_child *c)
{
	if (c->ended_ev)
		event_free(c->ended_ev);
	if (c->report_ev)
		event_free(c->report_ev);
	if (c->pidfd >= 0)
		close(c->pidfd);
	if (c->report_fd >= 0)
		close(c->report_fd);
	free(c);
}

static void read_report(struct vpdn_child *c)
{
	struct report r;

	if (read(c->report_fd, &r, sizeof(r)) == sizeof(r) && r.step > STEP_NONE && r.step <= STEP_EXEC)
		c->report = r;
}

static void on_report(evutil_socket_t fd, short what, void *arg)
{
	struct vpdn_child *c = arg;

	(void)fd, (void)what;
	event_del(c->report_ev);
	read_report(c);
	if (!c->report.step && c->started)
		c->started(c->arg);
}

static void on_ended(evutil_socket_t fd, short what, void *arg)
{
	struct vpdn_child *c = arg;
	void (*ended)(void *, const struct vpdn_child_end *) = c->ended;
	struct vpdn_child_end end = { 0 };
	void *owner = c->arg;

	(void)fd, (void)what;
	/* It is a zombie still, so its process group is still its own. */
	kill(-c->pid, SIGKILL);
	while (waitpid(c->pid, &end.status, 0) < 0 && errno == EINTR)
		;
	if (event_pending(c->report_ev, EV_READ, NULL))
		read_report(c);
	end.exec_errno = c->report.err;
	end.exec_step = step_texts[c->report.step];
	child_free(c);
	if (ended)
		ended(owner, &end);
}

struct vpdn_child *vpdn_child_new(struct event_base *base, const struct vpdn_child_how *how, void (*started)(void *arg),
				  void (*ended)(void *arg, const struct vpdn_child_end *end), void *arg, int *err)
{
	struct vpdn_child *c = calloc(1, sizeof(*c));
	sigset_t all, before;
	pid_t parent = getpid();
	int pipe_fds[2];

	if (!c || pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK) < 0) {
		*err = errno;
		free(c);
		return NULL;
	}
	c->started = started;
	c->ended = ended;
	c->arg = arg;
	c->pidfd = -1;
	c->report_fd = pipe_fds[0];
	/* Until the child has dropped them, our signal handlers are its own: a signal for it would be taken for one of ours. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	c->pid = fork();
	if (c->pid == 0)
		run(how, parent, pipe_fds[1]);
	*err = errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	close(pipe_fds[1]);
	if (c->pid < 0) {
		child_free(c);
		return NULL;
	}
	c->pidfd = pidfd_open(c->pid, 0);
	*err = errno;
	c->ended_ev = c->pidfd < 0 ? NULL : event_new(base, c->pidfd, EV_READ, on_ended, c);
	c->report_ev = event_new(base, c->report_fd, EV_READ, on_report, c);
	if (!c->ended_ev || !c->report_ev || event_add(c->report_ev, NULL) || event_add(c->ended_ev, NULL)) {
		kill(c->pid, SIGKILL);
		waitpid(c->pid, NULL, 0);
		child_free(c);
		return NULL;
	}
	return c;
}

void vpdn_child_signal(struct vpdn_child *c, int signal)
{
	/* Before it has its own group there is only itself. */
	if (kill(-c->pid, signal) < 0)
		kill(c->pid, signal);
}

void vpdn_child_abandon(struct vpdn_child *c)
{
	if (!c)
		return;
	vpdn_child_signal(c, SIGKILL);
	c->started = NULL;
	c->ended = NULL;
}

char *vpdn_child_end_text(const struct vpdn_child_end *end, char *buf, size_t size)
{
	if (end->exec_errno)
		snprintf(buf, size, "%s: %s", end->exec_step, strerror(end->exec_errno));
	else if (WIFSIGNALED(end->status))
		snprintf(buf, size, "killed by signal %d (%s)", WTERMSIG(end->status), strsignal(WTERMSIG(end->status)));
	else
		snprintf(buf, size, "exit status %d", WEXITSTATUS(end->status));
	return buf;
}
