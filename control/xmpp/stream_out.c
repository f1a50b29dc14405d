/* SPDX-License-Identifier: BSD-3-Clause */
/* The stream that we opened: never a word in clear text, none before the peer has proven itself, unless the
 * rules say so of this partner. */
#include "control/xmpp/sasl.h"
#include "control/xmpp/stream_int.h"

#include "control/xmpp/xml.h"

static void distrust(struct stream *s, enum stream_condition condition, const char *cause)
{
	if (!s->fault.cause)
		s->fault.untrusted = true;
	stream_refuse(s, condition, cause);
}

void stream_out_header(struct stream *s)
{
	const struct reader_header *h = reader_header(s->reader);
	char domain[DOMAIN_ASCII_BYTES];

	/* An answer in another server's name, or for another one, goes no further than to a stream
	 * error, which would follow at once and say more. Some servers leave `to` out. */
	s->header_fault = NULL;
	if (h->has_from && (!jid_is_domain(h->from, domain) || strcmp(domain, s->remote) != 0))
		s->header_fault = "header_from_other_domain";
	else if (h->has_to && (!jid_is_domain(h->to, domain) || strcmp(domain, s->local) != 0))
		s->header_fault = "header_to_other_domain";
	s->state = STATE_FEATURES;
}

/* TLS when both sides can, whatever the rules would also take. */
static void choose_tls(struct stream *s, const struct element *features, struct mono now)
{
	const struct element *starttls = element_child(features, NS_TLS, VIEW("starttls"));
	uint32_t proofs = stream_proofs(s);

	if (starttls && proofs != PROOF_DIALBACK_TCP) {
		text_puts(&s->out, "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
		s->state = STATE_PROCEED;
	} else if (!(proofs & PROOF_DIALBACK_TCP)) {
		stream_refuse(s, STREAM_POLICY_VIOLATION, "starttls_not_offered");
	} else if (element_child(starttls, NS_TLS, VIEW("required"))) {
		distrust(s, STREAM_POLICY_VIOLATION, "starttls_required");
	} else if (s->role == STREAM_ASKING) {
		stream_ready(s, PROOF_DIALBACK_TCP, now);
	} else {
		stream_claim(s);
	}
}

static void choose_proof(struct stream *s, const struct element *features, struct mono now)
{
	uint32_t proofs = stream_proofs(s);

	if (s->role == STREAM_ASKING) {
		stream_ready(s, PROOF_DIALBACK_TLS, now);
	} else if (proofs & PROOF_SASL_TLS && sasl_offers_external(features)) {
		sasl_put_auth(&s->out, s->local);
		s->state = STATE_SUCCESS;
	} else if (proofs & PROOF_DIALBACK_TLS) {
		stream_claim(s);
	} else {
		distrust(s, STREAM_UNSUPPORTED_FEATURE, "external_not_offered");
	}
}

static void choose_feature(struct stream *s, const struct element *features, struct mono now)
{
	switch (s->phase) {
	case PHASE_PLAIN:
		choose_tls(s, features, now);
		return;
	case PHASE_TLS:
		choose_proof(s, features, now);
		return;
	case PHASE_AUTHENTICATED:
		stream_ready(s, s->trusted ? PROOF_SASL_TLS : PROOF_DIALBACK_TLS, now);
		return;
	}
}

static void proceed(struct stream *s, const struct view *input)
{
	if (stream_has_rest(s, input)) {
		stream_refuse(s, STREAM_POLICY_VIOLATION, "bytes_behind_proceed");
		return;
	}
	s->state = STATE_TLS;
	s->pending = STREAM_DO_TLS;
}

static void succeed(struct stream *s, const struct view *input, struct mono now)
{
	if (stream_has_rest(s, input)) {
		stream_refuse(s, STREAM_POLICY_VIOLATION, "bytes_behind_success");
		return;
	}
	s->phase = PHASE_AUTHENTICATED;
	if (stream_restart(s, now))
		stream_put_header(s, view_of(s->local), view_of(s->remote));
}

void stream_out_element(
	struct stream *s, const struct element *e, const struct view *input, struct mono now)
{
	if (s->header_fault) {
		stream_refuse(s, STREAM_INVALID_FROM, s->header_fault);
	} else if (s->state == STATE_FEATURES && element_is(e, NS_STREAM, VIEW("features"))) {
		choose_feature(s, e, now);
	} else if (s->state == STATE_PROCEED && element_is(e, NS_TLS, VIEW("proceed"))) {
		proceed(s, input);
	} else if (s->state == STATE_PROCEED && element_is(e, NS_TLS, VIEW("failure"))) {
		stream_close(s, "starttls_failure");
	} else if (s->state == STATE_SUCCESS && element_is(e, NS_SASL, VIEW("success"))) {
		succeed(s, input, now);
	} else if (s->state == STATE_SUCCESS && element_is(e, NS_SASL, VIEW("failure"))) {
		if (stream_proofs(s) & PROOF_DIALBACK_TLS) {
			stream_claim(s);
			return;
		}
		s->fault.detail = sasl_failure_name(sasl_failure_from(e));
		distrust(s, STREAM_NOT_AUTHORIZED, "sasl_failure");
	} else if (dialback_is(e)) {
		stream_take_dialback(s, e, now);
	} else if (view_equal(e->ns, NS_SERVER)) {
		/* Stanzas come on the streams that the peer opens: here it has proven nothing by
		 * SASL, and bidirectional use is not negotiated. */
		stream_refuse(s, STREAM_NOT_AUTHORIZED, "stanza_on_outbound_stream");
	} else {
		stream_refuse(s, STREAM_UNSUPPORTED_STANZA_TYPE, "unexpected_element");
	}
}
