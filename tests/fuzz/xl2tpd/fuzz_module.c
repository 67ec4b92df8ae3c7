/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_module.c - the part of fuzz_xl2tpd.c that knows the module: xl2tpd and lib/ have headers of the same names.
 */
#include "fuzz_module.h"

#define VPDN_LIBFUZZER	/* main() is in fuzz_xl2tpd.c */
#include "fuzz.h"
#include "module.h"

extern l2tp_module_init_fn l2tp_module_init;

void *fuzz_dlopen(const char *path, int flags)
{
	(void)flags;
	return (void *)(uintptr_t)path;
}

void *fuzz_dlsym(void *lib, const char *name)
{
	(void)lib;
	(void)name;
	return (void *)l2tp_module_init;
}

void fuzz_module_group(void)
{
	static struct vpdn_ipc_builder b;
	static struct vpdn_ipc_msg m;

	vpdn_ipc_begin(&b, VPDN_MSG_L2TP_GROUP, 0, 0);
	vpdn_ipc_put_text(&b, VPDN_TLV_GROUP, "fuzz");
	vpdn_ipc_put_u8(&b, VPDN_TLV_ACCEPTS, 1);
	vpdn_ipc_put_text(&b, VPDN_TLV_LOCAL_NAME, "LNS");
	vpdn_ipc_put_u8(&b, VPDN_TLV_TUNNEL_AUTH, 0);
	vpdn_ipc_put_u32(&b, VPDN_TLV_IDLE_S, 60);
	vpdn_ipc_put_u32(&b, VPDN_TLV_HELLO_S, 60);
	vpdn_ipc_put_text(&b, VPDN_TLV_PPP_TEMPLATE, "fuzz");
	vpdn_ipc_put_text(&b, VPDN_TLV_TERMINATE_FROM, FUZZ_MODULE_PEER);
	check(vpdn_ipc_finish(&b) == 0);
	memcpy(m.buf, b.buf, b.w.len);
	check(vpdn_ipc_parse(&m, b.w.len) == 0);
	check(vpdn_groups_begin() == 0 && vpdn_groups_add(&m) == 0 && vpdn_groups_commit() == 0);
}
