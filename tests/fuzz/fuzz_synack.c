/* SPDX-License-Identifier: BSD-3-Clause */
/* Options of a SYN: the first byte chooses the family, the rest are the options. Whatever is
 * accepted survives the cookie, and the answer to it is a good frame. */
#include <stdint.h>
#include <stdlib.h>

#include "dataplane/synack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(bool fine)
{
	if (!fine)
		abort();
}

static void answer(uint8_t family, const struct cookie_options *agreed)
{
	static const struct siphash_key seed = {1, 2};
	bool v4 = family == TUPLE_IPV4;
	uint8_t frame[60] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, v4 ? 0x08 : 0x86, v4 ? 0 : 0xdd};
	struct packet p = {
		.tuple = {.src = {192, 0, 2, 7},
			.dst = {198, 51, 100, 7},
			.src_port = 1,
			.dst_port = 2,
			.family = family,
			.protocol = PROTOCOL_NUMBER_TCP},
		.kind = PACKET_TCP,
		.l3_offset = 14,
		.tcp = {.seq = 7, .flags = TCP_SYN},
	};
	struct cookie_jar jar;
	struct cookie_options got;
	struct packet back;
	uint8_t out[REPLY_MAX_BYTES];
	uint32_t cookie;
	int len;

	cookie_jar_init(&jar, &seed, (struct mono){0});
	cookie = cookie_make(&jar, &p.tuple, p.tcp.seq, agreed);
	check(cookie_check(&jar, &p.tuple, p.tcp.seq, cookie, &got));
	check(got.mss <= agreed->mss && got.sack == agreed->sack && got.scaled == agreed->scaled &&
		got.scale == agreed->scale);
	len = synack_build(
		view_make(frame, sizeof(frame)), &p, agreed, cookie, 1500, out, sizeof(out));
	check(len > 0 && packet_parse(view_make(out, (size_t)len), &back) == PACKET_CAUSE_none);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct cookie_options agreed;
	uint8_t family;

	if (len == 0)
		return 0;
	family = data[0] & 1 ? TUPLE_IPV6 : TUPLE_IPV4;
	if (synack_read(view_make(data + 1, len - 1), family, &agreed) != SYNACK_CAUSE_none)
		return 0;
	check(agreed.mss >= cookie_mss_least(family) && agreed.scale <= 14);
	answer(family, &agreed);
	return 0;
}
