/* SPDX-License-Identifier: BSD-3-Clause */
/* Who may use a provider because somebody has paid for it: agreements with seats and dates. Pure: what
 * has been used and what time it is come in. Every instant that ends something is exclusive. */
#pragma once

#include "rules/provider.h"

enum seat_model {
	SEAT_ASSIGNED, /* by name, from a day to a day */
	SEAT_ACTIVE, /* whoever exchanges something first in a calendar month (UTC) has one to its end */
};

/* One of our users has a seat. */
struct seat_assignment {
	const char *user; /* "alice@corp.example", prepared */
	struct wall from, to;
	unsigned line;
};

/* One of our domains may be served under an agreement since a day. */
struct agreement_domain {
	const char *domain;
	struct wall since;
	unsigned line;
};

struct agreement {
	const char *id;
	unsigned line;
	const struct provider_terms *terms; /* of its provider, the operator's dates in place */
	enum seat_model model;
	uint32_t seats;
	struct wall start, end;
	struct wall purchased;
	const struct wall *renewals;
	uint32_t renewal_count;
	const struct agreement_domain *domains; /* none: all of ours */
	uint32_t domain_count;
	const struct seat_assignment *assignments; /* sorted by user, then from */
	uint32_t assignment_count;
	uint32_t grace_days;
	const char *notice; /* said in grace to our users; NULL: none */
};

enum licence_state {
	LICENCE_NOT_STARTED,
	LICENCE_ACTIVE,
	LICENCE_GRACE, /* ended, and served for some days more */
	LICENCE_EXPIRED,
};

#define LICENCE_OUTCOMES(X)                                                                        \
	X(not_needed, "no seat is needed")                                                         \
	X(granted, "the user has a seat")                                                          \
	X(provider_not_begun, "the provider's service has not begun")                              \
	X(provider_retired, "the provider's service has ended")                                    \
	X(no_agreement, "no agreement covers this domain of ours")                                 \
	X(not_started, "the agreement has not begun")                                              \
	X(expired, "the agreement has ended")                                                      \
	X(no_seat, "the user has no seat")                                                         \
	X(seats_exhausted, "all seats are taken this month")

enum licence_outcome {
#define LICENCE_ENUM(name, words) LICENCE_OUTCOME_##name,
	LICENCE_OUTCOMES(LICENCE_ENUM)
#undef LICENCE_ENUM
		LICENCE_OUTCOME_COUNT
};

/* "seats_exhausted"; "all seats are taken this month" */
const char *licence_outcome_name(enum licence_outcome outcome);
const char *licence_outcome_words(enum licence_outcome outcome);

/* What has been used of an agreement in a month, kept by somebody else. */
struct licence_usage {
	const void *arg;
	bool (*has)(const void *arg, const struct agreement *agreement, struct view user,
		int32_t month);
	uint32_t (*count)(const void *arg, const struct agreement *agreement, int32_t month);
};

/* Of nothing anything has been used: seats by use are all free. */
extern const struct licence_usage licence_unused;

struct licence_question {
	const struct provider_terms *terms;
	const struct agreement *const *agreements; /* of this provider, in the order of the rules */
	uint32_t agreement_count;
	const char *region; /* of our organisation; "" if not stated */
	struct view user;   /* ours, prepared: "alice@corp.example" */
	struct view domain; /* ours */
	struct wall now;
	const struct licence_usage *usage;
};

struct licence_answer {
	enum licence_outcome outcome;
	const struct agreement *agreement; /* that grants, or came nearest to it; NULL: none */
	enum licence_state state;          /* of the agreement */
	bool takes_seat;                   /* granted, and it is the user's first of this month */
	/* When what refuses began, or ends if it is to come; granted: when it ends. 0: at no time. */
	struct wall since;
};

bool licence_granted(enum licence_outcome outcome);

/* May this user exchange anything with the provider now? */
void licence_ask(const struct licence_question *question, struct licence_answer *out);

enum licence_state licence_state(const struct agreement *agreement, struct wall now);

/* How many seats by name are taken changes. */
struct licence_turn {
	int64_t at_s; /* since 1970 */
	int change;   /* 1 or -1 */
	unsigned line;
};

/* Seats by name from one instant to another, in order; of one instant those first that are given back.
 * The caller frees it; NULL without memory. */
struct licence_turn *licence_turns(
	const struct agreement *agreement, int64_t from_s, int64_t to_s, uint32_t *count);

/* What makes an agreement impossible, for who reads rules. */
enum agreement_fault {
	AGREEMENT_FINE,
	AGREEMENT_ENDS_BEFORE_START,
	AGREEMENT_BOUGHT_TOO_LATE,
	AGREEMENT_RENEWED_TOO_LATE,
	AGREEMENT_DOMAIN_TOO_LATE,
	AGREEMENT_ASSIGNMENT_BACKWARDS,
	AGREEMENT_USER_TWICE,    /* two assignments of one user meet */
	AGREEMENT_TOO_FEW_SEATS, /* more assigned at one instant than there are */
	AGREEMENT_NO_MEMORY,
};

/* *line: of what is at fault. */
enum agreement_fault agreement_check(const struct agreement *agreement, unsigned *line);

/* Is an alarm due when `used` of the seats are taken? 0, 90 or 100: percent. */
uint32_t licence_alarm(uint32_t seats, uint32_t used);

/* The part of what was paid that the provider's end cut off: numerator of denominator seconds, 0 of 1
 * if nothing. */
struct licence_credit {
	int64_t unused_s, paid_s;
};
struct licence_credit licence_credit(const struct agreement *agreement, const char *region);
