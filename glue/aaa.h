/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * aaa.h - the sources outside of vpdn.conf that are asked where a call goes: HTTP (aaa_http.c) and RADIUS
 * (aaa_radius.c). A source is a row of a table in aaa.c; this is what a row has to do, what it is
 * asked and what it answers.
 *
 * select.c asks, by the configured order of sources; vpdnd.c starts, reloads and stops them; control.c shows them.
 * Nothing here blocks. What a source answers is a configuration of its own with one vpdn-group, so that
 * placing, counting, limits, failover and `show` work on it as on a group of vpdn.conf.
 */
#ifndef VPDN_AAA_H
#define VPDN_AAA_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "config.h"
#include "ipc.h"
#include "question.h"
#include "vpdnd.h"

enum vpdn_verdict {
	VPDN_VERDICT_NOTHING,		/* the source does not know this key: the next one is asked */
	VPDN_VERDICT_LOCAL,		/* this host's pppd serves the subscriber */
	VPDN_VERDICT_REJECT,
	VPDN_VERDICT_FORWARD,
	VPDN_VERDICT_UNAVAILABLE,	/* no answer, or none that can be understood: `aaa-failure` decides */
	VPDN_VERDICTS
};

/* Where an answer comes from: what is said of the source's state follows from the first and the last only. */
enum vpdn_answer_age {
	VPDN_ANSWER_FRESH,		/* the source was asked */
	VPDN_ANSWER_CACHED,		/* it was asked a while ago */
	VPDN_ANSWER_STALE,		/* it was asked, and did not answer: its last answer is used instead */
};

struct vpdn_answer {
	enum vpdn_verdict verdict;
	enum vpdn_answer_age age;
	struct vpdn_config *config;	/* FORWARD: holds the one group below; whoever keeps it takes a reference (vpdn_config_get) */
	const struct vpdn_group *group;
	char text[256];			/* for people, printable, no secrets: "https://aaa.example/: 200, forward, 2 tunnels" */
};

/* What a source is asked: everything known of a call, and the key whose turn it is. */
struct vpdn_query {
	const struct vpdn_config *config;	/* the configuration by which it is asked; valid as long as the ask */
	const struct vpdn_question *q;		/* valid during ask() only: copy what is needed later */
	const struct vpdn_ipc_msg *ask;		/* SUBSCRIBER_ASK; NULL: vpdnctl explain. Valid during ask() only; holds secrets */
	enum vpdn_key_kind kind;		/* line, dnis, domain */
	const char *key;			/* "example.com", "614629", the line's circuit id, remote id, interface or address */
	unsigned int timeout_ms;		/* an answer after that is not waited for */
};

/* Called exactly once, unless cancelled; may be called before ask() returns. *a is the source's, valid during the call. */
typedef void vpdn_answer_fn(void *arg, const struct vpdn_answer *a);

struct vpdn_source_ops {
	const char *name;			/* its word in `sources`: "http", "radius" */
	bool per_key;				/* false: one question covers all keys: asked once a call, at its first turn */
	void *(*start)(struct vpdnd *d);	/* at vpdnd's start, in any case; NULL: no memory */
	void (*reload)(void *state);		/* after d->config changed; NULL: nothing to do */
	void (*stop)(void *state);		/* all asks have been cancelled before */
	/* 0; or -errno: counts as unavailable, and fn is not called. *handle: what cancel() takes. */
	int (*ask)(void *state, const struct vpdn_query *query, vpdn_answer_fn *fn, void *arg, void **handle);
	void (*cancel)(void *handle);		/* fn will not be called, nor any other before this returns */
	size_t (*forget)(void *state);		/* answers that it keeps: how many there were; NULL: it keeps none */
	/*
	 * For `vpdnctl show aaa`, no secrets: adds "servers", an array of objects with "name", "state" and the integers
	 * "asked", "answered", "failed", and "acct_servers" of the same kind if it has some; what else it adds as strings
	 * and integers is shown as it is named.
	 */
	void (*show)(void *state, json_t *o);
};

extern const struct vpdn_source_ops vpdn_source_http, vpdn_source_radius;

/* Starts the sources: `ops`, by enum vpdn_source_kind, NULL where there is none; or all that vpdnd has (NULL). NULL without memory. */
struct vpdn_aaa *vpdn_aaa_new(struct vpdnd *d, const struct vpdn_source_ops *const *ops);
void vpdn_aaa_free(struct vpdn_aaa *aaa);	/* NULL is fine; nobody may be waiting any more */
/* After d->config changed. */
void vpdn_aaa_reload(struct vpdn_aaa *aaa);

/*
 * Asks one source. Its answer, or one that says that it is unavailable, goes to fn, which may be called before this returns, and
 * then *handle is NULL. The answer comes within query->timeout_ms and a little, whatever the source does.
 */
struct vpdn_aaa_ask;
void vpdn_aaa_ask(struct vpdn_aaa *aaa, enum vpdn_source_kind kind, const struct vpdn_query *query, vpdn_answer_fn *fn, void *arg,
		  struct vpdn_aaa_ask **handle);
void vpdn_aaa_cancel(struct vpdn_aaa_ask *handle);	/* NULL is fine */
/* One question covers all keys of a call. */
bool vpdn_aaa_asks_once(const struct vpdn_aaa *aaa, enum vpdn_source_kind kind);

/* Makes all sources forget the answers that they keep. How many there were. */
size_t vpdn_aaa_forget(struct vpdn_aaa *aaa);

/* `vpdnctl show aaa`: a new reference. */
json_t *vpdn_aaa_show(const struct vpdn_aaa *aaa);

const char *vpdn_verdict_name(enum vpdn_verdict v);

#endif
