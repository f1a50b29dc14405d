/* SPDX-License-Identifier: BSD-3-Clause */
/* Taking connections off listening sockets: in bounded batches, only those that passed the filter,
 * and alive when descriptors run out. */
#pragma once

#include "control/filter_client.h"

struct acceptor;

/* A connection, non-blocking, TCP_NODELAY set, now the handler's. mark is 0 and service NULL on the
 * inside listener. */
typedef void accept_h(void *arg, int fd, const struct ip_address *peer, uint32_t mark,
	const struct service *service);

struct acceptor *acceptor_new(struct loop *loop, accept_h *handler, void *arg);
/* Closes the inside listener; federation listeners are their owner's. Accepts NULL. */
void acceptor_free(struct acceptor *acceptor);

/* Serve exactly these federation listeners from now on, in place of those of the last call. Their
 * descriptors must stay open until the next call. A connection on them must carry a mark that the
 * dataplane gives to partners; one without never passed the filter. 0 or -ENOMEM. */
int acceptor_federation(
	struct acceptor *acceptor, const struct filter_listener *listeners, uint32_t count);

/* Open a listener for our own servers, to which the mark rule does not apply. Port 0: any. 0, or
 * -errno of bind or listen. */
int acceptor_inside(struct acceptor *acceptor, const struct ip_address *address, uint16_t port);
/* The port it got; 0 if there is none. */
uint16_t acceptor_inside_port(const struct acceptor *acceptor);
