/* SPDX-License-Identifier: BSD-3-Clause */
/* The internet checksum. */
#include "tests/unit/test.h"

#include "dataplane/checksum.h"
#include "tests/unit/frame.h"

/* RFC 1071 section 3: 00 01 f2 03 f4 f5 f6 f7 add up to ddf2. */
static void the_example_of_the_rfc_comes_out(void **state)
{
	static const uint8_t bytes[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};

	assert_int_equal(checksum_bytes(view_make(bytes, sizeof(bytes))), 0xffff & ~0xddf2);
}

static void every_length_agrees_with_the_naive_sum(void **state)
{
	uint8_t bytes[1501];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 167 + 13);
	for (uint32_t len = 0; len <= sizeof(bytes); len++) {
		uint16_t naive = (uint16_t)~frame_sum(0, bytes, len);
		uint16_t got = checksum_bytes(view_make(bytes, len));

		if (got != naive)
			fail_msg("%u bytes: %04x, not %04x", len, got, naive);
	}
}

static void all_ones_do_not_lose_a_carry(void **state)
{
	uint8_t bytes[65534];

	memset(bytes, 0xff, sizeof(bytes));
	assert_int_equal(checksum_bytes(view_make(bytes, sizeof(bytes))), 0);
	assert_int_equal(checksum_bytes(view_make(NULL, 0)), 0xffff);
}

static void pieces_add_up_to_the_whole(void **state)
{
	uint8_t bytes[64];
	uint64_t sum;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(0xf0 + i);
	for (uint32_t cut = 0; cut <= sizeof(bytes); cut += 2) {
		sum = checksum_add(0, view_make(bytes, cut));
		sum = checksum_add(sum, view_make(bytes + cut, sizeof(bytes) - cut));
		assert_int_equal(
			checksum_finish(sum), checksum_bytes(view_make(bytes, sizeof(bytes))));
	}
}

static void pseudo_headers_count_for_both_families(void **state)
{
	for (int v6 = 0; v6 < 2; v6++) {
		struct tuple tuple = {.family = v6 ? TUPLE_IPV6 : TUPLE_IPV4};
		struct view segment;
		struct frame f;

		frame_ip(&f, v6, 6, FRAME_NO_VLAN);
		frame_tcp(&f, 0x18, VIEW("an odd number of bytes."));
		frame_finish(&f);
		memcpy(tuple.src, f.bytes + f.l3 + (v6 ? 8 : 12), v6 ? 16 : 4);
		memcpy(tuple.dst, f.bytes + f.l3 + (v6 ? 24 : 16), v6 ? 16 : 4);
		segment = view_sub(frame_view(&f), f.l4, f.len);
		assert_int_equal(segment.len % 2, 1);
		assert_int_equal(checksum_l4(&tuple, 6, segment), 0);
		assert_int_not_equal(checksum_l4(&tuple, 17, segment), 0);
		tuple.dst[3] ^= 1;
		assert_int_not_equal(checksum_l4(&tuple, 6, segment), 0);
	}
}

/* A header often used as an example: UDP from 192.168.0.1 to 192.168.0.199, checksum b861. */
static void a_well_known_header_verifies(void **state)
{
	static const uint8_t ip[] = {0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11,
		0xb8, 0x61, 0xc0, 0xa8, 0x00, 0x01, 0xc0, 0xa8, 0x00, 0xc7};

	assert_int_equal(checksum_bytes(view_make(ip, sizeof(ip))), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_example_of_the_rfc_comes_out),
		cmocka_unit_test(every_length_agrees_with_the_naive_sum),
		cmocka_unit_test(all_ones_do_not_lose_a_carry),
		cmocka_unit_test(pieces_add_up_to_the_whole),
		cmocka_unit_test(pseudo_headers_count_for_both_families),
		cmocka_unit_test(a_well_known_header_verifies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
