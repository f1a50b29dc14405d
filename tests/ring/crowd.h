/* SPDX-License-Identifier: BSD-3-Clause */
/* Several workers and the lcore of the TAP, stepped in one thread, between several ports made of
 * rings. Beside ring.h, whose EAL, clock, rules and TAP it uses. */
#pragma once

#include "tests/ring/ring.h"

enum { CROWD_PORTS = 2, CROWD_QUEUES = 2 };

extern const uint8_t crowd_mac[CROWD_PORTS][6]; /* of the ports; the first is edge_mac */

/* For the start of a test: a crew of so many workers; 0 elsewhere: CROWD_PORTS ports of CROWD_QUEUES
 * queues, 4096 flows. The rules of ring_rules are in force. */
void crowd_begin(const struct worker_config *config);
/* cmocka fixtures; the group's are those of ring.h. The teardown demands of each lcore and of all
 * together that every frame had one fate, and that every buffer came back. */
int crowd_setup(void **state);
int crowd_teardown(void **state);

/* A frame as it comes in; one for edge_mac is readdressed to the port's. No step is made. */
void crowd_from_port(uint32_t port, uint16_t queue, struct octets frame);
/* One turn of everybody; how many frames they had. */
uint32_t crowd_step(void);
/* Turns until nobody has anything to do. */
void crowd_settle(void);
struct taken crowd_taken_by_port(uint32_t port);

/* Send, settle, and take what came out at the other side; by whichever port it left. */
struct taken crowd_inward(uint32_t port, uint16_t queue, struct octets frame);
struct taken crowd_outward(struct octets frame, uint32_t *port);

/* SYN, SYN-ACK, ACK through this port, by another queue each; all must pass. */
struct talk crowd_talk(uint32_t port, const char *remote, uint16_t remote_port);
/* The same, the header too: established. */
struct talk crowd_established(uint32_t port, const char *remote, uint16_t remote_port);
/* A remote port, from this one on, whose connection to our XMPP port belongs to this worker. */
uint16_t crowd_port_of(uint32_t worker, const char *remote, uint16_t from);
/* The owner's flow, or NULL; fails if another worker has one. */
struct flow *crowd_flow(const struct talk *t);
/* Of all lcores. */
struct counters crowd_counters(void);
/* Nothing is anywhere. */
void crowd_assert_nothing_left(void);

#define crowd_test(f) cmocka_unit_test_setup_teardown(f, crowd_setup, crowd_teardown)
