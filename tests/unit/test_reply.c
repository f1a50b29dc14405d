/* SPDX-License-Identifier: BSD-3-Clause */
/* The edge's own segments: each is parsed again, and must be what RFC 9293 wants. */
#include "tests/unit/test.h"

#include <errno.h>

#include "tests/unit/answer.h"

static void make(
	struct frame *f, struct packet *p, size_t link, unsigned flags, const char *payload)
{
	segment_make(f, p, link, flags, VIEW(""), view_of(payload));
}

/* Replies have no options. */
static struct packet check(size_t link, const uint8_t *out, int len)
{
	struct packet p = answer_read(link, out, len);

	assert_int_equal(p.l4_bytes, 20);
	return p;
}

static void a_reset_to_the_sender_takes_seq_from_its_ack(void **state)
{
	for (size_t i = 0; i < LINKS; i++) {
		uint8_t out[REPLY_MAX_BYTES];
		struct tuple back;
		struct frame f;
		struct packet p;
		struct packet reset;

		make(&f, &p, i, TCP_PSH | TCP_ACK, "GET / HTTP/1.1");
		reset = check(i, out, reply_reset_sender(frame_view(&f), &p, out, sizeof(out)));
		back = tuple_reverse(&p.tuple);
		assert_true(tuple_equal(&reset.tuple, &back));
		assert_memory_equal(out, frame_mac_src, 6);
		assert_memory_equal(out + 6, frame_mac_dst, 6);
		assert_int_equal(reset.tcp.flags, TCP_RST);
		assert_int_equal(reset.tcp.seq, 0x0a0b0c0d);
		assert_int_equal(reset.tcp.ack, 0);
		assert_int_equal(reset.tcp.window, 0);
	}
}

static void a_reset_to_a_syn_acknowledges_it(void **state)
{
	for (size_t i = 0; i < LINKS; i++) {
		uint8_t out[REPLY_MAX_BYTES];
		struct frame f;
		struct packet p;
		struct packet reset;

		make(&f, &p, i, TCP_SYN, "");
		reset = check(i, out, reply_reset_sender(frame_view(&f), &p, out, sizeof(out)));
		assert_int_equal(reset.tcp.flags, TCP_RST | TCP_ACK);
		assert_int_equal(reset.tcp.seq, 0);
		assert_int_equal(reset.tcp.ack, 0x01020305);
		make(&f, &p, i, TCP_SYN, "data");
		reset = check(i, out, reply_reset_sender(frame_view(&f), &p, out, sizeof(out)));
		assert_int_equal(reset.tcp.ack, 0x01020309);
	}
}

static void a_reset_to_the_receiver_goes_on_in_the_senders_name(void **state)
{
	for (size_t i = 0; i < LINKS; i++) {
		uint8_t out[REPLY_MAX_BYTES];
		struct frame f;
		struct packet p;
		struct packet reset;

		make(&f, &p, i, TCP_PSH | TCP_ACK, "GET / HTTP/1.1");
		reset = check(i, out, reply_reset_receiver(frame_view(&f), &p, out, sizeof(out)));
		assert_true(tuple_equal(&reset.tuple, &p.tuple));
		assert_memory_equal(out, frame_mac_dst, 6);
		assert_memory_equal(out + 6, frame_mac_src, 6);
		assert_int_equal(reset.tcp.flags, TCP_RST | TCP_ACK);
		assert_int_equal(reset.tcp.seq, 0x01020304);
		assert_int_equal(reset.tcp.ack, 0x0a0b0c0d);
		make(&f, &p, i, TCP_SYN, "");
		reset = check(i, out, reply_reset_receiver(frame_view(&f), &p, out, sizeof(out)));
		assert_int_equal(reset.tcp.flags, TCP_RST);
		assert_int_equal(reset.tcp.seq, 0x01020304);
		assert_int_equal(reset.tcp.ack, 0);
	}
}

static void sequence_numbers_wrap(void **state)
{
	uint8_t out[REPLY_MAX_BYTES];
	struct frame f;
	struct packet p;

	make(&f, &p, 0, TCP_SYN, "");
	p.tcp.seq = 0xffffffff;
	p = check(0, out, reply_reset_sender(frame_view(&f), &p, out, sizeof(out)));
	assert_int_equal(p.tcp.ack, 0);
}

static void an_acknowledgement_carries_what_the_caller_says(void **state)
{
	const struct reply_segment segment = {
		.seq = 0xfffffffe, .ack = 0x80000000, .window = 0x1234, .flags = TCP_ACK};

	for (size_t i = 0; i < LINKS; i++) {
		uint8_t out[REPLY_MAX_BYTES];
		struct frame f;
		struct packet p;

		make(&f, &p, i, TCP_PSH | TCP_ACK, "<?xml");
		p = check(i, out,
			reply_build(
				frame_view(&f), &p, REPLY_TO_SENDER, &segment, out, sizeof(out)));
		assert_int_equal(p.tcp.seq, segment.seq);
		assert_int_equal(p.tcp.ack, segment.ack);
		assert_int_equal(p.tcp.window, segment.window);
		assert_int_equal(p.tcp.flags, TCP_ACK);
	}
}

static void payload_goes_on_in_the_senders_name(void **state)
{
	static const uint32_t lengths[] = {0, 1, 2, 5, 6, 7, 536, 1459, 1460};
	static uint8_t bytes[1460];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7);
	for (size_t i = 0; i < LINKS; i++) {
		for (size_t k = 0; k < sizeof(lengths) / sizeof(lengths[0]); k++) {
			struct reply_segment segment = {.seq = 0xffffff00,
				.ack = 7,
				.window = 500,
				.flags = TCP_ACK | TCP_PSH,
				.payload = view_make(bytes, lengths[k])};
			uint8_t out[REPLY_MAX_BYTES + sizeof(bytes)];
			struct packet got;
			struct frame f;
			struct packet p;
			int len;

			make(&f, &p, i, TCP_ACK, "");
			len = reply_build(
				frame_view(&f), &p, REPLY_TO_RECEIVER, &segment, out, sizeof(out));
			/* What IPv4 carries over Ethernet, IPv6 does not. */
			if (links[i].v6 && lengths[k] > 1440) {
				assert_int_equal(packet_parse(view_make(out, (size_t)len), &got),
					PACKET_CAUSE_oversized);
				continue;
			}
			assert_int_equal(
				packet_parse(view_make(out, (size_t)len), &got), PACKET_CAUSE_none);
			assert_true(tuple_equal(&got.tuple, &p.tuple));
			assert_int_equal(got.tcp.seq, segment.seq);
			assert_int_equal(got.payload_bytes, lengths[k]);
			assert_memory_equal(out + got.payload_offset, bytes, lengths[k]);
		}
	}
}

static void options_and_payload_that_do_not_fit_are_refused(void **state)
{
	static const uint8_t bytes[1600];
	static const struct {
		uint32_t options, payload;
	} cases[] = {{13, 0}, {16, 0}, {3, 0}, {0, 1501}};
	uint8_t out[2000];
	struct frame f;
	struct packet p;

	make(&f, &p, 0, TCP_ACK, "x");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct reply_segment segment = {.flags = TCP_ACK,
			.options = view_make(bytes, cases[i].options),
			.payload = view_make(bytes, cases[i].payload)};

		assert_int_equal(reply_build(frame_view(&f), &p, REPLY_TO_SENDER, &segment, out,
					 sizeof(out)),
			-EINVAL);
	}
}

static void extension_headers_are_not_repeated(void **state)
{
	static const uint8_t padding[] = {6, 0, 1, 4, 0, 0, 0, 0};
	uint8_t out[REPLY_MAX_BYTES];
	struct frame f;
	struct packet p;

	frame_ip(&f, true, 6, FRAME_NO_VLAN);
	f.bytes[f.l3 + 6] = 60;
	frame_put(&f, padding, sizeof(padding));
	f.l4 = f.len;
	frame_tcp(&f, TCP_ACK, VIEW("x"));
	frame_finish(&f);
	assert_int_equal(packet_parse(frame_view(&f), &p), PACKET_CAUSE_none);
	p = check(1, out, reply_reset_sender(frame_view(&f), &p, out, sizeof(out)));
	assert_int_equal(p.l3_bytes, 40);
}

static void what_must_not_be_answered_is_not(void **state)
{
	uint8_t out[REPLY_MAX_BYTES];
	struct frame f;
	struct packet p;

	make(&f, &p, 0, TCP_RST, "");
	assert_int_equal(reply_reset_sender(frame_view(&f), &p, out, sizeof(out)), -EINVAL);
	assert_int_equal(reply_reset_receiver(frame_view(&f), &p, out, sizeof(out)), -EINVAL);
	frame_ip(&f, false, 17, FRAME_NO_VLAN);
	frame_udp(&f, VIEW("x"));
	frame_finish(&f);
	assert_int_equal(packet_parse(frame_view(&f), &p), PACKET_CAUSE_none);
	assert_int_equal(reply_reset_sender(frame_view(&f), &p, out, sizeof(out)), -EINVAL);
	assert_int_equal(reply_reset_receiver(frame_view(&f), &p, out, sizeof(out)), -EINVAL);
}

static void a_small_buffer_is_not_overrun(void **state)
{
	for (size_t i = 0; i < LINKS; i++) {
		uint8_t out[REPLY_MAX_BYTES + 1];
		struct frame f;
		struct packet p;
		int len;

		make(&f, &p, i, TCP_ACK, "x");
		len = reply_reset_sender(frame_view(&f), &p, out, REPLY_MAX_BYTES);
		assert_true(len > 0);
		memset(out, 0xaa, sizeof(out));
		assert_int_equal(
			reply_reset_sender(frame_view(&f), &p, out, (size_t)len - 1), -ENOSPC);
		assert_int_equal(out[0], 0xaa);
		assert_int_equal(reply_reset_sender(frame_view(&f), &p, out, (size_t)len), len);
		assert_int_equal(out[len], 0xaa);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reset_to_the_sender_takes_seq_from_its_ack),
		cmocka_unit_test(a_reset_to_a_syn_acknowledges_it),
		cmocka_unit_test(a_reset_to_the_receiver_goes_on_in_the_senders_name),
		cmocka_unit_test(sequence_numbers_wrap),
		cmocka_unit_test(an_acknowledgement_carries_what_the_caller_says),
		cmocka_unit_test(payload_goes_on_in_the_senders_name),
		cmocka_unit_test(options_and_payload_that_do_not_fit_are_refused),
		cmocka_unit_test(extension_headers_are_not_repeated),
		cmocka_unit_test(what_must_not_be_answered_is_not),
		cmocka_unit_test(a_small_buffer_is_not_overrun),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
