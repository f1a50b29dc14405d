/* SPDX-License-Identifier: BSD-3-Clause */
/* What was learned of addresses: it claims, the rules and verdicts win over it, and flows follow it
 * until they are proven. */
#include "tests/ring/ring.h"

#include <stdlib.h>

#include "dataplane/learned.h"
#include "dataplane/partner.h"
#include "dataplane/verdict.h"
#include "tests/ring/hello.h"

#define UNKNOWN_6 "2001:db8:9::9"

struct row {
	const char *address;
	uint32_t partner_id;
};

static int by_address(const void *a, const void *b)
{
	return claim_compare_address(
		&((const struct claim *)a)->address, &((const struct claim *)b)->address);
}

static void learn(const struct row *rows, uint32_t count)
{
	struct claim *list = calloc(count + 1u, sizeof(*list));
	struct learned *learned;
	struct claims claims;
	uint8_t *block;
	size_t bytes;
	char why[128];

	for (uint32_t i = 0; i < count; i++) {
		assert_true(ip_address_parse(view_of(rows[i].address), &list[i].address));
		list[i].partner_id = rows[i].partner_id;
	}
	qsort(list, count, sizeof(*list), by_address);
	assert_int_equal(claims_write(list, count, &block, &bytes), 0);
	if (claims_open(view_make(block, bytes), &claims, why, sizeof(why)) != 0)
		fail_msg("%s", why);
	learned = learned_build(&claims);
	assert_non_null(learned);
	/* It must need nothing of what it was made from. */
	memset(block, 0xa5, bytes);
	free(block);
	free(list);
	learned_publish(learned);
}

static void learn_one(const char *address, uint32_t partner_id)
{
	learn(&(struct row){address, partner_id}, 1);
}

static int tear_down(void **state)
{
	learned_publish(NULL);
	ring_step();
	return ring_teardown(state);
}

static uint32_t mark_of_syn(const char *remote, uint16_t port)
{
	struct talk t = {
		remote, strchr(remote, ':') ? SERVICE_6 : SERVICE_4, port, XMPP_PORT, 7, 8, 0};
	struct taken syn = ring_inward(talk_from_remote(&t, TCP_SYN, VIEW("")));

	assert_true(syn.any);
	return taken_mark(&syn);
}

static struct talk established(const char *remote, uint16_t port, const char *from)
{
	struct octets header = header_make("corp.example", from);
	struct talk t = talk_open(remote, port, XMPP_PORT);

	assert_true(talk_say(&t, octets_view(&header)).any);
	talk_acknowledge(&t);
	assert_int_equal(talk_flow(&t)->state, FLOW_established);
	return t;
}

/* Its next segment passes; the mark of the flow from then on. */
static uint32_t mark_after_more(struct talk *t)
{
	assert_true(talk_say(t, VIEW("more")).any);
	return talk_flow(t)->mark;
}

static const uint32_t unknown = (uint32_t)CLASS_UNKNOWN << 28;

static void a_learned_source_is_claimed_and_counted_for_its_partner(void **state)
{
	const struct row rows[] = {{UNKNOWN_4, PARTNER_ID}, {UNKNOWN_6, OTHER_ID}};
	uint32_t slot = partner_slot(PARTNER_ID);
	uint64_t before = edge->counters.partners[slot].flows_opened;

	assert_int_equal(mark_of_syn(UNKNOWN_4, 40000), unknown);
	learn(rows, 2);
	assert_int_equal(learned_count(), 2);
	assert_int_equal(mark_of_syn(UNKNOWN_4, 40001), mark_make(CLASS_CLAIMED, PARTNER_ID));
	assert_int_equal(mark_of_syn(UNKNOWN_6, 40001), mark_make(CLASS_CLAIMED, OTHER_ID));
	assert_int_equal(mark_of_syn("192.0.9.10", 40001), unknown);
	assert_int_equal(edge->counters.partners[slot].flows_opened, before + 1);
	learn(NULL, 0);
	assert_int_equal(learned_count(), 0);
	assert_int_equal(mark_of_syn(UNKNOWN_4, 40002), unknown);
}

static void the_rules_win(void **state)
{
	const struct row rows[] = {
		{PARTNER_4, OTHER_ID}, {BLOCKED_4, OTHER_ID}, {BLOCKED_6, OTHER_ID}};
	struct talk t = {BLOCKED_4, SERVICE_4, 40000, XMPP_PORT, 7, 8, 0};

	learn(rows, 3);
	assert_int_equal(mark_of_syn(PARTNER_4, 40000), mark_make(CLASS_CLAIMED, PARTNER_ID));
	assert_false(ring_inward(talk_from_remote(&t, TCP_SYN, VIEW(""))).any);
	assert_refused(blocked_source);
	assert_true(ring_taken_by_port().p.tcp.flags & TCP_RST);
	t.remote = BLOCKED_6;
	t.local = SERVICE_6;
	assert_false(ring_inward(talk_from_remote(&t, TCP_SYN, VIEW(""))).any);
	assert_refused(blocked_source);
	assert_true(ring_taken_by_port().p.tcp.flags & TCP_RST);
}

static void a_block_of_the_partner_holds_for_what_it_is_learned_to_have(void **state)
{
	struct talk t = established(UNKNOWN_4, 40000, NULL);
	struct talk reading = talk_open(UNKNOWN_4, 40001, XMPP_PORT);
	struct block block = {.expires = {now.ns + 10 * NS_PER_S}};

	assert_true(block_target_name(VIEW("partner.example"), false, &block.target));
	assert_int_equal(verdict_block(&block, now), 0);
	ring_step();
	assert_int_equal(mark_after_more(&t), unknown);
	learn_one(UNKNOWN_4, PARTNER_ID);
	/* Whose first bytes are still read is the partner's now, and refused. */
	ring_from_port(talk_from_remote(&reading, TCP_ACK, VIEW("<stream")));
	ring_step();
	assert_refused(blocked_by_verdict);
	assert_reset_both(&reading, reading.remote_seq);
	t.remote_port = 40002;
	assert_false(ring_inward(talk_from_remote(&t, TCP_SYN, VIEW(""))).any);
	assert_refused(blocked_by_verdict);
	assert_true(ring_taken_by_port().p.tcp.flags & TCP_RST);
}

static void partners_that_the_rules_do_not_name_are_ignored(void **state)
{
	enum { NOBODY_ID = 777 };

	learn_one(UNKNOWN_4, NOBODY_ID);
	assert_int_equal(mark_of_syn(UNKNOWN_4, 40000), unknown);
	learn_one(UNKNOWN_4, PARTNER_ID);
	assert_int_equal(mark_of_syn(UNKNOWN_4, 40001), mark_make(CLASS_CLAIMED, PARTNER_ID));
	/* Rules without partners: what was learned is older than they are. */
	ring_publish("service:\n  addresses: [198.51.100.1]\n"
		     "local:\n  - {domain: corp.example, certificate: c, key: k,\n"
		     "     inside: {protocol: sip, host: 10.0.0.9}}\n");
	assert_int_equal(mark_of_syn(UNKNOWN_4, 40002), unknown);
	ring_rules();
	assert_int_equal(mark_of_syn(UNKNOWN_4, 40003), mark_make(CLASS_CLAIMED, PARTNER_ID));
}

static void a_connection_follows_what_is_learned_of_its_source(void **state)
{
	struct talk named = established(UNKNOWN_4, 40000, "partner.example");
	struct talk reading = talk_open(UNKNOWN_4, 40001, XMPP_PORT);

	assert_int_equal(mark_after_more(&named), unknown);
	learn_one(UNKNOWN_4, PARTNER_ID);
	assert_int_equal(mark_after_more(&named), mark_make(CLASS_CLAIMED, PARTNER_ID));
	assert_int_equal(talk_flow(&named)->partner_slot, partner_slot(PARTNER_ID));
	assert_true(talk_say(&reading, VIEW("<stream:stream")).any);
	assert_int_equal(talk_flow(&reading)->mark, mark_make(CLASS_CLAIMED, PARTNER_ID));
	/* The same again changes nothing. */
	learn_one(UNKNOWN_4, PARTNER_ID);
	assert_int_equal(mark_after_more(&named), mark_make(CLASS_CLAIMED, PARTNER_ID));
	learn(NULL, 0);
	assert_int_equal(mark_after_more(&named), unknown);
	assert_int_equal(talk_flow(&named)->partner_slot, 0);
}

static void a_claim_of_the_header_is_never_made_looser(void **state)
{
	struct talk other = established(UNKNOWN_4, 40000, "other.example");
	struct talk nobody = established(UNKNOWN_4, 40001, "nobody.example");
	struct talk silent = established(UNKNOWN_4, 40002, NULL);

	learn_one(UNKNOWN_4, PARTNER_ID);
	assert_int_equal(mark_after_more(&other), unknown);
	assert_int_equal(mark_after_more(&nobody), unknown);
	assert_int_equal(mark_after_more(&silent), unknown);
	/* And one that claims it later is contradicted as by the rules. */
	other = established(UNKNOWN_4, 40003, "other.example");
	assert_int_equal(talk_flow(&other)->mark, unknown);
	assert_int_equal(edge->counters.claims_contradicted, 1);
	learn_one(UNKNOWN_4, OTHER_ID);
	assert_int_equal(mark_after_more(&other), mark_make(CLASS_CLAIMED, OTHER_ID));
}

static void a_connection_without_a_name_keeps_what_its_source_had(void **state)
{
	struct talk t = established(PARTNER_4, 40000, NULL);

	learn_one(UNKNOWN_4, OTHER_ID);
	assert_int_equal(mark_after_more(&t), mark_make(CLASS_CLAIMED, PARTNER_ID));
}

static void say_verdict(const struct talk *t, enum source_class class, uint32_t partner)
{
	struct octets frame = talk_from_remote(t, TCP_ACK, VIEW(""));
	struct packet p;

	packet_parse(view_make(frame.bytes, frame.len), &p);
	assert_int_equal(verdict_say_flow(&p.tuple, mark_make(class, partner), VIEW(""), now), 0);
	ring_step();
}

static void what_the_control_plane_decided_stays(void **state)
{
	struct talk proven = established(UNKNOWN_4, 40000, "partner.example");
	struct talk suspect = established(UNKNOWN_4, 40001, "partner.example");

	learn_one(UNKNOWN_4, PARTNER_ID);
	say_verdict(&proven, CLASS_VERIFIED, PARTNER_ID);
	say_verdict(&suspect, CLASS_SUSPICIOUS, 0);
	learn(NULL, 0);
	assert_int_equal(mark_after_more(&proven), mark_make(CLASS_VERIFIED, PARTNER_ID));
	learn_one(UNKNOWN_4, OTHER_ID);
	assert_int_equal(mark_after_more(&proven), mark_make(CLASS_VERIFIED, PARTNER_ID));
	assert_int_equal(mark_after_more(&suspect), mark_make(CLASS_SUSPICIOUS, 0));
}

static void what_was_learned_is_freed_when_readers_have_left_it(void **state)
{
	learn_one(UNKNOWN_4, PARTNER_ID);
	ring_step();
	learn_one(UNKNOWN_4, OTHER_ID);
	/* The worker has not been at a quiescent point since. */
	assert_int_equal(tables_reclaim(), 1);
	ring_step();
	assert_int_equal(tables_reclaim(), 0);
	assert_int_equal(mark_of_syn(UNKNOWN_4, 40000), mark_make(CLASS_CLAIMED, OTHER_ID));
}

static void as_many_as_can_be_sent_are_found(void **state)
{
	char(*text)[20] = calloc(CLAIMS_MAX, sizeof(*text));
	struct row *rows = calloc(CLAIMS_MAX, sizeof(*rows));

	for (uint32_t i = 0; i < CLAIMS_MAX; i++) {
		snprintf(text[i], sizeof(text[i]), "10.7.%u.%u", i / 256, i % 256);
		rows[i] = (struct row){text[i], i % 2 ? OTHER_ID : PARTNER_ID};
	}
	learn(rows, CLAIMS_MAX);
	assert_int_equal(learned_count(), CLAIMS_MAX);
	assert_int_equal(mark_of_syn("10.7.255.255", 40000), mark_make(CLASS_CLAIMED, OTHER_ID));
	assert_int_equal(mark_of_syn("10.7.0.0", 40000), mark_make(CLASS_CLAIMED, PARTNER_ID));
	free(rows);
	free(text);
}

#define ring_test(f) cmocka_unit_test_setup_teardown(f, ring_setup, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ring_test(a_learned_source_is_claimed_and_counted_for_its_partner),
		ring_test(the_rules_win),
		ring_test(a_block_of_the_partner_holds_for_what_it_is_learned_to_have),
		ring_test(partners_that_the_rules_do_not_name_are_ignored),
		ring_test(a_connection_follows_what_is_learned_of_its_source),
		ring_test(a_claim_of_the_header_is_never_made_looser),
		ring_test(a_connection_without_a_name_keeps_what_its_source_had),
		ring_test(what_the_control_plane_decided_stays),
		ring_test(what_was_learned_is_freed_when_readers_have_left_it),
		ring_test(as_many_as_can_be_sent_are_found),
	};

	return cmocka_run_group_tests_name("learned", tests, ring_start, ring_stop);
}
