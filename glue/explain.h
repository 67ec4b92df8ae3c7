/* SPDX-License-Identifier: GPL-2.0-or-later */
/* explain.h - `vpdnctl explain`: what would become of a call, step by step, without placing it. For control.c. */
#ifndef VPDN_EXPLAIN_H
#define VPDN_EXPLAIN_H

#include <jansson.h>
#include <stddef.h>

#include "vpdnd.h"

/* `arg`: the user's name, then pairs of a word of vpdn_question_set() and its value. As a command of control.c. */
json_t *vpdn_explain(struct vpdnd *d, const char *const *arg, int *rc, char *err, size_t err_size);

#endif
