/* SPDX-License-Identifier: BSD-3-Clause */
/* A stream's life: time, output, errors. The two roles are in stream_in.c and stream_out.c. */
#include "control/xmpp/stream_int.h"

#include <stdio.h>
#include <stdlib.h>

#include "control/xmpp/xml.h"

struct stream *stream_new(enum stream_role role, const char *local, const char *remote,
	const struct stream_world *world, struct mono now)
{
	struct stream *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	*s = (struct stream){.role = role, .world = world, .started = now, .written = now};
	text_init(&s->out, STREAM_OUTPUT_MAX_BYTES);
	if (role != STREAM_INBOUND &&
		(!view_copy(view_of(local), s->local, sizeof(s->local)) ||
			!view_copy(view_of(remote), s->remote, sizeof(s->remote)))) {
		free(s);
		return NULL;
	}
	if (!stream_restart(s, now)) {
		stream_free(s);
		return NULL;
	}
	if (role != STREAM_INBOUND) {
		s->takes_dialback = stream_proofs(s) & (PROOF_DIALBACK_TLS | PROOF_DIALBACK_TCP);
		stream_put_header(s, view_of(s->local), view_of(s->remote));
	}
	return s;
}

void stream_free(struct stream *s)
{
	if (!s)
		return;
	reader_free(s->reader);
	text_free(&s->out);
	free(s->key);
	free(s);
}

uint32_t stream_proofs(const struct stream *s)
{
	return s->remote[0] ? s->world->proofs(s->world->arg, s->remote) : PROOF_SASL_TLS;
}

void stream_ready(struct stream *s, enum proof proof, struct mono now)
{
	s->proof = proof;
	s->state = STATE_READY;
	s->pending = STREAM_DO_READY;
	s->sent = now;
	s->written = now;
}

bool stream_restart(struct stream *s, struct mono now)
{
	reader_free(s->reader);
	s->reader = reader_new(
		s->phase == PHASE_AUTHENTICATED ? &reader_limits_partner : &reader_limits_stranger);
	s->header_sent = false;
	s->header_from = now;
	s->received = now;
	s->asleep = false;
	s->state = STATE_HEADER;
	if (s->reader)
		return true;
	stream_close(s, "no_memory");
	return false;
}

void stream_put_header(struct stream *s, struct view from, struct view to)
{
	text_puts(&s->out, "<?xml version='1.0'?><stream:stream xmlns='jabber:server' "
			   "xmlns:stream='http://etherx.jabber.org/streams'");
	if (s->takes_dialback)
		text_puts(&s->out, " xmlns:db='jabber:server:dialback'");
	xml_put_attribute(&s->out, "from", from);
	if (to.len)
		xml_put_attribute(&s->out, "to", to);
	if (s->role == STREAM_INBOUND) {
		uint8_t id[STREAM_ID_BYTES];

		/* Unpredictable and never the same twice (RFC 6120 section 4.7.3). */
		s->world->random(s->world->arg, id, sizeof(id));
		for (size_t i = 0; i < sizeof(id); i++)
			snprintf(s->id + 2 * i, 3, "%02x", id[i]);
		text_printf(&s->out, " id='%s'", s->id);
	}
	text_puts(&s->out, " version='1.0' xml:lang='en'>");
	s->header_sent = true;
}

void stream_close(struct stream *s, const char *cause)
{
	if (s->state == STATE_CLOSED)
		return;
	if (!s->fault.cause)
		s->fault.cause = cause;
	s->state = STATE_CLOSED;
	s->pending = STREAM_DO_CLOSE;
}

static void refuse_saying(
	struct stream *s, enum stream_condition condition, const char *cause, const char *words)
{
	if (s->state == STATE_CLOSED)
		return;
	if (!s->fault.cause)
		s->fault.condition = condition;
	/* During the handshake there is no stream to say it on. After an end tag there is nothing
	 * left to say. */
	if (s->state != STATE_TLS && s->state != STATE_CLOSING) {
		if (!s->header_sent)
			stream_put_header(s, view_of(s->local[0] ? s->local : s->world->own_domain),
				view_of(s->remote));
		text_printf(&s->out,
			"<stream:error><%s xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>",
			stream_condition_name(condition));
		if (words)
			text_printf(&s->out,
				"<text xmlns='urn:ietf:params:xml:ns:xmpp-streams' xml:lang='en'>%s"
				"</text>",
				words);
		text_puts(&s->out, "</stream:error></stream:stream>");
	}
	stream_close(s, cause);
}

void stream_refuse(struct stream *s, enum stream_condition condition, const char *cause)
{
	refuse_saying(s, condition, cause, NULL);
}

void stream_dismiss(struct stream *s, const char *cause, const char *words)
{
	refuse_saying(s, STREAM_POLICY_VIOLATION, cause, words);
}

void stream_fail_silently(struct stream *s, const char *cause, const char *detail, bool untrusted)
{
	if (s->state == STATE_CLOSED)
		return;
	if (!s->fault.cause) {
		s->fault.detail = detail;
		s->fault.untrusted = untrusted;
	}
	stream_close(s, cause);
}

void stream_end(
	struct stream *s, enum stream_condition condition, const char *cause, struct mono now)
{
	if (s->state == STATE_CLOSED || s->state == STATE_CLOSING)
		return;
	if (condition != STREAM_NO_ERROR || s->state != STATE_READY) {
		stream_refuse(s, condition == STREAM_NO_ERROR ? STREAM_SYSTEM_SHUTDOWN : condition,
			cause);
		return;
	}
	s->fault = (struct stream_fault){.cause = cause};
	text_puts(&s->out, "</stream:stream>");
	s->closing = now;
	s->state = STATE_CLOSING;
}

void stream_tls_done(struct stream *s, struct mono now)
{
	enum stream_proof proof;
	static const char *const causes[] = {
		[STREAM_CERTIFICATE_NONE] = "certificate_missing",
		[STREAM_CERTIFICATE_INVALID] = "certificate_invalid",
		[STREAM_CERTIFICATE_OTHER] = "certificate_other_domain",
	};

	if (s->state != STATE_TLS)
		return;
	if (s->role != STREAM_INBOUND) {
		/* Before a single byte is said inside: EXTERNAL proves only us to them. Where the rules
		 * take dialback over TLS, DNS may say who they are. */
		proof = s->world->proof(s->world->arg, s->remote);
		s->trusted = proof == STREAM_PROVEN;
		if (!s->trusted && !(stream_proofs(s) & PROOF_DIALBACK_TLS)) {
			stream_fail_silently(s, causes[proof], NULL, true);
			return;
		}
	}
	s->phase = PHASE_TLS;
	if (stream_restart(s, now) && s->role != STREAM_INBOUND)
		stream_put_header(s, view_of(s->local), view_of(s->remote));
}

bool stream_has_rest(const struct stream *s, const struct view *input)
{
	return input->len > 0 || reader_has_rest(s->reader);
}

/* </stream:stream> of the peer. */
static void handle_end(struct stream *s)
{
	const char *cause = s->phase == PHASE_AUTHENTICATED ? "ended_by_peer" : "ended_before_auth";

	if (s->state == STATE_CLOSING) {
		stream_close(s, cause);
		return;
	}
	if (!s->fault.cause)
		s->fault.by_peer = true;
	if (s->header_sent)
		text_puts(&s->out, "</stream:stream>");
	stream_close(s, cause);
}

static enum stream_condition peer_condition(const struct element *error)
{
	for (const struct element *e = error->first_child; e; e = e->next)
		if (view_equal(e->ns, NS_STREAMS) && !view_equal(e->name, VIEW("text")))
			return stream_condition_from_name(e->name);
	return STREAM_UNDEFINED_CONDITION;
}

/* <stream:error/> of the peer: the stream is over, whatever was under way. */
static void handle_peer_error(struct stream *s, const struct element *error)
{
	enum stream_condition condition = peer_condition(error);

	if (!s->fault.cause) {
		s->fault = (struct stream_fault){
			.condition = condition,
			.cause = "error_from_peer",
			.detail = stream_condition_name(condition),
			.by_peer = true,
			.untrusted = s->role == STREAM_OUTBOUND &&
				     (s->phase == PHASE_TLS || s->state == STATE_RESULT) &&
				     (condition == STREAM_NOT_AUTHORIZED ||
					     condition == STREAM_POLICY_VIOLATION ||
					     condition == STREAM_INVALID_FROM),
			.unknown_host =
				condition == STREAM_HOST_UNKNOWN || condition == STREAM_HOST_GONE,
		};
	}
	if (s->header_sent && s->state != STATE_CLOSING)
		text_puts(&s->out, "</stream:stream>");
	stream_close(s, s->fault.cause);
}

static void handle_element(struct stream *s, const struct view *input, struct mono now)
{
	const struct element *e = reader_stanza(s->reader);

	if (element_is(e, NS_STREAM, VIEW("error")))
		handle_peer_error(s, e);
	else if (s->role == STREAM_INBOUND)
		stream_in_element(s, e, input, now);
	else
		stream_out_element(s, e, input, now);
}

/* One event of the reader. False: it has no more. */
static bool take_event(struct stream *s, struct view *input, struct mono now)
{
	switch (reader_next(s->reader, input)) {
	case READER_MORE:
		return false;
	case READER_HEADER:
		if (s->role == STREAM_INBOUND)
			stream_in_header(s, now);
		else
			stream_out_header(s);
		return true;
	case READER_STANZA:
		handle_element(s, input, now);
		return true;
	case READER_END:
		handle_end(s);
		return true;
	case READER_ERROR:
		stream_refuse(s, reader_condition(s->reader), reader_cause(s->reader));
		return true;
	}
	return false;
}

/* All that a peer may send before it is known. */
static void count_bytes(struct stream *s, uint32_t bytes)
{
	if (s->phase == PHASE_AUTHENTICATED || s->state == STATE_CLOSED)
		return;
	s->stranger_bytes += bytes;
	if (s->stranger_bytes > STREAM_STRANGER_BYTES)
		stream_refuse(s, STREAM_POLICY_VIOLATION, "too_many_bytes_before_auth");
}

static void take_events(struct stream *s, struct view *input, struct mono now)
{
	while (s->pending == STREAM_DO_NOTHING) {
		if (s->state == STATE_CLOSED) {
			*input = view_sub(*input, input->len, 0);
			return;
		}
		if (s->state == STATE_TLS) {
			if (input->len)
				stream_close(s, "bytes_before_handshake");
			return;
		}
		if (!take_event(s, input, now))
			return;
		/* Many questions may come at once. */
		if (s->pending == STREAM_DO_NOTHING && s->out.len > STREAM_OUTPUT_MAX_BYTES / 4)
			s->pending = STREAM_DO_WRITE;
	}
}

enum stream_action stream_step(struct stream *s, struct view *input, struct mono now)
{
	uint32_t given = input->len;
	enum stream_action action;

	if (given) {
		s->received = now;
		s->asleep = false;
	}
	if (s->pending == STREAM_DO_NOTHING) {
		take_events(s, input, now);
		count_bytes(s, given - input->len);
	}
	action = s->pending;
	s->pending = STREAM_DO_NOTHING;
	return action;
}

static struct mono earlier(struct mono a, struct mono b)
{
	return a.ns < b.ns ? a : b;
}

/* Orderly end for want of use. */
static struct mono idle_end(const struct stream *s)
{
	return s->role == STREAM_INBOUND ? mono_after_ms(s->received, STREAM_IN_IDLE_MS)
					 : mono_after_ms(s->sent, STREAM_OUT_IDLE_MS);
}

bool stream_deadline(const struct stream *s, struct mono *at)
{
	switch (s->state) {
	case STATE_CLOSED:
		return false;
	case STATE_CLOSING:
		*at = mono_after_ms(s->closing, STREAM_CLOSE_MS);
		return true;
	case STATE_READY:
		*at = earlier(idle_end(s), mono_after_ms(s->written, STREAM_KEEPALIVE_MS));
		if (!s->asleep)
			*at = earlier(*at, mono_after_ms(s->received, STREAM_SLEEP_MS));
		return true;
	case STATE_HEADER:
		*at = earlier(mono_after_ms(s->started, STREAM_SETUP_MS),
			mono_after_ms(s->header_from, STREAM_HEADER_MS));
		return true;
	default:
		*at = mono_after_ms(s->started, STREAM_SETUP_MS);
		return true;
	}
}

static void tick_ready(struct stream *s, struct mono now)
{
	if (mono_reached(now, idle_end(s))) {
		stream_end(s, STREAM_NO_ERROR, "idle", now);
		return;
	}
	if (mono_reached(now, mono_after_ms(s->written, STREAM_KEEPALIVE_MS))) {
		text_putc(&s->out, ' ');
		s->written = now;
	}
	if (!s->asleep && mono_reached(now, mono_after_ms(s->received, STREAM_SLEEP_MS))) {
		/* In the middle of a stanza it stays awake, until the next byte. */
		reader_sleep(s->reader);
		s->asleep = true;
	}
}

void stream_tick(struct stream *s, struct mono now)
{
	struct mono at;

	if (!stream_deadline(s, &at) || !mono_reached(now, at))
		return;
	if (s->state == STATE_READY)
		tick_ready(s, now);
	else if (s->state == STATE_CLOSING)
		stream_close(s, s->fault.cause);
	else if (s->state == STATE_TLS)
		stream_close(s, "handshake_timeout");
	else if (s->state == STATE_HEADER && s->started.ns + STREAM_SETUP_MS * NS_PER_MS > now.ns)
		stream_refuse(s, STREAM_CONNECTION_TIMEOUT, "header_timeout");
	else
		stream_refuse(s, STREAM_CONNECTION_TIMEOUT, "setup_timeout");
}

struct text *stream_output(struct stream *s)
{
	return &s->out;
}

void stream_note_sent(struct stream *s, struct mono now)
{
	s->sent = now;
	s->written = now;
	s->stanzas++;
}

bool stream_is_ready(const struct stream *s)
{
	return s->state == STATE_READY;
}

bool stream_is_closing(const struct stream *s)
{
	return s->state == STATE_CLOSING;
}

bool stream_is_closed(const struct stream *s)
{
	return s->state == STATE_CLOSED;
}

const char *stream_local(const struct stream *s)
{
	return s->local;
}

const char *stream_remote(const struct stream *s)
{
	return s->remote;
}

const struct element *stream_stanza(const struct stream *s)
{
	return reader_stanza(s->reader);
}

const struct stream_fault *stream_fault(const struct stream *s)
{
	return &s->fault;
}

const char *stream_state_name(const struct stream *s)
{
	static const char *const names[] = {
		[STATE_HEADER] = "header",
		[STATE_NEGOTIATE] = "negotiation",
		[STATE_RESPONSE] = "negotiation",
		[STATE_FEATURES] = "features",
		[STATE_PROCEED] = "starttls",
		[STATE_SUCCESS] = "sasl",
		[STATE_VERIFY] = "verification",
		[STATE_RESULT] = "dialback",
		[STATE_TLS] = "handshake",
		[STATE_READY] = "ready",
		[STATE_CLOSING] = "closing",
		[STATE_CLOSED] = "closed",
	};

	return names[s->state];
}

uint64_t stream_stanzas(const struct stream *s)
{
	return s->stanzas;
}

size_t stream_memory_bytes(const struct stream *s)
{
	return sizeof(*s) + s->out.cap + (s->reader ? reader_memory_bytes(s->reader) : 0);
}
