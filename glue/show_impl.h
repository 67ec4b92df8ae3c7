/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * show_impl.h - putting members into JSON objects, for show*.c. Objects are built without
 * looking at each result: jansson's functions pass NULL on, and json_object_set_new() of NULL
 * only leaves a member out.
 */
#ifndef VPDN_SHOW_IMPL_H
#define VPDN_SHOW_IMPL_H

#include <arpa/inet.h>
#include <jansson.h>
#include <string.h>

#include "text.h"
#include "trace.h"
#include "vpdnd.h"

/* Appends each line of a trace (show.c). */
void vpdn_show_trace(json_t *lines, const struct vpdn_trace *t);
/* A peer of a group, with all that is known of it; the addresses that are drained (show_group.c). */
json_t *vpdn_show_peer(const struct vpdnd *d, const struct vpdn_group *g, const struct vpdn_peer *p);
json_t *vpdn_show_draining(const struct vpdnd *d);

static inline void set(json_t *o, const char *key, json_t *value)
{
	json_object_set_new(o, key, value);
}

/* A text that others have chosen, or that was cut: escaped where it is no UTF-8, which jansson does not take. Empty: null. */
static inline json_t *json_text(const void *p, size_t len)
{
	json_t *v = len ? json_stringn(p, len) : json_null();
	char escaped[2048];

	return v ? v : json_string(vpdn_text_escape(p, len, escaped, sizeof(escaped)));
}

static inline void set_text(json_t *o, const char *key, const char *text)
{
	set(o, key, json_text(text, strlen(text)));
}

static inline void set_ip4(json_t *o, const char *key, struct in_addr a)
{
	char buf[INET_ADDRSTRLEN];

	set(o, key, a.s_addr == INADDR_ANY ? json_null() : json_string(inet_ntop(AF_INET, &a, buf, sizeof(buf))));
}

static inline void set_age(json_t *o, const char *key, uint64_t since_ms)
{
	set(o, key, json_integer((json_int_t)((vpdnd_now_ms() - since_ms) / 1000)));
}

static inline void set_id(json_t *o, const char *key, uint32_t id)
{
	set(o, key, id ? json_integer(id) : json_null());
}

#endif
