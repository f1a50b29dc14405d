/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of the diff share. */
#pragma once

#include "rules/base/text.h"
#include "rules/diff.h"

/* One key of a thing and its value; a list has one for each element. */
struct fact {
	const char *key; /* static, as in the document */
	uint32_t at;     /* where its value begins in the text */
	bool list;
};

/* All that is said of a thing, keys in one order for all things of an area. */
struct facts {
	struct fact *list;
	uint32_t count, cap;
	struct text text; /* the values, each with a NUL */
	bool failed;      /* no memory */
};

static inline const char *fact_value(const struct facts *facts, const struct fact *fact)
{
	return facts->text.p + fact->at;
}

/* One kind of things of which rulesets have sorted arrays. */
struct diff_things {
	enum diff_area area;
	const char *name; /* for people */
	uint32_t (*count)(const struct ruleset *rules);
	/* Their order, < 0, 0, > 0: thing i of a and thing k of b. */
	int (*compare)(const struct ruleset *a, uint32_t i, const struct ruleset *b, uint32_t k);
	void (*name_print)(const struct ruleset *rules, uint32_t i, struct text *out);
	void (*facts)(const struct ruleset *rules, uint32_t i, struct facts *out);
};

/* diff_things.c: one for each area, in their order. */
extern const struct diff_things diff_things[DIFF_AREAS];
