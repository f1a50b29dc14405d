/* SPDX-License-Identifier: BSD-3-Clause */
/* Rules from text, for whoever tests something else: a mistake in them ends the test and is named. */
#pragma once

#include "rules/ruleset.h"

/* As if they stood in `file`, NULL: in none. */
static inline struct ruleset *compile_from(const char *yaml, const char *file)
{
	static struct rules_errors faults;
	struct ruleset *made = ruleset_compile(view_of(yaml), file, &faults);

	if (!made)
		fail_msg("line %u: %s: %s in\n%s", faults.list[0].line, faults.list[0].key,
			faults.list[0].text, yaml);
	return made;
}

static inline struct ruleset *compile(const char *yaml)
{
	return compile_from(yaml, NULL);
}
