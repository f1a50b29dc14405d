/* SPDX-License-Identifier: BSD-3-Clause */
/* Our users as the rules name them. */
#include "rules/user.h"

#include <errno.h>
#include <stdlib.h>

#include "rules/domain.h"
#include "rules/precis.h"

static enum parse refuse(struct fault *fault, const char *cause, uint32_t offset)
{
	*fault = (struct fault){cause, offset};
	return PARSE_BAD;
}

/* Most names are plain ones, for which the tables of Unicode have nothing to say. */
static bool is_plain(struct view local)
{
	for (uint32_t i = 0; i < local.len; i++) {
		uint8_t c = ascii_lower(local.p[i]);

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '.' && c != '-' &&
			c != '_')
			return false;
	}
	return local.len > 0 && local.len <= PRECIS_OUT_MAX_BYTES;
}

static enum parse local_read(struct view local, struct text *out, struct fault *fault)
{
	if (is_plain(local)) {
		for (uint32_t i = 0; i < local.len; i++)
			text_putc(out, (char)ascii_lower(local.p[i]));
		return PARSE_DONE;
	}
	if (precis_username(local, out, fault) != PARSE_DONE)
		return PARSE_BAD;
	/* After the mapping, which can make one of these of another character. */
	return strpbrk(out->p, "\"&'/:<>@") ? refuse(fault, "local_excluded", 0) : PARSE_DONE;
}

enum parse user_address_parse(
	struct view address, char out[static USER_ADDRESS_BYTES], struct fault *fault)
{
	char domain[DOMAIN_ASCII_BYTES];
	int64_t at = view_find(address, '@');
	struct text text;

	*fault = (struct fault){0};
	text_fixed(&text, out, USER_ADDRESS_BYTES);
	if (at <= 0 || view_find(view_sub(address, (uint32_t)at + 1, address.len), '@') >= 0)
		return refuse(fault, "user_parts", 0);
	if (local_read(view_sub(address, 0, (uint32_t)at), &text, fault) != PARSE_DONE)
		return PARSE_BAD;
	if (domain_parse(view_sub(address, (uint32_t)at + 1, address.len), domain, fault) !=
		PARSE_DONE) {
		fault->offset_bytes += (uint32_t)at + 1;
		return PARSE_BAD;
	}
	text_putc(&text, '@');
	text_puts(&text, domain);
	return text.failed ? refuse(fault, "too_long", 0) : PARSE_DONE;
}

struct view user_domain(struct view address)
{
	int64_t at = view_find(address, '@');

	return at < 0 ? address : view_sub(address, (uint32_t)at + 1, address.len);
}

/* --- the index --- */

void user_index_init(struct user_index *index, struct siphash_key key)
{
	*index = (struct user_index){.key = key};
}

void user_index_free(struct user_index *index)
{
	free(index->slots);
	index->slots = NULL;
	index->cap = index->count = 0;
}

uint32_t user_index_hash(const struct user_index *index, struct view address)
{
	return (uint32_t)siphash(&index->key, address.p, address.len);
}

/* Where the address is, or the free slot where it would be. */
static struct user_slot *slot_of(const struct user_index *index, const struct user *users,
	struct view address, uint32_t hash)
{
	uint32_t at = hash & (index->cap - 1);

	while (index->slots[at].user != 0 &&
		(index->slots[at].hash != hash ||
			!view_equal(view_of(users[index->slots[at].user - 1].address), address)))
		at = (at + 1) & (index->cap - 1);
	return &index->slots[at];
}

/* At most three of four slots are taken. */
static int make_room(struct user_index *index)
{
	struct user_index wider = {.key = index->key, .cap = index->cap ? index->cap * 2 : 64};

	if (index->count < index->cap - index->cap / 4)
		return 0;
	wider.slots = calloc(wider.cap, sizeof(*wider.slots));
	if (!wider.slots)
		return -ENOMEM;
	for (uint32_t i = 0; i < index->cap; i++) {
		uint32_t at = index->slots[i].hash & (wider.cap - 1);

		if (index->slots[i].user == 0)
			continue;
		while (wider.slots[at].user != 0)
			at = (at + 1) & (wider.cap - 1);
		wider.slots[at] = index->slots[i];
	}
	wider.count = index->count;
	free(index->slots);
	*index = wider;
	return 0;
}

int user_index_put(struct user_index *index, const struct user *users, uint32_t i)
{
	struct view address = view_of(users[i].address);
	uint32_t hash = user_index_hash(index, address);
	struct user_slot *slot;
	int rc = make_room(index);

	if (rc < 0)
		return rc;
	slot = slot_of(index, users, address, hash);
	if (slot->user != 0)
		return -EEXIST;
	*slot = (struct user_slot){hash, i + 1};
	index->count++;
	return 0;
}

uint32_t user_index_find(
	const struct user_index *index, const struct user *users, struct view address)
{
	return user_index_find_hashed(index, users, address, user_index_hash(index, address));
}

uint32_t user_index_find_hashed(const struct user_index *index, const struct user *users,
	struct view address, uint32_t hash)
{
	if (index->count == 0)
		return USER_NONE;
	/* Of a free slot: USER_NONE, too. */
	return slot_of(index, users, address, hash)->user - 1;
}

void user_index_expect(const struct user_index *index, uint32_t hash)
{
	if (index->count > 0)
		__builtin_prefetch(&index->slots[hash & (index->cap - 1)]);
}

/* NULL: the slot where it belongs is free. */
static const struct user *first_of(
	const struct user_index *index, const struct user *users, uint32_t hash)
{
	uint32_t user = index->count > 0 ? index->slots[hash & (index->cap - 1)].user : 0;

	return user ? &users[user - 1] : NULL;
}

void user_index_expect_user(const struct user_index *index, const struct user *users, uint32_t hash)
{
	const struct user *user = first_of(index, users, hash);

	if (user)
		__builtin_prefetch(user);
}

void user_index_expect_address(
	const struct user_index *index, const struct user *users, uint32_t hash)
{
	const struct user *user = first_of(index, users, hash);

	if (user)
		__builtin_prefetch(user->address);
}
