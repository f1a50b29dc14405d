/* SPDX-License-Identifier: BSD-3-Clause */
/* Beside ring.h: a worker that answers handshakes itself (mode reqsk), and a remote that shakes hands
 * with it. The TAP's side is the kernel, segment by segment. */
#pragma once

#include "bpf/abi.h"
#include "tests/ring/hello.h"
#include "tests/ring/ring.h"

enum { SHAKE_ISN = 0xffffffef, SHAKE_WINDOW = 64240 };

/* cmocka fixture: as ring_setup, in mode reqsk. */
int shake_setup(void **state);
/* A new worker with other limits, for the start of a test. */
void shake_restart(const struct worker_config *limits);

/* MSS 1460, SACK, window scale 7: what Linux offers. */
extern const struct view shake_options;

/* SYN, SYN-ACK; the remote's ISN, nothing is kept. kernel_seq is the cookie + 1. */
struct talk shake_hands_isn(
	const char *remote, uint16_t remote_port, uint16_t local_port, uint32_t isn);
struct talk shake_hands(const char *remote, uint16_t remote_port, uint16_t local_port);
/* The same, and a stream header that the kernel takes: established. */
struct talk shake_established(const char *remote, uint16_t remote_port);

/* A segment of the remote, and a turn; t->remote_seq stays. */
void shake_send(const struct talk *t, uint8_t flags, struct view data);
/* It is dropped under this cause, and nothing leaves. */
#define assert_shake_dropped(t, flags, data, cause)                                                \
	(shake_send(t, flags, data), assert_dropped(cause), assert_nothing_left())
/* The remote says something that is kept and acknowledged. */
void shake_kept(struct talk *t, struct view data);
/* The kernel takes up to where the remote is. */
void shake_kernel_acknowledges(const struct talk *t);

/* What left by the port is an acknowledgement (no more) up to `ack`. */
void assert_acknowledged(const struct talk *t, uint32_t ack);
/* What left by the port is a RST where the remote believes it. */
void assert_reset_remote(const struct talk *t);
/* The next frame for the TAP: the remote's, with this seq, data and mark. */
struct taken assert_to_kernel(
	const struct talk *t, uint32_t seq, uint8_t flags, struct view data, uint32_t mark);
void assert_flow_state(const struct talk *t, enum flow_state state);
