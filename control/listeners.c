/* SPDX-License-Identifier: BSD-3-Clause */
/* The listening sockets that the dataplane opened for us, as a set. */
#include "control/listeners.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/counters.h"
#include "control/socket_address.h"
#include "rules/base/log.h"

/* Is this the TCP listener it is said to be? The dataplane is trusted; a mix-up is still better
 * found here than as SIP on the XMPP port. */
static bool listens_on(int fd, const struct ip_address *address, uint16_t port)
{
	struct sockaddr_storage bound;
	struct ip_address bound_address;
	uint16_t bound_port;
	int listening = 0;
	int flags = fcntl(fd, F_GETFL);
	socklen_t len = sizeof(listening);

	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) < 0 || !listening)
		return false;
	len = sizeof(bound);
	if (getsockname(fd, (struct sockaddr *)&bound, &len) < 0 ||
		!socket_address_read(&bound, &bound_address, &bound_port))
		return false;
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return false;
	return bound_port == port && ip_address_equal(&bound_address, address);
}

static const struct service *service_named(const struct ruleset *rules, const json_t *entry)
{
	const char *address_text = json_string_value(json_object_get(entry, "address"));
	json_int_t port = json_integer_value(json_object_get(entry, "port"));
	struct ip_address address;

	if (!address_text || !ip_address_parse(view_of(address_text), &address))
		return NULL;
	for (uint32_t i = 0; i < rules->service_count; i++)
		if (rules->services[i].port == port &&
			ip_address_equal(&rules->services[i].address, &address))
			return &rules->services[i];
	return NULL;
}

static bool holds(const struct listeners *set, const struct service *service)
{
	for (uint32_t i = 0; i < set->count; i++)
		if (set->list[i].service.port == service->port &&
			ip_address_equal(&set->list[i].service.address, &service->address))
			return true;
	return false;
}

bool listeners_read(struct channel_packet *answer, const struct ruleset *rules,
	struct listeners *out, char *why, size_t why_bytes)
{
	json_t *entries = json_object_get(answer->message, "listeners");
	size_t count = json_array_size(entries);

	*out = (struct listeners){0};
	if (!json_is_array(entries) || count != answer->fd_count) {
		snprintf(why, why_bytes, "listeners: %zu entries with %u descriptors", count,
			answer->fd_count);
		return false;
	}
	out->list = calloc(count + 1, sizeof(*out->list));
	if (!out->list) {
		snprintf(why, why_bytes, "out of memory");
		return false;
	}
	for (uint32_t i = 0; i < count; i++) {
		const struct service *service = service_named(rules, json_array_get(entries, i));

		if (!service || holds(out, service) ||
			!listens_on(answer->fds[i], &service->address, service->port)) {
			log_warning("listeners: entry %u is no service of our rules", i);
			counter_add("filter.refused", "listener", 1);
			continue;
		}
		out->list[out->count++] = (struct filter_listener){
			.service = *service, .fd = channel_packet_take(answer, i)};
	}
	for (uint32_t i = 0; i < rules->service_count; i++)
		if (!holds(out, &rules->services[i])) {
			char text[IP_TEXT_BYTES];

			ip_address_print(&rules->services[i].address, text);
			log_warning("listeners: none for service %s port %u", text,
				rules->services[i].port);
		}
	return true;
}

static uint64_t cookie_of(int fd)
{
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);

	if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len) < 0)
		return 0;
	return cookie;
}

void listeners_keep_same(struct listeners *fresh, struct listeners *held)
{
	for (uint32_t i = 0; i < fresh->count; i++)
		for (uint32_t k = 0; k < held->count; k++) {
			int fd = fresh->list[i].fd;
			uint64_t cookie = cookie_of(fd);

			if (cookie == 0 || cookie != cookie_of(held->list[k].fd))
				continue;
			fresh->list[i].fd = held->list[k].fd;
			held->list[k].fd = fd;
			break;
		}
}

uint32_t listeners_fds(const struct listeners *set, int *out, uint32_t max)
{
	uint32_t count = set->count < max ? set->count : max;

	for (uint32_t i = 0; i < count; i++)
		out[i] = set->list[i].fd;
	return count;
}

json_t *listeners_json(const struct listeners *set)
{
	json_t *entries = json_array();

	for (uint32_t i = 0; i < set->count; i++) {
		const struct service *service = &set->list[i].service;
		char text[IP_TEXT_BYTES];

		ip_address_print(&service->address, text);
		json_array_append_new(entries,
			json_pack("{s:s, s:i, s:s}", "address", text, "port", (int)service->port,
				"protocol", service->protocol == PROTOCOL_SIP ? "sip" : "xmpp"));
	}
	return entries;
}

void listeners_free(struct listeners *set)
{
	for (uint32_t i = 0; i < set->count; i++)
		close(set->list[i].fd);
	free(set->list);
	*set = (struct listeners){0};
}
