/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lac_secrets.h - lets pppd ask for credentials that are to be judged elsewhere.
 */
#ifndef VPDN_LAC_SECRETS_H
#define VPDN_LAC_SECRETS_H

/*
 * pppd does not ask a peer to authenticate, or refuses to start, when it finds no
 * secret that a peer could use.  After this it does ask, as its options say.  What it
 * would do to authenticate itself is unchanged.  EAP, of which only the name can be
 * forwarded, is not asked for when CHAP or PAP would do.  To be called once, from plugin_init().
 */
void vpdn_lac_ask_always(void);

#endif
