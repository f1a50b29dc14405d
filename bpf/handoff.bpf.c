/* SPDX-License-Identifier: (BSD-3-Clause OR GPL-2.0-only) */
/* tc ingress of the TAP: turns the marker in the source MAC into skb->mark and lets nothing into
 * the kernel that the filter did not mark, except what resolves and reports (ARP, ICMP, ND).
 * Knows the listeners; nothing of partners, limits or payloads. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "bpf/abi.h"

enum {
	EXTENSIONS_MAX = 6,
	IPV4_FRAGMENT = 0x3fff, /* more-fragments and the offset */
	TCP_SYN_ACK_BITS = 0x12,
	TCP_SYN_BIT = 0x02,
};

/* A hash and not an array of sockets: the frame's own destination is the key, so "is this one of
 * our listeners" is one look-up. An entry vanishes when the last holder closes the socket. */
struct {
	__uint(type, BPF_MAP_TYPE_SOCKHASH);
	__uint(max_entries, ABI_LISTENERS_MAX);
	__type(key, struct abi_listener_key);
	__type(value, __u64);
} listeners SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, ABI_FATE_COUNT);
	__type(key, __u32);
	__type(value, __u64);
} fates SEC(".maps");

struct frame {
	struct abi_listener_key destination;
	__u32 transport_offset; /* bytes from the start of the frame */
	__u8 protocol;
};

/* The helpers read through the frame's pages where there are any; a frame here is short-lived and
 * the copies are small, so direct access would buy little and needs a pull first. */
#define LOAD(skb, offset, to) bpf_skb_load_bytes(skb, offset, &(to), sizeof(to))

/* ABI_FATE_marked means "go on". */
static __always_inline enum abi_fate read_ipv4(struct __sk_buff *skb, struct frame *f)
{
	__u8 version_ihl;
	__u16 fragment;

	if (LOAD(skb, ETH_HLEN, version_ihl) || LOAD(skb, ETH_HLEN + 6, fragment) ||
		LOAD(skb, ETH_HLEN + 9, f->protocol) ||
		bpf_skb_load_bytes(skb, ETH_HLEN + 16, f->destination.address, 4))
		return ABI_FATE_truncated;
	if (fragment & bpf_htons(IPV4_FRAGMENT))
		return ABI_FATE_fragment;
	if (version_ihl >> 4 != 4 || (version_ihl & 0x0f) < 5)
		return ABI_FATE_truncated;
	f->destination.family_bits = 32;
	f->transport_offset = ETH_HLEN + (__u32)(version_ihl & 0x0f) * 4;
	return ABI_FATE_marked;
}

static __always_inline enum abi_fate read_ipv6(struct __sk_buff *skb, struct frame *f)
{
	__u32 offset = ETH_HLEN + 40;
	__u8 next[2];

	if (LOAD(skb, ETH_HLEN + 6, f->protocol) ||
		bpf_skb_load_bytes(skb, ETH_HLEN + 24, f->destination.address, 16))
		return ABI_FATE_truncated;
	f->destination.family_bits = 128;
	for (int i = 0; i <= EXTENSIONS_MAX; i++) {
		if (f->protocol == IPPROTO_FRAGMENT)
			return ABI_FATE_fragment;
		if (f->protocol != IPPROTO_HOPOPTS && f->protocol != IPPROTO_ROUTING &&
			f->protocol != IPPROTO_DSTOPTS) {
			f->transport_offset = offset;
			return ABI_FATE_marked;
		}
		if (LOAD(skb, offset, next))
			return ABI_FATE_truncated;
		f->protocol = next[0];
		offset += ((__u32)next[1] + 1) * 8;
	}
	return ABI_FATE_extension;
}

static __always_inline int aims_at_listener(struct abi_listener_key *key)
{
	struct bpf_sock *sk = bpf_map_lookup_elem(&listeners, key);
	int listening;

	if (!sk)
		return 0;
	listening = sk->state == BPF_TCP_LISTEN;
	bpf_sk_release(sk);
	return listening;
}

static __always_inline enum abi_fate judge_transport(struct __sk_buff *skb, struct frame *f)
{
	__u8 flags;

	if (f->protocol == IPPROTO_UDP)
		return ABI_FATE_marked;
	if (LOAD(skb, f->transport_offset + 2, f->destination.port) ||
		LOAD(skb, f->transport_offset + 13, flags))
		return ABI_FATE_truncated;
	/* Only the frame that would make a new socket is worth the look-up. */
	if ((flags & TCP_SYN_ACK_BITS) == TCP_SYN_BIT && !aims_at_listener(&f->destination))
		return ABI_FATE_no_listener;
	return ABI_FATE_marked;
}

static __always_inline enum abi_fate judge(struct __sk_buff *skb)
{
	struct frame f = {0};
	enum abi_fate fate;
	__u8 source[ETH_ALEN];
	__u16 ethertype;
	__u32 mark;
	int marked;

	if (LOAD(skb, ETH_ALEN, source) || LOAD(skb, 2 * ETH_ALEN, ethertype))
		return ABI_FATE_truncated;
	if (ethertype == bpf_htons(ETH_P_ARP))
		return ABI_FATE_arp;
	if (ethertype == bpf_htons(ETH_P_IP))
		fate = read_ipv4(skb, &f);
	else if (ethertype == bpf_htons(ETH_P_IPV6))
		fate = read_ipv6(skb, &f);
	else
		return ABI_FATE_ethertype;
	if (fate != ABI_FATE_marked)
		return fate;
	if (f.protocol == IPPROTO_ICMP && f.destination.family_bits == 32)
		return ABI_FATE_icmp;
	if (f.protocol == IPPROTO_ICMPV6 && f.destination.family_bits == 128)
		return ABI_FATE_icmpv6;
	if (f.protocol != IPPROTO_TCP && f.protocol != IPPROTO_UDP)
		return ABI_FATE_protocol;
	marked = source[0] == ABI_MARK_MAC_0 && source[1] == ABI_MARK_MAC_1;
	if (!marked)
		return ABI_FATE_no_mark;
	mark = (__u32)source[2] << 24 | (__u32)source[3] << 16 | (__u32)source[4] << 8 | source[5];
	if (mark >> 28 == 0)
		return ABI_FATE_mark_zero;
	skb->mark = mark;
	return judge_transport(skb, &f);
}

static __always_inline int passes(enum abi_fate fate)
{
#define FATE_CASE(name, passed, text)                                                              \
	case ABI_FATE_##name:                                                                      \
		return passed;
	switch (fate) {
		ABI_FATES(FATE_CASE)
	default:
		return 0;
	}
#undef FATE_CASE
}

SEC("tc")
int handoff(struct __sk_buff *skb)
{
	enum abi_fate fate = judge(skb);
	__u32 index = fate;
	__u64 *count = bpf_map_lookup_elem(&fates, &index);

	if (count)
		(*count)++;
	return passes(fate) ? TC_ACT_OK : TC_ACT_SHOT;
}

/* The kernel lends the socket functions only to programs under a licence that it knows. */
char LICENSE[] SEC("license") = "Dual BSD/GPL";
