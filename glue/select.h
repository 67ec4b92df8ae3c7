/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * select.h - which vpdn-group a call belongs to: the search order, and what each key is
 * looked for by. Looks at nothing but the configuration. call_dialin.c and explain.c ask.
 */
#ifndef VPDN_SELECT_H
#define VPDN_SELECT_H

#include "config.h"
#include "question.h"
#include "trace.h"

struct vpdn_choice {
	const struct vpdn_group *group;		/* NULL: none, the subscriber is local */
	char by[300];				/* `domain "*.example.com"`, `default = true`: as vpdn.conf has it, printable */
};

/*
 * Chooses the group of a call, in the configured order of keys, then the default group. Each step is
 * told in *t. A line's interface, Ethernet address, circuit id and remote id are looked for as they are,
 * in that order, before all patterns, which are tried in the order of the file.
 */
void vpdn_select(const struct vpdn_config *c, const struct vpdn_question *q, struct vpdn_choice *choice, struct vpdn_trace *t);

#endif
