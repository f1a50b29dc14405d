/* SPDX-License-Identifier: BSD-3-Clause */
/* Which rules a start serves. */
#include "tests/unit/test.h"

#include <errno.h>
#include <inttypes.h>

#include "control/history.h"
#include "control/startup.h"
#include "tests/unit/crash.h"
#include "tests/unit/rules_house.h"

static struct rules_house house;

static int set_up(void **state)
{
	house_open(&house);
	return 0;
}

static int tear_down(void **state)
{
	house_close(&house);
	return 0;
}

static void say(const char *partners)
{
	house_write(&house, "rules.yaml", house_document(partners, 5269, 0));
}

/* What a start served. */
struct served {
	int rc;
	uint64_t generation, back;
	enum record_what what;
	char partner[64]; /* the first one */
	uint32_t id;      /* of it */
};

static struct served start_with(const char *state, int64_t now_s)
{
	struct startup s = {
		.rules_file = house.rules, .ca_file = house.ca, .state_directory = state};
	struct served served = {0};
	char why[512] = "";

	served.rc = startup_load(&s);
	if (served.rc == 0) {
		served.rc = startup_settle(&s, (struct wall){now_s}, why, sizeof(why));
		if (served.rc < 0)
			fprintf(stderr, "%s\n", why);
	}
	if (served.rc == 0) {
		const struct ruleset *rules = s.generation->rules;

		served.generation = rules->generation;
		served.back = s.record.back;
		served.what = s.record.what;
		served.id = rules->partners[0].id;
		snprintf(served.partner, sizeof(served.partner), "%s", rules->partners[0].domain);
		assert_int_equal(s.record.generation, rules->generation);
		assert_non_null(ruleset_partner(rules, view_of(served.partner)));
	}
	startup_end(&s);
	generation_drop(s.generation);
	archive_free(s.archive);
	return served;
}

static struct served start(int64_t now_s)
{
	return start_with(house.state, now_s);
}

#define check_served(s, p, g)                                                                      \
	do {                                                                                       \
		struct served served_ = (s);                                                       \
                                                                                                   \
		assert_int_equal(served_.rc, 0);                                                   \
		assert_string_equal(served_.partner, p);                                           \
		assert_int_equal(served_.generation, g);                                           \
	} while (0)

/* What operators did meanwhile: this document from this file is in force. */
static void apply(const char *partners, const char *origin, uint64_t generation, bool seen)
{
	const char *document = house_document(partners, 5269, 0);
	struct record record = {.generation = generation, .what = RECORD_APPLY, .at_s = 1700000000};
	char why[512];
	struct archive *archive = archive_open(house.state, why, sizeof(why));
	struct record_current current = *archive_seen(archive);
	static struct rules_errors errors;
	struct ruleset *rules = ruleset_compile(view_of(document), origin, &errors);

	assert_int_equal(history_ids(house.state, rules, why, sizeof(why)), 0);
	assert_int_equal(history_content(rules, &record.table), 0);
	record.back = archive_current(archive)->generation;
	snprintf(record.origin, sizeof(record.origin), "%s", origin);
	record_digest(view_of(document), record.digest);
	current.generation = generation;
	if (seen)
		memcpy(current.seen, record.digest, sizeof(current.seen));
	assert_int_equal(archive_write(archive_directory(archive), &record, view_of(document),
				 &current, why, sizeof(why)),
		0);
	archive_free(archive);
	ruleset_free(rules);
}

static void the_file_is_served_until_something_else_is_said(void **state)
{
	struct served served;

	say("a.example");
	check_served(start(1000), "a.example", 1000);
	check_served(start(2000), "a.example", 1000);
	say("b.example");
	served = start(3000);
	check_served(served, "b.example", 3000);
	assert_int_equal(served.back, 1000);
	assert_int_equal(served.what, RECORD_START);
	/* Comments alone are another document too. */
	house_write(&house, "rules.yaml", "# empty\n");
	assert_int_equal(truncate(house.rules, 0), 0);
	say("b.example");
	check_served(start(4000), "b.example", 3000);
}

static void what_was_applied_is_served_after_a_restart(void **state)
{
	struct served served;

	say("a.example");
	check_served(start(1000), "a.example", 1000);
	apply("b.example", house_path(&house, "other.yaml"), 1500, false);
	served = start(2000);
	check_served(served, "b.example", 1500);
	assert_int_equal(served.what, RECORD_APPLY);
	/* Once more, and again. */
	check_served(start(3000), "b.example", 1500);
	/* Until somebody writes the file anew. */
	say("c.example");
	served = start(4000);
	check_served(served, "c.example", 4000);
	assert_int_equal(served.back, 1500);
}

static void the_file_that_was_applied_is_nothing_new(void **state)
{
	say("a.example");
	check_served(start(1000), "a.example", 1000);
	say("b.example");
	apply("b.example", house.rules, 1500, true);
	check_served(start(2000), "b.example", 1500);
	/* Then a rollback: the file says b, and said so before. */
	apply("a.example", house.rules, 2500, false);
	check_served(start(3000), "a.example", 2500);
	check_served(start(4000), "a.example", 2500);
}

static void a_file_that_says_what_is_in_force_is_seen(void **state)
{
	say("a.example");
	check_served(start(1000), "a.example", 1000);
	apply("b.example", house.rules, 1500, false);
	say("b.example");
	/* Not new, but from now on known. */
	check_served(start(2000), "b.example", 1500);
	apply("c.example", "/elsewhere.yaml", 2500, false);
	/* Its certificates would lie there: what is in force cannot be served, older rules are not. */
	assert_int_equal(start(3000).rc, -EINVAL);
	say("d.example");
	check_served(start(3000), "d.example", 3000);
}

static void a_new_file_that_is_no_good_leaves_what_was_in_force(void **state)
{
	struct served served;

	say("a.example");
	check_served(start(1000), "a.example", 1000);
	house_write(&house, "rules.yaml", "service: 5\n");
	check_served(start(2000), "a.example", 1000);
	check_served(start(3000), "a.example", 1000);
	assert_int_equal(unlink(house.rules), 0);
	check_served(start(3000), "a.example", 1000);
	say("b.example");
	served = start(4000);
	check_served(served, "b.example", 4000);
	assert_int_equal(served.back, 1000);
}

static void without_anything_that_is_good_there_is_no_start(void **state)
{
	assert_int_equal(start(1000).rc, -EINVAL);
	house_write(&house, "rules.yaml", "service: 5\n");
	assert_int_equal(start(1000).rc, -EINVAL);
	say("a.example");
	unlink(house_path(&house, "corp.key"));
	assert_int_equal(start(1000).rc, -EINVAL);
	house_certify(&house);
	unlink(house.ca);
	assert_int_equal(start(1000).rc, -EINVAL);
}

static void what_is_damaged_is_not_served(void **state)
{
	static const struct {
		const char *file, *content;
	} cases[] = {
		{"state/rules/1500.yaml", "service: {}\n"},
		{"state/rules/1500.record", "x"},
		{"state/rules/current", "picket-current 1\n"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		say("a.example");
		check_served(start(1000), "a.example", 1000);
		apply("b.example", house_path(&house, "other.yaml"), 1500, false);
		house_write(&house, cases[i].file, cases[i].content);
		/* A number that was never there, although the clock stands. */
		check_served(start(1000), "a.example", 1501);
		check_served(start(1000), "a.example", 1501);
		tear_down(NULL);
		set_up(NULL);
	}
}

static void another_table_for_the_same_rules_is_another_generation(void **state)
{
	char why[512];
	struct archive *archive;
	struct record record;
	struct text text;
	struct served served;

	say("a.example");
	check_served(start(1000), "a.example", 1000);
	say("b.example");
	check_served(start(2000), "b.example", 2000);
	archive = archive_open(house.state, why, sizeof(why));
	record = *archive_current(archive);
	archive_free(archive);
	record.table++;
	text_init(&text, RECORD_TEXT_BYTES_MAX);
	record_print(&record, &text);
	house_write(&house, "state/rules/2000.record", text.p);
	text_free(&text);
	served = start(3000);
	check_served(served, "b.example", 3000);
	assert_int_equal(served.back, 1000);
	check_served(start(4000), "b.example", 3000);
}

static void a_state_of_before_keeps_its_number(void **state)
{
	static struct rules_errors errors;
	const char *document = house_document("a.example", 5269, 0);
	struct ruleset *rules = ruleset_compile(view_of(document), NULL, &errors);
	char why[256];

	assert_int_equal(
		history_settle(house.state, rules, (struct wall){500}, why, sizeof(why)), 0);
	ruleset_free(rules);
	say("a.example");
	check_served(start(1000), "a.example", 500);
	check_served(start(1000), "a.example", 500);
}

static void partners_keep_their_ids(void **state)
{
	struct served served;

	say("b.example");
	served = start(1000);
	assert_int_equal(served.id, 1);
	say("a.example, b.example");
	served = start(2000);
	assert_string_equal(served.partner, "a.example");
	assert_int_equal(served.id, 2);
}

static void certificates_lie_beside_the_link_to_a_file(void **state)
{
	char elsewhere[160];

	snprintf(elsewhere, sizeof(elsewhere), "%s", house_path(&house, "state/real.yaml"));
	house_write(&house, "state/real.yaml", house_document("a.example", 5269, 0));
	assert_int_equal(symlink(elsewhere, house.rules), 0);
	check_served(start(1000), "a.example", 1000);
	check_served(start(2000), "a.example", 1000);
	house_write(&house, "state/real.yaml", house_document("b.example", 5269, 0));
	check_served(start(3000), "b.example", 3000);
}

static void without_a_directory_the_file_is_served(void **state)
{
	say("a.example");
	check_served(start_with(NULL, 1000), "a.example", 1000);
	check_served(start_with(NULL, 1000), "a.example", 1000);
	assert_int_equal(start_with("/nonexistent/state", 1000).rc, -ENOENT);
}

static int start_once(void *arg)
{
	return start(2000).rc;
}

static void a_start_that_dies_does_no_harm(void **state)
{
	bool died = true;

	for (int k = 1; died; k++) {
		struct served served;

		say("a.example");
		check_served(start(1000), "a.example", 1000);
		say("b.example");
		died = crash_at(k, start_once, NULL);
		/* Half a start is not seen: the file is as new as it was, or served already. */
		served = start(3000);
		assert_int_equal(served.rc, 0);
		assert_string_equal(served.partner, "b.example");
		assert_int_equal(served.back, 1000);
		assert_true(served.generation >= 2000);
		check_served(start(4000), "b.example", served.generation);
		tear_down(NULL);
		set_up(NULL);
	}
}

#define house_test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		house_test(the_file_is_served_until_something_else_is_said),
		house_test(what_was_applied_is_served_after_a_restart),
		house_test(the_file_that_was_applied_is_nothing_new),
		house_test(a_file_that_says_what_is_in_force_is_seen),
		house_test(a_new_file_that_is_no_good_leaves_what_was_in_force),
		house_test(without_anything_that_is_good_there_is_no_start),
		house_test(what_is_damaged_is_not_served),
		house_test(another_table_for_the_same_rules_is_another_generation),
		house_test(a_state_of_before_keeps_its_number),
		house_test(partners_keep_their_ids),
		house_test(certificates_lie_beside_the_link_to_a_file),
		house_test(without_a_directory_the_file_is_served),
		house_test(a_start_that_dies_does_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
