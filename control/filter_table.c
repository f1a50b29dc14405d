/* SPDX-License-Identifier: BSD-3-Clause */
/* The filter table of a ruleset, as it is offered to the dataplane. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "control/filter_client.h"
#include "rules/filter.h"

int filter_table_make(
	const struct ruleset *rules, struct filter_table *out, char *why, size_t why_bytes)
{
	struct filter filter;
	int rc;

	*out = (struct filter_table){.generation = rules->generation};
	rc = filter_write(rules, &out->block, &out->bytes);
	if (rc == 0 && out->bytes > UINT32_MAX)
		rc = -E2BIG;
	/* The very reader of the dataplane: what it would refuse is not even offered. */
	if (rc == 0)
		rc = filter_open(view_make(out->block, out->bytes), &filter, why, why_bytes);
	else
		snprintf(why, why_bytes, "%s", strerror(-rc));
	if (rc < 0) {
		filter_table_free(out);
		return rc;
	}
	out->digest = filter.digest;
	return 0;
}

void filter_table_free(struct filter_table *table)
{
	free(table->block);
	*table = (struct filter_table){0};
}
