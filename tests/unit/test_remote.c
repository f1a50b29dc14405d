/* SPDX-License-Identifier: BSD-3-Clause */
/* Who is at the other end of frames, whole ones and others. */
#include "tests/unit/test.h"

#include <string.h>

#include "dataplane/remote.h"

/* Target MAC, source MAC, then what follows. */
#define MACS "\x02\0\0\0\0\1\x02\0\0\0\0\2"
#define V4   "\x45\0\0\x28\0\0\0\0\x40\6\0\0\xcb\0\x71\5\xc6\x33\x64\1"
#define V6                                                                                         \
	"\x60\0\0\0\0\0\6\x40\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\5"                               \
	"\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1"

static void the_other_end_is_read_as_far_as_it_is_there(void **state)
{
	static const uint8_t v4_remote[] = {203, 0, 113, 5};
	static const uint8_t v4_local[] = {198, 51, 100, 1};
	static const uint8_t v6_remote[] = {0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5};
	static const uint8_t mac_in[] = {2, 0, 0, 0, 0, 2};
	static const uint8_t mac_out[] = {2, 0, 0, 0, 0, 1};
	static const struct {
		struct view frame;
		bool inward;
		enum remote_kind kind;
		const uint8_t *address;
		size_t bytes;
	} cases[] = {
		{VIEW(MACS "\x08\0" V4), true, REMOTE_IPV4, v4_remote, 4},
		{VIEW(MACS "\x08\0" V4), false, REMOTE_IPV4, v4_local, 4},
		{VIEW(MACS "\x81\0\0\7\x08\0" V4), true, REMOTE_IPV4, v4_remote, 4},
		{VIEW(MACS "\x86\xdd" V6), true, REMOTE_IPV6, v6_remote, 16},
		{VIEW(MACS "\x81\0\0\7\x81\0\0\7\x08\0" V4), true, REMOTE_MAC, mac_in, 6},
		{VIEW(MACS "\x08\0\x45\0"), true, REMOTE_MAC, mac_in, 6},
		{VIEW(MACS "\x08\6xxxx"), false, REMOTE_MAC, mac_out, 6},
		{VIEW(MACS), true, REMOTE_MAC, mac_in, 6},
		{VIEW("\1\2\3\4\5\6\7"), true, REMOTE_NONE, v4_remote, 0},
		{VIEW(""), true, REMOTE_NONE, v4_remote, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct remote got = remote_of_frame(cases[i].frame, cases[i].inward);
		uint8_t wanted[16] = {0};

		memcpy(wanted, cases[i].address, cases[i].bytes);
		if (got.kind != cases[i].kind || memcmp(got.address, wanted, 16) != 0)
			fail_msg("case %zu: kind %d", i, got.kind);
	}
}

static void every_prefix_of_a_frame_is_safe(void **state)
{
	static const uint8_t frame[] = MACS "\x81\0\0\7\x86\xdd" V6;

	for (uint32_t len = 0; len < sizeof(frame); len++) {
		uint8_t exact[sizeof(frame)];

		memcpy(exact, frame, len);
		remote_of_frame(view_make(exact, len), true);
		remote_of_frame(view_make(exact, len), false);
	}
}

static void of_a_tuple_it_is_one_of_its_ends(void **state)
{
	const struct tuple tuple = {.src = {1, 2, 3, 4}, .dst = {5, 6, 7, 8}, .family = TUPLE_IPV4};

	assert_int_equal(remote_of_tuple(&tuple, true).address[0], 1);
	assert_int_equal(remote_of_tuple(&tuple, false).address[0], 5);
	assert_int_equal(remote_of_tuple(&tuple, true).kind, REMOTE_IPV4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_other_end_is_read_as_far_as_it_is_there),
		cmocka_unit_test(every_prefix_of_a_frame_is_safe),
		cmocka_unit_test(of_a_tuple_it_is_one_of_its_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
