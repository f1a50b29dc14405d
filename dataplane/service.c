/* SPDX-License-Identifier: BSD-3-Clause */
/* The services of the committed filter. */
#include "dataplane/service.h"

#include <errno.h>

int service_list_read(const struct filter *filter, struct service_list *out)
{
	out->count = 0;
	if (filter->service_count > SERVICES_MAX)
		return -E2BIG;
	for (uint32_t i = 0; i < filter->service_count; i++)
		filter_service(filter, i, &out->items[i]);
	out->count = filter->service_count;
	return 0;
}

const struct filter_service *service_find(
	const struct service_list *list, const struct ip_address *address, uint16_t port)
{
	for (uint32_t i = 0; i < list->count; i++)
		if (list->items[i].port == port &&
			ip_address_equal(&list->items[i].address, address))
			return &list->items[i];
	return NULL;
}

bool service_has_address(const struct service_list *list, const struct ip_address *address)
{
	for (uint32_t i = 0; i < list->count; i++)
		if (ip_address_equal(&list->items[i].address, address))
			return true;
	return false;
}
