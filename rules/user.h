/* SPDX-License-Identifier: BSD-3-Clause */
/* Our users as the rules name them: their addresses, and finding one among a hundred thousand. */
#pragma once

#include "rules/base/siphash.h"
#include "rules/base/view.h"

/* 1023 bytes before the '@', 253 behind it. */
enum { USER_ADDRESS_BYTES = 1023 + 1 + 253 + 1 };

/* Read a bare address, "Alice@Corp.Example", as an XMPP localpart and a domain, and prepare both (RFC 7622
 * section 3): what a question about this user has. PARSE_DONE, or PARSE_BAD with one of these
 * causes: user_parts (not exactly a local part, an '@' and a domain), local_excluded (one of
 * "&'/:<>@), those of precis_username and of domain_parse. */
enum parse user_address_parse(
	struct view text, char out[static USER_ADDRESS_BYTES], struct fault *fault);
/* What is behind the '@' of a prepared address. */
struct view user_domain(struct view address);

#define USER_NONE UINT32_MAX

/* Where a rule about users stands. */
enum user_source { USER_OF_DOCUMENT, USER_OF_FILE, USER_OF_COMMAND, USER_SOURCES };

/* 32 bytes. */
struct user {
	const char *address; /* prepared: "alice@corp.example" */
	uint32_t site;       /* in sites, or USER_NONE */
	uint32_t policy;     /* its own or its group's, or USER_NONE */
	uint32_t group;      /* in groups: the one whose policy it is, or USER_NONE */
	uint32_t groups;     /* in memberships: the first of its groups */
	unsigned line;       /* in its source */
	uint32_t group_count : 24;
	uint32_t source : 8; /* enum user_source */
};

struct user_slot {
	uint32_t hash; /* so that few of the others on the way are looked at */
	uint32_t user; /* 0: free, else the position + 1 */
};

/* Which of an array of users has an address: 8 bytes for each slot. */
struct user_index {
	struct siphash_key key;
	struct user_slot *slots;
	uint32_t cap; /* a power of two, or 0 */
	uint32_t count;
};

/* Empty. */
void user_index_init(struct user_index *index, struct siphash_key key);
/* Fine on a zeroed one. */
void user_index_free(struct user_index *index);
/* Add users[i]. 0, -EEXIST, -ENOMEM. */
int user_index_put(struct user_index *index, const struct user *users, uint32_t i);
/* What the index knows an address by. */
uint32_t user_index_hash(const struct user_index *index, struct view address);
/* Its position, or USER_NONE. */
uint32_t user_index_find(
	const struct user_index *index, const struct user *users, struct view address);
uint32_t user_index_find_hashed(const struct user_index *index, const struct user *users,
	struct view address, uint32_t hash);
/* Somebody will soon look for it: have its slot brought near, a moment later what stands in the slot where
 * it belongs, and then the address of that. */
void user_index_expect(const struct user_index *index, uint32_t hash);
void user_index_expect_user(
	const struct user_index *index, const struct user *users, uint32_t hash);
void user_index_expect_address(
	const struct user_index *index, const struct user *users, uint32_t hash);
