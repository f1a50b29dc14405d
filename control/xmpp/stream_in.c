/* SPDX-License-Identifier: BSD-3-Clause */
/* The stream that a partner opened: who it says it is, who it proves to be, what it may send. */
#include "control/xmpp/sasl.h"
#include "control/xmpp/stream_int.h"

#include "control/xmpp/xml.h"

#define TLS_REQUIRED "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>"
#define TLS_OFFERED  "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
#define SASL_OFFERED                                                                               \
	"<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>EXTERNAL</mechanism>"     \
	"</mechanisms>"
#define DIALBACK_OFFERED "<dialback xmlns='urn:xmpp:features:dialback'><errors/></dialback>"

/* What the header says, in canonical form, and whether that may be. */
struct claim {
	char to[DOMAIN_ASCII_BYTES];
	char from[DOMAIN_ASCII_BYTES];
	bool to_is_ours;
	bool from_is_domain;
};

static void read_claim(const struct stream *s, const struct reader_header *h, struct claim *c)
{
	*c = (struct claim){0};
	c->to_is_ours = h->has_to && jid_is_domain(h->to, c->to) &&
			s->world->is_local(s->world->arg, c->to);
	c->from_is_domain = h->has_from && jid_is_domain(h->from, c->from);
}

/* RFC 6120 section 4.9.1.3: the answering header comes before any error. It repeats the names as
 * the peer wrote them, if they are names. */
static void answer_header(struct stream *s, const struct reader_header *h, const struct claim *c)
{
	s->takes_dialback = c->from_is_domain && s->world->proofs(s->world->arg, c->from) &
							 (PROOF_DIALBACK_TLS | PROOF_DIALBACK_TCP);
	stream_put_header(s, c->to_is_ours ? h->to : view_of(s->world->own_domain),
		c->from_is_domain ? h->from : (struct view){0});
}

static bool check_partner(struct stream *s, const char *domain)
{
	switch (s->world->partner(s->world->arg, domain)) {
	case STREAM_PARTNER_SERVED:
		return true;
	case STREAM_PARTNER_BLOCKED:
		stream_refuse(s, STREAM_POLICY_VIOLATION, "blocked_domain");
		return false;
	case STREAM_PARTNER_NOT_XMPP:
		stream_refuse(s, STREAM_POLICY_VIOLATION, "partner_is_not_xmpp");
		return false;
	case STREAM_PARTNER_OFF:
		stream_refuse(s, STREAM_NOT_AUTHORIZED, "provider_off");
		return false;
	case STREAM_PARTNER_UNKNOWN:
		break;
	}
	stream_refuse(s, STREAM_NOT_AUTHORIZED, "unknown_partner");
	return false;
}

/* Names may be said for the first time, then never change. What is claimed in clear text can only
 * get the peer refused; it proves nothing. */
static bool check_claim(struct stream *s, const struct reader_header *h, const struct claim *c)
{
	if (!c->to_is_ours) {
		stream_refuse(s, STREAM_HOST_UNKNOWN,
			h->has_to ? "header_to_unknown" : "header_without_to");
	} else if (h->has_from && !c->from_is_domain) {
		stream_refuse(s, STREAM_IMPROPER_ADDRESSING, "header_from_invalid");
	} else if (!h->has_from && s->phase != PHASE_PLAIN) {
		stream_refuse(s, STREAM_IMPROPER_ADDRESSING, "header_without_from");
	} else if ((s->local[0] && strcmp(s->local, c->to) != 0) ||
		   (s->remote[0] && strcmp(s->remote, c->from) != 0)) {
		stream_refuse(s, STREAM_NOT_AUTHORIZED, "header_changed");
	} else {
		memcpy(s->local, c->to, sizeof(s->local));
		if (c->from_is_domain)
			memcpy(s->remote, c->from, sizeof(s->remote));
		return !c->from_is_domain || check_partner(s, s->remote);
	}
	return false;
}

static void offer(struct stream *s, const char *first, const char *second)
{
	text_printf(&s->out, "<stream:features>%s%s</stream:features>", first, second);
	s->state = STATE_NEGOTIATE;
}

/* TLS is required unless the rules take what is said in the clear. */
static void offer_tls(struct stream *s)
{
	uint32_t proofs = stream_proofs(s);

	if (!(proofs & PROOF_DIALBACK_TCP))
		offer(s, TLS_REQUIRED, "");
	else if (proofs == PROOF_DIALBACK_TCP)
		offer(s, "", DIALBACK_OFFERED);
	else
		offer(s, TLS_OFFERED, DIALBACK_OFFERED);
}

/* EXTERNAL is offered to a proven peer only: with an unproven one it would end in a loop. */
static void offer_proof(struct stream *s)
{
	uint32_t proofs = stream_proofs(s);
	enum stream_proof proof = s->world->proof(s->world->arg, s->remote);
	bool external = proof == STREAM_PROVEN && proofs & PROOF_SASL_TLS;
	bool dialback = proofs & PROOF_DIALBACK_TLS;

	if (external || dialback) {
		offer(s, external ? SASL_OFFERED : "", dialback ? DIALBACK_OFFERED : "");
		return;
	}
	switch (proof) {
	case STREAM_PROVEN:
		/* It is to stay in clear text, and came here without its name. */
		stream_refuse(s, STREAM_POLICY_VIOLATION, "tls_not_supported");
		return;
	case STREAM_CERTIFICATE_NONE:
		stream_refuse(s, STREAM_NOT_AUTHORIZED, "certificate_missing");
		return;
	case STREAM_CERTIFICATE_INVALID:
		stream_refuse(s, STREAM_NOT_AUTHORIZED, "certificate_invalid");
		return;
	case STREAM_CERTIFICATE_OTHER:
		stream_refuse(s, STREAM_NOT_AUTHORIZED, "certificate_other_domain");
		return;
	}
}

void stream_in_header(struct stream *s, struct mono now)
{
	const struct reader_header *h = reader_header(s->reader);
	struct claim claim;

	read_claim(s, h, &claim);
	answer_header(s, h, &claim);
	if (!check_claim(s, h, &claim))
		return;
	switch (s->phase) {
	case PHASE_PLAIN:
		offer_tls(s);
		break;
	case PHASE_TLS:
		offer_proof(s);
		break;
	case PHASE_AUTHENTICATED:
		text_puts(&s->out, "<stream:features/>");
		stream_ready(s, PROOF_SASL_TLS, now);
		break;
	}
}

/* <starttls/>, with nothing behind it: bytes that came in clear text must never be taken for
 * bytes from inside the tunnel. */
static void start_tls(struct stream *s, const struct view *input)
{
	if (stream_has_rest(s, input)) {
		stream_refuse(s, STREAM_POLICY_VIOLATION, "bytes_behind_starttls");
		return;
	}
	text_puts(&s->out, "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
	s->state = STATE_TLS;
	s->pending = STREAM_DO_TLS;
}

static void authenticate(
	struct stream *s, const struct element *e, const struct view *input, struct mono now)
{
	bool proven = s->world->proof(s->world->arg, s->remote) == STREAM_PROVEN &&
		      stream_proofs(s) & PROOF_SASL_TLS;
	enum sasl_result result = element_is(e, NS_SASL, VIEW("abort"))
					  ? SASL_ABORTED
					  : sasl_judge(e, s->remote, proven);

	if (result == SASL_CHALLENGE) {
		text_puts(&s->out, "<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
		s->state = STATE_RESPONSE;
		return;
	}
	if (result != SASL_SUCCESS) {
		s->state = STATE_NEGOTIATE;
		s->fault.detail = sasl_failure_name(result);
		sasl_put_failure(&s->out, result);
		if (++s->auth_tries >= STREAM_AUTH_TRIES)
			stream_refuse(s, STREAM_POLICY_VIOLATION, "too_many_auth_tries");
		return;
	}
	if (stream_has_rest(s, input)) {
		stream_refuse(s, STREAM_POLICY_VIOLATION, "bytes_behind_auth");
		return;
	}
	text_puts(&s->out, "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
	s->phase = PHASE_AUTHENTICATED;
	s->fault.detail = NULL;
	stream_restart(s, now);
}

static void negotiate(
	struct stream *s, const struct element *e, const struct view *input, struct mono now)
{
	bool auth = element_is(e, NS_SASL, VIEW("auth"));

	if (s->phase == PHASE_PLAIN && s->state == STATE_NEGOTIATE &&
		stream_proofs(s) != PROOF_DIALBACK_TCP && element_is(e, NS_TLS, VIEW("starttls"))) {
		start_tls(s, input);
	} else if (s->phase == PHASE_PLAIN && auth) {
		sasl_put_failure(&s->out, SASL_ENCRYPTION_REQUIRED);
		stream_refuse(s, STREAM_POLICY_VIOLATION, "auth_before_tls");
	} else if (s->phase == PHASE_TLS &&
		   ((s->state == STATE_NEGOTIATE && auth) ||
			   (s->state == STATE_RESPONSE &&
				   (element_is(e, NS_SASL, VIEW("response")) ||
					   element_is(e, NS_SASL, VIEW("abort")))))) {
		authenticate(s, e, input, now);
	} else if (s->phase == PHASE_PLAIN && view_equal(e->ns, NS_DIALBACK)) {
		stream_refuse(s, STREAM_POLICY_VIOLATION, "dialback_before_tls");
	} else if (view_equal(e->ns, NS_SERVER)) {
		stream_refuse(s, STREAM_NOT_AUTHORIZED, "stanza_before_auth");
	} else {
		stream_refuse(s, STREAM_UNSUPPORTED_STANZA_TYPE, "unexpected_element");
	}
}

/* RFC 6120 sections 8.1.1.2 and 8.1.2.2: both addresses, ours and theirs, of the proven pair. */
static bool check_addresses(struct stream *s, const struct element *e)
{
	struct jid from;
	struct jid to;
	const char *cause = "stanza_without_address";
	bool has_from;
	bool has_to;
	struct view from_text = element_attribute(e, VIEW("from"), &has_from);
	struct view to_text = element_attribute(e, VIEW("to"), &has_to);

	if (!has_from || !has_to || !jid_parse(from_text, &from, &cause) ||
		!jid_parse(to_text, &to, &cause)) {
		stream_refuse(s, STREAM_IMPROPER_ADDRESSING, cause);
		return false;
	}
	if (strcmp(from.domain, s->remote) != 0) {
		stream_refuse(s, STREAM_INVALID_FROM, "stanza_from_other_domain");
		return false;
	}
	if (strcmp(to.domain, s->local) != 0) {
		stream_refuse(s, STREAM_HOST_UNKNOWN, "stanza_to_other_domain");
		return false;
	}
	return true;
}

/* Without an id no answer can find its request; an unknown type has no meaning at all. */
static bool check_iq(struct stream *s, const struct element *e)
{
	bool has_id;
	struct view id = element_attribute(e, VIEW("id"), &has_id);
	bool has_type;
	struct view type = element_attribute(e, VIEW("type"), &has_type);

	if (!has_id || id.len == 0) {
		stream_refuse(s, STREAM_INVALID_XML, "iq_without_id");
		return false;
	}
	if (!view_equal(type, VIEW("get")) && !view_equal(type, VIEW("set")) &&
		!view_equal(type, VIEW("result")) && !view_equal(type, VIEW("error"))) {
		stream_refuse(s, STREAM_INVALID_XML, "iq_type");
		return false;
	}
	return true;
}

static void receive(struct stream *s, const struct element *e)
{
	if (!view_equal(e->ns, NS_SERVER)) {
		stream_refuse(s, STREAM_UNSUPPORTED_STANZA_TYPE, "unexpected_element");
		return;
	}
	if (!check_addresses(s, e))
		return;
	if (view_equal(e->name, VIEW("iq")) && !check_iq(s, e))
		return;
	s->stanzas++;
	s->pending = STREAM_DO_DELIVER;
}

/* Where TLS is required nothing but STARTTLS is understood before it. */
static bool may_be_dialback(const struct stream *s)
{
	return s->phase != PHASE_PLAIN || stream_proofs(s) & PROOF_DIALBACK_TCP;
}

void stream_in_element(
	struct stream *s, const struct element *e, const struct view *input, struct mono now)
{
	/* While it closes in order, what the peer had already sent is still good. */
	if (dialback_is(e) && may_be_dialback(s))
		stream_take_dialback(s, e, now);
	else if (s->state == STATE_READY || s->state == STATE_CLOSING)
		receive(s, e);
	else
		negotiate(s, e, input, now);
}
