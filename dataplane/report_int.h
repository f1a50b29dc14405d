/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of the report share. */
#pragma once

#include "dataplane/edge.h"
#include "dataplane/report.h"

static inline uint64_t counter_read(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

static inline int report_put(json_t *object, const char *name, uint64_t value)
{
	return json_object_set_new(object, name, json_integer((json_int_t)value));
}

/* The members of a connection that every listing of it has, as a new object. */
json_t *report_flow_json(const struct flow *flow, uint64_t now_ns);
/* "verified"; "none" for CLASS_NONE. */
const char *report_class_name(enum source_class class);
