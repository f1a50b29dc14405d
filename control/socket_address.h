/* SPDX-License-Identifier: BSD-3-Clause */
/* Between our addresses and the kernel's. */
#pragma once

#include <sys/socket.h>

#include "rules/prefix.h"

/* Returns the length to pass along. */
socklen_t socket_address_make(
	const struct ip_address *address, uint16_t port, struct sockaddr_storage *out);
/* False for another family. IPv4-mapped IPv6 becomes IPv4. */
bool socket_address_read(
	const struct sockaddr_storage *in, struct ip_address *address, uint16_t *port);
