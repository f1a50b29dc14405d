/* SPDX-License-Identifier: BSD-3-Clause */
/* The refusals that need no namespace. */
#include "tests/unit/test.h"

#include <errno.h>
#include <string.h>

#include "dataplane/netns.h"

static void unknown_namespace_is_refused_by_name(void **state)
{
	char why[NETNS_WHY_BYTES];

	assert_int_equal(netns_start("pk-no-such-one", why, sizeof(why)), -ENOENT);
	assert_non_null(strstr(why, "'pk-no-such-one'"));
	assert_non_null(strstr(why, "scripts/netns up --netns pk-no-such-one"));
}

static int never(void *arg)
{
	fail();
	return 0;
}

static void without_a_thread_work_is_refused(void **state)
{
	assert_int_equal(netns_call(never, NULL), -ESHUTDOWN);
	netns_stop();
	assert_int_equal(netns_call(never, NULL), -ESHUTDOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unknown_namespace_is_refused_by_name),
		cmocka_unit_test(without_a_thread_work_is_refused),
	};

	return cmocka_run_group_tests_name("netns", tests, NULL, NULL);
}
