/* SPDX-License-Identifier: BSD-3-Clause */
/* The flood's half in the kernel: `send` makes each frame anew and sends it to the interface of the
 * plan, as often as BPF_PROG_TEST_RUN with live frames repeats it; `sink` counts and drops all that
 * an interface receives. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "tests/bench/flood_plan.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct flood_plan);
} plans SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} received SEC(".maps");

/* Frames come back as the receiver left them, so the headers are written whole. */
SEC("xdp")
int send(struct xdp_md *context)
{
	__u8 *data = (__u8 *)(long)context->data;
	__u8 *end = (__u8 *)(long)context->data_end;
	__u32 draws[FLOOD_DRAWS];
	struct flood_plan *plan;
	__u32 zero = 0;

	plan = bpf_map_lookup_elem(&plans, &zero);
	if (!plan)
		return XDP_ABORTED;
	for (int i = 0; i < FLOOD_DRAWS; i++)
		draws[i] = bpf_get_prandom_u32();
	if (plan->v6) {
		if (data + FLOOD_HEADERS_IPV6 > end)
			return XDP_ABORTED;
		__builtin_memcpy(data, plan->frame, FLOOD_HEADERS_IPV6);
		flood_draw(data, plan, 1, draws);
	} else {
		if (data + FLOOD_HEADERS_IPV4 > end)
			return XDP_ABORTED;
		__builtin_memcpy(data, plan->frame, FLOOD_HEADERS_IPV4);
		flood_draw(data, plan, 0, draws);
	}
	return bpf_redirect(plan->ifindex, 0);
}

SEC("xdp")
int sink(struct xdp_md *context __attribute__((unused)))
{
	__u32 zero = 0;
	__u64 *count = bpf_map_lookup_elem(&received, &zero);

	if (count)
		(*count)++;
	return XDP_DROP;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
