/* SPDX-License-Identifier: BSD-3-Clause */
/* The keys of transactions: a chain of keyed hashes, so that parts cannot run into each other. */
#include "control/sip/transaction.h"

#include <stdio.h>

static void add(const struct sip_tx_secret *s, struct sip_tx_key *key, struct view part)
{
	uint64_t a[2] = {key->a, siphash(&s->a, part.p, part.len)};
	uint64_t b[2] = {key->b, siphash(&s->b, part.p, part.len)};

	key->a = siphash(&s->a, a, sizeof(a));
	key->b = siphash(&s->b, b, sizeof(b));
}

static void add_number(const struct sip_tx_secret *s, struct sip_tx_key *key, uint64_t number)
{
	add(s, key, view_make(&number, sizeof(number)));
}

static void add_host(const struct sip_tx_secret *s, struct sip_tx_key *key, struct view host)
{
	uint8_t lower[255] = {0};
	uint32_t n = host.len < sizeof(lower) ? host.len : sizeof(lower);

	for (uint32_t i = 0; i < n; i++)
		lower[i] = host.p[i] >= 'A' && host.p[i] <= 'Z' ? host.p[i] | 0x20 : host.p[i];
	add(s, key, view_make(lower, n));
}

struct sip_tx_key sip_tx_key_make(
	const struct sip_tx_secret *secret, struct view peer, const struct sip_message *m)
{
	struct sip_tx_key key = {1, 1};

	add(secret, &key, peer);
	add(secret, &key, m->method_text);
	add_host(secret, &key, m->via.host);
	add_number(secret, &key, m->via.port);
	add(secret, &key, m->via.branch);
	if (m->via.branch.len > 7 &&
		view_equal_nocase(view_sub(m->via.branch, 0, 7), VIEW("z9hG4bK")))
		return key;
	add(secret, &key, m->uri_text);
	add(secret, &key, m->to.tag);
	add(secret, &key, m->from.tag);
	add(secret, &key, m->call_id);
	add_number(secret, &key, m->cseq);
	return key;
}

struct sip_tx_key sip_tx_merge_key_make(
	const struct sip_tx_secret *secret, struct view peer, const struct sip_message *m)
{
	struct sip_tx_key key = {2, 2};

	add(secret, &key, peer);
	add(secret, &key, m->from.tag);
	add(secret, &key, m->call_id);
	add_number(secret, &key, m->cseq);
	add(secret, &key, m->cseq_method_text);
	return key;
}

void sip_tx_tag(struct sip_tx_key key, char out[static SIP_TAG_BYTES])
{
	snprintf(out, SIP_TAG_BYTES, "%016llx", (unsigned long long)(key.a ^ key.b));
}
