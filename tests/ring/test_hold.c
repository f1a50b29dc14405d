/* SPDX-License-Identifier: BSD-3-Clause */
/* New connections while there is no control plane, and the rules say that they are held. */
#include "tests/ring/shake.h"

static const uint32_t partner_mark = CLASS_CLAIMED << 28 | PARTNER_ID;
static const struct view declaration = {(const uint8_t *)"<?xml version='1.0'?>", 21};

static struct octets header;
static struct view rest; /* of the header, behind the declaration */

static int set_up(void **state)
{
	int rc = shake_setup(state);

	header = header_make("corp.example", NULL);
	rest = view_sub(octets_view(&header), declaration.len, header.len);
	ring_rules_and("control_down: hold\n");
	crew_attend(false);
	return rc;
}

static int set_up_syn(void **state)
{
	int rc = ring_setup(state);

	ring_rules_and("control_down: hold\n");
	crew_attend(false);
	return rc;
}

/* The control plane is back; a turn in which that is seen. */
static void come_back(void)
{
	crew_attend(true);
	ring_advance_ms(2);
	ring_step();
}

static void assert_handed(const struct talk *t, uint32_t seq, struct view all)
{
	assert_to_kernel(t, seq, TCP_ACK | TCP_PSH, all, partner_mark | ABI_MARK_FIRST);
	assert_flow_state(t, FLOW_passed);
}

static void a_complete_header_waits_and_is_handed_over(void **state)
{
	static const char *const remotes[] = {PARTNER_4, PARTNER_6};

	for (size_t i = 0; i < RTE_DIM(remotes); i++) {
		struct talk t;
		uint32_t first;

		crew_attend(false);
		t = shake_hands(remotes[i], 40000, XMPP_PORT);
		first = t.remote_seq;
		shake_kept(&t, octets_view(&header));
		assert_flow_state(&t, FLOW_held);
		ring_let_pass_ms(4000);
		assert_nothing_left();
		come_back();
		assert_handed(&t, first, octets_view(&header));
		shake_kernel_acknowledges(&t);
		assert_flow_state(&t, FLOW_established);
		assert_int_equal(edge->gathers.used, 0);
		ring_let_pass_ms(1000);
		assert_nothing_left();
		assert_true(talk_say(&t, VIEW("<a/>")).any);
	}
}

static void a_header_in_two_writes_waits_too(void **state)
{
	struct talk t = shake_hands(PARTNER_4, 40000, XMPP_PORT);
	uint32_t first = t.remote_seq;

	shake_kept(&t, declaration);
	shake_kept(&t, rest);
	assert_flow_state(&t, FLOW_held);
	come_back();
	assert_handed(&t, first, octets_view(&header));
}

static void what_is_not_complete_is_read_on_by_whoever_comes_back(void **state)
{
	struct talk t = shake_hands(PARTNER_4, 40000, XMPP_PORT);
	uint32_t first = t.remote_seq;

	shake_kept(&t, declaration);
	come_back();
	assert_nothing_left();
	assert_flow_state(&t, FLOW_held);
	shake_send(&t, TCP_ACK | TCP_PSH, rest);
	t.remote_seq += rest.len;
	assert_handed(&t, first, octets_view(&header));
}

static void what_comes_behind_it_waits_with_it(void **state)
{
	struct talk t = shake_hands(PARTNER_4, 40000, XMPP_PORT);
	uint32_t first = t.remote_seq;
	struct octets all = header;

	shake_kept(&t, octets_view(&header));
	memcpy(all.bytes + all.len, "<a/>", 4);
	all.len += 4;
	shake_kept(&t, VIEW("<a/>"));
	come_back();
	assert_handed(&t, first, octets_view(&all));
}

static void all_that_wait_are_handed_over(void **state)
{
	enum { WAITING = 20 };
	struct talk t[WAITING];

	for (uint16_t i = 0; i < WAITING; i++) {
		t[i] = shake_hands(PARTNER_4, 40000 + i, XMPP_PORT);
		shake_kept(&t[i], octets_view(&header));
	}
	come_back();
	for (uint16_t i = 0; i < WAITING; i++) {
		struct taken taken = ring_taken_by_tap();

		assert_true(taken.any);
		assert_int_equal(taken_mark(&taken), partner_mark | ABI_MARK_FIRST);
		assert_flow_state(&t[i], FLOW_passed);
	}
	assert_nothing_left();
}

static void five_seconds_are_the_end(void **state)
{
	struct talk t = shake_hands(PARTNER_4, 40000, XMPP_PORT);

	shake_kept(&t, octets_view(&header));
	ring_let_pass_ms(4700);
	assert_flow_state(&t, FLOW_held);
	ring_let_pass_ms(200);
	assert_refused(control_down);
	assert_reset_remote(&t);
	assert_flow_state(&t, FLOW_refused);
	assert_int_equal(edge->gathers.used, 0);
	come_back();
	assert_nothing_left();
}

static void eight_segments_are_the_end(void **state)
{
	struct talk t = shake_hands(PARTNER_4, 40000, XMPP_PORT);

	shake_kept(&t, octets_view(&header));
	for (uint32_t i = 1; i < GATHER_MAX_SEGMENTS; i++)
		shake_kept(&t, VIEW(" "));
	shake_send(&t, TCP_ACK, VIEW(" "));
	assert_refused(too_many_segments);
	assert_reset_remote(&t);
}

static void there_is_only_so_much_room(void **state)
{
	struct talk t;

	shake_restart(&(struct worker_config){.gather_capacity = 2});
	ring_rules_and("control_down: hold\n");
	crew_attend(false);
	for (uint16_t i = 0; i < 2; i++) {
		t = shake_hands(PARTNER_4, 40000 + i, XMPP_PORT);
		shake_kept(&t, octets_view(&header));
	}
	/* It is not acknowledged: its sender tries again. */
	t = shake_hands(PARTNER_4, 40002, XMPP_PORT);
	assert_shake_dropped(&t, TCP_ACK, octets_view(&header), gather_full);
	assert_null(talk_flow(&t));
}

static void who_is_refused_anyway_does_not_wait(void **state)
{
	struct octets bad = header_make("corp.example", "bad.example");
	struct talk t = shake_hands(PARTNER_4, 40000, XMPP_PORT);

	shake_send(&t, TCP_ACK, octets_view(&bad));
	assert_refused(from_blocked);
	assert_reset_remote(&t);
	t = shake_hands(PARTNER_4, 40001, XMPP_PORT);
	shake_send(&t, TCP_FIN | TCP_ACK, octets_view(&header));
	assert_refused(closed_early);
	assert_reset_remote(&t);
	t = shake_hands(PARTNER_4, 40002, XMPP_PORT);
	shake_kept(&t, octets_view(&header));
	shake_send(&t, TCP_FIN | TCP_ACK, VIEW(""));
	assert_refused(closed_early);
	assert_reset_remote(&t);
}

/* It may come back with other rules. */
static void the_rules_of_now_decide_about_what_waited(void **state)
{
	struct talk t = shake_hands(PARTNER_4, 40000, XMPP_PORT);
	struct talk other = shake_hands(OTHER_4, 40000, XMPP_PORT);

	shake_kept(&t, octets_view(&header));
	shake_kept(&other, octets_view(&header));
	ring_rules_blocking("192.0.3.7");
	come_back();
	ring_let_pass_ms(1);
	assert_refused(blocked_source);
	assert_flow_state(&other, FLOW_refused);
	assert_flow_state(&t, FLOW_passed);
	while (ring_taken_by_tap().any || ring_taken_by_port().any)
		;
}

static void where_the_kernel_answers_syns_they_wait_at_their_senders(void **state)
{
	struct talk t = {PARTNER_4, SERVICE_4, 40001, XMPP_PORT, 900, 0, 0};

	ring_from_port(talk_from_remote(&t, TCP_SYN, VIEW("")));
	ring_step();
	assert_nothing_left();
	assert_dropped(control_down);
	assert_null(talk_flow(&t));
	crew_attend(true);
	ring_advance_ms(1000);
	talk_open(PARTNER_4, 40001, XMPP_PORT);
}

static void a_blocked_source_is_no_less_blocked(void **state)
{
	struct talk t = {BLOCKED_4, SERVICE_4, 40001, XMPP_PORT, 900, 0, 0};

	ring_from_port(talk_from_remote(&t, TCP_SYN, VIEW("")));
	ring_step();
	assert_refused(blocked_source);
	assert_true(ring_taken_by_port().any);
}

int main(void)
{
#define HOLD_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, ring_teardown)
#define SYN_TEST(f)  cmocka_unit_test_setup_teardown(f, set_up_syn, ring_teardown)
	const struct CMUnitTest tests[] = {
		HOLD_TEST(a_complete_header_waits_and_is_handed_over),
		HOLD_TEST(a_header_in_two_writes_waits_too),
		HOLD_TEST(what_is_not_complete_is_read_on_by_whoever_comes_back),
		HOLD_TEST(what_comes_behind_it_waits_with_it),
		HOLD_TEST(all_that_wait_are_handed_over),
		HOLD_TEST(five_seconds_are_the_end),
		HOLD_TEST(eight_segments_are_the_end),
		HOLD_TEST(there_is_only_so_much_room),
		HOLD_TEST(who_is_refused_anyway_does_not_wait),
		HOLD_TEST(the_rules_of_now_decide_about_what_waited),
		HOLD_TEST(a_blocked_source_is_no_less_blocked),
		SYN_TEST(where_the_kernel_answers_syns_they_wait_at_their_senders),
		SYN_TEST(a_blocked_source_is_no_less_blocked),
	};

	return cmocka_run_group_tests_name("hold", tests, ring_start, ring_stop);
}
