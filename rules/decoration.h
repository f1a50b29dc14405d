/* SPDX-License-Identifier: BSD-3-Clause */
/* Names of one domain that travel under another: user(domain)@routing. Pure. */
#pragma once

#include "rules/base/text.h"
#include "rules/policy.h"

/* Is this domain of a provider sent under its routing domain? */
bool decoration_needed(const struct decoration *decoration, struct view domain);
/* What is within the brackets of such an address: a canonical domain with something before it. */
bool decoration_find(struct view address, struct view *domain);
/* "joe@acme.example" to "joe(acme.example)@msn.example". The text fails when the address has no '@'. */
void decoration_put(struct view address, const char *routing_domain, struct text *out);
/* And back; fails for what decoration_find does not find. */
void decoration_remove(struct view address, struct text *out);
