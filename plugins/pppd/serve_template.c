/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * serve_template.c - the template's parent process; called by vpdn-serve.c at the point
 * where pppd has its options and nothing that belongs to one session yet.
 *
 * It owns the listening socket and the connections on which no CALL_START has come
 * yet, and nothing of a running call: the child has the connection to itself, and the
 * parent learns of its end only as a process to be reaped.  It never waits for a
 * peer.  Children share the parent's address layout and stack canary, so the program
 * executes itself anew after a number of calls, with the socket open: those who
 * connect meanwhile wait in its queue.
 */
#include "serve_template.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#include "ipc_client.h"
#include "serve_ready.h"

#define PENDING_MAX		128
#define ACCEPT_PAUSE_MS		200	/* out of descriptors: some are freed in the meantime */
#define REQUEST_TIMEOUT_MS	5000
#define LISTEN_FD_ENV		"VPDN_TEMPLATE_FD"

struct pending {
	int fd;
	int64_t deadline_ms;
};

static struct {
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	int listen_fd;
	int signal_fd;
	int64_t accept_from_ms;		/* no connection is taken before */
	unsigned int calls;		/* since this image of the program was started */
	unsigned int max_calls;
	unsigned int npending;
	struct pending pending[PENDING_MAX];
} tmpl;

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void template_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGCHLD);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGHUP);
}

/* The socket that the former image of this program left us, or -1. */
static int inherited_socket(void)
{
	const char *s = getenv(LISTEN_FD_ENV);
	struct sockaddr_un a;
	socklen_t len = sizeof(int);
	int listening = 0, fd;
	char *end;

	if (!s)
		return -1;
	errno = 0;
	fd = (int)strtol(s, &end, 10);
	if (errno || end == s || *end || fd < 3)
		fd = -1;
	unsetenv(LISTEN_FD_ENV);
	if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) < 0 || !listening)
		return -1;
	len = sizeof(a);
	memset(&a, 0, sizeof(a));
	if (getsockname(fd, (struct sockaddr *)&a, &len) < 0 || a.sun_family != AF_UNIX ||
	    strncmp(a.sun_path, tmpl.path, sizeof(a.sun_path)) != 0) {
		close(fd);
		return -1;
	}
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	return fd;
}

/* Makes `dir` and what is missing above it, for root only. */
static int make_directory(const char *dir)
{
	char path[sizeof(tmpl.path)];
	size_t i;

	if (strlcpy(path, dir, sizeof(path)) >= sizeof(path))
		return -ENAMETOOLONG;
	for (i = 1; path[i]; i++) {
		if (path[i] != '/')
			continue;
		path[i] = '\0';
		if (mkdir(path, 0750) < 0 && errno != EEXIST)
			return -errno;
		path[i] = '/';
	}
	return mkdir(path, 0750) < 0 && errno != EEXIST ? -errno : 0;
}

static void template_open(const struct vpdn_template_config *config)
{
	const char *dir = config->dir ? config->dir : VPDN_TEMPLATE_DIR;
	sigset_t set;
	int rc;

	rc = vpdn_template_path(dir, config->name, tmpl.path, sizeof(tmpl.path));
	if (rc < 0)
		fatal("vpdn: template name \"%s\" in %s: %s", config->name, dir, strerror(-rc));

	/* From here on nothing of these is lost; children get them back. */
	template_signals(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	tmpl.signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (tmpl.signal_fd < 0)
		fatal("vpdn: signalfd: %m");

	tmpl.listen_fd = inherited_socket();
	if (tmpl.listen_fd >= 0)
		return;
	rc = make_directory(dir);
	if (rc < 0)
		fatal("vpdn: cannot make %s: %s", dir, strerror(-rc));
	tmpl.listen_fd = vpdn_ipc_listen(tmpl.path);
	if (tmpl.listen_fd == -EADDRINUSE)
		fatal("vpdn: another template \"%s\" is running: %s is served", config->name, tmpl.path);
	if (tmpl.listen_fd < 0)
		fatal("vpdn: cannot listen on %s: %s", tmpl.path, strerror(-tmpl.listen_fd));
}

static void pending_remove(unsigned int i, bool close_it)
{
	if (close_it)
		close(tmpl.pending[i].fd);
	tmpl.pending[i] = tmpl.pending[--tmpl.npending];
}

static void accept_one(void)
{
	uid_t uid;
	int fd = vpdn_ipc_accept(tmpl.listen_fd), rc;

	if (fd < 0) {
		if (fd != -EAGAIN) {
			warn("vpdn: accept: %s", strerror(-fd));
			tmpl.accept_from_ms = now_ms() + ACCEPT_PAUSE_MS;
		}
		return;
	}
	rc = vpdn_ipc_peer(fd, NULL, &uid);
	if (rc < 0 || uid != 0) {
		warn("vpdn: connection of uid %d refused: only root may bring calls", rc < 0 ? -1 : (int)uid);
		close(fd);
		return;
	}
	tmpl.pending[tmpl.npending].fd = fd;
	tmpl.pending[tmpl.npending].deadline_ms = now_ms() + REQUEST_TIMEOUT_MS;
	tmpl.npending++;
}

static void reap_children(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (WIFSIGNALED(status))
			error("vpdn: the pppd of a call, pid %d, died of signal %d%s", (int)pid, WTERMSIG(status),
			      WCOREDUMP(status) ? " (core dumped)" : "");
}

/* Returns normally except when the template is to end. */
static void read_signals(void)
{
	struct signalfd_siginfo si;

	while (read(tmpl.signal_fd, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
		if (si.ssi_signo == SIGCHLD) {
			reap_children();
			continue;
		}
		notice("vpdn: template ends on signal %d; its calls go on", (int)si.ssi_signo);
		unlink(tmpl.path);
		exit(EXIT_OK);
	}
}

/* The whole of a /proc/self/cmdline as an argument vector; NULL when that fails. */
static char **own_arguments(void)
{
	size_t size = 0, room = 4096, n = 0, i, k;
	char *buf = malloc(room), *bigger, **argv = NULL;
	int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t r = -1;

	while (fd >= 0 && buf && (r = read(fd, buf + size, room - size - 1)) > 0) {
		size += (size_t)r;
		if (room - size > 1)
			continue;
		room *= 2;
		bigger = realloc(buf, room);
		if (!bigger) {
			r = -1;
			break;
		}
		buf = bigger;
	}
	if (fd >= 0)
		close(fd);
	if (r == 0 && size > 0) {
		buf[size] = '\0';
		for (i = 0; i < size; i++)
			n += buf[i] == '\0';
		argv = calloc(n + 2, sizeof(*argv));
	}
	if (!argv) {
		free(buf);
		return NULL;
	}
	for (i = 0, k = 0; i < size; i += strlen(buf + i) + 1)
		argv[k++] = buf + i;
	return argv;	/* keeps buf */
}

/* Executes the program anew; comes back only when that was not possible. */
static void execute_anew(void)
{
	char number[16], **argv = own_arguments();

	if (argv) {
		snprintf(number, sizeof(number), "%d", tmpl.listen_fd);
		setenv(LISTEN_FD_ENV, number, 1);
		fcntl(tmpl.listen_fd, F_SETFD, 0);
		info("vpdn: template starts anew after %d calls", (int)tmpl.calls);
		execv("/proc/self/exe", argv);
		fcntl(tmpl.listen_fd, F_SETFD, FD_CLOEXEC);
		unsetenv(LISTEN_FD_ENV);
	}
	warn("vpdn: template could not start anew: %m; it goes on as it is");
	tmpl.max_calls = 0;
}

/* In the child: nothing of the parent's may stay, above all no other call's connection. */
static void leave_template(void)
{
	unsigned int i;
	sigset_t set;

	close(tmpl.listen_fd);
	close(tmpl.signal_fd);
	for (i = 0; i < tmpl.npending; i++)
		close(tmpl.pending[i].fd);
	tmpl.npending = 0;
	template_signals(&set);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

/*
 * Reads the request of pending connection `i`, which is readable.  Returns the
 * connection in the child that has the call, -1 in the parent.
 */
static int take_request(unsigned int i, struct vpdn_ipc_msg *call)
{
	int fd = tmpl.pending[i].fd, rc = vpdn_ipc_recv(fd, call), err;
	pid_t pid;

	if (rc == -EAGAIN)
		return -1;
	if (rc == 1 && (call->type != VPDN_MSG_CALL_START || call->nfds != 1))
		rc = -EBADMSG;
	if (rc != 1) {
		warn("vpdn: a requester's first message is no call: %s", rc == 0 ? "it closed" : strerror(-rc));
		if (rc != 0)
			vpdn_ipc_send_error(fd, call->seq, rc == -EOPNOTSUPP ? ENOSYS : EBADMSG,
					    "the first message must be CALL_START with the session's socket");
		vpdn_ipc_msg_wipe(call);
		pending_remove(i, true);
		return -1;
	}

	pid = fork();
	err = errno;
	if (pid == 0) {
		pending_remove(i, false);
		leave_template();
		return fd;
	}
	if (pid < 0) {
		error("vpdn: cannot fork for a call: %s", strerror(err));
		vpdn_ipc_send_error(fd, call->seq, err, "the template cannot fork");
	} else {
		tmpl.calls++;
	}
	vpdn_ipc_msg_wipe(call);	/* the session's socket too: the child has it */
	pending_remove(i, true);
	return -1;
}

/* Waits for something to happen; pf: listener, signals, then the pending connections. */
static void wait_events(struct pollfd *pf, bool listening)
{
	int64_t now = now_ms(), wait = -1;
	unsigned int i;

	if (now < tmpl.accept_from_ms) {
		listening = false;
		wait = tmpl.accept_from_ms - now;
	}
	pf[0] = (struct pollfd){ .fd = listening ? tmpl.listen_fd : -1, .events = POLLIN };
	pf[1] = (struct pollfd){ .fd = tmpl.signal_fd, .events = POLLIN };
	for (i = 0; i < tmpl.npending; i++) {
		int64_t left = tmpl.pending[i].deadline_ms - now;

		pf[2 + i] = (struct pollfd){ .fd = tmpl.pending[i].fd, .events = POLLIN };
		if (left < 0)
			left = 0;
		if (wait < 0 || left < wait)
			wait = left;
	}
	if (poll(pf, 2 + tmpl.npending, (int)wait) < 0)
		for (i = 0; i < 2 + tmpl.npending; i++)
			pf[i].revents = 0;
}

int vpdn_template_serve(const struct vpdn_template_config *config, struct vpdn_ipc_msg *call)
{
	struct pollfd pf[2 + PENDING_MAX];
	unsigned int i;
	bool full, tired;
	int fd, rc;

	tmpl.max_calls = config->max_calls;
	template_open(config);
	rc = vpdn_service_notify("READY=1");
	if (rc < 0)
		warn("vpdn: cannot tell the service manager: %s", strerror(-rc));
	notice("vpdn: template \"%s\" serves %s", config->name, tmpl.path);
	reap_children();	/* those of the former image, whose SIGCHLD it may have had */

	for (;;) {
		tired = tmpl.max_calls && tmpl.calls >= tmpl.max_calls;
		if (tired && tmpl.npending == 0)
			execute_anew();
		full = tmpl.npending == PENDING_MAX;
		wait_events(pf, !full && !tired);

		if (pf[1].revents)
			read_signals();
		/* Backwards: taking one moves the last into its place. */
		for (i = tmpl.npending; i-- > 0; ) {
			if (pf[2 + i].revents) {
				fd = take_request(i, call);
				if (fd >= 0)
					return fd;
			} else if (tmpl.pending[i].deadline_ms <= now_ms()) {
				warn("vpdn: a requester sent no call within %d s", REQUEST_TIMEOUT_MS / 1000);
				pending_remove(i, true);
			}
		}
		if (pf[0].revents)
			accept_one();
	}
}
