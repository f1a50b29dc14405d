/* SPDX-License-Identifier: BSD-3-Clause */
/* What rules say that is allowed and is probably not meant. */
#pragma once

#include "rules/ruleset.h"

/* line: of the rule. The text lives during the call. */
typedef void ruleset_warning_h(void *arg, unsigned line, const char *text);
/* Security that is weaker than it looks, providers that are enabled though their service has ended, agreements
 * that are over. */
void ruleset_warn(
	const struct ruleset *rules, struct wall now, ruleset_warning_h *handler, void *arg);
