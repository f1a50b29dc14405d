/* SPDX-License-Identifier: BSD-3-Clause */
/* Errors on both sides and the way between them (RFC 7247 section 7, RFC 6120 section 8.3.3). */
#pragma once

#include "rules/base/text.h"

enum stanza_condition {
	STANZA_UNDEFINED_CONDITION,
	STANZA_BAD_REQUEST,
	STANZA_CONFLICT,
	STANZA_FEATURE_NOT_IMPLEMENTED,
	STANZA_FORBIDDEN,
	STANZA_GONE,
	STANZA_INTERNAL_SERVER_ERROR,
	STANZA_ITEM_NOT_FOUND,
	STANZA_JID_MALFORMED,
	STANZA_NOT_ACCEPTABLE,
	STANZA_NOT_ALLOWED,
	STANZA_NOT_AUTHORIZED,
	STANZA_POLICY_VIOLATION,
	STANZA_RECIPIENT_UNAVAILABLE,
	STANZA_REDIRECT,
	STANZA_REGISTRATION_REQUIRED,
	STANZA_REMOTE_SERVER_NOT_FOUND,
	STANZA_REMOTE_SERVER_TIMEOUT,
	STANZA_RESOURCE_CONSTRAINT,
	STANZA_SERVICE_UNAVAILABLE,
	STANZA_SUBSCRIPTION_REQUIRED,
	STANZA_UNEXPECTED_REQUEST,
	STANZA_CONDITIONS,
};

struct stanza_error {
	enum stanza_condition condition;
	struct view text; /* for people, may be empty */
};

const char *stanza_condition_name(enum stanza_condition c); /* "item-not-found" */
const char *stanza_condition_type(enum stanza_condition c); /* the default type: "cancel" */
/* The name of a child of <error/>; STANZA_UNDEFINED_CONDITION for an unknown one. */
enum stanza_condition stanza_condition_from_name(struct view name);

/* What a SIP requester hears when XMPP answered its MESSAGE with this. service-unavailable is 480;
 * never 408 (RFC 4320), never 503, never a 401 or 407 that we cannot challenge for. */
uint16_t sip_code_from_stanza(enum stanza_condition c);
/* What an XMPP sender hears when SIP answered with this final code (300..699). */
enum stanza_condition stanza_from_sip_code(uint16_t code);
/* Is it one of RFC 3261 or of what came later that we know? */
bool sip_code_is_known(uint16_t code);
/* The reason phrase that we send with a code. */
const char *sip_reason(uint16_t code);
