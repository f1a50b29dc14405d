/* SPDX-License-Identifier: BSD-3-Clause */
/* Queues that share the TAP: nobody waits for another's burst. */
#include "tests/ring/ring.h"

#include "dataplane/fair.h"

enum { QUEUES = 4000 };

static struct fair fair;
static uint64_t numbers[4 * FAIR_ITEMS];

static int fair_start(void **state)
{
	return fair_init(&fair, QUEUES);
}

static int fair_stop(void **state)
{
	struct fair_item item;

	while (fair_take(&fair, &item))
		;
	assert_int_equal(fair.count, 0);
	assert_int_equal(fair.unmade, 0);
	fair_fini(&fair);
	return 0;
}

/* The item tells its queue. */
static enum fair_put put(uint32_t queue, uint32_t bytes)
{
	numbers[queue] = queue;
	return fair_put(&fair, queue, &numbers[queue], bytes, false);
}

static uint32_t taken_queue(void)
{
	struct fair_item item;

	assert_true(fair_take(&fair, &item));
	return (uint32_t) * (uint64_t *)item.what;
}

static void nothing_is_taken_from_nothing(void **state)
{
	struct fair_item item;

	assert_false(fair_take(&fair, &item));
	assert_int_equal(put(3, 60), FAIR_TAKEN);
	assert_int_equal(taken_queue(), 3);
	assert_false(fair_take(&fair, &item));
}

static void a_queue_keeps_its_order(void **state)
{
	struct fair_item item;

	for (uint64_t i = 0; i < 100; i++) {
		numbers[i] = i;
		assert_int_equal(fair_put(&fair, i % 2, &numbers[i], 500, i % 3 == 0), FAIR_TAKEN);
	}
	for (uint64_t next[2] = {0, 1}; fair_take(&fair, &item);) {
		uint64_t number = *(uint64_t *)item.what;

		assert_int_equal(number, next[number % 2]);
		assert_int_equal(item.made, number % 3 == 0);
		next[number % 2] += 2;
	}
}

static void a_burst_does_not_delay_others_by_more_than_a_round(void **state)
{
	for (int i = 0; i < 250; i++)
		assert_int_equal(put(1, 1514), FAIR_TAKEN);
	assert_int_equal(put(2, 1514), FAIR_TAKEN);
	assert_int_equal(put(3, 60), FAIR_TAKEN);
	assert_int_equal(put(3, 60), FAIR_TAKEN);
	/* One of the burst, then what came later. */
	assert_int_equal(taken_queue(), 1);
	assert_int_equal(taken_queue(), 2);
	assert_int_equal(taken_queue(), 3);
	assert_int_equal(taken_queue(), 3);
	assert_int_equal(taken_queue(), 1);
}

static void bytes_are_shared_alike_whatever_the_lengths(void **state)
{
	static const uint32_t lengths[] = {60, 1514, 300, 9000};
	uint64_t bytes[4] = {0};
	uint64_t sum = 0;

	while (sum < 4 * 1000 * 1000) {
		uint32_t queue;

		for (uint32_t q = 0; q < 4; q++)
			while (fair.queues[q].count < 64)
				assert_int_equal(put(q, lengths[q]), FAIR_TAKEN);
		queue = taken_queue();
		bytes[queue] += lengths[queue];
		sum += lengths[queue];
	}
	for (uint32_t q = 0; q < 4; q++)
		assert_in_range(bytes[q], 1000 * 1000 - 20000, 1000 * 1000 + 20000);
}

static void long_queues_leave_room_for_everybody_else(void **state)
{
	uint32_t greedy = 0;

	while (put(0, 60) == FAIR_TAKEN)
		greedy++;
	assert_int_equal(greedy, FAIR_QUEUE_MAX);
	for (uint32_t q = 1; q < 100; q++)
		while (put(q, 60) == FAIR_TAKEN)
			;
	assert_int_equal(put(100, 60), FAIR_TAKEN);
	assert_true(fair.count < FAIR_ITEMS);
	/* The first is served and has room again, but no more than its share. */
	for (int i = 0; i < 1000; i++)
		taken_queue();
	assert_true(fair.queues[0].count < FAIR_QUEUE_MAX);
}

static void when_all_is_full_that_is_said(void **state)
{
	uint32_t taken = 0;
	uint32_t q = 0;

	for (; q < QUEUES && put(q, 60) == FAIR_TAKEN; q++)
		taken++;
	assert_int_equal(taken, FAIR_ITEMS - 1);
	assert_int_equal(put(q, 60), FAIR_ALL_FULL);
	for (uint32_t i = 0; i < taken; i++)
		assert_int_equal(taken_queue(), i);
}

#define fair_test(f) cmocka_unit_test_setup_teardown(f, fair_start, fair_stop)
#define ring_test(f) cmocka_unit_test_setup_teardown(f, ring_setup, ring_teardown)

/* Frames of a partner's connection, until the TAP takes no more and `more` wait. */
static void fill_tap(uint32_t more)
{
	struct talk t = {PARTNER_4, SERVICE_4, 1, XMPP_PORT, 100, 500, 0};

	while (edge->counters.fates[DIRECTION_IN].held < more) {
		ring_from_port(talk_from_remote(&t, TCP_SYN, VIEW("")));
		ring_step();
	}
}

static void a_partner_that_fills_the_tap_does_not_hold_up_another(void **state)
{
	struct talk t = {OTHER_4, SERVICE_4, 2, XMPP_PORT, 100, 500, 0};
	struct talk unknown = {UNKNOWN_4, SERVICE_4, 3, XMPP_PORT, 100, 500, 0};
	uint32_t before = 0;
	uint32_t found = 0;

	fill_tap(300);
	/* The queue is full: the burst pays for itself. */
	for (int i = 0; i < 100; i++) {
		struct talk burst = {PARTNER_4, SERVICE_4, 1, XMPP_PORT, 100, 500, 0};

		ring_from_port(talk_from_remote(&burst, TCP_SYN, VIEW("")));
		ring_step();
	}
	assert_counted(edge->counters.dropped, CAUSE_queue_full, "queue_full",
		partner_causes_of(&edge->counters.blame->partners, partner_find(PARTNER_ID))
			->dropped[CAUSE_queue_full]);
	ring_from_port(talk_from_remote(&t, TCP_SYN, VIEW("")));
	ring_from_port(talk_from_remote(&unknown, TCP_SYN, VIEW("")));
	ring_step();
	assert_true(report_balance(&edge->counters));
	assert_int_equal(edge->counters.dropped[CAUSE_tap_full], 0);
	/* 511 in the TAP, 64 in front of it, then one of each. */
	while (found < 2) {
		struct taken taken = ring_taken_by_tap();

		if (!taken.any)
			ring_step();
		else if (taken.p.tuple.src_port == 1)
			before++;
		else
			found++;
	}
	assert_in_range(before, 1, 511 + EXCEPTION_DIRECT + 64);
	while (edge->counters.fates[DIRECTION_IN].held > 0)
		if (!ring_taken_by_tap().any)
			ring_step();
	while (ring_taken_by_tap().any)
		;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fair_test(nothing_is_taken_from_nothing),
		fair_test(a_queue_keeps_its_order),
		fair_test(a_burst_does_not_delay_others_by_more_than_a_round),
		fair_test(bytes_are_shared_alike_whatever_the_lengths),
		fair_test(long_queues_leave_room_for_everybody_else),
		fair_test(when_all_is_full_that_is_said),
		ring_test(a_partner_that_fills_the_tap_does_not_hold_up_another),
	};

	return cmocka_run_group_tests(tests, ring_start, ring_stop);
}
