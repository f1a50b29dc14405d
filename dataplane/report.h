/* SPDX-License-Identifier: BSD-3-Clause */
/* What became of every frame, for people and programs. docs/counters.md explains each number. */
#pragma once

#include <stdint.h>

#include <jansson.h>

#include "dataplane/counters.h"

/* All counters as a new object, which the caller releases:
 *   { "generation": N, "workers": N, "flows": N, "flow_capacity": N, "gathers": N, "expectations": N,
 *     "in":  { "received", "forwarded", "answered", "consumed", "held", "dropped", "bytes",
 *              "resets" },                        port to TAP
 *     "out": { the same },                        TAP to port
 *     "late": N, "resets_lost": N, "copies_lost": N, "claims_contradicted": N,
 *     "verdicts_taken": N, "verdicts_unmatched": N,
 *     "dropped": { cause: N, ... },               every cause, also those with 0
 *     "refused": { cause: N, ... },               likewise: why frames were answered with RST
 *     "spoken": { protocol: N, ... },         what they spoke whose cause was wrong_protocol
 *     "partners": { name: { "id", "packets_in", "bytes_in", "packets_out", "bytes_out", "flows",
 *                           "flows_opened", "refused", "limited": { cause: N, ... } }, ... }, "partners_more": N }
 * In each direction received = forwarded + answered + consumed + held + dropped; the sum over
 * "dropped" is in.dropped + out.dropped, that over "refused" in.answered + out.answered + late.
 * "partners" has at most the first 1000 ever named by the rules, "partners_more" counts the others;
 * traffic of no partner is "(unknown)". Any thread. NULL without memory or before crew_prepare. */
json_t *report_counters(void);

/* Flows number offset .. offset + limit (at most 200) as a new array:
 *   { "remote", "remote_port", "local", "local_port", "mark", "class", "partner", "state",
 *     "outbound", "idle_ms", "claimed", "cause" }
 * partner and claimed are ids, 0 for none; claimed is whom the stream header names; cause says why a
 * refused one is. A flow that opens or closes meanwhile may be missed or come twice. *total: flows
 * now. Any thread. NULL without memory or before crew_prepare. */
json_t *report_flows(uint32_t offset, uint32_t limit, uint32_t *total);

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
