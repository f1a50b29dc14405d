/* SPDX-License-Identifier: BSD-3-Clause */
/* The owner of the TAP. */
#include "dataplane/exception.h"

#include <rte_ethdev.h>

void exception_init(struct exception *exception, uint16_t tap_id)
{
	exception->to_tap.port_id = tap_id;
	exception->to_tap.count = 0;
}

bool exception_put(struct exception *exception, struct rte_mbuf *frame, bool made)
{
	return outlet_put(&exception->to_tap, frame, made);
}

void exception_flush(struct exception *exception, struct fates *fates)
{
	outlet_flush(&exception->to_tap, fates);
}

uint16_t exception_receive(struct exception *exception, struct rte_mbuf **frames, uint16_t max)
{
	return rte_eth_rx_burst(exception->to_tap.port_id, 0, frames, max);
}

void exception_clear(struct exception *exception)
{
	outlet_clear(&exception->to_tap);
}
