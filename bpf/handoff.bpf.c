/* SPDX-License-Identifier: (BSD-3-Clause OR GPL-2.0-only) */
/* tc ingress of the TAP: turns the marker in the source MAC into skb->mark and lets nothing into
 * the kernel that the filter did not mark, except what resolves and reports (ARP, ICMP, ND). In mode
 * reqsk it makes the socket of a connection from its first segment. Knows the listeners; nothing of
 * partners, limits or payloads, nor of cookie keys: only the dataplane writes into the TAP, and what
 * it marks it has checked. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/pkt_cls.h>
#include <linux/tcp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "bpf/abi.h"

enum {
	EXTENSIONS_MAX = 6,
	IPV4_FRAGMENT = 0x3fff, /* more-fragments and the offset */
	TCP_SYN_ACK_BITS = 0x12,
	TCP_SYN_BIT = 0x02,
};

/* Set before it is loaded (enum handoff_mode); what the other mode needs the verifier then takes out,
 * so that mode syn loads on kernels that lack it. */
const volatile __u32 mode SEC(ABI_MODE_SECTION) = HANDOFF_SYN;

static const volatile __u16 mss_ipv4[ABI_MSS_COUNT] = {ABI_MSS_IPV4};
static const volatile __u16 mss_ipv6[ABI_MSS_COUNT] = {ABI_MSS_IPV6};

/* What the kernel is told of a handshake that it did not see (include/net/tcp.h). The kernel's own
 * type is matched by its size and names. */
struct bpf_tcp_req_attrs {
	__u32 rcv_tsval;
	__u32 rcv_tsecr;
	__u16 mss;
	__u8 rcv_wscale;
	__u8 snd_wscale;
	__u8 ecn_ok;
	__u8 wscale_ok;
	__u8 sack_ok;
	__u8 tstamp_ok;
	__u8 usec_ts_ok;
	__u8 reserved[3];
};

/* Only a name here, but the verifier wants a definition. */
struct sock {
	int opaque;
};

/* Linux 6.9 and later. Weak: the object loads without it, and load.c finds out by trying. */
extern int bpf_sk_assign_tcp_reqsk(struct __sk_buff *skb, struct sock *sk,
	struct bpf_tcp_req_attrs *attrs, int attrs_bytes) __ksym __weak;

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

/* What mode reqsk needs besides. */
struct segment {
	struct tcphdr tcp;
	__u8 source[16]; /* as the destination in the key */
	__u32 payload_bytes;
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

static __always_inline int read_segment(
	struct __sk_buff *skb, const struct frame *f, struct segment *out)
{
	__u32 header_end;
	__u32 datagram_end;
	__u16 bytes;
	int ended;

	if (f->destination.family_bits == 32) {
		ended = LOAD(skb, ETH_HLEN + 2, bytes) ||
			bpf_skb_load_bytes(skb, ETH_HLEN + 12, out->source, 4);
		datagram_end = ETH_HLEN + bpf_ntohs(bytes);
	} else {
		ended = LOAD(skb, ETH_HLEN + 4, bytes) ||
			bpf_skb_load_bytes(skb, ETH_HLEN + 8, out->source, 16);
		datagram_end = ETH_HLEN + 40 + bpf_ntohs(bytes);
	}
	if (ended || LOAD(skb, f->transport_offset, out->tcp))
		return -1;
	/* Behind the datagram may be padding. */
	header_end = f->transport_offset + (__u32)out->tcp.doff * 4;
	out->payload_bytes = datagram_end > header_end ? datagram_end - header_end : 0;
	return 0;
}

/* Has the kernel a socket for exactly this connection, one in TIME_WAIT among them? */
static __always_inline int has_connection(
	struct __sk_buff *skb, const struct frame *f, const struct segment *s)
{
	struct bpf_sock_tuple tuple = {0};
	struct bpf_sock *sk;
	__u32 bytes;
	int found;

	if (f->destination.family_bits == 32) {
		__builtin_memcpy(&tuple.ipv4.saddr, s->source, 4);
		__builtin_memcpy(&tuple.ipv4.daddr, f->destination.address, 4);
		tuple.ipv4.sport = s->tcp.source;
		tuple.ipv4.dport = s->tcp.dest;
		bytes = sizeof(tuple.ipv4);
	} else {
		__builtin_memcpy(tuple.ipv6.saddr, s->source, 16);
		__builtin_memcpy(tuple.ipv6.daddr, f->destination.address, 16);
		tuple.ipv6.sport = s->tcp.source;
		tuple.ipv6.dport = s->tcp.dest;
		bytes = sizeof(tuple.ipv6);
	}
	sk = bpf_skc_lookup_tcp(skb, &tuple, bytes, BPF_F_CURRENT_NETNS, 0);
	if (!sk)
		return 0;
	found = sk->state != BPF_TCP_LISTEN;
	bpf_sk_release(sk);
	return found;
}

/* From the low bits of the cookie that the segment acknowledges. */
static __always_inline struct bpf_tcp_req_attrs read_attributes(
	const struct frame *f, const struct tcphdr *tcp)
{
	__u32 cookie = bpf_ntohl(tcp->ack_seq) - 1;
	__u32 index = cookie >> ABI_COOKIE_MSS_SHIFT & (ABI_MSS_COUNT - 1);
	__u8 scale = cookie & ABI_COOKIE_SCALE_MASK;
	struct bpf_tcp_req_attrs attrs = {0};

	attrs.mss = f->destination.family_bits == 32 ? mss_ipv4[index] : mss_ipv6[index];
	attrs.sack_ok = (cookie & ABI_COOKIE_SACK) != 0;
	if (scale != ABI_COOKIE_NO_SCALE) {
		attrs.wscale_ok = 1;
		attrs.snd_wscale = scale;
		attrs.rcv_wscale = ABI_SCALE_OURS;
	}
	return attrs;
}

/* Give the segment to our listener as the end of a handshake. */
static __always_inline enum abi_fate hand_over(
	struct __sk_buff *skb, struct frame *f, const struct tcphdr *tcp)
{
	struct bpf_tcp_req_attrs attrs = read_attributes(f, tcp);
	enum abi_fate fate = ABI_FATE_not_handed_over;
	struct bpf_sock *sk = bpf_map_lookup_elem(&listeners, &f->destination);
	struct sock *listener;

	if (!sk)
		return ABI_FATE_no_listener;
	listener = (struct sock *)bpf_skc_to_tcp_sock(sk);
	if (sk->state != BPF_TCP_LISTEN)
		fate = ABI_FATE_no_listener;
	else if (listener && bpf_sk_assign_tcp_reqsk &&
		 bpf_sk_assign_tcp_reqsk(skb, listener, &attrs, sizeof(attrs)) == 0)
		fate = ABI_FATE_handed_over;
	bpf_sk_release(sk);
	return fate;
}

static __always_inline enum abi_fate judge_reqsk(struct __sk_buff *skb, struct frame *f)
{
	__u32 first = skb->mark & ABI_MARK_FIRST;
	struct segment s = {0};

	skb->mark &= ~ABI_MARK_FIRST;
	if (read_segment(skb, f, &s))
		return ABI_FATE_truncated;
	if (s.tcp.syn && !s.tcp.ack)
		return ABI_FATE_syn_answered;
	if (has_connection(skb, f, &s))
		return ABI_FATE_marked;
	if (!first || !s.tcp.ack || s.tcp.syn || s.tcp.rst || s.payload_bytes == 0)
		return ABI_FATE_no_connection;
	f->destination.port = s.tcp.dest;
	return hand_over(skb, f, &s.tcp);
}

static __always_inline enum abi_fate judge_syn(struct __sk_buff *skb, struct frame *f)
{
	__u8 flags;

	if (LOAD(skb, f->transport_offset + 2, f->destination.port) ||
		LOAD(skb, f->transport_offset + 13, flags))
		return ABI_FATE_truncated;
	/* Only the frame that would make a new socket is worth the look-up. */
	if ((flags & TCP_SYN_ACK_BITS) == TCP_SYN_BIT && !aims_at_listener(&f->destination))
		return ABI_FATE_no_listener;
	return ABI_FATE_marked;
}

static __always_inline enum abi_fate judge_transport(struct __sk_buff *skb, struct frame *f)
{
	if (f->protocol == IPPROTO_UDP)
		return ABI_FATE_marked;
	return mode == HANDOFF_REQSK ? judge_reqsk(skb, f) : judge_syn(skb, f);
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
