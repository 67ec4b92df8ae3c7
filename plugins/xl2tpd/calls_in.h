/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * calls_in.h - an incoming call at the LNS: calls_in.c keeps it, calls_in_say.c says what is to be said of it.
 */
#ifndef VPDN_XL2TPD_CALLS_IN_H
#define VPDN_XL2TPD_CALLS_IN_H

#include "module.h"

#define BUNDLE_SIZE	768	/* quoted name and endpoint */
#define ENDPOINT_SIZE	80	/* 20 octets in hexadecimal, and the class */

struct vpdn_call_bundle {
	char name[BUNDLE_SIZE];
	char endpoint_local[ENDPOINT_SIZE], endpoint_peer[ENDPOINT_SIZE];
	uint16_t mrru, peer_mrru;
	uint8_t owner;			/* its pppd outlives the session while the bundle has links */
};

struct vpdn_call_in {
	struct vpdn_call_base base;	/* first; tunnel is NULL when that is gone */
	TAILQ_ENTRY(vpdn_call_in) link;	/* in the tunnel's list, then in orphans */
	RB_ENTRY(vpdn_call_in) by_id;	/* while the core knows it */
	enum vpdn_call_state state;
	bool ending;			/* our CDN is on its way */
	uint16_t tid, cid, peer_cid;
	char *group;
	struct vpdn_group_use *use;	/* until it ends */
	uint64_t since_ms;
	struct l2tp_timer *timer;	/* ICCN overdue, or the good end that was asked for */
	struct vpdn_avp_seen told;	/* by ICRQ: no TLV comes twice */
	uint32_t own_features;		/* VPDN_FEATURE_*, agreed with the LAC */
	int session_fd;			/* a copy of what the template got, until ICCN has said whether it wants sequence numbers; or -1 */
	struct vpdn_ppp_call *ppp;
	bool has_addr;
	struct in_addr addr;		/* of the group's pool */
	char *user;			/* escaped, NULL: not known */
	uint8_t *line;			/* what the LAC says of the access line, as TLVs; NULL: nothing, or not kept */
	size_t line_len;
	char ifname[32];
	uint32_t pid;
	bool has_ips;
	struct in_addr local, remote;
	struct vpdn_call_bundle *bundle;		/* NULL: no multilink */
	struct vpdn_end end;		/* why it ends */
};

/* One line in xl2tpd's log. */
void vpdn_call_in_log(const struct vpdn_call_in *c, int level, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* L2TP_CALL_STATE; text may be NULL. */
void vpdn_call_in_report(const struct vpdn_call_in *c, const char *text);
/* CALL_START for the pppd template, with all that ICRQ says and what the group wants. 0 or -errno. */
int vpdn_call_in_make_start(struct vpdn_call_in *c, const struct vpdn_group *g, struct vpdn_ipc_builder *b,
			    const uint8_t *icrq, size_t len);
/*
 * CALL_CONNECTED, with what ICCN says on top of ICRQ; the claimed user becomes the call's. What is damaged of proxy LCP and
 * authentication is left out. 0 or -errno; the builder holds credentials.
 */
int vpdn_call_in_make_connected(struct vpdn_call_in *c, struct vpdn_ipc_builder *b, const uint8_t *iccn, size_t len);
/*
 * Keeps what an ICRQ or ICCN says of the access line, for show, before what is made of it for the template; nothing when there is
 * no memory.
 */
void vpdn_call_in_keep_line(struct vpdn_call_in *c, const uint8_t *avps, size_t len);
/* Keeps a copy of a text; none of "", and none when there is no memory: it is for show. */
void vpdn_call_in_set_text(char **to, const char *text);

#endif
