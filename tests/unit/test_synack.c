/* SPDX-License-Identifier: BSD-3-Clause */
/* The edge's half of a handshake: each frame made is parsed again, byte by byte where it matters. */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>

#include "bpf/abi.h"
#include "dataplane/synack.h"
#include "tests/unit/answer.h"

enum { SEQ = 0x01020304, ACK = 0x0a0b0c0d, COOKIE = 0xdeadbe00u };

/* What is the same in all that goes back to the sender. */
static struct packet check_answer(
	size_t link, const struct packet *asked, const uint8_t *out, int len)
{
	struct tuple back = tuple_reverse(&asked->tuple);
	struct packet p = answer_read(link, out, len);

	assert_true(tuple_equal(&p.tuple, &back));
	assert_memory_equal(out, frame_mac_src, 6);
	assert_memory_equal(out + 6, frame_mac_dst, 6);
	return p;
}

static void options_are_read(void **state)
{
	static const struct {
		const char *label;
		struct view options;
		uint8_t family;
		struct cookie_options want;
	} cases[] = {
		{"none", {NULL, 0}, 4, {536, false, false, 0}},
		{"none, IPv6", {NULL, 0}, 6, {1220, false, false, 0}},
		{"Linux", VIEW("\2\4\5\xb4\4\2\10\12\0\0\0\1\0\0\0\0\1\3\3\7"), 4,
			{1460, true, true, 7}},
		{"Windows", VIEW("\2\4\5\xb4\1\3\3\10\1\1\4\2"), 4, {1460, true, true, 8}},
		{"macOS", VIEW("\2\4\5\xa0\1\3\3\6\1\1\10\12\0\0\0\1\0\0\0\0\4\2\0\0"), 6,
			{1440, true, true, 6}},
		{"least MSS", VIEW("\2\4\2\30"), 4, {536, false, false, 0}},
		{"jumbo", VIEW("\2\4\x23\x28"), 4, {9000, false, false, 0}},
		{"shift 0", VIEW("\3\3\0\0"), 4, {536, false, true, 0}},
		{"shift 14", VIEW("\3\3\16\0"), 4, {536, false, true, 14}},
		{"shift beyond", VIEW("\3\3\377\0"), 4, {536, false, true, 14}},
		{"behind the end", VIEW("\0\2\4\377\3\3"), 4, {536, false, false, 0}},
		{"unknown ones", VIEW("\376\6abcd\42\2\4\2"), 4, {536, true, false, 0}},
		{"only padding", VIEW("\1\1\1\1\1\1\1\1"), 4, {536, false, false, 0}},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cookie_options got = {0};
		enum synack_cause cause = synack_read(cases[i].options, cases[i].family, &got);

		if (cause != SYNACK_CAUSE_none)
			fail_msg("%s: %s", cases[i].label, synack_cause_name(cause));
		if (got.mss != cases[i].want.mss || got.sack != cases[i].want.sack ||
			got.scaled != cases[i].want.scaled || got.scale != cases[i].want.scale)
			fail_msg("%s: mss %u sack %d scaled %d scale %u", cases[i].label, got.mss,
				got.sack, got.scaled, got.scale);
	}
}

static void options_that_lie_are_refused(void **state)
{
	static const struct {
		const char *label;
		struct view options;
		uint8_t family;
		const char *cause;
	} cases[] = {
		{"no length", VIEW("\1\1\1\2"), 4, "syn_options_malformed"},
		{"length 0", VIEW("\2\0\5\xb4"), 4, "syn_options_malformed"},
		{"length 1", VIEW("\2\1\5\xb4"), 4, "syn_options_malformed"},
		{"beyond the header", VIEW("\2\5\5\xb4"), 4, "syn_options_malformed"},
		{"MSS of three bytes", VIEW("\2\3\5\0"), 4, "syn_options_malformed"},
		{"scale of four bytes", VIEW("\3\4\7\7"), 4, "syn_options_malformed"},
		{"SACK of three bytes", VIEW("\4\3\0\0"), 4, "syn_options_malformed"},
		{"unknown beyond", VIEW("\376\11abcdef"), 4, "syn_options_malformed"},
		{"MSS twice", VIEW("\2\4\5\xb4\2\4\5\xb4"), 4, "syn_option_twice"},
		{"scale twice", VIEW("\3\3\7\3\3\7\0\0"), 4, "syn_option_twice"},
		{"SACK twice", VIEW("\4\2\4\2"), 4, "syn_option_twice"},
		{"MSS 0", VIEW("\2\4\0\0"), 4, "syn_mss_too_small"},
		{"MSS 535", VIEW("\2\4\2\27"), 4, "syn_mss_too_small"},
		{"MSS 1219 over IPv6", VIEW("\2\4\4\303"), 6, "syn_mss_too_small"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cookie_options got;
		const char *cause =
			synack_cause_name(synack_read(cases[i].options, cases[i].family, &got));

		if (strcmp(cause, cases[i].cause) != 0)
			fail_msg("%s: %s, expected %s", cases[i].label, cause, cases[i].cause);
	}
}

static void every_prefix_of_good_options_is_read_without_harm(void **state)
{
	static const char whole[] = "\2\4\5\xb4\4\2\10\12\0\0\0\1\0\0\0\0\1\3\3\7";

	for (uint32_t len = 0; len < sizeof(whole) - 1; len++) {
		struct cookie_options got;
		enum synack_cause cause = synack_read(view_make(whole, len), 4, &got);

		assert_true(
			cause == SYNACK_CAUSE_none || cause == SYNACK_CAUSE_syn_options_malformed);
	}
}

static void a_syn_is_answered_with_what_it_offers(void **state)
{
	static const struct {
		const char *label;
		struct cookie_options agreed;
		struct view options; /* behind our MSS */
	} cases[] = {
		{"nothing", {1460, false, false, 0}, {NULL, 0}},
		{"SACK", {1460, true, false, 0}, VIEW("\1\1\4\2")},
		{"scale", {1460, false, true, 3}, VIEW("\1\3\3\7")},
		{"both", {536, true, true, 14}, VIEW("\1\1\4\2\1\3\3\7")},
	};

	for (size_t i = 0; i < LINKS; i++) {
		for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
			uint8_t mss[] = {2, 4, 5, links[i].v6 ? 0xa0 : 0xb4};
			uint8_t out[REPLY_MAX_BYTES];
			struct frame f;
			struct packet p;
			struct packet answer;
			struct view got;
			int len;

			segment_make(&f, &p, i, TCP_SYN, VIEW("\2\4\5\xb4"), VIEW(""));
			len = synack_build(frame_view(&f), &p, &cases[k].agreed, COOKIE, 1500, out,
				sizeof(out));
			answer = check_answer(i, &p, out, len);
			assert_int_equal(answer.tcp.flags, TCP_SYN | TCP_ACK);
			assert_int_equal(answer.tcp.seq, COOKIE);
			assert_int_equal(answer.tcp.ack, SEQ + 1);
			assert_int_equal(answer.tcp.window, SYNACK_WINDOW_BYTES);
			got = synack_options(view_make(out, (size_t)len), &answer);
			assert_memory_equal(got.p, mss, sizeof(mss));
			if (!view_equal(view_sub(got, 4, got.len), cases[k].options))
				fail_msg("%s, %s", links[i].label, cases[k].label);
		}
	}
}

static void our_mss_follows_from_the_mtu(void **state)
{
	static const uint16_t mtus[] = {1280, 1400, 1500};

	for (size_t i = 0; i < LINKS; i++) {
		for (size_t k = 0; k < sizeof(mtus) / sizeof(mtus[0]); k++) {
			struct cookie_options agreed = {.mss = 1460};
			struct cookie_options said;
			uint8_t out[REPLY_MAX_BYTES];
			struct frame f;
			struct packet p;
			int len;

			segment_make(&f, &p, i, TCP_SYN, VIEW(""), VIEW(""));
			len = synack_build(
				frame_view(&f), &p, &agreed, COOKIE, mtus[k], out, sizeof(out));
			p = check_answer(i, &p, out, len);
			assert_int_equal(
				synack_read(synack_options(view_make(out, (size_t)len), &p),
					p.tuple.family, &said),
				SYNACK_CAUSE_none);
			assert_int_equal(said.mss, mtus[k] - (links[i].v6 ? 60 : 40));
		}
	}
}

static void numbers_wrap_and_data_of_a_syn_is_not_acknowledged(void **state)
{
	struct cookie_options agreed = {.mss = 1460};
	uint8_t out[REPLY_MAX_BYTES];
	struct frame f;
	struct packet p;
	struct packet answer;

	segment_make(&f, &p, 0, TCP_SYN, VIEW(""), VIEW("early"));
	p.tcp.seq = UINT32_MAX;
	answer = check_answer(0, &p, out,
		synack_build(frame_view(&f), &p, &agreed, UINT32_MAX, 1500, out, sizeof(out)));
	assert_int_equal(answer.tcp.ack, 0);
	assert_int_equal(answer.tcp.seq, UINT32_MAX);
}

static void only_a_syn_is_answered(void **state)
{
	static const unsigned flags[] = {TCP_ACK, TCP_SYN | TCP_ACK, TCP_RST, TCP_FIN | TCP_ACK};
	struct cookie_options agreed = {.mss = 1460};
	uint8_t out[REPLY_MAX_BYTES];
	struct frame f;
	struct packet p;

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		segment_make(&f, &p, 0, flags[i], VIEW(""), VIEW(""));
		assert_int_equal(
			synack_build(frame_view(&f), &p, &agreed, COOKIE, 1500, out, sizeof(out)),
			-EINVAL);
	}
	frame_ip(&f, false, 17, FRAME_NO_VLAN);
	frame_udp(&f, VIEW("x"));
	frame_finish(&f);
	assert_int_equal(packet_parse(frame_view(&f), &p), PACKET_CAUSE_none);
	assert_int_equal(
		synack_build(frame_view(&f), &p, &agreed, COOKIE, 1500, out, sizeof(out)), -EINVAL);
	assert_int_equal(
		synack_acknowledge(frame_view(&f), &p, &agreed, COOKIE, 1, 2, out, sizeof(out)),
		-EINVAL);
	assert_int_equal(synack_make_way(frame_view(&f), &p, 1, out, sizeof(out)), -EINVAL);
}

static void a_small_buffer_is_not_overrun(void **state)
{
	struct cookie_options agreed = {1460, true, true, 7};

	for (size_t i = 0; i < LINKS; i++) {
		uint8_t out[REPLY_MAX_BYTES + 1];
		struct frame f;
		struct packet p;
		int len;

		segment_make(&f, &p, i, TCP_SYN, VIEW(""), VIEW(""));
		len = synack_build(frame_view(&f), &p, &agreed, COOKIE, 1500, out, REPLY_MAX_BYTES);
		assert_true(len > 0);
		memset(out, 0xaa, sizeof(out));
		assert_int_equal(synack_build(frame_view(&f), &p, &agreed, COOKIE, 1500, out,
					 (size_t)len - 1),
			-ENOSPC);
		assert_int_equal(out[0], 0xaa);
		assert_int_equal(
			synack_build(frame_view(&f), &p, &agreed, COOKIE, 1500, out, (size_t)len),
			len);
		assert_int_equal(out[len], 0xaa);
	}
}

static void kept_bytes_are_acknowledged_and_the_window_never_shrinks(void **state)
{
	for (size_t i = 0; i < LINKS; i++) {
		for (int scaled = 0; scaled < 2; scaled++) {
			struct cookie_options agreed = {.mss = 1460, .scaled = scaled};
			uint32_t edge = SEQ + 1 + SYNACK_WINDOW_BYTES;

			for (uint32_t kept = 0; kept <= SYNACK_WINDOW_BYTES; kept += 61) {
				uint8_t out[REPLY_MAX_BYTES];
				struct frame f;
				struct packet p;
				uint32_t now;

				segment_make(&f, &p, i, TCP_PSH | TCP_ACK, VIEW(""), VIEW("<?xml"));
				p = check_answer(i, &p, out,
					synack_acknowledge(frame_view(&f), &p, &agreed, COOKIE,
						SEQ + 1, kept, out, sizeof(out)));
				assert_int_equal(p.tcp.flags, TCP_ACK);
				assert_int_equal(p.tcp.seq, COOKIE + 1);
				assert_int_equal(p.tcp.ack, SEQ + 1 + kept);
				now = p.tcp.ack +
				      ((uint32_t)p.tcp.window << (scaled ? ABI_SCALE_OURS : 0));
				assert_in_range(now, edge, edge + (1 << ABI_SCALE_OURS) - 1);
			}
		}
	}
}

static void the_way_is_made_in_the_remotes_name(void **state)
{
	for (size_t i = 0; i < LINKS; i++) {
		uint8_t out[REPLY_MAX_BYTES];
		struct frame f;
		struct packet p;
		struct packet reset;
		int len;

		segment_make(&f, &p, i, TCP_PSH | TCP_ACK, VIEW(""), VIEW("<?xml"));
		len = synack_make_way(frame_view(&f), &p, 0xfffffff0, out, sizeof(out));
		assert_int_equal(
			packet_parse(view_make(out, (size_t)len), &reset), PACKET_CAUSE_none);
		assert_true(tuple_equal(&reset.tuple, &p.tuple));
		assert_int_equal(reset.tcp.flags, TCP_RST);
		assert_int_equal(reset.tcp.seq, 0xfffffff0);
		assert_int_equal(reset.tcp.ack, 0);
		assert_int_equal(reset.l4_bytes, 20);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_are_read),
		cmocka_unit_test(options_that_lie_are_refused),
		cmocka_unit_test(every_prefix_of_good_options_is_read_without_harm),
		cmocka_unit_test(a_syn_is_answered_with_what_it_offers),
		cmocka_unit_test(our_mss_follows_from_the_mtu),
		cmocka_unit_test(numbers_wrap_and_data_of_a_syn_is_not_acknowledged),
		cmocka_unit_test(only_a_syn_is_answered),
		cmocka_unit_test(a_small_buffer_is_not_overrun),
		cmocka_unit_test(kept_bytes_are_acknowledged_and_the_window_never_shrinks),
		cmocka_unit_test(the_way_is_made_in_the_remotes_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
