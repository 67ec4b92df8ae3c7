/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * call.h - the calls that pppoe-server's sessions have become: one connection to the pppd template each.
 *
 * module.c starts calls and stops them when the subscriber or the server ends the session; everything else comes over the
 * call's connection and is handled in call.c, which ends the server's session when the call is over.
 */
#ifndef VPDN_PPPOE_CALL_H
#define VPDN_PPPOE_CALL_H

#include "pppoe-hook.h"

struct vpdn_call;

/*
 * Prepares the set of calls: one epoll instance, watched by the server, holds all connections and one timer, so that their
 * number is not bound by the server's select(). 0 or -errno.
 */
int vpdn_calls_init(const struct pppoe_hook_server *server);

/* Closes all connections, with which the calls end, and the epoll instance. */
void vpdn_calls_exit(void);

/*
 * Makes a call of a session whose PADS has not been sent: `fd`, a fresh connection to the template, and `session_fd`, the
 * session's socket, belong to the call from then on. Nothing is said to the template yet. The call, which ends the session by
 * itself, or NULL with *err a negative errno value; both fds are then still the caller's.
 */
struct vpdn_call *vpdn_call_new(struct pppoe_hook_session *session, const struct pppoe_hook_line *line, int fd, int session_fd,
				int *err);

/*
 * PADS has been sent for the call made last: hands its session to the template (CALL_START). Not before, or the template's
 * first frame could reach the subscriber ahead of the PADS.
 */
void vpdn_call_start(struct vpdn_call *call);

/* The session is over on the server's side: closes the connection, which tells whoever holds its other end. */
void vpdn_call_stop(struct vpdn_call *call, enum pppoe_hook_stop reason);

#endif
