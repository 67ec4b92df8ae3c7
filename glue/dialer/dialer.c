/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dialer.c - vpdn-dialer's start, signals and end. See vpdn-dialer(8) and dialer.h. */
#include "dialer.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bearer.h"
#include "glue/log.h"
#include "glue/sd.h"
#include "ipc_proto.h"
#include "link.h"
#include "tty.h"

#define STOP_MS	5000	/* for hanging up everything */

uint64_t vpdn_dialer_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void usage(FILE *f)
{
	fprintf(f, "usage: vpdn-dialer [-d] [-s SOCKET]\n"
		   "       vpdn-dialer -V\n"
		   "  -d, --debug          log what happens in detail\n"
		   "  -s, --socket SOCKET  vpdnd's socket (%s)\n"
		   "  -V, --version        print the version and exit\n"
		   "  -h, --help           print this and exit\n", VPDN_SOCKET_PATH);
}

void vpdn_dialer_idle(struct vpdn_dialer_daemon *d)
{
	if (d->stopping)
		event_base_loopexit(d->base, NULL);
}

static void on_stop(evutil_socket_t fd, short what, void *arg)
{
	struct timeval tv = vpdn_ms(STOP_MS);
	struct vpdn_dialer_daemon *d = arg;

	(void)what;
	if (d->stopping) {
		event_base_loopbreak(d->base);
		return;
	}
	d->stopping = true;
	vpdn_log_notice("stopping on signal %d", (int)fd);
	vpdn_sd_notify("STOPPING=1");
	/* vpdnd learns from the end of the connection what to tell the LNSs. */
	vpdn_dialer_link_close(d->link);
	event_base_loopexit(d->base, &tv);
	vpdn_bearers_orphan(d, "vpdn-dialer is stopping");
	if (TAILQ_EMPTY(&d->bearers))
		vpdn_dialer_idle(d);
}

static bool run(struct vpdn_dialer_daemon *d)
{
	static const int signals[] = { SIGTERM, SIGINT };
	struct event *ev[sizeof(signals) / sizeof(signals[0])] = { NULL };
	bool ok = true;

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		ev[i] = evsignal_new(d->base, signals[i], on_stop, d);
		ok = ok && ev[i] && !evsignal_add(ev[i], NULL);
	}
	if (ok) {
		vpdn_sd_notify("READY=1");
		ok = event_base_dispatch(d->base) >= 0;
	}
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (ev[i])
			event_free(ev[i]);
	return ok;
}

static bool start(struct vpdn_dialer_daemon *d, const char *socket_path)
{
	TAILQ_INIT(&d->bearers);
	RB_INIT(&d->by_ref);
	TAILQ_INIT(&d->done);
	LIST_INIT(&d->ttys);
	LIST_INIT(&d->interfaces);
	d->base = event_base_new();
	if (d->base && vpdn_bearers_init(d))
		d->link = vpdn_dialer_link_new(d, socket_path);
	if (!d->link)
		vpdn_log_err("out of memory");
	return d->link;
}

static void finish(struct vpdn_dialer_daemon *d)
{
	vpdn_dialer_link_free(d->link);
	vpdn_bearers_finish(d);
	vpdn_ttys_free(d);
	if (d->base)
		event_base_free(d->base);
}

int vpdn_dialer_main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "debug", no_argument, NULL, 'd' },
		{ "help", no_argument, NULL, 'h' },
		{ "socket", required_argument, NULL, 's' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	const char *socket_path = VPDN_SOCKET_PATH;
	struct vpdn_dialer_daemon d = { 0 };
	bool debug = false;
	int opt, status;

	while ((opt = getopt_long(argc, argv, "dhs:V", options, NULL)) != -1) {
		switch (opt) {
		case 'd':
			debug = true;
			break;
		case 's':
			socket_path = optarg;
			break;
		case 'V':
			printf("vpdn-dialer %s\n", VPDN_VERSION);
			return EXIT_SUCCESS;
		case 'h':
			usage(stdout);
			return EXIT_SUCCESS;
		default:
			usage(stderr);
			return 2;
		}
	}
	if (optind < argc) {
		usage(stderr);
		return 2;
	}
	vpdn_log_open("vpdn-dialer", debug);
	signal(SIGPIPE, SIG_IGN);
	umask(022);	/* lock files are for everybody to read */
	status = start(&d, socket_path) && run(&d) ? EXIT_SUCCESS : EXIT_FAILURE;
	finish(&d);
	return status;
}
