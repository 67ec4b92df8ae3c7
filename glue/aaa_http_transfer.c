/* SPDX-License-Identifier: GPL-2.0-or-later */
/* aaa_http_transfer.c - see aaa_http_transfer.h: libcurl's multi interface, told of sockets and time by libevent. */
#include "aaa_http_transfer.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "text.h"

#define CA_CACHE_S		300L
#define ROOM_FIRST		4096u

struct vpdn_transfers {
	struct event_base *base;
	CURLM *multi;
	struct event *timer;
	struct curl_slist *headers;
};

struct vpdn_transfer {
	struct vpdn_transfers *of;
	CURL *easy;
	vpdn_transfer_fn *fn;
	void *arg;
	char *data;
	size_t len, room, max;
	bool too_large;
	char error[CURL_ERROR_SIZE];
};

/* ---- one transfer ---- */

static void drop_easy(struct vpdn_transfer *x)
{
	if (!x->easy)
		return;
	curl_multi_remove_handle(x->of->multi, x->easy);
	curl_easy_cleanup(x->easy);
	x->easy = NULL;
}

static void transfer_free(struct vpdn_transfer *x)
{
	drop_easy(x);
	if (x->data)
		explicit_bzero(x->data, x->room);
	free(x->data);
	free(x);
}

void vpdn_transfer_cancel(struct vpdn_transfer *x)
{
	if (x)
		transfer_free(x);
}

static size_t on_data(char *p, size_t size, size_t n, void *arg)
{
	struct vpdn_transfer *x = arg;
	size_t room = x->room ? x->room : ROOM_FIRST;
	char *grown;

	n *= size;
	if (n > x->max - x->len) {
		x->too_large = true;
		return 0;
	}
	while (room < x->len + n)
		room *= 2;
	if (room > x->room) {
		grown = malloc(room);
		if (!grown)
			return 0;
		if (x->len)
			memcpy(grown, x->data, x->len);
		if (x->data)
			explicit_bzero(x->data, x->room);
		free(x->data);
		x->data = grown;
		x->room = room;
	}
	memcpy(x->data + x->len, p, n);
	x->len += n;
	return n;
}

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *addr)
{
	(void)arg, (void)purpose;
	return socket(addr->family, addr->socktype | SOCK_CLOEXEC, addr->protocol);
}

static void finish(struct vpdn_transfer *x, CURLcode code)
{
	char text[256] = "";
	struct vpdn_transfer_result r = { .data = x->data, .len = x->len };
	curl_off_t us = 0;
	long status = 0;

	curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(x->easy, CURLINFO_TOTAL_TIME_T, &us);
	r.ms = (uint32_t)(us / 1000);
	r.status = code == CURLE_OK && !x->too_large ? (unsigned int)status : 0;
	if (x->too_large || code == CURLE_FILESIZE_EXCEEDED)
		snprintf(text, sizeof(text), "its answer has more than %zu octets (max-answer)", x->max);
	else if (code != CURLE_OK)
		vpdn_text_escape(*x->error ? x->error : curl_easy_strerror(code), strlen(*x->error ? x->error : curl_easy_strerror(code)), text,
				 sizeof(text));
	else if (status >= 300 && status < 400)
		snprintf(text, sizeof(text), "status %ld: a redirect, which is not followed", status);
	else if (status != 200)
		snprintf(text, sizeof(text), "status %ld instead of 200", status);
	r.error = *text ? text : NULL;
	/* What it was made of may go now. */
	drop_easy(x);
	x->fn(x->arg, &r);
	transfer_free(x);
}

static bool set_blob(CURL *e, CURLoption option, const struct vpdn_http_file *o)
{
	struct curl_blob blob = { .data = o->data, .len = o->len, .flags = CURL_BLOB_NOCOPY };

	return !o->data || curl_easy_setopt(e, option, &blob) == CURLE_OK;
}

static bool set_who(CURL *e, const struct vpdn_http_config *h)
{
	if (!set_blob(e, CURLOPT_CAINFO_BLOB, &h->ca) || !set_blob(e, CURLOPT_SSLCERT_BLOB, &h->certificate) ||
	    !set_blob(e, CURLOPT_SSLKEY_BLOB, &h->key))
		return false;
	/* The directory of this host's certificates is looked into besides, unless it is taken away. */
	if (h->ca.data && curl_easy_setopt(e, CURLOPT_CAPATH, NULL) != CURLE_OK)
		return false;
	if (h->bearer)
		return curl_easy_setopt(e, CURLOPT_HTTPAUTH, CURLAUTH_BEARER) == CURLE_OK &&
		       curl_easy_setopt(e, CURLOPT_XOAUTH2_BEARER, h->bearer) == CURLE_OK;
	if (h->user)
		return curl_easy_setopt(e, CURLOPT_HTTPAUTH, CURLAUTH_BASIC) == CURLE_OK &&
		       curl_easy_setopt(e, CURLOPT_USERNAME, h->user) == CURLE_OK &&
		       curl_easy_setopt(e, CURLOPT_PASSWORD, h->password) == CURLE_OK;
	return true;
}

static bool set_how(struct vpdn_transfer *x, const struct vpdn_http_config *h, uint32_t timeout_ms)
{
	static const struct {
		CURLoption option;
		long value;
	} numbers[] = {
		{ CURLOPT_NOSIGNAL, 1 }, { CURLOPT_POST, 1 }, { CURLOPT_FOLLOWLOCATION, 0 }, { CURLOPT_SSL_VERIFYPEER, 1 },
		{ CURLOPT_SSL_VERIFYHOST, 2 }, { CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2 }, { CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1 },
		{ CURLOPT_DISALLOW_USERNAME_IN_URL, 1 }, { CURLOPT_NETRC, CURL_NETRC_IGNORED }, { CURLOPT_TCP_KEEPALIVE, 1 },
		{ CURLOPT_CA_CACHE_TIMEOUT, CA_CACHE_S },
		/* Or a transfer that is given up while a name is being resolved waits for the resolver. */
		{ CURLOPT_QUICK_EXIT, 1 },
	};
	CURL *e = x->easy;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (curl_easy_setopt(e, numbers[i].option, numbers[i].value) != CURLE_OK)
			return false;
	return curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)timeout_ms) == CURLE_OK &&
	       curl_easy_setopt(e, CURLOPT_MAXFILESIZE, (long)h->max_answer) == CURLE_OK &&
	       curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
	       curl_easy_setopt(e, CURLOPT_PROXY, "") == CURLE_OK &&
	       curl_easy_setopt(e, CURLOPT_USERAGENT, "vpdnd/" VPDN_VERSION) == CURLE_OK &&
	       curl_easy_setopt(e, CURLOPT_HTTPHEADER, x->of->headers) == CURLE_OK &&
	       curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, open_socket) == CURLE_OK &&
	       curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_data) == CURLE_OK &&
	       curl_easy_setopt(e, CURLOPT_WRITEDATA, x) == CURLE_OK &&
	       curl_easy_setopt(e, CURLOPT_ERRORBUFFER, x->error) == CURLE_OK &&
	       curl_easy_setopt(e, CURLOPT_PRIVATE, x) == CURLE_OK;
}

struct vpdn_transfer *vpdn_transfer_new(struct vpdn_transfers *t, const struct vpdn_http_config *h, const char *url, const char *body,
					uint32_t timeout_ms, vpdn_transfer_fn *fn, void *arg)
{
	struct vpdn_transfer *x = calloc(1, sizeof(*x));

	if (!x)
		return NULL;
	*x = (struct vpdn_transfer){ .of = t, .fn = fn, .arg = arg, .max = h->max_answer, .easy = curl_easy_init() };
	if (x->easy && set_how(x, h, timeout_ms) && set_who(x->easy, h) && curl_easy_setopt(x->easy, CURLOPT_URL, url) == CURLE_OK &&
	    curl_easy_setopt(x->easy, CURLOPT_POSTFIELDSIZE, (long)strlen(body)) == CURLE_OK &&
	    curl_easy_setopt(x->easy, CURLOPT_POSTFIELDS, body) == CURLE_OK && curl_multi_add_handle(t->multi, x->easy) == CURLM_OK)
		return x;
	transfer_free(x);
	return NULL;
}

/* ---- the event loop ---- */

static void act(struct vpdn_transfers *t, curl_socket_t fd, int what)
{
	struct CURLMsg *m;
	int n;

	curl_multi_socket_action(t->multi, fd, what, &n);
	while ((m = curl_multi_info_read(t->multi, &n))) {
		struct vpdn_transfer *x = NULL;

		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&x);
		finish(x, m->data.result);
	}
}

static void on_socket(evutil_socket_t fd, short what, void *arg)
{
	act(arg, fd, (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0));
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	act(arg, CURL_SOCKET_TIMEOUT, 0);
}

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *old)
{
	short events = (short)((what & CURL_POLL_IN ? EV_READ : 0) | (what & CURL_POLL_OUT ? EV_WRITE : 0));
	struct vpdn_transfers *t = arg;
	struct event *ev = NULL;

	(void)easy;
	if (old)
		event_free(old);
	if (what != CURL_POLL_REMOVE) {
		ev = event_new(t->base, fd, (short)(events | EV_PERSIST), on_socket, t);
		if (ev && event_add(ev, NULL)) {
			event_free(ev);
			ev = NULL;
		}
	}
	curl_multi_assign(t->multi, fd, ev);
	return what == CURL_POLL_REMOVE || ev ? 0 : -1;
}

static int watch_time(CURLM *multi, long ms, void *arg)
{
	struct timeval tv = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };
	struct vpdn_transfers *t = arg;

	(void)multi;
	return ms < 0 ? evtimer_del(t->timer) : evtimer_add(t->timer, &tv);
}

struct vpdn_transfers *vpdn_transfers_new(struct event_base *base, unsigned int most)
{
	static const char *const headers[] = { "Content-Type: application/json", "Accept: application/json", "Expect:" };
	struct vpdn_transfers *t = calloc(1, sizeof(*t));
	struct curl_slist *list;

	if (!t || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		free(t);
		return NULL;
	}
	t->base = base;
	t->multi = curl_multi_init();
	t->timer = evtimer_new(base, on_timer, t);
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		list = curl_slist_append(t->headers, headers[i]);
		if (!list)
			break;
		t->headers = list;
	}
	if (t->multi && t->timer && list && curl_multi_setopt(t->multi, CURLMOPT_SOCKETFUNCTION, watch_socket) == CURLM_OK &&
	    curl_multi_setopt(t->multi, CURLMOPT_SOCKETDATA, t) == CURLM_OK &&
	    curl_multi_setopt(t->multi, CURLMOPT_TIMERFUNCTION, watch_time) == CURLM_OK &&
	    curl_multi_setopt(t->multi, CURLMOPT_TIMERDATA, t) == CURLM_OK &&
	    /* Those in use count: with fewer, a transfer that ends while others run takes its connection with it. */
	    curl_multi_setopt(t->multi, CURLMOPT_MAXCONNECTS, (long)most) == CURLM_OK)
		return t;
	vpdn_transfers_free(t);
	return NULL;
}

void vpdn_transfers_free(struct vpdn_transfers *t)
{
	if (!t)
		return;
	curl_multi_cleanup(t->multi);
	if (t->timer)
		event_free(t->timer);
	curl_slist_free_all(t->headers);
	curl_global_cleanup();
	free(t);
}
