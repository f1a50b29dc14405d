/* SPDX-License-Identifier: BSD-3-Clause */
/* Comma-separated values: records end, their fields lie in the text and hold what they may. */
#include <stdlib.h>

#include "rules/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char *const names[] = {"address", "site", "policy", "groups", NULL};
	struct csv_columns columns;
	struct fault fault = {0};
	enum parse parse;
	struct csv csv;
	unsigned line;

	csv_begin(&csv, view_make(data, len));
	parse = csv_header(&csv, names, 0, &columns, &fault);
	while (parse == PARSE_DONE) {
		line = csv.line;
		parse = csv_next(&csv, &fault);
		if (parse == PARSE_NEED_MORE)
			break;
		if (csv.line <= line || csv.at > len)
			abort();
		for (uint32_t i = 0; parse == PARSE_DONE && i < csv.count; i++)
			if (csv.fields[i].len > CSV_FIELD_BYTES_MAX ||
				(csv.fields[i].len > 0 &&
					(csv.fields[i].p < data ||
						csv.fields[i].p + csv.fields[i].len >
							data + len)) ||
				view_find(csv.fields[i], '\n') >= 0 ||
				view_find(csv.fields[i], '"') >= 0)
				abort();
	}
	if (parse == PARSE_BAD && csv_cause_text(fault.cause) == fault.cause)
		abort();
	return 0;
}
