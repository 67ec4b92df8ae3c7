/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_config_http.c - the http block of vpdn.conf: what it may say, the files that it names, and who may read these. */
#include "unit.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "glue/config_http.h"

#define PEM	"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
#define KEY	"-----BEGIN PRIVATE KEY-----\nhush\n-----END PRIVATE KEY-----\n"
#define URL	"url = \"https://aaa.example/\"\n"

static char dir[] = "/tmp/vpdn-test-http-XXXXXX";
static char conf[64], file[64], other[64];

static int make_dir(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(conf, sizeof(conf), "%s/vpdn.conf", dir);
	snprintf(file, sizeof(file), "%s/file", dir);
	snprintf(other, sizeof(other), "%s/other", dir);
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	unlink(conf);
	unlink(file);
	unlink(other);
	return rmdir(dir);
}

static void write_file(const char *path, const char *text, mode_t mode)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	assert_int_equal(chmod(path, mode), 0);
}

/* Loads an http block with this inside. %s in it: the file; %o: the other one. */
static int load(const char *inside, struct vpdn_config **c, char *err, size_t size)
{
	char text[2048] = "http {\n", *to = text + strlen(text);

	for (; *inside; inside++) {
		if (*inside == '%') {
			inside++;
			to += sprintf(to, "%s", *inside == 's' ? file : other);
			continue;
		}
		*to++ = *inside;
	}
	strcpy(to, "}\n");
	write_file(conf, text, 0600);
	*c = NULL;
	return vpdn_config_load(conf, c, err, size);
}

static struct vpdn_config *good(const char *inside)
{
	struct vpdn_config *c;
	char err[1024];

	if (load(inside, &c, err, sizeof(err)))
		fail_msg("%s", err);
	assert_non_null(c->http);
	return c;
}

static void bad(const char *inside, const char *what)
{
	struct vpdn_config *c;
	char err[1024];

	assert_int_equal(load(inside, &c, err, sizeof(err)), -EINVAL);
	if (strncmp(err, conf, strlen(conf)) || !strstr(err, what) || strstr(err, "hush"))
		fail_msg("\"%s\" instead of \"%s\"", err, what);
}

static void defaults(void **state)
{
	struct vpdn_config *c = good(URL);

	(void)state;
	assert_int_equal(c->http->urls.n, 1);
	assert_string_equal(c->http->urls.v[0], "https://aaa.example/");
	assert_int_equal(c->http->timeout_ms, 3000);
	assert_int_equal(c->http->url_timeout_ms, 3000);
	assert_int_equal(c->http->cache_s, 60);
	assert_int_equal(c->http->stale_s, 3600);
	assert_int_equal(c->http->max_answer, 65536);
	assert_false(c->http->send_credentials);
	assert_null(c->http->ca.data);
	assert_null(c->http->bearer);
	vpdn_config_put(c);
}

static void all_settings(void **state)
{
	struct vpdn_config *c;

	(void)state;
	write_file(file, PEM, 0644);
	write_file(other, KEY, 0640);
	c = good("url = { \"https://a.example:8443/x?y=z\", \"https://[2001:db8::1]/\", \"http://127.0.0.1:80\" }\n"
		 "ca-file = \"%s\" certificate = \"%s\" key = \"%o\" timeout = 7 cache-time = 0 stale-if-error = 5 send-credentials = true\n"
		 "max-answer = 1000\n");
	assert_int_equal(c->http->urls.n, 3);
	assert_int_equal(c->http->timeout_ms, 7000);
	assert_int_equal(c->http->url_timeout_ms, 2333);
	assert_int_equal(c->http->cache_s, 0);
	assert_int_equal(c->http->stale_s, 5);
	assert_true(c->http->send_credentials);
	assert_string_equal(c->http->ca.data, PEM);
	assert_string_equal(c->http->certificate.data, PEM);
	assert_string_equal(c->http->key.data, KEY);
	assert_int_equal(c->http->key.len, strlen(KEY));
	vpdn_config_put(c);

	write_file(other, "tok.en-hush=\nmore\n", 0600);
	c = good(URL "bearer-file = \"%o\"\n");
	assert_string_equal(c->http->bearer, "tok.en-hush=");
	vpdn_config_put(c);
	write_file(other, "pass word\r\n", 0600);
	c = good(URL "user = lac1 password-file = \"%o\"\n");
	assert_string_equal(c->http->user, "lac1");
	assert_string_equal(c->http->password, "pass word");
	vpdn_config_put(c);
}

static void urls(void **state)
{
	static const char *const right[] = {
		"https://aaa.example", "https://aaa.example/a/b?c=d&e", "https://192.0.2.1:1/", "https://[::1]:65535/", "http://localhost:8080/x",
		"http://127.9.9.9/", "http://[::1]/",
	};
	static const char *const wrong[] = {
		"", "aaa.example", "ftp://aaa.example/", "HTTPS://aaa.example/", "https://", "https:///x", "https://user:pw@aaa.example/",
		"https://aaa.example:0/", "https://aaa.example:65536/", "https://aaa.example:/", "https://aaa.example:8x/", "https://aaa.example#x",
		"https://aaa.example/#x", "https://aaa.example/a b", "https://aaa.example/\n", "https://aaa.example\\@evil.example/", "https://[::1/",
		"https://[]/", "https://a\xc3\xa4.example/", "http://aaa.example/", "http://127.0.0.1.example/", "http://128.0.0.1/", "http://[::2]/",
		"http://localhost.example/", "http://127.0.0.1@aaa.example/", "http://127.0.0.1:80@aaa.example/",
	};
	char text[1100] = "https://aaa.example/";

	(void)state;
	for (size_t i = 0; i < COUNT(right); i++)
		if (vpdn_http_check_url(right[i]))
			fail_msg("%s", right[i]);
	for (size_t i = 0; i < COUNT(wrong); i++)
		if (!vpdn_http_check_url(wrong[i]))
			fail_msg("%s", wrong[i]);
	memset(text + strlen(text), 'x', sizeof(text) - strlen(text) - 1);
	assert_non_null(vpdn_http_check_url(text));
}

static void mistakes(void **state)
{
	struct vpdn_config *c;
	char err[1024];

	(void)state;
	write_file(file, PEM, 0644);
	write_file(other, KEY, 0600);
	bad("", ":2: http: has 0 of url; needed: url = \"https://...\", 1 to 8");
	bad("url = \"http://aaa.example/\"\n", ":2: url: wrong value; allowed: https://HOST[:PORT]");
	bad("url = \"https://u:hush@aaa.example/\"\n", "wrong value");
	bad("url = { \"https://a\", \"https://a\", \"https://a\", \"https://a\", \"https://a\", \"https://a\", \"https://a\", \"https://a\", \"https://a\" }\n",
	    "has 9 of url");
	bad("url = { \"https://a\", \"https://b\", \"https://a\" }\n", "http: url \"https://a\" is in the list twice; allowed: once");
	bad(URL "timeout = 11\n", ":3: timeout: wrong value \"11\"; allowed: a whole number from 1 to 10");
	bad(URL "timeout = 2 url-timeout = 3\n", ":4: http: url-timeout is above timeout");
	bad(URL "max-answer = 1\n", "from 256 to 1048576");
	bad(URL "ca-file = \"ca.pem\"\n", ":3: ca-file: wrong value \"ca.pem\"; allowed: an absolute path");
	bad(URL "ca-file = \"/does/not/exist\"\n", "http: ca-file \"/does/not/exist\": No such file or directory");
	bad(URL "ca-file = \"/dev/null\"\n", "is not a regular file");
	bad(URL "certificate = \"%s\"\n", "http: certificate needs key");
	bad(URL "key = \"%o\"\n", "http: key needs certificate");
	bad(URL "user = x\n", "http: user needs password-file");
	bad(URL "password-file = \"%o\"\n", "http: password-file needs user");
	bad(URL "bearer-file = \"%o\" user = x password-file = \"%o\"\n", "has both user and bearer-file");
	bad(URL "prxy = 1\n", "allowed here: url, ca-file");
	bad(URL "}\nhttp {\n" URL, "http: given twice");
	assert_int_equal(load(URL, &c, err, sizeof(err)), 0);
	vpdn_config_put(c);
}

static void files_with_secrets(void **state)
{
	(void)state;
	write_file(file, PEM, 0644);
	write_file(other, KEY, 0644);
	bad(URL "certificate = \"%s\" key = \"%o\"\n", "everybody may read or write it (mode 0644); use: chmod 0640");
	write_file(other, "hush\n", 0604);
	bad(URL "bearer-file = \"%o\"\n", "everybody may read or write it");
	write_file(other, "hush\n", 0602);
	bad(URL "user = x password-file = \"%o\"\n", "everybody may read or write it");
	write_file(file, PEM, 0646);
	bad(URL "ca-file = \"%s\"\n", "others than root may write it");
	write_file(file, "hush", 0600);
	bad(URL "ca-file = \"%s\"\n", "is no PEM file");
	write_file(file, "", 0600);
	bad(URL "bearer-file = \"%s\"\n", "is not a regular file of 1 to");
	write_file(file, "\nhush", 0600);
	bad(URL "bearer-file = \"%s\"\n", "its first line must be 1 to 4096 printable characters");
	write_file(file, "hu\tsh", 0600);
	bad(URL "bearer-file = \"%s\"\n", "printable characters");
	write_file(file, "two words of hush", 0600);
	bad(URL "bearer-file = \"%s\"\n", "printable characters");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(all_settings),
		cmocka_unit_test(urls),
		cmocka_unit_test(mistakes),
		cmocka_unit_test(files_with_secrets),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
