/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * explain.h - `vpdnctl explain`: what would become of a call, step by step, without placing it. The sources that a call
 * would be decided by are asked, so that the answer may wait for them. control.c begins, dispatch.c says that who asked has gone.
 */
#ifndef VPDN_EXPLAIN_H
#define VPDN_EXPLAIN_H

#include <stddef.h>
#include <stdint.h>

#include "server.h"
#include "vpdnd.h"

struct vpdn_explains *vpdn_explains_new(struct vpdnd *d);
void vpdn_explains_free(struct vpdn_explains *e);	/* NULL is fine */

/*
 * `arg`: the user's name, then pairs of a word of vpdn_question_set() and its value, NULL behind the last. Replies to request
 * `seq` of c, now or later. 0; or an errno value and a text in `err`: there is no reply.
 */
int vpdn_explain(struct vpdn_conn *c, uint32_t seq, const char *const *arg, char *err, size_t err_size);
/* Who asked has gone. */
void vpdn_explain_asker_gone(struct vpdn_explains *e, const struct vpdn_conn *c);

#endif
