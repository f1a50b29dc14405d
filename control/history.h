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
