/* SPDX-License-Identifier: BSD-3-Clause */
/* Connections that cross the edge. Knows tuples, sequence numbers and partners; nothing of TLS,
 * SIP, XMPP, frames or sockets. A table belongs to one worker; others may only copy from it. What
 * connections use is entered in the ledger of all workers. */
#pragma once

#include <stdint.h>

#include <rte_common.h>
#include <rte_hash.h>

#include "dataplane/ledger.h"
#include "dataplane/tuple.h"
#include "rules/base/clock.h"

/* In the order in which a connection goes through them. */
#define FLOW_STATES(X)                                                                             \
	X(none, 0)              /* the slot is free */                                             \
	X(new, 60000)           /* SYN seen */                                                     \
	X(held, 6000)           /* handshake answered by us; first bytes are kept, not passed */   \
	X(reading, 30000)       /* answered by the kernel; first bytes are read as they pass */    \
	X(passed, 30000)        /* first bytes accepted, not all acknowledged by the kernel */     \
	X(established, 7500000) /* nothing more is read; above the 2 h of TCP's keepalive */       \
	X(closing, 240000)      /* one end sent FIN */                                             \
	X(closed, 65000)        /* both did, or RST: outlives the kernel's TIME_WAIT */            \
	X(refused, 30000)       /* reset by us */

enum flow_state {
#define FLOW_STATE_ENUM(name, timeout_ms) FLOW_##name,
	FLOW_STATES(FLOW_STATE_ENUM)
#undef FLOW_STATE_ENUM
		FLOW_STATE_COUNT
};

enum {                        /* struct flow.flags */
	FLOW_OUTBOUND = 0x01, /* we opened it */
	FLOW_FIN_IN = 0x02,   /* FIN seen from the remote */
	FLOW_FIN_OUT = 0x04,  /* FIN seen from the kernel */
	FLOW_RESET = 0x08,    /* closed by RST */
	FLOW_VLAN = 0x10,     /* the remote's frames carry vlan_tci */
	FLOW_ACKED = 0x20,    /* ack_out holds something */
	FLOW_UNREAD = 0x40,   /* closed before its first bytes were accepted and acknowledged */
	FLOW_TAKEN = 0x80,    /* the kernel has shown that it took it over from us */
};

/* Entries of prefixes: of the /24 or /56, and for IPv6 of the /64 in it if there was room. Or of a domain, and
 * if there was room of all domains that come from that /24 or /56. */
struct flow_place {
	uint32_t wide, narrow; /* or PREFIX_NONE */
};

/* The first cache line is all that the fast path of a partner touches on the way in. */
struct flow {
	struct tuple key;      /* as seen from outside: src remote, dst ours */
	uint8_t state;         /* enum flow_state */
	uint8_t flags;         /* FLOW_* */
	uint16_t partner_slot; /* whose traffic it is; 0: nobody's */
	uint32_t mark;         /* of frames to the TAP */
	uint32_t serial;       /* of what last judged its source; 0: to be judged */
	uint32_t packets_in;   /* that passed, modulo 2^32 */
	uint64_t seen_ns;      /* last time that kept it alive */

	uint32_t base_seq; /* of the remote's first byte: its ISN + 1 */
	uint32_t next_seq; /* the remote's next byte that nobody has read yet */
	uint32_t ack_out;  /* highest that the kernel, or we, acknowledged: a true RST's seq */
	uint32_t seq_out;  /* the kernel's next byte */
	uint32_t base_out; /* the kernel's first byte: its ISN + 1 */
	uint32_t gather;   /* where its first bytes are kept, or GATHER_NONE */
	uint32_t claimed_partner; /* that the stream header's `from` names, or PARTNER_NONE */
	uint32_t version;         /* odd while key and state change, see flow_copy */
	uint16_t vlan_tci;        /* the tag to restore */
	uint8_t peer_mac[6];      /* where the remote's SYN came from */
	uint8_t leg;              /* by which; LEG_NONE: adopted, and not shown yet */
	uint8_t protocol;         /* enum filter_protocol of the service */
	uint8_t cause;            /* why it is refused */
	uint8_t by_domain;        /* 1: its place is that of the domain that was proven on it */
	struct flow_place place;  /* where it is counted while it is nobody's */
	uint32_t packets_out;     /* that passed, modulo 2^32 */
	uint32_t began_ds;        /* when, in tenths of a second of the monotonic clock */
	uint16_t wraps_in;        /* times that ack_out - base_seq came round */
	uint16_t wraps_out;       /* likewise seq_out - base_out */
} __rte_cache_aligned;

static_assert(sizeof(struct flow) <= 128, "two cache lines");
static_assert(offsetof(struct flow, base_seq) == 64, "the fast path needs one of them");

/* What this worker has leased of a prefix's pools, in the life of the entry that it names. */
struct prefix_lease {
	uint32_t life;
	struct lease packets, bytes;
};

enum { FLOW_CLASSES = 8 };

/* By enum source_class. */
struct flow_classes {
	uint32_t open[FLOW_CLASSES];
};

struct flow_table {
	struct rte_hash *hash;
	struct flow *flows; /* by position in the hash */
	struct ledger *ledger;
	struct prefix_lease *leases;  /* by entry of the ledger's prefixes */
	struct flow_classes *classes; /* open connections of this worker, by partner slot */
	/* How many tuples left their trace in each place: at a place with none there is no flow. */
	uint8_t *traces;
	uint32_t trace_mask;   /* places - 1 */
	uint64_t trace_key[2]; /* so that nobody outside can choose a place */
	uint32_t slots;        /* in flows */
	uint32_t capacity;     /* connections allowed */
	uint32_t number;       /* of the worker */
	uint32_t count;
	uint32_t cursor; /* of the expiry scan */
};

/* Worker `number`'s, where flow_adopt finds it. From DPDK's heap. 0, -ENOMEM, -EEXIST, -EIO. */
int flow_table_init(
	struct flow_table *table, uint32_t number, struct ledger *ledger, uint32_t capacity);
void flow_table_fini(struct flow_table *table);

/* Keyed hash of a tuple, or the low half of it. Any thread, after the first flow_table_init. */
uint64_t flow_hash_wide(const struct tuple *key);
uint32_t flow_hash(const struct tuple *key);
/* Of many at once, at most LANES_MAX. */
void flow_hash_bulk(const struct tuple *const *keys, uint32_t count, uint32_t *hashes);

/* Keyed hash of whom a flow comes from. A partner's: the partner at an IPv4 address, or in a /64 of
 * IPv6. Nobody's (slot 0): a /24, or a /56. */
uint32_t flow_source_hash(const struct tuple *key, uint32_t partner_slot);

/* The worker only, down to flow_expired. A flow stays where it is until flow_remove. */
struct flow *flow_find(struct flow_table *table, const struct tuple *key, uint32_t hash);
static inline uint64_t flow_mix(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}
/* The place of a tuple's trace. Addresses as they lie in memory; ports: the source's in the high half. */
static inline uint32_t flow_trace_ipv4(
	const struct flow_table *table, uint32_t src, uint32_t dst, uint32_t ports)
{
	uint64_t mixed = flow_mix(
		(src | (uint64_t)dst << 32) ^ table->trace_key[0], ports ^ table->trace_key[1]);

	return (uint32_t)(mixed >> 32) & table->trace_mask;
}
static inline uint32_t flow_trace_ipv6(const struct flow_table *table, const uint64_t src[2],
	const uint64_t dst[2], uint32_t ports)
{
	const uint64_t *key = table->trace_key;
	uint64_t mixed = flow_mix(src[0] ^ key[0], src[1] ^ key[1]);

	mixed ^= flow_mix(dst[0] ^ key[1], dst[1] ^ key[0] ^ ports);
	mixed = flow_mix(mixed ^ key[0], key[1]);
	return (uint32_t)(mixed >> 32) & table->trace_mask;
}
/* May there be a flow of a tuple with this trace? False is certain. */
static inline bool flow_may_be(const struct flow_table *table, uint32_t trace)
{
	return table->traces[trace] != 0;
}
/* One to 64 at once; out[i] is NULL where there is none. */
void flow_find_bulk(struct flow_table *table, const struct tuple *const *keys, uint32_t *hashes,
	uint32_t count, struct flow **out);
/* A flow in state new, the rest zero; the key must not be there. NULL: no room. */
struct flow *flow_insert(
	struct flow_table *table, const struct tuple *key, uint32_t hash, struct mono now);
/* The caller has closed its gather. */
void flow_remove(struct flow_table *table, struct flow *flow);

/* A connection begins (again): its counts start from nothing. */
void flow_begin(struct flow *flow, struct mono now);
/* Enter a state; its time runs from now. */
void flow_enter(
	struct flow_table *table, struct flow *flow, enum flow_state state, struct mono now);
/* Where a connection from the tuple's src is counted when it is nobody's; both entries are made if
 * there is room, and held until flow_place_give. */
struct flow_place flow_place_take(
	struct flow_table *table, const struct tuple *tuple, struct mono now);
void flow_place_give(struct flow_table *table, struct flow_place place);
/* Say whose it is; slot 0: nobody's, counted by its prefix. */
void flow_assign(struct flow_table *table, struct flow *flow, uint32_t mark, uint32_t partner_slot);
/* It is nobody's whom the rules name, but a domain was proven on it, of which `domain` is a keyed hash: all
 * flows of that domain are counted together, and with nobody else. Without room as any of its prefix. */
void flow_assign_domain(
	struct flow_table *table, struct flow *flow, uint32_t mark, uint64_t domain);
/* Look at slots, at most *budget of them, and return the next flow whose time is over; NULL when the
 * budget is used up. */
struct flow *flow_expired(struct flow_table *table, struct mono now, uint32_t *budget);

static inline uint32_t flow_number(const struct flow_table *table, const struct flow *flow)
{
	return (uint32_t)(flow - table->flows);
}

/* Bytes of the TCP streams, a FIN counted as one: those of the remote that the kernel acknowledged,
 * and those that the kernel sent. 0 before the handshake; from an adopted flow's first segment on. */
static inline uint64_t flow_bytes_in(const struct flow *flow)
{
	return flow->flags & FLOW_ACKED
		       ? (uint64_t)flow->wraps_in << 32 | (uint32_t)(flow->ack_out - flow->base_seq)
		       : 0;
}

static inline uint64_t flow_bytes_out(const struct flow *flow)
{
	return flow->flags & FLOW_ACKED ? (uint64_t)flow->wraps_out << 32 |
						  (uint32_t)(flow->seq_out - flow->base_out)
					: 0;
}

/* Copy slot i < slots. False if it is free or was changing. Any thread. */
bool flow_copy(const struct flow_table *table, uint32_t i, struct flow *out);
const char *flow_state_name(enum flow_state state);

/* A connection that the kernel still holds, found at start. */
struct flow_seed {
	struct tuple tuple; /* as seen from outside: src is the remote, dst is ours */
	uint32_t mark;      /* SO_MARK of its socket */
	uint8_t tcp_state;  /* the kernel's TCP_ESTABLISHED, TCP_TIME_WAIT, ... (<netinet/tcp.h>) */
	bool outbound;      /* we opened it */
};

/* Put a connection that lived on through a restart into its owner's flow table, before worker_run.
 * Call crew_prepare before. Its first bytes are not read again: an established one passes. 0;
 * -ENOSPC; -EEXIST; -EINVAL: a state without a connection (LISTEN, CLOSE); -ENODEV: no worker was
 * prepared. */
int flow_adopt(const struct flow_seed *seed);
