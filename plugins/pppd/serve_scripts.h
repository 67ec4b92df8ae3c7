/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * serve_scripts.h - the shell scripts that pppd runs for every call, when they have
 * nothing to do.
 */
#ifndef VPDN_SERVE_SCRIPTS_H
#define VPDN_SERVE_SCRIPTS_H

/* In the template: looks at the scripts, so that the children need not read them. */
void vpdn_scripts_learn(void);
/* In a child, once: from now on, scripts that have nothing to do are not run. */
void vpdn_scripts_watch(void);

#endif
