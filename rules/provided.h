/* SPDX-License-Identifier: BSD-3-Clause */
/* Domains of enabled providers, as partners: so that whatever serves partners serves them. */
#pragma once

#include "rules/ruleset.h"

/* How many there are. */
uint32_t provided_count(const struct policies *policies);
/* Put them behind the partners that are there, where there is room for them. */
void provided_take(struct ruleset *rules);
/* Does another domain of the same provider stand for it, as far as addresses go? All of them are reached by
 * one host then. */
bool provided_by_host_of_another(const struct ruleset *rules, const struct partner *partner);
