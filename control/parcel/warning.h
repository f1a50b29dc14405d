/* SPDX-License-Identifier: BSD-3-Clause */
/* What happened on one side, told on the other: also when no answer came at all. */
#pragma once

#include "control/parcel/stanza_error.h"
#include "control/sip/endpoint.h"
#include "control/sip/message.h"
#include "control/xmpp/pool.h"
#include "rules/reason.h"

enum { WARNING_TEXT_MAX_BYTES = 128 };

/* A final response and what its headers say. */
struct sip_answer {
	uint16_t code;
	const char *reason;     /* static */
	struct view warning;    /* for people, of Warning 399; empty: no Warning */
	uint32_t retry_after_s; /* 0: no Retry-After */
	enum reason why;        /* in the words of decisions, if it has one; else REASON_none */
};

/* How a failed SIP transaction is told to the XMPP sender. False when it did not fail (a 2xx). code
 * counts only with SIP_RESPONDED. The text is static: a reason phrase of the other side is not
 * passed on. It says whether the message can have arrived, as far as that is known. */
bool stanza_error_from_outcome(enum sip_outcome outcome, uint16_t code, struct stanza_error *out);

/* How a fate of the XMPP stream is told to the SIP sender. False for XMPP_WRITTEN, which is none yet.
 * XMPP_STREAM_LOST is also the answer when a ping behind the stanza was not answered. */
bool sip_answer_from_fate(enum xmpp_fate fate, struct sip_answer *out);
/* How the end of a request that we sent for a SIP sender is told to it. response: with SIP_RESPONDED, else NULL. Of a
 * final response the code crosses, with a phrase of ours, and Retry-After when that is a number: 2xx is 200 or 202, 3xx 480,
 * 401 and 407 403, 503 500 (it would make the sender avoid all of us), 408 504 (RFC 4320 section 4.2), and 405
 * 501, which needs no Allow. Whatever is no code of ours, or needs another header line, is the x00 of its class. */
void sip_answer_from_outcome(
	enum sip_outcome outcome, const struct sip_message *response, struct sip_answer *out);
/* How an error stanza is told to the SIP sender; warning is the view of its text. */
struct sip_answer sip_answer_from_stanza(const struct stanza_error *error);

/* Append the header lines of an answer (for sip_respond's extra): Warning (RFC 3261 section 20.43)
 * with `agent`, our host name, Retry-After, and ms-diagnostics-public of a reason that has an id. The text is quoted, its controls are gone, at most
 * WARNING_TEXT_MAX_BYTES of it. Nothing is appended for a text that is not UTF-8 or an agent that is
 * no host name. */
void sip_answer_put_headers(const struct sip_answer *answer, struct view agent, struct text *out);
