/* SPDX-License-Identifier: BSD-3-Clause */
/* Limits that several workers share: none gives more than one would, but for what is leased. */
#include "tests/ring/crowd.h"

#include <stdio.h>

#define RULES                                                                                      \
	"service: {addresses: [" SERVICE_4 ", \"" SERVICE_6 "\"]}\n"                               \
	"local:\n"                                                                                 \
	"  - {domain: corp.example, certificate: c, key: k, inside: {protocol: sip, host: h}}\n"   \
	"partners:\n"                                                                              \
	"  - {domain: other.example, protocol: xmpp, sources: [192.0.3.0/24]}\n"                   \
	"  - {domain: partner.example, protocol: xmpp, sources: [192.0.2.0/24, "                   \
	"\"2001:db8:100::/48\"]"

enum { WORKERS = 4 };

static const struct worker_config four = {.workers = WORKERS};
static uint16_t next_port;

static void begin(const char *yaml)
{
	crowd_begin(&four);
	ring_publish(yaml);
	next_port = 1000;
}

/* SYNs of new connections, one after the other; how many passed. */
static uint32_t begun(const char *src, uint32_t tries)
{
	uint32_t passed = 0;

	for (uint32_t i = 0; i < tries; i++) {
		struct talk t = {src, strchr(src, ':') ? SERVICE_6 : SERVICE_4, ++next_port,
			XMPP_PORT, 1, 1, 0};

		passed += crowd_inward(i % 2, 0, talk_from_remote(&t, TCP_SYN, VIEW(""))).any;
		while (crowd_taken_by_port(i % 2).any)
			;
	}
	return passed;
}

static void new_connections_are_counted_together(void **state)
{
	begin(RULES ",\n     limits: {new_connections_per_s: 10, new_connections_burst: 80,\n"
		    "     connections: 1000}}\n");
	assert_int_equal(begun(PARTNER_4, 120), 80);
	for (uint32_t w = 0; w < WORKERS; w++)
		assert_true(crew_edge(w)->flows.count > 0);
	now = mono_after_ms(now, 1000);
	assert_int_equal(begun(PARTNER_4, 60), 10);
	assert_int_equal(crowd_counters().dropped[CAUSE_over_new_connections], 40 + 50);
	assert_int_equal(begun(OTHER_4, 10), 10);
}

static void connections_at_once_are_counted_together(void **state)
{
	struct talk t;
	uint32_t port;

	begin(RULES ",\n     limits: {connections: 12, new_connections_burst: 100}}\n");
	t = crowd_talk(0, PARTNER_4, 900);
	assert_int_equal(begun(PARTNER_4, 40), 11);
	assert_int_equal(crowd_counters().refused[CAUSE_over_connections], 29);
	/* One ends: another worker's may begin. */
	assert_true(crowd_outward(talk_from_kernel(&t, TCP_RST, VIEW("")), &port).any);
	assert_int_equal(begun(PARTNER_4, 40), 1);
}

static void workers_that_ask_at_once_for_the_last_place(void **state)
{
	uint32_t passed = 0;

	begin(RULES ",\n     limits: {connections: 1, new_connections_burst: 100}}\n");
	/* All in one turn, each of them before it has heard of the others, at worst. */
	for (uint32_t w = 0; w < WORKERS; w++) {
		struct talk t = {PARTNER_4, SERVICE_4, crowd_port_of(w, PARTNER_4, 2000), XMPP_PORT,
			1, 1, 0};

		crowd_from_port(0, 0, talk_from_remote(&t, TCP_SYN, VIEW("")));
	}
	crowd_settle();
	while (ring_taken_by_tap().any)
		passed++;
	while (crowd_taken_by_port(0).any)
		;
	assert_in_range(passed, 1, WORKERS);
	assert_int_equal(begun(PARTNER_4, 10), 0);
}

static void an_unknown_prefix_is_one_for_all_workers(void **state)
{
	begin(RULES "}\nlimits: {unknown: {connections: 9}}\n");
	assert_int_equal(begun("192.0.9.1", 20) + begun("192.0.9.200", 20), 5);
	now = mono_after_ms(now, 60 * 1000);
	assert_int_equal(begun("192.0.9.77", 20), 4);
	assert_true(crowd_counters().refused[CAUSE_over_connections] > 0);
	assert_int_equal(begun("192.0.8.1", 20), 5);
}

static void a_64_has_its_part_of_the_56_with_all_workers(void **state)
{
	begin(RULES "}\nlimits: {unknown: {connections: 12, new_connections_burst: 100}}\n");
	assert_int_equal(begun("2001:db8:9:100::1", 30), 9);
	assert_int_equal(begun("2001:db8:9:1ff::1", 30), 3);
	assert_int_equal(begun("2001:db8:9:200::1", 30), 9);
}

static void handshakes_of_everybody_are_counted_together(void **state)
{
	uint32_t passed = 0;

	begin(RULES "}\n"
		    "limits: {handshakes_per_s: 100, handshakes_burst: 200,\n"
		    "  handshakes_reserved_percent: 30,\n"
		    "  partner: {connections: 1000, new_connections_burst: 1000}}\n");
	for (int i = 0; i < 200; i++) {
		char src[32];

		snprintf(src, sizeof(src), "10.1.%d.1", i);
		passed += begun(src, 1);
	}
	assert_int_equal(passed, 140);
	assert_int_equal(begun(PARTNER_4, 100), 60);
}

static struct talk talks[WORKERS];

/* A connection with each worker, silent since, so that no credit is spent. */
static void connect_all(const char *remote)
{
	for (uint32_t w = 0; w < WORKERS; w++)
		talks[w] = crowd_established(0, remote, crowd_port_of(w, remote, 2000));
	now = mono_after_ms(now, 600 * 1000);
}

/* Each connection says so many segments at once; how many passed. */
static uint32_t say(uint32_t each, struct view data)
{
	uint32_t passed = 0;

	for (uint32_t i = 0; i < each; i++) {
		for (uint32_t w = 0; w < WORKERS; w++)
			crowd_from_port(
				0, i % 2, talk_from_remote(&talks[w], TCP_ACK | TCP_PSH, data));
		crowd_step();
		if (i % 16 == 15)
			crowd_settle();
		while (ring_taken_by_tap().any)
			passed++;
	}
	crowd_settle();
	while (ring_taken_by_tap().any)
		passed++;
	return passed;
}

enum { PPS = 2560, BURST = 400, LEASE = 20 /* a 128th of a second's */ };

static void assert_bursts(const char *remote)
{
	uint32_t passed;

	connect_all(remote);
	passed = say(300, VIEW(""));
	assert_in_range(passed, BURST, BURST + LEASE * WORKERS);
	/* Whatever each has left of its lease, once the pool is full again. */
	for (uint32_t round = 0; round < 10; round++) {
		say(1 + round, VIEW(""));
		now = mono_after_ms(now, 3600 * 1000);
		passed = say(300, VIEW(""));
		assert_in_range(passed, BURST, BURST + LEASE * WORKERS);
		now = mono_after_ms(now, 3600 * 1000);
	}
}

static void a_burst_is_what_is_configured_and_a_lease_for_each_worker(void **state)
{
	begin(RULES ",\n     limits: {packets_per_s: 2560, packets_burst: 400}}\n");
	assert_bursts(PARTNER_4);
}

static void a_burst_of_a_prefix_likewise(void **state)
{
	begin(RULES "}\nlimits: {unknown: {connections: 10, packets_per_s: 2560, "
		    "packets_burst: 400}}\n");
	assert_bursts(UNKNOWN_4);
}

static void a_rate_is_kept_within_a_percent(void **state)
{
	uint32_t passed = 0;

	begin(RULES ",\n     limits: {packets_per_s: 2560, packets_burst: 400}}\n");
	connect_all(PARTNER_4);
	say(300, VIEW(""));
	for (int ms = 0; ms < 2000; ms++) {
		now = mono_after_ms(now, 1);
		passed += say(1 + ms % 3, VIEW(""));
	}
	assert_in_range(passed, 2 * PPS * 99 / 100, 2 * PPS * 101 / 100);
}

/* One worker has all the traffic of a partner: nothing is kept for the others. */
static void a_rate_is_kept_by_one_worker_alone(void **state)
{
	uint32_t passed = 0;

	begin(RULES ",\n     limits: {packets_per_s: 2560, packets_burst: 400}}\n");
	connect_all(PARTNER_4);
	say(300, VIEW(""));
	for (uint32_t w = 1; w < WORKERS; w++)
		talks[w] = talks[0];
	for (int ms = 0; ms < 2000; ms++) {
		now = mono_after_ms(now, 1);
		passed += say(1, VIEW(""));
	}
	assert_in_range(passed, 2 * PPS * 99 / 100, 2 * PPS * 101 / 100);
}

static void bytes_are_kept_within_a_percent(void **state)
{
	static const uint8_t payload[946]; /* with 54 bytes of headers a thousand */
	struct view data = view_make(payload, sizeof(payload));
	uint32_t passed = 0;

	begin(RULES ",\n     limits: {bytes_per_s: 1000000, bytes_burst: 400000}}\n");
	connect_all(PARTNER_4);
	/* A lease of these is 1,000,000 / 128 bytes: nearly eight segments. */
	assert_in_range(say(200, data), 400 - WORKERS, 400 + 8 * WORKERS);
	for (int ms = 0; ms < 2000; ms++) {
		now = mono_after_ms(now, 1);
		passed += say(1, data);
	}
	assert_in_range(passed, 2000 * 99 / 100, 2000 * 101 / 100);
}

static void credit_does_not_pass_to_the_next_prefix(void **state)
{
	struct prefixes *prefixes;
	struct flow_place place;
	struct tuple a = {.family = TUPLE_IPV4, .src = {10, 1, 1, 1}};
	struct tuple b = {.family = TUPLE_IPV4, .src = {10, 2, 1, 1}};
	struct prefix_lease *lease;

	begin(RULES "}\n");
	prefixes = &edge->flows.ledger->prefixes;
	place = flow_place_take(&edge->flows, &a, now);
	lease = &edge->flows.leases[place.wide];
	lease->packets.credit = 32;
	/* As long as it is the same prefix's, credit stays. */
	flow_place_give(&edge->flows, place);
	assert_int_equal(flow_place_take(&edge->flows, &a, now).wide, place.wide);
	assert_int_equal(lease->packets.credit, 32);
	flow_place_give(&edge->flows, place);
	/* Another one takes the entry. */
	for (;; b.src[2]++) {
		struct flow_place other = flow_place_take(&edge->flows, &b, now);

		flow_place_give(&edge->flows, other);
		if (other.wide == place.wide)
			break;
		if (b.src[2] == 255)
			b.src[1]++;
	}
	assert_int_equal(lease->packets.credit, 0);
	assert_int_equal(prefixes->entries[place.wide].flows, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		crowd_test(new_connections_are_counted_together),
		crowd_test(connections_at_once_are_counted_together),
		crowd_test(workers_that_ask_at_once_for_the_last_place),
		crowd_test(an_unknown_prefix_is_one_for_all_workers),
		crowd_test(a_64_has_its_part_of_the_56_with_all_workers),
		crowd_test(handshakes_of_everybody_are_counted_together),
		crowd_test(a_burst_is_what_is_configured_and_a_lease_for_each_worker),
		crowd_test(a_burst_of_a_prefix_likewise),
		crowd_test(a_rate_is_kept_within_a_percent),
		crowd_test(a_rate_is_kept_by_one_worker_alone),
		crowd_test(bytes_are_kept_within_a_percent),
		crowd_test(credit_does_not_pass_to_the_next_prefix),
	};

	return cmocka_run_group_tests(tests, ring_start, ring_stop);
}
