/* SPDX-License-Identifier: BSD-3-Clause */
/* The short way of SYNs, held against the way through the stages: the same frames, many and of all
 * kinds, go each way, and what leaves, what is counted and what is kept must be the same. */
#include "tests/ring/shake.h"

#include "dataplane/inbound.h"
#include "dataplane/report.h"
#include "dataplane/syn.h"
#include "dataplane/verdict.h"
#include "tests/unit/syn_check.h"

enum { BURSTS = 900, LEFT_MAX = 40000 };

#define BUSY_4 "198.18.7.9" /* asks more than its network may */
#define BUSY_6 "2001:db8:77::9"
#define JUDGED "192.0.8.8" /* blocked for a time */

static const struct view layouts[] = {
	{(const uint8_t *)"", 0},
	{(const uint8_t *)"\2\4\5\264", 4},
	{(const uint8_t *)"\2\4\5\264\1\3\3\10\1\1\4\2", 12},
	{(const uint8_t *)"\2\4\5\240\4\2\10\12abcdefgh\1\3\3\7", 20},
	{(const uint8_t *)"\2\4\5\264\1\3\3\6\1\1\10\12abcdefgh\4\2\0\0", 24},
	{(const uint8_t *)"\2\4\5\264\1\3\3\17\1\1\4\2", 12}, /* a shift of 15 */
	{(const uint8_t *)"\2\4\0\100", 4},                   /* too small an MSS */
	{(const uint8_t *)"\2\4\5\264\2\4\5\264", 8},         /* twice */
	{(const uint8_t *)"\4\2\1\1\2\4\5\264", 8},
};

static const char *const remotes4[] = {UNKNOWN_4, PARTNER_4, OTHER_4, BLOCKED_4, SERVICE_4, BUSY_4,
	JUDGED, "10.1.2.3", "192.0.10.65", "127.0.0.1", "240.0.0.1"};
static const char *const remotes6[] = {PARTNER_6, BLOCKED_6, SERVICE_6, BUSY_6, "2001:db8:9::9",
	"2001:db8:9::41", "::1", "::ffff:10.0.0.1", "ff02::1", "::"};

/* One service less, and a partner's prefix is another's. */
static const char fewer_services[] =
	"service: {addresses: [" SERVICE_4 ", \"" SERVICE_6
	"\"], ports: {xmpp: [5269], sip: [5062]}}\n"
	"local:\n  - {domain: corp.example, certificate: c.pem, key: k.pem,\n"
	"     inside: {protocol: sip, host: 10.0.0.9}}\n"
	"partners:\n  - {domain: other.example, protocol: xmpp, sources: [192.0.2.0/24]}\n"
	"  - {domain: partner.example, protocol: xmpp, sources: [192.0.3.0/24]}\n";

/* What a run left: hashes of frames, in their order. */
struct run {
	uint64_t left[2][LEFT_MAX]; /* by the port, by the TAP */
	uint32_t count[2];
	struct counters counters;
	uint64_t partners[4][6];
	uint32_t flows;
	uint32_t short_way;
	struct budget answers;
};

static struct run runs[2];
static uint64_t seed;
static bool short_way;

static uint32_t chance(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)((seed >> 32) * below >> 32);
}

static struct tcp syn_of(void)
{
	bool v6 = chance(3) == 0;
	const char *src =
		v6 ? remotes6[chance(RTE_DIM(remotes6))] : remotes4[chance(RTE_DIM(remotes4))];

	/* Most of them of few, and of ports that come again. */
	if (chance(3) != 0)
		src = v6 ? BUSY_6 : BUSY_4;
	return (struct tcp){src,
		v6           ? SERVICE_6
		: chance(20) ? SERVICE_4
			     : "198.51.100.2",
		(uint16_t)(chance(50) ? 40000 + chance(8) : 0),
		chance(2)   ? XMPP_PORT
		: chance(8) ? SIP_PORT
			    : 80,
		chance(4), 0, TCP_SYN, VIEW(""), chance(30) ? 0 : 7};
}

/* A segment that proves a handshake: it begins a flow, or is too little to. */
static struct octets proof_of(struct tcp *t)
{
	static const struct cookie_options agreed = {.mss = 1460, .sack = true};
	struct octets syn = frame_tcp(t);
	struct packet p;

	if (packet_parse(view_make(syn.bytes, syn.len), &p) != PACKET_CAUSE_none)
		return syn;
	t->ack = cookie_make(&edge->cookies, &p.tuple, t->seq, &agreed) + 1;
	t->seq++;
	t->flags = TCP_ACK;
	t->vlan_tci = 0;
	t->data = chance(2) ? VIEW("<?xml version='1.0'?>") : VIEW("GET / HTTP/1.0\r\n\r\n");
	return frame_tcp(t);
}

static struct octets frame_of_any_kind(void)
{
	struct tcp t = syn_of();
	struct octets o;

	if (chance(12) == 0)
		return proof_of(&t);
	if (chance(20) == 0)
		t.flags = (uint8_t)chance(256);
	if (chance(30) == 0)
		t.data = VIEW("early");
	o = frame_tcp_with(&t, layouts[chance(8) ? 2 + chance(2) : chance(RTE_DIM(layouts))]);
	if (chance(30) == 0)
		o.len += chance(100);
	if (chance(10) == 0) {
		for (uint32_t i = chance(3); i < 3; i++)
			o.bytes[chance(o.len)] ^= (uint8_t)(1u << chance(8));
		if (chance(4) != 0 && o.bytes[12] != 0x81)
			syn_mend(o.bytes, o.len);
	}
	return o;
}

static void note(struct run *run, int side, const struct taken *t)
{
	static const struct siphash_key key = {1, 2};

	if (run->count[side] == LEFT_MAX)
		fail_msg("more left than there is room to note");
	run->left[side][run->count[side]++] = siphash(&key, t->frame.bytes, t->frame.len);
}

static void give_burst(struct run *run)
{
	struct rte_mbuf *frames[WORKER_BURST];
	uint16_t count = (uint16_t)(1 + chance(WORKER_BURST));
	struct taken t;

	for (uint16_t i = 0; i < count; i++) {
		struct octets o = frame_of_any_kind();

		frames[i] = rte_pktmbuf_alloc(pool);
		assert_non_null(frames[i]);
		memcpy(rte_pktmbuf_append(frames[i], (uint16_t)o.len), o.bytes, o.len);
	}
	edge->counters.fates[DIRECTION_IN].received += count;
	if (short_way) {
		static struct syns syns;
		struct rte_mbuf *copy[WORKER_BURST];

		memcpy(copy, frames, sizeof(copy));
		run->short_way += count - syns_take(edge, &syns, copy, count, 0);
		inbound_burst(edge, frames, count, 0);
	} else {
		inbound_through_stages(edge, frames, count, 0, NULL);
	}
	ring_step();
	while ((t = ring_taken_by_port()).any)
		note(run, 0, &t);
	while ((t = ring_taken_by_tap()).any)
		note(run, 1, &t);
	assert_true(report_balance(&edge->counters));
}

/* What else happens to an edge, at the same moments of both runs. */
static void happen(int burst)
{
	struct block block = {.reason = "test"};
	struct prefix prefix;

	ring_advance_ms(chance(90) ? chance(3) : chance(200));
	if (burst == BURSTS / 4)
		ring_rules_blocking("192.0.10.0/24");
	if (burst == BURSTS / 3) {
		assert_true(prefix_parse(VIEW(JUDGED "/32"), &prefix));
		block.target = block_target_prefix(&prefix);
		block.expires = mono_after_ms(now, 3600000);
		assert_int_equal(verdict_block(&block, now), 0);
	}
	if (burst == BURSTS / 2) {
		assert_true(block_target_name(VIEW("other.example"), false, &block.target));
		block.expires = mono_after_ms(now, 3600000);
		assert_int_equal(verdict_block(&block, now), 0);
	}
	if (burst == BURSTS * 3 / 4)
		ring_publish(fewer_services);
	crew_attend(burst < BURSTS * 2 / 3 || burst > BURSTS * 2 / 3 + 20);
}

static void run_one(struct run *run, const struct edge *like, uint64_t of)
{
	memset(run, 0, sizeof(*run));
	now.ns = 1000 * NS_PER_MS;
	shake_restart(&(struct worker_config){0});
	ring_rules();
	if (like) {
		edge->cookies = like->cookies;
		edge->secret = like->secret;
	}
	seed = of;
	ring_step();
	for (int i = 0; i < BURSTS; i++) {
		happen(i);
		give_burst(run);
	}
	run->counters = edge->counters;
	run->flows = edge->flows.count;
	run->answers = *edge->answers;
	for (int i = 0; i < 4; i++)
		memcpy(run->partners[i], &edge->counters.partners[i], sizeof(run->partners[i]));
}

static void compare(const struct run *a, const struct run *b)
{
	for (int side = 0; side < 2; side++) {
		assert_int_equal(a->count[side], b->count[side]);
		for (uint32_t i = 0; i < a->count[side]; i++)
			if (a->left[side][i] != b->left[side][i])
				fail_msg("frame %u by the %s differs", i, side ? "TAP" : "port");
	}
	for (int c = 0; c < CAUSE_COUNT; c++)
		if (a->counters.dropped[c] != b->counters.dropped[c] ||
			a->counters.refused[c] != b->counters.refused[c])
			fail_msg("cause %s differs", cause_name((enum cause)c));
	assert_memory_equal(a->counters.fates, b->counters.fates, sizeof(a->counters.fates));
	assert_memory_equal(a->partners, b->partners, sizeof(a->partners));
	assert_int_equal(a->flows, b->flows);
	assert_memory_equal(&a->answers, &b->answers, sizeof(a->answers));
}

static void both_ways_have_the_same_end(void **state)
{
	static const uint64_t seeds[] = {
		88172645463325252, 4101842887655102017, 1181783497276652981};
	struct edge *first = malloc(sizeof(*first));

	assert_non_null(first);
	for (size_t i = 0; i < RTE_DIM(seeds); i++) {
		short_way = false;
		run_one(&runs[0], NULL, seeds[i]);
		first->cookies = edge->cookies;
		first->secret = edge->secret;
		cookie_jar_init(&first->cookies, &edge->cookies.seed, (struct mono){0});
		/* As the first run began, so does the second. */
		short_way = true;
		run_one(&runs[1], first, seeds[i]);
		compare(&runs[0], &runs[1]);
		/* Not in vain: all of this happened. */
		assert_in_range(runs[1].short_way, BURSTS, BURSTS * WORKER_BURST);
		assert_true(runs[1].counters.dropped[CAUSE_syn_over_answers] > 0);
		assert_true(runs[1].counters.dropped[CAUSE_syn_mss_too_small] > 0);
		assert_true(runs[1].counters.refused[CAUSE_blocked_by_verdict] > 0);
		assert_true(runs[1].counters.refused[CAUSE_control_down] > 0);
		assert_true(runs[1].flows > 0);
	}
	free(first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			both_ways_have_the_same_end, shake_setup, ring_teardown),
	};

	return cmocka_run_group_tests_name("syn", tests, ring_start, ring_stop);
}
