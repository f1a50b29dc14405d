/* SPDX-License-Identifier: BSD-3-Clause */
/* Listening sockets of the services. They are opened in the namespace of the calling thread, so
 * all of this belongs to the thread that lives in `picket`. */
#pragma once

#include "dataplane/service.h"

/* How many connections may wait to be accepted; the kernel may cut it (net.core.somaxconn). */
enum { LISTENER_BACKLOG = 4096 };

/* Those that are open, by address and port. */
struct listener {
	struct ip_address address;
	uint16_t port;
	int fd;
};

struct listener_set {
	uint32_t count;
	struct listener items[SERVICES_MAX];
};

/* Open, bind and listen, non-blocking. The descriptor, or -errno with `why` (at least 192 bytes). */
int listener_open(const struct ip_address *address, uint16_t port, char *why, size_t why_bytes);

/* Is fd a TCP socket of this thread's namespace that listens at exactly this address and port? What
 * comes over the channel is believed only after this. */
bool listener_serves(int fd, const struct ip_address *address, uint16_t port);

/* Take over fd, which somebody held for us. 0; -EEXIST: we have one for this place (fd is closed);
 * -EINVAL: it does not listen there (closed); -ENOSPC (closed). */
int listener_offer(
	struct listener_set *set, const struct ip_address *address, uint16_t port, int fd);

/* Open what the services need and the set lacks, close what no service needs. The set ends up in the
 * order of the services. On failure it keeps what it had and `why` names the service. 0, -errno. */
int listener_complete(
	struct listener_set *set, const struct service_list *services, char *why, size_t why_bytes);

/* Close all; the kernel resets connections that nobody accepted. */
void listener_close_all(struct listener_set *set);
