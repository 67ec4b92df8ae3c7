/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz_pppoe.c - discovery packets through lib/pppoe: the tags of an accepted packet, put again, make the same packet. */
#include "fuzz.h"
#include "pppoe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t again[65536 + 6];
	struct vpdn_pppoe_packet p, q;
	const uint8_t *value;
	struct vpdn_writer w;
	struct vpdn_reader r;
	uint16_t tag;
	size_t len;

	if (!vpdn_pppoe_parse(data, size, &p))
		return 0;
	check(p.tags >= data && p.tags + p.tags_len <= data + size);
	vpdn_writer_init(&w, again, sizeof(again));
	check(vpdn_pppoe_begin(&w, p.code, p.session));
	vpdn_reader_init(&r, p.tags, p.tags_len);
	while (vpdn_pppoe_next(&r, &tag, &value, &len)) {
		check(vpdn_pppoe_put(&w, tag, value, len));
		check(vpdn_pppoe_find(&p, tag, &value, &len));
	}
	check(w.len == 6 + p.tags_len);
	check(!memcmp(again + 6, p.tags, p.tags_len));
	check(vpdn_pppoe_parse(again, w.len, &q));
	check(q.code == p.code && q.session == p.session && q.tags_len == p.tags_len);
	vpdn_pppoe_error(&p, &value, &len);
	return 0;
}
