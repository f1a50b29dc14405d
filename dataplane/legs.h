/* SPDX-License-Identifier: BSD-3-Clause */
/* The outside ports as workers see them: each has its MAC, its VLAN tag, its queues. And which of our
 * neighbours is at which. One for all workers; nothing of flows. */
#pragma once

#include <rte_mbuf.h>
#include <rte_spinlock.h>

#include "dataplane/hash.h"
#include "dataplane/packet.h"
#include "dataplane/steer.h"

enum {
	LEGS_MAX = 8,
	LEGS_NEIGHBOURS = 4096,
	LEG_ALL = 254,  /* not one leg, but each */
	LEG_NONE = 255, /* not known */
};

/* An Ethernet device that is configured and started by the caller. */
struct leg_config {
	uint16_t port_id;
	uint16_t vlan_id;              /* the port's tag; 0: none, or the one that comes in */
	uint16_t rx_queues, tx_queues; /* each from 0 on; 0: one. At most STEER_WORKERS_MAX */
};

struct leg {
	struct leg_config config;
	bool has_mac;   /* false on ports without one (net_ring): all frames are ours */
	bool foreign;   /* its MAC is not the TAP's: frames are rewritten on their way */
	uint8_t mac[6]; /* of the port */
	/* Bit 16: there is a tag; below it the tag. Read and written atomically: what came in last
	 * with a neighbour's question says it, unless it was configured. */
	uint32_t tag;
	/* Of its TX queues, for workers that have to share one. */
	rte_spinlock_t tx_locks[STEER_WORKERS_MAX] __rte_cache_aligned;
};

struct legs {
	struct leg all[LEGS_MAX];
	uint32_t count;
	bool rewrites;          /* a leg is foreign */
	bool has_mac;           /* the first port has one: it is the TAP's too */
	uint8_t mac[6];         /* of the TAP */
	uint8_t link_local[16]; /* the address that the TAP makes from it */
	struct hash_secret secret;
	/* By hash of the MAC: MAC << 16 | leg << 8 | 1, or 0. Each is one word, read and written
	 * atomically: whoever knows last is right, and what two MACs meet in is the later one's. */
	uint64_t neighbours[LEGS_NEIGHBOURS];
};

/* 0, -EINVAL (a count of 0 or above LEGS_MAX, a tag above 4094, too many queues), -EIO. */
int legs_init(struct legs *legs, const struct leg_config *configs, uint32_t count);
/* Ask the ports for their MACs. They are started. */
void legs_learn_macs(struct legs *legs);
/* Give a leg this MAC; the first leg's is the TAP's too. */
void legs_set_mac(struct legs *legs, uint32_t number, const uint8_t mac[static 6]);

enum { LEG_TAGGED = 1 << 16 };

static inline uint32_t leg_tag(const struct leg *leg)
{
	return __atomic_load_n(&leg->tag, __ATOMIC_RELAXED);
}
void leg_learn_tag(struct leg *leg, bool tagged, uint16_t tci);

/* A neighbour was heard on a leg. Does nothing while there is only one. */
void legs_learn(struct legs *legs, const uint8_t mac[static 6], uint32_t number);
/* Where a neighbour was heard last; LEG_ALL for a group address, LEG_NONE if nobody knows. */
uint32_t legs_find(const struct legs *legs, const uint8_t mac[static 6]);

/* Frames between the TAP and a foreign leg: ours is the TAP's MAC on one side, the port's on the
 * other, also where ARP and neighbour discovery tell it. */
void leg_rewrite_inward(const struct legs *legs, const struct leg *leg, struct rte_mbuf *frame);
void leg_rewrite_outward(
	const struct leg *leg, struct rte_mbuf *frame, const struct packet *packet);

static inline void leg_inward(const struct legs *legs, uint32_t number, struct rte_mbuf *frame)
{
	if (unlikely(legs->rewrites))
		leg_rewrite_inward(legs, &legs->all[number], frame);
}

static inline void leg_outward(
	const struct leg *leg, struct rte_mbuf *frame, const struct packet *packet)
{
	if (unlikely(leg->foreign))
		leg_rewrite_outward(leg, frame, packet);
}
