/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vpdnd.c - vpdnd's start, signals and end. See vpdnd(8) and vpdnd.h.
 */
#include "vpdnd.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "aaa.h"
#include "acct.h"
#include "bridge.h"
#include "channel.h"
#include "call.h"
#include "dialer_peer.h"
#include "explain.h"
#include "ipc_proto.h"
#include "l2tp_peer.h"
#include "log.h"
#include "registry.h"
#include "sd.h"
#include "server.h"
#include "stats.h"

#define STOP_MS		2000	/* for xl2tpd to confirm that all calls are cleared */
#define FD_WANTED	65536u	/* five for each session */
#define FD_MIN		1024u	/* when the limit cannot be asked for */

struct options {
	const char *config_path, *socket_path, *check_path;
	bool debug;
};

uint64_t vpdnd_now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

uint64_t vpdnd_now_ms(void)
{
	return vpdnd_now_us() / 1000;
}

uint32_t vpdnd_new_id(struct vpdnd *d)
{
	if (!++d->last_id)
		d->last_id = 1;
	return d->last_id;
}

/* ---- configuration ---- */

static void warn_exposed(const struct vpdn_config *c)
{
	if (c->exposed)
		vpdn_log_warn("%s holds tunnel passwords and everybody may read it; use: chmod 0640 %s", c->path, c->path);
}

int vpdnd_reload(struct vpdnd *d, char *err, size_t err_size)
{
	struct vpdn_config *c;
	int rc = vpdn_config_load(d->config_path, &c, err, err_size);

	if (rc) {
		vpdn_log_err("%s; the running configuration stays", err);
		return rc;
	}
	warn_exposed(c);
	vpdn_config_put(d->config);
	d->config = c;
	d->loaded_ms = vpdnd_now_ms();
	vpdn_usage_prune(&d->usages, c, vpdnd_now_ms());
	vpdn_aaa_reload(d->aaa);
	vpdn_acct_reload(d->acct);
	vpdn_log_notice("%s has been read", d->config_path);
	if (vpdn_l2tp_connected(d->l2tp))
		vpdn_l2tp_send_groups(d->l2tp);
	return 0;
}

static int check(const char *path)
{
	char err[1024];
	struct vpdn_config *c;

	if (vpdn_config_load(path, &c, err, sizeof(err))) {
		fprintf(stderr, "%s\n", err);
		return EXIT_FAILURE;
	}
	warn_exposed(c);
	vpdn_config_put(c);
	return EXIT_SUCCESS;
}

/* ---- signals ---- */

static void on_hup(evutil_socket_t fd, short what, void *arg)
{
	struct vpdnd *d = arg;
	char err[1024], state[64];

	(void)fd, (void)what;
	/* Type=notify-reload pairs these two by the time in the first. */
	snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%llu", (unsigned long long)vpdnd_now_ms() * 1000);
	vpdn_sd_notify(state);
	vpdnd_reload(d, err, sizeof(err));
	vpdn_sd_notify("READY=1");
}

/* xl2tpd has not confirmed that all calls are over. */
static void on_stop_late(evutil_socket_t fd, short what, void *arg)
{
	struct vpdnd *d = arg;

	(void)fd, (void)what;
	vpdn_acct_end(d->acct);
}

static void on_stop(evutil_socket_t fd, short what, void *arg)
{
	struct timeval tv = { .tv_sec = STOP_MS / 1000, .tv_usec = STOP_MS % 1000 * 1000 };
	struct vpdnd *d = arg;

	(void)what;
	if (d->stopping) {
		event_base_loopbreak(d->base);
		return;
	}
	d->stopping = true;
	vpdn_log_notice("stopping on signal %d; %zu sessions end", (int)fd, vpdn_calls_count(d->calls));
	vpdn_sd_notify("STOPPING=1");
	vpdn_server_shut(d->server);
	event_base_once(d->base, -1, EV_TIMEOUT, on_stop_late, d, &tv);
	if (!vpdn_calls_count(d->calls))
		vpdnd_calls_empty(d);
	else
		vpdn_calls_clear_all(d->calls, "vpdnd is stopping");
}

void vpdnd_calls_empty(struct vpdnd *d)
{
	if (d->stopping)
		vpdn_acct_end(d->acct);
}

void vpdnd_accounted(struct vpdnd *d)
{
	struct timeval now = { 0 };

	/* After the events that are due: a refused subscriber's answer is on its way. */
	event_base_loopexit(d->base, &now);
}

/* ---- start and end ---- */

static void usage(FILE *f)
{
	fprintf(f, "usage: vpdnd [-d] [-c FILE] [-s SOCKET]\n"
		   "       vpdnd -t FILE\n"
		   "       vpdnd -V\n"
		   "  -c FILE    configuration (%s)\n"
		   "  -d         log what happens in detail\n"
		   "  -s SOCKET  listen there (%s)\n"
		   "  -t FILE    check a configuration and exit\n"
		   "  -V         print the version and exit\n"
		   "  -h         print this and exit\n", VPDN_CONFIG_PATH, VPDN_SOCKET_PATH);
}

/* True to go on; otherwise *status is what to exit with. */
static bool parse_options(int argc, char **argv, struct options *o, int *status)
{
	int opt;

	*o = (struct options){ .config_path = VPDN_CONFIG_PATH, .socket_path = VPDN_SOCKET_PATH };
	*status = EXIT_SUCCESS;
	optind = 1;
	while ((opt = getopt(argc, argv, "c:ds:t:Vh")) != -1) {
		switch (opt) {
		case 'c':
			o->config_path = optarg;
			break;
		case 'd':
			o->debug = true;
			break;
		case 's':
			o->socket_path = optarg;
			break;
		case 't':
			o->check_path = optarg;
			break;
		case 'V':
			printf("vpdnd %s\n", VPDN_VERSION);
			return false;
		case 'h':
			usage(stdout);
			return false;
		default:
			usage(stderr);
			*status = 2;
			return false;
		}
	}
	if (optind < argc) {
		usage(stderr);
		*status = 2;
		return false;
	}
	return true;
}

/* Each session takes several fds, so the usual 1024 would end at 200 sessions. */
static uint64_t raise_fd_limit(void)
{
	struct rlimit r, want;

	if (getrlimit(RLIMIT_NOFILE, &r) < 0)
		return FD_MIN;
	want = r;
	want.rlim_cur = r.rlim_max == RLIM_INFINITY || r.rlim_max > FD_WANTED ? FD_WANTED : r.rlim_max;
	if (want.rlim_cur <= r.rlim_cur)
		return r.rlim_cur;
	if (setrlimit(RLIMIT_NOFILE, &want) < 0) {
		vpdn_log_warn("raising the limit of file descriptors: %s", strerror(errno));
		return r.rlim_cur;
	}
	return want.rlim_cur;
}

/* The socket's directory, when nobody (tmpfiles.d, the unit) has made it. */
static void make_directory(const char *socket_path)
{
	char dir[256];
	const char *slash = strrchr(socket_path, '/');
	size_t n = slash ? (size_t)(slash - socket_path) : 0;

	if (!n || n >= sizeof(dir))
		return;
	memcpy(dir, socket_path, n);
	dir[n] = '\0';
	if (mkdir(dir, 0750) < 0 && errno != EEXIST)
		vpdn_log_warn("making %s: %s", dir, strerror(errno));
}

static bool start(struct vpdnd *d, const char *socket_path)
{
	char err[1024];

	if (vpdn_config_load(d->config_path, &d->config, err, sizeof(err))) {
		vpdn_log_err("%s", err);
		return false;
	}
	warn_exposed(d->config);
	d->base = event_base_new();
	d->channels = d->base ? vpdn_channels_new(d->base) : NULL;
	d->calls = vpdn_calls_new(d);
	d->l2tp = vpdn_l2tp_new(d);
	d->dialer = vpdn_dialer_peer_new(d);
	d->registry = vpdn_registry_new(d);
	d->stats = vpdn_stats_new(d);
	d->explains = vpdn_explains_new(d);
	d->aaa = d->base ? vpdn_aaa_new(d, NULL) : NULL;
	d->acct = d->base ? vpdn_acct_new(d) : NULL;
	if (!d->base || !d->channels || !d->calls || !d->l2tp || !d->dialer || !d->registry || !d->stats || !d->explains || !d->aaa || !d->acct) {
		vpdn_log_err("out of memory");
		return false;
	}
	make_directory(socket_path);
	d->server = vpdn_server_new(d, socket_path);
	return d->server;
}

static void finish(struct vpdnd *d)
{
	size_t left = d->calls ? vpdn_calls_count(d->calls) : 0;

	if (left)
		vpdn_log_warn("%zu sessions were not confirmed as over by xl2tpd or vpdn-dialer", left);
	/* Connections first: their users are told, and find everything still there. */
	vpdn_server_free(d->server);
	vpdn_calls_free(d->calls);
	vpdn_channels_free(d->channels);
	vpdn_explains_free(d->explains);
	vpdn_aaa_free(d->aaa);
	vpdn_acct_free(d->acct);
	vpdn_registry_free(d->registry);
	vpdn_stats_free(d->stats);
	vpdn_l2tp_free(d->l2tp);
	vpdn_dialer_peer_free(d->dialer);
	vpdn_usage_prune(&d->usages, NULL, 0);
	vpdn_config_put(d->config);
	if (d->base)
		event_base_free(d->base);
}

static bool run(struct vpdnd *d, const char *socket_path)
{
	static const struct {
		int signal;
		event_callback_fn handler;
	} signals[] = { { SIGTERM, on_stop }, { SIGINT, on_stop }, { SIGHUP, on_hup } };
	struct event *ev[sizeof(signals) / sizeof(signals[0])] = { NULL };
	char unsupported[256];
	bool ok = true;

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		/* What libevent puts back: a second one that comes behind the loop does not spoil a good end. */
		signal(signals[i].signal, SIG_IGN);
		ev[i] = evsignal_new(d->base, signals[i].signal, signals[i].handler, d);
		ok = ok && ev[i] && !evsignal_add(ev[i], NULL);
	}
	if (ok) {
		if (vpdn_bridge_unsupported(unsupported, sizeof(unsupported)))
			vpdn_log_warn("%s; no subscriber can be forwarded, and nothing dialled for an LNS", unsupported);
		vpdn_log_notice("vpdnd %s listens on %s, configuration %s", VPDN_VERSION, socket_path, d->config_path);
		vpdn_sd_notify("READY=1");
		ok = event_base_dispatch(d->base) >= 0;
	}
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (ev[i])
			event_free(ev[i]);
	return ok;
}

int vpdnd_main(int argc, char **argv)
{
	struct vpdnd d = { 0 };
	struct options o;
	int status;

	if (!parse_options(argc, argv, &o, &status))
		return status;
	if (o.check_path)
		return check(o.check_path);
	vpdn_log_open("vpdnd", o.debug);
	signal(SIGPIPE, SIG_IGN);
	umask(077);
	d.fd_limit = raise_fd_limit();
	d.config_path = o.config_path;
	RB_INIT(&d.usages);
	d.started_ms = d.loaded_ms = vpdnd_now_ms();
	status = start(&d, o.socket_path) && run(&d, o.socket_path) ? EXIT_SUCCESS : EXIT_FAILURE;
	finish(&d);
	return status;
}
