/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * main.c - vpdn-load, the load generator of "make bench": its command line. README is its help, and its specification.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calls.h"
#include "inject.h"
#include "options.h"

#define COUNT_OF(a)	(sizeof(a) / sizeof((a)[0]))

/* README, as it is. */
__asm__(".section .rodata\n"
	"readme: .incbin \"tests/bench/README\"\n"
	".byte 0\n"
	".text\n");
extern const char readme[];

static bool take_auth(void *object, const char *word)
{
	struct run *r = object;

	r->ppp.auth = !strcmp(word, "chap") ? PPP_AUTH_CHAP : !strcmp(word, "pap") ? PPP_AUTH_PAP :
		      !strcmp(word, "any") ? PPP_AUTH_CHAP | PPP_AUTH_PAP : 0;
	return r->ppp.auth;
}

static bool take_release(void *object, const char *word)
{
	static const char *const words[] = { [RELEASE_TERMINATE] = "terminate", [RELEASE_PADT] = "padt", [RELEASE_CDN] = "cdn",
					     [RELEASE_NONE] = "none" };
	struct run *r = object;

	for (enum release i = RELEASE_TERMINATE; i < COUNT_OF(words); i++) {
		if (strcmp(word, words[i]))
			continue;
		r->release = i;
		return true;
	}
	return false;
}

static bool take_mru(void *object, const char *word)
{
	long v;

	if (!option_number(word, 128, 1500, &v))
		return false;
	((struct run *)object)->ppp.mru = (uint16_t)v;
	return true;
}

static bool take_port(void *object, const char *word)
{
	long v;

	if (!option_number(word, 1, 65535, &v))
		return false;
	((struct run *)object)->port = (uint16_t)v;
	return true;
}

#define AT(field)	offsetof(struct run, field)

#define COMMON_ROWS \
	{ "--calls", "-n", OPTION_NUMBER, AT(n), 1, 65534, NULL }, \
	{ "--at-once", "-c", OPTION_NUMBER, AT(at_once), 1, 65534, NULL }, \
	{ "--release-at-once", NULL, OPTION_NUMBER, AT(release_at_once), 1, 65534, NULL }, \
	{ "--first", NULL, OPTION_NUMBER, AT(first), 0, 0xff0000, NULL }, \
	{ "--user", NULL, OPTION_TEXT, AT(user), 0, 0, NULL }, \
	{ "--password-file", NULL, OPTION_SECRET_FILE, AT(ppp.password), 0, 0, NULL }, \
	{ "--auth", NULL, OPTION_CALL, 0, 0, 0, take_auth }, \
	{ "--eager", NULL, OPTION_FLAG, AT(ppp.eager), 0, 0, NULL }, \
	{ "--mru", NULL, OPTION_CALL, 0, 0, 0, take_mru }, \
	{ "--restart", NULL, OPTION_MS, AT(ppp.restart), 1, 600000, NULL }, \
	{ "--tries", NULL, OPTION_NUMBER, AT(ppp.tries), 1, 100, NULL }, \
	{ "--call-timeout", NULL, OPTION_SECONDS, AT(call_timeout), 0, 0, NULL }, \
	{ "--no-ping", NULL, OPTION_FLAG, AT(no_ping), 0, 0, NULL }, \
	{ "--ping", NULL, OPTION_ADDRESS, AT(ping_address), 0, 0, NULL }, \
	{ "--hold", NULL, OPTION_SECONDS, AT(hold), -1, 0, NULL }, \
	{ "--ready", NULL, OPTION_TEXT, AT(ready), 0, 0, NULL }, \
	{ "--release", NULL, OPTION_CALL, 0, 0, 0, take_release }, \
	{ "--list", NULL, OPTION_FLAG, AT(list), 0, 0, NULL }

static const struct option_row pppoe_rows[] = {
	COMMON_ROWS,
	{ "--interface", "-i", OPTION_TEXT, AT(interface), 0, 0, NULL },
	{ "--service", NULL, OPTION_TEXT, AT(service), 0, 0, NULL },
	{ "--ac", NULL, OPTION_TEXT, AT(ac), 0, 0, NULL },
};

static const struct option_row l2tp_rows[] = {
	COMMON_ROWS,
	{ "--local", "-l", OPTION_ADDRESS, AT(local), 0, 0, NULL },
	{ "--remote", "-r", OPTION_ADDRESS, AT(remote), 0, 0, NULL },
	{ "--port", NULL, OPTION_CALL, 0, 0, 0, take_port },
	{ "--tunnels", NULL, OPTION_NUMBER, AT(tunnels), 1, 10000, NULL },
	{ "--host", NULL, OPTION_TEXT, AT(host), 0, 0, NULL },
	{ "--secret-file", NULL, OPTION_SECRET_FILE, AT(secret), 0, 0, NULL },
	{ "--proxy", NULL, OPTION_FLAG, AT(proxy), 0, 0, NULL },
	{ "--called", NULL, OPTION_TEXT, AT(called), 0, 0, NULL },
	{ "--calling", NULL, OPTION_TEXT, AT(calling), 0, 0, NULL },
};

static int usage(const char *why)
{
	fprintf(stderr, "vpdn-load: %s (--help says more)\n", why);
	return 2;
}

static int calls(const struct bearer *b, const struct option_row *rows, size_t n, int argc, char **argv)
{
	bool pppoe = b == &pppoe_bearer;
	char text[USER_MAX];
	struct run r = {
		.bearer = b, .n = 1, .at_once = 1, .first = 1, .user = "user%d@example.com",
		.secret = getenv("VPDN_LOAD_SECRET"), .call_timeout = 60 * NS_PER_S, .service = "", .port = 1701, .tunnels = 1,
		.host = "bench-lac",
		.ppp = {
			.password = getenv("VPDN_LOAD_PASSWORD"), .auth = PPP_AUTH_CHAP | PPP_AUTH_PAP, .mru = pppoe ? 1492 : 1460,
			.restart = 3 * NS_PER_S, .tries = 10,
		},
	};

	if (!options_read(rows, n, &r, argc, argv))
		return 2;
	if (pppoe && !r.interface)
		return usage("which interface? -i");
	if (!pppoe && (!r.local.s_addr || !r.remote.s_addr))
		return usage("from where to where? -l and -r");
	if (!r.ppp.password)
		return usage("no password: --password-file, or VPDN_LOAD_PASSWORD");
	if (strlen(r.ppp.password) > 255)
		return usage("the password is longer than PAP allows");
	if (r.release == (pppoe ? RELEASE_CDN : RELEASE_PADT))
		return usage("--release: not of this kind of call");
	if (!pattern_fill(r.user, r.first + r.n, text, USER_MAX) || !*text)
		return usage("--user: one %d at most, and no more than 126 octets");
	if (!pattern_fill(r.host, r.tunnels, text, HOST_MAX) || !*text)
		return usage("--host: one %d at most, and no more than 62 octets");
	if (!r.release)
		r.release = pppoe ? RELEASE_TERMINATE : RELEASE_CDN;
	if (!r.release_at_once)
		r.release_at_once = r.at_once;
	return run_calls(&r);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "--help") || !strcmp(what, "-h"))
		return fputs(readme, stdout) < 0;
	if (!strcmp(what, "pppoe"))
		return calls(&pppoe_bearer, pppoe_rows, COUNT_OF(pppoe_rows), argc - 2, argv + 2);
	if (!strcmp(what, "l2tp"))
		return calls(&l2tp_bearer, l2tp_rows, COUNT_OF(l2tp_rows), argc - 2, argv + 2);
	if (!strcmp(what, "inject"))
		return inject_main(argc - 2, argv + 2);
	if (!strcmp(what, "count"))
		return count_main(argc - 2, argv + 2);
	return usage("pppoe, l2tp, inject or count?");
}
