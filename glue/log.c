/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * log.c - see log.h. Its state is how to log, nothing of what the daemon does.
 * The <N> prefix is sd-daemon(3)'s; the journal is recognised by JOURNAL_STREAM.
 */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINE_MAX_OCTETS	1024

enum log_to { TO_STDERR, TO_JOURNAL, TO_SYSLOG };

static struct {
	enum log_to to;
	const char *ident;
	bool debug;
} state = { .ident = "vpdn" };

static bool is_journal(const struct stat *st)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;

	return stream && sscanf(stream, "%llu:%llu", &dev, &ino) == 2 &&
	       dev == (unsigned long long)st->st_dev && ino == (unsigned long long)st->st_ino;
}

void vpdn_log_open(const char *ident, bool debug)
{
	struct stat st;

	state.ident = ident;
	state.debug = debug;
	if (fstat(STDERR_FILENO, &st) < 0 || (S_ISCHR(st.st_mode) && !isatty(STDERR_FILENO))) {
		openlog(ident, LOG_PID, LOG_DAEMON);
		state.to = TO_SYSLOG;
	} else {
		state.to = is_journal(&st) ? TO_JOURNAL : TO_STDERR;
	}
}

bool vpdn_log_debugging(void)
{
	return state.debug;
}

void vpdn_log(int priority, const char *fmt, ...)
{
	char line[LINE_MAX_OCTETS];
	va_list ap;

	if (priority == LOG_DEBUG && !state.debug)
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	for (char *c = line; *c; c++)
		if ((unsigned char)*c < ' ')
			*c = ' ';
	if (state.to == TO_SYSLOG)
		syslog(priority, "%s", line);
	else if (state.to == TO_JOURNAL)
		dprintf(STDERR_FILENO, "<%d>%s\n", priority, line);
	else
		dprintf(STDERR_FILENO, "%s: %s%s\n", state.ident, priority <= LOG_ERR ? "error: " : priority == LOG_WARNING ? "warning: " : "", line);
}
