/* SPDX-License-Identifier: BSD-3-Clause */
/* A worker that answers handshakes itself, and a remote that shakes hands with it. */
#include "tests/ring/shake.h"

#include "dataplane/report.h"

static const uint8_t offered[] = {2, 4, 0x05, 0xb4, 1, 1, 4, 2, 1, 3, 3, 7};
const struct view shake_options = {offered, sizeof(offered)};

int shake_setup(void **state)
{
	int rc = ring_setup(state);

	shake_restart(&(struct worker_config){0});
	return rc;
}

void shake_restart(const struct worker_config *limits)
{
	struct worker_config config = *limits;

	config.handoff = HANDOFF_REQSK;
	ring_restart(&config);
}

struct talk shake_hands_isn(
	const char *remote, uint16_t remote_port, uint16_t local_port, uint32_t isn)
{
	struct talk t = {
		.remote = remote,
		.local = strchr(remote, ':') ? SERVICE_6 : SERVICE_4,
		.remote_port = remote_port,
		.local_port = local_port,
		.remote_seq = isn,
	};
	const struct tcp syn = {
		t.remote, t.local, remote_port, local_port, isn, 0, TCP_SYN, VIEW(""), 0};
	uint32_t flows = edge->flows.count;
	struct taken answer;

	assert_false(ring_inward(frame_tcp_with(&syn, shake_options)).any);
	answer = ring_taken_by_port();
	assert_true(answer.any && answer.parsed);
	assert_int_equal(answer.p.tcp.flags, TCP_SYN | TCP_ACK);
	assert_int_equal(answer.p.tcp.ack, isn + 1);
	assert_int_equal(edge->flows.count, flows);
	t.remote_seq = isn + 1;
	t.kernel_seq = answer.p.tcp.seq + 1;
	return t;
}

struct talk shake_hands(const char *remote, uint16_t remote_port, uint16_t local_port)
{
	return shake_hands_isn(remote, remote_port, local_port, SHAKE_ISN);
}

struct talk shake_established(const char *remote, uint16_t remote_port)
{
	struct octets header = header_make("corp.example", NULL);
	struct talk t = shake_hands(remote, remote_port, XMPP_PORT);

	assert_true(talk_say(&t, octets_view(&header)).any);
	shake_kernel_acknowledges(&t);
	assert_flow_state(&t, FLOW_established);
	return t;
}

void shake_send(const struct talk *t, uint8_t flags, struct view data)
{
	ring_from_port(talk_from_remote(t, flags, data));
	ring_step();
}

void shake_kept(struct talk *t, struct view data)
{
	shake_send(t, TCP_ACK | TCP_PSH, data);
	t->remote_seq += data.len;
	assert_acknowledged(t, t->remote_seq);
	assert_flow_state(t, FLOW_held);
}

void shake_kernel_acknowledges(const struct talk *t)
{
	assert_true(ring_outward(talk_from_kernel(t, TCP_ACK, VIEW(""))).any);
}

void assert_acknowledged(const struct talk *t, uint32_t ack)
{
	struct taken taken = ring_taken_by_port();

	assert_true(taken.any && taken.parsed);
	assert_int_equal(taken.p.tcp.flags, TCP_ACK);
	assert_int_equal(taken.p.tcp.seq, t->kernel_seq);
	assert_int_equal(taken.p.tcp.ack, ack);
	assert_int_equal(taken.p.payload_bytes, 0);
	assert_int_equal(taken.p.tuple.dst_port, t->remote_port);
	assert_memory_equal(taken.frame.bytes, remote_mac, 6);
	assert_memory_equal(taken.frame.bytes + 6, edge_mac, 6);
	assert_nothing_left();
}

void assert_reset_remote(const struct talk *t)
{
	struct taken taken = ring_taken_by_port();

	assert_true(taken.any && taken.parsed);
	assert_true(taken.p.tcp.flags & TCP_RST);
	assert_int_equal(taken.p.tcp.seq, t->kernel_seq);
	assert_int_equal(taken.p.tuple.dst_port, t->remote_port);
	assert_nothing_left();
}

struct taken assert_to_kernel(
	const struct talk *t, uint32_t seq, uint8_t flags, struct view data, uint32_t mark)
{
	struct taken taken = ring_taken_by_tap();
	struct view said;

	assert_true(taken.any && taken.parsed);
	said = packet_payload(view_make(taken.frame.bytes, taken.frame.len), &taken.p);
	assert_int_equal(taken.p.tcp.seq, seq);
	assert_int_equal(taken.p.tcp.flags, flags);
	assert_int_equal(taken.p.tuple.src_port, t->remote_port);
	assert_true(view_equal(said, data));
	assert_int_equal(taken_mark(&taken), mark);
	return taken;
}

void assert_flow_state(const struct talk *t, enum flow_state state)
{
	const struct flow *flow = talk_flow(t);

	assert_non_null(flow);
	assert_string_equal(flow_state_name((enum flow_state)flow->state), flow_state_name(state));
}
