/* SPDX-License-Identifier: BSD-3-Clause */
/* Handshakes that several workers answer: whoever receives a segment, its cookie is good and its flow is
 * one worker's. */
#include "tests/ring/crowd.h"

#include "bpf/abi.h"
#include "tests/ring/hello.h"

static const struct worker_config three = {.workers = 3, .handoff = HANDOFF_REQSK};

/* By one queue of this port; the answer leaves by it. */
static struct talk shake(uint32_t port, const char *remote, uint16_t remote_port)
{
	struct talk t = {remote, strchr(remote, ':') ? SERVICE_6 : SERVICE_4, remote_port,
		XMPP_PORT, 4000, 0, 0};
	struct taken answer;

	assert_false(crowd_inward(port, 0, talk_from_remote(&t, TCP_SYN, VIEW(""))).any);
	answer = crowd_taken_by_port(port);
	assert_true(answer.any && answer.parsed);
	assert_int_equal(answer.p.tcp.flags, TCP_SYN | TCP_ACK);
	t.kernel_seq = answer.p.tcp.seq + 1;
	t.remote_seq++;
	return t;
}

static void assert_spread(uint32_t flows)
{
	uint32_t sum = 0;

	for (uint32_t w = 0; w < crew_size(); w++) {
		assert_int_not_equal(crew_edge(w)->flows.count, 0);
		sum += crew_edge(w)->flows.count;
	}
	assert_int_equal(sum, flows);
}

static void a_cookie_is_good_whoever_receives_it(void **state)
{
	struct octets header = header_make("corp.example", NULL);
	uint32_t left_by;

	crowd_begin(&three);
	for (uint16_t i = 0; i < 60; i++) {
		struct talk t = shake(i % 2, i % 3 ? PARTNER_4 : PARTNER_6, (uint16_t)(2000 + i));
		struct taken first;

		assert_false(crowd_inward(i % 2, 1, talk_from_remote(&t, TCP_ACK, VIEW(""))).any);
		first = crowd_inward(i % 2, 1, talk_from_remote(&t, TCP_ACK, octets_view(&header)));
		assert_true(first.any && first.parsed);
		assert_int_equal(taken_mark(&first) & ABI_MARK_FIRST, ABI_MARK_FIRST);
		t.remote_seq += header.len;
		assert_true(crowd_outward(talk_from_kernel(&t, TCP_ACK, VIEW("")), &left_by).any);
		assert_int_equal(left_by, i % 2);
		assert_int_equal(crowd_flow(&t)->state, FLOW_established);
	}
	assert_spread(60);
	crowd_assert_nothing_left();
}

static void what_is_kept_is_kept_by_one(void **state)
{
	struct octets header = header_make("corp.example", NULL);

	crowd_begin(&three);
	for (uint16_t i = 0; i < 30; i++) {
		struct talk t = shake(0, PARTNER_4, (uint16_t)(2000 + i));
		struct taken taken;

		assert_false(crowd_inward(
			0, 1, talk_from_remote(&t, TCP_ACK, view_sub(octets_view(&header), 0, 21)))
				     .any);
		assert_int_equal(crowd_taken_by_port(0).p.tcp.ack, t.remote_seq + 21);
		t.remote_seq += 21;
		taken = crowd_inward(0, 0,
			talk_from_remote(
				&t, TCP_ACK, view_sub(octets_view(&header), 21, header.len)));
		assert_true(taken.any && taken.parsed);
		assert_int_equal(taken.p.payload_bytes, header.len);
		assert_int_equal(crowd_flow(&t)->state, FLOW_passed);
		t.remote_seq += header.len - 21;
		assert_true(
			crowd_outward(talk_from_kernel(&t, TCP_ACK, VIEW("")), &(uint32_t){0}).any);
	}
	assert_spread(30);
	crowd_assert_nothing_left();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		crowd_test(a_cookie_is_good_whoever_receives_it),
		crowd_test(what_is_kept_is_kept_by_one),
	};

	return cmocka_run_group_tests_name("lcores_handshake", tests, ring_start, ring_stop);
}
