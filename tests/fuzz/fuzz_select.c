/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_select.c - what a subscriber or an access network may say, against a configuration with keys of all kinds: whatever it
 * is, the choice is one of the configuration's, and what is kept of it is short and printable.
 *
 * The input is a list of: which TLV (a digit, see `tlvs`), how many octets (one octet), these octets.
 */
#define FUZZ_ITERATIONS	100000ul
#include "fuzz.h"

#include "glue/config_parse.h"
#include "glue/select.h"

static const char text[] =
	"domain-delimiters = \"@%\"\n"
	"dnis-from { service-name = \"^dial-([0-9]*)\" circuit-id = \"[0-9]+$\" }\n"
	"vpdn-group a { request-dialin { protocol = l2tp domain = { \"example.com\", \"*.example.com\" } }\n"
	" initiate-to 192.0.2.2 { } tunnel-authentication = false }\n"
	"vpdn-group b { request-dialin { protocol = l2tp dnis = 614629\n"
	" line = { eth1, \"eth1.*\", \"02:*\", \"circuit:pon*\", \"remote:[a-c]?\" } }\n"
	" initiate-to 192.0.2.2 { } tunnel-authentication = false }\n";

static const uint16_t tlvs[] = {
	VPDN_TLV_USER, VPDN_TLV_CALLED_NUMBER, VPDN_TLV_ACCESS_INTERFACE, VPDN_TLV_CIRCUIT_ID, VPDN_TLV_REMOTE_ID,
	VPDN_TLV_SERVICE_NAME, VPDN_TLV_PEER_MAC, VPDN_TLV_PROXY_LAST_RCVD, VPDN_TLV_PROXY_INITIAL_RCVD, VPDN_TLV_CALLING_NUMBER,
};

#define TLVS	(sizeof(tlvs) / sizeof(tlvs[0]))

static struct vpdn_config *config(void)
{
	struct vpdn_config *c = vpdn_config_new("select.conf");
	FILE *f = fmemopen((void *)text, sizeof(text) - 1, "r");
	char err[256];

	check(c && f && !vpdn_config_parse(c, f, err, sizeof(err)));
	fclose(f);
	return c;
}

/* The message of the input, or false when it is none that IPC lets pass. */
static bool message(const uint8_t *data, size_t size, struct vpdn_ipc_msg *m)
{
	static struct vpdn_ipc_builder b;
	bool have[TLVS] = { false };

	vpdn_ipc_begin(&b, VPDN_MSG_SUBSCRIBER_ASK, 0, 1);
	vpdn_ipc_put_u8(&b, VPDN_TLV_ACCESS, VPDN_ACCESS_PPPOE);
	vpdn_ipc_put_u32(&b, VPDN_TLV_PID, 1);
	vpdn_ipc_put_u32(&b, VPDN_TLV_HOLD_MS, 30000);
	while (size >= 2) {
		size_t i = (size_t)(data[0] - '0') % TLVS, n = data[1] < size - 2 ? data[1] : size - 2;

		if (!have[i])
			vpdn_ipc_put_raw(&b, tlvs[i], data + 2, n);
		have[i] = true;
		data += 2 + n;
		size -= 2 + n;
	}
	if (vpdn_ipc_finish(&b))
		return false;
	memcpy(m->buf, b.w.buf, b.w.len);
	return !vpdn_ipc_parse(m, b.w.len);
}

static void on_chosen(void *arg, const struct vpdn_choice *choice, struct vpdn_config *of)
{
	(void)of;
	*(struct vpdn_choice *)arg = *choice;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct vpdn_ipc_msg m;
	static struct vpdn_config *c;
	struct vpdn_trace trace = { 0 };
	struct vpdn_question q;
	struct vpdn_choice choice;
	struct vpdn_select *s;
	size_t len, at = 0, lines = 0;
	const char *line;

	if (!c)
		c = config();
	if (!message(data, size, &m))
		return 0;
	vpdn_question_from_ask(&q, c, &m);
	check(strlen(q.user) <= VPDN_QUESTION_MAX && strlen(q.name) + strlen(q.domain) <= strlen(q.user));
	check(!*q.domain || !strpbrk(q.domain, "@%"));
	for (const char *s = q.dnis_from ? q.dnis : ""; *s; s++)
		check(*s >= ' ' && *s < 0x7f);
	check(!vpdn_select_start(&s, &(struct vpdn_select_by){ .config = c, .q = &q, .trace = &trace }, on_chosen, &choice) && !s);
	check(!choice.group || vpdn_config_group(c, choice.group->name) == choice.group);
	check(!choice.group == !*choice.by);
	while ((line = vpdn_trace_next(&trace, &at, &len))) {
		lines++;
		for (size_t i = 0; i < len; i++)
			check(line[i] >= ' ' && line[i] < 0x7f);
	}
	check(lines >= 1 && lines <= 9);
	vpdn_trace_free(&trace);
	len = strlen(q.user);
	line = (const char *)vpdn_domain_strip(c, (const uint8_t *)q.user, &len);
	check(line >= q.user && line + len <= q.user + strlen(q.user) && !len == !*q.user);
	return 0;
}
