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
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aaa_octets.h"
#include "text.h"

#define TAGS		(VPDN_RADIUS_MAX_TAG + 1)
#define DAY		86400u
#define PREFERENCE	1u	/* as `priority` of vpdn.conf */
#define ENDPOINTS	8u	/* Tunnel-Server-Endpoint of one tag */
#define INTERIM_MIN	60u	/* Acct-Interim-Interval, RFC 2869 section 5.16 */

struct tunnel {
	bool there;
	bool has_type, has_medium, has_preference, has_password;
	uint32_t type, medium, preference;
	struct vpdn_octets server[ENDPOINTS];
	size_t n_servers;
	struct vpdn_octets client, client_auth_id, server_auth_id, assignment_id;
	char password[VPDN_TUNNEL_SECRET_MAX + 1];
};

struct reading {
	const char *secret;
	const uint8_t *authenticator;
	struct tunnel tags[TAGS];
	struct vpdn_octets cisco[16];	/* by enum pair */
	struct vpdn_answer_opts opts;
	struct vpdn_tunnel_def defs[VPDN_PEERS_MAX];
	size_t n;
	struct vpdn_writer classes;	/* Class attributes, whole */
	uint8_t classes_buf[512];
	uint32_t interim_s;		/* 0: not said */
	struct vpdn_text left_out;	/* what was understood and is not used */
	char left_out_buf[160];
	struct vpdn_answer *a;
};

/* False, after it was said what is wrong. */
static bool wrong(struct reading *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static bool wrong(struct reading *r, const char *fmt, ...)
{
	char text[sizeof(r->a->text)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	vpdn_answer_fail(r->a, -EINVAL, "%s", text);
	return false;
}

static const char *shown(struct vpdn_octets o, char *buf, size_t size)
{
	return vpdn_text_escape(o.p, o.len, buf, size);
}

static void leave_out(struct reading *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void leave_out(struct reading *r, const char *fmt, ...)
{
	char text[96];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	vpdn_text_add(&r->left_out, "%s%s", r->left_out.len ? ", " : "; not used: ", text);
}

/* ---- Cisco's AV pairs ---- */

enum pair {
	TUNNEL_TYPE, TUNNEL_ID, IP_ADDRESSES, IP_ADDRESS_LIMITS, TUNNEL_PASSWORD, TUNNEL_AUTHEN, HELLO_INTERVAL, HIDDEN_AVP, NOSESSION_TIMEOUT,
	SOURCE_IP, SETUP_TIMEOUT, PAIRS,
	NOT_USED = PAIRS
};

/* What IOS documents for protocol vpdn of service ppp; its own words. */
static const struct {
	const char *name;
	enum pair pair;
} pairs[] = {
	{ "tunnel-type", TUNNEL_TYPE },
	{ "tunnel-id", TUNNEL_ID },
	{ "ip-addresses", IP_ADDRESSES },
	{ "ip-address-limits", IP_ADDRESS_LIMITS },
	{ "l2tp-tunnel-password", TUNNEL_PASSWORD },
	{ "l2tp-tunnel-authen", TUNNEL_AUTHEN },
	{ "l2tp-hello-interval", HELLO_INTERVAL },
	{ "l2tp-hidden-avp", HIDDEN_AVP },
	{ "l2tp-nosession-timeout", NOSESSION_TIMEOUT },
	{ "source-ip", SOURCE_IP },
	{ "l2tp-tunnel-timeout-setup", SETUP_TIMEOUT },
	/* of L2F */
	{ "nas-password", NOT_USED }, { "gw-password", NOT_USED }, { "gw-name", NOT_USED }, { "l2f-cm-retransmit-retries", NOT_USED },
	{ "l2f-init-retransmit-retries", NOT_USED }, { "l2f-tunnel-timeout-setup", NOT_USED }, { "l2f-busy-list-timeout", NOT_USED },
	/* of xl2tpd's control channel, which has one setting for all tunnels, and of the kernel */
	{ "l2tp-cm-local-window-size", NOT_USED }, { "l2tp-recv-win", NOT_USED }, { "l2tp-cm-retransmit-retries", NOT_USED },
	{ "l2tp-cm-min-timeout", NOT_USED }, { "l2tp-cm-max-timeout", NOT_USED }, { "l2tp-init-retransmit-retries", NOT_USED },
	{ "l2tp-init-min-timeout", NOT_USED }, { "l2tp-init-max-timeout", NOT_USED }, { "l2tp-busy-list-timeout", NOT_USED },
	{ "l2tp-framing-capabilities", NOT_USED }, { "l2tp-bearer-capabilities", NOT_USED }, { "l2tp-static-rtt", NOT_USED },
	{ "l2tp-queue-size", NOT_USED }, { "l2tp-max-ato", NOT_USED }, { "l2tp-sequencing", NOT_USED }, { "l2tp-drop-out-of-order", NOT_USED },
	{ "l2tp-udp-checksum", NOT_USED }, { "l2tp-tos-reflect", NOT_USED }, { "ip-tos", NOT_USED }, { "ip-precedence", NOT_USED },
	{ "tunnel-tos-reflect", NOT_USED }, { "tunnel-tos-setting", NOT_USED }, { "l2tp-tunnel-resync-packets", NOT_USED },
	/* of what a LAC may say of a call, of security and accounting, and of the LNS */
	{ "l2tp-rx-speed", NOT_USED }, { "l2tp-tx-speed", NOT_USED }, { "l2tp-ignore-connect-speed", NOT_USED },
	{ "l2tp-clid-mask-method", NOT_USED }, { "l2tp-security-required", NOT_USED }, { "l2tp-security-ip-address-check", NOT_USED },
	{ "l2tp-security-keep-sa", NOT_USED }, { "l2tp-tunnel-acct", NOT_USED }, { "l2tp-busy-disconnect", NOT_USED },
	{ "vpdn-group", NOT_USED }, { "vpdn-template", NOT_USED }, { "vpn-vrf", NOT_USED }, { "vpn-id", NOT_USED }, { "min-links", NOT_USED },
	{ "relay-pppoe-bba-group", NOT_USED }, { "key-exchange", NOT_USED },
};

/* "vpdn:NAME=VALUE", or with '*' what need not be understood. Pairs of other protocols are none of ours. */
static void take_pair(struct reading *r, struct vpdn_octets o)
{
	static const char protocol[] = "vpdn:";
	const size_t n = sizeof(protocol) - 1;
	struct vpdn_octets name = { o.p + n, 0 }, value;
	char text[64];

	if (o.len < n || strncasecmp((const char *)o.p, protocol, n))
		return;
	while (n + name.len < o.len && name.p[name.len] != '=' && name.p[name.len] != '*')
		name.len++;
	value.len = o.len - n - name.len;
	value.p = name.p + name.len;
	if (value.len) {
		value.p++;
		value.len--;
	}
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		if (!vpdn_octets_are(name, pairs[i].name))
			continue;
		if (pairs[i].pair == NOT_USED)
			break;
		if (!value.len)
			return;
		r->cisco[pairs[i].pair] = value;
		return;
	}
	leave_out(r, "vpdn:%s", shown(name, text, sizeof(text)));
}

static bool options(struct reading *r)
{
	const struct vpdn_octets *v = r->cisco;
	char text[64];
	bool flag;

	if (v[TUNNEL_TYPE].p && !vpdn_octets_are(v[TUNNEL_TYPE], "l2tp"))
		return wrong(r, "vpdn:tunnel-type=%s; allowed: l2tp", shown(v[TUNNEL_TYPE], text, sizeof(text)));
	if (v[HELLO_INTERVAL].p && !vpdn_octets_u32(v[HELLO_INTERVAL], 1, DAY, &r->opts.hello_s))
		return wrong(r, "vpdn:l2tp-hello-interval=%s; allowed: 1 to %u seconds", shown(v[HELLO_INTERVAL], text, sizeof(text)), DAY);
	if (v[NOSESSION_TIMEOUT].p && !vpdn_octets_u32(v[NOSESSION_TIMEOUT], 0, DAY, &r->opts.idle_s))
		return wrong(r, "vpdn:l2tp-nosession-timeout=%s; allowed: 0 to %u seconds", shown(v[NOSESSION_TIMEOUT], text, sizeof(text)), DAY);
	if (v[SETUP_TIMEOUT].p && !vpdn_octets_u32(v[SETUP_TIMEOUT], 1, 25, &r->opts.connect_timeout_s))
		return wrong(r, "vpdn:l2tp-tunnel-timeout-setup=%s; allowed: 1 to 25 seconds", shown(v[SETUP_TIMEOUT], text, sizeof(text)));
	if (v[HIDDEN_AVP].p && !vpdn_octets_flag(v[HIDDEN_AVP], &r->opts.hidden))
		return wrong(r, "vpdn:l2tp-hidden-avp=%s; allowed: yes, no", shown(v[HIDDEN_AVP], text, sizeof(text)));
	if (v[TUNNEL_AUTHEN].p && !vpdn_octets_flag(v[TUNNEL_AUTHEN], &flag))
		return wrong(r, "vpdn:l2tp-tunnel-authen=%s; allowed: yes, no", shown(v[TUNNEL_AUTHEN], text, sizeof(text)));
	return true;
}

/* ---- RFC 2868 ---- */

static bool take_password(struct reading *r, const uint8_t *value, size_t len)
{
	uint8_t tag, plain[VPDN_RADIUS_MAX_VALUE];
	struct tunnel *t;
	size_t n;
	bool ok;

	if (!vpdn_radius_tunnel_password(value, len, r->secret, r->authenticator, &tag, plain, &n))
		return wrong(r, "Tunnel-Password cannot be deciphered (RFC 2868 section 3.5)");
	t = &r->tags[tag];
	t->there = t->has_password = true;
	ok = n && vpdn_octets_text((struct vpdn_octets){ plain, n }, t->password, sizeof(t->password));
	explicit_bzero(plain, sizeof(plain));
	return ok || wrong(r, "Tunnel-Password of tag %u is empty or has a NUL in it", tag);
}

static bool take_number(struct reading *r, uint8_t type, const uint8_t *value, size_t len)
{
	struct tunnel *t;
	uint32_t v;
	uint8_t tag;

	if (!vpdn_radius_tagged_u24(value, len, &tag, &v))
		return wrong(r, "attribute %u has %zu octets; needed: a tag and 3", type, len);
	t = &r->tags[tag];
	t->there = true;
	if (type == VPDN_RADIUS_TUNNEL_TYPE) {
		t->has_type = true;
		t->type = v;
	} else if (type == VPDN_RADIUS_TUNNEL_MEDIUM_TYPE) {
		t->has_medium = true;
		t->medium = v;
	} else {
		t->has_preference = true;
		t->preference = v;
	}
	return true;
}

static bool take_text(struct reading *r, uint8_t type, const uint8_t *value, size_t len)
{
	struct vpdn_octets o;
	struct tunnel *t;
	uint8_t tag;

	vpdn_radius_tagged_text(value, len, &tag, &o.p, &o.len);
	if (!o.len)
		return true;
	t = &r->tags[tag];
	t->there = true;
	switch (type) {
	case VPDN_RADIUS_TUNNEL_SERVER_ENDPOINT:
		if (t->n_servers == ENDPOINTS)
			return wrong(r, "tag %u: more than %u Tunnel-Server-Endpoint", tag, ENDPOINTS);
		t->server[t->n_servers++] = o;
		break;
	case VPDN_RADIUS_TUNNEL_CLIENT_ENDPOINT:
		t->client = o;
		break;
	case VPDN_RADIUS_TUNNEL_CLIENT_AUTH_ID:
		t->client_auth_id = o;
		break;
	case VPDN_RADIUS_TUNNEL_SERVER_AUTH_ID:
		t->server_auth_id = o;
		break;
	default:
		t->assignment_id = o;
		break;
	}
	return true;
}

static bool take_vendor(struct reading *r, const uint8_t *value, size_t len)
{
	struct vpdn_reader attributes;
	struct vpdn_octets o;
	uint32_t vendor;
	uint8_t type;

	if (!vpdn_radius_vendor(value, len, &vendor, &attributes) || vendor != VPDN_RADIUS_VENDOR_CISCO)
		return true;
	while (vpdn_radius_next(&attributes, &type, &o.p, &o.len))
		if (type == VPDN_RADIUS_CISCO_AVPAIR)
			take_pair(r, o);
	return !attributes.bad || wrong(r, "a Vendor-Specific of Cisco has attributes that do not fit");
}

static void take_interim(struct reading *r, const uint8_t *value, size_t len)
{
	uint32_t v;

	if (!vpdn_radius_u32(value, len, &v))
		leave_out(r, "Acct-Interim-Interval of %zu octets", len);
	else if (v < INTERIM_MIN)
		leave_out(r, "Acct-Interim-Interval %u, less than %u", v, INTERIM_MIN);
	else
		r->interim_s = v;
}

static bool take(struct reading *r, struct vpdn_reader attributes)
{
	const uint8_t *value;
	uint8_t type;
	size_t len;
	bool ok = true;

	while (ok && vpdn_radius_next(&attributes, &type, &value, &len)) {
		switch (type) {
		case VPDN_RADIUS_TUNNEL_TYPE:
		case VPDN_RADIUS_TUNNEL_MEDIUM_TYPE:
		case VPDN_RADIUS_TUNNEL_PREFERENCE:
			ok = take_number(r, type, value, len);
			break;
		case VPDN_RADIUS_TUNNEL_SERVER_ENDPOINT:
		case VPDN_RADIUS_TUNNEL_CLIENT_ENDPOINT:
		case VPDN_RADIUS_TUNNEL_CLIENT_AUTH_ID:
		case VPDN_RADIUS_TUNNEL_SERVER_AUTH_ID:
		case VPDN_RADIUS_TUNNEL_ASSIGNMENT_ID:
			ok = take_text(r, type, value, len);
			break;
		case VPDN_RADIUS_TUNNEL_PASSWORD:
			ok = take_password(r, value, len);
			break;
		case VPDN_RADIUS_CLASS:
			if (r->classes.size - r->classes.len >= len + 2)
				vpdn_radius_put_bytes(&r->classes, type, value, len);
			else
				leave_out(r, "a Class of %zu octets, too many", len);
			break;
		case VPDN_RADIUS_ACCT_INTERIM_INTERVAL:
			take_interim(r, value, len);
			break;
		case VPDN_RADIUS_VENDOR_SPECIFIC:
			ok = take_vendor(r, value, len);
			break;
		default:
			break;
		}
	}
	return ok;
}

/* ---- tunnels ---- */

/* What the tagged attributes do not say, those without a tag do. */
static void complete(struct tunnel *t, const struct tunnel *by)
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
static bool define(struct reading *r, unsigned int tag, const struct tunnel *t, struct vpdn_tunnel_def *d)
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
			return wrong(r, "tag %u: %s \"%s\"; allowed: 1 to %u octets", tag, names[i].name,
				     shown(names[i].from, text, sizeof(text)), VPDN_NAME_MAX);
	if (client.p && !vpdn_octets_ip4(client, &d->client))
		return wrong(r, "tag %u: our address \"%s\"; allowed: an IPv4 address of a host (names are not looked up)", tag,
			     shown(client, text, sizeof(text)));
	strlcpy(d->password, t->password, sizeof(d->password));
	if (!t->has_password && v[TUNNEL_PASSWORD].p && !vpdn_octets_text(v[TUNNEL_PASSWORD], d->password, sizeof(d->password)))
		return wrong(r, "vpdn:l2tp-tunnel-password has a NUL in it");
	d->tunnel_auth = *d->password;
	if (v[TUNNEL_AUTHEN].p)
		vpdn_octets_flag(v[TUNNEL_AUTHEN], &d->tunnel_auth);
	if (d->tunnel_auth && !*d->password)
		return wrong(r, "vpdn:l2tp-tunnel-authen=yes without vpdn:l2tp-tunnel-password");
	if (!d->tunnel_auth)
		explicit_bzero(d->password, sizeof(d->password));
	return true;
}

/* One tunnel for each address. `limits`: sessions with each of them. */
static bool add(struct reading *r, unsigned int tag, const struct tunnel *t, struct vpdn_octets addresses, struct vpdn_octets limits)
{
	struct vpdn_tunnel_def common;
	struct vpdn_octets word, limit;
	uint32_t level = 0, none = 0;
	size_t before = r->n;
	char text[64];
	bool ok = define(r, tag, t, &common);

	while (ok && vpdn_octets_next(&addresses, &word, &level)) {
		struct vpdn_tunnel_def *d = &r->defs[r->n];

		if (r->n == VPDN_PEERS_MAX) {
			ok = wrong(r, "more than %u tunnels", VPDN_PEERS_MAX);
			break;
		}
		*d = common;
		d->preference += level;
		r->n++;
		if (!vpdn_octets_ip4(word, &d->server))
			ok = wrong(r, "tag %u: LNS \"%s\"; allowed: an IPv4 address of a host (names are not looked up)", tag,
				   shown(word, text, sizeof(text)));
		else if (vpdn_octets_next(&limits, &limit, &none) && !vpdn_octets_u32(limit, 0, 65535, &d->limit))
			ok = wrong(r, "vpdn:ip-address-limits: \"%s\"; allowed: 0 to 65535", shown(limit, text, sizeof(text)));
	}
	explicit_bzero(&common, sizeof(common));
	return ok && (r->n > before || wrong(r, "tag %u: no address of an LNS", tag));
}

static bool add_tag(struct reading *r, unsigned int tag, struct tunnel *t)
{
	char text[64];

	/* Attributes without a tag that only complete the others; a tag whose address was left out by the server. */
	if (!t->there || !t->n_servers) {
		if (t->there && tag)
			leave_out(r, "tag %u (no Tunnel-Server-Endpoint)", tag);
		return true;
	}
	if (tag && !r->tags[0].n_servers)
		complete(t, &r->tags[0]);
	if (!t->has_type && !r->cisco[TUNNEL_TYPE].p)
		return wrong(r, "tag %u: Tunnel-Type is missing; needed: L2TP (3)", tag);
	if ((t->has_type && t->type != VPDN_RADIUS_TUNNEL_L2TP) || (t->has_medium && t->medium != VPDN_RADIUS_MEDIUM_IPV4)) {
		snprintf(text, sizeof(text), "tag %u (Tunnel-Type %u, Tunnel-Medium-Type %u)", tag, t->type, t->medium);
		leave_out(r, "%s", text);
		return true;
	}
	for (size_t i = 0; i < t->n_servers; i++)
		if (!add(r, tag, t, t->server[i], (struct vpdn_octets){ NULL, 0 }))
			return false;
	return true;
}

static bool tunnels(struct reading *r)
{
	bool tagged = false;

	for (unsigned int i = 0; i < TAGS; i++)
		tagged |= r->tags[i].n_servers;
	if (!tagged && r->cisco[IP_ADDRESSES].p) {
		if (!r->cisco[TUNNEL_TYPE].p && !r->tags[0].has_type)
			return wrong(r, "vpdn:tunnel-type is missing; needed: l2tp");
		return add(r, 0, &r->tags[0], r->cisco[IP_ADDRESSES], r->cisco[IP_ADDRESS_LIMITS]);
	}
	for (unsigned int i = 0; i < TAGS; i++)
		if (!add_tag(r, i, &r->tags[i]))
			return false;
	return true;
}

static bool speaks_of_tunnels(const struct reading *r)
{
	for (unsigned int i = 0; i < TAGS; i++)
		if (r->tags[i].there)
			return true;
	return r->cisco[TUNNEL_TYPE].p || r->cisco[IP_ADDRESSES].p;
}

/* What is for accounting; of the classes those that fit. */
static void keep_for_accounting(const struct reading *r, struct vpdn_group *g)
{
	g->radius_interim_s = r->interim_s;
	if (!r->classes.len || !(g->radius_class = malloc(r->classes.len)))
		return;
	memcpy(g->radius_class, r->classes.buf, r->classes.len);
	g->radius_class_len = r->classes.len;
}

void vpdn_radius_answer(struct vpdn_reader attributes, const char *secret, const uint8_t authenticator[VPDN_RADIUS_AUTHENTICATOR_LEN],
			const struct vpdn_query *query, struct vpdn_answer *a)
{
	struct reading *r = calloc(1, sizeof(*r));

	*a = (struct vpdn_answer){ .verdict = VPDN_VERDICT_NOTHING };
	if (!r) {
		vpdn_answer_fail(a, -ENOMEM, "out of memory");
		return;
	}
	r->secret = secret;
	r->authenticator = authenticator;
	r->opts = VPDN_ANSWER_OPTS;
	r->a = a;
	vpdn_writer_init(&r->classes, r->classes_buf, sizeof(r->classes_buf));
	vpdn_text_init(&r->left_out, r->left_out_buf, sizeof(r->left_out_buf));
	if (!take(r, attributes) || !options(r) || !tunnels(r))
		goto out;
	if (!r->n && !speaks_of_tunnels(r)) {
		snprintf(a->text, sizeof(a->text), "no tunnel%s", r->left_out_buf);
	} else if (!r->n) {
		wrong(r, "no tunnel that could be made%s", r->left_out_buf);
	} else if (!vpdn_answer_from_tunnels("radius", query, &r->opts, r->defs, r->n, a)) {
		keep_for_accounting(r, TAILQ_FIRST(&a->config->groups));
		snprintf(a->text, sizeof(a->text), "forward, %zu tunnel%s%s%s", r->n, r->n == 1 ? "" : "s",
			 r->defs[0].tunnel_auth ? "" : " without authentication", r->left_out_buf);
	}
out:
	explicit_bzero(r, sizeof(*r));
	free(r);
}
