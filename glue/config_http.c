/* SPDX-License-Identifier: GPL-2.0-or-later */
/* config_http.c - see config_http.h. */
#include "config_http.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config_build.h"
#include "config_value.h"
#include "text.h"

#define FILE_MAX	(1024u * 1024)	/* a bundle of certificates */
#define URL_MAX		1024u

/* ---- URLs ---- */

static bool is_loopback(const char *host, size_t n)
{
	char text[INET6_ADDRSTRLEN];
	struct in_addr a;

	if (n >= sizeof(text))
		return false;
	memcpy(text, host, n);
	text[n] = '\0';
	return !strcasecmp(text, "localhost") || !strcmp(text, "[::1]") || (inet_pton(AF_INET, text, &a) == 1 && ntohl(a.s_addr) >> 24 == 127);
}

/* The octets of a host at `s`; 0: there is none. Only what cannot be read in two ways. */
static size_t host_len(const char *s)
{
	const char *end;

	if (*s != '[')
		return strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_");
	end = s + 1 + strspn(s + 1, "0123456789abcdefABCDEF:.");
	return *end == ']' && end > s + 1 ? (size_t)(end + 1 - s) : 0;
}

const char *vpdn_http_check_url(const char *url)
{
	static const char allowed[] = "https://HOST[:PORT][/PATH], without user, password or \"#\"; http:// to this host only (127.0.0.1, [::1], localhost)";
	bool plain = !strncmp(url, "http://", 7);
	const char *s = url + (plain ? 7 : 8);
	size_t n;

	if ((!plain && strncmp(url, "https://", 8)) || strlen(url) > URL_MAX)
		return allowed;
	n = host_len(s);
	if (!n || (plain && !is_loopback(s, n)))
		return allowed;
	s += n;
	if (*s == ':') {
		char port[6] = "";
		uint32_t v;

		n = strspn(++s, "0123456789");
		if (n >= sizeof(port))
			return allowed;
		memcpy(port, s, n);
		if (!vpdn_value_u32(port, 1, 65535, &v))
			return allowed;
		s += n;
	}
	if (*s && *s != '/' && *s != '?')
		return allowed;
	for (; *s; s++)
		if (*s <= ' ' || *s >= 0x7f || strchr("\"#<>\\^`{|}", *s))
			return allowed;
	return NULL;
}

/* ---- files ---- */

static void file_free(struct vpdn_http_file *o)
{
	if (o->data)
		explicit_bzero(o->data, o->len);
	free(o->data);
}

void vpdn_http_config_free(struct vpdn_http_config *h)
{
	if (!h)
		return;
	for (size_t i = 0; i < h->urls.n; i++)
		free(h->urls.v[i]);
	free(h->urls.v);
	file_free(&h->ca);
	file_free(&h->certificate);
	file_free(&h->key);
	vpdn_text_wipe(h->bearer);
	free(h->user);
	vpdn_text_wipe(h->password);
	free(h);
}

static int read_fd(cfg_t *sec, const char *key, const char *path, int fd, bool secret, struct vpdn_http_file *o)
{
	struct stat st;
	ssize_t n = 0;

	if (fstat(fd, &st) < 0)
		return vpdn_parse_fail(sec, "http: %s \"%s\": %s", key, path, strerror(errno));
	if (!S_ISREG(st.st_mode) || st.st_size <= 0 || st.st_size > FILE_MAX)
		return vpdn_parse_fail(sec, "http: %s \"%s\": is not a regular file of 1 to %u octets", key, path, FILE_MAX);
	if (secret && (st.st_mode & S_IRWXO))
		return vpdn_parse_fail(sec, "http: %s \"%s\": everybody may read or write it (mode %04o); use: chmod 0640 %s", key, path,
				       (unsigned int)st.st_mode & 07777, path);
	if ((st.st_mode & S_IWOTH) || (st.st_uid != 0 && st.st_uid != geteuid()))
		return vpdn_parse_fail(sec, "http: %s \"%s\": others than root may write it (mode %04o, owner uid %u); use: chown root %s", key, path,
				       (unsigned int)st.st_mode & 07777, (unsigned int)st.st_uid, path);
	o->data = calloc(1, (size_t)st.st_size + 1);
	if (!o->data)
		return vpdn_parse_fail_memory();
	while (o->len < (size_t)st.st_size && (n = read(fd, o->data + o->len, (size_t)st.st_size - o->len)) > 0)
		o->len += (size_t)n;
	return n < 0 ? vpdn_parse_fail(sec, "http: %s \"%s\": %s", key, path, strerror(errno)) : 0;
}

/* Reads the file that a setting names, if it names one. A secret one must not be for everybody. */
static int read_file(cfg_t *sec, const char *key, bool secret, struct vpdn_http_file *o)
{
	const char *path = cfg_getstr(sec, key);
	int fd, rc;

	if (!path)
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return vpdn_parse_fail(sec, "http: %s \"%s\": %s", key, path, strerror(errno));
	rc = read_fd(sec, key, path, fd, secret, o);
	close(fd);
	return rc;
}

static int read_pem(cfg_t *sec, const char *key, bool secret, struct vpdn_http_file *o)
{
	if (read_file(sec, key, secret, o))
		return -1;
	return !o->data || strstr(o->data, "-----BEGIN ") ? 0 :
	       vpdn_parse_fail(sec, "http: %s \"%s\": is no PEM file; needed: -----BEGIN ...", key, cfg_getstr(sec, key));
}

/* The first line of a file: 1 to 4096 printable characters. */
static int read_line(cfg_t *sec, const char *key, char **line)
{
	struct vpdn_http_file o = { 0 };
	int rc = read_file(sec, key, true, &o);
	size_t n;

	if (!rc && o.data) {
		n = strcspn(o.data, "\r\n");
		*line = strndup(o.data, n);
		for (size_t i = 0; i < n; i++)
			if (!isgraph((unsigned char)o.data[i]) && (o.data[i] != ' ' || !strcmp(key, "bearer-file")))
				n = 0;
		if (!*line)
			rc = vpdn_parse_fail_memory();
		else if (!n || n > 4096)
			rc = vpdn_parse_fail(sec, "http: %s \"%s\": its first line must be 1 to 4096 printable characters", key, cfg_getstr(sec, key));
	}
	file_free(&o);
	return rc;
}

/* ---- the block ---- */

static int check_pairs(cfg_t *sec)
{
	static const struct {
		const char *key, *other;
	} pairs[] = { { "certificate", "key" }, { "key", "certificate" }, { "user", "password-file" }, { "password-file", "user" } };

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if (cfg_getstr(sec, pairs[i].key) && !cfg_getstr(sec, pairs[i].other))
			return vpdn_parse_fail(sec, "http: %s needs %s", pairs[i].key, pairs[i].other);
	if (cfg_getstr(sec, "user") && cfg_getstr(sec, "bearer-file"))
		return vpdn_parse_fail(sec, "http: has both user and bearer-file; allowed: one of them");
	return 0;
}

int vpdn_http_build(struct vpdn_config *c, cfg_t *sec)
{
	struct vpdn_http_config *h = calloc(1, sizeof(*h));
	size_t n = cfg_size(sec, "url");

	if (!h)
		return vpdn_parse_fail_memory();
	c->http = h;
	if (!n || n > VPDN_HTTP_URLS_MAX)
		return vpdn_parse_fail(sec, "http: has %zu of url; needed: url = \"https://...\", 1 to %u of them", n, VPDN_HTTP_URLS_MAX);
	if (vpdn_parse_strings(sec, "url", &h->urls) || vpdn_parse_string(sec, "user", &h->user) || check_pairs(sec))
		return -1;
	for (size_t i = 1; i < n; i++)
		for (size_t k = 0; k < i; k++)
			if (!strcmp(h->urls.v[i], h->urls.v[k]))
				return vpdn_parse_fail(sec, "http: url \"%s\" is in the list twice; allowed: once", h->urls.v[i]);
	h->timeout_ms = vpdn_parse_u32(sec, "timeout", 3) * 1000;
	h->url_timeout_ms = vpdn_parse_u32(sec, "url-timeout", 0) * 1000;
	if (!h->url_timeout_ms)
		h->url_timeout_ms = h->timeout_ms / (uint32_t)n;
	if (h->url_timeout_ms > h->timeout_ms)
		return vpdn_parse_fail(sec, "http: url-timeout is above timeout; allowed: url-timeout <= timeout");
	h->cache_s = vpdn_parse_u32(sec, "cache-time", 60);
	h->stale_s = vpdn_parse_u32(sec, "stale-if-error", 3600);
	h->max_answer = vpdn_parse_u32(sec, "max-answer", 65536);
	h->send_credentials = vpdn_parse_bool(sec, "send-credentials", false);
	return read_pem(sec, "ca-file", false, &h->ca) || read_pem(sec, "certificate", false, &h->certificate) ||
	       read_pem(sec, "key", true, &h->key) || read_line(sec, "bearer-file", &h->bearer) ||
	       read_line(sec, "password-file", &h->password) ? -1 : 0;
}
