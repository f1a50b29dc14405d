/* SPDX-License-Identifier: BSD-3-Clause */
/* How much each may have: partners, prefixes of unknown sources, everybody's handshakes. */
#include "tests/ring/ring.h"

#include <netinet/tcp.h>
#include <stdio.h>

#include "dataplane/suspects.h"
#include "tests/ring/hello.h"
#include "tests/ring/told.h"

#define RULES                                                                                      \
	"service: {addresses: [" SERVICE_4 ", \"" SERVICE_6 "\"]}\n"                               \
	"local:\n"                                                                                 \
	"  - {domain: corp.example, certificate: c, key: k, inside: {protocol: sip, host: h}}\n"   \
	"partners:\n"                                                                              \
	"  - {domain: other.example, protocol: xmpp, sources: [192.0.3.0/24]}\n"                   \
	"  - {domain: partner.example, protocol: xmpp, sources: [192.0.2.0/24]"

static struct octets syn(const char *src, uint16_t port)
{
	const struct tcp tcp = {src, strchr(src, ':') ? SERVICE_6 : SERVICE_4, port, XMPP_PORT,
		5000, 0, TCP_SYN, VIEW(""), 0};

	return frame_tcp(&tcp);
}

static uint16_t next_port;

/* How many of `tries` new connections pass at this moment. */
static uint32_t begun(const char *src, uint32_t tries)
{
	uint32_t passed = 0;

	for (uint32_t i = 0; i < tries; i++)
		passed += ring_inward(syn(src, ++next_port)).any;
	return passed;
}

static void new_connections_of_a_partner_are_held_back(void **state)
{
	ring_publish(RULES ",\n     limits: {new_connections_per_s: 10, new_connections_burst: 3,\n"
			   "     connections: 1000}}\n");
	assert_int_equal(begun(PARTNER_4, 5), 3);
	assert_counted(edge->counters.dropped, CAUSE_over_new_connections, "new", 2);
	assert_int_equal(begun(OTHER_4, 5), 5); /* its neighbour notices nothing */
	ring_advance_ms(100);
	assert_int_equal(begun(PARTNER_4, 2), 1); /* a SYN that comes again passes */
	ring_advance_ms(3600 * 1000);
	assert_int_equal(begun(PARTNER_4, 10), 3);
	assert_counted(edge->counters.dropped, CAUSE_over_new_connections, "new", 1 + 7);
	assert_nothing_left();
}

static void a_syn_that_comes_again_is_no_new_connection(void **state)
{
	ring_publish(RULES ",\n     limits: {new_connections_burst: 1, connections: 1}}\n");
	for (int i = 0; i < 5; i++)
		assert_true(ring_inward(syn(PARTNER_4, 7)).any);
	assert_int_equal(edge->flows.count, 1);
}

static void connections_at_once_are_bounded_and_the_rest_is_told(void **state)
{
	struct talk a;
	struct taken t;

	ring_publish(RULES ",\n     limits: {connections: 2}}\n");
	a = talk_open(PARTNER_4, 1, XMPP_PORT);
	talk_open(PARTNER_4, 2, XMPP_PORT);
	assert_false(ring_inward(syn(PARTNER_4, 3)).any);
	assert_refused(over_connections);
	t = ring_taken_by_port();
	assert_true(t.any && t.parsed && t.p.tcp.flags & TCP_RST);
	assert_true(ring_inward(syn(OTHER_4, 3)).any);
	assert_true(ring_outward(talk_from_kernel(&a, TCP_RST, VIEW(""))).any);
	assert_true(ring_inward(syn(PARTNER_4, 3)).any);
	assert_nothing_left();
}

static void an_unknown_prefix_shares_its_limits(void **state)
{
	ring_publish(RULES "}\nlimits: {unknown: {connections: 100}}\n");
	assert_int_equal(begun("192.0.9.1", 3), 3);
	assert_int_equal(begun("192.0.9.200", 5), 2);
	assert_counted(edge->counters.dropped, CAUSE_over_new_connections, "new", 3);
	assert_int_equal(begun("192.0.8.1", 9), 5); /* another /24 */
	ring_advance_ms(1000);
	assert_int_equal(begun("192.0.9.77", 5), 1);
	assert_int_equal(begun(PARTNER_4, 10), 10);
}

static void a_64_gets_three_quarters_of_its_56(void **state)
{
	ring_publish(RULES "}\nlimits: {unknown: {connections: 8, new_connections_burst: 100}}\n");
	assert_int_equal(begun("2001:db8:9:100::1", 7), 6);
	while (ring_taken_by_port().any)
		;
	assert_int_equal(begun("2001:db8:9:100::2", 1), 0);
	assert_true(ring_taken_by_port().any);
	assert_int_equal(begun("2001:db8:9:1ff::1", 3), 2); /* the rest of the /56 */
	assert_true(ring_taken_by_port().any);
	assert_int_equal(begun("2001:db8:9:200::1", 3), 3); /* the next /56 */
	assert_counted(edge->counters.refused, CAUSE_over_connections, "over_connections", 3);
}

static void unknown_sources_leave_partners_their_share_of_handshakes(void **state)
{
	uint32_t passed = 0;

	ring_restart(&(struct worker_config){.flow_capacity = 8192});
	ring_publish(RULES "}\n"
			   "limits: {handshakes_per_s: 100, handshakes_burst: 200,\n"
			   "  handshakes_reserved_percent: 30,\n"
			   "  unknown: {connections: 100},\n"
			   "  partner: {connections: 1000, new_connections_burst: 1000}}\n");
	for (int i = 0; i < 200; i++) {
		char src[32];

		snprintf(src, sizeof(src), "10.1.%d.1", i);
		passed += begun(src, 1);
	}
	assert_int_equal(passed, 140);
	assert_counted(edge->counters.dropped, CAUSE_unknown_over_limit, "unknown_over_limit", 60);
	assert_int_equal(begun(PARTNER_4, 40), 40);
	assert_int_equal(begun(OTHER_4, 40), 20);
	assert_counted(edge->counters.dropped, CAUSE_over_handshakes, "over_handshakes", 20);
	ring_advance_ms(100); /* ten more for all, seven of them for anybody */
	assert_int_equal(begun("10.2.1.1", 5) + begun("10.2.2.1", 5), 7);
	assert_int_equal(begun(PARTNER_4, 5), 3);
}

/* A connection of a partner that has begun, nothing of it left anywhere. */
static struct talk established(const char *remote, uint16_t port)
{
	struct talk t = {remote, SERVICE_4, port, XMPP_PORT, 5000, 6000, 0};
	struct flow_seed seed = {.tcp_state = TCP_ESTABLISHED};
	struct octets frame = talk_from_remote(&t, TCP_ACK, VIEW(""));
	struct packet p;

	assert_int_equal(packet_parse(view_make(frame.bytes, frame.len), &p), PACKET_CAUSE_none);
	seed.tuple = p.tuple;
	seed.mark = mark_make(strcmp(remote, PARTNER_4) == 0 ? CLASS_CLAIMED : CLASS_UNKNOWN,
		strcmp(remote, PARTNER_4) == 0 ? PARTNER_ID : PARTNER_NONE);
	assert_int_equal(flow_adopt(&seed), 0);
	return t;
}

/* Frames both ways, `per_ms` of each every millisecond; how many passed. */
static uint32_t exchanged(const struct talk *t, uint32_t ms, uint32_t per_ms, struct view data)
{
	uint32_t passed = 0;

	for (uint32_t i = 0; i < ms; i++) {
		ring_advance_ms(1);
		for (uint32_t k = 0; k < per_ms; k++) {
			passed += ring_inward(talk_from_remote(t, TCP_ACK, data)).any;
			passed += ring_outward(talk_from_kernel(t, TCP_ACK, data)).any;
		}
	}
	return passed;
}

static void packets_of_both_directions_are_counted_within_a_percent(void **state)
{
	struct talk t, unknown;

	ring_publish(RULES ",\n     limits: {packets_per_s: 2000, packets_burst: 500}}\n"
			   "limits: {unknown: {packets_per_s: 1000, packets_burst: 100}}\n");
	t = established(PARTNER_4, 1);
	unknown = established(UNKNOWN_4, 1);
	assert_int_equal(exchanged(&t, 1, 1000, VIEW("")), 500);
	assert_in_range(exchanged(&t, 1000, 3, VIEW("")), 1980, 2020);
	assert_true(edge->counters.dropped[CAUSE_over_packets] > 5000);
	assert_true(edge->counters.fates[DIRECTION_OUT].dropped > 1000);
	assert_true(edge->counters.fates[DIRECTION_IN].dropped > 1000);
	ring_advance_ms(1000);
	assert_int_equal(exchanged(&unknown, 1, 200, VIEW("")), 100);
	assert_in_range(exchanged(&unknown, 1000, 2, VIEW("")), 990, 1010);
}

static void bytes_are_counted_within_a_percent(void **state)
{
	static const uint8_t payload[946]; /* with 54 bytes of headers a thousand */
	struct view data = view_make(payload, sizeof(payload));
	struct talk t;

	ring_publish(RULES ",\n     limits: {bytes_per_s: 500000, bytes_burst: 100000}}\n");
	t = established(PARTNER_4, 1);
	assert_int_equal(exchanged(&t, 1, 100, data), 100);
	assert_in_range(exchanged(&t, 1000, 2, data), 495, 505);
	/* What is smaller still finds room, what is too large costs nothing. */
	assert_true(edge->counters.dropped[CAUSE_over_bytes] > 3000);
	assert_int_equal(edge->counters.dropped[CAUSE_over_packets], 0);
}

static void what_is_over_a_limit_changes_nothing_of_its_flow(void **state)
{
	struct talk t;

	ring_publish(RULES ",\n     limits: {packets_per_s: 1, packets_burst: 1}}\n");
	t = established(PARTNER_4, 1);
	assert_true(ring_inward(talk_from_remote(&t, TCP_ACK, VIEW(""))).any);
	assert_false(ring_inward(talk_from_remote(&t, TCP_FIN | TCP_ACK, VIEW(""))).any);
	assert_false(ring_outward(talk_from_kernel(&t, TCP_RST, VIEW(""))).any);
	assert_counted(edge->counters.dropped, CAUSE_over_packets, "over_packets", 2);
	assert_int_equal(talk_flow(&t)->state, FLOW_established);
	ring_advance_ms(1000);
	assert_true(ring_outward(talk_from_kernel(&t, TCP_RST, VIEW(""))).any);
	assert_int_equal(talk_flow(&t)->state, FLOW_closed);
}

static void limits_and_what_is_used_survive_new_rules(void **state)
{
	ring_publish(RULES ",\n     limits: {new_connections_burst: 3}}\n");
	assert_int_equal(begun(PARTNER_4, 3), 3);
	ring_publish(RULES ",\n     limits: {new_connections_burst: 4}}\n");
	assert_int_equal(begun(PARTNER_4, 3), 1);
	ring_publish(RULES ",\n     limits: {new_connections_burst: 1}}\n");
	assert_int_equal(begun(PARTNER_4, 3), 0);
	/* Four were used: that is a fifth of a second, less than what is forgiven. */
	ring_advance_ms(200);
	assert_int_equal(begun(PARTNER_4, 3), 1);
}

static void a_suspicious_partner_opens_fewer_connections(void **state)
{
	ring_publish(RULES ",\n     limits: {new_connections_burst: 100, connections: 1000}}\n"
			   "limits: {suspicious: {new_connections_burst: 3, connections: 1000}}\n");
	suspects_say(PARTNER_ID, true);
	assert_int_equal(begun(PARTNER_4, 5), 3);
	assert_counted(edge->counters.dropped, CAUSE_over_new_connections, "new", 2);
	assert_int_equal(begun(OTHER_4, 5), 5); /* its neighbour notices nothing */
	ring_advance_ms(1000);
	assert_int_equal(begun(PARTNER_4, 5), 1);
	/* The end gives it back what it had. */
	suspects_say(PARTNER_ID, false);
	assert_int_equal(begun(PARTNER_4, 200), 100);
	/* A second verdict gives it nothing. */
	suspects_say(PARTNER_ID, true);
	assert_int_equal(begun(PARTNER_4, 5), 0);
	ring_advance_ms(1000);
	assert_int_equal(begun(PARTNER_4, 5), 1);
	assert_nothing_left();
}

static void a_suspicious_partner_keeps_its_connections_and_begins_none(void **state)
{
	struct talk t;

	ring_publish(RULES "}\n");
	t = talk_open(PARTNER_4, 1, XMPP_PORT);
	assert_int_equal(begun(PARTNER_4, 5), 5);
	suspects_say(PARTNER_ID, true);
	assert_int_equal(begun(PARTNER_4, 1), 0);
	assert_refused(over_connections);
	assert_true(ring_taken_by_port().p.tcp.flags & TCP_RST);
	assert_true(ring_outward(talk_from_kernel(&t, TCP_ACK, VIEW(""))).any);
	suspects_say(PARTNER_ID, false);
	assert_int_equal(begun(PARTNER_4, 1), 1);
	assert_nothing_left();
}

static void a_suspicious_partner_has_nothing_of_the_reserved_handshakes(void **state)
{
	uint32_t passed = 0;

	ring_restart(&(struct worker_config){.flow_capacity = 8192});
	ring_publish(RULES "}\n"
			   "limits: {handshakes_per_s: 100, handshakes_burst: 100,\n"
			   "  handshakes_reserved_percent: 50}\n");
	suspects_say(PARTNER_ID, true);
	assert_int_equal(begun(PARTNER_4, 1), 1);
	for (int i = 0; i < 60; i++) {
		char src[32];

		snprintf(src, sizeof(src), "10.1.%d.1", i);
		passed += begun(src, 1);
	}
	assert_int_equal(passed, 49);
	assert_int_equal(begun(PARTNER_4, 2), 0);
	assert_counted(edge->counters.dropped, CAUSE_over_handshakes, "over_handshakes", 2);
	assert_int_equal(begun(OTHER_4, 2), 2);
	suspects_say(PARTNER_ID, false);
	assert_int_equal(begun(PARTNER_4, 2), 2);
}

static json_int_t flow_packets_per_s(const struct talk *t)
{
	json_t *flow = flow_told(t, false, ring_step);
	json_t *limits = json_object_get(json_object_get(flow, "limits"), "partner");
	json_int_t per_s = told_number(json_object_get(limits, "packets"), "per_s");

	json_decref(flow);
	return per_s;
}

static void a_suspicious_partner_exchanges_less(void **state)
{
	static const uint8_t payload[946]; /* with 54 bytes of headers a thousand */
	struct view data = view_make(payload, sizeof(payload));
	struct talk t;

	ring_publish(RULES ",\n     limits: {packets_per_s: 20000, packets_burst: 500}}\n"
			   "limits: {suspicious: {packets_per_s: 1000, packets_burst: 100,\n"
			   "  bytes_per_s: 500000, bytes_burst: 200000}}\n");
	t = established(PARTNER_4, 1);
	assert_int_equal(exchanged(&t, 1, 1000, VIEW("")), 500);
	assert_int_equal(flow_packets_per_s(&t), 20000);
	/* At the worker's next packet but for those that it has leased. */
	suspects_say(PARTNER_ID, true);
	assert_int_equal(flow_packets_per_s(&t), 1000);
	exchanged(&t, 1000, 1, VIEW(""));
	assert_in_range(exchanged(&t, 1000, 3, VIEW("")), 990, 1010);
	assert_true(edge->counters.dropped[CAUSE_over_packets] > 4000);
	ring_advance_ms(5000);
	assert_int_equal(edge->counters.dropped[CAUSE_over_bytes], 0);
	exchanged(&t, 1000, 1, data);
	assert_in_range(exchanged(&t, 1000, 1, data), 495, 505);
	assert_true(edge->counters.dropped[CAUSE_over_bytes] > 1000);
	/* So it is when other rules come, by what these say. */
	ring_publish(RULES "}\nlimits: {suspicious: {packets_per_s: 2000}}\n");
	assert_int_equal(flow_packets_per_s(&t), 2000);
	suspects_forget();
	assert_int_equal(flow_packets_per_s(&t), 20000);
	assert_int_equal(exchanged(&t, 1000, 3, VIEW("")), 6000);
}

static void a_suspicious_partner_never_has_more_than_otherwise(void **state)
{
	ring_publish(RULES ",\n     limits: {connections: 2, new_connections_burst: 3}}\n");
	suspects_say(PARTNER_ID, true);
	assert_int_equal(begun(PARTNER_4, 5), 2);
	while (ring_taken_by_port().any)
		;
	assert_counted(edge->counters.refused, CAUSE_over_connections, "over_connections", 3);
}

static json_int_t suspects_told(void)
{
	json_t *counters = report_counters();
	json_int_t count = told_number(counters, "suspects");

	json_decref(counters);
	return count;
}

static void who_is_suspicious_is_known_by_id(void **state)
{
	suspects_say(PARTNER_ID, true);
	suspects_say(PARTNER_ID, true);
	suspects_say(0, true);
	suspects_say(4711, true); /* no rules ever named it */
	assert_int_equal(suspects_told(), 1);
	suspects_say(OTHER_ID, true);
	assert_int_equal(suspects_told(), 2);
	suspects_say(PARTNER_ID, false);
	suspects_say(PARTNER_ID, false);
	assert_int_equal(suspects_told(), 1);
	assert_false(suspects_has(0));
	suspects_forget();
	assert_int_equal(suspects_told(), 0);
}

static json_int_t limited(const char *partner, const char *cause)
{
	uint32_t total;
	json_t *rows = report_partners(0, REPORT_PARTNERS_MAX, &total);
	json_int_t value = -1;
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		const char *name = json_string_value(json_object_get(row, "partner"));
		json_t *drops = json_object_get(row, "drops");
		json_t *refusals = json_object_get(row, "refusals");

		if (strcmp(name, partner) == 0)
			value = json_integer_value(json_object_get(drops, cause)) +
				json_integer_value(json_object_get(refusals, cause));
	}
	json_decref(rows);
	return value;
}

static void each_partner_has_its_refusals_by_cause(void **state)
{
	struct talk t;

	ring_publish(RULES ",\n     limits: {new_connections_burst: 3, connections: 3,\n"
			   "     packets_per_s: 1, packets_burst: 1}}\n");
	assert_int_equal(begun(PARTNER_4, 4), 3);
	assert_true(ring_taken_by_port().any);
	t = established(PARTNER_4, 60000);
	exchanged(&t, 1, 2, VIEW(""));
	assert_int_equal(begun(UNKNOWN_4, 4), 2);
	while (ring_taken_by_port().any)
		;
	assert_int_equal(limited("partner.example", "over_connections"), 1);
	assert_int_equal(limited("partner.example", "over_packets"), 3);
	assert_int_equal(limited("partner.example", "over_bytes"), 0);
	assert_int_equal(limited("other.example", "over_connections"), 0);
	assert_int_equal(limited("(unknown)", "over_connections"), 2);
}

static uint32_t entry_of(const char *src, uint32_t bits)
{
	struct octets frame = syn(src, 1);
	struct packet p;
	uint32_t entry;

	assert_int_equal(packet_parse(view_make(frame.bytes, frame.len), &p), PACKET_CAUSE_none);
	entry = prefixes_take(
		&edge->flows.ledger->prefixes, p.tuple.family, p.tuple.src, bits, now);
	prefixes_give(&edge->flows.ledger->prefixes, entry);
	return entry;
}

static void a_prefix_keeps_its_place_while_it_is_used_and_then_gives_way(void **state)
{
	uint32_t last = edge->flows.ledger->prefixes.mask;
	uint32_t kept = entry_of("192.0.9.1", 24);
	struct prefix_use *use = &edge->flows.ledger->prefixes.entries[kept];
	uint32_t common = 0;

	assert_int_not_equal(kept, PREFIX_COMMON);
	assert_int_equal(entry_of("192.0.9.255", 24), kept);
	/* As long as somebody holds it: else one of the same eight may take it over. */
	use->flows = 1;
	assert_int_not_equal(entry_of("192.0.10.1", 24), kept);
	for (uint32_t i = 0; i < 100000; i++) {
		char src[32];
		uint32_t at;

		snprintf(src, sizeof(src), "%u.%u.%u.1", 11 + i / 65536, i / 256 % 256, i % 256);
		at = entry_of(src, 24);
		assert_int_not_equal(at, kept);
		assert_in_range(at, 1, last + 1); /* nobody else uses them: there is always room */
	}
	assert_int_equal(entry_of("192.0.9.1", 24), kept);
	use->flows = 0;
	/* All in use: newcomers share one. */
	for (uint32_t i = 1; i <= last + 1; i++)
		edge->flows.ledger->prefixes.entries[i].flows = 1;
	for (uint32_t i = 0; i < 100; i++) {
		char src[32];

		snprintf(src, sizeof(src), "100.1.%u.1", i);
		common += entry_of(src, 24) == PREFIX_COMMON;
	}
	assert_int_equal(common, 100);
	assert_true(ring_inward(syn("100.1.1.1", 1)).any);
	assert_int_equal(edge->flows.ledger->prefixes.entries[PREFIX_COMMON].open, 1);
}

static void a_contradicted_claim_is_counted_where_it_comes_from(void **state)
{
	struct octets header = header_make("corp.example", "other.example");
	struct talk t;
	uint32_t entry;

	t = talk_open(PARTNER_4, 1, XMPP_PORT);
	entry = entry_of(PARTNER_4, 24);
	assert_int_equal(edge->flows.ledger->prefixes.entries[entry].flows, 0);
	assert_true(talk_say(&t, octets_view(&header)).any);
	entry = entry_of(PARTNER_4, 24);
	assert_int_equal(talk_flow(&t)->partner_slot, 0);
	assert_int_equal(edge->flows.ledger->prefixes.entries[entry].flows, 1);
	assert_int_equal(edge->flows.ledger->prefixes.entries[entry].open, 1);
	assert_true(ring_outward(talk_from_kernel(&t, TCP_RST, VIEW(""))).any);
	assert_int_equal(edge->flows.ledger->prefixes.entries[entry].flows, 1);
	assert_int_equal(edge->flows.ledger->prefixes.entries[entry].open, 0);
	for (int i = 0; i < 20; i++)
		ring_let_pass_ms(10000);
	assert_int_equal(edge->flows.count, 0);
	assert_int_equal(edge->flows.ledger->prefixes.entries[entry].flows, 0);
}

#define ring_test(f) cmocka_unit_test_setup_teardown(f, ring_setup, ring_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ring_test(new_connections_of_a_partner_are_held_back),
		ring_test(a_syn_that_comes_again_is_no_new_connection),
		ring_test(connections_at_once_are_bounded_and_the_rest_is_told),
		ring_test(an_unknown_prefix_shares_its_limits),
		ring_test(a_64_gets_three_quarters_of_its_56),
		ring_test(unknown_sources_leave_partners_their_share_of_handshakes),
		ring_test(packets_of_both_directions_are_counted_within_a_percent),
		ring_test(bytes_are_counted_within_a_percent),
		ring_test(what_is_over_a_limit_changes_nothing_of_its_flow),
		ring_test(limits_and_what_is_used_survive_new_rules),
		ring_test(a_suspicious_partner_opens_fewer_connections),
		ring_test(a_suspicious_partner_keeps_its_connections_and_begins_none),
		ring_test(a_suspicious_partner_has_nothing_of_the_reserved_handshakes),
		ring_test(a_suspicious_partner_exchanges_less),
		ring_test(a_suspicious_partner_never_has_more_than_otherwise),
		ring_test(who_is_suspicious_is_known_by_id),
		ring_test(each_partner_has_its_refusals_by_cause),
		ring_test(a_prefix_keeps_its_place_while_it_is_used_and_then_gives_way),
		ring_test(a_contradicted_claim_is_counted_where_it_comes_from),
	};

	return cmocka_run_group_tests(tests, ring_start, ring_stop);
}
