/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dialout_ask.h - asks vpdnd for an outgoing call and waits until it is connected or
 * has failed.  Called by vpdn-dialout.c, which then owns the call.
 */
#ifndef VPDN_DIALOUT_ASK_H
#define VPDN_DIALOUT_ASK_H

#include "pppd_compat.h"
#include "ipc.h"

#define VPDN_DIALOUT_TIMEOUT_MAX_S	600

/* What the options say.  0 and NULL leave it to the group, for socket_path to the default. */
struct vpdn_dialout_wish {
	char *socket_path;
	char *group, *number;		/* never NULL here */
	char *sub_address;
	int min_bps, max_bps;		/* bit/s */
	int bearer, framing;		/* AVPs 18 and 19, bits */
	int timeout_s;			/* 1 to VPDN_DIALOUT_TIMEOUT_MAX_S */
};

/*
 * Blocks, with pppd's signals served.  0: *connected is the DIAL_CONNECTED with the
 * session's socket, *conn the call's connection, both the caller's.  Otherwise the exit
 * status for pppd (man page), and the reason has been logged; after SIGTERM or SIGINT
 * pppd is told to leave, SIGHUP ends this attempt only.
 */
int vpdn_dialout_ask(const struct vpdn_dialout_wish *w, int *conn, struct vpdn_ipc_msg *connected);

/* Why a call failed or is over, for a log: `busy: text; result ..., Q.931 cause ...`.  Of a DIAL_OVER. */
struct vpdn_dialout_end {
	uint8_t failure;	/* enum vpdn_dial_failure */
	bool has_result, has_cause;
	uint16_t result, error, cause;
	char text[256];
};

/* Async-signal-safe. */
void vpdn_dialout_end_get(const struct vpdn_ipc_msg *m, struct vpdn_dialout_end *e);
/* NUL-terminates, cuts, returns buf. */
char *vpdn_dialout_end_print(const struct vpdn_dialout_end *e, char *buf, size_t size);

#endif
