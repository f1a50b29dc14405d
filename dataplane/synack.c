/* SPDX-License-Identifier: BSD-3-Clause */
/* The edge's own half of a handshake. */
#include "dataplane/synack.h"

#include <assert.h>
#include <errno.h>

#include "bpf/abi.h"

enum { /* kinds of options (IANA) */
	OPTION_END = 0,
	OPTION_NOP = 1,
	OPTION_MSS = 2,
	OPTION_SCALE = 3,
	OPTION_SACK = 4,
};

enum {
	MSS_BYTES = 4,
	SCALE_BYTES = 3,
	SACK_BYTES = 2,
	SCALE_MAX = 14,
	HEADERS_IPV4 = 40, /* what an MSS leaves out of the MTU */
	HEADERS_IPV6 = 60,
};

static_assert(
	SYNACK_WINDOW_BYTES % (1 << ABI_SCALE_OURS) == 0, "a window that both scales can say");

static const char *const cause_names[] = {"none",
#define CAUSE_NAME(name, text) #name,
	SYNACK_CAUSES(CAUSE_NAME)
#undef CAUSE_NAME
};

const char *synack_cause_name(enum synack_cause cause)
{
	return cause_names[cause];
}

/* One option whose length fits; seen has a bit for each kind that came. */
static enum synack_cause read_option(struct view option, uint32_t *seen, struct cookie_options *out)
{
	static const uint8_t bytes[] = {
		[OPTION_MSS] = MSS_BYTES, [OPTION_SCALE] = SCALE_BYTES, [OPTION_SACK] = SACK_BYTES};
	uint8_t kind = option.p[0];

	if (kind >= sizeof(bytes))
		return SYNACK_CAUSE_none;
	if (option.len != bytes[kind])
		return SYNACK_CAUSE_syn_options_malformed;
	if (*seen & UINT32_C(1) << kind)
		return SYNACK_CAUSE_syn_option_twice;
	*seen |= UINT32_C(1) << kind;
	if (kind == OPTION_MSS) {
		out->mss = (uint16_t)(option.p[2] << 8 | option.p[3]);
	} else if (kind == OPTION_SCALE) {
		out->scaled = true;
		out->scale = option.p[2] > SCALE_MAX ? SCALE_MAX : option.p[2];
	} else {
		out->sack = true;
	}
	return SYNACK_CAUSE_none;
}

enum synack_cause synack_read(struct view options, uint8_t family, struct cookie_options *out)
{
	struct cookie_options offered = {.mss = cookie_mss_least(family)};
	uint32_t seen = 0;
	uint32_t at = 0;

	while (at < options.len && options.p[at] != OPTION_END) {
		enum synack_cause cause;
		uint8_t len;

		if (options.p[at] == OPTION_NOP) {
			at++;
			continue;
		}
		if (options.len - at < 2)
			return SYNACK_CAUSE_syn_options_malformed;
		len = options.p[at + 1];
		if (len < 2 || len > options.len - at)
			return SYNACK_CAUSE_syn_options_malformed;
		cause = read_option(view_sub(options, at, len), &seen, &offered);
		if (cause != SYNACK_CAUSE_none)
			return cause;
		at += len;
	}
	/* Such segments cost the sender more headers than data, and no link of today needs them. */
	if (offered.mss < cookie_mss_least(family))
		return SYNACK_CAUSE_syn_mss_too_small;
	*out = offered;
	return SYNACK_CAUSE_none;
}

/* In words of four bytes, so that no padding is needed at the end. */
static uint32_t write_options(
	const struct cookie_options *agreed, uint16_t mss, uint8_t out[REPLY_OPTIONS_MAX_BYTES])
{
	const uint8_t said_mss[] = {OPTION_MSS, MSS_BYTES, (uint8_t)(mss >> 8), (uint8_t)mss};
	const uint8_t said_sack[] = {OPTION_NOP, OPTION_NOP, OPTION_SACK, SACK_BYTES};
	const uint8_t said_scale[] = {OPTION_NOP, OPTION_SCALE, SCALE_BYTES, ABI_SCALE_OURS};
	uint32_t len = 0;

	memcpy(out, said_mss, sizeof(said_mss));
	len += sizeof(said_mss);
	if (agreed->sack) {
		memcpy(out + len, said_sack, sizeof(said_sack));
		len += sizeof(said_sack);
	}
	if (agreed->scaled) {
		memcpy(out + len, said_scale, sizeof(said_scale));
		len += sizeof(said_scale);
	}
	return len;
}

int synack_build(struct view frame, const struct packet *p, const struct cookie_options *agreed,
	uint32_t cookie, uint16_t mtu, uint8_t *out, size_t cap_bytes)
{
	uint16_t headers = p->tuple.family == TUPLE_IPV4 ? HEADERS_IPV4 : HEADERS_IPV6;
	uint8_t options[REPLY_OPTIONS_MAX_BYTES];
	struct reply_segment answer = {
		.seq = cookie,
		.ack = p->tcp.seq + 1,
		.window = SYNACK_WINDOW_BYTES, /* never scaled in a SYN (RFC 7323 section 2.2) */
		.flags = TCP_SYN | TCP_ACK,
	};

	if (p->kind != PACKET_TCP || (p->tcp.flags & (TCP_SYN | TCP_ACK)) != TCP_SYN)
		return -EINVAL;
	answer.options =
		view_make(options, write_options(agreed, (uint16_t)(mtu - headers), options));
	return reply_build(frame, p, REPLY_TO_SENDER, &answer, out, cap_bytes);
}

/* What is left of the promise, rounded up: the right edge of a window never moves back. */
static uint16_t window_left(const struct cookie_options *agreed, uint32_t kept)
{
	uint32_t left = kept < SYNACK_WINDOW_BYTES ? SYNACK_WINDOW_BYTES - kept : 0;
	uint32_t unit = agreed->scaled ? UINT32_C(1) << ABI_SCALE_OURS : 1;

	return (uint16_t)((left + unit - 1) / unit);
}

int synack_acknowledge(struct view frame, const struct packet *p,
	const struct cookie_options *agreed, uint32_t cookie, uint32_t base_seq, uint32_t kept,
	uint8_t *out, size_t cap_bytes)
{
	struct reply_segment answer = {
		.seq = cookie + 1,
		.ack = base_seq + kept,
		.window = window_left(agreed, kept),
		.flags = TCP_ACK,
	};

	return reply_build(frame, p, REPLY_TO_SENDER, &answer, out, cap_bytes);
}

int synack_make_way(
	struct view frame, const struct packet *p, uint32_t rcv_nxt, uint8_t *out, size_t cap_bytes)
{
	struct reply_segment reset = {.seq = rcv_nxt, .flags = TCP_RST};

	return reply_build(frame, p, REPLY_TO_RECEIVER, &reset, out, cap_bytes);
}
