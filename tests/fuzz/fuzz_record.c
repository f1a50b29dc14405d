/* SPDX-License-Identifier: BSD-3-Clause */
/* The two texts beside the generations of the rules: what is read prints the same again. */
#include <stdlib.h>

#include "control/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct record record;
	static struct record_current current;
	struct view text = view_make(data, len);
	struct fault fault = {0};
	struct text printed;

	if (len > 64 * 1024)
		return 0;
	text_init(&printed, 64 * 1024);
	if (record_parse(text, &record, &fault) == PARSE_DONE)
		record_print(&record, &printed);
	else if (!fault.cause || fault.offset_bytes > len)
		abort();
	else if (record_current_parse(text, &current, &fault) == PARSE_DONE)
		record_current_print(&current, &printed);
	else if (!fault.cause || fault.offset_bytes > len)
		abort();
	if (printed.len > 0 && !view_equal(text_view(&printed), text))
		abort();
	text_free(&printed);
	return 0;
}
