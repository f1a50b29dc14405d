/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames for the tc program, and what becomes of them: built byte by byte, run by
 * BPF_PROG_TEST_RUN, judged by the counter that moves. */
#pragma once

#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "bpf/load.h"
#include "rules/base/mark.h"

enum { SKIPPED = 77, FRAME_MAX_BYTES = 256, SERVICE_PORT = 5269 };

static const uint8_t tap_mac[6] = {0x02, 0, 0, 0, 0, 0x7a};
static const uint8_t plain_mac[6] = {0x52, 0x54, 0, 1, 2, 3};

struct frame {
	uint8_t bytes[FRAME_MAX_BYTES];
	uint32_t len;
};

static inline void put(struct frame *f, const void *bytes, uint32_t len)
{
	assert_true(f->len + len <= sizeof(f->bytes));
	memcpy(f->bytes + f->len, bytes, len);
	f->len += len;
}

static inline struct frame ethernet(const uint8_t source[6], uint16_t ethertype)
{
	struct frame f = {.len = 0};
	uint16_t type = htons(ethertype);

	put(&f, tap_mac, 6);
	put(&f, source, 6);
	put(&f, &type, 2);
	return f;
}

static inline struct frame marked_ethernet(uint32_t mark, uint16_t ethertype)
{
	uint8_t mac[6];

	mark_to_mac(mark, mac);
	return ethernet(mac, ethertype);
}

static inline void put_ipv4(
	struct frame *f, uint8_t protocol, uint16_t fragment, uint32_t options_words)
{
	uint8_t header[60] = {(uint8_t)(0x45 + options_words), 0, 0, 40, 0, 1,
		(uint8_t)(fragment >> 8), (uint8_t)fragment, 64, protocol, 0, 0, 198, 51, 100, 7,
		192, 0, 2, 1};

	put(f, header, 20 + options_words * 4);
}

static inline void put_ipv6(struct frame *f, uint8_t next)
{
	uint8_t header[40] = {0x60, 0, 0, 0, 0, 20, next, 64, 0x20, 0x01, 0x0d,
		0xb8, [23] = 7, [24] = 0x20, 0x01, 0x0d, 0xb8, [39] = 1};

	put(f, header, sizeof(header));
}

static inline void put_tcp(struct frame *f, uint16_t port, uint8_t flags)
{
	uint8_t header[20] = {0x80, 0, (uint8_t)(port >> 8), (uint8_t)port, [12] = 0x50, flags};

	put(f, header, sizeof(header));
}

static inline void put_udp(struct frame *f)
{
	uint8_t header[20] = {0, 53, 0x80, 0, 0, 20};

	put(f, header, sizeof(header));
}

enum { FIN = 0x01, SYN = 0x02, SYN_ACK = 0x12, ACK = 0x10, RST = 0x04 };

static const struct ip_address service4 = {.family_bits = 32, .bytes = {192, 0, 2, 1}};
static const struct ip_address service6 = {
	.family_bits = 128, .bytes = {0x20, 0x01, 0x0d, 0xb8, [15] = 1}};

/* The key says whom the listener serves; where it is bound does not matter to the program. */
static inline int loopback_listener(int family)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_return_code(family == AF_INET ? bind(fd, (struct sockaddr *)&v4, sizeof(v4))
					     : bind(fd, (struct sockaddr *)&v6, sizeof(v6)),
		errno);
	assert_return_code(listen(fd, 1), errno);
	return fd;
}

/* Run one frame; returns its fate by the counter that moved, and the mark that it got. */
static inline enum abi_fate run(
	struct load *load, const struct frame *f, uint32_t *mark, uint32_t *action)
{
	uint64_t before[ABI_FATE_COUNT], after[ABI_FATE_COUNT];
	enum abi_fate fate = ABI_FATE_COUNT;
	struct __sk_buff context = {0};
	struct __sk_buff context_out = {0};
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = f->bytes, .data_size_in = f->len,
		.ctx_in = &context, .ctx_size_in = sizeof(context), .ctx_out = &context_out,
		.ctx_size_out = sizeof(context_out), .repeat = 1);

	assert_int_equal(load_counters(load, before), 0);
	assert_int_equal(bpf_prog_test_run_opts(load_program_fd(load), &options), 0);
	assert_int_equal(load_counters(load, after), 0);
	for (int i = 0; i < ABI_FATE_COUNT; i++) {
		if (after[i] == before[i])
			continue;
		assert_int_equal(after[i], before[i] + 1);
		assert_int_equal(fate, ABI_FATE_COUNT); /* one fate only */
		fate = (enum abi_fate)i;
	}
	*mark = context_out.mark;
	*action = options.retval;
	return fate;
}

static inline void expect_fate(struct load *load, const char *label, const struct frame *f,
	enum abi_fate want, uint32_t want_mark)
{
	uint32_t want_action = load_fate_passes(want) ? TC_ACT_OK : TC_ACT_SHOT;
	uint32_t mark, action;
	enum abi_fate fate = run(load, f, &mark, &action);

	if (fate != want)
		fail_msg("%s: fate %s, expected %s", label,
			fate < ABI_FATE_COUNT ? load_fate_name(fate) : "none",
			load_fate_name(want));
	if (action != want_action)
		fail_msg("%s: action %u", label, action);
	if (load_fate_passes(want) && mark != want_mark)
		fail_msg("%s: mark %#x, expected %#x", label, mark, want_mark);
}
