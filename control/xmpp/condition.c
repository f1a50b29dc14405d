/* SPDX-License-Identifier: BSD-3-Clause */
/* The stream errors. */
#include "control/xmpp/condition.h"

static const char *const names[] = {[STREAM_NO_ERROR] = "",
#define STREAM_CONDITION_ROW(id, name) [STREAM_##id] = name,
	STREAM_CONDITIONS(STREAM_CONDITION_ROW)
#undef STREAM_CONDITION_ROW
};

enum { NAMES = sizeof(names) / sizeof(names[0]) };

const char *stream_condition_name(enum stream_condition c)
{
	return (unsigned)c < NAMES ? names[c] : names[STREAM_UNDEFINED_CONDITION];
}

enum stream_condition stream_condition_from_name(struct view name)
{
	if (view_equal(name, VIEW("xml-not-well-formed")))
		return STREAM_NOT_WELL_FORMED;
	for (unsigned i = 1; i < NAMES; i++)
		if (view_equal(name, view_of(names[i])))
			return (enum stream_condition)i;
	return STREAM_UNDEFINED_CONDITION;
}
