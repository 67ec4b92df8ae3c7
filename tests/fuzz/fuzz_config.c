/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_config.c - vpdn.conf: whatever is in the file, it is either taken, and then usable, or refused with one
 * line that names file and line.
 */
#define FUZZ_ITERATIONS	8000ul		/* libConfuse takes its time */
#include "fuzz.h"

#include <errno.h>

#include "glue/config_parse.h"
#include "glue/number.h"

static void use(const struct vpdn_config *c)
{
	const struct vpdn_group *g;
	char number[VPDN_NUMBER_MAX + 1];

	TAILQ_FOREACH(g, &c->groups, link) {
		check(g->requests || g->accepts);
		check(!g->tunnel_auth || g->tunnel_password);
		check(!g->requests || g->n_peers);
		check(vpdn_config_group(c, g->name) == g);
		if (vpdn_number_translate(g, "0612345", number))
			check(*number && strlen(number) <= VPDN_NUMBER_MAX);
		for (size_t i = 0; i < g->n_dials; i++)
			check(g->dials[i].dialer == vpdn_config_dialer(c, g->dials[i].dialer_name));
		vpdn_number_dialer(g, "6121", number);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vpdn_config *c = vpdn_config_new("fuzz.conf");
	FILE *f = fmemopen((void *)data, size ? size : 1, "r");
	char err[512] = "";
	int rc;

	check(c && f);
	rc = vpdn_config_parse(c, f, err, sizeof(err));
	if (rc)
		check(!strncmp(err, "fuzz.conf:", 10) && !strchr(err, '\n') && strlen(err) > 12);
	else
		use(c);
	fclose(f);
	vpdn_config_put(c);
	return 0;
}
