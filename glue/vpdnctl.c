/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vpdnctl.c - shows and controls what vpdnd manages. See vpdnctl(8).
 *
 * All commands and their help are in one table. It asks vpdnd over its socket and
 * waits for the answer with a time limit; `check` works without vpdnd.
 */
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "config.h"
#include "ipc_client.h"
#include "vpdnctl_dial.h"
#include "vpdnctl_table.h"

#define ANSWER_S	15	/* seconds to wait for vpdnd: longer than its sources may take */
#define EXIT_USAGE	2
#define HOLD_MAX_S	86400ul
#define KNOWN_MAX	14		/* words: seven options of explain with their values */
#define WORDS_MAX	(2 + KNOWN_MAX)

static const struct command {
	const char *verb, *object, *arg, *help;
	bool arg_needed;
	void (*print)(const json_t *o);		/* NULL: nothing is said when it worked */
	void (*print_one)(const json_t *o);	/* when the argument was given */
} commands[] = {
	{ "show", NULL, NULL, "tunnels, sessions and counters", false, vpdnctl_print_all, NULL },
	{ "show", "tunnel", "ID", "the L2TP tunnels, or one and its counters", false, vpdnctl_print_tunnels, vpdnctl_print_tunnel },
	{ "show", "session", "ID", "the sessions, or all that is known about one", false, vpdnctl_print_sessions, vpdnctl_print_session },
	{ "show", "group", NULL, "the vpdn-groups, without their secrets, and the dialers", false, vpdnctl_print_groups, NULL },
	{ "show", "aaa", NULL, "the sources that are asked where calls go, and how they do", false, vpdnctl_print_aaa, NULL },
	{ "show", "ppp", "multilink", "the multilink bundles, and the sessions in them", true, vpdnctl_print_multilink, NULL },
	{ "clear", "session", "ID", "end a session in good order", true, NULL, NULL },
	{ "clear", "tunnel", "ID", "close a tunnel with all its sessions", true, NULL, NULL },
	{ "clear", "dead", "ADDRESS", "forget that a peer, or all of them, could not be reached", false, NULL, NULL },
	{ "clear", "aaa-cache", NULL, "forget the answers that AAA servers gave before", false, NULL, NULL },
	{ "drain", NULL, "ADDRESS", "give a peer no new calls; those it has stay", true, vpdnctl_print_drained, NULL },
	{ "undrain", NULL, "ADDRESS", "give it calls again", true, NULL, NULL },
	{ "explain", NULL, "USER", "what would become of a call, step by step, without placing it", true, vpdnctl_print_explained, NULL },
	{ "dial", NULL, "GROUP NUMBER", "have a LAC dial, say what happens, and clear the call", true, NULL, NULL },
	{ "metrics", NULL, NULL, "counters and times for Prometheus", false, vpdnctl_print_metrics, NULL },
	{ "reload", NULL, NULL, "make vpdnd read its configuration again", false, NULL, NULL },
	{ "check", NULL, "FILE", "check a configuration file; needs no vpdnd", true, NULL, NULL },
};

static const struct {
	int status;
	const char *help;
} statuses[] = {
	{ EXIT_SUCCESS, "the command was carried out" },
	{ EXIT_FAILURE, "it failed; the reason is on standard error" },
	{ EXIT_USAGE, "wrong usage" },
};

static void usage(FILE *f)
{
	fprintf(f, "usage: vpdnctl [--json] [--socket PATH] COMMAND\n\ncommands:\n");
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		const struct command *c = &commands[i];
		char words[64];

		snprintf(words, sizeof(words), "%s%s%s%s%s%s%s", c->verb, c->object ? " " : "", c->object ? c->object : "",
			 c->arg ? " " : "", c->arg && !c->arg_needed ? "[" : "", c->arg ? c->arg : "",
			 c->arg && !c->arg_needed ? "]" : "");
		fprintf(f, "  %-20s %s\n", words, c->help);
	}
	fprintf(f, "\noptions:\n"
		   "  --json               print vpdnd's answer as JSON\n"
		   "  --dnis N, --clid N, --line INTERFACE, --mac ADDRESS, --circuit-id TEXT, --remote-id TEXT, --service TEXT\n"
		   "                       with explain: what else is known of the call\n"
		   "  --hold SECONDS       with dial: keep the call that long once it is up (0)\n"
		   "  --socket PATH        vpdnd's socket (%s)\n"
		   "  --help, --version\n\nexit status:\n", VPDN_SOCKET_PATH);
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		fprintf(f, "  %-20d %s\n", statuses[i].status, statuses[i].help);
}

/* Words of an argument: "GROUP NUMBER" is two. */
static int words_of(const char *arg)
{
	return !arg ? 0 : strchr(arg, ' ') ? 2 : 1;
}

static const struct command *lookup(char **words, int n)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		const struct command *c = &commands[i];
		int fixed = 1 + !!c->object;

		if (n < fixed + (c->arg_needed ? words_of(c->arg) : 0) || n > fixed + words_of(c->arg) || strcmp(words[0], c->verb) ||
		    (c->object && strcmp(words[1], c->object)))
			continue;
		return c;
	}
	return NULL;
}

static int check(const char *path)
{
	struct vpdn_config *c;
	char err[1024];

	if (vpdn_config_load(path, &c, err, sizeof(err))) {
		fprintf(stderr, "%s\n", err);
		return EXIT_FAILURE;
	}
	if (c->exposed)
		fprintf(stderr, "%s: warning: it holds tunnel passwords and everybody may read it; use: chmod 0640 %s\n", path, path);
	vpdn_config_put(c);
	return EXIT_SUCCESS;
}

/* Waits for one message. 0 or -errno; -ETIMEDOUT at `deadline`, seconds of CLOCK_MONOTONIC. */
static int receive(int fd, struct vpdn_ipc_msg *m, time_t deadline)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct timespec now;
	int rc;

	for (;;) {
		rc = vpdn_ipc_recv(fd, m);
		if (rc != -EAGAIN) {
			vpdn_ipc_msg_close(m);
			return rc == 1 ? 0 : rc ? rc : -ECONNRESET;
		}
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec >= deadline)
			return -ETIMEDOUT;
		if (poll(&p, 1, 1000) < 0 && errno != EINTR)
			return -errno;
	}
}

/* An ERROR's text to standard error. */
static int told_error(const struct vpdn_ipc_msg *m)
{
	char text[1024];

	if (!vpdn_ipc_get_text(m, VPDN_TLV_TEXT, text, sizeof(text)))
		snprintf(text, sizeof(text), "vpdnd reports an error without a reason");
	fprintf(stderr, "vpdnctl: %s\n", text);
	return EXIT_FAILURE;
}

static int failed(const char *what, int rc)
{
	fprintf(stderr, "vpdnctl: %s: %s\n", what, strerror(-rc));
	return EXIT_FAILURE;
}

/* The whole answer as one string, which the caller frees, or NULL after the failure was told. */
static char *ask(int fd, char **words, int n)
{
	static struct vpdn_ipc_builder b;
	static struct vpdn_ipc_msg m;
	struct timespec now;
	char *text = NULL, *grown;
	const uint8_t *p;
	size_t have = 0, len;
	int rc;

	clock_gettime(CLOCK_MONOTONIC, &now);
	rc = receive(fd, &m, now.tv_sec + ANSWER_S);
	if (!rc && m.type == VPDN_MSG_ERROR) {
		told_error(&m);
		return NULL;
	}
	if (!rc)
		rc = vpdn_ipc_hello_answer(&m);
	if (rc) {
		failed("greeting vpdnd", rc);
		return NULL;
	}
	vpdn_ipc_begin(&b, VPDN_MSG_CTL_REQUEST, 0, 1);
	for (int i = 0; i < n; i++)
		vpdn_ipc_put_text(&b, VPDN_TLV_WORD, words[i]);
	rc = vpdn_ipc_send(fd, &b, NULL, 0);
	do {
		if (!rc)
			rc = receive(fd, &m, now.tv_sec + ANSWER_S);
		if (!rc && m.type == VPDN_MSG_ERROR) {
			told_error(&m);
			free(text);
			return NULL;
		}
		if (!rc && (m.type != VPDN_MSG_CTL_REPLY || !vpdn_ipc_get_bytes(&m, VPDN_TLV_JSON, &p, &len)))
			rc = -EPROTO;
		grown = rc ? NULL : realloc(text, have + len + 1);
		if (!rc && !grown)
			rc = -ENOMEM;
		if (rc) {
			failed("waiting for vpdnd's answer", rc);
			free(text);
			return NULL;
		}
		text = grown;
		memcpy(text + have, p, len);
		have += len;
		text[have] = '\0';
	} while (m.flags & VPDN_IPC_F_MORE);
	return text;
}

static int run(const struct command *c, char **words, int n, const char *socket_path, bool json)
{
	void (*print)(const json_t *o) = c->print;
	json_error_t error;
	char *text;
	json_t *o;
	int fd;

	fd = vpdn_ipc_hello(socket_path, VPDN_ROLE_CONTROL, "vpdnctl");
	if (fd == -ENOENT || fd == -ECONNREFUSED) {
		fprintf(stderr, "vpdnctl: vpdnd is not running: nobody listens on %s\n", socket_path);
		return EXIT_FAILURE;
	}
	if (fd < 0)
		return failed(socket_path, fd);
	text = ask(fd, words, n);
	close(fd);
	if (!text)
		return EXIT_FAILURE;
	o = json_loads(text, 0, &error);
	free(text);
	if (!o) {
		fprintf(stderr, "vpdnctl: vpdnd's answer is no JSON: %s\n", error.text);
		return EXIT_FAILURE;
	}
	if (c->print_one && n > 1 + !!c->object)
		print = c->print_one;
	if (json) {
		json_dumpf(o, stdout, JSON_INDENT(2));
		putchar('\n');
	} else if (print) {
		print(o);
	}
	json_decref(o);
	if (fflush(stdout)) {
		fprintf(stderr, "vpdnctl: standard output: %s\n", strerror(errno));
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' }, { "hold", required_argument, NULL, 'H' }, { "socket", required_argument, NULL, 's' },
		{ "help", no_argument, NULL, 'h' }, { "version", no_argument, NULL, 'V' },
		{ "dnis", required_argument, NULL, 'q' }, { "clid", required_argument, NULL, 'q' }, { "line", required_argument, NULL, 'q' },
		{ "mac", required_argument, NULL, 'q' }, { "circuit-id", required_argument, NULL, 'q' },
		{ "remote-id", required_argument, NULL, 'q' }, { "service", required_argument, NULL, 'q' }, { NULL, 0, NULL, 0 }
	};
	const char *socket_path = VPDN_SOCKET_PATH;
	char *words[WORDS_MAX];
	const struct command *c;
	unsigned long hold = 0;
	bool json = false, held = false;
	char *end;
	int opt, which, n, known = 0;

	while ((opt = getopt_long(argc, argv, "js:hV", options, &which)) != -1) {
		switch (opt) {
		case 'j':
			json = true;
			break;
		case 'H':
			errno = 0;
			hold = strtoul(optarg, &end, 10);
			if (errno || *end || *optarg < '0' || *optarg > '9' || hold > HOLD_MAX_S) {
				fprintf(stderr, "vpdnctl: --hold: wrong value \"%s\"; allowed: 0 to %lu seconds\n", optarg, HOLD_MAX_S);
				return EXIT_USAGE;
			}
			held = true;
			break;
		case 'q':
			if (known == KNOWN_MAX) {
				usage(stderr);
				return EXIT_USAGE;
			}
			/* Behind "explain" and the user. */
			words[2 + known++] = (char *)options[which].name;
			words[2 + known++] = optarg;
			break;
		case 's':
			socket_path = optarg;
			break;
		case 'h':
			usage(stdout);
			return EXIT_SUCCESS;
		case 'V':
			printf("vpdnctl %s\n", VPDN_VERSION);
			return EXIT_SUCCESS;
		default:
			usage(stderr);
			return EXIT_USAGE;
		}
	}
	n = argc - optind;
	c = n ? lookup(argv + optind, n) : NULL;
	if (!c || (held && strcmp(c->verb, "dial")) || (known && strcmp(c->verb, "explain"))) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(c->verb, "dial"))
		return vpdnctl_dial(socket_path, argv[optind + 1], argv[optind + 2], (unsigned int)hold, json);
	if (!strcmp(c->verb, "check"))
		return check(argv[optind + 1]);
	memcpy(words, argv + optind, (size_t)n * sizeof(words[0]));
	return run(c, words, n + known, socket_path, json);
}
