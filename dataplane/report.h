/* SPDX-License-Identifier: BSD-3-Clause */
/* What became of every frame, for people and programs. docs/counters.md explains each number. */
#pragma once

#include <stdint.h>

#include <jansson.h>

#include "dataplane/counters.h"
#include "dataplane/tuple.h"

enum { REPORT_PARTNERS_MAX = 200, REPORT_HITTERS_MAX = 200 };

/* All counters as a new object, which the caller releases:
 *   { "generation": N, "workers": N, "flows": N, "flow_capacity": N, "gathers": N, "expectations": N,
 *     "buffers": N, "buffer_capacity": N, "learned": N, "suspects": N,
 *     "in":  { "received", "forwarded", "answered", "consumed", "held", "dropped", "bytes",
 *              "made" },                          port to TAP
 *     "out": { the same },                        TAP to port
 *     "late": N, "resets_lost": N, "copies_lost": N, "claims_contradicted": N,
 *     "verdicts_taken": N, "verdicts_unmatched": N,
 *     "dropped": { cause: N, ... },               every cause, also those with 0
 *     "refused": { cause: N, ... },               likewise: why frames were answered with RST
 *     "spoken": { protocol: N, ... } }        what they spoke whose cause was wrong_protocol
 * In each direction received = forwarded + answered + consumed + held + dropped; the sum over
 * "dropped" is in.dropped + out.dropped, that over "refused" in.answered + out.answered + late.
 * Any thread. NULL without memory or before crew_prepare. */
json_t *report_counters(void);

/* Partners number offset .. offset + limit (at most REPORT_PARTNERS_MAX) as a new array, first
 * "(unknown)", everybody else, then in the order in which the rules first named them:
 *   { "partner", "id", "packets_in", "bytes_in", "packets_out", "bytes_out", "flows",
 *     "classes": { class: N, ... },             of the open flows; what is 0 is left out
 *     "flows_opened", "refused",
 *     "drops": { cause: N, ... },               frames; likewise, and without any, the group
 *     "refusals": { cause: N, ... } }           likewise: answered with RST, or late
 * Over all partners the sums by cause are those of report_counters. Any thread. NULL without memory
 * or before crew_prepare. */
json_t *report_partners(uint32_t offset, uint32_t limit, uint32_t *total);
/* The same of one, by id (0: everybody else). NULL if there is none, too. */
json_t *report_partner(uint32_t id);

/* Flows number offset .. offset + limit (at most 200) as a new array:
 *   { "remote", "remote_port", "local", "local_port", "mark", "class", "partner", "state",
 *     "outbound", "idle_ms", "claimed", "cause" }
 * partner and claimed are ids, 0 for none; claimed is whom the stream header names; cause says why a
 * refused one is. A flow that opens or closes meanwhile may be missed or come twice. *total: flows
 * now. Any thread. NULL without memory or before crew_prepare. */
json_t *report_flows(uint32_t offset, uint32_t limit, uint32_t *total);

/* One connection, looked up by the worker; key as flows have it, or the other way round. A new object,
 * { "flow": { what report_flows has, and "partner_name", "claimed_name" and "cause_words" where there
 *   are any, "age_ms", "packets_in", "packets_out", "bytes_in", "bytes_out", "reset", "fin_in",
 *   "fin_out", "neighbour", "vlan" if it has one, "first_bytes" ("bytes", "segments", "left_ms") while
 *   they are kept, "limits": { "partner" or prefix: { "connections" ("open", "most"),
 *   "new_connections", "packets", "bytes" ("left", "burst", "per_s" each) } } } }
 * or { "flow": null, "why": words }. Waits for the worker's next turn. The thread of the questions.
 * NULL before crew_prepare. */
json_t *report_flow(const struct tuple *key);

/* Who causes most drops and refusals of a cause (CAUSE_none: of each), highest first, as a new array:
 *   { "cause", "source", "count", "at_least", "of", "seconds" }
 * counted in the last `seconds`, `of` being the sum of all sources; count is at most `count`, at least
 * `at_least`. Any thread. NULL without memory or before crew_prepare. */
json_t *report_hitters(enum cause only, uint32_t offset, uint32_t limit, uint32_t *total);

/* The causes that were counted at all as a new array, in the order of the list:
 *   { "cause", "dropped", "refused", "words" }
 * Any thread. NULL without memory or before crew_prepare. */
json_t *report_drops(void);

/* The blocks number offset .. offset + limit (at most BLOCK_PAGE_MAX) as a new array:
 *   { "target", "kind" ("source", "domain"), "seconds", "reason" }
 * seconds are those left, rounded up. The thread of the questions. */
json_t *report_verdicts(uint32_t offset, uint32_t limit, uint32_t *total);

/* "blocked_source"; "none" for CAUSE_none. And the words for people. */
const char *cause_name(enum cause cause);
const char *cause_text(enum cause cause);
/* By name; false: there is none. */
bool cause_find(const char *name, enum cause *out);
