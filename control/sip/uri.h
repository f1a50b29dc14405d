/* SPDX-License-Identifier: BSD-3-Clause */
/* SIP and SIPS URIs (RFC 3261 section 19.1, grammar section 25), as views. */
#pragma once

#include "rules/base/view.h"

enum sip_scheme { SIP_SCHEME_SIP, SIP_SCHEME_SIPS, SIP_SCHEME_OTHER };

struct sip_uri {
	enum sip_scheme scheme;
	struct view scheme_text;
	bool has_user;
	struct view user; /* as written, %HH not decoded */
	bool has_password;
	struct view password;
	struct view host;    /* name, IPv4 or [IPv6] */
	uint16_t port;       /* 0: not given */
	struct view params;  /* behind the first ';' of the host part, without it */
	struct view headers; /* behind '?', without it */
};

/* The whole of text must be one URI. Other schemes: DONE with SIP_SCHEME_OTHER and the scheme. */
enum parse sip_uri_parse(struct view text, struct sip_uri *out, struct fault *fault);
/* Value of a URI parameter; false if absent. A parameter without '=' has an empty value. */
bool sip_uri_param(const struct sip_uri *uri, struct view name, struct view *value);
