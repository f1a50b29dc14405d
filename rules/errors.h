/* SPDX-License-Identifier: BSD-3-Clause */
/* Collecting complaints about a document, in the order of its lines. */
#pragma once

#include "rules/ruleset.h"

/* Add a complaint; `key` is a dotted path, "" for the document as a whole. When the list is full the
 * complaint with the highest line gives way, and `more` counts it. */
void rules_errors_add(struct rules_errors *errors, unsigned line, const char *key,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

/* A value in an error message: bytes outside printable ASCII escaped, cut after 40. */
struct quoted {
	char text[40 * 4 + 8];
};
/* Returns into->text. */
const char *quote(struct view value, struct quoted *into);
