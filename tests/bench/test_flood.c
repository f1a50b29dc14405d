/* SPDX-License-Identifier: BSD-3-Clause */
/* The frames of the flood generator: each is a good one, from where it should come. */
#include "tests/unit/test.h"

#include "dataplane/packet.h"
#include "tests/bench/flood.h"

/* What flood.c has for the program. */
uint64_t flood_random(void)
{
	static uint64_t state = 1;

	state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
	return state >> 17 ^ state;
}

double flood_now(void)
{
	return 0;
}

int flood_fail(const char *what, int error)
{
	return 1;
}

static struct flood make(const char *target, const char *source, bool syn, const char *data)
{
	struct flood flood = {.syn = syn,
		.interface = "lo",
		.port = 5269,
		.has_source_mac = true,
		.source_mac = {2, 0, 0, 0, 0, 1},
		.target_mac = {2, 0, 0, 0, 0, 2},
		.data = data};

	assert_true(ip_address_parse(view_of(target), &flood.target));
	assert_true(prefix_parse(view_of(source), &flood.source));
	return flood;
}

static void every_frame_is_good_and_from_the_prefix(void **state)
{
	static const struct {
		const char *target, *source, *data;
		bool syn;
	} cases[] = {
		{"192.0.2.1", "198.18.0.0/15", "", true},
		{"192.0.2.1", "203.0.113.9", "", true},
		{"192.0.2.1", "198.18.0.0/15", "odd", false},
		{"192.0.2.1", "198.18.0.0/15", "<?xml version='1.0'?>even", false},
		{"2001:db8::1", "2001:db8:f::/48", "", true},
		{"2001:db8::1", "2001:db8:f::/61", "odd", false},
		{"2001:db8::1", "2001:db8:f::9", "", false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct flood flood =
			make(cases[i].target, cases[i].source, cases[i].syn, cases[i].data);
		struct flood_plan plan;

		assert_int_equal(flood_plan_make(&flood, &plan), 0);
		for (int round = 0; round < 5000; round++) {
			uint8_t frame[FLOOD_FRAME_MAX];
			uint32_t draws[FLOOD_DRAWS];
			struct ip_address from;
			struct packet p;
			enum packet_cause cause;

			for (int k = 0; k < FLOOD_DRAWS; k++)
				draws[k] = (uint32_t)flood_random();
			memcpy(frame, plan.frame, plan.frame_bytes);
			flood_draw(frame, &plan, (int)plan.v6, draws);
			cause = packet_parse(view_make(frame, plan.frame_bytes), &p);
			if (cause)
				fail_msg("%s from %s, round %d: %s", cases[i].target,
					cases[i].source, round, packet_cause_name(cause));
			from = tuple_src_address(&p.tuple);
			assert_true(prefix_contains(&flood.source, &from));
			assert_int_equal(p.tcp.flags, cases[i].syn ? TCP_SYN : TCP_ACK | TCP_PSH);
			assert_int_equal(p.payload_bytes, strlen(cases[i].data));
			assert_int_equal(p.tuple.dst_port, 5269);
		}
	}
}

static void frames_differ(void **state)
{
	struct flood flood = make("192.0.2.1", "198.18.0.0/15", false, "x");
	uint8_t frames[2][FLOOD_FRAME_MAX];
	struct packet p[2];
	struct flood_plan plan;

	assert_int_equal(flood_plan_make(&flood, &plan), 0);
	for (int i = 0; i < 2; i++) {
		uint32_t draws[FLOOD_DRAWS];

		for (int k = 0; k < FLOOD_DRAWS; k++)
			draws[k] = (uint32_t)flood_random();
		memcpy(frames[i], plan.frame, plan.frame_bytes);
		flood_draw(frames[i], &plan, 0, draws);
		assert_int_equal(packet_parse(view_make(frames[i], plan.frame_bytes), &p[i]), 0);
	}
	assert_false(tuple_equal(&p[0].tuple, &p[1].tuple));
	assert_int_not_equal(p[0].tcp.seq, p[1].tcp.seq);
	assert_int_not_equal(p[0].tcp.ack, p[1].tcp.ack);
	assert_int_not_equal(p[0].tuple.src_port, p[1].tuple.src_port);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_frame_is_good_and_from_the_prefix),
		cmocka_unit_test(frames_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
