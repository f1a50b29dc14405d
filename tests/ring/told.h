/* SPDX-License-Identifier: BSD-3-Clause */
/* What the reports tell, for tests that make assertions about it. */
#pragma once

#include "dataplane/report.h"
#include "tests/ring/ring.h"

/* A member that must be there. */
json_int_t told_number(const json_t *o, const char *name);
void assert_told(const json_t *o, const char *name, const char *text);

/* Of a partner, by id: 0 where the group ("drops", "refusals", "classes") has no such member. */
json_int_t told_count(uint32_t id, const char *group, const char *name);

/* What report_flow says to another thread, while `turn` lets workers take turns. Release it. */
json_t *told_of(const struct tuple *key, void (*turn)(void));
/* The "flow" of it, which must be there. */
json_t *flow_told(const struct talk *t, bool reversed, void (*turn)(void));
