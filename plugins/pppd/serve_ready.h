/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * serve_ready.h - tells the service manager that the template serves (sd_notify(3)'s
 * protocol, a datagram to $NOTIFY_SOCKET).
 */
#ifndef VPDN_SERVE_READY_H
#define VPDN_SERVE_READY_H

/* Sends `state`, e.g. "READY=1".  0, also when nobody asked to be told; or -errno. */
int vpdn_service_notify(const char *state);

#endif
