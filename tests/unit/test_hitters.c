/* SPDX-License-Identifier: BSD-3-Clause */
/* Who causes most: the sketch against exact counts. */
#include "tests/unit/test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dataplane/hitters.h"

enum { SOURCES = 20000, DRAWS = 200000 };

static const struct mono start = {1000 * NS_PER_S};
static uint64_t random_state = 88172645463325252;

static double random_unit(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (double)(random_state >> 11) / 9007199254740992.0;
}

static struct hitter_source source_of(uint32_t number)
{
	return (struct hitter_source){.key = number, .kind = REMOTE_IPV4};
}

/* Skewed: density of rank^-s; s 0 is uniform. */
static uint32_t draw(double s)
{
	double u = random_unit();

	if (s == 1.0)
		return (uint32_t)(exp(u * log(SOURCES)) - 1);
	return (uint32_t)(pow(1 + u * (pow(SOURCES, 1 - s) - 1), 1 / (1 - s)) - 1);
}

static void assert_bounds(const struct hitters_list *list, const uint32_t *exact, uint64_t total,
	uint64_t error_max, const char *what)
{
	assert_int_equal(list->total, total);
	for (uint32_t i = 0; i < list->count; i++) {
		const struct hitter *h = &list->of[i];
		uint64_t truth = exact[h->source.key];

		if (truth > h->count || truth < h->count - h->error || h->error > error_max)
			fail_msg("%s: %llu is told as %llu - %llu", what, (unsigned long long)truth,
				(unsigned long long)h->count, (unsigned long long)h->error);
		if (i > 0)
			assert_true(h->count <= h[-1].count);
	}
	assert_true(list->floor <= error_max);
	for (uint32_t n = 0; n < SOURCES; n++) {
		bool listed = false;

		for (uint32_t i = 0; i < list->count; i++)
			listed = listed || list->of[i].source.key == n;
		if (!listed && exact[n] > list->floor)
			fail_msg("%s: source %u with %u is missing", what, n, exact[n]);
	}
}

static void counts_are_within_a_sixteenth_on_any_stream(void **state)
{
	static const double skews[] = {0.0, 0.5, 1.0, 1.5, 2.5};

	for (size_t k = 0; k < sizeof(skews) / sizeof(skews[0]); k++) {
		static uint32_t exact[SOURCES];
		struct hitters sketch = {0};
		struct hitters_list list;
		char what[32];

		memset(exact, 0, sizeof(exact));
		for (int i = 0; i < DRAWS; i++) {
			uint32_t n = draw(skews[k]) % SOURCES;

			exact[n]++;
			hitters_count(&sketch, source_of(n), start);
		}
		hitters_read(&sketch, start, &list);
		snprintf(what, sizeof(what), "skew %.1f", skews[k]);
		assert_int_equal(list.count, HITTERS_MAX);
		assert_bounds(&list, exact, DRAWS, DRAWS / HITTERS_MAX, what);
	}
}

static void one_that_hides_among_new_sources_is_found(void **state)
{
	struct hitters sketch = {0};
	struct hitters_list list;

	/* One in ten: more than a sixteenth, all others come once. */
	for (uint32_t i = 0; i < 100000; i++)
		hitters_count(&sketch, source_of(i % 10 == 0 ? 7 : 1000 + i), start);
	hitters_read(&sketch, start, &list);
	assert_int_equal(list.of[0].source.key, 7);
	assert_in_range(list.of[0].count, 10000, 10000 + 100000 / HITTERS_MAX);
}

static void few_sources_are_counted_exactly(void **state)
{
	struct hitters sketch = {0};
	struct hitters_list list;

	for (uint32_t i = 0; i < HITTERS_MAX; i++)
		for (uint32_t k = 0; k <= i; k++)
			hitters_count(&sketch, source_of(i), start);
	hitters_read(&sketch, start, &list);
	assert_int_equal(list.count, HITTERS_MAX);
	for (uint32_t i = 0; i < HITTERS_MAX; i++) {
		assert_int_equal(list.of[i].source.key, HITTERS_MAX - 1 - i);
		assert_int_equal(list.of[i].count, HITTERS_MAX - i);
		assert_int_equal(list.of[i].error, 0);
	}
}

static void two_lists_add_up_with_both_bounds(void **state)
{
	static uint32_t exact[SOURCES];
	struct hitters one = {0};
	struct hitters other = {0};
	struct hitters_list list, more;

	memset(exact, 0, sizeof(exact));
	for (int i = 0; i < DRAWS; i++) {
		uint32_t n = draw(1.2) % SOURCES;

		exact[n]++;
		hitters_count(n % 3 == 0 ? &one : &other, source_of(n), start);
	}
	hitters_read(&one, start, &list);
	hitters_read(&other, start, &more);
	hitters_merge(&list, &more);
	assert_int_equal(list.count, HITTERS_MAX);
	assert_bounds(&list, exact, DRAWS, DRAWS / HITTERS_MAX, "merged");
	list = (struct hitters_list){0};
	hitters_merge(&list, &more);
	assert_memory_equal(&list.of, &more.of, sizeof(list.of));
}

/* As the sketches of several lcores are: each source is one's, some come to all. */
static void the_bounds_hold_for_many_lists(void **state)
{
	enum { LISTS = 9 };
	static const double skews[] = {0.0, 0.9, 1.4};

	for (size_t k = 0; k < sizeof(skews) / sizeof(skews[0]); k++) {
		static uint32_t exact[SOURCES];
		struct hitters sketches[LISTS] = {0};
		struct hitters_list list = {0};
		struct hitters_list more;
		char what[32];

		memset(exact, 0, sizeof(exact));
		for (int i = 0; i < DRAWS; i++) {
			uint32_t n = draw(skews[k]) % SOURCES;

			exact[n]++;
			hitters_count(&sketches[n % 5 == 0 ? (uint32_t)i % LISTS : n % LISTS],
				source_of(n), start);
		}
		for (int i = 0; i < LISTS; i++) {
			hitters_read(&sketches[i], start, &more);
			hitters_merge(&list, &more);
		}
		snprintf(what, sizeof(what), "nine, skew %.1f", skews[k]);
		assert_int_equal(list.count, HITTERS_MAX);
		assert_bounds(&list, exact, DRAWS, DRAWS / HITTERS_MAX, what);
	}
}

static void the_last_two_windows_are_told(void **state)
{
	const uint64_t window_ms = HITTERS_WINDOW_S * 1000;
	struct hitters sketch = {0};
	struct hitters_list list;
	struct mono now = start;

	hitters_read(&sketch, now, &list);
	assert_int_equal(list.count, 0);
	hitters_count(&sketch, source_of(1), now);
	now = mono_after_ms(now, window_ms - 1);
	hitters_count(&sketch, source_of(1), now);
	now = mono_after_ms(now, 1);
	hitters_count(&sketch, source_of(2), now);
	hitters_count(&sketch, source_of(1), now);
	hitters_read(&sketch, now, &list);
	assert_int_equal(list.count, 2);
	assert_int_equal(list.total, 4);
	assert_int_equal(list.begun_ns, start.ns);
	assert_int_equal(list.of[0].count, 3);
	/* The first of them is over, also when nothing more is counted. */
	now = mono_after_ms(now, window_ms);
	hitters_read(&sketch, now, &list);
	assert_int_equal(list.total, 2);
	now = mono_after_ms(now, window_ms + 1);
	hitters_read(&sketch, now, &list);
	assert_int_equal(list.count, 0);
	/* What is older than two windows is not the one before. */
	hitters_count(&sketch, source_of(3), now);
	hitters_read(&sketch, now, &list);
	assert_int_equal(list.total, 1);
}

static void sources_are_told_apart_by_kind_and_printed(void **state)
{
	static const struct {
		struct remote remote;
		const char *text;
	} cases[] = {
		{{REMOTE_IPV4, {203, 0, 113, 5}}, "203.0.113.5"},
		{{REMOTE_IPV6, {0x20, 1, 0xd, 0xb8, 0, 1, 0, 2, 9, 9, 9, 9, 9, 9, 9, 9}},
			"2001:db8:1:2::/64"},
		{{REMOTE_MAC, {2, 0, 0, 0, 0, 1}}, "02:00:00:00:00:01"},
	};
	struct hitters sketch = {0};
	struct hitters_list list;
	char text[IP_TEXT_BYTES];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct hitter_source source = hitter_source_of(&cases[i].remote);

		hitter_print(&source, text);
		assert_string_equal(text, cases[i].text);
		source.key = 7;
		hitters_count(&sketch, source, start);
	}
	hitters_count(&sketch, (struct hitter_source){.kind = REMOTE_NONE}, start);
	hitters_read(&sketch, start, &list);
	assert_int_equal(list.count, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_are_within_a_sixteenth_on_any_stream),
		cmocka_unit_test(one_that_hides_among_new_sources_is_found),
		cmocka_unit_test(few_sources_are_counted_exactly),
		cmocka_unit_test(two_lists_add_up_with_both_bounds),
		cmocka_unit_test(the_bounds_hold_for_many_lists),
		cmocka_unit_test(the_last_two_windows_are_told),
		cmocka_unit_test(sources_are_told_apart_by_kind_and_printed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
