/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads what the kernel's sock_diag says of TCP sockets. Pure: bytes in, sockets out. Knows
 * nothing of services or flows. */
#pragma once

#include "rules/base/view.h"
#include "rules/prefix.h"

/* One TCP socket of the kernel. An IPv4 conversation on an IPv6 socket is told as IPv4. */
struct diag_socket {
	struct ip_address local, remote;
	uint16_t local_port, remote_port;
	uint32_t mark;     /* SO_MARK; 0 if has_mark is false */
	uint8_t tcp_state; /* TCP_ESTABLISHED, TCP_TIME_WAIT, ... */
	bool has_mark;     /* told only to CAP_NET_ADMIN, and not of every state on old kernels */
};

enum diag_next {
	DIAG_SOCKET,  /* *socket is filled */
	DIAG_END,     /* of this datagram; the dump goes on in the next */
	DIAG_DONE,    /* of the dump */
	DIAG_REFUSED, /* the kernel said no: *error is its -errno */
	DIAG_BAD,     /* no netlink message of inet_diag: fault is filled */
};

/* The next socket of a datagram; *rest moves behind what was read. Messages of other requests than
 * `sequence` are passed over. */
enum diag_next diag_next(struct view *rest, uint32_t sequence, struct diag_socket *socket,
	int *error, struct fault *fault);
