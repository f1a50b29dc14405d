/* SPDX-License-Identifier: BSD-3-Clause */
/* How an admitted connection reaches the kernel. One way so far, `syn`: the kernel answers the SYN
 * itself, and every frame of the connection carries its mark in the source MAC, which the tc
 * program turns into skb->mark. Knows marks and frames, nothing of why a flow was admitted. */
#pragma once

#include <rte_mbuf.h>

#include "rules/base/mark.h"

/* "syn": for the control plane's hello. */
const char *handoff_name(void);

/* Write the mark into a frame (untagged, contiguous) that goes to the TAP. ARP and neighbour
 * discovery never come here: the kernel must learn true addresses from them. */
static inline void handoff_frame(struct rte_mbuf *m, uint32_t mark)
{
	mark_to_mac(mark, rte_pktmbuf_mtod_offset(m, uint8_t *, 6));
}
