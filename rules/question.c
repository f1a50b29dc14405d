/* SPDX-License-Identifier: BSD-3-Clause */
/* What is asked of the rules. */
#include "rules/question.h"

static const char *const kind_names[KIND_COUNT] = {
#define KIND_NAME(name, capability) [KIND_##name] = #name,
	QUESTION_KINDS(KIND_NAME)
#undef KIND_NAME
};

const char *question_kind_name(enum question_kind kind)
{
	return kind_names[kind];
}

void question_come_by(struct question *q, enum protocol protocol)
{
	q->protocol = protocol;
	q->mark = protocol == PROTOCOL_SIP ? MARK_MISSING : MARK_VERIFIED;
}

bool question_kind_read(struct view name, enum question_kind *out)
{
	for (uint32_t i = 0; i < KIND_COUNT; i++)
		if (view_equal(name, view_of(kind_names[i]))) {
			*out = (enum question_kind)i;
			return true;
		}
	return false;
}
