/* SPDX-License-Identifier: GPL-2.0-or-later */
/* l2tp_lac.h - vpdn-load's LAC (RFC 2661): the bearer l2tp_bearer, for calls.c. */
#ifndef BENCH_L2TP_LAC_H
#define BENCH_L2TP_LAC_H

#include <jansson.h>

#include "calls.h"

/* Adds a tunnel's ids and port to a session of the report. */
void tunnel_describe(const struct tunnel *t, json_t *session);

#endif
