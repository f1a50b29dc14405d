/* SPDX-License-Identifier: BSD-3-Clause */
/* Opening outbound connections, target after target. */
#include "control/connect.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/counters.h"
#include "control/socket_address.h"
#include "rules/base/mark.h"

enum { ANNOUNCED_MAX_MS = 60000 }; /* the dataplane keeps an announcement no longer */

struct connect {
	struct loop *loop;
	struct filter_client *filter;
	struct generation *generation; /* by whose rules it was decided */
	enum connect_side side;
	uint32_t partner_id;
	uint32_t timeout_ms; /* for each target */
	connect_h *handler;
	void *arg;
	struct target targets[RESOLVE_TARGETS_MAX];
	uint32_t count;
	uint32_t next;  /* target to try after this one */
	int last_error; /* -errno of the target before; what the handler gets when all failed */
	bool due;       /* the timer is the start of the next target, not the end of this one */
	struct timer *timer;
	struct event *writable;
	struct expect_request *expected;
	int fd;
};

static void attempt_drop(struct connect *c)
{
	expect_cancel(c->expected);
	c->expected = NULL;
	if (c->writable)
		event_free(c->writable);
	c->writable = NULL;
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

void connect_cancel(struct connect *c)
{
	if (!c)
		return;
	attempt_drop(c);
	timer_free(c->timer);
	generation_drop(c->generation);
	free(c);
}

static void report(struct connect *c, int fd)
{
	connect_h *handler = c->handler;
	void *arg = c->arg;

	connect_cancel(c);
	handler(arg, fd);
}

/* The next target has its turn in a later round: handlers never run inside calls. */
static void attempt_failed(struct connect *c, int error)
{
	attempt_drop(c);
	c->last_error = error;
	c->due = true;
	timer_set_ms(c->timer, 0);
}

static void finished(evutil_socket_t fd, short what, void *arg)
{
	struct connect *c = arg;
	int error = 0;
	socklen_t len = sizeof(error);

	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		error = errno;
	if (error) {
		attempt_failed(c, -error);
		return;
	}
	counter_add("connect", "established", 1);
	fd = c->fd;
	c->fd = -1;
	report(c, fd);
}

static void attempt_connect(struct connect *c)
{
	const struct target *target = &c->targets[c->next - 1];
	struct sockaddr_storage address;
	socklen_t len = socket_address_make(&target->address, target->port, &address);

	c->writable = event_new(loop_base(c->loop), c->fd, EV_WRITE, finished, c);
	if (!c->writable || event_add(c->writable, NULL) < 0) {
		attempt_failed(c, -ENOMEM);
		return;
	}
	if (connect(c->fd, (const struct sockaddr *)&address, len) < 0 && errno != EINPROGRESS)
		attempt_failed(c, -errno);
}

static void announced(void *arg, int error)
{
	struct connect *c = arg;

	c->expected = NULL;
	if (error) {
		counter_add("connect.refused", "not_announced", 1);
		attempt_failed(c, error);
		return;
	}
	attempt_connect(c);
}

/* The service address to leave from: of the target's family, if possible of the protocol. */
static const struct service *service_for(const struct connect *c, const struct target *target)
{
	const struct ruleset *rules = c->generation->rules;
	const struct partner *partner = ruleset_partner_by_id(rules, c->partner_id);
	const struct service *found = NULL;

	for (uint32_t i = 0; i < rules->service_count; i++) {
		const struct service *service = &rules->services[i];

		if (service->address.family_bits != target->address.family_bits)
			continue;
		if (!partner || partner->terms.protocols & 1u << service->protocol)
			return service;
		if (!found)
			found = service;
	}
	return found;
}

/* Bind first: the port must be known before the SYN leaves, to be announced. */
static int bind_and_announce(struct connect *c, const struct target *target)
{
	const struct service *service = service_for(c, target);
	struct sockaddr_storage address;
	struct ip_address from;
	uint32_t ttl_ms = c->timeout_ms < ANNOUNCED_MAX_MS ? c->timeout_ms : ANNOUNCED_MAX_MS;
	uint16_t port;
	socklen_t len;

	if (!service)
		return -EAFNOSUPPORT;
	len = socket_address_make(&service->address, 0, &address);
	if (bind(c->fd, (const struct sockaddr *)&address, len) < 0)
		return -errno;
	len = sizeof(address);
	if (getsockname(c->fd, (struct sockaddr *)&address, &len) < 0)
		return -errno;
	if (!socket_address_read(&address, &from, &port))
		return -EAFNOSUPPORT;
	c->expected = filter_client_expect(c->filter, &from, port, &target->address, target->port,
		mark_make(CLASS_OUTBOUND, c->partner_id), ttl_ms, announced, c);
	return c->expected ? 0 : -ENOMEM;
}

static void attempt_start(struct connect *c)
{
	const struct target *target = &c->targets[c->next++];
	int one = 1;
	int rc = 0;

	timer_set_ms(c->timer, c->timeout_ms);
	c->fd = socket(target->address.family_bits == 32 ? AF_INET : AF_INET6,
		SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
	if (c->fd < 0 || setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) < 0)
		rc = -errno;
	else if (c->side == CONNECT_PARTNER)
		rc = bind_and_announce(c, target);
	else
		attempt_connect(c);
	if (rc < 0)
		attempt_failed(c, rc);
}

static void timer_fired(void *arg)
{
	struct connect *c = arg;

	if (!c->due) {
		counter_add("connect.refused", "timeout", 1);
		attempt_drop(c);
		c->last_error = -ETIMEDOUT;
	}
	c->due = false;
	if (c->next < c->count) {
		attempt_start(c);
		return;
	}
	counter_add("connect.refused", "no_target_left", 1);
	report(c, c->last_error);
}

struct connect *connect_start(struct loop *loop, struct filter_client *filter,
	struct generation *generation, enum connect_side side, uint32_t partner_id,
	const struct target *targets, uint32_t count, uint32_t timeout_ms, connect_h *handler,
	void *arg)
{
	struct connect *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->timer = timer_new(loop, timer_fired, c);
	if (!c->timer) {
		free(c);
		return NULL;
	}
	c->loop = loop;
	c->filter = filter;
	c->generation = generation_hold(generation);
	c->side = side;
	c->partner_id = partner_id;
	c->count = count < RESOLVE_TARGETS_MAX ? count : RESOLVE_TARGETS_MAX;
	for (uint32_t i = 0; i < c->count; i++)
		c->targets[i] = targets[i];
	c->timeout_ms = timeout_ms;
	c->handler = handler;
	c->arg = arg;
	c->fd = -1;
	c->last_error = -EHOSTUNREACH;
	c->due = true;
	timer_set_ms(c->timer, 0);
	return c;
}
