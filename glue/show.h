/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * show.h - what vpdnd knows, as JSON, for `vpdnctl show`. control.c calls it; the
 * tables for people are made from the same JSON by vpdnctl. Nothing secret is in it:
 * no tunnel password, no challenge, no response.
 */
#ifndef VPDN_SHOW_H
#define VPDN_SHOW_H

#include <jansson.h>
#include <stdint.h>

#include "vpdnd.h"

/* New references, NULL without memory. */
json_t *vpdn_show_all(const struct vpdnd *d);
json_t *vpdn_show_tunnels(const struct vpdnd *d);
/* NULL also when there is no such tunnel. */
json_t *vpdn_show_tunnel(const struct vpdnd *d, uint16_t id);
json_t *vpdn_show_sessions(const struct vpdnd *d);
json_t *vpdn_show_multilink(const struct vpdnd *d);
json_t *vpdn_show_groups(const struct vpdnd *d);
/* All that is known of one session; *found says whether there is one with this id. */
json_t *vpdn_show_session(const struct vpdnd *d, uint32_t id, bool *found);

#endif
