/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_lcp.c - option lists through lib/lcp_options: walked, parsed and printed they are the same.
 */
#include "fuzz.h"
#include "lcp_options.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vpdn_lcp_options o;
	struct vpdn_lcp_option opt;
	struct vpdn_reader r;
	unsigned int count = 0;
	char line[300];
	int rc;

	vpdn_reader_init(&r, data, size);
	while ((rc = vpdn_lcp_next(&r, &opt)) > 0) {
		check(opt.len <= VPDN_LCP_OPT_MAX_VALUE);
		count++;
	}
	check(vpdn_lcp_parse(data, size, &o) == rc);
	check(o.unknown + o.malformed <= count);
	check(o.endpoint_len <= VPDN_LCP_ENDPOINT_MAX);
	vpdn_lcp_print(data, size, line, sizeof(line));
	check(*line);
	return 0;
}
