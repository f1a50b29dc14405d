/* SPDX-License-Identifier: BSD-3-Clause */
/* Which users took a seat, kept so that it can be trusted. */
#include "tests/unit/test.h"

#include <errno.h>
#include <unistd.h>

#include "control/policy/usage.h"
#include "tests/unit/old_record.h"
#include "tests/unit/store_bench.h"

static const struct wall march = {1330600000}; /* 2012-03-01 */
static const struct wall april = {1333600000};

struct bench {
	struct store_bench at;
	char head_path[128];
	struct usage *usage;
	struct provider_terms terms;
	struct agreement agreement;
	int told, last_error;
};

static void begin(struct bench *b)
{
	char why[STORE_WHY_BYTES];

	store_bench_open(&b->at, USAGE_SCHEMA);
	b->usage = usage_open(b->at.store, b->head_path, why, sizeof(why));
	if (!b->usage)
		fail_msg("%s", why);
}

static void end(struct bench *b)
{
	store_bench_close(&b->at);
	usage_free(b->usage);
	b->usage = NULL;
}

static void again(struct bench *b)
{
	end(b);
	begin(b);
}

static int setup(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	store_bench_make(&b->at);
	snprintf(b->head_path, sizeof(b->head_path), "%s/usage-head", b->at.directory);
	b->terms = *provider_profile(VIEW("yahoo"));
	b->agreement = (struct agreement){.id = "ea-1",
		.terms = &b->terms,
		.model = SEAT_ACTIVE,
		.seats = 3,
		.start = {0},
		.end = DATE_NEVER};
	begin(b);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bench *b = *state;

	end(b);
	store_bench_remove(&b->at);
	free(b);
	return 0;
}

static void told(void *arg, int error)
{
	struct bench *b = arg;

	b->told++;
	b->last_error = error;
	loop_stop(b->at.loop);
}

static void take(struct bench *b, const char *user, struct wall at)
{
	int before = b->told;

	assert_int_equal(usage_take(b->usage, &b->agreement, view_of(user), at, told, b), 0);
	assert_int_equal(b->told, before);
	loop_run(b->at.loop);
	assert_int_equal(b->told, before + 1);
}

static uint32_t count(struct bench *b, struct wall at)
{
	const struct licence_usage *view = usage_view(b->usage);

	return view->count(view->arg, &b->agreement, date_month(at));
}

static bool has(struct bench *b, const char *user, struct wall at)
{
	const struct licence_usage *view = usage_view(b->usage);

	return view->has(view->arg, &b->agreement, view_of(user), date_month(at));
}

/* Somebody who has the database writes into it. */
static void tamper(struct bench *b, const char *sql)
{
	sqlite3 *database;
	char *words = NULL;

	end(b);
	assert_int_equal(sqlite3_open(b->at.path, &database), SQLITE_OK);
	if (sqlite3_exec(database, sql, NULL, NULL, &words) != SQLITE_OK)
		fail_msg("%s: %s", sql, words);
	sqlite3_close(database);
	begin(b);
}

static void a_seat_counts_at_once_and_is_there_after_a_restart(void **state)
{
	struct bench *b = *state;

	assert_int_equal(
		usage_take(b->usage, &b->agreement, VIEW("a@corp.example"), march, told, b), 0);
	assert_int_equal(count(b, march), 1);
	assert_true(has(b, "a@corp.example", march));
	assert_int_equal(
		usage_take(b->usage, &b->agreement, VIEW("a@corp.example"), march, told, b),
		-EEXIST);
	loop_run(b->at.loop);
	assert_int_equal(b->last_error, 0);
	take(b, "b@corp.example", march);
	take(b, "a@corp.example", april);
	again(b);
	assert_int_equal(usage_fault(b->usage)->fault, USAGE_FINE);
	assert_int_equal(count(b, march), 2);
	assert_int_equal(count(b, april), 1);
	assert_true(has(b, "b@corp.example", march));
	assert_false(has(b, "b@corp.example", april));
}

static void an_edited_row_is_found_with_its_number(void **state)
{
	static const char *const edits[] = {
		"UPDATE usage SET user = 'x@corp.example' WHERE seq = 2",
		"UPDATE usage SET at = at + 1 WHERE seq = 2",
		"UPDATE usage SET month = month - 1 WHERE seq = 2",
		"UPDATE usage SET agreement = 'ea-2' WHERE seq = 2",
		"UPDATE usage SET provider = 'aol' WHERE seq = 2",
		"UPDATE usage SET seats = seats + 1 WHERE seq = 2",
		"UPDATE usage SET seats = seats + 4294967296 WHERE seq = 2",
		"UPDATE usage SET seats = 0 WHERE seq = 2",
		"UPDATE usage SET seats = NULL WHERE seq = 2",
		"UPDATE usage SET hash = zeroblob(32) WHERE seq = 2",
		"UPDATE usage SET hash = x'00' WHERE seq = 2",
		"DELETE FROM usage WHERE seq = 2",
		"DELETE FROM usage WHERE seq = 2; UPDATE usage SET seq = 2 WHERE seq = 3",
	};

	for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
		struct bench *b;
		void *own;

		setup(&own);
		b = own;
		take(b, "a@corp.example", march);
		take(b, "b@corp.example", march);
		take(b, "c@corp.example", march);
		log_setup("test", LOG_LEVEL_ERROR);
		tamper(b, edits[i]);
		if (usage_fault(b->usage)->fault != USAGE_EDITED || usage_fault(b->usage)->seq != 2)
			fail_msg("%s", edits[i]);
		assert_int_equal(counter_get("usage.damaged", "edited"), 1);
		teardown(&own);
	}
}

/* In the place of the one that begin has made. */
static void old_record_put(struct bench *b)
{
	FILE *file;

	tamper(b, "DROP TABLE usage; " OLD_RECORD);
	end(b);
	file = fopen(b->head_path, "w");
	assert_non_null(file);
	fputs(OLD_RECORD_HEAD, file);
	fclose(file);
	begin(b);
}

static void rows_of_before_seats_were_kept_stay_as_they_are(void **state)
{
	static const struct wall march_2026 = {1772323200};
	struct bench *b = *state;

	b->agreement.id = "active";
	old_record_put(b);
	assert_int_equal(usage_fault(b->usage)->fault, USAGE_FINE);
	assert_int_equal(usage_fault(b->usage)->head.seq, 3);
	assert_int_equal(count(b, march_2026), 3);
	assert_true(has(b, "u2@corp.example", march_2026));
	/* New ones follow them in the same chain. */
	take(b, "u3@corp.example", march_2026);
	again(b);
	assert_int_equal(usage_fault(b->usage)->fault, USAGE_FINE);
	assert_int_equal(usage_fault(b->usage)->head.seq, 4);
	assert_int_equal(count(b, march_2026), 4);
	/* Nobody can say afterwards how many seats there were then. */
	log_setup("test", LOG_LEVEL_ERROR);
	tamper(b, "UPDATE usage SET seats = 10 WHERE seq = 2");
	assert_int_equal(usage_fault(b->usage)->fault, USAGE_EDITED);
	assert_int_equal(usage_fault(b->usage)->seq, 2);
}

static void a_tail_that_was_cut_off_is_found_with_its_number(void **state)
{
	struct bench *b = *state;

	take(b, "a@corp.example", march);
	take(b, "b@corp.example", march);
	take(b, "c@corp.example", march);
	tamper(b, "DELETE FROM usage WHERE seq >= 2");
	assert_int_equal(usage_fault(b->usage)->fault, USAGE_CUT_OFF);
	assert_int_equal(usage_fault(b->usage)->seq, 2);
	assert_int_equal(usage_fault(b->usage)->head.seq, 1);
	assert_int_equal(counter_get("usage.damaged", "cut_off"), 1);
	assert_int_equal(count(b, march), 1);
	/* Also when rows have followed. */
	take(b, "d@corp.example", march);
	again(b);
	assert_int_equal(usage_fault(b->usage)->fault, USAGE_CUT_OFF);
	assert_int_equal(usage_fault(b->usage)->seq, 2);
	assert_int_equal(count(b, march), 2);
}

/* Whoever computes all hashes anew is found by the head that stood elsewhere. */
static void a_chain_that_was_written_anew_does_not_meet_the_old_head(void **state)
{
	struct bench *b = *state;
	char forged[160];

	take(b, "a@corp.example", march);
	take(b, "b@corp.example", march);
	snprintf(forged, sizeof(forged), "%s/forged", b->at.directory);
	end(b);
	assert_int_equal(rename(b->head_path, forged), 0);
	assert_int_equal(unlink(b->at.path), 0);
	begin(b);
	take(b, "x@corp.example", march);
	take(b, "b@corp.example", march);
	end(b);
	assert_int_equal(rename(forged, b->head_path), 0);
	begin(b);
	assert_int_equal(usage_fault(b->usage)->fault, USAGE_EDITED);
}

static void rows_go_on_after_damage_and_the_damage_stays_visible(void **state)
{
	struct bench *b = *state;

	take(b, "a@corp.example", march);
	take(b, "b@corp.example", march);
	tamper(b, "UPDATE usage SET user = 'x@corp.example' WHERE seq = 1");
	take(b, "c@corp.example", march);
	assert_int_equal(b->last_error, 0);
	again(b);
	assert_int_equal(usage_fault(b->usage)->fault, USAGE_EDITED);
	assert_int_equal(usage_fault(b->usage)->seq, 1);
	assert_int_equal(count(b, march), 3);
}

static void a_seat_that_cannot_be_written_is_given_back(void **state)
{
	struct bench *b = *state;

	take(b, "a@corp.example", march);
	tamper(b, "CREATE TRIGGER full BEFORE INSERT ON usage BEGIN"
		  " SELECT RAISE(ABORT, 'disk is full'); END");
	take(b, "b@corp.example", march);
	assert_int_equal(b->last_error, -EIO);
	assert_int_equal(count(b, march), 1);
	assert_false(has(b, "b@corp.example", march));
	tamper(b, "DROP TRIGGER full");
	take(b, "b@corp.example", march);
	assert_int_equal(b->last_error, 0);
	again(b);
	assert_int_equal(usage_fault(b->usage)->fault, USAGE_FINE);
	assert_int_equal(count(b, march), 2);
}

static void a_head_file_that_lags_or_is_gone_is_no_damage(void **state)
{
	struct bench *b = *state;
	char old[320];

	take(b, "a@corp.example", march);
	snprintf(old, sizeof(old), "cp %s %s.old", b->head_path, b->head_path);
	assert_int_equal(system(old), 0);
	take(b, "b@corp.example", march);
	end(b);
	snprintf(old, sizeof(old), "mv %s.old %s", b->head_path, b->head_path);
	assert_int_equal(system(old), 0);
	begin(b);
	assert_int_equal(usage_fault(b->usage)->fault, USAGE_FINE);
	end(b);
	assert_int_equal(unlink(b->head_path), 0);
	begin(b);
	assert_int_equal(usage_fault(b->usage)->fault, USAGE_FINE);
}

static void a_head_reads_as_it_was_printed(void **state)
{
	static const char *const wrong[] = {"", ":", "1:", "1:00", "x:00", "1"};
	struct chain_head head = chain_start();
	const struct usage_row row = {1, {2}, VIEW("a"), VIEW("p"), VIEW("u"), 3};
	struct chain_head back;
	char text[CHAIN_TEXT_BYTES];

	assert_true(chain_next(&head, &row));
	chain_print(&head, text);
	assert_true(chain_read(view_of(text), &back));
	assert_true(chain_equal(&head, &back));
	text[5] = 'X';
	assert_false(chain_read(view_of(text), &back));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(chain_read(view_of(wrong[i]), &back));
}

/* Where one text ends and the next begins is part of what is hashed. */
static void texts_cannot_be_moved_over_their_borders(void **state)
{
	struct chain_head a = chain_start();
	struct chain_head b = chain_start();

	assert_true(
		chain_next(&a, &(struct usage_row){1, {2}, VIEW("ab"), VIEW("c"), VIEW("d"), 3}));
	assert_true(
		chain_next(&b, &(struct usage_row){1, {2}, VIEW("a"), VIEW("bc"), VIEW("d"), 3}));
	assert_false(chain_equal(&a, &b));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_seat_counts_at_once_and_is_there_after_a_restart),
		cmocka_unit_test(an_edited_row_is_found_with_its_number),
		TEST(a_tail_that_was_cut_off_is_found_with_its_number),
		TEST(rows_of_before_seats_were_kept_stay_as_they_are),
		TEST(a_chain_that_was_written_anew_does_not_meet_the_old_head),
		TEST(rows_go_on_after_damage_and_the_damage_stays_visible),
		TEST(a_seat_that_cannot_be_written_is_given_back),
		TEST(a_head_file_that_lags_or_is_gone_is_no_damage),
		cmocka_unit_test(a_head_reads_as_it_was_printed),
		cmocka_unit_test(texts_cannot_be_moved_over_their_borders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
