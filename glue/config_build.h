/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config_build.h - between config_parse.c, which reads the file, and config_group.c, config_dialer.c, config_http.c and
 * config_radius.c, which make what vpdnd uses of each block that was read. Functions that build or take return 0, or -1
 * after the complaint was kept.
 */
#ifndef VPDN_CONFIG_BUILD_H
#define VPDN_CONFIG_BUILD_H

#include <confuse.h>
#include <stdarg.h>

#include "config.h"

/* From here on complaints are about that file, and the first goes into `err`: later ones follow from it. */
void vpdn_parse_begin(const char *path, char *err, size_t size);
/* 0: there was none; else -EINVAL, or -ENOMEM, which has no text. */
int vpdn_parse_result(void);

/* Keep a complaint about the line where `cfg` ends or stands. The second one is libConfuse's error function. -1. */
int vpdn_parse_fail(cfg_t *cfg, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void vpdn_parse_complain(cfg_t *cfg, const char *fmt, va_list ap);
int vpdn_parse_fail_memory(void);

/* Values that were checked when they were read. */
uint32_t vpdn_parse_u32(cfg_t *sec, const char *key, uint32_t otherwise);
bool vpdn_parse_bool(cfg_t *sec, const char *key, bool otherwise);
bool vpdn_parse_ip4(cfg_t *sec, const char *key, struct in_addr *a);
/* Copies; what is not set stays as it is. */
int vpdn_parse_string(cfg_t *sec, const char *key, char **out);
/* Compiles a regular expression; `what` names it in a complaint. */
int vpdn_parse_ere(cfg_t *sec, const char *what, const char *pattern, struct vpdn_ere *ere);
int vpdn_parse_strings(cfg_t *sec, const char *key, struct vpdn_strings *out);

/* Make what a block says and add it to the configuration, a group without its keys. */
int vpdn_group_build(struct vpdn_config *c, cfg_t *sec);
int vpdn_dialer_build(struct vpdn_config *c, cfg_t *sec);
int vpdn_http_build(struct vpdn_config *c, cfg_t *sec);
int vpdn_radius_build(struct vpdn_config *c, cfg_t *sec);
/* At the end of the file: every `dial` gets the dialer that it names. */
int vpdn_dials_resolve(struct vpdn_config *c, cfg_t *root);

#endif
