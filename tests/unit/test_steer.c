/* SPDX-License-Identifier: BSD-3-Clause */
/* Which worker a connection belongs to. */
#include "tests/unit/test.h"

#include <stdlib.h>

#include <rte_thash.h>

#include "dataplane/steer.h"

enum { TUPLES = 4000 };

static struct tuple random_tuple(void)
{
	struct tuple t = {.family = rand() % 2 ? TUPLE_IPV4 : TUPLE_IPV6,
		.protocol = PROTOCOL_NUMBER_TCP,
		.src_port = (uint16_t)rand(),
		.dst_port = 5269};

	for (uint32_t i = 0; i < tuple_address_bytes(&t); i++) {
		t.src[i] = (uint8_t)rand();
		t.dst[i] = (uint8_t)rand();
	}
	return t;
}

static void owners_are_spread(uint32_t workers, uint16_t seed)
{
	uint32_t owned[STEER_WORKERS_MAX] = {0};

	steer_setup(workers, seed);
	for (int i = 0; i < TUPLES; i++) {
		struct tuple t = random_tuple();
		uint32_t owner = steer_owner(&t);

		assert_true(owner < workers);
		assert_int_equal(steer_owner(&t), owner);
		owned[owner]++;
	}
	for (uint32_t w = 0; w < workers; w++)
		if (owned[w] < TUPLES / workers / 2 || owned[w] > TUPLES / workers * 2)
			fail_msg("worker %u of %u owns %u of %d", w, workers, owned[w], TUPLES);
}

static void every_worker_owns_its_share(void **state)
{
	uint16_t seed;

	assert_int_equal(steer_rss_seed(&seed), 0);
	for (uint32_t workers = 1; workers <= STEER_WORKERS_MAX; workers += 3) {
		owners_are_spread(workers, 0);
		owners_are_spread(workers, seed);
	}
}

/* What rte_softrss makes of a tuple in the order in which a network card takes it. */
static uint16_t reference(const struct tuple *t, const uint8_t *key)
{
	uint32_t words[9];
	uint32_t count = 0;
	uint32_t bytes = tuple_address_bytes(t);

	for (uint32_t i = 0; i < bytes; i += 4)
		words[count++] = (uint32_t)t->src[i] << 24 | (uint32_t)t->src[i + 1] << 16 |
				 (uint32_t)t->src[i + 2] << 8 | t->src[i + 3];
	for (uint32_t i = 0; i < bytes; i += 4)
		words[count++] = (uint32_t)t->dst[i] << 24 | (uint32_t)t->dst[i + 1] << 16 |
				 (uint32_t)t->dst[i + 2] << 8 | t->dst[i + 3];
	words[count++] = (uint32_t)t->src_port << 16 | t->dst_port;
	return (uint16_t)rte_softrss(words, count, key);
}

static void the_hash_of_ports_is_toeplitz_and_symmetric(void **state)
{
	for (int round = 0; round < 20; round++) {
		uint8_t key[40];
		uint16_t seed;

		assert_int_equal(steer_rss_seed(&seed), 0);
		assert_int_not_equal(seed, 0);
		steer_rss_key(seed, key, sizeof(key));
		for (int i = 0; i < 100; i++) {
			struct tuple t = random_tuple();
			struct tuple back = tuple_reverse(&t);

			assert_int_equal(steer_rss_hash(seed, &t), reference(&t, key));
			assert_int_equal(steer_rss_hash(seed, &back), reference(&t, key));
		}
	}
}

static void every_bucket_of_the_ports_can_be_met(void **state)
{
	bool met[1 << 16] = {false};
	struct tuple t = {.family = TUPLE_IPV4};
	uint16_t seed;

	/* Independent rotations: sixteen bits in, each value out once. */
	assert_int_equal(steer_rss_seed(&seed), 0);
	for (uint32_t port = 0; port < 1 << 16; port++) {
		t.src_port = (uint16_t)port;
		assert_false(met[steer_rss_hash(seed, &t)]);
		met[steer_rss_hash(seed, &t)] = true;
	}
}

/* Ethernet, IPv4 or IPv6 and TCP, as far as a peek reads; checksums are wrong. */
static uint32_t frame_make(const struct tuple *t, bool tagged, uint8_t *out)
{
	uint32_t l3 = tagged ? 18 : 14;
	uint32_t bytes = tuple_address_bytes(t);
	uint32_t l4 = l3 + (bytes == 4 ? 20 : 40);

	memset(out, 0, 128);
	if (tagged) {
		out[12] = 0x81;
		out[15] = 100;
	}
	out[l3 - 2] = bytes == 4 ? 0x08 : 0x86;
	out[l3 - 1] = bytes == 4 ? 0x00 : 0xdd;
	out[l3] = bytes == 4 ? 0x45 : 0x60;
	out[l3 + (bytes == 4 ? 9 : 6)] = PROTOCOL_NUMBER_TCP;
	memcpy(out + l4 - 2 * bytes, t->src, bytes);
	memcpy(out + l4 - bytes, t->dst, bytes);
	out[l4] = (uint8_t)(t->src_port >> 8);
	out[l4 + 1] = (uint8_t)t->src_port;
	out[l4 + 2] = (uint8_t)(t->dst_port >> 8);
	out[l4 + 3] = (uint8_t)t->dst_port;
	return l4 + 20;
}

static void frames_of_both_directions_have_one_owner(void **state)
{
	uint8_t bytes[128];

	steer_setup(7, 0);
	for (int i = 0; i < 1000; i++) {
		struct tuple in = random_tuple();
		struct tuple out = tuple_reverse(&in);
		uint32_t owner = steer_owner(&in);
		uint32_t len = frame_make(&in, i % 2, bytes);

		assert_int_equal(steer_frame(view_make(bytes, len), false), owner);
		len = frame_make(&out, false, bytes);
		assert_int_equal(steer_frame(view_make(bytes, len), true), owner);
	}
}

static void what_is_cut_short_is_anybodys(void **state)
{
	uint8_t bytes[128];

	steer_setup(7, 0);
	for (int i = 0; i < 4; i++) {
		struct tuple t = random_tuple();
		uint32_t l4;

		t.family = i < 2 ? TUPLE_IPV4 : TUPLE_IPV6;
		l4 = frame_make(&t, i % 2, bytes) - 20;
		for (uint32_t len = 0; len < l4 + 4; len++) {
			/* Nothing behind the end is looked at: a sanitizer would say so. */
			uint8_t *exact = malloc(len + 1);

			memcpy(exact, bytes, len);
			assert_int_equal(steer_frame(view_make(exact, len), false), STEER_ANY);
			free(exact);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_worker_owns_its_share),
		cmocka_unit_test(the_hash_of_ports_is_toeplitz_and_symmetric),
		cmocka_unit_test(every_bucket_of_the_ports_can_be_met),
		cmocka_unit_test(frames_of_both_directions_have_one_owner),
		cmocka_unit_test(what_is_cut_short_is_anybodys),
	};

	return cmocka_run_group_tests_name("steer", tests, NULL, NULL);
}
