/* SPDX-License-Identifier: BSD-3-Clause */
/* The hash tables behind the lookups of a ruleset. Private to the ruleset's files. */
#pragma once

#include "rules/base/table.h"

/* A certificate with this name speaks for this partner. */
struct certificate_name {
	struct view name;
	const struct partner *partner;
};

struct ruleset_index {
	struct certificate_name *certificate_names; /* sorted by name, then as the partners stand */
	uint32_t certificate_name_count;
	struct table partners, partner_ids, locals, blocked_domains; /* ids: the uint32_t's bytes */
};
