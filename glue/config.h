/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config.h - vpdn.conf as vpdnd uses it: read once, checked whole, never changed.
 *
 * vpdnd.c loads it at the start and on reload, group.c chooses by it, l2tp_peer.c
 * sends its accepting groups to xl2tpd's module, calls hold a reference while they
 * are being placed. It owns all strings in it and wipes the secrets with the last
 * reference. The grammar is the table in config_parse.c; vpdn.conf(5) describes it.
 */
#ifndef VPDN_CONFIG_H
#define VPDN_CONFIG_H

#include <bsd/sys/queue.h>
#include <bsd/sys/tree.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VPDN_CONFIG_PATH	"/etc/vpdn/vpdn.conf"
#define VPDN_L2TP_PORT		1701u	/* RFC 2661 section 8.1 */
#define VPDN_NAME_MAX		64u	/* group, template and host names, octets */

#define VPDN_LNS_MAX		64u	/* initiate-to of one group */

/* What a subscriber's group is looked for by. */
enum vpdn_key_kind { VPDN_KEY_LINE, VPDN_KEY_DNIS, VPDN_KEY_DOMAIN, VPDN_KEY_KINDS };

struct vpdn_source {
	struct in_addr addr;
	uint8_t prefix_len;
};

/* One `initiate-to`. */
struct vpdn_lns {
	struct in_addr addr;
	uint16_t port;
	uint32_t priority;	/* lowest first */
	uint32_t weight;	/* share among equals, >= 1 */
	uint32_t limit;		/* sessions; 0: none */
};

struct vpdn_strings {
	char **v;
	size_t n;
};

struct vpdn_group;

/* One value of domain, dnis or line, and the group it stands in. */
struct vpdn_key {
	RB_ENTRY(vpdn_key) node;
	TAILQ_ENTRY(vpdn_key) link;
	enum vpdn_key_kind kind;
	char *value;
	const struct vpdn_group *group;
	unsigned int line;
};
RB_HEAD(vpdn_keys, vpdn_key);
TAILQ_HEAD(vpdn_group_keys, vpdn_key);

struct vpdn_group {
	TAILQ_ENTRY(vpdn_group) link;
	char *name;
	unsigned int line;		/* in the file, where the group ends */
	bool accepts;			/* accept-dialin, else request-dialin */
	char *local_name;
	bool tunnel_auth;
	char *tunnel_password;		/* secret; NULL when !tunnel_auth */
	uint32_t idle_s;
	uint32_t hello_s;
	uint32_t limit;			/* sessions; 0: none */
	/* request-dialin */
	struct vpdn_group_keys keys;	/* in the order of the file */
	struct vpdn_lns *lns;
	size_t n_lns;
	struct in_addr source_ip;	/* INADDR_ANY: as the routing says */
	uint32_t connect_timeout_s;
	/* accept-dialin */
	struct vpdn_strings terminate_from;
	struct vpdn_source *sources;
	size_t n_sources;
	char *ppp_template;
	uint8_t lcp_policy;		/* enum vpdn_lcp_policy */
	bool has_pool;
	struct in_addr pool_local, pool_first, pool_last;
};
TAILQ_HEAD(vpdn_groups, vpdn_group);

struct vpdn_config {
	unsigned int refs;
	char *path;
	bool has_secrets;
	bool exposed;			/* has secrets, and everybody may read the file */
	enum vpdn_key_kind search_order[VPDN_KEY_KINDS];
	size_t n_search_order;
	uint32_t dead_s;
	struct vpdn_groups groups;
	struct vpdn_keys keys;
};

/*
 * Reads and checks a file. 0 and one reference in *out; or -errno and in `err` one
 * line: "FILE:LINE: what is wrong; what is allowed".
 */
int vpdn_config_load(const char *path, struct vpdn_config **out, char *err, size_t err_size);

/* An empty configuration: no group at all. NULL without memory. */
struct vpdn_config *vpdn_config_new(const char *path);

struct vpdn_config *vpdn_config_get(struct vpdn_config *c);
void vpdn_config_put(struct vpdn_config *c);	/* NULL is fine */

/* The group by its name, or NULL. */
const struct vpdn_group *vpdn_config_group(const struct vpdn_config *c, const char *name);

/* The group that has this value, without regard to case, or NULL. */
const struct vpdn_group *vpdn_config_find(const struct vpdn_config *c, enum vpdn_key_kind kind, const char *value);

/*
 * For the parser: enters a value under `kind`; which group it is for is set later.
 * 0 and the new key in *key; -EEXIST and the key that has this value in *key; -ENOMEM.
 */
int vpdn_config_add_key(struct vpdn_config *c, enum vpdn_key_kind kind, const char *value, unsigned int line,
			struct vpdn_key **key);

const char *vpdn_key_kind_name(enum vpdn_key_kind kind);

#endif
