/* SPDX-License-Identifier: BSD-3-Clause */
/* A process that dies in the midst of its work with files. The linker leads the calls of all that is
 * linked here through the functions below (--wrap). */
#include "tests/unit/test.h"

#include "tests/unit/crash.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CODE_DIED = 77, CODE_DONE = 0, CODE_FAILED = 1 };

static int left = -1;   /* operations until it happens; below 0: never */
static int error_of_it; /* 0: death */
static bool happened;

int __real_open(const char *path, int flags, ...);
ssize_t __real_write(int fd, const void *bytes, size_t len);
int __real_fsync(int fd);
int __real_rename(const char *from, const char *to);
int __real_unlink(const char *path);
int __real_mkdir(const char *path, mode_t mode);
int __wrap_open(const char *path, int flags, ...);
ssize_t __wrap_write(int fd, const void *bytes, size_t len);
int __wrap_fsync(int fd);
int __wrap_rename(const char *from, const char *to);
int __wrap_unlink(const char *path);
int __wrap_mkdir(const char *path, mode_t mode);

/* True: now, and it is a failure. */
static bool is_now(void)
{
	if (left < 0 || --left > 0)
		return false;
	left = -1;
	happened = true;
	if (!error_of_it)
		_exit(CODE_DIED);
	errno = error_of_it;
	return true;
}

int __wrap_open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list args;

	if (flags & O_CREAT) {
		va_start(args, flags);
		mode = va_arg(args, mode_t);
		va_end(args);
		if (is_now())
			return -1;
	}
	return __real_open(path, flags, mode);
}

ssize_t __wrap_write(int fd, const void *bytes, size_t len)
{
	if (left == 1 && fd > STDERR_FILENO)
		(void)!__real_write(fd, bytes, len / 2);
	if (fd > STDERR_FILENO && is_now())
		return -1;
	return __real_write(fd, bytes, len);
}

int __wrap_fsync(int fd)
{
	return is_now() ? -1 : __real_fsync(fd);
}

int __wrap_rename(const char *from, const char *to)
{
	return is_now() ? -1 : __real_rename(from, to);
}

int __wrap_unlink(const char *path)
{
	return is_now() ? -1 : __real_unlink(path);
}

int __wrap_mkdir(const char *path, mode_t mode)
{
	return is_now() ? -1 : __real_mkdir(path, mode);
}

bool crash_at(int k, int (*work)(void *arg), void *arg)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		left = k;
		error_of_it = 0;
		_exit(work(arg) == 0 ? CODE_DONE : CODE_FAILED);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) != CODE_DIED && WEXITSTATUS(status) != CODE_DONE)
		fail_msg("operation %d: the work ended with %d", k, WEXITSTATUS(status));
	return WEXITSTATUS(status) == CODE_DIED;
}

bool fail_at(int k, int error, int (*work)(void *arg), void *arg, int *result)
{
	left = k;
	error_of_it = error;
	happened = false;
	*result = work(arg);
	left = -1;
	return happened;
}
