/* SPDX-License-Identifier: BSD-3-Clause */
/* name-addr and addr-spec with header parameters: From, To, Contact, Route, P-Asserted-Identity
 * (RFC 3261 sections 20.10 and 25.1). */
#pragma once

#include "control/sip/lex.h"
#include "control/sip/message.h"

/* Take one element from the cursor, up to the comma or the end. params begins at its first ';'.
 * Offsets of faults count from the cursor's base. */
enum parse sip_address_next(struct sip_cursor *c, struct sip_address *out, struct fault *fault);
/* The whole value is one element. */
enum parse sip_address_parse(struct view value, struct sip_address *out, struct fault *fault);
