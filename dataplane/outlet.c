/* SPDX-License-Identifier: BSD-3-Clause */
/* A bounded queue of frames in front of a port's TX queue. */
#include "dataplane/outlet.h"

#include <rte_ethdev.h>

static uint16_t give(struct outlet *outlet)
{
	uint16_t sent;

	if (outlet->lock && !rte_spinlock_trylock(outlet->lock))
		return 0;
	sent = rte_eth_tx_burst(outlet->port_id, outlet->queue_id, outlet->frames, outlet->count);
	if (outlet->lock)
		rte_spinlock_unlock(outlet->lock);
	return sent;
}

/* The first `sent` are gone. */
static void close_gap(struct outlet *outlet, uint16_t sent)
{
	for (uint16_t i = sent; i < outlet->count; i++) {
		outlet->frames[i - sent] = outlet->frames[i];
		outlet->made[i - sent] = outlet->made[i];
	}
	outlet->count = (uint16_t)(outlet->count - sent);
}

void outlet_flush(struct outlet *outlet, struct fates *fates)
{
	uint32_t lengths[OUTLET_MAX];
	uint16_t count = outlet->count;
	uint16_t sent;
	uint16_t made = 0;
	uint64_t bytes = 0;

	if (count == 0)
		return;
	/* A flood's answers: nothing is counted but how many there are. */
	if (outlet->unmade == 0) {
		sent = give(outlet);
		close_gap(outlet, sent);
		fates->made += sent;
		return;
	}
	/* Once given to the port a frame may be gone: read its length before. */
	for (uint16_t i = 0; i < count; i++)
		lengths[i] = outlet->made[i] ? 0 : rte_pktmbuf_pkt_len(outlet->frames[i]);
	sent = give(outlet);
	for (uint16_t i = 0; i < sent; i++) {
		made += outlet->made[i];
		bytes += lengths[i];
	}
	close_gap(outlet, sent);
	outlet->unmade -= (uint16_t)(sent - made);
	fates->forwarded += sent - made;
	fates->bytes += bytes;
	fates->made += made;
}

void outlet_clear(struct outlet *outlet)
{
	rte_pktmbuf_free_bulk(outlet->frames, outlet->count);
	outlet->count = 0;
	outlet->unmade = 0;
}
