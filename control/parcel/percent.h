/* SPDX-License-Identifier: BSD-3-Clause */
/* Percent-encoding of the two places in a SIP URI where foreign characters may stand. */
#pragma once

#include "rules/base/text.h"

/* Append v with every byte outside the grammar of a SIP user (RFC 3261 section 25.1: unreserved and
 * user-unreserved) as %HH, upper case. An allow-list: what it does not know cannot get through. */
void percent_put_user(struct text *out, struct view v);
/* The same for the value of a URI parameter (paramchar). */
void percent_put_param(struct text *out, struct view v);
/* Append v with each %HH decoded exactly once. Causes: percent_malformed, control_character (a
 * decoded or raw 00..1F or 7F), not_utf8 (of the result), too_long. The offset is in v. */
enum parse percent_decode(struct view v, struct text *out, struct fault *fault);
