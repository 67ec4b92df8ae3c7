/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * select.h - which vpdn-group a call belongs to: each key of `search-order` in turn, for each of them each of
 * `sources`, and the first that decides. call_dialin.c and explain.c ask.
 *
 * It is done at once where only vpdn.conf is asked; other sources (aaa.h) take their time, within a bound.
 */
#ifndef VPDN_SELECT_H
#define VPDN_SELECT_H

#include <stddef.h>
#include <stdint.h>

#include "aaa.h"
#include "config.h"
#include "question.h"
#include "trace.h"

#define VPDN_SELECT_MAX_MS	10000u	/* all sources together may take as long */

struct vpdn_choice {
	enum vpdn_verdict verdict;		/* LOCAL, REJECT or FORWARD */
	const struct vpdn_group *group;		/* FORWARD; NULL else */
	char by[300];				/* FORWARD: `domain "*.example.com"`, `default = true`, `http, domain "a.example"`: printable */
	char why[256];				/* LOCAL, REJECT: printable */
};

/* What a choice is made by. */
struct vpdn_select_by {
	struct vpdn_aaa *aaa;			/* NULL: only vpdn.conf is asked */
	struct vpdn_config *config;
	const struct vpdn_question *q;
	const uint8_t *ask;			/* the SUBSCRIBER_ASK, which stays until the choice is made; NULL: there is none */
	size_t ask_len;
	struct vpdn_trace *trace;		/* each step is told in it; stays as well */
	unsigned int timeout_ms;		/* at most VPDN_SELECT_MAX_MS */
};

struct vpdn_select;

/* The choice. Its group lives in *config: who keeps it takes a reference. Both are valid during the call. */
typedef void vpdn_chosen_fn(void *arg, const struct vpdn_choice *choice, struct vpdn_config *config);

/*
 * Begins to choose; fn is called once, maybe before this returns. *s is the choice that is being made and NULL when it is
 * made, which is so before fn is called: *s may be freed in it. 0; -ENOMEM: fn is not called.
 */
int vpdn_select_start(struct vpdn_select **s, const struct vpdn_select_by *by, vpdn_chosen_fn *fn, void *arg);
/* Gives it up: fn is not called. *s NULL is fine. */
void vpdn_select_cancel(struct vpdn_select **s);

#endif
