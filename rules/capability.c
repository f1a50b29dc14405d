/* SPDX-License-Identifier: BSD-3-Clause */
/* What users may exchange, as a set. */
#include "rules/capability.h"

static const char *const names[CAPABILITY_COUNT] = {
#define CAPABILITY_NAME(name, words) [CAPABILITY_##name] = #name,
	CAPABILITIES(CAPABILITY_NAME)
#undef CAPABILITY_NAME
};

const char *capability_name(enum capability capability)
{
	return names[capability];
}

bool capability_read(struct view name, enum capability *out)
{
	for (uint32_t i = 0; i < CAPABILITY_COUNT; i++)
		if (view_equal(name, view_of(names[i]))) {
			*out = (enum capability)i;
			return true;
		}
	return false;
}
