/* SPDX-License-Identifier: BSD-3-Clause */
/* Client transactions: a list in order of time and a hash by id. */
#include "control/sip/transaction_client.h"

#include <stdio.h>
#include <stdlib.h>

enum { BUCKETS = 1024, PREFIX_BYTES = 7 + 2 + 16, ID_DIGITS = 16 };

struct sip_clients {
	char prefix[PREFIX_BYTES + 1];
	uint64_t next_id;
	struct sip_client_tx *first, *last;
	struct sip_client_tx *buckets[BUCKETS];
	uint32_t count;
};

struct sip_clients *sip_clients_new(uint64_t instance)
{
	struct sip_clients *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	snprintf(c->prefix, sizeof(c->prefix), "z9hG4bKpk%016llx", (unsigned long long)instance);
	return c;
}

void sip_client_tx_free(struct sip_client_tx *tx)
{
	if (!tx)
		return;
	text_free(&tx->request);
	free(tx);
}

void sip_clients_free(struct sip_clients *c)
{
	struct sip_client_tx *tx = c ? c->first : NULL;

	while (tx) {
		struct sip_client_tx *next = tx->next;

		sip_client_tx_free(tx);
		tx = next;
	}
	free(c);
}

struct sip_client_tx *sip_clients_begin(struct sip_clients *c, struct mono now, void *peer,
	enum sip_method method, sip_response_h *handler, void *arg)
{
	struct sip_client_tx *tx = calloc(1, sizeof(*tx));
	struct sip_client_tx **bucket;

	if (!tx)
		return NULL;
	*tx = (struct sip_client_tx){.id = ++c->next_id,
		.peer = peer,
		.method = method,
		.since = now,
		.handler = handler,
		.arg = arg};
	bucket = &c->buckets[tx->id % BUCKETS];
	tx->same = *bucket;
	*bucket = tx;
	tx->prev = c->last;
	if (c->last)
		c->last->next = tx;
	else
		c->first = tx;
	c->last = tx;
	c->count++;
	return tx;
}

void sip_clients_branch(const struct sip_clients *c, const struct sip_client_tx *tx,
	char out[static SIP_BRANCH_BYTES])
{
	snprintf(out, SIP_BRANCH_BYTES, "%s%016llx", c->prefix, (unsigned long long)tx->id);
}

struct view sip_clients_branch_prefix(const struct sip_clients *c)
{
	return view_make(c->prefix, PREFIX_BYTES);
}

/* Exactly what sip_clients_branch wrote. */
static bool read_id(const struct sip_clients *c, struct view branch, uint64_t *id)
{
	if (branch.len != PREFIX_BYTES + ID_DIGITS ||
		!view_starts(branch, view_make(c->prefix, PREFIX_BYTES)))
		return false;
	*id = 0;
	for (uint32_t i = PREFIX_BYTES; i < branch.len; i++) {
		uint8_t o = branch.p[i];

		if (!((o >= '0' && o <= '9') || (o >= 'a' && o <= 'f')))
			return false;
		*id = *id << 4 | (uint64_t)(o <= '9' ? o - '0' : o - 'a' + 10);
	}
	return true;
}

struct sip_client_tx *sip_clients_match(
	const struct sip_clients *c, const void *peer, const struct sip_message *response)
{
	struct sip_client_tx *tx;
	uint64_t id;

	if (!read_id(c, response->via.branch, &id))
		return NULL;
	for (tx = c->buckets[id % BUCKETS]; tx; tx = tx->same)
		if (tx->id == id)
			break;
	if (!tx || tx->peer != peer || tx->method != response->cseq_method)
		return NULL;
	return tx;
}

void sip_clients_end(struct sip_clients *c, struct sip_client_tx *tx)
{
	struct sip_client_tx **at = &c->buckets[tx->id % BUCKETS];

	while (*at != tx)
		at = &(*at)->same;
	*at = tx->same;
	if (tx->prev)
		tx->prev->next = tx->next;
	else
		c->first = tx->next;
	if (tx->next)
		tx->next->prev = tx->prev;
	else
		c->last = tx->prev;
	tx->prev = tx->next = tx->same = NULL;
	c->count--;
}

struct sip_client_tx *sip_clients_expired(const struct sip_clients *c, struct mono now)
{
	if (!c->first || !mono_reached(now, mono_after_ms(c->first->since, SIP_TIMER_F_MS)))
		return NULL;
	return c->first;
}

struct sip_client_tx *sip_clients_next(
	const struct sip_clients *c, const struct sip_client_tx *after)
{
	return after ? after->next : c->first;
}

int64_t sip_clients_wait_ms(const struct sip_clients *c, struct mono now)
{
	struct mono due;

	if (!c->first)
		return SIP_DEADLINE_NONE_MS;
	due = mono_after_ms(c->first->since, SIP_TIMER_F_MS);
	return mono_reached(now, due) ? 0
				      : (int64_t)((due.ns - now.ns + NS_PER_MS - 1) / NS_PER_MS);
}

uint32_t sip_clients_count(const struct sip_clients *c)
{
	return c->count;
}
