/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of the diff share. */
#pragma once

#include "rules/base/text.h"
#include "rules/diff.h"

/* One key of a thing and its value; a list has one for each element. */
struct fact {
	const char *key; /* static, as in the document */
	uint32_t at;     /* where its value begins in the text */
	bool list;
	bool bare; /* the value is as YAML wants it, or needs no quotes */
};

/* All that is said of a thing, keys in one order for all things of an area. */
struct facts {
	struct fact *list;
	uint32_t count, cap;
	struct text text; /* the values, each with a NUL */
	bool failed;      /* no memory */
};

static inline const char *fact_value(const struct facts *facts, const struct fact *fact)
{
	return facts->text.p + fact->at;
}

/* facts.c: begin a fact; its value is what is put into the text until the next one. */
struct text *fact_add(struct facts *facts, const char *key, bool list);
/* The same for a value that is YAML already. */
struct text *fact_add_bare(struct facts *facts, const char *key, bool list);
/* NULL: it is not there. */
void fact_text(struct facts *facts, const char *key, const char *value);
void fact_number(struct facts *facts, const char *key, uint64_t value);
void fact_word(struct facts *facts, const char *key, const char *value);
void fact_switch(struct facts *facts, const char *key, bool value);
void fact_date(struct facts *facts, const char *key, struct wall value);
/* "[im, presence]" */
void fact_set(struct facts *facts, const char *key, uint32_t bits, const char *const *words);
/* As keys of a YAML mapping, each line behind `indent` spaces. "a.b" is b of a: those of one a stand
 * together. */
void facts_print(const struct facts *facts, int indent, struct text *out);
void facts_reset(struct facts *facts);
void facts_free(struct facts *facts);

/* facts_policy.c: what terms say beside what holds without a word. */
void terms_facts(
	const struct peer_terms *terms, const struct peer_terms *otherwise, struct facts *out);
/* facts_policy.c: the limits of messages that somebody states: bit 1 << enum message_limit_key. */
void messages_facts(const struct message_limits *limits, uint32_t stated, struct facts *out);
/* facts_links.c: what is said of links; of_terms: within the terms of somebody. */
void hyperlink_facts(const struct hyperlink_rules *links, bool of_terms, struct facts *out);
/* What holds for a partner that speaks these protocols. */
struct peer_terms partner_terms_otherwise(const struct partner *partner);

/* A text as YAML reads it again (ruleset_print.c). */
void print_scalar(struct text *out, const char *text);

/* One kind of things of which rulesets have sorted arrays. */
struct diff_things {
	enum diff_area area;
	const char *name; /* for people */
	uint32_t (*count)(const struct ruleset *rules);
	/* Their order, < 0, 0, > 0: thing i of a and thing k of b. */
	int (*compare)(const struct ruleset *a, uint32_t i, const struct ruleset *b, uint32_t k);
	void (*name_print)(const struct ruleset *rules, uint32_t i, struct text *out);
	void (*facts)(const struct ruleset *rules, uint32_t i, struct facts *out);
};

/* diff_things.c: one for each area, in their order. */
extern const struct diff_things diff_things[DIFF_AREAS];
/* facts_policy.c: the things of struct policies. */
void federation_facts(const struct ruleset *rules, uint32_t i, struct facts *out);
void discovery_facts(const struct ruleset *rules, uint32_t i, struct facts *out);
/* facts_links.c */
void links_facts(const struct ruleset *rules, uint32_t i, struct facts *out);
#define DIFF_THING(name)                                                                           \
	uint32_t name##_count(const struct ruleset *rules);                                        \
	int name##_compare(                                                                        \
		const struct ruleset *a, uint32_t i, const struct ruleset *b, uint32_t k);         \
	void name##_name(const struct ruleset *rules, uint32_t i, struct text *out);               \
	void name##_facts(const struct ruleset *rules, uint32_t i, struct facts *out);
DIFF_THING(policy)
DIFF_THING(site)
DIFF_THING(group)
DIFF_THING(user)
DIFF_THING(provider)
DIFF_THING(agreement)
#undef DIFF_THING
