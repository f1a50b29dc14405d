/* SPDX-License-Identifier: BSD-3-Clause */
/* The thread that keeps facts. */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/store/store.h"
#include "rules/base/log.h"
#include "rules/base/view.h"
#include "tests/unit/locks.h"

static const char schema[] = "CREATE TABLE IF NOT EXISTS facts (n INTEGER PRIMARY KEY, t TEXT);";

struct bench {
	char directory[64];
	char path[128];
	struct loop *loop;
	struct store *store;
	int told, failed, wanted;
	int commits;
};

struct fact {
	struct bench *bench;
	int64_t n;
	int error; /* what the work returns after it has written */
};

static void open_store(struct bench *b)
{
	char why[STORE_WHY_BYTES];

	b->store = store_open(b->loop, b->path, schema, why, sizeof(why));
	if (!b->store)
		fail_msg("%s", why);
}

static int setup(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	log_setup("test", LOG_LEVEL_ERROR);
	strcpy(b->directory, "/tmp/picket-store-XXXXXX");
	assert_non_null(mkdtemp(b->directory));
	snprintf(b->path, sizeof(b->path), "%s/state.db", b->directory);
	b->loop = loop_new();
	open_store(b);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bench *b = *state;
	char command[160];

	store_close(b->store);
	loop_free(b->loop);
	snprintf(command, sizeof(command), "rm -r %s", b->directory);
	assert_int_equal(system(command), 0);
	free(b);
	return 0;
}

static int write_fact(sqlite3 *database, void *arg)
{
	const struct fact *fact = arg;
	int rc = store_exec(
		database, "INSERT INTO facts VALUES (?, ?)", "it", fact->n, VIEW("a fact"));

	return rc ? rc : fact->error;
}

static void told(void *arg, int error)
{
	struct bench *b = ((struct fact *)arg)->bench;

	b->told++;
	b->failed += error != 0;
	if (b->told == b->wanted)
		loop_stop(b->loop);
}

static int count_facts(sqlite3 *database, void *arg)
{
	sqlite3_stmt *statement;

	sqlite3_prepare_v2(database, "SELECT count(*) FROM facts", -1, &statement, NULL);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	*(int *)arg = sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	return 0;
}

static int facts(struct bench *b)
{
	int count = -1;

	assert_int_equal(store_run(b->store, count_facts, &count), 0);
	return count;
}

static void count_commit(sqlite3 *database, void *arg)
{
	__atomic_add_fetch((int *)arg, 1, __ATOMIC_RELAXED);
}

static void what_is_put_together_is_written_together_and_everybody_is_told(void **state)
{
	enum { FACTS = 500 };
	struct bench *b = *state;
	struct fact all[FACTS];

	store_after_commit(b->store, count_commit, &b->commits);
	b->wanted = FACTS;
	for (int i = 0; i < FACTS; i++) {
		all[i] = (struct fact){b, i, 0};
		assert_int_equal(store_put(b->store, write_fact, told, &all[i]), 0);
	}
	assert_int_equal(b->told, 0);
	loop_run(b->loop);
	assert_int_equal(b->told, FACTS);
	assert_int_equal(b->failed, 0);
	assert_true(b->commits < FACTS / 10);
	assert_int_equal(facts(b), FACTS);
}

static void one_that_fails_takes_nobody_with_it_and_leaves_nothing(void **state)
{
	struct bench *b = *state;
	struct fact all[] = {{b, 1, 0}, {b, 2, -EDOM}, {b, 1, 0}, {b, 4, 0}};

	b->wanted = 4;
	for (int i = 0; i < 4; i++)
		assert_int_equal(store_put(b->store, write_fact, told, &all[i]), 0);
	loop_run(b->loop);
	assert_int_equal(b->failed, 2);
	assert_int_equal(facts(b), 2);
}

static void closing_finishes_what_is_queued_and_it_is_there_after_a_restart(void **state)
{
	struct bench *b = *state;
	struct fact fact = {b, 7, 0};
	struct stat st;

	assert_int_equal(store_put(b->store, write_fact, told, &fact), 0);
	store_close(b->store);
	assert_int_equal(b->told, 1);
	assert_int_equal(b->failed, 0);
	assert_int_equal(stat(b->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	open_store(b);
	assert_int_equal(facts(b), 1);
}

static void work_that_is_waited_for_leaves_nothing_when_it_fails(void **state)
{
	struct bench *b = *state;
	struct fact fine = {b, 1, 0};
	struct fact wrong = {b, 2, -EDOM};

	assert_int_equal(store_run(b->store, write_fact, &fine), 0);
	assert_int_equal(store_run(b->store, write_fact, &wrong), -EDOM);
	assert_int_equal(facts(b), 1);
}

static void a_path_that_cannot_be_is_named(void **state)
{
	struct bench *b = *state;
	char why[STORE_WHY_BYTES];

	assert_null(store_open(b->loop, "/nonexistent/state.db", schema, why, sizeof(why)));
	assert_non_null(strstr(why, "/nonexistent/state.db"));
	assert_null(store_open(b->loop, b->directory, schema, why, sizeof(why)));
	assert_non_null(strstr(why, b->directory));
}

static void what_is_no_database_is_refused_and_left_as_it_is(void **state)
{
	struct bench *b = *state;
	char path[160];
	char why[STORE_WHY_BYTES];
	char back[64] = "";
	FILE *file;

	snprintf(path, sizeof(path), "%s/other", b->directory);
	file = fopen(path, "w");
	for (int i = 0; i < 100; i++)
		fputs("this is a diary of somebody else\n", file);
	fclose(file);
	assert_null(store_open(b->loop, path, schema, why, sizeof(why)));
	file = fopen(path, "r");
	assert_non_null(fgets(back, sizeof(back), file));
	fclose(file);
	assert_string_equal(back, "this is a diary of somebody else\n");
}

/* It goes before the thread that wakes it, at once, and would find the door locked. */
static void the_loop_is_woken_by_who_holds_no_lock(void **state)
{
	struct bench *b = *state;
	struct fact fact = {b, 1, 0};
	uint32_t before = locks_writes(), with_a_lock = locks_writes_with_a_lock();

	b->wanted = 1;
	assert_int_equal(store_put(b->store, write_fact, told, &fact), 0);
	loop_run(b->loop);
	assert_true(locks_writes() > before);
	assert_int_equal(locks_writes_with_a_lock(), with_a_lock);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(what_is_put_together_is_written_together_and_everybody_is_told),
		TEST(one_that_fails_takes_nobody_with_it_and_leaves_nothing),
		TEST(closing_finishes_what_is_queued_and_it_is_there_after_a_restart),
		TEST(work_that_is_waited_for_leaves_nothing_when_it_fails),
		TEST(the_loop_is_woken_by_who_holds_no_lock),
		TEST(a_path_that_cannot_be_is_named),
		TEST(what_is_no_database_is_refused_and_left_as_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
