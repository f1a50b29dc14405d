/* SPDX-License-Identifier: BSD-3-Clause */
/* Why something is refused: the one list behind SIP answers, stanza errors, counters, the log and
 * picketctl explain. */
#pragma once

#include <stdint.h>

/* The steps of a decision, in their order. */
#define STEPS(X)                                                                                   \
	X(connection, "the connection's class")                                                    \
	X(identity, "who the partner has proven to be")                                            \
	X(blocklist, "domains that the rules block")                                               \
	X(partner, "the partner or provider of the domain")                                        \
	X(type, "one connection serves one kind of federation")                                    \
	X(federation, "the master switch")                                                         \
	X(policy, "what the user may")                                                             \
	X(licence, "agreements, seats and dates")                                                  \
	X(capability, "what partner, provider and user can exchange")                              \
	X(verification, "verified senders, and contacts")                                          \
	X(limit, "messages, users and errors per time")                                            \
	X(content, "what is in it")                                                                \
	X(archive, "disclaimer and archive")                                                       \
	X(route, "the way on")

enum step {
#define STEP_ENUM(name, words) STEP_##name,
	STEPS(STEP_ENUM)
#undef STEP_ENUM
		STEP_COUNT
};

/* The stanza errors that say it (RFC 6120 section 8.3.3). */
#define REASON_CONDITIONS(X)                                                                       \
	X(FEATURE_NOT_IMPLEMENTED, "feature-not-implemented")                                      \
	X(FORBIDDEN, "forbidden")                                                                  \
	X(ITEM_NOT_FOUND, "item-not-found")                                                        \
	X(JID_MALFORMED, "jid-malformed")                                                          \
	X(NOT_ACCEPTABLE, "not-acceptable")                                                        \
	X(NOT_AUTHORIZED, "not-authorized")                                                        \
	X(POLICY_VIOLATION, "policy-violation")                                                    \
	X(REMOTE_SERVER_NOT_FOUND, "remote-server-not-found")                                      \
	X(RESOURCE_CONSTRAINT, "resource-constraint")                                              \
	X(SERVICE_UNAVAILABLE, "service-unavailable")

enum reason_condition {
	REASON_CONDITION_NONE,
#define REASON_CONDITION_ENUM(name, text) REASON_CONDITION_##name,
	REASON_CONDITIONS(REASON_CONDITION_ENUM)
#undef REASON_CONDITION_ENUM
		REASON_CONDITION_COUNT
};

/* X(name, step, SIP status, ms-diagnostics id or 0, stanza error condition of REASON_CONDITIONS,
 * words for the operator, words for those outside). Outside nobody learns who of our users exists,
 * what they may, or what has been bought. No status is 503: for that a server may send us nothing more for a
 * while, to nobody, or try our other addresses (RFC 3261 section 21.5.4, RFC 5390), and what is refused is
 * one message. The ids are those of [MS-OCER] where it has a fitting one; of those from 16000 to 16999, which
 * are for filters of messages, we have our own. */
#define REASONS(X)                                                                                 \
	X(source_blocked, connection, 403, 0, POLICY_VIOLATION,                                    \
		"the source of the connection is blocked", "Not allowed by policy")                \
	X(source_suspicious, connection, 403, 0, POLICY_VIOLATION,                                 \
		"the connection is held to be suspicious", "Not allowed by policy")                \
	X(not_proven, identity, 403, 1010, NOT_AUTHORIZED,                                         \
		"the partner has not proven its domain", "Domain not proven")                      \
	X(proof_not_allowed, partner, 403, 1010, NOT_AUTHORIZED,                                   \
		"the partner's domain was proven in a way that its rules do not allow",            \
		"Domain not proven")                                                               \
	X(domain_blocked, blocklist, 403, 1027, POLICY_VIOLATION, "the rules block the domain",    \
		"Not allowed by policy")                                                           \
	X(no_partner, partner, 403, 1027, REMOTE_SERVER_NOT_FOUND,                                 \
		"no rule names the domain, and unknown domains are not looked for",                \
		"No route to domain")                                                              \
	X(domain_is_ours, partner, 403, 1027, POLICY_VIOLATION,                                    \
		"the other side's domain is ours, and no provider shares it",                      \
		"Not allowed by policy")                                                           \
	X(name_of_another, partner, 403, 1027, POLICY_VIOLATION,                                   \
		"the domain in brackets belongs to somebody else than who sent it",                \
		"Not allowed by policy")                                                           \
	X(name_malformed, partner, 400, 0, JID_MALFORMED,                                          \
		"the user's name has brackets that cannot be undone, or is too long with them",    \
		"Malformed address")                                                               \
	X(other_protocol, partner, 403, 1027, POLICY_VIOLATION,                                    \
		"the rules give the domain another protocol than it came by",                      \
		"Not allowed by policy")                                                           \
	X(provider_off, partner, 403, 1027, REMOTE_SERVER_NOT_FOUND,                               \
		"the provider is not enabled", "No route to domain")                               \
	X(not_our_domain, partner, 404, 1003, ITEM_NOT_FOUND,                                      \
		"the domain on our side is none of ours", "Not here")                              \
	X(type_changed, type, 403, 1027, POLICY_VIOLATION,                                         \
		"the connection has served another kind of federation before",                     \
		"Not allowed by policy")                                                           \
	X(federation_off, federation, 403, 1002, POLICY_VIOLATION, "federation is switched off",   \
		"Not allowed by policy")                                                           \
	X(user_federation, policy, 403, 1002, FORBIDDEN,                                           \
		"the user's policy does not allow federation", "Not allowed by policy")            \
	X(user_xmpp, policy, 403, 1002, FORBIDDEN,                                                 \
		"the user's policy does not allow XMPP partners", "Not allowed by policy")         \
	X(user_public, policy, 403, 1001, FORBIDDEN,                                               \
		"the user's policy does not allow public providers", "Not allowed by policy")      \
	X(user_public_av, policy, 403, 1001, FORBIDDEN,                                            \
		"the user's policy does not allow calls with public providers",                    \
		"Not allowed by policy")                                                           \
	X(provider_not_begun, licence, 403, 1001, SERVICE_UNAVAILABLE,                             \
		"the provider's service has not begun", "Service unavailable")                     \
	X(provider_retired, licence, 403, 1001, SERVICE_UNAVAILABLE,                               \
		"the provider's service has ended", "Service unavailable")                         \
	X(no_agreement, licence, 403, 1001, SERVICE_UNAVAILABLE, "no agreement covers our domain", \
		"Service unavailable")                                                             \
	X(licence_not_started, licence, 403, 1001, SERVICE_UNAVAILABLE,                            \
		"the agreement has not begun", "Service unavailable")                              \
	X(licence_expired, licence, 403, 1001, SERVICE_UNAVAILABLE, "the agreement has ended",     \
		"Service unavailable")                                                             \
	X(no_seat, licence, 403, 1001, SERVICE_UNAVAILABLE, "the user has no seat",                \
		"Service unavailable")                                                             \
	X(seats_exhausted, licence, 403, 1001, SERVICE_UNAVAILABLE,                                \
		"all seats are taken this month", "Service unavailable")                           \
	X(seat_not_written, licence, 500, 0, RESOURCE_CONSTRAINT,                                  \
		"the user needs a seat, and seats cannot be written down", "Service unavailable")  \
	X(capability, capability, 488, 0, FEATURE_NOT_IMPLEMENTED,                                 \
		"partner, provider or user cannot exchange this", "Not supported here")            \
	X(mark_missing, verification, 403, 0, NOT_ACCEPTABLE,                                      \
		"the message has no verification mark, and the partner must set one",              \
		"Verification missing")                                                            \
	X(not_a_contact, verification, 403, 0, FORBIDDEN,                                          \
		"the sender is not verified and not among the recipient's contacts",               \
		"Recipient accepts contacts only")                                                 \
	X(not_invited, verification, 403, 0, FORBIDDEN,                                            \
		"our user has not invited the sender, which this partner's users need",            \
		"Recipient accepts contacts only")                                                 \
	X(over_messages, limit, 480, 0, RESOURCE_CONSTRAINT,                                       \
		"more messages per second than the rules give the partner", "Too many messages")   \
	X(over_users, limit, 403, 0, POLICY_VIOLATION,                                             \
		"more different users addressed than the rules give the partner",                  \
		"Too many recipients")                                                             \
	X(over_errors, limit, 480, 0, RESOURCE_CONSTRAINT,                                         \
		"the partner is suspicious: too many of its messages went to nobody",              \
		"Too many messages")                                                               \
	X(too_large, content, 413, 0, POLICY_VIOLATION, "larger than the partner may send",        \
		"Too large")                                                                       \
	X(file_blocked, content, 403, 16001, POLICY_VIOLATION,                                     \
		"a link leads to a file of a kind that the rules refuse",                          \
		"Links to such files not allowed")                                                 \
	X(link_blocked, content, 403, 16002, POLICY_VIOLATION, "the rules refuse links",           \
		"Links not allowed")                                                               \
	X(too_many_links, content, 403, 16003, POLICY_VIOLATION,                                   \
		"more links than a message may have", "Too many links")                            \
	X(archive_down, archive, 500, 0, SERVICE_UNAVAILABLE,                                      \
		"it must be archived, and the archive is down", "Service unavailable")             \
	X(no_route, route, 480, 1005, SERVICE_UNAVAILABLE,                                         \
		"none of the ways to it can carry this", "No route to domain")                     \
	X(srv_missing, route, 404, 1008, REMOTE_SERVER_NOT_FOUND,                                  \
		"DNS knows no server of the domain", "No server of the domain in DNS")             \
	X(srv_conflict, route, 504, 1009, REMOTE_SERVER_NOT_FOUND,                                 \
		"the SRV records of the domain name only servers outside of it",                   \
		"Server in DNS does not match the domain")

enum reason {
	REASON_none,
#define REASON_ENUM(name, step, sip, diagnostics, condition, words, outside) REASON_##name,
	REASONS(REASON_ENUM)
#undef REASON_ENUM
		REASON_COUNT
};

struct reason_text {
	const char *name; /* "user_public" */
	enum step step;
	uint16_t sip;         /* status of the answer */
	uint16_t diagnostics; /* ms-diagnostics-public; 0: none fits */
	enum reason_condition condition;
	const char *words;   /* for the operator */
	const char *outside; /* for the other side and its user */
};

const struct reason_text *reason_text(enum reason reason);
/* "policy-violation"; "" of REASON_none */
const char *reason_condition(enum reason reason);
/* "licence"; "agreements, seats and dates" */
const char *step_name(enum step step);
const char *step_words(enum step step);
