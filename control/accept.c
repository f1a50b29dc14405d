/* SPDX-License-Identifier: BSD-3-Clause */
/* Taking connections off listening sockets. */
#include "control/accept.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/counters.h"
#include "control/socket_address.h"
#include "rules/base/log.h"
#include "rules/base/mark.h"

enum {
	BATCH = 8, /* connections of one listener per round of the loop: sessions have their turn too */
	PAUSE_MS = 100, /* while the system has no descriptor or memory for another */
	INSIDE_BACKLOG = 128,
};

struct accepting {
	struct acceptor *acceptor;
	struct event *event;
	struct service service;
	int fd;
	bool inside;
};

struct acceptor {
	struct loop *loop;
	accept_h *handler;
	void *arg;
	struct accepting *federation;
	uint32_t federation_count;
	struct accepting inside;
	struct timer *pause;
	int reserve; /* given up for a moment to take a connection that we have no room for */
	bool paused;
};

static void events_add(struct acceptor *a)
{
	for (uint32_t i = 0; i < a->federation_count; i++)
		event_add(a->federation[i].event, NULL);
	if (a->inside.event)
		event_add(a->inside.event, NULL);
}

static void pause_over(void *arg)
{
	struct acceptor *a = arg;

	a->paused = false;
	events_add(a);
}

static void pause_start(struct acceptor *a)
{
	for (uint32_t i = 0; i < a->federation_count; i++)
		event_del(a->federation[i].event);
	if (a->inside.event)
		event_del(a->inside.event);
	a->paused = true;
	timer_set_ms(a->pause, PAUSE_MS);
}

static void refuse(int fd, const char *cause)
{
	counter_add("accept.refused", cause, 1);
	close(fd);
}

/* No descriptor left: the peer shall know at once instead of waiting in the backlog. */
static void refuse_with_reserve(struct acceptor *a, int listener)
{
	int fd;

	if (a->reserve >= 0)
		close(a->reserve);
	fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd >= 0)
		refuse(fd, "no_descriptor");
	a->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* The classes that the dataplane lets in. */
static const char *mark_fault(uint32_t mark)
{
	switch (mark_class(mark)) {
	case CLASS_UNKNOWN:
	case CLASS_CLAIMED:
	case CLASS_VERIFIED:
	case CLASS_SUSPICIOUS:
		return NULL;
	case CLASS_NONE:
		return "no_mark";
	case CLASS_OUTBOUND:
	case CLASS_BLOCKED:
		break;
	}
	return "bad_mark";
}

static void accepted(struct accepting *from, int fd, const struct sockaddr_storage *peer)
{
	struct acceptor *a = from->acceptor;
	struct ip_address address;
	uint16_t port;
	uint32_t mark = 0;
	socklen_t len = sizeof(mark);
	const char *fault = NULL;
	int one = 1;

	if (!socket_address_read(peer, &address, &port)) {
		refuse(fd, "no_address");
		return;
	}
	if (!from->inside) {
		if (getsockopt(fd, SOL_SOCKET, SO_MARK, &mark, &len) < 0)
			mark = 0;
		fault = mark_fault(mark);
	}
	if (fault) {
		char text[IP_TEXT_BYTES];

		ip_address_print(&address, text);
		log_debug("accept: %s from %s port %u: %s", fault, text, port,
			"it did not come through the filter");
		refuse(fd, fault);
		return;
	}
	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) < 0) {
		refuse(fd, "gone");
		return;
	}
	counter_add("accept", from->inside ? "inside" : "federation", 1);
	a->handler(a->arg, fd, &address, mark, from->inside ? NULL : &from->service);
}

/* What accept4 says when it is about that one connection or nobody at all, not about us. */
static bool error_is_passing(int error)
{
	return error == EINTR || error == ECONNABORTED || error == EPROTO || error == ENETDOWN ||
	       error == EHOSTDOWN || error == EHOSTUNREACH || error == ENETUNREACH ||
	       error == ENOPROTOOPT || error == EOPNOTSUPP || error == EPERM;
}

static void listener_readable(evutil_socket_t fd, short what, void *arg)
{
	struct accepting *from = arg;
	struct acceptor *a = from->acceptor;

	for (int i = 0; i < BATCH; i++) {
		struct sockaddr_storage peer;
		socklen_t len = sizeof(peer);
		int got = accept4(fd, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
		int error = errno;

		if (got >= 0) {
			accepted(from, got, &peer);
			continue;
		}
		if (error == EAGAIN)
			return;
		if (error_is_passing(error))
			continue;
		if (error == EMFILE || error == ENFILE)
			refuse_with_reserve(a, fd);
		log_warning("accept: %s; pausing for %d ms", strerror(error), PAUSE_MS);
		counter_add("accept", "paused", 1);
		pause_start(a);
		return;
	}
}

static int accepting_init(struct accepting *out, struct acceptor *a, int fd)
{
	out->acceptor = a;
	out->fd = fd;
	out->event =
		event_new(loop_base(a->loop), fd, EV_READ | EV_PERSIST, listener_readable, out);
	return out->event ? 0 : -ENOMEM;
}

static void federation_clear(struct acceptor *a)
{
	for (uint32_t i = 0; i < a->federation_count; i++)
		event_free(a->federation[i].event);
	free(a->federation);
	a->federation = NULL;
	a->federation_count = 0;
}

int acceptor_federation(struct acceptor *a, const struct filter_listener *listeners, uint32_t count)
{
	federation_clear(a);
	a->federation = calloc(count + 1, sizeof(*a->federation));
	if (!a->federation)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++) {
		struct accepting *from = &a->federation[i];

		if (accepting_init(from, a, listeners[i].fd) < 0)
			return -ENOMEM;
		from->service = listeners[i].service;
		a->federation_count++;
	}
	if (!a->paused)
		events_add(a);
	return 0;
}

int acceptor_inside(struct acceptor *a, const struct ip_address *address, uint16_t port)
{
	struct sockaddr_storage bound;
	socklen_t len = socket_address_make(address, port, &bound);
	int one = 1;
	int rc;
	int fd = socket(bound.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);

	if (fd < 0)
		return -errno;
	/* A restart must not wait for the connections of the last run to time out. */
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
		bind(fd, (const struct sockaddr *)&bound, len) < 0 ||
		listen(fd, INSIDE_BACKLOG) < 0) {
		rc = -errno;
		close(fd);
		return rc;
	}
	rc = accepting_init(&a->inside, a, fd);
	if (rc < 0) {
		close(fd);
		return rc;
	}
	a->inside.inside = true;
	if (!a->paused)
		event_add(a->inside.event, NULL);
	return 0;
}

uint16_t acceptor_inside_port(const struct acceptor *a)
{
	struct sockaddr_storage bound;
	struct ip_address address;
	socklen_t len = sizeof(bound);
	uint16_t port = 0;

	if (!a->inside.event || getsockname(a->inside.fd, (struct sockaddr *)&bound, &len) < 0 ||
		!socket_address_read(&bound, &address, &port))
		return 0;
	return port;
}

struct acceptor *acceptor_new(struct loop *loop, accept_h *handler, void *arg)
{
	struct acceptor *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->loop = loop;
	a->handler = handler;
	a->arg = arg;
	a->pause = timer_new(loop, pause_over, a);
	a->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (!a->pause || a->reserve < 0) {
		acceptor_free(a);
		return NULL;
	}
	return a;
}

void acceptor_free(struct acceptor *a)
{
	if (!a)
		return;
	federation_clear(a);
	if (a->inside.event) {
		event_free(a->inside.event);
		close(a->inside.fd);
	}
	timer_free(a->pause);
	if (a->reserve >= 0)
		close(a->reserve);
	free(a);
}
