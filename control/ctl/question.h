/* SPDX-License-Identifier: BSD-3-Clause */
/* What follows the noun of `show`, as members of the question. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "rules/base/view.h"
#include "rules/prefix.h"

/* One end of a connection. */
struct endpoint {
	struct ip_address address;
	uint16_t port;
};

/* "192.0.2.1:5269" or "[2001:db8::1]:5269"; the port is 1 to 65535, without zeros in front. */
bool endpoint_parse(struct view text, struct endpoint *out);
/* "192.0.2.1:40000-198.51.100.1:5269": both ends, of one family. */
bool endpoint_pair_parse(struct view text, struct endpoint *one, struct endpoint *other);

/* The members for `show NOUN WORDS...`, an empty object when there are no words. NULL: they are not
 * what the noun takes; *usage says what that is. A new reference. */
json_t *question_members(const char *noun, char *const *words, int count, const char **usage);
