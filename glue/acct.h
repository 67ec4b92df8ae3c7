/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * acct.h - RADIUS accounting of forwarded subscribers at the LAC (RFC 2866, 2867 and 2869): Start when a call is connected, Interim-Update
 * as configured, Stop when it ends, Accounting-On when vpdnd starts and Accounting-Off when it ends.
 *
 * call_step.c says when a call begins and ends; nothing waits for it but vpdnd's end, a few seconds. acct_queue.c gets records to the
 * servers.
 */
#ifndef VPDN_ACCT_H
#define VPDN_ACCT_H

#include <jansson.h>
#include <stdbool.h>

#include "call.h"

struct vpdn_acct *vpdn_acct_new(struct vpdnd *d);
void vpdn_acct_free(struct vpdn_acct *acct);	/* NULL is fine */
/* After d->config changed. */
void vpdn_acct_reload(struct vpdn_acct *acct);

/* The call is connected; its configuration is still there. Sets call->acct, when accounting is configured. */
void vpdn_acct_start(struct vpdn_call *call);
/* It is over, for call->cause; its L2TP socket is still open. Once a call. */
void vpdn_acct_stop(struct vpdn_call *call);
/* It is freed; without a Stop when none was said. */
void vpdn_acct_forget(struct vpdn_call *call);

/*
 * vpdnd ends, and no session follows: what waits is sent, then Accounting-Off. When all of it is taken, or nobody takes it, or the time is
 * up, vpdnd_accounted() is called, perhaps before this returns. A second time nothing happens.
 */
void vpdn_acct_end(struct vpdn_acct *acct);

/* Adds "acct_servers", and counters of records; nothing when there was no accounting. */
void vpdn_acct_show(const struct vpdn_acct *acct, json_t *o);

#endif
