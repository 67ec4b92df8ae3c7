/* SPDX-License-Identifier: GPL-2.0-or-later */
/* select_local.h - the source `local`: which vpdn-group of vpdn.conf has a key of a call. For select.c. */
#ifndef VPDN_SELECT_LOCAL_H
#define VPDN_SELECT_LOCAL_H

#include "config.h"
#include "question.h"
#include "trace.h"

/*
 * The group's value that fits what is known of the call, or NULL; told in *t. Something must be known of that kind. A line's
 * interface, Ethernet address, circuit id and remote id are looked for as they are, in that order, before all
 * patterns, which are tried in the order of the file.
 */
const struct vpdn_key *vpdn_select_local(const struct vpdn_config *c, const struct vpdn_question *q, enum vpdn_key_kind kind,
					 struct vpdn_trace *t);

#endif
