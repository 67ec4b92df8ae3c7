/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz_module.h - what fuzz_xl2tpd.c calls of fuzz_module.c. */
#ifndef FUZZ_MODULE_H
#define FUZZ_MODULE_H

#define FUZZ_MODULE_PEER "LAC"		/* whose tunnels are the module's */

/* Gives the module a group that accepts calls of FUZZ_MODULE_PEER, as vpdnd would. */
void fuzz_module_group(void);

/* In place of dlopen() and dlsym() in xl2tpd's hook.c: the module is linked in. */
void *fuzz_dlopen(const char *path, int flags);
void *fuzz_dlsym(void *lib, const char *name);

#endif
