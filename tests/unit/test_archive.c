/* SPDX-License-Identifier: BSD-3-Clause */
/* Generations on disk: what is kept, what is named when it is damaged, and that a process which dies at
 * any moment leaves the old generation or the new one. */
#include "tests/unit/test.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "control/archive.h"
#include "tests/unit/crash.h"

static char state_directory[64];

static int set_up(void **state)
{
	snprintf(state_directory, sizeof(state_directory), "/tmp/picket-archive-XXXXXX");
	return mkdtemp(state_directory) ? 0 : -1;
}

static int tear_down(void **state)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -r %s", state_directory);
	return system(command);
}

static struct archive *archive_again(void)
{
	char why[256] = "";
	struct archive *archive = archive_open(state_directory, why, sizeof(why));

	if (!archive)
		fail_msg("%s", why);
	return archive;
}

/* A document as long as this generation's number says, so that none is the beginning of another. */
static const char *document_of(uint64_t generation)
{
	static char document[64];

	snprintf(document, sizeof(document), "# document %" PRIu64 "\n", generation);
	return document;
}

static struct record record_of(uint64_t generation, uint64_t back)
{
	struct record record = {.generation = generation,
		.back = back,
		.what = RECORD_APPLY,
		.at_s = 1700000000,
		.uid = 1000,
		.table = 0x1234,
		.origin = "/etc/picket/rules.yaml"};

	record_digest(view_of(document_of(generation)), record.digest);
	return record;
}

static struct record_current current_of(uint64_t generation)
{
	struct record_current current = {
		.generation = generation, .seen_path = "/etc/picket/rules.yaml"};

	record_digest(VIEW("seen"), current.seen);
	return current;
}

static int put(struct archive *archive, uint64_t generation, uint64_t back)
{
	struct record record = record_of(generation, back);
	struct record_current current = current_of(generation);
	char why[256] = "";
	int rc = archive_write(archive_directory(archive), &record,
		view_of(document_of(generation)), &current, why, sizeof(why));

	if (rc == 0)
		rc = archive_took(archive, &record, &current);
	else
		assert_non_null(strstr(why, state_directory));
	return rc;
}

static void check_document(const struct archive *archive, uint64_t generation)
{
	char why[256] = "";
	struct text document;
	const struct record *record = archive_find(archive, generation);

	if (!record)
		fail_msg("generation %" PRIu64 " is not there", generation);
	if (archive_document(archive, record, &document, why, sizeof(why)) != 0)
		fail_msg("%s", why);
	assert_string_equal(document.p, document_of(generation));
	text_free(&document);
}

static void what_is_written_is_there_after_a_start(void **state)
{
	struct archive *archive = archive_again();
	const struct record *record;

	assert_null(archive_current(archive));
	assert_null(archive_at(archive, 0));
	assert_string_equal(archive_seen(archive)->seen, "");
	assert_int_equal(put(archive, 10, 0), 0);
	assert_int_equal(put(archive, 11, 10), 0);
	assert_int_equal(archive_current(archive)->generation, 11);
	archive_free(archive);

	archive = archive_again();
	record = archive_current(archive);
	assert_int_equal(record->generation, 11);
	assert_int_equal(record->back, 10);
	assert_int_equal(record->what, RECORD_APPLY);
	assert_int_equal(record->uid, 1000);
	assert_int_equal(record->table, 0x1234);
	assert_string_equal(record->origin, "/etc/picket/rules.yaml");
	assert_string_equal(archive_seen(archive)->seen_path, "/etc/picket/rules.yaml");
	check_document(archive, 10);
	check_document(archive, 11);
	assert_int_equal(archive_at(archive, 0)->generation, 10);
	assert_null(archive_at(archive, 2));
	assert_null(archive_find(archive, 0));
	archive_free(archive);
}

static void what_a_rollback_can_reach_is_kept_longest(void **state)
{
	struct archive *archive = archive_again();
	static const uint64_t expected[] = {13, 14, 15, 16, 17, 20, 30, 31};

	for (uint64_t i = 10; i <= 20; i++)
		assert_int_equal(put(archive, i, i > 10 ? i - 1 : 0), 0);
	assert_null(archive_find(archive, 12));
	check_document(archive, 13);
	/* Twice back: 20 and 19 are not on the way any more, and all behind 18 is. */
	assert_int_equal(put(archive, 30, 18), 0);
	assert_int_equal(put(archive, 31, 17), 0);
	for (uint32_t i = 0; i < 8; i++)
		assert_int_equal(archive_at(archive, i)->generation, expected[i]);
	for (uint64_t i = 13; i <= 17; i++)
		check_document(archive, i);
	assert_null(archive_at(archive, ARCHIVE_KEPT));
	archive_free(archive);
	archive = archive_again();
	assert_non_null(archive_at(archive, ARCHIVE_KEPT - 1));
	assert_null(archive_at(archive, ARCHIVE_KEPT));
	archive_free(archive);
}

static void another_rules_file_can_be_seen_without_a_change(void **state)
{
	struct archive *archive = archive_again();
	char digest[RECORD_DIGEST_BYTES];
	char why[256] = "";

	assert_int_equal(put(archive, 10, 0), 0);
	record_digest(VIEW("other"), digest);
	assert_int_equal(archive_see(archive, "/other/rules.yaml", digest, why, sizeof(why)), 0);
	archive_free(archive);
	archive = archive_again();
	assert_int_equal(archive_current(archive)->generation, 10);
	assert_string_equal(archive_seen(archive)->seen, digest);
	assert_string_equal(archive_seen(archive)->seen_path, "/other/rules.yaml");
	archive_free(archive);
}

static void file_write(const char *name, const char *content)
{
	char path[160];
	FILE *file;

	snprintf(path, sizeof(path), "%s/rules/%s", state_directory, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(content, file);
	fclose(file);
}

static void what_is_damaged_is_not_used(void **state)
{
	static const struct {
		const char *label, *file, *content;
		bool current_is_known;
	} cases[] = {
		{"the pointer", "current", "picket-current 1\ngeneration 11\n", false},
		{"an empty record", "11.record", "", false},
		{"a record of another", "11.record", NULL, false},
		{"the document", "11.yaml", "# document 12\n", true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct archive *archive = archive_again();
		struct record other = record_of(10, 0);
		struct text text;
		char why[256] = "";

		text_init(&text, RECORD_TEXT_BYTES_MAX);
		record_print(&other, &text);
		assert_int_equal(put(archive, 10, 0), 0);
		assert_int_equal(put(archive, 11, 10), 0);
		archive_free(archive);
		file_write(cases[i].file, cases[i].content ? cases[i].content : text.p);
		text_free(&text);
		archive = archive_again();
		if (!archive_current(archive) == cases[i].current_is_known)
			fail_msg("%s", cases[i].label);
		if (cases[i].current_is_known) {
			assert_int_equal(archive_document(archive, archive_current(archive), &text,
						 why, sizeof(why)),
				-EINVAL);
			assert_non_null(strstr(why, "11.yaml"));
			text_free(&text);
		}
		check_document(archive, 10);
		archive_free(archive);
		tear_down(NULL);
		set_up(NULL);
	}
}

static void a_directory_that_cannot_be_used_is_named(void **state)
{
	char why[256] = "";

	struct archive *archive = archive_open("/nonexistent/state", why, sizeof(why));
	struct record record = record_of(10, 0);
	struct record_current current = current_of(10);

	assert_non_null(archive);
	assert_null(archive_current(archive));
	assert_int_equal(archive_write(archive_directory(archive), &record, VIEW("x"), &current,
				 why, sizeof(why)),
		-ENOENT);
	assert_non_null(strstr(why, "/nonexistent/state/rules"));
	archive_free(archive);
	assert_null(archive_open("/dev/null", why, sizeof(why)));
	assert_non_null(strstr(why, "/dev/null/rules"));
}

/* --- dying --- */

static int change_once(void *arg)
{
	char why[256] = "";
	struct archive *archive = archive_open(state_directory, why, sizeof(why));
	int rc = archive ? put(archive, 11, 10) : -EIO;

	archive_free(archive);
	return rc;
}

static void a_process_that_dies_leaves_the_old_or_the_new(void **state)
{
	bool decided = false;
	bool died = true;
	int k;

	for (k = 1; died; k++) {
		struct archive *archive = archive_again();
		uint64_t now;

		assert_int_equal(put(archive, 10, 0), 0);
		archive_free(archive);
		died = crash_at(k, change_once, NULL);
		archive = archive_again();
		assert_non_null(archive_current(archive));
		now = archive_current(archive)->generation;
		/* From one moment on it is the new one. */
		if (now != (decided ? 11 : 10)) {
			assert_false(decided);
			assert_int_equal(now, 11);
			decided = true;
		}
		check_document(archive, now);
		check_document(archive, 10);
		if (!decided)
			assert_null(archive_at(archive, 1));
		/* And whoever comes next finds nothing in the way. */
		assert_int_equal(put(archive, 12, now), 0);
		check_document(archive, 12);
		archive_free(archive);
		tear_down(NULL);
		set_up(NULL);
	}
	assert_true(decided);
	assert_true(k > 10);
}

static void a_write_that_fails_leaves_the_old(void **state)
{
	bool failed = true;

	for (int k = 1; failed; k++) {
		struct archive *archive = archive_again();
		uint64_t now;
		int rc;

		assert_int_equal(put(archive, 10, 0), 0);
		archive_free(archive);
		failed = fail_at(k, ENOSPC, change_once, NULL, &rc);
		archive = archive_again();
		now = archive_current(archive)->generation;
		assert_int_equal(now, rc == 0 ? 11 : 10);
		check_document(archive, now);
		archive_free(archive);
		tear_down(NULL);
		set_up(NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			what_is_written_is_there_after_a_start, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			what_a_rollback_can_reach_is_kept_longest, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			another_rules_file_can_be_seen_without_a_change, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_damaged_is_not_used, set_up, tear_down),
		cmocka_unit_test(a_directory_that_cannot_be_used_is_named),
		cmocka_unit_test_setup_teardown(
			a_process_that_dies_leaves_the_old_or_the_new, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_write_that_fails_leaves_the_old, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
