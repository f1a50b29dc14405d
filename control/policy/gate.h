/* SPDX-License-Identifier: BSD-3-Clause */
/* Puts what crosses before the rules, with the facts that this process knows, and does what follows from
 * their answer: a seat is taken, a contact is remembered, a refusal is counted and logged. */
#pragma once

#include "control/parcel/parcel.h"
#include "control/policy/clock.h"
#include "control/policy/contact.h"
#include "control/policy/usage.h"
#include "control/policy/watch.h"
#include "rules/decide.h"

struct gate;

/* usage NULL: seats by active month cannot be counted and are refused as taken; contacts NULL: nobody is
 * one. Both outlive the gate. NULL without memory. */
struct gate *gate_new(struct loop *loop, struct usage *usage, struct contacts *contacts);
void gate_free(struct gate *gate);

/* Where a message is going, and of one that comes in by what it came and how a partner has proven itself there: 0 by
 * SIP. */
struct gate_path {
	enum heading heading;
	enum protocol protocol;
	enum proof proof;
};

/* A message from `parcel->from` to `parcel->to`, one of which is ours: path->heading says which. *seat: what a message that
 * is allowed must wait for before it goes (control/policy/hold.h), until the loop goes on; NULL: nothing. */
void gate_message(struct gate *gate, const struct ruleset *rules, const struct gate_path *path,
	const struct parcel *parcel, struct verdict *out, struct usage_seat **seat);

/* The same decision with its reasons in words, and nothing follows from it: no seat is taken, nothing is
 * counted. *q: who, what, by which protocol, and when (0: now); the facts are filled in. What comes in has been proven in the best
 * way that the rules take of its domain. */
void gate_explain(struct gate *gate, const struct ruleset *rules, struct question *q,
	struct verdict *out, struct explanation *explanation);

/* Who counts what crosses. */
struct watch *gate_watch(struct gate *gate);

enum { GATE_HEADER_BYTES = 256 };

/* What the sides hear of a refusal: an XMPP sender its stanza error, a SIP sender the status with the
 * header ms-diagnostics-public, when its reason has an id ([MS-OCER] section 2.2.1), and Retry-After, when
 * it may be sent a moment later. */
struct stanza_error gate_stanza_error(enum reason reason);
void gate_sip_header(
	enum reason reason, const char *our_domain, char out[static GATE_HEADER_BYTES]);
