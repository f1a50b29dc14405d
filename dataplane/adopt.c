/* SPDX-License-Identifier: BSD-3-Clause */
/* Connections that the kernel kept while we were gone go back into the flow table. */
#include "dataplane/adopt.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rules/base/log.h"
#include "rules/base/mark.h"

enum {
	ANSWER_BYTES = 64 * 1024, /* the kernel fills at most 32 KiB */
	SYN_RECV_BIT = 1 << TCP_SYN_RECV,
	CONNECTION_STATES = 1 << TCP_ESTABLISHED | SYN_RECV_BIT | 1 << TCP_SYN_SENT |
			    1 << TCP_FIN_WAIT1 | 1 << TCP_FIN_WAIT2 | 1 << TCP_CLOSE_WAIT |
			    1 << TCP_LAST_ACK | 1 << TCP_CLOSING | 1 << TCP_TIME_WAIT,
	NEW_SYN_RECV = 12, /* TCP_NEW_SYN_RECV: how the kernel names a request to itself */
};

bool adopt_seed(const struct diag_socket *socket, const struct service_list *services,
	struct flow_seed *seed)
{
	bool inbound = service_find(services, &socket->local, socket->local_port) != NULL;

	if (!inbound && !service_has_address(services, &socket->local))
		return false;
	memset(seed, 0, sizeof(*seed));
	memcpy(seed->tuple.src, socket->remote.bytes, sizeof(seed->tuple.src));
	memcpy(seed->tuple.dst, socket->local.bytes, sizeof(seed->tuple.dst));
	seed->tuple.src_port = socket->remote_port;
	seed->tuple.dst_port = socket->local_port;
	seed->tuple.family = socket->local.family_bits == 32 ? TUPLE_IPV4 : TUPLE_IPV6;
	seed->tuple.protocol = IPPROTO_TCP;
	seed->tcp_state = socket->tcp_state == NEW_SYN_RECV ? TCP_SYN_RECV : socket->tcp_state;
	seed->outbound = !inbound;
	seed->mark = socket->mark;
	/* The control plane may not set marks, so our own connections show none. Whom they lead to
	 * was in the announcement, which died with the earlier run. */
	if (!inbound && mark_class(socket->mark) == CLASS_NONE)
		seed->mark = mark_make(CLASS_OUTBOUND, PARTNER_NONE);
	return true;
}

static void adopt_one(const struct diag_socket *socket, const struct service_list *services,
	struct adopt_count *count)
{
	struct flow_seed seed;
	int error;

	if (!adopt_seed(socket, services, &seed)) {
		count->elsewhere++;
		return;
	}
	if (mark_class(seed.mark) == CLASS_NONE) {
		count->unmarked++;
		return;
	}
	error = flow_adopt(&seed);
	if (error && error != -EEXIST) {
		log_debug("flow not adopted: %s", strerror(-error));
		count->refused++;
		return;
	}
	count->adopted++;
}

static int send_request(int fd, uint8_t family, uint32_t sequence)
{
	struct {
		struct nlmsghdr header;
		struct inet_diag_req_v2 request;
	} message = {
		.header = {.nlmsg_len = sizeof(message),
			.nlmsg_type = SOCK_DIAG_BY_FAMILY,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
			.nlmsg_seq = sequence},
		.request = {.sdiag_family = family,
			.sdiag_protocol = IPPROTO_TCP,
			.idiag_states = CONNECTION_STATES},
	};
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};

	if (sendto(fd, &message, sizeof(message), 0, (struct sockaddr *)&kernel, sizeof(kernel)) <
		0)
		return -errno;
	return 0;
}

static int receive(int fd, void *bytes, struct view *out)
{
	struct sockaddr_nl sender = {.nl_family = AF_NETLINK};
	socklen_t sender_len = sizeof(sender);
	ssize_t got;

	do {
		got = recvfrom(fd, bytes, ANSWER_BYTES, MSG_TRUNC, (struct sockaddr *)&sender,
			&sender_len);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	if (got > ANSWER_BYTES)
		return -EMSGSIZE;
	if (sender.nl_pid != 0)
		return -EBADMSG; /* not the kernel */
	*out = view_make(bytes, (size_t)got);
	return 0;
}

static int read_dump(
	int fd, uint32_t sequence, const struct service_list *services, struct adopt_count *count)
{
	static uint8_t bytes[ANSWER_BYTES];
	struct diag_socket socket;
	struct fault fault;
	struct view rest;
	int error;

	for (;;) {
		error = receive(fd, bytes, &rest);
		if (error)
			return error;
		for (;;) {
			enum diag_next next = diag_next(&rest, sequence, &socket, &error, &fault);

			if (next == DIAG_END)
				break;
			if (next == DIAG_DONE)
				return 0;
			if (next == DIAG_REFUSED)
				return error;
			if (next == DIAG_BAD) {
				log_error("sock_diag: %s at byte %u of an answer", fault.cause,
					fault.offset_bytes);
				return -EBADMSG;
			}
			adopt_one(&socket, services, count);
		}
	}
}

int adopt_run(
	const struct service_list *services, struct adopt_count *count, char *why, size_t why_bytes)
{
	static const uint8_t families[] = {AF_INET, AF_INET6};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	int error = fd < 0 ? -errno : 0;

	memset(count, 0, sizeof(*count));
	for (uint32_t i = 0; i < sizeof(families) && !error; i++) {
		error = send_request(fd, families[i], i + 1);
		if (!error)
			error = read_dump(fd, i + 1, services, count);
		/* A kernel without IPv6. */
		if (families[i] == AF_INET6 && error == -ENOENT)
			error = 0;
	}
	if (fd >= 0)
		close(fd);
	if (error)
		snprintf(why, why_bytes,
			"cannot ask for the connections that live on (sock_diag): %s; a kernel with "
			"CONFIG_INET_DIAG is needed",
			strerror(-error));
	return error;
}
