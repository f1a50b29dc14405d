/* SPDX-License-Identifier: BSD-3-Clause */
/* What holds for every reader of bytes that come bit by bit: what half of them say, all of them say, faults are in the
 * bytes, and nobody asks for more without end. */
#pragma once

#include <stdlib.h>

#include "rules/base/view.h"

static inline void check(bool fine)
{
	if (!fine)
		abort();
}

/* `early` about the first half, `result` about all. */
static inline void one_answer(enum parse early, const struct fault *early_fault, enum parse result,
	const struct fault *fault, struct view bytes, uint32_t max_bytes)
{
	check(early == PARSE_NEED_MORE || early == result);
	if (early == PARSE_BAD)
		check(strcmp(early_fault->cause, fault->cause) == 0 &&
			early_fault->offset_bytes == fault->offset_bytes);
	if (result == PARSE_BAD)
		check(fault->cause && fault->offset_bytes <= bytes.len);
	if (result == PARSE_NEED_MORE)
		check(bytes.len < max_bytes);
}
