/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * log.h - one line an event: what happened, why, what follows.
 *
 * Used by vpdnd and vpdn-dialer. Lines go to standard error: with a <N> priority prefix when
 * the journal reads it, as they are on a terminal, and to syslog when there is no
 * standard error. Who an event is about comes last, as `tunnel= session= peer= user=`. No secret may ever be given to these functions; octets of a
 * peer go through vpdn_text_escape() first.
 */
#ifndef VPDN_LOG_H
#define VPDN_LOG_H

#include <stdbool.h>
#include <syslog.h>

/* Chooses where lines go. `ident`: who we are, must stay; `debug`: LOG_DEBUG lines too. */
void vpdn_log_open(const char *ident, bool debug);
bool vpdn_log_debugging(void);

void vpdn_log(int priority, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define vpdn_log_err(...)	vpdn_log(LOG_ERR, __VA_ARGS__)
#define vpdn_log_warn(...)	vpdn_log(LOG_WARNING, __VA_ARGS__)
#define vpdn_log_notice(...)	vpdn_log(LOG_NOTICE, __VA_ARGS__)
#define vpdn_log_info(...)	vpdn_log(LOG_INFO, __VA_ARGS__)
#define vpdn_log_debug(...)	do { if (vpdn_log_debugging()) vpdn_log(LOG_DEBUG, __VA_ARGS__); } while (0)

#endif
