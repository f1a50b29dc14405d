/* SPDX-License-Identifier: BSD-3-Clause */
/* Who may use a provider because somebody has paid for it. */
#include "rules/licence.h"

#include <stdlib.h>

static const struct {
	const char *name, *words;
} outcomes[LICENCE_OUTCOME_COUNT] = {
#define LICENCE_ROW(name, words) [LICENCE_OUTCOME_##name] = {#name, words},
	LICENCE_OUTCOMES(LICENCE_ROW)
#undef LICENCE_ROW
};

const char *licence_outcome_name(enum licence_outcome outcome)
{
	return outcomes[outcome].name;
}

const char *licence_outcome_words(enum licence_outcome outcome)
{
	return outcomes[outcome].words;
}

static bool nobody_has(
	const void *arg, const struct agreement *agreement, struct view user, int32_t month)
{
	return false;
}

static uint32_t none_are_taken(const void *arg, const struct agreement *agreement, int32_t month)
{
	return 0;
}

const struct licence_usage licence_unused = {NULL, nobody_has, none_are_taken};

bool licence_granted(enum licence_outcome outcome)
{
	return outcome == LICENCE_OUTCOME_granted || outcome == LICENCE_OUTCOME_not_needed;
}

static struct wall grace_end(const struct agreement *a)
{
	return date_after_days(a->end, a->grace_days);
}

enum licence_state licence_state(const struct agreement *a, struct wall now)
{
	if (now.s < a->start.s)
		return LICENCE_NOT_STARTED;
	if (now.s < a->end.s)
		return LICENCE_ACTIVE;
	return now.s < grace_end(a).s ? LICENCE_GRACE : LICENCE_EXPIRED;
}

/* --- the question --- */

static bool covers(const struct agreement *a, struct view domain, struct wall now)
{
	for (uint32_t i = 0; i < a->domain_count; i++)
		if (view_equal(view_of(a->domains[i].domain), domain))
			return now.s >= a->domains[i].since.s;
	return a->domain_count == 0;
}

static int compare_user(struct view user, const char *assigned)
{
	size_t len = strlen(assigned);
	int order = memcmp(user.p, assigned, user.len < len ? user.len : len);

	return order ? order : (user.len > len) - (user.len < len);
}

/* The first assignment of the user, or where it would be. */
static uint32_t first_of(const struct agreement *a, struct view user)
{
	uint32_t low = 0;
	uint32_t high = a->assignment_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (compare_user(user, a->assignments[middle].user) > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const struct seat_assignment *assigned(
	const struct agreement *a, struct view user, struct wall now)
{
	for (uint32_t i = first_of(a, user);
		i < a->assignment_count && compare_user(user, a->assignments[i].user) == 0; i++)
		if (now.s >= a->assignments[i].from.s && now.s < a->assignments[i].to.s)
			return &a->assignments[i];
	return NULL;
}

/* Since when a user has no seat by name, or until when: the last one has ended, or the first is to come. 0 s: there
 * is none at all. */
static struct wall seatless(const struct agreement *a, struct view user, struct wall now)
{
	struct wall since = {0};
	uint32_t i = first_of(a, user);

	/* In the order in which they begin. */
	for (; i < a->assignment_count && compare_user(user, a->assignments[i].user) == 0; i++) {
		const struct seat_assignment *seat = &a->assignments[i];

		if (seat->from.s > now.s)
			return since.s ? since : seat->from;
		since = seat->to;
	}
	return since;
}

/* Of an agreement that is in force. */
static void ask_seat(const struct licence_question *q, struct licence_answer *out)
{
	const struct agreement *a = out->agreement;
	int32_t month = date_month(q->now);

	if (a->model == SEAT_ASSIGNED) {
		const struct seat_assignment *seat = assigned(a, q->user, q->now);

		out->outcome = seat ? LICENCE_OUTCOME_granted : LICENCE_OUTCOME_no_seat;
		if (!seat)
			out->since = seatless(a, q->user, q->now);
		else if (seat->to.s < out->since.s)
			out->since = seat->to;
	} else if (q->usage->has(q->usage->arg, a, q->user, month)) {
		out->outcome = LICENCE_OUTCOME_granted;
	} else if (q->usage->count(q->usage->arg, a, month) < a->seats) {
		out->outcome = LICENCE_OUTCOME_granted;
		out->takes_seat = true;
	} else {
		out->outcome = LICENCE_OUTCOME_seats_exhausted;
		out->since = date_of_month(month);
	}
}

static void ask_agreement(
	const struct licence_question *q, const struct agreement *a, struct licence_answer *out)
{
	struct wall end = provider_end(q->terms, q->region);

	*out = (struct licence_answer){.agreement = a, .state = licence_state(a, q->now)};
	switch (out->state) {
	case LICENCE_NOT_STARTED:
		out->outcome = LICENCE_OUTCOME_not_started;
		out->since = a->start;
		return;
	case LICENCE_EXPIRED:
		out->outcome = LICENCE_OUTCOME_expired;
		out->since = grace_end(a);
		return;
	case LICENCE_ACTIVE:
	case LICENCE_GRACE:
		break;
	}
	out->since = grace_end(a).s < end.s ? grace_end(a) : end;
	ask_seat(q, out);
}

/* Who is refused hears the reason that is nearest to being served. */
static int nearness(const struct licence_answer *answer)
{
	static const uint8_t rank[LICENCE_OUTCOME_COUNT] = {
		[LICENCE_OUTCOME_granted] = 5,
		[LICENCE_OUTCOME_seats_exhausted] = 4,
		[LICENCE_OUTCOME_no_seat] = 3,
		[LICENCE_OUTCOME_not_started] = 2,
		[LICENCE_OUTCOME_expired] = 1,
	};
	int n = 4 * rank[answer->outcome];

	/* Of two that grant: one in force before one in grace, a seat had before one to take. */
	if (answer->outcome == LICENCE_OUTCOME_granted)
		n += 2 * (answer->state == LICENCE_ACTIVE) + !answer->takes_seat;
	return n;
}

void licence_ask(const struct licence_question *q, struct licence_answer *out)
{
	*out = (struct licence_answer){.outcome = LICENCE_OUTCOME_no_agreement};
	switch (provider_state(q->terms, q->region, q->now)) {
	case PROVIDER_NOT_BEGUN:
		out->outcome = LICENCE_OUTCOME_provider_not_begun;
		out->since = q->terms->service_begin;
		return;
	case PROVIDER_RETIRED:
		out->outcome = LICENCE_OUTCOME_provider_retired;
		out->since = provider_end(q->terms, q->region);
		return;
	case PROVIDER_OPEN:
	case PROVIDER_CLOSED_TO_NEW:
		break;
	}
	if (q->terms->need == LICENCE_NEED_NONE) {
		out->outcome = LICENCE_OUTCOME_not_needed;
		out->since = provider_end(q->terms, q->region);
		return;
	}
	for (uint32_t i = 0; i < q->agreement_count; i++) {
		struct licence_answer answer;

		if (!covers(q->agreements[i], q->domain, q->now))
			continue;
		ask_agreement(q, q->agreements[i], &answer);
		if (nearness(&answer) > nearness(out))
			*out = answer;
	}
}

/* --- what no agreement may be --- */

static int compare_turns(const void *a, const void *b)
{
	const struct licence_turn *x = a;
	const struct licence_turn *y = b;

	/* Who goes makes room for who comes at the same instant. */
	if (x->at_s != y->at_s)
		return x->at_s < y->at_s ? -1 : 1;
	return x->change - y->change;
}

struct licence_turn *licence_turns(
	const struct agreement *a, int64_t from_s, int64_t to_s, uint32_t *count)
{
	struct licence_turn *turns = calloc(2 * (size_t)a->assignment_count + 1, sizeof(*turns));

	*count = 0;
	if (!turns)
		return NULL;
	for (uint32_t i = 0; i < a->assignment_count; i++) {
		const struct seat_assignment *s = &a->assignments[i];
		int64_t begin = s->from.s < from_s ? from_s : s->from.s;
		int64_t end = s->to.s > to_s ? to_s : s->to.s;

		if (begin >= end)
			continue;
		turns[(*count)++] = (struct licence_turn){begin, 1, s->line};
		turns[(*count)++] = (struct licence_turn){end, -1, s->line};
	}
	qsort(turns, *count, sizeof(*turns), compare_turns);
	return turns;
}

static enum agreement_fault check_seats(const struct agreement *a, unsigned *line)
{
	enum agreement_fault fault = AGREEMENT_FINE;
	uint32_t used = 0;
	uint32_t count;
	struct licence_turn *turns = licence_turns(a, INT64_MIN, INT64_MAX, &count);

	if (!turns)
		return AGREEMENT_NO_MEMORY;
	for (uint32_t i = 0; i < count && fault == AGREEMENT_FINE; i++) {
		used += (uint32_t)turns[i].change;
		if (turns[i].change > 0 && used > a->seats) {
			fault = AGREEMENT_TOO_FEW_SEATS;
			*line = turns[i].line;
		}
	}
	free(turns);
	return fault;
}

static enum agreement_fault check_assignments(const struct agreement *a, unsigned *line)
{
	for (uint32_t i = 0; i < a->assignment_count; i++) {
		const struct seat_assignment *s = &a->assignments[i];

		*line = s->line;
		if (s->from.s >= s->to.s)
			return AGREEMENT_ASSIGNMENT_BACKWARDS;
		if (i > 0 && strcmp(s[-1].user, s->user) == 0 && s->from.s < s[-1].to.s)
			return AGREEMENT_USER_TWICE;
	}
	return check_seats(a, line);
}

enum agreement_fault agreement_check(const struct agreement *a, unsigned *line)
{
	*line = a->line;
	if (a->start.s >= a->end.s)
		return AGREEMENT_ENDS_BEFORE_START;
	if (a->purchased.s >= a->terms->sell_until.s)
		return AGREEMENT_BOUGHT_TOO_LATE;
	for (uint32_t i = 0; i < a->renewal_count; i++)
		if (a->renewals[i].s >= a->terms->sell_until.s)
			return AGREEMENT_RENEWED_TOO_LATE;
	for (uint32_t i = 0; i < a->domain_count; i++)
		if (a->domains[i].since.s >= a->terms->new_domains_until.s) {
			*line = a->domains[i].line;
			return AGREEMENT_DOMAIN_TOO_LATE;
		}
	return check_assignments(a, line);
}

uint32_t licence_alarm(uint32_t seats, uint32_t used)
{
	if (used >= seats)
		return 100;
	return (uint64_t)used * 10 >= (uint64_t)seats * 9 ? 90 : 0;
}

struct licence_credit licence_credit(const struct agreement *a, const char *region)
{
	int64_t end = provider_end(a->terms, region).s;
	int64_t from = end > a->start.s ? end : a->start.s;

	if (from >= a->end.s || a->end.s <= a->start.s)
		return (struct licence_credit){0, 1};
	return (struct licence_credit){a->end.s - from, a->end.s - a->start.s};
}
