/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * radius_client.h - requests to the RADIUS servers of vpdn.conf, one at a time to one server after the other: sent again until
 * its time is up, then to the next, those that did not answer a while ago last. For aaa_radius.c and acct.c, which have a client each:
 * a server's two ports are two services, of which one may be down.
 *
 * Each request has a socket of its own, connected and with a random port, so that answers cannot be mistaken and a refusal is
 * heard of. Nothing blocks. What the servers did is remembered by address and port, also over a reload.
 */
#ifndef VPDN_RADIUS_CLIENT_H
#define VPDN_RADIUS_CLIENT_H

#include <jansson.h>

#include "config_radius.h"
#include "radius.h"
#include "vpdnd.h"

#define VPDN_RADIUS_EXCHANGES_MAX	512u	/* of one client at the same time */

/* An answer that was checked; or none, and `wrong` says why. Valid during the call. */
struct vpdn_radius_reply {
	const char *wrong;			/* NULL: there is an answer */
	const struct vpdn_radius_server *server;	/* that answered, or was asked last */
	uint8_t code;
	struct vpdn_reader attributes;
	const uint8_t *authenticator;		/* the request's, for Tunnel-Password */
};
typedef void vpdn_radius_reply_fn(void *arg, const struct vpdn_radius_reply *r);

struct vpdn_radius_client;
struct vpdn_radius_exchange;

struct vpdn_radius_client *vpdn_radius_client_new(struct vpdnd *d, enum vpdn_radius_service service);
void vpdn_radius_client_free(struct vpdn_radius_client *c);	/* and all requests, without a word; NULL is fine */

/*
 * Sends `len` octets of attributes, which are copied; added are what signs them, User-Password, NAS-Identifier, NAS-IP-Address and
 * with accounting Acct-Delay-Time, which counts from `since_ms`. Holds a reference to `config`. fn is called once, never before this
 * returns. -ENOENT: no servers; -EBUSY: too many requests are under way; -ENOMEM.
 */
int vpdn_radius_send(struct vpdn_radius_client *c, struct vpdn_config *config, const void *attributes, size_t len, uint64_t since_ms,
		     vpdn_radius_reply_fn *fn, void *arg, struct vpdn_radius_exchange **x);
void vpdn_radius_cancel(struct vpdn_radius_exchange *x);	/* fn will not be called */

/* The configured servers and their counters; a new reference. */
json_t *vpdn_radius_client_show(const struct vpdn_radius_client *c);

#endif
