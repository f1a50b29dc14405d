/* SPDX-License-Identifier: BSD-3-Clause */
/* From the part of a draft that says who may talk to whom to the policies of a ruleset: references become
 * positions, and what does not fit together is complained about. */
#pragma once

#include "rules/draft.h"
#include "rules/errors.h"
#include "rules/source.h"

/* Fill zeroed policies. False without memory, with a complaint; other complaints show in errors, and then
 * the policies are of no use. Free with policies_free in every case. */
bool policies_build(const struct draft *draft, const struct rules_reader *reader,
	struct policies *out, struct rules_errors *errors);

/* The terms of a partner (both are defaults that hold where the draft says nothing). */
void terms_check(const struct draft_terms *draft, const struct peer_terms *otherwise,
	const char *key, struct rules_errors *errors);
/* False without memory for what the policies are to own. */
bool terms_take(const struct draft_terms *draft, const struct peer_terms *otherwise,
	struct policies *policies, struct peer_terms *out);
/* What is said of links: complaints, and taking it over into rules that the policies own. *out stays as it is
 * when nothing is said. */
void links_check(const struct draft_links *draft, const char *key, struct rules_errors *errors);
bool links_take(const struct draft_links *draft, struct policies *policies,
	const struct hyperlink_rules **out);
/* Every filter knows the notices of all. False without memory. */
bool links_index(struct policies *policies);
void links_free(struct policies *policies);
/* A word twice in a list. */
void words_check(const struct schema_list *list, const char *key, const char *name,
	struct rules_errors *errors);
/* Bits of a list of words. */
uint32_t words_take(const struct schema_list *list, uint32_t otherwise);
/* What holds for a provider of this profile and kind. */
struct peer_terms provider_peer_default(const struct provider *provider);
