/* SPDX-License-Identifier: BSD-3-Clause */
/* One kind of input, one function: from bytes to a verdict, by the very code that the daemons run. */
#pragma once

#include <jansson.h>

#include "rules/base/view.h"

struct verdict {
	enum parse result;
	const char *cause; /* static; set when result is PARSE_BAD */
	json_t *value;     /* object or NULL; taken over */
};

typedef void verdict_h(struct view input, struct verdict *out);

/* A view as a JSON string; bytes that are not UTF-8 become U+FFFD. */
json_t *verdict_string(struct view v);

#define VERDICT_KINDS(X)                                                                           \
	/* kind on the command line, function */                                                   \
	X("domain", verdict_domain)                                                                \
	X("jid", verdict_jid)                                                                      \
	X("sip-uri", verdict_sip_uri)                                                              \
	X("sip", verdict_sip)                                                                      \
	X("xmpp-stream", verdict_xmpp_stream)                                                      \
	X("xmpp-header", verdict_xmpp_header)                                                      \
	X("clienthello", verdict_clienthello)                                                      \
	X("rules", verdict_rules)

#define VERDICT_DECLARE(kind, function) verdict_h function;
VERDICT_KINDS(VERDICT_DECLARE)
#undef VERDICT_DECLARE
