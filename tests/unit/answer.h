/* SPDX-License-Identifier: BSD-3-Clause */
/* A segment that the edge answers, over each of the links, and what all that it answers has in common. */
#pragma once

#include "dataplane/reply.h"
#include "tests/unit/frame.h"

static inline void segment_make(struct frame *f, struct packet *p, size_t link, unsigned flags,
	struct view options, struct view payload)
{
	frame_ip(f, links[link].v6, 6, links[link].vlan_tci);
	frame_tcp(f, flags, VIEW(""));
	f->bytes[f->l4 + 12] = (uint8_t)((5 + options.len / 4) << 4);
	frame_put(f, options.p, options.len);
	frame_put(f, payload.p, payload.len);
	frame_finish(f);
	assert_int_equal(packet_parse(frame_view(f), p), PACKET_CAUSE_none);
}

/* What was made of it, parsed again. */
static inline struct packet answer_read(size_t link, const uint8_t *out, int len)
{
	enum packet_cause cause;
	struct packet p;

	assert_true(len >= REPLY_MIN_BYTES && len <= REPLY_MAX_BYTES);
	cause = packet_parse(view_make(out, (size_t)len), &p);
	if (cause)
		fail_msg("%s: %s", links[link].label, packet_cause_name(cause));
	assert_int_equal(p.kind, PACKET_TCP);
	assert_int_equal(p.hop_limit, 64);
	assert_int_equal(p.payload_bytes, 0);
	assert_int_equal(p.has_vlan, links[link].vlan_tci != FRAME_NO_VLAN);
	assert_int_equal(p.vlan_tci, p.has_vlan ? links[link].vlan_tci : 0);
	for (int i = p.datagram_end; i < len; i++)
		assert_int_equal(out[i], 0);
	return p;
}
