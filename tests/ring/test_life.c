/* SPDX-License-Identifier: BSD-3-Clause */
/* How connections end, what new rules do to them, what a restart keeps; and what is told of all. */
#include "tests/ring/ring.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/resource.h>
#include <time.h>

#include "dataplane/handoff.h"
#include "dataplane/report.h"
#include "tests/ring/hello.h"

static struct talk talk_established(const char *remote, uint16_t remote_port)
{
	struct octets header = header_make("corp.example", NULL);
	struct talk t = talk_open(remote, remote_port, XMPP_PORT);

	assert_true(talk_say(&t, octets_view(&header)).any);
	talk_acknowledge(&t);
	assert_int_equal(talk_flow(&t)->state, FLOW_established);
	return t;
}

static void both_fins_close_and_last_segments_still_pass(void **state)
{
	struct talk t = talk_established(PARTNER_4, 40000);

	assert_true(ring_inward(talk_from_remote(&t, TCP_FIN | TCP_ACK, VIEW(""))).any);
	assert_int_equal(talk_flow(&t)->state, FLOW_closing);
	t.remote_seq++;
	assert_true(ring_outward(talk_from_kernel(&t, TCP_FIN | TCP_ACK, VIEW(""))).any);
	assert_int_equal(talk_flow(&t)->state, FLOW_closed);
	t.kernel_seq++;
	assert_true(ring_inward(talk_from_remote(&t, TCP_ACK, VIEW(""))).any);
	/* The kernel is in TIME_WAIT: it must see what is sent again. */
	ring_advance_ms(60000);
	assert_true(ring_inward(talk_from_remote(&t, TCP_ACK, VIEW(""))).any);
	ring_let_pass_ms(6000);
	assert_null(talk_flow(&t));
	assert_false(ring_inward(talk_from_remote(&t, TCP_ACK, VIEW(""))).any);
	assert_true(ring_taken_by_port().any);
	assert_refused(no_flow);
}

static void true_reset_closes_guessed_one_does_not(void **state)
{
	struct talk t = talk_established(PARTNER_4, 40000);
	struct talk guess = t;

	guess.remote_seq += 1000;
	assert_true(ring_inward(talk_from_remote(&guess, TCP_RST, VIEW(""))).any);
	assert_int_equal(talk_flow(&t)->state, FLOW_established);
	assert_true(ring_inward(talk_from_remote(&t, TCP_RST, VIEW(""))).any);
	assert_int_equal(talk_flow(&t)->state, FLOW_closed);
	assert_false(ring_inward(talk_from_remote(&t, TCP_ACK, VIEW("late"))).any);
	assert_dropped(flow_closed);
	/* A new handshake may follow at once. */
	t.remote_seq = 5;
	assert_true(ring_inward(talk_from_remote(&t, TCP_SYN, VIEW(""))).any);
	assert_int_equal(talk_flow(&t)->state, FLOW_new);
}

static void the_kernels_reset_is_believed(void **state)
{
	struct talk t = talk_established(PARTNER_4, 40000);

	assert_true(ring_outward(talk_from_kernel(&t, TCP_RST | TCP_ACK, VIEW(""))).any);
	assert_int_equal(talk_flow(&t)->state, FLOW_closed);
	assert_int_equal(edge->flows.ledger->open[talk_flow(&t)->partner_slot], 0);
}

static void fin_while_reading_goes_on_reading(void **state)
{
	struct talk t = talk_open(PARTNER_4, 40000, XMPP_PORT);

	assert_true(ring_inward(talk_from_remote(&t, TCP_FIN | TCP_ACK, VIEW("<stream"))).any);
	t.remote_seq += 8;
	assert_int_equal(talk_flow(&t)->state, FLOW_reading);
	assert_true(ring_outward(talk_from_kernel(&t, TCP_FIN | TCP_ACK, VIEW(""))).any);
	assert_int_equal(talk_flow(&t)->state, FLOW_closed);
	assert_int_equal(edge->gathers.used, 0);
}

static void idle_connection_expires_only_after_two_hours(void **state)
{
	struct talk t = talk_established(PARTNER_4, 40000);
	struct talk half = {PARTNER_4, SERVICE_4, 40001, XMPP_PORT, 1, 1, 0};

	assert_true(ring_inward(talk_from_remote(&half, TCP_SYN, VIEW(""))).any);
	ring_let_pass_ms(61000);
	assert_null(talk_flow(&half));
	ring_let_pass_ms(7200000);
	assert_non_null(talk_flow(&t));
	/* A segment keeps it alive for as long again. */
	assert_true(ring_inward(talk_from_remote(&t, TCP_ACK, VIEW(""))).any);
	ring_let_pass_ms(7400000);
	assert_non_null(talk_flow(&t));
	ring_let_pass_ms(200000);
	assert_null(talk_flow(&t));
	assert_int_equal(edge->flows.count, 0);
}

static void source_blocked_later_is_reset_at_its_next_segment(void **state)
{
	struct talk t = talk_established(PARTNER_4, 40000);
	struct talk other = talk_established(OTHER_4, 40000);
	struct talk quiet = talk_established(PARTNER_4, 40001);

	ring_rules_blocking("192.0.2.7/32");
	ring_from_port(talk_from_remote(&t, TCP_ACK, VIEW("more")));
	ring_step();
	assert_refused(blocked_source);
	assert_reset_both(&t, t.remote_seq);
	assert_true(talk_say(&other, VIEW("more")).any);
	/* The kernel's segments end it as well: its own half by the number that it expects. */
	ring_from_tap(talk_from_kernel(&quiet, TCP_ACK, VIEW("more")));
	ring_step();
	assert_refused(blocked_target);
	assert_true(ring_taken_by_port().p.tcp.flags & TCP_RST);
	assert_int_equal(ring_taken_by_tap().p.tcp.seq, quiet.remote_seq);
	/* The old tables go when the worker has let go of them. */
	assert_int_equal(tables_reclaim(), 0);
}

static void rules_are_replaced_under_traffic_without_loss(void **state)
{
	struct talk t = talk_established(PARTNER_4, 40000);

	for (int i = 0; i < 20; i++) {
		ring_rules();
		assert_true(talk_say(&t, VIEW("x")).any);
		assert_int_equal(tables_reclaim(), 0);
	}
	assert_int_equal(edge->counters.fates[DIRECTION_IN].dropped, 0);
}

static void retired_tables_wait_for_the_worker(void **state)
{
	ring_step();
	ring_rules();
	assert_int_equal(tables_reclaim(), 1);
	ring_step();
	assert_int_equal(tables_reclaim(), 0);
}

static struct flow_seed seed_of(const struct talk *t, uint32_t mark, uint8_t tcp_state)
{
	struct octets frame = talk_from_remote(t, TCP_ACK, VIEW(""));
	struct packet p;

	packet_parse(view_make(frame.bytes, frame.len), &p);
	return (struct flow_seed){.tuple = p.tuple, .mark = mark, .tcp_state = tcp_state};
}

static void adopted_connection_goes_on_after_a_restart(void **state)
{
	struct talk t = {PARTNER_4, SERVICE_4, 40000, XMPP_PORT, 5000, 6000, 0};
	struct talk stranger = t;
	uint32_t mark = (uint32_t)CLASS_VERIFIED << 28 | PARTNER_ID;
	struct flow_seed seed = seed_of(&t, mark, TCP_ESTABLISHED);
	struct taken taken;

	ring_restart(&(struct worker_config){0});
	assert_int_equal(flow_adopt(&seed), 0);
	assert_int_equal(flow_adopt(&seed), -EEXIST);
	/* The worker's clock and the kernel's differ in this test: what was adopted is fresh. */
	talk_flow(&t)->seen_ns = now.ns;
	taken = talk_say(&t, VIEW("in the middle"));
	assert_int_equal(taken_mark(&taken), mark);
	assert_true(ring_outward(talk_from_kernel(&t, TCP_ACK, VIEW("answer"))).any);
	stranger.remote_port++;
	assert_false(talk_say(&stranger, VIEW("in the middle")).any);
	assert_true(ring_taken_by_port().any);
	assert_refused(no_flow);
}

static void adoption_knows_the_kernels_states(void **state)
{
	static const struct {
		uint8_t tcp_state;
		int rc;
		enum flow_state state;
	} cases[] = {
		{TCP_ESTABLISHED, 0, FLOW_established},
		{TCP_SYN_SENT, 0, FLOW_new},
		{TCP_SYN_RECV, 0, FLOW_new},
		{TCP_FIN_WAIT1, 0, FLOW_closing},
		{TCP_FIN_WAIT2, 0, FLOW_closing},
		{TCP_TIME_WAIT, 0, FLOW_closed},
		{TCP_CLOSE_WAIT, 0, FLOW_closing},
		{TCP_LAST_ACK, 0, FLOW_closing},
		{TCP_CLOSING, 0, FLOW_closing},
		{TCP_LISTEN, -EINVAL, FLOW_none},
		{TCP_CLOSE, -EINVAL, FLOW_none},
		{200, -EINVAL, FLOW_none},
	};
	struct talk t = {PARTNER_4, SERVICE_4, 1, XMPP_PORT, 5000, 6000, 0};

	for (size_t i = 0; i < RTE_DIM(cases); i++, t.remote_port++) {
		struct flow_seed seed = seed_of(&t, 7, cases[i].tcp_state);

		if (flow_adopt(&seed) != cases[i].rc ||
			(cases[i].rc == 0 && talk_flow(&t)->state != cases[i].state))
			fail_msg("kernel's state %u", cases[i].tcp_state);
	}
}

/* Whatever was seen of its end: the kernel may have a socket. */
static void a_reset_passes_for_what_was_adopted(void **state)
{
	static const uint8_t states[] = {TCP_ESTABLISHED, TCP_SYN_RECV, TCP_CLOSE_WAIT,
		TCP_FIN_WAIT2, TCP_LAST_ACK, TCP_TIME_WAIT};
	struct talk t = {PARTNER_4, SERVICE_4, 40000, XMPP_PORT, 5000, 6000, 0};

	ring_restart(&(struct worker_config){.handoff = HANDOFF_REQSK});
	for (size_t i = 0; i < 2 * RTE_DIM(states); i++, t.remote_port++) {
		struct flow_seed seed = seed_of(
			&t, mark_make(CLASS_VERIFIED, PARTNER_ID), states[i % RTE_DIM(states)]);

		assert_int_equal(flow_adopt(&seed), 0);
		talk_flow(&t)->seen_ns = now.ns;
		/* The second time the kernel says first that it is over. */
		if (i >= RTE_DIM(states)) {
			assert_true(ring_outward(talk_from_kernel(&t, TCP_RST, VIEW(""))).any);
			assert_int_equal(talk_flow(&t)->state, FLOW_closed);
		}
		assert_true(ring_inward(talk_from_remote(&t, TCP_RST, VIEW(""))).any);
		assert_true(ring_inward(talk_from_remote(&t, TCP_RST | TCP_ACK, VIEW(""))).any);
	}
	assert_nothing_left();
}

static void adoption_has_the_tables_bound(void **state)
{
	struct talk t = {PARTNER_4, SERVICE_4, 1, XMPP_PORT, 5000, 6000, 0};
	struct flow_seed seed;

	ring_restart(&(struct worker_config){.flow_capacity = 4});
	for (; t.remote_port <= 4; t.remote_port++) {
		seed = seed_of(&t, 7, TCP_ESTABLISHED);
		assert_int_equal(flow_adopt(&seed), 0);
	}
	seed = seed_of(&t, 7, TCP_ESTABLISHED);
	assert_int_equal(flow_adopt(&seed), -ENOSPC);
}

static void only_one_crew_is_prepared(void **state)
{
	struct worker_config config = {.pool = pool, .port_count = 1};

	assert_int_equal(crew_prepare(&config), -EBUSY);
}

struct loop {
	int rc;
	long sleeps;
};

static void *loop_thread(void *arg)
{
	struct loop *loop = arg;
	struct rusage used;

	loop->rc = worker_run(edge);
	getrusage(RUSAGE_THREAD, &used);
	loop->sleeps = used.ru_nvcsw;
	return NULL;
}

static void loop_runs_until_it_is_stopped_and_sleeps_when_idle(void **state)
{
	const struct timespec nap = {.tv_nsec = 10 * 1000000};
	struct talk t = {PARTNER_4, SERVICE_4, 40000, XMPP_PORT, 100, 500, 0};
	struct loop loop = {.rc = -1};
	struct taken taken = {.any = false};
	pthread_t thread;

	edge->config.idle = IDLE_ADAPTIVE;
	assert_int_equal(pthread_create(&thread, NULL, loop_thread, &loop), 0);
	ring_from_port(talk_from_remote(&t, TCP_SYN, VIEW("")));
	for (int i = 0; i < 500 && !taken.any; i++) {
		nanosleep(&nap, NULL);
		taken = ring_taken_by_tap();
	}
	crew_stop();
	pthread_join(thread, NULL);
	assert_int_equal(loop.rc, 0);
	assert_int_equal(taken_mark(&taken), CLASS_CLAIMED << 28 | PARTNER_ID);
	/* It gave its processor away of its own accord; how often is the scheduler's business. */
	assert_true(loop.sleeps > 0);
}

static json_int_t number(const json_t *o, const char *name)
{
	const json_t *value = json_object_get(o, name);

	if (!json_is_integer(value))
		fail_msg("no %s", name);
	return json_integer_value(value);
}

static json_int_t sum_of(const json_t *o)
{
	const char *name;
	json_t *value;
	json_int_t sum = 0;

	json_object_foreach((json_t *)(uintptr_t)o, name, value) sum += json_integer_value(value);
	return sum;
}

static void counters_tell_every_fate_and_balance(void **state)
{
	struct talk t = talk_established(PARTNER_4, 40000);
	struct talk blocked = {BLOCKED_4, SERVICE_4, 1, XMPP_PORT, 1, 1, 0};
	json_t *o, *in, *out, *partner;
	struct rte_mbuf *m;

	ring_from_port(talk_from_remote(&blocked, TCP_SYN, VIEW("")));
	ring_step();
	assert_true(ring_taken_by_port().any);
	ring_inward(frame_udp(PARTNER_4, SERVICE_4, 1, 1));
	o = report_counters();
	in = json_object_get(o, "in");
	out = json_object_get(o, "out");
	assert_int_equal(number(in, "received"), 5);
	assert_int_equal(number(in, "forwarded"), 3);
	assert_int_equal(number(in, "answered"), 1);
	assert_int_equal(number(in, "dropped"), 1);
	assert_int_equal(number(in, "held") + number(in, "consumed"), 0);
	assert_int_equal(number(out, "received"), 2);
	assert_int_equal(number(out, "forwarded"), 2);
	assert_int_equal(number(out, "made"), 1);
	assert_int_equal(sum_of(json_object_get(o, "dropped")), 1);
	assert_int_equal(number(json_object_get(o, "dropped"), "udp_not_allowed"), 1);
	assert_int_equal(sum_of(json_object_get(o, "refused")), 1);
	assert_int_equal(number(json_object_get(o, "refused"), "blocked_source"), 1);
	assert_int_equal(json_object_size(json_object_get(o, "dropped")), CAUSE_COUNT - 1);
	partner = report_partner(PARTNER_ID);
	assert_int_equal(number(partner, "id"), PARTNER_ID);
	assert_int_equal(number(partner, "packets_in"), 3);
	assert_int_equal(number(partner, "packets_out"), 2);
	assert_int_equal(number(partner, "flows"), 1);
	assert_int_equal(number(partner, "flows_opened"), 1);
	json_decref(partner);
	assert_int_equal(number(o, "flows"), 1);
	assert_int_equal(number(o, "generation"), 1);
	/* All frames have gone; one that a test holds is in use. */
	assert_int_equal(number(o, "buffers"), 0);
	assert_int_equal(number(o, "buffer_capacity"), pool->size);
	json_decref(o);
	m = rte_pktmbuf_alloc(pool);
	o = report_counters();
	assert_int_equal(number(o, "buffers"), 1);
	json_decref(o);
	rte_pktmbuf_free(m);
	assert_int_equal(talk_flow(&t)->state, FLOW_established);
	assert_string_equal(handoff_name(HANDOFF_SYN), "syn");
}

static void flows_are_told_in_pages(void **state)
{
	uint32_t total = 0;
	json_t *list, *flow;

	for (uint16_t port = 1; port <= 250; port++) {
		struct talk t = {PARTNER_6, SERVICE_6, port, XMPP_PORT, 5000, 6000, 0};

		assert_true(ring_inward(talk_from_remote(&t, TCP_SYN, VIEW(""))).any);
	}
	list = report_flows(0, 1000, &total);
	assert_int_equal(total, 250);
	assert_int_equal(json_array_size(list), 200);
	flow = json_array_get(list, 0);
	assert_string_equal(json_string_value(json_object_get(flow, "remote")), PARTNER_6);
	assert_string_equal(json_string_value(json_object_get(flow, "local")), SERVICE_6);
	assert_int_equal(number(flow, "local_port"), XMPP_PORT);
	assert_int_equal(number(flow, "mark"), (json_int_t)CLASS_CLAIMED << 28 | PARTNER_ID);
	assert_string_equal(json_string_value(json_object_get(flow, "state")), "new");
	assert_true(json_is_false(json_object_get(flow, "outbound")));
	json_decref(list);
	list = report_flows(200, 200, &total);
	assert_int_equal(json_array_size(list), 50);
	json_decref(list);
	list = report_flows(250, 200, &total);
	assert_int_equal(json_array_size(list), 0);
	json_decref(list);
}

static uint64_t random_state = 88172645463325252;

static uint32_t random_below(uint32_t bound)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 20) % bound;
}

/* Whole conversations' worth of segments in no order, and some of them damaged. */
static struct octets random_frame(bool from_kernel)
{
	static const char *const remotes[] = {PARTNER_4, OTHER_4, UNKNOWN_4, BLOCKED_4};
	static const uint8_t flags[] = {TCP_SYN, TCP_SYN | TCP_ACK, TCP_ACK, TCP_ACK, TCP_ACK,
		TCP_FIN | TCP_ACK, TCP_RST, TCP_RST | TCP_ACK, TCP_ACK | TCP_URG};
	struct octets header = header_make("corp.example", NULL);
	struct talk t = {
		.remote = remotes[random_below(4)],
		.local = SERVICE_4,
		.remote_port = (uint16_t)(1 + random_below(20)),
		.local_port = random_below(4) ? XMPP_PORT : SIP_PORT,
		.remote_seq = 1000 + random_below(4) * 50,
		.kernel_seq = 2000 + random_below(3),
		.vlan_tci = random_below(8) ? 0 : 100,
	};
	struct view data = random_below(2) ? view_sub(octets_view(&header), random_below(100),
						     random_below(300))
					   : VIEW("");
	uint8_t flag = flags[random_below(sizeof(flags))];
	struct octets o =
		from_kernel ? talk_from_kernel(&t, flag, data) : talk_from_remote(&t, flag, data);

	if (random_below(10) == 0)
		o.bytes[random_below(o.len)] ^= (uint8_t)(1 << random_below(8));
	if (random_below(50) == 0)
		o.len = 1 + random_below(o.len);
	return o;
}

static void random_block(void)
{
	static const char *const prefixes[] = {"192.0.2.7", "192.0.3.0/24", "192.0.0.0/16"};
	struct block block = {.expires = mono_after_ms(now, random_below(20000))};
	struct prefix prefix;

	assert_true(prefix_parse(view_of(prefixes[random_below(3)]), &prefix));
	block.target = block_target_prefix(&prefix);
	assert_int_equal(verdict_block(&block, now), 0);
}

static void random_frames_keep_the_balance(void **state)
{
	ring_restart(&(struct worker_config){.flow_capacity = 64, .gather_capacity = 8});
	for (int turn = 0; turn < 20000; turn++) {
		for (uint32_t i = random_below(8); i > 0; i--)
			ring_from_port(random_frame(false));
		for (uint32_t i = random_below(4); i > 0; i--)
			ring_from_tap(random_frame(true));
		ring_advance_ms(random_below(200));
		if (turn % 1000 == 999)
			ring_rules_blocking(turn % 2000 == 999 ? "192.0.2.7/32" : NULL);
		if (turn % 500 == 250)
			random_block();
		ring_step();
		while (ring_taken_by_tap().any)
			;
		while (ring_taken_by_port().any)
			;
		if (!report_balance(&edge->counters))
			fail_msg("turn %d", turn);
	}
	for (int i = 0; i < 300; i++)
		ring_let_pass_ms(30000);
	while (ring_taken_by_tap().any)
		;
	while (ring_taken_by_port().any)
		;
	assert_int_equal(edge->flows.count, 0);
	assert_int_equal(edge->gathers.used, 0);
	for (uint32_t slot = 0; slot < 4; slot++)
		assert_int_equal(edge->flows.ledger->open[slot], 0);
	for (uint32_t i = 0; i <= edge->flows.ledger->prefixes.mask + 1; i++)
		assert_int_equal(edge->flows.ledger->prefixes.entries[i].flows +
					 edge->flows.ledger->prefixes.entries[i].open,
			0);
}

#define ring_test(f) cmocka_unit_test_setup_teardown(f, ring_setup, ring_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ring_test(both_fins_close_and_last_segments_still_pass),
		ring_test(true_reset_closes_guessed_one_does_not),
		ring_test(the_kernels_reset_is_believed),
		ring_test(fin_while_reading_goes_on_reading),
		ring_test(idle_connection_expires_only_after_two_hours),
		ring_test(source_blocked_later_is_reset_at_its_next_segment),
		ring_test(rules_are_replaced_under_traffic_without_loss),
		ring_test(retired_tables_wait_for_the_worker),
		ring_test(adopted_connection_goes_on_after_a_restart),
		ring_test(adoption_knows_the_kernels_states),
		ring_test(a_reset_passes_for_what_was_adopted),
		ring_test(adoption_has_the_tables_bound),
		ring_test(only_one_crew_is_prepared),
		ring_test(loop_runs_until_it_is_stopped_and_sleeps_when_idle),
		ring_test(counters_tell_every_fate_and_balance),
		ring_test(flows_are_told_in_pages),
		ring_test(random_frames_keep_the_balance),
	};

	return cmocka_run_group_tests(tests, ring_start, ring_stop);
}
