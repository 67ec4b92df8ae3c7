/* SPDX-License-Identifier: GPL-2.0-or-later */
/* aaa_radius_reading.c - see aaa_radius_reading.h; vpdn.conf(5) has the list of what is understood. */
#include "aaa_radius_reading.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define DAY		86400u
#define INTERIM_MIN	60u	/* Acct-Interim-Interval, RFC 2869 section 5.16 */

bool vpdn_reading_wrong(struct vpdn_reading *r, const char *fmt, ...)
{
	char text[sizeof(r->a->text)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	vpdn_answer_fail(r->a, -EINVAL, "%s", text);
	return false;
}

void vpdn_reading_leave_out(struct vpdn_reading *r, const char *fmt, ...)
{
	char text[96];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	vpdn_text_add(&r->left_out, "%s%s", r->left_out.len ? ", " : "; not used: ", text);
}

/* ---- Cisco's AV pairs ---- */

#define NOT_USED	VPDN_RADIUS_PAIRS

/* What IOS documents for protocol vpdn of service ppp; its own words. */
static const struct {
	const char *name;
	enum vpdn_radius_pair pair;
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
static void take_pair(struct vpdn_reading *r, struct vpdn_octets o)
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
	vpdn_reading_leave_out(r, "vpdn:%s", vpdn_octets_shown(name, text, sizeof(text)));
}

/* What they say of all tunnels. */
static bool options(struct vpdn_reading *r)
{
	const struct {
		enum vpdn_radius_pair pair;
		const char *name;
		uint32_t min_s, max_s;
		uint32_t *to;
	} times[] = {
		{ HELLO_INTERVAL, "l2tp-hello-interval", 1, DAY, &r->opts.hello_s },
		{ NOSESSION_TIMEOUT, "l2tp-nosession-timeout", 0, DAY, &r->opts.idle_s },
		{ SETUP_TIMEOUT, "l2tp-tunnel-timeout-setup", 1, 25, &r->opts.connect_timeout_s },
	};
	bool authen;	/* for aaa_radius_answer.c, which looks at the secret, too */
	const struct {
		enum vpdn_radius_pair pair;
		const char *name;
		bool *to;
	} flags[] = { { HIDDEN_AVP, "l2tp-hidden-avp", &r->opts.hidden }, { TUNNEL_AUTHEN, "l2tp-tunnel-authen", &authen } };
	struct vpdn_octets v = r->cisco[TUNNEL_TYPE];
	char text[64];

	if (v.p && !vpdn_octets_are(v, "l2tp"))
		return vpdn_reading_wrong(r, "vpdn:tunnel-type=%s; allowed: l2tp", vpdn_octets_shown(v, text, sizeof(text)));
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		v = r->cisco[times[i].pair];
		if (v.p && !vpdn_octets_u32(v, times[i].min_s, times[i].max_s, times[i].to))
			return vpdn_reading_wrong(r, "vpdn:%s=%s; allowed: %u to %u seconds", times[i].name,
						  vpdn_octets_shown(v, text, sizeof(text)), times[i].min_s, times[i].max_s);
	}
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		v = r->cisco[flags[i].pair];
		if (v.p && !vpdn_octets_flag(v, flags[i].to))
			return vpdn_reading_wrong(r, "vpdn:%s=%s; allowed: yes, no", flags[i].name, vpdn_octets_shown(v, text, sizeof(text)));
	}
	return true;
}

/* ---- RFC 2868 ---- */

static bool take_password(struct vpdn_reading *r, const uint8_t *value, size_t len, const char *secret, const uint8_t *authenticator)
{
	uint8_t tag, plain[VPDN_RADIUS_MAX_VALUE];
	struct vpdn_reading_tag *t;
	size_t n;
	bool ok;

	if (!vpdn_radius_tunnel_password(value, len, secret, authenticator, &tag, plain, &n))
		return vpdn_reading_wrong(r, "Tunnel-Password cannot be deciphered (RFC 2868 section 3.5)");
	t = &r->tags[tag];
	t->there = t->has_password = true;
	ok = n && vpdn_octets_text((struct vpdn_octets){ plain, n }, t->password, sizeof(t->password));
	explicit_bzero(plain, sizeof(plain));
	return ok || vpdn_reading_wrong(r, "Tunnel-Password of tag %u is empty or has a NUL in it", tag);
}

static bool take_number(struct vpdn_reading *r, uint8_t type, const uint8_t *value, size_t len)
{
	struct vpdn_reading_tag *t;
	uint32_t v;
	uint8_t tag;

	if (!vpdn_radius_tagged_u24(value, len, &tag, &v))
		return vpdn_reading_wrong(r, "attribute %u has %zu octets; needed: a tag and 3", type, len);
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

static bool take_text(struct vpdn_reading *r, uint8_t type, const uint8_t *value, size_t len)
{
	struct vpdn_octets o;
	struct vpdn_reading_tag *t;
	uint8_t tag;

	vpdn_radius_tagged_text(value, len, &tag, &o.p, &o.len);
	if (!o.len)
		return true;
	t = &r->tags[tag];
	t->there = true;
	switch (type) {
	case VPDN_RADIUS_TUNNEL_SERVER_ENDPOINT:
		if (t->n_servers == VPDN_READING_ENDPOINTS)
			return vpdn_reading_wrong(r, "tag %u: more than %u Tunnel-Server-Endpoint", tag, VPDN_READING_ENDPOINTS);
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

static bool take_vendor(struct vpdn_reading *r, const uint8_t *value, size_t len)
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
	return !attributes.bad || vpdn_reading_wrong(r, "a Vendor-Specific of Cisco has attributes that do not fit");
}

static void take_interim(struct vpdn_reading *r, const uint8_t *value, size_t len)
{
	uint32_t v;

	if (!vpdn_radius_u32(value, len, &v))
		vpdn_reading_leave_out(r, "Acct-Interim-Interval of %zu octets", len);
	else if (v < INTERIM_MIN)
		vpdn_reading_leave_out(r, "Acct-Interim-Interval %u, less than %u", v, INTERIM_MIN);
	else
		r->interim_s = v;
}

static bool take(struct vpdn_reading *r, struct vpdn_reader attributes, const char *secret, const uint8_t *authenticator)
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
			ok = take_password(r, value, len, secret, authenticator);
			break;
		case VPDN_RADIUS_CLASS:
			if (r->classes.size - r->classes.len >= len + 2)
				vpdn_radius_put_bytes(&r->classes, type, value, len);
			else
				vpdn_reading_leave_out(r, "a Class of %zu octets, too many", len);
			break;
		case VPDN_RADIUS_SERVICE_TYPE:
			ok = vpdn_radius_u32(value, len, &r->service) || vpdn_reading_wrong(r, "Service-Type of %zu octets", len);
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

bool vpdn_reading_take(struct vpdn_reading *r, struct vpdn_answer *a, struct vpdn_reader attributes, const char *secret,
		       const uint8_t authenticator[VPDN_RADIUS_AUTHENTICATOR_LEN])
{
	*r = (struct vpdn_reading){ .opts = VPDN_ANSWER_OPTS, .a = a };
	vpdn_writer_init(&r->classes, r->classes_buf, sizeof(r->classes_buf));
	vpdn_text_init(&r->left_out, r->left_out_buf, sizeof(r->left_out_buf));
	return take(r, attributes, secret, authenticator) && options(r);
}
