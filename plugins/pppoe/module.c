/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * module.c - the module that pppoe-server loads (its option -E): gives sessions to a pppd template.
 *
 *	pppoe-server -E /usr/lib/vpdn/pppoe-vpdn.so,template=NAME[,templates=DIR] ...
 *
 * For each accepted PADR the kernel's session is made and the template NAME is connected to, which listens on DIR/NAME.sock
 * (vpdn-ppp@NAME, vpdn-serve.so). Only then does the server send PADS: whatever the subscriber sends from its first moment on is
 * kept by the kernel. After it the session goes to the template, with all that is known of the line. Without a template the
 * subscriber gets a PADS with an error.
 *
 * The server's side is described in pppoe-hook.h. Called from the server's one thread only; nothing here blocks.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <syslog.h>
#include <unistd.h>

#include "call.h"
#include "ipc_client.h"
#include "pppoe_session.h"
#include "pppoe-hook.h"

static const struct pppoe_hook_server *server;
static char *template_name, *template_dir;

/* Takes "template=NAME,templates=DIR" apart; complaints go to stderr. */
static int parse_args(const char *args)
{
	char *words = strdup(args), *word, *save = NULL, *value, path[108];
	char **target;
	int rc = -EINVAL;

	if (!words)
		return -ENOMEM;
	for (word = strtok_r(words, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
		value = strchr(word, '=');
		if (value)
			*value++ = '\0';
		target = strcmp(word, "template") == 0 ? &template_name : strcmp(word, "templates") == 0 ? &template_dir : NULL;
		if (!target || !value || !*value) {
			fprintf(stderr, "vpdn: \"%s\": the arguments are template=NAME and templates=DIRECTORY\n", word);
			goto out;
		}
		free(*target);
		*target = strdup(value);
		if (!*target) {
			rc = -ENOMEM;
			goto out;
		}
	}
	if (!template_name) {
		fprintf(stderr, "vpdn: template=NAME is missing\n");
		goto out;
	}
	rc = vpdn_template_path(template_dir, template_name, path, sizeof(path));
	if (rc)
		fprintf(stderr, "vpdn: template=%s: %s\n", template_name,
			rc == -EINVAL ? "not a name" : "the socket's path is too long");
out:
	free(words);
	return rc;
}

static int module_init(const struct pppoe_hook_server *s, const char *args)
{
	struct rlimit files;
	int rc;

	server = s;
	if (parse_args(args))
		return -1;

	/* one connection a session; the server's own few fds stay low, where select() needs them */
	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	rc = vpdn_calls_init(s);
	if (rc)
		fprintf(stderr, "vpdn: cannot watch connections: %s\n", strerror(-rc));
	return rc;
}

/* Logs why the session is refused; what the subscriber is told does not go into details. */
static enum pppoe_hook_verdict reject(const struct pppoe_hook_line *line, const char **error, const char *what, int err,
				      const char *advice)
{
	const unsigned char *mac = line->peer_mac;

	server->log(LOG_ERR, "session=%u peer=%02x:%02x:%02x:%02x:%02x:%02x interface=%s: refused, %s: %s%s", line->session_id,
		    mac[0], mac[1], mac[2], mac[3], mac[4], mac[5], line->ifname, what, strerror(-err), advice);
	*error = "no service at the moment";
	return PPPOE_HOOK_REJECT;
}

static enum pppoe_hook_verdict session_start(struct pppoe_hook_session *session, const struct pppoe_hook_line *line, void **data,
					     const char **error)
{
	enum pppoe_hook_verdict verdict;
	char what[160];
	int session_fd, fd, err;
	uid_t uid;

	session_fd = vpdn_pppoe_session_open(line->ifname, line->peer_mac, line->session_id);
	if (session_fd == -EALREADY)
		return PPPOE_HOOK_OTHER_ID;
	if (session_fd < 0)
		return reject(line, error, "cannot create the kernel's session", session_fd,
			      session_fd == -EAFNOSUPPORT || session_fd == -EPROTONOSUPPORT || session_fd == -ESOCKTNOSUPPORT ?
			      " (is the module pppoe there?)" : "");

	snprintf(what, sizeof(what), "cannot give it to the pppd template %.64s", template_name);
	fd = vpdn_template_connect(template_dir, template_name);
	if (fd < 0) {
		verdict = reject(line, error, what, fd, fd == -ENOENT || fd == -ECONNREFUSED ? " (is it running?)" : "");
		goto out;
	}
	err = vpdn_ipc_peer(fd, NULL, &uid);
	if (!err && uid != 0)
		err = -EPERM;
	*data = err ? NULL : vpdn_call_new(session, line, fd, session_fd, &err);
	if (*data)
		return PPPOE_HOOK_TAKEN;
	close(fd);
	verdict = reject(line, error, what, err, "");
out:
	close(session_fd);
	return verdict;
}

static void session_ready(struct pppoe_hook_session *session, void *data)
{
	(void)session;
	vpdn_call_start(data);
}

static void session_stop(struct pppoe_hook_session *session, void *data, enum pppoe_hook_stop reason)
{
	(void)session;
	vpdn_call_stop(data, reason);
}

static void module_exit(void)
{
	vpdn_calls_exit();
	free(template_name);
	free(template_dir);
	template_name = template_dir = NULL;
}

__attribute__((visibility("default"))) const struct pppoe_hook_module pppoe_hook_module = {
	.abi = PPPOE_HOOK_ABI,
	.name = "vpdn",
	.init = module_init,
	.session_start = session_start,
	.session_ready = session_ready,
	.session_stop = session_stop,
	.exit = module_exit,
};
