/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_lcp.c - option lists through lib/lcp_options: a list of known options without
 * repetitions comes out as it went in, whatever order it had.
 */
#include "fuzz.h"
#include "lcp_options.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vpdn_lcp_options o, again;
	struct vpdn_lcp_option opt;
	struct vpdn_writer w;
	struct vpdn_reader r;
	uint8_t buf[512];
	unsigned int count = 0;
	char line[300];
	int rc, unknown;

	vpdn_reader_init(&r, data, size);
	while ((rc = vpdn_lcp_next(&r, &opt)) > 0) {
		check(opt.len <= VPDN_LCP_OPT_MAX_VALUE);
		count++;
	}
	check(vpdn_lcp_parse(data, size, &o) == rc);
	check(o.unknown + o.malformed <= count);
	check(o.endpoint_len <= VPDN_LCP_ENDPOINT_MAX);
	unknown = vpdn_lcp_find_unknown(data, size, &opt);
	check(unknown == (o.unknown + o.malformed ? 1 : rc));
	if (unknown == 1)
		check(opt.type == o.first_unknown);
	vpdn_lcp_find(data, size, VPDN_LCP_MAGIC, &opt);
	vpdn_lcp_print(data, size, line, sizeof(line));
	check(*line);

	vpdn_writer_init(&w, buf, sizeof(buf));
	if (vpdn_lcp_put_all(&w, &o)) {
		check(vpdn_lcp_parse(buf, w.len, &again) == 0);
		check(again.present == o.present);
		check(again.unknown == 0);
		check(again.malformed == 0);
		check(again.mru == o.mru && again.magic == o.magic && again.mrru == o.mrru);
		check(again.endpoint_len == o.endpoint_len);
		check(!memcmp(again.endpoint, o.endpoint, o.endpoint_len));
	}
	return 0;
}
