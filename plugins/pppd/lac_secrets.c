/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lac_secrets.c - see lac_secrets.h; used by vpdn-lac.c.
 *
 * pppd decides in auth_reset(), which LCP's resetci callback calls, from
 * pap_check_hook and chap_check_hook or the secrets files.  The hooks cannot tell for
 * which side they are asked.  So resetci is run twice: with hooks that know nothing,
 * whose result says how pppd would authenticate itself, and with hooks that know of
 * secrets, whose result says what it asks for.
 */
#include "pppd_compat.h"

#include "lac_secrets.h"

static bool as_if_absent;
static fsm_callbacks callbacks;
static void (*stock_resetci)(fsm *);
static int (*next_pap_check)(void);
static int (*next_chap_check)(void);

/* pppd's hooks: 1 there are secrets, 0 there are none, -1 look into the file. */
static int check(int (*next)(void))
{
	int rc = next ? next() : -1;

	return rc >= 0 || as_if_absent ? rc : 1;
}

static int pap_check(void)
{
	return check(next_pap_check);
}

static int chap_check(void)
{
	return check(next_chap_check);
}

static void resetci(fsm *f)
{
	lcp_options *allow = &lcp_allowoptions[f->unit], *got = &lcp_gotoptions[f->unit], ours;

	as_if_absent = true;
	stock_resetci(f);
	as_if_absent = false;
	ours = *allow;

	stock_resetci(f);
	allow->neg_upap = ours.neg_upap;
	allow->neg_chap = ours.neg_chap;
	allow->neg_eap = ours.neg_eap;
	if (got->neg_chap || got->neg_upap)
		got->neg_eap = 0;
}

void vpdn_lac_ask_always(void)
{
	next_pap_check = pap_check_hook;
	pap_check_hook = pap_check;
	next_chap_check = chap_check_hook;
	chap_check_hook = chap_check;

	callbacks = *lcp_fsm[0].callbacks;
	stock_resetci = callbacks.resetci;
	callbacks.resetci = resetci;
	lcp_fsm[0].callbacks = &callbacks;
}
