/* SPDX-License-Identifier: GPL-2.0-or-later */
/* config_value.c - see config_value.h. */
#include "config_value.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>

#include "config_http.h"
#include "line_avps.h"
#include "proxy.h"

#define SECRET_MAX	255u
#define NUMBER_MAX	64u	/* dialled digits, as in AVP 21 */
#define DAY		86400u

bool vpdn_value_u32(const char *s, uint32_t min, uint32_t max, uint32_t *v)
{
	unsigned long long n = 0;

	if (!*s || strlen(s) > 10)
		return false;
	for (; *s; s++) {
		if (!isdigit((unsigned char)*s))
			return false;
		n = n * 10 + (unsigned int)(*s - '0');
	}
	if (n < min || n > max)
		return false;
	*v = (uint32_t)n;
	return true;
}

static const char *check_number(const struct vpdn_setting *row, const char *value)
{
	static char allowed[64];
	uint32_t v;

	if (vpdn_value_u32(value, row->min, row->max, &v))
		return NULL;
	snprintf(allowed, sizeof(allowed), "a whole number from %u to %u", row->min, row->max);
	return allowed;
}

static const char *check_speed(const struct vpdn_setting *row, const char *value)
{
	struct termios tio = { 0 };
	uint32_t v;

	return vpdn_value_u32(value, row->min, row->max, &v) && cfsetspeed(&tio, v) == 0 ? NULL : "a speed of ttys, such as 9600 or 115200";
}

static const char *check_bool(const struct vpdn_setting *row, const char *value)
{
	(void)row;
	return strcmp(value, "true") && strcmp(value, "false") ? "true, false" : NULL;
}

/* A host's own address or a peer's: neither 0.0.0.0 nor multicast nor above. */
bool vpdn_value_ip4(const char *s, struct in_addr *a)
{
	uint32_t h;

	if (inet_pton(AF_INET, s, a) != 1)
		return false;
	h = ntohl(a->s_addr);
	return h >> 24 != 0 && h >> 28 < 14;
}

const char *vpdn_value_check_ip4(const char *value)
{
	struct in_addr a;

	return vpdn_value_ip4(value, &a) ? NULL : "an IPv4 address of a host, such as 192.0.2.2 (names are not looked up)";
}

static const char *check_ip4(const struct vpdn_setting *row, const char *value)
{
	(void)row;
	return vpdn_value_check_ip4(value);
}

bool vpdn_value_source(const char *s, struct vpdn_source *src)
{
	char addr[INET_ADDRSTRLEN];
	const char *slash = strchr(s, '/');
	size_t n = slash ? (size_t)(slash - s) : strlen(s);
	uint32_t len = 32, mask;

	if (n >= sizeof(addr) || (slash && !vpdn_value_u32(slash + 1, 0, 32, &len)))
		return false;
	memcpy(addr, s, n);
	addr[n] = '\0';
	if (inet_pton(AF_INET, addr, &src->addr) != 1)
		return false;
	mask = len ? htonl(UINT32_MAX << (32 - len)) : 0;
	if (src->addr.s_addr & ~mask)
		return false;
	src->prefix_len = (uint8_t)len;
	return true;
}

static const char *check_source(const struct vpdn_setting *row, const char *value)
{
	struct vpdn_source src;

	(void)row;
	return vpdn_value_source(value, &src) ? NULL :
	       "an IPv4 address or a network such as 192.0.2.0/24, without bits set behind the prefix";
}

static bool all_of(const char *s, const char *others, size_t max)
{
	size_t n = strlen(s);

	if (!n || n > max)
		return false;
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr(others, *s))
			return false;
	return true;
}

const char *vpdn_value_check_title(const char *value)
{
	return all_of(value, "._-", VPDN_NAME_MAX) ? NULL : "1 to 64 letters, digits, \".\", \"_\", \"-\"";
}

static const char *check_title(const struct vpdn_setting *row, const char *value)
{
	(void)row;
	return vpdn_value_check_title(value);
}

static const char *check_name(const struct vpdn_setting *row, const char *value)
{
	(void)row;
	return all_of(value, "._-:@", VPDN_NAME_MAX) ? NULL : "1 to 64 letters, digits, \".\", \"_\", \"-\", \":\", \"@\"";
}

static const char *check_template(const struct vpdn_setting *row, const char *value)
{
	(void)row;
	return all_of(value, "._-", VPDN_NAME_MAX) && isalnum((unsigned char)*value) ? NULL :
	       "1 to 64 letters, digits, \".\", \"_\", \"-\", beginning with a letter or digit (a file in /etc/ppp/vpdn)";
}

static const char *check_domain(const struct vpdn_setting *row, const char *value)
{
	(void)row;
	return all_of(strncmp(value, "*.", 2) ? value : value + 2, "._-", 253) ? NULL :
	       "a user name's domain, without the \"@\": letters, digits, \".\", \"_\", \"-\"; \"*.\" before it for all domains within it";
}

static const char *check_dnis(const struct vpdn_setting *row, const char *value)
{
	(void)row;
	return all_of(value, "*#+-", NUMBER_MAX) ? NULL : "a called number: digits, \"*\", \"#\", \"+\", \"-\", letters";
}

static bool printable(const char *s, size_t min, size_t max)
{
	size_t n = strlen(s);

	if (n < min || n > max)
		return false;
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return false;
	return true;
}

static const char *check_line(const struct vpdn_setting *row, const char *value)
{
	(void)row;
	return printable(value, vpdn_line_prefix(value) + 1, 255) ? NULL :
	       "a circuit id, a remote id, an interface or an Ethernet address; or a pattern of an interface or address, or \"circuit:PATTERN\", \"remote:PATTERN\"";
}

static const char *check_secret(const struct vpdn_setting *row, const char *value)
{
	return printable(value, 1, row->max ? row->max : SECRET_MAX) ? NULL : row->max ? "1 to 128 printable characters" :
	       "1 to 255 printable characters";
}

static const char *check_line_avps(const struct vpdn_setting *row, const char *value)
{
	(void)row;
	return vpdn_line_avps_bit(value) ? NULL : VPDN_LINE_AVPS;
}

static const char *check_protocol(const struct vpdn_setting *row, const char *value)
{
	(void)row;
	return strcmp(value, "l2tp") ? "l2tp" : NULL;
}

static const char *check_lcp_policy(const struct vpdn_setting *row, const char *value)
{
	(void)row;
	return vpdn_lcp_policy_parse(value) ? NULL : VPDN_LCP_POLICIES;
}

int vpdn_value_key_kind(const char *value)
{
	for (int i = 0; i < VPDN_KEY_KINDS; i++)
		if (!strcmp(value, vpdn_key_kind_name((enum vpdn_key_kind)i)))
			return i;
	return -1;
}

static const char *check_search_order(const struct vpdn_setting *row, const char *value)
{
	(void)row;
	return vpdn_value_key_kind(value) < 0 ? "line, dnis, domain" : NULL;
}

int vpdn_value_source_kind(const char *value)
{
	for (int i = 0; i < VPDN_SOURCE_KINDS; i++)
		if (!strcmp(value, vpdn_source_kind_name((enum vpdn_source_kind)i)))
			return i;
	return -1;
}

static const char *check_sources(const struct vpdn_setting *row, const char *value)
{
	(void)row;
	return vpdn_value_source_kind(value) < 0 ? "local, http, radius" : NULL;
}

static const char *check_aaa_failure(const struct vpdn_setting *row, const char *value)
{
	(void)row;
	return strcmp(value, "open") && strcmp(value, "closed") ? "open, closed" : NULL;
}

static const char *check_delimiters(const struct vpdn_setting *row, const char *value)
{
	size_t n = strlen(value);

	for (const char *s = value; *s; s++)
		if (!ispunct((unsigned char)*s))
			n = 0;
	return n >= 1 && n <= row->max ? NULL : "1 to 8 characters, neither letters, digits nor blanks";
}

static const char *check_position(const struct vpdn_setting *row, const char *value)
{
	(void)row;
	return strcmp(value, "suffix") && strcmp(value, "prefix") ? "suffix, prefix" : NULL;
}

uint32_t vpdn_value_bearer(const char *s)
{
	return !strcmp(s, "digital") ? 1 : !strcmp(s, "analogue") ? 2 : !strcmp(s, "any") ? 3 : 0;
}

static const char *check_bearer(const struct vpdn_setting *row, const char *value)
{
	(void)row;
	return vpdn_value_bearer(value) ? NULL : VPDN_BEARERS;
}

uint32_t vpdn_value_framing(const char *s)
{
	return !strcmp(s, "synchronous") ? 1 : !strcmp(s, "asynchronous") ? 2 : !strcmp(s, "any") ? 3 : 0;
}

static const char *check_framing(const struct vpdn_setting *row, const char *value)
{
	(void)row;
	return vpdn_value_framing(value) ? NULL : VPDN_FRAMINGS;
}

/* A number, a sub-address, what replaces a number, a word of a script: they go to a modem or over the wire. */
static const char *check_text(const struct vpdn_setting *row, const char *value)
{
	static char allowed[64];

	if (printable(value, row->min, row->max))
		return NULL;
	snprintf(allowed, sizeof(allowed), "%u to %u printable characters", row->min, row->max);
	return allowed;
}

static const char *check_path(const struct vpdn_setting *row, const char *value)
{
	return *value == '/' && printable(value, 2, row->max) ? NULL : "an absolute path; shell patterns are allowed in its last part";
}

static const char *check_interface(const struct vpdn_setting *row, const char *value)
{
	(void)row;
	return printable(value, 1, IFNAMSIZ - 1) && !strpbrk(value, "/ :") ? NULL : "the name of a network interface";
}

static const char *check_url(const struct vpdn_setting *row, const char *value)
{
	(void)row;
	return vpdn_http_check_url(value);
}

static const char *check_file(const struct vpdn_setting *row, const char *value)
{
	return *value == '/' && printable(value, 2, row->max) ? NULL : "an absolute path";
}

static const char *check_radius_user(const struct vpdn_setting *row, const char *value)
{
	const char *at = strstr(value, "%k");

	return at && !strchr(at + 2, '%') && strcspn(value, "%") == (size_t)(at - value) && printable(value, row->min, row->max) ? NULL :
	       "printable characters with one %k among them, which stands for what is looked for";
}

static const struct vpdn_setting settings[] = {
	{ VPDN_CONFIG_ROOT, "search-order", check_search_order, 0, 0, -1 },
	{ VPDN_CONFIG_ROOT, "domain-delimiters", check_delimiters, 0, 8, -1 },
	{ VPDN_CONFIG_ROOT, "domain-position", check_position, 0, 0, -1 },
	{ VPDN_CONFIG_ROOT, "dead-time", check_number, 0, DAY, -1 },
	{ VPDN_CONFIG_ROOT, "sources", check_sources, 0, 0, -1 },
	{ VPDN_CONFIG_ROOT, "aaa-failure", check_aaa_failure, 0, 0, -1 },
	{ VPDN_CONFIG_ROOT, VPDN_CONFIG_AT_END, check_number, 0, 0, -1 },
	{ "dnis-from", "service-name", check_text, 1, 255, -1 },
	{ "dnis-from", "circuit-id", check_text, 1, 255, -1 },
	{ "vpdn-group", "local-name", check_name, 0, 0, -1 },
	{ "vpdn-group", "source-ip", check_ip4, 0, 0, -1 },
	{ "vpdn-group", "tunnel-password", check_secret, 0, 0, -1 },
	{ "vpdn-group", "tunnel-authentication", check_bool, 0, 0, -1 },
	{ "vpdn-group", "hidden", check_bool, 0, 0, -1 },
	{ "vpdn-group", "idle-timeout", check_number, 0, DAY, -1 },
	{ "vpdn-group", "hello", check_number, 1, DAY, -1 },
	{ "vpdn-group", "connect-timeout", check_number, 1, 25, -1 },
	{ "vpdn-group", "limit", check_number, 1, 1000000, -1 },
	{ "vpdn-group", "tunnel-limit", check_number, 1, 65535, -1 },
	{ "vpdn-group", "tunnel-sessions", check_number, 1, 65535, -1 },
	{ "vpdn-group", "tunnel-share", check_bool, 0, 0, -1 },
	{ "vpdn-group", "lcp-renegotiation", check_lcp_policy, 0, 0, -1 },
	{ "request-dialin", "protocol", check_protocol, 0, 0, -1 },
	{ "request-dialin", "domain", check_domain, 0, 0, VPDN_KEY_DOMAIN },
	{ "request-dialin", "dnis", check_dnis, 0, 0, VPDN_KEY_DNIS },
	{ "request-dialin", "line", check_line, 0, 0, VPDN_KEY_LINE },
	{ "request-dialin", "default", check_bool, 0, 0, -1 },
	{ "request-dialin", "strip-domain", check_bool, 0, 0, -1 },
	{ "request-dialin", "send-avps", check_line_avps, 0, 0, -1 },
	{ "accept-dialin", "protocol", check_protocol, 0, 0, -1 },
	{ "accept-dialin", "terminate-from", check_name, 0, 0, -1 },
	{ "accept-dialin", "source", check_source, 0, 0, -1 },
	{ "accept-dialin", "ppp-template", check_template, 0, 0, -1 },
	{ "request-dialout", "protocol", check_protocol, 0, 0, -1 },
	{ "request-dialout", "sub-address", check_text, 1, 64, -1 },
	{ "request-dialout", "min-bps", check_number, 1, UINT32_MAX, -1 },
	{ "request-dialout", "max-bps", check_number, 1, UINT32_MAX, -1 },
	{ "request-dialout", "bearer", check_bearer, 0, 0, -1 },
	{ "request-dialout", "framing", check_framing, 0, 0, -1 },
	{ "request-dialout", "dial-timeout", check_number, 1, 600, -1 },
	{ "number", "replace", check_text, 0, NUMBER_MAX, -1 },
	{ "accept-dialout", "protocol", check_protocol, 0, 0, -1 },
	{ "accept-dialout", "terminate-from", check_name, 0, 0, -1 },
	{ "accept-dialout", "source", check_source, 0, 0, -1 },
	{ "dial", "dialer", check_title, 0, 0, -1 },
	{ "dial", "replace", check_text, 1, NUMBER_MAX, -1 },
	{ "radius", "dead-time", check_number, 0, DAY, -1 },
	{ "radius", "user", check_radius_user, 2, 128, -1 },
	{ "radius", "password", check_secret, 0, 128, -1 },
	{ "radius", "nas-identifier", check_text, 1, 253, -1 },
	{ "radius", "nas-ip", check_ip4, 0, 0, -1 },
	{ "radius", "require-message-authenticator", check_bool, 0, 0, -1 },
	{ "radius", "accounting", check_bool, 0, 0, -1 },
	{ "radius", "interim-interval", check_number, 10, DAY, -1 },
	{ "server", "secret", check_secret, 0, 0, -1 },
	{ "server", "auth-port", check_number, 1, 65535, -1 },
	{ "server", "acct-port", check_number, 1, 65535, -1 },
	{ "server", "priority", check_number, 0, 65535, -1 },
	{ "server", "timeout", check_number, 1, 10, -1 },
	{ "server", "retries", check_number, 0, 10, -1 },
	{ "initiate-to", "priority", check_number, 0, 65535, -1 },
	{ "initiate-to", "weight", check_number, 1, 65535, -1 },
	{ "initiate-to", "limit", check_number, 1, 65535, -1 },
	{ "initiate-to", "port", check_number, 1, 65535, -1 },
	{ "initiate-to", "tunnel-limit", check_number, 1, 65535, -1 },
	{ "initiate-to", "local-name", check_name, 0, 0, -1 },
	{ "initiate-to", "source-ip", check_ip4, 0, 0, -1 },
	{ "initiate-to", "tunnel-password", check_secret, 0, 0, -1 },
	{ "initiate-to", "tunnel-authentication", check_bool, 0, 0, -1 },
	{ "ip-pool", "local", check_ip4, 0, 0, -1 },
	{ "ip-pool", "first", check_ip4, 0, 0, -1 },
	{ "ip-pool", "last", check_ip4, 0, 0, -1 },
	{ "dialer", "limit", check_number, 1, 65535, -1 },
	{ "dialer", "timeout", check_number, 1, 600, -1 },
	{ "chat", "tty", check_path, 0, 255, -1 },
	{ "chat", "speed", check_speed, 300, 4000000, -1 },
	{ "chat", "script", check_text, 0, 255, -1 },
	{ "chat", "hangup", check_text, 0, 255, -1 },
	{ "pppoe", "interface", check_interface, 0, 0, -1 },
	{ "pppoe", "service", check_text, 0, 255, -1 },
	{ "pppoe", "mtu", check_number, 576, 9000, -1 },
	{ "exec", "command", check_text, 0, 255, -1 },
	{ "exec", "user", check_title, 0, 0, -1 },
	{ "exec", "wait", check_bool, 0, 0, -1 },
	{ "http", "url", check_url, 0, 0, -1 },
	{ "http", "ca-file", check_file, 0, 255, -1 },
	{ "http", "certificate", check_file, 0, 255, -1 },
	{ "http", "key", check_file, 0, 255, -1 },
	{ "http", "bearer-file", check_file, 0, 255, -1 },
	{ "http", "user", check_text, 1, 255, -1 },
	{ "http", "password-file", check_file, 0, 255, -1 },
	{ "http", "timeout", check_number, 1, 10, -1 },
	{ "http", "url-timeout", check_number, 1, 10, -1 },
	{ "http", "cache-time", check_number, 0, 30 * DAY, -1 },
	{ "http", "stale-if-error", check_number, 0, 30 * DAY, -1 },
	{ "http", "send-credentials", check_bool, 0, 0, -1 },
	{ "http", "max-answer", check_number, 256, 1048576, -1 },
};

const struct vpdn_setting *vpdn_setting_find(const char *section, const char *key)
{
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		if (!strcmp(settings[i].section, section) && !strcmp(settings[i].key, key))
			return &settings[i];
	return NULL;
}

bool vpdn_setting_is_secret(const struct vpdn_setting *s)
{
	/* A URL that is refused may be so because a password is in it. */
	return s->check == check_secret || s->check == check_url;
}

bool vpdn_setting_is_search_order(const struct vpdn_setting *s)
{
	return s->check == check_search_order;
}

bool vpdn_setting_is_sources(const struct vpdn_setting *s)
{
	return s->check == check_sources;
}
