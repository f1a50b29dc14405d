/* SPDX-License-Identifier: BSD-3-Clause */
/* From a route to a connected socket: the host of the rules, or DNS, then the addresses one after the other. Loop
 * thread only. */
#pragma once

#include "control/origin.h"
#include "control/sip/link.h"

/* What came of it. */
struct sip_reached {
	int fd;                   /* connected, now the handler's; -1: the outcome says why not */
	struct origin origin;     /* of the handshake on it */
	enum sip_outcome outcome; /* nothing was delivered */
	const char *cause;        /* static */
};

struct sip_reach;
typedef void sip_reach_h(void *arg, const struct sip_reached *reached);

/* The handler runs once, never inside the call. The route is kept. NULL without memory. */
struct sip_reach *sip_reach_start(const struct sip_link_house *house, const struct sip_route *route,
	sip_reach_h *handler, void *arg);
void sip_reach_cancel(struct sip_reach *reach); /* accepts NULL */
/* "resolving" or "connecting". */
const char *sip_reach_state(const struct sip_reach *reach);
