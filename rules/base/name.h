/* SPDX-License-Identifier: BSD-3-Clause */
/* Could these bytes be a domain name? 1 to 253 bytes, labels of 1 to 63, no dot at the end. What the
 * labels mean (IDNA, hyphens) is for rules/domain. */
#pragma once

#include "rules/base/view.h"

/* Letters, digits, hyphens and underscores: refuses NUL, '*', '@', space and all else that would make
 * a comparison of names say more than it means. */
bool name_is_plain(struct view name);

/* Is it the domain, or below it? Both in the same letter case, without a dot at the end. */
bool name_is_within(struct view name, struct view domain);

/* Lower-case letters, digits and hyphens, as the compiler of rules writes names. */
bool name_is_canonical(struct view name);
bool name_is_canonical_byte(uint8_t c);
