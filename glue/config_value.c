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
#include "text.h"

#define SECRET_MAX	255u
#define NUMBER_MAX	64u	/* dialled digits, as in AVP 21 */
#define DAY		86400u

static const char *const bools[] = { "true", "false", NULL };
static const char *const protocols[] = { "l2tp", NULL };
static const char *const aaa_failures[] = { "open", "closed", NULL };
static const char *const positions[] = { "suffix", "prefix", NULL };
/* The first two have a bit each in AVPs 18 and 19 (RFC 2661 4.4.4), "any" both. */
static const char *const bearers[] = { "digital", "analogue", "any", NULL };
static const char *const framings[] = { "synchronous", "asynchronous", "any", NULL };

uint32_t vpdn_value_bearer(const char *s)
{
	return (uint32_t)(vpdn_text_word(bearers, s) + 1);
}

uint32_t vpdn_value_framing(const char *s)
{
	return (uint32_t)(vpdn_text_word(framings, s) + 1);
}

static const char *check_word(const struct vpdn_setting *row, const char *value)
{
	static char allowed[64];
	struct vpdn_text t;

	if (vpdn_text_word(row->words, value) >= 0)
		return NULL;
	vpdn_text_init(&t, allowed, sizeof(allowed));
	vpdn_text_add_words(&t, row->words);
	return allowed;
}

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

static const char *check_title(const struct vpdn_setting *row, const char *value)
{
	(void)row;
	return all_of(value, "._-", VPDN_NAME_MAX) ? NULL : "1 to 64 letters, digits, \".\", \"_\", \"-\"";
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

/* The texts of secrets, numbers, sub-addresses, words of a script: they go to a server, a modem or over the wire. */
static const char *check_text(const struct vpdn_setting *row, const char *value)
{
	static char allowed[64];

	if (printable(value, row->min, row->max))
		return NULL;
	snprintf(allowed, sizeof(allowed), "%u to %u printable characters", row->min, row->max);
	return allowed;
}

/* A function of its own, by which vpdn_setting_is_secret() knows it. */
static const char *check_secret(const struct vpdn_setting *row, const char *value)
{
	return check_text(row, value);
}

static const char *check_line_avps(const struct vpdn_setting *row, const char *value)
{
	static char allowed[160];
	struct vpdn_text t;
	const char *word;
	uint32_t bit;

	(void)row;
	if (vpdn_line_avps_bit(value))
		return NULL;
	vpdn_text_init(&t, allowed, sizeof(allowed));
	for (size_t i = 0; (word = vpdn_line_avps_word(i, &bit)); i++)
		vpdn_text_add(&t, "%s%s", i ? ", " : "", word);
	return allowed;
}

static const char *check_delimiters(const struct vpdn_setting *row, const char *value)
{
	size_t n = strlen(value);

	for (const char *s = value; *s; s++)
		if (!ispunct((unsigned char)*s))
			n = 0;
	return n >= row->min && n <= row->max ? NULL : "1 to 8 characters, neither letters, digits nor blanks";
}

static const char *check_path(const struct vpdn_setting *row, const char *value)
{
	return *value == '/' && printable(value, row->min, row->max) ? NULL : "an absolute path; shell patterns are allowed in its last part";
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
	return *value == '/' && printable(value, row->min, row->max) ? NULL : "an absolute path";
}

static const char *check_radius_user(const struct vpdn_setting *row, const char *value)
{
	const char *at = strstr(value, "%k");

	return at && !strchr(at + 2, '%') && strcspn(value, "%") == (size_t)(at - value) && printable(value, row->min, row->max) ? NULL :
	       "printable characters with one %k among them, which stands for what is looked for";
}

#define VALUE(check)			VPDN_VALUE, check, 0, 0, NULL
#define LIST(check)			VPDN_LIST, check, 0, 0, NULL
#define WORD(words)			VPDN_VALUE, check_word, 0, 0, words
#define WORDS(words)			VPDN_LIST, check_word, 0, 0, words
#define BOOL				WORD(bools)
#define NUMBER(min, max)		VPDN_VALUE, check_number, min, max, NULL
#define TEXT(check, min, max)		VPDN_VALUE, check, min, max, NULL
#define TEXTS(check, min, max)		VPDN_LIST, check, min, max, NULL
#define BLOCK				VPDN_BLOCK, NULL, 0, 0, NULL
#define TITLED_BLOCK(check)		VPDN_TITLED_BLOCK, check, 0, 0, NULL

/* What may stand in each block, in the order in which messages name it. */
static const struct vpdn_setting settings[] = {
	{ VPDN_CONFIG_ROOT, "search-order", WORDS(vpdn_key_kinds) },
	{ VPDN_CONFIG_ROOT, "domain-delimiters", TEXT(check_delimiters, 1, 8) },
	{ VPDN_CONFIG_ROOT, "domain-position", WORD(positions) },
	{ VPDN_CONFIG_ROOT, "dnis-from", BLOCK },
	{ VPDN_CONFIG_ROOT, "dead-time", NUMBER(0, DAY) },
	{ VPDN_CONFIG_ROOT, "sources", WORDS(vpdn_source_kinds) },
	{ VPDN_CONFIG_ROOT, "aaa-failure", WORD(aaa_failures) },
	{ VPDN_CONFIG_ROOT, "http", BLOCK },
	{ VPDN_CONFIG_ROOT, "radius", BLOCK },
	{ VPDN_CONFIG_ROOT, "vpdn-group", TITLED_BLOCK(check_title) },
	{ VPDN_CONFIG_ROOT, "dialer", TITLED_BLOCK(check_title) },
	{ VPDN_CONFIG_ROOT, VPDN_CONFIG_AT_END, NUMBER(0, 0) },
	{ "dnis-from", "service-name", TEXT(check_text, 1, 255) },
	{ "dnis-from", "circuit-id", TEXT(check_text, 1, 255) },
	{ "http", "url", LIST(check_url) },
	{ "http", "ca-file", TEXT(check_file, 2, 255) },
	{ "http", "certificate", TEXT(check_file, 2, 255) },
	{ "http", "key", TEXT(check_file, 2, 255) },
	{ "http", "bearer-file", TEXT(check_file, 2, 255) },
	{ "http", "user", TEXT(check_text, 1, 255) },
	{ "http", "password-file", TEXT(check_file, 2, 255) },
	{ "http", "timeout", NUMBER(1, 10) },
	{ "http", "url-timeout", NUMBER(1, 10) },
	{ "http", "cache-time", NUMBER(0, 30 * DAY) },
	{ "http", "stale-if-error", NUMBER(0, 30 * DAY) },
	{ "http", "send-credentials", BOOL },
	{ "http", "max-answer", NUMBER(256, 1048576) },
	{ "radius", "server", TITLED_BLOCK(check_ip4) },
	{ "radius", "dead-time", NUMBER(0, DAY) },
	{ "radius", "user", TEXT(check_radius_user, 2, 128) },
	{ "radius", "password", TEXT(check_secret, 1, 128) },
	{ "radius", "nas-identifier", TEXT(check_text, 1, 253) },
	{ "radius", "nas-ip", VALUE(check_ip4) },
	{ "radius", "require-message-authenticator", BOOL },
	{ "radius", "accounting", BOOL },
	{ "radius", "interim-interval", NUMBER(10, DAY) },
	{ "server", "secret", TEXT(check_secret, 1, SECRET_MAX) },
	{ "server", "auth-port", NUMBER(1, 65535) },
	{ "server", "acct-port", NUMBER(1, 65535) },
	{ "server", "priority", NUMBER(0, 65535) },
	{ "server", "timeout", NUMBER(1, 10) },
	{ "server", "retries", NUMBER(0, 10) },
	{ "vpdn-group", "request-dialin", BLOCK },
	{ "vpdn-group", "accept-dialin", BLOCK },
	{ "vpdn-group", "request-dialout", BLOCK },
	{ "vpdn-group", "accept-dialout", BLOCK },
	{ "vpdn-group", "initiate-to", TITLED_BLOCK(check_ip4) },
	{ "vpdn-group", "local-name", VALUE(check_name) },
	{ "vpdn-group", "remote-name", TEXT(check_text, 1, VPDN_NAME_MAX) },
	{ "vpdn-group", "source-ip", VALUE(check_ip4) },
	{ "vpdn-group", "tunnel-password", TEXT(check_secret, 1, SECRET_MAX) },
	{ "vpdn-group", "tunnel-authentication", BOOL },
	{ "vpdn-group", "hidden", BOOL },
	{ "vpdn-group", "idle-timeout", NUMBER(0, DAY) },
	{ "vpdn-group", "hello", NUMBER(1, DAY) },
	{ "vpdn-group", "connect-timeout", NUMBER(1, 25) },
	{ "vpdn-group", "limit", NUMBER(1, 1000000) },
	{ "vpdn-group", "tunnel-limit", NUMBER(1, 65535) },
	{ "vpdn-group", "tunnel-sessions", NUMBER(1, 65535) },
	{ "vpdn-group", "tunnel-share", BOOL },
	{ "vpdn-group", "lcp-renegotiation", WORD(vpdn_lcp_policies) },
	{ "vpdn-group", "ip-pool", BLOCK },
	{ "request-dialin", "protocol", WORD(protocols) },
	{ "request-dialin", "domain", LIST(check_domain) },
	{ "request-dialin", "dnis", LIST(check_dnis) },
	{ "request-dialin", "line", LIST(check_line) },
	{ "request-dialin", "default", BOOL },
	{ "request-dialin", "strip-domain", BOOL },
	{ "request-dialin", "send-avps", LIST(check_line_avps) },
	{ "accept-dialin", "protocol", WORD(protocols) },
	{ "accept-dialin", "terminate-from", LIST(check_name) },
	{ "accept-dialin", "source", LIST(check_source) },
	{ "accept-dialin", "ppp-template", VALUE(check_template) },
	{ "request-dialout", "protocol", WORD(protocols) },
	{ "request-dialout", "number", TITLED_BLOCK(NULL) },
	{ "request-dialout", "sub-address", TEXT(check_text, 1, 64) },
	{ "request-dialout", "min-bps", NUMBER(1, UINT32_MAX) },
	{ "request-dialout", "max-bps", NUMBER(1, UINT32_MAX) },
	{ "request-dialout", "bearer", WORD(bearers) },
	{ "request-dialout", "framing", WORD(framings) },
	{ "request-dialout", "dial-timeout", NUMBER(1, 600) },
	{ "number", "replace", TEXT(check_text, 0, NUMBER_MAX) },
	{ "accept-dialout", "protocol", WORD(protocols) },
	{ "accept-dialout", "terminate-from", LIST(check_name) },
	{ "accept-dialout", "source", LIST(check_source) },
	{ "accept-dialout", "dial", TITLED_BLOCK(NULL) },
	{ "dial", "dialer", VALUE(check_title) },
	{ "dial", "replace", TEXT(check_text, 1, NUMBER_MAX) },
	{ "initiate-to", "priority", NUMBER(0, 65535) },
	{ "initiate-to", "weight", NUMBER(1, 65535) },
	{ "initiate-to", "limit", NUMBER(1, 65535) },
	{ "initiate-to", "port", NUMBER(1, 65535) },
	{ "initiate-to", "tunnel-limit", NUMBER(1, 65535) },
	{ "initiate-to", "local-name", VALUE(check_name) },
	{ "initiate-to", "remote-name", TEXT(check_text, 1, VPDN_NAME_MAX) },
	{ "initiate-to", "source-ip", VALUE(check_ip4) },
	{ "initiate-to", "tunnel-password", TEXT(check_secret, 1, SECRET_MAX) },
	{ "initiate-to", "tunnel-authentication", BOOL },
	{ "ip-pool", "local", VALUE(check_ip4) },
	{ "ip-pool", "first", VALUE(check_ip4) },
	{ "ip-pool", "last", VALUE(check_ip4) },
	{ "dialer", "chat", BLOCK },
	{ "dialer", "pppoe", BLOCK },
	{ "dialer", "exec", BLOCK },
	{ "dialer", "limit", NUMBER(1, 65535) },
	{ "dialer", "timeout", NUMBER(1, 600) },
	{ "chat", "tty", TEXTS(check_path, 2, 255) },
	{ "chat", "speed", VPDN_VALUE, check_speed, 300, 4000000, NULL },
	{ "chat", "script", TEXTS(check_text, 0, 255) },
	{ "chat", "hangup", TEXTS(check_text, 0, 255) },
	{ "pppoe", "interface", VALUE(check_interface) },
	{ "pppoe", "service", TEXT(check_text, 0, 255) },
	{ "pppoe", "mtu", NUMBER(576, 9000) },
	{ "exec", "command", TEXTS(check_text, 0, 255) },
	{ "exec", "user", VALUE(check_title) },
	{ "exec", "wait", BOOL },
};

const struct vpdn_setting *vpdn_setting_at(size_t i)
{
	return i < sizeof(settings) / sizeof(settings[0]) ? &settings[i] : NULL;
}

const struct vpdn_setting *vpdn_setting_find(const char *section, const char *key)
{
	const struct vpdn_setting *s;

	for (size_t i = 0; (s = vpdn_setting_at(i)); i++)
		if (!strcmp(s->section, section) && !strcmp(s->key, key))
			return s;
	return NULL;
}

bool vpdn_setting_is_secret(const struct vpdn_setting *s)
{
	/* A URL that is refused may be so because a password is in it. */
	return s->check == check_secret || s->check == check_url;
}

bool vpdn_setting_is_address(const struct vpdn_setting *s)
{
	return s->check == check_ip4;
}

int vpdn_setting_key_kind(const struct vpdn_setting *s)
{
	return strcmp(s->section, "request-dialin") ? -1 : vpdn_text_word(vpdn_key_kinds, s->key);
}
