/* SPDX-License-Identifier: GPL-2.0-or-later */
/* report.h - what vpdn-load says of a run: one JSON object, as README describes it. */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include <stdio.h>

#include "calls.h"

void report_print(const struct run *r, FILE *f);

/* The same into the file that run->ready names, renamed into place. */
void report_ready(const struct run *r);

#endif
