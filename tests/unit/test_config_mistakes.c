/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_config_mistakes.c - vpdn.conf: for each mistake the line it is reported on and what is said to be allowed. */
#include "unit_config.h"

/* Refused, on that line, and the complaint has both texts in it. */
static void refused(const char *text, unsigned int line, const char *what, const char *allowed)
{
	struct vpdn_config *c;
	char err[1024], where[16];

	assert_int_equal(config_load(text, &c, err, sizeof(err)), -EINVAL);
	snprintf(where, sizeof(where), ":%u: ", line);
	if (strncmp(err, where, strlen(where)) || !strstr(err, what) || !strstr(err, allowed))
		fail_msg("expected %s... %s ... %s\n     got: %s", where, what, allowed, err);
}

#define REQUEST	"request-dialin { protocol = l2tp domain = \"example.com\" }\n"
#define TO	"initiate-to \"192.0.2.2\" { }\n"
#define SECRET	"tunnel-password = \"s\"\n"
#define ACCEPT	"accept-dialin { protocol = l2tp ppp-template = corp }\n"
#define PTY	"dialer pty { exec { command = { \"/bin/dial\" } } }\n"
/* A dial-out block within a group; what is wrong in it stands on line 3, the group ends on line 6. */
#define OUT(text)	"vpdn-group a {\n request-dialout { protocol = l2tp\n" text "\n }\n" TO SECRET "}\n"
#define IN(text)	"vpdn-group a {\n accept-dialout { protocol = l2tp\n" text "\n }\n" SECRET "}\n" PTY
#define DIALER(text)	"dialer d {\n" text "\n}\n"

/* 64 words of 255 octets, after one of two: with what each word costs in a message too much for one. */
#define W51	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define W1	"\"" W51 W51 W51 W51 W51 "\", "
#define W8	W1 W1 W1 W1 W1 W1 W1 W1
#define W65	"\"/x\", " W8 W8 W8 W8 W8 W8 W8 W8

static void mistakes(void **state)
{
	static const struct {
		const char *text;
		unsigned int line;
		const char *what, *allowed;
	} cases[] = {
		{ "foo = 1\n", 1, "foo", "search-order, domain-delimiters, domain-position, dnis-from, dead-time, sources, aaa-failure, http, radius, vpdn-group, dialer" },
		{ "vpdn-group a {\n local-nam = x\n}\n", 2, "local-nam", "local-name" },
		{ "vpdn-group a {\n request-dialin { protocol = l2tp\n domian = x } }\n", 3, "domian", "protocol, domain, dnis, line" },
		{ "search-order = { domain, user }\n", 1, "user", "line, dnis, domain" },
		{ "search-order = { domain, domain }\n", 1, "twice", "once" },
		{ "sources = { local, ldap }\n", 1, "ldap", "local, http, radius" },
		{ "sources = { local, local }\n", 1, "twice", "once" },
		{ "vpdn-group a {\n" ACCEPT SECRET "tunnel-share = true\n}\n", 5, "tunnel-share", "request-dialin" },
		{ "aaa-failure = maybe\n", 1, "maybe", "open, closed" },
		{ "vpdn-group a {\n lcp-renegotiation = sometimes\n}\n", 2, "sometimes", "always, on-mismatch, never" },
		{ "vpdn-group a {\n" REQUEST TO SECRET "lcp-renegotiation = never\n}\n", 6, "lcp-renegotiation", "accept-dialin" },
		{ "dead-time = 1m\n", 1, "1m", "from 0 to 86400" },
		{ "dead-time = -1\n", 1, "-1", "from 0 to 86400" },
		{ "dead-time = 99999999999\n", 1, "99999999999", "from 0 to 86400" },
		{ "dead-time = 5\ndead-time = 6\n", 2, "dead-time: given twice", "once" },
		{ "dead-time = 5\nvpdn-group a {\n" ACCEPT SECRET "}\ndead-time = 6\n", 6, "dead-time: given twice", "once" },
		{ "search-order = { domain }\nsearch-order = { line }\n", 2, "search-order: given twice", "once" },
		{ "vpdn-group a {\n accept-dialin { source = 192.0.2.1\n source = 192.0.2.2 }\n}\n", 3, "source: given twice", "once" },
		{ "vpdn-group {\n}\n", 1, "title", "vpdn-group" },
		{ "vpdn-group \"a b\" {\n" REQUEST TO SECRET "}\n", 5, "a b", "letters" },
		{ "vpdn-group a {\n}\n", 2, "accepts none", "request-dialin, accept-dialin, request-dialout, accept-dialout" },
		{ "vpdn-group a {\n" REQUEST TO "}\n", 4, "tunnel-password is missing", "tunnel-authentication = false" },
		{ "vpdn-group a {\n" REQUEST TO "tunnel-password = \"\"\n}\n", 4, "tunnel-password", "1 to 255" },
		{ "vpdn-group a {\n" REQUEST TO "tunnel-authentication = false\nhidden = true\n}\n", 6, "hidden", "tunnel-authentication" },
		{ "vpdn-group a {\n" REQUEST "initiate-to \"192.0.2.2\" {\ntunnel-authentication = false }\n" SECRET "hidden = true\n}\n", 7, "hidden",
		  "tunnel-authentication" },
		{ "vpdn-group a {\n" REQUEST TO "tunnel-authentication = no\n}\n", 4, "\"no\"", "true, false" },
		{ "vpdn-group a {\n" REQUEST SECRET "}\n", 4, "no initiate-to", "initiate-to \"ADDRESS\"" },
		{ "vpdn-group a {\n" REQUEST SECRET "initiate-to \"lns.example.com\" { }\n}\n", 4, "lns.example.com", "IPv4 address" },
		{ "vpdn-group a {\n" REQUEST SECRET "initiate-to \"0.0.0.0\" { }\n}\n", 4, "0.0.0.0", "IPv4 address" },
		{ "vpdn-group a {\n" REQUEST SECRET "initiate-to \"224.0.0.1\" { }\n}\n", 4, "224.0.0.1", "IPv4 address" },
		{ "vpdn-group a {\n" REQUEST SECRET TO TO "}\n", 5, "duplicate", "192.0.2.2" },
		{ "vpdn-group a {\n" REQUEST SECRET "initiate-to \"192.0.2.2\" {\n port = 65536 }\n}\n", 5, "65536", "from 1 to 65535" },
		{ "vpdn-group a {\n" REQUEST SECRET "initiate-to \"192.0.2.2\" {\n weight = 0 }\n}\n", 5, "weight", "from 1" },
		{ "vpdn-group a {\n" REQUEST TO SECRET "connect-timeout = 26\n}\n", 5, "26", "from 1 to 25" },
		{ "vpdn-group a {\n" REQUEST TO SECRET "source-ip = 192.0.2\n}\n", 5, "192.0.2", "IPv4 address" },
		{ "vpdn-group a {\n" REQUEST TO SECRET "local-name = \"a b\"\n}\n", 5, "a b", "letters" },
		{ "vpdn-group a {\n" REQUEST TO SECRET "ip-pool { local = 10.0.0.1 first = 10.0.0.2 last = 10.0.0.3 }\n}\n", 6, "ip-pool", "accept-dialin" },
		{ "vpdn-group a {\n request-dialin { protocol = l2tp }\n" TO SECRET "}\n", 5, "request-dialin", "domain, dnis, line" },
		{ "domain-delimiters = \"\"\n", 1, "domain-delimiters", "1 to 8 characters" },
		{ "domain-delimiters = a\n", 1, "\"a\"", "neither letters" },
		{ "domain-position = first\n", 1, "first", "suffix, prefix" },
		{ "dnis-from {\n service-name = \"(\" }\n", 2, "dnis-from: service-name: wrong pattern", "extended regular expression" },
		{ "dnis-from { }\ndnis-from { }\n", 2, "dnis-from: given twice", "once" },
		{ "dnis-from { user = x }\n", 1, "user", "service-name, circuit-id" },
		{ "vpdn-group a {\n request-dialin { protocol = l2tp domain = \"*\" }\n" TO SECRET "}\n", 2, "\"*\"", "\"*.\" before it" },
		{ "vpdn-group a {\n request-dialin { protocol = l2tp domain = \"a.*.b\" }\n" TO SECRET "}\n", 2, "a.*.b", "letters" },
		{ "vpdn-group a {\n request-dialin { protocol = l2tp line = \"circuit:\" }\n" TO SECRET "}\n", 2, "circuit:", "PATTERN" },
		{ "vpdn-group a {\n request-dialin { protocol = l2tp line = { \"e*\",\n \"E*\" } }\n" TO SECRET "}\n", 3, "\"E*\" stands on line 2", "one group" },
		{ "vpdn-group a {\n request-dialin { protocol = l2tp default = true send-avps = { clid } }\n" TO SECRET "}\n", 2, "clid", "calling-number, called-number" },
		{ "vpdn-group a {\n request-dialin { protocol = l2tp default = yes }\n" TO SECRET "}\n", 2, "yes", "true, false" },
		{ "vpdn-group a {\n request-dialin { protocol = l2tp default = false }\n" TO SECRET "}\n", 5, "at least one of", "default = true" },
		{ "vpdn-group a {\n request-dialin { protocol = l2tp default = true }\n" TO SECRET "}\nvpdn-group b {\n request-dialin { protocol = l2tp default = true }\n" TO SECRET "}\n", 10, "in vpdn-group a already", "in one group" },
		{ "vpdn-group a {\n request-dialin { domain = x }\n" TO SECRET "}\n", 5, "protocol", "l2tp" },
		{ "vpdn-group a {\n request-dialin { protocol = l2f domain = x }\n" TO SECRET "}\n", 2, "l2f", "l2tp" },
		{ "vpdn-group a {\n" REQUEST "request-dialin { protocol = l2tp dnis = 1 }\n" TO SECRET "}\n", 3, "request-dialin: given twice", "once" },
		{ "vpdn-group a {\n request-dialin { protocol = l2tp domain = \"a@b\" }\n" TO SECRET "}\n", 2, "a@b", "without the" },
		{ "vpdn-group a {\n request-dialin { protocol = l2tp domain = { x,\n y, X } }\n" TO SECRET "}\n", 3, "\"X\" stands on line 2", "one group" },
		{ "vpdn-group a {\n" REQUEST TO SECRET "}\nvpdn-group b {\n" REQUEST TO SECRET "}\n", 7, "on line 2 already, in vpdn-group a", "one group" },
		{ "vpdn-group a {\n" REQUEST TO SECRET "}\nvpdn-group a {\n" ACCEPT SECRET "}\n", 6, "duplicate", "a" },
		{ "vpdn-group a {\n accept-dialin { protocol = l2tp }\n" SECRET "}\n", 4, "ppp-template", "/etc/ppp/vpdn" },
		{ "vpdn-group a {\n accept-dialin { protocol = l2tp ppp-template = \"../x\" }\n" SECRET "}\n", 2, "../x", "letters" },
		{ "vpdn-group a {\n accept-dialin { protocol = l2tp ppp-template = \".x\" }\n" SECRET "}\n", 2, ".x", "beginning" },
		{ "vpdn-group a {\n accept-dialin { protocol = l2tp ppp-template = x source = 10.0.0.1/8 }\n" SECRET "}\n", 2, "10.0.0.1/8", "network" },
		{ "vpdn-group a {\n accept-dialin { protocol = l2tp ppp-template = x source = 10.0.0.0/33 }\n" SECRET "}\n", 2, "/33", "network" },
		{ "vpdn-group a {\n" ACCEPT TO SECRET "}\n", 5, "initiate-to", "request-dialin" },
		{ "vpdn-group a {\n" ACCEPT SECRET "source-ip = 10.0.0.1\n}\n", 5, "source-ip", "request-dialin" },
		{ "vpdn-group a {\n" ACCEPT SECRET "connect-timeout = 5\n}\n", 5, "connect-timeout", "request-dialin" },
		{ "vpdn-group a {\n" ACCEPT SECRET "ip-pool { first = 10.0.0.2 last = 10.0.0.3 }\n}\n", 5, "ip-pool", "local, first, last" },
		{ "vpdn-group a {\n" ACCEPT SECRET "ip-pool { local = 10.0.0.1 first = 10.0.0.3 last = 10.0.0.2 }\n}\n", 5, "above", "first <= last" },
		{ "vpdn-group a {\n" ACCEPT SECRET "ip-pool { local = 10.0.0.2 first = 10.0.0.2 last = 10.0.0.3 }\n}\n", 5, "local", "outside" },
		{ "vpdn-group a {\n" ACCEPT SECRET "hello = 0\n}\n", 4, "hello", "from 1" },
		{ "vpdn-group a {\n" ACCEPT SECRET "hello = 5\nhello = 6\n}\n", 5, "hello: given twice", "once" },
		{ "vpdn-group a {\n request-dialout { }\n" TO SECRET "}\n", 5, "request-dialout needs protocol", "l2tp" },
		{ "vpdn-group a {\n request-dialout { protocol = l2tp }\n" SECRET "}\n", 4, "no initiate-to", "for each LNS or LAC" },
		{ OUT("number \"(\" { replace = 1 }"), 3, "wrong pattern \"(\"", "extended regular expression" },
		{ OUT("number \"^0\" { }"), 3, "number \"^0\" needs replace", "" },
		{ OUT("number \"^0(.)\" { replace = \"\\\\2\" }"), 3, "wrong replace \"\\2\"", "as many as" },
		{ OUT("number \"^0(.)\" { replace = \"x\\\\\" }"), 3, "wrong replace", "\\\\1 to \\\\9" },
		{ OUT("number \"1\" { replace = 1 } number \"1\" { replace = 2 }"), 3, "duplicate", "1" },
		{ OUT("bearer = isdn"), 3, "isdn", "digital, analogue, any" },
		{ OUT("framing = both"), 3, "both", "synchronous, asynchronous, any" },
		{ OUT("min-bps = 0"), 3, "min-bps", "from 1" },
		{ OUT("min-bps = 64000 max-bps = 56000"), 4, "min-bps is above", "min-bps <= max-bps" },
		{ OUT("dial-timeout = 601"), 3, "601", "from 1 to 600" },
		{ OUT("sub-address = \"\""), 3, "sub-address", "1 to 64" },
		{ OUT("domain = x"), 3, "domain", "protocol, number, sub-address" },
		{ OUT("terminate-from = x"), 3, "terminate-from", "allowed here" },
		{ "vpdn-group a {\n accept-dialout { protocol = l2tp }\n" SECRET "}\n", 4, "has no dial", "dial \"PATTERN\" { dialer = NAME }" },
		{ IN("dial \"*\" { }"), 3, "dial \"*\" needs dialer", "" },
		{ IN("dial \"*\" { dialer = modems }"), 3, "no dialer \"modems\"", "dialer modems { ... }" },
		{ IN("dial \"*\" { dialer = pty } dial \"*\" { dialer = pty }"), 3, "duplicate", "*" },
		{ IN("dial \"*\" { dialer = pty\n replace = \"\" }"), 4, "replace", "1 to 64" },
		{ "vpdn-group a {\n accept-dialout { protocol = l2tp dial 1 { dialer = pty } }\n" TO SECRET "}\n" PTY, 5, "initiate-to", "request-dialin or request-dialout" },
		{ "vpdn-group a {\n accept-dialout { protocol = l2tp dial 1 { dialer = pty } }\n" SECRET "lcp-renegotiation = never }\n" PTY, 4, "lcp-renegotiation", "accept-dialin" },
		{ DIALER(""), 3, "no way to dial", "one of chat, pppoe, exec" },
		{ DIALER("pppoe { interface = eth0 } exec { command = { \"/x\" } }"), 3, "more than one", "one of chat, pppoe, exec" },
		{ DIALER("chat { tty = { \"/dev/ttyS0\" } }\nchat { tty = { \"/dev/ttyS1\" } }"), 3, "chat: given twice", "once in a dialer" },
		{ DIALER("chat { }"), 2, "chat needs tty", "/dev/" },
		{ DIALER("chat { tty = { ttyS0 } }"), 2, "ttyS0", "absolute path" },
		{ DIALER("chat { tty = { \"/dev/ttyS0\" } speed = 200 }"), 2, "200", "9600 or 115200" },
		{ DIALER("chat { tty = { \"/dev/ttyS0\" } speed = 100000 }"), 2, "100000", "9600 or 115200" },
		{ DIALER("exec { command = { " W65 "} }"), 3, "16582 octets", "16384" },
		{ DIALER("chat { tty = { \"/dev/ttyS0\" } script = { \"\", \"AT\tZ\" } }"), 2, "script", "printable" },
		{ DIALER("pppoe { service = x }"), 2, "pppoe needs interface", "" },
		{ DIALER("pppoe { interface = \"eth0 1\" }"), 2, "eth0 1", "network interface" },
		{ DIALER("pppoe { interface = eth0 mtu = 500 }"), 2, "500", "from 576" },
		{ DIALER("exec { user = nobody }"), 2, "exec needs command", "" },
		{ DIALER("exec { command = { dial } }"), 2, "\"dial\"", "absolute path" },
		{ DIALER("exec { command = { \"/x\" } wait = yes }"), 2, "yes", "true, false" },
		{ DIALER("timeout = 0"), 2, "timeout", "from 1 to 600" },
		{ DIALER("dtr = drop"), 2, "dtr", "chat, pppoe, exec, limit, timeout" },
		{ "dialer \"a b\" {\n}\n", 2, "dialer: wrong name", "letters" },
		{ DIALER("pppoe { interface = eth0 }") DIALER("pppoe { interface = eth0 }"), 4, "duplicate", "d" },
		{ "vpdn-group a {\n" ACCEPT SECRET, 5, "ends inside of vpdn-group", "}" },
		{ "vpdn-group a {\n" REQUEST SECRET "initiate-to \"192.0.2.2\" {", 5, "ends inside of initiate-to", "}" },
		{ "dead-time = \"5", 3, "premature end", "" },
		{ "}\n", 1, "brace", "" },
		/* Comments of all kinds count as many lines as they have. */
		{ "# a\n\n// b\n/* c\n d */ dead-time = 5 # e\nfoo = 1\n", 6, "foo", "" },
		{ "vpdn-group a { # \"\n// '\n tunnel-password = \"#x // /*\" # */\n hello = 0\n}\n", 4, "hello", "" },
		{ "dead-time = 5\n/* never closed\n", 5, "inside of a comment", "*/" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		refused(cases[i].text, cases[i].line, cases[i].what, cases[i].allowed);
}

static void secrets_are_in_no_complaint(void **state)
{
	struct vpdn_config *c;
	char err[1024];

	(void)state;
	assert_int_equal(config_load("vpdn-group a {\n" REQUEST TO "tunnel-password = \"top\tsecret\"\n}\n", &c, err, sizeof(err)), -EINVAL);
	assert_null(strstr(err, "secret\t"));
	assert_null(strstr(err, "top"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mistakes),
		cmocka_unit_test(secrets_are_in_no_complaint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
