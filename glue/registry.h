/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * registry.h - the tunnels of this host and the calls it takes as LNS, as xl2tpd's
 * module reports them. For `vpdnctl show` and `clear` only: nothing is decided by it.
 * It is emptied when the module goes and filled again when it comes back.
 */
#ifndef VPDN_REGISTRY_H
#define VPDN_REGISTRY_H

#include <bsd/sys/queue.h>
#include <bsd/sys/tree.h>
#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "ipc.h"
#include "server.h"
#include "vpdnd.h"

#define VPDN_INFO_LINES_MAX	8u	/* texts kept for one call; the last ones */

struct vpdn_tunnel {
	RB_ENTRY(vpdn_tunnel) node;
	uint16_t id, peer_id;
	uint8_t state;			/* enum vpdn_tunnel_state */
	bool outgoing;
	struct in_addr peer, source;	/* source INADDR_ANY: not said */
	uint16_t port;
	uint32_t sessions;
	char group[VPDN_NAME_MAX + 1];
	char peer_name[VPDN_NAME_MAX * 4 + 1];	/* escaped */
	uint64_t since_ms;
	uint64_t begun_us;		/* for metrics.h; 0: its beginning was not seen */
};

struct vpdn_info {
	STAILQ_ENTRY(vpdn_info) link;
	char text[];			/* escaped */
};

struct vpdn_lns_call {
	RB_ENTRY(vpdn_lns_call) by_id, by_session;
	uint32_t id;
	uint16_t tunnel_id, session_id, peer_session_id;
	uint8_t state;			/* enum vpdn_call_state */
	char group[VPDN_NAME_MAX + 1];
	char user[256];			/* escaped */
	char calling[128];		/* escaped */
	char ifname[64];
	struct in_addr local, remote;	/* INADDR_ANY: none */
	uint32_t pid;
	char bundle[1024];		/* pppd's key, printable; "": no multilink */
	char endpoint_local[128], endpoint_peer[128];
	uint16_t mrru, peer_mrru;
	uint8_t *report;		/* the last L2TP_CALL_STATE, for what it says of the line; NULL: not kept */
	size_t report_len;
	bool bundle_owner;		/* its pppd keeps the bundle, also without a session of its own */
	uint64_t since_ms;
	uint64_t begun_us, entered_us;	/* its beginning, and its coming into this state, for metrics.h; 0: its beginning was not seen */
	STAILQ_HEAD(, vpdn_info) info;
	unsigned int n_info;
};

struct vpdn_registry *vpdn_registry_new(struct vpdnd *d);
void vpdn_registry_free(struct vpdn_registry *r);
void vpdn_registry_clear(struct vpdn_registry *r);

/* Words for logs and show; "?" for what is no state. */
const char *vpdn_tunnel_state_name(uint8_t state);
const char *vpdn_lns_call_state_name(uint8_t state);

/* Look-ups, and walks in the order of ids; NULL starts, NULL ends. */
const struct vpdn_tunnel *vpdn_registry_tunnel(const struct vpdn_registry *r, uint16_t id);
const struct vpdn_tunnel *vpdn_registry_next_tunnel(const struct vpdn_registry *r, const struct vpdn_tunnel *after);
const struct vpdn_lns_call *vpdn_registry_call(const struct vpdn_registry *r, uint32_t id);
const struct vpdn_lns_call *vpdn_registry_next_call(const struct vpdn_registry *r, const struct vpdn_lns_call *after);

/* Message handlers, see dispatch.h. */
int vpdn_registry_on_tunnel(struct vpdn_conn *c, struct vpdn_ipc_msg *m);
int vpdn_registry_on_call(struct vpdn_conn *c, struct vpdn_ipc_msg *m);
int vpdn_registry_on_sync_done(struct vpdn_conn *c, struct vpdn_ipc_msg *m);

#endif
