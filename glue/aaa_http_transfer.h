/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * aaa_http_transfer.h - POST requests in vpdnd's event loop, by libcurl; aaa_http.c starts them. Connections are kept and used
 * again; names are resolved in libcurl's threads. Nothing blocks, and nothing outlives vpdn_transfers_free().
 *
 * Always: certificates are verified, redirects and proxies are not followed, what a
 * user's environment or ~/.netrc says does not count.
 */
#ifndef VPDN_AAA_HTTP_TRANSFER_H
#define VPDN_AAA_HTTP_TRANSFER_H

#include <event2/event.h>
#include <stddef.h>
#include <stdint.h>

#include "config_http.h"

struct vpdn_transfers;
struct vpdn_transfer;

/* Valid during the call that tells of it. */
struct vpdn_transfer_result {
	const char *error;		/* NULL: an answer with the status 200; else why there is none, printable */
	const char *data;		/* the answer */
	size_t len;
	uint32_t ms;			/* it took */
	unsigned int status;		/* of HTTP; 0: it did not come to that */
};

/* The transfer is over, and is freed behind this. */
typedef void vpdn_transfer_fn(void *arg, const struct vpdn_transfer_result *r);

/* For `most` transfers at a time, as many connections as they use stay open. NULL without memory. */
struct vpdn_transfers *vpdn_transfers_new(struct event_base *base, unsigned int most);
/* Those under way have been cancelled before; NULL is fine. */
void vpdn_transfers_free(struct vpdn_transfers *t);

/*
 * Sends `body` to `url` as h says; both, and h, must stay until it is over. fn is called once, from the event loop, within timeout_ms.
 * NULL without memory.
 */
struct vpdn_transfer *vpdn_transfer_new(struct vpdn_transfers *t, const struct vpdn_http_config *h, const char *url, const char *body,
					uint32_t timeout_ms, vpdn_transfer_fn *fn, void *arg);
/* Ends it; fn is not called. NULL is fine. */
void vpdn_transfer_cancel(struct vpdn_transfer *x);

#endif
