/* SPDX-License-Identifier: BSD-3-Clause */
/* How an admitted connection reaches the kernel: with its SYN, which the kernel answers (mode syn), or
 * with its first segment, after a handshake that the edge answered (mode reqsk); see bpf/abi.h. In
 * both, every frame of the connection carries its mark in the source MAC, which the tc program turns
 * into skb->mark. Knows marks and frames, nothing of why a flow was admitted. */
#pragma once

#include <rte_mbuf.h>

#include "bpf/abi.h"
#include "rules/base/mark.h"

static_assert((ABI_MARK_FIRST & (0xf0000000u | PARTNER_ID_MAX)) == 0, "it is a reserved bit");

/* "syn", "reqsk": for the control plane's hello. */
const char *handoff_name(enum handoff_mode mode);

/* Write the mark into a frame (untagged, contiguous) that goes to the TAP. ARP and neighbour
 * discovery never come here: the kernel must learn true addresses from them. */
static inline void handoff_frame(struct rte_mbuf *m, uint32_t mark)
{
	mark_to_mac(mark, rte_pktmbuf_mtod_offset(m, uint8_t *, 6));
}
