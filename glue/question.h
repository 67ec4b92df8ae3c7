/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * question.h - what is known of a call that is to be forwarded or not, as text: read once from a
 * SUBSCRIBER_ASK (call_dialin.c) or from the words of `vpdnctl explain` (explain.c), and
 * then looked at by select.c.
 */
#ifndef VPDN_QUESTION_H
#define VPDN_QUESTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "ipc.h"
#include "number.h"

#define VPDN_QUESTION_MAX	255u	/* octets of a text */

/* What is not known, does not fit or holds a NUL is "". A subscriber may have put anything into it: escape it for printing. */
struct vpdn_question {
	char user[VPDN_QUESTION_MAX + 1];
	char name[VPDN_QUESTION_MAX + 1], domain[VPDN_QUESTION_MAX + 1];	/* its parts, by domain-delimiters */
	char dnis[VPDN_NUMBER_MAX + 1], clid[VPDN_NUMBER_MAX + 1];
	const char *dnis_from;		/* the setting of dnis-from that made dnis; NULL: it was said */
	char interface[64], mac[18];	/* "02:00:5e:00:53:01" */
	char circuit_id[VPDN_QUESTION_MAX + 1], remote_id[VPDN_QUESTION_MAX + 1];
	char service[VPDN_QUESTION_MAX + 1];
	bool multilink;			/* it asked for MRRU (RFC 1990): a link of a bundle, or to become one */
	uint64_t bundle;		/* hash of user name and endpoint discriminator; the same on every host */
};

/* Reads a SUBSCRIBER_ASK. */
void vpdn_question_from_ask(struct vpdn_question *q, const struct vpdn_config *c, const struct vpdn_ipc_msg *ask);

/*
 * Sets one thing by its word: user, dnis, clid, line, mac, circuit-id, remote-id, service. NULL; or
 * what is wrong with it. vpdn_question_complete() follows.
 */
const char *vpdn_question_set(struct vpdn_question *q, const char *word, const char *value);

/* Takes the user's name apart, and makes a DNIS when there is none, as the configuration says. */
void vpdn_question_complete(struct vpdn_question *q, const struct vpdn_config *c);

/*
 * The part of a user's name without domain and delimiter: where it begins and its
 * octets in *len. All of it when it has no domain, or nothing besides.
 */
const uint8_t *vpdn_domain_strip(const struct vpdn_config *c, const uint8_t *user, size_t *len);

#endif
