/* SPDX-License-Identifier: BSD-3-Clause */
/* DNS SRV records. */
#include "tests/unit/test.h"

#include <stdio.h>

#include "control/srv.h"

static void a_record_is_read_to_its_last_byte(void **state)
{
	static const struct {
		const char *label;
		struct view rdata;
		enum parse result;
		const char *cause;
		const char *target;
	} cases[] = {
		{"plain", VIEW("\0\12\0\5\24\225\2x1\4Test\0"), PARSE_DONE, NULL, "x1.test"},
		{"root", VIEW("\0\0\0\0\0\0\0"), PARSE_DONE, NULL, ""},
		{"empty", VIEW(""), PARSE_BAD, "srv_truncated", NULL},
		{"no target", VIEW("\0\12\0\5\24\225"), PARSE_BAD, "srv_truncated", NULL},
		{"label beyond the end", VIEW("\0\0\0\0\0\0\5ab\0"), PARSE_BAD, "srv_truncated",
			NULL},
		{"no root", VIEW("\0\0\0\0\0\0\2ab"), PARSE_BAD, "srv_truncated", NULL},
		{"compressed", VIEW("\0\0\0\0\0\0\300\14"), PARSE_BAD, "srv_label_too_long", NULL},
		{"trailing", VIEW("\0\0\0\0\0\0\1a\0\0"), PARSE_BAD, "srv_trailing_bytes", NULL},
		{"dot in a label", VIEW("\0\0\0\0\0\0\3a.b\0"), PARSE_BAD, "srv_bad_character",
			NULL},
		{"nul in a label", VIEW("\0\0\0\0\0\0\3a\0b\0"), PARSE_BAD, "srv_bad_character",
			NULL},
		{"space in a label", VIEW("\0\0\0\0\0\0\3a b\0"), PARSE_BAD, "srv_bad_character",
			NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct srv srv = {0};
		struct fault fault = {0};
		enum parse got = srv_parse(cases[i].rdata, &srv, &fault);

		if (got != cases[i].result)
			fail_msg("%s: %d", cases[i].label, got);
		if (cases[i].cause)
			assert_string_equal(fault.cause, cases[i].cause);
		if (cases[i].target)
			assert_string_equal(srv.target, cases[i].target);
	}
}

static void fixed_fields_are_in_network_order(void **state)
{
	struct srv srv;
	struct fault fault;

	assert_int_equal(srv_parse(VIEW("\1\2\3\4\24\225\1a\0"), &srv, &fault), PARSE_DONE);
	assert_int_equal(srv.priority, 0x0102);
	assert_int_equal(srv.weight, 0x0304);
	assert_int_equal(srv.port, 5269);
}

static void a_name_has_at_most_253_characters(void **state)
{
	uint8_t rdata[6 + 256] = {0};
	struct srv srv;
	struct fault fault;

	/* 63 + 63 + 63 + 61 and their dots: 253. */
	for (int i = 0; i < 4; i++) {
		rdata[6 + 64 * i] = i < 3 ? 63 : 61;
		memset(rdata + 7 + 64 * i, 'a', 63);
	}
	rdata[6 + 64 * 3 + 62] = 0;
	assert_int_equal(srv_parse(view_make(rdata, 6 + 255), &srv, &fault), PARSE_DONE);
	assert_int_equal(strlen(srv.target), 253);
	rdata[6 + 64 * 3] = 62;
	rdata[6 + 64 * 3 + 62] = 'a';
	assert_int_equal(srv_parse(view_make(rdata, 6 + 256), &srv, &fault), PARSE_BAD);
	assert_string_equal(fault.cause, "srv_name_too_long");
}

/* Answers what the test wrote down. */
struct dice {
	const uint32_t *values;
	uint32_t next;
	uint32_t below[8]; /* what was asked for */
};

static uint32_t throw(void *arg, uint32_t below)
{
	struct dice *d = arg;

	d->below[d->next] = below;
	return d->values[d->next++];
}

static struct srv record(uint16_t priority, uint16_t weight, const char *target)
{
	struct srv srv = {.priority = priority, .weight = weight, .port = 1};

	snprintf(srv.target, sizeof(srv.target), "%s", target);
	return srv;
}

static void records_are_ordered_by_priority(void **state)
{
	struct srv list[] = {record(20, 0, "c"), record(5, 0, "a"), record(10, 0, "b")};
	struct dice dice = {0};

	srv_order(list, 3, throw, &dice);
	assert_string_equal(list[0].target, "a");
	assert_string_equal(list[1].target, "b");
	assert_string_equal(list[2].target, "c");
	assert_int_equal(dice.next, 0);
}

static void equal_priorities_are_drawn_by_weight(void **state)
{
	static const struct {
		uint32_t values[2];
		const char *order;
	} cases[] = {
		{{1, 1}, "abc"},
		{{10, 1}, "abc"},
		{{11, 1}, "bac"},
		{{40, 60}, "bca"},
		{{41, 1}, "cab"},
		{{100, 40}, "cba"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct srv list[] = {record(1, 10, "a"), record(1, 30, "b"), record(1, 60, "c")};
		struct dice dice = {.values = cases[i].values};
		char got[4];

		srv_order(list, 3, throw, &dice);
		snprintf(got, sizeof(got), "%c%c%c", list[0].target[0], list[1].target[0],
			list[2].target[0]);
		if (strcmp(got, cases[i].order) != 0)
			fail_msg("%u, %u: %s", cases[i].values[0], cases[i].values[1], got);
		assert_int_equal(dice.below[0], 101);
	}
}

static void weight_zero_has_its_small_chance(void **state)
{
	static const uint32_t zero[] = {0};
	static const uint32_t one[] = {1};
	struct srv first[] = {record(1, 10, "a"), record(1, 0, "z")};
	struct srv second[] = {record(1, 10, "a"), record(1, 0, "z")};

	srv_order(first, 2, throw, &(struct dice){.values = zero});
	assert_string_equal(first[0].target, "z");
	srv_order(second, 2, throw, &(struct dice){.values = one});
	assert_string_equal(second[0].target, "a");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_is_read_to_its_last_byte),
		cmocka_unit_test(fixed_fields_are_in_network_order),
		cmocka_unit_test(a_name_has_at_most_253_characters),
		cmocka_unit_test(records_are_ordered_by_priority),
		cmocka_unit_test(equal_priorities_are_drawn_by_weight),
		cmocka_unit_test(weight_zero_has_its_small_chance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
