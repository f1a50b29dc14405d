/* SPDX-License-Identifier: BSD-3-Clause */
/* Header parameters: *( SEMI generic-param ) of RFC 3261 section 25.1. */
#pragma once

#include "control/sip/lex.h"

struct sip_param {
	struct view name;
	struct view value; /* token, host or quoted-string, quotes included; empty if none */
	bool has_value;
};

/* Take ";name[=value]" from the cursor. DONE; NEED_MORE: the next octet (behind LWS) is no ';', so
 * the parameters end here; BAD: it is one, but no parameter follows. */
enum parse sip_param_next(struct sip_cursor *c, struct sip_param *out);
/* Look a parameter up in text that was parsed before (`params` of sip_address and sip_via). */
bool sip_param_find(struct view params, struct view name, struct view *value);
