/* SPDX-License-Identifier: BSD-3-Clause */
/* The services of the committed filter, for what happens outside the packet path: listeners, and
 * telling our connections from others after a restart. */
#pragma once

#include "dataplane/channel/channel.h"
#include "rules/filter.h"

/* All listeners travel in one packet. */
enum { SERVICES_MAX = CHANNEL_FDS_MAX };

struct service_list {
	uint32_t count;
	struct filter_service items[SERVICES_MAX];
};

/* Copy the services of a checked filter. 0; -E2BIG: more than SERVICES_MAX. */
int service_list_read(const struct filter *filter, struct service_list *out);
/* The service at this address and port, or NULL. */
const struct filter_service *service_find(
	const struct service_list *list, const struct ip_address *address, uint16_t port);
/* Is this the address of one of the services? */
bool service_has_address(const struct service_list *list, const struct ip_address *address);
