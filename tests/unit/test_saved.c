/* SPDX-License-Identifier: BSD-3-Clause */
/* The saved filter table: whole or not at all. */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dataplane/saved.h"

struct place {
	char parent[64]; /* made and removed by the fixture */
	char state[96];  /* below it, made by saved_write */
	char file[128];
};

static int set_up(void **state)
{
	static struct place place;

	strcpy(place.parent, "/tmp/picket-saved-XXXXXX");
	if (!mkdtemp(place.parent))
		return -1;
	snprintf(place.state, sizeof(place.state), "%s/state", place.parent);
	snprintf(place.file, sizeof(place.file), "%s/filter.bin", place.state);
	*state = &place;
	return 0;
}

static int tear_down(void **state)
{
	struct place *place = *state;
	char path[160];

	unlink(place->file);
	snprintf(path, sizeof(path), "%s.new", place->file);
	rmdir(path);
	rmdir(place->file);
	rmdir(place->state);
	unlink(place->state);
	return rmdir(place->parent);
}

static void what_was_written_is_read(void **state)
{
	struct place *place = *state;
	uint8_t *bytes;
	size_t len;

	assert_int_equal(saved_write(place->state, VIEW("first, and longer")), 0);
	assert_int_equal(saved_read(place->state, &bytes, &len), 0);
	assert_int_equal(len, 17);
	assert_memory_equal(bytes, "first, and longer", 17);
	free(bytes);
	assert_int_equal(saved_write(place->state, VIEW("second")), 0);
	assert_int_equal(saved_read(place->state, &bytes, &len), 0);
	assert_int_equal(len, 6);
	assert_memory_equal(bytes, "second", 6);
	free(bytes);
}

static void nothing_saved_is_told_from_trouble(void **state)
{
	struct place *place = *state;
	uint8_t *bytes;
	size_t len;

	assert_int_equal(saved_read(place->state, &bytes, &len), -ENOENT);
	assert_null(bytes);
	assert_int_equal(mkdir(place->state, 0700), 0);
	assert_int_equal(saved_read(place->state, &bytes, &len), -ENOENT);
	assert_int_equal(saved_read("/nowhere/at/all", &bytes, &len), -ENOENT);
	assert_int_equal(saved_write("/nowhere/at/all", VIEW("x")), -ENOENT);
}

static void empty_huge_and_strange_files_are_refused(void **state)
{
	struct place *place = *state;
	uint8_t *bytes;
	size_t len;
	int fd;

	assert_int_equal(mkdir(place->state, 0700), 0);
	fd = open(place->file, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	assert_int_equal(saved_read(place->state, &bytes, &len), -EMSGSIZE);
	assert_int_equal(ftruncate(fd, (off_t)SAVED_MAX_BYTES + 1), 0);
	assert_int_equal(saved_read(place->state, &bytes, &len), -EMSGSIZE);
	close(fd);
	unlink(place->file);
	assert_int_equal(symlink("/etc/passwd", place->file), 0);
	assert_int_equal(saved_read(place->state, &bytes, &len), -ELOOP);
	unlink(place->file);
	assert_int_equal(mkdir(place->file, 0700), 0);
	assert_int_equal(saved_read(place->state, &bytes, &len), -EMSGSIZE);
	assert_null(bytes);
}

static void failed_write_leaves_the_old_one(void **state)
{
	struct place *place = *state;
	char path[160];
	uint8_t *bytes;
	size_t len;

	assert_int_equal(saved_write(place->state, VIEW("old")), 0);
	/* A directory in the way of the new file. */
	snprintf(path, sizeof(path), "%s.new", place->file);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(saved_write(place->state, VIEW("new")), -EISDIR);
	assert_int_equal(saved_read(place->state, &bytes, &len), 0);
	assert_memory_equal(bytes, "old", 3);
	free(bytes);
}

static void a_file_in_place_of_the_directory_is_refused(void **state)
{
	struct place *place = *state;
	int fd = open(place->state, O_WRONLY | O_CREAT, 0600);

	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(saved_write(place->state, VIEW("x")), -ENOTDIR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_was_written_is_read, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			nothing_saved_is_told_from_trouble, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			empty_huge_and_strange_files_are_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(failed_write_leaves_the_old_one, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_file_in_place_of_the_directory_is_refused, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("saved", tests, NULL, NULL);
}
