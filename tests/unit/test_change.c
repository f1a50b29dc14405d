/* SPDX-License-Identifier: BSD-3-Clause */
/* The order of a change's steps, whatever goes wrong in them. */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "control/change.h"

static struct {
	struct change change;
	char done[64]; /* a letter for each step, upper case when it was begun */
	char error[CHANGE_WORDS_BYTES];
	char note[CHANGE_WORDS_BYTES];
	int finished;
	bool again; /* begin another one from inside finish */
} world;

static struct mono at(uint64_t s)
{
	return (struct mono){(1000 + s) * NS_PER_S};
}

static void note_down(const char *letter)
{
	strncat(world.done, letter, sizeof(world.done) - strlen(world.done) - 1);
}

static void compile(void *arg)
{
	note_down("C");
}

static void prepare(void *arg)
{
	note_down("P");
}

static void write_step(void *arg)
{
	note_down("W");
}

static void commit(void *arg)
{
	note_down("K");
}

static void abandon(void *arg)
{
	note_down("x");
}

static void adopt(void *arg)
{
	note_down("A");
}

static const struct change_asker asker = {"apply", "/etc/rules.yaml", 1000, 77};

static void finish(void *arg, const char *error, const char *note)
{
	char words[CHANGE_WORDS_BYTES];

	note_down(".");
	world.finished++;
	snprintf(world.error, sizeof(world.error), "%s", error ? error : "");
	snprintf(world.note, sizeof(world.note), "%s", note ? note : "");
	if (world.again) {
		world.again = false;
		assert_true(change_begin(&world.change, &asker, true, at(0), words, sizeof(words)));
	}
}

static int set_up(void **state)
{
	const struct change_steps steps = {
		NULL, compile, prepare, write_step, commit, abandon, adopt, finish};

	memset(&world, 0, sizeof(world));
	change_init(&world.change, &steps);
	return 0;
}

static void begin(void)
{
	char words[CHANGE_WORDS_BYTES];

	assert_true(change_begin(&world.change, &asker, true, at(0), words, sizeof(words)));
}

static void all_goes_well(void **state)
{
	char words[CHANGE_WORDS_BYTES];

	begin();
	assert_int_equal(world.change.phase, CHANGE_COMPILING);
	change_compiled(&world.change, NULL, at(5));
	assert_int_equal(world.change.phase, CHANGE_PREPARING);
	change_prepared(&world.change, 0, NULL, at(10));
	assert_int_equal(world.change.phase, CHANGE_WRITING);
	change_written(&world.change, NULL);
	assert_int_equal(world.change.phase, CHANGE_COMMITTING);
	assert_int_equal(world.finished, 0);
	change_committed(&world.change, 0, NULL);
	assert_string_equal(world.done, "CPWKA.");
	assert_string_equal(world.error, "");
	assert_string_equal(world.note, "");
	assert_false(change_says(&world.change, at(11), words, sizeof(words)));
}

static void before_the_decision_a_failure_is_the_end(void **state)
{
	static const struct {
		const char *label;
		const char *compiled;
		int prepared;
		const char *words;
		const char *written;
		uint64_t compiled_s, prepared_s;
		const char *done, *error;
	} cases[] = {
		{"compiling", "rules.yaml:5: x", 0, NULL, NULL, 1, 2, "C.", "rules.yaml:5: x"},
		{"compiling for too long", NULL, 0, NULL, NULL, 46, 47, "C.", "too long"},
		{"a dataplane that says no", NULL, -EACCES, "no room", NULL, 1, 2, "CPx.",
			"the dataplane: no room; nothing was changed"},
		{"a dataplane that goes", NULL, -ENOTCONN, NULL, NULL, 1, 2, "CPx.", "went away"},
		{"a dataplane that is silent", NULL, -ETIMEDOUT, NULL, NULL, 1, 2, "CPx.",
			"did not answer"},
		{"no memory to ask", NULL, -ENOMEM, NULL, NULL, 1, 2, "CPx.", "memory"},
		{"preparing for too long", NULL, 0, NULL, NULL, 1, 46, "CPx.", "too long"},
		{"a disk that is full", NULL, 0, NULL, "no space", 1, 2, "CPWx.", "no space"},
	};
	char words[CHANGE_WORDS_BYTES];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		set_up(NULL);
		begin();
		change_compiled(&world.change, cases[i].compiled, at(cases[i].compiled_s));
		if (world.change.phase == CHANGE_PREPARING)
			change_prepared(&world.change, cases[i].prepared, cases[i].words,
				at(cases[i].prepared_s));
		if (world.change.phase == CHANGE_WRITING)
			change_written(&world.change, cases[i].written);
		if (strcmp(world.done, cases[i].done) != 0 ||
			!strstr(world.error, cases[i].error) || world.note[0] != '\0')
			fail_msg("%s: %s, '%s', '%s'", cases[i].label, world.done, world.error,
				world.note);
		assert_int_equal(world.finished, 1);
		/* The next one finds the way free. */
		assert_false(change_says(&world.change, at(50), words, sizeof(words)));
		begin();
	}
}

static void after_the_decision_nothing_fails(void **state)
{
	static const struct {
		int error;
		const char *words, *note;
	} cases[] = {
		{-ENOTCONN, NULL, "went away; it is brought to the new rules"},
		{-ETIMEDOUT, NULL, "did not answer; it is brought to the new rules"},
		{-EACCES, "no room", "no room; it is brought to the new rules"},
		{0, "could not be saved", "the dataplane: could not be saved"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		set_up(NULL);
		begin();
		change_compiled(&world.change, NULL, at(1));
		change_prepared(&world.change, 0, NULL, at(2));
		/* However long the disk took. */
		change_written(&world.change, NULL);
		change_committed(&world.change, cases[i].error, cases[i].words);
		assert_string_equal(world.done, "CPWKA.");
		assert_string_equal(world.error, "");
		if (!strstr(world.note, cases[i].note))
			fail_msg("%s", world.note);
	}
}

static void a_second_one_hears_whose_the_first_is(void **state)
{
	static const struct change_asker second = {"rollback", "/other.yaml", 0, 5};
	char words[CHANGE_WORDS_BYTES];

	for (int phase = CHANGE_COMPILING; phase <= CHANGE_COMMITTING; phase++) {
		set_up(NULL);
		begin();
		if (phase > CHANGE_COMPILING)
			change_compiled(&world.change, NULL, at(1));
		if (phase > CHANGE_PREPARING)
			change_prepared(&world.change, 0, NULL, at(1));
		if (phase > CHANGE_WRITING)
			change_written(&world.change, NULL);
		assert_int_equal(world.change.phase, phase);
		/* Also when the dataplane went meanwhile: being busy comes first. */
		assert_false(change_begin(
			&world.change, &second, phase % 2, at(7), words, sizeof(words)));
		assert_string_equal(
			words, "busy: apply of /etc/rules.yaml by uid 1000, pid 77, since 7 s");
		assert_int_equal(world.change.phase, phase);
		assert_int_equal(world.finished, 0);
	}
}

static void without_a_dataplane_nothing_begins(void **state)
{
	char words[CHANGE_WORDS_BYTES];

	assert_false(change_begin(&world.change, &asker, false, at(0), words, sizeof(words)));
	assert_non_null(strstr(words, "there is no dataplane"));
	assert_string_equal(world.done, "");
	assert_int_equal(world.change.phase, CHANGE_IDLE);
}

static void the_next_one_may_begin_at_the_end_of_the_first(void **state)
{
	world.again = true;
	begin();
	change_compiled(&world.change, "bad", at(1));
	assert_int_equal(world.change.phase, CHANGE_COMPILING);
	assert_string_equal(world.done, "C.C");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(all_goes_well, set_up),
		cmocka_unit_test(before_the_decision_a_failure_is_the_end),
		cmocka_unit_test(after_the_decision_nothing_fails),
		cmocka_unit_test(a_second_one_hears_whose_the_first_is),
		cmocka_unit_test_setup(without_a_dataplane_nothing_begins, set_up),
		cmocka_unit_test_setup(the_next_one_may_begin_at_the_end_of_the_first, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
