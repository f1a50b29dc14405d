/* SPDX-License-Identifier: BSD-3-Clause */
/* Which worker a connection belongs to: the same one for both directions, whichever port and queue
 * its frames come in by. Knows tuples and frames; nothing of rings, flows' states or ports.
 *
 * Where every port spreads frames itself with a key of ours (RSS), the owner is where such a port
 * puts them, computed here too; else a keyed hash says it. What a port did is never believed: each
 * frame is looked at, so a port that spreads otherwise costs a crossing and nothing else. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "dataplane/packet.h"

enum {
	STEER_WORKERS_MAX = 32,
	STEER_BUCKETS = 128, /* of RSS; bucket i is worker i modulo workers */
};
#define STEER_ANY UINT32_MAX

/* For so many workers (1 to STEER_WORKERS_MAX). rss_seed: that of the ports' key, 0: they have none.
 * Before the workers run, and before anybody asks for an owner. */
void steer_setup(uint32_t workers, uint16_t rss_seed);

/* The worker of a connection; key as flows have it: src is the remote. Any thread. */
uint32_t steer_owner(const struct tuple *key);

/* The key of the connection that a parsed frame belongs to, or that an ICMP error is about; false if
 * there is none. outward: it comes from the kernel. */
static inline bool steer_key(const struct packet *packet, bool outward, struct tuple *key)
{
	const struct packet *p = packet;

	/* Flows are kept as seen from outside, and an ICMP error quotes what went the other way. */
	if (p->kind == PACKET_TCP)
		*key = outward ? tuple_reverse(&p->tuple) : p->tuple;
	else if ((p->kind == PACKET_ICMP || p->kind == PACKET_ICMP6) && p->icmp.is_error)
		*key = outward ? p->icmp.quoted : tuple_reverse(&p->icmp.quoted);
	else
		return false;
	return true;
}

/* The worker of a frame of contiguous bytes, not parsed before; STEER_ANY: whoever has it, for it is
 * malformed or goes nowhere. What belongs to no connection is worker 0's. Any thread. */
uint32_t steer_frame(struct view frame, bool outward);

/* A seed for steer_setup: never 0, and each of its keys spreads over all buckets. -EIO: there is no
 * randomness. */
int steer_rss_seed(uint16_t *seed);
/* The Toeplitz key of a seed: sixteen bits over and over, so that both directions give one hash. */
void steer_rss_key(uint16_t seed, uint8_t *out, size_t bytes);
/* The low sixteen bits of what a port with this key computes of a TCP segment. */
uint16_t steer_rss_hash(uint16_t seed, const struct tuple *tuple);
