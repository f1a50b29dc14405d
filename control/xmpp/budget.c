/* SPDX-License-Identifier: BSD-3-Clause */
/* A hard bound on memory. */
#include "control/xmpp/budget.h"

#include <stdint.h>
#include <stdlib.h>

/* In front of every block; 16 bytes keep what follows aligned. */
struct block {
	struct budget *owner;
	size_t bytes; /* this header included */
};

static _Thread_local struct budget *payer;

static bool charge(struct budget *b, size_t bytes)
{
	if (bytes > b->max_bytes || b->used_bytes > b->max_bytes - bytes) {
		b->exceeded = true;
		return false;
	}
	b->used_bytes += bytes;
	return true;
}

void *budget_alloc(struct budget *b, size_t bytes)
{
	struct block *block;
	size_t whole = bytes + sizeof(*block);

	if (!b || whole < bytes || !charge(b, whole))
		return NULL;
	block = malloc(whole);
	if (!block) {
		b->used_bytes -= whole;
		return NULL;
	}
	*block = (struct block){.owner = b, .bytes = whole};
	return block + 1;
}

void budget_free(void *p)
{
	struct block *block = p ? (struct block *)p - 1 : NULL;

	if (!block)
		return;
	block->owner->used_bytes -= block->bytes;
	free(block);
}

static void *expat_malloc(size_t bytes)
{
	return budget_alloc(payer, bytes);
}

static void *expat_realloc(void *p, size_t bytes)
{
	struct block *block;
	struct block *grown;
	struct budget *owner;
	size_t whole = bytes + sizeof(*block);
	size_t before;

	if (!p)
		return budget_alloc(payer, bytes);
	block = (struct block *)p - 1;
	owner = block->owner;
	before = block->bytes;
	/* While realloc copies, both blocks exist: both must fit. */
	if (whole < bytes || !charge(owner, whole))
		return NULL;
	grown = realloc(block, whole);
	if (!grown) {
		owner->used_bytes -= whole;
		return NULL;
	}
	owner->used_bytes -= before;
	grown->bytes = whole;
	return grown + 1;
}

const XML_Memory_Handling_Suite budget_expat = {expat_malloc, expat_realloc, budget_free};

void budget_enter(struct budget *b)
{
	payer = b;
}

void budget_leave(void)
{
	payer = NULL;
}
