/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lines.c - see lines.h. */
#include "lines.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#define READS_PER_WAKEUP	8	/* of what fits a pipe's page: a flood must not hold the loop */

struct vpdn_lines {
	int fd;
	struct event *readable;
	void (*line)(void *arg, const char *line);
	void *arg;
	size_t len;
	char buf[256];
};

static void end_line(struct vpdn_lines *l)
{
	l->buf[l->len] = '\0';
	if (l->len)
		l->line(l->arg, l->buf);
	l->len = 0;
}

static void take(struct vpdn_lines *l, char c)
{
	if (c == '\n' || c == '\r')
		end_line(l);
	else if (l->len < sizeof(l->buf) - 1)
		l->buf[l->len++] = c >= ' ' && c <= '~' ? c : '?';
}

/* False when nothing more will come. */
static bool read_some(struct vpdn_lines *l)
{
	char octets[4096];
	ssize_t n;

	for (unsigned int i = 0; i < READS_PER_WAKEUP; i++) {
		n = read(l->fd, octets, sizeof(octets));
		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		if (!n)
			return false;
		for (ssize_t k = 0; k < n; k++)
			take(l, octets[k]);
	}
	return true;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct vpdn_lines *l = arg;

	(void)fd, (void)what;
	if (read_some(l))
		return;
	event_del(l->readable);
	end_line(l);
}

void vpdn_lines_drain(struct vpdn_lines *l)
{
	read_some(l);
	end_line(l);
}

struct vpdn_lines *vpdn_lines_new(struct event_base *base, int fd, void (*line)(void *arg, const char *line), void *arg)
{
	struct vpdn_lines *l = calloc(1, sizeof(*l));

	if (!l) {
		close(fd);
		return NULL;
	}
	l->fd = fd;
	l->line = line;
	l->arg = arg;
	l->readable = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, l);
	if (!l->readable || event_add(l->readable, NULL)) {
		vpdn_lines_free(l);
		return NULL;
	}
	return l;
}

void vpdn_lines_free(struct vpdn_lines *l)
{
	if (!l)
		return;
	if (l->readable)
		event_free(l->readable);
	close(l->fd);
	free(l);
}
