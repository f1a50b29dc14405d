/* SPDX-License-Identifier: BSD-3-Clause */
/* Giving privileges away. What is given away cannot come back, so each try has a process of its own. */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control/privilege.h"

/* The line of /proc/self/status that starts with this name. */
static void status_line(const char *name, char out[static 128])
{
	FILE *file = fopen("/proc/self/status", "r");

	while (fgets(out, 128, file))
		if (strncmp(out, name, strlen(name)) == 0)
			break;
	fclose(file);
}

static bool no_capability_in(const char *set)
{
	char line[128];

	status_line(set, line);
	return strtoull(strchr(line, ':') + 1, NULL, 16) == 0;
}

/* Exit code 0 when all is given away, otherwise which check failed. */
static int drop_in_child(const char *user)
{
	char why[256] = "";
	uint32_t mark = 1;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (privilege_drop(user, why, sizeof(why)) < 0)
		return 1;
	if (!no_capability_in("CapEff") || !no_capability_in("CapPrm") ||
		!no_capability_in("CapInh") || !no_capability_in("CapAmb"))
		return 2;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return 3;
	if (prctl(PR_GET_DUMPABLE) != 0)
		return 4;
	if (setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) == 0)
		return 5;
	if (user && (geteuid() == 0 || getgroups(0, NULL) != 0 || setuid(0) == 0))
		return 6;
	if (user && !no_capability_in("CapBnd"))
		return 7;
	return 0;
}

static int in_child(const char *user)
{
	int status;
	pid_t child = fork();

	if (child == 0)
		_exit(drop_in_child(user));
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void nothing_is_left_after_the_drop(void **state)
{
	assert_int_equal(in_child(NULL), 0);
	if (geteuid() != 0) {
		print_message("only root can become another user\n");
		skip();
	}
	assert_int_equal(in_child("nobody"), 0);
}

static void a_user_that_does_not_exist_is_named(void **state)
{
	char why[256] = "";
	gid_t group;
	int status;
	pid_t child = fork();

	if (child == 0)
		_exit(privilege_drop("no-such-user", why, sizeof(why)) == -ENOENT &&
					strstr(why, "no-such-user")
				? 0
				: 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(privilege_group("no-such-user", &group), -ENOENT);
	assert_int_equal(privilege_group("nobody", &group), 0);
}

static void a_namespace_that_does_not_exist_is_named_with_the_remedy(void **state)
{
	static const char *const bad[] = {"", "../x", "a/b"};
	char why[256] = "";

	assert_int_equal(privilege_enter_netns("pk-no-such-netns", why, sizeof(why)), -ENOENT);
	assert_non_null(strstr(why, "'pk-no-such-netns' does not exist"));
	assert_non_null(strstr(why, "ip netns add pk-no-such-netns"));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(privilege_enter_netns(bad[i], why, sizeof(why)), -EINVAL);
}

static void limits_are_raised_and_core_dumps_are_off(void **state)
{
	struct rlimit limit;
	int status;
	pid_t child = fork();

	if (child == 0) {
		struct rlimit low = {.rlim_cur = 64};

		getrlimit(RLIMIT_NOFILE, &limit);
		low.rlim_max = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &low);
		privilege_limits();
		getrlimit(RLIMIT_NOFILE, &limit);
		if (limit.rlim_cur < limit.rlim_max && limit.rlim_cur < 262144)
			_exit(1);
		getrlimit(RLIMIT_CORE, &limit);
		_exit(limit.rlim_cur == 0 && prctl(PR_GET_DUMPABLE) == 0 ? 0 : 2);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_left_after_the_drop),
		cmocka_unit_test(a_user_that_does_not_exist_is_named),
		cmocka_unit_test(a_namespace_that_does_not_exist_is_named_with_the_remedy),
		cmocka_unit_test(limits_are_raised_and_core_dumps_are_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
