/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ipc_client.h - the client's side of vpdnd's socket and of the pppd templates'
 * sockets, for the xl2tpd and pppoe modules, the pppd plugins and vpdnctl.
 *
 * It opens connections and knows the HELLO exchange; the caller owns the fd, puts
 * it into its own event loop and reads with vpdn_ipc_recv().
 */
#ifndef VPDN_IPC_CLIENT_H
#define VPDN_IPC_CLIENT_H

#include <stdint.h>

#include "ipc.h"

/*
 * Connects to a Unix SOCK_SEQPACKET socket.  Never blocks.  The fd (non-blocking,
 * CLOEXEC), or -ENOENT, -ECONNREFUSED (nobody there), -EAGAIN (its queue of
 * connections is full: try again), -ENAMETOOLONG, or another -errno.
 */
int vpdn_ipc_connect(const char *path);

/*
 * Connects to vpdnd at `path` (NULL: the default) and sends HELLO with `role` and
 * `name`, sequence number 0.  The fd or -errno.  The connection may be used at once;
 * the answer comes as the first message, see vpdn_ipc_hello_answer().
 */
int vpdn_ipc_hello(const char *path, enum vpdn_ipc_role role, const char *name);

/*
 * Judges a message that should be the answer to HELLO.  0: accepted.  -EPROTO:
 * something else, or a version that is not ours.  Otherwise the -errno of an ERROR;
 * its TEXT says why.
 */
int vpdn_ipc_hello_answer(const struct vpdn_ipc_msg *m);

/*
 * Connects to the pppd template `name` in `dir` (NULL: the default directory).
 * Errors as vpdn_ipc_connect(); -EINVAL for a name that is no plain file name.
 * CALL_START is the first message; there is no HELLO.
 */
int vpdn_template_connect(const char *dir, const char *name);

/* Writes the path of a template's socket.  0, -EINVAL or -ENAMETOOLONG. */
int vpdn_template_path(const char *dir, const char *name, char *buf, size_t size);

/* How long to wait before connection attempt number `attempt` (0, 1, 2 ...), in ms:
 * 0, then doubling from 100 up to 5000. */
unsigned int vpdn_ipc_backoff_ms(unsigned int attempt);

#endif
