/* SPDX-License-Identifier: BSD-3-Clause */
/* Verdicts of the control plane: what a block does to connections new and old, how it ends, and
 * whose a connection is after one. */
#include "tests/ring/ring.h"

#include <errno.h>
#include <netinet/tcp.h>

#include "dataplane/partner.h"
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

/* A dot in front of a name stands for its subtree. */
static struct block_target target_of(const char *what)
{
	struct block_target target;
	struct prefix prefix;

	if (prefix_parse(view_of(what), &prefix))
		return block_target_prefix(&prefix);
	assert_true(block_target_name(view_of(what + (what[0] == '.')), what[0] == '.', &target));
	return target;
}

static void block(const char *what, uint64_t seconds)
{
	struct block b = {.target = target_of(what), .expires = {now.ns + seconds * NS_PER_S}};

	assert_int_equal(verdict_block(&b, now), 0);
}

static void unblock(const char *what)
{
	struct block_target target = target_of(what);

	assert_int_equal(verdict_unblock(&target, now), 0);
}

static void verdict_by_name(
	const struct talk *t, enum source_class class, uint32_t partner, const char *domain)
{
	struct octets frame = talk_from_remote(t, TCP_ACK, VIEW(""));
	struct packet p;

	packet_parse(view_make(frame.bytes, frame.len), &p);
	assert_int_equal(
		verdict_say_flow(&p.tuple, mark_make(class, partner), view_of(domain), now), 0);
}

static void verdict(const struct talk *t, enum source_class class, uint32_t partner)
{
	verdict_by_name(t, class, partner, "");
}

static void forget_resets(void)
{
	while (ring_taken_by_tap().any)
		;
	while (ring_taken_by_port().any)
		;
}

static bool knocks(const char *remote, uint16_t port)
{
	struct talk t = {
		remote, strchr(remote, ':') ? SERVICE_6 : SERVICE_4, port, XMPP_PORT, 7, 8, 0};

	return ring_inward(talk_from_remote(&t, TCP_SYN, VIEW(""))).any;
}

static void assert_knock_refused(const char *remote, uint16_t port)
{
	struct taken answer;

	assert_false(knocks(remote, port));
	assert_refused(blocked_by_verdict);
	answer = ring_taken_by_port();
	assert_true(answer.any && answer.p.tcp.flags & TCP_RST);
}

static void a_block_refuses_new_connections_of_its_source_alone(void **state)
{
	block("192.0.2.0/24", 10);
	assert_knock_refused(PARTNER_4, 40000);
	assert_true(knocks(OTHER_4, 40000));
	assert_true(knocks(UNKNOWN_4, 40000));
	block("2001:db8:100::/48", 10);
	assert_knock_refused(PARTNER_6, 40000);
}

static void a_block_resets_a_silent_connection_in_one_turn(void **state)
{
	struct talk t = talk_established(PARTNER_4, 40000);
	struct talk other = talk_established(OTHER_4, 40001);

	block("192.0.2.7", 10);
	ring_step();
	assert_refused(blocked_by_verdict);
	assert_int_equal(talk_flow(&t)->state, FLOW_refused);
	assert_int_equal(edge->counters.late, 1);
	assert_reset_both(&t, t.remote_seq);
	assert_true(talk_say(&other, VIEW("more")).any);
	/* What still comes is answered, not passed. */
	assert_false(ring_inward(talk_from_remote(&t, TCP_ACK, VIEW("more"))).any);
	assert_refused(flow_refused);
	assert_true(ring_taken_by_port().p.tcp.flags & TCP_RST);
}

static void a_reset_comes_where_the_kernel_was_last(void **state)
{
	struct talk t = talk_established(PARTNER_4, 40000);

	/* The kernel has written much since first bytes were read, and acknowledged much. */
	assert_true(talk_say(&t, VIEW("more of the stream")).any);
	assert_true(ring_outward(talk_from_kernel(&t, TCP_ACK, VIEW("an answer"))).any);
	t.kernel_seq += 9;
	block("192.0.2.7", 10);
	ring_step();
	assert_refused(blocked_by_verdict);
	assert_reset_both(&t, t.remote_seq);
}

static void a_block_resets_what_is_still_being_read(void **state)
{
	struct talk t = talk_open(PARTNER_4, 40000, XMPP_PORT);

	assert_true(talk_say(&t, VIEW("<stream:stream")).any);
	assert_int_equal(edge->gathers.used, 1);
	block("192.0.2.7", 10);
	ring_step();
	assert_refused(blocked_by_verdict);
	assert_int_equal(edge->gathers.used, 0);
	assert_reset_both(&t, t.remote_seq);
}

static void a_frame_of_the_same_turn_meets_the_block(void **state)
{
	struct talk t = talk_established(PARTNER_4, 40000);

	block("192.0.2.7", 10);
	ring_from_port(talk_from_remote(&t, TCP_ACK, VIEW("more")));
	ring_step();
	assert_refused(blocked_by_verdict);
	assert_refused(flow_refused);
	forget_resets();
}

static void a_handshake_without_numbers_ends_at_its_next_segment(void **state)
{
	struct talk t = {PARTNER_4, SERVICE_4, 40000, XMPP_PORT, 100, 200, 0};

	assert_true(ring_inward(talk_from_remote(&t, TCP_SYN, VIEW(""))).any);
	t.remote_seq++;
	block("192.0.2.7", 10);
	ring_step();
	assert_int_equal(talk_flow(&t)->state, FLOW_new);
	ring_from_tap(talk_from_kernel(&t, TCP_SYN | TCP_ACK, VIEW("")));
	ring_step();
	assert_refused(blocked_by_verdict);
	assert_int_equal(talk_flow(&t)->state, FLOW_refused);
	assert_true(ring_taken_by_tap().p.tcp.flags & TCP_RST);
	assert_true(ring_taken_by_port().p.tcp.flags & TCP_RST);
}

static void a_block_ends_by_itself(void **state)
{
	uint32_t total;
	struct block listed[BLOCK_PAGE_MAX];

	block("192.0.2.0/24", 10);
	assert_knock_refused(PARTNER_4, 40000);
	ring_advance_ms(9999);
	assert_knock_refused(PARTNER_4, 40000);
	assert_int_equal(verdict_list(0, 10, now, listed, &total), 1);
	ring_advance_ms(1);
	assert_true(knocks(PARTNER_4, 40000));
	assert_int_equal(verdict_list(0, 10, now, listed, &total), 0);
	assert_int_equal(total, 0);
	for (int tick = 0; tick < BLOCK_MAX; tick++) {
		ring_advance_ms(1);
		ring_step();
	}
	assert_int_equal(edge->verdicts.blocks.count, 0);
}

static void an_unblock_lets_in_again(void **state)
{
	struct block_target target = target_of("192.0.2.0/24");

	block("192.0.2.0/24", 10);
	assert_knock_refused(PARTNER_4, 40000);
	unblock("192.0.2.0/24");
	assert_true(knocks(PARTNER_4, 40000));
	assert_int_equal(verdict_unblock(&target, now), -ENOENT);
}

static void a_domain_block_refuses_its_stream_header(void **state)
{
	static const char *const names[] = {"evil.example", "EVIL.example", "a.b.evil.example"};
	struct octets header;
	struct talk t;

	block(".evil.example", 10);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		header = header_make("corp.example", names[i]);
		t = talk_open(UNKNOWN_4, (uint16_t)(40000 + i), XMPP_PORT);
		talk_say(&t, octets_view(&header));
		assert_refused(blocked_by_verdict);
		assert_int_equal(talk_flow(&t)->state, FLOW_refused);
		forget_resets();
	}
	header = header_make("corp.example", "notevil.example");
	t = talk_open(UNKNOWN_4, 41000, XMPP_PORT);
	assert_true(talk_say(&t, octets_view(&header)).any);
	unblock(".evil.example");
	block("evil.example", 10);
	header = header_make("corp.example", "a.evil.example");
	t = talk_open(UNKNOWN_4, 41001, XMPP_PORT);
	assert_true(talk_say(&t, octets_view(&header)).any);
	header = header_make("corp.example", "evil.example");
	t = talk_open(UNKNOWN_4, 41002, XMPP_PORT);
	talk_say(&t, octets_view(&header));
	assert_refused(blocked_by_verdict);
	forget_resets();
}

static void a_domain_block_knows_its_name_in_other_letters(void **state)
{
	struct octets header = header_make("corp.example", "b\xc3\xbc"
							   "cher.example");
	struct talk t = talk_open(UNKNOWN_4, 40000, XMPP_PORT);

	block(".xn--bcher-kva.example", 10);
	talk_say(&t, octets_view(&header));
	assert_refused(blocked_by_verdict);
	forget_resets();
	unblock(".xn--bcher-kva.example");
	ring_step();
	assert_int_equal(edge->verdicts.blocks.count, 0);
}

static void a_domain_block_resets_its_partners_connections(void **state)
{
	struct talk t = talk_established(PARTNER_4, 40000);
	struct talk other = talk_established(OTHER_4, 40001);

	block("partner.example", 10);
	ring_step();
	assert_refused(blocked_by_verdict);
	assert_reset_both(&t, t.remote_seq);
	assert_true(talk_say(&other, VIEW("more")).any);
	/* The source is the partner's by the rules. */
	assert_knock_refused(PARTNER_4, 40002);
	unblock("partner.example");
	assert_true(knocks(PARTNER_4, 40002));
}

static void a_subtree_block_resets_the_partners_in_it(void **state)
{
	struct talk t = talk_established(PARTNER_4, 40000);
	struct talk other = talk_established(OTHER_4, 40001);

	block("example", 10);
	assert_true(talk_say(&t, VIEW("more")).any);
	assert_true(talk_say(&other, VIEW("more")).any);
	block(".example", 10);
	ring_step();
	assert_counted(edge->counters.refused, CAUSE_blocked_by_verdict, "blocked_by_verdict", 2);
	forget_resets();
	unblock(".example");
	assert_true(knocks(PARTNER_4, 40002));
}

static void a_domain_block_holds_after_new_rules(void **state)
{
	block("partner.example", 10);
	ring_rules();
	verdict_rules_changed(now);
	assert_knock_refused(PARTNER_4, 40000);
	ring_advance_ms(10000);
	assert_true(knocks(PARTNER_4, 40000));
}

static void who_is_proven_while_blocked_is_reset(void **state)
{
	struct talk t = talk_established(UNKNOWN_4, 40000);

	block("partner.example", 10);
	ring_step();
	assert_int_equal(talk_flow(&t)->state, FLOW_established);
	verdict(&t, CLASS_VERIFIED, PARTNER_ID);
	ring_step();
	assert_refused(blocked_by_verdict);
	assert_reset_both(&t, t.remote_seq);
}

/* Of a partner with many names one is blocked: who proved that one is reset, the others are not. */
static void who_proved_a_blocked_name_of_a_partner_is_reset(void **state)
{
	struct talk t = talk_established(UNKNOWN_4, 40000);
	struct talk other = talk_established(UNKNOWN_4, 40001);

	block("chat.partner.example", 10);
	verdict_by_name(&other, CLASS_VERIFIED, PARTNER_ID, "mail.partner.example");
	verdict_by_name(&t, CLASS_VERIFIED, PARTNER_ID, "chat.partner.example");
	ring_step();
	assert_refused(blocked_by_verdict);
	assert_reset_both(&t, t.remote_seq);
	assert_true(talk_say(&other, VIEW("more")).any);
	unblock("chat.partner.example");
	t = talk_established(UNKNOWN_4, 40002);
	verdict_by_name(&t, CLASS_VERIFIED, PARTNER_ID, "chat.partner.example");
	assert_true(talk_say(&t, VIEW("more")).any);
}

static void verified_moves_what_follows_to_the_partner(void **state)
{
	struct talk t = talk_established(UNKNOWN_4, 40000);
	uint32_t slot = partner_slot(PARTNER_ID);
	struct partner_counters *p = &edge->counters.partners[slot];
	uint64_t unknown = edge->counters.partners[0].packets_in;
	uint64_t before = p->packets_in;
	struct taken taken;

	assert_int_equal(edge->flows.ledger->open[0], 1);
	verdict(&t, CLASS_VERIFIED, PARTNER_ID);
	taken = talk_say(&t, VIEW("more"));
	assert_int_equal(taken_mark(&taken), mark_make(CLASS_VERIFIED, PARTNER_ID));
	assert_int_equal(edge->counters.partners[0].packets_in, unknown);
	assert_int_equal(p->packets_in, before + 1);
	assert_int_equal(edge->flows.ledger->open[0], 0);
	assert_int_equal(edge->flows.ledger->open[slot], 1);
	assert_int_equal(edge->counters.verdicts_taken, 1);
	verdict(&t, CLASS_SUSPICIOUS, PARTNER_NONE);
	taken = talk_say(&t, VIEW("more"));
	assert_int_equal(taken_mark(&taken), mark_make(CLASS_SUSPICIOUS, PARTNER_NONE));
	assert_int_equal(edge->flows.ledger->open[slot], 0);
}

static void a_verdict_about_nothing_is_counted(void **state)
{
	struct talk t = talk_established(PARTNER_4, 40000);
	struct talk gone = t;

	gone.remote_port++;
	verdict(&gone, CLASS_VERIFIED, PARTNER_ID);
	assert_true(ring_inward(talk_from_remote(&t, TCP_RST, VIEW(""))).any);
	verdict(&t, CLASS_VERIFIED, PARTNER_ID);
	ring_step();
	assert_int_equal(edge->counters.verdicts_unmatched, 2);
	assert_int_equal(edge->counters.verdicts_taken, 0);
}

static void the_listing_tells_class_and_blocks(void **state)
{
	struct talk t = talk_established(PARTNER_4, 40000);
	uint32_t total;
	json_t *flows, *drops;

	verdict(&t, CLASS_VERIFIED, PARTNER_ID);
	ring_step();
	flows = report_flows(0, 10, &total);
	assert_string_equal(
		json_string_value(json_object_get(json_array_get(flows, 0), "class")), "verified");
	json_decref(flows);
	block("192.0.2.0/24", 10);
	ring_step();
	assert_refused(blocked_by_verdict);
	assert_reset_both(&t, t.remote_seq);
	drops = report_drops();
	assert_int_equal(json_array_size(drops), 1);
	assert_string_equal(json_string_value(json_object_get(json_array_get(drops, 0), "cause")),
		"blocked_by_verdict");
	assert_int_equal(
		json_integer_value(json_object_get(json_array_get(drops, 0), "refused")), 1);
	assert_non_null(json_string_value(json_object_get(json_array_get(drops, 0), "words")));
	json_decref(drops);
}

static void an_adopted_connection_is_reset_once_its_numbers_are_known(void **state)
{
	struct talk t = {PARTNER_4, SERVICE_4, 40000, XMPP_PORT, 5000, 6000, 0};
	struct octets frame = talk_from_remote(&t, TCP_ACK, VIEW(""));
	struct flow_seed seed = {
		.mark = mark_make(CLASS_CLAIMED, PARTNER_ID), .tcp_state = TCP_ESTABLISHED};
	struct packet p;

	packet_parse(view_make(frame.bytes, frame.len), &p);
	seed.tuple = p.tuple;
	ring_restart(&(struct worker_config){0});
	assert_int_equal(flow_adopt(&seed), 0);
	talk_flow(&t)->seen_ns = now.ns;
	block("198.18.0.0/15", 10);
	assert_true(ring_outward(talk_from_kernel(&t, TCP_ACK, VIEW("answer"))).any);
	t.kernel_seq += 6;
	block("192.0.2.7", 10);
	ring_step();
	assert_refused(blocked_by_verdict);
	assert_reset_both(&t, t.remote_seq);
}

static void many_connections_are_reset_without_a_loss(void **state)
{
	uint32_t resets = 0;

	for (uint16_t i = 0; i < 600; i++)
		talk_established(PARTNER_4, 40000 + i);
	block("192.0.2.0/24", 10);
	for (int turn = 0; turn < 8; turn++) {
		ring_step();
		while (ring_taken_by_tap().any)
			resets++;
		while (ring_taken_by_port().any)
			resets++;
	}
	assert_int_equal(resets, 1200);
	assert_int_equal(edge->counters.resets_lost, 0);
	assert_counted(edge->counters.refused, CAUSE_blocked_by_verdict, "blocked_by_verdict", 600);
}

static void our_own_connections_to_a_blocked_address_stay_inside(void **state)
{
	struct talk t = {PARTNER_4, SERVICE_4, XMPP_PORT, 40000, 0, 100, 0};
	struct octets frame = talk_from_kernel(&t, TCP_SYN, VIEW(""));
	struct packet p;

	packet_parse(view_make(frame.bytes, frame.len), &p);
	block("192.0.2.7", 10);
	assert_int_equal(expect_add(&p.tuple, mark_make(CLASS_OUTBOUND, PARTNER_ID),
				 mono_after_ms(now, 1000)),
		0);
	assert_false(ring_outward(frame).any);
	assert_dropped(blocked_by_verdict);
}

static void rings_and_tables_are_bounded(void **state)
{
	struct talk t = talk_established(PARTNER_4, 40000);
	struct octets frame = talk_from_remote(&t, TCP_ACK, VIEW(""));
	struct block b = {.target = target_of("10.0.0.0/8"), .expires = {now.ns + NS_PER_S}};
	struct packet p;
	int rc = 0;

	packet_parse(view_make(frame.bytes, frame.len), &p);
	for (int i = 0; i <= VERDICT_BLOCKS_WAITING && rc == 0; i++)
		rc = verdict_block(&b, now);
	assert_int_equal(rc, -EAGAIN);
	rc = 0;
	for (int i = 0; i <= VERDICT_FLOWS_WAITING && rc == 0; i++)
		rc = verdict_say_flow(
			&p.tuple, mark_make(CLASS_VERIFIED, PARTNER_ID), VIEW(""), now);
	assert_int_equal(rc, -EAGAIN);
	for (int i = 0; i < 100; i++)
		ring_step();
	assert_int_equal(verdict_block(&b, now), 0);
	assert_int_equal(edge->counters.verdicts_taken, VERDICT_FLOWS_WAITING - 1);
}

#define ring_test(f) cmocka_unit_test_setup_teardown(f, ring_setup, ring_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ring_test(a_block_refuses_new_connections_of_its_source_alone),
		ring_test(a_block_resets_a_silent_connection_in_one_turn),
		ring_test(a_reset_comes_where_the_kernel_was_last),
		ring_test(a_block_resets_what_is_still_being_read),
		ring_test(a_frame_of_the_same_turn_meets_the_block),
		ring_test(a_handshake_without_numbers_ends_at_its_next_segment),
		ring_test(a_block_ends_by_itself),
		ring_test(an_unblock_lets_in_again),
		ring_test(a_domain_block_refuses_its_stream_header),
		ring_test(a_domain_block_knows_its_name_in_other_letters),
		ring_test(a_domain_block_resets_its_partners_connections),
		ring_test(a_subtree_block_resets_the_partners_in_it),
		ring_test(a_domain_block_holds_after_new_rules),
		ring_test(who_is_proven_while_blocked_is_reset),
		ring_test(who_proved_a_blocked_name_of_a_partner_is_reset),
		ring_test(verified_moves_what_follows_to_the_partner),
		ring_test(a_verdict_about_nothing_is_counted),
		ring_test(the_listing_tells_class_and_blocks),
		ring_test(an_adopted_connection_is_reset_once_its_numbers_are_known),
		ring_test(many_connections_are_reset_without_a_loss),
		ring_test(our_own_connections_to_a_blocked_address_stay_inside),
		ring_test(rings_and_tables_are_bounded),
	};

	return cmocka_run_group_tests_name("verdict", tests, ring_start, ring_stop);
}
