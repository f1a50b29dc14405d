/* SPDX-License-Identifier: BSD-3-Clause */
/* Connections that the kernel kept while we were gone go back into the flow table, so that a
 * restart of the dataplane ends none. */
#pragma once

#include "dataplane/diag.h"
#include "dataplane/flow.h"
#include "dataplane/service.h"

struct adopt_count {
	uint32_t adopted;   /* are flows again */
	uint32_t unmarked;  /* at a service, but not let in by the filter: they stay cut off */
	uint32_t elsewhere; /* no business of ours: inside leg, loopback */
	uint32_t refused;   /* the flow table did not take them */
};

/* Is this socket a connection that crossed the filter? Inbound: its local end is a service and it
 * bears a mark. Outbound: its local address is a service's, its port none. Fills *seed. Pure. */
bool adopt_seed(const struct diag_socket *socket, const struct service_list *services,
	struct flow_seed *seed);

/* Ask the kernel for all TCP connections of the calling thread's namespace and adopt ours. Before
 * the worker and the port start, after crew_prepare. 0, or -errno with `why` (at least 128
 * bytes). */
int adopt_run(const struct service_list *services, struct adopt_count *count, char *why,
	size_t why_bytes);
