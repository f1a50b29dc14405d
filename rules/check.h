/* SPDX-License-Identifier: BSD-3-Clause */
/* What the values of a rules document must be to each other: no name in two roles, no prefix of two
 * partners, nothing of a partner's blocked. */
#pragma once

#include "rules/draft.h"

/* Complain about every contradiction among the values that could be read. False only without memory
 * or random numbers, with a complaint. */
bool draft_check(const struct draft *draft, struct rules_errors *errors);
