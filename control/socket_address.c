/* SPDX-License-Identifier: BSD-3-Clause */
/* Between our addresses and the kernel's. */
#include "control/socket_address.h"

#include <netinet/in.h>

socklen_t socket_address_make(
	const struct ip_address *address, uint16_t port, struct sockaddr_storage *out)
{
	memset(out, 0, sizeof(*out));
	if (address->family_bits == 32) {
		struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};

		memcpy(&v4.sin_addr, address->bytes, 4);
		memcpy(out, &v4, sizeof(v4));
		return sizeof(v4);
	}
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

	memcpy(&v6.sin6_addr, address->bytes, 16);
	memcpy(out, &v6, sizeof(v6));
	return sizeof(v6);
}

bool socket_address_read(
	const struct sockaddr_storage *in, struct ip_address *address, uint16_t *port)
{
	*address = (struct ip_address){0};
	if (in->ss_family == AF_INET) {
		struct sockaddr_in v4;

		memcpy(&v4, in, sizeof(v4));
		address->family_bits = 32;
		memcpy(address->bytes, &v4.sin_addr, 4);
		*port = ntohs(v4.sin_port);
		return true;
	}
	if (in->ss_family == AF_INET6) {
		struct sockaddr_in6 v6;
		bool mapped;

		memcpy(&v6, in, sizeof(v6));
		mapped = IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr);
		address->family_bits = mapped ? 32 : 128;
		memcpy(address->bytes, v6.sin6_addr.s6_addr + (mapped ? 12 : 0), mapped ? 4 : 16);
		*port = ntohs(v6.sin6_port);
		return true;
	}
	return false;
}
