/* SPDX-License-Identifier: BSD-3-Clause */
/* What has been used of each agreement, month by month, whether the record of it is whole, and what part of
 * what was paid the provider's end cut off. Reads the state directory by itself and changes nothing there:
 * beside a control plane that is running, or without one. */
#pragma once

#include <jansson.h>

#include "control/policy/usage.h"
#include "rules/ruleset.h"

enum { REPORT_MONTHS_MAX = 600 };

/* Calendar months (UTC) as date_month counts them, both of them included. */
struct report_period {
	int32_t from, to;
	bool is_open; /* nobody said when it begins: as early as can be */
};

/* "2026-11". NULL: as early as can be, and the month of now. False: *why says what is wrong. */
bool report_period_read(const char *from, const char *to, struct wall now,
	struct report_period *out, const char **why);

struct report {
	json_t *head; /* the record and the period */
	json_t *rows; /* an object for each agreement, by id; at last those that only the record has */
	enum usage_fault fault;
};

/* state_directory NULL: nothing is kept, and only what is assigned by name is known. 0 or -errno with
 * why; report_free in any case. Any thread, as long as nobody changes the rules. */
int report_make(const struct ruleset *rules, const char *state_directory,
	const struct report_period *period, struct wall now, struct report *out, char *why,
	size_t why_bytes);
void report_free(struct report *report);
