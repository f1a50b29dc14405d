/* SPDX-License-Identifier: BSD-3-Clause */
/* Whose decisions two rulesets disagree about: asked of both, for every kind of user and every kind of other
 * side that there is, in both directions and of all kinds of messages. What only a live connection knows is taken
 * for fine (proven, no limit reached, nobody a contact, seats by use free). */
#pragma once

#include "rules/decide.h"

/* One agreement that is no more. Texts live during the call that brings it. */
struct decision_change {
	const char *user;   /* one of them; "corp.example" for all that are not listed there */
	uint32_t users;     /* how many are like it */
	const char *domain; /* one of them; "" for domains that no rule names */
	uint32_t domains;
	enum heading heading;
	uint32_t kinds; /* bit 1 << enum question_kind */
	enum reason from, to;
};

typedef void decision_change_h(void *arg, const struct decision_change *change);

/* How many there are; 0 when all is as before. -ENOMEM. At most DECISION_CHANGES_MAX are brought. */
enum { DECISION_CHANGES_MAX = 200 };
int64_t ruleset_diff_decisions(const struct ruleset *from, const struct ruleset *to,
	struct wall now, decision_change_h *handler, void *arg);

struct text;
/* "~ decision bob@corp.example (and 3 like it) with a.example, in: message, typing: allowed -> refused: capability"
 */
void decision_change_print(const struct decision_change *change, struct text *out);
