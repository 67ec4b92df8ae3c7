/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * show_multilink.c - the multilink bundles of this LNS (RFC 1990), for `vpdnctl show ppp multilink`;
 * see show.h.
 *
 * A bundle is what calls with the same key and interface have in common, as pppd said when it
 * joined them; one of them, the owner, is the pppd that keeps the interface. Its own session
 * may be over while others go on. What the kernel counts comes from the interface:
 * ppp_generic adds to rx_dropped for every packet that it gives up because fragments of it are
 * missing (ppp_mp_reconstruct), and counts no reordering.
 */
#include "show.h"

#include <stdio.h>
#include <string.h>

#include "registry.h"
#include "show_impl.h"

/* A counter of the interface; null when it cannot be read. */
static json_t *statistic(const char *ifname, const char *name)
{
	char path[160];
	long long value;
	FILE *f;
	int n;

	if (!*ifname || strchr(ifname, '/') || !strcmp(ifname, ".."))
		return json_null();
	snprintf(path, sizeof(path), "/sys/class/net/%s/statistics/%s", ifname, name);
	f = fopen(path, "re");
	if (!f)
		return json_null();
	n = fscanf(f, "%lld", &value);
	fclose(f);
	return n == 1 ? json_integer(value) : json_null();
}

static bool is_member(const struct vpdn_lns_call *call)
{
	return call->state < VPDN_CALL_CLOSING;
}

static bool same_bundle(const struct vpdn_lns_call *a, const struct vpdn_lns_call *b)
{
	return !strcmp(a->bundle, b->bundle) && !strcmp(a->ifname, b->ifname);
}

static json_t *show_member(const struct vpdnd *d, const struct vpdn_lns_call *call)
{
	const struct vpdn_tunnel *t = vpdn_registry_tunnel(d->registry, call->tunnel_id);
	json_t *o = json_object();

	set(o, "id", json_integer(call->id));
	set_text(o, "lac", t ? t->peer_name : "");
	set_ip4(o, "lac_ip", t ? t->peer : (struct in_addr){ INADDR_ANY });
	set(o, "tunnel_id", json_integer(call->tunnel_id));
	set(o, "peer_tunnel_id", t ? json_integer(t->peer_id) : json_null());
	set(o, "session_id", json_integer(call->session_id));
	set(o, "peer_session_id", json_integer(call->peer_session_id));
	set_text(o, "calling", call->calling);
	set(o, "owner", json_boolean(call->bundle_owner));
	set_age(o, "age_s", call->since_ms);
	return o;
}

/* The bundle that `first` is in: the first call of it in the list. */
static json_t *show_bundle(const struct vpdnd *d, const struct vpdn_lns_call *first)
{
	const struct vpdn_lns_call *call, *owner = first;
	json_t *o = json_object(), *members = json_array();
	uint64_t since = first->since_ms;

	for (call = first; call; call = vpdn_registry_next_call(d->registry, call)) {
		if (!same_bundle(first, call))
			continue;
		if (call->bundle_owner)
			owner = call;
		if (call->since_ms < since)
			since = call->since_ms;
		if (is_member(call))
			json_array_append_new(members, show_member(d, call));
	}
	set(o, "name", json_string(first->bundle));
	set_text(o, "user", first->user);
	set_text(o, "interface", first->ifname);
	set_text(o, "endpoint_local", owner->endpoint_local);
	set_text(o, "endpoint_peer", owner->endpoint_peer);
	set(o, "mrru", json_integer(owner->mrru));
	set(o, "peer_mrru", json_integer(owner->peer_mrru));
	set_ip4(o, "local_ip", owner->local);
	set_ip4(o, "remote_ip", owner->remote);
	set(o, "owner_pid", owner->bundle_owner && owner->pid ? json_integer(owner->pid) : json_null());
	set_age(o, "age_s", since);
	set(o, "lost", statistic(first->ifname, "rx_dropped"));
	set(o, "receive_errors", statistic(first->ifname, "rx_errors"));
	set(o, "reordered", json_null());
	set(o, "members", members);
	return o;
}

/* No earlier call is in the same bundle. */
static bool is_first(const struct vpdnd *d, const struct vpdn_lns_call *call)
{
	const struct vpdn_lns_call *other = NULL;

	while ((other = vpdn_registry_next_call(d->registry, other)) != call)
		if (same_bundle(other, call))
			return false;
	return true;
}

json_t *vpdn_show_multilink(const struct vpdnd *d)
{
	json_t *a = json_array();

	for (const struct vpdn_lns_call *call = NULL; (call = vpdn_registry_next_call(d->registry, call));)
		if (*call->bundle && is_first(d, call))
			json_array_append_new(a, show_bundle(d, call));
	return json_pack("{s:o}", "bundles", a);
}
