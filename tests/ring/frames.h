/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames as octets, made for tests: whole, with right checksums. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "rules/base/view.h"

struct octets {
	uint8_t bytes[2048];
	uint32_t len;
};

/* A TCP segment; addresses as text decide about the IP version. */
struct tcp {
	const char *src, *dst;
	uint16_t src_port, dst_port;
	uint32_t seq, ack;
	uint8_t flags;
	struct view data;
	uint16_t vlan_tci; /* 0: no tag */
};

extern const uint8_t remote_mac[6]; /* of the router outside */
extern const uint8_t edge_mac[6];   /* of port and TAP */

/* From outside towards us: from remote_mac to edge_mac. frame_back turns a frame around. */
struct octets frame_tcp(const struct tcp *tcp);
/* The same with TCP options: a multiple of 4 bytes. */
struct octets frame_tcp_with(const struct tcp *tcp, struct view options);
struct octets frame_udp(const char *src, const char *dst, uint16_t src_port, uint16_t dst_port);
struct octets frame_arp(uint16_t operation, const char *sender, const char *target);
/* body comes behind the first eight bytes, of which `rest` is the last half. */
struct octets frame_icmp(const char *src, const char *dst, uint8_t type, uint8_t code,
	uint32_t rest, struct view body);
/* Neighbour solicitation (135) or advertisement (136). */
struct octets frame_nd(const char *src, const char *dst, uint8_t type, const char *target);
/* The ICMP error that a router outside, or the kernel, sends about a frame: type and code are
 * "destination unreachable, port". */
struct octets frame_error(const char *src, const char *dst, const struct octets *about);
/* The same frame with source and target MAC exchanged: as the TAP sends it. */
struct octets frame_back(struct octets frame);
