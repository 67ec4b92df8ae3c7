/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * link.h - the dialer's connection to vpdnd (vpdn-ipc(7), role DIALER).
 *
 * Connects, and again after a pause whenever the connection is lost; with it end all bearers, as nobody holds their other side.
 */
#ifndef VPDN_DIALER_LINK_H
#define VPDN_DIALER_LINK_H

#include "dialer.h"
#include "ipc.h"

/* Begins to connect to vpdnd's socket at `path`, which must stay. NULL: out of memory. */
struct vpdn_dialer_link *vpdn_dialer_link_new(struct vpdn_dialer_daemon *d, const char *path);
void vpdn_dialer_link_free(struct vpdn_dialer_link *l);

/* Closes the connection for good. */
void vpdn_dialer_link_close(struct vpdn_dialer_link *l);

/* Finishes and sends a message, with `fd` unless -1, which stays the caller's. What cannot be sent at once waits. */
void vpdn_dialer_link_send(struct vpdn_dialer_link *l, struct vpdn_ipc_builder *b, int fd);

#endif
