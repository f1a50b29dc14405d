/* SPDX-License-Identifier: BSD-3-Clause */
/* Who may use a provider, by date vectors. */
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>

#include "rules/licence.h"
#include "tests/unit/instant.h"

/* --- usage that a test states --- */

struct used {
	const char *user; /* has a seat this month; NULL: nobody */
	int32_t month;
	uint32_t count;
};

static bool used_has(const void *arg, const struct agreement *a, struct view user, int32_t month)
{
	const struct used *used = arg;

	return used->user && used->month == month && view_equal(user, view_of(used->user));
}

static uint32_t used_count(const void *arg, const struct agreement *a, int32_t month)
{
	const struct used *used = arg;

	return used->month == month ? used->count : 0;
}

static const struct agreement yahoo = {
	.id = "ea-1",
	.model = SEAT_ACTIVE,
	.seats = 10,
};

/* The agreement of the table's row. */
static struct agreement agreement_of(const char *start, const char *end)
{
	struct agreement a = yahoo;

	a.terms = provider_profile(VIEW("yahoo"));
	a.start = at(start);
	a.end = at(end);
	a.purchased = at(start);
	return a;
}

static struct licence_answer ask(const struct provider_terms *terms, const struct agreement *a,
	const char *region, const char *user, const char *when, const struct used *used)
{
	const struct licence_usage usage = {used, used_has, used_count};
	const struct licence_question question = {
		.terms = terms,
		.agreements = &a,
		.agreement_count = a ? 1 : 0,
		.region = region,
		.user = view_of(user),
		.domain = VIEW("corp.example"),
		.now = at(when),
		.usage = &usage,
	};
	struct licence_answer answer;

	licence_ask(&question, &answer);
	return answer;
}

static void the_profiles_have_the_dates_of_history(void **state)
{
	static const struct {
		const char *name, *begin, *sell_until, *domains_until, *end;
		enum licence_need need;
		bool calls;
	} rows[] = {
		{"aol", NULL, NULL, "2013-10-01", "2014-07-01", LICENCE_NEED_NONE, false},
		{"google-talk", NULL, NULL, NULL, "2022-06-16", LICENCE_NEED_NONE, false},
		{"skype", "2013-05-01", NULL, NULL, "2025-05-05", LICENCE_NEED_NONE, true},
		{"windows-live", NULL, NULL, "2013-03-15", "2013-03-15", LICENCE_NEED_NONE, true},
		{"yahoo", NULL, "2012-09-01", NULL, "2014-07-01", LICENCE_NEED_SEAT, false},
	};
	uint32_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct provider_terms *p = provider_profile(view_of(rows[i].name));

		assert_ptr_equal(p, provider_profile_at(i));
		assert_int_equal(
			p->service_begin.s, rows[i].begin ? at(rows[i].begin).s : INT64_MIN);
		assert_int_equal(
			p->sell_until.s, rows[i].sell_until ? at(rows[i].sell_until).s : INT64_MAX);
		assert_int_equal(p->new_domains_until.s,
			rows[i].domains_until ? at(rows[i].domains_until).s : INT64_MAX);
		assert_int_equal(p->service_end.s, at(rows[i].end).s);
		assert_int_equal(p->need, rows[i].need);
		assert_int_equal(!!(p->capabilities & CAPABILITY_BIT(audio)), rows[i].calls);
		assert_int_equal(
			p->capabilities & (CAPABILITY_BIT(file) | CAPABILITY_BIT(group)), 0);
	}
	assert_null(provider_profile_at(i));
	assert_null(provider_profile(VIEW("icq")));
}

static void a_users_service_follows_the_dates(void **state)
{
	static const struct {
		const char *label, *provider, *start, *end, *region, *now;
		enum licence_outcome outcome;
	} rows[] = {
		{"yahoo on its last day", "yahoo", "2012-01-01", "2015-01-01", "",
			"2014-06-30T23:59:59Z", LICENCE_OUTCOME_granted},
		{"yahoo the day after", "yahoo", "2012-01-01", "2015-01-01", "", "2014-07-01",
			LICENCE_OUTCOME_provider_retired},
		{"a licence that ends in 2013 ends then", "yahoo", "2012-01-01", "2013-12-31", "",
			"2013-12-31", LICENCE_OUTCOME_expired},
		{"and not a second before", "yahoo", "2012-01-01", "2013-12-31", "",
			"2013-12-30T23:59:59Z", LICENCE_OUTCOME_granted},
		{"not before it starts", "yahoo", "2012-01-01", "2013-12-31", "",
			"2011-12-31T23:59:59Z", LICENCE_OUTCOME_not_started},
		{"from its first instant", "yahoo", "2012-01-01", "2013-12-31", "", "2012-01-01",
			LICENCE_OUTCOME_granted},
		{"yahoo without any agreement", "yahoo", NULL, NULL, "", "2013-01-01",
			LICENCE_OUTCOME_no_agreement},
		{"aol needs none until its end", "aol", NULL, NULL, "", "2014-06-30T23:59:59Z",
			LICENCE_OUTCOME_not_needed},
		{"aol after its end", "aol", NULL, NULL, "", "2014-07-01",
			LICENCE_OUTCOME_provider_retired},
		{"windows live before its end", "windows-live", NULL, NULL, "",
			"2013-03-14T23:59:59Z", LICENCE_OUTCOME_not_needed},
		{"windows live after its end", "windows-live", NULL, NULL, "", "2013-03-15",
			LICENCE_OUTCOME_provider_retired},
		{"windows live in China goes on", "windows-live", NULL, NULL, "CN", "2013-03-16",
			LICENCE_OUTCOME_not_needed},
		{"windows live elsewhere does not", "windows-live", NULL, NULL, "TW", "2013-03-16",
			LICENCE_OUTCOME_provider_retired},
		{"skype before it began", "skype", NULL, NULL, "", "2013-04-30",
			LICENCE_OUTCOME_provider_not_begun},
		{"skype", "skype", NULL, NULL, "", "2025-05-04T23:59:59Z",
			LICENCE_OUTCOME_not_needed},
		{"skype after its end", "skype", NULL, NULL, "", "2025-05-05",
			LICENCE_OUTCOME_provider_retired},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct used nobody = {0};
		struct agreement a;
		struct licence_answer answer;

		if (rows[i].start)
			a = agreement_of(rows[i].start, rows[i].end);
		answer = ask(provider_profile(view_of(rows[i].provider)), rows[i].start ? &a : NULL,
			rows[i].region, "alice@corp.example", rows[i].now, &nobody);
		if (answer.outcome != rows[i].outcome)
			fail_msg("%s: %s", rows[i].label, licence_outcome_name(answer.outcome));
	}
}

static void an_operators_other_date_holds_instead_of_the_profiles(void **state)
{
	struct provider_terms terms = *provider_profile(VIEW("aol"));
	const struct used nobody = {0};

	terms.service_end = at("2027-01-01");
	assert_int_equal(ask(&terms, NULL, "", "a@corp.example", "2026-12-31", &nobody).outcome,
		LICENCE_OUTCOME_not_needed);
	assert_int_equal(ask(&terms, NULL, "", "a@corp.example", "2027-01-01", &nobody).outcome,
		LICENCE_OUTCOME_provider_retired);
}

static void what_is_bought_or_added_too_late_is_refused_when_rules_are_read(void **state)
{
	struct agreement a = agreement_of("2012-01-01", "2015-01-01");
	struct wall renewals[] = {at("2012-08-31T23:59:59Z")};
	struct agreement_domain domains[] = {{"corp.example", at("2013-09-30"), 7}};
	unsigned line;

	a.purchased = at("2012-08-31T23:59:59Z");
	a.renewals = renewals;
	a.renewal_count = 1;
	assert_int_equal(agreement_check(&a, &line), AGREEMENT_FINE);
	renewals[0] = at("2012-09-01");
	assert_int_equal(agreement_check(&a, &line), AGREEMENT_RENEWED_TOO_LATE);
	a.purchased = at("2012-09-01");
	assert_int_equal(agreement_check(&a, &line), AGREEMENT_BOUGHT_TOO_LATE);
	a = agreement_of("2012-01-01", "2015-01-01");
	a.terms = provider_profile(VIEW("aol"));
	a.domains = domains;
	a.domain_count = 1;
	assert_int_equal(agreement_check(&a, &line), AGREEMENT_FINE);
	domains[0].since = at("2013-10-01");
	assert_int_equal(agreement_check(&a, &line), AGREEMENT_DOMAIN_TOO_LATE);
	assert_int_equal(line, 7);
	a.end = a.start;
	assert_int_equal(agreement_check(&a, &line), AGREEMENT_ENDS_BEFORE_START);
}

static void a_seat_by_name_is_had_from_its_day_to_its_day(void **state)
{
	const struct seat_assignment seats[] = {
		{"alice@corp.example", at("2012-02-01"), at("2012-03-01"), 1},
		{"alice@corp.example", at("2012-05-01"), DATE_NEVER, 2},
		{"bob@corp.example", at("2012-01-01"), DATE_NEVER, 3},
	};
	struct agreement a = agreement_of("2012-01-01", "2013-01-01");
	const struct used nobody = {0};
	unsigned line;

	a.model = SEAT_ASSIGNED;
	a.seats = 2;
	a.assignments = seats;
	a.assignment_count = 3;
	assert_int_equal(agreement_check(&a, &line), AGREEMENT_FINE);
	static const struct {
		const char *user, *now;
		enum licence_outcome outcome;
	} rows[] = {
		{"alice@corp.example", "2012-01-31T23:59:59Z", LICENCE_OUTCOME_no_seat},
		{"alice@corp.example", "2012-02-01", LICENCE_OUTCOME_granted},
		{"alice@corp.example", "2012-03-01", LICENCE_OUTCOME_no_seat},
		{"alice@corp.example", "2012-05-01", LICENCE_OUTCOME_granted},
		{"bob@corp.example", "2012-12-31", LICENCE_OUTCOME_granted},
		{"bob@corp.example", "2013-01-01", LICENCE_OUTCOME_expired},
		{"bo@corp.example", "2012-12-31", LICENCE_OUTCOME_no_seat},
		{"bob@corp.example2", "2012-12-31", LICENCE_OUTCOME_no_seat},
		{"carol@corp.example", "2012-12-31", LICENCE_OUTCOME_no_seat},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct licence_answer answer =
			ask(a.terms, &a, "", rows[i].user, rows[i].now, &nobody);

		if (answer.outcome != rows[i].outcome)
			fail_msg("%s at %s: %s", rows[i].user, rows[i].now,
				licence_outcome_name(answer.outcome));
		assert_false(answer.takes_seat);
	}
	/* What was granted says until when. */
	assert_int_equal(ask(a.terms, &a, "", "alice@corp.example", "2012-02-10", &nobody).since.s,
		at("2012-03-01").s);
	assert_int_equal(ask(a.terms, &a, "", "bob@corp.example", "2012-02-10", &nobody).since.s,
		at("2013-01-01").s);
}

static void who_has_no_seat_by_name_hears_since_when_or_until_when(void **state)
{
	static const struct {
		const char *user, *now, *since;
	} rows[] = {
		{"alice@corp.example", "2012-01-31T23:59:59Z", "2012-02-01"},
		{"alice@corp.example", "2012-03-01", "2012-03-01"},
		{"alice@corp.example", "2012-04-30", "2012-03-01"},
		{"alice@corp.example", "2012-07-01", "2012-06-01"},
		{"alic@corp.example", "2012-04-30", NULL},
		{"bob@corp.example", "2012-04-30", NULL},
	};
	static const char *const dates[][2] = {
		{"2012-02-01", "2012-03-01"}, {"2012-05-01", "2012-06-01"}};
	const struct used nobody = {0};
	struct seat_assignment seats[2];
	struct agreement a = agreement_of("2012-01-01", "2013-01-01");

	for (size_t i = 0; i < 2; i++)
		seats[i] = (struct seat_assignment){
			"alice@corp.example", at(dates[i][0]), at(dates[i][1]), 1};
	a.model = SEAT_ASSIGNED;
	a.assignments = seats;
	a.assignment_count = 2;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct licence_answer answer =
			ask(a.terms, &a, "", rows[i].user, rows[i].now, &nobody);

		if (answer.outcome != LICENCE_OUTCOME_no_seat ||
			answer.since.s != (rows[i].since ? at(rows[i].since).s : 0))
			fail_msg("%s at %s: %s %lld", rows[i].user, rows[i].now,
				licence_outcome_name(answer.outcome), (long long)answer.since.s);
	}
}

static void an_active_users_seat_is_had_to_the_end_of_the_month(void **state)
{
	struct agreement a = agreement_of("2012-01-01", "2013-01-01");
	const int32_t march = date_month(at("2012-03-01"));
	struct used used = {NULL, march, 9};
	struct licence_answer answer;

	answer = ask(a.terms, &a, "", "alice@corp.example", "2012-03-05", &used);
	assert_int_equal(answer.outcome, LICENCE_OUTCOME_granted);
	assert_true(answer.takes_seat);
	used = (struct used){"alice@corp.example", march, 10};
	answer = ask(a.terms, &a, "", "alice@corp.example", "2012-03-31T23:59:59Z", &used);
	assert_int_equal(answer.outcome, LICENCE_OUTCOME_granted);
	assert_false(answer.takes_seat);
	answer = ask(a.terms, &a, "", "bob@corp.example", "2012-03-31T23:59:59Z", &used);
	assert_int_equal(answer.outcome, LICENCE_OUTCOME_seats_exhausted);
	answer = ask(a.terms, &a, "", "bob@corp.example", "2012-04-01", &used);
	assert_int_equal(answer.outcome, LICENCE_OUTCOME_granted);
	assert_true(answer.takes_seat);
}

static void grace_serves_some_days_more_and_never_past_the_providers_end(void **state)
{
	struct agreement a = agreement_of("2012-01-01", "2013-01-01");
	const struct used nobody = {0};
	struct licence_answer answer;

	assert_int_equal(ask(a.terms, &a, "", "a@corp.example", "2013-01-01", &nobody).outcome,
		LICENCE_OUTCOME_expired);
	a.grace_days = 30;
	answer = ask(a.terms, &a, "", "a@corp.example", "2013-01-30T23:59:59Z", &nobody);
	assert_int_equal(answer.outcome, LICENCE_OUTCOME_granted);
	assert_int_equal(answer.state, LICENCE_GRACE);
	answer = ask(a.terms, &a, "", "a@corp.example", "2013-01-31", &nobody);
	assert_int_equal(answer.outcome, LICENCE_OUTCOME_expired);
	assert_int_equal(answer.since.s, at("2013-01-31").s);
	a.end = at("2014-06-20");
	assert_int_equal(ask(a.terms, &a, "", "a@corp.example", "2014-07-01", &nobody).outcome,
		LICENCE_OUTCOME_provider_retired);
}

static void an_agreement_holds_for_the_domains_that_it_lists(void **state)
{
	struct agreement_domain domains[] = {
		{"corp.example", at("2012-06-01"), 1}, {"other.example", at("2012-01-01"), 2}};
	struct agreement a = agreement_of("2012-01-01", "2013-01-01");
	const struct used nobody = {0};

	a.domains = domains;
	a.domain_count = 2;
	assert_int_equal(ask(a.terms, &a, "", "a@corp.example", "2012-05-31", &nobody).outcome,
		LICENCE_OUTCOME_no_agreement);
	assert_int_equal(ask(a.terms, &a, "", "a@corp.example", "2012-06-01", &nobody).outcome,
		LICENCE_OUTCOME_granted);
}

static void the_reason_is_that_of_the_agreement_that_came_nearest(void **state)
{
	struct agreement old = agreement_of("2010-01-01", "2012-01-01");
	struct agreement full = agreement_of("2012-01-01", "2013-01-01");
	struct agreement next = agreement_of("2013-01-01", "2014-01-01");
	const struct agreement *all[] = {&old, &full, &next};
	struct used used = {NULL, date_month(at("2012-03-01")), 10};
	const struct licence_usage usage = {&used, used_has, used_count};
	struct licence_question q = {.terms = full.terms,
		.agreements = all,
		.agreement_count = 3,
		.region = "",
		.user = VIEW("a@corp.example"),
		.domain = VIEW("corp.example"),
		.now = at("2012-03-10"),
		.usage = &usage};
	struct licence_answer answer;

	licence_ask(&q, &answer);
	assert_int_equal(answer.outcome, LICENCE_OUTCOME_seats_exhausted);
	assert_ptr_equal(answer.agreement, &full);
	q.now = at("2013-03-10");
	licence_ask(&q, &answer);
	assert_int_equal(answer.outcome, LICENCE_OUTCOME_granted);
	assert_ptr_equal(answer.agreement, &next);
	q.agreement_count = 1;
	licence_ask(&q, &answer);
	assert_int_equal(answer.outcome, LICENCE_OUTCOME_expired);
	assert_int_equal(answer.since.s, at("2012-01-01").s);
}

/* Never more than there are at any day, against counting day by day. */
static void assignments_that_need_more_seats_than_there_are_are_refused(void **state)
{
	enum { USERS = 6, DAYS = 30 };
	static const char *const names[USERS] = {"a@c", "b@c", "c@c", "d@c", "e@c", "f@c"};

	srand(7);
	for (int round = 0; round < 2000; round++) {
		struct seat_assignment seats[USERS];
		struct agreement a = agreement_of("2012-01-01", "2013-01-01");
		uint32_t by_day[DAYS] = {0};
		uint32_t most = 0;
		unsigned line;

		for (uint32_t i = 0; i < USERS; i++) {
			int from = rand() % (DAYS - 1);
			int to = from + 1 + rand() % (DAYS - from - 1);

			seats[i] = (struct seat_assignment){names[i],
				date_after_days(a.start, (uint32_t)from),
				date_after_days(a.start, (uint32_t)to), i};
			for (int day = from; day < to; day++)
				by_day[day]++;
		}
		for (int day = 0; day < DAYS; day++)
			most = by_day[day] > most ? by_day[day] : most;
		a.assignments = seats;
		a.assignment_count = USERS;
		a.seats = most;
		assert_int_equal(agreement_check(&a, &line), AGREEMENT_FINE);
		a.seats = most - 1;
		assert_int_equal(agreement_check(&a, &line), AGREEMENT_TOO_FEW_SEATS);
	}
}

static void one_users_assignments_do_not_meet(void **state)
{
	struct agreement a = agreement_of("2012-01-01", "2013-01-01");
	struct seat_assignment seats[] = {
		{"a@c", at("2012-01-01"), at("2012-02-01"), 4},
		{"a@c", at("2012-01-31"), at("2012-03-01"), 5},
	};
	unsigned line;

	a.assignments = seats;
	a.assignment_count = 2;
	assert_int_equal(agreement_check(&a, &line), AGREEMENT_USER_TWICE);
	assert_int_equal(line, 5);
	seats[1].from = at("2012-02-01");
	assert_int_equal(agreement_check(&a, &line), AGREEMENT_FINE);
	seats[1].to = seats[1].from;
	assert_int_equal(agreement_check(&a, &line), AGREEMENT_ASSIGNMENT_BACKWARDS);
}

static void alarms_come_at_ninety_and_a_hundred_percent(void **state)
{
	static const struct {
		uint32_t seats, used, alarm;
	} rows[] = {{10, 8, 0}, {10, 9, 90}, {10, 10, 100}, {10, 11, 100}, {11, 9, 0}, {11, 10, 90},
		{1, 0, 0}, {1, 1, 100}, {0, 0, 100}, {4000000000, 3600000000, 90}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (licence_alarm(rows[i].seats, rows[i].used) != rows[i].alarm)
			fail_msg("%u of %u", rows[i].used, rows[i].seats);
}

static void the_credit_is_the_part_that_the_providers_end_cut_off(void **state)
{
	struct agreement a = agreement_of("2014-01-01", "2015-01-01");
	struct licence_credit credit = licence_credit(&a, "");

	assert_int_equal(credit.unused_s, INT64_C(184) * 86400);
	assert_int_equal(credit.paid_s, INT64_C(365) * 86400);
	a.end = at("2014-07-01");
	assert_int_equal(licence_credit(&a, "").unused_s, 0);
	a.start = at("2014-08-01");
	a.end = at("2014-09-01");
	credit = licence_credit(&a, "");
	assert_int_equal(credit.unused_s, credit.paid_s);
}

static void a_capability_is_known_by_its_name(void **state)
{
	enum capability capability;

	for (uint32_t i = 0; i < CAPABILITY_COUNT; i++) {
		assert_true(
			capability_read(view_of(capability_name((enum capability)i)), &capability));
		assert_int_equal(capability, i);
	}
	assert_false(capability_read(VIEW("IM"), &capability));
	assert_false(capability_read(VIEW(""), &capability));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_profiles_have_the_dates_of_history),
		cmocka_unit_test(a_users_service_follows_the_dates),
		cmocka_unit_test(an_operators_other_date_holds_instead_of_the_profiles),
		cmocka_unit_test(what_is_bought_or_added_too_late_is_refused_when_rules_are_read),
		cmocka_unit_test(a_seat_by_name_is_had_from_its_day_to_its_day),
		cmocka_unit_test(who_has_no_seat_by_name_hears_since_when_or_until_when),
		cmocka_unit_test(an_active_users_seat_is_had_to_the_end_of_the_month),
		cmocka_unit_test(grace_serves_some_days_more_and_never_past_the_providers_end),
		cmocka_unit_test(an_agreement_holds_for_the_domains_that_it_lists),
		cmocka_unit_test(the_reason_is_that_of_the_agreement_that_came_nearest),
		cmocka_unit_test(assignments_that_need_more_seats_than_there_are_are_refused),
		cmocka_unit_test(one_users_assignments_do_not_meet),
		cmocka_unit_test(alarms_come_at_ninety_and_a_hundred_percent),
		cmocka_unit_test(the_credit_is_the_part_that_the_providers_end_cut_off),
		cmocka_unit_test(a_capability_is_known_by_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
