/* SPDX-License-Identifier: BSD-3-Clause */
/* What becomes of a request that is syntactically sound: the checks of RFC 3261 section 8.2, in its
 * order, for every method. Pure: no connection, no transaction. */
#pragma once

#include "control/sip/message.h"
#include "rules/base/text.h"

/* Who asks, in the eyes of the core. */
struct sip_asker {
	void *arg;
	/* Does this domain, a host as written in a URI, belong to the proven peer? NULL: nobody is
	 * proven and nobody is refused for it (the checks that need no connection). */
	bool (*owns)(void *arg, struct view host);
	struct view own_branch; /* what the branches of our requests begin with; empty: none */
	bool merged; /* the same request is being handled in another transaction (8.2.2.2) */
};

enum sip_fate {
	SIP_FATE_IGNORE, /* an ACK: never answered */
	SIP_FATE_ANSWER, /* code, reason and extra are the answer */
	SIP_FATE_TAKE,   /* a MESSAGE for the handler */
};

enum { SIP_EXTRA_MAX_BYTES = 1024 };

struct sip_decision {
	enum sip_fate fate;
	uint16_t code;
	const char *reason; /* static */
	const char *cause;  /* static, the counter's name; NULL when nothing is refused */
	char extra[SIP_EXTRA_MAX_BYTES]; /* header lines of the answer */
	uint32_t extra_len;
};

void sip_core_decide(
	const struct sip_message *request, const struct sip_asker *asker, struct sip_decision *out);
