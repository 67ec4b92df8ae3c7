/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_line.c - an access node's sub-options through lib/line: whatever they are, they make a valid message, in which each
 * item is there once at most, has the size of its AVP, and is harmless as text.
 */
#include "avp.h"
#include "fuzz.h"
#include "line.h"

static void check_text(const struct vpdn_line_item *item, const struct vpdn_line_value *v)
{
	static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+:/@#,=% ";
	char text[800], cut[64];
	size_t n;

	vpdn_line_text(v, item, text, sizeof(text));
	n = strlen(text);
	check(strspn(text, safe) == n && *text != '-' && *text != ' ' && (!n || text[n - 1] != ' '));
	vpdn_line_text(v, item, cut, sizeof(cut));
	check(!strncmp(text, cut, strlen(cut)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct vpdn_ipc_builder b;
	static struct vpdn_ipc_msg m;
	const struct vpdn_line_item *item;
	struct vpdn_line_value v;
	struct vpdn_ipc_iter it;
	const uint8_t *p;
	size_t len, avps = 0, items = 0;

	vpdn_ipc_begin(&b, VPDN_MSG_CALL_START, 0, 1);
	vpdn_ipc_put_u8(&b, VPDN_TLV_ACCESS, VPDN_ACCESS_PPPOE);
	vpdn_line_put(&b, data, size);
	check(!vpdn_ipc_finish(&b));
	memcpy(m.buf, b.buf, b.w.len);
	check(!vpdn_ipc_parse(&m, b.w.len));
	vpdn_ipc_iter_init(&it, &m);
	while (vpdn_ipc_next_of(&it, VPDN_TLV_AVP, &p, &len))
		avps++;
	for (size_t i = 0; (item = vpdn_line_row(i)); i++) {
		if (!vpdn_line_get(&m, item, &v))
			continue;
		items += item->tlv == VPDN_TLV_AVP;
		check(vpdn_avp_value_ok(vpdn_avp_lookup(item->vendor, item->type), v.p, v.len));
		check_text(item, &v);
	}
	check(items == avps);
	return 0;
}
