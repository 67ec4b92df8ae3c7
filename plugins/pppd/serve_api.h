/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * serve_api.h - what vpdn-serve.so offers to the other plugins of the same pppd.
 *
 * A pppd that is a template's child has a call: the CALL_START that the module in
 * pppoe-server or xl2tpd sent, and the connection it came on.  vpdn-lac.so and
 * vpdn-lns.so find this table with vpdn_serve() (plugin_common.h), in whichever
 * order the plugins were loaded; any other pppd has none, or one with no call.
 */
#ifndef VPDN_SERVE_API_H
#define VPDN_SERVE_API_H

#include "pppd_compat.h"
#include "ipc.h"
#include "result_code.h"

#define VPDN_SERVE_API_VERSION	1
#define VPDN_SERVE_API_SYMBOL	"vpdn_serve_api"

struct vpdn_serve_api {
	uint32_t version;

	/* The call of this process; NULL when it is no template's child.  Stays valid. */
	const struct vpdn_ipc_msg *(*call)(void);

	/* Overwrites the proxied credentials in the call; what else it says stays. */
	void (*forget_credentials)(void);

	/* Tells the requester how LCP and authentication were judged (CALL_INFO). */
	void (*info)(const char *text);

	/*
	 * Says beforehand why PPP is about to end: CALL_ENDING and CALL_ENDED will tell
	 * this and not what pppd's exit status suggests.  The first reason counts.
	 * c->message is ignored, `text` (copied) is the explanation.
	 */
	void (*set_cause)(const struct vpdn_ppp_cause *c, const char *text);

	/*
	 * Says CALL_HANDED_OVER, the last word on the call's connection, and returns its fd
	 * for the caller to pass on.  From now on nothing is sent on it and its end means
	 * nothing to this process.  -errno when that could not be said.
	 */
	int (*hand_over)(void);
};

#endif
