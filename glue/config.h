/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config.h - vpdn.conf as vpdnd uses it: read once, checked whole, never changed.
 *
 * vpdnd.c loads it at the start and on reload, select.c, group.c and number.c choose by it,
 * l2tp_peer.c sends its accepting groups to xl2tpd's module, dialer_peer.c the dialers
 * to vpdn-dialer, calls hold a reference while they are being placed. It owns all
 * strings in it and wipes the secrets with the last reference. config_parse.c reads it by
 * the grammar in config_value.c; vpdn.conf(5) describes it.
 */
#ifndef VPDN_CONFIG_H
#define VPDN_CONFIG_H

#include <bsd/sys/queue.h>
#include <bsd/sys/tree.h>
#include <netinet/in.h>
#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VPDN_CONFIG_PATH	"/etc/vpdn/vpdn.conf"
#define VPDN_L2TP_PORT		1701u	/* RFC 2661 section 8.1 */
#define VPDN_NAME_MAX		64u	/* group, template and host names, octets */

#define VPDN_PEERS_MAX		64u	/* initiate-to of one group */
#define VPDN_PARTS_MAX		10u	/* of a number's pattern: the whole and \1 to \9 */

/* What a subscriber's group is looked for by. */
enum vpdn_key_kind { VPDN_KEY_LINE, VPDN_KEY_DNIS, VPDN_KEY_DOMAIN, VPDN_KEY_KINDS };

/* Who is asked for it: vpdn.conf itself, and others (aaa.h). */
enum vpdn_source_kind { VPDN_SOURCE_LOCAL, VPDN_SOURCE_HTTP, VPDN_SOURCE_RADIUS, VPDN_SOURCE_KINDS };

struct vpdn_source {
	struct in_addr addr;
	uint8_t prefix_len;
};

/* One `initiate-to`: an LNS for dial-in, a LAC for dial-out. */
struct vpdn_peer {
	struct in_addr addr;
	uint16_t port;
	uint32_t priority;	/* lowest first */
	uint32_t weight;	/* share among equals, >= 1 */
	uint32_t limit;		/* sessions; 0: none */
	uint32_t tunnel_limit;	/* tunnels that we open; 0: none */
	/* Of tunnels to it; the group's where nothing else is said. */
	char *local_name;
	char *remote_name;	/* its Host Name; NULL: any */
	bool tunnel_auth;
	char *tunnel_password;	/* secret; NULL when !tunnel_auth */
	struct in_addr source_ip;	/* INADDR_ANY: as the routing says */
	char *assignment;	/* RFC 2868 3.7: sessions with the same one share a tunnel; NULL: those without one do */
};

struct vpdn_strings {
	char **v;
	size_t n;
};

struct vpdn_group;
struct vpdn_http_config;
struct vpdn_radius_config;

/* One value of domain, dnis or line, and the group it stands in. */
struct vpdn_key {
	RB_ENTRY(vpdn_key) node;
	TAILQ_ENTRY(vpdn_key) link;		/* of its group */
	TAILQ_ENTRY(vpdn_key) of_patterns;	/* when it is a line's */
	enum vpdn_key_kind kind;
	bool pattern;			/* "*.example.com"; of a line, for fnmatch(3) behind its prefix */
	char *value;
	const struct vpdn_group *group;
	unsigned int line;
};
RB_HEAD(vpdn_keys, vpdn_key);
TAILQ_HEAD(vpdn_group_keys, vpdn_key);

/* What a value of `line` begins with that is for one of both TR-101 ids only. */
#define VPDN_LINE_CIRCUIT	"circuit:"
#define VPDN_LINE_REMOTE	"remote:"

/* A POSIX extended regular expression. */
struct vpdn_ere {
	regex_t re;
	bool compiled;
};

/* Whose tunnels an accept block takes; nothing in a list: anybody's. */
struct vpdn_accept {
	struct vpdn_strings terminate_from;
	struct vpdn_source *sources;
	size_t n_sources;
};

/* One `number`: an LNS's translation of what is to be dialled. */
struct vpdn_number {
	char *pattern;
	struct vpdn_ere ere;
	char *replace;			/* \1 to \9: the pattern's parts */
};

/* One `dial`: which of a LAC's dialers a number goes to. */
struct vpdn_dial {
	char *pattern;			/* of fnmatch(3) */
	char *replace;			/* %n: the number; NULL: as it is */
	char *dialer_name;
	const struct vpdn_dialer *dialer;
	unsigned int line;
};

struct vpdn_dialer {
	TAILQ_ENTRY(vpdn_dialer) link;
	char *name;
	uint8_t kind;			/* enum vpdn_dialer_kind */
	uint32_t limit;			/* calls; 0: none */
	uint32_t timeout_s;		/* to bring a bearer up */
	/* chat */
	struct vpdn_strings ttys, script, hangup;
	uint32_t speed;			/* bit/s; 0: as the tty is */
	/* pppoe */
	char *interface, *service;	/* service NULL: any */
	uint16_t mtu;			/* octets; 0: 1492 */
	/* exec */
	struct vpdn_strings command;
	char *run_as;			/* NULL: root */
	bool wait_report;
};
TAILQ_HEAD(vpdn_dialers, vpdn_dialer);

struct vpdn_group {
	TAILQ_ENTRY(vpdn_group) link;
	char *name;
	unsigned int line;		/* in the file, where the group ends */
	uint8_t requests, accepts;	/* enum vpdn_accepts bits: what it asks peers for, what it takes from them */
	char *local_name;
	char *remote_name;		/* of the peers that have none of their own; NULL: any */
	bool tunnel_auth;
	char *tunnel_password;		/* secret; NULL: none, or each peer has its own */
	uint32_t opened_idle_s, accepted_idle_s;	/* of a tunnel that we, or the peer, opened */
	uint32_t hello_s;
	bool hidden;			/* AVPs we send are hidden */
	uint32_t limit;			/* sessions; 0: none */
	/* request-dialin, request-dialout */
	struct vpdn_peer *peers;
	size_t n_peers;
	uint32_t tunnel_limit;		/* tunnels to all of them; 0: none */
	uint32_t tunnel_sessions;	/* in one of them, before another is opened; 0: no limit */
	bool tunnel_own;		/* none but tunnels that were opened for this group is used */
	struct in_addr source_ip;	/* INADDR_ANY: as the routing says */
	uint32_t connect_timeout_s;
	/* request-dialin */
	struct vpdn_group_keys keys;	/* in the order of the file */
	bool strip_domain;		/* the LNS gets the user's name without its domain */
	uint8_t *radius_class;		/* Class attributes of the RADIUS answer that it comes from, for accounting; NULL: none */
	size_t radius_class_len;
	uint32_t radius_interim_s;	/* what that answer says of Interim-Updates; 0: nothing */
	uint32_t withheld_avps;		/* bits of line_avps.h: about the access line, what the LNS is not told */
	/* request-dialout */
	struct vpdn_number *numbers;
	size_t n_numbers;
	char *sub_address;		/* NULL: none */
	uint32_t min_bps, max_bps;
	uint32_t bearer, framing;	/* bits of AVPs 18 and 19 */
	uint32_t dial_timeout_s;
	/* accept-dialin */
	struct vpdn_accept dialin;
	char *ppp_template;
	uint8_t lcp_policy;		/* enum vpdn_lcp_policy */
	bool has_pool;
	struct in_addr pool_local, pool_first, pool_last;
	/* accept-dialout */
	struct vpdn_accept dialout;
	struct vpdn_dial *dials;	/* in the order of the file: the first that matches */
	size_t n_dials;
};
TAILQ_HEAD(vpdn_groups, vpdn_group);

struct vpdn_config {
	unsigned int refs;
	char *path;
	bool has_secrets;
	bool exposed;			/* has secrets, and everybody may read the file */
	enum vpdn_key_kind search_order[VPDN_KEY_KINDS];
	size_t n_search_order;
	enum vpdn_source_kind sources[VPDN_SOURCE_KINDS];	/* those that are asked, in order */
	size_t n_sources;
	bool aaa_fail_closed;		/* a source that is unavailable: the call is refused, not decided by the others */
	struct vpdn_http_config *http;		/* NULL: no such block; config_http.h */
	struct vpdn_radius_config *radius;	/* NULL: no such block; config_radius.h */
	char *delimiters;		/* between a user's name and domain: one of these characters */
	bool domain_first;		/* domain-position = prefix */
	struct vpdn_ere dnis_from_service, dnis_from_circuit;
	uint32_t dead_s;
	struct vpdn_groups groups;
	const struct vpdn_group *default_group;	/* NULL: none */
	struct vpdn_keys keys;
	struct vpdn_group_keys line_patterns;	/* in the order of the file */
	struct vpdn_dialers dialers;
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

/* The dialer by its name, or NULL. */
const struct vpdn_dialer *vpdn_config_dialer(const struct vpdn_config *c, const char *name);

/* The octets of the prefix that a value of `line` begins with, without regard to case; 0: none. */
size_t vpdn_line_prefix(const char *value);

/* The value, or pattern that is written so, of a group, without regard to case; or NULL. */
const struct vpdn_key *vpdn_config_find(const struct vpdn_config *c, enum vpdn_key_kind kind, const char *value);

/*
 * For the parser: enters a value under `kind`; which group it is for is set later.
 * 0 and the new key in *key; -EEXIST and the key that has this value in *key; -ENOMEM.
 */
int vpdn_config_add_key(struct vpdn_config *c, enum vpdn_key_kind kind, const char *value, unsigned int line,
			struct vpdn_key **key);

/* The words of `search-order` and of `sources`, by their kinds, NULL behind the last. */
extern const char *const vpdn_key_kinds[], *const vpdn_source_kinds[];
const char *vpdn_key_kind_name(enum vpdn_key_kind kind);
const char *vpdn_source_kind_name(enum vpdn_source_kind kind);

#endif
