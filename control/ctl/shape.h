/* SPDX-License-Identifier: BSD-3-Clause */
/* From the pages of an answer back to what a program wants to read. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

/* Rows that are all {"name", "value"} become one object {name: value}; "GROUP.NAME" becomes a member
 * of an object GROUP for those groups that are a list of causes or one direction of the dataplane
 * ("in", "out", "dropped", "refused", "spoken"). Other rows stay an array. A head goes first: {"head members
 * ...", "counters" or "rows": what the rows became}; without one, that alone. Takes neither. A new
 * reference. */
json_t *shape_answer(json_t *head, json_t *rows);

/* The rows without those of {"name", "value"} whose value is 0. A new reference. */
json_t *shape_without_zeros(json_t *rows);
