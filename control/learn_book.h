/* SPDX-License-Identifier: BSD-3-Clause */
/* What is known of the addresses of partners, and when to ask for them again. Pure: asks nobody, the
 * time is a parameter. Loop thread only.
 *
 * An answer holds for its TTL, within bounds; then it is asked for again, a little later by chance.
 * While nobody answers, what was known stays for LEARN_STALE_S, and the question is put again after
 * pauses that double. An answer that there is nothing ends what was known at once. */
#pragma once

#include "control/resolve.h"
#include "rules/base/clock.h"
#include "rules/claims.h"
#include "rules/ruleset.h"

enum {
	LEARN_ADDRESSES_MAX = 64, /* of one partner */
	LEARN_TTL_MIN_S = 30,
	LEARN_TTL_MAX_S = 24 * 3600,
	LEARN_STALE_S = 3600, /* after the end of its TTL */
	LEARN_RETRY_FIRST_S = 30,
	LEARN_RETRY_MAX_S = 900,
	LEARN_NONE_S = 900,     /* until a partner that has no address is asked for again */
	LEARN_LATER_MAX_S = 60, /* by chance; at most a tenth of the time to wait */
};

struct learn_address {
	struct ip_address address;
	struct mono until;   /* its TTL; 0: it stands in the rules and has none */
	const char *service; /* of the SRV record that named host; NULL: none did */
	char *host;          /* whose address it is; owned; NULL: it stands in the rules */
	bool shared;         /* with another partner, as of the last learn_book_claims */
};

enum learn_state { LEARN_WAITING, LEARN_KNOWN, LEARN_NONE, LEARN_FAILED };

struct learn_partner {
	const struct partner *rule; /* of the rules adopted last */
	struct learn_address *list;
	uint32_t count;
	enum learn_state state; /* what the last answer was */
	uint32_t failures;      /* in a row */
	struct mono due;        /* when to ask again */
	uint32_t place;         /* in the heap, plus 1; 0: it is being asked, or never is */
	void *question;         /* whoever asks puts its own here meanwhile */
};

struct learn_book {
	const struct ruleset *rules;
	random_h *random;
	void *random_arg;
	struct learn_partner **list; /* in the order of the rules */
	uint32_t count;
	struct learn_partner **heap; /* who is to be asked, the first due on top */
	uint32_t heap_count;
	uint32_t address_count; /* of all partners; from DNS at most CLAIMS_MAX */
	uint32_t shared_count;  /* that claim nobody, as of the last learn_book_claims */
	bool changed;           /* other addresses since whoever reads this has set it to false */
};

/* What the answers to the questions about one partner say so far. Zeroed: nothing. */
struct learn_draft {
	bool failed;   /* some of it could not be learned */
	bool conflict; /* SRV records named servers that may not be used, and no others */
	uint32_t count;
	struct learn_address list[LEARN_ADDRESSES_MAX];
};

/* Empty, without rules. */
void learn_book_init(struct learn_book *book, random_h *random, void *random_arg);
void learn_book_free(struct learn_book *book);

/* Other rules: what is known of partners that stay as they are stays, new ones are due now, the others
 * are forgotten; `forget` is called for each of those that is being asked. The rules are others than
 * those before, and must outlive the book or the next call. 0, or -ENOMEM and all is as before. */
int learn_book_adopt(struct learn_book *book, const struct ruleset *rules, struct mono now,
	void (*forget)(void *question));

/* Is this one of the partners of these rules (NULL: none)? */
bool learn_book_names(const struct ruleset *rules, const struct partner *partner);

/* A partner whose time has come, or NULL. The caller asks, and ends it with learn_book_conclude. */
struct learn_partner *learn_book_due(struct learn_book *book, struct mono now);
/* Milliseconds until there is one, UINT64_MAX: never. */
uint64_t learn_book_wait_ms(const struct learn_book *book, struct mono now);

/* Question number `step` about a partner: the service whose SRV records to ask for, or NULL: the
 * addresses of its host. False: there are no more questions. */
bool learn_question(const struct partner *partner, unsigned step, const char **service);

/* Take an answer to such a question into the draft. What cannot be a partner's address is left out and
 * counted as learn.refused.CAUSE. */
void learn_book_hear(const struct learn_book *book, struct learn_draft *draft, const char *service,
	const struct resolved *answer, struct mono now);
/* All questions are answered: the draft's contents go into the book, and it is asked again later. */
void learn_book_conclude(struct learn_book *book, struct learn_partner *partner,
	struct learn_draft *draft, struct mono now);
void learn_draft_free(struct learn_draft *draft);

/* Forget what nobody has confirmed for too long. */
void learn_book_expire(struct learn_book *book, struct mono now);

/* What to tell the dataplane, in the order of a block; *out is malloc'ed, the caller frees. An address
 * that several partners have is nobody's, unless exactly one of them has it in the rules. 0,
 * -ENOMEM. */
int learn_book_claims(struct learn_book *book, struct claim **out, uint32_t *count);

/* Why this can be nobody's address who is a partner: a cause, or NULL. */
const char *learn_refusal(const struct ruleset *rules, const struct ip_address *address);
