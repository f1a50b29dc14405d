/* SPDX-License-Identifier: BSD-3-Clause */
/* One question between two people, in words, and its decision step by step as JSON: asked of a file by the
 * rules alone, of the control plane with what it knows besides. */
#pragma once

#include <jansson.h>

#include "control/policy/gate.h"

/* As somebody wrote it; NULL is what is not said. */
struct explain_asked {
	const char *from, *to, *kind, *direction, *at;
	const char *protocol; /* by which it comes in; else the one that the rules prefer */
	const char *text;     /* of a message */
	bool contact; /* the recipient has the sender among the contacts, whatever is known */
};

enum { EXPLAIN_WHY_BYTES = 2048 };

/* gate NULL: only the rules are known, and what a connection knows is taken for fine. The lines of the
 * rules stand with `name` before them; NULL: as "line 7". A new reference; NULL with why: the question is
 * none, or there is no memory. */
json_t *explain_make(struct gate *gate, const struct ruleset *rules,
	const struct explain_asked *asked, const char *name, char why[static EXPLAIN_WHY_BYTES]);
