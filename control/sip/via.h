/* SPDX-License-Identifier: BSD-3-Clause */
/* Via: the way that a response goes back (RFC 3261 sections 20.42 and 25.1). */
#pragma once

#include "control/sip/lex.h"
#include "control/sip/message.h"

/* Take one via-parm from the cursor, up to the comma or the end. Any transport is taken. params
 * begins at its first ';'. */
enum parse sip_via_next(struct sip_cursor *c, struct sip_via *out, struct fault *fault);
