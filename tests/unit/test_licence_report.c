/* SPDX-License-Identifier: BSD-3-Clause */
/* What has been used of each agreement, from the record and from the rules. */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "control/policy/report.h"
#include "rules/base/log.h"
#include "rules/decide.h"
#include "tests/unit/compile.h"
#include "tests/unit/instant.h"
#include "tests/unit/old_record.h"

/* active: 10 seats; named: 2; paid: half of it was cut off. */
static const char document[] =
	"service: {addresses: [198.51.100.1]}\n"
	"local:\n"
	"  - {domain: corp.example, certificate: c, key: k, inside: {protocol: sip, host: h.example}}\n"
	"providers:\n"
	"  - {name: yahoo, profile: yahoo, enabled: true, domains: [yahoo.example]}\n"
	"  - {name: open, enabled: true, domains: [open.example], licence: seat}\n"
	"licences:\n"
	"  - {agreement: active, provider: open, seats: 10, start: 2026-01-01, end: 2027-01-01,\n"
	"     purchased: 2025-12-24, renewals: [2026-06-01], grace_days: 30}\n"
	"  - agreement: named\n"
	"    provider: open\n"
	"    model: assigned\n"
	"    seats: 2\n"
	"    start: 2026-02-01\n"
	"    end: 2026-06-01\n"
	"    assignments:\n"
	"      - {user: a@corp.example, from: 2026-01-01, to: 2026-03-15}\n"
	"      - {user: b@corp.example, from: 2026-03-15, to: 2026-04-01}\n"
	"      - {user: c@corp.example, from: 2026-03-31}\n"
	"  - {agreement: paid, provider: yahoo, seats: 5, start: 2012-01-01, end: 2016-12-31}\n";

struct bench {
	char directory[64], path[128], head_path[128];
	struct ruleset *rules;
	struct loop *loop;
	struct store *store;
	struct usage *usage;
};

static void begin(struct bench *b)
{
	char why[STORE_WHY_BYTES];

	b->store = store_open(b->loop, b->path, USAGE_SCHEMA, why, sizeof(why));
	b->usage = b->store ? usage_open(b->store, b->head_path, why, sizeof(why)) : NULL;
	if (!b->usage)
		fail_msg("%s", why);
}

static void end(struct bench *b)
{
	store_close(b->store);
	usage_free(b->usage);
	b->store = NULL;
	b->usage = NULL;
}

static int setup(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	log_setup("test", LOG_LEVEL_ERROR);
	strcpy(b->directory, "/tmp/picket-report-XXXXXX");
	assert_non_null(mkdtemp(b->directory));
	snprintf(b->path, sizeof(b->path), "%s/" USAGE_DATABASE_FILE, b->directory);
	snprintf(b->head_path, sizeof(b->head_path), "%s/" USAGE_HEAD_FILE, b->directory);
	b->rules = compile(document);
	b->loop = loop_new();
	begin(b);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bench *b = *state;
	char command[160];

	end(b);
	loop_free(b->loop);
	ruleset_free(b->rules);
	snprintf(command, sizeof(command), "rm -r %s", b->directory);
	assert_int_equal(system(command), 0);
	free(b);
	return 0;
}

static void told(void *arg, int error)
{
	assert_int_equal(error, 0);
	loop_stop(arg);
}

/* While the agreement has this many seats. */
static void take_of(struct bench *b, const char *id, uint32_t seats, int user, const char *when)
{
	struct agreement agreement = {
		.id = id, .terms = provider_profile(VIEW("yahoo")), .seats = seats};
	char name[32];

	snprintf(name, sizeof(name), "u%d@corp.example", user);
	assert_int_equal(
		usage_take(b->usage, &agreement, view_of(name), at(when), told, b->loop), 0);
	loop_run(b->loop);
}

static void take(struct bench *b, const char *id, int user, const char *when)
{
	take_of(b, id, 10, user, when);
}

static struct report made(struct bench *b, const char *from, const char *to, const char *now)
{
	struct report_period period;
	struct report report;
	const char *wrong;
	char why[256];

	if (!report_period_read(from, to, at(now), &period, &wrong))
		fail_msg("%s", wrong);
	if (report_make(b->rules, b->directory, &period, at(now), &report, why, sizeof(why)) < 0)
		fail_msg("%s", why);
	return report;
}

/* A member of an agreement: "peak.seats", "months[1].seats" are asked for by JSON's own path of one. */
static json_t *of(const struct report *report, const char *agreement)
{
	json_t *row;
	size_t i;

	json_array_foreach(report->rows, i, row)
	{
		if (strcmp(json_string_value(json_object_get(row, "agreement")), agreement) == 0)
			return row;
	}
	fail_msg("%s is not in it", agreement);
	return NULL;
}

static void is(json_t *value, const char *expected)
{
	char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));

	assert_string_equal(text ? text : "(none)", expected);
	free(text);
}

static void active_months_are_counted_with_their_peak_and_when_alarms_came(void **state)
{
	struct bench *b = *state;
	struct report report;

	for (int i = 0; i < 8; i++)
		take(b, "active", i, "2026-03-01");
	take(b, "active", 8, "2026-03-02T10:00:00Z");
	take(b, "active", 9, "2026-03-03T10:00:00Z");
	take(b, "active", 3, "2026-04-01");
	report = made(b, NULL, NULL, "2026-05-01");
	is(json_object_get(of(&report, "active"), "months"),
		"[{\"month\":\"2026-03\",\"seats\":10,\"of\":10,\"alarm\":100,"
		"\"alarm_90_at\":\"2026-03-02T10:00:00Z\",\"alarm_100_at\":\"2026-03-03T10:00:00Z\"},"
		"{\"month\":\"2026-04\",\"seats\":1,\"of\":10,\"alarm\":0}]");
	is(json_object_get(of(&report, "active"), "peak"), "{\"month\":\"2026-03\",\"seats\":10}");
	assert_int_equal(report.fault, USAGE_FINE);
	is(json_object_get(report.head, "record"), "\"whole\"");
	is(json_object_get(report.head, "whole_rows"), "11");
	is(json_object_get(report.head, "from"), "null");
	is(json_object_get(report.head, "to"), "\"2026-05\"");
	report_free(&report);
	report = made(b, "2026-04", "2026-04", "2026-05-01");
	is(json_object_get(of(&report, "active"), "months"),
		"[{\"month\":\"2026-04\",\"seats\":1,\"of\":10,\"alarm\":0}]");
	/* The record is read whole all the same. */
	is(json_object_get(report.head, "whole_rows"), "11");
	report_free(&report);
}

static void alarms_are_by_the_seats_that_there_were_then(void **state)
{
	struct bench *b = *state;
	struct report report;

	take_of(b, "active", 2, 0, "2026-04-01");
	take_of(b, "active", 2, 1, "2026-04-02");
	/* Two more are bought; what has been alarming was so. */
	take_of(b, "active", 4, 2, "2026-04-03");
	take_of(b, "active", 4, 0, "2026-05-01");
	take_of(b, "gone", 1, 0, "2026-05-01");
	report = made(b, NULL, NULL, "2026-06-01");
	is(json_object_get(of(&report, "active"), "months"),
		"[{\"month\":\"2026-04\",\"seats\":3,\"of\":4,\"alarm\":100,"
		"\"alarm_90_at\":\"2026-04-02\",\"alarm_100_at\":\"2026-04-02\"},"
		"{\"month\":\"2026-05\",\"seats\":1,\"of\":4,\"alarm\":0}]");
	is(json_object_get(of(&report, "gone"), "months"),
		"[{\"month\":\"2026-05\",\"seats\":1,\"of\":1,\"alarm\":100,"
		"\"alarm_90_at\":\"2026-05-01\",\"alarm_100_at\":\"2026-05-01\"}]");
	report_free(&report);
}

static void old_record_put(struct bench *b)
{
	sqlite3 *database;
	FILE *head;

	end(b);
	assert_int_equal(sqlite3_open(b->path, &database), SQLITE_OK);
	assert_int_equal(sqlite3_exec(database, "DROP TABLE usage; " OLD_RECORD, NULL, NULL, NULL),
		SQLITE_OK);
	sqlite3_close(database);
	head = fopen(b->head_path, "w");
	assert_non_null(head);
	fputs(OLD_RECORD_HEAD, head);
	fclose(head);
}

/* By the seats of the rules, 10, in months whose rows do not say how many there were. */
static void a_record_of_before_seats_were_kept_is_read(void **state)
{
	static const char march[] = "{\"month\":\"2026-03\",\"seats\":3,\"alarm\":0}";
	struct bench *b = *state;
	struct report report;
	char months[256];

	old_record_put(b);
	/* Nobody has opened it for writing yet. */
	report = made(b, NULL, NULL, "2026-06-01");
	snprintf(months, sizeof(months), "[%s]", march);
	is(json_object_get(of(&report, "active"), "months"), months);
	is(json_object_get(report.head, "record"), "\"whole\"");
	is(json_object_get(report.head, "whole_rows"), "3");
	report_free(&report);
	begin(b);
	take_of(b, "active", 5, 0, "2026-04-01");
	report = made(b, NULL, NULL, "2026-06-01");
	snprintf(months, sizeof(months),
		"[%s,{\"month\":\"2026-04\",\"seats\":1,\"of\":5,\"alarm\":0}]", march);
	is(json_object_get(of(&report, "active"), "months"), months);
	is(json_object_get(report.head, "record"), "\"whole\"");
	is(json_object_get(report.head, "whole_rows"), "4");
	report_free(&report);
}

static void windows_and_states_are_those_of_the_rules(void **state)
{
	struct report report = made(*state, NULL, NULL, "2027-01-10");
	json_t *row = of(&report, "active");

	is(json_object_get(row, "state"), "\"grace\"");
	is(json_object_get(row, "provider_state"), "\"open\"");
	is(json_object_get(row, "purchased"), "\"2025-12-24\"");
	is(json_object_get(row, "renewals"), "[\"2026-06-01\"]");
	is(json_object_get(row, "grace_days"), "30");
	is(json_object_get(row, "sell_until"), "\"never\"");
	is(json_object_get(row, "months"), "[]");
	is(json_object_get(row, "peak"), "null");
	row = of(&report, "paid");
	is(json_object_get(row, "provider_state"), "\"retired\"");
	is(json_object_get(row, "sell_until"), "\"2012-09-01\"");
	is(json_object_get(row, "service_end"), "\"2014-07-01\"");
	report_free(&report);
}

/* The most at one instant: who goes makes room for who comes at the same instant. */
static void assigned_seats_are_counted_while_the_agreement_is_served(void **state)
{
	struct report report = made(*state, NULL, NULL, "2026-11-01");

	is(json_object_get(of(&report, "named"), "months"),
		"[{\"month\":\"2026-02\",\"seats\":1,\"of\":2,\"alarm\":0},"
		"{\"month\":\"2026-03\",\"seats\":2,\"of\":2,\"alarm\":100},"
		"{\"month\":\"2026-04\",\"seats\":1,\"of\":2,\"alarm\":0},"
		"{\"month\":\"2026-05\",\"seats\":1,\"of\":2,\"alarm\":0}]");
	report_free(&report);
	report = made(*state, "2026-03", "2026-03", "2026-11-01");
	is(json_object_get(of(&report, "named"), "peak"), "{\"month\":\"2026-03\",\"seats\":2}");
	report_free(&report);
}

/* 2012-01-01 to 2016-12-31 is 1826 days, 914 of them after 2014-07-01. */
static void the_credit_is_what_the_end_of_service_cut_off(void **state)
{
	struct report report = made(*state, NULL, NULL, "2026-11-01");

	is(json_object_get(of(&report, "paid"), "credit"),
		"{\"unused_days\":914.0,\"paid_days\":1826.0,\"percent\":50.05}");
	is(json_object_get(of(&report, "active"), "credit"),
		"{\"unused_days\":0.0,\"paid_days\":365.0,\"percent\":0.0}");
	report_free(&report);
}

/* R10: months in which seats were taken stay, with the credit, however long the service has been over; and none come
 * to them. */
static void the_months_of_a_retired_provider_are_kept(void **state)
{
	struct bench *b = *state;
	const struct question q = {.ours = {VIEW("u1@corp.example"), VIEW("corp.example")},
		.theirs = {VIEW("x@yahoo.example"), VIEW("yahoo.example")},
		.trust = TRUST_PROVEN,
		.protocol = PROTOCOL_SIP,
		.now = at("2014-07-01"),
		.usage = usage_view(b->usage)};
	struct verdict verdict;

	take_of(b, "paid", 5, 1, "2014-05-20");
	for (int i = 1; i < 4; i++)
		take_of(b, "paid", 5, i, "2014-06-10");
	decide(b->rules, &q, &verdict);
	assert_int_equal(verdict.reason, REASON_provider_retired);
	assert_false(verdict.takes_seat);
	/* Another process reads what this one wrote. */
	end(b);
	begin(b);
	for (int turn = 0; turn < 2; turn++) {
		struct report report = made(b, NULL, "2014-07", turn ? "2026-11-01" : "2014-07-01");
		json_t *row = of(&report, "paid");

		is(json_object_get(row, "provider_state"), "\"retired\"");
		is(json_object_get(row, "months"),
			"[{\"month\":\"2014-05\",\"seats\":1,\"of\":5,\"alarm\":0},"
			"{\"month\":\"2014-06\",\"seats\":3,\"of\":5,\"alarm\":0}]");
		is(json_object_get(row, "peak"), "{\"month\":\"2014-06\",\"seats\":3}");
		is(json_object_get(row, "credit"),
			"{\"unused_days\":914.0,\"paid_days\":1826.0,\"percent\":50.05}");
		assert_int_equal(report.fault, USAGE_FINE);
		report_free(&report);
	}
}

static void what_the_rules_do_not_name_any_more_is_there_too(void **state)
{
	struct report report;

	take_of(*state, "old", 3, 1, "2025-03-01");
	report = made(*state, NULL, NULL, "2026-11-01");
	is(json_object_get(of(&report, "old"), "in_rules"), "false");
	is(json_object_get(of(&report, "old"), "months"),
		"[{\"month\":\"2025-03\",\"seats\":1,\"of\":3,\"alarm\":0}]");
	is(json_object_get(of(&report, "old"), "credit"), "null");
	report_free(&report);
}

static void damage_is_said_with_its_row(void **state)
{
	static const struct {
		const char *sql, *record;
		enum usage_fault fault;
		int row, whole;
	} cases[] = {
		{"UPDATE usage SET user = 'x' WHERE seq = 2", "\"edited\"", USAGE_EDITED, 2, 1},
		{"DELETE FROM usage WHERE seq = 1", "\"edited\"", USAGE_EDITED, 1, 0},
		{"DELETE FROM usage WHERE seq >= 2", "\"cut off\"", USAGE_CUT_OFF, 2, 1},
		{"DELETE FROM usage", "\"cut off\"", USAGE_CUT_OFF, 1, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct report report;
		struct bench *b;
		sqlite3 *database;
		void *own;

		setup(&own);
		b = own;
		for (int user = 0; user < 3; user++)
			take(b, "active", user, "2026-03-01");
		/* While the process that wrote it goes on. */
		assert_int_equal(sqlite3_open(b->path, &database), SQLITE_OK);
		assert_int_equal(sqlite3_exec(database, cases[i].sql, NULL, NULL, NULL), SQLITE_OK);
		sqlite3_close(database);
		report = made(b, NULL, NULL, "2026-11-01");
		assert_int_equal(report.fault, cases[i].fault);
		is(json_object_get(report.head, "record"), cases[i].record);
		assert_int_equal(json_integer_value(json_object_get(report.head, "wrong_from_row")),
			cases[i].row);
		assert_int_equal(json_integer_value(json_object_get(report.head, "whole_rows")),
			cases[i].whole);
		report_free(&report);
		teardown(&own);
	}
}

/* Not a byte of it is another one afterwards: rows that a killed process left in its journal included. */
static void nothing_is_changed_by_looking(void **state)
{
	struct bench *b = *state;
	struct report report;
	char command[256];

	take(b, "active", 1, "2026-03-01");
	snprintf(command, sizeof(command), "cd %s && cp facts.db a && cp facts.db-wal b",
		b->directory);
	assert_int_equal(system(command), 0);
	report = made(b, NULL, NULL, "2026-11-01");
	is(json_object_get(report.head, "whole_rows"), "1");
	report_free(&report);
	snprintf(command, sizeof(command), "cd %s && cmp facts.db a && cmp facts.db-wal b",
		b->directory);
	assert_int_equal(system(command), 0);
}

static void without_a_state_directory_names_are_known_and_nothing_else(void **state)
{
	struct bench *b = *state;
	struct report_period period;
	struct report report;
	const char *wrong;
	char why[256];

	assert_true(report_period_read(NULL, NULL, at("2026-11-01"), &period, &wrong));
	assert_int_equal(
		report_make(b->rules, NULL, &period, at("2026-11-01"), &report, why, sizeof(why)),
		0);
	is(json_object_get(report.head, "record"), "\"none\"");
	assert_int_equal(json_array_size(json_object_get(of(&report, "named"), "months")), 4);
	report_free(&report);
	assert_true(report_make(b->rules, "/nonexistent", &period, at("2026-11-01"), &report, why,
			    sizeof(why)) < 0);
	assert_non_null(strstr(why, "/nonexistent/facts.db: "));
	report_free(&report);
}

static void a_period_is_whole_months_and_not_backwards(void **state)
{
	static const struct {
		const char *from, *to, *why;
	} cases[] = {
		{NULL, NULL, NULL},
		{"2026-01", NULL, NULL},
		{NULL, "2025-01", NULL},
		{"2026-11", "2026-11", NULL},
		{"2026-12", NULL, "before it begins"},
		{"2026-02", "2026-01", "before it begins"},
		{"1990-01", "2045-01", "50 years"},
		{"2026-1", NULL, "written like"},
		{"2026-13", NULL, "written like"},
		{"2026-01-01", NULL, "written like"},
		{NULL, "now", "written like"},
		{"", NULL, "written like"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct report_period period;
		const char *why = NULL;
		bool fine = report_period_read(
			cases[i].from, cases[i].to, at("2026-11-22"), &period, &why);

		if (fine != !cases[i].why || (!fine && !strstr(why, cases[i].why)))
			fail_msg("case %zu: %s", i, why);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(active_months_are_counted_with_their_peak_and_when_alarms_came),
		TEST(alarms_are_by_the_seats_that_there_were_then),
		TEST(a_record_of_before_seats_were_kept_is_read),
		TEST(windows_and_states_are_those_of_the_rules),
		TEST(assigned_seats_are_counted_while_the_agreement_is_served),
		TEST(the_credit_is_what_the_end_of_service_cut_off),
		TEST(the_months_of_a_retired_provider_are_kept),
		TEST(what_the_rules_do_not_name_any_more_is_there_too),
		cmocka_unit_test(damage_is_said_with_its_row),
		TEST(nothing_is_changed_by_looking),
		TEST(without_a_state_directory_names_are_known_and_nothing_else),
		TEST(a_period_is_whole_months_and_not_backwards),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
