/* SPDX-License-Identifier: BSD-3-Clause */
/* A worker between two ports made of rings, with a clock that the test owns. One EAL a binary. */
#pragma once

#include "tests/unit/test.h"

#include <rte_mempool.h>
#include <rte_ring.h>

#include "dataplane/crew.h"
#include "rules/base/mark.h"
#include "tests/ring/frames.h"

#define SERVICE_4 "198.51.100.1"
#define SERVICE_6 "2001:db8::1"
#define PARTNER_4 "192.0.2.7" /* partner.example, the first partner but one by name */
#define PARTNER_6 "2001:db8:100::7"
#define OTHER_4   "192.0.3.7" /* other.example */
#define UNKNOWN_4 "192.0.9.9"
#define BLOCKED_4 "203.0.113.9"
#define BLOCKED_6 "2001:db8:dead::9"

struct ruleset;

enum { XMPP_PORT = 5269, SIP_PORT = 5061, OTHER_ID = 1, PARTNER_ID = 2 };

extern struct edge *edge;
extern struct mono now;
extern struct rte_mempool *pool;

/* Rules that the names above come from; %s is filled by ring_rules_blocking. */
void ring_rules(void);
/* The same with one more blocked prefix. */
void ring_rules_blocking(const char *prefix);
/* The same with these lines more. */
void ring_rules_and(const char *lines);
void ring_publish(const char *yaml);
/* The same for a ruleset, which it frees. */
void ring_publish_compiled(struct ruleset *compiled);

/* cmocka fixtures. The teardown of each test demands that every frame had one fate and that every
 * buffer came back. */
int ring_start(void **state);
int ring_stop(void **state);
int ring_setup(void **state);
int ring_teardown(void **state);
/* A new worker with other limits; 0: defaults. For the start of a test. */
void ring_restart(const struct worker_config *limits);

void ring_advance_ms(uint64_t ms);
/* Advance in small turns, so that all expiry scans get round. */
void ring_let_pass_ms(uint64_t ms);
void ring_step(void);

/* Put a frame where the port, or the kernel, brings it; no step is made. */
void ring_from_port(struct octets frame);
void ring_from_tap(struct octets frame);

/* For harnesses with other ports: a port of so many queues each way, rings and all, named after
 * `name`. Its id. */
uint16_t ring_port(const char *name, uint16_t queues, struct rte_ring **rx, struct rte_ring **tx);
uint16_t ring_tap_id(void);
void ring_put(struct rte_ring *ring, const struct octets *frame);

/* A frame that left, parsed. */
struct taken {
	bool any;
	struct octets frame;
	struct packet p; /* valid if parsed */
	bool parsed;
};

struct taken ring_taken_by_tap(void);
struct taken ring_taken_by_port(void);
/* Send, step, and take what came out on the other side. */
struct taken ring_inward(struct octets frame);
struct taken ring_outward(struct octets frame);

struct taken ring_take(struct rte_ring *ring);

uint32_t taken_mark(const struct taken *t); /* in its source MAC; 0: none */
void assert_nothing_left(void);
#define assert_dropped(cause) assert_counted(edge->counters.dropped, CAUSE_##cause, #cause, 1)
#define assert_refused(cause) assert_counted(edge->counters.refused, CAUSE_##cause, #cause, 1)
/* The counter is `times`; then it is forgotten, so that each use speaks of what came since. */
void assert_counted(const uint64_t *counters, enum cause cause, const char *name, uint64_t times);

/* A conversation. Sequence numbers are those of the next byte. */
struct talk {
	const char *remote, *local;
	uint16_t remote_port, local_port;
	uint32_t remote_seq, kernel_seq;
	uint16_t vlan_tci;
};

struct octets talk_from_remote(const struct talk *t, uint8_t flags, struct view data);
struct octets talk_from_kernel(const struct talk *t, uint8_t flags, struct view data);
/* SYN, SYN-ACK, ACK; all must pass. */
struct talk talk_open(const char *remote, uint16_t remote_port, uint16_t local_port);
/* The remote says bytes that must pass, or must not. */
struct taken talk_say(struct talk *t, struct view data);
/* The kernel acknowledges all that the remote said. */
void talk_acknowledge(struct talk *t);
/* As flows have it. */
struct tuple talk_key(const struct talk *t);
struct flow *talk_flow(const struct talk *t);

/* The two resets of a refusal: to the remote in answer to a segment with t's numbers, to the kernel
 * where its next byte is. */
void assert_reset_both(const struct talk *t, uint32_t kernel_next);
