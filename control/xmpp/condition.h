/* SPDX-License-Identifier: BSD-3-Clause */
/* The stream errors of RFC 6120 section 4.9.3. */
#pragma once

#include "rules/base/view.h"

#define STREAM_CONDITIONS(X)                                                                       \
	X(BAD_FORMAT, "bad-format")                                                                \
	X(BAD_NAMESPACE_PREFIX, "bad-namespace-prefix")                                            \
	X(CONFLICT, "conflict")                                                                    \
	X(CONNECTION_TIMEOUT, "connection-timeout")                                                \
	X(HOST_GONE, "host-gone")                                                                  \
	X(HOST_UNKNOWN, "host-unknown")                                                            \
	X(IMPROPER_ADDRESSING, "improper-addressing")                                              \
	X(INTERNAL_SERVER_ERROR, "internal-server-error")                                          \
	X(INVALID_FROM, "invalid-from")                                                            \
	X(INVALID_NAMESPACE, "invalid-namespace")                                                  \
	X(INVALID_XML, "invalid-xml")                                                              \
	X(NOT_AUTHORIZED, "not-authorized")                                                        \
	X(NOT_WELL_FORMED, "not-well-formed")                                                      \
	X(POLICY_VIOLATION, "policy-violation")                                                    \
	X(REMOTE_CONNECTION_FAILED, "remote-connection-failed")                                    \
	X(RESET, "reset")                                                                          \
	X(RESOURCE_CONSTRAINT, "resource-constraint")                                              \
	X(RESTRICTED_XML, "restricted-xml")                                                        \
	X(SEE_OTHER_HOST, "see-other-host")                                                        \
	X(SYSTEM_SHUTDOWN, "system-shutdown")                                                      \
	X(UNDEFINED_CONDITION, "undefined-condition")                                              \
	X(UNSUPPORTED_ENCODING, "unsupported-encoding")                                            \
	X(UNSUPPORTED_FEATURE, "unsupported-feature")                                              \
	X(UNSUPPORTED_STANZA_TYPE, "unsupported-stanza-type")                                      \
	X(UNSUPPORTED_VERSION, "unsupported-version")

enum stream_condition {
	STREAM_NO_ERROR, /* an orderly end */
#define STREAM_CONDITION_ENUM(id, name) STREAM_##id,
	STREAM_CONDITIONS(STREAM_CONDITION_ENUM)
#undef STREAM_CONDITION_ENUM
};

/* "host-unknown"; "" for STREAM_NO_ERROR. */
const char *stream_condition_name(enum stream_condition c);
/* Also the old xml-not-well-formed of RFC 3920; STREAM_UNDEFINED_CONDITION for an unknown name. */
enum stream_condition stream_condition_from_name(struct view name);
