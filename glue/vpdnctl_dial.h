/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vpdnctl_dial.h - `vpdnctl dial`: places an outgoing call as pppd's plugin does, and says what happens. */
#ifndef VPDNCTL_DIAL_H
#define VPDNCTL_DIAL_H

#include <stdbool.h>

/*
 * Has vpdnd at `socket_path` dial, prints a line for each thing that happens (a JSON object a line with `json`), keeps the call
 * `hold_s` seconds once it is up, and clears it. The exit status; failures are told on standard error.
 */
int vpdnctl_dial(const char *socket_path, const char *group, const char *number, unsigned int hold_s, bool json);

#endif
