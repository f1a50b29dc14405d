/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory that nobody can change any more. */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dataplane/channel/sealed.h"

static void bytes_arrive_and_cannot_be_changed(void **state)
{
	struct view mapped;
	int fd = sealed_make("test", VIEW("some bytes"));

	assert_true(fd >= 0);
	assert_int_equal(sealed_map(fd, 10, 1024, &mapped), 0);
	assert_true(view_equal(mapped, VIEW("some bytes")));
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(ftruncate(fd, 5), -1);
	assert_int_equal(ftruncate(fd, 50), -1);
	close(fd);
	assert_true(view_equal(mapped, VIEW("some bytes")));
	sealed_unmap(&mapped);
	assert_int_equal(mapped.len, 0);
	sealed_unmap(&mapped);
}

static void a_missing_seal_is_refused(void **state)
{
	static const int seals[] = {0, F_SEAL_WRITE, F_SEAL_WRITE | F_SEAL_GROW,
		F_SEAL_WRITE | F_SEAL_SHRINK, F_SEAL_GROW | F_SEAL_SHRINK};
	struct view mapped;

	for (size_t i = 0; i < sizeof(seals) / sizeof(seals[0]); i++) {
		int fd = memfd_create("test", MFD_ALLOW_SEALING);

		assert_int_equal(write(fd, "abc", 3), 3);
		assert_int_equal(fcntl(fd, F_ADD_SEALS, seals[i]), 0);
		if (sealed_map(fd, 3, 1024, &mapped) != -EPERM)
			fail_msg("seals %d", seals[i]);
		assert_int_equal(mapped.len, 0);
		close(fd);
	}
}

static void an_ordinary_file_is_refused(void **state)
{
	char path[] = "/tmp/picket-sealed-XXXXXX";
	struct view mapped;
	int fd = mkstemp(path);

	unlink(path);
	assert_int_equal(write(fd, "abc", 3), 3);
	assert_int_equal(sealed_map(fd, 3, 1024, &mapped), -EPERM);
	assert_int_equal(sealed_map(-1, 3, 1024, &mapped), -EPERM);
	close(fd);
}

static void the_size_must_be_the_announced_one_and_within_bounds(void **state)
{
	struct view mapped;
	int fd = sealed_make("test", VIEW("abc"));
	int empty = sealed_make("test", VIEW(""));

	assert_int_equal(sealed_map(fd, 2, 1024, &mapped), -EMSGSIZE);
	assert_int_equal(sealed_map(fd, 4, 1024, &mapped), -EMSGSIZE);
	assert_int_equal(sealed_map(fd, 3, 2, &mapped), -EMSGSIZE);
	assert_int_equal(sealed_map(fd, UINT64_C(1) << 40, UINT64_MAX, &mapped), -EMSGSIZE);
	assert_int_equal(sealed_map(empty, 0, 1024, &mapped), -EMSGSIZE);
	close(fd);
	close(empty);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_arrive_and_cannot_be_changed),
		cmocka_unit_test(a_missing_seal_is_refused),
		cmocka_unit_test(an_ordinary_file_is_refused),
		cmocka_unit_test(the_size_must_be_the_announced_one_and_within_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
