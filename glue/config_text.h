/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config_text.h - the text of vpdn.conf as libConfuse can read it with the right line numbers: without comments, and with
 * a mark behind its end. Called by config_parse.c only.
 */
#ifndef VPDN_CONFIG_TEXT_H
#define VPDN_CONFIG_TEXT_H

#include <stdio.h>

/* The whole file and VPDN_CONFIG_AT_END; wipe and free it with vpdn_text_wipe(). Or NULL, and -errno in *rc. */
char *vpdn_config_text(FILE *f, int *rc);

#endif
