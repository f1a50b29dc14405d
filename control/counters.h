/* SPDX-License-Identifier: BSD-3-Clause */
/* What the control plane counts: by name, snake_case, "area.what" ("xmpp.refused.invalid_from").
 * Every refusal has its own. Names are literals or causes of parsers, never bytes from outside, so
 * their number is bounded. Loop thread only. */
#pragma once

#include <jansson.h>
#include <stdint.h>

/* Both parts are joined with a dot; what may be NULL. */
void counter_add(const char *area, const char *what, uint64_t n);
uint64_t counter_get(const char *area, const char *what);
/* {"xmpp.refused.invalid_from": 3, ...}; a new reference. */
json_t *counters_json(void);
/* For tests. */
void counters_clear(void);
