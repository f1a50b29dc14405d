/* SPDX-License-Identifier: BSD-3-Clause */
/* The tc program in mode reqsk, branch by branch. Whether the kernel then makes a socket only a real
 * interface can show: test_probe does it, and tests/net/test_reqsk.py at length. */
#include "tests/bpf/fixture.h"

#include <sys/ioctl.h>

static const uint32_t mark = 0x20000007;

static int set_up(void **state)
{
	return fixture_open(state, HANDOFF_REQSK);
}

/* A marked TCP segment to the service with so many bytes of payload and of padding behind. */
static struct frame segment(bool v6, uint16_t port, uint8_t flags, uint32_t payload, uint32_t pad)
{
	static const uint8_t bytes[64];
	struct frame f = marked_ethernet(mark | ABI_MARK_FIRST, v6 ? 0x86dd : 0x0800);
	uint32_t len;

	if (v6)
		put_ipv6(&f, IPPROTO_TCP);
	else
		put_ipv4(&f, IPPROTO_TCP, 0, 0);
	put_tcp(&f, port, flags);
	put(&f, bytes, payload);
	len = f.len - 14 - (v6 ? 40 : 0);
	f.bytes[v6 ? 18 : 16] = (uint8_t)(len >> 8);
	f.bytes[v6 ? 19 : 17] = (uint8_t)len;
	put(&f, bytes, pad);
	return f;
}

/* The test run is no ingress, so the kernel's function refuses; that it was asked is what shows. */
static void only_a_first_segment_may_begin_a_connection(void **state)
{
	static const struct {
		const char *label;
		uint16_t port;
		uint8_t flags;
		uint32_t payload, pad;
		enum abi_fate fate;
	} cases[] = {
		{"data", SERVICE_PORT, ACK, 1, 0, ABI_FATE_not_handed_over},
		{"data, pushed", SERVICE_PORT, ACK | 0x08, 40, 0, ABI_FATE_not_handed_over},
		{"data and FIN", SERVICE_PORT, ACK | FIN, 5, 0, ABI_FATE_not_handed_over},
		{"bare ACK", SERVICE_PORT, ACK, 0, 0, ABI_FATE_no_connection},
		{"bare ACK, padded", SERVICE_PORT, ACK, 0, 6, ABI_FATE_no_connection},
		{"FIN", SERVICE_PORT, ACK | FIN, 0, 0, ABI_FATE_no_connection},
		{"RST", SERVICE_PORT, RST, 0, 0, ABI_FATE_no_connection},
		{"RST and ACK with data", SERVICE_PORT, RST | ACK, 4, 0, ABI_FATE_no_connection},
		{"data without ACK", SERVICE_PORT, 0, 4, 0, ABI_FATE_no_connection},
		{"answer to no SYN of ours", SERVICE_PORT, SYN_ACK, 0, 0, ABI_FATE_no_connection},
		{"the same with data", SERVICE_PORT, SYN_ACK, 9, 0, ABI_FATE_no_connection},
		{"SYN", SERVICE_PORT, SYN, 0, 0, ABI_FATE_syn_answered},
		{"SYN with data", SERVICE_PORT, SYN, 4, 0, ABI_FATE_syn_answered},
		{"SYN, ECN set-up", SERVICE_PORT, SYN | 0xc0, 0, 0, ABI_FATE_syn_answered},
		{"SYN to another port", SERVICE_PORT + 1, SYN, 0, 0, ABI_FATE_syn_answered},
		{"data to another port", SERVICE_PORT + 1, ACK, 4, 0, ABI_FATE_no_listener},
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (int v6 = 0; v6 < 2; v6++) {
			struct frame f = segment(
				v6, cases[i].port, cases[i].flags, cases[i].payload, cases[i].pad);

			expect_fate(fixture->load, cases[i].label, &f, cases[i].fate, mark);
		}
	}
}

/* A later segment whose predecessor the kernel dropped would begin in the middle. */
static void a_segment_that_is_not_called_the_first_begins_nothing(void **state)
{
	struct fixture *fixture = *state;

	for (int v6 = 0; v6 < 2; v6++) {
		struct frame f = segment(v6, SERVICE_PORT, ACK, 40, 0);

		mark_to_mac(mark, f.bytes + 6);
		expect_fate(fixture->load, "later", &f, ABI_FATE_no_connection, mark);
	}
}

static void another_address_has_no_listener(void **state)
{
	struct fixture *fixture = *state;
	struct frame f = segment(false, SERVICE_PORT, ACK, 4, 0);

	f.bytes[33] ^= 2;
	expect_fate(fixture->load, "IPv4", &f, ABI_FATE_no_listener, mark);
	f = segment(true, SERVICE_PORT, ACK, 4, 0);
	f.bytes[53] ^= 2;
	expect_fate(fixture->load, "IPv6", &f, ABI_FATE_no_listener, mark);
}

static void the_mark_comes_first(void **state)
{
	struct fixture *fixture = *state;
	struct frame f = segment(false, SERVICE_PORT, ACK, 4, 0);

	memcpy(f.bytes + 6, plain_mac, 6);
	expect_fate(fixture->load, "data without a mark", &f, ABI_FATE_no_mark, 0);
	f = segment(false, SERVICE_PORT, SYN, 0, 0);
	memcpy(f.bytes + 6, plain_mac, 6);
	expect_fate(fixture->load, "SYN without a mark", &f, ABI_FATE_no_mark, 0);
	f = marked_ethernet(mark, 0x0800);
	put_ipv4(&f, IPPROTO_UDP, 0, 0);
	put_udp(&f);
	expect_fate(fixture->load, "UDP", &f, ABI_FATE_marked, mark);
}

static void a_listener_that_closed_takes_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct frame f = segment(false, 5061, ACK, 4, 0);
	int fd = loopback_listener(AF_INET);

	assert_int_equal(load_listener_put(fixture->load, &service4, 5061, fd), 0);
	expect_fate(fixture->load, "open", &f, ABI_FATE_not_handed_over, mark);
	close(fd);
	expect_fate(fixture->load, "closed", &f, ABI_FATE_no_listener, mark);
}

/* A connection of this machine with itself, seen as if it came from the TAP. */
struct pair {
	int client, server;
	struct sockaddr_storage from, to; /* as seen by the server */
};

static struct pair connect_pair(int family)
{
	int listener = loopback_listener(family);
	struct pair pair = {.client = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)};
	socklen_t len = sizeof(pair.to);

	assert_return_code(getsockname(listener, (struct sockaddr *)&pair.to, &len), errno);
	assert_return_code(connect(pair.client, (struct sockaddr *)&pair.to, len), errno);
	len = sizeof(pair.from);
	pair.server = accept(listener, (struct sockaddr *)&pair.from, &len);
	assert_true(pair.server >= 0);
	close(listener);
	return pair;
}

/* A frame of the pair; the ports stand in the same place of both kinds of address. */
static struct frame segment_of(const struct pair *pair, uint8_t flags, uint32_t payload)
{
	const struct sockaddr_in6 *from6 = (const struct sockaddr_in6 *)&pair->from;
	const struct sockaddr_in6 *to6 = (const struct sockaddr_in6 *)&pair->to;
	const struct sockaddr_in *from4 = (const struct sockaddr_in *)&pair->from;
	const struct sockaddr_in *to4 = (const struct sockaddr_in *)&pair->to;
	bool v6 = pair->from.ss_family == AF_INET6;
	struct frame f = segment(v6, 0, flags, payload, 0);

	memcpy(f.bytes + (v6 ? 22 : 26), v6 ? (void *)&from6->sin6_addr : (void *)&from4->sin_addr,
		v6 ? 16 : 4);
	memcpy(f.bytes + (v6 ? 38 : 30), v6 ? (void *)&to6->sin6_addr : (void *)&to4->sin_addr,
		v6 ? 16 : 4);
	memcpy(f.bytes + (v6 ? 54 : 34), &from4->sin_port, 2);
	memcpy(f.bytes + (v6 ? 56 : 36), &to4->sin_port, 2);
	return f;
}

static void segments_of_a_connection_pass(void **state)
{
	static const uint8_t flags[] = {ACK, ACK | FIN, RST, RST | ACK, SYN_ACK};
	struct fixture *fixture = *state;

	for (int v6 = 0; v6 < 2; v6++) {
		struct pair pair = connect_pair(v6 ? AF_INET6 : AF_INET);
		struct frame f;

		for (size_t i = 0; i < sizeof(flags); i++) {
			f = segment_of(&pair, flags[i], 0);
			expect_fate(fixture->load, "bare", &f, ABI_FATE_marked, mark);
			f = segment_of(&pair, flags[i], 7);
			expect_fate(fixture->load, "with data", &f, ABI_FATE_marked, mark);
		}
		f = segment_of(&pair, SYN, 0);
		expect_fate(fixture->load, "SYN", &f, ABI_FATE_syn_answered, mark);
		f = segment_of(&pair, ACK, 7);
		f.bytes[v6 ? 55 : 35] ^= 1; /* another source port */
		expect_fate(fixture->load, "neighbour", &f, ABI_FATE_no_listener, mark);
		close(pair.client);
		close(pair.server);
	}
}

/* What TIME_WAIT is told is up to it: the reset that makes way must reach it. */
static void segments_of_a_connection_in_time_wait_pass(void **state)
{
	struct fixture *fixture = *state;

	for (int v6 = 0; v6 < 2; v6++) {
		struct pair pair = connect_pair(v6 ? AF_INET6 : AF_INET);
		struct frame f;
		char byte;

		close(pair.server);
		assert_int_equal(recv(pair.client, &byte, 1, 0), 0);
		close(pair.client);
		f = segment_of(&pair, RST, 0);
		expect_fate(fixture->load, "RST", &f, ABI_FATE_marked, mark);
		f = segment_of(&pair, ACK, 7);
		expect_fate(fixture->load, "data", &f, ABI_FATE_marked, mark);
		f = segment_of(&pair, SYN, 0);
		expect_fate(fixture->load, "SYN", &f, ABI_FATE_syn_answered, mark);
	}
}

static void a_frame_cut_anywhere_never_passes(void **state)
{
	struct fixture *fixture = *state;

	for (int v6 = 0; v6 < 2; v6++) {
		struct frame whole = segment(v6, SERVICE_PORT, ACK, 4, 0);

		for (uint32_t len = 14 + (v6 ? 40 : 20); len < whole.len - 4; len++) {
			struct frame f = whole;

			f.len = len;
			expect_fate(fixture->load, "cut", &f, ABI_FATE_truncated, 0);
		}
	}
}

static void lengths_that_lie_begin_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct frame f = segment(false, SERVICE_PORT, ACK, 4, 0);

	f.bytes[17] = 20; /* the datagram ends before its TCP header */
	expect_fate(fixture->load, "total length", &f, ABI_FATE_no_connection, 0);
	f = segment(true, SERVICE_PORT, ACK, 4, 0);
	f.bytes[19] = 0;
	expect_fate(fixture->load, "payload length", &f, ABI_FATE_no_connection, 0);
	f = segment(false, SERVICE_PORT, ACK, 4, 0);
	f.bytes[14 + 20 + 12] = 0xf0; /* a header longer than the datagram */
	expect_fate(fixture->load, "data offset", &f, ABI_FATE_no_connection, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_a_first_segment_may_begin_a_connection),
		cmocka_unit_test(a_segment_that_is_not_called_the_first_begins_nothing),
		cmocka_unit_test(another_address_has_no_listener),
		cmocka_unit_test(the_mark_comes_first),
		cmocka_unit_test(a_listener_that_closed_takes_nothing),
		cmocka_unit_test(segments_of_a_connection_pass),
		cmocka_unit_test(segments_of_a_connection_in_time_wait_pass),
		cmocka_unit_test(a_frame_cut_anywhere_never_passes),
		cmocka_unit_test(lengths_that_lie_begin_nothing),
	};

	if (geteuid() != 0) {
		puts("skipped: loading a BPF program needs root");
		return SKIPPED;
	}
	return cmocka_run_group_tests_name("reqsk", tests, set_up, tear_down);
}
