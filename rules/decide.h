/* SPDX-License-Identifier: BSD-3-Clause */
/* The decision: fourteen steps over a question and the rules, the first that refuses ends it. Pure, no
 * allocation, no clock, no state; what explains it is what decides it. Any thread. */
#pragma once

#include "rules/question.h"
#include "rules/reason.h"

/* What follows from a decision, besides yes or no. */
struct verdict {
	enum reason reason; /* REASON_none: allowed */
	enum step step;     /* that refused */
	unsigned line;      /* of the rule that decided; 0: no rule, the default */
	const char *file;   /* where that line is; NULL: in the rules document */
	struct wall since;  /* licence: when what refuses began */

	uint32_t media; /* of the question's, what may cross; the rest is refused */
	const struct agreement *agreement; /* whose seat is used; NULL: none */
	bool takes_seat;               /* it is the user's first of the month: to be written down */
	bool verified;                 /* the sender counts as verified */
	bool fold_presence, fold_text; /* of this kind: only these of it may cross */
	const char *disclaimer;        /* to be said before the first message; or NULL */
	const char *notice;   /* in: to be said to our user before the first message; or NULL */
	const char *decorate; /* out: theirs goes as user(domain)@this; NULL: as it is */
	bool undecorate;      /* in: theirs came so, and is user@domain */
	enum federation_type type;       /* that the connection is fixed to */
	uint32_t protocols;              /* out: bit 1 << enum protocol: ways that are left */
	enum protocol first;             /* out: the way to try first */
	const struct partner *partner;   /* or NULL */
	const struct provider *provider; /* or NULL */

	/* What is to be done about the links that it has, or could have if its text is not known; NULL:
	 * nothing. link_count: that were found. */
	const struct hyperlink_rules *links;
	uint32_t link_count;
};

void decide(const struct ruleset *rules, const struct question *question, struct verdict *out);

/* Whose a domain is. */
struct other_side {
	const struct partner *partner;
	const struct provider *provider;
	bool ours; /* or below one of ours, and nobody's whom the rules name */
};

/* The one whose rule names most of the domain. A name that is ours, or below, is nobody else's unless
 * the rules say so. It may be blocked all the same. */
struct other_side other_side_of(const struct ruleset *rules, struct view domain);

enum step_outcome { STEP_PASSED, STEP_REFUSED, STEP_DOES_NOT_APPLY, STEP_NOT_REACHED };

enum { EXPLANATION_WORDS_BYTES = 256 };

/* One line for each step. */
struct explanation {
	struct {
		enum step_outcome outcome;
		unsigned line;
		const char *file; /* of the line; NULL: the rules document */
		char words[EXPLANATION_WORDS_BYTES];
	} steps[STEP_COUNT];
};

/* The same decision with its reasons in words; the verdict is that of decide. */
void decide_explain(const struct ruleset *rules, const struct question *question,
	struct verdict *out, struct explanation *explanation);
