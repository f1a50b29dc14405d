/* SPDX-License-Identifier: BSD-3-Clause */
/* The stream machine, either role, with a certificate that the first byte chooses. NUL bytes in
 * the input stand for what the connection does: the handshake ends, or time passes. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "control/xmpp/stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

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
	return *(const enum stream_proof *)arg;
}

static void no_random(void *arg, uint8_t *out, size_t bytes)
{
	memset(out, 0x5a, bytes);
}

struct run {
	struct stream *stream;
	struct mono now;
	enum stream_proof proof;
	bool tls, closed;
};

static void step(struct run *r, struct view input)
{
	enum stream_action action;

	do {
		action = stream_step(r->stream, &input, r->now);
		if (action == STREAM_DO_DELIVER || action == STREAM_DO_READY) {
			/* What must hold whatever was said. */
			if (!r->tls || r->proof != STREAM_PROVEN ||
				strcmp(stream_remote(r->stream), "b.example") != 0 ||
				strcmp(stream_local(r->stream), "a.example") != 0)
				abort();
		}
		if (action == STREAM_DO_CLOSE) {
			if (r->closed || !stream_fault(r->stream)->cause)
				abort();
			r->closed = true;
		}
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
	} else if (stream_deadline(r->stream, &at)) {
		r->now = mono_after_ms(r->now, STREAM_SLEEP_MS);
		stream_tick(r->stream, r->now);
	}
	step(r, (struct view){0});
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct run r = {.now = {NS_PER_S}};
	struct stream_world world = {.arg = &r.proof,
		.is_local = is_local,
		.partner = partner,
		.proof = proof,
		.random = no_random,
		.own_domain = "a.example"};
	size_t from = 1;
	bool out;

	if (len < 1)
		return 0;
	out = data[0] & 1;
	r.proof = data[0] & 2 ? STREAM_CERTIFICATE_INVALID : STREAM_PROVEN;
	r.stream = stream_new(out ? STREAM_OUTBOUND : STREAM_INBOUND, out ? "a.example" : NULL,
		out ? "b.example" : NULL, &world, r.now);
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
