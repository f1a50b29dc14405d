/* SPDX-License-Identifier: BSD-3-Clause */
/* Transcripts of streams with a fake clock, for the tests of the stream machine. */
#pragma once

#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>

#include "control/xmpp/stream.h"

/* Rows end where nothing more is to be said. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

#define NS        "xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams'"
#define ID        " id='000102030405060708090a0b0c0d0e0f'"
#define HEAD(to)  "<?xml version='1.0'?><stream:stream " NS " " to " version='1.0'>"
#define PEER_HEAD HEAD("to='a.example' from='b.example'")
/* Ours, as responder and as initiator. */
#define IN_HEAD_TO(to)                                                                             \
	"<?xml version='1.0'?><stream:stream " NS " from='a.example'" to ID                        \
	" version='1.0' xml:lang='en'>"
#define IN_HEAD IN_HEAD_TO(" to='b.example'")
#define OUT_HEAD                                                                                   \
	"<?xml version='1.0'?><stream:stream " NS                                                  \
	" from='a.example' to='b.example' version='1.0' xml:lang='en'>"
#define FEATURES(x) "<stream:features>" x "</stream:features>"
#define TLS(x)      "<" x " xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
#define SASL(x)     "<" x " xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"
#define STARTTLS                                                                                   \
	FEATURES("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>")
#define EXTERNAL                                                                                   \
	FEATURES("<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>"                           \
		 "<mechanism>EXTERNAL</mechanism></mechanisms>")
#define NO_FEATURES "<stream:features/>"
#define AUTH(text)                                                                                 \
	"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>" text "</auth>"
#define FAILURE(x) "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><" x "/></failure>"
#define ERROR(x)                                                                                   \
	"<stream:error><" x " xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>"        \
	"</stream:stream>"
#define END    "</stream:stream>"
#define B64_A  "YS5leGFtcGxl" /* a.example */
#define B64_B  "Yi5leGFtcGxl" /* b.example */
#define STANZA "<message to='x@a.example' from='y@b.example/z'><body>hi</body></message>"
#define TO_TLS                                                                                     \
	{PEER_HEAD, IN_HEAD STARTTLS, NULL},                                                       \
	{                                                                                          \
		TLS("starttls"), TLS("proceed"), "tls"                                             \
	}
#define TO_AUTH                                                                                    \
	TO_TLS, {"+tls", "", NULL},                                                                \
	{                                                                                          \
		PEER_HEAD, IN_HEAD EXTERNAL, NULL                                                  \
	}
#define TO_IN                                                                                      \
	TO_AUTH, {AUTH(B64_B), SASL("success"), NULL},                                             \
	{                                                                                          \
		PEER_HEAD, IN_HEAD NO_FEATURES, "ready"                                            \
	}
#define PEER_IN HEAD("from='b.example' to='a.example' id='1'")
#define TO_PROCEED                                                                                 \
	{"", OUT_HEAD, NULL},                                                                      \
	{                                                                                          \
		PEER_IN STARTTLS, TLS("starttls"), NULL                                            \
	}
#define TO_OUT_TLS                                                                                 \
	TO_PROCEED, {TLS("proceed"), "", "tls"},                                                   \
	{                                                                                          \
		"+tls", OUT_HEAD, NULL                                                             \
	}
#define TO_OUT_AUTH                                                                                \
	TO_OUT_TLS,                                                                                \
	{                                                                                          \
		PEER_IN EXTERNAL, AUTH(B64_A), NULL                                                \
	}
#define TO_OUT                                                                                     \
	TO_OUT_AUTH, {SASL("success"), OUT_HEAD, NULL},                                            \
	{                                                                                          \
		PEER_IN NO_FEATURES, "", "ready"                                                   \
	}

/* Everything that the stream asks. */
struct world {
	enum stream_proof proof;
	uint32_t proofs;  /* of served partners */
	char counts[256]; /* "(ignored.late)", since the last line */
	struct stream_world asks;
	struct dialback_secret secret;
};

static bool is_local(void *arg, const char *domain)
{
	return strcmp(domain, "a.example") == 0 || strcmp(domain, "a2.example") == 0;
}

static enum stream_partner partner(void *arg, const char *domain)
{
	if (strcmp(domain, "b.example") == 0 || strcmp(domain, "b2.example") == 0)
		return STREAM_PARTNER_SERVED;
	if (strcmp(domain, "evil.example") == 0)
		return STREAM_PARTNER_BLOCKED;
	return strcmp(domain, "sip.example") == 0 ? STREAM_PARTNER_NOT_XMPP
						  : STREAM_PARTNER_UNKNOWN;
}

static enum stream_proof proof(void *arg, const char *domain)
{
	const struct world *w = arg;

	if (w->proof == STREAM_PROVEN && strcmp(domain, "b.example") != 0)
		return STREAM_CERTIFICATE_OTHER;
	return w->proof;
}

static uint32_t proofs(void *arg, const char *domain)
{
	const struct world *w = arg;

	return partner(arg, domain) == STREAM_PARTNER_SERVED ? w->proofs : 0;
}

static void count(void *arg, const char *area, const char *what)
{
	struct world *w = arg;
	size_t len = strlen(w->counts);

	snprintf(w->counts + len, sizeof(w->counts) - len, "(%s.%s)", area, what);
}

static void count_up(void *arg, uint8_t *out, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		out[i] = (uint8_t)i;
}

static struct world world_make(enum stream_proof given)
{
	return (struct world){.proof = given,
		.proofs = PROOF_SASL_TLS,
		.asks = {.is_local = is_local,
			.partner = partner,
			.proof = proof,
			.proofs = proofs,
			.count = count,
			.random = count_up,
			.own_domain = "a.example"}};
}

/* The peer says `in` ("+tls": the handshake is done; "+N": N milliseconds pass; "+valid", "+valid in the clear",
 * "+invalid", "+error": what its domain's server said; "+ask": we ask about stream 1); we must answer `out`, the
 * last action must be `action` (NULL: nothing), and this must be counted (NULL: nothing). "@KEY@" is our key for
 * stream 1 with b.example. */
struct line {
	const char *in, *out, *action, *counts;
};

struct play {
	struct world world;
	struct stream *stream;
	struct mono now;
	struct text out;
	char action[64]; /* of the last line */
	char key[DIALBACK_KEY_BYTES];
	unsigned delivered;
	uint32_t piece; /* bytes given at once; 0: all */
};

static void note_action(struct play *p, enum stream_action action)
{
	struct dialback answer;

	switch (action) {
	case STREAM_DO_NOTHING:
		break;
	case STREAM_DO_TLS:
		strcpy(p->action, "tls");
		break;
	case STREAM_DO_WRITE:
		break;
	case STREAM_DO_VERIFY:
		assert_true(stream_key(p->stream).len > 0);
		strcpy(p->action, "verify");
		break;
	case STREAM_DO_ANSWER:
		stream_answer(p->stream, &answer);
		snprintf(p->action, sizeof(p->action), "answer %d about %.*s", (int)answer.type,
			VIEW_ARG(answer.id));
		break;
	case STREAM_DO_READY:
		snprintf(p->action, sizeof(p->action), "ready%s%s",
			stream_proven_by(p->stream) == PROOF_SASL_TLS ? "" : " by ",
			stream_proven_by(p->stream) == PROOF_SASL_TLS
				? ""
				: proof_words(stream_proven_by(p->stream)));
		break;
	case STREAM_DO_DELIVER:
		assert_non_null(stream_stanza(p->stream));
		p->delivered++;
		strcpy(p->action, "deliver");
		break;
	case STREAM_DO_CLOSE:
		snprintf(p->action, sizeof(p->action), "close %s", stream_fault(p->stream)->cause);
		break;
	}
}

static void step(struct play *p, struct view input)
{
	enum stream_action action;

	do {
		action = stream_step(p->stream, &input, p->now);
		note_action(p, action);
	} while (action != STREAM_DO_NOTHING);
	assert_int_equal(input.len, 0);
	text_put(&p->out, text_view(stream_output(p->stream)));
	text_reset(stream_output(p->stream));
}

/* The server of the peer's domain. */
static bool answer_key(struct play *p, const char *in)
{
	enum dialback_type type = strncmp(in, "+valid", 6) == 0 ? DIALBACK_VALID
				  : strcmp(in, "+invalid") == 0 ? DIALBACK_INVALID
								: DIALBACK_ERROR;

	if (type == DIALBACK_ERROR && strcmp(in, "+error") != 0)
		return false;
	stream_verified(
		p->stream, type, DIALBACK_REMOTE_SERVER_TIMEOUT, !strstr(in, "clear"), p->now);
	return true;
}

static void put_with_key(struct text *out, const char *line, const char *key)
{
	const char *at = strstr(line, "@KEY@");

	text_reset(out);
	text_printf(out, "%.*s%s%s", at ? (int)(at - line) : (int)strlen(line), line, at ? key : "",
		at ? at + 5 : "");
}

static void say(struct play *p, const char *line)
{
	struct text in_text;
	const char *in;
	struct view all;

	text_init(&in_text, 1 << 20);
	put_with_key(&in_text, line, p->key);
	in = in_text.p;
	all = view_of(in);
	p->action[0] = '\0';
	p->world.counts[0] = '\0';
	text_reset(&p->out);
	if (answer_key(p, in)) {
		step(p, (struct view){0});
	} else if (strcmp(in, "+ask") == 0) {
		stream_ask(p->stream, VIEW("1"), VIEW("k3y"), p->now);
		step(p, (struct view){0});
	} else if (strcmp(in, "+tls") == 0) {
		stream_tls_done(p->stream, p->now);
		step(p, (struct view){0});
	} else if (in[0] == '+') {
		p->now = mono_after_ms(p->now, strtoul(in + 1, NULL, 10));
		stream_tick(p->stream, p->now);
		step(p, (struct view){0});
	} else if (p->piece == 0 || all.len == 0) {
		step(p, all);
	} else {
		for (uint32_t at = 0; at < all.len; at += p->piece)
			step(p, view_sub(all, at, p->piece));
	}
	text_free(&in_text);
}

static void play_start_by(
	struct play *p, enum stream_role role, enum stream_proof given, uint32_t ways)
{
	*p = (struct play){.world = world_make(given), .now = {1000 * NS_PER_S}};
	p->world.asks.arg = &p->world;
	p->world.asks.secret = &p->world.secret;
	dialback_secret_make(&p->world.secret, VIEW("one secret of us"));
	dialback_key(&p->world.secret,
		&(struct dialback_stream){"b.example", "a.example", VIEW("1")}, p->key);
	text_init(&p->out, 1 << 20);
	text_puts(&p->out, "");
	if (ways)
		p->world.proofs = ways;
	p->stream = stream_new(role, role == STREAM_INBOUND ? NULL : "a.example",
		role == STREAM_INBOUND ? NULL : "b.example", &p->world.asks, p->now);
	assert_non_null(p->stream);
}

static inline void play_start(struct play *p, enum stream_role role, enum stream_proof given)
{
	play_start_by(p, role, given, 0);
}

static void play_end(struct play *p)
{
	stream_free(p->stream);
	text_free(&p->out);
}

enum { LINES_MAX = 14 };

struct script {
	const char *what;
	enum stream_proof proof;
	struct line lines[LINES_MAX];
	uint32_t ways; /* that the rules take; 0: a certificate */
};

static void play_script(enum stream_role role, const struct script *script, uint32_t piece)
{
	struct play p;

	struct text expected;

	text_init(&expected, 1 << 20);
	play_start_by(&p, role, script->proof, script->ways);
	p.piece = piece;
	for (size_t i = 0; i < LINES_MAX && script->lines[i].in; i++) {
		const struct line *line = &script->lines[i];

		say(&p, line->in);
		put_with_key(&expected, line->out, p.key);
		if (strcmp(p.out.p, expected.p) != 0)
			fail_msg("%s, line %zu, pieces of %u: we said\n%s\nnot\n%s", script->what,
				i, piece, p.out.p, expected.p);
		if (strcmp(p.action, line->action ? line->action : "") != 0)
			fail_msg("%s, line %zu, pieces of %u: '%s', not '%s'", script->what, i,
				piece, p.action, line->action ? line->action : "");
		if (strcmp(p.world.counts, line->counts ? line->counts : "") != 0)
			fail_msg("%s, line %zu, pieces of %u: counted '%s'", script->what, i, piece,
				p.world.counts);
	}
	play_end(&p);
	text_free(&expected);
}

static inline void play_lines(struct play *p, const struct line *lines, size_t count)
{
	for (size_t i = 0; i < count; i++)
		say(p, lines[i].in);
}
