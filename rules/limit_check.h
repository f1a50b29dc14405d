/* SPDX-License-Identifier: BSD-3-Clause */
/* What the limits of a rules document must be to each other. */
#pragma once

#include "rules/draft.h"

/* Complain about every burst that its rate does not carry. */
void draft_check_limits(const struct draft *draft, struct rules_errors *errors);
