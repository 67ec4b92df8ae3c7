/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_ipc.c - datagrams through lib/ipc: an accepted message has all it needs, in
 * the sizes of its kinds, and can be built again.
 */
#include "fuzz.h"
#include "ipc.h"

static struct vpdn_ipc_builder b;

static void check_accepted(const struct vpdn_ipc_msg *m)
{
	struct vpdn_ipc_iter it;
	struct vpdn_proxy proxy;
	const uint8_t *p, *value;
	uint16_t tlv, vendor, type;
	uint8_t flags;
	size_t len, n, i;
	char line[300], text[64];

	for (i = 0; i < VPDN_IPC_MAX_REQUIRED && m->def->required[i]; i++)
		check(vpdn_ipc_has(m, m->def->required[i]));
	vpdn_ipc_begin(&b, m->type, m->flags, m->seq);
	vpdn_ipc_iter_init(&it, m);
	while (vpdn_ipc_next(&it, &tlv, &p, &len)) {
		const struct vpdn_ipc_tlv_def *def = vpdn_ipc_tlv_lookup(tlv);

		check(p >= m->buf && p + len <= m->buf + m->len);
		vpdn_ipc_put_raw(&b, def ? tlv : tlv | VPDN_IPC_TLV_OPTIONAL, p, len);
		if (tlv == VPDN_TLV_AVP && vpdn_ipc_parse_avp(p, len, &vendor, &type, &flags, &value, &n))
			check(n == len - 5);
		vpdn_ipc_get_text(m, tlv, text, sizeof(text));
		check(strlen(text) < sizeof(text));
	}
	check(vpdn_ipc_finish(&b) == 0);
	check(b.w.len == m->len);
	vpdn_ipc_get_proxy(m, &proxy);
	vpdn_proxy_check(&proxy);
	vpdn_proxy_wipe(&proxy);
	vpdn_ipc_print(m, line, sizeof(line));
	check(strlen(line) < sizeof(line));
}

/* The buffer is the struct's last member: allocated so that it ends with the message,
 * every octet read beyond it is seen by the sanitizer. */
static struct vpdn_ipc_msg *message_of(const uint8_t *data, size_t size)
{
	struct vpdn_ipc_msg *m = malloc(offsetof(struct vpdn_ipc_msg, buf) + size);

	check(m);
	m->nfds = 0;
	memcpy(m->buf, data, size);
	return m;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vpdn_ipc_msg *m;
	struct vpdn_writer w;

	if (size > VPDN_IPC_MAX_LEN)
		return 0;
	m = message_of(data, size);
	if (!vpdn_ipc_parse(m, size))
		check_accepted(m);
	else
		check(m->len == 0);
	/* Length and magic are seldom right by chance: once more with them put right. */
	if (size >= VPDN_IPC_HEADER_LEN) {
		vpdn_writer_init(&w, m->buf, size);
		vpdn_writer_u16(&w, VPDN_IPC_MAGIC);
		vpdn_writer_u8(&w, VPDN_IPC_VERSION);
		w.len = 6;	/* flags and type stay */
		vpdn_writer_u16(&w, 0);
		vpdn_writer_u32(&w, (uint32_t)size);
		if (!vpdn_ipc_parse(m, size))
			check_accepted(m);
	}
	free(m);
	return 0;
}
