/* SPDX-License-Identifier: BSD-3-Clause */
/* One generation of the rules in force. */
#include "control/generation.h"

#include <stdlib.h>

struct generation *generation_new(struct ruleset *rules, struct tls_store *tls)
{
	struct generation *generation = malloc(sizeof(*generation));

	if (generation)
		*generation = (struct generation){rules, tls, 1};
	return generation;
}

struct generation *generation_hold(struct generation *generation)
{
	generation->holders++;
	return generation;
}

void generation_drop(struct generation *generation)
{
	if (!generation || --generation->holders > 0)
		return;
	tls_store_free(generation->tls);
	ruleset_free(generation->rules);
	free(generation);
}
