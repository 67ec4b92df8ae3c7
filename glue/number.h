/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * number.h - the numbers of outgoing calls: an LNS's translation, a LAC's dial map.
 * Pure; call_dialout_lns.c and call_dialout_lac.c ask.
 */
#ifndef VPDN_NUMBER_H
#define VPDN_NUMBER_H

#include "config.h"
#include "ipc.h"

#define VPDN_NUMBER_MAX	64u	/* octets */

/*
 * A CALLED_NUMBER as a string. False, and buf is "", when it is empty, longer than VPDN_NUMBER_MAX or has anything but
 * printable ASCII in it: a modem would take a line end for the end of the command.
 */
bool vpdn_number_get(const struct vpdn_ipc_msg *m, char buf[VPDN_NUMBER_MAX + 1]);

/* Translates a number by the first of the group's patterns that is found in it. False when the result is empty or too long. */
bool vpdn_number_translate(const struct vpdn_group *g, const char *number, char buf[VPDN_NUMBER_MAX + 1]);

/* The first `dial` of the group that matches, and in buf the number to be dialled. NULL when none does, or when that is too long. */
const struct vpdn_dial *vpdn_number_dialer(const struct vpdn_group *g, const char *number, char buf[VPDN_NUMBER_MAX + 1]);

#endif
