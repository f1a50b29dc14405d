/* SPDX-License-Identifier: BSD-3-Clause */
/* Several workers and the lcore of the TAP: whose a frame is, and what becomes of it on the way. */
#include "tests/ring/crowd.h"

#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>

#include "dataplane/partner.h"
#include "dataplane/report.h"

static const struct worker_config three = {.workers = 3};

/* How many flows each worker has; fails if one has none. */
static void assert_all_have_flows(void)
{
	for (uint32_t w = 0; w < crew_size(); w++)
		if (crew_edge(w)->flows.count == 0)
			fail_msg("worker %u has no flow", w);
}

static void both_directions_meet_at_one_worker(void **state)
{
	crowd_begin(&three);
	for (uint16_t i = 0; i < 60; i++) {
		struct talk t = crowd_established(
			i % 2, i % 3 == 0 ? PARTNER_6 : PARTNER_4, (uint16_t)(2000 + i));
		struct octets said;

		/* By any queue of any port: a flow has one owner. */
		said = talk_from_remote(&t, TCP_ACK | TCP_PSH, VIEW("<presence/>"));
		assert_true(crowd_inward((i + 1) % 2, i % 4 / 2, said).any);
		t.remote_seq += 11;
		assert_non_null(crowd_flow(&t));
	}
	assert_all_have_flows();
	assert_int_equal(crowd_counters().fates[DIRECTION_IN].forwarded, 60 * 4);
	assert_int_equal(crowd_counters().fates[DIRECTION_OUT].forwarded, 60 * 2);
}

static void two_lcores_are_one_worker_and_the_tap(void **state)
{
	struct talk t;

	crowd_begin(&(struct worker_config){.workers = 1});
	t = crowd_established(0, PARTNER_4, 2000);
	assert_true(crowd_inward(0, 1, talk_from_remote(&t, TCP_ACK | TCP_PSH, VIEW("x"))).any);
	assert_int_equal(crew_edge(0)->flows.count, 1);
}

static void several_workers_need_an_lcore_for_the_tap(void **state)
{
	struct worker_config config = {.pool = pool, .port_count = 1, .workers = 2};

	assert_int_equal(crew_prepare(&config), -EINVAL);
	config = (struct worker_config){.pool = pool};
	assert_int_equal(crew_prepare(&config), -EINVAL);
	assert_int_equal(crew_size(), 0);
	config = (struct worker_config){.pool = pool, .port_count = 1, .apart = true};
	config.workers = STEER_WORKERS_MAX + 1;
	assert_int_equal(crew_prepare(&config), -EINVAL);
	crowd_begin(&three);
}

static void an_icmp_error_finds_the_flow_that_it_is_about(void **state)
{
	uint32_t port;

	crowd_begin(&three);
	for (uint16_t i = 0; i < 10; i++) {
		struct talk t = crowd_established(i % 2, PARTNER_4, (uint16_t)(2000 + i));
		struct octets sent = talk_from_kernel(&t, TCP_ACK, VIEW("data"));
		struct octets got = talk_from_remote(&t, TCP_ACK, VIEW("data"));
		struct octets back;

		assert_true(crowd_inward(0, 0, frame_error("192.0.2.254", SERVICE_4, &sent)).any);
		back = frame_back(frame_error(SERVICE_4, PARTNER_4, &got));
		assert_true(crowd_outward(back, &port).any);
	}
	assert_int_equal(crowd_counters().dropped[CAUSE_icmp_no_flow], 0);
}

static uint32_t random_state;

static uint32_t random_below(uint32_t bound)
{
	random_state = random_state * 1664525 + 1013904223;
	return (random_state >> 8) % bound;
}

static struct octets random_frame(bool from_kernel)
{
	static const char *const remotes[] = {PARTNER_4, OTHER_4, UNKNOWN_4, PARTNER_6, BLOCKED_4};
	static const uint8_t flags[] = {TCP_SYN, TCP_SYN | TCP_ACK, TCP_ACK, TCP_ACK,
		TCP_FIN | TCP_ACK, TCP_RST, TCP_ACK | TCP_URG};
	const char *remote = remotes[random_below(5)];
	struct talk t = {
		.remote = remote,
		.local = strchr(remote, ':') ? SERVICE_6 : SERVICE_4,
		.remote_port = (uint16_t)(1 + random_below(40)),
		.local_port = XMPP_PORT,
		.remote_seq = 1000 + random_below(4) * 50,
		.kernel_seq = 2000 + random_below(3),
		.vlan_tci = random_below(8) ? 0 : 100,
	};
	uint8_t flag = flags[random_below(sizeof(flags))];
	struct view data = random_below(2) ? VIEW("<stream:stream") : VIEW("");
	struct octets o;

	if (random_below(20) == 0)
		o = frame_arp(1, remotes[0], SERVICE_4);
	else if (random_below(20) == 0)
		o = frame_udp(UNKNOWN_4, SERVICE_4, 53, 53);
	else
		o = talk_from_remote(&t, flag, data);
	if (from_kernel)
		o = talk_from_kernel(&t, flag, data);
	if (random_below(10) == 0)
		o.bytes[12 + random_below(o.len - 12)] ^= (uint8_t)(1 << random_below(8));
	if (random_below(50) == 0)
		o.len = 1 + random_below(o.len);
	return o;
}

static void forget_what_left(void)
{
	while (ring_taken_by_tap().any)
		;
	for (uint32_t port = 0; port < CROWD_PORTS; port++)
		while (crowd_taken_by_port(port).any)
			;
}

static void every_frame_has_one_fate_over_all_lcores(void **state)
{
	struct counters sum;
	uint64_t sent = 0;

	random_state = 1;
	crowd_begin(&(struct worker_config){.workers = 4, .flow_capacity = 200});
	for (int turn = 0; turn < 8000; turn++) {
		for (uint32_t i = random_below(8); i > 0; i--, sent++)
			crowd_from_port(
				random_below(2), (uint16_t)random_below(2), random_frame(false));
		for (uint32_t i = random_below(4); i > 0; i--, sent++)
			ring_from_tap(random_frame(true));
		now = mono_after_ms(now, random_below(200));
		if (turn % 1000 == 999)
			ring_rules_blocking(turn % 2000 == 999 ? "192.0.2.7/32" : NULL);
		if (turn % 100 == 0)
			crowd_settle();
		else
			crowd_step();
		sum = crowd_counters();
		if (!report_balance(&sum))
			fail_msg("turn %d", turn);
		forget_what_left();
	}
	crowd_settle();
	forget_what_left();
	sum = crowd_counters();
	assert_int_equal(
		sum.fates[DIRECTION_IN].received + sum.fates[DIRECTION_OUT].received, sent);
	for (int i = 0; i < 4000; i++) {
		now = mono_after_ms(now, 5000);
		crowd_step();
	}
	forget_what_left();
	for (uint32_t w = 0; w < crew_size(); w++)
		assert_int_equal(crew_edge(w)->flows.count, 0);
	for (uint32_t slot = 0; slot < 4; slot++)
		assert_int_equal(edge->flows.ledger->open[slot], 0);
	for (uint32_t i = 0; i < prefixes_count(&edge->flows.ledger->prefixes); i++)
		assert_int_equal(edge->flows.ledger->prefixes.entries[i].flows +
					 edge->flows.ledger->prefixes.entries[i].open,
			0);
}

static void frames_for_a_worker_without_room_are_dropped_and_counted(void **state)
{
	struct talk t = {PARTNER_4, SERVICE_4, 0, XMPP_PORT, 1, 1, 0};
	struct counters sum;
	uint32_t sent = 0;

	crowd_begin(&(struct worker_config){.workers = 2, .port_count = 1});
	t.remote_port = crowd_port_of(1, PARTNER_4, 1000);
	/* Queue 0 is worker 0's; the owner stands still. */
	for (int turn = 0; turn < 40; turn++) {
		for (int i = 0; i < WORKER_BURST; i++, sent++)
			crowd_from_port(0, 0, talk_from_remote(&t, TCP_ACK, VIEW("")));
		worker_step(crew_edge(0), now);
	}
	sum = crowd_counters();
	assert_int_equal(sum.fates[DIRECTION_IN].received, sent);
	assert_int_equal(sum.fates[DIRECTION_IN].held, CROSSING_FRAMES - 1 + CROSSING_BURST);
	assert_int_equal(sum.dropped[CAUSE_lcore_full], sent - sum.fates[DIRECTION_IN].held);
	assert_true(report_balance(&sum));
	crowd_settle();
	sum = crowd_counters();
	assert_int_equal(sum.refused[CAUSE_no_flow] + sum.dropped[CAUSE_no_flow] +
				 sum.dropped[CAUSE_lcore_full],
		sent);
	forget_what_left();
}

static void frames_for_a_tap_lcore_without_room_are_dropped_and_counted(void **state)
{
	uint32_t forwarded = 0;
	struct counters sum;
	struct talk t;

	crowd_begin(&(struct worker_config){.workers = 2, .port_count = 1});
	t = crowd_established(0, PARTNER_4, 2000);
	for (int turn = 0; turn < 40; turn++) {
		for (int i = 0; i < WORKER_BURST; i++)
			crowd_from_port(0, 0, talk_from_remote(&t, TCP_ACK, VIEW("x")));
		worker_step(crew_edge(0), now);
		worker_step(crew_edge(1), now);
	}
	sum = crowd_counters();
	assert_true(sum.dropped[CAUSE_lcore_full] > 0);
	assert_true(report_balance(&sum));
	/* Then the TAP's lcore takes them, as far as the partner has room before the TAP. */
	while (crowd_counters().fates[DIRECTION_IN].held > 0) {
		crowd_settle();
		while (ring_taken_by_tap().any)
			forwarded++;
	}
	sum = crowd_counters();
	assert_int_equal(sum.dropped[CAUSE_lcore_full] + sum.dropped[CAUSE_queue_full] + forwarded,
		40 * WORKER_BURST);
	assert_true(sum.dropped[CAUSE_queue_full] > 0);
}

static void a_partner_with_much_waits_for_the_tap_alone(void **state)
{
	struct talk many, few;
	uint32_t after = 0;
	struct taken t;

	crowd_begin(&(struct worker_config){.workers = 2, .port_count = 1});
	many = crowd_established(0, PARTNER_4, 2000);
	few = crowd_established(0, OTHER_4, 2000);
	/* Nobody takes from the TAP: its ring is full, then the partner's queue. */
	for (int i = 0; i < 900; i++) {
		crowd_from_port(0, 0, talk_from_remote(&many, TCP_ACK, VIEW("x")));
		crowd_step();
	}
	crowd_from_port(0, 1, talk_from_remote(&few, TCP_ACK, VIEW("y")));
	crowd_settle();
	assert_true(crowd_counters().dropped[CAUSE_queue_full] > 0);
	for (int i = 0; i < 512; i++)
		ring_taken_by_tap();
	for (int i = 0; i < 10 && !after; i++) {
		crowd_settle();
		for (int k = 1; (t = ring_taken_by_tap()).any; k++)
			if (taken_mark(&t) == mark_make(CLASS_CLAIMED, OTHER_ID))
				after = (uint32_t)k;
	}
	/* 64 stand directly in front of the TAP; behind them the two take turns. */
	assert_in_range(after, 1, 64 + 64);
	while (crowd_counters().fates[DIRECTION_IN].held > 0) {
		crowd_settle();
		forget_what_left();
	}
}

static void workers_share_a_queue_without_waiting(void **state)
{
	struct talk t[2];
	uint32_t port;

	crowd_begin(&(struct worker_config){
		.workers = 2, .port_count = 1, .ports = {{.tx_queues = 1}}});
	for (uint32_t w = 0; w < 2; w++)
		t[w] = crowd_established(0, PARTNER_4, crowd_port_of(w, PARTNER_4, 2000));
	assert_ptr_equal(crew_edge(0)->to_legs[0].lock, crew_edge(1)->to_legs[0].lock);
	/* Somebody is sending. */
	rte_spinlock_lock(crew_edge(0)->to_legs[0].lock);
	for (uint32_t w = 0; w < 2; w++)
		ring_from_tap(talk_from_kernel(&t[w], TCP_ACK, VIEW("x")));
	crowd_settle();
	assert_int_equal(crowd_counters().fates[DIRECTION_OUT].held, 2);
	assert_false(crowd_taken_by_port(0).any);
	rte_spinlock_unlock(crew_edge(0)->to_legs[0].lock);
	assert_true(crowd_outward(talk_from_kernel(&t[0], TCP_ACK, VIEW("x")), &port).any);
	assert_true(crowd_taken_by_port(0).any);
	assert_true(crowd_taken_by_port(0).any);
	/* With a queue each there is nothing to share. */
	crew_finish();
	crowd_begin(&(struct worker_config){.workers = 2});
	assert_null(crew_edge(0)->to_legs[0].lock);
}

static void queues_are_spread_over_the_workers(void **state)
{
	crowd_begin(&(struct worker_config){.workers = 2});
	/* As many queues as workers: each port's queue i is worker i's. */
	for (uint32_t w = 0; w < 2; w++) {
		assert_int_equal(crew_edge(w)->poll_count, 2);
		assert_int_equal(crew_edge(w)->polls[0].queue_id, w);
		assert_int_equal(crew_edge(w)->polls[1].queue_id, w);
	}
	crew_finish();
	crowd_begin(&(struct worker_config){
		.workers = 2, .ports = {{.rx_queues = 1}, {.rx_queues = 1}}});
	for (uint32_t w = 0; w < 2; w++) {
		assert_int_equal(crew_edge(w)->poll_count, 1);
		assert_int_equal(crew_edge(w)->polls[0].leg, w);
	}
}

/* As a port with the key of this seed puts frames: queue i has what worker i owns. */
static uint16_t queue_of_port(const struct talk *t, uint16_t seed)
{
	struct tuple key = talk_key(t);

	return steer_rss_hash(seed, &key) % STEER_BUCKETS % CROWD_QUEUES;
}

static void nothing_crosses_where_ports_spread(void **state)
{
	const uint16_t seed = 0x6d5a;
	struct talk t = {PARTNER_4, SERVICE_4, 0, XMPP_PORT, 1, 1, 0};

	crowd_begin(&(struct worker_config){.workers = CROWD_QUEUES, .rss_seed = seed});
	for (uint16_t i = 0; i < 60; i++) {
		t.remote_port = (uint16_t)(2000 + i);
		assert_true(crowd_inward(
			i % 2, queue_of_port(&t, seed), talk_from_remote(&t, TCP_SYN, VIEW("")))
				    .any);
		assert_non_null(crowd_flow(&t));
	}
	assert_all_have_flows();
	for (uint32_t w = 0; w < crew_size(); w++)
		assert_int_equal(crew_edge(w)->counters.fates[DIRECTION_IN].taken_over, 0);
	/* A port that does otherwise is not believed. */
	t.remote_port = 3000;
	assert_true(
		crowd_inward(0, !queue_of_port(&t, seed), talk_from_remote(&t, TCP_SYN, VIEW("")))
			.any);
	assert_non_null(crowd_flow(&t));
}

static void *run_worker(void *edge_of_worker)
{
	worker_run(edge_of_worker);
	return NULL;
}

static void *run_ferry(void *ferry)
{
	ferry_run(ferry);
	return NULL;
}

/* The same with threads and the real clock, as they are in the program. */
static void threads_bring_every_frame_to_its_fate(void **state)
{
	enum { TALKS = 40, ROUNDS = 200, WORKERS = 2 };
	struct talk talks[TALKS];
	pthread_t threads[WORKERS + 1];
	struct counters sum;
	uint32_t arrived = 0;
	uint32_t sent = 0;

	now = mono_now();
	crowd_begin(&(struct worker_config){.workers = WORKERS, .idle = IDLE_ADAPTIVE});
	for (uint16_t i = 0; i < TALKS; i++)
		talks[i] = crowd_established(i % 2, PARTNER_4, (uint16_t)(2000 + i));
	for (uint32_t w = 0; w < WORKERS; w++)
		pthread_create(&threads[w], NULL, run_worker, crew_edge(w));
	pthread_create(&threads[WORKERS], NULL, run_ferry, crew_ferry());
	while (arrived < TALKS * ROUNDS && mono_now().ns < now.ns + 60 * NS_PER_S) {
		/* A few under way at once: neither rings nor TAP run full. */
		if (sent < TALKS * ROUNDS && sent - arrived < 100) {
			crowd_from_port(sent % 2, (uint16_t)(sent / 2 % 2),
				talk_from_remote(
					&talks[sent % TALKS], TCP_ACK | TCP_PSH, VIEW("x")));
			sent++;
		} else {
			sched_yield();
		}
		arrived += ring_taken_by_tap().any;
	}
	crew_stop();
	for (uint32_t i = 0; i <= WORKERS; i++)
		pthread_join(threads[i], NULL);
	sum = crowd_counters();
	for (int c = 0; c < CAUSE_COUNT; c++)
		if (sum.dropped[c] > 0)
			fail_msg("%s: %llu", cause_name((enum cause)c),
				(unsigned long long)sum.dropped[c]);
	assert_int_equal(arrived, sent);
}

static void an_announcement_reaches_whoever_will_own_the_connection(void **state)
{
	const uint32_t mark = mark_make(CLASS_OUTBOUND, PARTNER_ID);
	uint32_t port;

	crowd_begin(&three);
	for (uint32_t w = 0; w < crew_size(); w++) {
		struct talk t = {PARTNER_4, SERVICE_4, crowd_port_of(w, PARTNER_4, 5000), XMPP_PORT,
			9000, 100, 0};
		struct tuple out = talk_key(&t);
		struct taken taken;

		out = tuple_reverse(&out);
		assert_false(crowd_outward(talk_from_kernel(&t, TCP_SYN, VIEW("")), &port).any);
		assert_int_equal(expect_add(&out, mark, mono_after_ms(now, 5000)), 0);
		assert_true(crowd_outward(talk_from_kernel(&t, TCP_SYN, VIEW("")), &port).any);
		/* Where the neighbour was heard last; at first nobody knows. */
		assert_int_equal(port, w == 0 ? 0 : 1);
		t.kernel_seq++;
		/* The answer comes in by another port; from now on that is the way back. */
		taken = crowd_inward(1, 1, talk_from_remote(&t, TCP_SYN | TCP_ACK, VIEW("")));
		assert_int_equal(taken_mark(&taken), mark);
		t.remote_seq++;
		assert_true(crowd_outward(talk_from_kernel(&t, TCP_ACK, VIEW("x")), &port).any);
		assert_int_equal(port, 1);
		assert_int_equal(crew_edge(w)->flows.count, 1);
	}
	assert_int_equal(crowd_counters().dropped[CAUSE_outbound_unexpected], 3);
}

static void a_word_about_a_connection_reaches_its_owner(void **state)
{
	uint32_t slot = partner_slot(OTHER_ID);

	crowd_begin(&three);
	for (uint32_t w = 0; w < crew_size(); w++) {
		struct talk t = crowd_established(0, UNKNOWN_4, crowd_port_of(w, UNKNOWN_4, 1000));
		struct tuple key = talk_key(&t);

		assert_int_equal(
			verdict_say_flow(&key, mark_make(CLASS_VERIFIED, OTHER_ID), VIEW(""), now),
			0);
		crowd_step();
		assert_int_equal(crowd_flow(&t)->partner_slot, slot);
	}
	assert_int_equal(crowd_counters().verdicts_taken, 3);
	assert_int_equal(crowd_counters().verdicts_unmatched, 0);
	assert_int_equal(edge->flows.ledger->open[slot], 3);
	assert_int_equal(edge->flows.ledger->open[0], 0);
}

static void a_block_holds_with_every_worker(void **state)
{
	struct block b = {.expires = mono_after_ms(now, 60000)};
	struct prefix prefix;
	struct taken reset;

	crowd_begin(&three);
	for (uint32_t w = 0; w < crew_size(); w++)
		crowd_established(0, PARTNER_4, crowd_port_of(w, PARTNER_4, 2000));
	assert_true(prefix_parse(VIEW("192.0.2.0/24"), &prefix));
	b.target = block_target_prefix(&prefix);
	assert_int_equal(verdict_block(&b, now), 0);
	/* Silent connections are reset at once, at both ends. */
	crowd_settle();
	for (uint32_t w = 0; w < crew_size(); w++) {
		reset = ring_taken_by_tap();
		assert_true(reset.any && reset.parsed && reset.p.tcp.flags & TCP_RST);
		reset = crowd_taken_by_port(0);
		assert_true(reset.any && reset.parsed && reset.p.tcp.flags & TCP_RST);
	}
	assert_int_equal(crowd_counters().refused[CAUSE_blocked_by_verdict], 3);
	assert_int_equal(crowd_counters().late, 3);
	for (uint32_t w = 0; w < crew_size(); w++) {
		struct talk t = {PARTNER_4, SERVICE_4, crowd_port_of(w, PARTNER_4, 3000), XMPP_PORT,
			1, 1, 0};

		assert_false(crowd_inward(0, 0, talk_from_remote(&t, TCP_SYN, VIEW(""))).any);
		assert_true(crowd_taken_by_port(0).any);
	}
	assert_int_equal(verdict_unblock(&b.target, now), 0);
	crowd_settle();
	for (uint32_t w = 0; w < crew_size(); w++)
		crowd_established(0, PARTNER_4, crowd_port_of(w, PARTNER_4, 4000));
}

static void an_adopted_connection_goes_to_its_owner(void **state)
{
	uint32_t port;

	crowd_begin(&three);
	for (uint16_t i = 0; i < 12; i++) {
		struct talk t = {PARTNER_4, SERVICE_4,
			crowd_port_of(i % 3, PARTNER_4, (uint16_t)(2000 + 100 * i)), XMPP_PORT, 1,
			1, 0};
		struct flow_seed seed = {.tuple = talk_key(&t),
			.mark = mark_make(CLASS_CLAIMED, PARTNER_ID),
			.tcp_state = TCP_ESTABLISHED};

		assert_int_equal(flow_adopt(&seed), 0);
		assert_int_equal(flow_adopt(&seed), -EEXIST);
		assert_int_equal(crowd_flow(&t)->leg, LEG_NONE);
		/* Until the remote shows its port: where the neighbour was heard last. */
		assert_true(crowd_outward(talk_from_kernel(&t, TCP_ACK, VIEW("x")), &port).any);
		assert_int_equal(port, i == 0 ? 0 : 1);
		assert_true(crowd_inward(1, 0, talk_from_remote(&t, TCP_ACK, VIEW("y"))).any);
		assert_int_equal(crowd_flow(&t)->leg, 1);
		assert_true(crowd_outward(talk_from_kernel(&t, TCP_ACK, VIEW("z")), &port).any);
		assert_int_equal(port, 1);
	}
	assert_all_have_flows();
}

static void reports_are_of_all_workers(void **state)
{
	json_t *counters, *flows, *partner;
	uint32_t total;
	size_t listed = 0;

	crowd_begin(&three);
	for (uint16_t i = 0; i < 30; i++)
		crowd_talk(0, PARTNER_4, (uint16_t)(2000 + i));
	counters = report_counters();
	assert_int_equal(json_integer_value(json_object_get(counters, "workers")), 3);
	assert_int_equal(json_integer_value(json_object_get(counters, "flows")), 30);
	assert_in_range(
		json_integer_value(json_object_get(counters, "flow_capacity")), 4096, 4096 + 3);
	partner = report_partner(PARTNER_ID);
	assert_int_equal(json_integer_value(json_object_get(partner, "flows")), 30);
	assert_int_equal(json_integer_value(json_object_get(partner, "flows_opened")), 30);
	assert_int_equal(json_integer_value(json_object_get(partner, "packets_in")), 60);
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(partner, "classes"), "claimed")),
		30);
	json_decref(partner);
	json_decref(counters);
	for (uint32_t offset = 0; offset < 30; offset += 7) {
		flows = report_flows(offset, 7, &total);
		assert_int_equal(total, 30);
		listed += json_array_size(flows);
		json_decref(flows);
	}
	assert_int_equal(listed, 30);
}

static void drops_of_all_workers_are_told_together(void **state)
{
	struct cause_counts causes;
	json_t *rows;
	uint32_t total;

	crowd_begin(&three);
	/* Of no connection: each at the worker that would own it. */
	for (uint16_t i = 0; i < 30; i++) {
		struct talk t = {PARTNER_4, SERVICE_4, (uint16_t)(3000 + i), XMPP_PORT, 1, 1, 0};

		assert_false(crowd_inward(0, 0, talk_from_remote(&t, TCP_RST, VIEW(""))).any);
	}
	for (uint32_t w = 0; w < 3; w++)
		assert_int_not_equal(crew_edge(w)->counters.dropped[CAUSE_no_flow], 0);
	crew_causes(partner_find(PARTNER_ID), &causes);
	assert_int_equal(causes.dropped[CAUSE_no_flow], 30);
	rows = report_hitters(CAUSE_no_flow, 0, 100, &total);
	assert_int_equal(total, 1);
	assert_string_equal(
		json_string_value(json_object_get(json_array_get(rows, 0), "source")), PARTNER_4);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(rows, 0), "count")), 30);
	assert_int_equal(
		json_integer_value(json_object_get(json_array_get(rows, 0), "at_least")), 30);
	json_decref(rows);
}

static void old_rules_wait_for_the_last_lcore(void **state)
{
	crowd_begin(&three);
	crowd_step();
	ring_rules();
	assert_int_equal(tables_reclaim(), 1);
	worker_step(crew_edge(0), now);
	worker_step(crew_edge(1), now);
	assert_int_equal(tables_reclaim(), 1);
	worker_step(crew_edge(2), now);
	assert_int_equal(tables_reclaim(), 1);
	/* It asks them whose a frame is that it drops. */
	ferry_step(crew_ferry(), now);
	assert_int_equal(tables_reclaim(), 0);
}

static void without_a_control_plane_every_worker_refuses(void **state)
{
	crowd_begin(&three);
	crew_attend(false);
	for (uint32_t w = 0; w < crew_size(); w++) {
		struct talk t = {PARTNER_4, SERVICE_4, crowd_port_of(w, PARTNER_4, 3000), XMPP_PORT,
			1, 1, 0};

		assert_false(crowd_inward(0, 0, talk_from_remote(&t, TCP_SYN, VIEW(""))).any);
		assert_true(crowd_taken_by_port(0).any);
	}
	assert_int_equal(crowd_counters().refused[CAUSE_control_down], 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		crowd_test(both_directions_meet_at_one_worker),
		crowd_test(two_lcores_are_one_worker_and_the_tap),
		crowd_test(several_workers_need_an_lcore_for_the_tap),
		crowd_test(an_icmp_error_finds_the_flow_that_it_is_about),
		crowd_test(every_frame_has_one_fate_over_all_lcores),
		crowd_test(frames_for_a_worker_without_room_are_dropped_and_counted),
		crowd_test(frames_for_a_tap_lcore_without_room_are_dropped_and_counted),
		crowd_test(a_partner_with_much_waits_for_the_tap_alone),
		crowd_test(workers_share_a_queue_without_waiting),
		crowd_test(queues_are_spread_over_the_workers),
		crowd_test(nothing_crosses_where_ports_spread),
		crowd_test(threads_bring_every_frame_to_its_fate),
		crowd_test(an_announcement_reaches_whoever_will_own_the_connection),
		crowd_test(a_word_about_a_connection_reaches_its_owner),
		crowd_test(a_block_holds_with_every_worker),
		crowd_test(an_adopted_connection_goes_to_its_owner),
		crowd_test(reports_are_of_all_workers),
		crowd_test(drops_of_all_workers_are_told_together),
		crowd_test(old_rules_wait_for_the_last_lcore),
		crowd_test(without_a_control_plane_every_worker_refuses),
	};

	return cmocka_run_group_tests(tests, ring_start, ring_stop);
}
