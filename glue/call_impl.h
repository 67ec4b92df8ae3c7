/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * call_impl.h - between call.c (messages and fd events) and call_step.c (the table's
 * actions) only. Others use call.h.
 */
#ifndef VPDN_CALL_IMPL_H
#define VPDN_CALL_IMPL_H

#include "call.h"

RB_HEAD(vpdn_calls_by_id, vpdn_call);
RB_HEAD(vpdn_calls_by_ref, vpdn_call);
RB_PROTOTYPE(vpdn_calls_by_id, vpdn_call, by_id, )
RB_PROTOTYPE(vpdn_calls_by_ref, vpdn_call, by_ref, )

struct vpdn_calls {
	struct vpdnd *d;
	struct vpdn_calls_by_id by_id;
	struct vpdn_calls_by_ref by_ref;	/* those that xl2tpd knows */
	size_t n;
	uint32_t last_ref;
};

/*
 * Steps through the table until no further event follows. 0, and the call may have
 * been freed; or -EPROTO when the event cannot come in this state: nothing has happened.
 */
int vpdn_call_step(struct vpdn_call *call, enum vpdn_fwd_event event);

/* Sets why the call ends, for the step that follows. `result` and `error`: of our CDN, 0 when none is sent. */
void vpdn_call_set_cause(struct vpdn_call *call, uint16_t result, uint16_t error, uint64_t *counter, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* One line about the call: what happened, and who it is about. */
void vpdn_call_say(const struct vpdn_call *call, int priority, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Watches both channels and the call's connection of a session that is bridged. False without memory. */
bool vpdn_call_watch(struct vpdn_call *call);

/* Lets go of the plugin's connection, which is closed when all that was said has been sent. */
void vpdn_call_drop_plugin(struct vpdn_call *call);

/* Frees it with all it owns, without a word to anybody. */
void vpdn_call_free(struct vpdn_call *call);

#endif
