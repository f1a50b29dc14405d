/* SPDX-License-Identifier: BSD-3-Clause */
/* SYNs as systems send them, read and answered in few steps: all of them are known, and whatever is
 * known is read and answered as the long way does. */
#include "tests/unit/test.h"

#include "tests/ring/frames.h"
#include "tests/unit/syn_check.h"

enum { ROUNDS = 200000 };

#define OPTIONS(...) ((const uint8_t[]){__VA_ARGS__})
#define SYSTEM(name, ...)                                                                          \
	{                                                                                          \
		name,                                                                              \
		{                                                                                  \
			OPTIONS(__VA_ARGS__), sizeof(OPTIONS(__VA_ARGS__))                         \
		}                                                                                  \
	}

static const struct {
	const char *name;
	struct view options;
} systems[] = {
	{"no options", {NULL, 0}},
	SYSTEM("MSS alone", 2, 4, 5, 0xb4),
	SYSTEM("Windows", 2, 4, 5, 0xb4, 1, 3, 3, 8, 1, 1, 4, 2),
	SYSTEM("the same in the other order", 2, 4, 5, 0xb4, 1, 1, 4, 2, 1, 3, 3, 7),
	SYSTEM("Linux", 2, 4, 5, 0xa0, 4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 1, 3, 3, 7),
	SYSTEM("FreeBSD", 2, 4, 5, 0xb4, 1, 3, 3, 6, 4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0),
	SYSTEM("macOS", 2, 4, 5, 0xb4, 1, 3, 3, 6, 1, 1, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 4, 2, 0, 0),
	SYSTEM("a shift of 15", 2, 4, 5, 0xb4, 1, 3, 3, 15, 1, 1, 4, 2),
	SYSTEM("an MSS that looks like a time stamp", 2, 4, 8, 10, 1, 3, 3, 2, 1, 1, 4, 2),
};

static struct octets syn_of(size_t system, bool v6)
{
	struct tcp syn = {v6 ? "2001:db8:100::7" : "192.0.2.7", v6 ? "2001:db8::1" : "198.51.100.1",
		40000, 5269, 0xfffffff0, 0, TCP_SYN, VIEW(""), 0};

	return frame_tcp_with(&syn, systems[system].options);
}

static void the_syns_of_all_systems_are_known(void **state)
{
	static const struct syn_shape none;

	for (size_t i = 0; i < sizeof(systems) / sizeof(systems[0]); i++)
		for (int v6 = 0; v6 < 2; v6++) {
			struct octets o = syn_of(i, v6);

			/* There is no room for the MSS that the answer says, unless it is padded. */
			if (v6 && systems[i].options.len == 0)
				o.len += 4;
			if (!syn_both_ways(view_make(o.bytes, o.len), &none))
				fail_msg("%s, IPv%d", systems[i].name, v6 ? 6 : 4);
		}
}

static void what_is_unusual_is_left_to_others(void **state)
{
	static const struct {
		const char *name;
		uint32_t at;
		uint8_t value;
	} cases[] = {
		{"another type", 13, 6},
		{"IP options", 14, 0x46},
		{"longer than the frame", 16, 1},
		{"data", 17, 61},
		{"a fragment", 20, 0x20},
		{"the reserved bit", 20, 0x80},
		{"TTL 0", 22, 0},
		{"UDP", 23, 17},
		{"source 0/8", 26, 0},
		{"source 127/8", 26, 127},
		{"source 224/4", 26, 224},
		{"target 0/8", 30, 0},
		{"target 127/8", 30, 127},
		{"a longer header", 46, 0xb0},
		{"a shorter header", 46, 0x90},
		{"ACK", 47, TCP_SYN | TCP_ACK},
		{"FIN", 47, TCP_SYN | TCP_FIN},
		{"RST", 47, TCP_SYN | TCP_RST},
		{"PSH", 47, TCP_SYN | TCP_PSH},
		{"URG", 47, TCP_SYN | TCP_URG},
		{"no SYN", 47, 0},
		{"an MSS that is too small", 56, 1},
		{"another option", 58, 5},
		{"another length", 59, 4},
		{"another option at the end", 71, 4},
	};
	static const struct syn_shape none;
	struct octets good = syn_of(4, false);
	struct syn_shape shape;
	struct plain_syn said;

	assert_true(plain_syn_read(good.bytes, good.len, &said));
	syn_shape_learn(&shape, good.bytes, good.len, &said, 1500);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct octets o = good;

		o.bytes[cases[i].at] = cases[i].value;
		syn_mend(o.bytes, o.len);
		if (syn_both_ways(view_make(o.bytes, o.len), &none))
			fail_msg("%s is taken", cases[i].name);
		if (syn_shape_fits(&shape, o.bytes, o.len) &&
			syn_shape_read(&shape, o.bytes, &said))
			fail_msg("%s fits", cases[i].name);
	}
	for (uint32_t at = 14; at < good.len; at++) {
		struct octets o = good;

		o.bytes[at] ^= 0x10;
		assert_false(plain_syn_read(o.bytes, o.len, &said));
		assert_false(syn_shape_fits(&shape, o.bytes, o.len) &&
			     syn_shape_read(&shape, o.bytes, &said));
	}
	for (uint32_t len = 0; len < good.len; len++)
		assert_false(plain_syn_read(good.bytes, len, &said));
}

static uint64_t seed = 88172645463325252;

static uint32_t chance(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)((seed >> 32) * below >> 32);
}

/* Bytes here and there are others; which ones matter, and how, the long way knows. */
static void change(struct octets *o)
{
	static const uint32_t fields[] = {15, 18, 22, 26, 29, 34, 38, 42, 46, 47, 48, 52};
	uint32_t times = chance(4);

	for (uint32_t i = 0; i < times; i++)
		o->bytes[chance(2) ? fields[chance(12)] : 12 + chance(o->len - 12)] =
			(uint8_t)(chance(4) ? chance(256) : 1u << chance(8));
	if (chance(8) != 0)
		syn_mend(o->bytes, o->len);
}

static void both_ways_agree_on_whatever_comes(void **state)
{
	struct syn_shape shape = {0};
	uint32_t taken = 0;

	for (int i = 0; i < ROUNDS; i++) {
		struct octets o = syn_of(chance(sizeof(systems) / sizeof(systems[0])), chance(2));
		struct plain_syn said;

		o.len += chance(3) == 0 ? chance(40) : 0;
		change(&o);
		if (chance(8) == 0 && o.len <= PLAIN_SYN_MAX_BYTES &&
			plain_syn_read(o.bytes, o.len, &said))
			syn_shape_learn(&shape, o.bytes, o.len, &said, 1500);
		taken += syn_both_ways(view_make(o.bytes, o.len), &shape);
	}
	/* Not in vain. */
	assert_in_range(taken, ROUNDS / 4, ROUNDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_syns_of_all_systems_are_known),
		cmocka_unit_test(what_is_unusual_is_left_to_others),
		cmocka_unit_test(both_ways_agree_on_whatever_comes),
	};

	return cmocka_run_group_tests_name("plain_syn", tests, NULL, NULL);
}
