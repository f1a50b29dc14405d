/* SPDX-License-Identifier: BSD-3-Clause */
/* Domains that no rule names: what they have once they are proven, apart from the strangers around them. */
#include "tests/ring/ring.h"

#include <netinet/tcp.h>
#include <stdio.h>

#include "dataplane/partner.h"
#include "tests/ring/hello.h"
#include "tests/ring/told.h"

#define RULES_OF(limits)                                                                           \
	"service: {addresses: [" SERVICE_4 ", \"" SERVICE_6 "\"]}\n"                               \
	"local:\n"                                                                                 \
	"  - {domain: corp.example, certificate: c, key: k, inside: {protocol: sip, host: h}}\n"   \
	"partners:\n"                                                                              \
	"  - {domain: other.example, protocol: xmpp, sources: [192.0.3.0/24]}\n"                   \
	"  - {domain: partner.example, protocol: xmpp, sources: [192.0.2.0/24]}\n"                 \
	"limits: {unknown: {packets_per_s: 1000, packets_burst: 100}}\n"                           \
	"discovery: {enabled: true, limits: {" limits "}}\n"
#define RULES RULES_OF("packets_per_s: 2000, packets_burst: 300")

#define NEIGHBOUR_4 "192.0.9.10" /* in the network of UNKNOWN_4 */

static struct talk established(const char *remote, uint16_t port, bool outbound)
{
	const char *local = strchr(remote, ':') ? SERVICE_6 : SERVICE_4;
	struct talk t = {remote, local, port, XMPP_PORT, 5000, 6000, 0};
	struct flow_seed seed = {.tcp_state = TCP_ESTABLISHED, .outbound = outbound};

	seed.tuple = talk_key(&t);
	seed.mark = mark_make(outbound ? CLASS_OUTBOUND : CLASS_UNKNOWN, PARTNER_NONE);
	assert_int_equal(flow_adopt(&seed), 0);
	return t;
}

static void verdict(
	const struct talk *t, enum source_class class, uint32_t partner, const char *domain)
{
	struct tuple key = talk_key(t);

	assert_int_equal(
		verdict_say_flow(&key, mark_make(class, partner), view_of(domain), now), 0);
	ring_step();
}

static void prove(const struct talk *t, const char *domain)
{
	verdict(t, CLASS_VERIFIED, PARTNER_NONE, domain);
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

/* All that is there at this moment. */
static uint32_t at_once(const struct talk *t)
{
	return exchanged(t, 1, 400, VIEW(""));
}

/* What the flow is counted by in the answer to a question about it; NULL: it has no such limits. */
static json_t *limits_told(const struct talk *t, const char *whose)
{
	json_t *flow = flow_told(t, false, ring_step);
	json_t *limits = json_incref(json_object_get(json_object_get(flow, "limits"), whose));

	json_decref(flow);
	return limits;
}

static void a_proven_one_has_its_own_and_leaves_its_network_what_it_has(void **state)
{
	struct talk t, stranger;

	ring_publish(RULES);
	t = established(UNKNOWN_4, 1, false);
	stranger = established(NEIGHBOUR_4, 1, false);
	assert_int_equal(at_once(&stranger), 100);
	assert_in_range(at_once(&t), 0, 2); /* as long as it is nobody */
	prove(&t, "found.example");
	assert_int_equal(mark_class(talk_flow(&t)->mark), CLASS_VERIFIED);
	assert_int_equal(talk_flow(&t)->partner_slot, 0);
	assert_in_range(at_once(&t), 300, 304);
	assert_in_range(exchanged(&t, 1000, 4, VIEW("")), 1980, 2020);
	assert_true(edge->counters.dropped[CAUSE_over_packets] > 5000);
	/* And it has used nothing up of theirs, nor they of its. */
	assert_int_equal(at_once(&stranger), 100);
	assert_in_range(exchanged(&stranger, 1000, 4, VIEW("")), 990, 1010);
	assert_in_range(at_once(&t), 300, 304);
}

static void bytes_are_counted_too(void **state)
{
	static const uint8_t payload[946]; /* with 54 bytes of headers a thousand */
	struct view data = view_make(payload, sizeof(payload));
	struct talk t;

	ring_publish(RULES_OF("bytes_per_s: 500000, bytes_burst: 100000"));
	t = established(UNKNOWN_4, 1, false);
	prove(&t, "found.example");
	assert_int_equal(exchanged(&t, 1, 100, data), 100);
	assert_in_range(exchanged(&t, 1000, 2, data), 495, 505);
	assert_true(edge->counters.dropped[CAUSE_over_bytes] > 3000);
	assert_int_equal(edge->counters.dropped[CAUSE_over_packets], 0);
}

static void a_domain_has_them_once_wherever_it_comes_from(void **state)
{
	struct talk a, b, outbound, other;

	ring_publish(RULES);
	a = established(UNKNOWN_4, 1, false);
	b = established("2001:db8:9::1", 1, false);
	outbound = established("192.0.10.1", 1, true);
	other = established(NEIGHBOUR_4, 1, false);
	prove(&a, "found.example");
	prove(&b, "found.example");
	prove(&outbound, "found.example");
	prove(&other, "second.example");
	assert_in_range(at_once(&a), 300, 303);
	assert_in_range(at_once(&b), 0, 3);
	assert_in_range(at_once(&outbound), 0, 3);
	assert_in_range(at_once(&other), 300, 303);
	/* What we opened stays that. */
	assert_int_equal(talk_flow(&outbound)->mark, mark_make(CLASS_OUTBOUND, PARTNER_NONE));
	assert_int_equal(talk_flow(&a)->place.wide, talk_flow(&outbound)->place.wide);
	assert_int_equal(edge->flows.ledger->prefixes.entries[talk_flow(&a)->place.wide].open, 3);
}

/* Names are cheap: who has many of them has no more than a partner with all of them. */
static void many_domains_of_one_network_have_what_a_partner_has(void **state)
{
	struct talk talks[4], elsewhere;

	ring_publish("service: {addresses: [" SERVICE_4 ", \"" SERVICE_6 "\"]}\n"
		     "local:\n"
		     "  - {domain: corp.example, certificate: c, key: k,\n"
		     "     inside: {protocol: sip, host: h}}\n"
		     "limits: {partner: {packets_per_s: 4000, packets_burst: 700}}\n"
		     "discovery: {enabled: true, limits: {packets_per_s: 2000,\n"
		     "  packets_burst: 300}}\n");
	elsewhere = established("192.0.10.1", 1, false);
	prove(&elsewhere, "elsewhere.example");
	for (uint16_t i = 0; i < 4; i++) {
		char name[32];

		snprintf(name, sizeof(name), "n%u.found.example", i);
		talks[i] = established(i % 2 ? UNKNOWN_4 : NEIGHBOUR_4, 1 + i, i == 3);
		prove(&talks[i], name);
	}
	assert_in_range(at_once(&talks[0]), 300, 302);
	assert_in_range(at_once(&talks[1]), 300, 302);
	assert_in_range(at_once(&talks[2]), 100, 115);
	assert_in_range(at_once(&talks[3]), 0, 5);
	assert_in_range(at_once(&elsewhere), 300, 302);
	/* What the network had no room for was not taken from the domain. */
	ring_advance_ms(1000);
	assert_in_range(at_once(&talks[3]), 300, 320); /* with what was leased */
}

static void other_rules_say_how_much(void **state)
{
	struct talk t;

	ring_publish(RULES);
	t = established(UNKNOWN_4, 1, false);
	prove(&t, "found.example");
	ring_publish(RULES_OF("packets_per_s: 100, packets_burst: 50"));
	assert_int_equal(at_once(&t), 50);
	ring_publish(RULES_OF(""));
	ring_advance_ms(60 * 1000);
	assert_int_equal(exchanged(&t, 1, 4000, VIEW("")), 4000); /* the default */
}

static void it_is_a_stranger_again_while_it_is_suspicious(void **state)
{
	struct talk t;

	ring_publish(RULES);
	t = established(UNKNOWN_4, 1, false);
	prove(&t, "found.example");
	verdict(&t, CLASS_SUSPICIOUS, PARTNER_NONE, "found.example");
	assert_int_equal(mark_class(talk_flow(&t)->mark), CLASS_SUSPICIOUS);
	assert_int_equal(at_once(&t), 100);
	prove(&t, "found.example");
	assert_in_range(at_once(&t), 300, 303);
}

static void one_that_rules_name_now_is_that_partner(void **state)
{
	struct talk t, outbound;

	ring_publish(RULES);
	t = established(UNKNOWN_4, 1, false);
	outbound = established(NEIGHBOUR_4, 1, true);
	prove(&t, "partner.example");
	prove(&outbound, "partner.example");
	verdict(&t, CLASS_VERIFIED, PARTNER_ID, "partner.example");
	verdict(&outbound, CLASS_VERIFIED, PARTNER_ID, "partner.example");
	assert_int_equal(talk_flow(&t)->mark, mark_make(CLASS_VERIFIED, PARTNER_ID));
	assert_int_equal(talk_flow(&t)->partner_slot, partner_find(PARTNER_ID));
	assert_int_equal(talk_flow(&t)->by_domain, 0);
	assert_int_equal(talk_flow(&outbound)->mark, mark_make(CLASS_OUTBOUND, PARTNER_ID));
	assert_int_equal(exchanged(&t, 1, 4000, VIEW("")), 8000);
}

/* New rules judge anew who is nobody, or claims to be somebody: this is neither. */
static void new_rules_leave_it_what_it_is(void **state)
{
	struct talk t;

	ring_publish(RULES);
	t = established(PARTNER_4, 1, false);
	prove(&t, "found.example");
	ring_publish(RULES);
	assert_in_range(at_once(&t), 300, 303);
	assert_int_equal(talk_flow(&t)->mark, mark_make(CLASS_VERIFIED, PARTNER_NONE));
}

static void a_blocked_name_resets_it(void **state)
{
	struct block b = {.expires = {now.ns + 10 * NS_PER_S}};
	struct octets header = header_make("corp.example", NULL);
	struct talk t;

	ring_publish(RULES);
	t = talk_open(UNKNOWN_4, 1, XMPP_PORT);
	assert_true(talk_say(&t, octets_view(&header)).any);
	talk_acknowledge(&t);
	prove(&t, "found.example");
	assert_true(block_target_name(VIEW("found.example"), false, &b.target));
	assert_int_equal(verdict_block(&b, now), 0);
	ring_step();
	assert_int_equal(talk_flow(&t)->state, FLOW_established);
	prove(&t, "found.example");
	assert_refused(blocked_by_verdict);
	assert_int_equal(talk_flow(&t)->state, FLOW_refused);
	while (ring_taken_by_tap().any || ring_taken_by_port().any)
		;
}

static void without_room_it_is_one_of_its_network(void **state)
{
	struct prefixes *prefixes = &edge->flows.ledger->prefixes;
	struct talk t;

	ring_publish(RULES);
	t = established(UNKNOWN_4, 1, false);
	for (uint32_t i = 1; i < prefixes_count(prefixes); i++)
		prefixes->entries[i].flows++;
	prove(&t, "found.example");
	assert_int_equal(mark_class(talk_flow(&t)->mark), CLASS_VERIFIED);
	assert_int_equal(talk_flow(&t)->by_domain, 0);
	assert_int_equal(prefixes->entries[PREFIX_COMMON].flows, 0);
	assert_int_equal(at_once(&t), 100);
	for (uint32_t i = 1; i < prefixes_count(prefixes); i++)
		prefixes->entries[i].flows--;
	prove(&t, "found.example");
	assert_in_range(at_once(&t), 300, 303);
}

static void its_place_is_given_back(void **state)
{
	struct prefix_use *use;
	struct talk t;

	ring_publish(RULES);
	t = established(UNKNOWN_4, 1, false);
	prove(&t, "found.example");
	prove(&t, "found.example"); /* said again, as after a restart */
	use = &edge->flows.ledger->prefixes.entries[talk_flow(&t)->place.wide];
	assert_int_equal(use->flows, 1);
	assert_int_equal(use->open, 1);
	assert_true(ring_outward(talk_from_kernel(&t, TCP_ACK, VIEW(""))).any);
	assert_true(ring_outward(talk_from_kernel(&t, TCP_RST, VIEW(""))).any);
	assert_int_equal(use->flows, 1);
	assert_int_equal(use->open, 0);
	for (int i = 0; i < 20; i++)
		ring_let_pass_ms(10000);
	assert_int_equal(edge->flows.count, 0);
	assert_int_equal(use->flows, 0);
}

static void it_is_told_by_its_domain(void **state)
{
	struct talk t;
	json_t *limits;

	ring_publish(RULES);
	t = established(UNKNOWN_4, 1, false);
	limits = limits_told(&t, "192.0.9.0/24");
	assert_non_null(limits);
	json_decref(limits);
	prove(&t, "found.example");
	limits = limits_told(&t, "192.0.9.0/24");
	assert_int_equal(told_number(json_object_get(limits, "packets"), "per_s"), 20000);
	assert_null(json_object_get(json_object_get(limits, "connections"), "most"));
	json_decref(limits);
	assert_null(limits_told(&t, "partner"));
	limits = limits_told(&t, "domain");
	assert_int_equal(told_number(json_object_get(limits, "packets"), "per_s"), 2000);
	assert_int_equal(told_number(json_object_get(limits, "bytes"), "per_s"), 2500000);
	assert_int_equal(told_number(json_object_get(limits, "connections"), "open"), 1);
	assert_int_equal(told_number(json_object_get(limits, "connections"), "most"), 4);
	assert_null(json_object_get(limits, "new_connections"));
	json_decref(limits);
	assert_int_equal(told_count(PARTNER_NONE, "classes", "verified"), 1);
}

#define ring_test(f) cmocka_unit_test_setup_teardown(f, ring_setup, ring_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ring_test(a_proven_one_has_its_own_and_leaves_its_network_what_it_has),
		ring_test(bytes_are_counted_too),
		ring_test(a_domain_has_them_once_wherever_it_comes_from),
		ring_test(many_domains_of_one_network_have_what_a_partner_has),
		ring_test(other_rules_say_how_much),
		ring_test(it_is_a_stranger_again_while_it_is_suspicious),
		ring_test(one_that_rules_name_now_is_that_partner),
		ring_test(new_rules_leave_it_what_it_is),
		ring_test(a_blocked_name_resets_it),
		ring_test(without_room_it_is_one_of_its_network),
		ring_test(its_place_is_given_back),
		ring_test(it_is_told_by_its_domain),
	};

	return cmocka_run_group_tests(tests, ring_start, ring_stop);
}
