/* SPDX-License-Identifier: BSD-3-Clause */
/* JSON for people: aligned columns, no control characters on the terminal. */
#pragma once

#include <jansson.h>
#include <stdio.h>

/* "key: value" lines of an object, members of nested ones by "a.b"; NULL prints nothing. An empty line
 * follows if anything was printed. */
void table_print_head(FILE *out, json_t *head);

/* Rows are objects; columns are the members of all rows in order of first sight. Numbers are aligned
 * to the right. Rows {"name", "value"} alone are printed without a header. */
void table_print_rows(FILE *out, json_t *rows);
