/* SPDX-License-Identifier: BSD-3-Clause */
/* A chain of hashes over the seats that were taken: each link covers the one before it, so that a row
 * that was changed, moved or taken out shows, and with a head that was written down elsewhere also
 * that the end was cut off. It proves nothing against who can write both. Pure. */
#pragma once

#include "rules/base/clock.h"
#include "rules/base/view.h"

enum { CHAIN_HASH_BYTES = 32, CHAIN_TEXT_BYTES = 20 + 1 + 2 * CHAIN_HASH_BYTES + 1 };

struct chain_head {
	uint64_t seq; /* of the last row; 0: none yet */
	uint8_t hash[CHAIN_HASH_BYTES];
};

/* What a row says; its number is that of the head before it and one. */
struct usage_row {
	int32_t month; /* date_month */
	struct wall at;
	struct view agreement, provider, user;
	int64_t seats; /* that the agreement had then; 0: a row of before these were kept */
};

/* The head of an empty chain. */
struct chain_head chain_start(void);
/* The head with one more row: SHA-256 over the head's hash, the number and the row, every text with
 * its length before it; at its end the seats, unless they are 0. False without memory. */
bool chain_next(struct chain_head *head, const struct usage_row *row);
bool chain_equal(const struct chain_head *a, const struct chain_head *b);

/* "17:9f86d081..." */
void chain_print(const struct chain_head *head, char out[static CHAIN_TEXT_BYTES]);
bool chain_read(struct view text, struct chain_head *out);
