/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * conn_watch.h - a session whose life is a connection: when the other end closes it,
 * pppd sees a hangup at once.
 *
 * For the channels that get their session's socket from somebody else: a template's
 * child from a module (serve_call.c), a dialled call from vpdnd (vpdn-dialout.c).
 * There is one connection and one session at a time; both fds belong to this file.
 *
 * pppd has no way to watch a further fd, so the kernel sends a signal when something
 * happens on it: SIGURG, which pppd leaves alone and whose default is to be ignored.
 */
#ifndef VPDN_CONN_WATCH_H
#define VPDN_CONN_WATCH_H

#include "pppd_compat.h"
#include "ipc.h"

/* A message on the connection.  It is called in a signal handler: only what is
 * async-signal-safe.  The message is the caller's. */
typedef void (*vpdn_conn_message_fn)(const struct vpdn_ipc_msg *m);

/* Takes over both fds.  0, or -errno when there is no /dev/null; nothing is watched yet. */
int vpdn_conn_open(int conn, int session, vpdn_conn_message_fn message);

/* Watches the connection on behalf of this process, and looks at what came before.  To be called again after pppd's
 * detach(), for the signals go to one process.  0 or -errno. */
int vpdn_conn_watch(void);

/* Sends a message.  0 or -errno; -EPIPE or -ECONNRESET when the connection is over or given away. */
int vpdn_conn_send(struct vpdn_ipc_builder *b);

/* The session's socket for pppd, -1 when it was hung up or closed. */
int vpdn_conn_session(void);

/* The session is gone under pppd, which will see a hangup.  Async-signal-safe. */
void vpdn_conn_hang_up(void);

/* Stops watching and gives the connection away: its fd, or -EPIPE when it is over. */
int vpdn_conn_take(void);

/* Closes the session's socket; the connection stays. */
void vpdn_conn_close_session(void);

/* Closes both.  Safe to repeat.  Also for `close` of struct channel, in a script's process before its exec. */
void vpdn_conn_close(void);

#endif
