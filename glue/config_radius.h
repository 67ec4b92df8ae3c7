/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config_radius.h - the block `radius` of vpdn.conf: the servers, and what is sent to them. Part of struct vpdn_config;
 * config_parse.c has it built (config_build.h), aaa_radius.c, acct.c and radius_client.c go by it.
 */
#ifndef VPDN_CONFIG_RADIUS_H
#define VPDN_CONFIG_RADIUS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"

#define VPDN_RADIUS_SERVERS_MAX	16u
#define VPDN_RADIUS_USER_KEY	"%k"	/* in `user`: what is looked for */

enum vpdn_radius_service { VPDN_RADIUS_AUTH, VPDN_RADIUS_ACCT, VPDN_RADIUS_SERVICES };

struct vpdn_radius_server {
	struct in_addr addr;
	uint16_t port[VPDN_RADIUS_SERVICES];
	char *secret;
	uint32_t priority;		/* lowest first */
	uint32_t timeout_s;		/* from one try to the next */
	uint32_t retries;		/* after the first try */
};

struct vpdn_radius_config {
	struct vpdn_radius_server *servers;	/* in the order in which they are asked */
	size_t n_servers;
	uint32_t dead_s;
	char *user;			/* User-Name, with VPDN_RADIUS_USER_KEY in it */
	char *password;			/* User-Password */
	char *nas_identifier;
	struct in_addr nas_ip;		/* INADDR_ANY: the address that the request leaves from */
	bool require_mac;		/* an answer without Message-Authenticator is none */
	bool accounting;
	uint32_t interim_s;		/* between Interim-Updates; 0: as an Access-Accept says, or none */
};

/* Wipes the secrets and frees; NULL is fine. */
void vpdn_radius_config_free(struct vpdn_radius_config *r);

#endif
