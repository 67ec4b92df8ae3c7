/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_avp.c - control messages through lib/avp: nothing is read outside, what was
 * read is written to the same octets.
 */
#include "avp.h"
#include "avp_hide.h"
#include "fuzz.h"
#include "result_code.h"

static void walk(const uint8_t *list, size_t len, bool with_secret)
{
	static uint8_t again[70000], scratch[VPDN_AVP_MAX_VALUE];
	struct vpdn_avp_iter it;
	struct vpdn_writer w;
	struct vpdn_avp avp, found;
	size_t used = 0;
	int rc;

	vpdn_writer_init(&w, again, sizeof(again));
	vpdn_avp_iter_init(&it, list, len);
	if (with_secret)
		vpdn_avp_iter_secret(&it, "hello", 5, scratch, sizeof(scratch));
	while ((rc = vpdn_avp_next(&it, &avp)) > 0) {
		uint64_t number;
		uint32_t v32;

		check(avp.len <= VPDN_AVP_MAX_VALUE);
		if (avp.verdict == VPDN_AVP_OK || avp.verdict == VPDN_AVP_MISPLACED) {
			check(avp.def && avp.def->type == avp.type && avp.def->vendor == avp.vendor);
			check(vpdn_avp_value_ok(avp.def, avp.value, avp.len));
			check(!vpdn_avp_fatal(&avp));
		}
		vpdn_avp_number(&avp, &number);
		vpdn_avp_u32(&avp, &v32);
		used = len - it.r.left;
		if (!with_secret && avp.verdict != VPDN_AVP_RESERVED)
			vpdn_avp_put_raw(&w, avp.vendor, avp.type, avp.mandatory, avp.hidden, avp.value, avp.len);
		else
			vpdn_writer_fail(&w);
	}
	check(rc == 0 ? it.error == VPDN_AVP_ERR_NONE : it.error != VPDN_AVP_ERR_NONE);
	check(vpdn_avp_next(&it, &avp) == rc);
	if (!w.bad) {
		check(w.len == used);
		check(!used || !memcmp(again, list, used));
	}
	vpdn_avp_find(list, len, 0, VPDN_AVP_HOST_NAME, &found);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vpdn_ctrl_header h;
	struct vpdn_reader body;

	if (!vpdn_ctrl_parse(data, size, &h, &body)) {
		check(h.length >= VPDN_CTRL_HDR_LEN && h.length <= size);
		check(body.left == h.length - VPDN_CTRL_HDR_LEN);
		walk(body.p, body.left, false);
		walk(body.p, body.left, true);
	}
	walk(data, size, false);
	walk(data, size, true);
	return 0;
}
