/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lac_early.c - see lac_early.h; used by vpdn-lac.c. */
#include "lac_early.h"

#define EARLY_MAX	4	/* IPCP, IPV6CP, CCP, and one more */
#define EARLY_LEN	256	/* such requests have some tens of octets */

static struct {
	uint16_t protocol;
	int len;
	unsigned char data[EARLY_LEN];
} kept[EARLY_MAX];
static unsigned int n_kept;

void vpdn_early_keep(const struct vpdn_ppp_packet *p, const unsigned char *frame, int len)
{
	unsigned int i;

	len -= VPDN_PPP_HEADER_LEN;
	/* 0x8000 to 0xbfff: network control protocols, RFC 1661 section 2 */
	if (p->protocol >> 14 != 2 || p->code != CONFREQ || len > EARLY_LEN)
		return;
	for (i = 0; i < n_kept && kept[i].protocol != p->protocol; i++)
		;
	if (i == EARLY_MAX)
		return;
	if (i == n_kept)
		n_kept++;
	kept[i].protocol = p->protocol;
	kept[i].len = len;
	memcpy(kept[i].data, frame + VPDN_PPP_HEADER_LEN, (size_t)len);
}

void vpdn_early_give(void)
{
	unsigned int i, k;

	for (i = 0; i < n_kept; i++)
		for (k = 0; protocols[k]; k++)
			if (protocols[k]->protocol == kept[i].protocol && protocols[k]->enabled_flag)
				protocols[k]->input(0, kept[i].data, kept[i].len);
	n_kept = 0;
}

void vpdn_early_drop(void)
{
	n_kept = 0;
}
