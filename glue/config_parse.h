/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config_parse.h - libConfuse's side of vpdn.conf: fills an empty struct vpdn_config.
 * Called by vpdn_config_load() only.
 */
#ifndef VPDN_CONFIG_PARSE_H
#define VPDN_CONFIG_PARSE_H

#include <stdio.h>

#include "config.h"

/* 0; -ENOMEM; or another -errno and a line for people in `err`. On failure *c may be half filled. */
int vpdn_config_parse(struct vpdn_config *c, FILE *f, char *err, size_t err_size);

#endif
