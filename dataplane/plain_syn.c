/* SPDX-License-Identifier: BSD-3-Clause */
/* A SYN as systems send them. */
#include "dataplane/plain_syn.h"

#include <endian.h>

#include "bpf/abi.h"
#include "dataplane/checksum.h"
#include "dataplane/packet.h"
#include "dataplane/reply.h"
#include "dataplane/synack.h"
#include "dataplane/word.h"

enum {
	MAC_BYTES = 6,
	IPV4_BYTES = 20,
	IPV6_BYTES = 40,
	TCP_BYTES = 20,
	SCALE_MAX = 14,
	HOP_LIMIT = 64,
	TYPE_IPV4 = 0x0800,
	TYPE_IPV6 = 0x86dd,

	IPV4_DONT_FRAGMENT = 0x4000,
	IPV4_NOT_WHOLE = 0xbfff, /* the reserved bit, more fragments, the offset */

	/* Options are read and written as words. Above the MSS; above the shift of the scale: */
	WORD_MSS = 0x0204,
	WORD_SCALE = 0x010303,
	/* No-ops and SACK; SACK and the head of a time stamp; no-ops and that head; SACK, the end. */
	WORD_SACK = 0x01010402,
	WORD_SACK_TIME = 0x0402080a,
	WORD_TIME = 0x0101080a,
	WORD_SACK_END = 0x04020000,
};

static inline bool take_scale(uint32_t word, struct cookie_options *out)
{
	uint8_t scale = (uint8_t)word;

	out->scaled = true;
	out->scale = scale > SCALE_MAX ? SCALE_MAX : scale;
	return word >> 8 == WORD_SCALE;
}

/* So many words of options; their sum goes into *sum. */
static inline bool read_options(
	const uint8_t *p, uint32_t count, uint64_t *sum, struct cookie_options *out)
{
	uint32_t w[6];

	*out = (struct cookie_options){0};
	if (count == 0)
		return true;
	for (uint32_t i = 0; i < count; i++) {
		w[i] = word32(p + i * sizeof(w[i]));
		*sum += w[i];
		w[i] = be32toh(w[i]);
	}
	if (w[0] >> 16 != WORD_MSS)
		return false;
	out->mss = (uint16_t)w[0];
	out->sack = count > 1;
	switch (count) {
	case 1:
		return true;
	case 3: /* Windows; and the same in the other order */
		return w[2] == WORD_SACK ? take_scale(w[1], out)
					 : w[1] == WORD_SACK && take_scale(w[2], out);
	case 5: /* Linux; the BSDs. The other two words are the time stamp. */
		return w[1] == WORD_SACK_TIME ? take_scale(w[4], out)
					      : w[2] == WORD_SACK_TIME && take_scale(w[1], out);
	case 6: /* macOS */
		return w[2] == WORD_TIME && w[5] == WORD_SACK_END && take_scale(w[1], out);
	default:
		return false;
	}
}

/* The segment, of so many bytes, with the sum of its pseudo header. */
static inline bool read_segment(
	const uint8_t *p, uint32_t bytes, uint64_t sum, struct plain_syn *out)
{
	uint32_t options = bytes - TCP_BYTES;
	uint32_t ports = word32(p);
	uint32_t isn = word32(p + 4);
	uint32_t head = word32(p + 12);

	/* Header and segment of one length: no data. Of flags ECE and CWR do not matter. */
	if (options > 6 * sizeof(uint32_t) || options % sizeof(uint32_t) != 0 ||
		(head & htobe32(0xf03f0000)) != htobe32(bytes / 4 << 28 | TCP_SYN << 16))
		return false;
	sum += (uint64_t)ports + isn + word32(p + 8) + head + word32(p + 16);
	if (!read_options(p + TCP_BYTES, options / sizeof(uint32_t), &sum, &out->offered) ||
		checksum_finish(sum) != 0)
		return false;
	out->ports = be32toh(ports);
	out->isn = be32toh(isn);
	if (options == 0)
		out->offered.mss = cookie_mss_least(out->family);
	return out->ports >> 16 != 0 && (uint16_t)out->ports != 0 &&
	       out->offered.mss >= cookie_mss_least(out->family);
}

static inline bool read_ipv4(const uint8_t *ip, uint32_t have, struct plain_syn *out)
{
	uint32_t head = word32(ip);
	uint32_t bytes = be32toh(head) & 0xffff;
	uint32_t src = word32(ip + 12);
	uint32_t dst = word32(ip + 16);
	uint64_t sum;

	if (ip[0] != 0x45 || ip[9] != PROTOCOL_NUMBER_TCP || bytes > have ||
		bytes < IPV4_BYTES + TCP_BYTES)
		return false;
	if (word32(ip + 4) & htobe32(IPV4_NOT_WHOLE) || ip[8] == 0)
		return false;
	if (ip[12] == 0 || ip[12] == 127 || ip[12] >= 224 || ip[16] == 0 || ip[16] == 127 ||
		src == dst)
		return false;
	out->addresses = (uint64_t)src + dst;
	sum = out->addresses + head + word32(ip + 4) + word32(ip + 8);
	if (checksum_finish(sum) != 0)
		return false;
	out->family = TUPLE_IPV4;
	bytes -= IPV4_BYTES;
	return read_segment(ip + IPV4_BYTES, bytes,
		out->addresses + htobe32(bytes) + htobe32(PROTOCOL_NUMBER_TCP), out);
}

/* Addresses that begin with zero are special in many ways. */
static inline bool read_ipv6(const uint8_t *ip, uint32_t have, struct plain_syn *out)
{
	uint32_t bytes = be16toh(word16(ip + 4));

	if (ip[0] >> 4 != 6 || ip[6] != PROTOCOL_NUMBER_TCP || ip[7] == 0 ||
		bytes > have - IPV6_BYTES || bytes < TCP_BYTES)
		return false;
	if (ip[8] == 0 || ip[8] == 0xff || ip[24] == 0 || memcmp(ip + 8, ip + 24, 16) == 0)
		return false;
	out->addresses = checksum_add(0, view_make(ip + 8, 32));
	out->family = TUPLE_IPV6;
	return read_segment(ip + IPV6_BYTES, bytes,
		out->addresses + htobe32(bytes) + htobe32(PROTOCOL_NUMBER_TCP), out);
}

bool plain_syn_read(const uint8_t *frame, uint32_t frame_bytes, struct plain_syn *out)
{
	const uint8_t *ip = frame + PACKET_ETHERNET_BYTES;
	uint16_t type;

	/* The answer is never longer than its question, but for padding and the MSS that it says. */
	if (frame_bytes < REPLY_MIN_BYTES || frame_bytes > PLAIN_SYN_MAX_BYTES)
		return false;
	type = word16(frame + 12);
	if (type == htobe16(TYPE_IPV4))
		return read_ipv4(ip, frame_bytes - PACKET_ETHERNET_BYTES, out);
	return type == htobe16(TYPE_IPV6) &&
	       frame_bytes >= PACKET_ETHERNET_BYTES + IPV6_BYTES + TCP_BYTES + 4 &&
	       read_ipv6(ip, frame_bytes - PACKET_ETHERNET_BYTES, out);
}

static inline void swap_macs(uint8_t *frame)
{
	uint8_t target[MAC_BYTES];

	memcpy(target, frame, MAC_BYTES);
	memcpy(frame, frame + MAC_BYTES, MAC_BYTES);
	memcpy(frame + MAC_BYTES, target, MAC_BYTES);
}

/* The segment that answers, behind an IP header whose addresses have this sum. */
static inline void write_segment(
	uint8_t *p, const struct plain_syn *syn, uint32_t cookie, uint16_t mss, uint32_t bytes)
{
	uint32_t ports = htobe32(syn->ports << 16 | syn->ports >> 16);
	uint32_t seq = htobe32(cookie);
	uint32_t ack = htobe32(syn->isn + 1);
	uint32_t head = htobe32(bytes / 4 << 28 | (TCP_SYN | TCP_ACK) << 16 | SYNACK_WINDOW_BYTES);
	uint32_t said = htobe32((uint32_t)WORD_MSS << 16 | mss);
	uint64_t sum = syn->addresses + htobe32(bytes) + htobe32(PROTOCOL_NUMBER_TCP);
	uint8_t *option = p + TCP_BYTES + 4;

	word32_put(p, ports);
	word32_put(p + 4, seq);
	word32_put(p + 8, ack);
	word32_put(p + 12, head);
	word32_put(p + 20, said);
	sum += (uint64_t)ports + seq + ack + head + said;
	if (syn->offered.sack) {
		word32_put(option, htobe32(WORD_SACK));
		sum += htobe32(WORD_SACK);
		option += 4;
	}
	if (syn->offered.scaled) {
		word32_put(option, htobe32((uint32_t)WORD_SCALE << 8 | ABI_SCALE_OURS));
		sum += htobe32((uint32_t)WORD_SCALE << 8 | ABI_SCALE_OURS);
	}
	word32_put(p + 16, htobe32((uint32_t)checksum_finish(sum) << 16));
}

static inline void write_ipv4(uint8_t *ip, const struct plain_syn *syn, uint32_t bytes)
{
	uint32_t head = htobe32(0x45000000 | (IPV4_BYTES + bytes));
	uint32_t life = HOP_LIMIT << 24 | PROTOCOL_NUMBER_TCP << 16;
	uint64_t sum = syn->addresses + head + htobe32(IPV4_DONT_FRAGMENT) + htobe32(life);
	uint32_t src = word32(ip + 12);

	word32_put(ip, head);
	word32_put(ip + 4, htobe32(IPV4_DONT_FRAGMENT));
	word32_put(ip + 8, htobe32(life | checksum_finish(sum)));
	word32_put(ip + 12, word32(ip + 16));
	word32_put(ip + 16, src);
}

static inline void write_ipv6(uint8_t *ip, uint32_t bytes)
{
	uint8_t src[16];

	word32_put(ip, htobe32(0x60000000));
	word32_put(ip + 4, htobe32(bytes << 16 | PROTOCOL_NUMBER_TCP << 8 | HOP_LIMIT));
	memcpy(src, ip + 8, 16);
	memcpy(ip + 8, ip + 24, 16);
	memcpy(ip + 24, src, 16);
}

uint32_t plain_syn_answer(
	uint8_t *frame, const struct plain_syn *syn, uint32_t cookie, uint16_t mtu)
{
	uint8_t *ip = frame + PACKET_ETHERNET_BYTES;
	bool v4 = syn->family == TUPLE_IPV4;
	uint32_t ip_bytes = v4 ? IPV4_BYTES : IPV6_BYTES;
	uint32_t bytes =
		TCP_BYTES + 4 + (syn->offered.sack ? 4 : 0) + (syn->offered.scaled ? 4 : 0);
	uint32_t len = PACKET_ETHERNET_BYTES + ip_bytes + bytes;

	swap_macs(frame);
	if (v4)
		write_ipv4(ip, syn, bytes);
	else
		write_ipv6(ip, bytes);
	write_segment(ip + ip_bytes, syn, cookie, (uint16_t)(mtu - ip_bytes - TCP_BYTES), bytes);
	if (len >= REPLY_MIN_BYTES)
		return len;
	memset(frame + len, 0, REPLY_MIN_BYTES - len);
	return REPLY_MIN_BYTES;
}
