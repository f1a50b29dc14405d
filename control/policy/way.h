/* SPDX-License-Identifier: BSD-3-Clause */
/* What is known of the ways to a domain, for the decision; and a refusal for what was known only after the message
 * had been let through. */
#pragma once

#include "control/policy/gate.h"

enum { WAYS = 2 }; /* by enum protocol */

/* How a way ended just before, as long as it is not tried again. */
enum way_end {
	WAY_OPEN,      /* it did not: a message would be tried */
	WAY_DOWN,      /* it cannot be reached, or is not trusted */
	WAY_MISSING,   /* DNS knows no server of the domain */
	WAY_ELSEWHERE, /* only such that are outside of it */
};

struct way {
	enum way_end end;
	const char *words; /* for people, static; NULL: WAY_OPEN */
};

typedef void way_h(void *arg, struct view domain, struct way ways[static WAYS]);

/* Whom to ask; NULL: nobody. */
void way_ask(struct gate *gate, way_h *way, void *arg);
/* What of this a question is to know. A way that is down is only said to be as long as the rules have another one,
 * which is not: the only one is tried, and whoever tries it says best what is wrong with it. */
void way_fill(const struct gate *gate, const struct ruleset *rules, struct question *q);
/* A message of `from` (a domain of ours) to `to` came to nothing. */
void way_refused(struct gate *gate, const char *from, const char *to, enum reason reason);
