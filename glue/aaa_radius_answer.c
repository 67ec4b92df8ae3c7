/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * aaa_radius_answer.c - see aaa_radius_answer.h.
 *
 * Everything that has the same tag is one tunnel, or, when its Tunnel-Server-Endpoint names several addresses, as many;
 * tag 0 is what has no tag. What has no tag and no address of its own completes the tagged ones. The AV pairs say
 * how all tunnels are made, and with vpdn:ip-addresses where they lead when no attribute does.
 */
#include "aaa_radius_answer.h"

#include <bsd/string.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aaa_radius_reading.h"

#define PREFERENCE	1u	/* as `priority` of vpdn.conf */

struct defs {
	struct vpdn_tunnel_def v[VPDN_PEERS_MAX];
	size_t n;
};

/* What the tagged attributes do not say, those without a tag do. */
static void complete(struct vpdn_reading_tag *t, const struct vpdn_reading_tag *by)
{
	const struct {
		struct vpdn_octets *to;
		const struct vpdn_octets *from;
	} texts[] = {
		{ &t->client, &by->client }, { &t->client_auth_id, &by->client_auth_id }, { &t->server_auth_id, &by->server_auth_id },
		{ &t->assignment_id, &by->assignment_id },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (!texts[i].to->p)
			*texts[i].to = *texts[i].from;
	if (!t->has_type) {
		t->has_type = by->has_type;
		t->type = by->type;
	}
	if (!t->has_medium) {
		t->has_medium = by->has_medium;
		t->medium = by->medium;
	}
	if (!t->has_preference) {
		t->has_preference = by->has_preference;
		t->preference = by->preference;
	}
	if (!t->has_password && by->has_password) {
		t->has_password = true;
		memcpy(t->password, by->password, sizeof(t->password));
	}
}

/* What all addresses of a tag have in common. */
static bool define(struct vpdn_reading *r, unsigned int tag, const struct vpdn_reading_tag *t, struct vpdn_tunnel_def *d)
{
	const struct vpdn_octets *v = r->cisco;
	const struct {
		const char *name;
		struct vpdn_octets from;
		char *to;
		size_t size;
	} names[] = {
		{ "Tunnel-Client-Auth-Id", t->client_auth_id.p ? t->client_auth_id : v[TUNNEL_ID], d->client_auth_id, sizeof(d->client_auth_id) },
		{ "Tunnel-Server-Auth-Id", t->server_auth_id, d->server_auth_id, sizeof(d->server_auth_id) },
		{ "Tunnel-Assignment-Id", t->assignment_id, d->assignment_id, sizeof(d->assignment_id) },
	};
	struct vpdn_octets client = t->client.p ? t->client : v[SOURCE_IP];
	char text[64];

	*d = (struct vpdn_tunnel_def){ .tag = (uint8_t)tag, .preference = t->has_preference ? t->preference : PREFERENCE, .weight = 1 };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].from.p && !vpdn_octets_text(names[i].from, names[i].to, names[i].size))
			return vpdn_reading_wrong(r, "tag %u: %s \"%s\"; allowed: 1 to %u octets", tag, names[i].name,
				     vpdn_octets_shown(names[i].from, text, sizeof(text)), VPDN_NAME_MAX);
	if (client.p && !vpdn_octets_ip4(client, &d->client))
		return vpdn_reading_wrong(r, "tag %u: our address \"%s\"; allowed: an IPv4 address of a host (names are not looked up)", tag,
			     vpdn_octets_shown(client, text, sizeof(text)));
	strlcpy(d->password, t->password, sizeof(d->password));
	if (!t->has_password && v[TUNNEL_PASSWORD].p && !vpdn_octets_text(v[TUNNEL_PASSWORD], d->password, sizeof(d->password)))
		return vpdn_reading_wrong(r, "vpdn:l2tp-tunnel-password has a NUL in it");
	d->tunnel_auth = *d->password;
	if (v[TUNNEL_AUTHEN].p)
		vpdn_octets_flag(v[TUNNEL_AUTHEN], &d->tunnel_auth);
	if (d->tunnel_auth && !*d->password)
		return vpdn_reading_wrong(r, "vpdn:l2tp-tunnel-authen=yes without vpdn:l2tp-tunnel-password");
	if (!d->tunnel_auth)
		explicit_bzero(d->password, sizeof(d->password));
	return true;
}

/* One tunnel for each address. `limits`: sessions with each of them. */
static bool add(struct vpdn_reading *r, struct defs *defs, unsigned int tag, const struct vpdn_reading_tag *t, struct vpdn_octets addresses,
		struct vpdn_octets limits)
{
	struct vpdn_tunnel_def common;
	struct vpdn_octets word, limit;
	uint32_t level = 0, none = 0;
	size_t before = defs->n;
	char text[64];
	bool ok = define(r, tag, t, &common);

	while (ok && vpdn_octets_next(&addresses, &word, &level)) {
		struct vpdn_tunnel_def *d = &defs->v[defs->n];

		if (defs->n == VPDN_PEERS_MAX) {
			ok = vpdn_reading_wrong(r, "more than %u tunnels", VPDN_PEERS_MAX);
			break;
		}
		*d = common;
		d->preference += level;
		defs->n++;
		if (!vpdn_octets_ip4(word, &d->server))
			ok = vpdn_reading_wrong(r, "tag %u: LNS \"%s\"; allowed: an IPv4 address of a host (names are not looked up)", tag,
				   vpdn_octets_shown(word, text, sizeof(text)));
		else if (vpdn_octets_next(&limits, &limit, &none) && !vpdn_octets_u32(limit, 0, 65535, &d->limit))
			ok = vpdn_reading_wrong(r, "vpdn:ip-address-limits: \"%s\"; allowed: 0 to 65535", vpdn_octets_shown(limit, text, sizeof(text)));
	}
	explicit_bzero(&common, sizeof(common));
	return ok && (defs->n > before || vpdn_reading_wrong(r, "tag %u: no address of an LNS", tag));
}

static bool add_tag(struct vpdn_reading *r, struct defs *defs, unsigned int tag, struct vpdn_reading_tag *t)
{
	char text[64];

	/* Attributes without a tag that only complete the others; a tag whose address was left out by the server. */
	if (!t->there || !t->n_servers) {
		if (t->there && tag)
			vpdn_reading_leave_out(r, "tag %u (no Tunnel-Server-Endpoint)", tag);
		return true;
	}
	if (tag && !r->tags[0].n_servers)
		complete(t, &r->tags[0]);
	if (!t->has_type && !r->cisco[TUNNEL_TYPE].p)
		return vpdn_reading_wrong(r, "tag %u: Tunnel-Type is missing; needed: L2TP (3)", tag);
	if ((t->has_type && t->type != VPDN_RADIUS_TUNNEL_L2TP) || (t->has_medium && t->medium != VPDN_RADIUS_MEDIUM_IPV4)) {
		snprintf(text, sizeof(text), "tag %u (Tunnel-Type %u, Tunnel-Medium-Type %u)", tag, t->type, t->medium);
		vpdn_reading_leave_out(r, "%s", text);
		return true;
	}
	for (size_t i = 0; i < t->n_servers; i++)
		if (!add(r, defs, tag, t, t->server[i], (struct vpdn_octets){ NULL, 0 }))
			return false;
	return true;
}

static bool tunnels(struct vpdn_reading *r, struct defs *defs)
{
	bool tagged = false;

	for (unsigned int i = 0; i < VPDN_READING_TAGS; i++)
		tagged |= r->tags[i].n_servers;
	if (!tagged && r->cisco[IP_ADDRESSES].p) {
		if (!r->cisco[TUNNEL_TYPE].p && !r->tags[0].has_type)
			return vpdn_reading_wrong(r, "vpdn:tunnel-type is missing; needed: l2tp");
		return add(r, defs, 0, &r->tags[0], r->cisco[IP_ADDRESSES], r->cisco[IP_ADDRESS_LIMITS]);
	}
	for (unsigned int i = 0; i < VPDN_READING_TAGS; i++)
		if (!add_tag(r, defs, i, &r->tags[i]))
			return false;
	return true;
}

static bool speaks_of_tunnels(const struct vpdn_reading *r)
{
	for (unsigned int i = 0; i < VPDN_READING_TAGS; i++)
		if (r->tags[i].there)
			return true;
	return r->cisco[TUNNEL_TYPE].p || r->cisco[IP_ADDRESSES].p;
}

/* What is for accounting; of the classes those that fit. */
static void keep_for_accounting(const struct vpdn_reading *r, struct vpdn_group *g)
{
	g->radius_interim_s = r->interim_s;
	if (!r->classes.len || !(g->radius_class = malloc(r->classes.len)))
		return;
	memcpy(g->radius_class, r->classes.buf, r->classes.len);
	g->radius_class_len = r->classes.len;
}

/* RFC 2865 section 5.6: what is not supported is as if it were an Access-Reject. */
static bool is_for_tunnels(uint32_t service)
{
	return !service || service == VPDN_RADIUS_SERVICE_FRAMED || service == VPDN_RADIUS_SERVICE_OUTBOUND;
}

static void answer(struct vpdn_reading *r, struct defs *defs, const struct vpdn_query *query, struct vpdn_answer *a)
{
	if (!is_for_tunnels(r->service)) {
		snprintf(a->text, sizeof(a->text), "as good as a Reject: Service-Type %u; understood: Framed (%u), Outbound (%u)", r->service,
			 VPDN_RADIUS_SERVICE_FRAMED, VPDN_RADIUS_SERVICE_OUTBOUND);
	} else if (!tunnels(r, defs)) {
		return;
	} else if (!defs->n && !speaks_of_tunnels(r)) {
		snprintf(a->text, sizeof(a->text), "no tunnel%s", r->left_out_buf);
	} else if (!defs->n) {
		vpdn_reading_wrong(r, "no tunnel that could be made%s", r->left_out_buf);
	} else if (!vpdn_answer_from_tunnels("radius", query, &r->opts, defs->v, defs->n, a)) {
		keep_for_accounting(r, TAILQ_FIRST(&a->config->groups));
		snprintf(a->text, sizeof(a->text), "forward, %zu tunnel%s%s%s", defs->n, defs->n == 1 ? "" : "s",
			 defs->v[0].tunnel_auth ? "" : " without authentication", r->left_out_buf);
	}
}

void vpdn_radius_answer(struct vpdn_reader attributes, const char *secret, const uint8_t authenticator[VPDN_RADIUS_AUTHENTICATOR_LEN],
			const struct vpdn_query *query, struct vpdn_answer *a)
{
	struct {
		struct vpdn_reading reading;
		struct defs defs;
	} *p = calloc(1, sizeof(*p));

	*a = (struct vpdn_answer){ .verdict = VPDN_VERDICT_NOTHING };
	if (!p) {
		vpdn_answer_fail(a, -ENOMEM, "out of memory");
		return;
	}
	if (vpdn_reading_take(&p->reading, a, attributes, secret, authenticator))
		answer(&p->reading, &p->defs, query, a);
	explicit_bzero(p, sizeof(*p));
	free(p);
}
