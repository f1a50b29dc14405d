/* SPDX-License-Identifier: BSD-3-Clause */
/* Listening sockets of the services. */
#include "dataplane/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* The kernel cuts it down to net.core.somaxconn. */

union socket_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static socklen_t make_address(
	const struct ip_address *address, uint16_t port, union socket_address *out)
{
	memset(out, 0, sizeof(*out));
	if (address->family_bits == 32) {
		out->v4.sin_family = AF_INET;
		out->v4.sin_port = htons(port);
		memcpy(&out->v4.sin_addr, address->bytes, 4);
		return sizeof(out->v4);
	}
	out->v6.sin6_family = AF_INET6;
	out->v6.sin6_port = htons(port);
	memcpy(&out->v6.sin6_addr, address->bytes, 16);
	return sizeof(out->v6);
}

static const char *open_remedy(int error)
{
	switch (error) {
	case -EADDRNOTAVAIL:
		return "; give the namespace this address: scripts/netns up --address";
	case -EADDRINUSE:
		return "; another process listens there, or a control plane holds our listener "
		       "and did not say so";
	case -EACCES:
		return "; CAP_NET_BIND_SERVICE is needed";
	default:
		return "";
	}
}

int listener_open(const struct ip_address *address, uint16_t port, char *why, size_t why_bytes)
{
	int family = address->family_bits == 32 ? AF_INET : AF_INET6;
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
	union socket_address where;
	socklen_t len = make_address(address, port, &where);
	char text[IP_TEXT_BYTES];
	int error = fd < 0 ? -errno : 0;
	int one = 1;

	/* REUSEADDR: connections of an earlier run in TIME_WAIT are no reason to wait. */
	if (!error && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0)
		error = -errno;
	if (!error && family == AF_INET6 &&
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)) < 0)
		error = -errno;
	if (!error && (bind(fd, &where.any, len) < 0 || listen(fd, LISTENER_BACKLOG) < 0))
		error = -errno;
	if (!error)
		return fd;
	if (fd >= 0)
		close(fd);
	ip_address_print(address, text);
	snprintf(why, why_bytes, "cannot listen at %s port %u: %s%s", text, port, strerror(-error),
		open_remedy(error));
	return error;
}

static bool option_is(int fd, int option, int value)
{
	int got = 0;
	socklen_t len = sizeof(got);

	return getsockopt(fd, SOL_SOCKET, option, &got, &len) == 0 && got == value;
}

/* A listener of another namespace would never see a frame from our TAP. */
static bool is_of_this_namespace(int fd)
{
	struct stat theirs, ours;
	int ns = ioctl(fd, SIOCGSKNS);
	bool same;

	if (ns < 0)
		return false;
	same = fstat(ns, &theirs) == 0 && stat("/proc/thread-self/ns/net", &ours) == 0 &&
	       theirs.st_dev == ours.st_dev && theirs.st_ino == ours.st_ino;
	close(ns);
	return same;
}

bool listener_serves(int fd, const struct ip_address *address, uint16_t port)
{
	union socket_address want, got;
	socklen_t len = sizeof(got);

	if (!option_is(fd, SO_ACCEPTCONN, 1) || !option_is(fd, SO_PROTOCOL, IPPROTO_TCP))
		return false;
	memset(&got, 0, sizeof(got));
	make_address(address, port, &want);
	if (getsockname(fd, &got.any, &len) < 0 || got.any.sa_family != want.any.sa_family)
		return false;
	if (got.any.sa_family == AF_INET
			? got.v4.sin_port != want.v4.sin_port ||
				  got.v4.sin_addr.s_addr != want.v4.sin_addr.s_addr
			: got.v6.sin6_port != want.v6.sin6_port ||
				  memcmp(&got.v6.sin6_addr, &want.v6.sin6_addr, 16) != 0)
		return false;
	return is_of_this_namespace(fd);
}

static struct listener *find(
	struct listener_set *set, const struct ip_address *address, uint16_t port)
{
	for (uint32_t i = 0; i < set->count; i++)
		if (set->items[i].port == port && ip_address_equal(&set->items[i].address, address))
			return &set->items[i];
	return NULL;
}

int listener_offer(
	struct listener_set *set, const struct ip_address *address, uint16_t port, int fd)
{
	int error = 0;

	if (find(set, address, port))
		error = -EEXIST;
	else if (!listener_serves(fd, address, port))
		error = -EINVAL;
	else if (set->count == SERVICES_MAX)
		error = -ENOSPC;
	if (error) {
		close(fd);
		return error;
	}
	set->items[set->count++] = (struct listener){.address = *address, .port = port, .fd = fd};
	return 0;
}

/* Close those of `from` on in the set that are not also in `but`. */
static void close_others(struct listener_set *set, const struct listener_set *but)
{
	for (uint32_t i = 0; i < set->count; i++) {
		bool kept = false;

		for (uint32_t k = 0; k < but->count && !kept; k++)
			kept = but->items[k].fd == set->items[i].fd;
		if (!kept)
			close(set->items[i].fd);
	}
}

int listener_complete(
	struct listener_set *set, const struct service_list *services, char *why, size_t why_bytes)
{
	struct listener_set next = {.count = 0};

	for (uint32_t i = 0; i < services->count; i++) {
		const struct filter_service *service = &services->items[i];
		struct listener *have = find(set, &service->address, service->port);
		int fd = have ? have->fd
			      : listener_open(&service->address, service->port, why, why_bytes);

		if (fd < 0) {
			close_others(&next, set);
			return fd;
		}
		next.items[next.count++] = (struct listener){
			.address = service->address, .port = service->port, .fd = fd};
	}
	close_others(set, &next);
	*set = next;
	return 0;
}

void listener_close_all(struct listener_set *set)
{
	for (uint32_t i = 0; i < set->count; i++)
		close(set->items[i].fd);
	set->count = 0;
}
