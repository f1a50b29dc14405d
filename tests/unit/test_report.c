/* SPDX-License-Identifier: BSD-3-Clause */
/* Causes have names and words, and docs/counters.md has them all. */
#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>

#include "bpf/abi.h"
#include "dataplane/netstat.h"
#include "dataplane/report.h"

static char page[64 * 1024];

static int page_read(void **state)
{
	FILE *file = fopen(COUNTERS_PAGE, "rb");

	if (!file)
		return -1;
	page[fread(page, 1, sizeof(page) - 1, file)] = '\0';
	fclose(file);
	return 0;
}

static void expect_row(const char *row)
{
	if (!strstr(page, row))
		fail_msg("docs/counters.md lacks: %s", row);
}

static void every_cause_stands_on_the_page_with_its_words(void **state)
{
	for (int c = CAUSE_none + 1; c < CAUSE_COUNT; c++) {
		char row[256];

		snprintf(row, sizeof(row), "| `%s` | %s |\n", cause_name((enum cause)c),
			cause_text((enum cause)c));
		expect_row(row);
	}
}

static void the_kernel_side_stands_on_the_page_with_its_words(void **state)
{
	char row[256];

#define EXPECT_FATE(name, passes, text)                                                            \
	expect_row("| `" #name "` | " DIRECTION_##passes " | " text " |\n");
#define DIRECTION_0 "dropped"
#define DIRECTION_1 "passed"
	ABI_FATES(EXPECT_FATE)
#undef EXPECT_FATE
#undef DIRECTION_0
#undef DIRECTION_1
	for (uint32_t i = 0; i < NETSTAT_COUNT; i++) {
		snprintf(row, sizeof(row), "| `%s` | %s |\n", netstat_name(i), netstat_text(i));
		expect_row(row);
	}
}

static void the_parsers_causes_keep_their_numbers(void **state)
{
	for (int c = 0; c < PACKET_CAUSE_COUNT; c++)
		assert_string_equal(
			cause_name((enum cause)c), packet_cause_name((enum packet_cause)c));
}

static void balance_sees_a_frame_without_a_fate_and_a_fate_without_a_cause(void **state)
{
	struct counters c = {0};

	assert_true(report_balance(&c));
	c.fates[DIRECTION_IN] =
		(struct fates){.received = 5, .forwarded = 2, .dropped = 2, .held = 1};
	assert_false(report_balance(&c));
	c.dropped[CAUSE_no_flow] = 2;
	assert_true(report_balance(&c));
	c.fates[DIRECTION_OUT].received = 1;
	assert_false(report_balance(&c));
	c.fates[DIRECTION_OUT].answered = 1;
	assert_false(report_balance(&c));
	c.refused[CAUSE_flow_refused] = 1;
	assert_true(report_balance(&c));
	c.late = 1;
	assert_false(report_balance(&c));
}

static void without_a_worker_there_is_nothing_to_tell(void **state)
{
	uint32_t total;

	assert_null(report_counters());
	assert_null(report_flows(0, 10, &total));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_cause_stands_on_the_page_with_its_words),
		cmocka_unit_test(the_kernel_side_stands_on_the_page_with_its_words),
		cmocka_unit_test(the_parsers_causes_keep_their_numbers),
		cmocka_unit_test(balance_sees_a_frame_without_a_fate_and_a_fate_without_a_cause),
		cmocka_unit_test(without_a_worker_there_is_nothing_to_tell),
	};

	return cmocka_run_group_tests(tests, page_read, NULL);
}
