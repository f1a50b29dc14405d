/* SPDX-License-Identifier: BSD-3-Clause */
/* What a body is: Content-Type and Content-Encoding (RFC 3261 sections 7.4.1, 20.12, 20.15). */
#pragma once

#include "control/sip/message.h"

struct sip_content_type {
	struct view type;    /* "text" */
	struct view subtype; /* "plain" */
	struct view params;  /* for sip_param_find; as written */
};

bool sip_content_type_parse(struct view value, struct sip_content_type *out);
/* The value of a parameter that may be quoted, without quotes. */
struct view sip_unquote(struct view value);
/* Every Content-Encoding of the message is "identity", or there is none. */
bool sip_content_is_plain(const struct sip_message *m);
