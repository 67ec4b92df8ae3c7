/* SPDX-License-Identifier: GPL-2.0-or-later */
/* inject.h - vpdn-load's injector and counter of frames: its subcommands, for main.c. Exit statuses as README says. */
#ifndef BENCH_INJECT_H
#define BENCH_INJECT_H

int inject_main(int argc, char **argv);
int count_main(int argc, char **argv);

#endif
