/* SPDX-License-Identifier: BSD-3-Clause */
/* What is told of partners, of one connection, and of who is dropped most, when several workers and
 * the lcore of the TAP have counted it. */
#include <netinet/tcp.h>

#include "tests/ring/crowd.h"
#include "tests/ring/hello.h"
#include "tests/ring/told.h"

#include "dataplane/partner.h"

enum { WORKERS = 3 };

static void begin(void)
{
	crowd_begin(&(struct worker_config){.workers = WORKERS});
}

static void turn(void)
{
	crowd_step();
}

static void forget_what_left(void)
{
	while (ring_taken_by_tap().any)
		;
	for (uint32_t port = 0; port < CROWD_PORTS; port++)
		while (crowd_taken_by_port(port).any)
			;
}

static struct talk talk_of(const char *remote, uint16_t remote_port)
{
	return (struct talk){.remote = remote,
		.local = strchr(remote, ':') ? SERVICE_6 : SERVICE_4,
		.remote_port = remote_port,
		.local_port = XMPP_PORT,
		.remote_seq = 4000,
		.kernel_seq = 7000};
}

static struct octets stray(const char *remote, uint32_t owner)
{
	struct talk t = talk_of(remote, crowd_port_of(owner, remote, 1000));

	return talk_from_remote(&t, TCP_RST, VIEW(""));
}

/* Over all partners, page by page: what the whole edge says, cause by cause. */
static void assert_partners_add_up(void)
{
	struct counters edge_sum = crowd_counters();
	struct cause_counts told = {0};
	uint32_t total = 1;

	for (uint32_t offset = 0; offset < total; offset++) {
		json_t *rows = report_partners(offset, 1, &total);
		json_t *row = json_array_get(rows, 0);

		for (int c = CAUSE_none + 1; c < CAUSE_COUNT; c++) {
			const char *cause = cause_name((enum cause)c);

			told.dropped[c] += (uint64_t)json_integer_value(
				json_object_get(json_object_get(row, "drops"), cause));
			told.refused[c] += (uint64_t)json_integer_value(
				json_object_get(json_object_get(row, "refusals"), cause));
		}
		json_decref(rows);
	}
	for (int c = CAUSE_none + 1; c < CAUSE_COUNT; c++)
		if (told.dropped[c] != edge_sum.dropped[c] ||
			told.refused[c] != edge_sum.refused[c])
			fail_msg("%s", cause_name((enum cause)c));
}

static void causes_of_all_workers_add_up_by_partner(void **state)
{
	begin();
	for (uint32_t w = 0; w < WORKERS; w++) {
		for (uint32_t i = 0; i <= w; i++)
			assert_false(crowd_inward(0, 0, stray(PARTNER_4, w)).any);
		assert_false(crowd_inward(1, 1, stray(PARTNER_6, w)).any);
		assert_false(crowd_inward(0, 1, stray(OTHER_4, w)).any);
		assert_int_equal(crew_edge(w)->counters.dropped[CAUSE_no_flow], w + 3);
		for (int i = 0; i < 2; i++) {
			struct talk t = talk_of(BLOCKED_4, crowd_port_of(w, BLOCKED_4, 1000));

			crowd_inward(0, 0, talk_from_remote(&t, TCP_SYN, VIEW("")));
		}
	}
	forget_what_left();
	assert_int_equal(told_count(PARTNER_ID, "drops", "no_flow"), 1 + 2 + 3 + WORKERS);
	assert_int_equal(told_count(OTHER_ID, "drops", "no_flow"), WORKERS);
	assert_int_equal(told_count(0, "drops", "no_flow"), 0);
	assert_int_equal(told_count(0, "refusals", "blocked_source"), 2 * WORKERS);
	assert_partners_add_up();
}

static void traffic_and_classes_of_all_workers_add_up(void **state)
{
	json_t *row;

	begin();
	for (uint32_t w = 0; w < WORKERS; w++) {
		struct talk t;

		crowd_talk(0, PARTNER_4, crowd_port_of(w, PARTNER_4, 2000));
		crowd_talk(0, UNKNOWN_4, crowd_port_of(w, UNKNOWN_4, 2000));
		t = crowd_talk(1, PARTNER_4, crowd_port_of(w, PARTNER_4, 3000));
		flow_assign(&crew_edge(w)->flows, crowd_flow(&t),
			mark_make(CLASS_VERIFIED, PARTNER_ID), partner_find(PARTNER_ID));
	}
	assert_int_equal(told_count(PARTNER_ID, "classes", "claimed"), WORKERS);
	assert_int_equal(told_count(PARTNER_ID, "classes", "verified"), WORKERS);
	assert_int_equal(told_count(0, "classes", "unknown"), WORKERS);
	row = report_partner(PARTNER_ID);
	assert_int_equal(told_number(row, "flows"), 2 * WORKERS);
	assert_int_equal(told_number(row, "flows_opened"), 2 * WORKERS);
	assert_int_equal(told_number(row, "packets_in"), 2 * 2 * WORKERS);
	assert_int_equal(told_number(row, "packets_out"), 2 * WORKERS);
	json_decref(row);
}

static void what_is_lost_between_lcores_counts_by_the_address(void **state)
{
	begin();
	/* Queue 0 of port 0 is worker 0's; the owner stands still. */
	for (int i = 0; i < 2 * CROSSING_FRAMES; i++) {
		crowd_from_port(0, 0, stray(i % 2 ? PARTNER_4 : UNKNOWN_4, 1));
		if (i % WORKER_BURST == 0)
			worker_step(crew_edge(0), now);
	}
	worker_step(crew_edge(0), now);
	crowd_settle();
	assert_true(told_count(PARTNER_ID, "drops", "lcore_full") > 0);
	assert_true(told_count(0, "drops", "lcore_full") > 0);
	assert_partners_add_up();
}

/* The lcore of the TAP has no flows: by the queue before the TAP, or by the address. */
static void what_the_lcore_of_the_tap_drops_counts_too(void **state)
{
	struct talk many, one = talk_of(OTHER_4, 0);
	json_t *rows;
	uint32_t total;

	begin();
	one.remote_port = crowd_port_of(1, OTHER_4, 2000);
	for (int i = 0; i < 2 * CROSSING_FRAMES; i++) {
		ring_from_tap(talk_from_kernel(&one, TCP_ACK, VIEW("")));
		if (i % WORKER_BURST == 0)
			ferry_step(crew_ferry(), now);
	}
	crowd_settle();
	assert_true(told_count(OTHER_ID, "drops", "lcore_full") > 0);
	assert_int_equal(told_count(OTHER_ID, "drops", "lcore_full") +
				 told_count(OTHER_ID, "drops", "outbound_no_flow"),
		2 * CROSSING_FRAMES);
	many = crowd_established(0, PARTNER_4, 2000);
	for (int i = 0; i < 900; i++) {
		crowd_from_port(0, 0, talk_from_remote(&many, TCP_ACK, VIEW("x")));
		crowd_step();
	}
	assert_int_equal(told_count(PARTNER_ID, "drops", "queue_full"),
		crowd_counters().dropped[CAUSE_queue_full]);
	assert_true(told_count(PARTNER_ID, "drops", "queue_full") > 0);
	rows = report_hitters(CAUSE_queue_full, 0, 10, &total);
	assert_int_equal(total, 1);
	assert_told(json_array_get(rows, 0), "source", PARTNER_4);
	json_decref(rows);
	assert_partners_add_up();
	while (crowd_counters().fates[DIRECTION_IN].held > 0) {
		crowd_settle();
		forget_what_left();
	}
}

static void who_is_dropped_most_is_told_over_all_workers(void **state)
{
	json_t *rows, *first;
	uint32_t total;

	begin();
	/* Each worker has seen others more often; only together this one leads. */
	for (uint32_t w = 0; w < WORKERS; w++) {
		const char *const more[] = {PARTNER_4, OTHER_4, "192.0.9.10"};

		for (int i = 0; i < 4; i++)
			crowd_inward(0, 0, stray(UNKNOWN_4, w));
		for (int i = 0; i < 6; i++)
			crowd_inward(0, 0, stray(more[w], w));
	}
	rows = report_hitters(CAUSE_no_flow, 0, 10, &total);
	assert_int_equal(total, 4);
	first = json_array_get(rows, 0);
	assert_told(first, "source", UNKNOWN_4);
	assert_int_equal(told_number(first, "count"), 4 * WORKERS);
	assert_int_equal(told_number(first, "at_least"), 4 * WORKERS);
	assert_int_equal(told_number(first, "of"), 10 * WORKERS);
	json_decref(rows);
}

/* Workers do not read the clock at the same moment. */
static void one_worker_may_be_ahead_of_another(void **state)
{
	json_t *rows;
	uint32_t total;

	begin();
	crowd_step();
	ring_advance_ms(3000);
	/* Queue 1 of port 0 is worker 1's. */
	crowd_from_port(0, 1, stray(UNKNOWN_4, 1));
	worker_step(crew_edge(1), now);
	rows = report_hitters(CAUSE_no_flow, 0, 10, &total);
	assert_int_equal(total, 1);
	assert_int_equal(told_number(json_array_get(rows, 0), "seconds"), 0);
	json_decref(rows);
	ring_advance_ms(2000);
	worker_step(crew_edge(0), now);
	rows = report_hitters(CAUSE_no_flow, 0, 10, &total);
	assert_int_equal(told_number(json_array_get(rows, 0), "seconds"), 2);
	json_decref(rows);
}

static void a_connection_is_told_by_its_owner(void **state)
{
	begin();
	for (uint32_t w = 0; w < WORKERS; w++) {
		struct talk t = crowd_established(
			w % CROWD_PORTS, PARTNER_4, crowd_port_of(w, PARTNER_4, 40000));

		for (int reversed = 0; reversed < 2; reversed++) {
			json_t *flow = flow_told(&t, reversed, turn);
			json_t *limits =
				json_object_get(json_object_get(flow, "limits"), "partner");

			assert_told(flow, "remote", PARTNER_4);
			assert_int_equal(told_number(flow, "remote_port"), t.remote_port);
			assert_told(flow, "state", "established");
			assert_told(flow, "partner_name", "partner.example");
			assert_int_equal(told_number(flow, "packets_in"), 3);
			/* Of all workers. */
			assert_int_equal(
				told_number(json_object_get(limits, "connections"), "open"), w + 1);
			json_decref(flow);
		}
	}
}

static void one_that_is_expected_is_told_by_its_owner(void **state)
{
	begin();
	for (uint32_t w = 0; w < WORKERS; w++) {
		struct talk t = talk_of(PARTNER_4, crowd_port_of(w, PARTNER_4, 50000));
		struct tuple key = talk_key(&t);
		struct tuple outbound = tuple_reverse(&key);
		json_t *told;

		assert_int_equal(expect_add(&outbound, mark_make(CLASS_OUTBOUND, PARTNER_ID),
					 mono_after_ms(now, 60000)),
			0);
		for (int reversed = 0; reversed < 2; reversed++) {
			told = told_of(reversed ? &outbound : &key, turn);
			assert_told(told, "why", "announced by the control plane, not begun yet");
			json_decref(told);
		}
	}
}

/* Only the owner is waited for. */
static void a_worker_that_stands_still_holds_up_only_its_own(void **state)
{
	struct talk t[2];
	json_t *told;
	struct tuple key;

	begin();
	for (uint32_t w = 0; w < 2; w++)
		t[w] = crowd_established(0, PARTNER_4, crowd_port_of(w, PARTNER_4, 40000));
	key = talk_key(&t[1]);
	told = report_flow(&key);
	assert_told(told, "why", "the worker does not answer");
	json_decref(told);
	json_decref(flow_told(&t[0], false, turn));
	json_decref(flow_told(&t[1], false, turn));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		crowd_test(causes_of_all_workers_add_up_by_partner),
		crowd_test(traffic_and_classes_of_all_workers_add_up),
		crowd_test(what_is_lost_between_lcores_counts_by_the_address),
		crowd_test(what_the_lcore_of_the_tap_drops_counts_too),
		crowd_test(who_is_dropped_most_is_told_over_all_workers),
		crowd_test(one_worker_may_be_ahead_of_another),
		crowd_test(a_connection_is_told_by_its_owner),
		crowd_test(one_that_is_expected_is_told_by_its_owner),
		crowd_test(a_worker_that_stands_still_holds_up_only_its_own),
	};

	return cmocka_run_group_tests(tests, ring_start, ring_stop);
}
