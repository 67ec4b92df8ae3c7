/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vpdnd.h - the daemon as a whole: what its parts share, and its entry.
 *
 * There is one struct vpdnd a process, made by vpdnd_main() and handed to every
 * part; there are no other globals. All runs in one event loop; nothing blocks.
 * Only channel.c has threads, for what the kernel makes wait.
 */
#ifndef VPDN_VPDND_H
#define VPDN_VPDND_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "counters.h"
#include "group.h"
#include "metrics.h"

struct vpdn_server;
struct vpdn_calls;
struct vpdn_channels;
struct vpdn_l2tp;
struct vpdn_dialer_peer;
struct vpdn_registry;
struct vpdn_stats;
struct vpdn_aaa;
struct vpdn_explains;
struct vpdn_acct;

struct vpdnd {
	struct event_base *base;
	const char *config_path;
	struct vpdn_config *config;
	struct vpdn_server *server;
	struct vpdn_calls *calls;	/* forwarded, dialled for us, dialled for others */
	struct vpdn_channels *channels;	/* of PPP, and threads that wait for the kernel */
	struct vpdn_l2tp *l2tp;		/* the link to xl2tpd's module */
	struct vpdn_dialer_peer *dialer;	/* the link to vpdn-dialer */
	struct vpdn_registry *registry;	/* tunnels and LNS calls it reports */
	struct vpdn_stats *stats;	/* counters that vpdnctl waits for */
	struct vpdn_aaa *aaa;		/* sources outside of vpdn.conf */
	struct vpdn_explains *explains;	/* answers that wait for them */
	struct vpdn_acct *acct;		/* RADIUS accounting */
	struct vpdn_usages usages;
	struct vpdn_counters counters;
	struct vpdn_metrics metrics;
	uint32_t last_id;		/* of sessions of all kinds */
	uint64_t started_ms, loaded_ms;
	uint64_t fd_limit;		/* RLIMIT_NOFILE */
	bool stopping;
};

int vpdnd_main(int argc, char **argv);

/* CLOCK_MONOTONIC in ms, and in us. */
uint64_t vpdnd_now_ms(void);
uint64_t vpdnd_now_us(void);

/* Reads the configuration again. 0; or -errno, a line in `err`, and nothing has changed. */
int vpdnd_reload(struct vpdnd *d, char *err, size_t err_size);

/* A number for a new session of this host, whatever its kind; never 0. */
uint32_t vpdnd_new_id(struct vpdnd *d);

/* For call.c: the last call has gone. */
void vpdnd_calls_empty(struct vpdnd *d);
/* For acct.c: vpdnd ends, and no record is waited for any more. */
void vpdnd_accounted(struct vpdnd *d);

#endif
