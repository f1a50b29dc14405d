/* SPDX-License-Identifier: BSD-3-Clause */
/* Transactions (RFC 3261 section 17, RFC 4320) over a reliable transport. What client and server
 * share: timers and the key that a request is known by. Time is a parameter. */
#pragma once

#include "control/sip/message.h"
#include "rules/base/clock.h"
#include "rules/base/siphash.h"

enum {
	SIP_TIMER_F_MS = 32000,    /* 64*T1: a client gives up */
	SIP_TRYING_MS = 3500,      /* RFC 4320 section 4.1: when Timer E would have reached T2 */
	SIP_ANSWERED_MS = 32000,   /* how long an answered branch is remembered */
	SIP_DEADLINE_NONE_MS = -1, /* nothing to wait for */
	SIP_TAG_BYTES = 17,        /* a tag of ours with its NUL */
};

/* A request's identity, hashed with keys that nobody outside knows: 128 bits do not meet by chance,
 * and not on purpose either. */
struct sip_tx_key {
	uint64_t a, b;
};

struct sip_tx_secret {
	struct siphash_key a, b;
};

/* Section 17.2.3: branch, sent-by, method; without the magic cookie the fields of RFC 2543. And, for
 * nobody may speak in another's transaction, the peer that its certificate proved. */
struct sip_tx_key sip_tx_key_make(
	const struct sip_tx_secret *secret, struct view peer, const struct sip_message *request);
/* Section 8.2.2.2: From tag, Call-ID, CSeq: the same in requests that were forked on their way. */
struct sip_tx_key sip_tx_merge_key_make(
	const struct sip_tx_secret *secret, struct view peer, const struct sip_message *request);
/* The To tag of our answer: the same for the same request, however often it comes. */
void sip_tx_tag(struct sip_tx_key key, char out[static SIP_TAG_BYTES]);

static inline bool sip_tx_key_equal(struct sip_tx_key x, struct sip_tx_key y)
{
	return x.a == y.a && x.b == y.b;
}
