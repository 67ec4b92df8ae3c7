/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_proxy.c - AVP lists through lib/proxy: what was collected is sent and
 * collected again without a change.
 */
#include "fuzz.h"
#include "proxy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct vpdn_proxy p, q;
	static uint8_t buf[4096];
	struct vpdn_writer w;
	const char *reason;
	int rc;

	vpdn_proxy_init(&p);
	rc = vpdn_proxy_collect_list(&p, data, size);
	check(rc <= 0);
	check(p.name.len <= VPDN_PROXY_AUTH_MAX && p.last_sent.len <= VPDN_PROXY_LCP_MAX);
	reason = vpdn_proxy_check(&p);
	check(!reason || *reason);

	vpdn_writer_init(&w, buf, sizeof(buf));
	check(vpdn_proxy_put(&w, &p));
	/* An empty challenge is no challenge on the wire; all else comes back. */
	if (p.challenge.present && !p.challenge.len)
		return 0;
	vpdn_proxy_init(&q);
	check(vpdn_proxy_collect_list(&q, buf, w.len) == 0);
	check(q.auth_type == p.auth_type && q.id_present == p.id_present && q.id == p.id);
	check(q.response.present == p.response.present && q.response.len == p.response.len);
	check(!memcmp(q.response.data, p.response.data, p.response.len));
	check(q.last_sent.present == p.last_sent.present && q.last_sent.len == p.last_sent.len);
	check(!memcmp(q.last_sent.data, p.last_sent.data, p.last_sent.len));
	check(!reason == !vpdn_proxy_check(&q));
	vpdn_proxy_wipe(&p);
	check(vpdn_proxy_empty(&p));
	return 0;
}
