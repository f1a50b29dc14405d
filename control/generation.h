/* SPDX-License-Identifier: BSD-3-Clause */
/* One generation of the rules in force: the ruleset and what was opened for it. Whoever keeps a pointer
 * into its rules, a name of a partner for instance, holds the generation meanwhile. The loop's thread
 * only. */
#pragma once

#include "control/tls.h"
#include "rules/ruleset.h"

struct generation {
	struct ruleset *rules;
	struct tls_store *tls;
	unsigned holders;
};

/* Takes both over, with one holder: the caller. NULL without memory; then they stay the caller's. */
struct generation *generation_new(struct ruleset *rules, struct tls_store *tls);
struct generation *generation_hold(struct generation *generation); /* returns it */
/* The last one frees it. NULL is fine. */
void generation_drop(struct generation *generation);
