/* SPDX-License-Identifier: BSD-3-Clause */
/* What asking and building tables share. */
#pragma once

#include <rte_fib.h>
#include <rte_fib6.h>

#include "dataplane/limit_set.h"
#include "dataplane/lookup.h"
#include "dataplane/names.h"
#include "dataplane/tables.h"

enum { NAME_MAX_BYTES = 255, ENDPOINT_BYTES = 1 + 16 + 2, ADDRESS_BYTES = 1 + 16 };
enum { HOP_UNKNOWN = 0, HOP_BLOCKED = 1, HOP_PARTNER = 2 /* and on */ };

struct tables_partner {
	uint32_t id;
	uint32_t slot;
};

struct tables {
	struct retired retired;
	uint64_t generation;
	uint32_t serial;
	struct rte_fib *fib4; /* NULL: no prefixes of this family */
	struct rte_fib6 *fib6;
	struct tables_partner *partners; /* next hop - HOP_PARTNER */
	uint32_t partner_count;
	struct lookup partner_by_id; /* only while building */
	struct lookup services, addresses;
	struct names names;           /* a partner's is the index in partners */
	uint64_t tails4, tails6;      /* of addresses: bit (last byte modulo 64) */
	struct limit_set *limit_sets; /* of unknown prefixes, of partners, of single partners */
	struct limit_set *suspicious_sets; /* of the same while they are suspicious */
	uint32_t *set_by_slot;             /* [0]: unknown */
	uint32_t slot_end;                 /* of set_by_slot */
	struct limit_set limits_narrow, limits_discovered;
	struct rate handshakes, handshakes_unknown;
	bool hold_unattended; /* without control plane new connections are held */
	uint32_t *id_by_slot; /* of partners that these rules name, up to slot_end */
};

/* The part of building that tables_limits.c does. Partners have their slots. 0, -ENOMEM. */
int tables_limits_build(struct tables *t, const struct filter *filter);
void tables_limits_free(struct tables *t);

static inline void endpoint_key(
	uint8_t out[static ENDPOINT_BYTES], uint8_t family, const uint8_t *address, uint16_t port)
{
	out[0] = family;
	memcpy(out + 1, address, 16);
	out[ADDRESS_BYTES] = (uint8_t)(port >> 8);
	out[ADDRESS_BYTES + 1] = (uint8_t)port;
}

/* A folded name, and what is computed behind its end. */
enum { NAME_ROOM_BYTES = NAME_MAX_BYTES + 17 };

/* Lower case without a trailing dot; an empty view if it cannot be a name. Sixteen bytes at a time. */
static inline struct view name_fold(struct view name, uint8_t out[static NAME_ROOM_BYTES])
{
	typedef uint8_t chunk __attribute__((vector_size(16)));

	if (name.len > 0 && name.p[name.len - 1] == '.')
		name.len--;
	if (name.len > NAME_MAX_BYTES)
		name.len = 0;
	if (name.len > 0)
		memcpy(out, name.p, name.len);
	memset(out + name.len, 0, sizeof(chunk));
	for (uint32_t i = 0; i < name.len; i += sizeof(chunk)) {
		chunk c;

		memcpy(&c, out + i, sizeof(c));
		c += (chunk)((c >= 'A') & (c <= 'Z')) & ('a' - 'A');
		memcpy(out + i, &c, sizeof(c));
	}
	return view_make(out, name.len);
}
