/* SPDX-License-Identifier: BSD-3-Clause */
/* Dialback on a stream, in the three roles that a server has: it proves itself (outbound), it has to be
 * convinced (inbound; it asks on a stream of its own), and it knows the keys of its own domains (inbound). */
#include <stdlib.h>

#include "control/xmpp/stream_int.h"

static void count(struct stream *s, const char *area, const char *what)
{
	s->world->count(s->world->arg, area, what);
}

/* Nobody asked for it, or not here: it has no effect. */
static void ignore(struct stream *s, const char *why)
{
	count(s, "dialback.ignored", why);
}

/* --- it knows: is this key ours? --- */

static void judge_key(struct stream *s, const struct dialback *d)
{
	const struct dialback_stream stream = {
		.receiving = d->from, .originating = d->to, .id = d->id};
	enum dialback_type type = DIALBACK_INVALID;

	if (s->phase != PHASE_AUTHENTICATED && ++s->verifies > STREAM_STRANGER_VERIFY_MAX) {
		stream_refuse(s, STREAM_POLICY_VIOLATION, "too_many_verify");
		return;
	}
	if (!s->world->is_local(s->world->arg, d->to))
		type = DIALBACK_ERROR;
	else if (dialback_key_is(s->world->secret, &stream, d->key))
		type = DIALBACK_VALID;
	count(s, "dialback.answered",
		type == DIALBACK_VALID     ? "valid"
		: type == DIALBACK_INVALID ? "invalid"
					   : "not_ours");
	dialback_put_answer(&s->out, d, type, DIALBACK_ITEM_NOT_FOUND);
}

/* --- it has to be convinced --- */

static void refuse_result(
	struct stream *s, const struct dialback *d, enum dialback_error error, const char *cause)
{
	count(s, "dialback.refused", cause);
	dialback_put_answer(&s->out, d, DIALBACK_ERROR, error);
	if (s->phase == PHASE_AUTHENTICATED)
		return;
	s->fault.detail = cause;
	if (++s->auth_tries >= STREAM_AUTH_TRIES)
		stream_refuse(s, STREAM_POLICY_VIOLATION, "too_many_auth_tries");
}

/* One pair for each stream, that of its header: others get a stream of their own. */
static bool check_pair(struct stream *s, const struct dialback *d)
{
	if (!s->world->is_local(s->world->arg, d->to))
		refuse_result(s, d, DIALBACK_ITEM_NOT_FOUND, "not_ours");
	else if (s->world->partner(s->world->arg, d->from) != STREAM_PARTNER_SERVED)
		refuse_result(s, d, DIALBACK_POLICY_VIOLATION, "no_partner");
	else if (strcmp(d->from, s->remote) != 0 || strcmp(d->to, s->local) != 0)
		refuse_result(s, d, DIALBACK_RESOURCE_CONSTRAINT, "other_pair");
	else
		return true;
	return false;
}

static void take_result(struct stream *s, const struct dialback *d)
{
	uint32_t proofs = stream_proofs(s);

	if (!check_pair(s, d))
		return;
	if (s->state != STATE_NEGOTIATE) {
		/* It waits for the answer, or has it. */
		ignore(s, "duplicate");
	} else if (s->phase == PHASE_TLS && !(proofs & PROOF_DIALBACK_TLS)) {
		refuse_result(s, d, DIALBACK_NOT_AUTHORIZED, "not_taken");
	} else {
		free(s->key);
		s->key = view_dup(d->key);
		if (!s->key) {
			stream_refuse(s, STREAM_RESOURCE_CONSTRAINT, "no_memory");
			return;
		}
		s->state = STATE_VERIFY;
		s->pending = STREAM_DO_VERIFY;
	}
}

/* The way that has been taken, if the rules (still) take it. */
static enum proof proof_now(const struct stream *s, bool over_tls)
{
	enum proof proof =
		s->phase == PHASE_TLS && over_tls ? PROOF_DIALBACK_TLS : PROOF_DIALBACK_TCP;

	if (s->world->partner(s->world->arg, s->remote) != STREAM_PARTNER_SERVED)
		return 0;
	return stream_proofs(s) & proof ? proof : 0;
}

void stream_verified(struct stream *s, enum dialback_type said, enum dialback_error error,
	bool over_tls, struct mono now)
{
	const struct dialback request = {.kind = DIALBACK_RESULT,
		.from_text = view_of(s->remote),
		.to_text = view_of(s->local)};
	enum proof proof = proof_now(s, over_tls);

	if (s->state != STATE_VERIFY)
		return;
	free(s->key);
	s->key = NULL;
	s->state = STATE_NEGOTIATE;
	if (said == DIALBACK_VALID && proof) {
		dialback_put_answer(&s->out, &request, DIALBACK_VALID, DIALBACK_UNDEFINED);
		s->phase = PHASE_AUTHENTICATED;
		s->fault.detail = NULL;
		reader_set_limits(s->reader, &reader_limits_partner);
		count(s, "dialback", proof == PROOF_DIALBACK_TLS ? "proven_tls" : "proven_tcp");
		stream_ready(s, proof, now);
	} else if (said == DIALBACK_INVALID) {
		dialback_put_answer(&s->out, &request, DIALBACK_INVALID, DIALBACK_UNDEFINED);
		stream_refuse(s, STREAM_NOT_AUTHORIZED, "dialback_invalid");
	} else if (said == DIALBACK_VALID) {
		refuse_result(s, &request, DIALBACK_POLICY_VIOLATION, "not_taken");
	} else {
		refuse_result(s, &request, error, "not_verified");
	}
}

struct view stream_id(const struct stream *s)
{
	return view_of(s->id);
}

struct view stream_key(const struct stream *s)
{
	return s->key ? view_of(s->key) : (struct view){0};
}

/* --- it asks --- */

void stream_ask(struct stream *s, struct view id, struct view key, struct mono now)
{
	if (s->role != STREAM_ASKING || s->state != STATE_READY)
		return;
	dialback_put_verify(&s->out, view_of(s->local), view_of(s->remote), id, key);
	s->sent = now;
	s->written = now;
}

/* Read again: quiet streams need no room for it. */
void stream_answer(const struct stream *s, struct dialback *out)
{
	const char *cause;

	dialback_read(reader_stanza(s->reader), out, &cause);
}

/* --- it proves itself --- */

void stream_claim(struct stream *s)
{
	const struct reader_header *h = reader_header(s->reader);
	const struct dialback_stream stream = {
		.receiving = s->remote, .originating = s->local, .id = h->id};
	char key[DIALBACK_KEY_BYTES];

	if (!h->has_id || !dialback_id_is_fine(h->id)) {
		stream_refuse(s, STREAM_BAD_FORMAT, "header_without_id");
		return;
	}
	dialback_key(s->world->secret, &stream, key);
	dialback_put_result(&s->out, view_of(s->local), view_of(s->remote), view_of(key));
	count(s, "dialback", "claimed");
	s->state = STATE_RESULT;
}

/* What the other side of an error can mean to a sender. */
static void fault_fill(struct stream_fault *fault, const struct dialback *d)
{
	if (fault->cause)
		return;
	if (d->type == DIALBACK_INVALID) {
		fault->untrusted = true;
		return;
	}
	fault->detail = dialback_error_name(d->error);
	fault->unknown_host = d->error == DIALBACK_ITEM_NOT_FOUND;
	fault->untrusted = d->error == DIALBACK_NOT_AUTHORIZED || d->error == DIALBACK_FORBIDDEN ||
			   d->error == DIALBACK_POLICY_VIOLATION;
}

static void learn_result(struct stream *s, const struct dialback *d, struct mono now)
{
	bool tls = s->phase == PHASE_TLS;

	if (strcmp(d->from, s->remote) != 0 || strcmp(d->to, s->local) != 0) {
		ignore(s, "mismatched");
		return;
	}
	if (d->type != DIALBACK_VALID) {
		fault_fill(&s->fault, d);
		text_puts(&s->out, "</stream:stream>");
		stream_close(
			s, d->type == DIALBACK_INVALID ? "dialback_invalid" : "dialback_error");
		return;
	}
	s->phase = PHASE_AUTHENTICATED;
	reader_set_limits(s->reader, &reader_limits_partner);
	stream_ready(s,
		s->trusted ? PROOF_SASL_TLS
		: tls      ? PROOF_DIALBACK_TLS
			   : PROOF_DIALBACK_TCP,
		now);
}

void stream_take_dialback(struct stream *s, const struct element *e, struct mono now)
{
	struct dialback d;
	const char *cause;

	if (!dialback_read(e, &d, &cause)) {
		stream_refuse(s,
			strcmp(cause, "dialback_address") == 0 ? STREAM_IMPROPER_ADDRESSING
							       : STREAM_BAD_FORMAT,
			cause);
	} else if (s->state == STATE_CLOSING) {
		ignore(s, "late");
	} else if (s->role == STREAM_INBOUND && d.type == DIALBACK_REQUEST) {
		if (d.kind == DIALBACK_VERIFY)
			judge_key(s, &d);
		else
			take_result(s, &d);
	} else if (s->role == STREAM_INBOUND || d.type == DIALBACK_REQUEST) {
		ignore(s, "wrong_direction");
	} else if (s->role == STREAM_ASKING && d.kind == DIALBACK_VERIFY &&
		   s->state == STATE_READY) {
		s->pending = STREAM_DO_ANSWER;
	} else if (s->role == STREAM_OUTBOUND && d.kind == DIALBACK_RESULT &&
		   s->state == STATE_RESULT) {
		learn_result(s, &d, now);
	} else {
		ignore(s, "unsolicited");
	}
}

enum proof stream_proven_by(const struct stream *s)
{
	return s->proof;
}
