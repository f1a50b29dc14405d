/* SPDX-License-Identifier: BSD-3-Clause */
/* A sender that tries to show the reader other bytes than the kernel: overlaps, gaps, pointers,
 * shifted numbers, segments that the kernel drops, handshakes begun again. */
#include "tests/ring/ring.h"

#include "dataplane/classify.h"
#include "tests/ring/hello.h"

enum { STREAM_BYTES = 1024, ROUNDS = 3000, SEGMENTS = 40 };

/* A socket as far as its stream goes. Which of two overlapping segments it keeps, and which it
 * drops, is drawn. */
struct socket_model {
	uint8_t bytes[STREAM_BYTES];
	bool have[STREAM_BYTES];
	uint32_t next;     /* bytes in order */
	uint32_t base;     /* sequence number of the first */
	uint32_t base_out; /* its own first one */
	bool cookie;       /* the socket is made by the first segment that fits the cookie */
	bool first_wins;
};

static uint64_t dice = 88172645463325252u;
static uint32_t judged, accepted;

static uint32_t random_below(uint32_t bound)
{
	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return (uint32_t)(dice >> 32) % bound;
}

static void model_begin(struct socket_model *s, uint32_t base)
{
	memset(s, 0, sizeof(*s));
	s->base = base;
	s->base_out = 5000 + random_below(3) * 1000;
	s->cookie = random_below(2);
	s->first_wins = random_below(2);
}

/* What the application has read must never be what the rules refuse. */
static void model_check(const struct socket_model *s)
{
	struct first_bytes said;

	switch (classify_bytes(
		edge->tables, FILTER_XMPP, view_make(s->bytes, s->next), edge->scratch, &said)) {
	case PARSE_BAD:
		fail_msg("the application read %.*s", (int)s->next, s->bytes);
		break;
	case PARSE_DONE:
		accepted++;
		break;
	case PARSE_NEED_MORE:
		judged++;
		break;
	}
}

static void model_take(struct socket_model *s, const struct taken *t)
{
	struct view data = packet_payload(view_make(t->frame.bytes, t->frame.len), &t->p);
	uint32_t shift = t->p.tcp.seq - s->base;

	if (random_below(4) == 0 || t->p.tcp.flags & (TCP_SYN | TCP_RST))
		return;
	/* Only the difference counts. */
	if (s->cookie && t->p.tcp.ack - s->base_out == shift) {
		s->base += shift;
		s->base_out += shift;
	} else if (t->p.tcp.ack != s->base_out) {
		return;
	}
	s->cookie = false;
	assert_false(t->p.tcp.flags & TCP_URG && s->next < 100);
	for (uint32_t i = 0; i < data.len; i++) {
		uint32_t at = t->p.tcp.seq + i - s->base;

		if (at >= STREAM_BYTES || at < s->next || (s->have[at] && s->first_wins))
			continue;
		s->bytes[at] = data.p[i];
		s->have[at] = true;
	}
	while (s->next < STREAM_BYTES && s->have[s->next])
		s->next++;
	model_check(s);
}

/* A segment of one of two streams that agree in length, at numbers that are mostly right. */
static struct octets segment_draw(
	const struct talk *t, const struct octets streams[2], uint32_t next)
{
	const struct octets *stream = &streams[random_below(2)];
	uint32_t at = random_below(3) ? next : random_below(stream->len);
	uint32_t len = random_below(4) ? random_below(stream->len) : 0;
	uint32_t shift = random_below(12) ? 0 : random_below(100);
	uint8_t flags = TCP_ACK;
	struct talk says = *t;

	if (random_below(12) == 0)
		flags |= random_below(2) ? TCP_URG : TCP_FIN;
	says.remote_seq += at + (random_below(2) ? shift : 0);
	says.kernel_seq += random_below(2) ? shift : 0;
	return talk_from_remote(&says, flags, view_sub(octets_view(stream), at, at + len));
}

static void handshake(struct talk *t, struct socket_model *s, uint32_t remote_seq)
{
	t->remote_seq = remote_seq;
	if (!ring_inward(talk_from_remote(t, TCP_SYN, VIEW(""))).any)
		return;
	t->remote_seq++;
	model_begin(s, t->remote_seq);
	t->kernel_seq = s->base_out - 1;
	ring_outward(talk_from_kernel(t, TCP_SYN | TCP_ACK, VIEW("")));
	t->kernel_seq++;
}

static void attempt(uint16_t port, const struct octets streams[2])
{
	struct talk t = {PARTNER_4, SERVICE_4, port, XMPP_PORT, 0, 0, 0};
	struct socket_model s = {.next = 0};

	handshake(&t, &s, 100);
	for (int i = 0; i < SEGMENTS; i++) {
		struct taken taken = ring_inward(segment_draw(&t, streams, s.next));
		struct talk answer = t;

		for (; taken.any; taken = ring_taken_by_tap())
			if (taken.parsed)
				model_take(&s, &taken);
		while (ring_taken_by_port().any)
			;
		answer.kernel_seq = s.base_out;
		answer.remote_seq = s.base + s.next;
		if (random_below(2) && !s.cookie)
			ring_outward(talk_from_kernel(
				&answer, random_below(20) ? TCP_ACK : TCP_ACK | TCP_FIN, VIEW("")));
		if (random_below(10) == 0)
			ring_let_pass_ms(random_below(6000));
		/* The kernel has forgotten it. */
		if (random_below(30) == 0)
			handshake(&t, &s, random_below(2) ? 100 : 50000);
	}
}

static void the_application_reads_what_was_judged(void **state)
{
	struct octets streams[2] = {header_make("corp.example", "god.example"),
		header_make("corp.example", "bad.example")};

	assert_int_equal(streams[0].len, streams[1].len);
	for (uint16_t round = 0; round < ROUNDS; round++) {
		attempt((uint16_t)(1024 + round), streams);
		while (ring_taken_by_tap().any || ring_taken_by_port().any)
			;
		if (round % 500 == 0)
			ring_restart(&(struct worker_config){
				.flow_capacity = 4096, .gather_capacity = round % 1000 ? 1 : 64});
	}
	/* It did get to both. */
	assert_true(judged > ROUNDS / 10 && accepted > ROUNDS / 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(
		the_application_reads_what_was_judged, ring_setup, ring_teardown)};

	return cmocka_run_group_tests(tests, ring_start, ring_stop);
}
