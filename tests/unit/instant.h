/* SPDX-License-Identifier: BSD-3-Clause */
/* An instant, as rules write it: "2026-03-02", "2026-03-02T10:00:00Z". */
#pragma once

#include "rules/date.h"

static inline struct wall at(const char *text)
{
	struct fault fault;
	struct wall out;

	if (!date_read(view_of(text), &out, &fault))
		fail_msg("'%s': %s", text, fault.cause);
	return out;
}
