/* SPDX-License-Identifier: BSD-3-Clause */
/* The kernel's own counters, as proc(5) net/netstat gives them. */
#include "tests/unit/test.h"

#include <stdio.h>

#include "dataplane/netstat.h"

#define IP_EXT "IpExt: InNoRoutes InTruncatedPkts\nIpExt: 9 8\n"

static void counters_stand_where_their_names_stand(void **state)
{
	static const char text[] = "TcpExt: SyncookiesSent ListenOverflows Unknown ListenDrops\n"
				   "TcpExt: 7 18446744073709551615 5 12\n" IP_EXT;
	uint64_t counts[NETSTAT_COUNT];

	memset(counts, 0xee, sizeof(counts));
	assert_true(netstat_read(view_of(text), counts));
	assert_int_equal(counts[NETSTAT_syn_cookies_sent], 7);
	assert_int_equal(counts[NETSTAT_accept_queue_full], UINT64_MAX);
	assert_int_equal(counts[NETSTAT_not_begun], 12);
	/* This kernel does not have it. */
	assert_int_equal(counts[NETSTAT_syn_cookies_failed], 0);
}

static void other_groups_may_stand_before_it(void **state)
{
	uint64_t counts[NETSTAT_COUNT];

	assert_true(netstat_read(
		view_of(IP_EXT
			"TcpExt: ListenDrops\nTcpExt: 3\nMPTcpExt: ListenDrops\nMPTcpExt: 4"),
		counts));
	assert_int_equal(counts[NETSTAT_not_begun], 3);
}

static void what_is_not_whole_changes_nothing(void **state)
{
	static const char *const texts[] = {
		"",
		IP_EXT,
		"TcpExt: ListenDrops\n",
		"TcpExt: ListenDrops ListenOverflows\nTcpExt: 1\n",
		"TcpExt: ListenDrops\nTcpExt: 1 2\n",
		"TcpExt: ListenDrops\nTcpExt: -1\n",
		"TcpExt: ListenDrops\nTcpExt: 18446744073709551616\n",
		"TcpExt: ListenDrops ListenOverflows\nTcpExt: 1  2\n",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		uint64_t counts[NETSTAT_COUNT] = {[NETSTAT_not_begun] = 41};

		if (netstat_read(view_of(texts[i]), counts))
			fail_msg("taken: %s", texts[i]);
		assert_int_equal(counts[NETSTAT_not_begun], 41);
	}
}

static void this_kernel_has_every_counter(void **state)
{
	static char text[NETSTAT_FILE_BYTES];
	uint64_t counts[NETSTAT_COUNT];
	FILE *file = fopen("/proc/net/netstat", "re");
	size_t len;

	if (!file)
		skip();
	len = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	assert_in_range(len, 1, sizeof(text) - 2);
	text[len] = '\0';
	assert_true(netstat_read(view_make(text, len), counts));
#define IS_THERE(ours, theirs, words) assert_non_null(strstr(text, " " theirs));
	NETSTAT_COUNTERS(IS_THERE)
#undef IS_THERE
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counters_stand_where_their_names_stand),
		cmocka_unit_test(other_groups_may_stand_before_it),
		cmocka_unit_test(what_is_not_whole_changes_nothing),
		cmocka_unit_test(this_kernel_has_every_counter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
