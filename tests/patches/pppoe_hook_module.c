/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pppoe_hook_module.c - a module for pppoe-server's -E, for test_pppoe_hook.py: every hook and every function of the server
 * is used, and logged.
 *
 * The Service-Name asked for is the verdict: "take", "reject", "pass", "other" (only session numbers above 3 will do),
 * "never" (no session number will do). Session 65000 is ended as soon as it is ready. The argument is the path of a FIFO;
 * "N\n" written to it ends session N with PADT, "-N\n" without.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "pppoe-hook.h"

#ifndef TEST_ABI
#define TEST_ABI PPPOE_HOOK_ABI
#endif

static const struct pppoe_hook_server *server;
static struct pppoe_hook_watch *watch;
static struct pppoe_hook_session *sessions[65536];
static int fifo;

static void command(int fd, void *arg)
{
	char buf[64];
	ssize_t n = read(fd, buf, sizeof(buf) - 1);
	int number;

	if (n <= 0)
		return;
	buf[n] = '\0';
	number = atoi(buf);
	if (sessions[abs(number)])
		server->session_end(sessions[abs(number)], number > 0 ? (const char *)arg : NULL);
	sessions[abs(number)] = NULL;
}

static int init(const struct pppoe_hook_server *s, const char *args)
{
	server = s;
	if (!*args) {
		fprintf(stderr, "no FIFO given\n");
		return -1;
	}
	fifo = open(args, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	watch = s->watch_add(fifo, command, "ended by the module");
	if (fifo < 0 || !watch)
		return -1;
	/* out of select()'s reach, refused; and a watch more and less */
	if (s->watch_add(100000, command, NULL) || errno != EMFILE)
		return -1;
	s->watch_del(s->watch_add(0, command, NULL));
	return 0;
}

static enum pppoe_hook_verdict start(struct pppoe_hook_session *session, const struct pppoe_hook_line *l, void **data,
				     const char **error)
{
	char line[2 * 1000 + 1] = "";

	for (size_t i = 0; i < l->line_options_len; i++)
		sprintf(line + 2 * i, "%02x", l->line_options[i]);
	server->log(LOG_INFO, "start %s %02x%02x %02x%02x id=%u max=%u service='%s' ac='%s' line=%s "
		    "ip=%u.%u.%u.%u:%u.%u.%u.%u", l->ifname, l->mac[0], l->mac[5], l->peer_mac[0], l->peer_mac[5], l->session_id,
		    l->max_payload, l->service_name, l->ac_name, line, l->local_ip[0], l->local_ip[1], l->local_ip[2],
		    l->local_ip[3], l->remote_ip[0], l->remote_ip[1], l->remote_ip[2], l->remote_ip[3]);
	if (strcmp(l->service_name, "pass") == 0)
		return PPPOE_HOOK_PASS;
	if (strcmp(l->service_name, "reject") == 0) {
		*error = "rejected by the module";
		return PPPOE_HOOK_REJECT;
	}
	if (strcmp(l->service_name, "never") == 0 || (strcmp(l->service_name, "other") == 0 && l->session_id <= 3))
		return PPPOE_HOOK_OTHER_ID;
	sessions[l->session_id] = session;
	*data = &sessions[l->session_id];
	return PPPOE_HOOK_TAKEN;
}

static void ready(struct pppoe_hook_session *session, void *data)
{
	struct pppoe_hook_session **slot = data;

	server->log(LOG_INFO, "ready id=%td %s", slot - sessions, *slot == session ? "known" : "unknown");
	if (slot - sessions == 65000)
		server->session_end(session, "ended at once");
}

static void stop(struct pppoe_hook_session *session, void *data, enum pppoe_hook_stop reason)
{
	struct pppoe_hook_session **slot = data;

	server->log(LOG_INFO, "stop id=%td %s %s", slot - sessions, *slot == session ? "known" : "unknown",
		    reason == PPPOE_HOOK_PADT_RECEIVED ? "padt" : "shutdown");
	*slot = NULL;
}

static void leave(void)
{
	server->log(LOG_INFO, "exit");
	server->watch_del(watch);
	close(fifo);
}

const struct pppoe_hook_module pppoe_hook_module = {
	.abi = TEST_ABI,
	.name = "test",
	.init = init,
	.session_start = start,
	.session_ready = ready,
	.session_stop = stop,
	.exit = leave,
};
