/* SPDX-License-Identifier: BSD-3-Clause */
/* What is asked of the rules: may this go from here to there now? Facts only; whoever asks has found
 * them out. */
#pragma once

#include "rules/policy.h"
#include "rules/ruleset.h"

#define QUESTION_KINDS(X)                                                                          \
	X(message, im)                                                                             \
	X(presence, presence)                                                                      \
	X(subscription, presence)                                                                  \
	X(typing, typing)                                                                          \
	X(receipt, receipts)                                                                       \
	X(file, file)                                                                              \
	X(call, audio)                                                                             \
	X(group, group)

enum question_kind {
#define QUESTION_KIND_ENUM(name, capability) KIND_##name,
	QUESTION_KINDS(QUESTION_KIND_ENUM)
#undef QUESTION_KIND_ENUM
		KIND_COUNT
};

/* "message" */
const char *question_kind_name(enum question_kind kind);
bool question_kind_read(struct view name, enum question_kind *out);

/* A user at a domain, both prepared and in lower case where that is the rule. */
struct party {
	struct view address; /* "alice@corp.example"; just the domain if it is no user's */
	struct view domain;
};

/* What the dataplane and the handshake know of a connection. */
enum connection_trust {
	TRUST_PROVEN, /* as the partner that the question is about */
	TRUST_CLAIMED,
	TRUST_UNKNOWN,
	TRUST_SUSPICIOUS,
	TRUST_BLOCKED,
};

/* What a connection has served, fixed by its first message. */
enum federation_type {
	FEDERATION_ANY, /* nothing yet */
	FEDERATION_PARTNER,
	FEDERATION_PUBLIC,
	FEDERATION_HOSTING,
	FEDERATION_DISCOVERED,
};

enum source_mark { MARK_VERIFIED, MARK_UNVERIFIED, MARK_MISSING };

/* What somebody counts found. */
enum limit_state { LIMIT_FINE, LIMIT_MESSAGES, LIMIT_USERS, LIMIT_ERRORS };

struct question {
	struct party ours, theirs;
	enum heading heading;
	enum question_kind kind;
	uint32_t media; /* CAPABILITY_BIT of audio, video, file that a call offers; else 0 */
	uint32_t bytes; /* of its content */
	/* of a message, in UTF-8; without bytes and address: nobody knows them */
	struct view text, subject;

	/* the connection: in: that it came by; out: what is known of the one it would take, and
	 * TRUST_PROVEN while there is none */
	enum connection_trust trust;
	enum proof proof;       /* of TRUST_PROVEN by XMPP; 0: not by XMPP */
	enum protocol protocol; /* in: what it came by */
	enum federation_type type;
	enum source_mark mark; /* in: of the message, see question_come_by */

	bool known_contact; /* the recipient has the sender among its contacts, or has written to it */
	enum limit_state limit;
	bool seats_are_stuck; /* one that is taken now cannot be written down */
	bool archive_is_down;
	uint32_t routes_down; /* out: bit 1 << enum protocol: cannot be reached now */
	uint32_t srv_missing; /* out: the same: DNS has said that it has no server there */
	uint32_t
		srv_elsewhere; /* out: the same: its SRV records name only servers outside of the domain */
	/* out, by enum protocol: what is wrong with a way, for people; NULL: nothing that is known */
	const char *held[2];
	struct wall now;
	const struct licence_usage *usage;
};

/* It comes in by this protocol, with what that says of the sender. XMPP has no marks, and a proven stream counts as one; those
 * of SIP are not read, so that no message has one. */
void question_come_by(struct question *q, enum protocol protocol);
