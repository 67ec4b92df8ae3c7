/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vpdnctl_table.h - vpdnd's JSON as tables for people. Called by vpdnctl.c only.
 */
#ifndef VPDNCTL_TABLE_H
#define VPDNCTL_TABLE_H

#include <jansson.h>

/* Print one answer to standard output. */
void vpdnctl_print_all(const json_t *o);
void vpdnctl_print_tunnels(const json_t *o);
void vpdnctl_print_tunnel(const json_t *o);
void vpdnctl_print_sessions(const json_t *o);
void vpdnctl_print_session(const json_t *o);
void vpdnctl_print_multilink(const json_t *o);
void vpdnctl_print_groups(const json_t *o);
void vpdnctl_print_aaa(const json_t *o);
void vpdnctl_print_drained(const json_t *o);
void vpdnctl_print_metrics(const json_t *o);
void vpdnctl_print_explained(const json_t *o);

#endif
