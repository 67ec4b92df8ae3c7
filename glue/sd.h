/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sd.h - sd_notify(3) without libsystemd: tells the service manager that a daemon is
 * ready, reloads or stops. Called by vpdnd.c and dialer.c; does nothing when not started
 * by a service manager (NOTIFY_SOCKET is not set).
 */
#ifndef VPDN_SD_H
#define VPDN_SD_H

/* Sends `state`, e.g. "READY=1\nSTATUS=...". 0 (also without a manager) or -errno. */
int vpdn_sd_notify(const char *state);

#endif
