/* SPDX-License-Identifier: BSD-3-Clause */
/* The filter table: what was written is read, and nothing else is. */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdlib.h>

#include "rules/base/mark.h"
#include "rules/base/octets.h"
#include "rules/filter.h"
#include "rules/ruleset.h"
#include "tests/unit/compile.h"

static const char document[] =
	"service: {addresses: [198.51.100.1, \"2001:db8::1\"], ports: {sip: [5061, 5062]}}\n"
	"local:\n"
	"  - {domain: zz.example, certificate: c, key: k, inside: {protocol: sip, host: h}}\n"
	"  - {domain: corp.example, certificate: c, key: k, inside: {protocol: sip, host: h}}\n"
	"partners:\n"
	"  - {domain: zulu.example, protocol: sip, sources: [\"2001:db8:1::/48\"],\n"
	"     limits: {connections: 7}}\n"
	"  - {domain: alpha.example, protocol: xmpp, sources: [192.0.2.0/24, 192.0.2.128/25],\n"
	"     subtree: true}\n"
	"blocked: {domains: [{domain: worse.example, subtree: true}, bad.example], prefixes: [192.0.2.0/28, 10.0.0.0/8]}\n"
	"limits: {unknown: {connections: 3}, partner: {packets_per_s: 1234},\n"
	"  suspicious: {connections: 1, packets_burst: 9},\n"
	"  handshakes_per_s: 77}\n"
	"control_down: hold\n";

struct block {
	uint8_t *bytes;
	size_t len;
};

static struct block write_document(const char *text, uint64_t generation)
{
	struct ruleset *rules = compile(text);
	struct block block;

	rules->generation = generation;
	assert_int_equal(filter_write(rules, &block.bytes, &block.len), 0);
	ruleset_free(rules);
	return block;
}

static struct view block_view(const struct block *block)
{
	return view_make(block->bytes, block->len);
}

static void what_was_written_is_read(void **state)
{
	struct block block = write_document(document, UINT64_C(0x123456789abcdef0));
	struct filter_blocked_domain blocked;
	struct filter_service service;
	struct filter_partner partner;
	char why[128] = "";
	struct filter f;

	assert_int_equal(filter_open(block_view(&block), &f, why, sizeof(why)), 0);
	assert_true(f.generation == UINT64_C(0x123456789abcdef0));
	assert_true(f.digest == filter_digest(block_view(&block)));
	assert_int_equal(f.service_count, 6);
	filter_service(&f, 0, &service);
	assert_int_equal(service.address.family_bits, 32);
	assert_int_equal(service.address.bytes[3], 1);
	assert_int_equal(service.port, 5269);
	assert_int_equal(service.protocol, FILTER_XMPP);
	filter_service(&f, 5, &service);
	assert_int_equal(service.address.family_bits, 128);
	assert_int_equal(service.port, 5062);
	assert_int_equal(service.protocol, FILTER_SIP);
	assert_int_equal(f.partner_count, 2);
	filter_partner(&f, 0, &partner);
	assert_int_equal(partner.id, 1);
	assert_int_equal(partner.protocol, FILTER_XMPP);
	assert_true(partner.subtree);
	assert_true(view_equal(partner.domain, VIEW("alpha.example")));
	filter_partner(&f, 1, &partner);
	assert_int_equal(partner.id, 2);
	assert_false(partner.subtree);
	assert_int_equal(partner.protocol, FILTER_SIP);
	assert_true(view_equal(partner.domain, VIEW("zulu.example")));
	assert_int_equal(f.local_count, 2);
	assert_true(view_equal(filter_local(&f, 0), VIEW("corp.example")));
	assert_true(view_equal(filter_local(&f, 1), VIEW("zz.example")));
	assert_int_equal(f.blocked_domain_count, 2);
	filter_blocked_domain(&f, 0, &blocked);
	assert_true(view_equal(blocked.domain, VIEW("bad.example")));
	assert_false(blocked.subtree);
	filter_blocked_domain(&f, 1, &blocked);
	assert_true(view_equal(blocked.domain, VIEW("worse.example")));
	assert_true(blocked.subtree);
	free(block.bytes);
}

static void sources_are_sorted_and_say_whose_they_are(void **state)
{
	static const struct {
		const char *prefix;
		uint32_t partner_id;
	} expected[] = {
		{"10.0.0.0/8", PARTNER_NONE},
		{"192.0.2.0/24", 1},
		{"192.0.2.0/28", PARTNER_NONE},
		{"192.0.2.128/25", 1},
		{"2001:db8:1::/48", 2},
	};
	struct block block = write_document(document, 1);
	char why[128];
	struct filter f;

	assert_int_equal(filter_open(block_view(&block), &f, why, sizeof(why)), 0);
	assert_int_equal(f.source_count, 5);
	for (uint32_t i = 0; i < 5; i++) {
		struct filter_source source;
		char text[IP_TEXT_BYTES];

		filter_source(&f, i, &source);
		prefix_print(&source.prefix, text);
		assert_string_equal(text, expected[i].prefix);
		assert_int_equal(source.partner_id, expected[i].partner_id);
	}
	free(block.bytes);
}

static void limits_are_those_of_classes_and_of_partners_that_state_some(void **state)
{
	struct block block = write_document(document, 1);
	struct handshake_limits handshakes;
	struct filter_limit limit;
	struct limits suspicious;
	char why[128];
	struct filter f;

	assert_int_equal(filter_open(block_view(&block), &f, why, sizeof(why)), 0);
	assert_int_equal(f.limit_count, 3);
	filter_limit(&f, 0, &limit);
	assert_int_equal(limit.class, CLASS_UNKNOWN);
	assert_int_equal(limit.limits.value[LIMIT_connections], 3);
	assert_int_equal(limit.limits.value[LIMIT_new_connections_per_s], 1);
	filter_limit(&f, 1, &limit);
	assert_int_equal(limit.class, CLASS_CLAIMED);
	assert_int_equal(limit.partner_id, PARTNER_NONE);
	assert_int_equal(limit.limits.value[LIMIT_packets_per_s], 1234);
	assert_int_equal(limit.limits.value[LIMIT_connections], 20);
	filter_limit(&f, 2, &limit);
	assert_int_equal(limit.partner_id, 2);
	assert_int_equal(limit.limits.value[LIMIT_connections], 7);
	assert_int_equal(limit.limits.value[LIMIT_packets_per_s], 1234);
	filter_handshakes(&f, &handshakes);
	assert_int_equal(handshakes.handshakes_per_s, 77);
	assert_int_equal(handshakes.handshakes_burst, 4000);
	assert_int_equal(handshakes.handshakes_reserved_percent, 25);
	assert_true(filter_control_hold(&f));
	filter_suspicious(&f, &suspicious);
	assert_int_equal(suspicious.value[LIMIT_connections], 1);
	assert_int_equal(suspicious.value[LIMIT_packets_burst], 9);
	assert_int_equal(suspicious.value[LIMIT_bytes_per_s], 1000000);
	free(block.bytes);
}

/* What an older writer leaves out. */
static void without_limits_the_defaults_hold(void **state)
{
	struct ruleset *rules = compile(document);
	struct handshake_limits handshakes;
	struct limits suspicious, discovered;
	struct block block;
	char why[128];
	struct filter f;

	rules->handshakes = (struct handshake_limits){0};
	rules->control_down_hold = false;
	assert_int_equal(filter_write(rules, &block.bytes, &block.len), 0);
	ruleset_free(rules);
	assert_int_equal(filter_open(block_view(&block), &f, why, sizeof(why)), 0);
	assert_int_equal(f.limit_count, 0);
	filter_handshakes(&f, &handshakes);
	assert_memory_equal(&handshakes, &handshake_limits_default, sizeof(handshakes));
	assert_false(filter_control_hold(&f));
	filter_suspicious(&f, &suspicious);
	assert_memory_equal(&suspicious, &limits_suspicious_default, sizeof(suspicious));
	filter_discovered(&f, &discovered);
	assert_memory_equal(&discovered, &limits_discovered_default, sizeof(discovered));
	free(block.bytes);
}

static void the_same_rules_give_the_same_bytes(void **state)
{
	struct block a = write_document(document, 1);
	struct block b = write_document(document, 1);

	assert_int_equal(a.len, b.len);
	assert_memory_equal(a.bytes, b.bytes, a.len);
	free(a.bytes);
	free(b.bytes);
}

static void assert_refused(const struct block *block, const char *says, const char *label)
{
	char why[128] = "";
	struct filter f;

	if (filter_open(block_view(block), &f, why, sizeof(why)) != -EINVAL)
		fail_msg("%s: was opened", label);
	if (!strstr(why, says))
		fail_msg("%s: %s", label, why);
}

static void every_damaged_byte_is_noticed(void **state)
{
	struct block block = write_document(document, 7);

	for (size_t i = 0; i < block.len; i++) {
		block.bytes[i] ^= 0x10;
		assert_refused(&block, "", "one bit");
		block.bytes[i] ^= 0x10;
	}
	free(block.bytes);
}

static void every_shorter_block_is_refused(void **state)
{
	struct block block = write_document(document, 7);

	for (size_t len = 0; len < block.len; len++) {
		struct block cut = {malloc(len ? len : 1), len};

		memcpy(cut.bytes, block.bytes, len);
		assert_refused(&cut, "", "cut");
		free(cut.bytes);
	}
	free(block.bytes);
}

static void seal(struct block *block)
{
	put64(block->bytes + FILTER_DIGEST_AT, filter_digest(block_view(block)));
}

static uint8_t *section_row(struct block *block, enum filter_section section)
{
	return block->bytes + FILTER_HEADER_BYTES + (section - 1) * FILTER_SECTION_BYTES;
}

/* Element i of a section. */
static uint8_t *element(struct block *block, enum filter_section section, uint32_t i)
{
	return block->bytes + get32(section_row(block, section) + 4) +
	       i * filter_element_bytes(section);
}

static void discovered_domains_have_limits_where_there_are_any(void **state)
{
	struct text more;
	struct limits limits;
	struct block block;
	char why[128];
	struct filter f;

	text_init(&more, 4096);
	text_printf(&more,
		"%sdiscovery: {enabled: true, limits: {connections: 6, packets_per_s: 77,\n"
		"  bytes_burst: 123456}}\n",
		document);
	block = write_document(more.p, 1);
	assert_int_equal(filter_open(block_view(&block), &f, why, sizeof(why)), 0);
	filter_discovered(&f, &limits);
	assert_int_equal(limits.value[LIMIT_packets_per_s], 77);
	assert_int_equal(limits.value[LIMIT_packets_burst], 4000);
	assert_int_equal(limits.value[LIMIT_bytes_per_s], 2500000);
	assert_int_equal(limits.value[LIMIT_bytes_burst], 123456);
	/* What it has before it is proven, and what the control plane counts. */
	assert_int_equal(limits.value[LIMIT_new_connections_per_s], 1);
	assert_int_equal(limits.value[LIMIT_new_connections_burst], 5);
	assert_int_equal(limits.value[LIMIT_connections], 6);
	put64(element(&block, FILTER_DISCOVERED, 0) + 8 * LIMIT_packets_per_s, 0);
	seal(&block);
	assert_refused(&block, "discovered: value out of range", "no packets");
	free(block.bytes);
	text_free(&more);
}

typedef void damage_h(struct block *block);

static void damage_magic(struct block *b)
{
	b->bytes[0] = 'Q';
}

static void damage_version(struct block *b)
{
	put32(b->bytes + 8, 1); /* blocked domains meant something else then */
}

static void damage_reserved(struct block *b)
{
	put32(b->bytes + 36, 1);
}

static void damage_section_count(struct block *b)
{
	put32(b->bytes + 32, 5);
}

static void damage_section_count_huge(struct block *b)
{
	put32(b->bytes + 32, UINT32_MAX);
}

static void damage_kind_unknown(struct block *b)
{
	put32(section_row(b, FILTER_NAMES), 7);
}

static void damage_kind_twice(struct block *b)
{
	put32(section_row(b, FILTER_PARTNERS), FILTER_SERVICES);
}

static void damage_count(struct block *b)
{
	put32(section_row(b, FILTER_SOURCES) + 8, UINT32_MAX);
}

static void damage_element_bytes(struct block *b)
{
	put32(section_row(b, FILTER_LOCALS) + 8, 4);
	put32(section_row(b, FILTER_LOCALS) + 12, 4);
}

static void damage_offset(struct block *b)
{
	put32(section_row(b, FILTER_SERVICES) + 4, UINT32_MAX - 7);
}

static void damage_padding(struct block *b)
{
	/* 5 sources of 24 bytes need none, 6 services of 20 bytes neither: names do. */
	element(b, FILTER_LIMITS, 0)[-1] = 1;
}

static void damage_service_family(struct block *b)
{
	element(b, FILTER_SERVICES, 0)[0] = 64;
}

static void damage_service_v4_tail(struct block *b)
{
	element(b, FILTER_SERVICES, 0)[4 + 15] = 1;
}

static void damage_service_port(struct block *b)
{
	memset(element(b, FILTER_SERVICES, 0) + 2, 0, 2);
}

static void damage_service_protocol(struct block *b)
{
	element(b, FILTER_SERVICES, 0)[1] = 2;
}

static void damage_partner_id(struct block *b)
{
	put32(element(b, FILTER_PARTNERS, 1), 1);
}

static void damage_partner_id_zero(struct block *b)
{
	put32(element(b, FILTER_PARTNERS, 0), 0);
}

static void damage_partner_id_large(struct block *b)
{
	put32(element(b, FILTER_PARTNERS, 1), PARTNER_ID_MAX + 1);
}

static void damage_partner_name_offset(struct block *b)
{
	put32(element(b, FILTER_PARTNERS, 0) + 4, UINT32_MAX);
}

static void damage_partner_name_length(struct block *b)
{
	element(b, FILTER_PARTNERS, 1)[8] = 255;
}

static void damage_partner_name_empty(struct block *b)
{
	element(b, FILTER_PARTNERS, 1)[8] = 0;
}

static void damage_partner_name_case(struct block *b)
{
	element(b, FILTER_NAMES, 0)[0] = 'A';
}

static void damage_partner_protocol(struct block *b)
{
	element(b, FILTER_PARTNERS, 1)[9] = 9;
}

static void damage_partner_subtree(struct block *b)
{
	element(b, FILTER_PARTNERS, 1)[10] = 2;
}

static void damage_partner_reserved(struct block *b)
{
	element(b, FILTER_PARTNERS, 0)[11] = 1;
}

static void damage_source_length(struct block *b)
{
	element(b, FILTER_SOURCES, 0)[17] = 33;
}

static void damage_source_host_bits(struct block *b)
{
	element(b, FILTER_SOURCES, 0)[1] = 1;
}

static void damage_source_order(struct block *b)
{
	memcpy(element(b, FILTER_SOURCES, 1), element(b, FILTER_SOURCES, 0), 24);
}

static void damage_source_partner(struct block *b)
{
	put32(element(b, FILTER_SOURCES, 0) + 20, 3);
}

static void damage_local_order(struct block *b)
{
	memcpy(element(b, FILTER_LOCALS, 1), element(b, FILTER_LOCALS, 0), 8);
}

static void damage_local_subtree(struct block *b)
{
	element(b, FILTER_LOCALS, 0)[5] = 1;
}

static void damage_blocked_subtree(struct block *b)
{
	element(b, FILTER_BLOCKED_DOMAINS, 1)[5] = 3;
}

static void damage_blocked_reserved(struct block *b)
{
	element(b, FILTER_BLOCKED_DOMAINS, 0)[7] = 1;
}

static void damage_limit_class(struct block *b)
{
	element(b, FILTER_LIMITS, 0)[4] = CLASS_CLAIMED;
}

static void damage_limit_owner(struct block *b)
{
	put32(element(b, FILTER_LIMITS, 1), 1);
}

static void damage_limit_partner(struct block *b)
{
	put32(element(b, FILTER_LIMITS, 2), 3);
}

static void damage_limit_reserved(struct block *b)
{
	element(b, FILTER_LIMITS, 2)[7] = 1;
}

static void damage_limit_zero(struct block *b)
{
	memset(element(b, FILTER_LIMITS, 0) + 8 + 8 * LIMIT_connections, 0, 8);
}

static void damage_limit_large(struct block *b)
{
	memset(element(b, FILTER_LIMITS, 1) + 8 + 8 * LIMIT_packets_per_s, 0xff, 8);
}

static void damage_limit_burst(struct block *b)
{
	/* 10^7 connections of 20 a second. */
	put32(element(b, FILTER_LIMITS, 1) + 8 + 8 * LIMIT_new_connections_burst, 10000000);
}

static void damage_limit_count(struct block *b)
{
	/* The same bytes as more and shorter elements. */
	put32(section_row(b, FILTER_LIMITS) + 8, 24);
	put32(section_row(b, FILTER_LIMITS) + 12, 8);
}

static void damage_handshakes_rate(struct block *b)
{
	memset(element(b, FILTER_HANDSHAKES, 0), 0, 8);
}

static void damage_handshakes_percent(struct block *b)
{
	put32(element(b, FILTER_HANDSHAKES, 0) + 16, 91);
}

static void damage_suspicious_zero(struct block *b)
{
	memset(element(b, FILTER_SUSPICIOUS, 0) + 8 * LIMIT_packets_per_s, 0, 8);
}

static void damage_suspicious_burst(struct block *b)
{
	put32(element(b, FILTER_SUSPICIOUS, 0) + 8 * LIMIT_new_connections_burst, 7200);
}

static void damage_control_value(struct block *b)
{
	element(b, FILTER_CONTROL, 0)[0] = 2;
}

static void damage_control_reserved(struct block *b)
{
	element(b, FILTER_CONTROL, 0)[7] = 1;
}

static void a_block_with_a_right_digest_is_still_checked(void **state)
{
	static const struct {
		damage_h *damage;
		const char *says, *label;
	} cases[] = {
		{damage_magic, "wrong magic", "magic"},
		{damage_version, "version 1, this program reads version 2", "version"},
		{damage_reserved, "reserved", "reserved"},
		{damage_section_count, "do not fit", "section count"},
		{damage_section_count_huge, "sections", "section count, huge"},
		{damage_kind_unknown, "unknown kind 7", "kind unknown"},
		{damage_kind_twice, "not above", "kind twice"},
		{damage_count, "do not fit", "count"},
		{damage_element_bytes, "elements of 4 bytes", "element bytes"},
		{damage_offset, "do not fit", "offset"},
		{damage_padding, "padding is not zero", "padding"},
		{damage_service_family, "service 0: bad address", "service family"},
		{damage_service_v4_tail, "service 0: bad address", "service tail"},
		{damage_service_port, "port 0", "service port"},
		{damage_service_protocol, "service 0: protocol 2", "service protocol"},
		{damage_partner_id, "partner 1: id 1 after 1", "partner id"},
		{damage_partner_id_zero, "partner 0: id 0", "partner id zero"},
		{damage_partner_id_large, "partner 1: id 16777216", "partner id large"},
		{damage_partner_name_offset, "partner 0: bad name", "name offset"},
		{damage_partner_name_length, "partner 1: bad name", "name length"},
		{damage_partner_name_empty, "partner 1: bad name", "name empty"},
		{damage_partner_name_case, "partner 0: bad name", "name case"},
		{damage_partner_protocol, "partner 1: protocol 9", "partner protocol"},
		{damage_partner_subtree, "partner 1: subtree 2", "partner subtree"},
		{damage_partner_reserved, "partner 0: subtree 1", "partner reserved"},
		{damage_source_length, "source 0: bad prefix", "source length"},
		{damage_source_host_bits, "source 0: host bits", "source host bits"},
		{damage_source_order, "source 1: out of order", "source order"},
		{damage_source_partner, "source 0: no partner 3", "source partner"},
		{damage_local_order, "local domain 1: out of order", "local order"},
		{damage_local_subtree, "local domain 0: subtree 1", "local subtree"},
		{damage_blocked_subtree, "blocked domain 1: subtree 3", "blocked subtree"},
		{damage_blocked_reserved, "blocked domain 0: subtree 0", "blocked reserved"},
		{damage_limit_class, "limit 0: class 2", "limit class"},
		{damage_limit_owner, "limit 1: class 2, partner 1", "limit owner"},
		{damage_limit_partner, "limit 2: class 2, partner 3", "limit partner"},
		{damage_limit_reserved, "limit 2: class 2", "limit reserved"},
		{damage_limit_zero, "limit 0: value out of range", "limit zero"},
		{damage_limit_large, "limit 1: value out of range", "limit large"},
		{damage_limit_burst, "limit 1: value out of range", "limit burst"},
		{damage_limit_count, "elements of 8 bytes", "limit element bytes"},
		{damage_handshakes_rate, "handshakes: value", "handshakes rate"},
		{damage_handshakes_percent, "handshakes: value", "handshakes percent"},
		{damage_suspicious_zero, "suspicious: value", "suspicious zero"},
		{damage_suspicious_burst, "suspicious: value", "suspicious burst"},
		{damage_control_value, "control: value", "control value"},
		{damage_control_reserved, "control: value", "control zeros"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct block block = write_document(document, 1);

		cases[i].damage(&block);
		seal(&block);
		assert_refused(&block, cases[i].says, cases[i].label);
		free(block.bytes);
	}
}

/* A later writer's section: skipped when it says that it may be. */
static void an_optional_section_is_skipped_and_another_is_not(void **state)
{
	enum {
		ROW = FILTER_SECTION_BYTES,
		MORE = 8,
		OPTIONAL = FILTER_SECTION_KINDS - FILTER_LIMITS
	};
	struct block old = write_document(document, 1);
	size_t table = FILTER_HEADER_BYTES + (FILTER_SECTION_KINDS - 1) * ROW;
	struct block block = {calloc(1, old.len + ROW + MORE), old.len + ROW + MORE};
	uint8_t *row;
	char why[128] = "";
	struct filter f;

	assert_non_null(block.bytes);
	memcpy(block.bytes, old.bytes, table);
	memcpy(block.bytes + table + ROW, old.bytes + table, old.len - table);
	for (unsigned kind = 1; kind < FILTER_SECTION_KINDS; kind++) {
		row = section_row(&block, kind);
		put32(row + 4, get32(row + 4) + ROW);
	}
	row = block.bytes + table;
	put32(row, FILTER_SECTION_OPTIONAL | FILTER_SECTION_KINDS);
	put32(row + 4, (uint32_t)(old.len + ROW));
	put32(row + 8, 2);
	put32(row + 12, 4);
	put32(block.bytes + 12, (uint32_t)block.len);
	put32(block.bytes + 32, FILTER_SECTION_KINDS);
	seal(&block);
	if (filter_open(block_view(&block), &f, why, sizeof(why)))
		fail_msg("%s", why);
	assert_int_equal(f.partner_count, 2);
	assert_true(view_equal(filter_local(&f, 0), VIEW("corp.example")));
	memmove(block.bytes + table - OPTIONAL * ROW, row, ROW);
	put32(block.bytes + table - OPTIONAL * ROW, 7);
	seal(&block);
	assert_refused(&block, "do not fit", "not optional, out of place");
	put32(block.bytes + table - OPTIONAL * ROW + 4,
		get32(section_row(&block, FILTER_NAMES) + 4) +
			((get32(section_row(&block, FILTER_NAMES) + 8) + 7) & ~7u));
	seal(&block);
	assert_refused(&block, "unknown kind 7", "not optional");
	free(block.bytes);
	free(old.bytes);
}

static void partners_are_written_in_order_of_ids(void **state)
{
	struct ruleset *rules = compile(document);
	struct filter_partner partner;
	struct block block;
	char why[128];
	struct filter f;

	rules->partners[0].id = 900; /* alpha */
	assert_int_equal(filter_write(rules, &block.bytes, &block.len), 0);
	assert_int_equal(filter_open(block_view(&block), &f, why, sizeof(why)), 0);
	filter_partner(&f, 1, &partner);
	assert_int_equal(partner.id, 900);
	assert_true(view_equal(partner.domain, VIEW("alpha.example")));
	ruleset_free(rules);
	free(block.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_written_is_read),
		cmocka_unit_test(sources_are_sorted_and_say_whose_they_are),
		cmocka_unit_test(limits_are_those_of_classes_and_of_partners_that_state_some),
		cmocka_unit_test(without_limits_the_defaults_hold),
		cmocka_unit_test(discovered_domains_have_limits_where_there_are_any),
		cmocka_unit_test(the_same_rules_give_the_same_bytes),
		cmocka_unit_test(every_damaged_byte_is_noticed),
		cmocka_unit_test(every_shorter_block_is_refused),
		cmocka_unit_test(a_block_with_a_right_digest_is_still_checked),
		cmocka_unit_test(an_optional_section_is_skipped_and_another_is_not),
		cmocka_unit_test(partners_are_written_in_order_of_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
