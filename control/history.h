/* SPDX-License-Identifier: BSD-3-Clause */
/* What the control plane remembers of its rules from one run to the next: the ids of the partners, and
 * which generation of the filter table was the last. */
#pragma once

#include "rules/base/clock.h"
#include "rules/ruleset.h"

/* Give the partners their ids and the ruleset its generation, and write both into the directory
 * (files partner-ids and generation, replaced atomically). The generation stays while the table stays
 * the same; otherwise it is above the last one and not below the time in seconds, so that a lost
 * directory cannot make an old table of the dataplane look current. directory NULL: nothing is
 * remembered, ids as compiled, generation from the time. 0, or -errno with why (-EINVAL: a file there
 * is damaged). */
int history_settle(
	const char *directory, struct ruleset *rules, struct wall now, char *why, size_t why_bytes);

/* The parts of it, for rules that change while the daemon runs. Any thread, one at a time. */

/* The ids alone; directory NULL: as compiled. */
int history_ids(const char *directory, struct ruleset *rules, char *why, size_t why_bytes);
/* A generation that was never given before: above the last one and above `above` (the one in force, not
 * 0), not below the time. A number that is then not used is lost, which does no harm. */
int history_advance(const char *directory, struct ruleset *rules, uint64_t above, struct wall now,
	char *why, size_t why_bytes);
/* Digest of the filter table with generation 0: what it says, whenever it said it. 0 or -errno. */
int history_content(struct ruleset *rules, uint64_t *digest);
