/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * server.h - vpdnd's socket: accepts peers, checks who they are, and moves messages.
 *
 * A connection belongs to the server; others hold a pointer until they are told
 * that it has gone (dispatch.h). A connection that fails is closed from the event
 * loop, never inside a call of its user, so sending never calls back.
 */
#ifndef VPDN_SERVER_H
#define VPDN_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "ipc.h"
#include "vpdnd.h"

#define VPDN_PEER_NAME_MAX	64u

struct vpdn_call;
struct vpdn_conn;

/* Opens the socket at `path`. NULL and the reason in the log. */
struct vpdn_server *vpdn_server_new(struct vpdnd *d, const char *path);
/* Accepts no more; connections stay. */
void vpdn_server_shut(struct vpdn_server *s);
void vpdn_server_free(struct vpdn_server *s);	/* and all connections; NULL is fine */
unsigned int vpdn_server_connections(const struct vpdn_server *s);

struct vpdnd *vpdn_conn_daemon(const struct vpdn_conn *c);
/* 0 before HELLO. */
uint8_t vpdn_conn_role(const struct vpdn_conn *c);
/* Called once, on HELLO. `name` is kept fit to be printed. */
void vpdn_conn_set_peer(struct vpdn_conn *c, uint8_t role, const char *name);
const char *vpdn_conn_name(const struct vpdn_conn *c);

/* The call that a connection of role PPP is about, or NULL. */
struct vpdn_call *vpdn_conn_call(const struct vpdn_conn *c);
void vpdn_conn_set_call(struct vpdn_conn *c, struct vpdn_call *call);

/*
 * Finishes and sends a message; queues it while the peer does not read, within
 * bounds. The builder is wiped. 0; or -errno, logged, and the connection is going to be closed.
 */
int vpdn_conn_send(struct vpdn_conn *c, struct vpdn_ipc_builder *b);
/* Same, with a file descriptor, which stays the caller's. */
int vpdn_conn_send_fd(struct vpdn_conn *c, struct vpdn_ipc_builder *b, int fd);
/* Sends ERROR in reply to `seq`. */
int vpdn_conn_send_error(struct vpdn_conn *c, uint32_t seq, int err, const char *text);

/* Closes the connection once all that is queued has been sent. No message is taken from it any more. */
void vpdn_conn_close(struct vpdn_conn *c);

#endif
