/* SPDX-License-Identifier: BSD-3-Clause */
/* The owner of the TAP. */
#include "dataplane/exception.h"

#include <rte_ethdev.h>

int exception_init(struct exception *exception, uint16_t tap_id)
{
	exception->to_tap = (struct outlet){.port_id = tap_id};
	return fair_init(&exception->waiting, PARTNER_SLOTS + EXCEPTION_UNKNOWN_QUEUES);
}

/* Slot 0 is of frames without a connection: neighbours, echo, errors. */
uint32_t exception_queue(const struct flow *flow)
{
	if (!flow)
		return 0;
	return flow->partner_slot != 0
		       ? flow->partner_slot
		       : PARTNER_SLOTS + flow->place.wide % EXCEPTION_UNKNOWN_QUEUES;
}

enum cause exception_wait(
	struct exception *exception, struct rte_mbuf *frame, uint32_t queue, bool made)
{
	switch (fair_put(&exception->waiting, queue, frame, rte_pktmbuf_pkt_len(frame), made)) {
	case FAIR_TAKEN:
		return CAUSE_none;
	case FAIR_QUEUE_FULL:
		return CAUSE_queue_full;
	case FAIR_ALL_FULL:
		break;
	}
	return CAUSE_tap_full;
}

void exception_flush(struct exception *exception, struct fates *fates)
{
	struct outlet *to_tap = &exception->to_tap;
	struct fair_item item;

	outlet_flush(to_tap, fates);
	while (to_tap->count == 0 && exception->waiting.count > 0) {
		while (to_tap->count < EXCEPTION_DIRECT && fair_take(&exception->waiting, &item))
			outlet_put(to_tap, item.what, item.made);
		outlet_flush(to_tap, fates);
	}
	fates->held = exception->waiting.unmade + to_tap->unmade;
}

uint16_t exception_receive(struct exception *exception, struct rte_mbuf **frames, uint16_t max)
{
	return rte_eth_rx_burst(exception->to_tap.port_id, 0, frames, max);
}

void exception_fini(struct exception *exception)
{
	struct fair_item item;

	outlet_clear(&exception->to_tap);
	while (exception->waiting.queues && fair_take(&exception->waiting, &item))
		rte_pktmbuf_free(item.what);
	fair_fini(&exception->waiting);
}
