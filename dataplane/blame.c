/* SPDX-License-Identifier: BSD-3-Clause */
/* Whom one lcore's drops and refusals are about. */
#include "dataplane/blame.h"

#include <rte_malloc.h>

struct blame *blame_new(void)
{
	struct blame *blame = rte_zmalloc("blame", sizeof(*blame), 64);

	if (blame && partner_causes_init(&blame->partners) < 0) {
		blame_free(blame);
		return NULL;
	}
	return blame;
}

void blame_free(struct blame *blame)
{
	if (!blame)
		return;
	partner_causes_fini(&blame->partners);
	rte_free(blame);
}
