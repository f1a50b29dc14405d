/* SPDX-License-Identifier: BSD-3-Clause */
/* The tc program in mode syn, frame by frame, in the kernel that runs the test. */
#include "tests/bpf/fixture.h"

static int set_up(void **state)
{
	return fixture_open(state, HANDOFF_SYN);
}

static void the_marker_becomes_the_mark(void **state)
{
	static const uint32_t marks[] = {
		0x10000000, 0x20000001, 0x30ffffff, 0x5000abcd, 0xf0000000, 0x2a345678};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		struct frame f = marked_ethernet(marks[i], 0x0800);

		put_ipv4(&f, IPPROTO_TCP, 0, 0);
		put_tcp(&f, SERVICE_PORT, ACK);
		expect_fate(fixture->load, "IPv4", &f, ABI_FATE_marked, marks[i]);
		f = marked_ethernet(marks[i], 0x86dd);
		put_ipv6(&f, IPPROTO_TCP);
		put_tcp(&f, SERVICE_PORT, ACK);
		expect_fate(fixture->load, "IPv6", &f, ABI_FATE_marked, marks[i]);
	}
}

static void tcp_without_a_marker_is_dropped(void **state)
{
	static const uint8_t flags[] = {SYN, SYN_ACK, ACK, RST, SYN | RST, 0};
	static const uint8_t near[][6] = {{0x52, 0x54, 0, 1, 2, 3}, {0x02, 0xff, 0x20, 0, 0, 1},
		{0x03, 0xfe, 0x20, 0, 0, 1}, {0xfe, 0x02, 0x20, 0, 0, 1}};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(flags); i++) {
		for (size_t k = 0; k < sizeof(near) / sizeof(near[0]); k++) {
			struct frame f = ethernet(near[k], 0x0800);

			put_ipv4(&f, IPPROTO_TCP, 0, 0);
			put_tcp(&f, SERVICE_PORT, flags[i]);
			expect_fate(fixture->load, "IPv4", &f, ABI_FATE_no_mark, 0);
			f = ethernet(near[k], 0x86dd);
			put_ipv6(&f, IPPROTO_TCP);
			put_tcp(&f, SERVICE_PORT, flags[i]);
			expect_fate(fixture->load, "IPv6", &f, ABI_FATE_no_mark, 0);
		}
	}
}

static void the_mark_of_no_class_is_dropped(void **state)
{
	struct fixture *fixture = *state;
	struct frame f = marked_ethernet(0, 0x0800);

	put_ipv4(&f, IPPROTO_TCP, 0, 0);
	put_tcp(&f, SERVICE_PORT, SYN);
	expect_fate(fixture->load, "mark 0", &f, ABI_FATE_mark_zero, 0);
	/* A partner's id does not help: the class is what says that the filter let it pass. */
	f = marked_ethernet(0x00000007, 0x0800);
	put_ipv4(&f, IPPROTO_TCP, 0, 0);
	put_tcp(&f, SERVICE_PORT, ACK);
	expect_fate(fixture->load, "class 0, partner 7", &f, ABI_FATE_mark_zero, 0);
}

static void udp_passes_with_a_marker_only(void **state)
{
	struct fixture *fixture = *state;
	uint32_t mark = mark_make(CLASS_OUTBOUND, PARTNER_NONE);
	struct frame f = marked_ethernet(mark, 0x0800);

	put_ipv4(&f, IPPROTO_UDP, 0, 0);
	put_udp(&f);
	expect_fate(fixture->load, "marked", &f, ABI_FATE_marked, mark);
	f = ethernet(plain_mac, 0x0800);
	put_ipv4(&f, IPPROTO_UDP, 0, 0);
	put_udp(&f);
	expect_fate(fixture->load, "unmarked", &f, ABI_FATE_no_mark, 0);
}

static void syn_needs_one_of_our_listeners(void **state)
{
	static const struct {
		const char *label;
		uint8_t last_octet; /* of the destination */
		uint16_t port;
		uint8_t flags;
		enum abi_fate fate;
	} cases[] = {
		{"our service", 1, SERVICE_PORT, SYN, ABI_FATE_marked},
		{"our service, ECN set-up", 1, SERVICE_PORT, SYN | 0xc0, ABI_FATE_marked},
		{"other port", 1, SERVICE_PORT + 1, SYN, ABI_FATE_no_listener},
		{"other address", 2, SERVICE_PORT, SYN, ABI_FATE_no_listener},
		{"SYN and RST", 2, SERVICE_PORT, SYN | RST, ABI_FATE_no_listener},
		{"answer to an outbound SYN", 1, 40000, SYN_ACK, ABI_FATE_marked},
		{"later segment", 1, 40000, ACK, ABI_FATE_marked},
	};
	struct fixture *fixture = *state;
	uint32_t mark = mark_make(CLASS_CLAIMED, 12);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct frame f = marked_ethernet(mark, 0x0800);

		put_ipv4(&f, IPPROTO_TCP, 0, 0);
		f.bytes[f.len - 1] = cases[i].last_octet;
		put_tcp(&f, cases[i].port, cases[i].flags);
		expect_fate(fixture->load, cases[i].label, &f, cases[i].fate, mark);
		f = marked_ethernet(mark, 0x86dd);
		put_ipv6(&f, IPPROTO_TCP);
		f.bytes[f.len - 1] = cases[i].last_octet;
		put_tcp(&f, cases[i].port, cases[i].flags);
		expect_fate(fixture->load, cases[i].label, &f, cases[i].fate, mark);
	}
}

static void listener_that_closed_or_was_removed_takes_no_syn(void **state)
{
	struct fixture *fixture = *state;
	uint32_t mark = mark_make(CLASS_UNKNOWN, PARTNER_NONE);
	struct frame f = marked_ethernet(mark, 0x0800);
	int fd = loopback_listener(AF_INET);

	put_ipv4(&f, IPPROTO_TCP, 0, 0);
	put_tcp(&f, 5061, SYN);
	assert_int_equal(load_listener_put(fixture->load, &service4, 5061, fd), 0);
	expect_fate(fixture->load, "open", &f, ABI_FATE_marked, mark);
	close(fd);
	expect_fate(fixture->load, "closed", &f, ABI_FATE_no_listener, 0);
	fd = loopback_listener(AF_INET);
	assert_int_equal(load_listener_put(fixture->load, &service4, 5061, fd), 0);
	expect_fate(fixture->load, "open again", &f, ABI_FATE_marked, mark);
	assert_int_equal(load_listener_remove(fixture->load, &service4, 5061), 0);
	expect_fate(fixture->load, "removed", &f, ABI_FATE_no_listener, 0);
	assert_int_equal(load_listener_remove(fixture->load, &service4, 5061), 0);
	close(fd);
}

static void what_resolves_and_reports_passes_unmarked(void **state)
{
	struct fixture *fixture = *state;
	struct frame f = ethernet(plain_mac, 0x0806);
	uint8_t rest[28] = {0};

	put(&f, rest, sizeof(rest));
	expect_fate(fixture->load, "ARP", &f, ABI_FATE_arp, 0);
	f = ethernet(plain_mac, 0x0800);
	put_ipv4(&f, IPPROTO_ICMP, 0, 0);
	put(&f, rest, sizeof(rest));
	expect_fate(fixture->load, "ICMP", &f, ABI_FATE_icmp, 0);
	f = ethernet(plain_mac, 0x86dd);
	put_ipv6(&f, IPPROTO_ICMPV6);
	put(&f, rest, sizeof(rest));
	expect_fate(fixture->load, "ICMPv6", &f, ABI_FATE_icmpv6, 0);
	/* The wrong way round is a protocol that nobody speaks. */
	f = ethernet(plain_mac, 0x0800);
	put_ipv4(&f, IPPROTO_ICMPV6, 0, 0);
	put(&f, rest, sizeof(rest));
	expect_fate(fixture->load, "ICMPv6 in IPv4", &f, ABI_FATE_protocol, 0);
}

static void everything_else_is_dropped(void **state)
{
	static const uint16_t ethertypes[] = {0x8100, 0x88a8, 0x88cc, 0x0026, 0x8863, 0x86de};
	static const uint8_t protocols[] = {0, 2, 4, 41, 47, 50, 132, 255};
	struct fixture *fixture = *state;
	uint32_t mark = mark_make(CLASS_UNKNOWN, PARTNER_NONE);
	struct frame f;

	for (size_t i = 0; i < sizeof(ethertypes) / sizeof(ethertypes[0]); i++) {
		f = marked_ethernet(mark, ethertypes[i]);
		put_ipv4(&f, IPPROTO_TCP, 0, 0);
		put_tcp(&f, SERVICE_PORT, ACK);
		expect_fate(fixture->load, "ethertype", &f, ABI_FATE_ethertype, 0);
	}
	for (size_t i = 0; i < sizeof(protocols); i++) {
		f = marked_ethernet(mark, 0x0800);
		put_ipv4(&f, protocols[i], 0, 0);
		put_tcp(&f, SERVICE_PORT, ACK);
		expect_fate(fixture->load, "protocol", &f, ABI_FATE_protocol, 0);
	}
}

static void fragments_are_dropped(void **state)
{
	static const uint16_t fields[] = {0x2000, 0x0001, 0x1fff, 0x2010};
	struct fixture *fixture = *state;
	uint32_t mark = mark_make(CLASS_UNKNOWN, PARTNER_NONE);
	uint8_t extension[8] = {IPPROTO_TCP};
	struct frame f;

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		f = marked_ethernet(mark, 0x0800);
		put_ipv4(&f, IPPROTO_TCP, fields[i], 0);
		put_tcp(&f, SERVICE_PORT, ACK);
		expect_fate(fixture->load, "IPv4", &f, ABI_FATE_fragment, 0);
	}
	f = marked_ethernet(mark, 0x0800);
	put_ipv4(&f, IPPROTO_TCP, 0x4000, 0);
	put_tcp(&f, SERVICE_PORT, ACK);
	expect_fate(fixture->load, "don't fragment", &f, ABI_FATE_marked, mark);
	f = marked_ethernet(mark, 0x86dd);
	put_ipv6(&f, IPPROTO_FRAGMENT);
	put(&f, extension, sizeof(extension));
	put_tcp(&f, SERVICE_PORT, ACK);
	expect_fate(fixture->load, "IPv6", &f, ABI_FATE_fragment, 0);
}

static void headers_of_every_length_are_walked(void **state)
{
	struct fixture *fixture = *state;
	uint32_t mark = mark_make(CLASS_UNKNOWN, PARTNER_NONE);

	for (uint32_t words = 0; words <= 10; words++) {
		struct frame f = marked_ethernet(mark, 0x0800);

		put_ipv4(&f, IPPROTO_TCP, 0, words);
		put_tcp(&f, SERVICE_PORT, SYN);
		expect_fate(fixture->load, "IPv4 options", &f, ABI_FATE_marked, mark);
	}
	for (int count = 1; count <= 8; count++) {
		struct frame f = marked_ethernet(mark, 0x86dd);

		put_ipv6(&f, IPPROTO_HOPOPTS);
		for (int i = 1; i <= count; i++) {
			uint8_t extension[16] = {i < count ? IPPROTO_DSTOPTS : IPPROTO_TCP, 1};

			put(&f, extension, sizeof(extension));
		}
		put_tcp(&f, SERVICE_PORT, SYN);
		expect_fate(fixture->load, "IPv6 extension headers", &f,
			count <= 6 ? ABI_FATE_marked : ABI_FATE_extension, mark);
	}
}

static void a_frame_cut_anywhere_never_passes(void **state)
{
	struct fixture *fixture = *state;
	uint32_t mark = mark_make(CLASS_UNKNOWN, PARTNER_NONE);
	uint8_t extension[8] = {IPPROTO_TCP};
	struct frame whole[2];

	whole[0] = marked_ethernet(mark, 0x0800);
	put_ipv4(&whole[0], IPPROTO_TCP, 0, 5);
	put_tcp(&whole[0], SERVICE_PORT, SYN);
	whole[1] = marked_ethernet(mark, 0x86dd);
	put_ipv6(&whole[1], IPPROTO_HOPOPTS);
	put(&whole[1], extension, sizeof(extension));
	put_tcp(&whole[1], SERVICE_PORT, SYN);
	for (int i = 0; i < 2; i++) {
		/* The kernel's test run wants an Ethernet header and, on some versions, 8 more;
		 * the flags are the last byte that the program reads. */
		uint32_t flags_at = whole[i].len - 20 + 13;

		for (uint32_t len = 14 + (i ? 40 : 20); len <= flags_at; len++) {
			struct frame f = whole[i];

			f.len = len;
			expect_fate(fixture->load, "cut", &f, ABI_FATE_truncated, 0);
		}
	}
}

static void ip_versions_and_lengths_that_lie_are_dropped(void **state)
{
	static const uint8_t first[] = {0x44, 0x40, 0x55, 0x65, 0x05};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(first); i++) {
		struct frame f = marked_ethernet(0x10000000, 0x0800);

		put_ipv4(&f, IPPROTO_TCP, 0, 0);
		f.bytes[14] = first[i];
		put_tcp(&f, SERVICE_PORT, SYN);
		expect_fate(fixture->load, "first octet", &f, ABI_FATE_truncated, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_marker_becomes_the_mark),
		cmocka_unit_test(tcp_without_a_marker_is_dropped),
		cmocka_unit_test(the_mark_of_no_class_is_dropped),
		cmocka_unit_test(udp_passes_with_a_marker_only),
		cmocka_unit_test(syn_needs_one_of_our_listeners),
		cmocka_unit_test(listener_that_closed_or_was_removed_takes_no_syn),
		cmocka_unit_test(what_resolves_and_reports_passes_unmarked),
		cmocka_unit_test(everything_else_is_dropped),
		cmocka_unit_test(fragments_are_dropped),
		cmocka_unit_test(headers_of_every_length_are_walked),
		cmocka_unit_test(a_frame_cut_anywhere_never_passes),
		cmocka_unit_test(ip_versions_and_lengths_that_lie_are_dropped),
	};

	if (geteuid() != 0) {
		puts("skipped: loading a BPF program needs root");
		return SKIPPED;
	}
	return cmocka_run_group_tests_name("handoff", tests, set_up, tear_down);
}
