/* SPDX-License-Identifier: BSD-3-Clause */
/* Who causes most drops and refusals, cause by cause. */
#include "dataplane/crew.h"
#include "dataplane/report_int.h"

static json_t *hitter_json(enum cause cause, const struct hitters_list *list,
	const struct hitter *hitter, struct mono now)
{
	char source[IP_TEXT_BYTES];

	hitter_print(&hitter->source, source);
	return json_pack("{s:s, s:s, s:I, s:I, s:I, s:I}", "cause", cause_name(cause), "source",
		source, "count", (json_int_t)hitter->count, "at_least",
		(json_int_t)(hitter->count - hitter->error), "of", (json_int_t)list->total,
		"seconds", (json_int_t)(mono_since_ms(now, (struct mono){list->begun_ns}) / 1000));
}

json_t *report_hitters(enum cause only, uint32_t offset, uint32_t limit, uint32_t *total)
{
	struct mono now = crew_now();
	json_t *rows;

	*total = 0;
	if (crew_size() == 0)
		return NULL;
	rows = json_array();
	for (int c = CAUSE_none + 1; c < CAUSE_COUNT; c++) {
		struct hitters_list list;

		if (only != CAUSE_none && (int)only != c)
			continue;
		crew_hitters((enum cause)c, now, &list);
		for (uint32_t i = 0; i < list.count; i++)
			if ((*total)++ >= offset && json_array_size(rows) < limit)
				json_array_append_new(
					rows, hitter_json((enum cause)c, &list, &list.of[i], now));
	}
	return rows;
}
