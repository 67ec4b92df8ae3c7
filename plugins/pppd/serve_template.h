/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * serve_template.h - the parent: a pppd that has read its options and waits on a Unix
 * socket for calls, forking a child for each.
 */
#ifndef VPDN_SERVE_TEMPLATE_H
#define VPDN_SERVE_TEMPLATE_H

#include "pppd_compat.h"
#include "ipc.h"

struct vpdn_template_config {
	const char *name;
	const char *dir;		/* where the socket is made; NULL: the default */
	unsigned int max_calls;		/* calls after which the program executes itself anew; 0: never */
};

/*
 * Serves until the process is told to end (then it exits and does not return).
 * Returns only in a child, with its call: the connection as the result, CALL_START
 * in *call (with the session's socket still in it), and nothing else of the
 * template's open.  *call is big: static memory of the caller.
 */
int vpdn_template_serve(const struct vpdn_template_config *config, struct vpdn_ipc_msg *call);

#endif
