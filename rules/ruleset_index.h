/* SPDX-License-Identifier: BSD-3-Clause */
/* The hash tables behind the lookups of a ruleset. Private to the ruleset's files. */
#pragma once

#include "rules/base/table.h"

struct ruleset_index {
	struct table partners, partner_ids, locals, blocked_domains; /* ids: the uint32_t's bytes */
};
