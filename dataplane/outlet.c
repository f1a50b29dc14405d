/* SPDX-License-Identifier: BSD-3-Clause */
/* A bounded queue of frames in front of a port's TX queue. */
#include "dataplane/outlet.h"

#include <rte_ethdev.h>

bool outlet_put(struct outlet *outlet, struct rte_mbuf *frame, bool made)
{
	if (outlet->count == OUTLET_MAX)
		return false;
	outlet->made[outlet->count] = made;
	outlet->frames[outlet->count++] = frame;
	return true;
}

void outlet_flush(struct outlet *outlet, struct fates *fates)
{
	uint32_t lengths[OUTLET_MAX];
	uint16_t count = outlet->count;
	uint16_t sent;
	uint64_t made = 0;
	uint64_t bytes = 0;
	uint64_t waiting = 0;

	if (count == 0)
		return;
	/* Once given to the port a frame may be gone: read its length before. */
	for (uint16_t i = 0; i < count; i++)
		lengths[i] = outlet->made[i] ? 0 : rte_pktmbuf_pkt_len(outlet->frames[i]);
	sent = rte_eth_tx_burst(outlet->port_id, 0, outlet->frames, count);
	for (uint16_t i = 0; i < sent; i++) {
		made += outlet->made[i];
		bytes += lengths[i];
	}
	for (uint16_t i = sent; i < count; i++) {
		outlet->frames[i - sent] = outlet->frames[i];
		outlet->made[i - sent] = outlet->made[i];
		waiting += !outlet->made[i];
	}
	outlet->count = (uint16_t)(count - sent);
	fates->forwarded += sent - made;
	fates->bytes += bytes;
	fates->resets += made;
	fates->held = waiting;
}

void outlet_clear(struct outlet *outlet)
{
	rte_pktmbuf_free_bulk(outlet->frames, outlet->count);
	outlet->count = 0;
}
