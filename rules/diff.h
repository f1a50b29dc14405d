/* SPDX-License-Identifier: BSD-3-Clause */
/* What is different between two rulesets, in words: one line for each service, domain, prefix or limit
 * that came, went or changed. Pure; nothing is said exactly when both print the same document. */
#pragma once

#include "rules/ruleset.h"

enum diff_sign {
	DIFF_ADDED = '+',
	DIFF_REMOVED = '-',
	DIFF_CHANGED = '~',
};

enum diff_area {
	DIFF_SERVICE,
	DIFF_LOCAL,
	DIFF_PARTNER,
	DIFF_BLOCKED_DOMAIN,
	DIFF_BLOCKED_PREFIX,
	DIFF_LIMITS,
	DIFF_FEDERATION,
	DIFF_LINKS,
	DIFF_DISCOVERY,
	DIFF_POLICY,
	DIFF_SITE,
	DIFF_GROUP,
	DIFF_USER,
	DIFF_PROVIDER,
	DIFF_LICENCE,
	DIFF_AREAS,
};

/* All texts live during the call that brings them. */
struct diff_line {
	enum diff_sign sign;
	enum diff_area area;
	const char *name; /* "partner.example"; "" in areas that are there once */
	const char *key;  /* of DIFF_CHANGED: "port"; otherwise NULL */
	const char
		*from; /* its value before; NULL: it was not there. Of DIFF_REMOVED all there was */
	const char *to; /* its value now; NULL: it is gone. Of DIFF_ADDED all there is */
};

/* In the order of the areas, then of the names, then of the document's keys. What came to a list or
 * left it is a line of its own. 0, or -ENOMEM (lines may have been given). Any thread. */
typedef void diff_line_h(void *arg, const struct diff_line *line);
int ruleset_diff(
	const struct ruleset *from, const struct ruleset *to, diff_line_h *handler, void *arg);

/* How many partners came, went, and are there but changed. */
struct diff_counts {
	uint32_t added, removed, changed;
};
int ruleset_diff_partners(
	const struct ruleset *from, const struct ruleset *to, struct diff_counts *out);

struct text;
/* "partner", "blocked domain", ... */
const char *diff_area_name(enum diff_area area);
/* "~ partner partner.example: port: 5269 -> 5270", without a newline. */
void diff_line_print(const struct diff_line *line, struct text *out);
