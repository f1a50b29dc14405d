/* SPDX-License-Identifier: BSD-3-Clause */
/* The stream machine, in each role, with a certificate, rules and the word of another server that the first
 * byte chooses. NUL bytes in the input stand for what the connection does: the handshake ends, the other server
 * answers, or time passes. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "control/xmpp/stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct run {
	struct stream *stream;
	struct mono now;
	enum stream_role role;
	enum stream_proof proof;
	uint32_t ways;
	enum dialback_type said; /* by the server that is asked */
	bool asked_in_clear, verified;
	bool tls, closed;
};

static bool is_local(void *arg, const char *domain)
{
	return strcmp(domain, "a.example") == 0;
}

static enum stream_partner partner(void *arg, const char *domain)
{
	return strcmp(domain, "b.example") == 0 ? STREAM_PARTNER_SERVED : STREAM_PARTNER_UNKNOWN;
}

static enum stream_proof proof(void *arg, const char *domain)
{
	return ((const struct run *)arg)->proof;
}

static uint32_t proofs(void *arg, const char *domain)
{
	const struct run *r = arg;

	return strcmp(domain, "b.example") == 0 ? r->ways : 0;
}

static void count(void *arg, const char *area, const char *what)
{
}

static void no_random(void *arg, uint8_t *out, size_t bytes)
{
	memset(out, 0x5a, bytes);
}

/* What must hold whatever was said. */
static bool may_be_ready(const struct run *r)
{
	enum proof by = stream_proven_by(r->stream);

	if (strcmp(stream_remote(r->stream), "b.example") != 0 ||
		strcmp(stream_local(r->stream), "a.example") != 0)
		return false;
	/* A certificate proves a server to us whatever the rules take of clients. */
	if (by == PROOF_SASL_TLS)
		return r->tls && r->proof == STREAM_PROVEN &&
		       (r->ways & PROOF_SASL_TLS || r->role == STREAM_OUTBOUND);
	if (!(r->ways & by))
		return false;
	if (by == PROOF_DIALBACK_TLS && !r->tls)
		return false;
	return r->role != STREAM_INBOUND ||
	       (r->verified && r->said == DIALBACK_VALID &&
		       (by == PROOF_DIALBACK_TCP || !r->asked_in_clear));
}

static void step(struct run *r, struct view input)
{
	enum stream_action action;

	do {
		action = stream_step(r->stream, &input, r->now);
		if (action == STREAM_DO_DELIVER || action == STREAM_DO_READY) {
			if (!may_be_ready(r))
				abort();
		}
		if (action == STREAM_DO_CLOSE) {
			if (r->closed || !stream_fault(r->stream)->cause)
				abort();
			r->closed = true;
		}
		if (action == STREAM_DO_WRITE)
			text_reset(stream_output(r->stream));
		if (action != STREAM_DO_NOTHING && action != STREAM_DO_CLOSE && r->closed)
			abort();
	} while (action != STREAM_DO_NOTHING);
	if (input.len || stream_output(r->stream)->failed)
		abort();
	text_reset(stream_output(r->stream));
}

static void pause_between(struct run *r)
{
	struct mono at;

	if (strcmp(stream_state_name(r->stream), "handshake") == 0) {
		stream_tls_done(r->stream, r->now);
		r->tls = true;
	} else if (stream_key(r->stream).len) {
		r->verified = true;
		stream_verified(r->stream, r->said, DIALBACK_FORBIDDEN, !r->asked_in_clear, r->now);
	} else if (stream_deadline(r->stream, &at)) {
		r->now = mono_after_ms(r->now, STREAM_SLEEP_MS);
		stream_tick(r->stream, r->now);
	}
	step(r, (struct view){0});
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct run r = {.now = {NS_PER_S}};
	static struct dialback_secret secret;
	struct stream_world world = {.arg = &r,
		.is_local = is_local,
		.partner = partner,
		.proof = proof,
		.proofs = proofs,
		.count = count,
		.secret = &secret,
		.random = no_random,
		.own_domain = "a.example"};
	size_t from = 1;
	bool out;

	if (len < 1)
		return 0;
	out = data[0] & 1;
	dialback_secret_make(&secret, VIEW("known to all"));
	r.proof = data[0] & 2 ? STREAM_CERTIFICATE_INVALID : STREAM_PROVEN;
	r.ways = data[0] & 0x1c ? data[0] >> 2 & 7 : PROOF_SASL_TLS;
	r.said = data[0] & 0x40 ? DIALBACK_INVALID : DIALBACK_VALID;
	r.asked_in_clear = data[0] & 0x80;
	r.role = !out ? STREAM_INBOUND : data[0] & 0x20 ? STREAM_ASKING : STREAM_OUTBOUND;
	r.stream = stream_new(
		r.role, out ? "a.example" : NULL, out ? "b.example" : NULL, &world, r.now);
	if (!r.stream)
		abort();
	for (size_t i = 1; i <= len; i++) {
		if (i < len && data[i] != 0)
			continue;
		step(&r, view_make(data + from, i - from));
		if (i < len)
			pause_between(&r);
		from = i + 1;
	}
	stream_free(r.stream);
	return 0;
}
