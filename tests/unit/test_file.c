/* SPDX-License-Identifier: BSD-3-Clause */
/* Writing all that there is. */
#include "tests/unit/test.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "rules/base/file.h"

enum { BYTES = 1024 * 1024 };

struct reading {
	int fd;
	uint8_t *bytes;
	size_t len;
};

/* Slowly, in odd pieces. */
static void *read_all(void *arg)
{
	struct reading *r = arg;
	ssize_t got;

	while ((got = read(r->fd, r->bytes + r->len, 4097)) > 0)
		r->len += (size_t)got;
	return NULL;
}

static void what_a_pipe_takes_in_pieces_arrives_whole(void **state)
{
	uint8_t *bytes = malloc(BYTES);
	struct reading r = {.bytes = malloc(BYTES + 4097)};
	pthread_t thread;
	int fds[2];

	for (size_t i = 0; i < BYTES; i++)
		bytes[i] = (uint8_t)(i * 31 >> 3);
	assert_int_equal(pipe(fds), 0);
	r.fd = fds[0];
	assert_int_equal(pthread_create(&thread, NULL, read_all, &r), 0);
	assert_int_equal(file_write_all(fds[1], view_make(bytes, BYTES)), 0);
	assert_int_equal(file_write_all(fds[1], view_make(NULL, 0)), 0);
	close(fds[1]);
	pthread_join(thread, NULL);
	assert_int_equal(r.len, BYTES);
	assert_memory_equal(r.bytes, bytes, BYTES);
	close(fds[0]);
	free(bytes);
	free(r.bytes);
}

static void what_cannot_be_written_says_why(void **state)
{
	int fds[2];

	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe(fds), 0);
	close(fds[0]);
	assert_int_equal(file_write_all(fds[1], VIEW("x")), -EPIPE);
	close(fds[1]);
	assert_int_equal(file_write_all(-1, VIEW("x")), -EBADF);
	assert_int_equal(file_write_all(-1, VIEW("")), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_pipe_takes_in_pieces_arrives_whole),
		cmocka_unit_test(what_cannot_be_written_says_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
