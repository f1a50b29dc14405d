/* SPDX-License-Identifier: BSD-3-Clause */
/* Non-INVITE server transactions: every request that a handler works on, and for a while every one
 * that was answered, so that a request that comes twice is handled once. Bounded memory. */
#pragma once

#include "control/sip/transaction.h"

struct sip_servers;

/* max: pending and answered together; the oldest answered one makes room. NULL without memory. */
struct sip_servers *sip_servers_new(uint32_t max);
void sip_servers_free(struct sip_servers *servers); /* accepts NULL */

enum sip_arrival {
	SIP_ARRIVAL_NEW,      /* nobody knows it */
	SIP_ARRIVAL_PENDING,  /* again, while we work on it: absorb */
	SIP_ARRIVAL_ANSWERED, /* again: *code is the answer, once more */
};

enum sip_arrival sip_servers_find(
	const struct sip_servers *servers, struct mono now, struct sip_tx_key key, uint16_t *code);
/* Is a pending transaction the same request on another way? */
bool sip_servers_merges(const struct sip_servers *servers, struct sip_tx_key merge_key);

enum { SIP_SERVER_NONE = UINT32_MAX };

/* Begin a transaction: its handle, valid until it is answered; SIP_SERVER_NONE when all are pending
 * or there is no memory. owner comes back from sip_servers_trying. */
uint32_t sip_servers_begin(struct sip_servers *servers, struct mono now, struct sip_tx_key key,
	struct sip_tx_key merge_key, void *owner);
/* The final response was given. */
void sip_servers_answer(
	struct sip_servers *servers, struct mono now, uint32_t handle, uint16_t code);
/* The owner of a transaction for which 100 Trying is due now; each one comes once. NULL: none. */
void *sip_servers_trying(struct sip_servers *servers, struct mono now);
/* Milliseconds until sip_servers_trying has something, or SIP_DEADLINE_NONE_MS. */
int64_t sip_servers_wait_ms(const struct sip_servers *servers, struct mono now);
uint32_t sip_servers_pending(const struct sip_servers *servers);
