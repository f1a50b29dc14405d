/* SPDX-License-Identifier: BSD-3-Clause */
/* Why something is refused. */
#include "rules/reason.h"

static const struct reason_text reasons[REASON_COUNT] = {
	[REASON_none] = {.name = "none", .words = "", .outside = ""},
#define REASON_ROW(name, step, sip, diagnostics, condition, words, outside)                        \
	[REASON_##name] = {#name, STEP_##step, sip, diagnostics, REASON_CONDITION_##condition,     \
		words, outside},
	REASONS(REASON_ROW)
#undef REASON_ROW
};

static const char *const conditions[REASON_CONDITION_COUNT] = {[REASON_CONDITION_NONE] = "",
#define CONDITION_ROW(name, text) [REASON_CONDITION_##name] = text,
	REASON_CONDITIONS(CONDITION_ROW)
#undef CONDITION_ROW
};

static const struct {
	const char *name, *words;
} steps[STEP_COUNT] = {
#define STEP_ROW(name, words) [STEP_##name] = {#name, words},
	STEPS(STEP_ROW)
#undef STEP_ROW
};

const struct reason_text *reason_text(enum reason reason)
{
	return &reasons[reason];
}

const char *reason_condition(enum reason reason)
{
	return conditions[reasons[reason].condition];
}

const char *step_name(enum step step)
{
	return steps[step].name;
}

const char *step_words(enum step step)
{
	return steps[step].words;
}
