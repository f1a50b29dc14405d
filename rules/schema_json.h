/* SPDX-License-Identifier: BSD-3-Clause */
/* A table of keys as a JSON Schema (draft 2020-12), for editors. It says less than the compiler checks: what
 * values must be to each other no such schema can say. */
#pragma once

#include "rules/base/text.h"
#include "rules/schema.h"

/* Indented, with a newline at its end. */
void schema_json_print(const struct schema *fields, const char *title, struct text *out);
