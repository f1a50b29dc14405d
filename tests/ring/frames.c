/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames as octets. */
#include "tests/ring/frames.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "dataplane/checksum.h"
#include "dataplane/packet.h"

const uint8_t remote_mac[6] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};
const uint8_t edge_mac[6] = {0x52, 0x54, 0x00, 0xed, 0x9e, 0x01};

static void put(struct octets *o, const void *bytes, size_t len)
{
	if (o->len + len > sizeof(o->bytes))
		abort();
	if (len > 0)
		memcpy(o->bytes + o->len, bytes, len);
	o->len += (uint32_t)len;
}

static void put16(struct octets *o, uint32_t v)
{
	const uint8_t b[2] = {(uint8_t)(v >> 8), (uint8_t)v};

	put(o, b, 2);
}

static void put32(struct octets *o, uint32_t v)
{
	put16(o, v >> 16);
	put16(o, v & 0xffff);
}

static void set16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void put_link(struct octets *o, uint16_t vlan_tci, uint16_t type)
{
	put(o, edge_mac, 6);
	put(o, remote_mac, 6);
	if (vlan_tci != 0) {
		put16(o, 0x8100);
		put16(o, vlan_tci);
	}
	put16(o, type);
}

static struct tuple addresses(const char *src, const char *dst)
{
	struct tuple t = {.family = strchr(src, ':') ? TUPLE_IPV6 : TUPLE_IPV4};
	int family = t.family == TUPLE_IPV6 ? AF_INET6 : AF_INET;

	if (inet_pton(family, src, t.src) != 1 || inet_pton(family, dst, t.dst) != 1)
		abort();
	return t;
}

static void put_ip(
	struct octets *o, const struct tuple *t, uint8_t protocol, uint32_t l4_bytes, uint8_t hops)
{
	uint32_t at = o->len;

	if (t->family == TUPLE_IPV6) {
		put32(o, 0x60000000);
		put16(o, l4_bytes);
		put16(o, (uint32_t)protocol << 8 | hops);
		put(o, t->src, 16);
		put(o, t->dst, 16);
		return;
	}
	put16(o, 0x4500);
	put16(o, 20 + l4_bytes);
	put32(o, 0x00004000);
	put16(o, (uint32_t)hops << 8 | protocol);
	put16(o, 0);
	put(o, t->src, 4);
	put(o, t->dst, 4);
	set16(o->bytes + at + 10, checksum_bytes(view_make(o->bytes + at, 20)));
}

/* Ethernet's shortest frame is 60 bytes without its check sequence. */
static void pad(struct octets *o)
{
	while (o->len < 60)
		o->bytes[o->len++] = 0;
}

struct octets frame_tcp_with(const struct tcp *tcp, struct view options)
{
	struct tuple t = addresses(tcp->src, tcp->dst);
	struct octets o = {.len = 0};
	uint32_t at;

	put_link(&o, tcp->vlan_tci, t.family == TUPLE_IPV6 ? 0x86dd : 0x0800);
	put_ip(&o, &t, PROTOCOL_NUMBER_TCP, 20 + options.len + tcp->data.len, 57);
	at = o.len;
	put16(&o, tcp->src_port);
	put16(&o, tcp->dst_port);
	put32(&o, tcp->seq);
	put32(&o, tcp->ack);
	put16(&o, (20 + options.len) / 4 << 12 | tcp->flags);
	put16(&o, 64240);
	put32(&o, 0);
	put(&o, options.p, options.len);
	put(&o, tcp->data.p, tcp->data.len);
	set16(o.bytes + at + 16,
		checksum_l4(&t, PROTOCOL_NUMBER_TCP, view_make(o.bytes + at, o.len - at)));
	pad(&o);
	return o;
}

struct octets frame_tcp(const struct tcp *tcp)
{
	return frame_tcp_with(tcp, VIEW(""));
}

struct octets frame_udp(const char *src, const char *dst, uint16_t src_port, uint16_t dst_port)
{
	struct tuple t = addresses(src, dst);
	struct octets o = {.len = 0};
	uint32_t at;

	put_link(&o, 0, t.family == TUPLE_IPV6 ? 0x86dd : 0x0800);
	put_ip(&o, &t, PROTOCOL_NUMBER_UDP, 12, 57);
	at = o.len;
	put16(&o, src_port);
	put16(&o, dst_port);
	put16(&o, 12);
	put16(&o, 0);
	put(&o, "ping", 4);
	set16(o.bytes + at + 6, checksum_l4(&t, PROTOCOL_NUMBER_UDP, view_make(o.bytes + at, 12)));
	pad(&o);
	return o;
}

struct octets frame_arp(uint16_t operation, const char *sender, const char *target)
{
	struct tuple t = addresses(sender, target);
	struct octets o = {.len = 0};
	const uint8_t nobody[6] = {0};

	put_link(&o, 0, 0x0806);
	put32(&o, 0x00010800);
	put16(&o, 0x0604);
	put16(&o, operation);
	put(&o, remote_mac, 6);
	put(&o, t.src, 4);
	put(&o, operation == 1 ? nobody : edge_mac, 6);
	put(&o, t.dst, 4);
	pad(&o);
	return o;
}

static struct octets icmp(const struct tuple *t, uint8_t type, uint8_t code, uint32_t rest,
	struct view body, uint8_t hops)
{
	bool six = t->family == TUPLE_IPV6;
	uint8_t protocol = six ? PROTOCOL_NUMBER_ICMP6 : PROTOCOL_NUMBER_ICMP;
	struct octets o = {.len = 0};
	struct view message;
	uint32_t at;

	put_link(&o, 0, six ? 0x86dd : 0x0800);
	put_ip(&o, t, protocol, 8 + body.len, hops);
	at = o.len;
	put16(&o, (uint32_t)type << 8 | code);
	put16(&o, 0);
	put32(&o, rest);
	put(&o, body.p, body.len);
	message = view_make(o.bytes + at, o.len - at);
	set16(o.bytes + at + 2, six ? checksum_l4(t, protocol, message) : checksum_bytes(message));
	pad(&o);
	return o;
}

struct octets frame_icmp(const char *src, const char *dst, uint8_t type, uint8_t code,
	uint32_t rest, struct view body)
{
	struct tuple t = addresses(src, dst);
	/* Neighbour discovery, redirect and router messages never pass a router. */
	bool local = t.family == TUPLE_IPV6 && type >= 133 && type <= 137;

	return icmp(&t, type, code, rest, body, local ? 255 : 57);
}

struct octets frame_nd(const char *src, const char *dst, uint8_t type, const char *target)
{
	struct tuple t = addresses(src, dst);
	uint8_t body[16 + 8] = {[16] = type == 135 ? 1 : 2, [17] = 1};

	if (inet_pton(AF_INET6, target, body) != 1)
		abort();
	memcpy(body + 18, remote_mac, 6);
	return icmp(&t, type, 0, type == 136 ? 0x60000000 : 0, view_make(body, sizeof(body)), 255);
}

struct octets frame_error(const char *src, const char *dst, const struct octets *about)
{
	struct tuple t = addresses(src, dst);
	bool six = t.family == TUPLE_IPV6;
	uint32_t quoted = six ? about->len - 14 : 20 + 8;

	return icmp(&t, six ? 1 : 3, six ? 4 : 3, 0, view_make(about->bytes + 14, quoted), 57);
}

struct octets frame_back(struct octets frame)
{
	uint8_t mac[6];

	memcpy(mac, frame.bytes, 6);
	memcpy(frame.bytes, frame.bytes + 6, 6);
	memcpy(frame.bytes + 6, mac, 6);
	return frame;
}
