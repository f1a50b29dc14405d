/* SPDX-License-Identifier: BSD-3-Clause */
/* What the kernel in front of the TAP counts of its own queues, read from proc(5) net/netstat. Pure. */
#pragma once

#include "rules/base/view.h"

/* X(ours, the kernel's name, what it counts) */
#define NETSTAT_COUNTERS(X)                                                                         \
	X(accept_queue_full, "ListenOverflows",                                                     \
		"connections that found a listener's accept queue full: their segment comes again") \
	X(not_begun, "ListenDrops",                                                                 \
		"connections that a listener could not begin, for whatever reason")                 \
	X(handshake_queue_full, "TCPReqQFullDrop",                                                  \
		"SYNs that found the queue of half-open connections full")                          \
	X(syn_cookies_sent, "SyncookiesSent", "SYNs that the kernel answered with a cookie")        \
	X(syn_cookies_received, "SyncookiesRecv", "such cookies that came back")                    \
	X(syn_cookies_failed, "SyncookiesFailed", "segments that looked like one and were none")

enum {
#define NETSTAT_ENUM(ours, theirs, text) NETSTAT_##ours,
	NETSTAT_COUNTERS(NETSTAT_ENUM)
#undef NETSTAT_ENUM
		NETSTAT_COUNT,
	NETSTAT_FILE_BYTES = 16 << 10, /* enough for the file; Linux 6.18 has 4 KiB of it */
};

const char *netstat_name(uint32_t counter);
const char *netstat_text(uint32_t counter);

/* Take the counters from the file's text. One that this kernel does not have is 0. False if the line
 * of names and the line of values of TcpExt are not both there and equally long; counts is then as it
 * was. */
bool netstat_read(struct view text, uint64_t counts[static NETSTAT_COUNT]);
