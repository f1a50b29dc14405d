/* SPDX-License-Identifier: BSD-3-Clause */
/* SASL EXTERNAL between servers: one side says who it is, its certificate has proven it. Pure.
 * (RFC 6120 section 6, RFC 4422 appendix A, XEP-0178.) */
#pragma once

#include "control/xmpp/element.h"
#include "rules/base/text.h"

/* RFC 6120 section 6.5. */
#define SASL_FAILURES(X)                                                                           \
	X(ABORTED, "aborted")                                                                      \
	X(ACCOUNT_DISABLED, "account-disabled")                                                    \
	X(CREDENTIALS_EXPIRED, "credentials-expired")                                              \
	X(ENCRYPTION_REQUIRED, "encryption-required")                                              \
	X(INCORRECT_ENCODING, "incorrect-encoding")                                                \
	X(INVALID_AUTHZID, "invalid-authzid")                                                      \
	X(INVALID_MECHANISM, "invalid-mechanism")                                                  \
	X(MALFORMED_REQUEST, "malformed-request")                                                  \
	X(MECHANISM_TOO_WEAK, "mechanism-too-weak")                                                \
	X(NOT_AUTHORIZED, "not-authorized")                                                        \
	X(TEMPORARY_AUTH_FAILURE, "temporary-auth-failure")

enum sasl_result {
	SASL_SUCCESS,
	SASL_CHALLENGE, /* it named EXTERNAL and nothing more: an empty challenge is due */
#define SASL_FAILURE_ENUM(id, name) SASL_##id,
	SASL_FAILURES(SASL_FAILURE_ENUM)
#undef SASL_FAILURE_ENUM
};

/* "invalid-authzid"; "" for what is no failure. */
const char *sasl_failure_name(enum sasl_result result);
/* By the child of <failure/>; SASL_NOT_AUTHORIZED for an unknown one. */
enum sasl_result sasl_failure_from(const struct element *failure);

/* Judge <auth/>, or the <response/> to our challenge, on a stream whose `from` is peer_domain
 * (canonical). `proven` says that the peer's certificate is valid for that domain. The empty
 * authorisation identity ("=", or an empty response) means the stream's `from`. */
enum sasl_result sasl_judge(const struct element *e, const char *peer_domain, bool proven);

/* Does this <features/> offer EXTERNAL? */
bool sasl_offers_external(const struct element *features);

void sasl_put_auth(struct text *out, const char *own_domain);
void sasl_put_failure(struct text *out, enum sasl_result failure);
